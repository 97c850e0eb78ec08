"""A field's values moved into a lower field: what a packet's source was, kept while a translation gives it another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from secaudit.network.intervals import Interval, Intervals, normalise
from secaudit.packets.operations import EMPTY

if TYPE_CHECKING:
    from secaudit.packets.diagrams import Diagrams

_Parts = tuple[tuple[int, int], ...]
"""Different sets, none empty, each with its values of the upper field: a bit for each interval of them."""


class MoveDown:
    """One move in one manager.

    The subsets that the upper field leads to are followed side by side, each with the values that lead to it: most soon become the same, and
    then go on as one. Putting the values into one subset after the other and uniting the results costs several times as much.
    """

    def __init__(self, diagrams: Diagrams, upper: int, lower: int, values: Intervals, offset: int) -> None:
        self._diagrams = diagrams
        self._upper = upper
        self._lower = lower
        self._values = values
        self._offset = offset
        self._numbers: dict[Interval, int] = {}
        self._intervals: list[Interval] = []
        self._spans: dict[int, Intervals] = {}
        self._known: dict[_Parts, int] = {(): EMPTY}

    def of(self, node: int) -> int:
        """The set with the field moved."""
        return self._diagrams.rewrite(node, self._upper, self._moved)

    def _moved(self, steps: Iterable[tuple[Interval, int]]) -> int:
        together: dict[int, int] = {}
        for interval, child in steps:
            if child != EMPTY:
                together[child] = together.get(child, 0) | 1 << self._number(interval)
        return self._diagrams.guard(self._upper, self._values, self._below(_in_order(together)))

    def _number(self, interval: Interval) -> int:
        number = self._numbers.get(interval)
        if number is None:
            number = self._numbers[interval] = len(self._intervals)
            self._intervals.append((interval[0] + self._offset, interval[1] + self._offset))
        return number

    def _below(self, parts: _Parts) -> int:
        known = self._known.get(parts)
        if known is None:
            level = min(self._diagrams.levels[child] for child, _ in parts)
            known = self._known[parts] = self._side_by_side(parts, level) if level < self._lower else self._put(parts)
        return known

    def _side_by_side(self, parts: _Parts, level: int) -> int:
        diagrams = self._diagrams
        current: dict[int, int] = {}
        turns: dict[int, list[tuple[int, int, int]]] = {}
        for node, values in parts:
            if diagrams.levels[node] != level:
                current[node] = current.get(node, 0) | values
                continue
            bounds, children = diagrams.bounds[node], diagrams.children[node]
            current[children[0]] = current.get(children[0], 0) | values
            for edge in range(len(bounds) - 1):
                turns.setdefault(bounds[edge], []).append((children[edge], children[edge + 1], values))
        bounds_of_all = [*sorted(turns), diagrams.maxima[level]]
        found = []
        for bound in bounds_of_all:
            found.append(self._below(_in_order(current)))
            for before, after, values in turns.get(bound, ()):
                current[before] ^= values  # no value leads to two parts
                current[after] = current.get(after, 0) | values
        return diagrams.node(level, bounds_of_all, found)

    def _put(self, parts: _Parts) -> int:
        diagrams = self._diagrams
        together: dict[int, int] = {}
        for node, values in parts:
            below = diagrams.union_all(diagrams.children[node]) if diagrams.levels[node] == self._lower else node
            together[below] = together.get(below, 0) | values
        return diagrams.union_all(
            diagrams.guard(self._lower, self._spans_of(values), below) for below, values in together.items()
        )

    def _spans_of(self, values: int) -> Intervals:
        found = self._spans.get(values)
        if found is None:
            chosen, left = [], values
            while left:
                bit = left & -left
                chosen.append(self._intervals[bit.bit_length() - 1])
                left ^= bit
            found = self._spans[values] = normalise(chosen)
        return found


def _in_order(together: dict[int, int]) -> _Parts:
    return tuple(sorted((node, values) for node, values in together.items() if values and node != EMPTY))
