"""Virtual IPs: destination NAT before routing and policy (FO-10)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import ANY_PORT, Interval, Intervals, normalise, of_network
from secaudit.network.matches import ANY_SERVICE, ICMP, SCTP, TCP, UDP, Family, Match, Service, any_address
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.addresses import MAXIMUM_DEPTH
from secaudit.vendors.fortios.defaults import Defaults
from secaudit.vendors.fortios.findings import Scope
from secaudit.vendors.fortios.grammar import Section
from secaudit.vendors.fortios.interfaces import Ports
from secaudit.vendors.fortios.services import Services, port_range

LAST_MARK = 4096
"""How many virtual IPs are modelled (the mark has room for 65535); more become a doubt."""
MAXIMUM_COMPARED = 256
"""With how many others on the same addresses one virtual IP is compared; beyond that it is uncertain."""
_PROTOCOLS = {"tcp": TCP, "udp": UDP, "sctp": SCTP, "icmp": ICMP}
_SHOWN = (
    "type", "extip", "extaddr", "extintf", "mappedip", "mapped-addr", "portforward", "protocol", "extport",
    "mappedport", "src-filter", "srcintf-filter", "service", "status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Vip:
    """One virtual IP that could be modelled. `mark` is what its packets carry until they leave."""

    name: str
    family: Family
    external: Interval
    mapped: Interval
    interfaces: frozenset[str] | None
    port_forward: bool
    mark: int
    sources: Sources


@dataclass(slots=True)
class Vips:
    """All virtual IPs of a device: how to find them by name, and the NAT rules they make."""

    by_name: dict[tuple[Family, str], Vip] = field(default_factory=dict)
    groups: dict[tuple[Family, str], Section] = field(default_factory=dict)
    unsupported: dict[tuple[Family, str], Sources] = field(default_factory=dict)
    rules: list[NatRule] = field(default_factory=list)

    def names_one(self, family: Family, name: str) -> bool:
        """Whether a name in `dstaddr` is a virtual IP or a group of them."""
        key = (family, name)
        return key in self.by_name or key in self.groups or key in self.unsupported

    def members(self, family: Family, name: str) -> tuple[list[Vip], bool]:
        """The virtual IPs that a name stands for, and whether all of them could be modelled."""
        found: dict[str, Vip] = {}
        complete = True
        pending = [(name, 0)]
        seen: set[str] = set()
        while pending:
            current, depth = pending.pop()
            if current in seen:
                complete = (
                    complete and (family, current) in self.by_name
                )  # a group in itself is nothing that a device takes
                continue
            seen.add(current)
            vip = self.by_name.get((family, current))
            group = self.groups.get((family, current))
            if vip is not None:
                found[current] = vip
            elif group is not None and depth < MAXIMUM_DEPTH and group.values("member") and not group.unknown:
                pending += [(member, depth + 1) for member in reversed(group.values("member"))]
            else:
                complete = False
        return list(found.values()), complete

    def of_family(self, family: Family) -> list[Vip]:
        """All modelled virtual IPs of a family."""
        return [vip for (one, _), vip in self.by_name.items() if one == family]


def read_vips(scope: Scope, ports: Ports, services: Services) -> Vips:
    """Reads `firewall vip` and `vip6` with their groups, in file order."""
    vips = Vips()
    families: tuple[tuple[Family, str, str], ...] = (
        (4, "firewall vip", "firewall vipgrp"),
        (6, "firewall vip6", "firewall vipgrp6"),
    )
    for family, table, groups in families:
        for entry in scope.entries(table):
            _read_one(scope, ports, services, vips, family, entry)
        for group in scope.entries(groups):
            vips.groups[family, group.name] = group
    _mark_overlaps(vips)
    return vips


def _read_one(scope: Scope, ports: Ports, services: Services, vips: Vips, family: Family, entry: Section) -> None:
    if not scope.works(entry):
        vips.unsupported[family, entry.name] = entry.opening
        return
    lines = (*entry.opening, *entry.lines_of(*_SHOWN))
    reason = _why_not(scope, entry)
    mark = len(vips.rules) + 1
    vip = None
    if reason is None and mark <= LAST_MARK:
        try:
            vip, rule = _model(scope.defaults, ports, services, family, entry, mark, lines)
        except ValueError:
            scope.findings.not_understood(entry.lines_of("extip", "mappedip", "extport", "mappedport", "src-filter"))
            reason = Text(ja="値を読み取れません", en="has values that cannot be read")
    if vip is None:
        reason = reason or Text(ja="数が多すぎます", en="is one of too many")
        scope.findings.doubt(
            DoubtKind.UNSUPPORTED,
            Text(
                ja=f"VIP「{entry.name}」は{reason.ja}。この宛先変換を判定していません。",
                en=f"The VIP '{entry.name}' {reason.en}; its translation is not modelled.",
            ),
            (*lines, *entry.unknown),
        )
        vips.unsupported[family, entry.name] = lines
        return
    vips.by_name[family, entry.name] = vip
    vips.rules.append(rule)


def _why_not(scope: Scope, entry: Section) -> Text | None:
    """Why a VIP cannot be modelled; None when it can."""
    kind = entry.get("type", scope.defaults.vip_type)
    if kind != "static-nat":
        return Text(ja=f"種類 {kind} です", en=f"is of the type {kind}")
    if entry.unknown:
        return Text(ja="読み取れない行を含みます", en="has lines that were not understood")
    if entry.values("extaddr") or entry.values("mapped-addr"):
        return Text(ja="FQDN等のアドレスオブジェクトを使っています", en="uses address objects such as FQDNs")
    for name in ("nat46", "nat64", "nat66", "embedded-ipv4-address", "src-vip-filter"):
        if entry.enabled(name):
            return Text(ja=f"{name} を使っています", en=f"uses {name}")
    if entry.get("portmapping-type", scope.defaults.vip_port_mapping) != "1-to-1":
        return Text(ja="m-to-nのポート変換です", en="maps ports many to many")
    return None


def _model(
    usual: Defaults, ports: Ports, services: Services, family: Family, entry: Section, mark: int, lines: Sources
) -> tuple[Vip, NatRule]:
    """The VIP and its rule. Raises `ValueError` when a value cannot be read."""
    external = _address_range(family, entry.get("extip"))
    if len(entry.values("mappedip")) > 1 or len(entry.values("extip")) > 1:
        raise ValueError(entry.get("mappedip"))
    mapped_start, mapped_end = _address_range(family, entry.get("mappedip"))
    size = external[1] - external[0]
    if mapped_start == mapped_end:
        mapped_end = mapped_start + size
    if mapped_end - mapped_start != size or external[0] == 0:
        raise ValueError(entry.get("mappedip"))
    mapped = (mapped_start, mapped_end)
    kind = TranslationKind.POOL if size == 0 else TranslationKind.SHIFT
    service, translated_ports = ANY_SERVICE, None
    port_forward = entry.enabled("portforward")
    if port_forward:
        service, translated_ports = _port_forward(entry, usual)
    destination = Translation(kind, mapped, translated_ports, ports_shift=translated_ports is not None)
    external_interface = entry.get("extintf") or usual.vip_interface
    interfaces, zone_lines, known = ports.expand([external_interface] if external_interface else [])
    uncertain = None
    if external_interface is None:
        interfaces = None
        uncertain = _NO_INTERFACE
    elif not known:
        interfaces = None
        uncertain = Text(ja="外部インタフェースの定義がありません。", en="Its external interface is not defined.")
    filtered, _, filter_known = ports.expand(entry.values("srcintf-filter"))
    if filtered:
        interfaces = filtered if interfaces is None else interfaces & filtered
    elif not filter_known:
        uncertain = Text(ja="送信元インタフェースの定義がありません。", en="Its source interface is not defined.")
    matched: tuple[Service, ...] = (service,)
    if entry.values("service") and not port_forward:
        wanted = services.of_names(entry.values("service"), entry.lines_of("service"))
        matched = wanted.possible
        uncertain = uncertain or wanted.why
    match = Match(family, _source_filter(family, entry), (external,), matched)
    sources = (*lines, *zone_lines)
    rule = NatRule(
        f"vip {entry.name}",
        NatStage.INGRESS,
        (match,),
        sources,
        interfaces,
        destination=destination,
        mark=mark,
        uncertain=uncertain,
    )
    return Vip(entry.name, family, external, mapped, interfaces, port_forward, mark, sources), rule


_NO_INTERFACE = Text(ja="外部インタフェースの指定がありません。", en="It names no external interface.")


def _port_forward(entry: Section, usual: Defaults) -> tuple[Service, Interval | None]:
    protocol = _PROTOCOLS.get(entry.get("protocol", usual.vip_protocol), -1)
    if protocol == -1:
        raise ValueError(entry.get("protocol"))
    if protocol == ICMP:
        return Service(((ICMP, ICMP),)), None
    outer = port_range(entry.get("extport", usual.vip_ports))
    inner = port_range(entry.get("mappedport", entry.get("extport", usual.vip_ports)))
    if inner[0] == inner[1]:
        inner = (inner[0], inner[0] + outer[1] - outer[0])
    if inner[1] - inner[0] != outer[1] - outer[0] or inner[1] > ANY_PORT[0][1]:
        raise ValueError(entry.get("mappedport"))
    return Service(((protocol, protocol),), (outer,)), inner


def _source_filter(family: Family, entry: Section) -> Intervals:
    words = entry.values("src-filter")
    if not words:
        return any_address(family)
    return normalise(
        _address_range(family, word) if "-" in word else of_network(ipaddress.ip_network(word, strict=False))
        for word in words
    )


def _address_range(family: Family, text: str) -> Interval:
    """`A` or `A-B`. Raises `ValueError`."""
    first, separator, last = text.partition("-")
    low = ipaddress.ip_address(first.strip())
    high = ipaddress.ip_address(last.strip()) if separator else low
    if low.version != family or high.version != family or int(low) > int(high):
        raise ValueError(text)
    return int(low), int(high)


def _mark_overlaps(vips: Vips) -> None:
    """Which of two overlapping VIPs wins is not documented: rules that could both match become uncertain."""
    outer = [_outer(rule) for rule in vips.rules]
    text = Text(ja="同じ外部アドレスを使うVIPが他にもあります。", en="Another VIP uses the same external addresses.")
    doubtful: set[int] = set()
    open_ends: list[int] = []
    for index in sorted(range(len(outer)), key=outer.__getitem__):
        family, low, _ = outer[index]
        open_ends = [other for other in open_ends if outer[other][0] == family and outer[other][2] >= low]
        for other in open_ends:
            if _overlap(vips.rules[index], vips.rules[other]):
                doubtful |= {index, other}
        if len(open_ends) < MAXIMUM_COMPARED:
            open_ends.append(index)
        else:
            doubtful.add(index)
    for index in doubtful:
        rule = vips.rules[index]
        vips.rules[index] = replace(rule, uncertain=rule.uncertain or text)


def _outer(rule: NatRule) -> tuple[int, int, int]:
    match = rule.matches[0]
    return match.family, match.destinations[0][0], match.destinations[0][1]


def _overlap(left: NatRule, right: NatRule) -> bool:
    if left.interfaces is not None and right.interfaces is not None and not left.interfaces & right.interfaces:
        return False
    one, two = left.matches[0], right.matches[0]
    if one.family != two.family or not _meet(one.sources, two.sources):
        return False
    return any(
        _meet(a.protocols, b.protocols) and _meet(a.destination_ports, b.destination_ports)
        for a in one.services
        for b in two.services
    )


def _meet(left: Intervals, right: Intervals) -> bool:
    return any(a <= d and c <= b for a, b in left for c, d in right)
