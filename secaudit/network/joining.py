"""A device joined with the routing tables that were captured on it (docs/decisions/0012).

A table that agrees with the configuration takes the place of the routes that its protocols learn. One that does not agree is
never believed, not even in part: then the configuration is not that of the device, and its routes are unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from secaudit.network.captured import CapturedRoute, CapturedTable, Flaw, Origin
from secaudit.network.device import Device
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.matches import Family
from secaudit.network.routes import DynamicRouting, NextHop, Route
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources

_SAME_PROTOCOL = {"ospfv3": "ospf", "ospf6": "ospf", "ripng": "rip", "is-is": "isis"}
_NO_SEGMENT = (InterfaceKind.LOOPBACK, InterfaceKind.NULL)
_POINT_TO_POINT = (InterfaceKind.TUNNEL, InterfaceKind.DIALER)
_SHOWN_LINES = 5


def join_tables(device: Device, tables: Sequence[CapturedTable]) -> tuple[Device, tuple[Flaw, ...]]:
    """The device with its captured tables, and what had to be said about them."""
    told: list[Flaw] = []
    by_place: dict[tuple[str, Family], list[CapturedTable]] = {}
    for table in tables:
        by_place.setdefault((table.vrf, table.family), []).append(table)
    for (vrf, family), found in by_place.items():
        if not any(one.vrf == vrf for one in device.interfaces.values()):
            text = Text(
                ja=f"取得した経路表の VRF「{vrf}」は {device.name} の設定にない。",
                en=f'{device.name} has no VRF "{vrf}", of which a routing table was captured',
            )
            told.append(Flaw(text, found[0].sources))
            continue
        flaws = [flaw for table in found for flaw in table.flaws]
        if len({table.routes for table in found}) > 1:
            text = Text(
                ja="同じ機器の経路表が二つあり、内容が異なる。",
                en="there are two tables of one device, and they differ",
            )
            flaws.append(Flaw(text, tuple(line for table in found for line in table.sources[:1])))
        told += flaws
        if flaws:
            continue  # what the protocols learnt stays unknown
        contradictions = tuple(_contradictions(device, found[0]))
        if contradictions:
            told += contradictions
            device = replace(
                device, dynamic_routing=(*device.dynamic_routing, *_unknown(device, vrf, family, contradictions))
            )
            continue
        device, notes = _joined(device, found[0])
        told += notes
    return device, tuple(told)


def _unknown(device: Device, vrf: str, family: Family, found: Iterable[Flaw]) -> Iterator[DynamicRouting]:
    for one in found:
        reason = Text(
            ja=f"{device.name} の設定と取得した経路表が一致しないため、経路を判断できない: {one.text.ja}",
            en=f"the configuration of {device.name} and the captured routing table do not agree: {one.text.en}",
        )
        yield DynamicRouting("captured table", one.sources, vrf, None, family, reason=reason)


# --- what the table and the configuration say of each other ---------------------------------------------------


def _contradictions(device: Device, table: CapturedTable) -> Iterator[Flaw]:
    for route in table.routes:
        match route.origin:
            case Origin.CONNECTED:
                yield from _wrong_subnet(device, table, route)
            case Origin.STATIC:
                yield from _wrong_static(device, table, route)
            case Origin.LEARNT:
                yield from _wrong_learnt(device, table, route)
            case Origin.LOCAL:
                pass
    yield from _absent_statics(device, table)


def _wrong_subnet(device: Device, table: CapturedTable, route: CapturedRoute) -> Iterator[Flaw]:
    if route.prefix.prefixlen == route.prefix.max_prefixlen or route.prefix.is_link_local:
        return  # an address, or the peer of a tunnel
    for name in {hop.interface for hop in route.next_hops}:
        interface = None if name is None else device.interfaces.get(name)
        held = () if interface is None else tuple(one.address.network for one in interface.addresses)
        known = interface is not None and interface.vrf == table.vrf and interface.enabled
        if not known or (route.prefix not in held and not (interface is not None and interface.dynamic_address)):
            text = Text(
                ja=f"経路表では {route.prefix} が {name} に直結しているが、設定にはない。",
                en=f"the table has {route.prefix} connected to {name}, the configuration has not",
            )
            yield Flaw(text, route.sources)


def _wrong_static(device: Device, table: CapturedTable, route: CapturedRoute) -> Iterator[Flaw]:
    written = [
        hop for one in device.routes if one.vrf == table.vrf and one.prefix == route.prefix for hop in one.next_hops
    ]
    if not all(any(_same_hop(shown, hop) for hop in written) for shown in route.next_hops):
        text = Text(
            ja=f"経路表にある静的経路 {route.prefix} は設定にない。",
            en=f"the table has a static route for {route.prefix} that the configuration has not",
        )
        yield Flaw(text, route.sources)


def _same_hop(shown: NextHop, written: NextHop) -> bool:
    if shown.discard or written.discard:
        return shown.discard == written.discard
    if shown.gateway is not None and written.gateway is not None:
        return shown.gateway == written.gateway
    return shown.interface is not None and shown.interface == written.interface


def _wrong_learnt(device: Device, table: CapturedTable, route: CapturedRoute) -> Iterator[Flaw]:
    if not any(_learns(one, table, route.protocol) for one in device.dynamic_routing):
        text = Text(
            ja=f"経路表の {route.prefix} は {route.protocol} で得た経路だが、設定では {route.protocol} が動作していない。",
            en=f"the table has {route.prefix} learnt by {route.protocol}, which is not configured",
        )
        yield Flaw(text, route.sources)
    for hop in route.next_hops:
        interface = None if hop.interface is None else device.interfaces.get(hop.interface)
        if hop.interface is not None and (interface is None or interface.vrf != table.vrf or not interface.enabled):
            text = Text(
                ja=f"経路表の {route.prefix} の出口 {hop.interface} は設定にない(停止中又は別の VRF を含む)。",
                en=f"the table leads {route.prefix} out of {hop.interface}, which the configuration has not (or down, or in another VRF)",
            )
            yield Flaw(text, hop.sources)


def _learns(one: DynamicRouting, table: CapturedTable, protocol: str) -> bool:
    return one.concerns(table.vrf, table.family) and _plain(one.protocol) == _plain(protocol)


def _plain(protocol: str) -> str:
    return _SAME_PROTOCOL.get(protocol.lower(), protocol.lower())


def _absent_statics(device: Device, table: CapturedTable) -> Iterator[Flaw]:
    """Static routes that the table should show: their prefix is not there although nothing explains that."""
    prefixes = {route.prefix for route in table.routes}
    up = _shown(table)
    for route in device.routes:
        if route.vrf != table.vrf or route.prefix.version != table.family or route.prefix in prefixes:
            continue
        if any(_should_be_there(device, table, up, hop) for hop in route.next_hops):
            text = Text(
                ja=f"設定にある静的経路 {route.prefix} が経路表にない。",
                en=f"the static route for {route.prefix} is not in the table",
            )
            yield Flaw(text, (*route.sources[:1], *table.sources[:1]))


def _should_be_there(device: Device, table: CapturedTable, up: frozenset[str], hop: NextHop) -> bool:
    if hop.conditional or hop.backup or hop.discard or hop.matches is not None:
        return False
    if hop.interface is not None:
        return hop.interface in up
    return any(
        one.name in up and hop.gateway in held.address.network
        for one in device.interfaces.values()
        if one.vrf == table.vrf and one.enabled
        for held in one.addresses
        if hop.gateway is not None
    )


def _shown(table: CapturedTable) -> frozenset[str]:
    """The interfaces that were up when the table was captured, as far as it shows them."""
    return frozenset(hop.interface for route in table.routes for hop in route.next_hops if hop.interface is not None)


# --- the table taken ------------------------------------------------------------------------------------------


def _joined(device: Device, table: CapturedTable) -> tuple[Device, list[Flaw]]:
    learnt = [route for route in table.routes if route.origin is Origin.LEARNT]
    down = frozenset(one.name for one in _not_shown(device, table))
    kept: list[DynamicRouting] = []
    notes: list[Flaw] = []
    for one in device.dynamic_routing:
        if not one.concerns(table.vrf, table.family) or one.transient:
            kept.append(one)
            continue
        other: Family = 6 if table.family == 4 else 4
        if one.family is None:
            kept.append(replace(one, family=other))
        if not any(_plain(route.protocol) == _plain(one.protocol) for route in learnt):
            kept.append(replace(one, family=table.family))
            notes.append(_nothing_learnt(one, table))
            continue
        may_lead = down if one.interfaces is None else down & one.interfaces
        if may_lead:
            kept.append(_by_those_that_were_down(one, table, may_lead))
            notes.append(Flaw(kept[-1].reason or table_text(table), table.sources[:1]))
    routes = tuple(
        Route(
            route.prefix,
            tuple(replace(hop, captured=True) for hop in route.next_hops),
            route.sources,
            table.vrf,
            route.distance,
        )
        for route in learnt
    )
    used = bool(routes)
    captured = (*device.captured, table.sources[0]) if used else device.captured
    told = tuple(one for one in device.dynamic_routing if one not in kept)
    return (
        replace(
            device,
            routes=(*device.routes, *routes),
            dynamic_routing=tuple(kept),
            captured=captured,
            captured_routing=(*device.captured_routing, *told),
        ),
        notes,
    )


def table_text(table: CapturedTable) -> Text:
    """What a verdict that uses a table has to say."""
    return Text(
        ja=f"取得した経路表({table.file})の時点の経路による。",
        en=f"with the routes as they were when the table was captured ({table.file})",
    )


def _not_shown(device: Device, table: CapturedTable) -> Iterator[Interface]:
    """Interfaces by which routes could be learnt, and which the table does not show: they were down, or it is not all of it."""
    shown = _shown(table)
    for one in device.interfaces.values():
        if one.vrf != table.vrf or not one.enabled or one.kind in _NO_SEGMENT or one.name in shown:
            continue
        addressed = any(held.address.version == table.family for held in one.addresses)
        if addressed or one.dynamic_address or one.kind in _POINT_TO_POINT:
            yield one


def _nothing_learnt(one: DynamicRouting, table: CapturedTable) -> Flaw:
    return Flaw(
        Text(
            ja=f"経路表に {one.protocol} で得た経路が一つもないため、{one.protocol} の経路は不明のままとする。経路表の全体を取得すること。",
            en=f"the table shows no route learnt by {one.protocol}, whose routes stay unknown; capture the whole table",
        ),
        (*table.sources[:1], *one.sources[:1]),
    )


def _by_those_that_were_down(one: DynamicRouting, table: CapturedTable, names: frozenset[str]) -> DynamicRouting:
    listed = ", ".join(sorted(names)[:_SHOWN_LINES])
    reason = Text(
        ja=f"経路表の取得時に {listed} の経路が表示されていないため、そこから {one.protocol} で得る経路は不明である。",
        en=f"the captured table does not show {listed}: what {one.protocol} learns there is not known",
    )
    sources: Sources = (*one.sources, *table.sources[:1])
    return replace(one, family=table.family, interfaces=names, sources=sources, reason=reason)
