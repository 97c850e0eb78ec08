"""Access lists where interfaces apply them: one `Filter` for both address families and each direction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Action, Filter, FilterLine
from secaudit.network.intervals import ANY_IPV4, Interval, normalise
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET, Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco.access_lists import AccessList, neighbour_discovery_lines
from secaudit.vendors.cisco.addresses_behind import AddressesBehind
from secaudit.vendors.cisco.interface_facts import InterfaceFacts, Named
from secaudit.vendors.cisco.vocabulary import names
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node

_OPPOSITE = {"in": "out", "out": "in"}


@dataclass(slots=True)
class AppliedFilters:
    """Builds the filters of a device. `filters` holds every defined list as well, so that it can be examined."""

    lists: Mapping[str, AccessList]
    ipv6_lists: Mapping[str, AccessList]
    interfaces: Mapping[str, InterfaceFacts]
    inspections: Mapping[str, Sequence[Service]]
    behind: AddressesBehind
    ledger: Ledger
    implicit: Callable[[SourceLine], tuple[FilterLine, ...]] = neighbour_discovery_lines
    """What an IPv6 list permits before its implicit deny."""
    filters: dict[str, Filter] = field(default_factory=dict)
    in_and_out: dict[tuple[str, str], str] = field(default_factory=dict)
    """(interface, `in` or `out`) to the name of its filter."""
    _composed: dict[tuple[str, tuple[Match, ...]], str] = field(default_factory=dict)
    _ipv6: bool = False
    """IPv6 is on at some interface; where it is on at none, every IPv6 packet is dropped anyway."""
    _sessions: dict[tuple[str, str], list[Match]] = field(default_factory=lambda: defaultdict(list))

    def build(self) -> None:
        """Fills `filters` and `in_and_out`."""
        self._ipv6 = any(facts.ipv6 for facts in self.interfaces.values())
        for access_list in (*self.lists.values(), *self.ipv6_lists.values()):
            self._add(self._key(access_list), (access_list,), (), ())
        for facts in self.interfaces.values():
            self._reflexive_sessions(facts)
            self._inspected_sessions(facts)
        self._replies_elsewhere()
        for facts in self.interfaces.values():
            for direction in ("in", "out"):
                name = self._compose(facts, direction)
                if name is not None:
                    self.in_and_out[facts.name, direction] = name

    def _key(self, access_list: AccessList) -> str:
        if access_list.family == 6 and access_list.name in self.lists:
            return f"{access_list.name} (IPv6)"
        return access_list.name

    def _applied(self, facts: InterfaceFacts, family: Family, direction: str) -> AccessList | None:
        """The list that is applied, if it has entries.

        An undefined list passes everything (IO-01), and so does an empty one ("an interface or command with an empty
        access list applied to it permits all traffic", Cisco IP access list guide).
        """
        named = facts.filters.get((family, direction))
        if named is None:
            return None
        access_list = (self.lists if family == 4 else self.ipv6_lists).get(named.name)
        return None if access_list is None or access_list.empty else access_list

    def _compose(self, facts: InterfaceFacts, direction: str) -> str | None:
        chosen: list[AccessList] = []
        opened: list[FilterLine] = []
        families: tuple[Family, Family] = (4, 6)
        for family in families:
            named = facts.filters.get((family, direction))
            access_list = self._applied(facts, family, direction)
            if named is not None and access_list is None:
                self._undefined(named)
            if access_list is None:
                if family == 4 or self._ipv6:
                    opened.append(_open_line(family, facts.sources[0] if named is None else named.source))
            else:
                chosen.append(access_list)
        sessions = tuple(dict.fromkeys(self._sessions.get((facts.name, direction), ())))
        if not chosen:
            if not sessions:
                return None
            name = f"{facts.name} {direction}"
            self.filters[name] = Filter(name, (), Action.PERMIT, (facts.sources[0],), sessions=sessions)
            return name
        return self._named_filter(facts, direction, chosen, opened, sessions)

    def _named_filter(
        self,
        facts: InterfaceFacts,
        direction: str,
        chosen: Sequence[AccessList],
        opened: Sequence[FilterLine],
        sessions: tuple[Match, ...],
    ) -> str:
        name = " + ".join(self._key(access_list) for access_list in chosen)
        known = self._composed.get((name, sessions))
        if known is not None:
            return known
        plain = name
        if sessions:
            name = f"{name} ({facts.name} {direction})"
        self._composed[plain, sessions] = name
        self._add(name, chosen, opened, sessions)
        return name

    def _add(
        self,
        name: str,
        chosen: Sequence[AccessList],
        opened: Sequence[FilterLine],
        sessions: tuple[Match, ...],
    ) -> None:
        lines: list[FilterLine] = []
        for access_list in chosen:
            lines.extend(access_list.lines)
            if access_list.family == 6 and not access_list.empty:
                lines.extend(self.implicit(access_list.definition))
        definitions = tuple(access_list.definition for access_list in chosen)
        self.filters[name] = Filter(
            name,
            (*lines, *opened),
            Action.DENY,
            definitions,
            default_sources=definitions,
            sessions=sessions,
        )

    def _undefined(self, named: Named) -> None:
        self.ledger.notice(
            NoticeKind.UNDEFINED_FILTER,
            Text(
                ja=f"アクセスリスト {named.name} は適用されていますが、定義がないか空のため、すべて通過します",
                en=f"access list {named.name} is applied but not defined, or empty: everything passes",
            ),
            (named.source,),
        )

    def _reflexive_sessions(self, facts: InterfaceFacts) -> None:
        """`reflect NAME` opens entries that `evaluate NAME` uses in the other direction of the same interface."""
        families: tuple[Family, Family] = (4, 6)
        for family in families:
            for direction, opposite in _OPPOSITE.items():
                opening = self._applied(facts, family, direction)
                returning = self._applied(facts, family, opposite)
                if opening is None or returning is None:
                    continue
                for name, matches in opening.reflects.items():
                    if name in returning.evaluates:
                        self._sessions[facts.name, direction].extend(matches)

    def _inspected_sessions(self, facts: InterfaceFacts) -> None:
        """`ip inspect` (CBAC) lets the replies of what it inspects back through the access lists."""
        for direction, named in facts.inspections.items():
            services = tuple(self.inspections.get(named.name, ()))
            if not services:
                self.ledger.notice(
                    NoticeKind.INACTIVE,
                    Text(
                        ja=f"ip inspect {named.name} に、モデル化できる検査対象がありません",
                        en=f"ip inspect {named.name} inspects nothing that is modelled",
                    ),
                    (named.source,),
                )
                continue
            self._sessions[facts.name, direction].append(Match(4, ANY_IPV4, ANY_IPV4, services))

    def _replies_elsewhere(self) -> None:
        """What was inspected where it came in gets its replies through the lists of the interfaces it left by.

        A session is bound to the addresses behind the inspecting interfaces, so that nothing else gets replies by it.
        """
        by_services: dict[tuple[Service, ...], list[Interval]] = {}
        for facts in self.interfaces.values():
            named = facts.inspections.get("in")
            services = () if named is None else tuple(self.inspections.get(named.name, ()))
            if services:
                by_services.setdefault(services, []).extend(self.behind.of(facts.name))
        matches = [
            Match(4, normalise(intervals), ANY_IPV4, services)
            for services, intervals in by_services.items()
            if intervals
        ]
        for facts in self.interfaces.values():
            if (4, "in") in facts.filters:
                self._sessions[facts.name, "out"].extend(matches)


_OPEN_LABELS = {4: "IPv4: no access-group", 6: "IPv6: no traffic-filter"}


def _open_line(family: Family, source: SourceLine) -> FilterLine:
    match = ANY_IPV4_PACKET if family == 4 else ANY_IPV6_PACKET
    return FilterLine(_OPEN_LABELS[family], Action.PERMIT, (match,), (source,), implied=True)


def read_inspections(nodes: Sequence[Node], ledger: Ledger) -> dict[str, list[Service]]:
    """`ip inspect name NAME PROTOCOL ...`: the services whose replies are let back.

    A protocol that is recognised by content is left out: that can only make a required link look blocked, never open one.
    """
    result: dict[str, list[Service]] = defaultdict(list)
    for node in nodes:
        if len(node.keys) < 5 or node.keys[2] != "name":
            ledger.leave(node)
            continue
        result[node.words[3]].extend(names().applications.get(node.keys[4], ()))
        ledger.use_all(node)
    return result
