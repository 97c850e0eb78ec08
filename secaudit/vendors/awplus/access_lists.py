"""Access lists and their kinds (C.2, C.3): hardware lists filter what comes in by ports, software lists who may manage the device.

Numbers tell the kind: 3000-3699 and 4000-4699 hardware, 1-99 and 1300-1999 standard, 100-199 and 2000-2699 extended; of named ones the
word after `access-list` does. A hardware list has **no** implicit deny (AL-10), a software list has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET, ANY_PACKET, Family
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.awplus.access_entries import VERBS, Entry, EntryReader, Kind, Verb
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.permit_sets import PermitSet, permitted
from secaudit.vendors.common.words import Words

_MOST_EVIDENCE = 50
_MOST_EDITS = 500
STEP = 4
"""Entries without a number get 4, 8, 12 (AL-11)."""
_UNREAD_ENTRY = Text(
    ja="この行を読み取れないため、何を許可・拒否するか分かりません",
    en="this entry was not understood: it could permit or deny anything",
)
_UNREAD_OPTION = Text(
    ja="この行の後半の条件を読み取れません", en="a condition at the end of this entry was not understood"
)
_DUPLICATE = Text(
    ja="同じ番号の行が前にあり、どちらが有効か確認できません",
    en="an earlier entry has the same number; which of them is in force is not certain",
)
_OTHER_LIST = "(IPv6)"


def entry_text(line: FilterLine) -> str:
    """An entry as written, without its number and without the name of its list."""
    words = line.sources[0].text.split()
    start = next((place for place, word in enumerate(words) if word.lower() in VERBS), 0)
    return " ".join(words[start:])


@dataclass(slots=True)
class AccessList:
    """A list as read. `lines` is in the order in which the device tries them once `finish` was called."""

    name: str
    kind: Kind
    family: Family
    definition: SourceLine
    frames: bool = False
    """A list for MAC addresses."""
    entries: list[tuple[int, FilterLine]] = field(default_factory=list)
    redirects: list[SourceLine] = field(default_factory=list)
    """Entries that send packets out of a port of their own choice."""
    remark: str = ""
    lines: tuple[FilterLine, ...] = ()
    meets_ipv6: bool = False
    """Whether some entry looks at IPv6 packets."""
    _sequences: set[int] = field(default_factory=set)
    _highest: int = 0
    _edits: int = 0
    _permitted: PermitSet | None = None

    @property
    def evidence(self) -> Sources:
        """The lines that say what the list selects; only its first line when it is long."""
        if len(self.lines) > _MOST_EVIDENCE:
            return (self.definition,)
        return tuple(dict.fromkeys((self.definition, *(line.sources[0] for line in self.lines))))

    def permitted(self) -> PermitSet:
        """What a software list permits; the end of it denies."""
        if self._permitted is None:
            self._permitted = permitted(self.lines)
        return self._permitted

    def add(self, sequence: int | None, line: FilterLine) -> bool:
        """Puts an entry at its place; False when its number is taken already."""
        number = self._highest + STEP if sequence is None else sequence
        taken = number in self._sequences
        self._sequences.add(number)
        self._highest = max(self._highest, number)
        self.entries.append((number, line))
        return not taken

    def remove(self, number: int) -> bool:
        """`no N`: takes the entry with that number out; False when there is none, or more than one."""
        held = [entry for entry in self.entries if entry[0] == number] if self._edits < _MOST_EDITS else []
        if len(held) != 1:
            return False
        self._edits += 1
        self.entries.remove(held[0])
        self._sequences.discard(number)
        self._highest = max((entry[0] for entry in self.entries), default=0)
        return True

    def remove_entry(self, text: str) -> bool:
        """`no ENTRY`: takes out the entry that reads so; False when there is none, or more than one."""
        if self._edits >= _MOST_EDITS:
            return False
        numbers = [number for number, line in self.entries if entry_text(line) == text]
        return len(numbers) == 1 and self.remove(numbers[0])

    def finish(self) -> None:
        """Puts the entries in order of their numbers; of two with one number nobody knows which holds."""
        self.entries.sort(key=lambda entry: entry[0])
        numbers = [number for number, _ in self.entries]
        twice = {low for low, high in pairwise(numbers) if low == high}
        self.lines = tuple(_numbered(number, line, number in twice) for number, line in self.entries)
        self.meets_ipv6 = any(match.family == 6 for line in self.lines for match in line.matches)


def _numbered(number: int, line: FilterLine, twice: bool) -> FilterLine:
    return FilterLine(
        str(number),
        line.action,
        line.matches,
        line.sources,
        Certainty.UNCERTAIN if twice else line.certainty,
        line.doubt or (_DUPLICATE if twice else None),
        line.logged,
        comment=line.comment,
    )


@dataclass(slots=True)
class AccessLists:
    """All lists of a device by name. The names of IPv6 lists are their own."""

    ipv4: dict[str, AccessList] = field(default_factory=dict)
    ipv6: dict[str, AccessList] = field(default_factory=dict)

    def all(self) -> tuple[AccessList, ...]:
        """Every list."""
        return (*self.ipv4.values(), *self.ipv6.values())

    def key(self, access_list: AccessList) -> str:
        """The name by which it is kept among the filters of the device."""
        twice = access_list.family == 6 and access_list.name in self.ipv4
        return f"{access_list.name} {_OTHER_LIST}" if twice else access_list.name

    def named(self, name: str, kind: Kind, family: Family, line: SourceLine, frames: bool) -> AccessList | None:
        """The list with a name, a new one if need be; None when there is one of another kind."""
        held = self.ipv4 if family == 4 else self.ipv6
        found = held.get(name)
        if found is None:
            found = held[name] = AccessList(name, kind, family, line, frames)
        return found if found.kind is kind else None

    def hardware(self, name: str, family: Family) -> AccessList | None:
        """A list that can be applied to traffic. A software list cannot: the device then does not know it (AL-17)."""
        found = (self.ipv4 if family == 4 else self.ipv6).get(name)
        return found if found is not None and found.kind is Kind.HARDWARE else None

    def software(self, name: str, family: Family) -> AccessList | None:
        """A list that bounds management."""
        found = (self.ipv4 if family == 4 else self.ipv6).get(name)
        return found if found is not None and found.kind is not Kind.HARDWARE else None


def read_access_lists(nodes: list[Node], ledger: Ledger) -> AccessLists:
    """All lists. An entry that is not understood stays in its list as one that could do anything."""
    lists = AccessLists()
    entries = EntryReader()
    for node in nodes:
        _read(node, lists, entries, ledger)
    for access_list in lists.all():
        access_list.finish()
    return lists


def _read(node: Node, lists: AccessLists, entries: EntryReader, ledger: Ledger) -> None:
    """`access-list NUMBER|KIND NAME [ENTRY]` and `ipv6 access-list [KIND] NAME [ENTRY]`, with or without entries below."""
    if node.keys[-3:-1] == ("access", "list"):
        _read_shown(node, lists, entries, ledger)
        return
    start, family = (2, 6) if node.keys[0] == "ipv6" else (1, 4)
    if node.keys[start - 1] != "access-list" or len(node.keys) <= start:
        ledger.leave(node, DEVICE)
        return
    key = node.keys[start]
    kind = {"hardware": Kind.HARDWARE, "standard": Kind.STANDARD, "extended": Kind.EXTENDED}.get(key)
    frames = False
    if kind is not None and len(node.keys) > start + 1:
        start += 1
    else:
        numbered = _kind_of_number(key) if family == 4 else None
        kind, frames = numbered if numbered is not None else (Kind.HARDWARE if family == 6 else None, False)
    if kind is None:
        ledger.leave(node, DEVICE)
        return
    access_list = lists.named(node.words[start], kind, 4 if family == 4 else 6, node.line, frames)
    if access_list is None:
        ledger.leave(node, DEVICE)
        return
    state = _ListState(access_list, entries, ledger)
    if len(node.keys) > start + 1:
        state.read(node, start + 1)
        return
    ledger.use(node)
    for child in node.children:
        state.read(child, 0)


def _read_shown(node: Node, lists: AccessLists, entries: EntryReader, ledger: Ledger) -> None:
    """`[Named] Standard|Extended|Hardware IP|IPv6|MAC access list NAME`, the headings of `show access-list`."""
    kind = next((kind for kind in Kind if kind.value in node.keys[:2]), Kind.HARDWARE)
    family: Family = 6 if "ipv6" in node.keys[:3] else 4
    access_list = lists.named(node.words[-1], kind, family, node.line, "mac" in node.keys[:3])
    if access_list is None:
        ledger.leave(node, DEVICE)
        return
    ledger.use(node)
    state = _ListState(access_list, entries, ledger)
    for child in node.children:
        state.read(child, 0)


def _kind_of_number(word: str) -> tuple[Kind, bool] | None:
    """The kind of a numbered list, and whether it is for MAC addresses."""
    if not (word.isascii() and word.isdigit() and len(word) < 6):
        return None
    number = int(word)
    if 3000 <= number <= 3699 or 4000 <= number <= 4699:
        return Kind.HARDWARE, number >= 4000
    if 1 <= number <= 99 or 1300 <= number <= 1999:
        return Kind.STANDARD, False
    if 100 <= number <= 199 or 2000 <= number <= 2699:
        return Kind.EXTENDED, False
    return None


@dataclass(slots=True)
class _ListState:
    """Reads the entries of one list."""

    access_list: AccessList
    entries: EntryReader
    ledger: Ledger

    def read(self, node: Node, start: int) -> None:
        words = Words(node.words, node.keys, start)
        sequence: int | None = None
        try:
            if node.children:
                raise NotUnderstoodError("nothing stands below an entry")
            if start == 0 and words.skip("no"):
                self._remove(words)
                self.ledger.use(node)
                return
            if words.skip("remark"):
                self.access_list.remark = " ".join(words.items[words.position :])
                self.ledger.use(node)
                return
            if words.peek() in ("exit", "commit") and len(words.items) == 1:
                self.ledger.use(node)
                return
            if words.peek().isdigit() and start == 0:
                sequence = words.number(1, 65535)
            self._entry(words, sequence, node)
        except NotUnderstoodError:
            if node.keys[start : start + 1] == ("no",):
                # It takes something away, and from which entry on the list is another one is not known.
                self.ledger.leave(node, DEVICE)
                return
            if start == 0 and sequence is None and node.keys[1:2] and node.keys[1] in VERBS:
                sequence = 0  # its number was not understood: it may stand before every other entry
            self.access_list.add(sequence, self._unknown(node.line))
            for below in (node, *node.below()):
                self.ledger.leave_line(below.line)

    def _unknown(self, line: SourceLine) -> FilterLine:
        match = ANY_IPV4_PACKET if self.access_list.family == 4 else ANY_IPV6_PACKET
        matches = ANY_PACKET if self.access_list.kind is Kind.HARDWARE else (match,)
        return FilterLine("", Action.UNKNOWN, matches, (line,), Certainty.UNCERTAIN, _UNREAD_ENTRY)

    def _remove(self, words: Words) -> None:
        """`no N`, or `no ENTRY` for the only entry that reads like that."""
        if words.peek() in VERBS:
            removed = self.access_list.remove_entry(" ".join(words.items[words.position :]))
        else:
            number = words.number(1, 65535)
            words.finish()
            removed = self.access_list.remove(number)
        if not removed:
            raise NotUnderstoodError("no such entry")

    def _entry(self, words: Words, sequence: int | None, node: Node) -> None:
        if words.peek() not in VERBS:
            raise NotUnderstoodError("no action")
        if self.access_list.frames:
            entry = self.entries.frames(words)
        else:
            entry = self.entries.read(words, self.access_list.kind, self.access_list.family)
        if entry.tail:
            entry.uncertain(_UNREAD_OPTION)
            self.ledger.leave_line(node.line)
        else:
            self.ledger.use(node)
        if entry.verb is Verb.SEND_TO_PORT:
            self.access_list.redirects.append(node.line)
        self._add(entry, sequence, node.line)

    def _add(self, entry: Entry, sequence: int | None, source: SourceLine) -> None:
        line = FilterLine(
            "",
            entry.action,
            entry.matches,
            (source,),
            entry.certainty,
            entry.doubt,
            entry.logged,
            comment=self.access_list.remark,
        )
        self.access_list.remark = ""
        if not self.access_list.add(sequence, line):
            self.ledger.notice(NoticeKind.OVERWRITTEN, _DUPLICATE, (source,))


_REDIRECTS = Text(
    ja="ハードウェアアクセスリストが、一致した通信を指定した VLAN・ポートへ直接送ります。経路やほかのフィルターは通りません",
    en="a hardware access list sends what matches to a VLAN and port of its own choice, past routing and other filters",
)


def doubt_redirects(applied: list[AccessList], ledger: Ledger) -> None:
    """Lists that are applied and send packets elsewhere make the whole device doubtful: they may get into any VLAN."""
    lines = tuple(line for one in applied for line in one.redirects)
    if lines:
        ledger.doubt(DoubtKind.UNSUPPORTED, _REDIRECTS, lines)
