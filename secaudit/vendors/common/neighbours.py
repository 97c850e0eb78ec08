"""Whether the neighbours of a routing protocol must authenticate themselves: what the readers of IOS-like configurations share.

An answer is True only when whoever the protocol may hear is asked for a key, False only when somebody is surely heard without one, and None
otherwise. Where a protocol runs is three-valued as well: an interface on which it may run has to be protected like the others for a True, and is
no proof of a False.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import InterfaceAddress
from secaudit.text.source import Sources
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words

Answer = tuple[bool | None, Sources]
"""Whether neighbours must authenticate themselves, and the lines that say so."""
NOT_TOLD: Answer = (None, ())
_STORAGES = frozenset(("0", "5", "6", "7", "8", "encrypted", "plain"))
_EVERY_BIT = 0xFFFFFFFF


def together(answers: Iterable[Answer]) -> Answer:
    """What several answers come to: one that is open decides, one that is not told leaves it open; none at all tell nothing."""
    found = list(answers)
    opened = tuple(line for answer, lines in found if answer is False for line in lines)
    if any(answer is False for answer, _ in found):
        return False, tuple(dict.fromkeys(opened))
    if not found or not all(answer for answer, _ in found):
        return NOT_TOLD
    return True, tuple(dict.fromkeys(line for _, lines in found for line in lines))


def every(*conditions: bool | None) -> bool | None:
    """Three-valued "and"."""
    if False in conditions:
        return False
    return None if None in conditions else True


def where_it_runs(runs: bool | None, answer: Answer) -> Answer:
    """An answer about a place in which the protocol runs surely or maybe."""
    return NOT_TOLD if runs is None and answer[0] is False else answer


def area_number(word: str) -> int | None:
    """An area of OSPF as a number or as four, `0` or `0.0.0.0`."""
    parts = word.split(".")
    if len(parts) not in (1, 4) or not all(one.isascii() and one.isdecimal() and len(one) < 11 for one in parts):
        return None
    if len(parts) == 1:
        return int(parts[0])
    return sum(int(one) << shift for one, shift in zip(parts, (24, 16, 8, 0), strict=True))


def without_no(keys: tuple[str, ...]) -> tuple[bool, tuple[str, ...]]:
    """Whether a line takes something back, and its other words."""
    return (True, keys[1:]) if keys[0] == "no" and len(keys) > 1 else (False, keys)


def is_key(words: tuple[str, ...]) -> bool:
    """Whether words hold a key, and not only how it is stored: then the key itself was lost."""
    return bool(words) and not (len(words) == 1 and words[0] in _STORAGES)


def is_cut_off(ledger: Ledger) -> bool:
    """Whether lines may be lacking anywhere."""
    return any(one.kind is DoubtKind.TRUNCATED for one in ledger.doubts)


def goes_on_unread(node: Node, ledger: Ledger) -> bool:
    """Whether the line behind a block was not understood: a terminal may have wrapped a line of the block, and the rest of it stands behind."""
    last = max((child.line.number for child in node.below()), default=node.line.number)
    return last + 1 in ledger.unread


def has_lost_block(ledger: Ledger) -> bool:
    """Whether the head of some block was not understood, so that an interface may stand there."""
    return any(
        not line.text.startswith((" ", "\t")) and ledger.unread[number + 1].text.startswith((" ", "\t"))
        for number, line in ledger.unread.items()
        if number + 1 in ledger.unread
    )


def is_astray(node: Node) -> bool:
    """Whether a top-level line is one of an interface about OSPF or RIP that lost its blanks."""
    _, keys = without_no(node.keys)
    return keys[:2] in (("ip", "ospf"), ("ip", "rip")) and keys[2:3] != ("name-lookup",)


def of_block(block: Node, answers: Iterable[Answer], ledger: Ledger) -> Answer:
    """What the answers about a block come to, when neither the file nor the block may lack lines."""
    return NOT_TOLD if is_cut_off(ledger) or goes_on_unread(block, ledger) else together(answers)


# --- where a protocol runs


@dataclass(frozen=True, slots=True)
class Place:
    """An interface as routing protocols see it; loopbacks are none."""

    name: str
    head: Sources
    """The lines that begin its blocks."""
    lines: tuple[Node, ...]
    """The lines below them that may be about routing protocols."""
    vrf: str = ""
    primary: tuple[int, ...] = ()
    """IPv4 addresses as numbers."""
    others: tuple[int, ...] = ()
    """Further IPv4 addresses: whether they count for a protocol differs."""
    unknown_address: bool = False
    up: bool | None = True
    understood: bool = True
    """Whether every line of it was."""


def primary_and_others(
    addresses: Iterable[InterfaceAddress], *, lent: bool = False
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The first IPv4 address that is no secondary one, and the further ones; virtual addresses are left out.

    `lent`: they are those of another interface, so none of them is surely one that a protocol goes by.
    """
    primary: list[int] = []
    others: list[int] = []
    for held in addresses:
        if held.address.version != 4 or held.shared:
            continue
        second = bool(primary) or any("secondary" in source.text for source in held.sources)
        (others if second else primary).append(int(held.address.ip))
    return ((), (*primary, *others)) if lent else (tuple(primary), tuple(others))


@dataclass(slots=True)
class Effort:
    """How much may still be compared for one device: a file may name thousands of interfaces in thousands of blocks."""

    left: int = 1_000_000

    def allows(self, places: Sequence[Place], block: Node) -> bool:
        """Whether a block can be held against the interfaces; that is counted."""
        if self.left < 0:
            return False
        self.left -= sum(len(place.lines) for place in places) + len(places) * sum(1 for _ in block.below())
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Network:
    """A `network` line: the interfaces whose address it matches, or the one that it names."""

    line: Node
    address: int = 0
    wildcard: int = 0
    interface: str | None = None
    area: int | None = None

    def covers(self, place: Place) -> bool | None:
        """Whether the protocol runs there; None where that hangs on an address that is not known or is a secondary one."""
        if self.interface is not None:
            return place.name == self.interface
        if any(self._matches(one) for one in place.primary):
            return True
        return None if place.unknown_address or any(map(self._matches, place.others)) else False

    def _matches(self, address: int) -> bool:
        return not (address ^ self.address) & ~self.wildcard & _EVERY_BIT


def classful(address: int) -> int:
    """The wildcard of the class of an address; `0.0.0.0` stands for every address."""
    if address == 0:
        return _EVERY_BIT
    if address < 1 << 31:
        return 0x00FFFFFF
    return 0xFFFF if address < 0xC0000000 else 0xFF


@dataclass(slots=True)
class Passive:
    """`passive-interface IF|default` and what takes it back. `named` reads the name of an interface, `known` are those of the file."""

    named: Callable[[Words], str]
    known: Collection[str]
    default: bool = False
    _said: dict[str, bool] = field(default_factory=dict)
    _clear: bool = True

    def read(self, node: Node) -> bool:
        """Takes one line; False when it is not one of these."""
        taken_back, keys = without_no(node.keys)
        if keys[0] != "passive-interface":
            return False
        words = Words(node.words, node.keys, 1 + taken_back)
        try:
            if words.skip("default"):
                words.finish()
                self.default = not taken_back
                self._said.clear()
                return True
            name = self.named(words)
            words.finish()
        except NotUnderstoodError:
            self._clear = False
        else:
            self._said[name] = not taken_back
            self._clear = self._clear and name in self.known
        return True

    def silent(self, name: str) -> bool | None:
        """Whether an interface is passive."""
        return self._said.get(name, self.default) if self._clear else None


# --- keys that stand elsewhere


@dataclass(slots=True)
class KeyChains:
    """`key chain NAME` / ` key N` / `  key-string K`. A chain holds when it has a key, and what keys it has are accepted for ever."""

    ledger: Ledger
    _chains: dict[str, Node] = field(default_factory=dict)
    _holding: dict[str, Node | None] = field(default_factory=dict)

    def read(self, nodes: Iterable[Node]) -> None:
        """The chains among some top-level lines."""
        for node in nodes:
            if node.keys[:2] == ("key", "chain") and len(node.keys) == 3:
                self._chains[node.words[2]] = node

    def holding(self, name: str) -> Node | None:
        """The chain of a name, None where it is not defined, has no key, or one that expires."""
        if name not in self._holding:
            self._holding[name] = self._judged(name)
        return self._holding[name]

    def _judged(self, name: str) -> Node | None:
        node = self._chains.get(name)
        if node is None or any(child.line.number in self.ledger.unread for child in node.below()):
            return None
        if goes_on_unread(node, self.ledger):
            return None
        said = [child.keys for child in node.below()]
        if not any(keys[0] == "key-string" and is_key(keys[1:]) for keys in said):
            return None
        if any(keys[0] == "no" or (keys[0] == "accept-lifetime" and keys[-1] != "infinite") for keys in said):
            return None
        self.ledger.use_all(node)
        return node


@dataclass(frozen=True, slots=True)
class Keyed:
    """What the lines of a place come to that name a mode, and a chain of keys or the key itself."""

    mode: Node | None = None
    chain: Node | None = None
    key: Node | None = None
    doubt: bool = False
    """A line about it is not understood."""

    def answer(self, modes: frozenset[str], chains: KeyChains, said: Sources) -> Answer:
        """A mode and what keys it has, together; `said` are the lines by which the protocol runs there."""
        if self.doubt:
            return NOT_TOLD
        keys = [one for one in (self.chain, self.key) if one is not None]
        if self.mode is None and not keys:
            return False, said
        if self.mode is None or len(keys) != 1 or self.mode.keys[-1] not in modes:
            return NOT_TOLD
        if self.chain is None:
            return True, (*said, self.mode.line, keys[0].line)
        chain = chains.holding(self.chain.words[-1])
        return NOT_TOLD if chain is None else (True, (*said, self.mode.line, self.chain.line, chain.line))


def keyed(lines: Iterable[Node], start: tuple[str, ...], behind: int) -> Keyed:
    """The last lines `START mode ...`, `START key-chain ...` and `START string ...`; `behind` is how many words follow the first two."""
    found: dict[str, Node] = {}
    doubt = False
    for node in lines:
        taken_back, keys = without_no(node.keys)
        what, words = "".join(keys[len(start) : len(start) + 1]), len(keys) - len(start) - 1
        if what not in ("mode", "key-chain", "string"):
            doubt = True
        elif taken_back:
            found.pop(what, None)
        elif words < 1 or (what != "string" and words != behind):
            doubt = True
        else:
            found[what] = node
    return Keyed(found.get("mode"), found.get("key-chain"), found.get("string"), doubt)


@dataclass(slots=True)
class Surroundings:
    """What the blocks of a file are judged by: the interfaces, the chains of keys, and whether some of that may be lacking."""

    ledger: Ledger
    places: list[Place] = field(default_factory=list)
    lost: bool = False
    """Some interface could not be read: the protocol may run there."""
    astray: bool = False
    """Lines of interfaces stand outside of them."""
    chains: KeyChains = field(init=False)
    _effort: Effort = field(default_factory=Effort)

    def __post_init__(self) -> None:
        self.chains = KeyChains(self.ledger)

    def judge(self, block: Node, protocol: str, answers: Iterable[Answer]) -> Answer:
        """What the answers about a block come to. BGP looks at no interface: what is lacking about those does not matter to it."""
        if protocol != "bgp":
            if self.astray or not self._effort.allows(self.places, block):
                return NOT_TOLD
            if self.lost or not all(place.understood for place in self.places):
                answers = (NOT_TOLD, *answers)
        return of_block(block, answers, self.ledger)
