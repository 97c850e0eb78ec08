"""Routing as a partition of destinations: which next hops a device may use for which addresses."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.flows.modes import Mode
from secaudit.flows.topology import Topology
from secaudit.network.device import Device
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.intervals import Intervals, IPAddress, IPNetwork, normalise, of_network
from secaudit.network.matches import Family, Match
from secaudit.network.routes import NextHop, PolicyRoute, Route
from secaudit.packets.space import Field, HeaderSpace
from secaudit.text.source import Sources

_RECURSION_LIMIT = 4
POINT_TO_POINT = (InterfaceKind.TUNNEL, InterfaceKind.DIALER)


@dataclass(frozen=True, slots=True)
class Choice:
    """One next hop that can be used: out of `egress`, to `gateway` (None = the destination itself is on the link).

    `anywhere` means that the next hop is not known: any neighbour on the segment. `discard` drops. `matches` are the packets it is
    for (None = all); `exclusive` is true when it surely is used if it matches, so that later choices are not reached.
    """

    egress: str
    gateway: IPAddress | None
    sources: Sources
    anywhere: bool = False
    discard: bool = False
    matches: tuple[Match, ...] | None = None
    exclusive: bool = True


@dataclass(frozen=True, slots=True)
class Routed:
    """Destinations that share one list of groups of choices. Groups are tried in order; the choices of one group are equal."""

    destinations: Intervals
    groups: tuple[tuple[Choice, ...], ...]


class ForwardingTable:
    """The table of one device, VRF and address family for one question."""

    def __init__(self, topology: Topology, device: Device, vrf: str, family: Family, mode: Mode) -> None:
        self._topology = topology
        self._device = device
        self._vrf = vrf
        self._family = family
        self._mode = mode
        self._dynamic = tuple(one for one in device.dynamic_routing if one.vrf == vrf)
        self._connected: dict[IPNetwork, list[Choice]] = {}
        for held in topology.connected(device.name, vrf):
            if held.network.version == family:
                interface = device.interfaces[held.interface]
                lines = next(a.sources for a in interface.addresses if a.address.network == held.network)
                self._connected.setdefault(held.network, []).append(Choice(held.interface, None, lines))
        self._static: dict[IPNetwork, list[Route]] = {}
        for route in device.routes:
            if route.vrf == vrf and route.prefix.version == family:
                self._static.setdefault(route.prefix, []).append(route)
        self._connected_node: int | None = None
        self.entries = tuple(self._entries())

    def _entries(self) -> list[Routed]:
        """Longest prefix first, by one sweep over the nested prefixes."""
        prefixes = sorted({*self._connected, *self._static}, key=lambda p: (int(p.network_address), p.prefixlen))
        spans: dict[tuple[tuple[Choice, ...], ...], list[tuple[int, int]]] = {}
        stack: list[tuple[IPNetwork, tuple[tuple[Choice, ...], ...]]] = []
        position = 0

        def emit(until: int) -> None:
            nonlocal position
            if stack and position <= until:
                spans.setdefault(stack[-1][1], []).append((position, until))
            position = max(position, until + 1)

        for prefix in prefixes:
            low, _ = of_network(prefix)
            while stack and of_network(stack[-1][0])[1] < low:
                emit(of_network(stack[-1][0])[1])
                stack.pop()
            if stack:
                emit(low - 1)
            else:
                position = low
            parent = stack[-1][1] if stack else ()
            stack.append((prefix, self._choices(prefix, parent)))
        while stack:
            emit(of_network(stack[-1][0])[1])
            stack.pop()
        return [Routed(normalise(found), choices) for choices, found in spans.items() if choices]

    def _choices(self, prefix: IPNetwork, parent: tuple[tuple[Choice, ...], ...]) -> tuple[tuple[Choice, ...], ...]:
        """The groups of choices for a prefix, in the order in which a packet tries them."""
        connected = self._connected.get(prefix)
        if connected:
            return (tuple(connected),)
        if self._dynamic and self._mode is not Mode.POSSIBLE:
            # A more specific route that the protocol learnt may win: nothing static is sure.
            return ()
        groups: list[tuple[Choice, ...]] = []
        for route in sorted(self._static.get(prefix, ()), key=lambda r: r.distance):
            groups.extend(self._groups(route))
            if self._mode is Mode.RELIABLE and groups:
                break
        if not groups:
            return parent
        if _always_decides(groups):
            return tuple(groups)
        return (*groups, *parent)

    def policy_groups(self, rule: PolicyRoute) -> tuple[tuple[Choice, ...], ...]:
        """The next hops of a policy route: one group, empty when none of them can be resolved."""
        group = tuple(choice for hop in rule.next_hops for choice in self._resolve(hop))
        return (group,) if group else ()

    def connected(self, space: HeaderSpace) -> int:
        """Packets to connected subnets: no routing protocol changes where they go."""
        if self._connected_node is None:
            spans = normalise(of_network(network) for network in self._connected)
            self._connected_node = space.guard(Field.DESTINATION, spans)
        return self._connected_node

    def _groups(self, route: Route) -> list[tuple[Choice, ...]]:
        chosen = [hop for hop in route.next_hops if hop.matches is not None]
        plain = [hop for hop in route.next_hops if hop.matches is None and not hop.backup]
        backup = [hop for hop in route.next_hops if hop.matches is None and hop.backup]
        groups = [tuple(self._resolve(hop)) for hop in chosen]
        groups.append(tuple(choice for hop in plain for choice in self._resolve(hop)))
        if self._mode is not Mode.RELIABLE:
            groups.append(tuple(choice for hop in backup for choice in self._resolve(hop)))
        return [group for group in groups if group]

    def _resolve(self, hop: NextHop, depth: int = 0) -> list[Choice]:
        exclusive = not hop.conditional
        if hop.discard:
            return [Choice("", None, hop.sources, discard=True, matches=hop.matches, exclusive=exclusive)]
        if hop.interface is not None:
            interface = self._device.interfaces.get(hop.interface)
            if interface is None or not interface.enabled or interface.kind is InterfaceKind.NULL:
                return []
            anywhere = hop.gateway is None and (
                interface.kind in POINT_TO_POINT or self._mode is Mode.POSSIBLE or interface.dynamic_address
            )
            return [Choice(hop.interface, hop.gateway, hop.sources, anywhere, False, hop.matches, exclusive)]
        if hop.gateway is None or depth > _RECURSION_LIMIT:
            return []
        return self._through(hop, hop.gateway, exclusive, depth)

    def _through(self, hop: NextHop, gateway: IPAddress, exclusive: bool, depth: int) -> list[Choice]:
        """Resolves a gateway by the connected subnets, else by other routes, else by interfaces whose address is not known."""
        direct = [
            Choice(choice.egress, gateway, hop.sources, False, False, hop.matches, exclusive)
            for network, choices in self._connected.items()
            if gateway in network
            for choice in choices
        ]
        if direct:
            return direct
        covering = [prefix for prefix in self._static if gateway in prefix and prefix.prefixlen > 0]
        if covering:
            best = max(covering, key=lambda prefix: prefix.prefixlen)
            found = []
            for route in self._static[best]:
                for inner in route.next_hops:
                    for choice in self._resolve(inner, depth + 1):
                        lines = (*hop.sources, *choice.sources)
                        found.append(
                            Choice(
                                choice.egress, choice.gateway, lines, choice.anywhere, choice.discard,
                                hop.matches, exclusive,
                            )
                        )  # fmt: skip
            return found
        return [
            Choice(one.name, gateway, hop.sources, False, False, hop.matches, False)
            for one in self._device.interfaces.values()
            if one.enabled and one.vrf == self._vrf and one.dynamic_address and self._mode is Mode.POSSIBLE
        ]


def _always_decides(groups: list[tuple[Choice, ...]]) -> bool:
    """Whether a packet surely finds a next hop in these groups, so that less specific routes are never tried."""
    return any(all(choice.exclusive and choice.matches is None for choice in group) for group in groups)
