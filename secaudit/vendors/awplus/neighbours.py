"""Whether the neighbours of routing protocols must authenticate themselves: OSPF, RIP and BGP as in `secaudit.vendors.common`.

OSPF: read, see there. RIP (`ip rip authentication mode|string|key-chain`) and passwords of BGP: from memory, high. Which version of RIP is heard
where no line says it is not confirmed (the manual of Zebra, whose commands these are, says the second, and that it is not printed), so without `version 2` keys
tell nothing. OSPF for IPv6 and IS-IS: where it runs is not confirmed, so nothing is told of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from secaudit.network.interfaces import InterfaceKind
from secaudit.vendors.awplus.interface_facts import InterfaceFacts
from secaudit.vendors.awplus.interface_names import canonical
from secaudit.vendors.common.bgp_neighbours import BgpBlock
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.neighbours import (
    Answer,
    Passive,
    Place,
    Surroundings,
    has_lost_block,
    is_astray,
    primary_and_others,
)
from secaudit.vendors.common.ospf_neighbours import OspfBlock, never_joined, prefix_or_wildcard
from secaudit.vendors.common.rip_neighbours import prefix_or_interface, rip
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.common.words import Words


@dataclass(slots=True)
class Neighbours:
    """The interfaces and chains of keys, and what the `router` blocks come to with them."""

    interfaces: Mapping[str, InterfaceFacts]
    ledger: Ledger
    _around: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        self._around = Surroundings(self.ledger)

    def read(self, sections: Sections) -> None:
        """Gathers the lines of interfaces and chains."""
        if not sections.of("router"):
            return
        self._around.chains.read(sections.of("irrelevant"))
        self._around.astray = any(map(is_astray, sections.of("irrelevant")))
        self._around.lost = has_lost_block(self.ledger) or any(
            one.keys[0] == "interface" and one.line.number in self.ledger.unread
            for node in sections.of("interface")
            for one in (node, *node.below())
        )
        for facts in self.interfaces.values():
            if facts.kind is InterfaceKind.LOOPBACK:
                self._around.lost = self._around.lost or facts.unread
            else:
                self._around.places.append(self._place(facts))

    def _place(self, facts: InterfaceFacts) -> Place:
        lent = facts.unnumbered is not None
        primary, others = primary_and_others(facts.addresses, lent=lent)
        parent = self.interfaces.get(facts.parent or "")
        up: bool | None = facts.enabled
        secured = facts.tunnel is not None and facts.tunnel.protected
        if facts.enabled and ((parent is not None and not parent.enabled) or facts.switched or secured):
            up = None  # it has no neighbours, or IPsec asks them
        return Place(
            facts.name,
            tuple(facts.sources),
            tuple(facts.routing),
            facts.vrf,
            primary,
            others,
            facts.dynamic_address or lent,
            up,
            not facts.unread,
        )

    def of_block(self, block: Node, protocol: str, vrf: str) -> Answer:
        """Whether all neighbours of a `router` block must authenticate themselves, with the lines."""
        return self._around.judge(block, protocol, self._answers(block, protocol, vrf))

    def _answers(self, block: Node, protocol: str, vrf: str) -> Iterator[Answer]:
        if protocol == "bgp":
            yield BgpBlock(block, self.ledger).answer()
            return
        if protocol == "ospf":
            ospf = OspfBlock(block, Passive(_interface, self.interfaces))
            ospf.read(prefix_or_wildcard, self.ledger)
            within = [place for place in self._around.places if place.vrf == vrf]
            yield from ospf.answers(within, never_joined, self._around.chains, self.ledger)
        elif protocol == "rip":
            yield from rip(
                block, self._around.places, prefix_or_interface(_interface), self._around.chains, self.ledger
            )


def _interface(words: Words) -> str:
    return canonical(words.take())
