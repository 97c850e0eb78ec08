"""A set cut into parts by the value of one field, all parts in one pass."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping

from secaudit.network.intervals import Interval, Intervals
from secaudit.packets.diagrams import EMPTY, Diagrams

Piece = tuple[int, int, int, int]
"""First value, last value, label of the part, and the subset of the lower fields that these values lead to."""


class Partition:
    """Disjoint sets of values of one field, each with a number as its label. Values in none of them belong to no part."""

    def __init__(self, parts: Iterable[tuple[int, Intervals]]) -> None:
        held = sorted((low, high, label) for label, intervals in parts for low, high in intervals)
        self._lows = [low for low, _, _ in held]
        self._highs = [high for _, high, _ in held]
        self._labels = [label for _, _, label in held]

    def within(self, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """The pieces of one interval: first and last value, and the label."""
        lows, highs = self._lows, self._highs
        index = bisect_left(highs, low)
        while index < len(lows) and lows[index] <= high:
            yield max(low, lows[index]), min(high, highs[index]), self._labels[index]
            index += 1


def split(diagrams: Diagrams, node: int, level: int, partition: Partition) -> Mapping[int, int]:
    """The part of a set for every label whose values occur in it. It costs about as many edges as the parts have together."""
    levels = diagrams.levels
    memo: dict[int, Mapping[int, int]] = {EMPTY: {}}

    def cut(steps: Iterable[tuple[Interval, int]]) -> Iterator[Piece]:
        for (low, high), child in steps:
            if child != EMPTY:
                for first, last, label in partition.within(low, high):
                    yield first, last, label, child

    def walk(one: int) -> Mapping[int, int]:
        known = memo.get(one)
        if known is None:
            if levels[one] < level:
                known = gathered(diagrams, one, walk)
            else:
                steps = diagrams.steps(one) if levels[one] == level else [((0, diagrams.maxima[level]), one)]
                known = _assembled(diagrams, level, cut(steps))
            memo[one] = known
        return known

    return walk(node)


def gathered(diagrams: Diagrams, node: int, below: Callable[[int], Mapping[int, int]]) -> Mapping[int, int]:
    """A set cut into the parts that `below` makes of the subsets of its edges."""
    pieces = (
        (low, high, label, subset)
        for (low, high), child in diagrams.steps(node)
        for label, subset in below(child).items()
    )
    return _assembled(diagrams, diagrams.levels[node], pieces)


def _assembled(diagrams: Diagrams, level: int, pieces: Iterable[Piece]) -> Mapping[int, int]:
    """One node for every label; the pieces come in ascending order."""
    edges: dict[int, tuple[list[int], list[int]]] = {}
    for low, high, label, subset in pieces:
        held = edges.get(label)
        if held is None:
            held = edges[label] = ([], [])
        bounds, children = held
        if low and (not bounds or bounds[-1] < low - 1):
            bounds.append(low - 1)
            children.append(EMPTY)
        if children and children[-1] == subset:
            bounds[-1] = high
        else:
            bounds.append(high)
            children.append(subset)
    maximum = diagrams.maxima[level]
    for bounds, children in edges.values():
        if bounds[-1] < maximum:
            bounds.append(maximum)
            children.append(EMPTY)
    return {label: diagrams.made(level, bounds, children) for label, (bounds, children) in edges.items()}
