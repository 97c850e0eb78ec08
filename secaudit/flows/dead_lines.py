"""Filter lines that no packet can reach, because earlier lines match everything they would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from secaudit.flows.hiding import Nodes, Scope, covers, decides_surely, hiding_lines, meet, scope_of
from secaudit.network.filters import Filter, FilterLine
from secaudit.network.matches import Family
from secaudit.packets.coverage import Coverage
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace

_FAMILIES: tuple[Family, Family] = (4, 6)


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
    spaces = {family: HeaderSpace(family) for family in _FAMILIES}
    with spaces[4].limited(work), spaces[6].limited(work):
        return tuple(_dead_lines(filter_, spaces))


def _dead_lines(filter_: Filter, spaces: Mapping[Family, HeaderSpace]) -> Iterator[DeadLine]:
    lines = filter_.lines
    nodes: list[Nodes] = [{family: space.matches(line.matches) for family, space in spaces.items()} for line in lines]
    earlier: dict[int, list[int]] = {}
    for scope in dict.fromkeys(map(scope_of, lines)):
        earlier.update(_hidden(lines, scope, nodes, spaces))
    for index, line in enumerate(lines):
        if all(node == EMPTY for node in nodes[index].values()) or frozenset() in (line.ingress, line.egress):
            yield DeadLine(line.label, line, DeadKind.EMPTY)
        elif index in earlier:
            hiding = hiding_lines(filter_, nodes, spaces, index, earlier[index])
            yield DeadLine(
                label=line.label,
                line=line,
                by=tuple(lines[one].label for one in hiding.by),
                fewest=hiding.fewest,
                differing=tuple(lines[one].label for one in hiding.differing),
            )


def _hidden(
    lines: Sequence[FilterLine], scope: Scope, nodes: Sequence[Nodes], spaces: Mapping[Family, HeaderSpace]
) -> dict[int, list[int]]:
    """The lines of one scope all of whose packets earlier lines take, each with the earlier lines that hold for some of its packets."""
    example = next(line for line in lines if scope_of(line) == scope)
    near = [i for i, one in enumerate(lines) if scope_of(one) == scope or (decides_surely(one) and meet(one, example))]
    covering = [i for i in near if scope_of(lines[i]) == scope or covers(scope_of(lines[i]), example)]
    parts = _coverage(lines, covering, nodes, spaces)
    answers = zip(covering, *(part.covered() for part in parts), strict=True)
    hidden = [index for index, *by_family in answers if all(by_family) and scope_of(lines[index]) == scope]
    if hidden and near != covering:
        parts = _coverage(lines, near, nodes, spaces)
    position = {index: here for here, index in enumerate(near)}
    return {index: sorted({near[one] for part in parts for one in part.meeting(position[index])}) for index in hidden}


def _coverage(
    lines: Sequence[FilterLine],
    chosen: Sequence[int],
    nodes: Sequence[Nodes],
    spaces: Mapping[Family, HeaderSpace],
) -> list[Coverage]:
    """What some lines take of each other, by address family."""
    hides = [decides_surely(lines[index]) for index in chosen]
    return [Coverage(space, [nodes[index][family] for index in chosen], hides) for family, space in spaces.items()]
