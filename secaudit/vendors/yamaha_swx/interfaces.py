"""Interface blocks: ports, VLAN interfaces, link aggregations (A.11)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceAddress, SwitchPort
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.unread_scope import may_apply_a_list, scope_of_interface_line
from secaudit.vendors.common.words import Words, ipv4, is_ipv4, prefix_length, whole_number
from secaudit.vendors.yamaha_swx.vocabulary import interface_names, irrelevance

GUARDING = frozenset(
    (
        "dot1x",
        "auth-mac",
        "auth",
        "port-security",
        "spanning-tree",
        "loop-detect",
        "dhcp-snooping",
        "ip",
        "arp",
    )
)
"""First words of lines that may say what protects a port."""
_ALL_VLANS = frozenset(range(1, 4095))
_MULTICAST = Text(
    ja="マルチキャストを中継します。中継される範囲はモデル化していません",
    en="multicast is routed here; what passes is not modelled",
)
_POLICY = Text(
    ja="ポリシーベースルーティングはモデル化していません",
    en="policy-based routing is not modelled",
)
_ROUTED_PORT = Text(
    ja="ポートがレイヤー3として設定されていますが、この機種での動作を確かめられません",
    en="a port is configured as layer 3; how this model treats that is not confirmed",
)
_DYNAMIC_VLAN = Text(
    ja="認証の結果により、このポートの端末が別のVLANに入ることがあります",
    en="authentication may put the hosts of this port into another VLAN",
)
_PREFIX = Text(
    ja="IPv6 のプレフィックスが外部から与えられるため、このインターフェースの IPv6 の範囲は設定からは分かりません",
    en="the IPv6 prefix of this interface is given from outside and is not in the file",
)


@dataclass(frozen=True, slots=True)
class Applied:
    """A list that an interface names, and the line that does."""

    number: int
    source: SourceLine


@dataclass(slots=True)
class InterfaceFacts:
    """One interface while it is being read."""

    name: str
    sources: list[SourceLine] = field(default_factory=list)
    description: str = ""
    enabled: bool = True
    addresses: list[InterfaceAddress] = field(default_factory=list)
    dynamic_address: bool = False
    ipv6: bool = False
    lists: dict[str, list[Applied]] = field(default_factory=dict)
    """`in` or `out` to the access lists: one of each kind."""
    mode: str = "access"
    access_vlan: int = 1
    native_vlan: int | None = 1
    allowed: frozenset[int] | None = frozenset()
    voice_vlan: int | None = None
    private_vlan: int | None = None
    isolated: list[SourceLine] = field(default_factory=list)
    member_of: str | None = None
    unread: bool = False
    """A line of it was not understood: which VLANs it carries is not sure."""
    suspects: list[SourceLine] = field(default_factory=list)
    """Lines that were not understood and may apply a list."""
    routed: SourceLine | None = None
    """`no switchport` on a port, or an address: layer 3."""
    routing: SourceLine | None = None
    """A line that has a routing protocol run here."""
    guards: list[Node] = field(default_factory=list)
    """Lines about authentication of hosts, MAC addresses and loops."""

    @property
    def vlan(self) -> int | None:
        """The VLAN of a VLAN interface."""
        return int(self.name[4:]) if self.name.startswith("vlan") else None

    @property
    def is_port(self) -> bool:
        """Whether it is a port or a link aggregation of layer 2."""
        return self.routed is None and self.name.startswith(("port", "sa", "po"))

    def carries(self, vlan: int) -> bool:
        """Whether frames of a VLAN may come in by this port."""
        port = self.switch_port()
        return self.unread or port.trunk_vlans is None or vlan in port.trunk_vlans or vlan == port.access_vlan

    def switch_port(self) -> SwitchPort:
        """Layer 2. An access port of VLAN 1 unless lines say otherwise; a trunk carries only the VLANs that are added to it."""
        isolated = tuple(self.isolated)
        if self.mode == "trunk":
            return SwitchPort(self.native_vlan, self.allowed, trunk=True, isolated=isolated)
        vlan = self.private_vlan if self.mode == "private-vlan" and self.private_vlan is not None else self.access_vlan
        tagged = frozenset(() if self.voice_vlan is None else (self.voice_vlan,))
        return SwitchPort(vlan, tagged, isolated=isolated)


def read_interface(
    node: Node, interfaces: dict[str, InterfaceFacts], ledger: Ledger, elsewhere: Callable[[Node], bool]
) -> None:
    """One `interface ...` block; a block of several ports says the same of all. `elsewhere` takes global commands that stand in it."""
    names = interface_names("".join(node.words[1:2]))
    if not names or len(node.words) != 2:
        ledger.leave(node)
        return
    held = [interfaces.setdefault(name, InterfaceFacts(name)) for name in names]
    for facts in held:
        facts.sources.append(node.line)
    ledger.use(node)
    for child in node.children:
        if child.keys[child.keys[0] == "no" and len(child.keys) > 1] in GUARDING:
            for facts in held:
                facts.guards.append(child)
        if _read_line(held, child, ledger):
            ledger.use_all(child)
            continue
        known = irrelevance().reason("interface", child.keys)
        if known is not None:
            ledger.ignore(child, known[1])
        elif not elsewhere(child):
            ledger.leave(child, scope_of_interface_line(child.keys, names))
            for facts in held:
                facts.unread = True
                if may_apply_a_list(child.keys):
                    facts.suspects.append(child.line)


def _read_line(held: list[InterfaceFacts], node: Node, ledger: Ledger) -> bool:
    for length in (4, 3, 2, 1):
        handler = _HANDLERS.get(node.keys[:length])
        if handler is None:
            continue
        try:
            for facts in held:
                handler(facts, Words(node.words, node.keys, length), node, ledger)
        except NotUnderstoodError:
            continue
        return True
    return False


_Handler = Callable[[InterfaceFacts, Words, Node, Ledger], None]


def _nothing(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """A line that states what the kind of interface says already, or is pure structure."""
    words.finish()


def _no_switchport(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """VLAN interfaces are always printed with it; on a port it makes a routed port, which the references do not tell of."""
    words.finish()
    _route_port(facts, node, ledger)


def _route_port(facts: InterfaceFacts, node: Node, ledger: Ledger) -> None:
    if facts.is_port:
        facts.routed = node.line
        ledger.doubt(DoubtKind.UNSUPPORTED, _ROUTED_PORT, (node.line,), on_interfaces(facts.name))


def _description(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.description = " ".join(words.items[words.position :])


def _enabled(on: bool) -> _Handler:
    def switch(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        words.finish()
        facts.enabled = on

    return switch


def _ip_address(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ip address A/BITS|A MASK [secondary]`, `ip address dhcp [hostname H]`."""
    _route_port(facts, node, ledger)
    if words.skip("dhcp"):
        facts.dynamic_address = True
        return
    word = words.take()
    address, slash, bits = word.partition("/")
    length = whole_number(bits, 0, 32) if slash else prefix_length(words.address())
    secondary = words.skip("secondary")
    words.skip("label")
    words.finish()
    if not secondary:
        # A second primary address replaces the first one.
        facts.addresses[:] = [
            known for known in facts.addresses if known.address.version != 4 or "secondary" in known.sources[0].text
        ]
    value = ipaddress.IPv4Interface((ipv4(address), length))
    facts.addresses.append(InterfaceAddress(value, (node.line,)))


def _ipv6_address(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ipv6 address A/BITS`, `autoconfig`, `dhcp`."""
    _route_port(facts, node, ledger)
    facts.ipv6 = True
    word = words.take()
    if word.lower() in ("autoconfig", "dhcp"):
        facts.dynamic_address = True
        ledger.doubt(DoubtKind.UNSUPPORTED, _PREFIX, (node.line,), on_interfaces(facts.name))
        return
    try:
        value = ipaddress.IPv6Interface(word)
    except ValueError as error:
        raise NotUnderstoodError(word) from error
    if "/" not in word or not set(words.rest()) <= {"eui-64", "anycast"}:
        raise NotUnderstoodError("option of ipv6 address")
    if not value.ip.is_link_local:
        facts.addresses.append(InterfaceAddress(value, (node.line,)))


def _ipv6_enable(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    words.finish()
    facts.ipv6 = True


def _access_group(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`access-group ID in|out`, on ports and link aggregations; what goes out only on ports."""
    number = words.number(1, 4000)
    direction = words.take().lower()
    words.finish()
    if direction not in ("in", "out") or not facts.is_port:
        raise NotUnderstoodError(direction)
    kind = (number - 1) // 1000 if number > 2000 else 0
    held = facts.lists.setdefault(direction, [])
    held[:] = [one for one in held if ((one.number - 1) // 1000 if one.number > 2000 else 0) != kind]
    held.append(Applied(number, node.line))


def _mode(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`switchport mode access|trunk [ingress-filter enable|disable]`, `switchport mode private-vlan host|promiscuous`."""
    mode = words.take().lower()
    rest = words.rest()
    if mode in ("access", "trunk"):
        # Without the ingress filter a trunk takes frames of VLANs that it does not carry.
        if rest == ("ingress-filter", "disable"):
            facts.allowed = None
        elif rest not in ((), ("ingress-filter", "enable")):
            raise NotUnderstoodError("option of the mode")
    elif mode != "private-vlan" or rest not in (("host",), ("promiscuous",), ()):
        raise NotUnderstoodError(mode)
    facts.mode = mode


def _access_vlan(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.access_vlan = words.number(1, 4094)
    words.finish()


def _native(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.native_vlan = None if words.skip("none") else words.number(1, 4094)
    words.finish()


def _allowed(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`all`, `none`, `add LIST`, `remove LIST`, `except LIST`; lines add up in their order."""
    how = words.take().lower()
    listed = vlan_list(words.take()) if how in ("add", "remove", "except") else frozenset()
    words.finish()
    current = _ALL_VLANS if facts.allowed is None else facts.allowed
    match how:
        case "all":
            facts.allowed = None
        case "none":
            facts.allowed = frozenset()
        case "add":
            facts.allowed = None if facts.allowed is None else current | listed
        case "remove":
            facts.allowed = current - listed
        case "except":
            facts.allowed = _ALL_VLANS - listed
        case _:
            raise NotUnderstoodError(how)


def vlan_list(word: str) -> frozenset[int]:
    """`10,20-23` as a set; raises `NotUnderstoodError`."""
    result: set[int] = set()
    for part in word.split(","):
        low, dash, high = part.partition("-")
        first = whole_number(low, 1, 4094)
        last = whole_number(high, 1, 4094) if dash else first
        if len(result) < len(_ALL_VLANS):
            result.update(range(first, last + 1))
    return frozenset(result)


def _voice(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`switchport voice vlan N|dot1p|untagged|none`."""
    word = words.take().lower()
    words.finish()
    if word.isdigit():
        facts.voice_vlan = whole_number(word, 1, 4094)
    elif word not in ("dot1p", "untagged", "none"):
        raise NotUnderstoodError(word)


def _multiple_vlan(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`switchport multiple-vlan group LIST`: hosts of other groups are not reached inside the switch, which proves no separation."""
    words.take()
    facts.isolated.append(node.line)


def _private_vlan(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`switchport private-vlan host-association PRIMARY add SECONDARY`, `... mapping PRIMARY add LIST`: the port is in the primary VLAN."""
    if words.take().lower() not in ("host-association", "mapping"):
        raise NotUnderstoodError("private VLAN")
    facts.private_vlan = words.number(1, 4094)
    facts.isolated.append(node.line)


def _channel(kind: str) -> _Handler:
    def join(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        facts.member_of = f"{kind}{words.number(1, 127)}"

    return join


def _unsupported(text: Text) -> _Handler:
    def doubt(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        ledger.doubt(DoubtKind.UNSUPPORTED, text, (node.line,), on_interfaces(facts.name))

    return doubt


def _routing(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.routing = node.line


def add_virtual_address(facts: InterfaceFacts, node: Node) -> bool:
    """`virtual-ip A` of a VRRP block: an address that another device may hold as well. False when it is none."""
    word = "".join(node.words[1:2])
    if not is_ipv4(word):
        return False
    lengths = [one.address.network.prefixlen for one in facts.addresses if one.address.version == 4]
    value = ipaddress.IPv4Interface((ipv4(word), lengths[0] if lengths else 32))
    facts.addresses.append(InterfaceAddress(value, (node.line,), shared=True))
    return True


_HANDLERS: dict[tuple[str, ...], _Handler] = {
    ("exit",): _nothing,
    ("switchport",): _nothing,
    ("no", "switchport"): _no_switchport,
    ("description",): _description,
    ("shutdown",): _enabled(False),
    ("no", "shutdown"): _enabled(True),
    ("ip", "address"): _ip_address,
    ("no", "ip", "address"): _nothing,
    ("ipv6", "address"): _ipv6_address,
    ("ipv6", "enable"): _ipv6_enable,
    ("access-group",): _access_group,
    ("switchport", "mode"): _mode,
    ("switchport", "access", "vlan"): _access_vlan,
    ("switchport", "trunk", "native", "vlan"): _native,
    ("switchport", "trunk", "allowed", "vlan"): _allowed,
    ("switchport", "voice", "vlan"): _voice,
    ("switchport", "multiple-vlan", "group"): _multiple_vlan,
    ("switchport", "private-vlan"): _private_vlan,
    ("channel-group",): _channel("po"),
    ("static-channel-group",): _channel("sa"),
    ("ip", "pim"): _unsupported(_MULTICAST),
    ("ip", "igmp", "proxy-service"): _unsupported(_MULTICAST),
    ("ipv6", "pim"): _unsupported(_MULTICAST),
    ("ip", "policy"): _unsupported(_POLICY),
    ("service-policy", "route"): _unsupported(_POLICY),
    ("ip", "rip", "enable"): _routing,
    ("auth", "dynamic-vlan-creation"): _unsupported(_DYNAMIC_VLAN),
    ("auth", "guest-vlan"): _unsupported(_DYNAMIC_VLAN),
    ("dot1x", "guest-vlan"): _unsupported(_DYNAMIC_VLAN),
}
