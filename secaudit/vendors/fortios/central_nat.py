"""Central NAT (`set central-nat enable`): sources are translated by a table of their own, and virtual IPs act without being named (FO-11).

The table is tried in file order behind the policies, which compare addresses as they are after a virtual IP; what no entry matches leaves as it is
(FortiOS administration guide, central SNAT).
"""

from __future__ import annotations

from collections.abc import Iterator

from secaudit.network.device import NoticeKind
from secaudit.network.intervals import Interval
from secaudit.network.matches import ANY_SERVICE, Family, Match, Service
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.addresses import Addresses
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.grammar import Section
from secaudit.vendors.fortios.interfaces import Ports
from secaudit.vendors.fortios.pools import TRANSLATED_PORTS, Pools
from secaudit.vendors.fortios.vips import Vips

TABLE = "firewall central-snat-map"
_SHOWN = (
    "type", "srcintf", "dstintf", "orig-addr", "dst-addr", "orig-addr6", "dst-addr6", "protocol", "orig-port", "dst-port",
    "nat", "nat-ippool", "nat-ippool6", "nat-port", "status",
)  # fmt: skip
_UNCERTAIN = Text(
    ja="このCentral SNATの行がどの通信に一致し、何に変換するかを確定できません。",
    en="Which packets this entry of central SNAT matches, or what it makes of them, is not certain.",
)
_BY_A_VIP = Text(
    ja="Central NATでは、VIPの内側のホストが送る通信が外側のアドレスに変換されるかを確定できません。",
    en="Whether what a host behind a virtual IP sends gets its external address is not certain with central NAT.",
)
_INACTIVE = Text(
    ja="Central NATが有効でないため、Central SNATの設定は働きません。",
    en="Central NAT is off, so the entries of central SNAT do nothing.",
)
_ANY_NUMBER = ("", "0")


def is_central(scope: Scope) -> bool:
    """Whether central NAT is on; its default is off."""
    return scope.section("system settings").enabled("central-nat")


def source_rules(scope: Scope, ports: Ports, addresses: Addresses, pools: Pools, vips: Vips) -> Iterator[NatRule]:
    """The rules of the table; nothing, and a notice, where central NAT is off."""
    entries = [entry for entry in scope.entries(TABLE) if scope.works(entry)]
    if not is_central(scope):
        if entries:
            scope.findings.notice(NoticeKind.INACTIVE, _INACTIVE, entries[0].opening)
        return
    for vip in vips.by_name.values():
        if not vip.port_forward:
            match = Match(vip.family, (vip.mapped,), ((0, 2**32 - 1 if vip.family == 4 else 2**128 - 1),))
            external = Translation(TranslationKind.POOL, vip.external)
            yield NatRule(
                f"vip {vip.name}",
                NatStage.EGRESS,
                (match,),
                vip.sources,
                vip.interfaces,
                source=external,
                uncertain=_BY_A_VIP,
            )
    for entry in entries:
        yield _rule(entry, scope.defaults.central_entry_translates, ports, addresses, pools)


def _rule(entry: Section, translates: bool, ports: Ports, addresses: Addresses, pools: Pools) -> NatRule:
    family: Family = 6 if entry.get("type", "ipv4") == "ipv6" else 4
    suffix = "6" if family == 6 else ""
    lines: list[Sources] = [entry.opening, entry.lines_of(*_SHOWN)]
    sides = [
        addresses.of_names(family, entry.values(name) or ("all",), entry.lines_of(name))
        for name in (f"orig-addr{suffix}", f"dst-addr{suffix}")
    ]
    came, came_lines, came_known = ports.expand(entry.values("srcintf"))
    leaves, leave_lines, leave_known = ports.expand(entry.values("dstintf"))
    lines += [came_lines, leave_lines, *(one.sources for one in sides)]
    known = came_known and leave_known and bool(entry.values("srcintf")) and bool(entry.values("dstintf"))
    known = known and all(one.certain for one in sides) and not entry.unknown
    # Which of the ports of a packet these compare is not told where we looked.
    known = known and all(entry.get(name) in _ANY_NUMBER for name in ("orig-port", "dst-port"))
    translation: Translation | None = None
    if entry.is_on("nat", translates):
        translation, pool_lines, pool_known = _translation(entry, f"nat-ippool{suffix}", pools)
        lines.append(pool_lines)
        known = known and pool_known
    service, service_known = _service(entry)
    match = Match(family, sides[0].possible, sides[1].possible, (service,))
    return NatRule(
        f"central SNAT {entry.name}",
        NatStage.EGRESS,
        (match,),
        join(line for part in lines for line in part),
        leaves if known else None,
        came if known else None,
        source=translation,
        uncertain=None if known and service_known else _UNCERTAIN,
    )


def _service(entry: Section) -> tuple[Service, bool]:
    text = entry.get("protocol")
    if text in _ANY_NUMBER:
        return ANY_SERVICE, True
    if not (text.isascii() and text.isdigit() and int(text) < 256):
        return ANY_SERVICE, False
    return Service(((int(text), int(text)),)), True


def _translation(entry: Section, setting: str, pools: Pools) -> tuple[Translation, Sources, bool]:
    """To the address of the interface, or to a pool; and whether that is sure."""
    sure = entry.get("nat-port") in ("", "0", "0-65535")
    names = entry.values(setting)
    if not names:
        return Translation(TranslationKind.INTERFACE, None, TRANSLATED_PORTS), (), sure
    found: tuple[Interval, bool, Sources] | None = pools.range_of(names)
    if found is None:
        return Translation(TranslationKind.INTERFACE, None, TRANSLATED_PORTS), entry.lines_of(setting), False
    addresses, keeps_ports, lines = found
    return Translation(TranslationKind.POOL, addresses, None if keeps_ports else TRANSLATED_PORTS), lines, sure
