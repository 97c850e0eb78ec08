"""Whether the neighbours of routing protocols must authenticate themselves.

OSPF, RIP and BGP are those of `secaudit.vendors.common`, EIGRP has a module of its own.

IS-IS, from memory, high: the lines of the block protect what is flooded, those of the interface whom it becomes a neighbour of, so only the latter make a
True. A key for one level, or one that is only sent, tells nothing, nor does `isis password`, whose level is masked together with it.

OSPF for IPv6, from memory, high (and read of another product, see `ospf_neighbours`): the line `authentication ipsec spi N ALGORITHM KEY` of an interface, or of
its area. Of `encryption` the algorithms are masked together with the keys, so it tells nothing.

EIGRP of `ipv6 router`, RIP of IPv6, `router ospfv3` with address families, and protocols that are not named here are not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from secaudit.network.interfaces import InterfaceKind
from secaudit.text.source import Sources
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco.vocabulary import interface_name
from secaudit.vendors.cisco.words import interface_of
from secaudit.vendors.cisco_ios.eigrp_neighbours import eigrp
from secaudit.vendors.common.bgp_neighbours import BgpBlock
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.neighbours import (
    NOT_TOLD,
    Answer,
    Network,
    Passive,
    Place,
    Surroundings,
    area_number,
    classful,
    every,
    goes_on_unread,
    has_lost_block,
    is_astray,
    is_key,
    keyed,
    primary_and_others,
    where_it_runs,
    without_no,
)
from secaudit.vendors.common.ospf_neighbours import AT_INTERFACES, UNKNOWN_AREA, OspfBlock, prefix_or_wildcard
from secaudit.vendors.common.rip_neighbours import rip
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.common.words import Words, is_ipv4

_SILENT_KINDS = (InterfaceKind.LOOPBACK, InterfaceKind.NULL)
_OF_ISIS = frozenset((
    "address-family", "adjacency-check", "advertise", "authentication", "bfd", "area-password", "default-information", "distance", "domain-password", "exit",
    "exit-address-family", "fast-flood", "hello", "hostname", "ignore-lsp-errors", "is-type", "ispf", "log-adjacency-changes", "lsp-gen-interval",
    "lsp-mtu", "lsp-refresh-interval", "max-area-addresses", "max-lsp-lifetime", "maximum-paths", "metric", "metric-style", "mpls", "multi-topology", "net", "nsf",
    "prc-interval", "redistribute", "segment-routing", "set-overload-bit", "skeptical", "spf-interval", "summary-address", "traffic-share", "update-queue-depth",
))  # fmt: skip
_OF_ISIS_AT_INTERFACES = frozenset((
    "bfd", "circuit-type", "csnp-interval", "hello", "hello-interval", "hello-multiplier", "ipv6", "lsp-interval", "mesh-group", "metric", "network",
    "priority", "retransmit-interval", "retransmit-throttle-interval", "tag", "three-way-handshake",
))  # fmt: skip
_SECURED = frozenset(("authentication", "encryption"))
_OSPF_OF_IPV6 = AT_INTERFACES | _SECURED | {"area"}


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
        self._around.lost = has_lost_block(self.ledger)
        lines: dict[str, list[Node]] = {}
        doubtful: set[str] = set()
        for node in sections.of("interface"):
            name = _name(node)
            if name not in self.interfaces or node.line.number in self.ledger.unread:
                self._around.lost = True
                continue
            lines.setdefault(name, []).extend(node.children)
            unread = any(child.line.number in self.ledger.unread for child in node.below())
            if unread or goes_on_unread(node, self.ledger) or _has_two_addresses(lines[name]):
                doubtful.add(name)
        silent = {facts.name for facts in self.interfaces.values() if facts.kind in _SILENT_KINDS}
        self._around.lost = self._around.lost or not doubtful.isdisjoint(silent)
        self._around.places = [
            self._place(facts, lines.get(facts.name, ()), facts.name not in doubtful)
            for facts in self.interfaces.values()
            if facts.name not in silent
        ]

    def _place(self, facts: InterfaceFacts, lines: Iterable[Node], understood: bool) -> Place:
        lent = facts.unnumbered is not None
        primary, others = primary_and_others(facts.addresses, lent=lent)
        parent = self.interfaces.get(facts.parent or "")
        up: bool | None = facts.enabled
        if facts.enabled and ((parent is not None and not parent.enabled) or facts.switched or _protected(facts)):
            up = None  # it has no neighbours, or IPsec asks them
        return Place(
            facts.name,
            tuple(facts.sources),
            tuple(lines),
            facts.vrf,
            primary,
            others,
            facts.dynamic_address or lent,
            up,
            understood,
        )

    def of_block(self, block: Node, protocol: str, vrf: str) -> Answer:
        """Whether all neighbours of a `router` block must authenticate themselves, with the lines."""
        return self._around.judge(block, protocol, self._answers(block, protocol, vrf))

    def _answers(self, block: Node, protocol: str, vrf: str) -> Iterator[Answer]:
        within = [place for place in self._around.places if place.vrf == vrf]
        ipv6 = block.keys[0] == "ipv6"
        if protocol == "bgp":
            yield BgpBlock(block, self.ledger).answer()
        elif protocol == "ospf" and not ipv6:
            ospf = OspfBlock(block, Passive(interface_of, self.interfaces))
            ospf.read(prefix_or_wildcard, self.ledger)
            process = "".join(block.keys[2:3])
            yield from ospf.answers(within, lambda place: _joined(place, process), self._around.chains, self.ledger)
        elif protocol in ("ospf", "ospfv3"):
            yield from self._ospf_of_ipv6(block, within)
        elif protocol == "rip" and not ipv6:
            yield from rip(block, self._around.places, _network, self._around.chains, self.ledger)
        elif protocol == "eigrp" and not ipv6:
            has_ipv6 = {facts.name: facts.ipv6 for facts in self.interfaces.values()}
            yield from eigrp(block, vrf, self._around.places, has_ipv6, _network, self._around.chains)
        elif protocol == "isis":
            yield from self._isis(block)

    # --- protocols that run where a line of the interface says so

    def _ospf_of_ipv6(self, block: Node, within: Iterable[Place]) -> Iterator[Answer]:
        """`ipv6 ospf N area A`, `ospfv3 N ipv4|ipv6 area A`; the key of an area is for the interfaces that say nothing."""
        process = "".join(block.keys[3:4] if block.keys[0] == "ipv6" else block.keys[2:3])
        ospf = OspfBlock(block, Passive(interface_of, self.interfaces))
        ospf.read(prefix_or_wildcard, self.ledger)
        plain = ospf.understood and not ospf.networks
        if not plain or ospf.linked:
            yield NOT_TOLD
        for place in within:
            started = [node for node in place.lines if _starts_ospf_of_ipv6(node.keys, process)]
            silent = ospf.passive.silent(place.name)
            runs = every(bool(started), None if silent is None else not silent, place.up, ospf.runs)
            if runs is False:
                continue
            own = [node for node in place.lines if _is_secured(node.keys)]
            area = area_number(started[-1].words[-1])
            of_area = ospf.areas.get(area) if area is not None else None
            self.ledger.use(*own)
            said = (block.line, *place.head, started[-1].line, *(node.line for node in own))
            answer: Answer = NOT_TOLD
            strange = any(_OSPF_OF_IPV6.isdisjoint(node.keys) for node in place.lines if _is_ospf_of_ipv6(node.keys))
            if area is None or not plain or not place.understood or strange:
                answer = NOT_TOLD
            elif len(own) == 1 and _has_key(own[0].keys):
                answer = True, said
            elif not own and of_area is not None and _has_key(of_area.keys):
                answer = True, (*said, of_area.line)
            elif not own and of_area is None:
                answer = False, said
            yield where_it_runs(runs, answer)

    def _isis(self, block: Node) -> Iterator[Answer]:
        tag = block.words[2:3]
        passive = Passive(interface_of, self.interfaces)
        understood = len(block.words) < 4
        asked: list[Node] = []
        for node in block.children:
            _, keys = without_no(node.keys)
            if passive.read(node):
                self.ledger.use(node)
            elif keys[0] not in _OF_ISIS or (node.children and keys[0] != "address-family"):
                understood = False
            elif keys[0] in ("authentication", "area-password", "domain-password"):
                asked.append(node)
        for place in self._around.places:
            started = [
                node
                for node in place.lines
                if node.keys[:3] in (("ip", "router", "isis"), ("ipv6", "router", "isis")) and node.words[3:4] == tag
            ]
            silent = passive.silent(place.name)
            runs = every(bool(started), None if silent is None else not silent, place.up)
            if runs is not False:
                known = understood and place.understood
                said = (block.line, *place.head, *(node.line for node in started))
                yield where_it_runs(runs, self._isis_at(place, said, bool(asked))) if known else NOT_TOLD

    def _isis_at(self, place: Place, said: Sources, asked: bool) -> Answer:
        """`isis authentication mode M` with `isis authentication key-chain K`."""
        about: list[Node] = []
        for node in place.lines:
            _, keys = without_no(node.keys)
            if keys[:2] == ("isis", "authentication"):
                about.append(node)
            elif keys[0] == "isis" and "".join(keys[1:2]) not in _OF_ISIS_AT_INTERFACES:
                return NOT_TOLD
        self.ledger.use(*about)
        answer = keyed(about, ("isis", "authentication"), 1).answer(
            frozenset(("md5", "text")), self._around.chains, said
        )
        return NOT_TOLD if answer[0] is False and asked else answer


def _name(node: Node) -> str:
    try:
        return interface_name(node.words[1:])[0]
    except ValueError:
        return "".join(node.words[1:2])


def _has_two_addresses(lines: Iterable[Node]) -> bool:
    """Whether two primary addresses stand in one block: the device prints one, so the head of a further interface may be lacking."""
    held = 0
    for node in lines:
        if node.keys[:3] == ("no", "ip", "address") or "forwarding" in node.keys[:3]:
            held = 0
        elif node.keys[:2] == ("ip", "address") and node.keys[-1] != "secondary":
            held += 1
    return held > 1


def _protected(facts: InterfaceFacts) -> bool:
    return facts.tunnel is not None and facts.tunnel.protected


def _network(words: Words, node: Node) -> Network:
    """`network A [WILDCARD]`; without one that of the class of the address."""
    address = words.address()
    wildcard = words.address() if is_ipv4(words.peek()) else classful(address)
    words.finish()
    return Network(node, address, wildcard)


def _joined(place: Place, process: str) -> int | None:
    """The area behind `ip ospf N area A`."""
    area: int | None = None
    for node in place.lines:
        taken_back, keys = without_no(node.keys)
        if keys[:4] == ("ip", "ospf", process, "area"):
            number = area_number("".join(keys[4:5]))
            area = None if taken_back else UNKNOWN_AREA if number is None else number
    return area


def _starts_ospf_of_ipv6(keys: tuple[str, ...], process: str) -> bool:
    if keys[:2] == ("ipv6", "ospf"):
        return keys[2:4] == (process, "area") and len(keys) == 5
    return keys[:2] == ("ospfv3", process) and keys[3:4] == ("area",) and len(keys) == 5


def _is_ospf_of_ipv6(keys: tuple[str, ...]) -> bool:
    _, keys = without_no(keys)
    return keys[0] == "ospfv3" or keys[:2] == ("ipv6", "ospf")


def _has_key(keys: tuple[str, ...]) -> bool:
    """`... authentication ipsec spi N ALGORITHM KEY`."""
    if keys[0] == "no" or "authentication" not in keys:
        return False
    rest = keys[keys.index("authentication") + 1 :]
    return rest[:2] == ("ipsec", "spi") and rest[3:4] in (("md5",), ("sha1",), ("sha256",)) and is_key(rest[4:])


def _is_secured(keys: tuple[str, ...]) -> bool:
    return _is_ospf_of_ipv6(keys) and not _SECURED.isdisjoint(keys)
