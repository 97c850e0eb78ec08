"""The zone-based firewall: `zone-pair` and the class and policy maps that it names (IO-03)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6
from secaudit.network.matches import ANY_PACKET, ICMPV6, Match, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.access_lists import AccessList
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco.vocabulary import names
from secaudit.vendors.common.ledger import Ledger, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.permit_sets import intersect_matches

POLICY_NAME = "zone-based firewall"
_MOST_MATCHES = 1000
_DEEPEST = 8

_SELF_ZONE = Text(ja="機器自身（self）との通信だけの設定です", en="only for traffic of the device itself (zone self)")
_UNCLEAR_CLASS = Text(
    ja="クラスの条件を正確に計算できません", en="the condition of the class cannot be computed exactly"
)


@dataclass(frozen=True, slots=True)
class _Condition:
    matches: tuple[Match, ...]
    exact: bool
    sources: Sources


@dataclass(slots=True)
class _Class:
    every: bool
    """match-all: every `match` must hold."""
    source: SourceLine
    lines: list[Node] = field(default_factory=list)
    unread: bool = False


@dataclass(slots=True)
class _PolicyClass:
    name: str
    source: SourceLine
    action: Action | None = None
    action_source: SourceLine | None = None
    stateful: bool = False
    logged: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True)
class ZonePair:
    """Traffic from one zone to another, and the policy map for it (None = no policy: dropped)."""

    source_zone: str
    destination_zone: str
    policy: str | None
    sources: Sources


_ANY_CONDITION = _Condition(ANY_PACKET, exact=False, sources=())


@dataclass(slots=True)
class ZoneFirewall:
    """Reads the blocks, then turns them into one filter by interface pairs."""

    lists: Mapping[str, AccessList]
    ipv6_lists: Mapping[str, AccessList]
    ledger: Ledger
    classes: dict[str, _Class] = field(default_factory=dict)
    policies: dict[str, list[_PolicyClass]] = field(default_factory=dict)
    zones: dict[str, SourceLine] = field(default_factory=dict)
    pairs: list[ZonePair] = field(default_factory=list)
    ipv6: bool = False
    member_lines: dict[str, Sources] = field(default_factory=dict)
    """A line that puts an interface into a zone, by zone."""

    def read_zone(self, node: Node) -> None:
        """`zone security NAME`."""
        if len(node.keys) != 3 or node.keys[1] != "security":
            self.ledger.leave(node)
            return
        self.zones[node.words[2]] = node.line
        self.ledger.use_all(node)

    def read_class(self, node: Node) -> None:
        """`class-map type inspect [match-any|match-all] NAME`; match-all is the default."""
        rest = list(node.words[3:])
        every = True
        if rest and rest[0].lower() in ("match-any", "match-all"):
            every = rest.pop(0).lower() == "match-all"
        if len(rest) != 1:
            self.ledger.leave(node)
            return
        known = self.classes.setdefault(rest[0], _Class(every, node.line))
        self.ledger.use(node)
        for child in node.children:
            if child.keys[0] == "description":
                self.ledger.use(child)
            elif child.keys[0] == "match" and len(child.keys) >= 3 and not child.children:
                known.lines.append(child)
                self.ledger.use(child)
            else:
                known.unread = True
                self.ledger.leave(child)

    def read_policy(self, node: Node) -> None:
        """`policy-map type inspect NAME` with its classes in order."""
        if len(node.words) != 4:
            self.ledger.leave(node)
            return
        policy = self.policies.setdefault(node.words[3], [])
        self.ledger.use(node)
        for child in node.children:
            if child.keys[0] == "description":
                self.ledger.use(child)
            elif child.keys[:3] == ("class", "type", "inspect") and len(child.words) == 4:
                policy.append(self._policy_class(child, child.words[3]))
            elif child.keys == ("class", "class-default"):
                policy.append(self._policy_class(child, "class-default"))
            else:
                self.ledger.leave(child)

    def _policy_class(self, node: Node, name: str) -> _PolicyClass:
        result = _PolicyClass(name, node.line)
        self.ledger.use(node)
        for child in node.children:
            verb, rest = child.keys[0], child.keys[1:]
            if verb == "inspect" and len(rest) <= 1:
                result.action, result.stateful = Action.PERMIT, True
            elif verb in ("pass", "drop") and rest in ((), ("log",)):
                result.action = Action.PERMIT if verb == "pass" else Action.DENY
                result.logged = bool(rest)
            elif verb != "police":
                result.unread = True
                self.ledger.leave(child)
                continue
            if verb != "police":
                result.action_source = child.line
            self.ledger.use_all(child)
        return result

    def read_pair(self, node: Node) -> None:
        """`zone-pair security NAME source A destination B` / ` service-policy type inspect MAP`."""
        keys = node.keys
        if len(keys) != 7 or keys[1] != "security" or keys[3] != "source" or keys[5] != "destination":
            self.ledger.leave(node)
            return
        if "self" in (keys[4], keys[6]):
            self.ledger.ignore(node, _SELF_ZONE)
            return
        policy: str | None = None
        sources = [node.line]
        self.ledger.use(node)
        for child in node.children:
            if child.keys[:3] == ("service-policy", "type", "inspect") and len(child.words) == 4:
                policy = child.words[3]
                sources.append(child.line)
                self.ledger.use(child)
            elif child.keys[0] == "description":
                self.ledger.use(child)
            else:
                self.ledger.leave(child)
        self.pairs.append(ZonePair(node.words[4], node.words[6], policy, tuple(sources)))

    def build(self, interfaces: Mapping[str, InterfaceFacts]) -> Filter | None:
        """The filter for forwarded packets; None when no interface is in a zone."""
        self.ipv6 = any(facts.ipv6 for facts in interfaces.values())
        members: dict[str, set[str]] = defaultdict(set)
        outside: set[str] = set()
        memberships: list[SourceLine] = []
        for facts in interfaces.values():
            if facts.zone is None:
                outside.add(facts.name)
            else:
                members[facts.zone.name].add(facts.name)
                self.member_lines[facts.zone.name] = (facts.zone.source,)
                memberships.append(facts.zone.source)
        if not members:
            return None
        if "default" in self.zones:
            self.ledger.doubt(
                DoubtKind.UNSUPPORTED,
                Text(ja="zone security default はモデル化していません", en="`zone security default` is not modelled"),
                (self.zones["default"],),
            )
        self._undefined(members)
        lines: list[FilterLine] = []
        paired: set[tuple[str, str]] = set()
        for pair in self.pairs:
            ingress = frozenset(members.get(pair.source_zone, ()))
            egress = frozenset(members.get(pair.destination_zone, ()))
            paired.add((pair.source_zone, pair.destination_zone))
            if ingress and egress:
                lines.extend(self._pair_lines(pair, ingress, egress))
        for zone, names_ in members.items():
            if (zone, zone) not in paired:
                lines.append(_open(f"inside zone {zone}", frozenset(names_), tuple(memberships)))
        if outside:
            lines.append(_open("no zone on either side", frozenset(outside), tuple(memberships)))
        return Filter(
            POLICY_NAME,
            tuple(lines),
            Action.DENY,
            tuple(memberships),
            default_sources=tuple(memberships),
            stateful=True,
        )

    def _undefined(self, members: Mapping[str, set[str]]) -> None:
        """Zones that are named and that no `zone security` defines: which interfaces and which pairs belong together is not sure."""
        for pair in self.pairs:
            ends = (pair.source_zone, pair.destination_zone)
            for name in ends:
                if name not in self.zones:
                    self._undefined_zone(name, pair.sources, *(one for end in ends for one in members.get(end, ())))
        for name, interfaces in members.items():
            if name not in self.zones:
                self._undefined_zone(name, (), *interfaces)

    def _undefined_zone(self, name: str, sources: Sources, *interfaces: str) -> None:
        text = Text(ja=f"zone security {name} が定義されていません", en=f"the zone {name} is not defined")
        lines = sources or self.member_lines[name]
        self.ledger.doubt(DoubtKind.UNDEFINED, text, lines, on_interfaces(*interfaces))

    def _pair_lines(self, pair: ZonePair, ingress: frozenset[str], egress: frozenset[str]) -> list[FilterLine]:
        label = f"{pair.source_zone} to {pair.destination_zone}"
        lines: list[FilterLine] = []
        policy = self.policies.get(pair.policy) if pair.policy is not None else []
        if policy is None:
            undefined = Text(
                ja=f"policy-map {pair.policy} が定義されていません", en=f"policy map {pair.policy} is not defined"
            )
            return [
                FilterLine(label, Action.UNKNOWN, ANY_PACKET, pair.sources, Certainty.UNCERTAIN, undefined,
                           ingress=ingress, egress=egress)
            ]  # fmt: skip
        for entry in policy:
            lines.append(self._class_line(f"{label} {entry.name}", entry, pair, ingress, egress))
            if entry.action is Action.PERMIT and not entry.stateful:
                self._stateless(pair, entry, ingress | egress)
        last = FilterLine(
            f"{label} class-default", Action.DENY, ANY_PACKET, pair.sources, ingress=ingress, egress=egress
        )
        return [*lines, last]

    def _class_line(
        self, label: str, entry: _PolicyClass, pair: ZonePair, ingress: frozenset[str], egress: frozenset[str]
    ) -> FilterLine:
        if entry.name == "class-default":
            condition = _Condition(ANY_PACKET, True, ())
        else:
            condition = self._condition(entry.name, 0)
        # A class without an action drops.
        action = Action.DENY if entry.action is None else entry.action
        if entry.unread:
            action = Action.UNKNOWN
        certain = condition.exact and not entry.unread
        own = (entry.source,) if entry.action_source is None else (entry.source, entry.action_source)
        return FilterLine(
            label,
            action,
            condition.matches,
            (*own, *condition.sources, *pair.sources),
            Certainty.ALWAYS if certain else Certainty.UNCERTAIN,
            None if certain else _UNCLEAR_CLASS,
            entry.logged,
            ingress,
            egress,
        )

    def _stateless(self, pair: ZonePair, entry: _PolicyClass, interfaces: frozenset[str]) -> None:
        """`pass` keeps no state: its replies need a pair of their own, which a stateful filter does not ask for."""
        back = any(
            other.source_zone == pair.destination_zone
            and other.destination_zone == pair.source_zone
            and any(
                known.action is Action.PERMIT and not known.stateful
                for known in self.policies.get(other.policy or "", ())
            )
            for other in self.pairs
        )
        if not back:
            self.ledger.doubt(
                DoubtKind.UNSUPPORTED,
                Text(
                    ja="pass は状態を持ちません。逆方向の zone-pair に pass がなく、応答が戻れない可能性があります",
                    en="`pass` keeps no state and the opposite zone pair has no `pass`: replies may be dropped",
                ),
                (entry.source,),
                on_interfaces(*interfaces),
            )

    def _condition(self, name: str, depth: int) -> _Condition:
        known = self.classes.get(name)
        if known is None or depth > _DEEPEST or known.unread or not known.lines:
            return _ANY_CONDITION
        parts = [self._part(node, depth) for node in known.lines]
        sources = tuple(dict.fromkeys(source for part in parts for source in part.sources))
        exact = all(part.exact for part in parts)
        if not known.every:
            matches = tuple(match for part in parts for match in part.matches)
        else:
            matches = parts[0].matches
            for part in parts[1:]:
                if len(matches) * len(part.matches) > _MOST_MATCHES**2:
                    exact = False
                    continue
                matches = intersect_matches(matches, part.matches)
        if len(matches) > _MOST_MATCHES:
            return _Condition(ANY_PACKET, exact=False, sources=sources)
        return _Condition(matches, exact, sources)

    def _part(self, node: Node, depth: int) -> _Condition:
        what, rest = node.keys[1], node.words[2:]
        source = (node.line,)
        if what == "access-group":
            name = rest[1] if rest[0].lower() == "name" and len(rest) == 2 else rest[0]
            return self._list_condition(name, source)
        if what == "protocol" and len(rest) == 1:
            services = names().applications.get(rest[0].lower())
            if services is not None:
                return self._protocol_condition(rest[0].lower() == "icmp", services, source)
        if what == "class-map" and len(rest) == 1:
            inner = self._condition(rest[0], depth + 1)
            return _Condition(inner.matches, inner.exact, (*source, *inner.sources))
        return _Condition(ANY_PACKET, exact=False, sources=source)

    def _protocol_condition(self, icmp: bool, services: tuple[Service, ...], source: Sources) -> _Condition:
        matches = [Match(4, ANY_IPV4, ANY_IPV4, services)]
        if self.ipv6:
            # Whether `icmp` means ICMPv6, too, is not confirmed.
            own = (Service(((ICMPV6, ICMPV6),)),) if icmp else services
            matches.append(Match(6, ANY_IPV6, ANY_IPV6, own))
        return _Condition(tuple(matches), not (icmp and self.ipv6), source)

    def _list_condition(self, name: str, source: Sources) -> _Condition:
        found = [lists[name] for lists in (self.lists, self.ipv6_lists) if name in lists]
        if not found:
            return _Condition(ANY_PACKET, exact=False, sources=source)
        matches: list[Match] = []
        exact = True
        sources = list(source)
        for access_list in found:
            permitted = access_list.permitted()
            matches.extend(permitted.matches)
            exact = exact and permitted.exact
            sources.extend(access_list.evidence)
        return _Condition(tuple(matches), exact, tuple(sources))


def _open(label: str, interfaces: frozenset[str], sources: Sources) -> FilterLine:
    return FilterLine(label, Action.PERMIT, ANY_PACKET, sources, ingress=interfaces, egress=interfaces)


def read_zone_blocks(
    firewall: ZoneFirewall,
    zones: Sequence[Node],
    classes: Sequence[Node],
    policies: Sequence[Node],
    pairs: Sequence[Node],
) -> None:
    """Reads all blocks of the zone-based firewall."""
    for node in zones:
        firewall.read_zone(node)
    for node in classes:
        firewall.read_class(node)
    for node in policies:
        firewall.read_policy(node)
    for node in pairs:
        firewall.read_pair(node)
