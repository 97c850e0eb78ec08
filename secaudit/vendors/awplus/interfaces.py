"""Interface blocks: addresses, VLANs, ports, and what is applied to them (AL-02, AL-04, AL-05)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceAddress, InterfaceKind
from secaudit.text.bilingual import Text
from secaudit.vendors.awplus import switch_ports, tunnel_lines
from secaudit.vendors.awplus.interface_facts import InterfaceFacts, Named
from secaudit.vendors.awplus.interface_names import canonical, expand, interface_kind
from secaudit.vendors.awplus.protection import ON_INTERFACES, matters
from secaudit.vendors.awplus.vocabulary import Defaults, irrelevance
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.neighbours import goes_on_unread, without_no
from secaudit.vendors.common.words import Words, ipv4, ipv6, ipv6_network, prefix_length

_MOST_WORK = 400_000
"""Lines of ranges times interfaces of ranges, for one device. A real one has some thousands."""

_OTHER_BLOCKS = frozenset(
    (
        ("zone",),
        ("firewall",),
        ("nat",),
        ("application",),
        ("access-list",),
        ("vlan", "database"),
        ("ipv6", "access-list"),
    )
)
"""Heads of blocks that end the interface before them."""
_TWO_PRIMARY = Text(
    ja="同じインターフェースに異なる主アドレスが設定されており、複数の装置の設定が混ざっている、または行が欠けている可能性があります",
    en="one interface has two different primary addresses: the file may mix several devices, or lack a line",
)
_ABOUT_VLANS = frozenset(
    (
        "switchport",
        "vlan",
        "trunk",
        "access",
        "mode",
        "native",
        "allowed",
        "voice",
        "channel-group",
        "static-channel-group",
    )
)
"""Words of lines about the VLANs of a port: one that was not understood may put it into any."""
_ABOUT_ROUTING = frozenset((("ip", "ospf"), ("ip", "rip")))

Elsewhere = Callable[[Node], bool]
"""Takes a line that is really a global command: the device leaves the interface when it meets one."""


class InterfaceReader:
    """Reads all interface blocks of a device into `interfaces`."""

    def __init__(self, ledger: Ledger, elsewhere: Elsewhere, usual: Defaults) -> None:
        self.interfaces: dict[str, InterfaceFacts] = {}
        self._ledger = ledger
        self._elsewhere = elsewhere
        self._usual = usual
        self._work = 0

    def read(self, node: Node) -> None:
        """One block; where a paste gained or lost blanks, several that stand one below the other."""
        for block in _blocks(node):
            self._read(block)

    def _read(self, node: Node) -> None:
        """One block, for one interface, a range or a list; a name that comes again adds to what is known of it."""
        try:
            names = expand("".join(node.words[1:]))
        except NotUnderstoodError:
            self._ledger.leave(node)
            return
        self._work += len(names) * (1 + len(node.children)) if len(names) > 1 else 0
        if self._work > _MOST_WORK:
            self._ledger.leave(node)
            return
        held = [self._facts(name, node) for name in names]
        self._ledger.use(node)
        for child in node.children:
            self._line(held, child)
            if without_no(child.keys)[1][:2] in _ABOUT_ROUTING:
                for facts in held:
                    facts.routing.append(child)
        if goes_on_unread(node, self._ledger):
            for facts in held:
                facts.unread = True

    def _facts(self, name: str, node: Node) -> InterfaceFacts:
        facts = self.interfaces.get(name)
        if facts is None:
            kind = interface_kind(name) or InterfaceKind.PHYSICAL
            usual = self._usual
            facts = self.interfaces[name] = InterfaceFacts(
                name, kind, [], access_vlan=usual.access_vlan, native_vlan=usual.native_vlan
            )
            _numbered(facts)
        facts.sources.append(node.line)
        return facts

    def _line(self, held: list[InterfaceFacts], node: Node) -> None:
        read = _reader(node.keys)
        known = irrelevance().reason("interface", node.keys)
        if read is not None and (known is None or read[1] >= known[0]):
            handler, length = read
            try:
                for facts in held:
                    handler(facts, Words(node.words, node.keys, length), node, self._ledger)
            except NotUnderstoodError:
                self._leave(held, node)
            else:
                self._ledger.use_all(node)
            return
        if known is not None:
            keys = node.keys[1:] if node.keys[0] == "no" and len(node.keys) > 1 else node.keys
            if keys[0] in ON_INTERFACES and matters(keys):
                for facts in held:
                    facts.protective.append(node)
                self._ledger.use_all(node)
                return
            self._ledger.ignore(node, known[1])
        elif not self._elsewhere(node):
            self._leave(held, node)

    def _leave(self, held: list[InterfaceFacts], node: Node) -> None:
        """A line that was not understood. What it may have said of VLANs or addresses must not be taken for absent."""
        self._ledger.leave(node, on_interfaces(*(facts.name for facts in held)))
        said = [key for one in (node, *node.below()) for key in one.keys]
        for facts in held:
            facts.unread = True
            facts.unread_vlans = facts.unread_vlans or not _ABOUT_VLANS.isdisjoint(said)
            if any(_is_address(key) for key in said):
                facts.unread_addresses.append(node.line)


def _is_address(word: str) -> bool:
    """Whether a word is an address or a prefix, or one of the words for an address that is given from outside."""
    try:
        ipaddress.ip_interface(word)
    except ValueError:
        return word in ("address", "unnumbered", "negotiated")
    return not word.isdigit()


def _blocks(node: Node) -> list[Node]:
    """The interface blocks of a tree of lines. Nothing stands below a line of an interface, and a further interface ends the block."""
    current = Node(node.line, node.words, node.keys)
    blocks = [current]
    stack = list(reversed(node.children))
    while stack:
        one = stack.pop()
        if one.keys[0] == "interface" and len(one.keys) > 1:
            current = Node(one.line, one.words, one.keys)
            blocks.append(current)
        elif one.keys[:1] in _OTHER_BLOCKS or one.keys[:2] in _OTHER_BLOCKS:
            current.append(one)
            continue
        else:
            current.append(Node(one.line, one.words, one.keys))
        stack.extend(reversed(one.children))
    return blocks


def _numbered(facts: InterfaceFacts) -> None:
    """The VLAN of `vlan10`, and VLAN and parent of `eth1.10` (a sub-interface)."""
    if facts.kind is InterfaceKind.VLAN:
        number = int(facts.name[4:]) if facts.name[4:].isdigit() else 0
        facts.vlan = number if 1 <= number <= 4094 else None
        return
    base, dot, number_text = facts.name.rpartition(".")
    subordinate = base.count(".") == 2 if facts.name.startswith("port") else bool(dot)
    if subordinate and number_text.isdigit():
        facts.parent, facts.vlan = base, int(number_text)


_Handler = Callable[[InterfaceFacts, Words, Node, Ledger], None]


def _reader(keys: tuple[str, ...]) -> tuple[_Handler, int] | None:
    for length in (3, 2, 1):
        handler = _HANDLERS.get(keys[:length])
        if handler is not None:
            return handler, length
    return None


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
    """`ip address A/M [secondary] [label L]`, `dhcp ...`, `negotiated`."""
    if words.peek() in ("dhcp", "negotiated"):
        facts.dynamic_address = True
        facts.learnt[4] = node.line
        return
    address, slash, length = words.take().partition("/")
    mask = "" if slash else words.take()
    try:
        value = ipaddress.IPv4Interface((ipv4(address), int(length) if slash else prefix_length(ipv4(mask))))
    except ValueError as error:
        raise NotUnderstoodError(address) from error
    secondary = words.skip("secondary")
    if words.skip("label"):
        words.take()
    words.finish()
    if not secondary:
        # A second primary address replaces the first one. The device prints only one.
        if facts.primary is not None and facts.primary[0] != value:
            ledger.doubt(DoubtKind.UNSUPPORTED, _TWO_PRIMARY, (facts.primary[1], node.line))
            facts.unread = True  # the head of a further interface may be lacking
        facts.primary = (value, node.line)
        facts.addresses[:] = [
            one
            for one in facts.addresses
            if one.address.version != 4 or one.shared or "secondary" in one.sources[0].text
        ]
    facts.addresses.append(InterfaceAddress(value, (node.line,)))


def _no_ip_address(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    words.finish()
    facts.primary = None
    facts.addresses[:] = [one for one in facts.addresses if one.address.version != 4 or one.shared]


def _unnumbered(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    lender = canonical(words.take())
    words.finish()
    facts.unnumbered = Named(lender, node.line)


def _ipv6_address(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ipv6 address P/L [eui64]`, `A link-local`, `dhcp`, `autoconfig`, or a prefix that is delegated by DHCP."""
    first = words.take()
    facts.ipv6 = True
    if first.lower() in ("autoconfig", "dhcp", "suffix") or "/" not in first:
        if words.peek() == "link-local":
            ipv6(first)
            return
        facts.dynamic_address = True
        facts.unknown_ipv6 = node.line
        facts.learnt[6] = node.line
        return
    try:
        value = ipaddress.IPv6Interface(first)
    except ValueError as error:
        raise NotUnderstoodError(first) from error
    if not set(words.rest()) <= {"eui64", "eui-64", "anycast", "secondary"}:
        raise NotUnderstoodError("option of ipv6 address")
    if not value.is_link_local:
        facts.addresses.append(InterfaceAddress(value, (node.line,)))


def _advertised(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ipv6 nd prefix P ...`: hosts here give themselves addresses of a prefix that need not be one of the interface."""
    facts.advertised.append((ipv6_network(words.take()), node.line))


def _ipv6_on(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.ipv6 = True


def _helper(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ip helper-address A`, `ip dhcp-relay server-address A`, and the same of DHCPv6."""
    try:
        target = ipaddress.ip_address(words.take())
    except ValueError as error:
        raise NotUnderstoodError("no address") from error
    facts.helpers.append((target, node.line))


def _multicast(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.multicast = node.line


def _vrf(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    name = words.take()
    words.finish()
    facts.vrf = name


def _encapsulation(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`encapsulation dot1q N` makes the sub-interface that a block `ethX.N` describes; in such a block it tells its tag."""
    if facts.name == "lo":
        raise NotUnderstoodError("not of this interface")
    number = words.number(1, 4094)
    words.finish()
    if facts.parent is not None:
        facts.vlan = number


def _hardware(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`access-group LIST` (older: `ip access-group`, `mac access-group`): ingress only (AL-12, AL-13)."""
    name = words.take()
    words.skip("in")
    words.finish()
    facts.hardware.append(Named(name, node.line))


def _hardware_ipv6(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ipv6 traffic-filter LIST`."""
    name = words.take()
    words.skip("in")
    words.finish()
    facts.hardware_ipv6.append(Named(name, node.line))


def _not_applied(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`no access-group LIST`, `no ipv6 traffic-filter LIST`, as people type them: the list is taken from where it stands."""
    held = facts.hardware_ipv6 if "traffic-filter" in node.keys else facts.hardware
    name = words.take()
    words.finish()
    found = next((one for one in held if one.name == name), None)
    if found is None:
        raise NotUnderstoodError("a list that is not applied")
    held.remove(found)


def _service_policy(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    if words.take().lower() != "input":
        raise NotUnderstoodError("direction of a service policy")
    name = words.take()
    words.finish()
    facts.service_policies.append(Named(name, node.line))


def _layer2(read: Callable[[InterfaceFacts, Words], None]) -> _Handler:
    def apply(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        read(facts, words)

    return apply


def _isolated(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`switchport private-vlan ...`: less gets across inside the switch, which proves no separation."""
    switch_ports.private_vlan(facts, words)
    facts.isolated.append(node.line)


def _bridge_group(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`bridge-group N`: one wire with the other members of the bridge, and with `brN`."""
    facts.member_of = f"br{words.number(0, 4095)}"
    facts.bridge = node.line


def _unsupported(ja: str, en: str) -> _Handler:
    text = Text(ja=ja, en=en)

    def doubt(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        ledger.doubt(DoubtKind.UNSUPPORTED, text, (node.line,), on_interfaces(facts.name))

    return doubt


def _profile(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`auth profile NAME`: what it holds is asked of the port as well."""
    facts.protective.append(node)
    _DYNAMIC_VLAN(facts, words, node, ledger)


_DYNAMIC_VLAN = _unsupported(
    "認証の結果により、ポートのVLANが変わることがあります", "authentication may put the port into another VLAN"
)

_HANDLERS: dict[tuple[str, ...], _Handler] = {
    ("exit",): _nothing,
    ("no", "shutdown"): _no_shutdown,
    ("no", "ip", "address"): _no_ip_address,
    ("shutdown",): _shutdown,
    ("description",): _description,
    ("ip", "address"): _ip_address,
    ("ip", "unnumbered"): _unnumbered,
    ("ipv6", "address"): _ipv6_address,
    ("ipv6", "enable"): _ipv6_on,
    ("ipv6", "nd", "prefix"): _advertised,
    ("ip", "helper-address"): _helper,
    ("ip", "dhcp-relay", "server-address"): _helper,
    ("ipv6", "dhcp-relay", "server-address"): _helper,
    ("ip", "pim"): _multicast,
    ("ip", "igmp", "proxy-service"): _multicast,
    ("ip", "igmp", "mroute-proxy"): _multicast,
    ("ipv6", "pim"): _multicast,
    ("ip", "vrf", "forwarding"): _vrf,
    ("encapsulation", "dot1q"): _encapsulation,
    ("access-group",): _hardware,
    ("ip", "access-group"): _hardware,
    ("mac", "access-group"): _hardware,
    ("ipv6", "traffic-filter"): _hardware_ipv6,
    ("no", "access-group"): _not_applied,
    ("no", "ipv6", "traffic-filter"): _not_applied,
    ("service-policy",): _service_policy,
    ("switchport",): _layer2(switch_ports.switchport),
    ("no", "switchport"): _layer2(switch_ports.no_switchport),
    ("switchport", "mode"): _layer2(switch_ports.mode),
    ("switchport", "access"): _layer2(switch_ports.access),
    ("switchport", "voice"): _layer2(switch_ports.voice),
    ("switchport", "trunk"): _layer2(switch_ports.trunk),
    ("switchport", "private-vlan"): _isolated,
    ("channel-group",): _layer2(switch_ports.channel_group),
    ("static-channel-group",): _layer2(switch_ports.channel_group),
    ("bridge-group",): _bridge_group,
    ("auth", "dynamic-vlan-creation"): _DYNAMIC_VLAN,
    ("auth", "profile"): _profile,
    ("auth", "guest-vlan"): _DYNAMIC_VLAN,
    ("auth", "auth-fail"): _DYNAMIC_VLAN,
    ("auth", "critical"): _DYNAMIC_VLAN,
    ("tunnel", "source"): tunnel_lines.source,
    ("tunnel", "destination"): tunnel_lines.destination,
    ("tunnel", "mode"): tunnel_lines.mode,
    ("tunnel", "protection"): tunnel_lines.protection,
    ("tunnel", "local", "name"): tunnel_lines.local_name,
    ("tunnel", "remote", "name"): tunnel_lines.remote_name,
    ("tunnel", "local", "selector"): tunnel_lines.selector,
    ("tunnel", "remote", "selector"): tunnel_lines.selector,
}
