"""Interval decision diagrams: exact sets of tuples of whole numbers.

One level per field; a node is `(level, upper bounds, children)`, the last bound being the field's maximum. Adjacent equal
children are merged, a node with one child is its child, and nodes are interned, so two sets are equal exactly when their node
numbers are. `EMPTY` and `FULL` are the two leaves. Recursion is as deep as there are fields.

A `Diagrams` object is a manager: it only ever grows, so use one per municipality and drop it. It is not shared between threads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from operator import eq

from secaudit.network.intervals import Interval, Intervals, normalise
from secaudit.packets.operations import DIFFERENCE, EMPTY, FULL, INTERSECTION, UNION, Operation

__all__ = ["EMPTY", "FULL", "Box", "Diagrams", "TooComplexError", "WorkLimitError"]

Box = tuple[Intervals, ...]
"""One product of interval sets, a field each."""


class TooComplexError(Exception):
    """The node limit was reached. The caller turns it into a per-device or per-pair result."""


class WorkLimitError(TooComplexError):
    """More was done than the caller allows (`Diagrams.limited`); the manager is as good as before."""


class Diagrams:
    """Manager of all sets over one list of fields. `maxima` are the largest values of the fields, top level first."""

    def __init__(self, maxima: Sequence[int], node_limit: int = 4_000_000) -> None:
        self.maxima = tuple(maxima)
        self.depth = len(self.maxima)
        self._limit = node_limit
        self.work = 0
        """How many edges were made so far, known ones again included: what was done, in a measure that is the same on every machine."""
        self._work_limit: int | None = None
        self.levels = [self.depth, self.depth]
        self.bounds: list[tuple[int, ...]] = [(), ()]
        self.children: list[tuple[int, ...]] = [(), ()]
        self._unique: dict[tuple[int, tuple[int, ...], tuple[int, ...]], int] = {}
        self._shared: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._counts: dict[int, int] = {EMPTY: 0, FULL: 1}
        self.intersection = Operation(self, INTERSECTION).of
        self.union = Operation(self, UNION).of
        self.difference = Operation(self, DIFFERENCE).of

    @property
    def size(self) -> int:
        """How many nodes exist."""
        return len(self.levels)

    @contextmanager
    def limited(self, work: int) -> Iterator[None]:
        """Raises `WorkLimitError` when more than so much `work` is done inside. Of limits inside each other the first one reached holds."""
        outer = self._work_limit
        inner = self.work + work
        self._work_limit = inner if outer is None else min(outer, inner)
        try:
            yield
        finally:
            self._work_limit = outer

    # --- construction -------------------------------------------------------------------------------------

    def guard(self, level: int, intervals: Intervals, below: int = FULL) -> int:
        """The tuples whose field `level` is in `intervals` and which are in `below`, a set of lower levels only."""
        if below == EMPTY or not intervals:
            return EMPTY
        maximum = self.maxima[level]
        bounds: list[int] = []
        children: list[int] = []
        position = 0
        for low, high in intervals:
            if low > position:
                bounds.append(low - 1)
                children.append(EMPTY)
            bounds.append(high)
            children.append(below)
            position = high + 1
        if position <= maximum:
            bounds.append(maximum)
            children.append(EMPTY)
        return self.made(level, bounds, children)

    def product(self, constraints: Sequence[tuple[int, Intervals]]) -> int:
        """The tuples that satisfy all of several constraints on different levels."""
        node = FULL
        for level, intervals in sorted(constraints, reverse=True):
            node = self.guard(level, intervals, node)
        return node

    def union_all(self, nodes: Iterable[int]) -> int:
        """The union of many sets, balanced; neighbours in the first field meet first, so that most unions only put together."""
        level = sorted({node for node in nodes if node != EMPTY}, key=self._start)
        while len(level) > 1:
            level = [
                self.union(level[i], level[i + 1]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)
            ]
        return level[0] if level else EMPTY

    def _start(self, node: int) -> tuple[int, int, int, int, int]:
        """Where a set begins: its first two fields, the first value of each, and the node itself for a stable order."""
        if node == FULL:
            return self.depth, 0, self.depth, 0, node
        children = self.children[node]
        empty = children[0] == EMPTY
        first = 0 if not empty else self.bounds[node][0] + 1
        below = children[1] if empty else children[0]
        if below == FULL:
            return self.levels[node], first, self.depth, 0, node
        second = 0 if self.children[below][0] != EMPTY else self.bounds[below][0] + 1
        return self.levels[node], first, self.levels[below], second, node

    def made(self, level: int, bounds: Sequence[int], children: Sequence[int]) -> int:
        """The node with these edges; neighbours differ, as everywhere. Raises `TooComplexError` at a limit."""
        self.work += len(children)
        if self._work_limit is not None and self.work > self._work_limit:
            raise WorkLimitError(f"more than {self._work_limit} edges")
        if len(children) == 1:
            return children[0]
        key = (level, tuple(bounds), tuple(children))
        node = self._unique.get(key)
        if node is None:
            node = len(self.levels)
            if node >= self._limit:
                raise TooComplexError(f"more than {self._limit} nodes")
            shared = self._shared.setdefault(key[1], key[1])  # three of four nodes have the bounds of another
            self._unique[level, shared, key[2]] = node
            self.levels.append(level)
            self.bounds.append(shared)
            self.children.append(key[2])
        return node

    def node(self, level: int, bounds: Sequence[int], children: Sequence[int]) -> int:
        """The same where neighbours may be equal."""
        if not any(map(eq, children, islice(children, 1, None))):
            return self.made(level, bounds, children)
        return self._collect(level, zip(bounds, children, strict=True))

    def _collect(self, level: int, steps: Iterable[tuple[int, int]]) -> int:
        bounds: list[int] = []
        children: list[int] = []
        for bound, child in steps:
            if children and children[-1] == child:
                bounds[-1] = bound
            else:
                bounds.append(bound)
                children.append(child)
        return self.made(level, bounds, children)

    # --- transformation -----------------------------------------------------------------------------------

    def forget(self, node: int, level: int) -> int:
        """Field `level` becomes arbitrary: the union of all values (existential quantification)."""
        return self.rewrite(node, level, lambda steps: self.union_all(child for _, child in steps))

    def keep(self, node: int, levels: frozenset[int]) -> int:
        """All fields but some become arbitrary, in one pass."""
        memo: dict[int, int] = {}
        end = max(levels) + 1

        def walk(one: int) -> int:
            level = self.levels[one]
            if level >= end:
                return EMPTY if one == EMPTY else FULL
            known = memo.get(one)
            if known is None:
                if level in levels:
                    steps = [(b, walk(c)) for b, c in zip(self.bounds[one], self.children[one], strict=True)]
                    known = self._collect(level, steps)
                else:
                    known = self.union_all({walk(child) for child in self.children[one]})
                memo[one] = known
            return known

        return walk(node)

    def assign(self, node: int, level: int, intervals: Intervals) -> int:
        """Field `level` takes any value of `intervals`, whatever it was."""
        return self.rewrite(
            node, level, lambda steps: self.guard(level, intervals, self.union_all(child for _, child in steps))
        )

    def shift(self, node: int, level: int, distance: int) -> int:
        """Field `level` is moved by `distance`. Values that would leave the field are lost; the caller restricts before."""
        maximum = self.maxima[level]

        def move(steps: list[tuple[Interval, int]]) -> int:
            parts = []
            for (low, high), child in steps:
                first, last = max(0, low + distance), min(maximum, high + distance)
                if child != EMPTY and first <= last:
                    parts.append(self.guard(level, ((first, last),), child))
            return self.union_all(parts)

        return self.rewrite(node, level, move)

    def hand_down(self, node: int, level: int, values: Intervals) -> int:
        """The next field takes the value of field `level`, which takes any of `values`. The next one must be arbitrary before."""
        return self.rewrite(node, level, lambda steps: self.guard(level, values, self._placed(level + 1, steps)))

    def hand_up(self, node: int, level: int) -> int:
        """Field `level` takes the value of the next one, which becomes arbitrary. Values that `level` cannot have are lost."""
        maximum = self.maxima[level]

        def raised(child: int) -> int:
            if self.levels[child] != level + 1:
                return child
            return self._placed(level, ((span, below) for span, below in self.steps(child) if span[0] <= maximum))

        return self.rewrite(node, level, lambda steps: self.union_all({raised(child) for _, child in steps}))

    def _placed(self, level: int, steps: Iterable[tuple[Interval, int]]) -> int:
        """The node of a field with these edges, from 0 on and without gaps; beyond the last is nothing."""
        maximum = self.maxima[level]
        edges = [(min(high, maximum), child) for (_, high), child in steps]
        if edges[-1][0] < maximum:
            edges.append((maximum, EMPTY))
        return self._collect(level, edges)

    def _by_child(self, node: int) -> dict[int, Intervals]:
        """The values that lead to each subset."""
        found: dict[int, list[Interval]] = {}
        for interval, child in self.steps(node):
            if child != EMPTY:
                found.setdefault(child, []).append(interval)
        return {child: tuple(intervals) for child, intervals in found.items()}

    def rewrite(self, node: int, level: int, change: Callable[[list[tuple[Interval, int]]], int]) -> int:
        """Replaces every subset that begins at `level` by `change` of its steps; levels above stay."""
        memo: dict[int, int] = {}

        def walk(one: int) -> int:
            if one == EMPTY:
                return EMPTY
            known = memo.get(one)
            if known is not None:
                return known
            if self.levels[one] < level:
                result = self._collect(
                    self.levels[one],
                    [(b, walk(c)) for b, c in zip(self.bounds[one], self.children[one], strict=True)],
                )
            elif self.levels[one] == level:
                result = change(list(self.steps(one)))
            else:
                result = change([((0, self.maxima[level]), one)])
            memo[one] = result
            return result

        return walk(node)

    def steps(self, node: int) -> Iterator[tuple[Interval, int]]:
        """The edges of a node: an interval of its field, and what it leads to."""
        low = 0
        for high, child in zip(self.bounds[node], self.children[node], strict=True):
            yield (low, high), child
            low = high + 1

    # --- questions ----------------------------------------------------------------------------------------

    def contains(self, node: int, values: Sequence[int]) -> bool:
        """Whether one tuple is in the set."""
        while node > FULL:
            node = self.children[node][bisect_left(self.bounds[node], values[self.levels[node]])]
        return node == FULL

    def values(self, node: int, level: int) -> Intervals:
        """All values that field `level` takes in the set."""
        found: set[Interval] = set()
        seen = {EMPTY}
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            if self.levels[one] > level:
                return ((0, self.maxima[level]),)
            if self.levels[one] == level:
                found.update(interval for interval, child in self.steps(one) if child != EMPTY)
            else:
                waiting.extend(set(self.children[one]) - seen)
        return normalise(found)

    def count(self, node: int) -> int:
        """How many tuples are in the set, exactly."""
        return self._count_below(node) * self._volume(0, self.levels[node])

    def _count_below(self, node: int) -> int:
        known = self._counts.get(node)
        if known is None:
            level = self.levels[node]
            known = sum(
                (high - low + 1) * self._count_below(child) * self._volume(level + 1, self.levels[child])
                for (low, high), child in self.steps(node)
                if child != EMPTY
            )
            self._counts[node] = known
        return known

    def _volume(self, first: int, end: int) -> int:
        volume = 1
        for level in range(first, end):
            volume *= self.maxima[level] + 1
        return volume

    def boxes(self, node: int) -> Iterator[Box]:
        """The set as disjoint products of interval sets, in a stable order; edges to the same child are one box."""
        yield from self._boxes(node, 0, [])

    def _boxes(self, node: int, level: int, prefix: list[Intervals]) -> Iterator[Box]:
        if node == EMPTY:
            return
        while level < self.levels[node] and level < self.depth:
            prefix = [*prefix, ((0, self.maxima[level]),)]
            level += 1
        if node == FULL:
            yield tuple(prefix)
            return
        for child, intervals in self._by_child(node).items():
            yield from self._boxes(child, level + 1, [*prefix, intervals])
