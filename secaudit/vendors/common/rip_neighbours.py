"""Whether RIP asks its neighbours for a key, where lines are written as in IOS.

Read (CISCO IOS in a Nutshell, "ip rip authentication", "passive-interface"; Zebra manual, "RIP Authentication"): mode and chain of keys stand at the
interface; only version 2 has keys; a passive interface sends nothing and learns all the same. From memory, high: without a line about the version the
first one is heard as well; `receive version` of an interface goes before `version` of the block.
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
    Place,
    every,
    keyed,
    where_it_runs,
    without_no,
)
from secaudit.vendors.common.words import Words, ipv4, whole_number

_START = ("ip", "rip", "authentication")
_MODES = frozenset(("md5", "text"))
_SETTINGS = frozenset((
    "auto-summary", "bfd", "cisco-metric-behavior", "default-information", "default-metric", "distance", "distribute-list", "exit",
    "exit-address-family", "flash-update-threshold", "input-queue", "maximum-paths", "maximum-prefix", "neighbor", "offset-list", "output-delay",
    "passive-interface", "recv-buffer-size", "redistribute", "restart", "route", "timers", "traffic-share", "validate-update-source",
))  # fmt: skip
"""What begins lines of a block that change nothing about who is heard: passive interfaces hear."""
_AT_INTERFACES = frozenset(
    ("advertise", "bfd", "enable", "initial", "send", "send-packet", "split-horizon", "triggered", "v2-broadcast")
)
"""The same for `ip rip ...` of an interface."""

ReadNetwork = Callable[[Words, Node], Network]
"""Reads what stands behind `network`. Raises `NotUnderstoodError`."""


def prefix_or_interface(named: Callable[[Words], str]) -> ReadNetwork:
    """`network A/BITS`, `network IF`; `named` reads the name of an interface."""

    def read(words: Words, node: Node) -> Network:
        if words.peek()[:1].isalpha():
            name = named(words)
            words.finish()
            return Network(node, interface=name)
        first, slash, bits = words.take().partition("/")
        words.finish()
        if not slash:
            raise NotUnderstoodError("no prefix length")
        return Network(node, ipv4(first), (1 << (32 - whole_number(bits, 0, 32))) - 1)

    return read


def rip(
    block: Node, places: Sequence[Place], network: ReadNetwork, chains: KeyChains, ledger: Ledger
) -> Iterator[Answer]:
    """What a `router rip` block comes to, with its address families `address-family ipv4 vrf V`."""
    scopes = [("", block)]
    for node in block.children:
        if node.keys[0] == "address-family" and node.keys[1:3] == ("ipv4", "vrf") and len(node.keys) == 4:
            scopes.append((node.words[3], node))
        elif "address-family" in node.keys:
            yield NOT_TOLD
    for vrf, scope in scopes:
        found = _RipBlock(scope)
        found.read(network, ledger)
        yield from found.answers([place for place in places if place.vrf == vrf], chains, ledger)


@dataclass(slots=True)
class _RipBlock:
    """What the lines of `router rip`, or of an address family of it, say."""

    line: Node
    networks: list[Network] = field(default_factory=list)
    version: str = ""
    understood: bool = True

    def read(self, network: ReadNetwork, ledger: Ledger) -> None:
        """Sorts the lines below; address families are blocks of their own."""
        for node in self.line.children:
            taken_back, keys = without_no(node.keys)
            if keys[0] == "address-family":
                continue
            if keys[0] == "network" and not taken_back and not node.children:
                try:
                    self.networks.append(network(Words(node.words, node.keys, 1), node))
                except NotUnderstoodError:
                    self.understood = False
            elif keys[0] == "version":
                self.version = "" if taken_back else " ".join(keys[1:])
            elif keys[0] not in _SETTINGS or node.children:
                self.understood = False
                continue
            else:
                continue
            ledger.use(node)

    def answers(self, places: Iterable[Place], chains: KeyChains, ledger: Ledger) -> Iterator[Answer]:
        """What each interface comes to on which it runs."""
        if not self.understood:
            yield NOT_TOLD
        for place in places:
            covers = [(net, net.covers(place)) for net in self.networks]
            found = {covered for _, covered in covers}
            runs = every(True if True in found else None if None in found else False, place.up)
            if runs is False:
                continue
            if not place.understood or not self.understood:
                yield NOT_TOLD
                continue
            said = (self.line.line, *(net.line.line for net, covered in covers if covered is not False), *place.head)
            yield where_it_runs(runs, self._at(place, said, chains, ledger))

    def _at(self, place: Place, said: Sources, chains: KeyChains, ledger: Ledger) -> Answer:
        receive, about = "", []
        for node in place.lines:
            taken_back, keys = without_no(node.keys)
            if keys[:2] != ("ip", "rip"):
                continue
            if keys[2:3] == ("authentication",):
                about.append(node)
            elif keys[2:4] == ("receive", "version") and (taken_back or len(keys) > 4):
                receive = "" if taken_back else " ".join(keys[4:])
                ledger.use(node)
            elif "".join(keys[2:3]) not in _AT_INTERFACES:
                return NOT_TOLD
        ledger.use(*about)
        answer, lines = keyed(about, _START, 1).answer(_MODES, chains, said)
        first_version = (receive or self.version) != "2"
        return NOT_TOLD if answer and first_version else (answer, lines)
