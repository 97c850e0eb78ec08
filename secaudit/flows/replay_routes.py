"""Where a device sends one concrete packet: policy routes, connected subnets, routes, what dynamic routing could add.

Equal next hops and next hops that count only in some states are all answered: every one is a way of its own, in every mode.
`RELIABLE` then asks that all of them deliver, the other modes that one does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from secaudit.flows.modes import Mode
from secaudit.flows.replay_headers import Fit, Header, best_fit
from secaudit.flows.trace import TraceVerdict
from secaudit.network.device import Device
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.routes import DynamicRouting, NextHop, Route
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources

_RECURSION_LIMIT = 4
_NO_SEGMENT = (InterfaceKind.LOOPBACK, InterfaceKind.NULL)


@dataclass(frozen=True, slots=True)
class Departure:
    """One decision of the routing stage.

    `interface` with `gateway` (None: the destination itself is looked for on the segment), or the end of the way: `ends`.
    `to_neighbours`: the next hop is not in the files, so every neighbour on the segment may be it.
    """

    what: Text
    sources: Sources
    interface: str | None = None
    gateway: IPAddress | None = None
    ends: TraceVerdict | None = None
    doubtful: Sources = ()
    to_neighbours: bool = False


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a list of next hops gives; `may_fail`: there is a state in which it gives nothing and the search goes on."""

    departures: tuple[Departure, ...]
    may_fail: bool


_NOTHING = _Choice((), True)


def departures(device: Device, vrf: str, ingress: str | None, header: Header, mode: Mode) -> tuple[Departure, ...]:
    """Every way a packet that is not for the device itself can take. Never empty: no route is a departure that ends."""
    found: list[Departure] = []
    doubtful: Sources = ()
    for rule in device.policy_routes:
        if rule.vrf != vrf or (rule.ingress is not None and ingress not in rule.ingress):
            continue
        fit, _ = best_fit(rule.matches, header)
        if fit is Fit.NO:
            continue
        unsure = fit is Fit.UNKNOWN or rule.uncertain is not None
        if unsure and mode is not Mode.POSSIBLE:
            return *found, _unsure_policy_route(rule.label, rule.sources)
        if not rule.next_hops and not unsure:
            break
        doubtful += rule.sources if unsure else ()
        if not rule.next_hops:
            found += _from_table(device, vrf, header, mode, doubtful)
            continue
        chosen = _choose(_Table(device, vrf, header, mode), rule.next_hops, _policy_route_text(rule.label), 0)
        found += (_doubted(_with_lines(one, rule.sources), doubtful) for one in chosen.departures)
        if not (unsure or chosen.may_fail):
            return tuple(found)
    return (*found, *_from_table(device, vrf, header, mode, doubtful))


def anywhere(device: Device, what: Text, sources: Sources) -> tuple[Departure, ...]:
    """Out of every interface: what a doubt about the whole device could mean."""
    return tuple(
        Departure(what, sources, interface.name, doubtful=sources, to_neighbours=True)
        for interface in device.interfaces.values()
        if interface.enabled and interface.kind not in _NO_SEGMENT
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """The routing table of one VRF, asked for one header."""

    device: Device
    vrf: str
    header: Header
    mode: Mode
    chosen: dict[tuple[IPNetwork, int, int], _Choice] = field(default_factory=dict)
    """What groups of routes gave, by prefix, distance and depth: gateways behind gateways are looked up once."""

    def interfaces(self) -> Iterator[Interface]:
        return (one for one in self.device.interfaces.values() if one.enabled and one.vrf == self.vrf)

    def connected(self, address: IPAddress) -> list[tuple[int, Interface, Sources]]:
        """Prefix length, interface and lines of the connected subnets that hold an address; NULL interfaces have none."""
        return [
            (held.address.network.prefixlen, interface, held.sources)
            for interface in self.interfaces()
            if interface.kind is not InterfaceKind.NULL
            for held in interface.addresses
            if held.address.version == address.version and address in held.address.network
        ]

    def routes(self, address: IPAddress) -> list[list[Route]]:
        """The routes that hold an address in groups of one prefix and distance, in the order in which they are tried."""
        groups: dict[tuple[int, int], list[Route]] = {}
        for route in self.device.routes:
            if route.vrf == self.vrf and route.prefix.version == address.version and address in route.prefix:
                groups.setdefault((-route.prefix.prefixlen, route.distance), []).append(route)
        return [groups[key] for key in sorted(groups)]

    def unknown(self, address: IPAddress) -> list[DynamicRouting]:
        """What may have routes for addresses of this family that nobody showed us."""
        return [one for one in self.device.dynamic_routing if one.concerns(self.vrf, address.version)]


def _from_table(device: Device, vrf: str, header: Header, mode: Mode, doubtful: Sources) -> tuple[Departure, ...]:
    table = _Table(device, vrf, header, mode)
    connected = table.connected(header.packet.destination)
    found = _look_up(table, header.packet.destination, 0)
    result = list(found.departures)
    if mode is Mode.POSSIBLE and not connected:
        address = header.packet.destination
        learnt = table.unknown(address)
        result += _dynamic(table, [one for one in learnt if one.destinations is None or address in one.destinations])
    if found.may_fail:
        result.append(_no_route(device, found.departures))
    return tuple(_doubted(one, doubtful) for one in result)


def _look_up(table: _Table, address: IPAddress, depth: int) -> _Choice:
    """Longest prefix first; a connected subnet before routes of the same length.

    A route of a higher distance for the same prefix is a backup that the configuration foresees: a state of its own, which
    `RELIABLE` leaves out because it asks for what the first route does.
    """
    connected = table.connected(address)
    longest = max((length for length, _, _ in connected), default=-1)
    found: list[Departure] = []
    decided: IPNetwork | None = None
    unsure = table.unknown(address) if table.mode is not Mode.POSSIBLE else []
    for group in table.routes(address):
        prefix = group[0].prefix
        if prefix.prefixlen <= longest or (decided is not None and prefix != decided):
            break
        if unsure:
            return _Choice((_unsure_table(unsure),), False)
        chosen = _choose_group(table, group, depth)
        found += chosen.departures
        if not chosen.may_fail:
            decided = prefix
        if decided is not None and table.mode is Mode.RELIABLE:
            break
    if decided is not None:
        return _Choice(tuple(found), False)
    if connected:
        found += (
            Departure(_connected_text(one), sources, one.name, address if depth else None)
            for length, one, sources in connected
            if length == longest
        )
        return _Choice(tuple(found), False)
    if unsure:
        return _Choice((_unsure_table(unsure),), False)
    return _Choice(tuple(found), True)


def _choose_group(table: _Table, group: list[Route], depth: int) -> _Choice:
    key = (group[0].prefix, group[0].distance, depth)
    if key not in table.chosen:
        hops = tuple(hop for route in group for hop in route.next_hops)
        chosen = _choose(table, hops, _route_text(group[0]), depth)
        lines = group[0].sources if len(group) == 1 else ()
        different = {(one.interface, one.gateway, one.ends, one.doubtful): one for one in reversed(chosen.departures)}
        kept = tuple(_with_lines(one, lines) for one in reversed(different.values()))
        table.chosen[key] = replace(chosen, departures=kept)
    return table.chosen[key]


def _choose(table: _Table, hops: Iterable[NextHop], what: Text, depth: int) -> _Choice:
    """Gateways with `matches` in written order, then all others at once; then backups, for which `RELIABLE` does not ask."""
    found: list[Departure] = []
    hops = tuple(hops)
    sure = False
    for backup in (False, True):
        if sure and table.mode is Mode.RELIABLE:
            break
        tier = [hop for hop in hops if hop.backup is backup]
        for hop in tier:
            if hop.matches is None:
                continue
            fit, _ = best_fit(hop.matches, table.header)
            if fit is Fit.NO:
                continue
            chosen = _resolve(table, hop, what, depth)
            if fit is Fit.UNKNOWN:
                chosen = _unsure_gateway(table.mode, hop, what, chosen)
            found += chosen.departures
            if not (chosen.may_fail or _may_be_absent(table, hop)):
                return _Choice(tuple(found), False)
        firm = False
        for hop in tier:
            if hop.matches is not None:
                continue
            chosen = _resolve(table, hop, what, depth)
            found += chosen.departures
            firm = firm or not (chosen.may_fail or _may_be_absent(table, hop))
        sure = sure or firm
    return _Choice(tuple(found), not sure)


def _may_be_absent(table: _Table, hop: NextHop) -> bool:
    """A line that may be down; a learnt route may be withdrawn, but what is relied on is the table as captured."""
    return hop.conditional or (hop.captured and table.mode is not Mode.RELIABLE)


def _resolve(table: _Table, hop: NextHop, what: Text, depth: int) -> _Choice:
    """One next hop as departures; none (and `may_fail`) when its interface is down or its gateway cannot be reached."""
    if hop.discard:
        return _Choice((Departure(_discarded(what), hop.sources, ends=TraceVerdict.UNROUTED),), False)
    if hop.interface is not None:
        return _by_interface(table, hop, hop.interface, what)
    if hop.gateway is None:
        return _NOTHING
    if depth >= _RECURSION_LIMIT or any(
        held.address.ip == hop.gateway for one in table.interfaces() for held in one.addresses
    ):
        return _NOTHING
    found = _look_up(table, hop.gateway, depth + 1)
    through = tuple(_through(one, hop, what) for one in found.departures)
    if table.mode is Mode.POSSIBLE and depth == 0 and not table.connected(hop.gateway):
        through += tuple(_dynamic(table, table.unknown(hop.gateway)))
    if through or depth:
        return _Choice(through, found.may_fail)
    return _through_unknown_subnet(table, hop, what)


def _through(found: Departure, hop: NextHop, what: Text) -> Departure:
    """The way to a gateway as the way to what lies behind it."""
    if found.ends is not None:
        return _with_lines(found, hop.sources)
    return replace(
        found,
        what=_via(what, hop, found.interface),
        sources=_merged(hop.sources, found.sources),
        gateway=found.gateway or hop.gateway,
    )


def _by_interface(table: _Table, hop: NextHop, name: str, what: Text) -> _Choice:
    interface = table.device.interfaces.get(name)
    if interface is None:
        text = Text(
            ja=f"{what.ja}: インターフェース「{name}」の定義がなく、行き先を確定できない",
            en=f'{what.en}: interface "{name}" is not defined, so the way cannot be told',
        )
        unsure = Departure(text, hop.sources, ends=TraceVerdict.UNDETERMINED, doubtful=hop.sources)
        return _Choice((unsure,), table.mode is Mode.POSSIBLE)
    if interface.kind is InterfaceKind.NULL:
        return _Choice((Departure(_discarded(what), hop.sources, ends=TraceVerdict.UNROUTED),), False)
    if not interface.enabled:
        return _NOTHING
    return _Choice((Departure(_via(what, hop, name), hop.sources, name, hop.gateway),), False)


def _through_unknown_subnet(table: _Table, hop: NextHop, what: Text) -> _Choice:
    """A gateway in no known subnet may be in that of an interface whose address is given by DHCP or PPPoE."""
    unknown = [one for one in table.interfaces() if one.dynamic_address and one.kind not in _NO_SEGMENT]
    if not unknown:
        return _NOTHING
    if table.mode is Mode.POSSIBLE:
        return _Choice(
            tuple(
                Departure(_via(what, hop, one.name), hop.sources, one.name, hop.gateway, doubtful=hop.sources)
                for one in unknown
            ),
            True,
        )
    text = Text(
        ja=f"{what.ja}: ゲートウェイ {hop.gateway} がどのインターフェースの先にあるか設定からは確定できない",
        en=f"{what.en}: the configuration does not tell behind which interface gateway {hop.gateway} is",
    )
    return _Choice((Departure(text, hop.sources, ends=TraceVerdict.UNDETERMINED, doubtful=hop.sources),), False)


def _unsure_gateway(mode: Mode, hop: NextHop, what: Text, chosen: _Choice) -> _Choice:
    if mode is Mode.POSSIBLE:
        return _Choice(tuple(_doubted(one, hop.sources) for one in chosen.departures), True)
    text = Text(
        ja=f"{what.ja}: ゲートウェイの条件に一致するか確定できない",
        en=f"{what.en}: it cannot be told whether the packet fits the gateway's condition",
    )
    return _Choice((Departure(text, hop.sources, ends=TraceVerdict.UNDETERMINED, doubtful=hop.sources),), False)


def _dynamic(table: _Table, unknown: Iterable[DynamicRouting]) -> Iterator[Departure]:
    for protocol in unknown:
        for interface in table.interfaces():
            if interface.kind in _NO_SEGMENT:
                continue
            if protocol.interfaces is None or interface.name in protocol.interfaces:
                what = Text(
                    ja=f"動的経路制御（{protocol.protocol}）で得た経路により「{interface.name}」から出る可能性がある",
                    en=f'a route learned by {protocol.protocol} may send it out of "{interface.name}"',
                )
                yield Departure(what, protocol.sources, interface.name, doubtful=protocol.sources, to_neighbours=True)


def _unsure_table(unknown: list[DynamicRouting]) -> Departure:
    """What a protocol learnt may be more specific than what is configured, or preferred to it."""
    lines = _merged(*(one.sources for one in unknown))
    names = ", ".join(dict.fromkeys(one.protocol for one in unknown))
    what = Text(
        ja=f"動的経路制御（{names}）で得た経路が分からず、行き先を確定できない",
        en=f"the routes learned by {names} are not known, so the way cannot be told",
    )
    return Departure(what, lines, ends=TraceVerdict.UNDETERMINED, doubtful=lines)


def _no_route(device: Device, others: tuple[Departure, ...]) -> Departure:
    if others:
        what = Text(
            ja="条件付きのゲートウェイがすべて使えない状態では、宛先への経路がない",
            en="in the state in which no conditional gateway is up there is no route to the destination",
        )
        return Departure(what, _merged(*(one.sources for one in others)), ends=TraceVerdict.UNROUTED)
    what = Text(ja="宛先への経路がない", en="there is no route to the destination")
    return Departure(what, device.identity, ends=TraceVerdict.UNROUTED)


def _unsure_policy_route(label: str, sources: Sources) -> Departure:
    what = Text(
        ja=f"ポリシールート「{label}」が適用されるか確定できない",
        en=f'it cannot be told whether policy route "{label}" applies',
    )
    return Departure(what, sources, ends=TraceVerdict.UNDETERMINED, doubtful=sources)


def _with_lines(departure: Departure, lines: Sources) -> Departure:
    return replace(departure, sources=_merged(departure.sources, lines))


def _doubted(departure: Departure, doubtful: Sources) -> Departure:
    if not doubtful:
        return departure
    return replace(
        departure,
        doubtful=_merged(departure.doubtful, doubtful),
        sources=_merged(doubtful, departure.sources),
    )


def _via(what: Text, hop: NextHop, interface: str | None) -> Text:
    if interface is None:
        return what
    gateway = "" if hop.gateway is None else str(hop.gateway)
    conditional = Text(ja="", en="")
    if hop.conditional:
        conditional = Text(ja="（有効な状態のとき）", en=" (in the state in which it is up)")
    if hop.backup:
        conditional = Text(ja="（他が使えないとき）", en=" (when the others are down)")
    if hop.captured:
        conditional = Text(ja="（取得した経路表による）", en=" (as in the captured routing table)")
    if not gateway:
        return Text(
            ja=f"{what.ja}により「{interface}」へ{conditional.ja}", en=f'{what.en} out of "{interface}"{conditional.en}'
        )
    return Text(
        ja=f"{what.ja}によりゲートウェイ {gateway}（「{interface}」）へ{conditional.ja}",
        en=f'{what.en} to gateway {gateway} out of "{interface}"{conditional.en}',
    )


def _route_text(route: Route) -> Text:
    return Text(ja=f"経路 {route.prefix} ", en=f"route {route.prefix}")


def _policy_route_text(label: str) -> Text:
    return Text(ja=f"ポリシールート「{label}」", en=f'policy route "{label}"')


def _connected_text(interface: Interface) -> Text:
    return Text(
        ja=f"直結サブネット（「{interface.name}」）",
        en=f'connected subnet on "{interface.name}"',
    )


def _discarded(what: Text) -> Text:
    return Text(ja=f"{what.ja}により破棄", en=f"{what.en} discards it")


def _merged(*groups: Sources) -> Sources:
    return tuple(dict.fromkeys(source for group in groups for source in group))
