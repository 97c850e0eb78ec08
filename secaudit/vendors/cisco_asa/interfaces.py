"""`interface` blocks."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceAddress
from secaudit.network.intervals import IPAddress
from secaudit.text.bilingual import Text
from secaudit.vendors.cisco_asa.addresses import Words
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.vocabulary import Defaults, irrelevance
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import prefix_length, whole_number

_MOST_VLANS = 4094
_OF_NEIGHBOURS = frozenset(("ospf", "rip", "authentication"))
"""How neighbours of a routing protocol authenticate themselves is among these lines; EIGRP has no word of its own in front."""
_SAME_NAME = Text(
    ja="同じ nameif のインタフェースが複数あります。どちらが有効か確認できません",
    en="several interfaces have this nameif; which of them is in force is not certain",
)
_PREFIX = Text(
    ja="IPv6 のプレフィックスが自動設定で与えられ、ファイルから分かりません",
    en="the IPv6 prefix is configured automatically and is not in the file",
)


def read_interfaces(
    nodes: Iterable[Node], names: Mapping[str, IPAddress], ledger: Ledger, usual: Defaults
) -> dict[str, InterfaceFacts]:
    """All interfaces by the name that the rest of the configuration uses. A block that is entered again adds to the first."""
    by_hardware: dict[str, InterfaceFacts] = {}
    unread: list[tuple[InterfaceFacts, Node]] = []
    for node in nodes:
        if len(node.words) < 2 or node.keys[0] != "interface":
            ledger.leave(node)
            continue
        hardware = "".join(node.words[1:])
        facts = by_hardware.get(hardware.lower())
        if facts is None:
            facts = by_hardware[hardware.lower()] = InterfaceFacts(
                hardware, node.line, usual.level_of_inside, usual.level_of_others, access_vlan=usual.access_vlan
            )
        facts.lines.append(node.line)
        ledger.use(node)
        for child in node.children:
            _setting(child, facts, names, ledger, unread)
    for facts in by_hardware.values():
        for member in facts.members:
            if member.lower() in by_hardware:
                by_hardware[member.lower()].member_of = facts.hardware
    found: dict[str, InterfaceFacts] = {}
    for facts in by_hardware.values():
        if facts.name in found:
            ledger.doubt(DoubtKind.UNSUPPORTED, _SAME_NAME, (found[facts.name].line, facts.line))
            facts.nameif = None
        found[facts.name] = facts
    for facts, child in unread:
        # What gives an address or chooses ways decides also about packets of other interfaces, or by which one they leave.
        bounded = facts.routed and (facts.addresses or facts.dynamic) and not _is_about_ways(child)
        ledger.leave(child, on_interfaces(facts.name) if bounded else DEVICE)
    for facts in found.values():
        if facts.unknown_ipv6 is not None and facts.enabled:
            ledger.doubt(DoubtKind.UNSUPPORTED, _PREFIX, (facts.unknown_ipv6,), on_interfaces(facts.name))
    return found


def _is_about_ways(node: Node) -> bool:
    keys = node.keys[1:] if node.keys[0] == "no" else node.keys
    return keys[:1] in (("ip",), ("ipv6",), ("policy-route",), ("zone-member",))


def _setting(
    node: Node,
    facts: InterfaceFacts,
    names: Mapping[str, IPAddress],
    ledger: Ledger,
    unread: list[tuple[InterfaceFacts, Node]],
) -> None:
    words = Words(node.words, node.keys, names)
    off = words.skip("no")
    key = words.peek()
    try:
        if node.children:
            raise NotUnderstoodError("nothing stands below a setting")
        reader = (_OFF if off else _ON).get(key)
        if reader is not None:
            words.position += 1
            reader(words, node, facts)
            ledger.use(node)
            return
    except NotUnderstoodError:
        unread.append((facts, node))
        return
    known = irrelevance().reason("interface", node.keys)
    if key in _OF_NEIGHBOURS and not off and known is not None:
        facts.neighbours.append(node)
        ledger.use(node)
    elif known is None:
        unread.append((facts, node))
    else:
        ledger.ignore(node, known[1])


def _nameif(words: Words, node: Node, facts: InterfaceFacts) -> None:
    facts.nameif = words.take()
    facts.nameif_line = node.line
    words.finish()


def _no_nameif(words: Words, node: Node, facts: InterfaceFacts) -> None:
    words.rest()
    facts.nameif = facts.nameif_line = None


def _level(words: Words, node: Node, facts: InterfaceFacts) -> None:
    facts.level = words.number(0, 100)
    facts.level_line = node.line
    words.finish()


def _no_level(words: Words, node: Node, facts: InterfaceFacts) -> None:
    words.rest()
    facts.level = facts.level_line = None


def _ip(words: Words, node: Node, facts: InterfaceFacts) -> None:
    """`ip address A MASK [standby B] [cluster-pool P]`, `ip address dhcp|pppoe [setroute]`."""
    if not words.skip("address"):
        raise NotUnderstoodError("not an address")
    facts.addresses = [one for one in facts.addresses if one.address.version != 4]
    facts.dynamic = facts.learnt_default = None
    if words.peek() in ("dhcp", "pppoe"):
        facts.pppoe = words.take().lower() == "pppoe"
        facts.dynamic = node.line
        rest = words.rest()
        if "setroute" in rest:
            facts.learnt_default = node.line
        if not all(word in ("setroute", "client-id") or word.isdigit() for word in rest):
            raise NotUnderstoodError("not an option of a learnt address")
        return
    address = words.address()
    length = prefix_length(words.mask()) if words else _class_of(address)
    facts.addresses.append(InterfaceAddress(ipaddress.IPv4Interface((address, length)), (node.line,)))
    if words.skip("pppoe"):
        facts.pppoe = True
        facts.learnt_default = node.line if words.skip("setroute") else None
    if words.skip("standby"):
        # The other unit of the pair has the same configuration; it holds this address until it takes over.
        standby = ipaddress.IPv4Interface((words.address(), length))
        facts.addresses.append(InterfaceAddress(standby, (node.line,)))
    if words.skip("cluster-pool"):
        words.take()
    words.finish()


def _class_of(address: int) -> int:
    """The mask of an address without one is that of its class (Cisco ASA command reference, ip address)."""
    return 8 if address < 1 << 31 else 16 if address < 3 << 30 else 24


def _no_ip(words: Words, node: Node, facts: InterfaceFacts) -> None:
    if not words.skip("address"):
        raise NotUnderstoodError("not an address")
    words.rest()
    facts.addresses = [one for one in facts.addresses if one.address.version != 4]
    facts.dynamic = facts.learnt_default = None


def _ipv6(words: Words, node: Node, facts: InterfaceFacts) -> None:
    what = words.take().lower()
    if what == "enable":
        facts.ipv6 = True
        words.finish()
    elif what == "address":
        facts.ipv6 = True
        if words.peek() in ("autoconfig", "dhcp"):
            facts.unknown_ipv6 = node.line
            words.rest()
            return
        _ipv6_address(words, node, facts)
    elif what in ("nd", "dhcp", "unreachable", "enforce-eui64", "ospf", "router", "mtu", "verify"):
        words.rest()
    else:
        raise NotUnderstoodError("not an IPv6 setting")


def _ipv6_address(words: Words, node: Node, facts: InterfaceFacts) -> None:
    word = words.take()
    if words.skip("link-local"):
        words.rest()
        return
    try:
        address = ipaddress.IPv6Interface(word)
    except ValueError as error:
        facts.unknown_ipv6 = node.line
        raise NotUnderstoodError(f"{word!r} is not a prefix") from error
    if "/" not in word:
        raise NotUnderstoodError("no prefix")
    rest = words.rest()
    facts.addresses.append(InterfaceAddress(address, (node.line,)))
    if len(rest) == 2 and rest[0] == "standby":
        try:
            standby = ipaddress.IPv6Interface(f"{rest[1]}/{address.network.prefixlen}")
        except ValueError as error:
            raise NotUnderstoodError("not an address") from error
        facts.addresses.append(InterfaceAddress(standby, (node.line,)))
    elif rest[:1] not in ((), ("eui-64",), ("cluster-pool",)):
        raise NotUnderstoodError("not understood")


def _vlan(words: Words, node: Node, facts: InterfaceFacts) -> None:
    """`vlan N`; secondary VLANs are other segments on the same interface."""
    facts.vlan = words.number(1, _MOST_VLANS)
    words.finish()


def _shutdown(words: Words, node: Node, facts: InterfaceFacts) -> None:
    words.finish()
    facts.enabled = False


def _no_shutdown(words: Words, node: Node, facts: InterfaceFacts) -> None:
    words.finish()
    facts.enabled = True


def _management_only(words: Words, node: Node, facts: InterfaceFacts) -> None:
    words.skip("individual")
    words.finish()
    facts.management_only = node.line


def _no_management_only(words: Words, node: Node, facts: InterfaceFacts) -> None:
    words.finish()
    facts.management_only = None


def _description(words: Words, node: Node, facts: InterfaceFacts) -> None:
    facts.description = " ".join(words.items[words.position :])


def _channel_group(words: Words, node: Node, facts: InterfaceFacts) -> None:
    facts.member_of = f"Port-channel{words.number(1, 255)}"
    words.rest()


def _bridge_group(words: Words, node: Node, facts: InterfaceFacts) -> None:
    facts.member_of = f"BVI{words.number(1, 255)}"
    facts.bridge_group = node.line
    words.finish()


def _member(words: Words, node: Node, facts: InterfaceFacts) -> None:
    facts.members.append("".join(words.items[words.position :]))


def _switchport(words: Words, node: Node, facts: InterfaceFacts) -> None:
    facts.switchport = True
    match words.rest():
        case ():
            pass
        case ("access", "vlan", number):
            facts.access_vlan = whole_number(number, 1, _MOST_VLANS)
        case ("mode", "trunk"):
            facts.trunk = True
            facts.trunk_vlans = frozenset() if facts.trunk_vlans is None else facts.trunk_vlans
        case ("mode", "access"):
            facts.trunk = False
        case ("trunk", "native", "vlan", number):
            facts.native_vlan = whole_number(number, 1, _MOST_VLANS)
        case ("trunk", "allowed", "vlan", *ranges):
            held = facts.trunk_vlans or frozenset()
            facts.trunk_vlans = held | _vlans(",".join(ranges))
        case ("protected",):
            facts.isolated.append(node.line)
        case _:
            raise NotUnderstoodError("not a setting of a switch port")


def _vlans(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        low, dash, high = part.partition("-")
        first = whole_number(low, 1, _MOST_VLANS)
        found.update(range(first, (whole_number(high, 1, _MOST_VLANS) if dash else first) + 1))
    return frozenset(found)


def _no_switchport(words: Words, node: Node, facts: InterfaceFacts) -> None:
    words.finish()
    facts.switchport = False


def _relay(words: Words, node: Node, facts: InterfaceFacts) -> None:
    """`dhcprelay server A`: DHCP requests that are heard here go there."""
    if not words.skip("server"):
        raise NotUnderstoodError("not understood")
    facts.relay_servers.append((words.ip(), node.line))
    words.finish()


def _tunnel(words: Words, node: Node, facts: InterfaceFacts) -> None:
    """A virtual tunnel interface (IPsec)."""
    match words.take().lower():
        case "source":
            if not words.skip("interface"):
                raise NotUnderstoodError("not understood")
            facts.tunnel_source = words.take()
        case "destination":
            facts.tunnel_remote = words.ip()
        case "protection":
            if words.rest()[:2] == ("ipsec", "profile") and len(node.words) == 5:
                facts.tunnel_profile = node.words[4], node.line
        case "mode":
            words.rest()
        case _:
            raise NotUnderstoodError("not understood")
    words.rest()


_ON: dict[str, Callable[[Words, Node, InterfaceFacts], None]] = {
    "nameif": _nameif,
    "security-level": _level,
    "ip": _ip,
    "ipv6": _ipv6,
    "vlan": _vlan,
    "shutdown": _shutdown,
    "management-only": _management_only,
    "description": _description,
    "channel-group": _channel_group,
    "bridge-group": _bridge_group,
    "member-interface": _member,
    "switchport": _switchport,
    "tunnel": _tunnel,
    "dhcprelay": _relay,
    "exit": lambda words, node, facts: None,
}
_OFF: dict[str, Callable[[Words, Node, InterfaceFacts], None]] = {
    "nameif": _no_nameif,
    "security-level": _no_level,
    "ip": _no_ip,
    "shutdown": _no_shutdown,
    "management-only": _no_management_only,
    "switchport": _no_switchport,
    "ipv6": lambda words, node, facts: None,
    "bridge-group": lambda words, node, facts: None,
}
