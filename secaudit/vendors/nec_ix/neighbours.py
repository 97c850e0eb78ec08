"""Whether the neighbours of OSPF, RIP and BGP must authenticate themselves.

Read (modules `ix_ospfv2` and `ix_ospf_interfaces` of the public Ansible collection rucdev.ix, made with an IX2105, release 10.2.39): `network PREFIX|IF area N`,
`passive-interface IF` (neither sends nor receives), `ip ospf authentication [message-digest|null]`, `authentication-key`, `message-digest-key` (counts
with `message-digest` only); areas have no line about it, virtual links have their own. Read (a list of the commands of IX that hold secrets): `neighbor A
password K` of BGP, `ip rip authentication text K`. From memory, high: without such a line nobody is asked. Which versions of RIP are heard is not
confirmed, so a key of RIP tells nothing; peer groups of BGP, and protocols of IPv6, are not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from secaudit.network.interfaces import InterfaceKind
from secaudit.network.tunnels import Carrier
from secaudit.vendors.common.bgp_neighbours import BgpBlock
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import LineTree, Node
from secaudit.vendors.common.neighbours import (
    NOT_TOLD,
    Answer,
    Network,
    Passive,
    Place,
    Surroundings,
    goes_on_unread,
    has_lost_block,
    primary_and_others,
)
from secaudit.vendors.common.ospf_neighbours import OspfBlock, area_of, never_joined, prefix_or_wildcard
from secaudit.vendors.common.rip_neighbours import prefix_or_interface, rip
from secaudit.vendors.common.words import Words
from secaudit.vendors.nec_ix.interface_facts import InterfaceFacts
from secaudit.vendors.nec_ix.sections import IxSections
from secaudit.vendors.nec_ix.vocabulary import spelled

_AFTER_MOST = "Null0.0"
"""The device prints it behind all interfaces but tunnels (published configurations): without it some may be lacking that a prefix is for."""
_SILENT_KINDS = (InterfaceKind.LOOPBACK, InterfaceKind.NULL)


@dataclass(slots=True)
class Neighbours:
    """The interfaces, and what the blocks of routing protocols come to with them. `enabled` are those that are up."""

    interfaces: Mapping[str, InterfaceFacts]
    enabled: frozenset[str]
    ledger: Ledger
    _around: Surroundings = field(init=False)
    _last: int = 0

    def __post_init__(self) -> None:
        self._around = Surroundings(self.ledger)

    def read(self, sections: IxSections, tree: LineTree) -> None:
        """Gathers the interfaces."""
        if not sections.of("router"):
            return
        self._last = tree.roots[-1].line.number if tree.roots else 0
        heads = sections.of("interface")
        unread = any(node.line.number in self.ledger.unread for node in heads)
        self._around.lost = unread or bool(sections.of("lost interface")) or has_lost_block(self.ledger)
        doubtful = {node.line.number for node in heads if goes_on_unread(node, self.ledger)}
        shut = tuple(
            f"{node.words[1]}{sign}"
            for node in sections.of("device")
            if len(node.words) > 1 and any(child.keys == ("shutdown",) for child in node.children)
            for sign in ".:"
        )
        for facts in self.interfaces.values():
            whole = not facts.unread and doubtful.isdisjoint(source.number for source in facts.sources)
            whole = whole and not _has_two_addresses(facts)
            if facts.kind in _SILENT_KINDS:
                self._around.lost = self._around.lost or not whole
            else:
                self._around.places.append(self._place(facts, whole, shut))

    def _place(self, facts: InterfaceFacts, understood: bool, shut: tuple[str, ...]) -> Place:
        lent = facts.unnumbered is not None
        primary, others = primary_and_others(facts.addresses, lent=lent)
        up: bool | None = facts.name in self.enabled
        secured = facts.tunnel is not None and (
            facts.tunnel.carrier is Carrier.IPSEC or facts.tunnel.policy is not None
        )
        down = facts.parent is not None and facts.parent in self.interfaces and facts.parent not in self.enabled
        if up and (facts.up is None or secured or down or facts.name.startswith(shut)):
            up = None  # it has no neighbours, or IPsec asks them
        return Place(
            facts.name,
            tuple(facts.sources),
            tuple(facts.about_routing),
            "",
            primary,
            others,
            facts.dynamic_address or lent,
            up,
            understood,
        )

    def of_block(self, block: Node, protocol: str) -> Answer:
        """Whether all neighbours of a block must authenticate themselves, with the lines. The last block of a file may be cut off."""
        if block.line.number == self._last:
            return NOT_TOLD
        return self._around.judge(block, protocol, self._answers(block, protocol))

    def _answers(self, block: Node, protocol: str) -> Iterator[Answer]:
        if block.keys[0] == "ipv6" or "vrf" in block.keys:
            return
        if protocol == "bgp":
            yield BgpBlock(block, self.ledger, groups=False).answer()
            return
        chains = self._around.chains
        if protocol == "ospf":
            ospf = OspfBlock(block, Passive(_interface, self.interfaces), short=True)
            ospf.read(_network_in_area, self.ledger)
            ospf.understood = ospf.understood and not ospf.areas
            if any((net.interface or _AFTER_MOST) not in self.interfaces for net in ospf.networks):
                yield NOT_TOLD
            yield from ospf.answers(self._around.places, never_joined, chains, self.ledger)
        elif protocol == "rip":
            yield from rip(block, self._around.places, prefix_or_interface(_interface), chains, self.ledger)


def _has_two_addresses(facts: InterfaceFacts) -> bool:
    """Whether two primary addresses stand in one block: the device prints one, so the head of a further interface may be lacking."""
    texts = [held.sources[0].text for held in facts.addresses if held.address.version == 4 and not held.shared]
    return sum("secondary" not in text for text in texts) > 1


def _network_in_area(words: Words, node: Node) -> Network:
    """`network PREFIX|IF area N`."""
    if not words.peek()[:1].isalpha():
        return prefix_or_wildcard(words, node)
    name = _interface(words)
    return Network(node, interface=name, area=area_of(words))


def _interface(words: Words) -> str:
    return spelled(words.take())
