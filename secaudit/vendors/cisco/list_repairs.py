"""Repairs of access lists as commands of IOS and NX-OS: entries with sequence numbers where that is safe, else a new list that takes the place of the old one.

An IPv4 list that only the changed interfaces use is edited in place. A running configuration that prints no sequence numbers does not
tell them (entries that somebody inserted have others than 10, 20, 30), so the list is numbered anew first; the order is what the
file shows. A list that something else uses, and every IPv6 list, is copied under a new name instead: the interface
changes from the one to the other by one command, and never stands without a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import assert_never

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import Filter, FilterLine
from secaudit.network.matches import ANY_SERVICE, Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco.access_lists import AccessList
from secaudit.vendors.cisco.entry_text import bare_entry, denials
from secaudit.vendors.commands import Commands, NotSaidError
from secaudit.vendors.common.lines import LineTree, Node
from secaudit.vendors.wording import (
    NOT_REMOVABLE,
    SEVERAL_DEVICES,
    UNPLACED,
)

_FAMILIES: tuple[Family, ...] = (4, 6)
_APPLIED: dict[Family, tuple[str, str]] = {4: ("ip", "access-group"), 6: ("ipv6", "traffic-filter")}
_STEP = 10
_USES = frozenset(
    ("access-group", "access-class", "traffic-filter", "list", "match", "address", "community", "acl", "distribute-list", "group",
     "filter", "access-list", "debug", "peer", "serve", "view", "rp-address", "boundary", "class", "distance", "offset-list", "directed-broadcast")
)  # fmt: skip
"""Words of lines in which a number can be that of an access list."""
_FRESH = Text(
    ja="業務に影響しない時間帯に投入し、通信を確かめてから copy running-config startup-config で保存すること。",
    en="use a maintenance window, test, and then keep the change with `copy running-config startup-config`",
)
_RENUMBERED = Text(
    ja="一覧の番号を振り直してから行を加える。順序は提出された設定のとおりであることを show ip access-lists で確かめること。",
    en="the list is numbered anew first; check with `show ip access-lists` that its order is that of the submitted file",
)
_COPIED = Text(
    ja="新しい名前の一覧を作り、インタフェースの適用先を切り替える。古い一覧は残るので、問題がないことを確かめてから削除すること。",
    en="a list with a new name takes the place of the old one, which is kept; delete it when the new one has proved itself",
)
_POLICY = Text(
    ja="ゾーンベースのファイアウォールの変更は、投入コマンドにできない。",
    en="a change of the zone-based firewall cannot be put into commands",
)
_REFERS = Text(
    ja="ほかの一覧と組で働く行(evaluate・reflect)があり、この一覧は書き換えられない。",
    en="the list works together with another one (evaluate, reflect) and cannot be written anew",
)
_SAME_NUMBER = Text(
    ja="同じ番号の行が二つあり、どちらが効くか分からない。",
    en="two entries have the same number, so the order is not known",
)
_SWITCH_PORT = Text(
    ja="スイッチのポートへの適用は、投入コマンドにできない。",
    en="a filter on a switch port cannot be put into commands",
)


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the writer asks of a configuration: its lists, the `interface` blocks, and every word outside the lists."""

    lists: Mapping[Family, Mapping[str, AccessList]]
    interfaces: Sequence[Node]
    words: set[str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """In what the commands of IOS and of NX-OS differ. `head` begins a list (family, standard, name), `resequence` numbers one anew
    (list, step); `implicit` is what an IPv6 list permits before its deny; `logging` is what stands behind a new deny."""

    parts: Callable[[ConfigText], Sequence[tuple[Sequence[SourceLine], LineTree]]]
    definitions: Callable[[LineTree], Definitions]
    interface_name: Callable[[Sequence[str]], tuple[str, int]]
    head: Callable[[Family, bool, str], str]
    resequence: Callable[[AccessList, int], str]
    in_place: frozenset[Family]
    implicit: tuple[str, ...]
    logging: str


@dataclass(slots=True)
class _Edit:
    """One list while it is changed; `access_list` is None for a new one, whose other packets pass."""

    family: Family
    access_list: AccessList | None
    users: set[tuple[str, str]]
    """(interface, `in` or `out`) where it is applied and changed."""
    inserted: dict[int, list[str]] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)

    def entries(self) -> Iterator[str | FilterLine]:
        """New entries as text and kept ones, in order."""
        lines = () if self.access_list is None else self.access_list.lines
        for place in range(len(lines) + 1):
            yield from self.inserted.get(place, ())
            if place < len(lines) and place not in self.removed:
                yield lines[place]


class ListCommandWriter:
    """See `secaudit.vendors.commands.CommandWriter`."""

    dialect: Dialect

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """The lists first, then the interfaces that apply new ones. Raises `NotSaidError`."""
        parts = self.dialect.parts(text)
        if len(parts) != 1:
            raise NotSaidError(SEVERAL_DEVICES)
        session = _Session(device, parts[0][1], self.dialect)
        for change in changes:
            session.change(change)
        lines = tuple(session.lines())
        return Commands(device.name, device.vendor, lines, (*session.notes, _FRESH))


class _Session:
    """The changes of one device."""

    def __init__(self, device: Device, tree: LineTree, dialect: Dialect) -> None:
        self.notes: dict[Text, None] = {}
        self._device = device
        self._dialect = dialect
        held = dialect.definitions(tree)
        self._lists = held.lists
        self._roots = tree.roots
        self._applied = self._applications(held.interfaces)
        self._taken = held.words | held.lists[4].keys() | held.lists[6].keys()
        self._edits: dict[tuple[Family, str], _Edit] = {}

    def change(self, change: Change) -> None:
        match change:
            case InsertDeny():
                self._insert(change)
            case RemoveLine():
                self._remove(change)
            case AddFilter():
                self._add(change)
            case _:
                assert_never(change)

    def lines(self) -> Iterator[str]:
        """The commands of all edits."""
        interfaces: dict[str, list[str]] = {}
        for edit in self._edits.values():
            access_list = edit.access_list
            if (
                access_list is not None
                and edit.family in self._dialect.in_place
                and self._has_place(edit, access_list)
                and not self._used_elsewhere(edit, access_list)
            ):
                yield from self._in_place(edit, access_list)
                continue
            name, entries = self._copied(edit)
            yield from entries
            family, word = _APPLIED[edit.family]
            for interface, direction in sorted(edit.users):
                interfaces.setdefault(interface, []).append(f" {family} {word} {name} {direction}")
        for interface, applied in interfaces.items():
            yield f"interface {interface}"
            yield from applied

    # --- changes ----------------------------------------------------------------------------------------------

    def _insert(self, change: InsertDeny) -> None:
        users = self._users(change.filter)
        filter_ = self._device.filters[change.filter]
        chosen = self._chosen(filter_, users)
        starts = _starts(chosen)
        for family in _FAMILIES:
            matches = [match for match in change.matches if match.family == family]
            if not matches:
                continue
            access_list = chosen[family]
            edit = self._edit(family, access_list, users)
            place = max(0, change.position - starts[family])
            if access_list is None:
                if any(_is_open(line, family) for line in filter_.lines[: change.position]):
                    raise NotSaidError(UNPLACED)
                place = 0
            elif place > len(access_list.lines):
                if family == 6:
                    raise NotSaidError(UNPLACED)  # between the implicit permits of an IPv6 list and its deny
                place = len(access_list.lines)
            standard = access_list is not None and access_list.standard
            edit.inserted.setdefault(place, []).extend(self._denials(family, matches, standard))

    def _denials(self, family: Family, matches: Sequence[Match], standard: bool) -> list[str]:
        return [one.removesuffix(" log") + self._dialect.logging for one in denials(family, matches, standard)]

    def _remove(self, change: RemoveLine) -> None:
        users = self._users(change.filter)
        chosen = self._chosen(self._device.filters[change.filter], users)
        starts = _starts(chosen)
        for family in _FAMILIES:
            access_list = chosen[family]
            place = change.position - starts[family]
            if access_list is not None and 0 <= place < len(access_list.lines):
                self._edit(family, access_list, users).removed.add(place)
                return
        raise NotSaidError(NOT_REMOVABLE)

    def _add(self, change: AddFilter) -> None:
        if self._device.interfaces[change.interface].switch_port is not None:
            raise NotSaidError(_SWITCH_PORT)
        users = {(change.interface, "out" if change.outgoing else "in")}
        for family in _FAMILIES:
            matches = [match for match in change.matches if match.family == family]
            if matches:
                self._edit(family, None, users).inserted.setdefault(0, []).extend(self._denials(family, matches, False))

    def _users(self, name: str) -> set[tuple[str, str]]:
        """Where a filter is applied. Raises `NotSaidError` for one that no interface has."""
        if name in self._device.policies:
            raise NotSaidError(_POLICY)
        found = {
            (interface.name, direction)
            for interface in self._device.interfaces.values()
            for direction, applied in (("in", interface.filter_in), ("out", interface.filter_out))
            if applied == name
        }
        if not found:
            raise NotSaidError(UNPLACED)
        if any(self._device.interfaces[interface].switch_port is not None for interface, _ in found):
            raise NotSaidError(_SWITCH_PORT)
        return found

    def _chosen(self, filter_: Filter, users: set[tuple[str, str]]) -> dict[Family, AccessList | None]:
        """The lists of which a filter of the model consists. Raises `NotSaidError` when it is not made of them."""
        found: dict[Family, AccessList | None] = {}
        for family in _FAMILIES:
            named = {self._applied.get((interface, family, direction)) for interface, direction in users}
            defined = {name: self._lists[family].get(name) for name in named if name is not None}
            held = [one for one in defined.values() if one is not None and not one.empty]
            if held and (len(held) != 1 or len(named) != 1):
                raise NotSaidError(UNPLACED)
            found[family] = held[0] if held else None
        starts = _starts(found)
        for family, access_list in found.items():
            if access_list is None:
                continue
            start = starts[family]
            if [line.label for line in filter_.lines[start : start + len(access_list.lines)]] != [
                line.label for line in access_list.lines
            ]:
                raise NotSaidError(UNPLACED)
            if not all(line.label.isdigit() for line in access_list.lines):
                raise NotSaidError(UNPLACED)  # a line about the list as a whole, which has no number
            numbers = [int(line.label) for line in access_list.lines]
            if any(left >= right for left, right in pairwise(numbers)):
                raise NotSaidError(_SAME_NUMBER)
        return found

    def _edit(self, family: Family, access_list: AccessList | None, users: set[tuple[str, str]]) -> _Edit:
        key = access_list.name if access_list is not None else f" new {sorted(users)}"
        edit = self._edits.setdefault((family, key), _Edit(family, access_list, set()))
        edit.users |= users
        return edit

    def _used_elsewhere(self, edit: _Edit, access_list: AccessList) -> bool:
        """Whether anything but the changed interfaces uses the list: a rule for NAT, a terminal line, another interface."""
        if any(
            name == access_list.name and (interface, direction) not in edit.users
            for (interface, family, direction), name in self._applied.items()
            if family == edit.family
        ):
            return True
        numbered = access_list.name.isdigit()
        for root in self._roots:
            if _defines_list(root):
                continue
            inside = self._interface_of(root) is not None
            for node in (root, *root.below()):
                if access_list.name not in node.words[1:] or node.keys[0] in ("description", "remark", "hostname"):
                    continue
                if inside and len(node.keys) == 4 and node.keys[:2] in _APPLIED.values():
                    continue
                if not numbered or not _USES.isdisjoint(node.keys):
                    return True
        return False

    # --- lists ------------------------------------------------------------------------------------------------

    def _has_place(self, edit: _Edit, access_list: AccessList) -> bool:
        """Whether the list can be changed where it is. One whose remarks have numbers is not numbered anew: what its entries then have is not told."""
        return not access_list.remark_numbers or _room(edit, access_list) is not None

    def _in_place(self, edit: _Edit, access_list: AccessList) -> Iterator[str]:
        numbers = [int(line.label) for line in access_list.lines]
        room = _room(edit, access_list)
        if room is None or not all(_is_numbered(line) for line in access_list.lines):
            if access_list.evaluates:
                raise NotSaidError(_REFERS)
            step = max([_STEP, *(-(-(len(denies) + 1) // _STEP) * _STEP for denies in edit.inserted.values())])
            yield self._dialect.resequence(access_list, step)
            self.notes[_RENUMBERED] = None
            numbers = [step * (place + 1) for place in range(len(numbers))]
            room = {
                place: _spread([0, *numbers][place], numbers[place : place + 1], len(denies))
                for place, denies in edit.inserted.items()
            }
        if edit.removed and access_list.reflects:
            raise NotSaidError(_REFERS)
        yield self._dialect.head(edit.family, access_list.standard, access_list.name)
        for place, denies in sorted(edit.inserted.items()):
            for number, deny in zip(room[place], denies, strict=True):
                yield f" {number} {deny}"
        if len(edit.removed) == len(numbers) and not edit.inserted:
            # A list without entries would permit everything.
            whole = "any" if access_list.standard else "ip any any" if edit.family == 4 else "ipv6 any any"
            last = max(numbers[-1], *access_list.remark_numbers) if access_list.remark_numbers else numbers[-1]
            for count, entry in enumerate((*(self._dialect.implicit if edit.family == 6 else ()), f"deny {whole}"), 1):
                yield f" {last + _STEP * count} {entry}"
        for place in sorted(edit.removed):
            yield f" no {numbers[place]}"

    def _copied(self, edit: _Edit) -> tuple[str, list[str]]:
        """A list under a new name: its name and the lines that define it."""
        whole = "ip any any" if edit.family == 4 else "ipv6 any any"
        entries: list[str] = []
        for one in edit.entries():
            if isinstance(one, str):
                entries.append(one)
                continue
            if one.comment:
                entries.append(f"remark {one.comment}")
            entries.append(bare_entry(one))
        access_list = edit.access_list
        if access_list is None:
            interface, direction = min(edit.users)
            name = f"SECAUDIT-{re.sub(r'[^A-Za-z0-9]+', '-', interface)}-{direction}".upper()
            entries.append(f"permit {whole}")
        else:
            if access_list.evaluates or access_list.reflects:
                raise NotSaidError(_REFERS)
            if any(
                child.keys[0] == "fragments"
                for root in self._roots
                if root.line == access_list.definition
                for child in root.children
            ):
                raise NotSaidError(UNPLACED)  # a setting of the list as a whole, which the copy would not have
            name = f"{'ACL-' if access_list.name[:1].isdigit() else ''}{access_list.name}-SECAUDIT"
            if not any(one.startswith(("permit", "deny")) for one in entries):
                entries += (
                    self._dialect.implicit if edit.family == 6 else [f"deny {'any' if access_list.standard else whole}"]
                )
            self.notes[_COPIED] = None
        number, free = 1, name
        while free in self._taken:
            number += 1
            free = f"{name}-{number}"
        self._taken.add(free)
        head = self._dialect.head(edit.family, access_list is not None and access_list.standard, free)
        return free, [head, *(f" {entry}" for entry in entries)]

    # --- what the configuration says --------------------------------------------------------------------------

    def _applications(self, interfaces: Sequence[Node]) -> dict[tuple[str, Family, str], str]:
        """(interface, family, `in` or `out`) to the name of the list; a later line replaces an earlier one."""
        found: dict[tuple[str, Family, str], str] = {}
        for node in interfaces:
            name = self._interface_of(node)
            for child in node.children if name is not None else ():
                for family, words in _APPLIED.items():
                    if name is not None and child.keys[:2] == words and len(child.keys) == 4:
                        found[name, family, child.keys[3]] = child.words[2]
        return found

    def _interface_of(self, node: Node) -> str | None:
        if node.keys[0] != "interface":
            return None
        try:
            return self._dialect.interface_name(node.words[1:])[0]
        except ValueError:
            return None


def _defines_list(node: Node) -> bool:
    return node.keys[0] == "access-list" or node.keys[:2] in (("ip", "access-list"), ("ipv6", "access-list"))


def _starts(chosen: dict[Family, AccessList | None]) -> dict[Family, int]:
    """Where the lines of each list begin in the filter: IPv4 first."""
    first = chosen[4]
    return {4: 0, 6: 0 if first is None else len(first.lines)}


def _is_open(line: FilterLine, family: Family) -> bool:
    """Whether a line stands for a family that no list filters."""
    return not line.label.isdigit() and any(
        match.family == family and match.services == (ANY_SERVICE,) for match in line.matches
    )


def _spread(low: int, high: Sequence[int], count: int) -> list[int]:
    """Numbers for new entries between two, or behind the last one (`high` is empty)."""
    end = high[0] if high else low + _STEP * (count + 1)
    return [low + (end - low) * number // (count + 1) for number in range(1, count + 1)]


def _room(edit: _Edit, access_list: AccessList) -> dict[int, list[int]] | None:
    """The numbers of the new entries by their places, none of which anything has; None where there are too few."""
    numbers = [int(line.label) for line in access_list.lines]
    taken = access_list.remark_numbers
    found: dict[int, list[int]] = {}
    for place, denies in edit.inserted.items():
        low, high, count = [0, *numbers][place], numbers[place : place + 1], len(denies)
        free = _spread(low, high, count)
        if high and high[0] - low <= count:
            return None
        if not taken.isdisjoint(free):
            most = low + count + len(taken) + 1
            tried = range(low + 1, min(high[0], most) if high else most)
            free = [number for number in tried if number not in taken][:count]
            if len(free) < count:
                return None
        found[place] = free
    return found


def _is_numbered(line: FilterLine) -> bool:
    return line.sources[0].text.strip()[:1].isdigit()
