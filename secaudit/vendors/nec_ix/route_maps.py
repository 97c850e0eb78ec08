"""`route-map` where `ip policy route-map` uses it: rules tried before the routing table."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind
from secaudit.network.matches import ANY_IPV4_PACKET, Match
from secaudit.network.routes import NextHop, PolicyRoute
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words, ipv4
from secaudit.vendors.nec_ix.access_lists import Lists
from secaudit.vendors.nec_ix.interface_facts import InterfaceFacts
from secaudit.vendors.nec_ix.vocabulary import spelled

_UNCLEAR = Text(
    ja="ルートマップの条件または動作を正確に計算できません",
    en="the condition or the action of the route map cannot be computed exactly",
)
_UNDEFINED = Text(
    ja="ポリシールーティングのルートマップが定義されておらず、動作を確認できません",
    en="the route map for policy routing is not defined; what it does is not confirmed",
)
_ROUTING_ONLY = Text(
    ja="経路制御プロトコルだけが使うルートマップです。学習される経路は「不明」として扱います",
    en="a route map that only routing protocols use; what they learn is treated as unknown",
)
_MARKING = frozenset(("dscp", "precedence", "tos"))


@dataclass(slots=True)
class RouteMapEntry:
    """One `route-map NAME permit|deny N` block. `clear`: every line of it was understood and is modelled."""

    label: str
    permit: bool
    sequence: int
    source: SourceLine
    lists: list[str] | None = None
    next_hops: list[NextHop] = field(default_factory=list)
    clear: bool = True
    lines: list[SourceLine] = field(default_factory=list)

    @property
    def sources(self) -> Sources:
        """The lines of the entry."""
        return (self.source, *self.lines)

    def condition(self, lists: Lists) -> tuple[tuple[Match, ...], bool]:
        """The packets that it is for (any of its lists; no `match` at all is every packet), and whether that is exact."""
        if self.lists is None:
            return (ANY_IPV4_PACKET,), self.clear
        matches: list[Match] = []
        exact = self.clear
        for name in self.lists:
            held = lists.get(4, name)
            if held is None:
                return (ANY_IPV4_PACKET,), False
            permitted = held.permitted()
            matches.extend(permitted.matches)
            exact = exact and permitted.exact
        return tuple(matches), exact


def read_route_maps(
    nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], ledger: Ledger
) -> dict[str, list[RouteMapEntry]]:
    """The entries of the route maps that forwarding uses, in order of their numbers; others only matter to routing protocols."""
    needed = {facts.policy_route.name for facts in interfaces.values() if facts.policy_route is not None}
    result: dict[str, list[RouteMapEntry]] = {}
    for node in nodes:
        if len(node.words) < 2:
            ledger.leave(node)
        elif node.words[1] not in needed:
            ledger.ignore(node, _ROUTING_ONLY)
        else:
            try:
                entry = _read_entry(node, ledger)
            except NotUnderstoodError:
                ledger.leave(node)
                continue
            result.setdefault(node.words[1], []).append(entry)
    for entries in result.values():
        entries.sort(key=lambda entry: entry.sequence)
    return result


def _read_entry(node: Node, ledger: Ledger) -> RouteMapEntry:
    words = Words(node.words, node.keys, 2)
    action = words.take().lower() if words else "permit"
    if action not in ("permit", "deny"):
        raise NotUnderstoodError(action)
    sequence = words.number(0, 65535) if words else 10
    words.finish()
    entry = RouteMapEntry(f"{node.words[1]} {sequence}", action == "permit", sequence, node.line)
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
    """`match ip address access-list LIST`, `set ip next-hop A ...`, `set interface IF ...` (the first that is up)."""
    verb = words.take().lower()
    if verb in ("description", "exit"):
        return
    what = words.take().lower()
    if verb == "match" and what == "ip" and words.skip("address"):
        words.skip("access-list")
        names = words.items[words.position :]
        if not names or "prefix-list" in node.keys:
            raise NotUnderstoodError("no access list")
        entry.lists = [*(entry.lists or ()), *names]
    elif verb == "set" and what == "ip" and words.skip("next-hop"):
        while words:
            gateway = ipaddress.IPv4Address(ipv4(words.take()))
            entry.next_hops.append(NextHop((node.line,), gateway, backup=bool(entry.next_hops)))
    elif verb == "set" and what == "interface":
        while words:
            name = words.take()
            discard = name.lower().startswith("null")
            entry.next_hops.append(
                NextHop(
                    (node.line,),
                    None,
                    None if discard else spelled(name),
                    discard=discard,
                    backup=bool(entry.next_hops),
                )
            )
    elif not (verb == "set" and what == "ip" and words.peek() in _MARKING):
        raise NotUnderstoodError(f"{verb} {what}")


def policy_routes(
    interfaces: Mapping[str, InterfaceFacts],
    route_maps: Mapping[str, Sequence[RouteMapEntry]],
    lists: Lists,
    ledger: Ledger,
) -> tuple[PolicyRoute, ...]:
    """`ip policy route-map`; an entry that denies sends its packets to the routing table."""
    users: dict[str, list[InterfaceFacts]] = {}
    for facts in interfaces.values():
        if facts.policy_route is not None:
            users.setdefault(facts.policy_route.name, []).append(facts)
    result: list[PolicyRoute] = []
    for name, applied in users.items():
        ingress = frozenset(facts.name for facts in applied)
        lines = tuple(facts.policy_route.source for facts in applied if facts.policy_route is not None)
        if name not in route_maps:
            ledger.doubt(DoubtKind.UNDEFINED, _UNDEFINED, lines, on_interfaces(*ingress))
            continue
        for entry in route_maps[name]:
            missing = any(hop.interface is not None and hop.interface not in interfaces for hop in entry.next_hops)
            if not entry.clear or missing:
                ledger.doubt(DoubtKind.UNSUPPORTED, _UNCLEAR, entry.sources, on_interfaces(*ingress))
            matches, exact = entry.condition(lists)
            hops = tuple(entry.next_hops) if entry.permit else ()
            uncertain = None if exact else _UNCLEAR
            result.append(PolicyRoute(entry.label, matches, hops, (*entry.sources, *lines), ingress, "", uncertain))
    return tuple(result)
