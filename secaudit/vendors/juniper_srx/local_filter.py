"""Who reaches the device itself: the filter of `lo0`, `host-inbound-traffic`, the policies to `junos-host` (SR-04).

What an interface takes for its own address is told by its list, which replaces that of its zone. For the address of another interface a
policy between the two zones is asked as well (Juniper KB27211, KB30997), so that is left open. Without a line in any list a zone takes
nothing. Ports of the routing engine (`fxp0`) are in no zone: all that listens is reachable there. Policies to `junos-host` are
asked besides; what none of them fits is refused where there are some [memory: medium], which is left open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface
from secaudit.network.intervals import Intervals, normalise
from secaudit.network.matches import ANY_PACKET, ANY_SERVICE, ICMPV6, Family, Match, Service, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.addresses import FAMILIES
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.interfaces import Ports, is_management
from secaudit.vendors.juniper_srx.policies import Policies
from secaudit.vendors.juniper_srx.services import host_services
from secaudit.vendors.juniper_srx.zones import KINDS, Inbound, Zone, Zones

HOST_INBOUND = "host-inbound-traffic"
TO_HOST = "policies to junos-host"
FROM_HOST = "policies from junos-host"
LOOPBACK = "filter of lo0"
_OTHER_ADDRESS = Text(
    ja="別のインタフェースのアドレス宛てであり、ゾーン間のポリシーにより届くことがあります。",
    en="It is addressed to another interface, which a policy between the zones may let it reach.",
)
_ALL = Text(
    ja="「all」が含むサービスの範囲は版により異なります。", en="Which services 'all' stands for depends on the release."
)
_ZONE_LIST = Text(
    ja="インタフェースの一覧がゾーンのもう一方の一覧を置き換えるかは確認できません。",
    en="Whether the list of the interface replaces the other list of its zone as well is not known.",
)
_UNKNOWN_SERVICE = Text(
    ja="host-inbound-trafficのサービス名を判定できません。", en="A service of host-inbound-traffic is not known."
)
_NO_POLICY = Text(
    ja="junos-host宛てのポリシーがあるゾーンで、どのポリシーにも一致しない通信の扱いは確認できません。",
    en="What happens to packets that no policy to junos-host fits, where there are some, is not known.",
)
_OWN_PACKETS = Text(
    ja="機器自身が送る通信にポリシーがどう働くかは判定していません。",
    en="How policies act on what the device itself sends is not modelled.",
)
_MAIN_LOOPBACK = Text(
    ja="ルーティングインスタンスに専用のlo0がない場合に、主インスタンスのlo0のフィルターが働くかは確認できません。",
    en="Whether the filter of the main lo0 acts for a routing instance without a unit of its own is not known.",
)
_NEIGHBOURS = Service(((ICMPV6, ICMPV6),), icmp_types=((133, 137),))


@dataclass(frozen=True, slots=True)
class _Way:
    """One way in: services on an interface. `doubt` is why it may not be one."""

    interface: str
    label: str
    action: Action
    services: tuple[Service, ...]
    sources: Sources
    doubt: Text | None = None


def host_inbound(scope: Scope, ports: Ports, zones: Zones) -> Filter:
    """The filter of `host-inbound-traffic`."""
    lines: list[FilterLine] = []
    ways = [way for zone in zones.zones.values() for name in zone.members for way in _ways(zone, name)]
    for name, interface in ports.interfaces.items():
        if is_management(name):
            ways.append(_Way(name, f"{name} (routing engine)", Action.PERMIT, (ANY_SERVICE,), interface.sources))
    for way in ways:
        lines += _lines(way, ports.interfaces)
    neighbours = (Match(6, any_address(6), any_address(6), (_NEIGHBOURS,)),)
    lines.append(
        FilterLine("IPv6 neighbour discovery", Action.PERMIT, neighbours, scope.identity, Certainty.UNCERTAIN, _ALL)
    )
    section = scope.section("security", "zones").sources()[:1] or scope.identity
    return Filter(HOST_INBOUND, tuple(lines), Action.DENY, section, default_sources=section)


def _ways(zone: Zone, name: str) -> Iterator[_Way]:
    own = zone.own.get(name, {})
    for kind in KINDS:
        said = own.get(kind)
        if said is not None:
            yield from _of_list(name, kind, said, None)
        elif kind in zone.inbound:
            yield from _of_list(name, kind, zone.inbound[kind], _ZONE_LIST if own else None)


def _of_list(name: str, kind: str, said: Inbound, doubt: Text | None) -> Iterator[_Way]:
    known = host_services()[kind]
    for word, sources in said.excepted.items():
        services = known.get(word)
        if services is not None:
            yield _Way(name, f"{kind} {word} except", Action.DENY, services, sources, doubt)
        else:
            yield _Way(name, f"{kind} {word} except", Action.DENY, (ANY_SERVICE,), sources, _UNKNOWN_SERVICE)
    for word, sources in said.named.items():
        label = f"{kind} {word}"
        if word == "any-service":
            yield _Way(name, label, Action.PERMIT, (ANY_SERVICE,), sources, doubt)
        elif word == "all":
            every = tuple(dict.fromkeys(service for services in known.values() for service in services))
            yield _Way(name, label, Action.PERMIT, every, sources, doubt)
            yield _Way(name, label, Action.PERMIT, (ANY_SERVICE,), sources, doubt or _ALL)
        elif word in known:
            yield _Way(name, label, Action.PERMIT, known[word], sources, doubt)
        else:
            yield _Way(name, label, Action.PERMIT, (ANY_SERVICE,), sources, doubt or _UNKNOWN_SERVICE)


def _lines(way: _Way, interfaces: Mapping[str, Interface]) -> Iterator[FilterLine]:
    here = frozenset((way.interface,))
    certainty = Certainty.ALWAYS if way.doubt is None else Certainty.UNCERTAIN

    def line(
        matches: tuple[Match, ...], sure: Certainty, doubt: Text | None, ingress: frozenset[str] | None
    ) -> FilterLine:
        return FilterLine(way.label, way.action, matches, way.sources, sure, doubt, ingress=ingress)

    everywhere = tuple(Match(f, any_address(f), any_address(f), way.services) for f in FAMILIES)
    if way.action is Action.DENY:
        yield line(everywhere, certainty, way.doubt, here)
        return
    own = tuple(
        Match(family, any_address(family), held, way.services)
        for family in FAMILIES
        if (held := _held(interfaces[way.interface], family))
    )
    if own:
        yield line(own, certainty, way.doubt, here)
        yield line(own, Certainty.UNCERTAIN, way.doubt or _OTHER_ADDRESS, None)
    yield line(everywhere, Certainty.UNCERTAIN, way.doubt or _OTHER_ADDRESS, here)


def _held(interface: Interface, family: Family) -> Intervals:
    return normalise(
        (int(one.address.ip), int(one.address.ip)) for one in interface.addresses if one.address.version == family
    )


def policies_to_host(scope: Scope, policies: Policies) -> Filter | None:
    """The policies to `junos-host`; None when there are none."""
    if not policies.to_host and not policies.guarded:
        return None
    lines = [replace(line, egress=None) for line in policies.to_host]
    if policies.guarded:
        sources = lines[-1].sources if lines else scope.identity
        lines.append(
            FilterLine(
                "no policy to junos-host", Action.DENY, ANY_PACKET, sources, Certainty.UNCERTAIN, _NO_POLICY,
                ingress=policies.guarded,
            )
        )  # fmt: skip
    return Filter(TO_HOST, tuple(lines), Action.PERMIT, scope.identity, default_sources=scope.identity)


def policies_from_host(scope: Scope, policies: Policies) -> Filter | None:
    """The policies from `junos-host`: what they refuse may be refused."""
    lines = tuple(
        replace(line, ingress=None, certainty=Certainty.UNCERTAIN, doubt=line.doubt or _OWN_PACKETS)
        if line.action is not Action.PERMIT
        else replace(line, ingress=None)
        for line in policies.from_host
    )
    if not lines:
        return None
    return Filter(FROM_HOST, lines, Action.PERMIT, scope.identity, default_sources=scope.identity)


def loopback_filter(ports: Ports, of_device: Mapping[str, Filter]) -> Filter | None:
    """The filters of the units of `lo0`, each for what comes in by the interfaces of its routing instance."""
    if not of_device:
        return None
    lines: list[FilterLine] = []
    guarded: set[str] = set()
    by_vrf = {ports.interfaces[name].vrf: built for name, built in of_device.items()}
    sources: list[Sources] = []
    for vrf, built in by_vrf.items():
        members = frozenset(name for name, one in ports.interfaces.items() if one.vrf == vrf)
        guarded.add(vrf)
        lines += [replace(line, ingress=members) for line in built.lines]
        lines.append(FilterLine("end of the filter", Action.DENY, ANY_PACKET, built.sources, ingress=members))
        sources.append(built.sources)
    others = frozenset(name for name, one in ports.interfaces.items() if one.vrf not in guarded)
    if others and "" in by_vrf:
        lines.append(
            FilterLine(
                "lo0 of the main instance", Action.DENY, ANY_PACKET, by_vrf[""].sources, Certainty.UNCERTAIN,
                _MAIN_LOOPBACK, ingress=others,
            )
        )  # fmt: skip
    return Filter(LOOPBACK, tuple(lines), Action.PERMIT, sources[0], default_sources=sources[0])


def answering(zones: Zones, ports: Ports, service: str) -> frozenset[str]:
    """The interfaces that take a service by name."""
    found = {name for name in ports.interfaces if is_management(name)}
    for zone in zones.zones.values():
        for name in zone.members:
            # Whether a list of the interface replaces the other list of its zone is not known: the wider reading counts.
            listed = zone.own.get(name, {}).get("system-services") or zone.inbound.get("system-services")
            if listed is not None and _takes(listed, service):
                found.add(name)
    return frozenset(found)


def _takes(listed: Inbound, service: str) -> bool:
    everything: Iterable[str] = ("all", "any-service")
    return service not in listed.excepted and any(word in listed.named for word in (service, *everything))
