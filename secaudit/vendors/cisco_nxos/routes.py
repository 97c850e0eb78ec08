"""Static routes, VRF contexts and the presence of dynamic routing.

Source: Cisco Nexus 9000 Series NX-OS Unicast Routing Configuration Guide, "Configuring Static Routing", "Configuring Layer 3 Virtualization".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import Family
from secaudit.network.routes import DynamicRouting, NextHop, Route, not_understood, of_unknown_prefix
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_nxos.features import Features
from secaudit.vendors.cisco_nxos.neighbours import Neighbours
from secaudit.vendors.cisco_nxos.vocabulary import MANAGEMENT_VRF, Words, irrelevance
from secaudit.vendors.common.ledger import DEVICE, MANAGEMENT, Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import ipv4, ipv4_network, ipv6, ipv6_network, is_ipv4, whole_number

_DETAILS = Text(
    ja="経路制御プロトコルの細目です。学習される経路は「不明」として扱うため、この行は判定を変えません",
    en="details of a routing protocol: what it learns is treated as unknown anyway",
)
_LEAK = Text(
    ja="VRF をまたぐ経路はモデル化していません", en="a route that crosses from one VRF to another is not modelled"
)
_NO_INTERFACE = Text(
    ja="経路の出力インターフェースが設定にないため、この経路は働きません",
    en="the interface of this route is not in the file, so the route does nothing",
)
_NO_BLOCK = Text(
    ja="経路制御プロトコルの機能が有効ですが、その設定（router）が提出されたファイルにありません",
    en="a routing protocol is switched on, but its `router` block is not in the file",
)
_PROTOCOLS = ("ospf", "ospfv3", "eigrp", "bgp", "rip", "isis")
_FAMILIES: Mapping[str, Family] = {"ospf": 4, "rip": 4, "ospfv3": 6}
_BY_INTERFACE = frozenset(("ospf", "ospfv3", "eigrp", "rip", "isis"))
"""Protocols that run where a line of the interface says so, and nowhere else."""


@dataclass(slots=True)
class Contexts:
    """What `vrf context NAME` blocks hold besides settings that cannot matter."""

    names: dict[str, SourceLine] = field(default_factory=dict)
    routes: list[tuple[str, Node]] = field(default_factory=list)
    name_servers: list[Node] = field(default_factory=list)


def read_contexts(nodes: Sequence[Node], ledger: Ledger) -> Contexts:
    """`vrf context NAME`: its static routes, and whether routes of other VRFs leak into it."""
    found = Contexts()
    exported: dict[str, set[str]] = {}
    imported: list[tuple[str, str, SourceLine]] = []
    for node in nodes:
        if len(node.words) != 3:
            ledger.leave(node)
            continue
        name = "" if node.words[2] == "default" else node.words[2]
        found.names.setdefault(name, node.line)
        ledger.use(node)
        for child in node.children:
            _context_line(child, name, found, ledger)
            for below in (child, *child.below()):
                _leaking(below, name, exported, imported, ledger)
    leaks = tuple(line for name, target, line in imported if exported.get(target, set()) - {name} or target == "auto")
    if leaks:
        ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, leaks)
    return found


def _context_line(node: Node, name: str, found: Contexts, ledger: Ledger) -> None:
    keys = node.keys
    if keys[:2] in (("ip", "route"), ("ipv6", "route")):
        found.routes.append((name, node))
    elif keys[:2] == ("ip", "name-server"):
        found.name_servers.append(node)
    elif keys[0] == "address-family":
        ledger.use(node)
        for child in node.children:
            if child.keys[0] in ("route-target", "import", "export", "exit", "maximum", "exit-address-family"):
                ledger.use_all(child)
            else:
                ledger.leave(child)
    elif keys[0] == "route-target":
        ledger.use_all(node)
    else:
        known = irrelevance().reason("vrf", keys)
        if known is not None:
            ledger.ignore(node, known[1])
        elif keys[0] in ("logging", "ntp", "snmp-server"):
            ledger.leave(node, MANAGEMENT)
        else:
            ledger.leave(node)


def _leaking(
    node: Node, name: str, exported: dict[str, set[str]], imported: list[tuple[str, str, SourceLine]], ledger: Ledger
) -> None:
    keys = node.keys
    if keys[0] == "route-target" and len(keys) >= 3:
        if keys[1] in ("export", "both"):
            exported.setdefault(keys[2], set()).add(name)
        if keys[1] in ("import", "both"):
            imported.append((name, keys[2] if keys[2] != "auto" else f"auto {name}", node.line))
    elif keys[0] in ("import", "export") and keys[1:2] in (("vrf",), ("map",)):
        ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, (node.line,))


@dataclass(frozen=True, slots=True)
class _StaticRoute:
    vrf: str
    prefix: IPNetwork
    distance: int
    next_hop: NextHop


def static_routes(
    written: Sequence[tuple[str, Node]], interfaces: Mapping[str, InterfaceFacts], vrfs: Sequence[str], ledger: Ledger
) -> tuple[tuple[Route, ...], tuple[DynamicRouting, ...]]:
    """`ip route` and `ipv6 route` of every VRF, and those of which at most the prefix was understood.

    Lines for the same prefix and preference are one route with several next hops.
    """
    partly: list[DynamicRouting] = []
    connected = [held.address.network for facts in interfaces.values() for held in facts.addresses]
    grouped: dict[tuple[str, IPNetwork, int], list[NextHop]] = {}
    for vrf, node in written:
        try:
            if node.children:
                raise NotUnderstoodError("nothing stands below a route")
            route = _static(Words(node.words, node.keys, 2), node, vrf, interfaces, ledger)
        except NotUnderstoodError:
            partly.extend(_partly(node, vrf, connected, vrfs, ledger))
            continue
        ledger.use(node)
        grouped.setdefault((route.vrf, route.prefix, route.distance), []).append(route.next_hop)
    routes = tuple(
        Route(prefix, tuple(hops), tuple(source for hop in hops for source in hop.sources), vrf, distance)
        for (vrf, prefix, distance), hops in grouped.items()
    )
    return routes, tuple(partly)


def _partly(
    node: Node, vrf: str, connected: Sequence[IPNetwork], vrfs: Sequence[str], ledger: Ledger
) -> tuple[DynamicRouting, ...]:
    """A route that was not understood: bounded by its prefix where that is clear and the line stays in its VRF."""
    try:
        prefix = _prefix(Words(node.words, node.keys, 2), node)
        bounded = None if node.children or "vrf" in node.keys else not_understood(prefix, (node.line,), connected, vrf)
    except NotUnderstoodError:
        bounded = None
    if bounded is not None:
        ledger.leave_line(node.line)
        return (bounded,)
    ledger.leave(node)
    return of_unknown_prefix(6 if node.keys[0] == "ipv6" else 4, (node.line,), vrfs)


def _prefix(words: Words, node: Node) -> IPNetwork:
    if node.keys[0] == "ipv6":
        return ipv6_network(words.take())
    base, slash, length = words.take().partition("/")
    if not slash:
        return ipv4_network(ipv4(base), words.address())
    bits = whole_number(length, 0, 32)
    return ipaddress.IPv4Network((ipv4(base) & ~((1 << (32 - bits)) - 1), bits))


def _static(
    words: Words, node: Node, vrf: str, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger
) -> _StaticRoute:
    """`ip route PREFIX {IF [GW] | GW} [vrf V] [track N] [name N] [tag N] [PREFERENCE]`."""
    prefix = _prefix(words, node)
    gateway: IPAddress | None = None
    interface: str | None = None
    six = prefix.version == 6
    if not (":" in words.peek() if six else is_ipv4(words.peek().partition("/")[0])):
        interface = words.interface()
    if words and (":" in words.peek() if six else is_ipv4(words.peek().partition("/")[0])):
        word = words.take().partition("/")[0]
        gateway = ipv6(word) if six else ipaddress.IPv4Address(ipv4(word))
    distance, conditional, other = 1, False, vrf
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
        elif option == "vrf":
            other = words.take()
            other = "" if other == "default" else other
        else:
            raise NotUnderstoodError(option)
    discard = interface == "Null0"
    known = interfaces.get(interface or "")
    if other != vrf or (known is not None and known.vrf != vrf):
        scope = on_interfaces(known.name) if known is not None else DEVICE
        ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, (node.line,), scope)
    if interface is not None and known is None and not discard:
        conditional = True  # the interface may be in a part of the file that we were not given
        ledger.notice(NoticeKind.INACTIVE, _NO_INTERFACE, (node.line,), undefined=True)
    hop = NextHop((node.line,), gateway, None if discard else interface, discard=discard, conditional=conditional)
    return _StaticRoute(vrf, prefix, distance, hop)


def dynamic_routing(
    nodes: Sequence[Node],
    interfaces: Mapping[str, InterfaceFacts],
    vrfs: Sequence[str],
    features: Features,
    neighbours: Neighbours,
    ledger: Ledger,
) -> tuple[DynamicRouting, ...]:
    """Every `router` block, in each VRF in which it can act. What its lines say in detail cannot matter: what it learns is unknown.

    A protocol that is switched on and has no block counts as well: the blocks stand at the end of a file, where a cut is not seen.
    """
    result: list[DynamicRouting] = []
    seen: set[str] = set()
    for node in nodes:
        protocol = node.keys[1] if len(node.keys) > 1 else ""
        if not protocol:
            ledger.leave(node)
            continue
        seen.add(protocol)
        features.need(protocol, node.line)
        ledger.use(node)
        ledger.ignore_below(node, _DETAILS)
        result.extend(_of_block(node, protocol, interfaces, vrfs, neighbours))
    for protocol in _PROTOCOLS:
        line = features.line(protocol)
        if line is not None and features.on(protocol) and protocol not in seen:
            result.extend(
                DynamicRouting(protocol, (line,), vrf, None, _FAMILIES.get(protocol), reason=_NO_BLOCK) for vrf in vrfs
            )
    return tuple(result)


def _of_block(
    node: Node,
    protocol: str,
    interfaces: Mapping[str, InterfaceFacts],
    vrfs: Sequence[str],
    neighbours: Neighbours,
) -> list[DynamicRouting]:
    named = {"" if child.words[1] == "default" else child.words[1]: child.line for child in node.children
             if child.keys[0] == "vrf" and len(child.words) > 1}  # fmt: skip
    running = [facts for facts in interfaces.values() if facts.ospf]
    plain = (
        protocol in _BY_INTERFACE and bool(running) and not any("network" in child.keys[:1] for child in node.children)
    )
    found: list[DynamicRouting] = []
    for vrf in vrfs:
        covered = frozenset(facts.name for facts in running if facts.vrf == vrf) if plain else None
        # BGP imports into any VRF (EVPN does without a line of its own); other blocks are at least those of the default VRF.
        everywhere = protocol == "bgp" and vrf != MANAGEMENT_VRF
        concerned = bool(covered) if plain else vrf in named or vrf == "" or everywhere
        if concerned:
            sources: Sources = (node.line, named[vrf]) if vrf in named else (node.line,)
            must, said = neighbours.of_block(node, protocol, vrf) if plain or protocol == "bgp" else (None, ())
            sources = tuple(dict.fromkeys((*sources, *said)))
            family = _FAMILIES.get(protocol)
            found.append(DynamicRouting(protocol, sources, vrf, covered, family, authenticated=must))
    return found
