"""Translation lines of before 8.3: `nat (IF) N`, `global (IF) N`, `static (REAL,MAPPED)` (Cisco Security Appliance command reference 7.2 and 8.0)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from secaudit.network.filters import Action, FilterLine
from secaudit.network.intervals import IPV4_MAX, Interval
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco_asa.access_lists import AccessList
from secaudit.vendors.cisco_asa.addresses import Words, network
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.objects import Objects, port
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import Node

_PROTOCOLS = {"tcp": 6, "udp": 17}
_LARGEST_NUMBER = 2**31 - 1
_NO_MASK = Text(
    ja="マスクの指定がなく、ネットワーク全体が対象かを確認できません",
    en="no mask is given: whether the whole network is meant is not confirmed",
)


def is_old_form(node: Node) -> bool:
    """Whether a line of the section is one of before 8.3; `nat (a,b) ...` is not."""
    return node.keys[0] != "nat" or "," not in "".join(node.keys[1:2])


@dataclass(slots=True)
class OldStatic:
    """`static`. `mapped` of None is the address of the mapped interface; `policy` are the entries of its access list."""

    line: SourceLine
    real_interface: str
    mapped_interface: str
    mapped: int | None = None
    real: Interval | None = None
    policy: AccessList | None = None
    protocol: int | None = None
    mapped_port: int = 0
    real_port: int = 0
    doubt: Text | None = None


@dataclass(slots=True)
class OldNat:
    """`nat`: by number it finds the pools; number 0 translates nothing."""

    line: SourceLine
    interface: str
    number: int
    real: Interval | None = None
    policy: AccessList | None = None
    outside: bool = False
    doubt: Text | None = None


@dataclass(slots=True)
class OldPool:
    """`global`. `addresses` of None is the address of the interface."""

    line: SourceLine
    interface: str
    number: int
    addresses: Interval | None = None

    @property
    def one_address(self) -> bool:
        """Every port of one address is shared (PAT)."""
        return self.addresses is None or self.addresses[0] == self.addresses[1]


@dataclass(slots=True)
class OldLines:
    """All lines of a device, in file order."""

    statics: list[OldStatic] = field(default_factory=list)
    nats: list[OldNat] = field(default_factory=list)
    pools: list[OldPool] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.statics or self.nats or self.pools)


@dataclass(slots=True)
class OldNatReader:
    """Reads the lines of one device. A `static` that it cannot read is left with the two interfaces that it names."""

    objects: Objects
    interfaces: Mapping[str, InterfaceFacts]
    lists: Mapping[str, AccessList]
    ledger: Ledger
    _known_names: dict[str, list[str]] = field(default_factory=dict)

    def read(self, nodes: Iterable[Node]) -> OldLines:
        """All lines of the old form."""
        found = OldLines()
        for node in nodes:
            named: list[str] = []
            try:
                if node.keys[0] == "no" or node.children:
                    raise NotUnderstoodError("a line that takes another away, or with lines below it")
                words = self.objects.words(node, 1)
                named = self._named(words.take())
                self._line(node, words, named, found)
                self.ledger.use(node)
            except NotUnderstoodError:
                # The other lines say one side only.
                told = named and node.keys[0] == "static"
                self.ledger.leave(node, on_interfaces(*named) if told else DEVICE)
        return found

    def _line(self, node: Node, words: Words, named: list[str], found: OldLines) -> None:
        wanted = 2 if node.keys[0] == "static" else 1
        if len(named) != wanted:
            raise NotUnderstoodError("other interfaces than the line has")
        match node.keys[0]:
            case "static":
                found.statics.append(self._static(words, OldStatic(node.line, named[0], named[1])))
            case "global":
                found.pools.append(self._global(words, node.line, named[0]))
            case _:
                found.nats.append(self._nat(words, node.line, named[0]))

    def _named(self, word: str) -> list[str]:
        known = self._known_names.get(word)
        if known is not None:
            return known
        names = word[1:-1].split(",")
        if not (word.startswith("(") and word.endswith(")") and all(name in self.interfaces for name in names)):
            raise NotUnderstoodError("no interfaces in parentheses")
        self._known_names[word] = names
        return names

    def _static(self, words: Words, held: OldStatic) -> OldStatic:
        """`[tcp|udp] MAPPED|interface [PORT] REAL [PORT] [netmask MASK] ...`, or an access list in place of what is real."""
        held.protocol = _PROTOCOLS.get(words.peek())
        if held.protocol is not None:
            words.take()
        held.mapped = None if words.skip("interface") else words.address()
        if held.protocol is not None:
            held.mapped_port = port(words.take())
        if words.skip("access-list"):
            held.policy = self._list(words.take())
            if words.skip("netmask"):
                words.mask()
        else:
            real = words.address()
            if held.protocol is not None:
                held.real_port = port(words.take())
            held.real, held.doubt = _span(real, words.mask() if words.skip("netmask") else None)
            if held.mapped is not None:
                # The host bits below the mask do not count.
                held.mapped = held.mapped & ~(held.real[1] - held.real[0])
            if held.protocol is not None and held.real[0] != held.real[1]:
                raise NotUnderstoodError("ports of a network")
        _limits(words, None)
        return held

    def _nat(self, words: Words, line: SourceLine, name: str) -> OldNat:
        """`N ADDRESS [MASK]` or `N access-list NAME`, then `dns`, `outside` and limits."""
        held = OldNat(line, name, words.number(0, _LARGEST_NUMBER))
        if words.skip("access-list"):
            held.policy = self._list(words.take())
        else:
            address = words.address()
            mask = words.mask() if words and words.peek().replace(".", "").isdigit() else None
            held.real, held.doubt = _span(address, mask)
        _limits(words, held)
        return held

    def _global(self, words: Words, line: SourceLine, name: str) -> OldPool:
        """`N FIRST[-LAST] [netmask MASK]` or `N interface`."""
        held = OldPool(line, name, words.number(1, _LARGEST_NUMBER))
        if not words.skip("interface"):
            first, dash, last = words.take().partition("-")
            ends = [Words((one,), (one,), words.names).address() for one in ((first, last) if dash else (first,))]
            if ends[0] > ends[-1]:
                raise NotUnderstoodError("the pool is upside down")
            held.addresses = (ends[0], ends[-1])
            if words.skip("netmask"):
                words.mask()
        words.finish()
        return held

    def _list(self, name: str) -> AccessList:
        held = self.lists.get(name)
        if held is None or held.other or not held.lines:
            raise NotUnderstoodError("the access list is not there")
        if any(line.action is Action.UNKNOWN for line in held.lines):
            raise NotUnderstoodError("an entry of the access list is not understood")
        return held


def _span(address: int, mask: int | None) -> tuple[Interval, Text | None]:
    """The real addresses. Without a mask a network of a class is meant when the host bits are zero, else a host."""
    if mask == IPV4_MAX:
        return (address, address), None
    if mask is not None:
        return network(address, mask).ipv4[0], None
    if address == 0:
        return (0, IPV4_MAX), None
    bits = 24 if address < 0x80000000 else 16 if address < 0xC0000000 else 8
    if address & ((1 << bits) - 1):
        return (address, address), None
    return (address, address | ((1 << bits) - 1)), _NO_MASK


def _limits(words: Words, held: OldNat | None) -> None:
    """What stands at the end: limits of connections, `dns`, `norandomseq`, and `outside` of a `nat` line."""
    while words:
        if held is not None and words.skip("outside"):
            held.outside = True
        elif words.peek().isdigit() or words.peek() in ("dns", "norandomseq", "tcp", "udp"):
            words.take()
        else:
            raise NotUnderstoodError(f"option {words.peek()!r}")


def entries_of(held: AccessList) -> list[tuple[FilterLine, bool]]:
    """The permits of a list that selects packets; true for those before which a deny stands, which may take packets away from it."""
    found = []
    after_deny = False
    for line in held.lines:
        if line.action is Action.DENY:
            after_deny = True
        else:
            found.append((line, after_deny))
    return found
