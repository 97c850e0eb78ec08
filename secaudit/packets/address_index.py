"""Which of many matches may have a packet in common with a set: told by their addresses alone, before anything is computed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from operator import xor

from secaudit.network.intervals import Intervals, normalise
from secaudit.network.matches import Family, Match
from secaudit.packets.space import Field, HeaderSpace

_BLOCK = 512
"""Members whose addresses are cut into pieces together: memory grows with their number, not with its square."""
_MOST = 64
"""Intervals that one side is looked at with; of more only where they begin and where they end."""


class AddressIndex:
    """Members (each the union of some matches), to be found by destination and source addresses of one family.

    What it finds may have nothing in common with what is asked for after all; what it does not find has nothing in common with it.
    """

    def __init__(self, family: Family, members: Iterable[Iterable[Match]]) -> None:
        self._family = family
        sides = [self._sides(one) for one in members]
        self._blocks = [
            (first, _Pieces([one for one, _ in part]), _Pieces([one for _, one in part]))
            for first in range(0, len(sides), _BLOCK)
            if (part := sides[first : first + _BLOCK])
        ]

    def near_matches(self, matches: Iterable[Match]) -> Iterator[int]:
        """The numbers, in order, of the members that may share a packet with any of some matches."""
        return self._near(*self._sides(matches))

    def near_packet(self, destination: int, source: int) -> Iterator[int]:
        """The same for the addresses of one packet."""
        return self._near(((destination, destination),), ((source, source),))

    def near_packets(self, space: HeaderSpace, packets: int) -> Iterator[int]:
        """The same for a set of packets."""
        return self._near(
            _roughly(space.values(packets, Field.DESTINATION)), _roughly(space.values(packets, Field.SOURCE))
        )

    def _near(self, destinations: Intervals, sources: Intervals) -> Iterator[int]:
        for first, by_destination, by_source in self._blocks:
            found = by_destination.held(destinations)
            if found:
                found &= by_source.held(sources)
            while found:
                bit = found & -found
                yield first + bit.bit_length() - 1
                found ^= bit

    def _sides(self, matches: Iterable[Match]) -> tuple[Intervals, Intervals]:
        """The destinations and the sources of some matches."""
        chosen = [one for one in matches if one.family == self._family]
        return (
            _roughly(normalise(part for one in chosen for part in one.destinations)),
            _roughly(normalise(part for one in chosen for part in one.sources)),
        )


class _Pieces:
    """The values of one field, cut where any member begins or ends: the members that hold each piece, as bits of a number."""

    def __init__(self, members: Sequence[Intervals]) -> None:
        turns = {0: 0}
        for number, intervals in enumerate(members):
            bit = 1 << number
            for low, high in intervals:
                turns[low] = turns.get(low, 0) ^ bit
                turns[high + 1] = turns.get(high + 1, 0) ^ bit
        self._starts = sorted(turns)
        self._held = list(accumulate((turns[start] for start in self._starts), xor))

    def held(self, wanted: Intervals) -> int:
        """The members that hold any of the values."""
        found = 0
        for low, high in wanted:
            first = bisect_right(self._starts, low) - 1
            for members in self._held[first : bisect_right(self._starts, high, first)]:
                found |= members
        return found


def _roughly(intervals: Intervals) -> Intervals:
    return intervals if len(intervals) <= _MOST else ((intervals[0][0], intervals[-1][1]),)
