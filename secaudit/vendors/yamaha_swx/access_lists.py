"""Access lists: IPv4 (1 to 2000), MAC (2001 to 3000) and IPv6 (3001 to 4000) (A.11; command references SWR2310 9.1, SWX3100 9.1, SWX2220 9.1).

What a switch does with a frame that no entry is for is not settled: the sources of the project say that it drops it, the technical reference
of the SWX2310P that it forwards it. So every list ends in a line that could do either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.intervals import ANY_BYTE, ANY_IPV4, ANY_IPV6, ANY_PORT, Intervals, of_network, of_wildcard
from secaudit.network.matches import (
    ACK,
    ANY_IPV4_PACKET,
    ANY_IPV6_PACKET,
    ANY_SERVICE,
    FIN,
    PSH,
    RST,
    SYN,
    TCP,
    UDP,
    URG,
    Match,
    Service,
    values_with_bits,
)
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words, ipv4, ipv6_network, is_ipv4, whole_number

HIGHEST_SEQUENCE = 65535
_IPV4_LISTS, _MAC_LISTS, _IPV6_LISTS = range(1, 2001), range(2001, 3001), range(3001, 4001)
_ACTIONS = {"permit": Action.PERMIT, "deny": Action.DENY}
_PROTOCOLS = {"any": -1, "tcp": TCP, "udp": UDP}
_FLAGS = {"ack": ACK, "fin": FIN, "psh": PSH, "rst": RST, "syn": SYN, "urg": URG}
_INTERVALS_PER_WILDCARD = 256
_MOST_EDITS = 500
"""Entries that are taken out of one list; each looks at the whole list."""
_UNREAD_ENTRY = Text(
    ja="この行を読み取れないため、何を許可・拒否するか分かりません",
    en="this entry was not understood: it could permit or deny anything",
)
_NO_MATCH = Text(
    ja="どの行にも一致しないフレームを転送するか破棄するかについて資料が食い違っています",
    en="the sources disagree whether a frame that no entry is for is forwarded or dropped",
)
_DUPLICATE = Text(
    ja="同じシーケンス番号の行が前にあり、どちらが有効か確認できません",
    en="an earlier entry has the same sequence number; which of them is in force is not certain",
)
_SEVERAL_FLAGS = Text(
    ja="複数の TCP フラグを並べたとき、すべてか一つでもかを確認できません",
    en="several TCP flags are listed: whether all or any of them must be set is not confirmed",
)
_SCATTERED = Text(
    ja="ワイルドカードマスクが複雑で、範囲を正確に展開していません",
    en="the wildcard mask is too scattered to be written out exactly",
)


@dataclass(slots=True)
class AccessList:
    """A list as read. `entries` are (sequence number, line) as written, `lines` in the order in which they are tried."""

    number: int
    definition: SourceLine
    entries: list[tuple[int, FilterLine]] = field(default_factory=list)
    lines: tuple[FilterLine, ...] = ()
    has_ranges: bool = False
    """An entry names a range of ports: such a list cannot be applied to what goes out."""
    _highest: int = 0
    _edits: int = 0

    @property
    def of_mac_addresses(self) -> bool:
        """Whether it asks for MAC addresses, of which the model knows nothing."""
        return self.number in _MAC_LISTS

    def next_place(self, sequence: int | None) -> int:
        """The number of the next entry: ten more than the highest one when none is written."""
        return self._highest + 10 if sequence is None else sequence

    def add(self, sequence: int | None, line: FilterLine) -> None:
        """Puts an entry in its place."""
        number = self.next_place(sequence)
        self._highest = max(self._highest, number)
        self.entries.append((number, line))

    def remove(self, number: int) -> bool:
        """Takes the entry with that number out; False when there is none, or more than one."""
        held = [entry for entry in self.entries if entry[0] == number] if self._edits < _MOST_EDITS else []
        if len(held) != 1:
            return False
        self._edits += 1
        self.entries.remove(held[0])
        self._highest = max((entry[0] for entry in self.entries), default=0)
        return True

    def finish(self) -> None:
        """Puts the entries in order, and the unknown end behind them."""
        self.entries.sort(key=lambda entry: entry[0])
        numbers = [number for number, _ in self.entries]
        repeated = {number for number, following in pairwise(numbers) if number == following}
        lines = [
            replace(line, certainty=Certainty.UNCERTAIN, doubt=line.doubt or _DUPLICATE) if number in repeated else line
            for number, line in self.entries
        ]
        everything = (ANY_IPV4_PACKET, ANY_IPV6_PACKET)
        end = FilterLine("no match", Action.UNKNOWN, everything, (self.definition,), Certainty.UNCERTAIN, _NO_MATCH)
        self.lines = (*lines, end)


def read_access_lists(nodes: Sequence[Node], ledger: Ledger) -> dict[int, AccessList]:
    """All lists by number."""
    lists: dict[int, AccessList] = {}
    for node in nodes:
        _read(node, lists, ledger)
    for one in lists.values():
        one.finish()
        sequences = [number for number, _ in one.entries]
        if len(set(sequences)) < len(sequences):
            ledger.notice(NoticeKind.OVERWRITTEN, _DUPLICATE, (one.definition,))
    return lists


def _read(node: Node, lists: dict[int, AccessList], ledger: Ledger) -> None:
    """`access-list ID [SEQ] permit|deny ...`, `access-list ID description TEXT`, and what people type: `no access-list ID SEQ ...`."""
    if node.keys[0] == "no":
        _take_out(node, lists, ledger)
        return
    try:
        number = whole_number(node.words[1] if len(node.words) > 2 else "", 1, _IPV6_LISTS[-1])
    except NotUnderstoodError:
        ledger.leave(node, DEVICE)
        return
    known = lists.get(number)
    if known is None:
        known = lists[number] = AccessList(number, node.line)
    if node.keys[2] in ("description", "remark"):
        ledger.use(node)
        return
    sequence: int | None = None
    words = Words(node.words, node.keys, 2)
    try:
        if node.children:
            raise NotUnderstoodError("nothing stands below an entry")
        if words.peek().isdigit():
            sequence = words.number(1, HIGHEST_SEQUENCE)
        line = _entry(number, known.next_place(sequence), words, node.line)
        known.has_ranges = known.has_ranges or "range" in node.keys
        ledger.use(node)
    except NotUnderstoodError:
        everything = (ANY_IPV4_PACKET, ANY_IPV6_PACKET)
        if sequence is None and node.keys[2] not in _ACTIONS:
            sequence = 0  # it may stand anywhere, also in front of all others
        label = str(known.next_place(sequence))
        line = FilterLine(label, Action.UNKNOWN, everything, (node.line,), Certainty.UNCERTAIN, _UNREAD_ENTRY)
        ledger.leave_line(node.line)
        for below in node.below():
            ledger.leave_line(below.line)
    known.add(sequence, line)


def _take_out(node: Node, lists: Mapping[int, AccessList], ledger: Ledger) -> None:
    """`no access-list ID SEQ [permit|deny ...]`; without a number it takes more away than can be told."""
    words = Words(node.words, node.keys, 2)
    try:
        known = lists.get(words.number(1, _IPV6_LISTS[-1]))
        if known is None or node.children or not known.remove(words.number(1, HIGHEST_SEQUENCE)):
            raise NotUnderstoodError("no such entry")
        ledger.use(node)
    except NotUnderstoodError:
        ledger.leave(node, DEVICE)


def _entry(number: int, place: int, words: Words, source: SourceLine) -> FilterLine:
    action = _ACTIONS.get(words.take().lower())
    if action is None:
        raise NotUnderstoodError("neither permit nor deny")
    if number in _MAC_LISTS:
        # Which packets a MAC address stands for is not known.
        everything = (ANY_IPV4_PACKET, ANY_IPV6_PACKET)
        return FilterLine(str(place), Action.UNKNOWN, everything, (source,), Certainty.UNCERTAIN, _NO_MATCH)
    match, doubt = _ipv6(words) if number in _IPV6_LISTS else _ipv4(words)
    certainty = Certainty.ALWAYS if doubt is None else Certainty.UNCERTAIN
    return FilterLine(str(place), action, (match,), (source,), certainty, doubt)


def _ipv6(words: Words) -> tuple[Match, Text | None]:
    """`SOURCE` alone: IPv6 lists ask for nothing else."""
    sources: Intervals = ANY_IPV6
    if not words.skip("any"):
        words.skip("host")
        word = words.take()
        sources = (of_network(ipv6_network(word if "/" in word else f"{word}/128")),)
    words.finish()
    return Match(6, sources, ANY_IPV6), None


def _ipv4(words: Words) -> tuple[Match, Text | None]:
    """`SOURCE` alone (SWX2220), or `PROTOCOL SOURCE [PORT] DESTINATION [PORT] [FLAGS]`."""
    first = words.peek()
    if first not in _PROTOCOLS and not first.isdigit() and (first == "host" or is_ipv4(first.partition("/")[0])):
        sources, doubt = _address(words)
        words.finish()
        return Match(4, sources, ANY_IPV4), doubt
    if len(words.items) - words.position == 1 and words.skip("any"):
        return ANY_IPV4_PACKET, None
    protocol = _protocol(words)
    sources, doubt = _address(words)
    source_ports = _ports(words, protocol)
    destinations, doubt_there = _address(words)
    destination_ports = _ports(words, protocol)
    flags, doubt_of_flags = _flags(words, protocol)
    words.finish()
    service = ANY_SERVICE
    if protocol >= 0:
        service = Service(((protocol, protocol),), destination_ports, source_ports, tcp_flags=flags)
    return Match(4, sources, destinations, (service,)), doubt or doubt_there or doubt_of_flags


def _protocol(words: Words) -> int:
    """A number, `tcp`, `udp`; -1 for `any`, which is every IPv4 packet."""
    word = words.take().lower()
    known = _PROTOCOLS.get(word)
    return whole_number(word, 0, 255) if known is None else known


def _address(words: Words) -> tuple[Intervals, Text | None]:
    """`any`, `host A`, `A/BITS`, or `A WILDCARD`."""
    word = words.take().lower()
    if word == "any":
        return ANY_IPV4, None
    if word == "host":
        value = words.address()
        return ((value, value),), None
    address, slash, bits = word.partition("/")
    if slash:
        return _wildcard(ipv4(address), (1 << (32 - whole_number(bits, 0, 32))) - 1)
    return _wildcard(ipv4(address), words.address())


@lru_cache(maxsize=4096)
def _wildcard(address: int, wildcard: int) -> tuple[Intervals, Text | None]:
    try:
        return of_wildcard(address, wildcard, limit=_INTERVALS_PER_WILDCARD), None
    except ValueError:
        return ANY_IPV4, _SCATTERED


def _ports(words: Words, protocol: int) -> Intervals:
    """`eq X` or `range X Y`, for TCP and UDP."""
    operator = words.peek()
    if operator not in ("eq", "range"):
        return ANY_PORT
    if protocol not in (TCP, UDP):
        raise NotUnderstoodError("ports of a protocol that has none")
    words.take()
    single = operator == "eq"
    low = words.number(0, 65535)
    high = low if single else words.number(low, 65535)
    return ((low, high),)


def _flags(words: Words, protocol: int) -> tuple[Intervals, Text | None]:
    if not words:
        return ANY_BYTE, None
    listed: list[int] = []
    while words.peek() in _FLAGS and protocol == TCP:
        listed.append(_FLAGS[words.take().lower()])
    if not listed:
        return ANY_BYTE, None
    if len(listed) == 1:
        return values_with_bits(listed[0], listed[0]), None
    return ANY_BYTE, _SEVERAL_FLAGS


def unused_lists(lists: Mapping[int, AccessList], used: frozenset[int], ledger: Ledger) -> None:
    """Tells of lists that nothing names."""
    for one in lists.values():
        if one.number not in used:
            text = Text(
                ja=f"アクセスリスト {one.number} はどこからも使われていません",
                en=f"access list {one.number} is not used anywhere",
            )
            ledger.notice(NoticeKind.UNUSED_FILTER, text, (one.definition,))
