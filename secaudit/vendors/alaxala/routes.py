"""Static routes and the presence of dynamic routing."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import Family
from secaudit.network.routes import DynamicRouting, NextHop, Route, not_understood, of_unknown_prefix
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.alaxala.facts import InterfaceFacts
from secaudit.vendors.alaxala.neighbours import bgp_authenticated, ospf_authenticated
from secaudit.vendors.alaxala.vocabulary import interface_name
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words, ipv4_network, ipv6, ipv6_network, is_ipv4

_DETAILS = Text(
    ja="経路制御プロトコルの細目です。学習される経路は「不明」として扱うため、この行は判定を変えません",
    en="details of a routing protocol: what it learns is treated as unknown anyway",
)
_LEAK = Text(
    ja="VRF をまたぐ経路はモデル化していません", en="a route that crosses from one VRF to another is not modelled"
)
_NOT_FORWARDING = Text(
    ja="noinstall の経路は広告専用で、パケットの転送には使われません",
    en="a route with `noinstall` is advertised only; packets are not forwarded by it",
)
_MULTICAST = Text(
    ja="マルチキャストを中継します。中継される範囲はモデル化していません",
    en="multicast is routed between these interfaces; what passes is not modelled",
)
_LEARNT_DISTANCE = 254
_STATIC_DISTANCE = 2
"""The distance of a static route without one (AX configuration guides, "distance values": connected 0, static 2, OSPF 10, RIP 120)."""


@dataclass(frozen=True, slots=True)
class _StaticRoute:
    vrf: str
    prefix: IPNetwork
    distance: int
    next_hop: NextHop


def static_routes(
    nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], ledger: Ledger
) -> tuple[tuple[Route, ...], tuple[DynamicRouting, ...]]:
    """`ip route` and `ipv6 route`, and those of which at most the prefix was understood.

    Lines for the same prefix and distance are one route with several next hops.
    """
    partly: list[DynamicRouting] = []
    connected = [held.address.network for facts in interfaces.values() for held in facts.addresses]
    grouped: dict[tuple[str, IPNetwork, int], list[NextHop]] = {}
    for node in nodes:
        try:
            if node.children:
                raise NotUnderstoodError("nothing stands below a route")
            route = _route(Words(node.words, node.keys, 2), node, interfaces, ledger)
        except NotUnderstoodError:
            partly.extend(_partly(node, connected, interfaces, ledger))
            continue
        if route is None:
            ledger.ignore(node, _NOT_FORWARDING)
            continue
        ledger.use(node)
        grouped.setdefault((route.vrf, route.prefix, route.distance), []).append(route.next_hop)
    routes = tuple(
        Route(prefix, tuple(hops), tuple(source for hop in hops for source in hop.sources), vrf, distance)
        for (vrf, prefix, distance), hops in grouped.items()
    )
    return routes, tuple(partly)


def _partly(
    node: Node, connected: Sequence[IPNetwork], interfaces: Mapping[str, InterfaceFacts], ledger: Ledger
) -> tuple[DynamicRouting, ...]:
    bounded = None
    if not node.children and not {"vrf", "global"} & set(node.keys[4:]):
        try:
            vrf, prefix = _table_and_prefix(Words(node.words, node.keys, 2), node)
            bounded = not_understood(prefix, (node.line,), connected, vrf)
        except NotUnderstoodError:
            bounded = None
    if bounded is not None:
        ledger.leave_line(node.line)
        return (bounded,)
    ledger.leave(node)
    vrfs = ("", *(facts.vrf for facts in interfaces.values()))
    return of_unknown_prefix(6 if node.keys[0] == "ipv6" else 4, (node.line,), vrfs)


def _table_and_prefix(words: Words, node: Node) -> tuple[str, IPNetwork]:
    vrf = words.take() if words.skip("vrf") else ""
    if node.keys[0] == "ipv6":
        return vrf, ipv6_network(words.take())
    if "/" in words.peek():
        try:
            return vrf, ipaddress.IPv4Network(words.take(), strict=False)
        except ValueError as error:
            raise NotUnderstoodError("not a prefix") from error
    network = words.address()
    return vrf, ipv4_network(network, words.address())


def _route(words: Words, node: Node, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> _StaticRoute | None:
    """`ip route [vrf V] NET MASK {GW [IF] | IF} [DISTANCE] [weight N] [tag T] [noinstall|reject] [poll|track N] [noresolve]`.

    None for `noinstall` (AX3660S configuration guide vol. 3; AX3640S and AX8600S command references, "ipv6 route").
    """
    vrf, prefix = _table_and_prefix(words, node)
    gateway: IPAddress | None = None
    interface: str | None = None
    if prefix.version == 4 and is_ipv4(words.peek()):
        gateway = ipaddress.IPv4Address(words.address())
    elif prefix.version == 6 and ":" in words.peek():
        gateway = ipv6(words.take())
    if words and words.peek()[0].isalpha() and words.peek() not in _OPTIONS:
        interface, taken = interface_name(words.items[words.position :])
        words.position += taken
    if gateway is None and interface is None:
        raise NotUnderstoodError("no next hop")
    distance, flags = _options(words)
    discard = "reject" in flags or (interface or "").startswith("null ")
    if flags & {"vrf", "global"}:
        ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, (node.line,))
    if "noinstall" in flags:
        return None
    known = interfaces.get(interface or "")
    if known is not None and known.vrf != vrf:
        ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, (node.line,), on_interfaces(known.name))
    missing = interface is not None and known is None and not discard
    hop = NextHop(
        (node.line,),
        None if discard else gateway,
        None if discard else interface,
        discard=discard,
        conditional=missing or bool(flags & {"poll", "track", "track-target"}),
    )
    return _StaticRoute(vrf, prefix, distance, hop)


_VALUED = frozenset(("weight", "tag", "name", "track", "track-target", "vrf"))
_OPTIONS = _VALUED | {"noinstall", "reject", "poll", "noresolve", "global", "not", "generate-bgp-route"}


def _options(words: Words) -> tuple[int, set[str]]:
    distance = _STATIC_DISTANCE
    flags: set[str] = set()
    while words:
        if words.peek().isdigit():
            distance = words.number(1, 255)
            continue
        option = words.take().lower()
        if option not in _OPTIONS:
            raise NotUnderstoodError(option)
        if option in _VALUED:
            words.take()
        flags.add(option)
    return distance, flags


def learnt_defaults(interfaces: Mapping[str, InterfaceFacts]) -> tuple[Route, ...]:
    """`ip address dhcp` may give a default route, last of all."""
    return tuple(
        Route(
            ipaddress.IPv4Network("0.0.0.0/0"),
            (NextHop((facts.learnt,), interface=facts.name, conditional=True),),
            (facts.learnt,),
            facts.vrf,
            _LEARNT_DISTANCE,
        )
        for facts in interfaces.values()
        if facts.learnt is not None
    )


def default_gateway(nodes: Sequence[Node], ledger: Ledger) -> tuple[Route, ...]:
    """`ip default-gateway A` of small layer 2 switches: a default route."""
    routes: list[Route] = []
    for node in nodes:
        words = Words(node.words, node.keys, 2)
        try:
            gateway = ipaddress.IPv4Address(words.address())
            words.finish()
        except NotUnderstoodError:
            ledger.leave(node)
            continue
        ledger.use_all(node)
        routes.append(Route(ipaddress.IPv4Network("0.0.0.0/0"), (NextHop((node.line,), gateway),), (node.line,)))
    return tuple(routes)


def dynamic_routing(
    nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], ledger: Ledger
) -> tuple[DynamicRouting, ...]:
    """Every `router` block, and `ip ospf N area A` of interfaces. What the lines say in detail cannot matter: the routes are unknown."""
    result: list[DynamicRouting] = []
    declared: set[str] = set()
    for node in nodes:
        six = node.keys[0] == "ipv6"
        at = 2 if six else 1
        if len(node.keys) <= at:
            ledger.leave(node)
            continue
        protocol = node.keys[at]
        process = node.words[at + 1] if len(node.words) > at + 1 else ""
        declared.add(process)
        vrf = node.words[node.keys.index("vrf") + 1] if "vrf" in node.keys[at:-1] else ""
        ledger.use(node)
        ledger.ignore_below(node, _DETAILS)
        family: Family | None = 6 if six else 4 if protocol in ("ospf", "rip") else None
        covered = _covered(node, process, vrf, interfaces, ledger) if protocol == "ospf" and not six else None
        asked: bool | None = None
        if protocol == "ospf" and not six:
            asked = ospf_authenticated(node, process, covered, interfaces, ledger)
        elif protocol == "bgp":
            asked = bgp_authenticated(_neighbour_lines(node), ledger)
        result.append(DynamicRouting(protocol, (node.line,), vrf, covered, family, authenticated=asked))
        for child in node.below():
            if child.keys[:2] in (("address-family", "ipv4"), ("address-family", "ipv6")) and "vrf" in child.keys[:-1]:
                ledger.use(child)
                inner = child.words[child.keys.index("vrf") + 1]
                asked = bgp_authenticated(child.children, ledger) if protocol == "bgp" else None
                result.append(DynamicRouting(protocol, (node.line, child.line), inner, None, authenticated=asked))
    for facts in interfaces.values():
        if facts.ospf - declared:
            result.append(DynamicRouting("ospf", (facts.sources[0],), facts.vrf, frozenset((facts.name,))))
    return tuple(result)


def _neighbour_lines(router: Node) -> list[Node]:
    """The lines about neighbours of the global table: those of VRFs stand below an address family of their own."""
    found = list(router.children)
    for child in router.children:
        if child.keys[0] == "address-family" and "vrf" not in child.keys:
            found += child.children
    return found


def _covered(
    node: Node, process: str, vrf: str, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger
) -> frozenset[str] | None:
    """The interfaces on which OSPF runs by `network A WILDCARD area N` or their own line; None when that is not plain."""
    covered = {facts.name for facts in interfaces.values() if process in facts.ospf and facts.vrf == vrf}
    passive: set[str] = set()
    for child in node.children:
        keys = child.keys
        if keys[0] == "network":
            words = Words(child.words, keys, 1)
            try:
                address, wildcard = words.address(), words.address()
            except NotUnderstoodError:
                return None
            covered |= _of_network(address, wildcard, vrf, interfaces)
            ledger.use(child)
        elif keys[0] == "passive-interface" and len(keys) == 3:
            passive.add(" ".join(keys[1:]))
            ledger.use(child)
        elif "virtual-link" in keys or keys[0] in ("address-family", "passive-interface"):
            return None
    return frozenset(covered - passive)


def _of_network(address: int, wildcard: int, vrf: str, interfaces: Mapping[str, InterfaceFacts]) -> set[str]:
    return {
        facts.name
        for facts in interfaces.values()
        if facts.vrf == vrf
        and (
            facts.dynamic_address
            or any(
                entry.address.version == 4 and not (int(entry.address.ip) ^ address) & ~wildcard & 0xFFFFFFFF
                for entry in facts.addresses
            )
        )
    }


def doubtful_multicast(interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """Between two interfaces that route multicast packets to groups pass; access lists for hosts do not tell which."""
    routed = [facts for facts in interfaces.values() if facts.multicast is not None and facts.enabled]
    if len(routed) > 1:
        lines = tuple(facts.multicast for facts in routed if facts.multicast is not None)
        ledger.doubt(DoubtKind.UNSUPPORTED, _MULTICAST, lines, on_interfaces(*(facts.name for facts in routed)))


def read_vrfs(nodes: Sequence[Node], ledger: Ledger) -> None:
    """`vrf definition N`: routes leak when one VRF imports those of another (`import inter-vrf`)."""
    leaks: Sources = ()
    for node in nodes:
        ledger.use(node)
        for child in node.children:
            if any(key.startswith("import") for key in child.keys[:3]):
                ledger.use_all(child)
                leaks = (*leaks, child.line)
            elif child.keys[0] in ("description", "exit", "arp-limit", "maximum", "nd-limit", "snmp-name"):
                ledger.use_all(child)
            else:
                ledger.leave(child)
    if leaks:
        ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, leaks)
