"""Routing as a partition of destinations: which next hops a device may use for which addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from secaudit.flows.topology import Topology
from secaudit.network.device import Device
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.intervals import Intervals, IPAddress, IPNetwork, normalise, of_network
from secaudit.network.matches import Family, Match
from secaudit.network.routes import NextHop, Route
from secaudit.text.source import Sources

POINT_TO_POINT = (InterfaceKind.TUNNEL, InterfaceKind.DIALER)
NO_SEGMENT = (InterfaceKind.LOOPBACK, InterfaceKind.NULL)


@dataclass(frozen=True, slots=True)
class Choice:
    """One next hop that can be used: out of `egress`, to `gateway` (None = the destination itself is on the link).

    `anywhere` means that the next hop is not known: any neighbour on the segment. `discard` drops; `unsure` with it: nobody knows the way,
    and the question is what is sure.
    """

    egress: str
    gateway: IPAddress | None
    sources: Sources
    anywhere: bool = False
    discard: bool = False
    unsure: bool = False


RECURSION_LIMIT = 4
"""How many gateways may lie behind gateways."""

_Meaning = tuple[IPAddress | None, str | None, bool, tuple[Match, ...] | None, bool, bool, bool]
"""What a next hop does, whatever lines it comes from."""


@dataclass(frozen=True, slots=True)
class PrefixRoutes:
    """What a table has for one prefix: a connected subnet, or else the next hops of its routes.

    `levels` are in order of distance; the next hops of one level are those of all routes with that distance.
    """

    connected: tuple[Choice, ...]
    levels: tuple[tuple[NextHop, ...], ...]

    def meaning(self) -> tuple[object, ...]:
        """Equal for prefixes whose routes do the same."""
        return (self.connected, *(tuple(_meaning(hop) for hop in level) for level in self.levels))


def _meaning(hop: NextHop) -> _Meaning:
    return hop.gateway, hop.interface, hop.discard, hop.matches, hop.conditional, hop.backup, hop.captured


Chain = tuple[PrefixRoutes, ...]
"""What a packet tries: the routes of the longest prefix first, then those of the shorter ones around it."""


@dataclass(frozen=True, slots=True)
class Routed:
    """Destinations that share one chain."""

    destinations: Intervals
    chain: Chain


class ForwardingTable:
    """The table of one device, VRF and address family."""

    def __init__(self, topology: Topology, device: Device, vrf: str, family: Family) -> None:
        self.device = device
        self.vrf = vrf
        self.own = topology.own_addresses(device.name, vrf)
        self.unknown = tuple(one for one in device.dynamic_routing if one.concerns(vrf, family))
        connected: dict[IPNetwork, list[Choice]] = {}
        for held in topology.connected(device.name, vrf):
            interface = device.interfaces[held.interface]
            if held.network.version == family and interface.kind is not InterfaceKind.NULL:
                lines = next(a.sources for a in interface.addresses if a.address.network == held.network)
                connected.setdefault(held.network, []).append(Choice(held.interface, None, lines))
        routes: dict[IPNetwork, list[Route]] = {}
        for route in device.routes:
            if route.vrf == vrf and route.prefix.version == family:
                routes.setdefault(route.prefix, []).append(route)
        self.connected: Intervals = normalise(of_network(network) for network in connected)
        self._connected = connected
        self._prefixes: dict[IPNetwork, PrefixRoutes] = {
            prefix: PrefixRoutes(tuple(connected.get(prefix, ())), _levels(routes.get(prefix, ())))
            for prefix in {**connected, **routes}
        }
        self.default = next((one for prefix, one in self._prefixes.items() if prefix.prefixlen == 0), None)
        """What it has for all destinations that no longer prefix covers."""
        self._lengths = sorted({prefix.prefixlen for prefix in self._prefixes}, reverse=True)
        self._of_span = {of_network(prefix): one for prefix, one in self._prefixes.items()}
        self._bits = 32 if family == 4 else 128
        self._deciding: dict[tuple[int, int], bool] = {}

    @cached_property
    def entries(self) -> tuple[Routed, ...]:
        """Destinations with equal chains but for the lines: few, however many lines there are."""
        merged: dict[tuple[object, ...], tuple[Chain, list[tuple[int, int]]]] = {}
        for span, chain in self._spans():
            key = tuple(one.meaning() for one in chain)
            merged.setdefault(key, (chain, []))[1].append(span)
        return tuple(Routed(normalise(spans), chain) for chain, spans in merged.values())

    @cached_property
    def by_lines(self) -> tuple[Routed, ...]:
        """The same, one entry for every set of lines that decides: for explanations."""
        return tuple(Routed((span,), chain) for span, chain in self._spans())

    def _spans(self) -> Iterator[tuple[tuple[int, int], Chain]]:
        """The nested prefixes as disjoint spans, by one sweep."""
        stack: list[tuple[int, Chain]] = []
        position = 0
        for prefix in sorted(self._prefixes, key=lambda one: (int(one.network_address), one.prefixlen)):
            low, high = of_network(prefix)
            while stack and stack[-1][0] < low:
                end, chain = stack.pop()
                if position <= end:
                    yield (position, end), chain
                position = max(position, end + 1)
            if stack and position < low:
                yield (position, low - 1), stack[-1][1]
            position = low
            routes = self._prefixes[prefix]
            around = stack[-1][1] if stack and not self._decides(routes, 0) else ()
            stack.append((high, (routes, *around)))
        while stack:
            end, chain = stack.pop()
            if position <= end:
                yield (position, end), chain
            position = max(position, end + 1)

    def chain(self, address: IPAddress) -> Chain:
        """The chain of one address: how a gateway is reached."""
        found: list[PrefixRoutes] = []
        value = int(address)
        for length in self._lengths:
            size = 1 << (self._bits - length)
            low = value - value % size
            routes = self._of_span.get((low, low + size - 1))
            if routes is not None:
                found.append(routes)
                if routes.connected:
                    break
        return tuple(found)

    def _decides(self, routes: PrefixRoutes, depth: int) -> bool:
        """Whether every packet finds a next hop here in every state, so that shorter prefixes are never tried."""
        if routes.connected:
            return True
        key = (id(routes), depth)
        if key not in self._deciding:
            self._deciding[key] = False  # a gateway that leads to itself
            self._deciding[key] = any(self._is_sure(hop, depth) for level in routes.levels for hop in level)
        return self._deciding[key]

    def _is_sure(self, hop: NextHop, depth: int) -> bool:
        if hop.matches is not None or hop.conditional or hop.captured:
            return False
        if hop.interface is not None and not hop.discard:
            interface = self.device.interfaces.get(hop.interface)
            return interface is not None and (interface.enabled or interface.kind is InterfaceKind.NULL)
        if hop.discard or hop.gateway is None or depth >= RECURSION_LIMIT or hop.gateway in self.own:
            return hop.discard
        return any(self._decides(routes, depth + 1) for routes in self.chain(hop.gateway))

    def choices(self, chain: Chain) -> Iterator[Choice]:
        """Every next hop that some packet may get by a chain, in some state."""
        return self._any(chain, None, set())

    def choices_of(self, hops: Iterable[NextHop]) -> Iterator[Choice]:
        """The same for next hops."""
        return self._any((PrefixRoutes((), (tuple(hops),)),), None, set())

    def _any(self, chain: Chain, towards: IPAddress | None, seen: set[IPAddress]) -> Iterator[Choice]:
        for routes in chain:
            for choice in routes.connected:
                yield Choice(choice.egress, towards, choice.sources if towards is None else ())
            for hop in (hop for level in routes.levels for hop in level):
                if hop.discard:
                    yield Choice("", None, hop.sources, discard=True)
                elif hop.interface is not None:
                    gateway = hop.gateway or towards
                    yield Choice(hop.interface, gateway, hop.sources, anywhere=gateway is None)
                elif hop.gateway is not None and hop.gateway not in seen:
                    seen.add(hop.gateway)
                    yield from self._behind(hop, hop.gateway, seen)

    def _behind(self, hop: NextHop, gateway: IPAddress, seen: set[IPAddress]) -> Iterator[Choice]:
        found = False
        for choice in self._any(self.chain(gateway), gateway, seen):
            found = True
            yield Choice(
                choice.egress, choice.gateway, (*hop.sources, *choice.sources), choice.anywhere, choice.discard
            )
        if not found:
            for name in self.of_unknown_subnet():
                yield Choice(name, gateway, hop.sources)

    def learnt_ways(self, gateway: IPAddress) -> tuple[Choice, ...]:
        """Where unknown routes may lead that reach a gateway which is not on a connected subnet."""
        if not self.unknown or any(routes.connected for routes in self.chain(gateway)):
            return ()
        return tuple(
            Choice(one.name, None, protocol.sources, anywhere=True)
            for protocol in self.unknown
            for one in self.device.interfaces.values()
            if one.enabled and one.vrf == self.vrf and one.kind not in NO_SEGMENT
            if protocol.interfaces is None or one.name in protocol.interfaces
        )

    def of_unknown_subnet(self) -> tuple[str, ...]:
        """The interfaces whose subnet is not in the files: a gateway that no route reaches may be there."""
        return tuple(
            one.name
            for one in self.device.interfaces.values()
            if one.enabled and one.vrf == self.vrf and one.dynamic_address and one.kind not in NO_SEGMENT
        )


def _levels(routes: Iterable[Route]) -> tuple[tuple[NextHop, ...], ...]:
    ordered = sorted(routes, key=lambda route: route.distance)
    return tuple(
        tuple(hop for route in same for hop in route.next_hops)
        for _, same in groupby(ordered, key=lambda route: route.distance)
    )
