"""Filters as packet sets, for one question (mode)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from secaudit.flows.budget import Budget
from secaudit.flows.modes import Mode
from secaudit.flows.scopes import Scope, by_scope
from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.nat import Translation
from secaudit.packets.address_index import AddressIndex
from secaudit.packets.coverage import Coverage
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace
from secaudit.text.bilingual import Text

RULING_COST = 100
"""How many lines one more part of a set is worth: it is carried on through all that follows."""
_LONG = 16
"""From so many lines on those that may have to do with some packets are looked up by their addresses."""
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


def _runs(parts: Iterable[tuple[int, bool]]) -> list[tuple[bool, list[int]]]:
    """Neighbouring lines of one kind together: those that permit, and those that bar. Lines are (packets, permits)."""
    runs: list[tuple[bool, list[int]]] = []
    for node, permits in parts:
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
    """Of a stateful filter only what opens a connection: it asks its lines about nothing else."""


def _parts(acting: Iterable[_Acting], translation: Translation | None) -> Iterator[tuple[int, bool]]:
    """What lines permit with one translation, and what they bar from later ones that permit with it: (packets, permits)."""
    for one in acting:
        if one.packets == EMPTY:
            continue
        same = one.line.source_translation == translation
        if one.action is Action.PERMIT and same:
            yield one.packets, True
        elif _is_passed_over(one.line, one.action):
            if not same:
                yield one.packets, False
        elif one.action is not None and _decides(one.line, one.action):
            yield one.packets, False


class _Meaning:
    """Some lines of a filter with what they do for a question, and what its default does: with those, what passes is the same for every question."""

    def __init__(self, space: HeaderSpace, acting: Sequence[_Acting], default: bool) -> None:
        self._space = space
        self.all = acting
        self.default = default
        """Whether what matches no line passes."""
        self.permitted: tuple[Permitted, ...] | None = None
        self._index: AddressIndex | None = None

    def near(self, packets: int) -> Iterable[_Acting]:
        """The lines that packets may match, in order, and perhaps others."""
        if len(self.all) < _LONG:
            return self.all
        if self._index is None:
            self._index = AddressIndex(self._space.family, [one.line.matches for one in self.all])
        return (self.all[number] for number in self._index.near_packets(self._space, packets))


class _Between:
    """The lines of a filter that stand between some pairs of interfaces, and what they mean."""

    def __init__(self, positions: tuple[int, ...]) -> None:
        self.positions = positions
        self.by_mode: dict[Mode, _Meaning] = {}
        self.meanings: dict[tuple[bool, tuple[Action | None, ...]], _Meaning] = {}
        """By what the default and each line does: questions to which the lines mean the same share one."""


class _Standing:
    """A filter with what its lines match, and those that stand between two interfaces, which many pairs of interfaces share."""

    def __init__(self, space: HeaderSpace, filter_: Filter) -> None:
        self._space = space
        self._filter = filter_
        """Kept, because it is known by its id, which is unique only while it lives."""
        self.sure = filter_.default is not Action.UNKNOWN and not any(map(_unsure, filter_.lines))
        """Whether what every line does can be told."""
        self._groups: list[tuple[Scope, list[int]]] = list(by_scope(filter_.lines).items())
        self._packets: dict[int, int] = {}
        """What lines match, by position."""
        self._by_groups: dict[tuple[int, ...], _Between] = {}
        self._by_pair: dict[tuple[str, str], _Between] = {}

    def meaning(self, mode: Mode, ingress: str, egress: str) -> _Meaning:
        """The lines between two interfaces with what they do for a question: for the same meaning the same object."""
        between = self._between(ingress, egress)
        found = between.by_mode.get(mode)
        if found is None:
            lines = self._filter.lines
            actions = tuple(acts(lines[position], mode) for position in between.positions)
            unknown = self._filter.default is Action.UNKNOWN
            default = mode is Mode.POSSIBLE if unknown else self._filter.default is Action.PERMIT
            found = between.meanings.get((default, actions))
            if found is None:
                acting = [
                    _Acting(position, lines[position], action, self._matched(position))
                    for position, action in zip(between.positions, actions, strict=True)
                ]
                found = between.meanings[default, actions] = _Meaning(self._space, acting, default)
            between.by_mode[mode] = found
        return found

    def _between(self, ingress: str, egress: str) -> _Between:
        found = self._by_pair.get((ingress, egress))
        if found is None:
            chosen = tuple(n for n, (scope, _) in enumerate(self._groups) if scope.stands_between(ingress, egress))
            found = self._by_groups.get(chosen)
            if found is None:
                positions = tuple(sorted(position for one in chosen for position in self._groups[one][1]))
                found = self._by_groups[chosen] = _Between(positions)
            self._by_pair[ingress, egress] = found
        return found

    def _matched(self, position: int) -> int:
        node = self._packets.get(position)
        if node is None:
            matches = self._filter.lines[position].matches
            node = self._packets[position] = self._space.matches(matches, opening=self._filter.stateful)
        return node


class KnownFilters:
    """What is known of the filters of a network as sets of one header space: the compilers of all questions share it."""

    def __init__(self, space: HeaderSpace) -> None:
        self.space = space
        self._standing: dict[int, _Standing] = {}

    def of(self, filter_: Filter) -> _Standing:
        """What is known of one filter."""
        held = self._standing.get(id(filter_))
        if held is None:
            held = self._standing[id(filter_)] = _Standing(self.space, filter_)
        return held


class FilterCompiler:
    """Compiles filters once each. One compiler belongs to one header space and one mode."""

    def __init__(self, space: HeaderSpace, mode: Mode, known: KnownFilters | None = None) -> None:
        self._space = space
        self._mode = mode
        self._known = KnownFilters(space) if known is None else known

    def permitted(self, filter_: Filter, ingress: str, egress: str) -> tuple[Permitted, ...]:
        """What passes from one interface to another, split by translation."""
        meaning = self._known.of(filter_).meaning(self._mode, ingress, egress)
        if meaning.permitted is None:
            meaning.permitted = self._compile(meaning, filter_.stateful)
        return meaning.permitted

    def is_sure(self, filter_: Filter) -> bool:
        """Whether what every line does can be told."""
        return self._known.of(filter_).sure

    def _compile(self, meaning: _Meaning, stateful: bool) -> tuple[Permitted, ...]:
        space = self._space
        translations: list[Translation | None] = [None]
        translations += [t for one in meaning.all if (t := one.line.source_translation) is not None]
        everything = space.intersection(space.valid, space.opening) if stateful else space.valid
        result = []
        for translation in dict.fromkeys(translations):
            rest = meaning.default and translation is None
            permit, barred = self._fold(_runs(_parts(meaning.all, translation)), rest)
            if rest:
                permit = space.union(permit, space.difference(everything, barred))
            if permit != EMPTY:
                result.append(Permitted(permit, translation))
        return tuple(result)

    def _fold(self, runs: Sequence[tuple[bool, list[int]]], rest: bool) -> tuple[int, int]:
        """First match wins, as a balanced tree of pairs: what is permitted, and what earlier lines bar from later ones.

        What is barred may hold packets that are permitted already: those stay permitted. So a run of permits is one union and
        costs no subtraction, and what is barred stays small where most lines permit. What all bar together is told only for the `rest`,
        which no line matches.
        """
        space = self._space
        pairs = [
            (space.union_all(nodes), EMPTY) if permits else (EMPTY, space.union_all(nodes)) for permits, nodes in runs
        ]
        if not pairs:
            return EMPTY, EMPTY
        while len(pairs) > 1:
            folded: list[tuple[int, int]] = []
            for (permit, barred), (later_permit, later_barred) in zip(pairs[::2], pairs[1::2], strict=False):
                permit = space.union(permit, space.difference(later_permit, barred))
                last = len(folded) == (len(pairs) - 1) // 2
                folded.append((permit, EMPTY if last and not rest else space.union(barred, later_barred)))
            if len(pairs) % 2:
                folded.append(pairs[-1])
            pairs = folded
        return pairs[0]

    def rulings(self, filter_: Filter, ingress: str, egress: str, packets: int, budget: Budget) -> Iterator[Ruling]:
        """Packets split by the line that decides about them, in order. A permit that may not act leaves them to later lines as well.

        Looking at a line costs one unit of the budget, a decision `RULING_COST`; when it is exhausted there are no more.
        """
        space = self._space
        acting = self._known.of(filter_).meaning(self._mode, ingress, egress).all
        passed_over = [one for one in acting if _is_passed_over(one.line, one.action)]
        for ruling in self._rulings(filter_, ingress, egress, packets, budget):
            if not ruling.permits or not passed_over:
                yield ruling
                continue
            translation = None if ruling.line is None else ruling.line.source_translation
            barred = space.union_all(
                one.packets
                for one in passed_over
                if one.line.source_translation != translation
                and (ruling.position is None or one.position < ruling.position)
            )
            unsure = space.intersection(ruling.packets, barred)
            if unsure != EMPTY:
                yield replace(ruling, packets=unsure, permits=False)
            sure = space.difference(ruling.packets, barred)
            if sure != EMPTY:
                yield replace(ruling, packets=sure)

    def _rulings(self, filter_: Filter, ingress: str, egress: str, packets: int, budget: Budget) -> Iterator[Ruling]:
        space = self._space
        lines = self._known.of(filter_).meaning(self._mode, ingress, egress)
        if not budget.spend(len(lines.all) + 1):
            return
        asked = space.intersection(packets, space.opening) if filter_.stateful else packets
        hits: list[int] = []
        those: list[_Acting] = []
        decisive: list[bool] = []
        for one in lines.near(asked):
            hit = space.intersection(asked, one.packets)
            if hit != EMPTY:
                hits.append(hit)
                those.append(one)
                decisive.append(one.action is not None and _decides(one.line, one.action))
                if hit == asked and decisive[-1]:
                    break  # later lines see nothing of it
        coverage = Coverage(space, hits, decisive)
        skipped: list[_Acting] = []
        for one, left in zip(those, coverage.left(), strict=True):
            if left == EMPTY:
                continue
            if one.action is not None:
                permits = one.action is Action.PERMIT
                unsure = [*skipped, one] if _unsure(one.line) else skipped
                doubts = tuple(self._line_doubts(unsure, left)) if permits else ()
                budget.spend(RULING_COST)
                yield Ruling(left, permits, one.position, one.line, doubts)
                if budget.exhausted:
                    return
            if _may_deny(one.line):
                skipped.append(one)
        remaining = space.intersection(space.difference(asked, coverage.hidden), space.valid)
        if remaining != EMPTY and budget.spend(RULING_COST):
            permits = lines.default
            found = list(self._line_doubts(skipped, remaining)) if permits else []
            if permits and filter_.default is Action.UNKNOWN:
                found.append(Doubt(DoubtKind.UNSUPPORTED, _UNSURE_DEFAULT, filter_.default_sources or filter_.sources))
            yield Ruling(remaining, permits, None, None, tuple(found))

    def _line_doubts(self, lines: Sequence[_Acting], packets: int) -> Iterator[Doubt]:
        if self._mode is not Mode.POSSIBLE:
            return
        for one in lines:
            if self._space.intersection(packets, one.packets) != EMPTY:
                yield Doubt(DoubtKind.UNREAD, one.line.doubt or _UNSURE, one.line.sources)
