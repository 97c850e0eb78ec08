"""Access lists where interfaces apply them: one `Filter` for each interface and direction (AX-11 to AX-15, AX-18).

Two lists may be found for one packet: one on the port by which a frame comes in and one on its VLAN, or a MAC list beside an IPv4 list. Only one
entry acts. Which one differs by model: on AX3660S and AX2600S the list that is searched first decides alone (MAC before IPv4 before IPv6,
port before VLAN; configuration guides vol. 2, 1.1.6 and 1.1.5), so that a permit on the port hides a deny on the VLAN; on AX2400S both are
searched. So the list on the VLAN is never relied on for what a port list permits, and nothing is certain that not both let through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.match_algebra import TooManyMatchesError, subtract_matches
from secaudit.network.matches import ANY_PACKET, Match
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.alaxala.access_lists import ADVANCE, EVERYTHING, IP, IPV6, MAC, AccessList, Lists, unknown_line
from secaudit.vendors.alaxala.facts import InterfaceFacts, Named
from secaudit.vendors.alaxala.flow_detection import FlowDetection
from secaudit.vendors.common.ledger import Ledger

_MOST_PIECES = 400
_OPEN_LABELS = {IP: "IPv4: no access-group", IPV6: "IPv6: no traffic-filter"}
_COMMANDS = {
    MAC: "mac access-group",
    IP: "ip access-group",
    IPV6: "ipv6 traffic-filter",
    ADVANCE: "advance access-group",
}
_DOUBLE = Text(
    ja="同じフレームにもう一つのリストが一致し、どちらのエントリが動作するかは機種によるため、両方が許可する通信だけを確実とみなします",
    en="another list is found for the same frame, and which entry acts depends on the model: only what both permit is certain",
)
_MAC_FIRST = Text(
    ja="MAC リストが先に一致すると、IP のリストは検索されないことがあります",
    en="where the MAC list matches first, the lists for IP may not be searched",
)
_UNREAD_ON_PORT = Text(
    ja="ポートにアクセスリストを適用している可能性のある行を読み取れません",
    en="a line of a port that may apply an access list was not understood",
)
_ON_MANAGEMENT = Text(
    ja="マネージメントポートはフィルタに対応していないため、このリストが動作するかを確認できません",
    en="management ports do not filter, so whether this list does anything is not confirmed",
)
"""AX4600S configuration guide vol. 1, 9.1.1; AX6000S configuration guide vol. 1, 7.1.1."""
_UNDEFINED = Text(
    ja="適用されているアクセスリストの定義がないか空のため、動作を確認できません",
    en="the access list that is applied is not defined, or empty: what the device does then is not confirmed",
)


@dataclass(frozen=True, slots=True)
class _Applied:
    """A list, and the lines that apply it."""

    access_list: AccessList
    sources: Sources


@dataclass(frozen=True, slots=True)
class Carriers:
    """Routed interface to the ports (and interfaces below it) with lists of their own by which its frames come and go.

    `crowded` are interfaces with more of them than are looked at: any of their lists may act. `layer2` are the switch ports.
    """

    layer2: frozenset[str]
    ports: Mapping[str, Sequence[str]]
    crowded: frozenset[str]


@dataclass(slots=True)
class AppliedFilters:
    """Builds the filters of a device. `filters` holds every defined list as well, so that it can be examined."""

    lists: Lists
    interfaces: Mapping[str, InterfaceFacts]
    carriers: Carriers
    detection: FlowDetection
    ledger: Ledger
    filters: dict[str, Filter] = field(default_factory=dict)
    in_and_out: dict[tuple[str, str], str] = field(default_factory=dict)
    """(interface, `in` or `out`) to the name of its filter."""
    _composed: set[str] = field(default_factory=set)
    _names: Counter[str] = field(default_factory=Counter)

    def build(self) -> None:
        """Fills `filters` and `in_and_out`."""
        self._names.update(name for _, name in self.lists)
        for access_list in self.lists.values():
            name = self._key(access_list)
            source = (access_list.definition,)
            self.filters[name] = Filter(name, access_list.lines, Action.DENY, source, default_sources=source)
        for facts in self.interfaces.values():
            for where, named in facts.lists.items():
                self._told(facts, *where, named)
            for direction in ("in", "out") if facts.name not in self.carriers.layer2 else ():
                composed = self._compose(facts, direction)
                if composed is not None:
                    self.in_and_out[facts.name, direction] = composed

    def _key(self, access_list: AccessList) -> str:
        """The name of a list; kinds may have lists of one name."""
        alone = self._names[access_list.name] == 1 or access_list.kind == IP
        return access_list.name if alone else f"{access_list.name} ({access_list.kind})"

    def _told(self, facts: InterfaceFacts, kind: str, direction: str, named: Named) -> None:
        """Notices about one application: a list that is not defined, one that the mode does not search."""
        access_list = self.lists.get((kind, named.name))
        if access_list is None or access_list.empty:
            self.ledger.notice(
                NoticeKind.UNDEFINED_FILTER,
                Text(
                    ja=f"アクセスリスト {named.name} は適用されていますが、定義がないか空です",
                    en=f"access list {named.name} is applied but not defined, or empty",
                ),
                (named.source,),
            )
        why = self.detection.why_not(kind, direction, facts.name.startswith("vlan "))
        if why is not None and self.detection.stated(direction) is not None:
            self.ledger.notice(NoticeKind.INACTIVE, why, (named.source, *self.detection.sources(direction)))

    def _lists_of(self, name: str, direction: str) -> Iterator[tuple[str, Named, AccessList | None]]:
        for (kind, applied), named in self.interfaces[name].lists.items():
            if applied == direction:
                access_list = self.lists.get((kind, named.name))
                yield kind, named, None if access_list is None or access_list.empty else access_list

    def _compose(self, facts: InterfaceFacts, direction: str) -> str | None:
        before: list[FilterLine] = []
        own: dict[str, tuple[Named, AccessList | None]] = {}
        for kind, named, access_list in self._lists_of(facts.name, direction):
            if kind == MAC:
                if access_list is not None:
                    before += self._by_mac(_Applied(access_list, (named.source,)))
            else:
                own[kind] = named, access_list
        outer = self._outer(facts, direction)
        for applied in outer:
            before += self._by_mac(applied) if applied.access_list.kind == MAC else _elsewhere(applied)
        before += self._unknown_outer(facts, direction)
        if facts.name in self.carriers.crowded:
            before += _crowded(facts)
        if before and own:
            self._double(facts, own, before)
        if not own and not before:
            return None
        return self._named(facts, direction, before, own)

    def _outer(self, facts: InterfaceFacts, direction: str) -> list[_Applied]:
        """The lists of the ports by which frames of an interface come; one that several of them apply is told once."""
        found: dict[tuple[str, str], tuple[AccessList, list[SourceLine]]] = {}
        for port in self.carriers.ports.get(facts.name, ()):
            for kind, named, access_list in self._lists_of(port, direction):
                if access_list is not None:
                    found.setdefault((kind, named.name), (access_list, []))[1].append(named.source)
        return [_Applied(access_list, tuple(sources)) for access_list, sources in found.values()]

    def _unknown_outer(self, facts: InterfaceFacts, direction: str) -> Iterator[FilterLine]:
        """Ports whose list is not defined, or may stand in a line that was not understood: it may let everything pass a list of the VLAN."""
        for port in self.carriers.ports.get(facts.name, ()):
            for kind, named, access_list in self._lists_of(port, direction):
                if access_list is None:
                    yield from _any((named.source,), EVERYTHING[kind], _UNDEFINED)
            if self.interfaces[port].suspects:
                yield from _any(tuple(self.interfaces[port].suspects), ANY_PACKET, _UNREAD_ON_PORT)

    def _double(
        self, facts: InterfaceFacts, own: Mapping[str, tuple[Named, AccessList | None]], before: Sequence[FilterLine]
    ) -> None:
        self.ledger.notice(
            NoticeKind.INACTIVE,
            Text(
                ja=f"{facts.name} を通るフレームは二つ以上のアクセスリストに一致し得ますが、実際に動作するエントリは一つだけです。"
                "どちらが動作するかは機種によります",
                en=f"frames by {facts.name} can match entries of more than one access list, of which only one acts; "
                "which one depends on the model",
            ),
            (*(named.source for named, _ in own.values()), *dict.fromkeys(line.sources[0] for line in before)),
        )

    def _by_mac(self, applied: _Applied) -> Iterator[FilterLine]:
        """A MAC list is searched first, also for IP packets; what it matches is not known, because nobody knows the MAC addresses."""
        if self.detection.mac_lists_skip_routed:
            return
        access_list = applied.access_list
        sources = (*applied.sources, *access_list.evidence)
        label = f"mac {access_list.name}"
        possible = [line for line in access_list.lines if line.action is not Action.DENY]
        matches = tuple(dict.fromkeys(match for line in possible for match in line.matches))
        if matches:
            yield FilterLine(label, Action.PERMIT, matches, sources, Certainty.UNCERTAIN, _MAC_FIRST)
        yield FilterLine(label, Action.DENY, EVERYTHING[MAC], sources, Certainty.UNCERTAIN, _MAC_FIRST)

    def _named(
        self,
        facts: InterfaceFacts,
        direction: str,
        before: Sequence[FilterLine],
        own: Mapping[str, tuple[Named, AccessList | None]],
    ) -> str:
        lines = list(before)
        shared = not before  # whether another interface with the same lists has the same filter
        for kind in (IP, IPV6, ADVANCE):
            held = own.get(kind)
            if held is not None:
                doubtful, added = self._lines_of(facts, direction, kind, *held)
                shared = shared and not doubtful
                lines += added
                if ADVANCE in own and kind != ADVANCE and held[1] is not None:
                    # What the list does not match is discarded here, and the advance list never sees it (AX-12).
                    ends = (held[0].source, held[1].definition)
                    lines.append(FilterLine("implicit discard", Action.DENY, EVERYTHING[kind], ends))
            elif kind != ADVANCE and ADVANCE not in own:
                lines.append(FilterLine(_OPEN_LABELS[kind], Action.PERMIT, EVERYTHING[kind], (facts.sources[0],)))
        defined = [held[1] for kind in (IP, IPV6, ADVANCE) if (held := own.get(kind)) and held[1] is not None]
        name = " + ".join(map(self._key, defined))
        if not shared or not name:
            name = f"{name or 'lists'} ({facts.name} {direction})"
        if name not in self._composed:
            self._composed.add(name)
            definitions: Sources = tuple(one.definition for one in defined)
            told = definitions or tuple(named.source for named, _ in own.values()) or (facts.sources[0],)
            self.filters[name] = Filter(name, tuple(lines), Action.DENY, told, default_sources=told)
        return name

    def _lines_of(
        self, facts: InterfaceFacts, direction: str, kind: str, named: Named, access_list: AccessList | None
    ) -> tuple[bool, list[FilterLine]]:
        """Whether it is not sure that the list is searched, and the lines for it."""
        if access_list is None:
            label = f"{_COMMANDS[kind]} {named.name}"
            return True, [unknown_line(label, kind, (named.source,), _UNDEFINED)]
        why = self.detection.why_not(kind, direction, facts.name.startswith("vlan "))
        if facts.name.startswith("mgmt "):
            why = _ON_MANAGEMENT
        if why is None:
            return False, list(access_list.lines)
        sources = (named.source, *self.detection.sources(direction))
        open_ = FilterLine("flow detection mode", Action.PERMIT, EVERYTHING[kind], sources, Certainty.UNCERTAIN, why)
        return True, [open_, *access_list.lines]


def _elsewhere(applied: _Applied) -> Iterator[FilterLine]:
    """A list on a port by which frames of an interface come: what it permits may pass it, and nothing else surely does."""
    access_list = applied.access_list
    sources = (*applied.sources, *access_list.evidence)
    label = f"port list {access_list.name}"
    held = access_list.permitted()
    if held.matches:
        yield FilterLine(label, Action.PERMIT, held.matches, sources, Certainty.UNCERTAIN, _DOUBLE)
    refused: tuple[Match, ...] = EVERYTHING[access_list.kind]
    if held.exact:
        try:
            refused = subtract_matches(refused, held.matches, _MOST_PIECES)
        except TooManyMatchesError:
            refused = EVERYTHING[access_list.kind]
    if refused:
        yield FilterLine(label, Action.DENY, refused, sources, Certainty.UNCERTAIN, _DOUBLE)


def _crowded(facts: InterfaceFacts) -> Iterator[FilterLine]:
    """More port lists than are looked at one by one: any may permit or deny anything."""
    return _any((facts.sources[0],), ANY_PACKET, _DOUBLE)


def _any(sources: Sources, matches: tuple[Match, ...], doubt: Text) -> Iterator[FilterLine]:
    """A list on a port that may permit or deny anything."""
    for action in (Action.PERMIT, Action.DENY):
        yield FilterLine("port lists", action, matches, sources, Certainty.UNCERTAIN, doubt)
