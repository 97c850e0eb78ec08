"""Static routes and the presence of dynamic routing."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import Family
from secaudit.network.routes import DynamicRouting, NextHop, Route, not_understood, of_unknown_prefix
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco.learnt import DHCP_DISTANCE
from secaudit.vendors.cisco.words import Words
from secaudit.vendors.cisco_ios.neighbours import Neighbours
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.neighbours import classful
from secaudit.vendors.common.words import ipv4_network, ipv6, ipv6_network, is_ipv4, prefix_length

_DETAILS = Text(
    ja="経路制御プロトコルの細目です。学習される経路は「不明」として扱うため、この行は判定を変えません",
    en="details of a routing protocol: what it learns is treated as unknown anyway",
)
_LEAK = Text(
    ja="VRF をまたぐ経路はモデル化していません", en="a route that crosses from one VRF to another is not modelled"
)
_DEFAULT_GATEWAY = Text(
    ja="ip default-gateway は、ルーティングしない機器自身の通信にだけ使われます",
    en="`ip default-gateway` is used only for the device's own traffic while it does not route",
)
_STATIC_DISTANCE = 1
_MOST_PAIRS = 4_000_000
"""Addresses of interfaces and lines of a protocol that are compared; a file with more of them is no real device."""


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
            words = Words(node.words, node.keys, 2)
            route = (
                _ipv6_route(words, node, interfaces, ledger)
                if node.keys[0] == "ipv6"
                else _ipv4_route(words, node, interfaces, ledger)
            )
        except NotUnderstoodError:
            bounded = None if node.children else _only_prefix(node, connected)
            if bounded is None:
                ledger.leave(node)
                vrfs = ("", *(facts.vrf for facts in interfaces.values()))
                partly.extend(of_unknown_prefix(6 if node.keys[0] == "ipv6" else 4, (node.line,), vrfs))
            else:
                ledger.leave_line(node.line)
                partly.append(bounded)
            continue
        ledger.use(node)
        grouped.setdefault((route.vrf, route.prefix, route.distance), []).append(route.next_hop)
    routes = tuple(
        Route(prefix, tuple(hops), tuple(source for hop in hops for source in hop.sources), vrf, distance)
        for (vrf, prefix, distance), hops in grouped.items()
    )
    return routes, tuple(partly)


def _only_prefix(node: Node, connected: Sequence[IPNetwork]) -> DynamicRouting | None:
    """A route whose prefix is understood and nothing behind it. One that crosses VRFs or is for groups may do other things."""
    words = Words(node.words, node.keys, 2)
    try:
        vrf, prefix = _table_and_prefix(words, node)
    except NotUnderstoodError:
        return None
    if {"global", "multicast", "nexthop-vrf"} & set(node.keys) or any(key.startswith("topology") for key in node.keys):
        return None
    return not_understood(prefix, (node.line,), connected, vrf)


def _table_and_prefix(words: Words, node: Node) -> tuple[str, IPNetwork]:
    vrf = words.take() if words.skip("vrf") else ""
    if node.keys[0] == "ipv6":
        return vrf, ipv6_network(words.take())
    network = words.address()
    mask = words.address()
    prefix_length(mask)
    return vrf, ipv4_network(network, mask)


def dialled_in(
    interfaces: Mapping[str, InterfaceFacts], pools: Sequence[Node], ledger: Ledger
) -> tuple[tuple[Route, ...], tuple[DynamicRouting, ...]]:
    """The addresses of those who dial in, each by a route while they are connected; any address where the pool is not known."""
    ranges: dict[str, tuple[list[IPNetwork], Sources]] = {}
    for node in pools:
        ledger.use_all(node)
        held, lines = ranges.setdefault(node.words[3] if len(node.words) > 3 else "", ([], ()))
        ranges[node.words[3] if len(node.words) > 3 else ""] = (held + _range(node.words[4:6]), (*lines, node.line))
    routes: list[Route] = []
    unknown: list[DynamicRouting] = []
    for facts in interfaces.values():
        for peer in facts.peers:
            prefixes, lines = (
                (_range((peer.name,)), ()) if is_ipv4(peer.name) else ranges.get(peer.name or "default", ([], ()))
            )
            sources = (peer.source, *lines)
            if not prefixes:
                unknown.append(DynamicRouting("PPP", sources, facts.vrf, frozenset((facts.name,)), 4, transient=True))
            hop = NextHop(sources, interface=facts.name, conditional=True)
            routes += [Route(prefix, (hop,), sources, facts.vrf, _STATIC_DISTANCE) for prefix in prefixes]
    return tuple(routes), tuple(unknown)


def _range(words: Sequence[str]) -> list[IPNetwork]:
    """`A [B]` as prefixes; none when it cannot be read."""
    try:
        first, last = ipaddress.IPv4Address(words[0]), ipaddress.IPv4Address(words[-1])
        return list(ipaddress.summarize_address_range(first, last))
    except (ValueError, IndexError):
        return []


def _ipv4_route(words: Words, node: Node, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> _StaticRoute:
    """`ip route [vrf V] NET MASK {IF [GW] | GW | dhcp} [DISTANCE] [name N] [tag T] [track N] [permanent]`."""
    vrf, prefix = _table_and_prefix(words, node)
    gateway: IPAddress | None = None
    interface: str | None = None
    dhcp = words.skip("dhcp")
    if not dhcp:
        if not is_ipv4(words.peek()):
            interface = words.interface()
        if is_ipv4(words.peek()):
            gateway = ipaddress.IPv4Address(words.address())
    return _route(vrf, prefix, gateway, interface, dhcp, words, node, interfaces, ledger)


def _ipv6_route(words: Words, node: Node, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> _StaticRoute:
    """`ipv6 route [vrf V] PREFIX {IF [GW] | GW} [DISTANCE] ...`."""
    vrf, prefix = _table_and_prefix(words, node)
    gateway: IPAddress | None = None
    interface: str | None = None
    if ":" not in words.peek():
        interface = words.interface()
    if ":" in words.peek():
        gateway = ipv6(words.take())
    return _route(vrf, prefix, gateway, interface, False, words, node, interfaces, ledger)


def _route(
    vrf: str,
    prefix: IPNetwork,
    gateway: IPAddress | None,
    interface: str | None,
    dhcp: bool,
    words: Words,
    node: Node,
    interfaces: Mapping[str, InterfaceFacts],
    ledger: Ledger,
) -> _StaticRoute:
    distance, conditional, global_ = DHCP_DISTANCE if dhcp else _STATIC_DISTANCE, dhcp, False
    while words:
        if words.peek().isdigit():
            distance = words.number(1, 255)
            continue
        option = words.take().lower()
        if option in ("name", "tag"):
            words.take()
        elif option == "track":
            words.take()
            conditional = True
        elif option == "global":
            global_ = True
        elif option not in ("permanent", "unicast"):
            raise NotUnderstoodError(option)
    if global_ and interface is None:
        interface = _holding(interfaces, gateway)
    discard = interface is not None and interface.lower() == "null0"
    known = interfaces.get(interface or "")
    if global_ or (known is not None and known.vrf != vrf):
        # Where the gateway of the other table is not known, the packets could leave by anything.
        scope = on_interfaces(known.name) if known is not None else DEVICE
        ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, (node.line,), scope)
    if interface is not None and known is None and not discard:
        # The device drops a route to an interface that does not exist, but the file may be incomplete.
        conditional = True
    # A route of this distance is not believed (Cisco: administrative distance 255), and never installed.
    conditional = conditional or distance == 255
    hop = NextHop((node.line,), gateway, None if discard else interface, discard=discard, conditional=conditional)
    return _StaticRoute(vrf, prefix, distance, hop)


def _holding(interfaces: Mapping[str, InterfaceFacts], gateway: IPAddress | None) -> str | None:
    """The interface of the global table on whose subnet a gateway is."""
    return next(
        (
            facts.name
            for facts in interfaces.values()
            for held in facts.addresses
            if not facts.vrf and facts.enabled and gateway is not None and gateway in held.address.network
        ),
        None,
    )


def default_gateway(nodes: Sequence[Node], forwards: bool, ledger: Ledger) -> tuple[Route, ...]:
    """`ip default-gateway A`: the only route of a device that does not route."""
    routes: list[Route] = []
    for node in nodes:
        words = Words(node.words, node.keys, 2)
        try:
            gateway = ipaddress.IPv4Address(words.address())
            words.finish()
        except NotUnderstoodError:
            ledger.leave(node)
            continue
        if forwards:
            ledger.ignore(node, _DEFAULT_GATEWAY)
        else:
            ledger.use_all(node)
            routes.append(Route(ipaddress.IPv4Network("0.0.0.0/0"), (NextHop((node.line,), gateway),), (node.line,)))
    return tuple(routes)


def dynamic_routing(
    nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], neighbours: Neighbours, ledger: Ledger
) -> tuple[DynamicRouting, ...]:
    """Every `router` block. What else its lines say in detail cannot matter: the routes that it learns are unknown."""
    result: list[DynamicRouting] = []
    for node in nodes:
        keys = node.keys
        if keys[0] == "ipv6":  # `ipv6 router ospf 1`
            protocol, vrf = (keys[2] if len(keys) > 2 else ""), ""
        else:
            protocol, vrf = (keys[1] if len(keys) > 1 else ""), ""
        if "vrf" in keys[2:-1]:
            vrf = node.words[keys.index("vrf") + 1]
        if not protocol:
            ledger.leave(node)
            continue
        ledger.use(node)
        ledger.ignore_below(node, _DETAILS)
        covered = (
            _covered(node, interfaces, vrf, ledger) if protocol in ("ospf", "eigrp") and keys[0] != "ipv6" else None
        )
        must, said = neighbours.of_block(node, protocol, vrf)
        sources = tuple(dict.fromkeys((node.line, *said)))
        result.append(DynamicRouting(protocol, sources, vrf, covered, _family(keys), authenticated=must))
        for child in node.below():
            family_vrf = _family_vrf(child)
            if family_vrf is not None:
                ledger.use(child)
                sources = tuple(dict.fromkeys((node.line, child.line, *said)))
                result.append(DynamicRouting(protocol, sources, family_vrf, None, authenticated=must))
    return tuple(result)


def _family(keys: Sequence[str]) -> Family | None:
    """The address family of a `router` block, None for those that can carry both."""
    if keys[0] == "ipv6":
        return 6
    classic = keys[1] == "eigrp" and len(keys) > 2 and keys[2].isdigit()
    return 4 if keys[1] in ("ospf", "rip") or classic else None


def _family_vrf(node: Node) -> str | None:
    """The VRF of `address-family ipv4 [unicast] vrf NAME`."""
    if node.keys[0] == "address-family" and "vrf" in node.keys[:-1]:
        return node.words[node.keys.index("vrf") + 1]
    return None


def _covered(node: Node, interfaces: Mapping[str, InterfaceFacts], vrf: str, ledger: Ledger) -> frozenset[str] | None:
    """Interfaces on which `network` lines switch the protocol on and that are not passive; None when that is not plain."""
    covered: set[str] = {facts.name for facts in interfaces.values() if facts.ospf and facts.vrf == vrf}
    passive: set[str] = set()
    active: set[str] = set()
    passive_default = False
    places = _places(interfaces, vrf)
    plain = len(places) * len(node.children) <= _MOST_PAIRS
    for child in node.children:
        words = Words(child.words, child.keys)
        try:
            if words.skip("network"):
                covered |= _network_statement(words, places if plain else ())
            elif words.skip("passive-interface"):
                if words.skip("default"):
                    passive_default = True
                else:
                    passive.add(words.interface())
            elif child.keys[:2] == ("no", "passive-interface"):
                words.position = 2
                active.add(words.interface())
            elif child.keys[0] in ("neighbor", "address-family", "topology") or "virtual-link" in child.keys:
                plain = False
                continue
            else:
                continue
            ledger.use(child)
        except NotUnderstoodError:
            plain = False
    if not plain:
        return None
    if passive_default:
        covered &= active
    return frozenset(covered - passive)


_Place = tuple[str, int | None]


def _places(interfaces: Mapping[str, InterfaceFacts], vrf: str) -> tuple[_Place, ...]:
    """The names of interfaces with each of their IPv4 addresses as a number; None for one that is not in the file."""
    found: list[_Place] = []
    for facts in interfaces.values():
        if facts.vrf == vrf:
            found += [(facts.name, int(one.address.ip)) for one in facts.addresses if one.address.version == 4]
            if facts.dynamic_address or facts.unnumbered is not None:
                found.append((facts.name, None))
    return tuple(found)


def _network_statement(words: Words, places: Iterable[_Place]) -> set[str]:
    """`network A WILDCARD [area N]`: interfaces whose address matches. A missing wildcard is classful (EIGRP)."""
    address = words.address()
    wildcard = words.address() if is_ipv4(words.peek()) else classful(address)
    fixed = ~wildcard & 0xFFFFFFFF
    return {name for name, own in places if own is None or not (own ^ address) & fixed}


_PLAIN_VRF_SETTINGS = frozenset((
    "rd", "route-target", "address-family", "exit-address-family", "exit", "description", "vpn", "maximum", "mdt", "bgp", "no", "vnet",
))  # fmt: skip
"""What stands in a VRF and leaks nothing; `import`, `export ipv4`, `route-replicate` and whatever is not known may."""


def read_vrfs(nodes: Sequence[Node], ledger: Ledger) -> None:
    """`vrf definition` / `ip vrf`: routes leak when one VRF imports what another one exports."""
    exported: dict[str, set[str]] = {}
    imported: dict[str, list[tuple[str, Node]]] = {}
    for node in nodes:
        name = node.words[-1]
        ledger.use_all(node)
        for child in node.below():
            keys = child.keys
            if keys[0] == "route-target" and len(keys) >= 3:
                target = keys[2]
                if keys[1] in ("export", "both"):
                    exported.setdefault(target, set()).add(name)
                if keys[1] in ("import", "both"):
                    imported.setdefault(target, []).append((name, child))
            elif keys[0] not in _PLAIN_VRF_SETTINGS and keys[:2] != ("export", "map"):
                ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, (child.line,))
    leaks: Sources = tuple(
        child.line
        for target, importers in imported.items()
        for name, child in importers
        if exported.get(target, set()) - {name}
    )
    if leaks:
        ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, leaks)
