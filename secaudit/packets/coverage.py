"""A list of sets, and what earlier ones take of later ones."""

from __future__ import annotations

from collections.abc import Sequence

from secaudit.packets.diagrams import EMPTY, Diagrams


class Coverage:
    """Sets in order, some of which `hide` packets from later ones."""

    def __init__(self, space: Diagrams, nodes: Sequence[int], hides: Sequence[bool]) -> None:
        self._space = space
        self._asked = self._unions(nodes)
        self._held = self._asked
        if not all(hides):
            self._held = self._unions([node if one else EMPTY for node, one in zip(nodes, hides, strict=True)])

    @property
    def hidden(self) -> int:
        """What all that hide hold together."""
        return self._space.union_all(self._held[-1])

    def covered(self) -> list[bool]:
        """For each set, whether the earlier ones that hide hold all of it together. An empty set is covered."""
        return [before == node for before, node in zip(self._before(), self._asked[0], strict=True)]

    def left(self) -> list[int]:
        """What the earlier ones that hide leave of each set."""
        difference = self._space.difference
        return [difference(node, before) for before, node in zip(self._before(), self._asked[0], strict=True)]

    def _before(self) -> list[int]:
        """What the earlier ones that hide hold of each set. Divide and conquer: down the tree of unions goes what is held of each part."""
        space, asked, held = self._space, self._asked, self._held
        result = list(asked[0])
        waiting = [(len(asked) - 1, 0, EMPTY)] if result else []
        if len(asked[-1]) == 2:
            waiting.append((len(asked) - 1, 1, space.intersection(held[-1][0], asked[-1][1])))
        while waiting:
            height, index, before = waiting.pop()
            if before == asked[height][index]:
                continue  # nothing is left of the whole part, as `result` has it from the beginning
            if height == 0:
                result[index] = before
                continue
            height -= 1
            left = 2 * index
            waiting.append((height, left, space.intersection(before, asked[height][left])))
            if left + 1 < len(asked[height]):
                right = asked[height][left + 1]
                own = space.intersection(held[height][left], right)
                waiting.append((height, left + 1, space.union(space.intersection(before, right), own)))
        return result

    def _unions(self, nodes: Sequence[int]) -> list[list[int]]:
        """The sets, the unions of two neighbours each, and so on up to two: the union of all, the dearest, is seldom asked for."""
        union = self._space.union
        levels = [list(nodes)]
        while len(levels[-1]) > 2:
            below = levels[-1]
            pairs = [union(left, right) for left, right in zip(below[::2], below[1::2], strict=False)]
            levels.append([*pairs, *below[2 * len(pairs) :]])
        return levels
