"""The header space: which fields a packet set has, and how vendor-neutral matches become sets.

Two spaces exist side by side, IPv4 and IPv6. A header is kept canonical: fields that its protocol does not have are 0
(`HeaderSpace.valid`), so that equal sets of packets are equal sets of tuples.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

from secaudit.network.intervals import (
    ANY_BYTE,
    ANY_PORT,
    Interval,
    Intervals,
    complement,
    intersect,
    normalise,
    subtract,
)
from secaudit.network.matches import (
    ACK,
    FIN,
    ICMP,
    ICMPV6,
    RST,
    SYN,
    TCP,
    UDP,
    Family,
    Match,
    Service,
    values_with_bits,
)
from secaudit.network.matches import PROTOCOLS_WITH_PORTS as PORTED
from secaudit.packets.diagrams import EMPTY, FULL, Diagrams
from secaudit.packets.packet import Packet
from secaudit.packets.partition import gathered


class Field(IntEnum):
    """Levels of the diagrams, top first. Addresses before services keeps object groups small.

    Some never appear on the wire. `TRANSLATED` has a bit for each field that a translation changed (`packets.originals`), and the
    `ORIGINAL_*` field behind such a field tells what it was; where nothing was changed the original is arbitrary, so that it costs
    nothing. `MARK` is the mark of a NAT rule inside a device, `ORIGIN` the number of the zone in which the packet started.
    """

    TRANSLATED = 0
    DESTINATION = 1
    ORIGINAL_DESTINATION = 2
    SOURCE = 3
    ORIGINAL_SOURCE = 4
    PROTOCOL = 5
    DESTINATION_PORT = 6
    ORIGINAL_DESTINATION_PORT = 7
    SOURCE_PORT = 8
    ORIGINAL_SOURCE_PORT = 9
    ICMP_TYPE = 10
    ICMP_CODE = 11
    TCP_FLAGS = 12
    MARK = 13
    ORIGIN = 14


HEADER_FIELDS = frozenset(
    (
        Field.DESTINATION,
        Field.SOURCE,
        Field.PROTOCOL,
        Field.DESTINATION_PORT,
        Field.SOURCE_PORT,
        Field.ICMP_TYPE,
        Field.ICMP_CODE,
        Field.TCP_FLAGS,
    )
)
"""What is on the wire."""
SHIFTS = 4096
"""So many different distances may one-to-one translations of one field move it by."""
ORIGIN_MAX = 31
ZERO: Intervals = ((0, 0),)

_PORTED_WITHOUT_FLAGS: Intervals = normalise((p, p) for p in PORTED if p != TCP)

ICMP_REPLY_TYPES: Intervals = normalise((t, t) for t in (0, 3, 4, 5, 11, 12, 14, 16, 18))
"""Replies and errors: they answer something, so they open nothing."""
ICMPV6_REPLY_TYPES: Intervals = normalise((t, t) for t in (1, 2, 3, 4, 129))


class HeaderSpace(Diagrams):
    """The diagrams of one address family, with the constants and conversions of packet headers."""

    def __init__(self, family: Family, node_limit: int = 4_000_000) -> None:
        bits = 32 if family == 4 else 128
        address = 2**bits - 1
        maxima: dict[int, int] = dict.fromkeys(map(int, Field), 255) | {
            Field.TRANSLATED: 15,
            Field.MARK: 65535,
            Field.ORIGIN: ORIGIN_MAX,
        }
        for field in (Field.DESTINATION, Field.SOURCE):
            maxima |= {field: address, field + 1: address + SHIFTS}
        for field in (Field.DESTINATION_PORT, Field.SOURCE_PORT):
            maxima |= {field: 65535, field + 1: 65535 + SHIFTS}
        super().__init__([maxima[field] for field in Field], node_limit)
        self.family = family
        self.address_maximum = address
        self._single: dict[Service, int] = {}
        self._services: dict[tuple[Service, ...], int] = {}
        self._matches: tuple[dict[Match, int], dict[Match, int]] = ({}, {})
        """Matches, and of those that were asked for in this way what opens a connection."""
        self._surely_opening: dict[int, int] = {}
        self.known_distances: dict[int, int] = {}
        """Of one-to-one translations, with their numbers: see `packets.originals`."""
        self.unmarked = self.guard(Field.MARK, ZERO)
        self.untouched = self.product([(Field.TRANSLATED, ZERO), (Field.MARK, ZERO)])
        """Packets as their sender made them."""
        self.valid = self._valid()
        self.opening = self._opening()

    def _icmp(self) -> int:
        return ICMP if self.family == 4 else ICMPV6

    def _header(self, protocols: Intervals, **fields: Intervals) -> int:
        """Headers of some protocols; a field that is not named is 0."""
        constraints: dict[Field, Intervals] = {
            Field.DESTINATION_PORT: ZERO,
            Field.SOURCE_PORT: ZERO,
            Field.ICMP_TYPE: ZERO,
            Field.ICMP_CODE: ZERO,
            Field.TCP_FLAGS: ZERO,
        }
        constraints.update({Field[name.upper()]: intervals for name, intervals in fields.items()})
        constraints[Field.PROTOCOL] = protocols
        return self.product(list(constraints.items()))

    def _valid(self) -> int:
        icmp = self._icmp()
        other = complement(normalise([(icmp, icmp), *((p, p) for p in PORTED)]), 255)
        return self.union_all(
            (
                self._header(((TCP, TCP),), destination_port=ANY_PORT, source_port=ANY_PORT, tcp_flags=ANY_BYTE),
                self._header(_PORTED_WITHOUT_FLAGS, destination_port=ANY_PORT, source_port=ANY_PORT),
                self._header(((icmp, icmp),), icmp_type=ANY_BYTE, icmp_code=ANY_BYTE),
                self._header(other),
            )
        )

    def _opening(self) -> int:
        """Headers that can open a connection: TCP with SYN and without ACK and RST; ICMP that is no reply or error; all else.

        A listener ignores RST and answers ACK with RST (RFC 9293 3.10.7.2). What it does with SYN and FIN together depends on the host:
        some open the connection, so it counts; see `surely_opening`.
        """
        icmp = self._icmp()
        syn = values_with_bits(SYN, SYN | ACK | RST)
        replies = ICMP_REPLY_TYPES if self.family == 4 else ICMPV6_REPLY_TYPES
        tcp = self.product([(Field.PROTOCOL, ((TCP, TCP),)), (Field.TCP_FLAGS, syn)])
        ping = self.product([(Field.PROTOCOL, ((icmp, icmp),)), (Field.ICMP_TYPE, complement(replies, 255))])
        rest = self.guard(Field.PROTOCOL, complement(normalise([(TCP, TCP), (icmp, icmp)]), 255))
        return self.union_all((tcp, ping, rest))

    def plainly_opening(self) -> int:
        """Headers with which clients do open connections: a filter that lets nothing but a lone SYN through stops no client.

        Who asks for congestion notification with the first packet (SYN, ECE and CWR) asks without when nothing answers (RFC 3168 6.1.1.1).
        """
        tcp = self.product([(Field.PROTOCOL, ((TCP, TCP),)), (Field.TCP_FLAGS, ((SYN, SYN),))])
        rest = self.guard(Field.PROTOCOL, complement(((TCP, TCP),), 255))
        return self.intersection(self.opening, self.union(tcp, rest))

    def surely_opening(self, packets: int) -> int:
        """The packets that open a connection on every host: SYN with FIN only where the same header without FIN is there as well."""
        found = self._surely_opening.get(packets)
        if found is None:
            opening = self.intersection(packets, self.opening)
            without_fin = self.guard(Field.TCP_FLAGS, values_with_bits(0, FIN))
            plain = self.intersection(opening, without_fin)
            found = self._surely_opening[packets] = self.intersection(opening, self.forget(plain, Field.TCP_FLAGS))
        return found

    def services(self, services: tuple[Service, ...]) -> int:
        """The union of services, as `network.matches.Service` means them."""
        node = self._services.get(services)
        if node is None:
            node = self._services[services] = self.union_all(map(self._service, services))
        return node

    def _service(self, service: Service) -> int:
        node = self._single.get(service)
        if node is None:
            node = self._single[service] = self._made_of(service)
        return node

    def _made_of(self, service: Service) -> int:
        icmp = self._icmp()
        ports = ((Field.DESTINATION_PORT, service.destination_ports), (Field.SOURCE_PORT, service.source_ports))
        parts = []
        wanted = service.protocols
        for protocols, constraints in (
            (((TCP, TCP),), (*ports, (Field.TCP_FLAGS, service.tcp_flags))),
            (_PORTED_WITHOUT_FLAGS, ports),
            (((icmp, icmp),), ((Field.ICMP_TYPE, service.icmp_types), (Field.ICMP_CODE, service.icmp_codes))),
        ):
            those = intersect(wanted, protocols)
            if those:
                parts.append(self.product([(Field.PROTOCOL, those), *constraints]))
                wanted = subtract(wanted, protocols, 255)
            if not wanted:
                break
        parts.append(self.guard(Field.PROTOCOL, wanted))  # all other protocols have none of these fields
        return self.union_all(parts)

    def match(self, match: Match, *, opening: bool = False) -> int:
        """One match as a set; of the other address family: nothing. `opening`: only those of its packets that can open a connection."""
        if match.family != self.family:
            return EMPTY
        known = self._matches[opening]
        node = known.get(match)
        if node is None:
            below = self.services(match.services)
            if opening:
                below = self.intersection(below, self.opening)
            if match.marks != ((0, 65535),):
                below = self.intersection(below, self.guard(Field.MARK, match.marks))
            node = self.guard(Field.DESTINATION, match.destinations, self.guard(Field.SOURCE, match.sources, below))
            known[match] = node
        return node

    def matches(self, matches: Iterable[Match], *, opening: bool = False) -> int:
        """The union of several matches, or of what opens a connection of them."""
        nodes = [node for one in matches if (node := self.match(one, opening=opening)) != EMPTY]
        return nodes[0] if len(nodes) == 1 else self.union_all(nodes)

    def between(self, sources: Intervals, destinations: Intervals) -> int:
        """All headers from some addresses to others."""
        return self.guard(Field.DESTINATION, destinations, self.guard(Field.SOURCE, sources))

    def packet_values(self, packet: Packet, origin: int = 0) -> tuple[int, ...]:
        """A concrete packet as a tuple of this space, untranslated."""
        held = {
            Field.DESTINATION: int(packet.destination),
            Field.SOURCE: int(packet.source),
            Field.PROTOCOL: packet.protocol,
            Field.DESTINATION_PORT: packet.destination_port,
            Field.SOURCE_PORT: packet.source_port,
            Field.ICMP_TYPE: packet.icmp_type,
            Field.ICMP_CODE: packet.icmp_code,
            Field.TCP_FLAGS: packet.tcp_flags,
            Field.ORIGIN: origin,
        }
        return tuple(held.get(field, 0) for field in Field)

    def restrict(self, node: int, field: Field, low: int, high: int) -> int:
        """The packets whose field is in one interval."""
        return self.intersection(node, self.guard(field, ((low, high),)))

    def by_origin(self, node: int) -> Mapping[int, int]:
        """The headers of a set by the zone number in which they started; everything else that is not on the wire is forgotten."""
        memo: dict[int, Mapping[int, int]] = {EMPTY: {}, FULL: dict.fromkeys(range(ORIGIN_MAX + 1), FULL)}

        def walk(one: int) -> Mapping[int, int]:
            known = memo.get(one)
            if known is None:
                level = self.levels[one]
                if level == Field.ORIGIN:
                    numbers = (n for (low, high), child in self.steps(one) if child for n in range(low, high + 1))
                    known = dict.fromkeys(numbers, FULL)
                elif level in HEADER_FIELDS:
                    known = gathered(self, one, walk)
                else:
                    known = self._united([walk(child) for child in sorted(set(self.children[one]) - {EMPTY})])
                memo[one] = known
            return known

        return walk(node)

    def _united(self, parts: Sequence[Mapping[int, int]]) -> Mapping[int, int]:
        """Sets by label, those with the same label as one."""
        if len(parts) == 1:
            return parts[0]
        labels = sorted({label for part in parts for label in part})
        return {label: self.union_all(part[label] for part in parts if label in part) for label in labels}

    def header_only(self, node: int) -> int:
        """Forgets everything that is not on the wire."""
        return self.keep(node, HEADER_FIELDS)

    def count_headers(self, node: int) -> int:
        """How many different headers are in a set."""
        free = math.prod(self.maxima[field] + 1 for field in Field if field not in HEADER_FIELDS)
        return self.count(self.header_only(node)) // free


def is_any(intervals: Intervals, maximum: int) -> bool:
    """Whether intervals cover a whole field."""
    return intervals == ((0, maximum),)


__all__ = ["EMPTY", "FULL", "HEADER_FIELDS", "UDP", "Field", "HeaderSpace", "Interval", "is_any"]
