"""By which zone an address is reached: NAT rules ask that of the address before translation (PA-02)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from secaudit.network.intervals import Interval, Intervals, IPNetwork, intersect, normalise, of_network
from secaudit.network.routes import DynamicRouting, NextHop, Route
from secaudit.vendors.panos.interfaces import Ports

_RECURSION = 6


@dataclass(frozen=True, slots=True)
class _Span:
    low: int
    high: int
    interfaces: frozenset[str | None]
    """By which interfaces addresses of the span may be reached (None: by none)."""
    sure: bool
    """Whether these are all."""


@dataclass(slots=True)
class Lookups:
    """The IPv4 tables of a device, flattened once a virtual router."""

    ports: Ports
    routes: tuple[Route, ...]
    dynamic: tuple[DynamicRouting, ...]
    _spans: dict[str, list[_Span]] = field(default_factory=dict)
    _towards: dict[tuple[str, frozenset[str]], tuple[Intervals, Intervals]] = field(default_factory=dict)

    def towards(self, vrf: str, destinations: Intervals, wanted: frozenset[str]) -> tuple[Intervals, Intervals]:
        """Those of the destinations that are surely, and those that may be, reached by one of the wanted interfaces."""
        key = (vrf, wanted)
        found = self._towards.get(key)
        if found is None:
            found = self._towards[key] = self._leading(vrf, wanted)
        return intersect(destinations, found[0]), intersect(destinations, found[1])

    def _leading(self, vrf: str, wanted: frozenset[str]) -> tuple[Intervals, Intervals]:
        sure: list[Interval] = []
        possible: list[Interval] = []
        for span in self._of(vrf):
            hit = span.interfaces & wanted
            if hit or not span.sure:
                possible.append((span.low, span.high))
                if span.sure and hit == span.interfaces:
                    sure.append((span.low, span.high))
        return normalise(sure), normalise(possible)

    def _of(self, vrf: str) -> list[_Span]:
        found = self._spans.get(vrf)
        if found is None:
            found = self._spans[vrf] = list(self._flattened(vrf))
        return found

    def _tables(self, vrf: str) -> tuple[dict[IPNetwork, set[str]], dict[IPNetwork, list[Route]]]:
        connected: dict[IPNetwork, set[str]] = {}
        for interface in self.ports.interfaces.values():
            if interface.vrf == vrf and interface.enabled:
                for held in interface.addresses:
                    if held.address.version == 4:
                        connected.setdefault(held.address.network, set()).add(interface.name)
        routes: dict[IPNetwork, list[Route]] = {}
        for route in self.routes:
            if route.vrf == vrf and route.prefix.version == 4:
                routes.setdefault(route.prefix, []).append(route)
        return connected, routes

    def _flattened(self, vrf: str) -> Iterator[_Span]:
        connected, routes = self._tables(vrf)
        unknown = any(one.concerns(vrf, 4) for one in self.dynamic)
        unnumbered: set[str | None] = {
            one.name for one in self.ports.interfaces.values() if one.vrf == vrf and one.enabled and one.dynamic_address
        }
        prefixes = sorted({*connected, *routes}, key=lambda one: (int(one.network_address), one.prefixlen))
        resolved: dict[tuple[IPNetwork, ...], tuple[frozenset[str | None], bool]] = {}

        def span(low: int, high: int, chain: tuple[IPNetwork, ...]) -> _Span:
            if chain not in resolved:
                found, complete = self._resolve(chain, connected, routes, unknown)
                # What is not connected may be in a subnet that DHCP or PPPoE gives.
                held = bool(chain) and any(prefix in connected for prefix in chain)
                resolved[chain] = (found if held else found | unnumbered, complete)
            return _Span(low, high, *resolved[chain])

        position = 0
        stack: list[tuple[int, tuple[IPNetwork, ...]]] = []
        for prefix in prefixes:
            low, high = of_network(prefix)
            while stack and stack[-1][0] < low:
                end, chain = stack.pop()
                if position <= end:
                    yield span(position, end, chain)
                position = max(position, end + 1)
            if position < low:
                yield span(position, low - 1, stack[-1][1] if stack else ())
            position = max(position, low)
            around = stack[-1][1] if stack else ()
            stack.append((high, (prefix, *around)))
        while stack:
            end, chain = stack.pop()
            if position <= end:
                yield span(position, end, chain)
            position = max(position, end + 1)
        if position < 2**32:
            yield span(position, 2**32 - 1, ())

    def _resolve(
        self,
        chain: Iterable[IPNetwork],
        connected: dict[IPNetwork, set[str]],
        routes: dict[IPNetwork, list[Route]],
        unknown: bool,
    ) -> tuple[frozenset[str | None], bool]:
        found: set[str | None] = set()
        for prefix in chain:
            if prefix in connected:
                return frozenset({*found, *connected[prefix]}), not (found and unknown)
            decided = False
            for route in sorted(routes.get(prefix, ()), key=lambda one: one.distance):
                for hop in route.next_hops:
                    found |= self._ways(hop, connected, routes, 0)
                    decided = decided or not (hop.conditional or hop.backup)
            if decided:
                return frozenset(found), not unknown
        return frozenset({*found, None}), not unknown

    def _ways(
        self, hop: NextHop, connected: dict[IPNetwork, set[str]], routes: dict[IPNetwork, list[Route]], depth: int
    ) -> set[str | None]:
        if hop.discard:
            return {None}
        if hop.interface is not None:
            return {hop.interface}
        if hop.gateway is None or depth > _RECURSION:
            return {None}
        holding = [one for one in {*connected, *routes} if one.version == 4 and hop.gateway in one]
        if not holding:
            return {None}
        best = max(holding, key=lambda one: one.prefixlen)
        if best in connected:
            return set(connected[best])
        return {
            way
            for route in routes[best]
            for one in route.next_hops
            for way in self._ways(one, connected, routes, depth + 1)
        }
