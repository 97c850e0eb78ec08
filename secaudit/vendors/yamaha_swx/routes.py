"""Static routes, and that a routing protocol runs."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.routes import DynamicRouting, NextHop, Route, not_understood, of_unknown_prefix
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words, ipv4_network, ipv6, ipv6_network, is_ipv4, whole_number
from secaudit.vendors.yamaha_swx.interfaces import InterfaceFacts
from secaudit.vendors.yamaha_swx.neighbours import Neighbours
from secaudit.vendors.yamaha_swx.vocabulary import interface_names

_PROTOCOLS = {"ospf": "OSPF", "rip": "RIP", "bgp": "BGP"}
_DETAILS = Text(
    ja="経路制御プロトコルの細目です。学習される経路は「不明」として扱うため、この行は判定を変えません",
    en="details of a routing protocol: what it learns is treated as unknown anyway",
)


def static_routes(
    nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], ledger: Ledger
) -> tuple[tuple[Route, ...], tuple[DynamicRouting, ...]]:
    """`ip route` and `ipv6 route`, and those of which at most the prefix was understood.

    Lines for the same prefix and distance are one route with several next hops.
    """
    partly: list[DynamicRouting] = []
    connected = [held.address.network for facts in interfaces.values() for held in facts.addresses]
    grouped: dict[tuple[IPNetwork, int], list[NextHop]] = {}
    for node in nodes:
        prefix: IPNetwork | None = None
        try:
            words = Words(node.words, node.keys, 2)
            prefix = _prefix(words, node)
            distance, hop = _next_hop(words, node)
            if node.children:
                raise NotUnderstoodError("nothing stands below a route")
        except NotUnderstoodError:
            bounded = None if prefix is None else not_understood(prefix, (node.line,), connected)
            if bounded is None:
                ledger.leave(node)
                partly.extend(of_unknown_prefix(6 if node.keys[0] == "ipv6" else 4, (node.line,), ("",)))
            else:
                ledger.leave_line(node.line)
                partly.append(bounded)
            continue
        ledger.use(node)
        grouped.setdefault((prefix, distance), []).append(hop)
    routes = tuple(
        Route(prefix, tuple(hops), tuple(source for hop in hops for source in hop.sources), distance=distance)
        for (prefix, distance), hops in grouped.items()
    )
    return routes, tuple(partly)


def _prefix(words: Words, node: Node) -> IPNetwork:
    """`A/BITS` or `A MASK`."""
    if node.keys[0] == "ipv6":
        return ipv6_network(words.take())
    word = words.take()
    if "/" not in word:
        return ipv4_network(whole_address(word), words.address())
    address, _, bits = word.partition("/")
    return ipaddress.IPv4Network((whole_address(address), whole_number(bits, 0, 32)), strict=False)


def whole_address(word: str) -> int:
    """An IPv4 address as a number; raises `NotUnderstoodError`."""
    if not is_ipv4(word):
        raise NotUnderstoodError(f"{word!r} is not an address")
    return int(ipaddress.IPv4Address(word))


def _next_hop(words: Words, node: Node) -> tuple[int, NextHop]:
    """`GATEWAY|vlanN|null [DISTANCE]`; of IPv6 also `GATEWAY vlanN` or `GATEWAY%vlanN`."""
    gateway: IPAddress | None = None
    interface: str | None = None
    word = words.take()
    discard = word.lower() in ("null", "null0")
    if is_ipv4(word):
        gateway = ipaddress.IPv4Address(word)
    elif ":" in word:
        address, _, scope = word.partition("%")
        gateway = ipv6(address)
        interface = scope.lower() or None
        if not scope and interface_names(words.peek()):
            interface = words.take().lower()
    elif not discard:
        names = interface_names(word)
        if len(names) != 1:
            raise NotUnderstoodError(word)
        interface = names[0]
    distance = words.number(1, 255) if words else 1
    words.finish()
    return distance, NextHop((node.line,), gateway, interface, discard=discard)


def dynamic_routing(
    nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], neighbours: Neighbours, ledger: Ledger
) -> tuple[DynamicRouting, ...]:
    """`router ospf`, `router rip`: by which interfaces routes come is not told apart."""
    found: list[DynamicRouting] = []
    for node in nodes:
        ledger.use(node)
        ledger.ignore_below(node, _DETAILS)
        name = _PROTOCOLS.get("".join(node.keys[1:2]), "".join(node.words[1:2]))
        must, said = neighbours.of_block(node)
        found.append(DynamicRouting(name, tuple(dict.fromkeys((node.line, *said))), authenticated=must))
    lines: list[SourceLine] = [facts.routing for facts in interfaces.values() if facts.routing is not None]
    if lines and not found:
        found.append(DynamicRouting("RIP", tuple(lines)))
    return tuple(found)
