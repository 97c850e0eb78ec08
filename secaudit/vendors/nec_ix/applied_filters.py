"""Access lists where interfaces apply them: one `Filter` for both address families and each direction (B.3, B.4).

Lists of a direction are tried by ascending number; a packet that none of them matches is discarded (NE-11). A direction without lists
passes everything (NE-12).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import ANY_IPV4, IPV4_MAX, complement
from secaudit.network.match_algebra import TooManyMatchesError, subtract_matches
from secaudit.network.matches import Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.nec_ix.access_lists import AccessList, DynamicList, Lists, Trigger, any_packet
from secaudit.vendors.nec_ix.interface_facts import AppliedList, InterfaceFacts
from secaudit.vendors.nec_ix.nat import NO_ENTRY, InterfaceNat
from secaudit.vendors.nec_ix.nat_order import with_both_readings

_FAMILIES: tuple[Family, Family] = (4, 6)
_OPPOSITE = {"in": "out", "out": "in"}
_MOST_MATCHES = 200
_UNDEFINED = Text(
    ja="適用されたアクセスリストが定義されておらず、何を通すか確認できません",
    en="the access list that is applied is not defined; what passes is not confirmed",
)
_SAME_NUMBER = Text(
    ja="同じ方向に同じ番号で複数のアクセスリストが適用されており、どれが有効か確認できません",
    en="several access lists are applied with one number in one direction; which of them is in force is not confirmed",
)
_DENY_IN_TRIGGER = Text(
    ja="ダイナミックアクセスリストの契機となるリストの deny が、廃棄か次のリストの評価かを確認できません",
    en="whether a deny in the list of a dynamic access list discards or goes on to the next list is not confirmed",
)


@dataclass(slots=True)
class _Composed:
    """The lines of one interface and direction. `plain`: static lists only, so that others with the same lists have the same filter."""

    lines: list[FilterLine] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    applied: list[SourceLine] = field(default_factory=list)
    sessions: list[Match] = field(default_factory=list)
    plain: bool = True
    logged: bool = False
    """Some list does not suppress the log of what nothing matches."""


@dataclass(slots=True)
class AppliedFilters:
    """Builds the filters of a device. `filters` holds lists that no interface applies as well, so that they can be examined."""

    lists: Lists
    interfaces: Mapping[str, InterfaceFacts]
    nat: Mapping[str, InterfaceNat]
    ledger: Ledger
    denials_logged: bool
    filters: dict[str, Filter] = field(default_factory=dict)
    in_and_out: dict[tuple[str, str], str] = field(default_factory=dict)
    """(interface, `in` or `out`) to the name of its filter."""
    _unfiltered_napt: bool = False
    """Some interface masquerades some hosts only and filters nothing: replies to the others must not count as remembered there."""
    _back: dict[tuple[str, str], list[FilterLine]] = field(default_factory=dict)
    _used: set[tuple[Family, str]] = field(default_factory=set)

    def build(self) -> None:
        """Fills `filters` and `in_and_out`."""
        self._unfiltered_napt = any(
            nat.napt and nat.inside != (any_packet(4),) and not self.interfaces[name].filters.get((4, "in"))
            for name, nat in self.nat.items()
        )
        composed = {
            (facts.name, direction): self._compose(facts, direction)
            for facts in self.interfaces.values()
            for direction in ("in", "out")
        }
        for place, one in composed.items():
            if one is not None and place in self._back:
                one.plain = False
        shared: dict[tuple[str, ...], str] = {}
        for (name, direction), one in composed.items():
            if one is not None:
                self.in_and_out[name, direction] = self._register(name, direction, one, shared)
        for (family, name), access_list in self.lists.static.items():
            if access_list.lines and (family, name) not in self._used:
                self._alone(access_list)

    def _register(self, name: str, direction: str, one: _Composed, shared: dict[tuple[str, ...], str]) -> str:
        key = tuple(one.names)
        known = shared.get(key) if one.plain else None
        applied = tuple(one.applied)
        if known is not None:
            held = self.filters[known]
            merged = tuple(dict.fromkeys((*held.default_sources, *applied)))
            self.filters[known] = replace(held, default_sources=merged)
            return known
        label = " + ".join(one.names)
        if one.plain:
            shared[key] = label
        else:
            label = f"{label} ({name} {direction})"
        lines = (*self._back.get((name, direction), ()), *one.lines)
        self.filters[label] = Filter(
            label, lines, Action.DENY, applied, default_logged=self.denials_logged and one.logged,
            default_sources=applied, sessions=tuple(dict.fromkeys(one.sessions)),
        )  # fmt: skip
        return label

    def _alone(self, access_list: AccessList) -> None:
        name = (
            access_list.name
            if access_list.name not in self.filters
            else f"{access_list.name} (IPv{access_list.family})"
        )
        definition = (access_list.definition,)
        self.filters[name] = Filter(name, access_list.lines, Action.DENY, definition, default_sources=definition)

    # --- one interface and direction

    def _compose(self, facts: InterfaceFacts, direction: str) -> _Composed | None:
        applied = {family: facts.filters.get((family, direction), []) for family in _FAMILIES}
        if not any(applied.values()):
            return None
        result = _Composed()
        opened: list[FilterLine] = []
        for family in _FAMILIES:
            if not applied[family]:
                opened.append(_open_line(family, facts.sources[0]))
                continue
            lines = list(self._family(facts, family, direction, applied[family], result))
            sources = tuple(one.source for one in applied[family])
            if family == 4:
                lines = self._beside_nat(facts.name, direction, lines, sources, result)
            result.lines += lines
            result.applied += sources
            result.logged = result.logged or not all(one.silent for one in applied[family])
        result.lines += opened
        return result

    def _family(
        self, facts: InterfaceFacts, family: Family, direction: str, applied: list[AppliedList], result: _Composed
    ) -> Iterator[FilterLine]:
        """The lines of all lists by ascending number."""
        numbers = Counter(one.sequence for one in applied)
        before: list[Match] = []
        for one in sorted(applied, key=lambda held: held.sequence):
            dynamic = self.lists.dynamic.get((family, one.name))
            static = self.lists.get(family, one.name)
            key = f"{one.name} (IPv6)" if family == 6 and (4, one.name) in self.lists.static else one.name
            result.names.append(key)
            if dynamic is not None:  # NE-21: it is used even where a static list has the same name
                result.plain = False
                lines = list(self._dynamic(facts.name, direction, dynamic, before, result))
            elif static is not None:
                self._used.add((family, one.name))
                lines = list(static.lines)
            else:
                result.plain = False
                lines = [self._undefined(family, one)]
            if one.silent and self.denials_logged:
                result.plain = False
                lines = [replace(line, logged=False) for line in lines]
            if numbers[one.sequence] > 1:
                result.plain = False
                lines = [_unsure(line, one.source) for line in lines]
            before += [match for line in lines for match in line.matches]
            yield from lines

    def _undefined(self, family: Family, one: AppliedList) -> FilterLine:
        """NE-14: what a name does that no list has is not confirmed."""
        self.ledger.notice(
            NoticeKind.UNDEFINED_FILTER,
            Text(
                ja=f"アクセスリスト {one.name} は適用されていますが定義がなく、何を通すか確認できません",
                en=f"access list {one.name} is applied but not defined: what passes is not confirmed",
            ),
            (one.source,),
        )
        return FilterLine(one.name, Action.UNKNOWN, (any_packet(family),), (one.source,), Certainty.ALWAYS, _UNDEFINED)

    def _beside_nat(
        self, name: str, direction: str, lines: list[FilterLine], sources: Sources, result: _Composed
    ) -> list[FilterLine]:
        nat = self.nat.get(name)
        if nat is None or not nat.active:
            return lines
        if direction == "out":
            both = with_both_readings(lines, nat.egress, None, sources)
        else:
            both = with_both_readings(lines, nat.ingress, nat.replies, sources, by_connection=not self._unfiltered_napt)
            both = [*_past_napt(nat), *both]
        result.plain = result.plain and both == lines
        return both

    # --- dynamic lists

    def _dynamic(
        self, interface: str, direction: str, dynamic: DynamicList, before: list[Match], result: _Composed
    ) -> Iterator[FilterLine]:
        """What passes by a dynamic list; its cache entries let the replies back by the same interface (NE-20)."""
        for position, trigger in enumerate(dynamic.triggers, 1):
            label = f"{dynamic.name} {position}"
            if trigger.list_name is None:
                lines = [self._own_trigger(label, trigger)]
            else:
                lines = list(self._by_list(label, dynamic.family, trigger))
            for line in lines:
                if line.action is Action.PERMIT and line.certainty is Certainty.ALWAYS:
                    result.sessions += _remaining(line.matches, before) or ()
                yield line
            if trigger.back:
                back = FilterLine(
                    label, Action.PERMIT, trigger.back, trigger.sources, Certainty.UNCERTAIN, trigger.doubt
                )
                self._back.setdefault((interface, _OPPOSITE[direction]), []).append(back)

    def _own_trigger(self, label: str, trigger: Trigger) -> FilterLine:
        certainty = Certainty.ALWAYS if trigger.doubt is None else Certainty.UNCERTAIN
        return FilterLine(label, trigger.action, trigger.matches, trigger.sources, certainty, trigger.doubt)

    def _by_list(self, label: str, family: Family, trigger: Trigger) -> Iterator[FilterLine]:
        static = self.lists.get(family, trigger.list_name or "")
        if static is None:
            every = (any_packet(family),)
            yield FilterLine(label, Action.UNKNOWN, every, trigger.sources, Certainty.ALWAYS, _UNDEFINED)
            return
        self._used.add((family, static.name))
        denied: list[Match] = []
        for line in static.lines:
            sources = (*line.sources, *trigger.sources)
            if line.action is Action.DENY:
                # NE-22: either it is discarded, or the next list decides.
                yield replace(
                    line, sources=sources, certainty=Certainty.UNCERTAIN, doubt=line.doubt or _DENY_IN_TRIGGER
                )
                if line.certainty is Certainty.ALWAYS:
                    denied += line.matches
                continue
            left = _remaining(line.matches, denied)
            if left is None:
                # Too many pieces: the line may let through what a deny before it holds back.
                yield replace(line, sources=sources, certainty=Certainty.UNCERTAIN, doubt=_DENY_IN_TRIGGER)
            elif left and trigger.doubt is None:
                yield replace(line, sources=sources, matches=left)
            elif left:
                yield replace(line, sources=sources, matches=left, certainty=Certainty.UNCERTAIN, doubt=trigger.doubt)


def _past_napt(nat: InterfaceNat) -> Iterator[FilterLine]:
    """Replies to hosts that are not masqueraded: NAPT has no entry for them, and what it does with them is not confirmed."""
    beside = complement(nat.arriving, IPV4_MAX)
    if nat.napt and nat.inside != (any_packet(4),) and beside:
        yield FilterLine(
            nat.napt[0].text.strip(),
            Action.DENY,
            (Match(4, ANY_IPV4, beside),),
            nat.napt,
            Certainty.UNCERTAIN,
            NO_ENTRY,
        )


def _remaining(matches: tuple[Match, ...], before: list[Match]) -> tuple[Match, ...] | None:
    """What is left of a line behind others; None when that has too many pieces."""
    try:
        return subtract_matches(matches, before, _MOST_MATCHES)
    except TooManyMatchesError:
        return None


def _unsure(line: FilterLine, source: SourceLine) -> FilterLine:
    sources = tuple(dict.fromkeys((*line.sources, source)))
    return replace(line, sources=sources, certainty=Certainty.UNCERTAIN, doubt=line.doubt or _SAME_NUMBER)


_OPEN_LABELS = {4: "IPv4: no ip filter", 6: "IPv6: no ipv6 filter"}


def _open_line(family: Family, source: SourceLine) -> FilterLine:
    return FilterLine(_OPEN_LABELS[family], Action.PERMIT, (any_packet(family),), (source,))
