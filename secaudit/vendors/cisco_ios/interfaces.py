"""Interface blocks: addresses, VLANs, switch ports, and what is applied to them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceAddress
from secaudit.network.tunnels import Carrier
from secaudit.text.bilingual import Text
from secaudit.vendors.cisco import switch_ports
from secaudit.vendors.cisco.interface_facts import InterfaceFacts, Named
from secaudit.vendors.cisco.vocabulary import interface_name
from secaudit.vendors.cisco.words import Words
from secaudit.vendors.cisco_ios.port_protection import may_protect
from secaudit.vendors.cisco_ios.vocabulary import Defaults, irrelevance
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.unread_scope import scope_of_interface_line
from secaudit.vendors.common.words import ipv4, ipv6, prefix_length

_BRIDGED = Text(ja="ブリッジはモデル化していません", en="bridging is not modelled")


def read_interface(
    node: Node,
    interfaces: dict[str, InterfaceFacts],
    ledger: Ledger,
    elsewhere: Callable[[Node], bool],
    usual: Defaults,
) -> None:
    """Reads one `interface` block; a name that comes again adds to the first block.

    `elsewhere` takes a line that is really a global command: the device leaves the interface when it meets one.
    """
    try:
        name, taken = interface_name(node.words[1:])
    except ValueError:
        name, taken = "".join(node.words[1:2]), 1
    kind_words = node.keys[1 + taken :]
    if not name or name == "range" or kind_words not in ((), ("point-to-point",), ("multipoint",)):
        ledger.leave(node)
        return
    facts = interfaces.get(name)
    if facts is None:
        facts = interfaces[name] = InterfaceFacts(
            name,
            [],
            access_vlan=usual.access_vlan,
            native_vlan=usual.native_vlan,
            mode="access" if usual.ports_negotiate is False else "",
        )
    facts.sources.append(node.line)
    ledger.use(node)
    for child in node.children:
        if _read_line(facts, child, ledger):
            continue
        known = irrelevance().reason("interface", child.keys)
        if known is not None:
            ledger.ignore(child, known[1])
            if may_protect(child.keys):
                facts.guards.append(child)
        elif not elsewhere(child):
            ledger.leave(child, scope_of_interface_line(child.keys, (name,)))


def _read_line(facts: InterfaceFacts, node: Node, ledger: Ledger) -> bool:
    keys = node.keys
    for length in (3, 2, 1):
        handler = _HANDLERS.get(keys[:length])
        if handler is None:
            continue
        try:
            handler(facts, Words(node.words, keys, length), node, ledger)
        except NotUnderstoodError:
            continue
        ledger.use_all(node)
        return True
    return False


_Handler = Callable[[InterfaceFacts, Words, Node, Ledger], None]


def _nothing(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """A line that states a default or is pure structure."""


def _description(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.description = " ".join(words.items[words.position :])


def _shutdown(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    words.finish()
    facts.enabled = False


def _no_shutdown(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.enabled = True


def _ip_address(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.routed = True
    if words.peek() in ("dhcp", "negotiated", "pool"):
        facts.dynamic_address = True
        if words.peek() == "dhcp":
            facts.learnt[4] = node.line
        return
    address, length = words.address(), prefix_length(words.address())
    secondary = words.skip("secondary")
    words.finish()
    value = InterfaceAddress(ipaddress.IPv4Interface((address, length)), (node.line,))
    if not secondary:
        # A second primary address replaces the first one.
        facts.addresses[:] = [
            known
            for known in facts.addresses
            if known.address.version != 4 or known.shared or "secondary" in known.sources[0].text
        ]
    facts.addresses.append(value)


def _no_ip_address(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    words.finish()
    facts.routed = True
    facts.addresses[:] = [known for known in facts.addresses if known.address.version != 4 or known.shared]


def _unnumbered(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.routed = True
    facts.unnumbered = Named(words.interface(), node.line)
    if words.skip("poll"):
        pass
    words.finish()


def _ipv6_address(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    first = words.take()
    facts.ipv6 = True
    if first.lower() in ("autoconfig", "dhcp"):
        facts.dynamic_address = True
        facts.unknown_ipv6 = node.line
        if words.peek() == "default":
            facts.learnt[6] = node.line
        return
    if words.peek() == "link-local":
        ipv6(first)
        return
    if "/" not in first:
        # `ipv6 address PREFIX-NAME ::1/64`: the prefix comes by DHCP.
        facts.dynamic_address = True
        facts.unknown_ipv6 = node.line
        return
    try:
        value = ipaddress.IPv6Interface(first)
    except ValueError as error:
        raise NotUnderstoodError(first) from error
    if not set(words.rest()) <= {"eui-64", "anycast"}:
        raise NotUnderstoodError("option of ipv6 address")
    facts.addresses.append(InterfaceAddress(value, (node.line,)))


def _advertised(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ipv6 nd prefix P ...`: hosts here give themselves addresses of a prefix that need not be one of the interface."""
    word = words.take()
    if word.lower() == "default" or "no-advertise" in words.rest():
        return
    try:
        facts.advertised.append((ipaddress.IPv6Network(word, strict=False), node.line))
    except ValueError:
        facts.unknown_ipv6 = node.line


def _helper(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ip helper-address [vrf V|global] A`."""
    if words.skip("vrf"):
        words.take()
    else:
        words.skip("global")
    target = ipv4(words.take())
    facts.helpers.append((ipaddress.IPv4Address(target), node.line))


def _peer(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`peer default ip address A|pool NAME|dhcp ...`: a host route to everybody who dials in."""
    if words.skip("address"):
        pool = words.skip("pool")
        name = words.take() if words else ""
        facts.peers.append(Named(name if pool or name[:1].isdigit() else "", node.line))


def _multicast(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.multicast = node.line


def _ipv6_on(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.ipv6 = True


def _vrf(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.vrf = words.take()
    words.finish()


def _encapsulation(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.vlan = words.number(1, 4094)
    facts.native = words.skip("native")
    if words:
        ledger.doubt(
            DoubtKind.UNSUPPORTED,
            Text(ja="二重タグ（QinQ）はモデル化していません", en="double tagging (QinQ) is not modelled"),
            (node.line,),
            on_interfaces(facts.name),
        )


def _filter(family: int) -> _Handler:
    def apply(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        name = words.take()
        direction = words.take().lower()
        words.finish()
        if direction not in ("in", "out"):
            raise NotUnderstoodError(direction)
        facts.filters[family, direction] = Named(name, node.line)

    return apply


def _inspect(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    name = words.take()
    direction = words.take().lower()
    words.finish()
    if direction not in ("in", "out"):
        raise NotUnderstoodError(direction)
    facts.inspections[direction] = Named(name, node.line)


def _nat(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    words.finish()
    facts.nat_side = Named(node.keys[2], node.line)


def _zone(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    words.skip("security")
    facts.zone = Named(words.take(), node.line)
    words.finish()


def _policy_route(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.policy_route = Named(words.take(), node.line)
    words.finish()


def _service_policy(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    if words.take().lower() not in ("input", "output", "in", "out"):
        raise NotUnderstoodError("direction of a service policy")
    facts.service_policies.append(Named(words.take(), node.line))
    words.finish()


def _mac_filter(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.mac_filters.append(node.line)


def _standby(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    if words.peek().isdigit():
        words.take()
    if words.peek() not in ("ip", "ipv6"):
        raise NotUnderstoodError("not an address")
    family = words.take().lower()
    if family == "ipv6":
        if words.peek() not in ("autoconfig", ""):
            ipv6(words.take().split("/")[0])
        return
    if not words:
        return  # learnt from the other router
    _shared(facts, words.take(), node)
    words.skip("secondary")
    words.finish()


def _virtual_router(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`vrrp N ip A` and the block form `vrrp N address-family ipv4` / ` address A primary`."""
    words.number(0, 1023)
    if words.skip("ip"):
        if words:
            _shared(facts, words.take(), node)
            words.skip("secondary")
        words.finish()
        return
    if not words.skip("address-family"):
        raise NotUnderstoodError("not an address")
    for child in node.children:
        if child.keys[0] == "address" and len(child.words) > 1 and ":" not in child.words[1]:
            _shared(facts, child.words[1], child)


def _shared(facts: InterfaceFacts, word: str, node: Node) -> None:
    address = ipv4(word)
    length = next((known.address.network.prefixlen for known in facts.addresses if known.address.version == 4), 32)
    facts.addresses.append(InterfaceAddress(ipaddress.IPv4Interface((address, length)), (node.line,), shared=True))


def _layer2(read: Callable[[InterfaceFacts, Words], None]) -> _Handler:
    def apply(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        read(facts, words)

    return apply


def _isolated(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`switchport protected`, `switchport private-vlan ...`: less gets across inside the switch, which proves no separation."""
    if node.keys[1] == "private-vlan":
        switch_ports.private_vlan(facts, words)
    facts.isolated.append(node.line)


def _bridge_group(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`bridge-group N`: one wire with the other members of the group, and with `BVI N`."""
    facts.member_of = f"BVI{words.number(1, 255)}"
    ledger.doubt(DoubtKind.UNSUPPORTED, _BRIDGED, (node.line,), on_interfaces(facts.name))


_TUNNEL_MODES = {
    ("gre", "ip"): Carrier.GRE,
    ("gre", "ipv6"): Carrier.GRE,
    ("ipip",): Carrier.IPIP,
    ("ipsec", "ipv4"): Carrier.IPSEC,
    ("ipsec", "ipv6"): Carrier.IPSEC,
    ("ipv6ip",): Carrier.IPV6_IN_IPV4,
    ("ipv6",): Carrier.OTHER,
}


def _tunnel_destination(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    word = words.take()
    tunnel = facts.tunnel_facts(node.line)
    try:
        tunnel.remote = ipaddress.ip_address(word)
    except ValueError:
        tunnel.remote = None  # a name, or `dynamic`: the far end is not in the file


def _tunnel_source(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`tunnel source ADDRESS|INTERFACE|dynamic`."""
    tunnel = facts.tunnel_facts(node.line)
    tunnel.local = tunnel.local_interface = None
    try:
        tunnel.local = ipaddress.ip_address(words.peek())
    except ValueError:
        tunnel.local_interface = None if words.peek() == "dynamic" else words.interface()


def _tunnel_mode(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    carrier = _TUNNEL_MODES.get(tuple(words.rest()))
    if carrier is None:
        raise NotUnderstoodError("a tunnel with several far ends")
    facts.tunnel_facts(node.line).carrier = carrier


def _tunnel_protection(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`tunnel protection ipsec profile NAME [shared]`."""
    tunnel = facts.tunnel_facts(node.line)
    tunnel.protected, tunnel.protection = True, tuple(words.items[words.position :])


def _crypto_map(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`crypto map NAME [redundancy ...]`."""
    facts.crypto_map = Named(words.take(), node.line)


def _routing_here(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    if "area" not in words.keys and node.keys[:2] != ("ip", "router") and node.keys[:2] != ("ipv6", "router"):
        raise NotUnderstoodError("not the line that switches it on")
    facts.ospf = True


def _unsupported(ja: str, en: str) -> _Handler:
    text = Text(ja=ja, en=en)

    def doubt(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        ledger.doubt(DoubtKind.UNSUPPORTED, text, (node.line,), on_interfaces(facts.name))

    return doubt


_HANDLERS: dict[tuple[str, ...], _Handler] = {
    ("exit",): _nothing,
    ("no", "ipv6", "address"): _nothing,
    ("encapsulation", "ppp"): _nothing,
    ("encapsulation", "hdlc"): _nothing,
    ("tunnel", "source"): _tunnel_source,
    ("tunnel", "protection"): _tunnel_protection,
    ("tunnel", "vrf"): _nothing,
    ("dialer", "pool"): _nothing,
    ("description",): _description,
    ("shutdown",): _shutdown,
    ("no", "shutdown"): _no_shutdown,
    ("ip", "address"): _ip_address,
    ("no", "ip", "address"): _no_ip_address,
    ("ip", "unnumbered"): _unnumbered,
    ("ipv6", "address"): _ipv6_address,
    ("ipv6", "enable"): _ipv6_on,
    ("ipv6", "unnumbered"): _ipv6_on,
    ("ipv6", "nd", "prefix"): _advertised,
    ("ip", "helper-address"): _helper,
    ("peer", "default", "ip"): _peer,
    ("ip", "pim"): _multicast,
    ("ip", "igmp", "helper-address"): _multicast,
    ("ip", "igmp", "proxy-service"): _multicast,
    ("ip", "igmp", "mroute-proxy"): _multicast,
    ("ipv6", "pim"): _multicast,
    ("vrf", "forwarding"): _vrf,
    ("ip", "vrf", "forwarding"): _vrf,
    ("encapsulation", "dot1q"): _encapsulation,
    ("ip", "access-group"): _filter(4),
    ("ipv6", "traffic-filter"): _filter(6),
    ("ip", "inspect"): _inspect,
    ("ip", "nat", "inside"): _nat,
    ("ip", "nat", "outside"): _nat,
    ("zone-member",): _zone,
    ("ip", "policy", "route-map"): _policy_route,
    ("service-policy",): _service_policy,
    ("mac", "access-group"): _mac_filter,
    ("standby",): _standby,
    ("vrrp",): _virtual_router,
    ("glbp",): _standby,
    ("switchport",): _layer2(switch_ports.switchport),
    ("no", "switchport"): _layer2(switch_ports.no_switchport),
    ("switchport", "mode"): _layer2(switch_ports.mode),
    ("switchport", "access"): _layer2(switch_ports.access),
    ("switchport", "voice"): _layer2(switch_ports.voice),
    ("switchport", "trunk"): _layer2(switch_ports.trunk),
    ("switchport", "protected"): _isolated,
    ("switchport", "private-vlan"): _isolated,
    ("channel-group",): _layer2(switch_ports.channel_group),
    ("tunnel", "destination"): _tunnel_destination,
    ("tunnel", "mode"): _tunnel_mode,
    ("ip", "ospf"): _routing_here,
    ("ipv6", "ospf"): _routing_here,
    ("ospfv3",): _routing_here,
    ("ip", "router"): _routing_here,
    ("ipv6", "router"): _routing_here,
    ("crypto", "map"): _crypto_map,
    ("ip", "nat", "enable"): _unsupported(
        "NVI 方式の NAT はモデル化していません", "NAT by virtual interface is not modelled"
    ),
    ("bridge-group",): _bridge_group,
    ("service", "instance"): _unsupported(
        "サービスインスタンスはモデル化していません", "service instances are not modelled"
    ),
    ("xconnect",): _unsupported("L2VPN はモデル化していません", "layer 2 VPN is not modelled"),
    ("ipv6", "policy", "route-map"): _unsupported(
        "IPv6 のポリシールーティングはモデル化していません", "IPv6 policy routing is not modelled"
    ),
    ("ip", "wccp"): _unsupported("WCCP による転送先変更はモデル化していません", "redirection by WCCP is not modelled"),
}
