"""Filter lines that no packet can reach, because earlier lines match everything they would."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from secaudit.flows.hiding import Scope, covers, decides_surely, hiding_lines, scope_of
from secaudit.network.filters import Filter, FilterLine
from secaudit.network.matches import Family
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


def dead_lines(filter_: Filter) -> tuple[DeadLine, ...]:
    """The unreachable lines of a filter. Lines that are not certain to match hide nothing.

    Lines of a policy are compared within the interface pairs they name: a line is hidden by those that hold for all of its pairs.
    """
    if not filter_.lines:
        return ()
    spaces = {family: HeaderSpace(family) for family in _FAMILIES}
    nodes = [{family: spaces[family].matches(line.matches) for family in _FAMILIES} for line in filter_.lines]
    found: list[DeadLine] = []
    groups: dict[Scope, dict[Family, int]] = {}
    for index, line in enumerate(filter_.lines):
        if all(node == EMPTY for node in nodes[index].values()) or frozenset() in (line.ingress, line.egress):
            found.append(DeadLine(line.label, line, DeadKind.EMPTY))
            continue
        seen = {
            family: spaces[family].union_all(held[family] for scope, held in groups.items() if covers(scope, line))
            for family in _FAMILIES
        }
        if all(spaces[family].difference(nodes[index][family], seen[family]) == EMPTY for family in _FAMILIES):
            hiding = hiding_lines(filter_, nodes, spaces, index)
            found.append(
                DeadLine(
                    label=line.label,
                    line=line,
                    by=tuple(filter_.lines[one].label for one in hiding.by),
                    fewest=hiding.fewest,
                    differing=tuple(filter_.lines[one].label for one in hiding.differing),
                )
            )
        if decides_surely(line):
            held = groups.setdefault(scope_of(line), dict.fromkeys(_FAMILIES, EMPTY))
            for family in _FAMILIES:
                held[family] = spaces[family].union(held[family], nodes[index][family])
    return tuple(found)
