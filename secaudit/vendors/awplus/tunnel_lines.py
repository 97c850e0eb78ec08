"""`tunnel ...` lines: what carries the packets of a tunnel, and between which ends."""

from __future__ import annotations

import ipaddress

from secaudit.network.device import DoubtKind
from secaudit.network.tunnels import Carrier
from secaudit.text.bilingual import Text
from secaudit.vendors.awplus.interface_facts import InterfaceFacts
from secaudit.vendors.awplus.interface_names import canonical
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words

_SELECTOR = Text(
    ja="IPsec のセレクターはモデル化していません（トンネルを通る通信がさらに限られます）",
    en="IPsec selectors are not modelled (less than what is routed gets through the tunnel)",
)
_MODES = {
    ("gre",): Carrier.GRE,
    ("gre", "ipv6"): Carrier.GRE,
    ("gre", "multipoint"): Carrier.GRE,
    ("ipsec", "ipv4"): Carrier.IPSEC,
    ("ipsec", "ipv6"): Carrier.IPSEC,
    ("6in4",): Carrier.IPV6_IN_IPV4,
    ("l2tp", "v3"): Carrier.L2TPV3,
    ("l2tp", "v3", "ipv6"): Carrier.L2TPV3,
    ("l2tpv3",): Carrier.L2TPV3,
    ("openvpn", "tun"): Carrier.OTHER,
    ("openvpn", "tap"): Carrier.OTHER,
    ("wireguard",): Carrier.OTHER,
    ("ds-lite",): Carrier.OTHER,
    ("map-e",): Carrier.OTHER,
    ("lw4o6",): Carrier.OTHER,
}
_ANSWERING = frozenset((("gre", "multipoint"), ("openvpn", "tun"), ("openvpn", "tap"), ("wireguard",)))


def source(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`tunnel source ADDRESS|INTERFACE`."""
    word = words.take()
    tunnel = facts.tunnel_facts(node.line)
    tunnel.local = tunnel.local_interface = None
    try:
        tunnel.local = ipaddress.ip_address(word)
    except ValueError:
        tunnel.local_interface = canonical(word)


def destination(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`tunnel destination ADDRESS|NAME|dynamic`."""
    word = words.take()
    tunnel = facts.tunnel_facts(node.line)
    tunnel.destination = "" if words else word
    try:
        tunnel.remote = ipaddress.ip_address(word)
    except ValueError:
        tunnel.remote = None  # a name, or whoever calls
        tunnel.answers = word.lower() == "dynamic"


def mode(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`tunnel mode ...`."""
    rest = words.rest()
    carrier = _MODES.get(rest)
    if carrier is None:
        raise NotUnderstoodError("an unknown kind of tunnel")
    tunnel = facts.tunnel_facts(node.line)
    tunnel.carrier = carrier
    tunnel.answers = tunnel.answers or rest in _ANSWERING


def protection(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`tunnel protection ipsec [profile P]`."""
    tunnel = facts.tunnel_facts(node.line)
    tunnel.protected = True
    tunnel.protection = tuple(words.items[words.position :])


def local_name(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`tunnel local name N`: how it presents itself in the key exchange."""
    facts.tunnel_facts(node.line).local_id = words.take()


def remote_name(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`tunnel remote name N`: how the other end must present itself."""
    facts.tunnel_facts(node.line).remote_id = words.take()


def selector(facts: InterfaceFacts, words: Words, node: Node, ledger: Ledger) -> None:
    """`tunnel local|remote selector ...`: narrows what the tunnel carries, by which nothing is separated here."""
    facts.tunnel_facts(node.line)
    ledger.doubt(DoubtKind.UNSUPPORTED, _SELECTOR, (node.line,), on_interfaces(facts.name))
