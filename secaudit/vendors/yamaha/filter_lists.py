"""Turns the filter lists of an interface into `network.Filter` values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.matches import (
    ANY_IPV4_PACKET,
    ANY_IPV6_PACKET,
    Family,
    Match,
    Service,
)
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.yamaha.draft import (
    LINE_BUDGET,
    Draft,
    DynamicDefinition,
    FilterDefinition,
    FilterList,
    InterfaceDraft,
)

_FAMILIES: tuple[tuple[Family, Match, str], ...] = ((4, ANY_IPV4_PACKET, "ip"), (6, ANY_IPV6_PACKET, "ipv6"))
_OPPOSITE = {"in": "out", "out": "in"}

_UNREAD_LIST = Text(
    ja="フィルター番号の並びを読み取れません",
    en="the list of filter numbers cannot be read",
)
_ALL_UNDEFINED = Text(
    ja="リストの番号がすべて未定義で、機器がすべて破棄するか通すか確かめられません",
    en="no number of the list is defined; whether the device then drops or passes everything is not documented",
)
_ONLY_DYNAMIC = Text(
    ja="動的フィルターだけのリストで、一致しない通信を破棄するかどうかについて資料が食い違っています",
    en="the list has dynamic filters only, and the sources disagree whether the rest is dropped",
)
_EMPTY_LIST = Text(
    ja="フィルター番号が一つもないリストの動作は確かめられません",
    en="what a list without any number does is not documented",
)
_SET_AND_LIST = Text(
    ja="フィルターセットと番号のリストが両方設定されており、どちらが有効か確かめられません",
    en="both a set and a list of numbers are applied, and which one counts is not documented",
)
_UNREAD_DEFINITION = Text(
    ja="このフィルターの定義を読み取れません",
    en="the definition of this filter cannot be read",
)
_TOO_MANY_LINES = Text(
    ja="フィルターの行数が多すぎるため展開していません",
    en="there are too many filter lines to write them out",
)
_INBOUND_END = Text(
    ja="入力遮断フィルターのどの行にも当てはまらない通信の扱いを確かめられません",
    en="what an inbound filter does with packets that no line is for is not confirmed",
)
_TRIGGERED = Text(
    ja="動的フィルターの第2書式が、きっかけとなる通信の後にだけ通します",
    en="a dynamic filter of the second form lets this through only after its trigger",
)


@dataclass(slots=True)
class _Part:
    """The lines of one address family in one direction."""

    lines: list[FilterLine]
    sources: Sources
    sessions: list[Match] = field(default_factory=list)


class FilterBuilder:
    """Builds the filters of all interfaces of a device; remembers which definitions were used."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._line_budget = LINE_BUDGET
        self.filters: dict[str, Filter] = {}

    def build(self, interface: InterfaceDraft, direction: str) -> str | None:
        """Adds the filter of one direction and returns its name; None when everything passes (YA-41)."""
        name = f"{interface.name} {direction}"
        parts: dict[Family, _Part | None] = {
            family: self._part(interface, family, direction) for family, _, _ in _FAMILIES
        }
        tightening = list(self._tightening(interface, direction))
        if not tightening and all(part is None for part in parts.values()):
            return None
        lines: list[FilterLine] = tightening
        sources: Sources = ()
        sessions: list[Match] = []
        for family, everything, word in _FAMILIES:
            part = parts[family]
            if part is None:
                lines.append(_open_family(word, everything, interface))
            else:
                lines += part.lines
                sources += part.sources
                sessions += part.sessions
        sources = sources or tuple(source for line in tightening for source in line.sources)
        self.filters[name] = Filter(
            name,
            tuple(lines),
            Action.DENY,
            sources,
            default_logged=True,
            default_sources=sources,
            sessions=tuple(sessions),
        )
        return name

    def _tightening(self, interface: InterfaceDraft, direction: str) -> Iterator[FilterLine]:
        """An uncertain deny hides no flow from a question of separation, and proves none to a question of "works"; a sure one does both."""
        for found in interface.tightening:
            if found.direction in (direction, ""):
                yield FilterLine(
                    "other filter",
                    Action.DENY,
                    found.matches,
                    (found.line,),
                    Certainty.ALWAYS if found.sure else Certainty.UNCERTAIN,
                    None if found.sure else found.text,
                    ingress=found.ingress,
                )

    def _inbound(self, interface: InterfaceDraft, family: Family, direction: str) -> _Part | None:
        """`inbound filter list`, which stands in the place of the incoming filter; what it does without a match is not confirmed."""
        found = interface.inbound.get(family) if direction == "in" else None
        if found is None:
            return None
        everything = _FAMILIES[0][1] if family == 4 else _FAMILIES[1][1]
        known = self._draft.inbound_filters[family]
        undefined = tuple(number for number in found.statics if number not in known)
        if undefined:
            self._undefined_lines(interface, "inbound", undefined, found.sources)
        self._line_budget -= len(found.statics)
        lines: list[FilterLine] = []
        if self._line_budget >= 0:
            lines = [_line(family, known[number], found.sources) for number in found.statics if number in known]
        return _Part([*lines, _unknown("no match", everything, found.sources, _INBOUND_END)], found.sources)

    def _part(self, interface: InterfaceDraft, family: Family, direction: str) -> _Part | None:
        inbound = self._inbound(interface, family, direction)
        if inbound is not None:
            return inbound
        found = self._list(interface, family, direction)
        if found is None:
            return None
        filters, sources = found
        everything = _FAMILIES[0][1] if family == 4 else _FAMILIES[1][1]
        if isinstance(filters, Text):
            return _Part([_unknown("list", everything, sources, filters)], sources)
        self._draft.referenced[family].update(filters.statics)
        self._draft.referenced_dynamics[family].update(filters.dynamics)
        dynamics = list(self._dynamics(family, filters, interface, direction))
        lines = self._lines(family, filters, sources, interface, direction)
        if isinstance(lines, Text):
            lines = [_unknown("list", everything, sources, lines)]
        self._line_budget -= len(lines) + len(dynamics)
        if self._line_budget < 0:
            self._draft.doubt(DoubtKind.TOO_COMPLEX, _TOO_MANY_LINES, sources, frozenset({interface.name}))
            return _Part([_unknown("list", everything, sources, _TOO_MANY_LINES)], sources)
        front = list(self._triggered(family, interface, direction))
        sessions = [match for dynamic in dynamics for match in self._session(family, dynamic, interface.name)]
        return _Part(front + lines, sources, sessions)

    def _list(
        self, interface: InterfaceDraft, family: Family, direction: str
    ) -> tuple[FilterList | Text, Sources] | None:
        """The list that counts, or why it is not known; with the lines that apply it."""
        direct = interface.lists.get((family, direction))
        named = interface.set_names.get(family)
        if named is None:
            if direct is None:
                return None
            return (direct if direct.readable else _UNREAD_LIST), direct.sources
        set_name, line = named
        directions = self._draft.filter_sets[family].get(set_name)
        if directions is None:
            if direction == "in":
                self._undefined_set(interface, set_name, line)
            return None if direct is None else (_SET_AND_LIST, (line, *direct.sources))
        found = directions.get(direction)
        if direct is not None:
            return _SET_AND_LIST, (line, *direct.sources)
        if found is None:
            return None
        return (found if found.readable else _UNREAD_LIST), (line, *found.sources)

    def _undefined_set(self, interface: InterfaceDraft, set_name: str, line: SourceLine) -> None:
        text = Text(
            ja=f"{interface.name} に適用されたフィルターセット {set_name} が定義されていないため、すべて通ります",
            en=f"the filter set {set_name} applied to {interface.name} is not defined, so everything passes",
        )
        self._draft.note(NoticeKind.UNDEFINED_FILTER, text, (line,))

    def _lines(
        self, family: Family, filters: FilterList, sources: Sources, interface: InterfaceDraft, direction: str
    ) -> list[FilterLine] | Text:
        definitions = self._draft.filters[family]
        undefined = tuple(number for number in filters.statics if number not in definitions)
        if undefined:
            self._undefined_lines(interface, direction, undefined, sources)
        lines = [_line(family, definitions[number], sources) for number in filters.statics if number in definitions]
        if lines:
            return lines
        if filters.statics:
            return _ALL_UNDEFINED
        return _ONLY_DYNAMIC if filters.dynamics else _EMPTY_LIST

    def _undefined_lines(
        self, interface: InterfaceDraft, direction: str, numbers: tuple[int, ...], sources: Sources
    ) -> None:
        listed = ", ".join(map(str, numbers))
        text = Text(
            ja=f"{interface.name} の {direction} のリストにある番号 {listed} は定義されておらず、読み飛ばされます",
            en=f"the numbers {listed} in the {direction} list of {interface.name} are not defined and are skipped",
        )
        self._draft.note(NoticeKind.UNDEFINED_LINE, text, sources)

    def _dynamics(
        self, family: Family, filters: FilterList, interface: InterfaceDraft, direction: str
    ) -> Iterator[DynamicDefinition]:
        """The dynamic definitions that a list names; those that are missing, unread or unsure are told."""
        bound = frozenset({interface.name})
        missing: list[int] = []
        for number in filters.dynamics:
            definition = self._draft.dynamics[family].get(number)
            if definition is None:
                missing.append(number)
            elif not definition.readable:
                self._draft.doubt(DoubtKind.UNREAD, _UNREAD_DEFINITION, (definition.line,), bound)
            else:
                if definition.doubt is not None:
                    self._draft.doubt(DoubtKind.UNSUPPORTED, definition.doubt, (definition.line,), bound)
                yield definition
        if missing:
            listed = ", ".join(f"dynamic {number}" for number in missing)
            text = Text(
                ja=f"{interface.name} の {direction} のリストにある {listed} は定義されておらず、読み飛ばされます",
                en=f"{listed} in the {direction} list of {interface.name} is not defined and is skipped",
            )
            self._draft.note(NoticeKind.UNDEFINED_LINE, text, filters.sources)

    def _session(self, family: Family, dynamic: DynamicDefinition, name: str) -> Iterator[Match]:
        """The packets whose permission lets the replies back (YA-51); the trigger of form 2 is one (YA-52)."""
        services = dynamic.services + self._services(family, dynamic.triggers, name)
        if services:
            yield Match(family, dynamic.from_addresses, dynamic.to_addresses, services)

    def _services(self, family: Family, numbers: tuple[int, ...], name: str) -> tuple[Service, ...]:
        """What listed static filters ask of protocol and ports: addresses and actions are ignored there (YA-52)."""
        self._draft.referenced[family].update(numbers)
        self._line_budget -= len(numbers)
        definitions = [self._draft.filters[family].get(number) for number in numbers]
        known = [definition for definition in definitions if definition is not None]
        for definition in known:
            if not definition.readable:
                self._draft.doubt(DoubtKind.UNREAD, _UNREAD_DEFINITION, (definition.line,), frozenset({name}))
        return tuple(service for definition in known for service in definition.services)

    def _triggered(self, family: Family, interface: InterfaceDraft, direction: str) -> Iterator[FilterLine]:
        """What form 2 lets through after its trigger: `out L` in its own direction, `in L` in the opposite one."""
        for where in (direction, _OPPOSITE[direction]):
            found = self._list(interface, family, where)
            if found is None or isinstance(found[0], Text):
                continue
            for number in found[0].dynamics:
                dynamic = self._draft.dynamics[family].get(number)
                if dynamic is None or not dynamic.readable:
                    continue
                same = where == direction
                services = self._services(family, dynamic.same if same else dynamic.opposite, interface.name)
                if not services:
                    continue
                ends = (dynamic.from_addresses, dynamic.to_addresses)
                source, destination = ends if same else ends[::-1]
                yield FilterLine(
                    f"dynamic {number}",
                    Action.PERMIT,
                    (Match(family, source, destination, services),),
                    (dynamic.line, *found[1]),
                    Certainty.UNCERTAIN,
                    _TRIGGERED,
                )


def _line(family: Family, definition: FilterDefinition, sources: Sources) -> FilterLine:
    label = str(definition.number) if family == 4 else f"ipv6 {definition.number}"
    evidence = (definition.line, *sources)
    if not definition.readable:
        everything = ANY_IPV4_PACKET if family == 4 else ANY_IPV6_PACKET
        return _unknown(label, everything, evidence, _UNREAD_DEFINITION)
    matches: tuple[Match, ...] = ()
    if definition.services:
        matches = (Match(family, definition.from_addresses, definition.to_addresses, definition.services),)
    return FilterLine(
        label, definition.action, matches, evidence, definition.certainty, definition.doubt, definition.logged
    )


def _unknown(label: str, everything: Match, sources: Sources, text: Text) -> FilterLine:
    return FilterLine(label, Action.UNKNOWN, (everything,), sources, Certainty.UNCERTAIN, text)


def _open_family(word: str, everything: Match, interface: InterfaceDraft) -> FilterLine:
    """A family without a list passes whole (YA-41, YA-60), beside a family that is filtered."""
    return FilterLine(f"no {word} filter", Action.PERMIT, (everything,), tuple(interface.sources), implied=True)
