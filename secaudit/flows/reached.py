"""Lines that some packet surely reaches, told by looking at two packets of each: most lines are such, and no set need be computed for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from secaudit.flows.hiding import decides_surely
from secaudit.flows.scopes import Scope, scope_of
from secaudit.network.filters import FilterLine
from secaudit.network.intervals import Intervals, contains
from secaudit.network.matches import ICMP, ICMPV6, PROTOCOLS_WITH_PORTS, TCP, Family, Match, Service
from secaudit.packets.address_index import AddressIndex


class ReachedLines:
    """The lines of a filter, to be asked which of them a packet reaches that no earlier line takes."""

    def __init__(self, lines: Sequence[FilterLine], families: Sequence[Family]) -> None:
        self._lines = lines
        self._scopes = [scope_of(line) for line in lines]
        self._decides = [decides_surely(line) for line in lines]
        self._indices: Mapping[Family, AddressIndex] = {
            family: AddressIndex(family, (line.matches for line in lines)) for family in families
        }

    def is_reached(self, index: int) -> bool:
        """True only if a packet surely reaches the line. False says nothing."""
        line = self._lines[index]
        matches = line.matches
        if not matches or frozenset() in (line.ingress, line.egress):
            return False
        samples = (_corner(matches[0], 0), _corner(matches[-1], -1))
        return any(sample is not None and not self._is_taken(sample, index) for sample in samples)

    def _is_taken(self, sample: Match, index: int) -> bool:
        """Whether an earlier line that holds wherever this one does surely matches the packet."""
        scope: Scope = self._scopes[index]
        for position in self._indices[sample.family].near_matches((sample,)):
            if position >= index:
                return False
            if (
                self._decides[position]
                and self._scopes[position].covers(scope)
                and _holds(self._lines[position], sample)
            ):
                return True
        return False

    def near(self, index: int, family: Family) -> list[int]:
        """The earlier lines that surely take what they match wherever this one holds, and may share a packet of the family with it."""
        scope = self._scopes[index]
        found = []
        for position in self._indices[family].near_matches(self._lines[index].matches):
            if position >= index:
                break
            if self._decides[position] and self._scopes[position].covers(scope):
                found.append(position)
        return found


def _corner(match: Match, end: int) -> Match | None:
    """One packet of a match: with the least (`end` 0) or the greatest (-1) value of every field, None where a field has none."""
    if not match.services or not (match.sources and match.destinations and match.marks):
        return None
    service = match.services[end]
    fields = (
        service.protocols,
        service.destination_ports,
        service.source_ports,
        service.icmp_types,
        service.icmp_codes,
        service.tcp_flags,
    )
    if not all(fields):
        return None
    return Match(
        match.family,
        _one(match.sources, end),
        _one(match.destinations, end),
        (Service(*(_one(values, end) for values in fields)),),
        _one(match.marks, end),
    )


def _one(values: Intervals, end: int) -> Intervals:
    value = values[end][end]
    return ((value, value),)


def _holds(line: FilterLine, sample: Match) -> bool:
    """Whether a line matches the packet. A field that the packet does not have matches."""
    return any(
        match.family == sample.family
        and contains(match.sources, sample.sources[0][0])
        and contains(match.destinations, sample.destinations[0][0])
        and contains(match.marks, sample.marks[0][0])
        and any(_serves(service, sample.services[0], match.family) for service in match.services)
        for match in line.matches
    )


def _serves(service: Service, packet: Service, family: Family) -> bool:
    protocol = packet.protocols[0][0]
    if not contains(service.protocols, protocol):
        return False
    if protocol in PROTOCOLS_WITH_PORTS and not (
        contains(service.destination_ports, packet.destination_ports[0][0])
        and contains(service.source_ports, packet.source_ports[0][0])
    ):
        return False
    if protocol == (ICMP if family == 4 else ICMPV6) and not (
        contains(service.icmp_types, packet.icmp_types[0][0]) and contains(service.icmp_codes, packet.icmp_codes[0][0])
    ):
        return False
    return protocol != TCP or contains(service.tcp_flags, packet.tcp_flags[0][0])
