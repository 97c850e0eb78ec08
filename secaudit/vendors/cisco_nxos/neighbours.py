"""Whether the neighbours of routing protocols must authenticate themselves.

Sources: Nexus 9000 and 3000 Unicast Routing Configuration Guides ("Configuring OSPFv2": the mode stands at the area or the interface, the key at the interface;
"Configuring EIGRP", "Configuring RIP": mode and key chain at the interface; "Configuring Basic BGP": `password` of a neighbour or of the template that it
inherits). A mode without a key of its own kind, a key without a mode, and a chain of keys that is not defined tell nothing. RIP hears neighbours on passive
interfaces as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from secaudit.network.interfaces import InterfaceKind
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_nxos.sections import Sections
from secaudit.vendors.cisco_nxos.vocabulary import interface_name
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.neighbours import NOT_TOLD, Answer, KeyChains, area_number, is_cut_off, together

_SECRETS = frozenset(("password", "ao"))
_TEMPLATES = frozenset(("peer", "peer-session"))
_MODES = frozenset(("md5", "text", "message-digest"))
_KEYS = {(): "authentication-key", ("message-digest",): "message-digest-key"}
"""The lines that hold the keys of the two modes of OSPF."""
_TAKEN_BACK = frozenset(("authentication", *_KEYS.values()))


@dataclass(slots=True)
class Neighbours:
    """The lines of interfaces on which a routing protocol runs."""

    interfaces: Mapping[str, InterfaceFacts]
    ledger: Ledger
    _running: dict[str, list[Node]] = field(default_factory=dict)
    _cut_off: bool = False
    _chains: KeyChains = field(init=False)

    def __post_init__(self) -> None:
        self._chains = KeyChains(self.ledger)

    def read(self, sections: Sections) -> None:
        """Gathers the lines; what was not understood, or may be lacking, leaves everything untold."""
        self._cut_off = is_cut_off(self.ledger)
        if not sections.of("router"):
            return
        self._chains.read(sections.of("irrelevant"))
        for node in sections.of("interface"):
            facts = self.interfaces.get(_name(node))
            if facts is not None and facts.ospf and facts.enabled and facts.kind is not InterfaceKind.LOOPBACK:
                self._running.setdefault(facts.name, []).extend(node.children)

    def of_block(self, block: Node, protocol: str, vrf: str) -> Answer:
        """Whether all neighbours of a `router` block must authenticate themselves, with the lines."""
        if self._cut_off or len(block.words) < 3:
            return NOT_TOLD
        if protocol == "bgp":
            return together(self._bgp(block))
        tag = block.words[2]
        return together(self._by_interface(block, protocol, tag, vrf))

    # --- protocols that run where a line of the interface says so

    def _by_interface(self, block: Node, protocol: str, tag: str, vrf: str) -> Iterator[Answer]:
        if protocol not in ("ospf", "ospfv3", "eigrp", "rip"):
            yield NOT_TOLD
            return
        if any(child.keys[0] in ("network", "neighbor") or "virtual-link" in child.keys for child in block.below()):
            yield NOT_TOLD
        settings = _of_vrf(block, vrf)
        for name, children in self._running.items():
            started = [child for child in children if _starts(child, protocol, tag)]
            if not started or self.interfaces[name].vrf != vrf:
                continue
            if any(child.line.number in self.ledger.unread for child in children):
                yield NOT_TOLD
            elif protocol == "ospf":
                yield from self._ospf(started[-1], children, settings)
            elif protocol == "ospfv3":
                yield _ospfv3(started[-1], children, block)
            else:
                yield self._with_key_chain(protocol, tag, started[-1], children, block)

    def _ospf(self, started: Node, children: list[Node], settings: list[Node]) -> Iterator[Answer]:
        passive = [child for child in children if child.keys[-3:] == ("ip", "ospf", "passive-interface")]
        if passive:
            if passive[-1].keys[0] != "no":
                return
        elif any(one.keys == ("passive-interface", "default") for one in settings):
            return
        area = _area(started)
        asked = [one for one in settings if one.keys[0] == "area" and one.keys[2:3] == ("authentication",)]
        of_area = [one for one in asked if area_number(one.words[1]) == area]
        own = [child for child in children if child.keys[:3] == ("ip", "ospf", "authentication")]
        modes = [child for child in own if child.keys[3:4] != ("key-chain",)]
        chains = [child for child in own if child.keys[3:4] == ("key-chain",)]
        keys = [child for child in children if _is_ospf_key(child.keys)]
        self.ledger.use(started, *own, *keys, *of_area)
        lines = tuple(one.line for one in (started, *own, *keys, *of_area))
        if any(child.keys[:3] == ("no", "ip", "ospf") and _TAKEN_BACK & set(child.keys) for child in children):
            yield NOT_TOLD
        elif not (modes or of_area):
            yield (None if keys or chains else False), lines
        else:
            mode = (modes or of_area)[-1].keys[3:]
            if mode == ("null",):
                yield False, lines
            elif chains:
                chain = self._chains.holding(chains[-1].words[-1])
                yield NOT_TOLD if chain is None or mode not in _KEYS else (True, (*lines, chain.line))
            else:
                yield (True if any(one.keys[2] == _KEYS.get(mode) for one in keys) else None), lines

    def _with_key_chain(self, protocol: str, tag: str, started: Node, children: list[Node], block: Node) -> Answer:
        """EIGRP and RIP: `ip authentication mode|key-chain eigrp TAG X`, `ip rip authentication mode|key-chain X`."""
        found = []
        for child in children:
            start = child.keys[:4]
            if protocol == "eigrp" and start[:2] == ("ip", "authentication") and start[3:] == ("eigrp",):
                if child.words[4:5] == (tag,):
                    found.append((child.keys[2], child))
            elif protocol == "rip" and start[:3] == ("ip", "rip", "authentication") and len(start) > 3:
                found.append((start[3], child))
            elif protocol == "eigrp" and child.keys[:3] == ("ip", "passive-interface", "eigrp"):
                return True, (child.line,)  # it has no neighbours there
        lines = tuple(one.line for one in (started, *(child for _, child in found)))
        self.ledger.use(*(child for _, child in found))
        elsewhere = any("authentication" in child.keys for child in block.below())
        modes = [child for name, child in found if name == "mode"]
        keys = [child for name, child in found if name == "key-chain"]
        chain = self._chains.holding(keys[-1].words[-1]) if keys else None
        if modes and chain is not None and modes[-1].keys[-1] in _MODES:
            return True, (*lines, chain.line)
        return (None if found or elsewhere else False), lines

    # --- BGP

    def _bgp(self, block: Node) -> Iterator[Answer]:
        templates = {
            (child.keys[1], child.words[2]): child
            for child in block.children
            if child.keys[0] == "template" and len(child.words) > 2
        }
        groups = [block, *(child for child in block.children if child.keys[0] == "vrf")]
        for group in groups:
            for peer in group.children:
                if peer.keys[0] == "neighbor" and not any(one.keys == ("shutdown",) for one in peer.children):
                    yield self._peer(peer, templates)

    def _peer(self, peer: Node, templates: Mapping[tuple[str, str], Node]) -> Answer:
        lines = [peer.line]
        pending, seen = [peer], set[int]()
        told = True
        while pending:
            node = pending.pop()
            if node.line.number in seen:
                continue
            seen.add(node.line.number)
            for child in node.children:
                if child.keys[0] in _SECRETS:
                    self.ledger.use(child)
                    return True, (*lines, child.line)
                if child.keys[0] == "inherit" and len(child.words) > 2 and child.keys[1] in _TEMPLATES:
                    held = templates.get((child.keys[1], child.words[2]))
                    told = told and held is not None
                    pending += [] if held is None else [held]
                    lines.append(child.line)
        return (False if told else None), tuple(lines)


def _starts(node: Node, protocol: str, tag: str) -> bool:
    """`ip router ospf TAG area A`, `ipv6 router ospfv3 TAG area A`."""
    return node.keys[1:3] == ("router", protocol) and node.words[3:4] == (tag,)


def _of_vrf(block: Node, vrf: str) -> list[Node]:
    """What a block says of one VRF."""
    if not vrf:
        return list(block.children)
    return [
        one
        for child in block.children
        if child.keys[0] == "vrf" and child.words[1:2] == (vrf,)
        for one in child.children
    ]


def _area(started: Node) -> int | None:
    """The number of the area behind `area`."""
    words = started.words
    return area_number(words[5]) if started.keys[4:5] == ("area",) and len(words) > 5 else None


def _is_ospf_key(keys: tuple[str, ...]) -> bool:
    return keys[:2] == ("ip", "ospf") and keys[2:3] in (("authentication-key",), ("message-digest-key",))


def _ospfv3(started: Node, children: list[Node], block: Node) -> Answer:
    """Its neighbours authenticate themselves by IPsec, if at all; what comes to that is not told."""
    words = {key for child in (*children, *block.below()) for key in child.keys if child.keys[0] != "ip"}
    protected = bool(words & {"authentication", "encryption"})
    return (None if protected else False), (started.line,)


def _name(node: Node) -> str:
    try:
        return interface_name(node.words[1:])[0]
    except ValueError:
        return ""
