"""A list of sets, and what earlier ones take of later ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from secaudit.packets.diagrams import EMPTY, Diagrams


class UnionTree:
    """Sets in order, with their unions up a balanced tree: a set is never compared with those that have nothing in common with it."""

    def __init__(self, space: Diagrams, nodes: Sequence[int]) -> None:
        self._space = space
        self.levels = [list(nodes)]
        """The sets, the unions of two neighbours each, and so on up to one."""
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            pairs = [space.union(left, right) for left, right in zip(below[::2], below[1::2], strict=False)]
            self.levels.append([*pairs, *below[2 * len(pairs) :]])

    def meeting(self, wanted: int, before: int | None = None) -> Iterator[int]:
        """The positions, in order, of the sets that have something in common with `wanted`; only those `before` a position."""
        end = len(self.levels[0]) if before is None else before
        waiting = [(len(self.levels) - 1, 0)] if end else []
        while waiting:
            height, position = waiting.pop()
            if position << height >= end or self._space.intersection(wanted, self.levels[height][position]) == EMPTY:
                continue
            if height == 0:
                yield position
                continue
            if 2 * position + 1 < len(self.levels[height - 1]):
                waiting.append((height - 1, 2 * position + 1))
            waiting.append((height - 1, 2 * position))


class Coverage:
    """Sets in order, some of which `hide` packets from later ones."""

    def __init__(self, space: Diagrams, nodes: Sequence[int], hides: Sequence[bool]) -> None:
        self._space = space
        self._asked = UnionTree(space, nodes)
        self._held = UnionTree(space, [node if one else EMPTY for node, one in zip(nodes, hides, strict=True)])

    def covered(self) -> list[bool]:
        """For each set, whether the earlier ones that hide hold all of it together. An empty set is covered.

        Divide and conquer: down the tree of unions goes what earlier sets hold of each part.
        """
        space, asked, held = self._space, self._asked.levels, self._held.levels
        result = [node == EMPTY for node in asked[0]]
        waiting = [(len(asked) - 1, 0, EMPTY)] if result else []
        while waiting:
            height, index, before = waiting.pop()
            before = space.intersection(before, asked[height][index])
            if height == 0:
                result[index] = before == asked[0][index]
                continue
            left = 2 * index
            waiting.append((height - 1, left, before))
            if left + 1 < len(asked[height - 1]):
                right = asked[height - 1][left + 1]
                own = space.intersection(held[height - 1][left], right)
                waiting.append((height - 1, left + 1, space.union(space.intersection(before, right), own)))
        return result

    def meeting(self, index: int) -> Iterator[int]:
        """The earlier sets that hide something of one set, in order."""
        return self._held.meeting(self._asked.levels[0][index], index)
