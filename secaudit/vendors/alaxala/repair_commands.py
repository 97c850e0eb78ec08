"""Repairs as AX commands: entries with sequence numbers in the list that is there, or a new list where none is.

A list is never replaced: whether an interface takes a second list without letting go of the first one before is not confirmed, and without a list
everything would pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import FilterLine
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.alaxala.access_lists import IP, IPV6, AccessList, read_access_lists
from secaudit.vendors.alaxala.assembly import is_printed
from secaudit.vendors.alaxala.entry_text import denials
from secaudit.vendors.alaxala.facts import InterfaceFacts
from secaudit.vendors.alaxala.flow_detection import read_modes
from secaudit.vendors.alaxala.interfaces import read_interface
from secaudit.vendors.alaxala.reader import device_parts
from secaudit.vendors.alaxala.sections import collect
from secaudit.vendors.alaxala.vocabulary import defaults
from secaudit.vendors.commands import Commands, NotSaidError, append_lines
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import LineTree
from secaudit.vendors.wording import NOT_REMOVABLE, SEVERAL_DEVICES, UNPLACED, unused

_FAMILIES: tuple[Family, ...] = (4, 6)
_KINDS: dict[Family, str] = {4: IP, 6: IPV6}
_APPLIED: dict[Family, str] = {4: "ip access-group", 6: "ipv6 traffic-filter"}
_STEP = 10
_USES = frozenset(("access-group", "access-class", "community", "distribute-list", "match", "list", "access-list"))
"""Words of lines in which a number can be that of an access list."""
_FRESH = Text(
    ja="業務に影響しない時間帯に投入し、通信を確かめてから copy running-config startup-config で保存すること。",
    en="use a maintenance window, test, and then keep the change with `copy running-config startup-config`",
)
_RENUMBERED = Text(
    ja="一覧の番号を振り直してから行を加える。順序は提出された設定のとおりであることを show access-filter などで確かめること。",
    en="the list is numbered anew first; check that its order is that of the submitted file",
)
_SHARED = Text(
    ja="このアクセスリストはほかでも使われており、書き換えるとそちらの通信も変わる。",
    en="the access list is used elsewhere as well, where a change of it would act, too",
)
_SAME_NUMBER = Text(
    ja="同じ番号の行が二つあり、どちらが効くか分からない。",
    en="two entries have the same number, so the order is not known",
)
_SWITCH_PORT = Text(
    ja="スイッチのポートへの適用は、投入コマンドにできない。",
    en="a filter on a switch port cannot be put into commands",
)
_NOT_SEARCHED = Text(
    ja="フロー検出モードにより、新しいアクセスリストが動作するかを確認できない。",
    en="whether the flow detection mode searches a new list is not confirmed",
)


@dataclass(slots=True)
class _Edit:
    """One list while it is changed; `access_list` is None for a new one, whose other packets pass."""

    family: Family
    access_list: AccessList | None
    users: set[tuple[str, str]]
    """(interface, `in` or `out`) where it is applied and changed."""
    inserted: dict[int, list[str]] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)


class AlaxalaCommandWriter:
    """See `secaudit.vendors.commands.CommandWriter`."""

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """The lists first, then the interfaces that apply new ones. Raises `NotSaidError`."""
        parts = device_parts(text)
        if len(parts) != 1:
            raise NotSaidError(SEVERAL_DEVICES)
        session = _Session(device, parts[0][1])
        for change in changes:
            session.change(change)
        lines = tuple(session.lines())
        return Commands(device.name, device.vendor, lines, (*session.notes, _FRESH))

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """Commands behind the configuration, ended as a device ends it."""
        return append_lines(text, [*lines, "!"])


class _Session:
    """The changes of one device."""

    def __init__(self, device: Device, tree: LineTree) -> None:
        self.notes: dict[Text, None] = {}
        self._device = device
        ledger = Ledger()
        sections = collect(tree, ledger)
        self._lists = read_access_lists(sections.of("list"), ledger)
        self._interfaces: dict[str, InterfaceFacts] = {}
        for node in sections.of("interface"):
            read_interface(node, self._interfaces, ledger, defaults(device.model))
        modes = sections.of("flow mode"), sections.of("flow out mode")
        self._detection = read_modes(*modes, device.model, is_printed(tree), ledger)
        self._roots = tree.roots
        self._taken = {word.strip('"') for node in tree.roots for one in (node, *node.below()) for word in one.words}
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
            if edit.access_list is not None:
                yield from self._in_place(edit, edit.access_list)
                continue
            name, entries = self._new(edit)
            yield from entries
            for interface, direction in sorted(edit.users):
                interfaces.setdefault(interface, []).append(f"  {_APPLIED[edit.family]} {name} {direction}")
        for interface, applied in interfaces.items():
            yield f"interface {interface}"
            yield from applied

    # --- changes ----------------------------------------------------------------------------------------------

    def _insert(self, change: InsertDeny) -> None:
        users = self._users(change.filter)
        held = self._device.filters[change.filter].lines
        for family in _FAMILIES:
            matches = [match for match in change.matches if match.family == family]
            if not matches:
                continue
            access_list = self._applied(family, users)
            start, end = _span(held, access_list, family)
            between = held[change.position : start] if change.position < start else held[end : change.position]
            if any(match.family == family for line in between for match in line.matches):
                raise NotSaidError(UNPLACED)
            place = min(max(change.position - start, 0), end - start) if access_list is not None else 0
            if access_list is None and change.position > start:
                raise NotSaidError(UNPLACED)
            edit = self._edit(family, access_list, users)
            standard = access_list is not None and access_list.standard
            edit.inserted.setdefault(place, []).extend(denials(family, matches, standard))

    def _remove(self, change: RemoveLine) -> None:
        users = self._users(change.filter)
        held = self._device.filters[change.filter].lines
        for family in _FAMILIES:
            access_list = self._applied(family, users)
            if access_list is None:
                continue
            start, end = _span(held, access_list, family)
            if start <= change.position < end:
                self._edit(family, access_list, users).removed.add(change.position - start)
                return
        raise NotSaidError(NOT_REMOVABLE)

    def _add(self, change: AddFilter) -> None:
        if self._device.interfaces[change.interface].switch_port is not None:
            raise NotSaidError(_SWITCH_PORT)
        users = {(change.interface, "out" if change.outgoing else "in")}
        for family in _FAMILIES:
            matches = [match for match in change.matches if match.family == family]
            if matches:
                self._edit(family, None, users).inserted.setdefault(0, []).extend(denials(family, matches, False))

    def _users(self, name: str) -> set[tuple[str, str]]:
        """Where a filter is applied. Raises `NotSaidError` for one that no routed interface has."""
        found = {
            (interface.name, direction)
            for interface in self._device.interfaces.values()
            for direction, applied in (("in", interface.filter_in), ("out", interface.filter_out))
            if applied == name
        }
        if not found:
            raise NotSaidError(UNPLACED)
        return found

    def _applied(self, family: Family, users: set[tuple[str, str]]) -> AccessList | None:
        """The list of one family of all these places; None when they have none. Raises `NotSaidError` when they differ."""
        named = {self._interfaces[interface].lists.get((_KINDS[family], direction)) for interface, direction in users}
        names = {None if one is None else one.name for one in named}
        if len(names) != 1:
            raise NotSaidError(UNPLACED)
        (name,) = names
        if name is None:
            return None
        access_list = self._lists.get((_KINDS[family], name))
        if access_list is None or access_list.empty:
            raise NotSaidError(UNPLACED)
        if len({line.label for line in access_list.lines}) < len(access_list.lines):
            raise NotSaidError(_SAME_NUMBER)
        return access_list

    def _edit(self, family: Family, access_list: AccessList | None, users: set[tuple[str, str]]) -> _Edit:
        if access_list is None:
            if any(
                self._detection.why_not(_KINDS[family], direction, name.startswith("vlan ")) is not None
                for name, direction in users
            ):
                raise NotSaidError(_NOT_SEARCHED)
            if any(("advance", direction) in self._interfaces[name].lists for name, direction in users):
                raise NotSaidError(UNPLACED)
        elif self._used_elsewhere(family, access_list, users):
            raise NotSaidError(_SHARED)
        key = access_list.name if access_list is not None else f" new {sorted(users)}"
        edit = self._edits.setdefault((family, key), _Edit(family, access_list, set()))
        edit.users |= users
        return edit

    def _used_elsewhere(self, family: Family, access_list: AccessList, users: set[tuple[str, str]]) -> bool:
        """Whether anything but the changed interfaces names the list: its definitions and applications are all that may."""
        kind = _KINDS[family]
        applied = {
            (facts.name, direction)
            for facts in self._interfaces.values()
            for (held, direction), named in facts.lists.items()
            if held == kind and named.name == access_list.name
        }
        if applied != users:
            return True
        numbered = access_list.name.isdigit()
        for root in self._roots:
            if "access-list" in root.keys[:2]:
                continue
            for node in (root, *root.below()):
                if access_list.name not in (word.strip('"') for word in node.words[1:]):
                    continue
                if node.keys[0] in ("description", "hostname", "name", "interface") or (
                    node is not root
                    and root.keys[0] == "interface"
                    and node.keys[1:2] in (("access-group",), ("traffic-filter",))
                ):
                    continue
                if not numbered or not _USES.isdisjoint(node.keys):
                    return True
        return False

    # --- lists ------------------------------------------------------------------------------------------------

    def _in_place(self, edit: _Edit, access_list: AccessList) -> Iterator[str]:
        numbers = [int(line.label) for line in access_list.lines]
        bounds = [0, *numbers]
        room = all(
            place >= len(numbers) or numbers[place] - bounds[place] > len(denies)
            for place, denies in edit.inserted.items()
        )
        if not room or not all(_is_numbered(line) for line in access_list.lines):
            step = max([_STEP, *(-(-(len(denies) + 1) // _STEP) * _STEP for denies in edit.inserted.values())])
            yield f"{_KINDS[edit.family]} access-list resequence {access_list.name} {step} {step}"
            self.notes[_RENUMBERED] = None
            numbers = [step * (place + 1) for place in range(len(numbers))]
            bounds = [0, *numbers]
        yield _head(edit.family, access_list.name, access_list.standard)
        for place, denies in sorted(edit.inserted.items()):
            low = bounds[place]
            high = numbers[place] if place < len(numbers) else low + _STEP * (len(denies) + 1)
            for count, deny in enumerate(denies, start=1):
                yield f"  {low + (high - low) * count // (len(denies) + 1)} {deny}"
        if len(edit.removed) == len(numbers) and not edit.inserted:
            # What a list without entries does is not confirmed.
            yield f"  {numbers[-1] + _STEP} deny {'any' if access_list.standard else _whole(edit.family)}"
        for place in sorted(edit.removed):
            yield f"  no {numbers[place]}"

    def _new(self, edit: _Edit) -> tuple[str, list[str]]:
        """A list under a new name: its name and the lines that define it."""
        interface, direction = min(edit.users)
        base = f"SECAUDIT-{re.sub(r'[^A-Za-z0-9]+', '-', interface)}-{direction}".upper()[:28]
        name = unused(base if edit.family == 4 else f"{base[:26]}-6", self._taken)
        entries = [*edit.inserted.get(0, ()), f"permit {_whole(edit.family)}"]
        numbered = [f"  {_STEP * place} {entry}" for place, entry in enumerate(entries, start=1)]
        return name, [_head(edit.family, name, False), *numbered]


def _span(lines: Sequence[FilterLine], access_list: AccessList | None, family: Family) -> tuple[int, int]:
    """Where the entries of a list stand in a filter; of a family without a list, where its open line stands. Raises `NotSaidError`."""
    if access_list is None:
        for place, line in enumerate(lines):
            if line.label.startswith(f"IPv{family}: no "):
                return place, place
        raise NotSaidError(UNPLACED)
    length = len(access_list.lines)
    wanted = [(line.label, line.sources) for line in access_list.lines]
    for start in range(len(lines) - length + 1):
        if (lines[start].label, lines[start].sources) == wanted[0] and [
            (line.label, line.sources) for line in lines[start : start + length]
        ] == wanted:
            return start, start + length
    raise NotSaidError(UNPLACED)


def _head(family: Family, name: str, standard: bool) -> str:
    if family == 6:
        return f"ipv6 access-list {name}"
    return f"ip access-list {'standard' if standard else 'extended'} {name}"


def _whole(family: Family) -> str:
    return "ip any any" if family == 4 else "ipv6 any any"


def _is_numbered(line: FilterLine) -> bool:
    words = line.sources[0].text.split()
    return words[0].isdigit() or (words[0] == "access-list" and words[2:3] != [] and words[2].isdigit())


WRITER = AlaxalaCommandWriter()
