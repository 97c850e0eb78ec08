"""Filters as packet sets, for one question (mode)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from secaudit.flows.budget import Budget
from secaudit.flows.modes import Mode
from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.filters import Action, Certainty, Connection, Filter, FilterLine
from secaudit.network.nat import Translation
from secaudit.packets.coverage import UnionTree
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace
from secaudit.text.bilingual import Text

RULING_COST = 100
"""How many lines one more part of a set is worth: it is carried on through all that follows."""
_LONG = 64
"""From so many lines on those that have to do with some packets are searched for in a tree of unions."""
_OFTEN = 16
"""... once so many questions were asked about it."""
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
    action = line.action
    if action is Action.UNKNOWN and mode is not Mode.POSSIBLE:
        action = Action.DENY
    match action:
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
            return Action.PERMIT
        case _:
            assert_never(action)


def _decides(line: FilterLine, action: Action) -> bool:
    """Whether no later line sees the packets. A permit that may not act leaves them to later lines as well (with another translation)."""
    return action is Action.DENY or (line.certainty is Certainty.ALWAYS and line.action is not Action.UNKNOWN)


def _unsure(line: FilterLine) -> bool:
    return line.certainty is Certainty.UNCERTAIN or line.action is Action.UNKNOWN


def _is_passed_over(line: FilterLine, action: Action | None) -> bool:
    """Whether a permit does nothing for the question, but may act all the same: then its translation holds, and no later line's."""
    return action is None and line.action is Action.PERMIT


def _may_deny(line: FilterLine) -> bool:
    """Whether a line that the question passes over, or takes for a permit, could stop packets."""
    return _unsure(line) and line.action is not Action.PERMIT


def _stands_between(line: FilterLine, ingress: str, egress: str) -> bool:
    """Whether a line sees packets between two interfaces that belong to no connection yet: the only ones the engine asks about."""
    return (
        line.connection is not Connection.ESTABLISHED
        and (line.ingress is None or ingress in line.ingress)
        and (line.egress is None or egress in line.egress)
    )


def _runs(lines: Iterable[tuple[int, bool, bool]]) -> list[tuple[bool, list[int]]]:
    """Neighbouring lines of one kind together: those that permit, and those that bar. Lines are (packets, permits, decides)."""
    runs: list[tuple[bool, list[int]]] = []
    for node, permits, decides in lines:
        if permits or decides:
            if not runs or runs[-1][0] is not permits:
                runs.append((permits, []))
            runs[-1][1].append(node)
    return runs


@dataclass(frozen=True, slots=True)
class Permitted:
    """Packets that a filter lets through, and the source translation that goes with them."""

    packets: int
    translation: Translation | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """Packets about which one line decides (`position` in the filter; None: its default).

    `doubts` are those without which it might not let them through.
    """

    packets: int
    permits: bool
    position: int | None
    line: FilterLine | None
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class _Acting:
    """A line with what it does for the question (None: nothing) and what it matches."""

    position: int
    line: FilterLine
    action: Action | None
    packets: int


class FilterCompiler:
    """Compiles filters once each. One compiler belongs to one header space and one mode."""

    def __init__(self, space: HeaderSpace, mode: Mode) -> None:
        self._space = space
        self._mode = mode
        self._by_pair: dict[tuple[int, str, str], tuple[Permitted, ...]] = {}
        self._compiled: dict[tuple[int, tuple[int, ...]], tuple[Permitted, ...]] = {}
        self._acting: dict[tuple[int, str, str], tuple[_Acting, ...]] = {}
        self._trees: dict[tuple[int, str, str], UnionTree] = {}
        self._sure: dict[int, bool] = {}
        self._asked: dict[tuple[int, str, str], int] = {}
        self._keep: list[Filter] = []

    def permitted(self, filter_: Filter, ingress: str, egress: str) -> tuple[Permitted, ...]:
        """What passes from one interface to another, split by translation."""
        pair = (id(filter_), ingress, egress)
        found = self._by_pair.get(pair)
        if found is None:
            found = self._by_pair[pair] = self._by_lines(filter_, ingress, egress)
            self._keep.append(filter_)  # an id is unique only while its object lives
        return found

    def is_sure(self, filter_: Filter) -> bool:
        """Whether what every line does can be told."""
        found = self._sure.get(id(filter_))
        if found is None:
            found = filter_.default is not Action.UNKNOWN and not any(map(_unsure, filter_.lines))
            self._sure[id(filter_)] = found
            self._keep.append(filter_)
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
        translating = any(line.source_translation is not None for line in lines)
        decided = [
            (
                action,
                line.source_translation,
                space.matches(line.matches),
                action is not None and _decides(line, action),
            )
            for line in lines
            if (action := acts(line, self._mode)) is not None or (translating and _is_passed_over(line, action))
        ]
        default = filter_.default is Action.PERMIT or (
            filter_.default is Action.UNKNOWN and self._mode is Mode.POSSIBLE
        )
        translations: list[Translation | None] = [None]
        translations += [t for _, t, _, _ in decided if t is not None]
        result = []
        for translation in dict.fromkeys(translations):
            runs = _runs(
                (
                    node,
                    action is Action.PERMIT and held == translation,
                    sure or (action is None and held != translation),
                )
                for action, held, node, sure in decided
            )
            permit, barred = self._fold(runs)
            if default and translation is None:
                permit = space.union(permit, space.difference(space.valid, barred))
            if filter_.stateful:
                permit = space.intersection(permit, space.opening)
            if permit != EMPTY:
                result.append(Permitted(permit, translation))
        return tuple(result)

    def _fold(self, runs: Sequence[tuple[bool, list[int]]]) -> tuple[int, int]:
        """First match wins, as a balanced tree of pairs: what is permitted, and what earlier lines bar from later ones.

        What is barred may hold packets that are permitted already: those stay permitted. So a run of permits is one union and
        costs no subtraction, and what is barred stays small where most lines permit.
        """
        space = self._space
        pairs = [
            (space.union_all(nodes), EMPTY) if permits else (EMPTY, space.union_all(nodes)) for permits, nodes in runs
        ]
        if not pairs:
            return EMPTY, EMPTY
        while len(pairs) > 1:
            folded = []
            for (permit, barred), (later_permit, later_barred) in zip(pairs[::2], pairs[1::2], strict=False):
                permit = space.union(permit, space.difference(later_permit, barred))
                folded.append((permit, space.union(barred, later_barred)))
            if len(pairs) % 2:
                folded.append(pairs[-1])
            pairs = folded
        return pairs[0]

    def rulings(self, filter_: Filter, ingress: str, egress: str, packets: int, budget: Budget) -> Iterator[Ruling]:
        """Packets split by the line that decides about them, in order. A permit that may not act leaves them to later lines as well.

        Looking at a line costs one unit of the budget, a decision `RULING_COST`; when it is exhausted there are no more.
        """
        found = self._rulings(filter_, ingress, egress, packets, budget)
        if self._mode is Mode.POSSIBLE or all(line.source_translation is None for line in filter_.lines):
            yield from found
            return
        space = self._space
        passed_over = [
            (position, line.source_translation, space.matches(line.matches))
            for position, line in enumerate(filter_.lines)
            if _stands_between(line, ingress, egress) and _is_passed_over(line, acts(line, self._mode))
        ]
        for ruling in found:
            translation = None if ruling.line is None else ruling.line.source_translation
            barred = space.union_all(
                node
                for position, other, node in passed_over
                if other != translation and (ruling.position is None or position < ruling.position)
            )
            unsure = space.intersection(ruling.packets, barred)
            if not ruling.permits or unsure == EMPTY:
                yield ruling
                continue
            yield replace(ruling, packets=unsure, permits=False)
            sure = space.difference(ruling.packets, barred)
            if sure != EMPTY:
                yield replace(ruling, packets=sure)

    def _rulings(self, filter_: Filter, ingress: str, egress: str, packets: int, budget: Budget) -> Iterator[Ruling]:
        space = self._space
        acting = self._acting_lines(filter_, ingress, egress)
        budget.spend(len(acting) + 1)
        remaining = space.intersection(packets, space.opening) if filter_.stateful else packets
        skipped: list[_Acting] = []
        tree = self._tree((id(filter_), ingress, egress), acting)
        for one in acting if tree is None else (acting[index] for index in tree.meeting(remaining)):
            if remaining == EMPTY or budget.exhausted:
                return
            hit = space.intersection(remaining, one.packets)
            if hit == EMPTY:
                continue
            if one.action is not None:
                permits = one.action is Action.PERMIT
                unsure = [*skipped, one] if _unsure(one.line) else skipped
                doubts = tuple(self._line_doubts(unsure, hit)) if permits else ()
                budget.spend(RULING_COST)
                yield Ruling(hit, permits, one.position, one.line, doubts)
                if _decides(one.line, one.action):
                    remaining = space.difference(remaining, hit)
            if _may_deny(one.line):
                skipped.append(one)
        remaining = space.intersection(remaining, space.valid)
        if remaining != EMPTY and budget.spend(RULING_COST):
            permits = filter_.default is Action.PERMIT or (
                filter_.default is Action.UNKNOWN and self._mode is Mode.POSSIBLE
            )
            found = list(self._line_doubts(skipped, remaining)) if permits else []
            if permits and filter_.default is Action.UNKNOWN:
                found.append(Doubt(DoubtKind.UNSUPPORTED, _UNSURE_DEFAULT, filter_.default_sources or filter_.sources))
            yield Ruling(remaining, permits, None, None, tuple(found))

    def _acting_lines(self, filter_: Filter, ingress: str, egress: str) -> tuple[_Acting, ...]:
        """The lines between two interfaces that do anything for the question, or might."""
        key = (id(filter_), ingress, egress)
        found = self._acting.get(key)
        if found is None:
            found = self._acting[key] = tuple(
                _Acting(position, line, acts(line, self._mode), self._space.matches(line.matches))
                for position, line in enumerate(filter_.lines)
                if _stands_between(line, ingress, egress)
            )
            self._keep.append(filter_)
        return found

    def _tree(self, key: tuple[int, str, str], acting: Sequence[_Acting]) -> UnionTree | None:
        """What to search lines in, for a long filter about which much is asked; for the first questions it would cost more than it saves."""
        tree = self._trees.get(key)
        if tree is None and len(acting) >= _LONG:
            self._asked[key] = self._asked.get(key, 0) + 1
            if self._asked[key] > _OFTEN:
                tree = self._trees[key] = UnionTree(self._space, [one.packets for one in acting])
        return tree

    def _line_doubts(self, lines: Sequence[_Acting], packets: int) -> Iterator[Doubt]:
        if self._mode is not Mode.POSSIBLE:
            return
        for one in lines:
            if self._space.intersection(packets, one.packets) != EMPTY:
                yield Doubt(DoubtKind.UNREAD, one.line.doubt or _UNSURE, one.line.sources)
