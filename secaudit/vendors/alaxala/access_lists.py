"""Access lists: IPv4 (address and packet filters), IPv6, MAC and Advance (chapter D.2, AX-10 to AX-12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET, Match
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.alaxala.access_entries import Entry, EntryReader
from secaudit.vendors.alaxala.vocabulary import plain
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.permit_sets import PermitSet, permitted
from secaudit.vendors.common.words import Words

MAC, IP, IPV6, ADVANCE = "mac", "ip", "ipv6", "advance"
EVERYTHING: Mapping[str, tuple[Match, ...]] = {
    MAC: (ANY_IPV4_PACKET, ANY_IPV6_PACKET),
    IP: (ANY_IPV4_PACKET,),
    IPV6: (ANY_IPV6_PACKET,),
    ADVANCE: (ANY_IPV4_PACKET, ANY_IPV6_PACKET),
}
"""What a list of each kind decides about: its implicit discard takes all of it."""
_ACTIONS = {"permit": Action.PERMIT, "deny": Action.DENY}
_MOST_EVIDENCE = 50
_MOST_EDITS = 500
_UNREAD_ENTRY = Text(
    ja="この行を読み取れないため、何を許可・拒否するか分かりません",
    en="this entry was not understood: it could permit or deny anything",
)
_DUPLICATE = Text(
    ja="同じ番号の行が前にあり、どちらが有効か確認できません",
    en="an earlier entry has the same number; which of them is in force is not certain",
)


@dataclass(slots=True)
class AccessList:
    """A list as read. `lines` is in the order in which the device tries them once `finish` was called.

    `policies` are the labels of entries that send packets to a list of next hops, and the name of that list.
    """

    name: str
    kind: str
    standard: bool
    definition: SourceLine
    entries: list[tuple[int, FilterLine]] = field(default_factory=list)
    policies: dict[int, str] = field(default_factory=dict)
    remark: str = ""
    lines: tuple[FilterLine, ...] = ()
    _sequences: set[int] = field(default_factory=set)
    _highest: int = 0
    _edits: int = 0
    _permitted: PermitSet | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing but remarks is in it."""
        return not self.entries

    @property
    def evidence(self) -> Sources:
        """The lines that say what the list selects; only its first line when it is long."""
        if len(self.lines) > _MOST_EVIDENCE:
            return (self.definition,)
        return tuple(dict.fromkeys((self.definition, *(line.sources[0] for line in self.lines))))

    def permitted(self) -> PermitSet:
        """What the list permits; what no entry matches is discarded (AX-11)."""
        if self._permitted is None:
            self._permitted = permitted(self.lines)
        return self._permitted

    def place(self, sequence: int | None) -> tuple[int, bool]:
        """The number of the next entry (steps of ten when none is written), and whether that number is taken already."""
        number = self._highest + 10 if sequence is None else sequence
        taken = number in self._sequences
        self._sequences.add(number)
        self._highest = max(self._highest, number)
        return number, taken

    def remove(self, number: int) -> bool:
        """`no N`: takes the entry with that number out; False when there is none, or more than one."""
        held = [entry for entry in self.entries if entry[0] == number] if self._edits < _MOST_EDITS else []
        if len(held) != 1:
            return False
        self._edits += 1
        self.entries.remove(held[0])
        self.policies.pop(number, None)
        self._sequences.discard(number)
        self._highest = max((entry[0] for entry in self.entries), default=0)
        return True

    def resequence(self, first: int, step: int) -> bool:
        """Numbers the entries anew in their order; False when two have the same number, so that the order is not known."""
        if self._edits >= _MOST_EDITS:
            return False
        self._edits += 1
        self.entries.sort(key=lambda entry: entry[0])
        if len({number for number, _ in self.entries}) < len(self.entries):
            return False
        new = {number: first + place * step for place, (number, _) in enumerate(self.entries)}
        self.entries = [(new[number], replace(line, label=str(new[number]))) for number, line in self.entries]
        self.policies = {new[number]: policy for number, policy in self.policies.items()}
        self._sequences = set(new.values())
        self._highest = max(self._sequences, default=0)
        return True

    def finish(self) -> None:
        """Puts the entries in order of their numbers (AX-10)."""
        self.entries.sort(key=lambda entry: entry[0])
        numbers = [number for number, _ in self.entries]
        repeated = {number for before, number in pairwise(numbers) if before == number}
        self.lines = tuple(
            replace(line, certainty=Certainty.UNCERTAIN, doubt=line.doubt or _DUPLICATE) if number in repeated else line
            for number, line in self.entries
        )


Lists = Mapping[tuple[str, str], AccessList]
"""(kind, name) to list."""


def unknown_line(label: str, kind: str, sources: Sources, doubt: Text) -> FilterLine:
    """Something that could permit or deny anything that a list of this kind decides about."""
    return FilterLine(label, Action.UNKNOWN, EVERYTHING[kind], sources, Certainty.UNCERTAIN, doubt)


def read_access_lists(nodes: Sequence[Node], ledger: Ledger) -> dict[tuple[str, str], AccessList]:
    """All lists. A list that is entered again goes on."""
    lists: dict[tuple[str, str], AccessList] = {}
    reader = EntryReader()
    for node in nodes:
        if node.keys[2:3] == ("resequence",):
            _resequence(node, lists, ledger)
            continue
        head = _head(node)
        if head is None:
            ledger.leave(node, DEVICE)
            continue
        kind, standard, name, start = head
        access_list = lists.get((kind, name))
        if access_list is None:
            access_list = lists[kind, name] = AccessList(name, kind, standard, node.line)
        state = _ListState(access_list, reader, ledger)
        if start is not None:
            state.read(node, start)
            continue
        ledger.use(node)
        for child in node.children:
            state.read(child, 0)
    for access_list in lists.values():
        access_list.finish()
    return lists


def _resequence(node: Node, lists: Mapping[tuple[str, str], AccessList], ledger: Ledger) -> None:
    """`ip|ipv6|mac|advance access-list resequence NAME [FIRST [STEP]]` (10 and 10): typed by people, never printed by a device."""
    words = Words(node.words, node.keys, 3)
    try:
        access_list = lists.get((node.keys[0], plain(words.take())))
        first = words.number(1, 2**31 - 1) if words else 10
        step = words.number(1, 2**31 - 1) if words else 10
        words.finish()
        if access_list is None or node.children or not access_list.resequence(first, step):
            raise NotUnderstoodError("nothing to number")
        ledger.use(node)
    except NotUnderstoodError:
        ledger.leave(node, DEVICE)


def _head(node: Node) -> tuple[str, bool, str, int | None] | None:
    """Kind, whether it is an address filter, name, and where the entry begins when it stands on the same line."""
    keys, words = node.keys, node.words
    if keys[0] == "access-list":
        standard = _is_standard(keys[1]) if len(keys) > 2 and not node.children else None
        return None if standard is None else (IP, standard, keys[1], 2)
    if keys[:2] == ("ip", "access-list") and len(keys) == 4 and keys[2] in ("standard", "extended"):
        return IP, keys[2] == "standard", plain(words[3]), None
    if keys[:2] == ("ipv6", "access-list") and len(keys) == 3:
        return IPV6, False, plain(words[2]), None
    if keys[:3] == ("mac", "access-list", "extended") and len(keys) == 4:
        return MAC, False, plain(words[3]), None
    if keys[:2] == ("advance", "access-list") and len(keys) == 3:
        return ADVANCE, False, plain(words[2]), None
    return None


def _is_standard(number: str) -> bool | None:
    """Whether a numbered list filters by source address (True) or by packet (False); None for other kinds (D.2)."""
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        return None
    value = int(number)
    if 1 <= value <= 99 or 1300 <= value <= 1999:
        return True
    return False if 100 <= value <= 199 or 2000 <= value <= 2699 else None


@dataclass(slots=True)
class _ListState:
    """Reads the entries of one block into a list."""

    access_list: AccessList
    reader: EntryReader
    ledger: Ledger

    def read(self, node: Node, start: int) -> None:
        words = Words(node.words, node.keys, start)
        sequence: int | None = None
        try:
            if node.children:
                raise NotUnderstoodError("nothing stands below an entry")
            if words.peek() not in _ACTIONS:
                if start == 0 and words.skip("no"):
                    self._remove(words)
                    self.ledger.use(node)
                    return
                if words.peek().isdigit():
                    sequence = words.number(1, 2**32 - 1)
            action = _ACTIONS.get(words.peek())
            if action is not None:
                words.take()
                self._add(self._entry(words), action, sequence, node.line)
            elif words.skip("remark"):
                self.access_list.remark = plain(" ".join(words.items[words.position :]))
            elif words.peek() != "exit" or len(words.items) > 1:
                raise NotUnderstoodError(words.peek())
            self.ledger.use(node)
        except NotUnderstoodError:
            self._leave(node, sequence, start)

    def _leave(self, node: Node, sequence: int | None, start: int) -> None:
        if node.keys[start] == "no":
            # It takes something away, and from which entry on the list is another one is not known.
            self.ledger.leave(node, DEVICE)
            return
        if sequence is None and node.keys[start] not in _ACTIONS:
            sequence = 0  # it may stand anywhere, also in front of all others
        number, _ = self.access_list.place(sequence)
        line = unknown_line(str(number), self.access_list.kind, (node.line,), _UNREAD_ENTRY)
        self.access_list.entries.append((number, line))
        self.ledger.leave_line(node.line)
        for below in node.below():
            self.ledger.leave_line(below.line)

    def _remove(self, words: Words) -> None:
        number = words.number(1, 2**32 - 1)
        words.finish()
        if not self.access_list.remove(number):
            raise NotUnderstoodError("no such entry")

    def _entry(self, words: Words) -> Entry:
        if self.access_list.standard:
            return self.reader.standard(words)
        read: Mapping[str, Callable[[], Entry]] = {
            IP: lambda: self.reader.extended(words, 4),
            IPV6: lambda: self.reader.extended(words, 6),
            MAC: lambda: self.reader.mac(words),
            ADVANCE: lambda: self.reader.advance(words),
        }
        return read[self.access_list.kind]()

    def _add(self, entry: Entry, action: Action, sequence: int | None, source: SourceLine) -> None:
        number, taken = self.access_list.place(sequence)
        if taken:
            self.ledger.notice(NoticeKind.OVERWRITTEN, _DUPLICATE, (source,))
        if entry.policy is not None and action is Action.PERMIT:
            self.access_list.policies[number] = entry.policy
        line = FilterLine(
            str(number),
            action,
            entry.matches,
            (source,),
            entry.certainty,
            entry.doubt,
            entry.logged,
            comment=self.access_list.remark,
        )
        self.access_list.remark = ""
        self.access_list.entries.append((number, line))
