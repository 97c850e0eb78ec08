"""Reads `ip route`, `ip forward filter` and routing protocols (YA-20..YA-26), and turns them into routes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.filters import Action, Certainty
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET, Family, Match
from secaudit.network.routes import DynamicRouting, NextHop, PolicyRoute, Route, not_understood, of_unknown_prefix
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.yamaha.addresses import host, network
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import (
    HIGHEST_FILTER_NUMBER,
    RULE_BUDGET,
    Draft,
    GatewayDraft,
    Outcome,
    RouteDraft,
    number_of,
)
from secaudit.vendors.yamaha.table import Handler

_DHCP_DISTANCE = 250
"""A default route learned by DHCP counts after a written one."""
_HIGHEST_WEIGHT = 2147483647
_TOO_MANY = Text(
    ja="ip forward filter の数が多すぎるため展開していません",
    en="there are too many forward filters to write them out",
)
_UNREAD_ROUTE = Text(
    ja="直結サブネットの一部への経路を読み取れません",
    en="a route to a part of a connected subnet was not understood",
)
_FORWARD_ORDER = Text(
    ja="ip forward filter が経路表より先に働く順序は、資料で確かめられていません",
    en="that `ip forward filter` acts before the routing table is not confirmed by the reference",
)


def _route(command: Command, draft: Draft) -> Outcome:
    """`ip route NET gateway G [parameters] [gateway G ...]`; a second line for the network replaces the first (YA-24)."""
    words = command.words
    family: Family = 6 if words[0] == "ipv6" else 4
    prefix = network(family, words[2])
    if prefix is None:
        if not command.negated:
            draft.unread_routes.extend(of_unknown_prefix(family, command.sources, ("",)))
        return Outcome.UNREAD
    if command.negated:
        draft.routes.pop(prefix, None)
        return Outcome.USED
    gateways = _gateways(family, words[3:], command, draft)
    if not gateways:
        draft.partly_read_routes.setdefault(prefix, []).extend(command.sources)
        draft.mark_unread(command.sources, could_matter=True)
        return Outcome.ACCOUNTED
    previous = draft.routes.get(prefix)
    if previous is not None:
        text = Text(
            ja=f"{words[2]} への経路が2行あり、後の行が前の行を置き換えます",
            en=f"there are two lines for the route to {words[2]}; the later one replaces the earlier one",
        )
        draft.note(NoticeKind.OVERWRITTEN, text, (*previous.sources, command.line))
    draft.routes[prefix] = RouteDraft(prefix, gateways, command.sources)
    return Outcome.USED


def _gateways(family: Family, words: tuple[str, ...], command: Command, draft: Draft) -> tuple[GatewayDraft, ...]:
    """Every `gateway ...` of one line; empty when a word is not understood."""
    gateways: list[GatewayDraft] = []
    position = 0
    while position < len(words):
        if words[position] != "gateway":
            return ()
        end = position + 1
        while end < len(words) and words[end] != "gateway":
            end += 1
        gateway = _gateway(family, words[position + 1 : end], command, draft)
        if gateway is None:
            return ()
        gateways.append(gateway)
        position = end
    return tuple(gateways)


def _gateway(family: Family, words: tuple[str, ...], command: Command, draft: Draft) -> GatewayDraft | None:
    target = _target(family, words, command, draft)
    if target is None:
        return None
    gateway, interface, discard, position = target
    filters: list[int] = []
    by_application = conditional = False
    weight = 1
    while position < len(words):
        word = words[position]
        position += 1
        if word in ("filter", "dpi"):
            start = position
            while position < len(words) and words[position].isdecimal():
                number = number_of(words[position], _HIGHEST_WEIGHT)
                if number is None:
                    return None
                if word == "filter":
                    filters.append(number)
                position += 1
            if position == start:
                return None
            by_application = by_application or word == "dpi"
        elif word == "hide":
            conditional = conditional or not discard
        elif word in ("metric", "weight", "keepalive") and position < len(words):
            value = number_of(words[position], _HIGHEST_WEIGHT, lowest=0)
            if value is None:
                return None
            position += 1
            weight = value if word == "weight" else weight
            conditional = conditional or word == "keepalive"
        else:
            return None
    return GatewayDraft(gateway, interface, discard, tuple(filters), by_application, conditional, weight)


_Target = tuple[ipaddress.IPv4Address | ipaddress.IPv6Address | None, str | None, bool, int]


def _target(family: Family, words: tuple[str, ...], command: Command, draft: Draft) -> _Target | None:
    """Where a gateway points (YA-20): address, interface, whether it discards, and how many words that took."""
    if not words:
        return None
    first = words[0]
    following = words[1] if len(words) > 1 else ""
    if first in ("pp", "tunnel"):
        return _peer(first, following, words)
    if first in ("dhcp", "ra"):
        name = draft.interface_name(following, command)
        return None if name is None else (None, name, False, 2)
    if first == "null" or first.startswith("loopback"):
        name = draft.interface_name(first, command)
        return None if name is None else (None, name, True, 1)
    address, _, scope = first.partition("%")
    gateway = host(address)
    if gateway is None or gateway.version != family:
        name = draft.interface_name(first, command) if first.startswith("wan") else None
        return None if name is None else (None, name, False, 1)
    name = draft.interface_name(scope, command) if scope else None
    return None if scope and name is None else (gateway, name, False, 1)


def _peer(kind: str, which: str, words: tuple[str, ...]) -> _Target | None:
    """`pp N [dlci=..]`, `pp anonymous [name=..]`, `tunnel N`."""
    number = number_of(which, 999_999)
    if number is None and not (kind == "pp" and which == "anonymous"):
        return None
    length = 2
    if len(words) > 2 and kind == "pp" and words[2].startswith(("dlci=", "name=")):
        length = 3
    return None, f"{kind} {which if number is None else number}", False, length


def _forward_filter(command: Command, draft: Draft) -> Outcome:
    """`ip forward filter ID ORDER gateway G filter N.. [keepalive K]` (YA-26)."""
    words = command.words
    order = number_of(words[4], HIGHEST_FILTER_NUMBER) if len(words) > 4 else None
    if order is None:
        return Outcome.UNREAD
    key = (words[3], order)
    if command.negated:
        draft.policy_routes.pop(key, None)
        return Outcome.USED
    gateways = _gateways(4, words[5:], command, draft)
    if len(gateways) != 1 or not gateways[0].filters:
        return Outcome.UNREAD
    draft.policy_routes[key] = (gateways[0], command.sources)
    return Outcome.USED


def _use_forward_filter(command: Command, draft: Draft) -> Outcome:
    """`ip IF forward filter ID`."""
    name = draft.interface_name(command.words[1], command)
    if name is None or (len(command.words) != 5 and not command.negated):
        return Outcome.UNREAD
    if command.negated:
        draft.policy_route_uses.pop(name, None)
    else:
        draft.policy_route_uses[name] = (command.words[4], command.line)
    return Outcome.USED


def _protocol(command: Command, draft: Draft) -> Outcome:
    """`rip use on`, `ospf use on`, `bgp use on`, `ipv6 rip use on`, `ipv6 ospf use on`."""
    words = command.words
    value = words[-1]
    key = " ".join(words[: words.index("use") + 1])
    if command.negated or value == "off":
        draft.settings.pop(key, None)
        return Outcome.USED
    if value != "on":
        return Outcome.UNREAD
    draft.settings[key] = command
    return Outcome.USED


_OSPF_KEYS = {"auth=text": "authkey=", "auth=md5": "md5key="}
"""What an area asks for, and the word that holds the key at an interface (28.9, 28.10)."""
_NOT_KNOWN = "ospf of an interface"


def _neighbour(command: Command, draft: Draft) -> Outcome:
    """`ospf area AREA [auth=...]`, `bgp neighbor N ...`, `bgp neighbor pre-shared-key N text KEY` (28.9, 29.12, 29.13)."""
    words = command.words
    length = 4 if words[2:3] == ("pre-shared-key",) else 3
    if len(words) < length:
        return Outcome.UNREAD
    key = " ".join(words[:length])
    if command.negated:
        draft.settings.pop(key, None)
    else:
        draft.settings[key] = command
    return Outcome.USED


def _ospf_at(command: Command, draft: Draft) -> Outcome:
    """`ip INTERFACE ospf area AREA [authkey=KEY] [md5key=ID,KEY] ...` (28.10)."""
    if len(command.words) < 5:
        return Outcome.UNREAD
    start = " ".join(command.words[:4])
    if command.negated:
        for key in [one for one in draft.settings if one.startswith(f"{start} ")]:
            del draft.settings[key]
    else:
        # Of an interface that has no name in the line (`pp select`), each line stands for itself.
        draft.settings[f"{start} {command.words[4]} {command.line.number}"] = command
    return Outcome.USED


def _ospf_otherwise(command: Command, draft: Draft) -> Outcome:
    """`ip INTERFACE ospf ...` that says nothing known: no area of the device is told for sure."""
    draft.settings[f"{_NOT_KNOWN} {command.line.number}"] = command
    return Outcome.USED


def _ospf_authenticated(draft: Draft) -> bool | None:
    """The area says by what kind of key, the interface holds the key; a kind without its key tells nothing."""
    areas = {one.words[2]: one.words for key, one in draft.settings.items() if key.startswith("ospf area ")}
    ways = {area: next((key for way, key in _OSPF_KEYS.items() if way in words), "") for area, words in areas.items()}
    if not all(ways.values()):
        return False
    if any(key.startswith(_NOT_KNOWN) for key in draft.settings):
        return None
    used = [one.words for key, one in draft.settings.items() if key.startswith("ip ") and " ospf area " in key]
    held = [
        one[4] in ways and any(word.startswith(ways[one[4]]) and word != ways[one[4]] for word in one) for one in used
    ]
    return True if held and all(held) else None


def _authenticated(draft: Draft, protocol: str) -> bool | None:
    """Whether every area of OSPF, every neighbour of BGP has to authenticate itself."""
    if protocol == "OSPF":
        return _ospf_authenticated(draft)
    if protocol == "BGP":
        start, secret = "bgp neighbor ", "bgp neighbor pre-shared-key "
        numbers = [key[len(start) :] for key in draft.settings if key.startswith(start) and not key.startswith(secret)]
        return all(secret + number in draft.settings for number in numbers) if numbers else None
    return None


def build_routes(draft: Draft) -> tuple[Route, ...]:
    """All static routes, and those that addresses of peers and DHCP bring along."""
    return (
        *(_built(draft, route) for route in draft.routes.values()),
        *_peer_routes(draft),
        *_dhcp_routes(draft),
    )


def _built(draft: Draft, route: RouteDraft) -> Route:
    family: Family = 4 if route.prefix.version == 4 else 6
    hops = tuple(_next_hop(draft, family, gateway, route.sources) for gateway in route.gateways)
    evidence = {line: None for hop in hops for line in (*route.sources, *hop.sources)}
    return Route(route.prefix, hops, tuple(evidence), distance=route.distance)


def _next_hop(draft: Draft, family: Family, gateway: GatewayDraft, sources: Sources) -> NextHop:
    matches: tuple[Match, ...] | None = None
    conditional = gateway.conditional
    evidence = sources
    if gateway.filters:
        matches, exact, lines = _classifier(draft, family, gateway.filters, sources)
        conditional = conditional or not exact
        evidence = (*sources, *lines)
    if gateway.by_application:
        matches, conditional = (_everything(family),), True
    return NextHop(
        evidence,
        gateway.gateway,
        gateway.interface,
        gateway.discard,
        matches,
        conditional,
        gateway.weight == 0,
    )


def _classifier(
    draft: Draft, family: Family, numbers: tuple[int, ...], sources: Sources
) -> tuple[tuple[Match, ...], bool, Sources]:
    """The packets that filters select for a gateway, whether that is exact, and the filters' lines.

    It is exact only for defined, certain `pass` filters: what `reject` means here is not documented (YA-25).
    """
    draft.referenced[family].update(numbers)
    definitions = [draft.filters[family].get(number) for number in numbers]
    undefined = [number for number, definition in zip(numbers, definitions, strict=True) if definition is None]
    if undefined:
        listed = ", ".join(map(str, undefined))
        text = Text(
            ja=f"経路のゲートウェイが参照するフィルター {listed} は定義されていません",
            en=f"the filters {listed} named by a gateway of a route are not defined",
        )
        draft.note(NoticeKind.UNDEFINED_LINE, text, sources)
    known = [definition for definition in definitions if definition is not None]
    lines = tuple(definition.line for definition in known)
    exact = not undefined and all(
        definition.readable and definition.action is Action.PERMIT and definition.certainty is Certainty.ALWAYS
        for definition in known
    )
    if not known or undefined or not all(definition.readable for definition in known):
        return (_everything(family),), False, lines
    matches = tuple(
        Match(family, definition.from_addresses, definition.to_addresses, definition.services)
        for definition in known
        if definition.services
    )
    return matches, exact, lines


def _everything(family: Family) -> Match:
    return ANY_IPV4_PACKET if family == 4 else ANY_IPV6_PACKET


def _peer_routes(draft: Draft) -> Iterator[Route]:
    """The addresses given to callers exist only while they are connected (8.2.1, 8.2.2)."""
    for interface in draft.interfaces.values():
        for networks, line in interface.peer_routes.values():
            for prefix in networks:
                yield Route(prefix, (NextHop((line,), interface=interface.name, conditional=True),), (line,))


def _dhcp_routes(draft: Draft) -> Iterator[Route]:
    """DHCP brings a default route unless that is switched off; older revisions lack the switch (8.1.8)."""
    for interface in draft.interfaces.values():
        line = interface.dynamic.get("address")
        if line is not None and interface.default_route_by_dhcp:
            hop = NextHop((line,), interface=interface.name, conditional=True)
            yield Route(ipaddress.IPv4Network("0.0.0.0/0"), (hop,), (line,), distance=_DHCP_DISTANCE)


def build_policy_routes(draft: Draft) -> tuple[PolicyRoute, ...]:
    """`ip forward filter` lists on the interfaces that use them, in the order of their numbers."""
    found: list[PolicyRoute] = []
    lists: dict[str, list[tuple[int, GatewayDraft, Sources]]] = {}
    for (owner, order), (gateway, sources) in sorted(draft.policy_routes.items(), key=lambda item: item[0]):
        lists.setdefault(owner, []).append((order, gateway, sources))
    for interface, (name, line) in draft.policy_route_uses.items():
        if len(found) + len(lists.get(name, ())) > RULE_BUDGET:
            draft.doubt(DoubtKind.TOO_COMPLEX, _TOO_MANY, (line,))
            break
        if name not in lists:
            text = Text(
                ja=f"{interface} が使う ip forward filter {name} は定義されていないため、働きません",
                en=f"`ip forward filter {name}`, which {interface} uses, is not defined and does nothing",
            )
            draft.note(NoticeKind.INACTIVE, text, (line,))
        for order, gateway, sources in lists.get(name, ()):
            hop = _next_hop(draft, 4, gateway, sources)
            matches = hop.matches or ()
            hop = NextHop(hop.sources, hop.gateway, hop.interface, hop.discard, None, hop.conditional, hop.backup)
            found.append(
                PolicyRoute(
                    f"forward filter {name} {order}",
                    matches,
                    (hop,),
                    (*hop.sources, line),
                    frozenset({interface}),
                    uncertain=_FORWARD_ORDER,
                )
            )
    return tuple(found)


def build_dynamic_routing(draft: Draft) -> tuple[DynamicRouting, ...]:
    """Routing protocols that are switched on. That BGP carries no IPv6 routes is not confirmed by the reference."""
    protocols: tuple[tuple[str, str, Family | None], ...] = (
        ("rip use", "RIP", 4),
        ("ospf use", "OSPF", 4),
        ("bgp use", "BGP", None),
        ("ipv6 rip use", "RIPng", 6),
        ("ipv6 ospf use", "OSPFv3", 6),
    )
    return (
        *(
            DynamicRouting(name, draft.settings[key].sources, family=family, authenticated=_authenticated(draft, name))
            for key, name, family in protocols
            if key in draft.settings
        ),
        *_partly_read(draft),
        *draft.unread_routes,
    )


def _partly_read(draft: Draft) -> Iterator[DynamicRouting]:
    """Routes whose gateways were not understood."""
    connected = [held.address.network for one in draft.interfaces.values() for held in one.addresses.values()]
    for prefix, lines in draft.partly_read_routes.items():
        bounded = not_understood(prefix, tuple(lines), connected)
        if bounded is None:
            draft.doubt(DoubtKind.UNREAD, _UNREAD_ROUTE, tuple(lines))
        else:
            yield bounded


HANDLERS: Mapping[str, Handler] = {
    "ip|ipv6 route *": _route,
    "ip forward filter": _forward_filter,
    "ip * forward filter": _use_forward_filter,
    "rip|ospf|bgp use": _protocol,
    "ipv6 rip|ospf use": _protocol,
    "ospf area": _neighbour,
    "ip * ospf area": _ospf_at,
    "ip * ospf": _ospf_otherwise,
    "bgp neighbor": _neighbour,
}
