"""Whether OSPF asks its neighbours for a key, where lines are written as in IOS.

Read (Cisco IOS IP Routing: OSPF Command Reference, "area authentication"; CISCO IOS in a Nutshell, "ip ospf authentication", "passive-interface"; AlliedWare
Plus command references of x930 5.4.6 and ARX200S 5.5.4, "ip ospf message-digest-key"; of x510 5.4.7, "area authentication ipsec spi" and "ipv6
ospf authentication spi"): without a line nobody is asked; an area sets the mode for its interfaces, and what an interface says itself goes before; `null`
switches it off; each mode has keys of its own, and a key without a mode does nothing. A passive interface has no neighbours. From memory, high: a
digest without a key of its own uses an empty one. Virtual and sham links have lines of their own, which are not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from secaudit.text.source import Sources
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.neighbours import (
    NOT_TOLD,
    Answer,
    KeyChains,
    Network,
    Passive,
    Place,
    area_number,
    every,
    is_key,
    where_it_runs,
    without_no,
)
from secaudit.vendors.common.words import Words, ipv4, is_ipv4, whole_number

_NONE, _TEXT, _DIGEST, _CHAIN, _UNCLEAR = "none", "text", "digest", "chain", "unclear"
_MODES = {(): _TEXT, ("message-digest",): _DIGEST, ("null",): _NONE}
_SETTINGS = frozenset((
    "address-family", "auto-cost", "bfd", "capability", "compatible", "default-information", "default-metric", "discard-route", "distance",
    "distribute-list", "domain-id", "domain-tag", "event-log", "exit", "exit-address-family", "fast-reroute", "graceful-restart", "host", "ignore",
    "interface-id", "ispf", "limit", "log-adjacency-changes", "max-concurrent-dd", "max-lsa", "max-metric", "maximum-area", "maximum-paths", "mpls",
    "neighbor", "nsf", "nsr", "opaque", "originate-default", "ospf", "overflow", "prefix-priority", "prefix-suppression", "process-min-time", "queue-depth",
    "redistribute", "restart", "rib", "router-id", "segment-routing", "snmp", "summary-address", "timers", "traffic-share", "ttl-security",
))  # fmt: skip
"""What begins lines of a block that change nothing about who is heard."""
_OF_AREAS = frozenset(("default-cost", "filter-list", "nssa", "range", "shortcut", "stub"))
AT_INTERFACES = frozenset((
    "bfd", "cost", "database-filter", "dead-interval", "demand-circuit", "fast-reroute", "flood-reduction", "hello-interval", "lls", "mtu", "mtu-ignore",
    "neighbor", "network", "prefix-suppression", "priority", "resync-timeout", "retransmit-interval", "transmit-delay", "ttl-security",
))  # fmt: skip
"""The same for `ip ospf ...` of an interface."""

UNKNOWN_AREA = -1
"""An interface is in an area that cannot be read."""
ReadNetwork = Callable[[Words, Node], Network]
"""Reads what stands behind `network`. Raises `NotUnderstoodError`."""


@dataclass(slots=True)
class OspfBlock:
    """What the lines of a `router ospf` block say."""

    line: Node
    passive: Passive
    networks: list[Network] = field(default_factory=list)
    areas: dict[int, Node] = field(default_factory=dict)
    """Areas with a line about the mode, and the last such line."""
    understood: bool = True
    runs: bool | None = True
    """Whether the process is on; None when a line may stop it."""
    linked: bool = False
    """It has neighbours that no interface tells of."""
    short: bool = False
    """`area N` alone and `message-digest-key N KEY` without `md5` are lines of this product."""

    def read(self, network: ReadNetwork, ledger: Ledger) -> None:
        """Sorts the lines below; what decides something is booked as used."""
        for node in self.line.children:
            taken_back, keys = without_no(node.keys)
            first = keys[0]
            if node.children or first in ("shutdown", "topology"):
                self.runs = None
                self.understood = self.understood and not node.children
            elif first == "network" and not taken_back:
                self._network(node, network)
            elif first == "area" and len(keys) > 1:
                self._area(node, taken_back, keys)
            elif self.passive.read(node):
                pass
            elif first in _SETTINGS:
                continue
            else:
                self.understood = False
                continue
            ledger.use(node)

    def _network(self, node: Node, network: ReadNetwork) -> None:
        try:
            self.networks.append(network(Words(node.words, node.keys, 1), node))
        except NotUnderstoodError:
            self.understood = False

    def _area(self, node: Node, taken_back: bool, keys: tuple[str, ...]) -> None:
        area, what = area_number(keys[1]), "".join(keys[2:3])
        if area is None:
            self.understood = False
        elif what in ("authentication", "encryption"):
            if taken_back:
                self.areas.pop(area, None)
            else:
                self.areas[area] = node
        elif what in ("virtual-link", "sham-link"):
            self.linked = self.linked or not taken_back
        elif what not in _OF_AREAS and (what or not self.short):
            self.understood = False

    def answers(
        self, places: Iterable[Place], joined: Callable[[Place], int | None], chains: KeyChains, ledger: Ledger
    ) -> Iterator[Answer]:
        """What each interface comes to on which it runs. `joined` is the area that a line of the interface puts it into."""
        if not self.understood or self.linked:
            yield NOT_TOLD
        for place in places:
            own = joined(place)
            matches = [(net, net.covers(place)) for net in self.networks] if own is None else []
            areas = {net.area for net, covers in matches if covers is not False} | ({own} if own is not None else set())
            covered = True if own is not None or any(covers for _, covers in matches) else None
            silent = self.passive.silent(place.name)
            runs = every(covered if areas else False, None if silent is None else not silent, place.up, self.runs)
            if runs is False:
                continue
            if not place.understood or not self.understood:
                yield NOT_TOLD
                continue
            said = (self.line.line, *(net.line.line for net, covers in matches if covers is not False), *place.head)
            settings = _AtInterface(chains, self.short)
            settings.read(place.lines)
            ledger.use(*settings.lines)
            found = [settings.answer(None if area is None else self.areas.get(area), said) for area in areas]
            same = len({answer for answer, _ in found}) == 1 and areas.isdisjoint((None, UNKNOWN_AREA))
            yield where_it_runs(runs, found[0]) if same else NOT_TOLD


@dataclass(slots=True)
class _AtInterface:
    """What the lines `ip ospf ...` of one interface say about keys."""

    chains: KeyChains
    short: bool
    mode: str = ""
    keys: dict[tuple[str, str], Node] = field(default_factory=dict)
    """(mode, number) to the line of each key."""
    lines: list[Node] = field(default_factory=list)
    chain: str = ""
    strange: bool = False
    """A line is not understood."""

    def read(self, lines: Sequence[Node]) -> None:
        for node in lines:
            taken_back, keys = without_no(node.keys)
            if keys[:2] != ("ip", "ospf"):
                continue
            what, rest = "".join(keys[2:3]), keys[3:]
            if what == "authentication":
                self.mode = "" if taken_back else self._mode(node, rest)
            elif what in ("authentication-key", "message-digest-key"):
                self._key(node, what, rest, taken_back)
            elif what in AT_INTERFACES or rest[:1] == ("area",) or (is_ipv4(what) and set(rest[:1]) & AT_INTERFACES):
                continue
            else:
                self.strange = True  # for one address, for a further area, or not known
                return
            self.lines.append(node)

    def _mode(self, node: Node, rest: tuple[str, ...]) -> str:
        if rest[:1] == ("key-chain",) and len(rest) == 2:
            self.chain = node.words[-1]
            return _CHAIN
        return _MODES.get(rest, _UNCLEAR)

    def _key(self, node: Node, what: str, rest: tuple[str, ...], taken_back: bool) -> None:
        kind, number, key = _TEXT, "", rest
        if what == "message-digest-key":
            kind, number = _DIGEST, "".join(rest[:1])
            key = rest[1:] if self.short and len(rest) == 2 else rest[2:] if rest[1:2] == ("md5",) else ()
        if kind == _DIGEST and not number.isdecimal():
            self.strange = True
        elif taken_back:
            self.keys.pop((kind, number), None)
        elif is_key(key):
            self.keys[kind, number] = node
        else:
            self.strange = True

    def answer(self, area: Node | None, said: Sources) -> Answer:
        """With the line of the area about its mode."""
        if self.strange:
            return NOT_TOLD
        mode = self.mode
        used = tuple(node.line for node in self.lines)
        if not mode and area is not None:
            mode = _MODES.get(area.keys[3:], _UNCLEAR) if area.keys[2] == "authentication" else _UNCLEAR
            used = (area.line, *used)
        said = (*said, *used)
        if mode == _CHAIN:
            chain = self.chains.holding(self.chain)
            return NOT_TOLD if chain is None else (True, said)
        if mode in (_TEXT, _DIGEST):
            return (True, said) if any(kind == mode for kind, _ in self.keys) else NOT_TOLD
        if mode == _NONE:
            return False, said
        return NOT_TOLD if mode or self.keys else (False, said)


def prefix_or_wildcard(words: Words, node: Node) -> Network:
    """`A/BITS area N`, `A WILDCARD area N`."""
    first, slash, bits = words.take().partition("/")
    address = ipv4(first)
    if slash:
        wildcard = (1 << (32 - whole_number(bits, 0, 32))) - 1
    else:
        if not is_ipv4(words.peek()):
            raise NotUnderstoodError("no wildcard")
        wildcard = words.address()
    return Network(node, address, wildcard, area=area_of(words))


def area_of(words: Words) -> int:
    """`area N` at the end of a line."""
    if not words.skip("area"):
        raise NotUnderstoodError("no area")
    area = area_number(words.take())
    words.finish()
    if area is None:
        raise NotUnderstoodError("not an area")
    return area


def never_joined(place: Place) -> int | None:
    """The area that a line of an interface names, for products of which it is not known that a line puts an interface into one."""
    named = any(without_no(node.keys)[1][:2] == ("ip", "ospf") and "area" in node.keys for node in place.lines)
    return UNKNOWN_AREA if named else None
