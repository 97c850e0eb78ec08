"""Filter lines that no packet can reach, because earlier lines match everything they would."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.network.filters import Action, Certainty, Connection, Filter, FilterLine
from secaudit.network.matches import Family
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace

_FAMILIES: tuple[Family, Family] = (4, 6)

_Scope = tuple[frozenset[str] | None, frozenset[str] | None, Connection | None]
"""The interfaces and the connections for which a line holds."""


@dataclass(frozen=True, slots=True)
class DeadLine:
    """An unreachable line, the labels of the earlier lines that together hide it, and whether one of them decides differently."""

    label: str
    line: FilterLine
    by: tuple[str, ...]
    contradicts: bool


def dead_lines(filter_: Filter) -> tuple[DeadLine, ...]:
    """The unreachable lines of a filter. Lines that are not certain to match hide nothing.

    Lines of a policy are compared within the interface pairs they name: a line is hidden by those that hold for all of its pairs.
    """
    if not filter_.lines:
        return ()
    spaces = {family: HeaderSpace(family) for family in _FAMILIES}
    nodes = [{family: spaces[family].matches(line.matches) for family in _FAMILIES} for line in filter_.lines]
    hidden: list[DeadLine] = []
    groups: dict[_Scope, dict[Family, int]] = {}
    for index, line in enumerate(filter_.lines):
        scope = (line.ingress, line.egress, line.connection)
        seen = {
            family: spaces[family].union_all(held[family] for one, held in groups.items() if _covers(one, line))
            for family in _FAMILIES
        }
        empty = all(nodes[index][family] == EMPTY for family in _FAMILIES)
        if not empty and all(
            spaces[family].difference(nodes[index][family], seen[family]) == EMPTY for family in _FAMILIES
        ):
            by = _hiders(filter_, nodes, spaces, index)
            hidden.append(
                DeadLine(
                    label=line.label,
                    line=line,
                    by=tuple(one.label for one in by),
                    contradicts=any(one.action is not line.action for one in by),
                )
            )
        if line.certainty is Certainty.ALWAYS and line.action is not Action.UNKNOWN:
            held = groups.setdefault(scope, dict.fromkeys(_FAMILIES, EMPTY))
            for family in _FAMILIES:
                held[family] = spaces[family].union(held[family], nodes[index][family])
    return tuple(hidden)


def _covers(scope: _Scope, line: FilterLine) -> bool:
    """Whether lines of one scope hold wherever `line` holds."""
    ingress, egress, connection = scope
    if connection not in (None, line.connection):
        return False
    return (ingress is None or (line.ingress is not None and line.ingress <= ingress)) and (
        egress is None or (line.egress is not None and line.egress <= egress)
    )


def _hiders(
    filter_: Filter, nodes: list[dict[Family, int]], spaces: dict[Family, HeaderSpace], index: int
) -> list[FilterLine]:
    """Earlier lines that take packets of the hidden line before it, in order."""
    line = filter_.lines[index]
    remaining = dict(nodes[index])
    found = []
    for earlier, held in zip(filter_.lines[:index], nodes[:index], strict=True):
        certain = earlier.certainty is Certainty.ALWAYS and earlier.action is not Action.UNKNOWN
        if not certain or not _covers((earlier.ingress, earlier.egress, earlier.connection), line):
            continue
        taken = False
        for family in _FAMILIES:
            space = spaces[family]
            if space.intersection(remaining[family], held[family]) != EMPTY:
                remaining[family] = space.difference(remaining[family], held[family])
                taken = True
        if taken:
            found.append(earlier)
        if all(node == EMPTY for node in remaining.values()):
            break
    return found
