"""Access lists: entries in the order in which they were entered, and the edits that people type (AS-02)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.matches import ANY_PACKET
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco_asa.access_entries import Entry, EntryReader
from secaudit.vendors.cisco_asa.addresses import Words
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node

_ACTIONS = {"permit": Action.PERMIT, "deny": Action.DENY}
_MOST_EDITS = 500
_UNREAD_ENTRY = Text(
    ja="この行を読み取れないため、何を許可・拒否するか分かりません",
    en="this entry was not understood: it could permit or deny anything",
)


@dataclass(slots=True)
class AccessList:
    """A list as read; `lines` are its entries in the order in which they are tried."""

    name: str
    definition: SourceLine
    ingress: frozenset[str] | None = None
    """The interfaces at which it is applied to what comes in: most lists are for that alone."""
    other: bool = False
    """EtherType or webtype: it filters no IP packets of interfaces."""
    remark: str = ""
    lines: tuple[FilterLine, ...] = ()
    disabled: tuple[FilterLine, ...] = ()
    inactive: set[int] = field(default_factory=set)
    """The numbers of the lines of the file that are not in force."""
    placed: list[FilterLine | None] = field(default_factory=list)
    """As `show access-list` numbers them: entries, and remarks (None)."""
    _words: list[tuple[str, ...]] = field(default_factory=list)
    """The words of each."""
    _edits: int = 0

    def add(self, words: tuple[str, ...], line: FilterLine | None, number: int | None) -> None:
        """At the end, or before what has that number now."""
        if number is None or number > len(self.placed):
            self.placed.append(line)
            self._words.append(words)
            return
        if self._edits >= _MOST_EDITS:
            raise NotUnderstoodError("too many edits")
        self._edits += 1
        self.placed.insert(max(number, 1) - 1, line)
        self._words.insert(max(number, 1) - 1, words)

    def remove(self, words: tuple[str, ...]) -> bool:
        """`no access-list NAME ...`: takes the entry with the same words out; False when there is none."""
        if self._edits >= _MOST_EDITS:
            return False
        self._edits += 1
        for place, one in enumerate(self._words):
            if _plain(one) == words:
                del self.placed[place], self._words[place]
                return True
        return False

    def finish(self) -> None:
        """Settles the order, once nothing is added any more."""
        entries = [line for line in self.placed if line is not None]
        off = self.inactive
        self.lines = tuple(entries if not off else (one for one in entries if one.sources[0].number not in off))
        self.disabled = tuple(one for one in entries if one.sources[0].number in off) if off else ()

    def at(self, ingress: frozenset[str] | None) -> list[FilterLine]:
        """The entries for packets that enter by these interfaces (None: by any)."""
        if ingress == self.ingress:
            return list(self.lines)
        return [
            FilterLine(
                line.label, line.action, line.matches, line.sources, line.certainty, line.doubt, line.logged, ingress,
                comment=line.comment,
            )
            for line in self.lines
        ]  # fmt: skip


def unknown_line(label: str, sources: Sources, doubt: Text, ingress: frozenset[str] | None = None) -> FilterLine:
    """A line that could permit or deny anything."""
    return FilterLine(label, Action.UNKNOWN, ANY_PACKET, sources, Certainty.UNCERTAIN, doubt, ingress=ingress)


def read_access_lists(
    nodes: Iterable[Node], reader: EntryReader, applied: Mapping[str, frozenset[str]], ledger: Ledger
) -> dict[str, AccessList]:
    """Every list by name. `no access-list` and `clear configure access-list` take away again.

    `applied` tells at which interfaces lists are asked about what comes in.
    """
    lists: dict[str, AccessList] = {}
    state = _Reading(lists, reader, applied, ledger)
    for node in nodes:
        state.read(node)
    for one in lists.values():
        one.finish()
    return lists


@dataclass(slots=True)
class _Reading:
    lists: dict[str, AccessList]
    reader: EntryReader
    applied: Mapping[str, frozenset[str]]
    ledger: Ledger

    def read(self, node: Node) -> None:
        keys = node.keys
        if keys[0] == "no":
            self._remove(node)
        elif keys[0] == "clear":
            if len(keys) == 4 and self.lists.pop(node.words[3], None) is not None:
                self.ledger.use_all(node)
            else:
                self.ledger.leave(node)
        elif len(keys) < 3 or keys[1] in ("alert-interval", "deny-flow-max"):
            self.ledger.leave(node)
        else:
            self._line(node)

    def _remove(self, node: Node) -> None:
        held = self.lists.get(node.words[2]) if len(node.words) > 3 else None
        if held is not None and held.remove(_plain(node.keys[1:])):
            self.ledger.use_all(node)
        else:
            self.ledger.leave(node)

    def _line(self, node: Node) -> None:
        name = node.words[1]
        held = self.lists.get(name)
        if held is None:
            held = self.lists[name] = AccessList(name, node.line, self.applied.get(name))
        words = self.reader.objects.words(node, 2)
        number: int | None = None
        try:
            if node.children:
                raise NotUnderstoodError("nothing stands below an entry")
            if words.skip("line"):
                number = words.number(1, 2**31)
            key = words.peek()
            if key in ("ethertype", "webtype"):
                held.other = True
                held.add(node.keys, None, number)
            elif key == "remark":
                held.remark = " ".join(words.items[words.position + 1 :])
                held.add(node.keys, None, number)
            else:
                self._entry(held, words, number, node)
            self.ledger.use(node)
        except NotUnderstoodError:
            label = f"{name} {len(held.placed) + 1}"
            held.add(node.keys, unknown_line(label, (node.line,), _UNREAD_ENTRY, held.ingress), None)
            self.ledger.leave_line(node.line)
            for below in node.below():
                self.ledger.leave_line(below.line)

    def _entry(self, held: AccessList, words: Words, number: int | None, node: Node) -> None:
        read: Callable[[Words], Entry] = self.reader.extended
        if words.skip("standard"):
            read = self.reader.standard
        else:
            words.skip("extended")
        action = _ACTIONS.get(words.peek())
        if action is None:
            raise NotUnderstoodError(f"{words.peek()!r} is neither permit nor deny")
        words.position += 1
        entry = read(words)
        label = f"{held.name} {len(held.placed) + 1 if number is None else number}"
        line = FilterLine(
            label,
            action,
            entry.matches,
            (node.line,),
            entry.certainty,
            entry.doubt,
            entry.logged is True or (action is Action.DENY and entry.logged is None),
            held.ingress,
            comment=held.remark,
        )
        held.remark = ""
        held.add(node.keys, line, number)
        if entry.inactive:
            held.inactive.add(node.line.number)


def _plain(keys: tuple[str, ...]) -> tuple[str, ...]:
    """An entry without what may be left out when it is named again: its number and `extended`."""
    start = 4 if keys[2:3] == ("line",) else 2
    if keys[start : start + 1] == ("extended",):
        start += 1
    return keys[start:]
