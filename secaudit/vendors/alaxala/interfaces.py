"""Interface blocks: addresses, VLANs, switch ports, and the lists applied to them (AX-02, AX-03)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceAddress
from secaudit.text.bilingual import Text
from secaudit.vendors.alaxala import switch_ports
from secaudit.vendors.alaxala.access_lists import ADVANCE, IP, IPV6, MAC
from secaudit.vendors.alaxala.facts import InterfaceFacts, Named
from secaudit.vendors.alaxala.port_protection import may_protect
from secaudit.vendors.alaxala.vocabulary import Defaults, interface_names, irrelevance, plain
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.unread_scope import may_apply_a_list, scope_of_interface_line
from secaudit.vendors.common.words import Words, ipv4, ipv6, is_ipv4, prefix_length

_TAGS = Text(
    ja="VLAN トンネリング・Tag 変換など、VLAN の付け替えを伴う設定はモデル化していません",
    en="VLAN tunnelling and translation of tags are not modelled",
)
_VRRP_UNKNOWN = Text(
    ja="仮想ルータのアドレスを読み取れません", en="the address of the virtual router was not understood"
)


def read_interface(node: Node, interfaces: dict[str, InterfaceFacts], ledger: Ledger, usual: Defaults) -> None:
    """Reads one `interface` block; a name that comes again adds to the first block. A range is read for each of its members."""
    try:
        names = interface_names(node.words[1:])
    except NotUnderstoodError:
        ledger.leave(node)
        return
    ledger.use(node)
    held = [
        interfaces.setdefault(
            name, InterfaceFacts(name, [], access_vlan=usual.access_vlan, native_vlan=usual.native_vlan)
        )
        for name in names
    ]
    for facts in held:
        facts.sources.append(node.line)
    for child in node.children:
        _keep(child, held)
        readers = [_read_line(facts, child, ledger) for facts in held]
        if all(readers):
            ledger.use_all(child)
            continue
        known = irrelevance().reason("interface", child.keys)
        if known is not None:
            ledger.ignore(child, known[1])
        else:
            ledger.leave(child, scope_of_interface_line(child.keys, names))
            for facts in held:
                facts.unread = True
                if may_apply_a_list(child.keys):
                    facts.suspects.append(child.line)


def _keep(node: Node, held: list[InterfaceFacts]) -> None:
    """Keeps lines that are facts about protection; whether one matters is told by the lines for the whole device."""
    if may_protect(node.keys):
        for facts in held:
            facts.guards.append(node)
    if node.keys[:2] == ("ip", "ospf"):
        for facts in held:
            facts.routing.append(node)


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
        return True
    return False


_Handler = Callable[[InterfaceFacts, Words, Node, Ledger], None]


def _nothing(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """A line that states a default or is pure structure."""
    words.finish()


def _description(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.description = plain(" ".join(words.items[words.position :]))


def _shutdown(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    words.finish()
    facts.enabled = False


def _no_shutdown(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    words.finish()
    facts.enabled = True


def _ip_address(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ip address A MASK [secondary]`; the address of a loopback interface has no mask."""
    if words.skip("dhcp"):
        words.rest()
        facts.dynamic_address = True
        facts.learnt = node.line
        return
    address = words.address()
    length = prefix_length(words.address()) if is_ipv4(words.peek()) else 32
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


def _ipv6_address(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    first = words.take()
    facts.ipv6 = True
    rest = words.rest()
    if "link-local" in rest:
        ipv6(first.split("/")[0])
        return
    if "/" not in first or not set(rest) <= {"eui-64", "anycast"}:
        raise NotUnderstoodError(first)
    try:
        value = ipaddress.IPv6Interface(first)
    except ValueError as error:
        raise NotUnderstoodError(first) from error
    facts.addresses.append(InterfaceAddress(value, (node.line,)))


def _ipv6_on(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    words.finish()
    facts.ipv6 = True


def _helper(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ip helper-address A ...`: DHCP is relayed to one or several servers."""
    while words:
        facts.helpers.append((ipaddress.IPv4Address(ipv4(words.take())), node.line))


def _multicast(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.multicast = node.line


def _vrf(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.vrf = words.take()
    words.finish()


def _encapsulation(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`encapsulation dot1q N` of a sub-interface."""
    facts.encapsulated = words.number(1, 4095)
    words.finish()


def _filter(kind: str) -> _Handler:
    def apply(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        name = plain(words.take())
        direction = words.take().lower()
        words.finish()
        before = facts.lists.get((kind, direction))
        if direction not in ("in", "out") or (before is not None and before.name != name):
            # Whether a second list takes the place of the first one is not confirmed.
            raise NotUnderstoodError(direction)
        facts.lists[kind, direction] = Named(name, node.line)

    return apply


def _virtual_router(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`vrrp N ip A` and `vrrp N ipv6 A`; other lines about the virtual router do not matter."""
    words.number(1, 255)
    family = words.peek()
    if family not in ("ip", "ipv6"):
        raise NotUnderstoodError(family)
    words.take()
    facts.virtual.append(node.line)
    word = words.take()
    version = 4 if family == "ip" else 6
    try:
        words.finish()
        address = ipaddress.ip_address(word)
    except (ValueError, NotUnderstoodError):
        ledger.doubt(DoubtKind.UNSUPPORTED, _VRRP_UNKNOWN, (node.line,), on_interfaces(facts.name))
        return
    if address.version != version:
        raise NotUnderstoodError(word)
    length = next(
        (
            known.address.network.prefixlen
            for known in facts.addresses
            if known.address.version == version and address in known.address.network
        ),
        address.max_prefixlen,
    )
    value = ipaddress.ip_interface(f"{address}/{length}")
    facts.addresses.append(InterfaceAddress(value, (node.line,), shared=True))


def _switchport(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    if words.peek() == "isolation":
        facts.isolated.append(node.line)
        return
    if words.peek() in ("backup", ""):
        facts.switched = True
        return
    if not switch_ports.switchport(facts, words):
        ledger.doubt(DoubtKind.UNSUPPORTED, _TAGS, (node.line,), on_interfaces(facts.name))
        facts.switched = facts.unread = True
    facts.layer2.append(node.line)


def _channel_group(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`channel-group N mode on|active|passive`; `channel-group lacp ...`, `max-active-port` and the like do not matter."""
    if words.peek().isdigit():
        facts.member_of = f"port-channel {words.number(1, 4095)}"


def _ospf(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ip ospf PROCESS area N`: the protocol runs here."""
    process = words.take()
    if not words.skip("area"):
        raise NotUnderstoodError("not the line that switches it on")
    facts.ospf.add(process)


_HANDLERS: dict[tuple[str, ...], _Handler] = {
    ("exit",): _nothing,
    ("description",): _description,
    ("shutdown",): _shutdown,
    ("no", "shutdown"): _no_shutdown,
    ("ip", "address"): _ip_address,
    ("ipv6", "address"): _ipv6_address,
    ("ipv6", "enable"): _ipv6_on,
    ("ip", "helper-address"): _helper,
    ("ip", "pim"): _multicast,
    ("ip", "igmp", "router"): _multicast,
    ("ipv6", "pim"): _multicast,
    ("ipv6", "mld", "router"): _multicast,
    ("vrf", "forwarding"): _vrf,
    ("encapsulation", "dot1q"): _encapsulation,
    ("ip", "access-group"): _filter(IP),
    ("ipv6", "traffic-filter"): _filter(IPV6),
    ("mac", "access-group"): _filter(MAC),
    ("advance", "access-group"): _filter(ADVANCE),
    ("vrrp",): _virtual_router,
    ("switchport",): _switchport,
    ("channel-group",): _channel_group,
    ("ip", "ospf"): _ospf,
    ("ipv6", "ospf"): _ospf,
}
