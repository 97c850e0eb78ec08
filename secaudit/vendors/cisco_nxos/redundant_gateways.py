"""`hsrp N`, `vrrp N` and `vrrpv3 N` blocks of an interface: only their addresses matter.

Source: Cisco Nexus 9000 Series NX-OS Unicast Routing Configuration Guide, "Configuring HSRP" and "Configuring VRRP". A group may be standing by
or switched off; its address is taken as one that this device may hold.
"""

from __future__ import annotations

import ipaddress

from secaudit.network.interfaces import InterfaceAddress
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_nxos.vocabulary import Words, irrelevance
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import ipv4, ipv6

PROTOCOLS = frozenset(("hsrp", "vrrp", "vrrpv3", "glbp"))


def read(facts: InterfaceFacts, node: Node, ledger: Ledger) -> None:
    """Reads one block. What is not known in it concerns this interface only."""
    ledger.use(node)
    for child in node.children:
        try:
            if child.children:
                raise NotUnderstoodError("nothing stands below this line")
            _line(facts, Words(child.words, child.keys), child)
            ledger.use(child)
        except NotUnderstoodError:
            known = irrelevance().reason("redundant", child.keys)
            if known is None:
                ledger.leave(child, on_interfaces(facts.name))
            else:
                ledger.ignore(child, known[1])


def _line(facts: InterfaceFacts, words: Words, node: Node) -> None:
    """`ip [A [secondary]]`, `ipv6 A`, `address A [primary|secondary]`."""
    if words.take().lower() not in ("ip", "ipv6", "address") or node.keys[1:2] == ("autoconfig",):
        raise NotUnderstoodError("not an address")
    if not words:
        return  # learnt from the other device
    word = words.take().partition("/")[0]
    if words.rest() not in ((), ("secondary",), ("primary",)):
        raise NotUnderstoodError("option of an address")
    if ":" in word:
        ipv6(word)
        return
    address = ipv4(word)
    length = next(
        (
            known.address.network.prefixlen
            for known in facts.addresses
            if known.address.version == 4 and ipaddress.IPv4Address(address) in known.address.network
        ),
        32,
    )
    shared = InterfaceAddress(ipaddress.IPv4Interface((address, length)), (node.line,), shared=True)
    facts.addresses.append(shared)
