"""Repairs as AlliedWare Plus commands: entries of hardware lists, and rules of the firewall with entities of their own.

A hardware list is edited in place where the numbers of its entries are printed, or where the place needs none. Otherwise a list with a new
name is applied behind the old one, which is taken away afterwards: between the two the old one decides as before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import assert_never

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import Filter
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.matches import Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.awplus.access_lists import AccessList, entry_text, read_access_lists
from secaudit.vendors.awplus.firewall import FORWARDING
from secaudit.vendors.awplus.reader import device_parts
from secaudit.vendors.awplus.repair_rules import RuleChanges
from secaudit.vendors.awplus.repair_words import denials
from secaudit.vendors.awplus.sections import collect
from secaudit.vendors.commands import Commands, NotSaidError, append_lines
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import LineTree
from secaudit.vendors.wording import NOT_REMOVABLE, SEVERAL_DEVICES, UNPLACED, unused

_FAMILIES: tuple[Family, ...] = (4, 6)
_HEADS: dict[Family, str] = {4: "access-list hardware", 6: "ipv6 access-list"}
_APPLY: dict[Family, str] = {4: "access-group", 6: "ipv6 traffic-filter"}
_BEFORE_ANY = 3
"""The first entry has at least the number 4, however the device counted (AL-11; older releases count in tens)."""
_FRESH = Text(
    ja="業務に影響しない時間帯に投入し、通信を確かめてから copy running-config startup-config で保存すること。",
    en="use a maintenance window, test, and then keep the change with `copy running-config startup-config`",
)
_COPIED = Text(
    ja="新しい名前のリストを後ろに適用してから古いリストを外す。古いリストは残るので、問題がないことを確かめてから削除すること。",
    en="a list with a new name is applied behind the old one, which is then taken away; it stays defined: delete it when the new one has proved itself",
)
_ITSELF = Text(
    ja="ファイアウォールのルールは機器自身の通信にも効く。機器の管理に使う通信が該当しないことを確かめること。",
    en="a rule of the firewall holds for traffic of the device itself as well: make sure that none of it is needed for management",
)
_VLAN_MAP = Text(
    ja="VLAN アクセスマップに対応する機種であることを確かめること。",
    en="make sure that the model knows VLAN access maps",
)
_DIFFERENT = Text(
    ja="VLAN のポートによってリストが異なるか、適用順が確認できないため、変更するリストを示せない。",
    en="the ports of the VLAN have different lists, or lists in an order that is not confirmed",
)
_OUTGOING = Text(
    ja="ハードウェアアクセスリストは入る通信だけを見るため、出る通信を止めるコマンドはない。",
    en="hardware lists look at what comes in only, so no command filters what leaves",
)
_SHARED = Text(
    ja="このリストはほかの組合せや QoS でも使われており、書き換えるとほかの通信も変わる。",
    en="the list is used in other combinations or by a QoS class, so editing it would change other traffic",
)
_NO_NUMBER = Text(
    ja="行の番号が設定に表示されていないか、空きがなく、この位置に加えられない。show access-list の番号を確かめること。",
    en="the numbers of the entries are not printed, or none is free between two of them: look them up with `show access-list`",
)
_ROUTER = Text(
    ja="このインタフェースに適用できるハードウェアアクセスリストはない。ファイアウォールのルールで止めること。",
    en="no hardware list can be applied to this interface; use a rule of the firewall",
)
_TRUNK = Text(
    ja="この VLAN だけを通すポートがないため、IPv6 のリストを適用するとほかの通信も変わる。",
    en="no port carries this VLAN only, so an IPv6 list on ports would change other traffic",
)


@dataclass(slots=True)
class _Edit:
    """One list while it is changed."""

    access_list: AccessList
    filters: set[str]
    """The filters of the model that are meant to change with it."""
    inserted: dict[int, list[str]] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)


class AlliedWarePlusCommandWriter:
    """See `secaudit.vendors.commands.CommandWriter`."""

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """Definitions first, then what applies them. Raises `NotSaidError`."""
        parts = device_parts(text)
        if len(parts) != 1:
            raise NotSaidError(SEVERAL_DEVICES)
        session = _Session(device, parts[0][1])
        for change in changes:
            session.change(change)
        lines = tuple(session.lines())
        return Commands(device.name, device.vendor, lines, (*session.notes, _FRESH))

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """Commands before the `end` that a device prints last."""
        held = text.splitlines()
        last = max((number for number, line in enumerate(held) if line.rstrip() == "end"), default=len(held))
        return append_lines("\n".join(held[:last]), [*lines, *held[last:]])


class _Session:
    """The changes of one device."""

    def __init__(self, device: Device, tree: LineTree) -> None:
        self.notes: dict[Text, None] = {}
        self._device = device
        self._sections = collect(tree, Ledger())
        lists = read_access_lists(self._sections.of("list"), Ledger())
        self._owners = {
            line.sources[0].number: (one, place) for one in lists.all() for place, line in enumerate(one.lines)
        }
        self._taken = {word for root in tree.roots for node in (root, *root.below()) for word in node.words}
        self._edits: dict[tuple[int, str], _Edit] = {}
        self._definitions: list[str] = []
        self._applied: list[str] = []
        self._rules = RuleChanges(device, self._sections, self._taken)

    def change(self, change: Change) -> None:
        match change:
            case InsertDeny() if change.filter == FORWARDING:
                self._rules.insert(change)
            case InsertDeny():
                self._insert_entries(change)
            case RemoveLine() if change.filter == FORWARDING:
                self._rules.remove(change.position)
            case RemoveLine():
                access_list, place = self._owner(change.filter, change.position)
                self._edit(access_list, change.filter).removed.add(place)
            case AddFilter():
                self._add(change)
            case _:
                assert_never(change)

    def lines(self) -> Iterator[str]:
        """The commands of all changes."""
        yield from (*self._definitions, *self._rules.definitions)
        for edit in self._edits.values():
            yield from self._edited(edit)
        rules = list(self._rules.lines())
        if rules:
            self.notes[_ITSELF] = None
            yield "firewall"
            yield from rules
        yield from self._applied

    # --- hardware lists ---------------------------------------------------------------------------------------

    def _owner(self, name: str, position: int) -> tuple[AccessList, int]:
        """The list and the place in it of a line of a filter. Raises `NotSaidError` for a line that no list holds."""
        lines = self._device.filters[name].lines
        found = None if position >= len(lines) or not lines[position].sources else self._owners.get(
            lines[position].sources[0].number
        )  # fmt: skip
        if found is None or found[0].lines[found[1]].label != lines[position].label:
            raise NotSaidError(NOT_REMOVABLE)
        return found

    def _insert_entries(self, change: InsertDeny) -> None:
        filter_ = self._device.filters[change.filter]
        self._check_applied(change.filter)
        order = self._lists_of(filter_)
        for family in _FAMILIES:
            matches = [match for match in change.matches if match.family == family]
            if not matches:
                continue
            chosen = _place(order, change.position, family)
            if chosen is None:
                self._new_list(change.filter, family, matches)
                continue
            entries = denials(family, matches)
            access_list, place = _with_room(order, change.position, chosen, len(entries))
            self._edit(access_list, change.filter).inserted.setdefault(place, []).extend(entries)

    def _lists_of(self, filter_: Filter) -> list[tuple[AccessList, int]]:
        """The owner of each line of a filter. Raises `NotSaidError` when one has none."""
        found = []
        for position in range(len(filter_.lines)):
            try:
                found.append(self._owner(filter_.name, position))
            except NotSaidError as error:
                raise NotSaidError(_DIFFERENT) from error
        return found

    def _check_applied(self, name: str) -> None:
        if not any(one.filter_in == name for one in self._device.interfaces.values()):
            raise NotSaidError(UNPLACED)

    def _edit(self, access_list: AccessList, name: str) -> _Edit:
        self._check_applied(name)
        edit = self._edits.setdefault((access_list.family, access_list.name), _Edit(access_list, set()))
        edit.filters.add(name)
        return edit

    def _shared(self, edit: _Edit) -> bool:
        """Whether something beside the changed filters uses the list."""
        numbers = {line.sources[0].number for line in edit.access_list.lines}
        for one in self._device.interfaces.values():
            if one.filter_in is None or one.filter_in in edit.filters:
                continue
            lines = self._device.filters[one.filter_in].lines
            if any(source.number in numbers for line in lines for source in line.sources):
                return True
        name = edit.access_list.name
        return any(
            child.words[-1] == name for node in self._sections.of("class map") for child in node.below()
        )  # fmt: skip

    def _edited(self, edit: _Edit) -> Iterator[str]:
        if self._shared(edit):
            raise NotSaidError(_SHARED)
        access_list = edit.access_list
        entries = self._in_place(edit)
        if entries is None:
            yield from self._copied(edit)
            return
        head = access_list.name if _is_numbered_list(access_list) else f"hardware {access_list.name}"
        yield f"access-list {head}" if access_list.family == 4 else f"{_HEADS[6]} {access_list.name}"
        yield from entries

    def _in_place(self, edit: _Edit) -> list[str] | None:
        """The entries to type into the list; None where the numbers do not allow it."""
        lines = edit.access_list.lines
        printed = _is_printed(edit.access_list)
        numbers = [int(line.label) for line in lines]
        if any(low >= high for low, high in pairwise(numbers)):
            return None
        entries: list[str] = []
        for place, denies in sorted(edit.inserted.items()):
            if place >= len(lines):
                entries += [f" {deny}" for deny in denies]
                continue
            low = numbers[place - 1] if place else 0
            high = numbers[place] if printed else _BEFORE_ANY + 1
            if (not printed and place) or high - low <= len(denies):
                return None
            entries += [f" {low + 1 + index} {deny}" for index, deny in enumerate(denies)]
        texts = [entry_text(line) for line in lines]
        for place in sorted(edit.removed):
            if not printed and texts.count(texts[place]) > 1:
                return None
            entries.append(f" no {numbers[place]}" if printed else f" no {texts[place]}")
        return entries

    def _copied(self, edit: _Edit) -> Iterator[str]:
        """A list under a new name behind the old one, where the old one is the only list of its kind on each port."""
        access_list = edit.access_list
        ports = self._ports_with(edit)
        if not ports:
            raise NotSaidError(_NO_NUMBER)
        family: Family = access_list.family
        name = unused(f"{'ACL-' if access_list.name[:1].isdigit() else ''}{access_list.name}-SECAUDIT", self._taken)
        yield f"{_HEADS[family]} {name}"
        for place in range(len(access_list.lines) + 1):
            yield from (f" {deny}" for deny in edit.inserted.get(place, ()))
            if place < len(access_list.lines) and place not in edit.removed:
                yield f" {entry_text(access_list.lines[place])}"
        for port in ports:
            self._applied += [
                f"interface {port}",
                f" {_APPLY[family]} {name}",
                f" no {_APPLY[family]} {access_list.name}",
            ]
        self.notes[_COPIED] = None

    def _ports_with(self, edit: _Edit) -> list[str]:
        """The ports that apply a list, when each of them applies no other one of the family; nothing when something else does."""
        name, family = edit.access_list.name, edit.access_list.family
        for section in ("vlan map", "global list"):
            for node in self._sections.of(section):
                if any(name in child.words for child in (node, *node.below())):
                    return []
        found = []
        for one in self._device.interfaces.values():
            if one.filter_in not in edit.filters or one.kind is InterfaceKind.VLAN:
                continue
            lines = self._device.filters[one.filter_in or ""].lines
            owners = {
                self._owners[line.sources[0].number][0].name for line in lines if _family_of(line.matches) == family
            }
            if owners - {name}:
                return []
            found.append(one.name)
        return found

    def _new_list(self, filter_name: str, family: Family, matches: list[Match]) -> None:
        """A first list of its family for all ports that share a filter; with a VLAN access map nobody knows where it would stand."""
        ports = [
            one.name
            for one in self._device.interfaces.values()
            if one.filter_in == filter_name and one.switch_port is not None
        ]
        if not ports or self._sections.of("vlan map") or self._sections.of("global list"):
            raise NotSaidError(UNPLACED)
        self._apply_new(f"SECAUDIT-{ports[0]}", family, matches, ports)

    def _apply_new(self, name: str, family: Family, matches: list[Match], ports: list[str]) -> None:
        free = self._define(name, family, matches)
        for port in ports:
            self._applied += [f"interface {port}", f" {_APPLY[family]} {free}"]

    def _define(self, name: str, family: Family, matches: list[Match]) -> str:
        suffix = "" if family == 4 else "-6"
        free = unused(re.sub(r"[^A-Za-z0-9-]+", "-", f"{name}{suffix}").upper(), self._taken)
        self._definitions += [f"{_HEADS[family]} {free}", *(f" {deny}" for deny in denials(family, matches))]
        return free

    def _add(self, change: AddFilter) -> None:
        """A list on the ports of a VLAN, or a VLAN access map where they carry other VLANs as well."""
        interface = self._device.interfaces[change.interface]
        if change.outgoing:
            raise NotSaidError(_OUTGOING)
        if self._device.policies or interface.filter_in is not None or not self._filterable(change.interface):
            raise NotSaidError(_ROUTER)
        for family in _FAMILIES:
            matches = [match for match in change.matches if match.family == family]
            if not matches:
                continue
            if interface.kind is not InterfaceKind.VLAN:
                self._apply_new(f"SECAUDIT-{change.interface}", family, matches, [change.interface])
                continue
            ports = self._ports_of(interface.vlan or 0)
            if ports is not None:
                self._apply_new(f"SECAUDIT-{change.interface}", family, matches, ports)
            elif family == 4:
                free = self._define(f"SECAUDIT-{change.interface}", family, matches)
                map_name = unused(f"{free}-MAP", self._taken)
                self._applied += [
                    f"vlan access-map {map_name}",
                    f" match access-group {free}",
                    f"vlan filter {map_name} vlan-list {interface.vlan} input",
                ]
                self.notes[_VLAN_MAP] = None
            else:
                raise NotSaidError(_TRUNK)

    def _filterable(self, name: str) -> bool:
        """Whether hardware lists can look at what comes in by an interface: ports of a switch, and its VLANs."""
        interface = self._device.interfaces[name]
        return name.startswith("port") or (interface.kind is InterfaceKind.VLAN and interface.parent is None)

    def _ports_of(self, vlan: int) -> list[str] | None:
        """The ports of a VLAN when they carry no other one; None when some do, or are part of a channel group, or there is none."""
        found = []
        for one in self._device.interfaces.values():
            port = one.switch_port
            if port is None or not one.enabled:
                continue
            tagged = port.trunk_vlans
            if port.access_vlan != vlan and tagged is not None and vlan not in tagged:
                continue
            if (
                port.access_vlan != vlan
                or tagged != frozenset()
                or one.kind is InterfaceKind.AGGREGATE
                or one.member_of
            ):
                return None
            found.append(one.name)
        return found or None


def _place(order: Sequence[tuple[AccessList, int]], position: int, family: Family) -> tuple[AccessList, int] | None:
    """Where in which list packets of a family are to be denied before the line at a position; None when no list is of the family.

    Lists of the other family see none of these packets, so only the order among the others counts. Nothing can be put into a list for MAC
    addresses. Raises `NotSaidError` where only such a list has the place.
    """
    after = next(((one, place) for one, place in order[position:] if one.family == family or one.frames), None)
    before = next(
        ((one, place) for one, place in reversed(order[:position]) if one.family == family or one.frames), None
    )
    if after is not None and not after[0].frames:
        return after
    if before is not None and not before[0].frames and (after is None or after[1] == 0):
        return before[0], len(before[0].lines)
    if after is not None or before is not None:
        raise NotSaidError(UNPLACED)
    return None


def _with_room(
    order: Sequence[tuple[AccessList, int]], position: int, chosen: tuple[AccessList, int], entries: int
) -> tuple[AccessList, int]:
    """The end of the list before, where many entries are to stand before the first of a list without printed numbers."""
    access_list, place = chosen
    if place or entries <= _BEFORE_ANY or _is_printed(access_list):
        return chosen
    before = next((one for one, _ in reversed(order[:position]) if one.family == access_list.family), None)
    return chosen if before is None or before.frames else (before, len(before.lines))


def _is_printed(access_list: AccessList) -> bool:
    """Whether the file shows the numbers of the entries."""
    return all(line.sources[0].text.split()[0].isdigit() for line in access_list.lines)


def _family_of(matches: Sequence[Match]) -> int | None:
    families = {match.family for match in matches}
    return next(iter(families)) if len(families) == 1 else None


def _is_numbered_list(access_list: AccessList) -> bool:
    return access_list.name.isdigit()


WRITER = AlliedWarePlusCommandWriter()
