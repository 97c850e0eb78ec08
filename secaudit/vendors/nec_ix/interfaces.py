"""Interface blocks: addresses, VLANs, tunnels, and what is applied to them (B.1-B.3)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceAddress
from secaudit.network.matches import Family
from secaudit.network.tunnels import Carrier
from secaudit.text.bilingual import Text
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words, ipv4, ipv6
from secaudit.vendors.nec_ix.interface_facts import AppliedList, InterfaceFacts, Named
from secaudit.vendors.nec_ix.proposals import OFFERING
from secaudit.vendors.nec_ix.vocabulary import irrelevance, spelled

_BRIDGED = Text(ja="ブリッジはモデル化していません", en="bridging is not modelled")
_TWO_PRIMARY = Text(
    ja="同じインターフェースに異なる主アドレスが設定されており、複数の装置の設定が混ざっている、または行が欠けている可能性があります",
    en="one interface has two different primary addresses: the file may mix several devices, or lack a line",
)
_MOST_PREFIX = {4: 32, 6: 128}
_DYNAMIC = frozenset(("dhcp", "ipcp", "map-e", "map-e-nat46"))
_LONGEST = 3
_ABOUT_NAT = frozenset(("nat", "napt", "hairpinning"))
_ABOUT_ADDRESSES = frozenset(("address", "unnumbered", *_DYNAMIC, "receive-default"))
_ABOUT_CALLERS = frozenset(("l2tp", "l2tp-lns", "binding"))
_PROTOCOLS = frozenset(("ospf", "rip", "ripng"))
_MOST_EDITS = 500
"""`no ip filter` lines of one interface: each looks at all that are applied."""


def read_interface(node: Node, interfaces: dict[str, InterfaceFacts], ledger: Ledger) -> bool:
    """Reads one `interface` block; a name that comes again adds to the first block (NE-05). False for a block without a name."""
    if len(node.words) < 2:
        ledger.leave(node)
        return False
    name = node.words[1]
    if len(node.words) > 2 and node.words[2][:1].isdigit():
        name += node.words[2]
    name = spelled(name)
    facts = interfaces.get(name)
    if facts is None:
        facts = interfaces[name] = InterfaceFacts(name, [])
    facts.sources.append(node.line)
    if len(node.words) == 2:
        ledger.use(node)
    else:
        # What is below it counts all the same: an interface that is missing in the model would lead nowhere.
        ledger.leave(Node(node.line, node.words, node.keys))
    unread: list[Node] = []
    for below in node.below():
        # Nothing stands below a line of an interface: where a paste gained blanks it is one more line.
        child = Node(below.line, below.words, below.keys)
        if not _PROTOCOLS.isdisjoint(child.keys[1:3]):
            facts.about_routing.append(child)
        if _read_line(facts, child, ledger):
            continue
        known = irrelevance().reason("interface", child.keys)
        if known is not None:
            ledger.ignore(child, known[1])
        else:
            unread.append(child)
            _what_is_lost(facts, child)
    turned_back = any("hairpinning" in one.keys for one in facts.nat)
    for child in unread:
        # Hairpin NAT concerns packets that never pass this interface.
        wide = turned_back or not _ABOUT_NAT.isdisjoint(child.keys)
        ledger.leave(child, DEVICE if wide else on_interfaces(name))
    return True


def _what_is_lost(facts: InterfaceFacts, node: Node) -> None:
    """An unread line must not make an interface disappear: it stays up, and what its subnet is becomes unknown."""
    facts.unread = True
    if node.keys[0] == "no" or "shutdown" in node.keys:
        facts.up = facts.up or node.line  # it may have been the line that switches it on
    said = [key for one in (node, *node.below()) for key in one.keys]
    if any(_is_address(key) for key in said):
        facts.unread_addresses.append(node.line)
        facts.ipv6 = facts.ipv6 or "ipv6" in said or any(":" in key for key in said)
    if not _ABOUT_CALLERS.isdisjoint(said):
        facts.unread_l2tp = node.line
    for protocol in _PROTOCOLS.intersection(said):
        facts.routing.setdefault(protocol, node.line)


def _is_address(word: str) -> bool:
    """Whether a word is an address or a prefix, or one of the words for an address that is given or lent."""
    try:
        ipaddress.ip_interface(word)
    except ValueError:
        return word in _ABOUT_ADDRESSES
    return not word.isdigit()


def _read_line(facts: InterfaceFacts, node: Node, ledger: Ledger) -> bool:
    keys = node.keys
    for length in range(min(_LONGEST, len(keys)), 0, -1):
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
    words.finish()


def _description(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.description = " ".join(words.items[words.position :])


def _shutdown(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    words.finish()
    facts.down = node.line


def _no_shutdown(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    words.finish()
    facts.up = node.line


def _ip_address(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ip address A/M [secondary]`, `ip address dhcp [receive-default]`, `ipcp`, `map-e`."""
    word = words.take()
    if word.lower() in _DYNAMIC:
        facts.dynamic_address = True
        if words.skip("receive-default"):
            facts.learnt[4] = node.line
        words.finish()
        return
    secondary = words.skip("secondary")
    words.finish()
    _add_address(facts, word, 4, node)
    if secondary:
        return
    if facts.primary is not None and facts.primary[0] != word:
        ledger.doubt(DoubtKind.UNSUPPORTED, _TWO_PRIMARY, (facts.primary[1], node.line))
    facts.primary = (word, node.line)


def _add_address(facts: InterfaceFacts, word: str, version: Family, node: Node) -> None:
    if "/" not in word:
        raise NotUnderstoodError("no prefix length")
    try:
        value = ipaddress.ip_interface(word)
    except ValueError as error:
        raise NotUnderstoodError(word) from error
    if value.version != version:
        raise NotUnderstoodError("of the other address family")
    if all(known.address != value for known in facts.addresses):
        facts.addresses.append(InterfaceAddress(value, (node.line,)))


def _unnumbered(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.unnumbered = Named(spelled(words.take()), node.line)
    words.finish()


def _ipv6_on(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.ipv6 = True


def _ipv6_given(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ipv6 dhcp client PROFILE`, `ipv6 nd proxy IF`: prefixes of the provider reach this interface or one beside it."""
    facts.ipv6 = True
    facts.unknown_ipv6 = node.line


def _ipv6_address(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ipv6 address A/M [eui-64]`, `ipv6 address autoconfig [receive-default]`, `ipv6 address dhcp`, `A link-local`."""
    word = words.take()
    facts.ipv6 = True
    if word.lower() in ("autoconfig", "dhcp"):
        facts.dynamic_address = True
        facts.unknown_ipv6 = node.line
        if words.skip("receive-default"):
            facts.learnt[6] = node.line
        words.finish()
        return
    if words.skip("link-local"):
        words.finish()
        ipv6(word.split("/")[0])
        return
    if not set(words.rest()) <= {"eui-64", "anycast"}:
        raise NotUnderstoodError("option of ipv6 address")
    _add_address(facts, word, 6, node)


def _encapsulation(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`encapsulation dot1q VID [tpid 8100]`, `encapsulation pppoe`, `encapsulation ppp`."""
    how = words.take().lower()
    if how == "dot1q":
        facts.vlan = words.number(1, 4094)
        if words.skip("tpid"):
            words.take()
        words.finish()
    elif how in ("pppoe", "ppp"):
        facts.dialled = True
        words.finish()
    else:
        raise NotUnderstoodError(how)


def _filter(family: Family) -> _Handler:
    def apply(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        name = words.take()
        sequence = words.number(1, 65535)
        direction = words.take().lower()
        silent = words.skip("suppress-logging")
        words.finish()
        if direction not in ("in", "out"):
            raise NotUnderstoodError(direction)
        key = (family, direction, name, sequence)
        if key not in facts.applied:
            facts.applied.add(key)
            facts.filters.setdefault((family, direction), []).append(AppliedList(name, sequence, node.line, silent))

    return apply


def _no_filter(family: Family) -> _Handler:
    def remove(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        name, sequence, direction = words.take(), words.number(1, 65535), words.take().lower()
        words.skip("suppress-logging")
        words.finish()
        facts.edits += 1
        if (family, direction, name, sequence) not in facts.applied or facts.edits > _MOST_EDITS:
            raise NotUnderstoodError("no such filter")
        held = facts.filters[family, direction]
        left = [one for one in held if (one.name, one.sequence) != (name, sequence)]
        facts.filters[family, direction] = left
        facts.applied.discard((family, direction, name, sequence))

    return remove


def _nat(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """Kept for `nat`, which books the line: what it needs is not known before the whole file is read."""
    if irrelevance().reason("interface", node.keys) is not None:
        raise NotUnderstoodError("a setting that translates nothing")
    facts.nat.append(node)


def _binding(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ppp binding PROFILE`."""
    facts.binding = Named(words.take(), node.line)
    words.finish()


def _policy_route(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    facts.policy_route = Named(words.take(), node.line)
    words.finish()


def _bridge_group(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`bridge-group N`: one wire with the other members of the group, and with `BVI` of that group (NE-18)."""
    number = words.number(1, 65535)
    words.finish()
    facts.member_of = Named(str(number), node.line)
    ledger.doubt(DoubtKind.UNSUPPORTED, _BRIDGED, (node.line,), on_interfaces(facts.name))


def _virtual_router(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`vrrp N ip A`: an address that another router may hold as well."""
    words.number(1, 255)
    if not words.skip("ip"):
        raise NotUnderstoodError("not an address")
    address = ipv4(words.take())
    words.skip("secondary")
    words.finish()
    length = next((known.address.network.prefixlen for known in facts.addresses if known.address.version == 4), 32)
    value = ipaddress.IPv4Interface((address, length))
    facts.addresses.append(InterfaceAddress(value, (node.line,), shared=True))


def _relay(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ip dhcp-relay server A`."""
    target = ipaddress.IPv4Address(words.address())
    words.finish()
    facts.relays.append((target, node.line))


def _routing_here(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """A line of an interface about a routing protocol: it runs here even where the file lost the block that starts it."""
    facts.routing.setdefault(node.keys[1], node.line)


# --- tunnels

_MODES: dict[tuple[str, ...], tuple[Carrier, bool]] = {
    ("ipsec",): (Carrier.IPSEC, False),
    ("ipsec-ikev2",): (Carrier.IPSEC, False),
    ("gre",): (Carrier.GRE, False),
    ("gre", "ip"): (Carrier.GRE, False),
    ("gre", "ipv6"): (Carrier.GRE, False),
    ("gre", "ip", "ipsec"): (Carrier.IPSEC, False),
    ("gre", "ip", "ipsec-ikev2"): (Carrier.IPSEC, False),
    ("ether-ip",): (Carrier.OTHER, True),
    ("ether-ip", "ip"): (Carrier.OTHER, True),
    ("ether-ip", "ipv6"): (Carrier.OTHER, True),
    ("ether-ip", "ipsec"): (Carrier.IPSEC, True),
    ("ether-ip", "ipsec-ikev2"): (Carrier.IPSEC, True),
    ("l2tp", "ipsec"): (Carrier.IPSEC, False),
    ("l2tp-lns", "ipsec"): (Carrier.IPSEC, False),
    ("4-over-6",): (Carrier.OTHER, False),
    ("6-over-4",): (Carrier.IPV6_IN_IPV4, False),
    ("6-over-6",): (Carrier.OTHER, False),
    ("4-over-4",): (Carrier.IPIP, False),
}
"""Words behind `tunnel mode` to what carries the tunnel, and whether it carries Ethernet frames. EtherIP is protocol 97 (RFC 3378)."""


def _tunnel_mode(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    rest = words.rest()
    found = (Carrier.OTHER, False) if rest[:1] == ("map-e",) else _MODES.get(rest)
    if found is None:
        raise NotUnderstoodError("tunnel mode")
    tunnel = facts.tunnel_facts(node.line)
    tunnel.carrier = found[0]
    tunnel.layer2 = node.line if found[1] else None
    tunnel.ikev2 = rest[-1:] == ("ipsec-ikev2",)
    tunnel.answers = tunnel.dial_in = rest[:1] in (("l2tp",), ("l2tp-lns",))


def _tunnel_destination(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`tunnel destination A` or a name (`fqdn NAME`): then the other end is not in the file."""
    tunnel = facts.tunnel_facts(node.line)
    tunnel.remote = _address_or_none(words.take())


def _tunnel_source(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    word = words.take()
    words.finish()
    tunnel = facts.tunnel_facts(node.line)
    tunnel.local = _address_or_none(word)
    tunnel.local_interface = word if tunnel.local is None and "." in word else None


def _address_or_none(word: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(word)
    except ValueError:
        return None


def _ikev2_peer(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ikev2 peer A|any authentication psk id KIND NAME`, `ikev2 peer-fqdn-ipv4 NAME authentication ...`."""
    tunnel = facts.tunnel_facts(node.line)
    named = node.keys[1] != "peer"
    word = words.take()
    tunnel.remote = None if named else _address_or_none(word)
    tunnel.answers = word.lower() == "any" and not named
    keys = node.keys
    if "id" in keys[:-2]:
        tunnel.remote_id = node.words[keys.index("id") + 2]


def _ikev2_local(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ikev2 source-address A`, `ikev2 outgoing-interface IF [GATEWAY]`."""
    word = words.take()
    tunnel = facts.tunnel_facts(node.line)
    address = _address_or_none(word)
    if address is None:
        tunnel.local_interface = word
    else:
        tunnel.local = address


def _ikev2_offer(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ikev2 sa-proposal ...`, `ikev2 child-proposal ...`, `ikev2 child-pfs ...`, `ikev2 binding PROFILE`, and the same with `no`."""
    facts.ikev2.append(node)


def _ipsec_policy(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`ipsec policy tunnel|transport MAP [out] ...`: on a tunnel it says how it is protected."""
    if facts.kind.value != "tunnel":
        raise NotUnderstoodError("a policy on an interface that is no tunnel")
    if words.take().lower() not in ("tunnel", "transport"):
        raise NotUnderstoodError("kind of policy")
    facts.tunnel_facts(node.line).policy = Named(words.take(), node.line)


def _unsupported(ja: str, en: str) -> _Handler:
    text = Text(ja=ja, en=en)

    def doubt(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
        ledger.doubt(DoubtKind.UNSUPPORTED, text, (node.line,), on_interfaces(facts.name))

    return doubt


_MULTICAST = _unsupported(
    "マルチキャストを中継します。中継される範囲はモデル化していません",
    "multicast is routed by this interface; what passes is not modelled",
)

_HANDLERS: dict[tuple[str, ...], _Handler] = {
    ("exit",): _nothing,
    ("auto-connect",): _nothing,
    ("no", "auto-connect"): _nothing,
    ("no", "ip", "address"): _nothing,
    ("no", "ipv6", "address"): _nothing,
    ("description",): _description,
    ("shutdown",): _shutdown,
    ("no", "shutdown"): _no_shutdown,
    ("encapsulation",): _encapsulation,
    ("ip", "address"): _ip_address,
    ("ip", "unnumbered"): _unnumbered,
    ("ipv6", "enable"): _ipv6_on,
    ("ipv6", "unnumbered"): _ipv6_on,
    ("ipv6", "address"): _ipv6_address,
    ("ipv6", "interface-identifier"): _ipv6_on,
    ("ipv6", "dhcp", "client"): _ipv6_given,
    ("ipv6", "nd", "proxy"): _ipv6_given,
    ("ip", "filter"): _filter(4),
    ("ipv6", "filter"): _filter(6),
    ("no", "ip", "filter"): _no_filter(4),
    ("no", "ipv6", "filter"): _no_filter(6),
    ("ip", "nat"): _nat,
    ("ip", "napt"): _nat,
    ("ppp", "binding"): _binding,
    ("ip", "policy", "route-map"): _policy_route,
    ("bridge-group",): _bridge_group,
    ("vrrp",): _virtual_router,
    ("ip", "dhcp-relay", "server"): _relay,
    ("ip", "ospf"): _routing_here,
    ("ip", "rip"): _routing_here,
    ("ipv6", "ospf"): _routing_here,
    ("ipv6", "ripng"): _routing_here,
    ("tunnel", "mode"): _tunnel_mode,
    ("tunnel", "destination"): _tunnel_destination,
    ("tunnel", "source"): _tunnel_source,
    ("ikev2", "peer"): _ikev2_peer,
    ("ikev2", "peer-fqdn-ipv4"): _ikev2_peer,
    ("ikev2", "peer-fqdn-ipv6"): _ikev2_peer,
    ("ikev2", "source-address"): _ikev2_local,
    ("ikev2", "outgoing-interface"): _ikev2_local,
    **{(*undone, "ikev2", word): _ikev2_offer for undone in ((), ("no",)) for word in OFFERING},
    ("ipsec", "policy"): _ipsec_policy,
    ("ip", "pim"): _MULTICAST,
    ("ipv6", "pim"): _MULTICAST,
    ("ip", "igmp"): _MULTICAST,
    ("ipv6", "mld"): _MULTICAST,
    ("ipv6", "policy", "route-map"): _unsupported(
        "IPv6 のポリシールーティングはモデル化していません", "IPv6 policy routing is not modelled"
    ),
}
