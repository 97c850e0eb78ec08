"""Filter lines that no packet can reach, because earlier lines match everything they would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from secaudit.flows.hiding import EarlierLines, MatchedLines, decides_surely
from secaudit.flows.reached import ReachedLines
from secaudit.flows.scopes import by_scope
from secaudit.network.filters import Filter, FilterLine
from secaudit.network.matches import Family
from secaudit.packets.coverage import Coverage
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace

_FAMILIES: tuple[Family, Family] = (4, 6)
_FEW = 2
"""Up to one line in so many is looked at alone; of more, unions are computed."""
_MOST_LOOKED_AT = 40_000
"""Looking at each line of a list takes the square of their number, unions nearly their number: here they meet."""


class DeadKind(Enum):
    """Why no packet reaches a line."""

    HIDDEN = "hidden"
    """Earlier lines match all of its packets."""
    EMPTY = "empty"
    """It matches no packet at all."""


@dataclass(frozen=True, slots=True)
class DeadLine:
    """An unreachable line.

    `by` are the labels of earlier lines that together hide it, none of which can be left out; `fewest`: no smaller set of earlier lines
    hides it (else the search for one was stopped). `differing` are the labels of the earlier lines that get some of its packets
    first and do something else with them.
    """

    label: str
    line: FilterLine
    kind: DeadKind = DeadKind.HIDDEN
    by: tuple[str, ...] = ()
    fewest: bool = True
    differing: tuple[str, ...] = ()

    @property
    def contradicts(self) -> bool:
        """Whether an earlier line decides otherwise about packets of this one, so that it does not do what it says."""
        return bool(self.differing)


WORK_OF_A_FILTER = 200_000_000
"""How many edges (`Diagrams.work`) the dead lines of one filter may cost, some minutes of computing."""


def dead_lines(filter_: Filter, work: int = WORK_OF_A_FILTER) -> tuple[DeadLine, ...]:
    """The unreachable lines of a filter. Lines that are not certain to match hide nothing. Raises `TooComplexError`.

    Lines of a policy are compared within the interface pairs they name: a line is hidden by those that hold for all of its pairs.
    """
    with _matched(filter_, work) as matched:
        earlier = EarlierLines(matched)
        return tuple(_explained(matched, earlier, index) for index in _unreachable(matched))


def unreachable_positions(filter_: Filter, work: int = WORK_OF_A_FILTER) -> tuple[int, ...]:
    """Only which lines of a filter are dead, in order. Raises `TooComplexError`."""
    with _matched(filter_, work) as matched:
        return tuple(_unreachable(matched))


@contextmanager
def _matched(filter_: Filter, work: int) -> Iterator[MatchedLines]:
    spaces = {family: HeaderSpace(family) for family in _FAMILIES}
    with spaces[4].limited(work), spaces[6].limited(work):
        yield MatchedLines(filter_.lines, spaces)


def _explained(matched: MatchedLines, earlier: EarlierLines, index: int) -> DeadLine:
    lines = matched.lines
    line = lines[index]
    if _is_empty(matched, index):
        return DeadLine(line.label, line, DeadKind.EMPTY)
    hiding = earlier.hiding(index)
    return DeadLine(
        label=line.label,
        line=line,
        by=tuple(lines[one].label for one in hiding.by),
        fewest=hiding.fewest,
        differing=tuple(lines[one].label for one in hiding.differing),
    )


def _is_empty(matched: MatchedLines, index: int) -> bool:
    line = matched.lines[index]
    return not matched.packets(index) or frozenset() in (line.ingress, line.egress)


def _unreachable(matched: MatchedLines) -> list[int]:
    """The positions of the lines that no packet reaches, in order."""
    if len(matched.lines) > _MOST_LOOKED_AT:
        return _hidden_of_many(matched)
    reached = ReachedLines(matched.lines, _FAMILIES)
    suspects = [index for index in range(len(matched.lines)) if not reached.is_reached(index)]
    if len(suspects) * _FEW <= len(matched.lines):
        return [index for index in suspects if _is_empty(matched, index) or _is_hidden(matched, reached, index)]
    return _hidden_of_many(matched)


def _is_hidden(matched: MatchedLines, reached: ReachedLines, index: int) -> bool:
    """Whether earlier lines take all packets of one line."""
    for family, packets in matched.packets(index).items():
        space = matched.spaces[family]
        left = packets
        for position in reached.near(index, family):
            left = space.difference(left, matched.packets(position).get(family, EMPTY))
            if left == EMPTY:
                break
        if left != EMPTY:
            return False
    return True


def _hidden_of_many(matched: MatchedLines) -> list[int]:
    """The same where very many lines may be: their unions are computed once for all of them."""
    groups = by_scope(matched.lines)
    found: list[int] = []
    for scope, own in groups.items():
        covering = [own]
        covering += [
            [index for index in others if decides_surely(matched.lines[index])]
            for other, others in groups.items()
            if other != scope and other.covers(scope)
        ]
        found += _hidden(matched, own, sorted(index for group in covering for index in group))
    return sorted(found)


def _hidden(matched: MatchedLines, own: Sequence[int], near: Sequence[int]) -> Iterator[int]:
    """Those of some lines all of whose packets earlier ones of those near take, or that have none."""
    hides = [decides_surely(matched.lines[index]) for index in near]
    answers = [
        Coverage(space, [matched.packets(index).get(family, EMPTY) for index in near], hides).covered()
        for family, space in matched.spaces.items()
    ]
    hidden = {index for index, *by_family in zip(near, *answers, strict=True) if all(by_family)}
    return (index for index in own if index in hidden or _is_empty(matched, index))
