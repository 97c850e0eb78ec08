"""Static routes, VRFs, VRRP and the presence of dynamic routing (AL-05)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.interfaces import InterfaceAddress
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import Family
from secaudit.network.routes import DynamicRouting, NextHop, Route, not_understood, of_unknown_prefix
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.awplus.interface_facts import InterfaceFacts
from secaudit.vendors.awplus.interface_names import canonical
from secaudit.vendors.awplus.neighbours import Neighbours
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words, ipv4, ipv4_network, ipv6_network, is_ipv4

_DETAILS = Text(
    ja="経路制御プロトコルの細目です。学習される経路は「不明」として扱うため、この行は判定を変えません",
    en="details of a routing protocol: what it learns is treated as unknown anyway",
)
_VIRTUAL_ROUTER = Text(
    ja="VRRP の優先度・時間などの設定です。仮想アドレスだけが経路に関係します",
    en="priority and timers of VRRP: only the virtual address matters",
)
_LEAK = Text(
    ja="VRF をまたぐ経路はモデル化していません", en="a route that crosses from one VRF to another is not modelled"
)
_PREFIX = Text(
    ja="IPv6 のプレフィックスが外部から与えられるため、このインターフェースの IPv6 の範囲は設定からは分かりません",
    en="the IPv6 prefix of this interface is given from outside and is not in the file",
)
_ADVERTISED = Text(
    ja="インターフェースのアドレスにない IPv6 プレフィックスを端末に広告しています",
    en="an IPv6 prefix is advertised to hosts that is none of the interface's own",
)
_MULTICAST = Text(
    ja="マルチキャストを中継します。中継される範囲はモデル化していません",
    en="multicast is routed between these interfaces; what passes is not modelled",
)
_NO_ADDRESS = Text(
    ja="インターフェースのアドレスの行を読み取れないため、どのサブネットがその先にあるか判断できません",
    en="the address of an interface was not understood, so which subnet is behind it cannot be told",
)
_EVERYTHING: Mapping[int, IPNetwork] = {4: ipaddress.IPv4Network("0.0.0.0/0"), 6: ipaddress.IPv6Network("::/0")}
_STATIC_DISTANCE = 1
_DHCP_DISTANCE = 254
_PROTOCOLS = frozenset(("ospf", "rip", "bgp", "ospf6", "isis"))
_VRF_LINES = frozenset(
    ("route-target", "import", "rd", "description", "exit", "export", "max-static-routes", "max-fib-routes")
)
_IPV6_PROTOCOLS = frozenset(("ospf", "rip"))


@dataclass(frozen=True, slots=True)
class _StaticRoute:
    vrf: str
    prefix: IPNetwork
    distance: int
    next_hop: NextHop


def static_routes(
    nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], ledger: Ledger
) -> tuple[tuple[Route, ...], tuple[DynamicRouting, ...]]:
    """`ip route` and `ipv6 route`, and those of which at most the prefix was understood."""
    partly: list[DynamicRouting] = []
    connected = [held.address.network for facts in interfaces.values() for held in facts.addresses]
    vrfs = ("", *(facts.vrf for facts in interfaces.values()))
    grouped: dict[tuple[str, IPNetwork, int], list[NextHop]] = {}
    for node in nodes:
        try:
            if node.children:
                raise NotUnderstoodError("nothing stands below a route")
            route = _route(node, interfaces, ledger)
        except NotUnderstoodError:
            bounded = None if node.children else _only_prefix(node, connected)
            if bounded is None:
                ledger.leave(node)
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
    """A route whose prefix is understood and nothing behind it."""
    try:
        vrf, prefix = _table_and_prefix(Words(node.words, node.keys, 2), node)
    except NotUnderstoodError:
        return None
    return not_understood(prefix, (node.line,), connected, vrf)


def _table_and_prefix(words: Words, node: Node) -> tuple[str, IPNetwork]:
    vrf = words.take() if words.skip("vrf") else ""
    word = words.take()
    if node.keys[0] == "ipv6":
        return vrf, ipv6_network(word)
    if "/" not in word:
        return vrf, ipv4_network(ipv4(word), words.address())
    try:
        return vrf, ipaddress.IPv4Network(word, strict=False)
    except ValueError as error:
        raise NotUnderstoodError(word) from error


def _route(node: Node, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> _StaticRoute:
    """`ip route [vrf V] P {GATEWAY [IF]|IF|null} [DISTANCE] [tag T] [description D]`."""
    words = Words(node.words, node.keys, 2)
    vrf, prefix = _table_and_prefix(words, node)
    gateway: IPAddress | None = None
    interface: str | None = None
    word = words.take()
    if is_ipv4(word) or ":" in word:
        try:
            gateway = ipaddress.ip_address(word)
        except ValueError as error:
            raise NotUnderstoodError(word) from error
        if words and not words.peek().isdigit() and words.peek() not in ("tag", "description"):
            interface = canonical(words.take())
    elif word.lower() not in ("null", "null0", "blackhole"):
        interface = canonical(word)
    discard = gateway is None and interface is None
    distance = words.number(1, 255) if words.peek().isdigit() else _STATIC_DISTANCE
    if words.skip("tag"):
        words.take()
    if words.skip("description"):
        words.rest()
    words.finish()
    known = interfaces.get(interface or "")
    if known is not None and known.vrf != vrf:
        ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, (node.line,), on_interfaces(known.name))
    # The device drops a route to an interface that does not exist, but the file may be incomplete.
    conditional = interface is not None and known is None
    if conditional:
        text = Text(
            ja=f"経路の出力先 {interface} がこのファイルにありません",
            en=f"the interface {interface} of a route is not in this file",
        )
        ledger.notice(NoticeKind.INACTIVE, text, (node.line,), undefined=True)
    return _StaticRoute(
        vrf, prefix, distance, NextHop((node.line,), gateway, interface, discard=discard, conditional=conditional)
    )


def learnt_defaults(interfaces: Mapping[str, InterfaceFacts]) -> tuple[Route, ...]:
    """An address by DHCP, PPP or router advertisements can come with a default route while the line is up, last of all."""
    return tuple(
        Route(
            _EVERYTHING[family],
            (NextHop((line,), interface=facts.name, conditional=True),),
            (line,),
            facts.vrf,
            _DHCP_DISTANCE,
        )
        for facts in interfaces.values()
        for family, line in sorted(facts.learnt.items())
    )


def doubtful_interfaces(interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """IPv6 prefixes that are given from outside, and multicast that is routed."""
    for facts in interfaces.values():
        own = [one.address.network for one in facts.addresses]
        for prefix, line in facts.advertised:
            if facts.enabled and not any(net.version == 6 and prefix.subnet_of(net) for net in own):
                ledger.doubt(DoubtKind.UNSUPPORTED, _ADVERTISED, (line,), on_interfaces(facts.name))
        if facts.unknown_ipv6 is not None and facts.enabled:
            ledger.doubt(DoubtKind.UNSUPPORTED, _PREFIX, (facts.unknown_ipv6,), on_interfaces(facts.name))
    routed = [facts for facts in interfaces.values() if facts.multicast is not None and facts.enabled]
    if len(routed) > 1:
        lines = tuple(facts.multicast for facts in routed if facts.multicast is not None)
        ledger.doubt(DoubtKind.UNSUPPORTED, _MULTICAST, lines, on_interfaces(*(facts.name for facts in routed)))


def routing_protocols(
    nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], neighbours: Neighbours, ledger: Ledger
) -> tuple[DynamicRouting, ...]:
    """Every `router` block. What else its lines say in detail cannot matter: the routes that it learns are unknown."""
    result: list[DynamicRouting] = []
    for node in nodes:
        keys = node.keys
        ipv6 = keys[1:2] == ("ipv6",)
        protocol = "".join(keys[2:3] if ipv6 else keys[1:2])
        if protocol == "vrrp":
            _virtual_router(node, interfaces, ledger)
        elif protocol in (_IPV6_PROTOCOLS if ipv6 else _PROTOCOLS):
            ledger.use(node)
            ledger.ignore_below(node, _DETAILS)
            vrf = node.words[keys.index("vrf") + 1] if "vrf" in keys[2:-1] else ""
            if protocol == "ospf" and not ipv6 and len(node.words) > 3 and not vrf:
                vrf = node.words[3]  # `router ospf PROCESS VRF`
            covered = _covered(node, interfaces, vrf, ledger) if protocol in ("ospf", "rip") and not ipv6 else None
            family: Family | None = 6 if ipv6 else 4 if protocol in ("ospf", "rip") else None
            must, said = (None, ()) if ipv6 else neighbours.of_block(node, protocol, vrf)
            sources = tuple(dict.fromkeys((node.line, *said)))
            result.append(DynamicRouting(protocol, sources, vrf, covered, family, authenticated=must))
            for child in node.below():
                if child.keys[0] == "address-family" and "vrf" in child.keys[:-1]:
                    ledger.use(child)
                    family_vrf = child.words[child.keys.index("vrf") + 1]
                    sources = tuple(dict.fromkeys((node.line, child.line, *said)))
                    result.append(DynamicRouting(protocol, sources, family_vrf, None, authenticated=must))
        elif protocol in ("pim", "igmp", "msdp"):
            ledger.ignore(node, _DETAILS)
        else:
            ledger.leave(node)
            vrfs = ("", *(facts.vrf for facts in interfaces.values()))
            result += of_unknown_prefix(4, (node.line,), vrfs) + of_unknown_prefix(6, (node.line,), vrfs)
    return tuple(result)


def unread_addresses(interfaces: Mapping[str, InterfaceFacts]) -> tuple[DynamicRouting, ...]:
    """Interfaces of which a line about addresses was not understood: any subnet may be behind them."""
    return tuple(
        DynamicRouting("connected", (line,), facts.vrf, frozenset((facts.name,)), reason=_NO_ADDRESS)
        for facts in interfaces.values()
        for line in facts.unread_addresses
        if facts.enabled
    )


def _covered(node: Node, interfaces: Mapping[str, InterfaceFacts], vrf: str, ledger: Ledger) -> frozenset[str] | None:
    """Interfaces on which `network` lines of OSPF or RIP switch it on; None when that is not plain.

    OSPF has no neighbours on a passive one; RIP sends nothing there, and learns all the same.
    """
    covered: set[str] = set()
    passive: set[str] = set()
    for child in node.children:
        words = Words(child.words, child.keys)
        try:
            if words.skip("network"):
                covered |= _network_statement(words, interfaces, vrf)
            elif words.skip("passive-interface"):
                passive.add(canonical(words.take()))
            elif child.keys[0] in ("neighbor", "address-family", "no") or "virtual-link" in child.keys:
                return None
            else:
                continue
        except NotUnderstoodError:
            return None
        ledger.use(child)
    return frozenset(covered if node.keys[1] == "rip" else covered - passive)


def _network_statement(words: Words, interfaces: Mapping[str, InterfaceFacts], vrf: str) -> set[str]:
    """`network P [area N]` or (RIP) `network IF`: the interfaces with an address in the prefix."""
    word = words.take()
    if not word[:1].isdigit():
        return {canonical(word)}
    try:
        network = ipaddress.IPv4Network(word, strict=False) if "/" in word else _wildcard(word, words)
    except ValueError as error:
        raise NotUnderstoodError(word) from error
    return {
        facts.name
        for facts in interfaces.values()
        if facts.vrf == vrf
        and (
            facts.dynamic_address
            or facts.unnumbered is not None
            or any(one.address.version == 4 and one.address.ip in network for one in facts.addresses)
        )
    }


def _wildcard(word: str, words: Words) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network((ipv4(word), 32 - words.address().bit_length()), strict=False)


def _virtual_router(node: Node, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """`router [ipv6] vrrp N IF` / ` virtual-ip A backup|master|owner`: an address that another device may hold as well."""
    facts = interfaces.get(node.keys[-1])
    if facts is None:
        ledger.leave(node, DEVICE)
        return
    ledger.use(node)
    for child in node.children:
        if child.keys[0] not in ("virtual-ip", "virtual-ipv6"):
            ledger.ignore(child, _VIRTUAL_ROUTER)
            continue
        try:
            address = ipaddress.ip_address(child.words[1])
        except (ValueError, IndexError):
            ledger.leave(child, on_interfaces(facts.name))
            continue
        ledger.use(child)
        own = next(
            (one.address.network for one in facts.addresses if one.address.version == address.version
             and address in one.address.network),
            None,
        )  # fmt: skip
        length = address.max_prefixlen if own is None else own.prefixlen
        shared = ipaddress.ip_interface(f"{address}/{length}")
        if not address.is_link_local:
            facts.addresses.append(InterfaceAddress(shared, (child.line,), shared=True))


def read_vrfs(nodes: Sequence[Node], ledger: Ledger) -> None:
    """`ip vrf NAME ID`: routes leak when one VRF imports what another one exports."""
    exported: dict[str, set[str]] = {}
    imported: dict[str, list[tuple[str, Node]]] = {}
    for node in nodes:
        name = "".join(node.words[2:3])
        ledger.use(node)
        for child in node.below():
            keys = child.keys
            if keys[0] not in _VRF_LINES:
                ledger.leave_line(child.line)
                ledger.doubt(DoubtKind.UNREAD, _LEAK, (child.line,))  # it may let routes cross
                continue
            ledger.use(child)
            if keys[0] == "route-target" and len(keys) >= 3:
                target = keys[2]
                if keys[1] in ("export", "both"):
                    exported.setdefault(target, set()).add(name)
                if keys[1] in ("import", "both"):
                    imported.setdefault(target, []).append((name, child))
            elif keys[0] == "import":
                ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, (child.line,))
    leaks: Sources = tuple(
        child.line
        for target, importers in imported.items()
        for name, child in importers
        if exported.get(target, set()) - {name}
    )
    if leaks:
        ledger.doubt(DoubtKind.UNSUPPORTED, _LEAK, leaks)
