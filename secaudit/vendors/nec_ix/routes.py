"""Static routes, the presence of dynamic routing, and watch groups that change routes (B.2)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import Family
from secaudit.network.routes import DynamicRouting, NextHop, Route, not_understood, of_unknown_prefix
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words, ipv4, whole_number
from secaudit.vendors.nec_ix.defaults import defaults
from secaudit.vendors.nec_ix.interface_facts import InterfaceFacts
from secaudit.vendors.nec_ix.neighbours import Neighbours
from secaudit.vendors.nec_ix.vocabulary import spelled

_DETAILS = Text(
    ja="経路制御プロトコルの細目です。学習される経路は「不明」として扱うため、この行は判定を変えません",
    en="details of a routing protocol: what it learns is treated as unknown anyway",
)
_PREFIX = Text(
    ja="IPv6 のプレフィックスが外部から与えられるため、このインターフェースの IPv6 の範囲は設定からは分かりません",
    en="the IPv6 prefix of this interface is given from outside and is not in the file",
)
_NO_ADDRESS = Text(
    ja="インターフェースのアドレスの行を読み取れないため、どのサブネットがその先にあるか判断できません",
    en="the address of an interface was not understood, so which subnet is behind it cannot be told",
)
_NO_INTERFACE = Text(
    ja="経路の出口のインターフェースが設定にないため、この宛先へのパケットの行き先を判断できません",
    en="the interface of this route is not in the file, so where its packets go cannot be told",
)
_WATCHED = Text(
    ja="監視の結果により実行される動作をモデル化していません",
    en="what is done when a watched host is lost is not modelled",
)
_HARMLESS_ACTIONS = frozenset(
    ("turn-alm-led-on", "turn-bak-led-on", "turn-vpn-led-on", "turn-led-on", "ipsec", "ike", "ikev2", "mail")
)
_WATCHING = frozenset(
    ("event", "probe-counter", "probe-timer", "description", "exit", "probe-interval", "recover-timer")
)
_EVERYTHING: Mapping[int, IPNetwork] = {4: ipaddress.IPv4Network("0.0.0.0/0"), 6: ipaddress.IPv6Network("::/0")}


@dataclass(frozen=True, slots=True)
class _Static:
    prefix: IPNetwork
    distance: int
    metric: int
    next_hop: NextHop


@dataclass(slots=True)
class Watched:
    """What watch groups do to routes: prefixes whose routes may be shut, and routes that may be put in."""

    shut: dict[IPNetwork, SourceLine] = field(default_factory=dict)
    inserted: list[Route] = field(default_factory=list)


def static_routes(
    nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], watched: Watched, ledger: Ledger
) -> tuple[tuple[Route, ...], tuple[DynamicRouting, ...]]:
    """`ip route` and `ipv6 route`, and those of which at most the prefix was understood.

    Lines for the same prefix and distance are one route with several next hops; whether `metric` chooses among them is not
    confirmed, so with different metrics each is real in some state.
    """
    partly: list[DynamicRouting] = []
    connected = [held.address.network for facts in interfaces.values() for held in facts.addresses]
    grouped: dict[tuple[IPNetwork, int], list[_Static]] = {}
    for node in nodes:
        family: Family = 6 if node.keys[0] == "ipv6" else 4
        try:
            if node.children:
                raise NotUnderstoodError("nothing stands below a route")
            route = _route(Words(node.words, node.keys, 2), node, family)
        except NotUnderstoodError:
            partly += _not_understood(node, family, connected, ledger)
            continue
        ledger.use(node)
        if route.next_hop.interface is not None and route.next_hop.interface not in interfaces:
            partly += _to_nowhere(route.prefix, node, family, connected)
            continue
        grouped.setdefault((route.prefix, route.distance), []).append(route)
    routes = [_joined(prefix, distance, held, watched) for (prefix, distance), held in grouped.items()]
    return (*routes, *watched.inserted), tuple(partly)


def _joined(prefix: IPNetwork, distance: int, held: Sequence[_Static], watched: Watched) -> Route:
    hops = [one.next_hop for one in held]
    sources = tuple(source for hop in hops for source in hop.sources)
    if len({one.metric for one in held}) > 1 or prefix in watched.shut:
        hops = [replace(hop, conditional=True) for hop in hops]
    if prefix in watched.shut:
        sources = (*sources, watched.shut[prefix])
    return Route(prefix, tuple(hops), sources, distance=distance)


def _to_nowhere(
    prefix: IPNetwork, node: Node, family: Family, connected: Sequence[IPNetwork]
) -> Iterable[DynamicRouting]:
    """A route out of an interface that the file does not have: the file may be incomplete, so where its packets go is not known."""
    sources = (node.line,)
    if not_understood(prefix, sources, connected) is None:
        return of_unknown_prefix(family, sources, ("",))
    return (DynamicRouting("static", sources, "", None, family, reason=_NO_INTERFACE, destinations=prefix),)


def _not_understood(
    node: Node, family: Family, connected: Sequence[IPNetwork], ledger: Ledger
) -> Iterable[DynamicRouting]:
    bounded = None
    if not node.children:
        try:
            bounded = not_understood(_prefix(Words(node.words, node.keys, 2), family), (node.line,), connected)
        except NotUnderstoodError:
            bounded = None
    if bounded is not None:
        ledger.leave_line(node.line)
        return (bounded,)
    ledger.leave(node)
    return of_unknown_prefix(family, (node.line,), ("",))


def _prefix(words: Words, family: Family) -> IPNetwork:
    word = words.take()
    if word.lower() == "default":
        return _EVERYTHING[family]
    first, slash, length = word.partition("/")
    if not slash:
        raise NotUnderstoodError("no prefix length")
    if family == 4:
        bits = whole_number(length, 0, 32)
        return ipaddress.IPv4Network((ipv4(first) >> (32 - bits) << (32 - bits), bits))
    try:
        network = ipaddress.ip_network(word, strict=False)
    except ValueError as error:
        raise NotUnderstoodError(word) from error
    if network.version != family:
        raise NotUnderstoodError("of the other address family")
    return network


def _route(words: Words, node: Node, family: Family) -> _Static:
    """`PREFIX|default NEXTHOP|IF [dhcp] [distance N] [metric N] [tag N]`."""
    prefix = _prefix(words, family)
    hop = _hop(words, node, family)
    distance, metric = defaults().static_distance, 0
    while words:
        option = words.take().lower()
        if option == "distance":
            distance = words.number(1, 255)
        elif option == "metric":
            metric = words.number(0, 2**32 - 1)
        elif option == "tag":
            words.take()
        else:
            raise NotUnderstoodError(option)
    return _Static(prefix, distance, metric, hop)


def _hop(words: Words, node: Node, family: Family) -> NextHop:
    word, percent, zone = words.take().partition("%")
    sources = (node.line,)
    try:
        gateway: IPAddress = ipaddress.ip_address(word)
    except ValueError:
        if percent or not word[:1].isalpha():
            raise NotUnderstoodError(word) from None
        if word.lower().startswith("null"):
            return NextHop(sources, discard=True)
        # The gateway is the one that DHCP tells, while there is one.
        return NextHop(sources, interface=spelled(word), conditional=words.skip("dhcp"))
    if gateway.version != family:
        raise NotUnderstoodError("of the other address family")
    if not percent:
        return NextHop(sources, gateway)
    return NextHop(sources, gateway, spelled(zone))


def learnt_defaults(interfaces: Mapping[str, InterfaceFacts]) -> tuple[Route, ...]:
    """`receive-default` behind an address that is given: a default route while the line is up, last of all."""
    return tuple(
        Route(
            _EVERYTHING[family],
            (NextHop((line,), interface=facts.name, conditional=True),),
            (line,),
            distance=defaults().learnt_distance,
        )
        for facts in interfaces.values()
        for family, line in sorted(facts.learnt.items())
    )


def doubtful_prefixes(nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """IPv6 prefixes that are no part of the file: router advertisements, DHCP, and what a client profile hands on to other interfaces."""
    for node in nodes:
        ledger.use_all(node)
        for child in node.children:
            told = "redistribute" in child.keys or any(spelled(word) in interfaces for word in child.words)
            if child.keys[0] == "ia-pd" and not told:
                ledger.leave(child)  # to which interface the prefix is handed on is not known
            for word in child.words if child.keys[0] == "ia-pd" else ():
                facts = interfaces.get(spelled(word))
                if facts is not None and facts.unknown_ipv6 is None:
                    facts.unknown_ipv6 = child.line
                    facts.ipv6 = True
    handed_on = any("redistribute" in child.keys for node in nodes for child in node.children)
    for facts in interfaces.values():
        if facts.unknown_ipv6 is None and handed_on and facts.ipv6:
            facts.unknown_ipv6 = facts.sources[0]
        if facts.unknown_ipv6 is not None:
            ledger.doubt(DoubtKind.UNSUPPORTED, _PREFIX, (facts.unknown_ipv6,), on_interfaces(facts.name))


def dynamic_routing(
    nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], neighbours: Neighbours, ledger: Ledger
) -> tuple[DynamicRouting, ...]:
    """Every `router` block. What else its lines say in detail cannot matter: the routes that it learns are unknown.

    A protocol that interfaces name counts as running there even if its block is not in the file.
    """
    result: list[DynamicRouting] = []
    for node in nodes:
        keys = node.keys
        start = 2 if keys[0] in ("ip", "ipv6") else 1
        if len(keys) <= start:
            ledger.leave(node)
            continue
        protocol = keys[start]
        family: Family | None = 6 if keys[0] == "ipv6" else None if protocol == "bgp" else 4
        ledger.use(node)
        ledger.ignore_below(node, _DETAILS)
        must, said = neighbours.of_block(node, protocol)
        sources = tuple(dict.fromkeys((node.line, *said)))
        result.append(DynamicRouting(protocol, sources, "", None, family, authenticated=must))
    result += [
        DynamicRouting("connected", (line,), "", frozenset((facts.name,)), reason=_NO_ADDRESS)
        for facts in interfaces.values()
        for line in facts.unread_addresses
    ]
    known = {one.protocol for one in result}
    result += [
        DynamicRouting(protocol, (line,), "", frozenset((facts.name,)))
        for facts in interfaces.values()
        for protocol, line in facts.routing.items()
        if protocol not in known
    ]
    return tuple(result)


def lost_interfaces(nodes: Sequence[Node]) -> tuple[DynamicRouting, ...]:
    """Blocks of interfaces that could not be read at all: any subnet may be behind them."""
    families: tuple[Family, Family] = (4, 6)
    return tuple(
        DynamicRouting("connected", (node.line,), "", None, family, reason=_NO_ADDRESS)
        for node in nodes
        for family in families
    )


def read_watch_groups(nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> Watched:
    """`watch-group NAME N` with `event ...` and `action N ip shutdown-route|insert-route PREFIX NEXTHOP|IF`."""
    watched = Watched()
    for node in nodes:
        ledger.use(node)
        for child in node.children:
            if child.keys[0] in _WATCHING or (child.keys[0] == "action" and _action(child, interfaces, watched)):
                ledger.use_all(child)
            elif child.keys[0] == "action":
                ledger.use_all(child)
                ledger.doubt(DoubtKind.UNSUPPORTED, _WATCHED, (child.line,))
            else:
                ledger.leave(child)
    return watched


def _action(node: Node, interfaces: Mapping[str, InterfaceFacts], watched: Watched) -> bool:
    words = Words(node.words, node.keys, 1)
    try:
        words.number(1, 65535)
        if words.peek() in _HARMLESS_ACTIONS:
            return True
        family: Family = 6 if words.take().lower() == "ipv6" else 4
        what = words.take().lower()
        if what not in ("shutdown-route", "insert-route"):
            return False
        prefix = _prefix(words, family)
        if what == "shutdown-route":
            watched.shut.setdefault(prefix, node.line)
            return True
        hop = replace(_hop(words, node, family), conditional=True)
    except NotUnderstoodError:
        return False
    if hop.interface is not None and hop.interface not in interfaces:
        return False
    watched.inserted.append(Route(prefix, (hop,), (node.line,), distance=defaults().static_distance))
    return True
