"""`route-map`: conditions for policy routing and address translation."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.matches import ANY_IPV4_PACKET, Match
from secaudit.network.routes import NextHop, PolicyRoute
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.access_lists import AccessList
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco.words import Words
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import ipv4

_UNCLEAR = Text(
    ja="ルートマップの条件または動作を正確に計算できません",
    en="the condition or the action of the route map cannot be computed exactly",
)
_ROUTING_ONLY = Text(
    ja="経路制御プロトコルだけが使うルートマップです。学習される経路は「不明」として扱います",
    en="a route map that only routing protocols use; what they learn is treated as unknown",
)
_MARKING = frozenset(("precedence", "tos", "dscp", "df"))


@dataclass(frozen=True, slots=True)
class Condition:
    """The packets that an entry is for. When not `exact`, the most that it could be."""

    matches: tuple[Match, ...]
    exact: bool


@dataclass(slots=True)
class RouteMapEntry:
    """One `route-map NAME permit|deny N` block."""

    label: str
    permit: bool
    sequence: int
    source: SourceLine
    lists: list[str] | None = None
    egress_interfaces: frozenset[str] = frozenset()
    next_hops: list[NextHop] = field(default_factory=list)
    clear: bool = True
    """Every line of the entry was understood and is modelled."""
    lines: list[SourceLine] = field(default_factory=list)

    @property
    def sources(self) -> Sources:
        """The lines of the entry."""
        return (self.source, *self.lines)

    def condition(self, lists: Mapping[str, AccessList]) -> Condition:
        """Any of the lists of `match ip address` (no `match` at all = every packet)."""
        if self.lists is None:
            return Condition((ANY_IPV4_PACKET,), self.clear)
        matches: list[Match] = []
        exact = self.clear
        for name in self.lists:
            access_list = lists.get(name)
            if access_list is None:
                return Condition((ANY_IPV4_PACKET,), exact=False)
            permitted = access_list.permitted()
            matches.extend(permitted.matches)
            exact = exact and permitted.exact
        return Condition(tuple(matches), exact)


@dataclass(slots=True)
class RouteMap:
    """A route map; entries in order of their numbers."""

    name: str
    entries: list[RouteMapEntry] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)


def read_route_maps(nodes: Sequence[Node], needed: frozenset[str], ledger: Ledger) -> dict[str, RouteMap]:
    """Reads the route maps that forwarding uses (`needed`); others only matter to routing protocols."""
    result: dict[str, RouteMap] = {}
    for node in nodes:
        words = node.words
        if len(words) < 2:
            ledger.leave(node)
        elif words[1] not in needed:
            ledger.ignore(node, _ROUTING_ONLY)
        else:
            try:
                entry = _read_entry(node, ledger)
            except NotUnderstoodError:
                ledger.leave(node)
                continue
            result.setdefault(words[1], RouteMap(words[1])).entries.append(entry)
    for route_map in result.values():
        route_map.entries.sort(key=lambda entry: entry.sequence)
    return result


def _read_entry(node: Node, ledger: Ledger) -> RouteMapEntry:
    words = Words(node.words, node.keys, 2)
    permit = True
    sequence = 10
    if words:
        action = words.take().lower()
        if action not in ("permit", "deny"):
            raise NotUnderstoodError(action)
        permit = action == "permit"
    if words:
        sequence = words.number(0, 65535)
    words.finish()
    entry = RouteMapEntry(f"{node.words[1]} {sequence}", permit, sequence, node.line)
    ledger.use(node)
    for child in node.children:
        entry.lines.append(child.line)
        try:
            _read_line(entry, Words(child.words, child.keys), child)
        except NotUnderstoodError:
            entry.clear = False
        # What was not modelled makes the entry uncertain, so the line is accounted for.
        ledger.use_all(child)
    return entry


def _read_line(entry: RouteMapEntry, words: Words, node: Node) -> None:
    verb = words.take().lower()
    if verb == "description":
        return
    what = words.take().lower()
    if verb == "match" and what == "ip" and words.skip("address"):
        if words.peek() in ("prefix-list", ""):
            raise NotUnderstoodError("prefix list")
        entry.lists = [*(entry.lists or ()), *words.items[words.position :]]
    elif verb == "match" and what == "interface":
        while words:
            entry.egress_interfaces |= {words.interface()}
    elif verb == "set" and what == "ip" and words.skip("next-hop"):
        _next_hops(entry, words, node)
    elif verb == "set" and what == "interface":
        while words:
            name = words.interface()
            discard = name.lower() == "null0"
            backup = bool(entry.next_hops)
            entry.next_hops.append(
                NextHop((node.line,), None, None if discard else name, discard=discard, backup=backup)
            )
    elif verb == "set" and what == "ip" and words.peek() in _MARKING:
        return
    else:
        raise NotUnderstoodError(f"{verb} {what}")


def _next_hops(entry: RouteMapEntry, words: Words, node: Node) -> None:
    """`A B ...` (the first that is up is used) and `verify-availability A N track T`."""
    if words.skip("verify-availability"):
        if not words:
            return
        address = words.address()
        words.number(1, 65535)
        if not words.skip("track"):
            raise NotUnderstoodError("track is missing")
        words.take()
        words.finish()
        gateway = ipaddress.IPv4Address(address)
        entry.next_hops.append(NextHop((node.line,), gateway, conditional=True, backup=bool(entry.next_hops)))
        return
    while words:
        gateway = ipaddress.IPv4Address(ipv4(words.take()))
        entry.next_hops.append(NextHop((node.line,), gateway, backup=bool(entry.next_hops)))


def policy_routes(
    interfaces: Mapping[str, InterfaceFacts],
    route_maps: Mapping[str, RouteMap],
    lists: Mapping[str, AccessList],
    ledger: Ledger,
) -> tuple[PolicyRoute, ...]:
    """`ip policy route-map` as rules tried before the routing table; a deny entry sends its packets to the table."""
    users: dict[str, list[InterfaceFacts]] = {}
    for facts in interfaces.values():
        if facts.policy_route is not None:
            users.setdefault(facts.policy_route.name, []).append(facts)
    result: list[PolicyRoute] = []
    for name, applied in users.items():
        route_map = route_maps.get(name)
        if route_map is None:
            ledger.notice(
                NoticeKind.INACTIVE,
                Text(
                    ja=f"ルートマップ {name} が定義されていないため、ip policy route-map は働きません",
                    en=f"the route map {name} is not defined, so `ip policy route-map` does nothing",
                ),
                tuple(facts.policy_route.source for facts in applied if facts.policy_route is not None),
                undefined=True,
            )
            continue
        by_vrf: dict[str, list[InterfaceFacts]] = {}
        for facts in applied:
            by_vrf.setdefault(facts.vrf, []).append(facts)
        for vrf, members in by_vrf.items():
            ingress = frozenset(facts.name for facts in members)
            applications = tuple(facts.policy_route.source for facts in members if facts.policy_route is not None)
            for entry in route_map.entries:
                if not entry.clear:
                    ledger.doubt(DoubtKind.UNSUPPORTED, _UNCLEAR, entry.sources, on_interfaces(*ingress))
                result.append(_policy_route(entry, lists, ingress, vrf, applications))
    return tuple(result)


def _policy_route(
    entry: RouteMapEntry,
    lists: Mapping[str, AccessList],
    ingress: frozenset[str],
    vrf: str,
    applications: Sources,
) -> PolicyRoute:
    condition = entry.condition(lists)
    exact = condition.exact and not entry.egress_interfaces
    return PolicyRoute(
        entry.label,
        condition.matches,
        tuple(entry.next_hops) if entry.permit else (),
        (*entry.sources, *applications),
        ingress,
        vrf,
        None if exact else _UNCLEAR,
    )
