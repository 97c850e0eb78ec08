"""The three binary operations on diagrams: intersection, union, difference.

Each remembers its results. Where one operand is constant over many edges of the other, the answer over that run is either constant as well or
a copy of the other operand, and is taken over as a slice: a small set combined with a very wide one costs about as much as the small one.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from secaudit.packets.diagrams import Diagrams

EMPTY = 0
FULL = 1
_NEVER = -1
_SHIFT = 32
_MASK = (1 << _SHIFT) - 1
_MEMORY_LIMIT = 400_000
"""Results that one operation remembers at most; then it forgets all of them and begins again."""


@dataclass(frozen=True, slots=True)
class Law:
    """What a binary operation does with leaves.

    A left (right) operand that is `absorbing_left` (`absorbing_right`) makes the result `absorbed` whatever the other is; one that is `neutral_left`
    (`neutral_right`) makes it the other operand. Two equal operands give themselves when `idempotent`, else nothing.
    """

    absorbed: int
    absorbing_left: int
    absorbing_right: int
    neutral_left: int
    neutral_right: int
    idempotent: bool
    commutes: bool


INTERSECTION = Law(EMPTY, EMPTY, EMPTY, FULL, FULL, idempotent=True, commutes=True)
UNION = Law(FULL, FULL, FULL, EMPTY, EMPTY, idempotent=True, commutes=True)
DIFFERENCE = Law(EMPTY, EMPTY, FULL, _NEVER, EMPTY, idempotent=False, commutes=False)


class Operation(dict[int, int]):
    """One operation of one manager: results by pair of operands, neither of which is a leaf that decides.

    A dictionary that fills itself costs one look-up for a known pair, where a memoised function costs a call as well.
    """

    def __init__(self, diagrams: Diagrams, law: Law) -> None:
        super().__init__()
        self._diagrams = diagrams
        self._law = law

    def of(self, a: int, b: int) -> int:
        """The result for two nodes."""
        law = self._law
        if a == law.absorbing_left or b == law.absorbing_right:
            return law.absorbed
        if a == b:
            return a if law.idempotent else EMPTY
        if a == law.neutral_left:
            return b
        if b == law.neutral_right:
            return a
        if law.commutes and a > b:
            a, b = b, a
        if len(self) > _MEMORY_LIMIT:
            self.clear()
        return self[a << _SHIFT | b]

    def __missing__(self, key: int) -> int:
        a, b = key >> _SHIFT, key & _MASK
        levels = self._diagrams.levels
        if levels[a] == levels[b]:
            result = self._side_by_side(a, b)
        elif levels[a] < levels[b]:
            result = self._left_above(a, b)
        else:
            result = self._right_above(a, b)
        self[key] = result
        return result

    def _left_above(self, a: int, b: int) -> int:
        """The left operand has a field that the right one does not look at."""
        diagrams, law = self._diagrams, self._law
        absorbing, neutral, commutes = law.absorbing_left, law.neutral_left, law.commutes
        same = b if law.idempotent else EMPTY
        children: list[int] = []
        for child in diagrams.children[a]:
            if child == absorbing:
                children.append(law.absorbed)
            elif child == neutral:
                children.append(b)
            elif child == b:
                children.append(same)
            elif commutes and child > b:
                children.append(self[b << _SHIFT | child])
            else:
                children.append(self[child << _SHIFT | b])
        return diagrams.node(diagrams.levels[a], diagrams.bounds[a], children)

    def _right_above(self, a: int, b: int) -> int:
        """The right operand has a field that the left one does not look at."""
        if self._law.commutes:
            return self._left_above(b, a)
        diagrams, law = self._diagrams, self._law
        absorbing, neutral = law.absorbing_right, law.neutral_right
        children: list[int] = []
        for child in diagrams.children[b]:
            if child == absorbing:
                children.append(law.absorbed)
            elif child == neutral:
                children.append(a)
            elif child == a:
                children.append(EMPTY)
            else:
                children.append(self[a << _SHIFT | child])
        return diagrams.node(diagrams.levels[b], diagrams.bounds[b], children)

    def _side_by_side(self, a: int, b: int) -> int:
        """Both look at the same field: along the bounds of both, runs at a time."""
        diagrams, law = self._diagrams, self._law
        absorbed, absorbing_left, absorbing_right = law.absorbed, law.absorbing_left, law.absorbing_right
        neutral_left, neutral_right = law.neutral_left, law.neutral_right
        idempotent, commutes = law.idempotent, law.commutes
        bounds_a, bounds_b = diagrams.bounds[a], diagrams.bounds[b]
        children_a, children_b = diagrams.children[a], diagrams.children[b]
        bounds: list[int] = []
        children: list[int] = []
        last = _NEVER
        i = j = merged = 0
        end = len(bounds_a)
        while i < end:
            x, y = bounds_a[i], bounds_b[j]
            left, right = children_a[i], children_b[j]
            if left == absorbing_left:
                bound, value = x, absorbed
                i += 1
                if y <= x:
                    j = bisect_left(bounds_b, x, j)
                    if bounds_b[j] == x:
                        j += 1
            elif right == absorbing_right:
                bound, value = y, absorbed
                j += 1
                if x <= y:
                    i = bisect_left(bounds_a, y, i)
                    if bounds_a[i] == y:
                        i += 1
            elif left == neutral_left:
                if y < x:
                    k = bisect_left(bounds_b, x, j)
                    if right == last:
                        bounds.pop()
                        children.pop()
                    bounds += bounds_b[j:k]
                    children += children_b[j:k]
                    last = children[-1]
                    j = k
                bound, value = x, children_b[j]
                i += 1
                if bounds_b[j] == x:
                    j += 1
            elif right == neutral_right:
                if x < y:
                    k = bisect_left(bounds_a, y, i)
                    if left == last:
                        bounds.pop()
                        children.pop()
                    bounds += bounds_a[i:k]
                    children += children_a[i:k]
                    last = children[-1]
                    i = k
                bound, value = y, children_a[i]
                j += 1
                if bounds_a[i] == y:
                    i += 1
            else:
                if left == right:
                    value = left if idempotent else EMPTY
                elif commutes and left > right:
                    value = self[right << _SHIFT | left]
                else:
                    value = self[left << _SHIFT | right]
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
                merged += 1
            else:
                bounds.append(bound)
                children.append(value)
                last = value
        diagrams.work += merged
        return diagrams.made(diagrams.levels[a], bounds, children)
