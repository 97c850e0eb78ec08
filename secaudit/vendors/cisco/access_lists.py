"""Access lists: numbered, named, standard, extended and IPv6 (IO-01)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.intervals import ANY_IPV6
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET, ICMPV6, Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.access_entries import Entry, EntryReader
from secaudit.vendors.cisco.words import Words
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.permit_sets import PermitSet, permitted

_ACTIONS = {"permit": Action.PERMIT, "deny": Action.DENY}
_MOST_EVIDENCE = 50
_MOST_EDITS = 500
"""`no N` and `resequence` of one list: each looks at the whole list."""
_UNREAD_ENTRY = Text(
    ja="この行を読み取れないため、何を許可・拒否するか分かりません",
    en="this entry was not understood: it could permit or deny anything",
)
_EMPTY_LIST = Text(
    ja="アクセスリストは定義されていますが有効な行がなく、条件として使われたときの動作を確認できません",
    en="the access list has no entry; what it selects when it is used as a condition is not certain",
)

_DUPLICATE = Text(
    ja="同じ番号の行が前にあり、どちらが有効か確認できません",
    en="an earlier entry has the same number; which of them is in force is not certain",
)


@dataclass(slots=True)
class AccessList:
    """A list as read. `lines` is in the order in which the device tries them once `finish` was called."""

    name: str
    family: Family
    standard: bool
    definition: SourceLine
    entries: list[tuple[int, FilterLine]] = field(default_factory=list)
    reflects: dict[str, list[Match]] = field(default_factory=dict)
    """Name of a reflexive list to the packets that open its entries."""
    evaluates: set[str] = field(default_factory=set)
    remark: str = ""
    """The last remark; it becomes the comment of the next entry."""
    lines: tuple[FilterLine, ...] = ()
    remark_numbers: set[int] = field(default_factory=set)
    """Numbers that remarks have, on devices where they take part in the numbering (NX-OS)."""
    _sequences: set[int] = field(default_factory=set)
    _highest: int = 0
    _edits: int = 0
    _permitted: PermitSet | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing but remarks is in it."""
        return not self.entries and not self.evaluates

    @property
    def evidence(self) -> Sources:
        """The lines that say what the list selects; only its first line when it is long."""
        if len(self.lines) > _MOST_EVIDENCE:
            return (self.definition,)
        return tuple(dict.fromkeys((self.definition, *(line.sources[0] for line in self.lines))))

    def permitted(self) -> PermitSet:
        """What the list permits, for its use as a condition."""
        if self._permitted is None:
            self._permitted = permitted(self.lines)
        return self._permitted

    def place(self, sequence: int | None) -> tuple[int, bool]:
        """The number of the next entry, and whether that number is taken already."""
        number = self._highest + 10 if sequence is None else sequence
        taken = number in self._sequences
        self._sequences.add(number)
        self._highest = max(self._highest, number)
        return number, taken

    def place_remark(self, sequence: int | None) -> None:
        """A remark that takes a number."""
        number, taken = self.place(sequence)
        if not taken:
            self.remark_numbers.add(number)

    def remove(self, number: int) -> bool:
        """`no N`: takes the entry with that number out; False when there is none, more than one, or it may have opened others."""
        if number in self.remark_numbers and self._edits < _MOST_EDITS:
            self._edits += 1
            self.remark_numbers.discard(number)
            self._sequences.discard(number)
            return not any(held == number for held, _ in self.entries)
        held = [entry for entry in self.entries if entry[0] == number] if self._edits < _MOST_EDITS else []
        if len(held) != 1 or self.reflects:
            return False
        self._edits += 1
        self.entries.remove(held[0])
        self._sequences.discard(number)
        self._highest = max(self._sequences, default=0)
        return True

    def resequence(self, first: int, step: int) -> bool:
        """Numbers the entries anew in their order; False when two have the same number, so that the order is not known."""
        if self._edits >= _MOST_EDITS or self.remark_numbers:
            return False
        self._edits += 1
        self.entries.sort(key=lambda entry: entry[0])
        if len({number for number, _ in self.entries}) < len(self.entries) or self.evaluates:
            return False
        self.entries = [
            (first + place * step, replace(line, label=str(first + place * step)))
            for place, (_, line) in enumerate(self.entries)
        ]
        self._sequences = {number for number, _ in self.entries}
        self._highest = max(self._sequences, default=0)
        return True

    def finish(self) -> None:
        """Puts the entries in order of their numbers; an empty list becomes one that nobody can tell."""
        self.entries.sort(key=lambda entry: entry[0])
        repeated = {
            self.entries[i][0] for i in range(1, len(self.entries)) if self.entries[i][0] == self.entries[i - 1][0]
        }
        self.lines = tuple(
            replace(line, certainty=Certainty.UNCERTAIN, doubt=line.doubt or _DUPLICATE) if number in repeated else line
            for number, line in self.entries
        )
        if self.empty:
            self.lines = (unknown_line("", self.family, self.definition, _EMPTY_LIST),)


def unknown_line(label: str, family: Family, line: SourceLine, doubt: Text) -> FilterLine:
    """An entry that could permit or deny anything of its family."""
    match = ANY_IPV4_PACKET if family == 4 else ANY_IPV6_PACKET
    return FilterLine(label, Action.UNKNOWN, (match,), (line,), Certainty.UNCERTAIN, doubt)


def neighbour_discovery_lines(definition: SourceLine) -> tuple[FilterLine, ...]:
    """What every IPv6 list permits before its implicit deny: neighbour advertisement and solicitation."""
    return tuple(
        FilterLine(
            f"implicit {name}",
            Action.PERMIT,
            (Match(6, ANY_IPV6, ANY_IPV6, (Service(((ICMPV6, ICMPV6),), icmp_types=((kind, kind),)),)),),
            (definition,),
        )
        for name, kind in (("nd-na", 136), ("nd-ns", 135))
    )


def read_access_lists(
    named: list[Node], numbered: list[Node], ipv6: list[Node], reader: EntryReader, ledger: Ledger
) -> tuple[dict[str, AccessList], dict[str, AccessList]]:
    """All IPv4 lists and all IPv6 lists by name. A number is the name of a numbered list."""
    lists: dict[str, AccessList] = {}
    # A numbered list may be written in both ways; each entry without a number goes to the end of what was written before it.
    for node in sorted((*numbered, *named), key=lambda node: node.line.number):
        if node.keys[0] == "access-list":
            _read_numbered(node, lists, reader, ledger)
        else:
            _read_named(node, lists, reader, ledger)
    ipv6_lists: dict[str, AccessList] = {}
    for node in ipv6:
        _read_ipv6(node, ipv6_lists, reader, ledger)
    for access_list in (*lists.values(), *ipv6_lists.values()):
        access_list.finish()
    return lists, ipv6_lists


def _is_standard(number: str) -> bool | None:
    """Whether a numbered list is standard (True) or extended (False); None for other kinds."""
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        return None
    value = int(number)
    if 1 <= value <= 99 or 1300 <= value <= 1999:
        return True
    if 100 <= value <= 199 or 2000 <= value <= 2699:
        return False
    return None


def _read_numbered(node: Node, lists: dict[str, AccessList], reader: EntryReader, ledger: Ledger) -> None:
    number = node.words[1] if len(node.words) > 2 else ""
    standard = _is_standard(number)
    if standard is None or node.children:
        ledger.leave(node, DEVICE)
        return
    access_list = lists.get(number)
    if access_list is None:
        access_list = lists[number] = AccessList(number, 4, standard, node.line)
    state = _ListState(access_list, reader, ledger)
    state.read(node, 2)


def _read_named(node: Node, lists: dict[str, AccessList], reader: EntryReader, ledger: Ledger) -> None:
    if node.keys[2:3] == ("resequence",):
        _resequence(node, lists, ledger)
        return
    if len(node.keys) != 4 or node.keys[2] not in ("standard", "extended"):
        ledger.leave(node, DEVICE)
        return
    name = node.words[3]
    access_list = lists.get(name)
    if access_list is None:
        access_list = lists[name] = AccessList(name, 4, node.keys[2] == "standard", node.line)
    _read_block(node, access_list, reader, ledger)


def _resequence(node: Node, lists: dict[str, AccessList], ledger: Ledger) -> None:
    """`ip access-list resequence NAME FIRST STEP` (10 and 10 when left out): typed by people, never printed by a device."""
    words = Words(node.words, node.keys, 3)
    try:
        access_list = lists.get(words.take())
        first = words.number(1, 2**31 - 1) if words else 10
        step = words.number(1, 2**31 - 1) if words else 10
        words.finish()
        if access_list is None or node.children or not access_list.resequence(first, step):
            raise NotUnderstoodError("nothing to number")
        ledger.use(node)
    except NotUnderstoodError:
        ledger.leave(node, DEVICE)


def _read_ipv6(node: Node, lists: dict[str, AccessList], reader: EntryReader, ledger: Ledger) -> None:
    if len(node.keys) != 3:
        ledger.leave(node, DEVICE)
        return
    name = node.words[2]
    access_list = lists.get(name)
    if access_list is None:
        access_list = lists[name] = AccessList(name, 6, False, node.line)
    _read_block(node, access_list, reader, ledger)


def _read_block(node: Node, access_list: AccessList, reader: EntryReader, ledger: Ledger) -> None:
    ledger.use(node)
    state = _ListState(access_list, reader, ledger)
    for child in node.children:
        state.read(child, 0)


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
                if words.skip("sequence") or words.peek().isdigit():
                    sequence = words.number(1, 2**32 - 1)
            if words.peek() in _ACTIONS:
                self._entry(words, sequence, node.line)
            elif words.skip("remark"):
                self.access_list.remark = " ".join(words.items[words.position :])
            elif words.skip("evaluate"):
                self.access_list.evaluates.add(words.take())
            elif words.peek() != "exit" or len(words.items) > 1:
                self._entry(words, sequence, node.line)
            self.ledger.use(node)
        except NotUnderstoodError:
            if node.keys[start] == "no":
                # It takes something away, and from which entry on the list is another one is not known.
                self.ledger.leave(node, DEVICE)
                return
            number, _ = self.access_list.place(sequence)
            line = unknown_line(str(number), self.access_list.family, node.line, _UNREAD_ENTRY)
            self.access_list.entries.append((number, line))
            self.ledger.leave_line(node.line)
            for below in node.below():
                self.ledger.leave_line(below.line)

    def _remove(self, words: Words) -> None:
        """`no 30`, as people type it in an IPv4 list; what else may follow `no` is not read."""
        if self.access_list.family == 6:
            raise NotUnderstoodError("entries of IPv6 lists are removed otherwise")
        number = words.number(1, 2**32 - 1)
        words.finish()
        if not self.access_list.remove(number):
            raise NotUnderstoodError("no such entry")

    def _entry(self, words: Words, sequence: int | None, source: SourceLine) -> None:
        dynamic = words.skip("dynamic")
        if dynamic:
            words.take()
            if words.skip("timeout"):
                words.number(1, 2**31)
        action = _ACTIONS.get(words.peek())
        if action is None:
            raise NotUnderstoodError(f"{words.peek()!r} is neither permit nor deny")
        words.take()
        entry = self._read_entry(words)
        if dynamic and entry.certainty is Certainty.ALWAYS:
            entry.certainty = Certainty.SOMETIMES  # lock-and-key: only while somebody has logged in
        self._add(entry, action, entry.sequence if sequence is None else sequence, source)

    def _read_entry(self, words: Words) -> Entry:
        if self.access_list.standard:
            return self.reader.standard(words)
        return self.reader.extended(words, self.access_list.family)

    def _add(self, entry: Entry, action: Action, sequence: int | None, source: SourceLine) -> None:
        number, taken = self.access_list.place(sequence)
        if taken:
            self.ledger.notice(NoticeKind.OVERWRITTEN, _DUPLICATE, (source,))
        if entry.reflect is not None:
            self.access_list.reflects.setdefault(entry.reflect, []).extend(entry.matches)
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


def unused_lists(
    words: Set[str], lists: Mapping[str, AccessList], ipv6_lists: Mapping[str, AccessList], ledger: Ledger
) -> None:
    """A notice for each list that nothing names."""
    for access_list in (*lists.values(), *ipv6_lists.values()):
        if access_list.name not in words:
            ledger.notice(
                NoticeKind.UNUSED_FILTER,
                Text(
                    ja=f"アクセスリスト {access_list.name} はどこからも使われていません",
                    en=f"access list {access_list.name} is not used anywhere",
                ),
                (access_list.definition,),
            )
