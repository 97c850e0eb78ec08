"""Interface blocks: addresses, VRF, switch ports, redundant gateways, and what is applied to them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.interfaces import InterfaceAddress
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco import switch_ports
from secaudit.vendors.cisco.interface_facts import InterfaceFacts, Named, TunnelFacts
from secaudit.vendors.cisco_nxos import redundant_gateways
from secaudit.vendors.cisco_nxos.features import Features
from secaudit.vendors.cisco_nxos.port_protection import may_protect
from secaudit.vendors.cisco_nxos.vocabulary import (
    MANAGEMENT_INTERFACE,
    MANAGEMENT_VRF,
    Words,
    interface_name,
    irrelevance,
)
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.unread_scope import scope_of_interface_line
from secaudit.vendors.common.words import ipv4, ipv6, prefix_length, whole_number

_STORAGE = ("fc", "vfc", "san-port-channel", "sup-eth")
_FIBRE_CHANNEL = Text(
    ja="ファイバーチャネル（ストレージ）のインターフェースで、IP の通信には影響しません",
    en="a Fibre Channel interface (storage); does not change IP traffic",
)
_TUNNELLED = ("nve", "Overlay", "Bdi", "Vethernet")
_EXTENDED = Text(
    ja="VXLAN・OTV などで VLAN を別の拠点へ延伸しています。延伸先との通信はモデル化していません",
    en="VLANs are extended to other places (VXLAN, OTV and the like); that traffic is not modelled",
)
_VRF_MEMBER = Text(
    ja="vrf member はそれより前に書かれたレイヤー3の設定（アドレス等）を消去します",
    en="`vrf member` removes the layer 3 settings (addresses and others) that stand above it",
)


def read_interface(
    node: Node,
    interfaces: dict[str, InterfaceFacts],
    features: Features,
    ledger: Ledger,
    elsewhere: Callable[[Node], bool],
) -> None:
    """Reads one `interface` block; a name that comes again adds to the first block.

    `elsewhere` takes a line that is really a global command: the device leaves the interface when it meets one.
    """
    try:
        name, taken = interface_name(node.words[1:])
    except ValueError:
        ledger.leave(node)
        return
    if len(node.words) > 1 + taken:
        ledger.leave(node)
        return
    if name.startswith(_STORAGE):
        ledger.ignore(node, _FIBRE_CHANNEL)
        return
    if name.startswith(_TUNNELLED):
        ledger.use_all(node)
        ledger.doubt(DoubtKind.UNSUPPORTED, _EXTENDED, (node.line,))
        return
    facts = interfaces.get(name)
    if facts is None:
        facts = interfaces[name] = InterfaceFacts(name, [])
        if name == MANAGEMENT_INTERFACE:
            facts.vrf, facts.routed = MANAGEMENT_VRF, True
        elif name.startswith("Tunnel"):
            facts.tunnel = TunnelFacts()
            facts.tunnel.sources.append(node.line)
    facts.sources.append(node.line)
    ledger.use(node)
    for child in node.children:
        if _read_line(facts, child, features, ledger):
            if child.keys[0] == "inherit":
                facts.guards.append(child)
            continue
        known = irrelevance().reason("interface", child.keys)
        if known is not None:
            ledger.ignore(child, known[1])
            if may_protect(child.keys):
                facts.guards.append(child)
        elif not elsewhere(child):
            ledger.leave(child, scope_of_interface_line(child.keys, (name,)))
            facts.guards.append(child)


def _read_line(facts: InterfaceFacts, node: Node, features: Features, ledger: Ledger) -> bool:
    keys = node.keys
    if keys[0] in redundant_gateways.PROTOCOLS and keys[1:2] and keys[1].isdigit():
        features.need(keys[0], node.line)
        redundant_gateways.read(facts, node, ledger)
        return True
    for length in (4, 3, 2, 1):
        handler = _HANDLERS.get(keys[:length])
        if handler is None:
            continue
        try:
            if node.children:
                raise NotUnderstoodError("nothing stands below this line")
            handler(facts, Words(node.words, keys, length), node.line, ledger)
        except NotUnderstoodError:
            continue
        ledger.use(node)
        return True
    return False


_Handler = Callable[[InterfaceFacts, Words, SourceLine, Ledger], None]


def _nothing(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    """A line that states a default or is pure structure."""
    words.finish()


def _description(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    facts.description = " ".join(words.items[words.position :])


def _shutdown(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    words.skip("force")
    words.finish()
    facts.enabled = False


def _no_shutdown(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    words.skip("force")
    words.finish()
    facts.enabled = True


def _ip_address(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    """`ip address A/LENGTH|A MASK [secondary] [tag N] [route-preference N]`, `ip address dhcp`."""
    facts.routed = True
    if words.skip("dhcp"):
        words.finish()
        facts.dynamic_address = True
        facts.learnt[4] = line
        return
    base, slash, length = words.take().partition("/")
    address = ipv4(base)
    bits = whole_number(length, 0, 32) if slash else prefix_length(words.address())
    secondary = False
    while words:
        option = words.take().lower()
        if option == "secondary":
            secondary = True
        elif option in ("tag", "route-preference"):
            words.take()
        else:
            raise NotUnderstoodError(option)
    if not secondary:
        # A second primary address replaces the first one.
        facts.addresses[:] = [
            known
            for known in facts.addresses
            if known.address.version != 4 or known.shared or " secondary" in known.sources[0].text
        ]
    facts.addresses.append(InterfaceAddress(ipaddress.IPv4Interface((address, bits)), (line,)))


def _no_ip_address(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    words.finish()
    facts.addresses[:] = [known for known in facts.addresses if known.address.version != 4 or known.shared]


def _unnumbered(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    facts.routed = True
    facts.unnumbered = Named(words.interface(), line)
    words.finish()


def _ipv6_address(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    facts.ipv6 = facts.routed = True
    first = words.take()
    if first.lower() == "use-link-local-only":
        return
    if first.lower() in ("autoconfig", "dhcp"):
        facts.dynamic_address = True
        facts.unknown_ipv6 = line
        if words.peek() == "default":
            facts.learnt[6] = line
        return
    if "/" not in first:
        raise NotUnderstoodError(first)
    try:
        value = ipaddress.IPv6Interface(first)
    except ValueError as error:
        raise NotUnderstoodError(first) from error
    while words:
        option = words.take().lower()
        if option in ("tag", "route-preference"):
            words.take()
        elif option not in ("eui64", "eui-64", "anycast", "secondary"):
            raise NotUnderstoodError(option)
    facts.addresses.append(InterfaceAddress(value, (line,)))


def _ipv6_local(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    ipv6(words.take())
    words.finish()
    facts.ipv6 = facts.routed = True


def _vrf_member(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    """`vrf member NAME`: the device deletes all layer 3 settings that the interface had."""
    name = words.take()
    words.finish()
    name = "" if name == "default" else name
    facts.routed = True
    if name == facts.vrf:
        return
    if facts.addresses or facts.filters or facts.policy_route is not None or facts.unnumbered is not None:
        ledger.notice(NoticeKind.OVERWRITTEN, _VRF_MEMBER, (line, *facts.sources))
    facts.addresses.clear()
    facts.filters.clear()
    facts.helpers.clear()
    facts.policy_route = facts.unnumbered = None
    facts.dynamic_address = facts.ipv6 = facts.ospf = False
    facts.learnt.clear()
    facts.vrf = name


def _encapsulation(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    facts.vlan = words.number(1, 4094)
    words.finish()


def _filter(family: int) -> _Handler:
    def apply(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
        name = words.take()
        direction = words.take().lower()
        words.finish()
        if direction not in ("in", "out"):
            raise NotUnderstoodError(direction)
        facts.filters[family, direction] = Named(name, line)

    return apply


def _port_filter(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    """A list of layer 2: it drops further packets on a port, which proves no separation."""
    facts.mac_filters.append(line)


def _policy_route(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    facts.policy_route = Named(words.take(), line)
    words.finish()


def _helper(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    """`ip dhcp relay address A [use-vrf V]`."""
    facts.helpers.append((ipaddress.IPv4Address(words.address()), line))
    if words.skip("use-vrf"):
        words.take()
    words.finish()


def _multicast(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    facts.multicast = line


def _advertised(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    """`ipv6 nd prefix P ...`: hosts here give themselves addresses of a prefix that need not be one of the interface."""
    word = words.take()
    if word.lower() == "default" or "no-advertise" in words.rest():
        return
    try:
        facts.advertised.append((ipaddress.IPv6Network(word, strict=False), line))
    except ValueError:
        facts.unknown_ipv6 = line


def _routing_here(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    facts.ospf = True


def _mode(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    """`switchport mode ...`: the port of a fabric extender and a FabricPath port carry every VLAN, a private trunk may."""
    what = words.peek()
    if what == "fabricpath" or words.rest() == ("private-vlan", "trunk", "promiscuous"):
        facts.mode, facts.allowed = "trunk", None
    elif what == "fex-fabric":
        # Its VLANs end at the ports of the extender, which are interfaces of this device.
        facts.mode, facts.allowed = "trunk", frozenset()
    elif what == "dot1q-tunnel":
        facts.mode = "access"
        text = Text(ja="二重タグ（QinQ）はモデル化していません", en="double tagging (QinQ) is not modelled")
        ledger.doubt(DoubtKind.UNSUPPORTED, text, (line,), on_interfaces(facts.name))
    else:
        words.position = 2
        switch_ports.mode(facts, words)
    facts.switched = True


def _layer2(read: Callable[[InterfaceFacts, Words], None]) -> _Handler:
    def apply(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
        read(facts, words)

    return apply


def _isolated(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    """`switchport isolated`, `switchport private-vlan ...`: less gets across inside the switch, which proves no separation."""
    if words.items[1].lower() == "private-vlan":
        switch_ports.private_vlan(facts, words)
    facts.isolated.append(line)


def _channel_group(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    """`channel-group N [force] [mode M]`."""
    facts.member_of = f"port-channel{words.number(1, 4096)}"


def _tunnel_source(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    tunnel = facts.tunnel_facts(line)
    tunnel.local = tunnel.local_interface = None
    try:
        tunnel.local = ipaddress.ip_address(words.peek())
    except ValueError:
        tunnel.local_interface = words.interface()


def _tunnel_destination(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
    word = words.take()
    tunnel = facts.tunnel_facts(line)
    try:
        tunnel.remote = ipaddress.ip_address(word)
    except ValueError:
        tunnel.remote = None


def _unsupported(ja: str, en: str, *, here: bool = True) -> _Handler:
    """A doubt; `here` when it concerns this interface only."""
    text = Text(ja=ja, en=en)

    def doubt(facts: InterfaceFacts, words: Words, line: SourceLine, ledger: Ledger) -> None:
        ledger.doubt(DoubtKind.UNSUPPORTED, text, (line,), on_interfaces(facts.name) if here else DEVICE)

    return doubt


_NAT = _unsupported(
    "NX-OS の NAT は対応機種が限られ、モデル化していません", "NAT of NX-OS, which few models have, is not modelled"
)
_HANDLERS: dict[tuple[str, ...], _Handler] = {
    ("exit",): _nothing,
    ("description",): _description,
    ("shutdown",): _shutdown,
    ("no", "shutdown"): _no_shutdown,
    ("ip", "address"): _ip_address,
    ("no", "ip", "address"): _no_ip_address,
    ("ip", "unnumbered"): _unnumbered,
    ("ipv6", "address"): _ipv6_address,
    ("ipv6", "link-local"): _ipv6_local,
    ("ipv6", "nd", "prefix"): _advertised,
    ("vrf", "member"): _vrf_member,
    ("encapsulation", "dot1q"): _encapsulation,
    ("ip", "access-group"): _filter(4),
    ("ipv6", "traffic-filter"): _filter(6),
    ("ip", "port", "access-group"): _port_filter,
    ("ipv6", "port", "traffic-filter"): _port_filter,
    ("mac", "port", "access-group"): _port_filter,
    ("ip", "policy", "route-map"): _policy_route,
    ("ip", "dhcp", "relay", "address"): _helper,
    ("ip", "pim", "sparse-mode"): _multicast,
    ("ipv6", "pim", "sparse-mode"): _multicast,
    ("ip", "router"): _routing_here,
    ("ipv6", "router"): _routing_here,
    ("switchport",): _layer2(switch_ports.switchport),
    ("no", "switchport"): _layer2(switch_ports.no_switchport),
    ("switchport", "mode"): _mode,
    ("switchport", "access"): _layer2(switch_ports.access),
    ("switchport", "voice"): _layer2(switch_ports.voice),
    ("switchport", "trunk"): _layer2(switch_ports.trunk),
    ("switchport", "isolated"): _isolated,
    ("switchport", "private-vlan"): _isolated,
    ("channel-group",): _channel_group,
    ("tunnel", "source"): _tunnel_source,
    ("tunnel", "destination"): _tunnel_destination,
    ("tunnel", "mode", "gre", "ip"): _nothing,
    ("ip", "nat"): _NAT,
    ("ipv6", "policy", "route-map"): _unsupported(
        "IPv6 のポリシールーティングはモデル化していません", "IPv6 policy routing is not modelled"
    ),
    ("inherit", "port-profile"): _unsupported(
        "ポートプロファイルから受け継ぐ設定（VLAN 等）はモデル化していません",
        "what an interface inherits from a port profile (VLANs and others) is not modelled",
        here=False,
    ),
    ("switchport", "vlan", "mapping"): _unsupported(
        "VLAN の読替えはモデル化していません", "translation of VLANs is not modelled", here=False
    ),
    ("service-policy", "type", "pbr"): _unsupported(
        "サービスポリシーによる転送先変更はモデル化していません", "redirection by a service policy is not modelled"
    ),
    ("ip", "wccp"): _unsupported("WCCP による転送先変更はモデル化していません", "redirection by WCCP is not modelled"),
    ("ip", "forward"): _unsupported(
        "アドレスのないインターフェースでの IP 転送はモデル化していません",
        "IP forwarding on an interface without address is not modelled",
    ),
}
