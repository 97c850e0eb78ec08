"""Which earlier lines hide a line that no packet reaches: the fewest that do, and those that decide its packets otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from secaudit.flows.budget import Budget
from secaudit.network.filters import Action, Certainty, Connection, Filter, FilterLine
from secaudit.network.matches import Family
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace

_SEARCH_LIMIT = 5_000
"""Sets that the search for the fewest lines may look at, for one hidden line."""

Nodes = Mapping[Family, int]
Scope = tuple[frozenset[str] | None, frozenset[str] | None, Connection | None]
"""The interfaces and the connections for which a line holds."""


@dataclass(frozen=True, slots=True)
class Hiding:
    """The positions of lines that together hide a line, and of those that get packets of it first and do something else.

    No line of `by` can be left out. `fewest`: there is no smaller set of earlier lines either.
    """

    by: tuple[int, ...]
    fewest: bool
    differing: tuple[int, ...]


def decides_surely(line: FilterLine) -> bool:
    """Whether a line surely takes what it matches from those behind it."""
    return line.certainty is Certainty.ALWAYS and line.action is not Action.UNKNOWN


def scope_of(line: FilterLine) -> Scope:
    """Where a line holds."""
    return line.ingress, line.egress, line.connection


def covers(scope: Scope, line: FilterLine) -> bool:
    """Whether lines of one scope hold wherever `line` holds."""
    ingress, egress, connection = scope
    if connection not in (None, line.connection):
        return False
    return (ingress is None or (line.ingress is not None and line.ingress <= ingress)) and (
        egress is None or (line.egress is not None and line.egress <= egress)
    )


def hiding_lines(
    filter_: Filter, nodes: Sequence[Nodes], spaces: Mapping[Family, HeaderSpace], index: int, earlier: Sequence[int]
) -> Hiding:
    """Why line `index` is never reached. `nodes` are what the lines match; the caller knows that the earlier ones leave nothing of it.

    `earlier` are, in order, the positions of all earlier lines that match a packet of it and decide surely.
    """
    search = _Search(filter_, nodes, spaces, index, earlier)
    by, fewest = search.fewest()
    return Hiding(by, fewest, search.differing())


class _Search:
    """One hidden line and the lines before it."""

    def __init__(
        self,
        filter_: Filter,
        nodes: Sequence[Nodes],
        spaces: Mapping[Family, HeaderSpace],
        index: int,
        earlier: Sequence[int],
    ) -> None:
        self._lines = filter_.lines
        self._nodes = nodes
        self._spaces = spaces
        self._line = filter_.lines[index]
        self._earlier = earlier
        self._wanted = dict(nodes[index])
        held = (
            (position, self._common(self._wanted, nodes[position]))
            for position in earlier
            if covers(scope_of(filter_.lines[position]), self._line)
        )
        self._candidates = {position: common for position, common in held if not _is_empty(common)}

    def fewest(self) -> tuple[tuple[int, ...], bool]:
        """The positions of the fewest lines that hide it, and whether they surely are the fewest."""
        known = self._irreducible()
        candidates = self._largest()
        budget = Budget(_SEARCH_LIMIT)
        for size in range(1, len(known)):
            found = self._cover(self._wanted, candidates, size, budget)
            if found is not None:
                return tuple(sorted(found)), True
            if budget.exhausted:
                return known, False
        return known, True

    def _irreducible(self) -> tuple[int, ...]:
        """The lines that take its packets, first match first, without those that the others make superfluous."""
        kept = []
        remaining: Nodes = self._wanted
        for position, common in self._candidates.items():
            if not _is_empty(self._common(remaining, common)):
                kept.append(position)
                remaining = self._without(remaining, common)
        for position in reversed(tuple(kept)):
            others = [one for one in kept if one != position]
            if self._hidden_by(others):
                kept = others
        return tuple(kept)

    def _hidden_by(self, positions: Iterable[int]) -> bool:
        chosen = tuple(positions)
        return all(
            space.difference(self._wanted[family], space.union_all(self._candidates[one][family] for one in chosen))
            == EMPTY
            for family, space in self._spaces.items()
        )

    def _largest(self) -> list[int]:
        """The candidates without those that hide no more than another one does."""
        kept: list[int] = []
        for position, common in self._candidates.items():
            if any(_is_empty(self._without(common, self._candidates[one])) for one in kept):
                continue
            kept = [one for one in kept if not _is_empty(self._without(self._candidates[one], common))]
            kept.append(position)
            if len(kept) * len(self._candidates) > _SEARCH_LIMIT * 20:
                return list(self._candidates)
        return kept

    def _cover(self, remaining: Nodes, candidates: list[int], size: int, budget: Budget) -> tuple[int, ...] | None:
        """`size` candidates that leave nothing of `remaining`: some of them must hold a packet of it, so only those are tried."""
        if _is_empty(remaining):
            return ()
        if size == 0:
            return None
        family = next(family for family, node in remaining.items() if node != EMPTY)
        space = self._spaces[family]
        packet = [intervals[0][0] for intervals in next(space.boxes(remaining[family]))]
        for position in candidates:
            if not budget.spend(1):
                return None
            if space.contains(self._candidates[position][family], packet):
                left = self._without(remaining, self._candidates[position])
                found = self._cover(left, candidates, size - 1, budget)
                if found is not None:
                    return (position, *found)
        return None

    def differing(self) -> tuple[int, ...]:
        """The lines that get packets of it first, at some of its interfaces, and do something else with them."""
        remaining: Nodes = self._wanted
        found = []
        for position in self._earlier:
            line = self._lines[position]
            if not meet(line, self._line):
                continue
            if _is_empty(self._common(remaining, self._nodes[position])):
                continue
            if line.action is not self._line.action:
                found.append(position)
            if covers(scope_of(line), self._line):
                remaining = self._without(remaining, self._nodes[position])
                if _is_empty(remaining):
                    break
        return tuple(found)

    def _common(self, left: Nodes, right: Nodes) -> dict[Family, int]:
        return {family: space.intersection(left[family], right[family]) for family, space in self._spaces.items()}

    def _without(self, left: Nodes, right: Nodes) -> dict[Family, int]:
        return {family: space.difference(left[family], right[family]) for family, space in self._spaces.items()}


def _is_empty(nodes: Nodes) -> bool:
    return all(node == EMPTY for node in nodes.values())


def meet(left: FilterLine, right: FilterLine) -> bool:
    """Whether two lines hold for some packets both: an interface and a kind of connection that both name."""
    ports = ((left.ingress, right.ingress), (left.egress, right.egress))
    if any(one is not None and other is not None and not one & other for one, other in ports):
        return False
    return left.connection is None or right.connection is None or left.connection is right.connection
