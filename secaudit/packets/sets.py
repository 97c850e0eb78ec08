"""Packet sets as the rest of the program uses them: immutable values with `&`, `|`, `-`, over both address families."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from secaudit.network.intervals import Intervals, normalise
from secaudit.network.matches import Family, Match
from secaudit.packets.boxes import Box, boxes_and_rest, readable_boxes
from secaudit.packets.diagrams import EMPTY, FULL
from secaudit.packets.packet import Packet
from secaudit.packets.space import Field, HeaderSpace

_FAMILIES: tuple[Family, Family] = (4, 6)
_COUNTED = 10_000


class Spaces:
    """The two header spaces of one audit, or of several whose sets are to be compared."""

    def __init__(self, node_limit: int = 4_000_000) -> None:
        self.device_addresses: Mapping[Family, Intervals] = {4: (), 6: ()}
        self._by_family: dict[Family, HeaderSpace] = {4: HeaderSpace(4, node_limit), 6: HeaderSpace(6, node_limit)}
        self.nothing = PacketSet(self, EMPTY, EMPTY)
        self.everything = PacketSet(self, FULL, FULL)

    def __getitem__(self, family: Family) -> HeaderSpace:
        return self._by_family[family]

    def leave_out(self, device_addresses: Mapping[Family, Intervals]) -> None:
        """Addresses of devices, which are no hosts: boxes for people have no gaps because of them."""
        self.device_addresses = {
            family: normalise((*known, *device_addresses.get(family, ())))
            for family, known in self.device_addresses.items()
        }

    @contextmanager
    def limited(self, work: int) -> Iterator[None]:
        """Raises `WorkLimitError` when more than so much work is done inside in either space."""
        with self[4].limited(work), self[6].limited(work):
            yield

    def of_matches(self, matches: Iterable[Match]) -> PacketSet:
        """The union of vendor-neutral matches."""
        chosen = tuple(matches)
        return PacketSet(self, self[4].matches(chosen), self[6].matches(chosen))

    def opening(self) -> PacketSet:
        """Valid headers that can open a connection."""
        return PacketSet(
            self,
            self[4].intersection(self[4].valid, self[4].opening),
            self[6].intersection(self[6].valid, self[6].opening),
        )

    def plainly_opening(self) -> PacketSet:
        """Valid headers with which clients do open connections: of TCP those with SYN and no other flag."""
        return PacketSet(
            self,
            self[4].intersection(self[4].valid, self[4].plainly_opening()),
            self[6].intersection(self[6].valid, self[6].plainly_opening()),
        )

    def surely_opening(self, packets: PacketSet) -> PacketSet:
        """The part of a set that opens a connection on every host."""
        return PacketSet(self, self[4].surely_opening(packets.node(4)), self[6].surely_opening(packets.node(6)))


@dataclass(frozen=True, slots=True)
class PacketSet:
    """An exact set of packet headers. Equal sets compare equal; truth value is refused: ask `is_empty`."""

    spaces: Spaces = field(repr=False, compare=False)
    ipv4: int
    ipv6: int

    def __bool__(self) -> bool:
        raise TypeError("a packet set has no truth value: ask is_empty")

    def __and__(self, other: PacketSet) -> PacketSet:
        return PacketSet(
            self.spaces,
            self.spaces[4].intersection(self.ipv4, other.ipv4),
            self.spaces[6].intersection(self.ipv6, other.ipv6),
        )

    def __or__(self, other: PacketSet) -> PacketSet:
        return PacketSet(
            self.spaces,
            self.spaces[4].union(self.ipv4, other.ipv4),
            self.spaces[6].union(self.ipv6, other.ipv6),
        )

    def __sub__(self, other: PacketSet) -> PacketSet:
        return PacketSet(
            self.spaces,
            self.spaces[4].difference(self.ipv4, other.ipv4),
            self.spaces[6].difference(self.ipv6, other.ipv6),
        )

    @property
    def is_empty(self) -> bool:
        """Whether no packet at all is in the set."""
        return self.ipv4 == EMPTY and self.ipv6 == EMPTY

    def node(self, family: Family) -> int:
        """The diagram node of one family."""
        return self.ipv4 if family == 4 else self.ipv6

    def between_same_hosts(self) -> PacketSet:
        """All packets from a source to a destination between which some packet of the set goes."""
        ends = frozenset((Field.DESTINATION, Field.SOURCE))
        return PacketSet(self.spaces, self.spaces[4].keep(self.ipv4, ends), self.spaces[6].keep(self.ipv6, ends))

    def destinations(self, family: Family) -> Intervals:
        """The destination addresses of one family."""
        return (
            normalise(self.spaces[family].values(self.node(family), Field.DESTINATION))
            if self.node(family) != EMPTY
            else ()
        )

    def contains(self, packet: Packet) -> bool:
        """Whether a concrete packet is in the set."""
        family: Family = 4 if packet.family == 4 else 6
        space = self.spaces[family]
        return space.contains(self.node(family), space.packet_values(packet))

    def boxes(self, limit: int = 50) -> tuple[Box, ...]:
        """The set as at most `limit` readable boxes: see `secaudit.packets.boxes`."""
        gaps = self.spaces.device_addresses
        found = readable_boxes(self.spaces[4], self.ipv4, limit, gaps[4])
        return found + readable_boxes(self.spaces[6], self.ipv6, limit - len(found), gaps[6])

    def boxes_and_rest(self, limit: int) -> tuple[tuple[Box, ...], int]:
        """The same, and how many more boxes there are (of all boxes, 10,000 are counted at most)."""
        found: tuple[Box, ...] = ()
        rest = 0
        for family in _FAMILIES:
            gaps = self.spaces.device_addresses[family]
            counted = _COUNTED - len(found) - rest
            boxes, more = boxes_and_rest(self.spaces[family], self.node(family), limit - len(found), counted, gaps)
            found += boxes
            rest += more
        return found, rest

    @property
    def size(self) -> int:
        """How many different headers are in the set, whatever is in the fields that are not on the wire."""
        return sum(self.spaces[family].count_headers(self.node(family)) for family in _FAMILIES)
