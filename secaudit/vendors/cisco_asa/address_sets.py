"""Sets of addresses that many NAT lines are compared with, one after the other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter

from secaudit.network.intervals import Intervals, intersect


class Union:
    """Addresses that are added and asked for in turn."""

    def __init__(self) -> None:
        self._lows: list[int] = []
        self._highs: list[int] = []

    def add(self, addresses: Intervals) -> None:
        """Adds addresses; what touches becomes one interval."""
        for low, high in addresses:
            start, end = bisect_left(self._highs, low - 1), bisect_right(self._lows, high + 1)
            if start < end:
                low, high = min(low, self._lows[start]), max(high, self._highs[end - 1])
            self._lows[start:end], self._highs[start:end] = [low], [high]

    def meets(self, addresses: Intervals) -> bool:
        """Whether some of these addresses are among them."""
        for low, high in addresses:
            place = bisect_left(self._highs, low)
            if place < len(self._lows) and self._lows[place] <= high:
                return True
        return False


_FEW = 8
"""Intervals that are gone through faster than searched."""


def clipped(few: Intervals, many: Intervals) -> Intervals:
    """What is in both, where one of the two may be very long: nothing far away is looked at."""
    if not (few and many):
        return ()
    if len(many) <= _FEW:
        return intersect(few, many)
    start = max(0, bisect_right(many, few[0][0], key=itemgetter(0)) - 1)
    return intersect(few, many[start : bisect_right(many, few[-1][1], key=itemgetter(0))])
