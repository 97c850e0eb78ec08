"""Interval decision diagrams: exact sets of tuples of whole numbers.

One level per field; a node is `(level, upper bounds, children)`, the last bound being the field's maximum. Adjacent equal
children are merged, a node with one child is its child, and nodes are interned, so two sets are equal exactly when their node
numbers are. `EMPTY` and `FULL` are the two leaves. Recursion is as deep as there are fields.

A `Diagrams` object is a manager: it only ever grows, so use one per municipality and drop it. It is not shared between threads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from secaudit.network.intervals import Interval, Intervals

EMPTY = 0
FULL = 1

Box = tuple[Intervals, ...]
"""One product of interval sets, a field each."""


class TooComplexError(Exception):
    """The node limit was reached. The caller turns it into a per-device or per-pair result."""


class Diagrams:
    """Manager of all sets over one list of fields. `maxima` are the largest values of the fields, top level first."""

    def __init__(self, maxima: Sequence[int], node_limit: int = 4_000_000) -> None:
        self.maxima = tuple(maxima)
        self.depth = len(self.maxima)
        self._limit = node_limit
        self._level = [self.depth, self.depth]
        self._bounds: list[tuple[int, ...]] = [(), ()]
        self._children: list[tuple[int, ...]] = [(), ()]
        self._unique: dict[tuple[int, tuple[int, ...], tuple[int, ...]], int] = {}
        self._counts: dict[int, int] = {EMPTY: 0, FULL: 1}
        self._intersections = _Operation(self, _intersection_leaf, commutes=True)
        self._unions = _Operation(self, _union_leaf, commutes=True)
        self._differences = _Operation(self, _difference_leaf, commutes=False)

    @property
    def size(self) -> int:
        """How many nodes exist."""
        return len(self._level)

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
        return self._make(level, bounds, children)

    def product(self, constraints: Sequence[tuple[int, Intervals]]) -> int:
        """The tuples that satisfy all of several constraints on different levels."""
        node = FULL
        for level, intervals in sorted(constraints, reverse=True):
            node = self.guard(level, intervals, node)
        return node

    def union_all(self, nodes: Iterable[int]) -> int:
        """The union of many sets, balanced."""
        level = [node for node in nodes if node != EMPTY]
        while len(level) > 1:
            level = [
                self.union(level[i], level[i + 1]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)
            ]
        return level[0] if level else EMPTY

    def _make(self, level: int, bounds: Sequence[int], children: Sequence[int]) -> int:
        if len(children) == 1:
            return children[0]
        key = (level, tuple(bounds), tuple(children))
        node = self._unique.get(key)
        if node is None:
            node = len(self._level)
            if node >= self._limit:
                raise TooComplexError(f"more than {self._limit} nodes")
            self._unique[key] = node
            self._level.append(level)
            self._bounds.append(key[1])
            self._children.append(key[2])
        return node

    def _collect(self, level: int, steps: Iterable[tuple[int, int]]) -> int:
        bounds: list[int] = []
        children: list[int] = []
        for bound, child in steps:
            if children and children[-1] == child:
                bounds[-1] = bound
            else:
                bounds.append(bound)
                children.append(child)
        return self._make(level, bounds, children)

    def intersection(self, a: int, b: int) -> int:
        """The tuples in both sets."""
        return self._intersections[a, b]

    def union(self, a: int, b: int) -> int:
        """The tuples in either set."""
        return self._unions[a, b]

    def difference(self, a: int, b: int) -> int:
        """The tuples of `a` that are not in `b`."""
        return self._differences[a, b]

    def combine(self, a: int, b: int, memo: Mapping[tuple[int, int], int]) -> int:
        """One step of a binary operation: the children are combined pairwise, by the operation that `memo` is."""
        level_a, level_b = self._level[a], self._level[b]
        bounds: list[int] = []
        children: list[int] = []
        last = -1
        if level_a != level_b:
            upper = a if level_a < level_b else b
            level = min(level_a, level_b)
            for bound, child in zip(self._bounds[upper], self._children[upper], strict=True):
                value = memo[child, b] if upper == a else memo[a, child]
                if value == last:
                    bounds[-1] = bound
                else:
                    bounds.append(bound)
                    children.append(value)
                    last = value
            return self._make(level, bounds, children)
        bounds_a, bounds_b = self._bounds[a], self._bounds[b]
        children_a, children_b = self._children[a], self._children[b]
        i = j = 0
        end = len(bounds_a)
        while i < end:
            x, y = bounds_a[i], bounds_b[j]
            value = memo[children_a[i], children_b[j]]
            if x <= y:
                bound = x
                i += 1
                if x == y:
                    j += 1
            else:
                bound = y
                j += 1
            if value == last:
                bounds[-1] = bound
            else:
                bounds.append(bound)
                children.append(value)
                last = value
        return self._make(level_a, bounds, children)

    # --- transformation -----------------------------------------------------------------------------------

    def forget(self, node: int, level: int) -> int:
        """Field `level` becomes arbitrary: the union of all values (existential quantification)."""
        return self._rewrite(node, level, lambda steps: self.union_all(child for _, child in steps))

    def truncate(self, node: int, level: int) -> int:
        """All fields from `level` on become arbitrary, in one pass."""
        memo: dict[int, int] = {}

        def walk(one: int) -> int:
            if self._level[one] >= level:
                return EMPTY if one == EMPTY else FULL
            known = memo.get(one)
            if known is None:
                steps = [(b, walk(c)) for b, c in zip(self._bounds[one], self._children[one], strict=True)]
                known = memo[one] = self._collect(self._level[one], steps)
            return known

        return walk(node)

    def assign(self, node: int, level: int, intervals: Intervals) -> int:
        """Field `level` takes any value of `intervals`, whatever it was."""
        return self._rewrite(
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

        return self._rewrite(node, level, move)

    def copy_field(self, node: int, upper: int, lower: int, offset: int = 0) -> int:
        """Field `lower` (a later level) takes the range of values that `upper` has, plus `offset`.

        A range stays a range: the two fields are then related range by range, not value by value.
        """
        free = self.forget(node, lower)

        def copied(low: int, high: int, child: int) -> int:
            if child == EMPTY:
                return EMPTY
            return self.intersection(child, self.guard(lower, ((low + offset, high + offset),)))

        def copy(steps: list[tuple[Interval, int]]) -> int:
            return self._collect(upper, [(high, copied(low, high, child)) for (low, high), child in steps])

        return self._rewrite(free, upper, copy)

    def move_up(self, node: int, lower: int, upper: int, offset: int = 0) -> int:
        """Field `upper` takes the values of `lower` minus `offset`, and `lower` becomes 0. Values below `offset` are lost."""
        free = self.forget(node, upper)
        parts = []
        for low, high in self._breaks(free, lower):
            piece = self.intersection(free, self.guard(lower, ((low, high),)))
            if piece != EMPTY and high >= offset:
                piece = self.assign(piece, lower, ((0, 0),))
                parts.append(self.intersection(piece, self.guard(upper, ((max(low - offset, 0), high - offset),))))
        return self.union_all(parts)

    def _breaks(self, node: int, level: int) -> list[Interval]:
        """The ranges of field `level` inside which the set does not depend on its value."""
        ends = {self.maxima[level]}
        seen = set()
        stack = [node]
        while stack:
            one = stack.pop()
            if one in seen or self._level[one] > level:
                continue
            seen.add(one)
            if self._level[one] == level:
                ends.update(self._bounds[one])
            else:
                stack.extend(self._children[one])
        low = 0
        result = []
        for high in sorted(ends):
            result.append((low, high))
            low = high + 1
        return result

    def _rewrite(self, node: int, level: int, change: Callable[[list[tuple[Interval, int]]], int]) -> int:
        """Replaces every subset that begins at `level` by `change` of its steps; levels above stay."""
        memo: dict[int, int] = {}

        def walk(one: int) -> int:
            if one == EMPTY:
                return EMPTY
            known = memo.get(one)
            if known is not None:
                return known
            if self._level[one] < level:
                result = self._collect(
                    self._level[one],
                    [(b, walk(c)) for b, c in zip(self._bounds[one], self._children[one], strict=True)],
                )
            elif self._level[one] == level:
                result = change(list(self._steps(one)))
            else:
                result = change([((0, self.maxima[level]), one)])
            memo[one] = result
            return result

        return walk(node)

    def _steps(self, node: int) -> Iterator[tuple[Interval, int]]:
        low = 0
        for high, child in zip(self._bounds[node], self._children[node], strict=True):
            yield (low, high), child
            low = high + 1

    # --- questions ----------------------------------------------------------------------------------------

    def contains(self, node: int, values: Sequence[int]) -> bool:
        """Whether one tuple is in the set."""
        while node > FULL:
            node = self._children[node][bisect_left(self._bounds[node], values[self._level[node]])]
        return node == FULL

    def values(self, node: int, level: int) -> Intervals:
        """All values that field `level` takes in the set."""
        kept = node
        for other in range(self.depth):
            if other != level:
                kept = self.forget(kept, other)
        if kept == EMPTY:
            return ()
        if kept == FULL:
            return ((0, self.maxima[level]),)
        return tuple(interval for interval, child in self._steps(kept) if child != EMPTY)

    def count(self, node: int) -> int:
        """How many tuples are in the set, exactly."""
        return self._count_below(node) * self._volume(0, self._level[node])

    def _count_below(self, node: int) -> int:
        known = self._counts.get(node)
        if known is None:
            level = self._level[node]
            known = sum(
                (high - low + 1) * self._count_below(child) * self._volume(level + 1, self._level[child])
                for (low, high), child in self._steps(node)
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
        while level < self._level[node] and level < self.depth:
            prefix = [*prefix, ((0, self.maxima[level]),)]
            level += 1
        if node == FULL:
            yield tuple(prefix)
            return
        by_child: dict[int, list[Interval]] = {}
        for interval, child in self._steps(node):
            if child != EMPTY:
                by_child.setdefault(child, []).append(interval)
        for child, intervals in by_child.items():
            yield from self._boxes(child, level + 1, [*prefix, tuple(intervals)])


class _Operation(dict[tuple[int, int], int]):
    """A binary operation that remembers its results: looking up a pair of nodes computes it when it is new.

    A dictionary that fills itself costs one look-up for a known pair, where a memoised function costs a call as well.
    """

    def __init__(self, diagrams: Diagrams, leaf: Callable[[int, int], int | None], *, commutes: bool) -> None:
        super().__init__()
        self._diagrams = diagrams
        self._leaf = leaf
        self._commutes = commutes

    def __missing__(self, key: tuple[int, int]) -> int:
        a, b = key
        result = self._leaf(a, b)
        if result is None:
            if self._commutes and a > b:
                result = self[b, a]
            else:
                result = self._diagrams.combine(a, b, self)
        self[key] = result
        return result


def _intersection_leaf(a: int, b: int) -> int | None:
    if a == EMPTY or b == EMPTY:
        return EMPTY
    if a in (FULL, b):
        return b
    if b == FULL:
        return a
    return None


def _union_leaf(a: int, b: int) -> int | None:
    if a == FULL or b == FULL:
        return FULL
    if a in (EMPTY, b):
        return b
    if b == EMPTY:
        return a
    return None


def _difference_leaf(a: int, b: int) -> int | None:
    if a in (EMPTY, b) or b == FULL:
        return EMPTY
    if b == EMPTY:
        return a
    return None
