"""Which earlier lines hide a line that no packet reaches: the fewest that do, and those that decide its packets otherwise."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from secaudit.flows.budget import Budget
from secaudit.flows.scopes import scope_of
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.matches import Family
from secaudit.packets.address_index import AddressIndex
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace

_SEARCH_LIMIT = 5_000
"""Sets that the search for the fewest lines may look at, for one hidden line."""

Nodes = Mapping[Family, int]
"""Packets of both families; one that has none is not there."""


@dataclass(frozen=True, slots=True)
class Hiding:
    """The positions of lines that together hide a line, and of those that get packets of it first and do something else.

    No line of `by` can be left out. `fewest`: there is no smaller set of earlier lines either.
    """

    by: tuple[int, ...]
    fewest: bool
    differing: tuple[int, ...]


class MatchedLines:
    """The lines of a filter, and the packets that each matches: computed when they are asked for, since most are not."""

    def __init__(self, lines: Sequence[FilterLine], spaces: Mapping[Family, HeaderSpace]) -> None:
        self.lines = lines
        self.spaces = spaces
        self._known: dict[int, Nodes] = {}

    def packets(self, index: int) -> Nodes:
        """What line `index` matches."""
        if index not in self._known:
            matches = self.lines[index].matches
            self._known[index] = {
                family: node
                for family, space in self.spaces.items()
                if any(one.family == family for one in matches) and (node := space.matches(matches)) != EMPTY
            }
        return self._known[index]


def decides_surely(line: FilterLine) -> bool:
    """Whether a line surely takes what it matches from those behind it."""
    return line.certainty is Certainty.ALWAYS and line.action is not Action.UNKNOWN


class EarlierLines:
    """For the hidden lines of a filter: the earlier lines that have to do with each."""

    def __init__(self, matched: MatchedLines) -> None:
        self._matched = matched
        self._scopes = [scope_of(line) for line in matched.lines]
        self._decides = [decides_surely(line) for line in matched.lines]
        self._indices: dict[Family, AddressIndex] = {}

    def _index(self, family: Family) -> AddressIndex:
        if family not in self._indices:
            self._indices[family] = AddressIndex(family, (line.matches for line in self._matched.lines))
        return self._indices[family]

    def hiding(self, index: int) -> Hiding:
        """Why line `index` is never reached. The caller knows that earlier ones leave nothing of it, and that it matches something."""
        scope = self._scopes[index]
        wanted = self._matched.packets(index)
        cover = _Cover(self._matched.spaces, wanted)
        for position, common in self._meeting(index):
            if self._scopes[position].covers(scope) and cover.add(position, common):
                break
        by, fewest = cover.fewest()
        return Hiding(by, fewest, self._differing(index))

    def _differing(self, index: int) -> tuple[int, ...]:
        """The lines that get packets of it first, at some of its interfaces, and do something else with them."""
        matched = self._matched
        line, scope = matched.lines[index], self._scopes[index]
        remaining = matched.packets(index)
        found = []
        for position, _ in self._meeting(index):
            held = matched.packets(position)
            if not intersection(matched.spaces, remaining, held):
                continue
            if matched.lines[position].action is not line.action:
                found.append(position)
            if self._scopes[position].covers(scope):
                remaining = difference(matched.spaces, remaining, held)
                if not remaining:
                    break
        return tuple(found)

    def _meeting(self, index: int) -> Iterator[tuple[int, Nodes]]:
        """The earlier lines, in order, that surely decide about packets of it at some of its interfaces, and those packets."""
        matched = self._matched
        wanted, scope = matched.packets(index), self._scopes[index]
        near = heapq.merge(*(self._index(family).near_matches(matched.lines[index].matches) for family in wanted))
        for position, _ in groupby(near):
            if position >= index:
                return
            if self._decides[position] and self._scopes[position].meets(scope):
                common = intersection(matched.spaces, wanted, matched.packets(position))
                if common:
                    yield position, common


def intersection(spaces: Mapping[Family, HeaderSpace], left: Nodes, right: Nodes) -> Nodes:
    """What is in both."""
    return {
        family: common
        for family, node in left.items()
        if family in right and (common := spaces[family].intersection(node, right[family])) != EMPTY
    }


def difference(spaces: Mapping[Family, HeaderSpace], left: Nodes, right: Nodes) -> Nodes:
    """What is in the first only."""
    return {
        family: rest
        for family, node in left.items()
        if (rest := spaces[family].difference(node, right.get(family, EMPTY))) != EMPTY
    }


class _Cover:
    """The search for the fewest of some sets that hold all of another one."""

    def __init__(self, spaces: Mapping[Family, HeaderSpace], wanted: Nodes) -> None:
        self._spaces = spaces
        self._wanted = wanted
        self._candidates: dict[int, Nodes] = {}
        self._alone: int | None = None

    def add(self, position: int, common: Nodes) -> bool:
        """One more candidate, with what it holds of what is wanted: True when that is all of it, and no other is needed."""
        if common == self._wanted:
            self._alone = position
            return True
        self._candidates[position] = common
        return False

    def fewest(self) -> tuple[tuple[int, ...], bool]:
        """The positions of the fewest that do, and whether they surely are the fewest."""
        if self._alone is not None:
            return (self._alone,), True
        known = self._irreducible()
        candidates = self._largest()
        budget = Budget(_SEARCH_LIMIT)
        for size in range(2, len(known)):
            found = self._cover(self._wanted, candidates, size, budget)
            if found is not None:
                return tuple(sorted(found)), True
            if budget.exhausted:
                return known, False
        return known, True

    def _irreducible(self) -> tuple[int, ...]:
        """Those that take its packets, first match first, without those that the others make superfluous."""
        kept = []
        remaining: Nodes = self._wanted
        for position, common in self._candidates.items():
            left = self._without(remaining, common)
            if left != remaining:
                kept.append(position)
                remaining = left
        for position in reversed(tuple(kept)):
            others = [one for one in kept if one != position]
            if self._hidden_by(others):
                kept = others
        return tuple(kept)

    def _hidden_by(self, positions: Iterable[int]) -> bool:
        chosen = tuple(positions)
        return all(
            space.union_all(self._candidates[one].get(family, EMPTY) for one in chosen) == self._wanted[family]
            for family, space in self._spaces.items()
            if family in self._wanted
        )

    def _largest(self) -> list[int]:
        """The candidates without those that hide no more than another one does."""
        kept: list[int] = []
        for position, common in self._candidates.items():
            if any(not self._without(common, self._candidates[one]) for one in kept):
                continue
            kept = [one for one in kept if self._without(self._candidates[one], common)]
            kept.append(position)
            if len(kept) * len(self._candidates) > _SEARCH_LIMIT * 20:
                return list(self._candidates)
        return kept

    def _cover(self, remaining: Nodes, candidates: list[int], size: int, budget: Budget) -> tuple[int, ...] | None:
        """`size` candidates that leave nothing of `remaining`: some of them must hold a packet of it, so only those are tried."""
        if not remaining:
            return ()
        if size == 0:
            return None
        family = next(iter(remaining))
        space = self._spaces[family]
        packet = [intervals[0][0] for intervals in next(space.boxes(remaining[family]))]
        for position in candidates:
            if not budget.spend(1):
                return None
            if space.contains(self._candidates[position].get(family, EMPTY), packet):
                left = self._without(remaining, self._candidates[position])
                found = self._cover(left, candidates, size - 1, budget)
                if found is not None:
                    return (position, *found)
        return None

    def _without(self, left: Nodes, right: Nodes) -> Nodes:
        return difference(self._spaces, left, right)
