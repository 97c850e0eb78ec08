"""Lines that some packet surely reaches, told by looking at two packets of each: most lines are such, and no set need be computed for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from secaudit.flows.hiding import decides_surely
from secaudit.flows.scopes import scope_of
from secaudit.network.filters import FilterLine
from secaudit.network.intervals import contains
from secaudit.network.matches import ICMP, ICMPV6, PROTOCOLS_WITH_PORTS, TCP, Family, Match, Service
from secaudit.packets.address_index import AddressIndex


class _Sample(NamedTuple):
    """One packet. Fields that its protocol does not have mean nothing."""

    family: Family
    source: int
    destination: int
    mark: int
    protocol: int
    destination_port: int
    source_port: int
    icmp_type: int
    icmp_code: int
    tcp_flags: int


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
        if not line.matches or frozenset() in (line.ingress, line.egress):
            return False
        for match, end in ((line.matches[0], 0), (line.matches[-1], -1)):
            sample = _corner(match, end)
            if sample is not None and not self._is_taken(sample, index):
                return True
        return False

    def _is_taken(self, sample: _Sample, index: int) -> bool:
        """Whether an earlier line that holds wherever this one does surely matches the packet."""
        scope = self._scopes[index]
        for position in self._indices[sample.family].near_packet(sample.destination, sample.source):
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


def _corner(match: Match, end: int) -> _Sample | None:
    """One packet of a match: with the least (`end` 0) or the greatest (-1) value of every field, None where a field has none."""
    if not match.services:
        return None
    one = match.services[end]
    fields = (match.sources, match.destinations, match.marks, one.protocols, one.destination_ports, one.source_ports)
    rest = (one.icmp_types, one.icmp_codes, one.tcp_flags)
    if not (all(fields) and all(rest)):
        return None
    return _Sample(match.family, *(values[end][end] for values in (*fields, *rest)))


def _holds(line: FilterLine, packet: _Sample) -> bool:
    """Whether a line matches the packet."""
    return any(
        match.family == packet.family
        and contains(match.sources, packet.source)
        and contains(match.destinations, packet.destination)
        and contains(match.marks, packet.mark)
        and any(_serves(service, packet) for service in match.services)
        for match in line.matches
    )


def _serves(service: Service, packet: _Sample) -> bool:
    """Whether a service matches the packet: a field that it does not have matches."""
    protocol = packet.protocol
    if not contains(service.protocols, protocol):
        return False
    if protocol in PROTOCOLS_WITH_PORTS and not (
        contains(service.destination_ports, packet.destination_port)
        and contains(service.source_ports, packet.source_port)
    ):
        return False
    if protocol == (ICMP if packet.family == 4 else ICMPV6) and not (
        contains(service.icmp_types, packet.icmp_type) and contains(service.icmp_codes, packet.icmp_code)
    ):
        return False
    return protocol != TCP or contains(service.tcp_flags, packet.tcp_flags)
