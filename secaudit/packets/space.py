"""The header space: which fields a packet set has, and how vendor-neutral matches become sets.

Two spaces exist side by side, IPv4 and IPv6. A header is kept canonical: fields that its protocol does not have are 0
(`HeaderSpace.valid`), so that equal sets of packets are equal sets of tuples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
from secaudit.packets.diagrams import EMPTY, FULL, Diagrams, TooComplexError
from secaudit.packets.packet import Packet
from secaudit.packets.partition import Partition, gathered, split


class Field(IntEnum):
    """Levels of the diagrams, top first.

    Addresses before services keeps object groups small; the last six never appear on the wire. `MARK` is the mark of a
    NAT rule inside a device, `ORIGINAL_*` tell the values before translation (`HeaderSpace.moved_by`), `ORIGIN` is the
    number of the zone in which the packet started.
    """

    DESTINATION = 0
    SOURCE = 1
    PROTOCOL = 2
    DESTINATION_PORT = 3
    SOURCE_PORT = 4
    ICMP_TYPE = 5
    ICMP_CODE = 6
    TCP_FLAGS = 7
    MARK = 8
    ORIGINAL_DESTINATION = 9
    ORIGINAL_DESTINATION_PORT = 10
    ORIGINAL_SOURCE = 11
    ORIGINAL_SOURCE_PORT = 12
    ORIGIN = 13


HEADER_FIELDS = tuple(Field)[:8]
REMEMBERED = 1
SHIFTS = 4096
"""So many different distances may one-to-one translations of one field move it by."""
ORIGIN_MAX = 31
ZERO: Intervals = ((0, 0),)

_UNTOUCHED, _REPLACED = -1, -2
"""Labels of `HeaderSpace.translated`, beside the numbers of the distances."""

_PORTED_WITHOUT_FLAGS: Intervals = normalise((p, p) for p in PORTED if p != TCP)

ICMP_REPLY_TYPES: Intervals = normalise((t, t) for t in (0, 3, 4, 5, 11, 12, 14, 16, 18))
"""Replies and errors: they answer something, so they open nothing."""
ICMPV6_REPLY_TYPES: Intervals = normalise((t, t) for t in (1, 2, 3, 4, 129))


@dataclass(frozen=True, slots=True)
class Translated:
    """The parts of a set: whose field no translation touched, whose old values are kept as they were, and by distance what was moved one to one."""

    untouched: int
    replaced: int
    moved: tuple[tuple[int, int], ...]


class HeaderSpace(Diagrams):
    """The diagrams of one address family, with the constants and conversions of packet headers."""

    def __init__(self, family: Family, node_limit: int = 4_000_000) -> None:
        bits = 32 if family == 4 else 128
        address = 2**bits - 1
        super().__init__(
            (
                address,
                address,
                255,
                65535,
                65535,
                255,
                255,
                255,
                65535,
                address + 1 + SHIFTS,
                65536 + SHIFTS,
                address + 1 + SHIFTS,
                65536 + SHIFTS,
                ORIGIN_MAX,
            ),
            node_limit,
        )
        self.family = family
        self.address_maximum = address
        self._single: dict[Service, int] = {}
        self._services: dict[tuple[Service, ...], int] = {}
        self._matches: tuple[dict[Match, int], dict[Match, int]] = ({}, {})
        """Matches, and of those that were asked for in this way what opens a connection."""
        self._surely_opening: dict[int, int] = {}
        self.known_distances: dict[int, int] = {}
        """Of one-to-one translations, with their numbers: see `moved_by`."""
        self.unmarked = self.guard(Field.MARK, ZERO)
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
        return (
            int(packet.destination),
            int(packet.source),
            packet.protocol,
            packet.destination_port,
            packet.source_port,
            packet.icmp_type,
            packet.icmp_code,
            packet.tcp_flags,
            0,
            0,
            0,
            0,
            0,
            origin,
        )

    def restrict(self, node: int, field: Field, low: int, high: int) -> int:
        """The packets whose field is in one interval."""
        return self.intersection(node, self.guard(field, ((low, high),)))

    def by_origin(self, node: int) -> Mapping[int, int]:
        """The headers of a set by the zone number in which they started; everything else that is not on the wire is forgotten."""
        first = len(HEADER_FIELDS)
        memo: dict[int, Mapping[int, int]] = {EMPTY: {}}

        def walk(one: int) -> Mapping[int, int]:
            known = memo.get(one)
            if known is None:
                level = self.levels[one]
                if level > Field.ORIGIN:
                    known = dict.fromkeys(range(ORIGIN_MAX + 1), FULL)
                elif level == Field.ORIGIN:
                    known = {
                        origin: FULL
                        for (low, high), child in self.steps(one)
                        if child != EMPTY
                        for origin in range(low, high + 1)
                    }
                elif level >= first:
                    known = dict.fromkeys(set().union(*map(walk, self.children[one])), FULL)
                else:
                    known = gathered(self, one, walk)
                memo[one] = known
            return known

        return walk(node)

    def moved_by(self, original: Field, distance: int) -> Intervals:
        """The value of an `ORIGINAL_*` field for "the field is now `distance` more than it was".

        Such a field is 0 while nothing was translated, the old value plus `REMEMBERED` where the new value tells nothing about it (a pool,
        an interface), and beyond that the number of a distance: a set cannot hold "the old value is the new one less five" in another way,
        and a later filter on the new value must still tell the old ones apart. Raises `TooComplexError` for too many distances.
        """
        if distance == 0:
            return ZERO
        number = self.known_distances.setdefault(distance, len(self.known_distances))
        if number >= SHIFTS:
            raise TooComplexError(f"more than {SHIFTS} distances of one-to-one translation")
        value = self.maxima[original] - SHIFTS + 1 + number
        return ((value, value),)

    def translated(self, packets: int, original: Field) -> Translated:
        """A set cut by what translations did to one field."""
        if self.is_zero(packets, original):
            return Translated(packets, EMPTY, ())
        last = self.maxima[original] - SHIFTS
        parts = [(_UNTOUCHED, ZERO), (_REPLACED, ((REMEMBERED, last),))]
        parts += [(number, ((last + 1 + number,) * 2,)) for number in self.known_distances.values()]
        found = split(self, packets, original, Partition(parts))
        return Translated(
            found.get(_UNTOUCHED, EMPTY),
            found.get(_REPLACED, EMPTY),
            tuple((distance, found[number]) for distance, number in self.known_distances.items() if number in found),
        )

    def value_before(self, original: Field, remembered: int, value: int) -> int:
        """What a field was before translation, of one concrete packet: its `ORIGINAL_*` value and the value that it has now."""
        first = self.maxima[original] - SHIFTS + 1
        if remembered >= first:
            return value - next(
                distance for distance, number in self.known_distances.items() if number == remembered - first
            )
        return remembered - REMEMBERED if remembered else value

    def header_only(self, node: int) -> int:
        """Forgets everything that is not on the wire."""
        return self.truncate(node, len(HEADER_FIELDS))

    def count_headers(self, node: int) -> int:
        """How many different headers are in a set."""
        free = 1
        for level in range(len(HEADER_FIELDS), self.depth):
            free *= self.maxima[level] + 1
        return self.count(self.header_only(node)) // free


def is_any(intervals: Intervals, maximum: int) -> bool:
    """Whether intervals cover a whole field."""
    return intervals == ((0, maximum),)


__all__ = ["EMPTY", "FULL", "HEADER_FIELDS", "UDP", "Field", "HeaderSpace", "Interval", "is_any"]
