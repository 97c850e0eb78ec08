"""Hardware access lists where they act: on ports, on VLANs, on the whole switch (AL-10 to AL-15).

They look at packets that come in. A packet for a routed VLAN interface came in by one of the ports that carry its VLAN, so what the lists of
those ports do is what a filter on that interface does: exactly that when all ports have the same lists, and a question of the port when
they differ. All lists of a port are one ordered search (AL-12) without a deny at its end (AL-10). In which order lists
of ports, of VLANs and of the switch are searched is not confirmed, so every order counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import InterfaceKind, SwitchPort
from secaudit.network.match_algebra import TooManyMatchesError, subtract_matches
from secaudit.network.matches import ANY_PACKET, Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.awplus.access_lists import AccessList, AccessLists, doubt_redirects
from secaudit.vendors.awplus.interface_facts import InterfaceFacts, Named
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.permit_sets import PermitSet, intersect_matches, permitted

_MOST_CLASSES = 2000
"""Differently configured ports of a device; a chassis has some hundred ports."""
_MOST_SEARCHES = 64
"""Different searches of one VLAN; beyond that nothing is said of it."""
_MOST_GROUPS = 3
_MOST_PRODUCT = 20_000
_MOST_PIECES = 500
_MOST_WORK = 2_000_000
"""Products of matches for the packets that all ports of a VLAN permit, over all VLANs of a device."""
_DIFFERENT_PORTS = Text(
    ja="このVLANのポートによってアクセスリストが異なり、どのポートから入るかで結果が変わります（リストの適用順を確認できない場合も含みます）",
    en="the ports of this VLAN have different access lists, or lists whose order is not confirmed: the result depends on the port",
)
_SERVICE_POLICY = Text(
    ja="サービスポリシー（QoS）が通信をさらに破棄することがあります",
    en="a service policy (QoS) may drop further traffic",
)
_TOO_MANY = Text(
    ja="設定の異なるポートが多すぎて、VLAN ごとのアクセスリストを計算できません",
    en="too many differently configured ports to compute the access lists of each VLAN",
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One list in a search, or (`access_list` None) a service policy that may drop; and the line that applies it."""

    access_list: AccessList | None
    source: SourceLine

    @property
    def key(self) -> str:
        if self.access_list is None:
            return f"service-policy {self.source.number}"
        return f"{self.access_list.family} {self.access_list.name}"

    @property
    def lines(self) -> tuple[FilterLine, ...]:
        if self.access_list is not None:
            return self.access_list.lines
        return (
            FilterLine("service-policy", Action.DENY, ANY_PACKET, (self.source,), Certainty.UNCERTAIN, _SERVICE_POLICY),
        )


_Search = tuple[_Part, ...]


@dataclass(slots=True)
class _PortClass:
    """Ports with the same lists: groups of lists between which the order is not confirmed, and the VLANs that some of them carries."""

    groups: tuple[_Search, ...]
    every: bool = False
    vlans: set[int] = field(default_factory=set)
    anywhere: bool = False
    """Some of them may carry any VLAN, and none for sure: a line about that was not understood."""

    def add(self, port: SwitchPort, unread: bool) -> None:
        """One more port."""
        if unread:
            self.anywhere = True
            return
        if port.access_vlan is not None:
            self.vlans.add(port.access_vlan)
        if port.trunk_vlans is None:
            self.every = True
        else:
            self.vlans |= port.trunk_vlans


@dataclass(frozen=True, slots=True)
class PortRules:
    """What is applied outside of the interfaces, and the policies that may drop.

    `everywhere` are lists applied to the whole switch, `by_vlan` those of VLAN access maps, each with the line that applies it; `dropping`
    are names of service policies that may drop.
    """

    everywhere: Sequence[tuple[str, SourceLine]] = ()
    by_vlan: Mapping[int, Sequence[tuple[str, SourceLine]]] = field(default_factory=dict)
    dropping: frozenset[str] = frozenset()


@dataclass(slots=True)
class PortFilters:
    """Builds the filters of a device. `filters` holds every defined list as well, so that it can be examined."""

    lists: AccessLists
    interfaces: Mapping[str, InterfaceFacts]
    rules: PortRules
    ledger: Ledger
    filters: dict[str, Filter] = field(default_factory=dict)
    by_interface: dict[str, str] = field(default_factory=dict)
    """Interface to the name of its filter."""
    _everywhere: _Search = ()
    _used: dict[str, AccessList] = field(default_factory=dict)
    _told: set[tuple[str, int]] = field(default_factory=set)
    _sets: dict[tuple[str, ...], PermitSet] = field(default_factory=dict)
    _composed: dict[tuple[tuple[str, ...], ...], str] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)
    _work: int = 0

    def build(self) -> None:
        """Fills `filters` and `by_interface`."""
        for access_list in self.lists.all():
            default = Action.PERMIT if access_list.kind.value == "hardware" else Action.DENY
            sources = (access_list.definition,)
            key = self.lists.key(access_list)
            self.filters[key] = Filter(key, access_list.lines, default, sources, default_sources=sources)
        self._everywhere = self._parts(self.rules.everywhere)
        classes = self._port_classes()
        for facts in self.interfaces.values():
            if facts.switched:
                # Traffic enters by the interface of its VLAN; the port shows what is applied to it.
                searches = self._orders([*self._own(facts), self._everywhere])
                if len(searches) == 1 and any(searches):
                    self.by_interface[facts.name] = self._exact(searches[0])
            elif facts.kind is InterfaceKind.VLAN and facts.vlan is not None and facts.parent is None:
                self._vlan_interface(facts, facts.vlan, classes)
            elif facts.member_of is None:
                self._apply(facts, self._orders([*self._own(facts), self._everywhere]))
        doubt_redirects(list(self._used.values()), self.ledger)

    @property
    def used(self) -> frozenset[str]:
        """The keys of the lists that something applies."""
        return frozenset(self.lists.key(one) for one in self._used.values())

    # --- searches ---------------------------------------------------------------------------------------------

    def _parts(self, named: Sequence[tuple[str, SourceLine]]) -> _Search:
        """Lists of either family by name; an undefined one passes everything."""
        found: list[_Part] = []
        for name, source in named:
            held = [one for one in (self.lists.hardware(name, 4), self.lists.hardware(name, 6)) if one is not None]
            if not held:
                self._undefined(name, source)
            found += [self._part(one, source) for one in held]
        return tuple(found)

    def _own(self, facts: InterfaceFacts) -> tuple[_Search, ...]:
        """The lists of one port: those for IPv4 and MAC addresses in the order in which they were applied, and those for IPv6.

        They are one search where no packet can meet both: a list for MAC addresses looks at IPv6 packets, too.
        """
        policies = [_Part(None, one.source) for one in facts.service_policies if one.name in self.rules.dropping]
        first = (*policies, *self._of_family(4, facts.hardware))
        second = self._of_family(6, facts.hardware_ipv6)
        both = any(part.access_list is not None and part.access_list.meets_ipv6 for part in first)
        return (first, second) if second and both else ((*first, *second),)

    def _of_family(self, family: Family, named: Sequence[Named]) -> _Search:
        found: list[_Part] = []
        for one in named:
            access_list = self.lists.hardware(one.name, family)
            if access_list is None:
                self._undefined(one.name, one.source)
            else:
                found.append(self._part(access_list, one.source))
        return tuple(found)

    def _part(self, access_list: AccessList, source: SourceLine) -> _Part:
        self._used[self.lists.key(access_list)] = access_list
        return _Part(access_list, source)

    def _undefined(self, name: str, source: SourceLine) -> None:
        if (name, source.number) in self._told:
            return
        self._told.add((name, source.number))
        self.ledger.notice(
            NoticeKind.UNDEFINED_FILTER,
            Text(
                ja=f"アクセスリスト {name} は適用されていますが、ハードウェアアクセスリストとして定義されていないため、すべて通過します",
                en=f"access list {name} is applied but no hardware list has this name: everything passes",
            ),
            (source,),
        )

    def _orders(self, groups: Sequence[_Search]) -> list[_Search]:
        """Every order in which groups of lists may be searched; one when at most one group has a list.

        With very many groups everything may pass: the second search is an empty one.
        """
        held = [group for group in groups if group]
        if len(held) > _MOST_GROUPS:
            return [tuple(part for group in held for part in group), ()]
        return [tuple(part for group in order for part in group) for order in permutations(held)]

    def _port_classes(self) -> list[_PortClass]:
        """Ports by the searches of what comes in by them, with the VLANs that they carry."""
        classes: dict[tuple[tuple[str, ...], ...], _PortClass] = {}
        with_members = {facts.member_of for facts in self.interfaces.values() if facts.member_of and facts.enabled}
        for facts in self.interfaces.values():
            if not facts.switched or not facts.enabled:
                continue
            group = self.interfaces.get(facts.member_of or "")
            if group is not None and not group.enabled:
                continue
            own, shared = self._own(facts), () if group is None else self._own(group)
            if facts.kind is InterfaceKind.AGGREGATE and facts.name in with_members:
                continue  # its members stand for it
            for lists in _lists_of_member(facts, own, shared):
                groups = (*lists, self._everywhere)
                key = tuple(tuple(part.key for part in one) for one in groups)
                held = classes.setdefault(key, _PortClass(groups))
                carrier = facts if group is None else group
                held.add(carrier.switch_port(), facts.unread_vlans or carrier.unread_vlans)
        return list(classes.values())

    def _vlan_interface(self, facts: InterfaceFacts, vlan: int, classes: Sequence[_PortClass]) -> None:
        mapped = self._parts(self.rules.by_vlan.get(vlan, ()))
        own = self._own(facts)
        if len(classes) > _MOST_CLASSES:
            self.ledger.doubt(DoubtKind.TOO_COMPLEX, _TOO_MANY, tuple(facts.sources[:1]))
            return
        found: dict[tuple[str, ...], _Search] = {}
        known = any(one.every or vlan in one.vlans for one in classes)
        for one in classes:
            if one.every or one.anywhere or vlan in one.vlans:
                for search in self._orders([*one.groups, mapped, *own]):
                    found.setdefault(tuple(part.key for part in search), search)
        if not known:
            for search in self._orders([self._everywhere, mapped, *own]):
                found.setdefault(tuple(part.key for part in search), search)
        self._apply(facts, list(found.values()))

    # --- filters ----------------------------------------------------------------------------------------------

    def _apply(self, facts: InterfaceFacts, searches: Sequence[_Search]) -> None:
        if not any(searches):
            return
        if len(searches) == 1:
            self.by_interface[facts.name] = self._exact(searches[0])
            return
        keys = tuple(sorted(tuple(part.key for part in search) for search in searches))
        name = self._composed.get(keys)
        if name is None:
            name = self._composed[keys] = f"{facts.name} in"
            self.filters[name] = self._several(name, searches, tuple(facts.sources[:1]))
        self.by_interface[facts.name] = name

    def _exact(self, search: _Search) -> str:
        """One ordered search; what matches nothing passes."""
        applied = tuple(dict.fromkeys(part.source for part in search))
        keys = [
            f"service-policy {part.source.number}" if part.access_list is None else self.lists.key(part.access_list)
            for part in search
        ]
        name = " + ".join(keys)
        if name not in self._made:
            self._made.add(name)
            lines = tuple(line for part in search for line in part.lines)
            self.filters[name] = Filter(name, lines, Action.PERMIT, applied, default_sources=applied)
        return name

    def _several(self, name: str, searches: Sequence[_Search], interface: Sources) -> Filter:
        """Several searches of which nobody knows which one a packet meets: what all permit passes, what one permits may pass."""
        evidence = tuple(dict.fromkeys(line for search in searches for line in _evidence(search))) or interface
        if len(searches) > _MOST_SEARCHES:
            anything = FilterLine(name, Action.UNKNOWN, ANY_PACKET, evidence[:1], Certainty.UNCERTAIN, _DIFFERENT_PORTS)
            return Filter(name, (anything,), Action.DENY, evidence, default_sources=evidence)
        sets = [self._permitted(search) for search in searches]
        lines: list[FilterLine] = []
        common = self._common(sets)
        if common:
            lines.append(FilterLine("every port", Action.PERMIT, common, evidence, implied=True))
        for search, held in zip(searches, sets, strict=True):
            label = " + ".join(part.key for part in search) or "no list"
            sources = _evidence(search) or interface
            rest = _beyond(held.matches, common)
            if rest:
                lines.append(FilterLine(label, Action.PERMIT, rest, sources, Certainty.UNCERTAIN, _DIFFERENT_PORTS))
        return Filter(name, tuple(lines), Action.DENY, evidence, default_sources=evidence)

    def _permitted(self, search: _Search) -> PermitSet:
        key = tuple(part.key for part in search)
        held = self._sets.get(key)
        if held is None:
            held = self._sets[key] = permitted((*(line for part in search for line in part.lines), _EVERYTHING))
        return held

    def _common(self, sets: Sequence[PermitSet]) -> tuple[Match, ...]:
        """What every set surely holds; nothing when one is not exact or it takes too long."""
        if not all(one.exact for one in sets):
            return ()
        common = sets[0].matches
        for one in sets[1:]:
            product = len(common) * len(one.matches)
            self._work += product
            if product > _MOST_PRODUCT or self._work > _MOST_WORK:
                return ()
            common = intersect_matches(common, one.matches)
        return common


_EVERYTHING = FilterLine("", Action.PERMIT, ANY_PACKET, ())


def _lists_of_member(
    facts: InterfaceFacts, own: tuple[_Search, ...], shared: tuple[_Search, ...]
) -> list[tuple[_Search, ...]]:
    """What is searched for a port that may belong to a channel group, whose own lists are `shared`.

    Lists are applied to ports and to static groups; of an LACP group they belong on its ports (hardware filter note, "Making filters by
    applying hardware ACLs to ports"). `member-filters` has those of the ports count instead of the static group's. A list in the
    other place acts possibly.
    """
    both = (*own, *shared)
    if facts.member_of is None:
        return [both]
    by_group = facts.member_of.startswith("sa") and not facts.member_filters
    sure, possibly = (shared, own) if by_group else (own, shared)
    return [both, sure] if any(possibly) else [both]


def _beyond(matches: tuple[Match, ...], common: tuple[Match, ...]) -> tuple[Match, ...]:
    """What a search permits beside what every other one permits as well; all of it where that takes too long."""
    try:
        return subtract_matches(matches, common, _MOST_PIECES)
    except TooManyMatchesError:
        return matches


def _evidence(search: _Search) -> Sources:
    lines = [part.source for part in search]
    for part in search:
        if part.access_list is not None:
            lines += part.access_list.evidence
    return tuple(dict.fromkeys(lines))
