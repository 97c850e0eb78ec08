"""Whether the neighbours of OSPF and RIP must authenticate themselves.

Read (SWX3220 Series Technical Reference, Rev.4.02.07): that the switches have OSPF and RIP, and no BGP. The lines (`network`, `passive-interface`, `area N
authentication`, `ip ospf authentication`, `ip rip authentication`) are from memory, medium, which is not enough to say that everybody is asked for a key: so
the answer is never True. It is False where the protocol runs and no line says anything about keys; from memory, high: then nobody is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.neighbours import (
    NOT_TOLD,
    Answer,
    Passive,
    Place,
    Surroundings,
    goes_on_unread,
    primary_and_others,
)
from secaudit.vendors.common.ospf_neighbours import OspfBlock, never_joined, prefix_or_wildcard
from secaudit.vendors.common.rip_neighbours import prefix_or_interface, rip
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.common.words import Words
from secaudit.vendors.yamaha_swx.interfaces import InterfaceFacts
from secaudit.vendors.yamaha_swx.vocabulary import interface_names


@dataclass(slots=True)
class Neighbours:
    """The interfaces, and what the `router` blocks come to with them. `vlans_off` are the VLANs that are switched off."""

    interfaces: Mapping[str, InterfaceFacts]
    vlans_off: frozenset[int]
    ledger: Ledger
    _around: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        self._around = Surroundings(self.ledger)

    def read(self, sections: Sections) -> None:
        """Gathers the interfaces."""
        if not sections.of("router"):
            return
        lines: dict[str, list[Node]] = {}
        doubtful: set[str] = set()
        for node in sections.of("interface"):
            for name in interface_names("".join(node.words[1:2])):
                lines.setdefault(name, []).extend(node.children)
                if goes_on_unread(node, self.ledger):
                    doubtful.add(name)
        for facts in self.interfaces.values():
            if facts.is_port or facts.name.startswith("lo"):
                continue
            primary, others = primary_and_others(facts.addresses)
            self._around.places.append(
                Place(
                    facts.name,
                    tuple(facts.sources),
                    tuple(lines.get(facts.name, ())),
                    "",
                    primary,
                    others,
                    facts.dynamic_address,
                    facts.enabled and facts.vlan not in self.vlans_off,
                    not facts.unread and facts.name not in doubtful,
                )
            )

    def of_block(self, block: Node) -> Answer:
        """Whether all neighbours of a `router` block must authenticate themselves, with the lines: False or not told."""
        answers = (one if one[0] is False else NOT_TOLD for one in self._answers(block))
        return self._around.judge(block, "".join(block.keys[1:2]), answers)

    def _answers(self, block: Node) -> Iterator[Answer]:
        chains = self._around.chains
        if block.keys[1:2] == ("ospf",):
            ospf = OspfBlock(block, Passive(_interface, self.interfaces))
            ospf.read(prefix_or_wildcard, self.ledger)
            yield from ospf.answers(self._around.places, never_joined, chains, self.ledger)
        elif block.keys[1:2] == ("rip",):
            yield from rip(block, self._around.places, prefix_or_interface(_interface), chains, self.ledger)


def _interface(words: Words) -> str:
    names = interface_names(words.take())
    if len(names) != 1:
        raise NotUnderstoodError("not one interface")
    return names[0]
