"""By which zone an address is reached: NAT rules ask that of the address before translation (PA-02)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

from secaudit.network.intervals import Interval, Intervals, IPAddress, IPNetwork, intersect, normalise, of_network
from secaudit.network.routes import DynamicRouting, NextHop, Route
from secaudit.vendors.panos.interfaces import Ports

_RECURSION = 40
"""How many gateways behind gateways are followed."""
_LONGEST_CHAIN = 33


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

    def _table(self, vrf: str) -> _Table:
        table = _Table()
        for interface in self.ports.interfaces.values():
            if interface.vrf == vrf and interface.enabled:
                for held in interface.addresses:
                    if held.address.version == 4:
                        table.connected.setdefault(held.address.network, set()).add(interface.name)
        for route in self.routes:
            if route.vrf == vrf and route.prefix.version == 4:
                table.routes.setdefault(route.prefix, []).append(route)
        table.lengths = sorted({one.prefixlen for one in (*table.connected, *table.routes)}, reverse=True)
        table.unknown = any(one.concerns(vrf, 4) for one in self.dynamic)
        table.unnumbered = {
            one.name for one in self.ports.interfaces.values() if one.vrf == vrf and one.enabled and one.dynamic_address
        }
        return table

    def _flattened(self, vrf: str) -> Iterator[_Span]:
        """The nested prefixes as disjoint spans, by one sweep."""
        table = self._table(vrf)
        prefixes = sorted({*table.connected, *table.routes}, key=lambda one: (int(one.network_address), one.prefixlen))
        position = 0
        stack: list[tuple[int, tuple[IPNetwork, ...]]] = []
        for prefix in prefixes:
            low, high = of_network(prefix)
            while stack and stack[-1][0] < low:
                end, chain = stack.pop()
                if position <= end:
                    yield table.span(position, end, chain)
                position = max(position, end + 1)
            if position < low:
                yield table.span(position, low - 1, stack[-1][1] if stack else ())
            position = max(position, low)
            around = stack[-1][1] if stack else ()
            stack.append((high, (prefix, *around)[:_LONGEST_CHAIN]))
        while stack:
            end, chain = stack.pop()
            if position <= end:
                yield table.span(position, end, chain)
            position = max(position, end + 1)
        if position < 2**32:
            yield table.span(position, 2**32 - 1, ())


@dataclass(slots=True)
class _Table:
    """The IPv4 table of one virtual router. `unknown`: a protocol may know more; `unnumbered` are interfaces whose subnet is not in the file."""

    connected: dict[IPNetwork, set[str]] = field(default_factory=dict)
    routes: dict[IPNetwork, list[Route]] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=list)
    unknown: bool = False
    unnumbered: set[str] = field(default_factory=set)
    gateways: dict[IPAddress, set[str | None]] = field(default_factory=dict)

    def span(self, low: int, high: int, chain: tuple[IPNetwork, ...]) -> _Span:
        """Addresses for which one chain of prefixes is tried, the longest first."""
        found: set[str | None] = set()
        for prefix in chain:
            if prefix in self.connected:
                return _Span(low, high, frozenset({*found, *self.connected[prefix]}), not (found and self.unknown))
            decided = False
            for route in sorted(self.routes.get(prefix, ()), key=lambda one: one.distance):
                for hop in route.next_hops:
                    found |= self._ways(hop)
                    decided = decided or not (hop.conditional or hop.backup)
            if decided:
                break
        else:
            found.add(None)
        # What is not connected may be in a subnet that DHCP or PPPoE gives.
        return _Span(low, high, frozenset({*found, *self.unnumbered}), not self.unknown)

    def _ways(self, hop: NextHop) -> set[str | None]:
        """By which interfaces a next hop is reached."""
        if hop.discard:
            return {None}
        if hop.interface is not None:
            return {hop.interface}
        if hop.gateway is None:
            return {None}
        found = self.gateways.get(hop.gateway)
        if found is None:
            found = self.gateways[hop.gateway] = self._behind(hop.gateway)
        return found

    def _behind(self, gateway: IPAddress) -> set[str | None]:
        """By which interfaces a gateway is reached, each gateway on the way looked at once."""
        found: set[str | None] = set()
        seen = {gateway}
        pending = [gateway]
        while pending:
            best = self._longest(pending.pop())
            if best is None or len(seen) > _RECURSION:
                found.add(None)
            elif best in self.connected:
                found |= self.connected[best]
            else:
                for hop in (hop for route in self.routes[best] for hop in route.next_hops):
                    if hop.discard or hop.gateway is None or hop.interface is not None:
                        found.add(None if hop.discard else hop.interface)
                    elif hop.gateway not in seen:
                        seen.add(hop.gateway)
                        pending.append(hop.gateway)
        return found or {None}

    def _longest(self, gateway: IPAddress) -> IPNetwork | None:
        if gateway.version != 4:
            return None
        for length in self.lengths:
            network = ipaddress.IPv4Network((int(gateway) >> (32 - length) << (32 - length), length))
            if network in self.connected or network in self.routes:
                return network
        return None
