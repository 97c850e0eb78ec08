"""Repairs as UNIVERGE IX commands.

Entries can only be appended to an access list (NE-10), so a denying line is never put into one. Between two lists, or before the first, it
becomes a list of its own with a number between theirs: a packet that it does not match goes on to the next list (NE-11).
Inside a list it takes a copy of that list under a new name, which takes its place: the new one is applied before the old one is taken
away, so no direction ever stands without a list. A single entry is deleted where nothing else uses its list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import Certainty, Filter, FilterLine
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.commands import Commands, NotSaidError, append_lines
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import LineTree, read_tree
from secaudit.vendors.nec_ix.access_lists import AccessList, read_access_lists
from secaudit.vendors.nec_ix.entry_text import denials
from secaudit.vendors.nec_ix.interface_facts import AppliedList, InterfaceFacts
from secaudit.vendors.nec_ix.interfaces import read_interface
from secaudit.vendors.nec_ix.reader import device_parts
from secaudit.vendors.nec_ix.sections import collect
from secaudit.vendors.wording import NOT_REMOVABLE, SEVERAL_DEVICES, UNPLACED, unused

_FAMILIES: tuple[Family, Family] = (4, 6)
_WORD: dict[Family, str] = {4: "ip", 6: "ipv6"}
_MOST_NUMBER = 65535
_FIRST_NUMBER = 10
_LONGEST_STEM = 8
"""Names of lists have 15 characters at the most in older releases (NE-15); a suffix and a counter follow."""
_NUMBERING = re.compile(r"^\s*ip(?:v6)?\s+access-list\s+\S+\s+(?:\d+\s+)?")
_EVERYTHING = "ip src any dest any"
_FRESH = Text(
    ja="業務に影響しない時間帯に投入し、通信を確かめてから write memory で保存すること。問題があれば保存せずに再起動すると元に戻る。",
    en="use a maintenance window, test, and then keep the change with `write memory`; without it a restart brings the old state back",
)
_OWN_LIST = Text(
    ja="遮断する行だけの一覧を作り、既存の一覧より先に評価される番号で適用する。既存の一覧は変わらない。",
    en="the denying lines are a list of their own, with a number that is tried before the lists that are there; those stay as they are",
)
_COPIED = Text(
    ja="アクセスリストには末尾への追加しかできないため、新しい名前の一覧を作って適用先を切り替える。古い一覧は残るので、問題がないことを確かめてから削除すること。",
    en="entries can only be appended, so a list with a new name takes the place of the old one, which is kept; delete it when the new one has proved itself",
)
_NOT_PLAIN = Text(
    ja="ダイナミックアクセスリスト、NAT と併用されたフィルタ、定義のない一覧、同じ番号の一覧が関わるため、投入コマンドにしない。",
    en="dynamic lists, filters beside NAT, undefined lists or lists of one number are concerned, so it is not put into commands",
)
_NO_NUMBER = Text(
    ja="適用する番号に空きがない。",
    en="there is no free number for the list",
)
_NUMBERED = Text(
    ja="シーケンス番号の付いた一覧は、投入コマンドにしない。",
    en="a list with sequence numbers is not put into commands",
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a change falls: before entry `entry` of the list at `index` of a family (`index` behind the last list: at the end)."""

    family: Family
    index: int
    entry: int


@dataclass(slots=True)
class _Direction:
    """The lists of one interface and direction, while they are changed. `own` are new lists by the index before which they stand."""

    interface: str
    direction: str
    applied: dict[Family, list[AppliedList]]
    own: dict[tuple[Family, int], list[str]] = field(default_factory=dict)
    inserted: dict[tuple[Family, int], dict[int, list[str]]] = field(default_factory=dict)
    removed: dict[tuple[Family, int], set[int]] = field(default_factory=dict)
    new: dict[Family, list[str]] = field(default_factory=dict)
    """Denials of a family that no list filters yet; everything else of it passes."""


class NecIxCommandWriter:
    """See `secaudit.vendors.commands.CommandWriter`."""

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """The lists first, then the interfaces that apply them. Raises `NotSaidError`."""
        parts = device_parts(text.lines)
        if len(parts) != 1:
            raise NotSaidError(SEVERAL_DEVICES)
        session = _Session(device, read_tree(parts[0]))
        for change in changes:
            session.change(change)
        lines = tuple(session.lines())
        return Commands(device.name, device.vendor, lines, (*session.notes, _FRESH))

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """Commands at the end: a block of an interface that comes again adds to the first."""
        return append_lines(text, lines)


class _Session:
    """The changes of one device."""

    def __init__(self, device: Device, tree: LineTree) -> None:
        self.notes: dict[Text, None] = {}
        self._device = device
        sections = collect(tree, Ledger())
        self._lists = read_access_lists(sections.of("list"), Ledger(), denials_logged=False)
        self._facts: dict[str, InterfaceFacts] = {}
        for node in sections.of("interface"):
            read_interface(node, self._facts, Ledger())
        self._elsewhere = _other_uses(tree)
        self._taken = {name for _, name in (*self._lists.static, *self._lists.dynamic)} | sections.words
        self._directions: dict[tuple[str, str], _Direction] = {}

    def change(self, change: Change) -> None:
        """Notes one change. Raises `NotSaidError`."""
        match change:
            case InsertDeny():
                for user in self._users(change.filter):
                    self._insert(change, user)
            case RemoveLine():
                for user in self._users(change.filter):
                    self._remove(change, user)
            case AddFilter():
                self._add(change)
            case _:
                assert_never(change)

    # --- where a change falls

    def _users(self, name: str) -> list[_Direction]:
        found = [
            self._direction(interface.name, direction)
            for interface in self._device.interfaces.values()
            for direction, held in (("in", interface.filter_in), ("out", interface.filter_out))
            if held == name
        ]
        if not found:
            raise NotSaidError(UNPLACED)
        return found

    def _direction(self, interface: str, direction: str) -> _Direction:
        held = self._directions.get((interface, direction))
        if held is None:
            facts = self._facts[interface]
            if facts.nat:
                raise NotSaidError(_NOT_PLAIN)
            applied = {
                family: sorted(facts.filters.get((family, direction), []), key=lambda one: one.sequence)
                for family in _FAMILIES
            }
            held = self._directions[interface, direction] = _Direction(interface, direction, applied)
        return held

    def _plain_lists(self, user: _Direction, filter_: Filter) -> dict[Family, list[AccessList]]:
        """The static lists that the filter is made of. Raises `NotSaidError` where it is made of anything else."""
        found: dict[Family, list[AccessList]] = {}
        labels: list[str] = []
        for family in _FAMILIES:
            found[family] = []
            numbers = [one.sequence for one in user.applied[family]]
            if len(set(numbers)) < len(numbers):
                raise NotSaidError(_NOT_PLAIN)
            for one in user.applied[family]:
                held = self._lists.get(family, one.name)
                if held is None or (family, one.name) in self._lists.dynamic:
                    raise NotSaidError(_NOT_PLAIN)
                if any(entry is not None and entry.sequence is not None for entry, _ in held.entries):
                    raise NotSaidError(_NUMBERED)
                found[family].append(held)
                labels += [line.label for line in held.lines]
        if [line.label for line in filter_.lines[: len(labels)]] != labels:
            raise NotSaidError(_NOT_PLAIN)
        if len(filter_.lines) - len(labels) > sum(not found[family] for family in _FAMILIES):
            raise NotSaidError(_NOT_PLAIN)
        return found

    def _place(self, lists: dict[Family, list[AccessList]], family: Family, position: int) -> _Place:
        """Where a position of the filter is among the entries of a family; before its first, or behind its last, when it is outside."""
        if family == 6:
            position -= sum(len(held.lines) for held in lists[4])
        for index, held in enumerate(lists[family]):
            if position <= 0:
                return _Place(family, index, 0)
            if position < len(held.lines):
                return _Place(family, index, position)
            position -= len(held.lines)
        return _Place(family, len(lists[family]), 0)

    def _insert(self, change: InsertDeny, user: _Direction) -> None:
        filter_ = self._device.filters[change.filter]
        if change.position == 0 and filter_.lines and filter_.lines[0].certainty is Certainty.ALWAYS:
            self._insert_first(change, user)
            return
        lists = self._plain_lists(user, filter_)
        for family in _FAMILIES:
            matches = [match for match in change.matches if match.family == family]
            if not matches:
                continue
            entries = denials(family, matches)
            if not lists[family]:
                before = filter_.lines[: change.position]
                if any(not line.label[-1:].isdigit() and _is_of(line, family) for line in before):
                    raise NotSaidError(UNPLACED)
                user.new.setdefault(family, []).extend(entries)
                continue
            place = self._place(lists, family, change.position)
            if place.entry == 0:
                user.own.setdefault((family, place.index), []).extend(entries)
            else:
                user.inserted.setdefault((family, place.index), {}).setdefault(place.entry, []).extend(entries)

    def _insert_first(self, change: InsertDeny, user: _Direction) -> None:
        """Before everything else, whatever that is: a list of its own with a number before all others."""
        for family in _FAMILIES:
            matches = [match for match in change.matches if match.family == family]
            if matches:
                entries = denials(family, matches)
                if user.applied[family]:
                    user.own.setdefault((family, 0), []).extend(entries)
                else:
                    user.new.setdefault(family, []).extend(entries)

    def _remove(self, change: RemoveLine, user: _Direction) -> None:
        lists = self._plain_lists(user, self._device.filters[change.filter])
        position = change.position
        for family in _FAMILIES:
            for index, held in enumerate(lists[family]):
                if position < len(held.lines):
                    user.removed.setdefault((family, index), set()).add(position)
                    return
                position -= len(held.lines)
        raise NotSaidError(NOT_REMOVABLE)

    def _add(self, change: AddFilter) -> None:
        user = self._direction(change.interface, "out" if change.outgoing else "in")
        for family in _FAMILIES:
            matches = [match for match in change.matches if match.family == family]
            if user.applied[family]:
                raise NotSaidError(UNPLACED)
            if matches:
                user.new.setdefault(family, []).extend(denials(family, matches))

    # --- commands

    def lines(self) -> Iterator[str]:
        """The commands of all changes."""
        definitions: list[str] = []
        names: dict[tuple[str, ...], str] = {}
        blocks: dict[str, list[str]] = {}
        for user in self._directions.values():
            applied = list(self._changed(user, definitions, names))
            if applied:
                blocks.setdefault(user.interface, []).extend(applied)
        yield from definitions
        for interface, applied in blocks.items():
            yield f"interface {interface}"
            yield from (f"  {line}" for line in applied)
            yield "  exit"

    def _changed(self, user: _Direction, definitions: list[str], names: dict[tuple[str, ...], str]) -> Iterator[str]:
        """The lines of one interface and direction: what is applied first, then what is taken away."""
        gone: list[str] = []
        for family in _FAMILIES:
            numbers = [one.sequence for one in user.applied[family]]
            if family in user.new:
                stem = f"{user.direction}-{re.sub(r'[^A-Za-z0-9]+', '', user.interface)[-5:]}"
                name = self._define(family, stem, [*user.new[family], f"permit {_EVERYTHING}"], definitions, names)
                yield f"{_WORD[family]} filter {name} {_FIRST_NUMBER} {user.direction}"
            for index in range(len(numbers) + 1):
                entries = user.own.get((family, index))
                if entries:
                    number = _between(numbers, index)
                    name = self._define(family, "deny", entries, definitions, names)
                    self.notes[_OWN_LIST] = None
                    yield f"{_WORD[family]} filter {name} {number} {user.direction}"
            for index, one in enumerate(user.applied[family]):
                edited = self._edited(user, family, index, one, definitions, names)
                if edited is None:
                    continue
                used = {
                    *numbers,
                    *(_between(numbers, at) for at in range(len(numbers) + 1) if (family, at) in user.own),
                }
                number = _beside(one.sequence, numbers, index, used)
                silent = " suppress-logging" if one.silent else ""
                yield f"{_WORD[family]} filter {edited} {number} {user.direction}{silent}"
                gone.append(f"no {_WORD[family]} filter {one.name} {one.sequence} {user.direction}")
        yield from gone

    def _edited(
        self,
        user: _Direction,
        family: Family,
        index: int,
        one: AppliedList,
        definitions: list[str],
        names: dict[tuple[str, ...], str],
    ) -> str | None:
        """The name of the list that takes the place of one; None when it stays, or only entries of it are deleted."""
        inserted = user.inserted.get((family, index), {})
        removed = user.removed.get((family, index), set())
        if not inserted and not removed:
            return None
        held = self._lists.static[family, one.name]
        if any(entry is None for entry, _ in held.entries):
            raise NotSaidError(_NOT_PLAIN)
        if not inserted and len(removed) < len(held.lines) and self._only_here(family, one.name, removed):
            for place in sorted(removed):
                line = f"no {_WORD[family]} access-list {one.name} {_entry(held.lines[place])}"
                if line not in definitions:
                    definitions.append(line)
            return None
        entries: list[str] = []
        for place in range(len(held.lines) + 1):
            entries += inserted.get(place, ())
            if place < len(held.lines) and place not in removed:
                entries.append(_entry(held.lines[place]))
        self.notes[_COPIED] = None
        return self._define(family, one.name, entries or [f"deny {_EVERYTHING}"], definitions, names)

    def _only_here(self, family: Family, name: str, removed: set[int]) -> bool:
        """Whether every use of a list is a direction in which the same entries are removed, and no entry stands in it twice."""
        held = self._lists.static[family, name]
        texts = [_entry(line).lower() for line in held.lines]
        if name in self._elsewhere or any(texts.count(texts[place]) > 1 for place in removed):
            return False
        for interface, facts in self._facts.items():
            for (of_family, direction), applied in facts.filters.items():
                if of_family != family:
                    continue
                for index, one in enumerate(sorted(applied, key=lambda held: held.sequence)):
                    user = self._directions.get((interface, direction))
                    if one.name == name and (
                        user is None
                        or user.removed.get((family, index)) != removed
                        or user.inserted.get((family, index))
                    ):
                        return False
        return True

    def _define(
        self, family: Family, stem: str, entries: list[str], definitions: list[str], names: dict[tuple[str, ...], str]
    ) -> str:
        """A list under a new name; the same entries are defined once."""
        key = (_WORD[family], *entries)
        known = names.get(key)
        if known is not None:
            return known
        name = names[key] = unused(f"{stem[:_LONGEST_STEM].rstrip('-')}-fix", self._taken)
        definitions += [f"{_WORD[family]} access-list {name} {entry}" for entry in entries]
        return name


def _entry(line: FilterLine) -> str:
    """An entry as written, without the name of its list and its number."""
    return " ".join(_NUMBERING.sub("", line.sources[0].text, count=1).split())


def _is_of(line: FilterLine, family: Family) -> bool:
    return any(match.family == family for match in line.matches)


def _between(numbers: Sequence[int], index: int) -> int:
    """A number that is tried between those of two lists. Raises `NotSaidError` where there is none."""
    low = numbers[index - 1] if index else 0
    high = numbers[index] if index < len(numbers) else min(low + 2 * _FIRST_NUMBER, _MOST_NUMBER + 1)
    if high - low < 2:
        raise NotSaidError(_NO_NUMBER)
    return (low + high) // 2


def _beside(own: int, numbers: Sequence[int], index: int, used: set[int]) -> int:
    """A free number next to that of a list, with nothing between. Raises `NotSaidError` where there is none."""
    high = numbers[index + 1] if index + 1 < len(numbers) else _MOST_NUMBER + 1
    if own + 1 < high and own + 1 not in used:
        return own + 1
    low = numbers[index - 1] if index else 0
    if own - 1 > low and own - 1 not in used:
        return own - 1
    raise NotSaidError(_NO_NUMBER)


def _other_uses(tree: LineTree) -> set[str]:
    """Every word of a line that may name a list and is no `ip filter` of an interface and no entry."""
    found: set[str] = set()
    for root in tree.roots:
        static = root.keys[:2] in (("ip", "access-list"), ("ipv6", "access-list")) and root.keys[2:3] != ("dynamic",)
        if not static:
            found.update(root.words[2:])
        for node in root.below():
            if node.keys[:2] not in (("ip", "filter"), ("ipv6", "filter")):
                found.update(node.words[1:])
    return found


WRITER = NecIxCommandWriter()
