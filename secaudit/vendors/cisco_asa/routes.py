"""Static routes, and the routing protocols of which nobody knows what they learn.

From 9.5(1) on management-only interfaces have a routing table of their own (Cisco ASA general operations configuration guide, "Static and
default routes"): it is modelled as a VRF.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import ANY_PACKET
from secaudit.network.routes import (
    DynamicRouting,
    NextHop,
    PolicyRoute,
    Route,
    not_understood,
    of_unknown_prefix,
)
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.cisco_asa.addresses import Words
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.neighbours import neighbours
from secaudit.vendors.cisco_asa.vocabulary import Defaults
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import ipv4_network, ipv6_network

MANAGEMENT_TABLE = "management-only"
_LEARNT_DISTANCE = 255
_DETAILS = Text(
    ja="経路制御プロトコルの細目です。学習される経路は「不明」として扱うため、この行は判定を変えません",
    en="details of a routing protocol: what it learns is treated as unknown anyway",
)
_TUNNELED = Text(
    ja="tunneled の既定経路は、VPN から来た通信にだけ、他に経路がないときに使われます",
    en="a default route marked `tunneled` is for packets that came by a VPN, where no other route is",
)


def vrf_of(facts: InterfaceFacts | None, usual: Defaults) -> str:
    """The table of an interface: the common one unless those of management surely have their own."""
    apart = facts is not None and facts.management_only is not None and usual.management_has_its_own_table is True
    return MANAGEMENT_TABLE if apart else ""


class Routes:
    """Reads `route` and `ipv6 route` lines."""

    def __init__(
        self,
        interfaces: Mapping[str, InterfaceFacts],
        names: Mapping[str, IPAddress],
        usual: Defaults,
        ledger: Ledger,
    ) -> None:
        self._interfaces = interfaces
        self._names = names
        self._usual = usual
        self._ledger = ledger
        self._own = frozenset(held.address.ip for facts in interfaces.values() for held in facts.addresses)
        self._grouped: dict[tuple[str, IPNetwork, int], list[NextHop]] = {}
        self.partly: list[DynamicRouting] = []
        self.tunneled: list[tuple[NextHop, Node]] = []

    def read(self, nodes: Iterable[Node]) -> tuple[Route, ...]:
        """Routes of one prefix and metric are one route with several next hops."""
        for node in nodes:
            self._line(node)
        for facts in self._interfaces.values():
            if facts.learnt_default is not None and facts.routed:
                hop = NextHop((facts.learnt_default,), interface=facts.name, conditional=True)
                everything = ipaddress.IPv4Network("0.0.0.0/0")
                self._grouped.setdefault((vrf_of(facts, self._usual), everything, _LEARNT_DISTANCE), []).append(hop)
        return tuple(
            Route(prefix, tuple(hops), tuple(line for hop in hops for line in hop.sources), vrf, distance)
            for (vrf, prefix, distance), hops in self._grouped.items()
        )

    def _line(self, node: Node) -> None:
        six = node.keys[0] == "ipv6"
        words = Words(node.words, node.keys, self._names, 2 if six else 1)
        prefix: IPNetwork | None = None
        name = ""
        try:
            if node.children:
                raise NotUnderstoodError("nothing stands below a route")
            name = words.take()
            prefix = ipv6_network(words.take()) if six else ipv4_network(words.address(), words.mask())
            if name.lower() == "null0":
                words.rest()
                self._add("", prefix, 1, NextHop((node.line,), discard=True))
            else:
                self._hop(node, words, name, prefix)
            self._ledger.use(node)
        except NotUnderstoodError:
            self._not_understood(node, prefix, 6 if six else 4)

    def _hop(self, node: Node, words: Words, name: str, prefix: IPNetwork) -> None:
        if name not in self._interfaces:
            raise NotUnderstoodError(f"{name!r} is no interface")
        gateway = words.ip()
        distance = words.number(1, 255) if words.peek().isdigit() else 1
        conditional = False
        tunneled = False
        while words:
            match words.take().lower():
                case "track":
                    words.take()
                    conditional = True
                case "tunneled":
                    tunneled = True
                case _:
                    raise NotUnderstoodError("not an option")
        # With an address of its own as gateway the device asks for the destination itself (command reference, route).
        hop = NextHop((node.line,), None if gateway in self._own else gateway, name, conditional=conditional)
        if tunneled:
            self.tunneled.append((hop, node))
        else:
            self._add(vrf_of(self._interfaces[name], self._usual), prefix, distance, hop)

    def _add(self, vrf: str, prefix: IPNetwork, distance: int, hop: NextHop) -> None:
        self._grouped.setdefault((vrf, prefix, distance), []).append(hop)

    def _not_understood(self, node: Node, prefix: IPNetwork | None, family: int) -> None:
        connected = [held.address.network for facts in self._interfaces.values() for held in facts.addresses]
        bounded = None if prefix is None else not_understood(prefix, (node.line,), connected)
        if bounded is not None and not node.children:
            self._ledger.leave_line(node.line)
            self.partly.append(bounded)
            return
        self._ledger.leave(node)
        self.partly.extend(of_unknown_prefix(6 if family == 6 else 4, (node.line,), ("",)))

    def of_tunnels(self, tunnels: frozenset[str]) -> tuple[PolicyRoute, ...]:
        """`route IF 0 0 GATEWAY tunneled`."""
        if not tunnels:
            return ()
        return tuple(
            PolicyRoute("tunneled", ANY_PACKET[:1], (hop,), (node.line,), ingress=tunnels, uncertain=_TUNNELED)
            for hop, node in self.tunneled
        )


def dynamic_routing(
    nodes: Sequence[Node], interfaces: Mapping[str, InterfaceFacts], names: Mapping[str, IPAddress], ledger: Ledger
) -> tuple[DynamicRouting, ...]:
    """`router PROTOCOL` blocks: routes exist that the file does not show, by any interface."""
    found = []
    for node in nodes:
        at = node.keys.index("router")
        protocol = node.words[at + 1] if len(node.words) > at + 1 else "router"
        ledger.use(node)
        ledger.ignore_below(node, _DETAILS)
        family = 6 if node.keys[0] == "ipv6" else None
        authenticated, lines = (None, ()) if family == 6 else neighbours(node, interfaces, names)
        ledger.used.update(line.number for line in lines)
        sources: Sources = (node.line, *lines)
        found.append(DynamicRouting(protocol, sources, family=6 if family == 6 else None, authenticated=authenticated))
    return tuple(found)
