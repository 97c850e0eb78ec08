"""Filters as packet sets, for one question (mode)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from secaudit.flows.modes import Mode
from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.filters import Action, Certainty, Connection, Filter, FilterLine
from secaudit.network.nat import Translation
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

_UNSURE = Text(
    ja="この行が一致するかどうかは設定からは判断できない。",
    en="whether this line matches cannot be told from the configuration",
)
_UNSURE_DEFAULT = Text(
    ja="どの行にも一致しないときの動作は設定からは判断できない。",
    en="what happens when no line matches cannot be told from the configuration",
)


def acts(line: FilterLine, mode: Mode) -> Action | None:
    """What a line does for a question: permit, deny, or nothing at all (the table of docs/architecture.md)."""
    match line.action:
        case Action.PERMIT:
            if line.certainty is Certainty.ALWAYS:
                return Action.PERMIT
            if line.certainty is Certainty.SOMETIMES:
                return None if mode is Mode.RELIABLE else Action.PERMIT
            return Action.PERMIT if mode is Mode.POSSIBLE else None
        case Action.DENY:
            if line.certainty is Certainty.ALWAYS:
                return Action.DENY
            if line.certainty is Certainty.SOMETIMES:
                return Action.DENY if mode is Mode.RELIABLE else None
            return None if mode is Mode.POSSIBLE else Action.DENY
        case Action.UNKNOWN:
            return Action.PERMIT if mode is Mode.POSSIBLE else Action.DENY
        case _:
            assert_never(line.action)


def _decides(line: FilterLine, action: Action) -> bool:
    """Whether no later line sees the packets. A permit that may not act leaves them to later lines as well (with another translation)."""
    return action is Action.DENY or (line.certainty is Certainty.ALWAYS and line.action is not Action.UNKNOWN)


def _stands_between(line: FilterLine, ingress: str, egress: str) -> bool:
    """Whether a line sees packets between two interfaces that belong to no connection yet: the only ones the engine asks about."""
    return (
        line.connection is not Connection.ESTABLISHED
        and (line.ingress is None or ingress in line.ingress)
        and (line.egress is None or egress in line.egress)
    )


@dataclass(frozen=True, slots=True)
class Permitted:
    """Packets that a filter lets through, and the source translation that goes with them."""

    packets: int
    translation: Translation | None


class FilterCompiler:
    """Compiles filters once each. One compiler belongs to one header space and one mode."""

    def __init__(self, space: HeaderSpace, mode: Mode) -> None:
        self._space = space
        self._mode = mode
        self._by_pair: dict[tuple[int, str, str], tuple[Permitted, ...]] = {}
        self._compiled: dict[tuple[int, tuple[int, ...]], tuple[Permitted, ...]] = {}
        self._keep: list[Filter] = []

    def permitted(self, filter_: Filter, ingress: str, egress: str) -> tuple[Permitted, ...]:
        """What passes from one interface to another, split by translation."""
        pair = (id(filter_), ingress, egress)
        found = self._by_pair.get(pair)
        if found is None:
            found = self._by_pair[pair] = self._by_lines(filter_, ingress, egress)
            self._keep.append(filter_)  # an id is unique only while its object lives
        return found

    def _by_lines(self, filter_: Filter, ingress: str, egress: str) -> tuple[Permitted, ...]:
        """Pairs of interfaces to which the same lines apply share one compilation."""
        chosen = tuple(index for index, line in enumerate(filter_.lines) if _stands_between(line, ingress, egress))
        key = (id(filter_), chosen)
        if key not in self._compiled:
            self._compiled[key] = self._compile(filter_, [filter_.lines[index] for index in chosen])
        return self._compiled[key]

    def _compile(self, filter_: Filter, lines: Sequence[FilterLine]) -> tuple[Permitted, ...]:
        space = self._space
        decided = [
            (action, line.source_translation, space.matches(line.matches), _decides(line, action))
            for line in lines
            if (action := acts(line, self._mode)) is not None
        ]
        default = filter_.default is Action.PERMIT or (
            filter_.default is Action.UNKNOWN and self._mode is Mode.POSSIBLE
        )
        translations: list[Translation | None] = [None]
        translations += [t for _, t, _, _ in decided if t is not None]
        result = []
        for translation in dict.fromkeys(translations):
            leaves = [
                (node if action is Action.PERMIT and held == translation else EMPTY, node if sure else EMPTY)
                for action, held, node, sure in decided
            ]
            permit, seen = self._fold(leaves)
            if default and translation is None:
                permit = space.union(permit, space.difference(space.valid, seen))
            if filter_.stateful:
                permit = space.intersection(permit, space.opening)
            if permit != EMPTY:
                result.append(Permitted(permit, translation))
        return tuple(result)

    def _fold(self, leaves: list[tuple[int, int]]) -> tuple[int, int]:
        """First match wins, as a balanced tree of (permitted, decided) pairs."""
        space = self._space
        if not leaves:
            return EMPTY, EMPTY
        while len(leaves) > 1:
            paired = []
            for i in range(0, len(leaves) - 1, 2):
                (permit, seen), (later_permit, later_seen) = leaves[i], leaves[i + 1]
                permit = space.union(permit, space.difference(later_permit, seen)) if later_permit != EMPTY else permit
                paired.append((permit, space.union(seen, later_seen)))
            if len(leaves) % 2:
                paired.append(leaves[-1])
            leaves = paired
        return leaves[0]

    def deciding(
        self, filter_: Filter, ingress: str, egress: str, packets: int, *, permitting: bool
    ) -> tuple[FilterLine | None, ...]:
        """The lines that let some of `packets` through (or stop them), in order; None stands for the default."""
        space = self._space
        remaining = packets
        found: list[FilterLine | None] = []
        for line in filter_.lines:
            if remaining == EMPTY:
                break
            if not _stands_between(line, ingress, egress):
                continue
            action = acts(line, self._mode)
            if action is None:
                continue
            hit = space.intersection(remaining, space.matches(line.matches))
            if hit != EMPTY:
                if (action is Action.PERMIT) is permitting:
                    found.append(line)
                if _decides(line, action):
                    remaining = space.difference(remaining, hit)
        if remaining != EMPTY:
            passes = filter_.default is Action.PERMIT or (
                filter_.default is Action.UNKNOWN and self._mode is Mode.POSSIBLE
            )
            if passes is permitting:
                found.append(None)
        return tuple(found)

    def explain(
        self, filter_: Filter, ingress: str, egress: str, packets: int
    ) -> tuple[tuple[SourceLine, ...], tuple[Doubt, ...]]:
        """The config lines that let packets through, and the doubts without which they might not pass."""
        lines: list[SourceLine] = []
        for line in self.deciding(filter_, ingress, egress, packets, permitting=True):
            lines.extend(line.sources if line is not None else filter_.default_sources or filter_.sources)
        return tuple(lines), tuple(self._doubts(filter_, ingress, egress, packets))

    def _doubts(self, filter_: Filter, ingress: str, egress: str, packets: int) -> Iterator[Doubt]:
        if self._mode is not Mode.POSSIBLE:
            return
        for line in filter_.lines:
            unsure = line.certainty is Certainty.UNCERTAIN or line.action is Action.UNKNOWN
            if (
                unsure
                and _stands_between(line, ingress, egress)
                and self._space.intersection(packets, self._space.matches(line.matches)) != EMPTY
            ):
                yield Doubt(DoubtKind.UNREAD, line.doubt or _UNSURE, line.sources)
        if filter_.default is Action.UNKNOWN:
            yield Doubt(DoubtKind.UNSUPPORTED, _UNSURE_DEFAULT, filter_.default_sources or filter_.sources)
