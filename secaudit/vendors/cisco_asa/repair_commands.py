"""Repairs as ASA commands: entries put into the access list of the interface by which packets enter, and entries taken out.

An entry cannot name the interface by which packets leave; where that matters the repair is tried all the same, and what it changes
besides shows when the configuration is read again. An interface without a list follows the security levels, which no list can say again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import assert_never

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import Action, Connection, FilterLine
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6, Intervals
from secaudit.network.matches import ICMP, ICMPV6, SCTP, TCP, UDP, Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import Sources
from secaudit.vendors.cisco_asa.access_groups import AccessGroups
from secaudit.vendors.cisco_asa.access_lists import AccessList
from secaudit.vendors.cisco_asa.access_rules import NAME as TABLE
from secaudit.vendors.cisco_asa.assembly import read_filtering
from secaudit.vendors.cisco_asa.old_nat_lines import is_old_form
from secaudit.vendors.cisco_asa.reader import device_parts, tree_of
from secaudit.vendors.cisco_asa.sections import collect
from secaudit.vendors.cisco_asa.vocabulary import defaults
from secaudit.vendors.commands import Commands, NotSaidError, append_lines
from secaudit.vendors.common.entry_words import service_words
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.wording import (
    MOST_LINES,
    NOT_REMOVABLE,
    SEVERAL_DEVICES,
    TOO_MANY,
    UNPLACED,
    PlainService,
    all_prefixes,
    plain_services,
    unused,
)

_FRESH = Text(
    ja="業務に影響しない時間帯に投入し、通信を確かめてから write memory で保存すること。確立済みの接続は残るので、必要なら clear conn で切ること。",
    en="use a maintenance window, test, and then keep the change with `write memory`; connections that exist stay until `clear conn`",
)
_NUMBERS = Text(
    ja="行番号は提出された設定から数えたものである。投入前に show access-list で確かめること。",
    en="line numbers are counted in the submitted configuration; check them with `show access-list` before",
)
_ALL_WAYS = Text(
    ja="アクセスリストは出口のインタフェースを指定できないため、この行は同じ入口から他の出口への通信も遮断する。",
    en="an entry cannot name the interface by which packets leave: it stops them towards the other interfaces as well",
)
_LEVELS = Text(
    ja="このインタフェースにはアクセスリストがなくセキュリティレベルで制御されており、同じ許可をリストでは表せない。",
    en="the interface has no access list but follows the security levels, and no list says the same",
)
_SHARED = Text(
    ja="このアクセスリストは他の用途にも使われており、書き換えると影響が広がる。",
    en="the access list is used for something else as well",
)
_TWICE = Text(
    ja="同じ内容の行が二つあり、どちらを外すか指定できない。",
    en="two entries say the same, and a command cannot name one of them",
)
_MAPPED = Text(
    ja="8.3 より前の NAT があり、アクセスリストは変換後のアドレスを見るため、書くべきアドレスを計算できない。",
    en="with address translation of before 8.3 access lists see mapped addresses; which to write is not computed",
)
_PROTOCOL_ZERO = Text(ja="プロトコル番号 0 だけを指す条件は書けない。", en="no entry means protocol number 0 alone")


@dataclass(slots=True)
class _Edit:
    """One list while it is changed."""

    access_list: AccessList
    inserted: list[tuple[int, str]] = field(default_factory=list)
    """The place in `AccessList.placed` before which an entry goes, and the entry."""
    removed: set[int] = field(default_factory=set)


class CiscoAsaCommandWriter:
    """See `secaudit.vendors.commands.CommandWriter`."""

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """Entries of lists, then new lists with their interfaces. Raises `NotSaidError`."""
        parts = device_parts(text)
        if len(parts) != 1:
            raise NotSaidError(SEVERAL_DEVICES)
        sections = collect(tree_of(parts[0]), Ledger())
        filtering = read_filtering(sections, Ledger(), defaults(None))
        taken = set(sections.words) | set(filtering.lists)
        session = _Session(device, filtering.lists, filtering.groups, taken)
        mapped = any(is_old_form(node) for node in sections.of("nat"))
        for change in changes:
            if mapped and not isinstance(change, RemoveLine):
                raise NotSaidError(_MAPPED)
            session.change(change)
        lines = tuple(session.lines())
        return Commands(device.name, device.vendor, lines, (*session.notes, _FRESH))

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """Commands before the `: end` that a device prints last."""
        held = text.splitlines()
        last = max((number for number, line in enumerate(held) if line.rstrip() == ": end"), default=len(held))
        return append_lines("\n".join(held[:last]), [*lines, *held[last:]])


class _Session:
    """The changes of one device."""

    def __init__(self, device: Device, lists: Mapping[str, AccessList], groups: AccessGroups, taken: set[str]) -> None:
        self.notes: dict[Text, None] = {}
        self._device = device
        self._lists = lists
        self._groups = groups
        self._taken = taken
        self._edits: dict[str, _Edit] = {}
        self._new: list[str] = []
        self._places: dict[str, dict[tuple[str, Sources], int]] = {}

    def change(self, change: Change) -> None:
        """Puts one change into edits. Raises `NotSaidError`."""
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
        """The commands of all edits. Entries go in from the end of a list, so that numbers before them stay what they are."""
        for name, edit in self._edits.items():
            placed = edit.access_list.placed
            for place, entry in sorted(edit.inserted, key=lambda one: one[0], reverse=True):
                number = "" if place >= len(placed) else f"line {place + 1} "
                if number:
                    self.notes[_NUMBERS] = None
                yield f"access-list {name} {number}extended {entry}"
            left = [
                place
                for place, line in enumerate(placed)
                if line is not None
                and line.sources[0].number not in edit.access_list.inactive
                and place not in edit.removed
            ]
            if edit.removed and not left and not edit.inserted:
                yield f"access-list {name} extended deny ip any any"  # an empty list is no list
            for place in sorted(edit.removed):
                line = placed[place]
                assert line is not None, "only entries are removed"
                yield f"no {' '.join(line.sources[0].text.split())}"
        yield from self._new

    # --- changes ----------------------------------------------------------------------------------------------

    def _insert(self, change: InsertDeny) -> None:
        lines = self._device.filters[change.filter].lines
        name = self._list_at(change)
        access_list = self._own(name)
        own = [index for index, line in enumerate(lines) if self._place_of(access_list, line) is not None]
        at = next((index for index in own if index >= change.position), own[-1] + 1)
        low, high = sorted((at, change.position))
        if any(_may_permit(line, change) for line in lines[low:high]):
            raise NotSaidError(UNPLACED)
        place = self._place_of(access_list, lines[at]) if at in own else len(access_list.placed)
        assert place is not None, "an entry of the list has a place"
        while 0 < place < len(access_list.placed) and access_list.placed[place - 1] is None:
            place -= 1  # a remark stays with its entry
        if change.egress is not None:
            self.notes[_ALL_WAYS] = None
        edit = self._edits.setdefault(name, _Edit(access_list))
        edit.inserted += [(place, entry) for entry in _denials(change.matches)]

    def _list_at(self, change: InsertDeny) -> str:
        """The list that decides at the place of a change."""
        if change.filter != TABLE:
            for interface, applied in self._groups.outward.items():
                if self._device.interfaces[interface].filter_out == change.filter:
                    return applied.name
            raise NotSaidError(UNPLACED)
        if change.ingress is None:
            if change.egress is not None or self._groups.everywhere is None or self._groups.inward:
                raise NotSaidError(UNPLACED)
            return self._groups.everywhere.name
        held = self._groups.inward.get(change.ingress)
        if held is None:
            raise NotSaidError(_LEVELS)
        return held.name

    def _own(self, name: str) -> AccessList:
        """A list that is applied once and used for nothing else. Raises `NotSaidError`."""
        access_list = self._lists.get(name)
        if access_list is None or not access_list.lines:
            raise NotSaidError(UNPLACED)
        if self._uses(name) != 1:
            raise NotSaidError(_SHARED)
        return access_list

    def _uses(self, name: str) -> int:
        groups = self._groups
        applied = [*groups.inward.values(), *groups.outward.values(), *groups.control_plane.values()]
        if groups.everywhere is not None:
            applied.append(groups.everywhere)
        used = sum(one.name == name for one in applied)
        selectors = sum(
            filter_.sources[:1] == (self._lists[name].definition,)
            for filter_ in self._device.filters.values()
            if filter_.name.endswith(" out") and filter_.name[:-4] in self._device.interfaces
        )
        return used + selectors

    def _place_of(self, access_list: AccessList, line: FilterLine) -> int | None:
        """Where an entry stands in its list, by the line of the file; None for a line that is none of its entries."""
        known = self._places.get(access_list.name)
        if known is None:
            known = self._places[access_list.name] = {
                (held.label, held.sources): place for place, held in enumerate(access_list.placed) if held is not None
            }
        return known.get((line.label, line.sources))

    def _remove(self, change: RemoveLine) -> None:
        line = self._device.filters[change.filter].lines[change.position]
        for name, access_list in self._lists.items():
            place = self._place_of(access_list, line)
            if place is None:
                continue
            self._own(name)
            words = line.sources[0].text.split()
            if "line" in words[2:3]:
                raise NotSaidError(NOT_REMOVABLE)
            same = [held for held in access_list.placed if held is not None and held.sources[0].text.split() == words]
            if len(same) > 1:
                raise NotSaidError(_TWICE)
            self._edits.setdefault(name, _Edit(access_list)).removed.add(place)
            return
        raise NotSaidError(NOT_REMOVABLE)

    def _add(self, change: AddFilter) -> None:
        if not change.outgoing or change.interface in self._groups.outward:
            raise NotSaidError(_LEVELS)
        name = unused(f"SECAUDIT-{re.sub(r'[^A-Za-z0-9]+', '-', change.interface)}-OUT".upper(), self._taken)
        entries = [*_denials(change.matches), "permit ip any any"]
        self._new += [f"access-list {name} extended {entry}" for entry in entries]
        self._new.append(f"access-group {name} out interface {change.interface}")


def _may_permit(line: FilterLine, change: InsertDeny) -> bool:
    """Whether a line between two places could let something pass that the change denies."""
    if line.action is Action.DENY or line.connection is Connection.ESTABLISHED:
        return False
    return line.ingress is None or change.ingress is None or change.ingress in line.ingress


def _denials(matches: Sequence[Match]) -> list[str]:
    """The denying entries, one for each product of networks and ports. Raises `NotSaidError`."""
    found: list[str] = []
    for match in matches:
        sides = product(_sides(match.family, match.sources), _sides(match.family, match.destinations))
        services = [one for service in plain_services(match) for one in _service(match.family, service)]
        for (source, destination), (protocol, source_port, tail) in product(sides, services):
            found.append(" ".join(filter(None, ("deny", protocol, source, source_port, destination, tail))))
            if len(found) > MOST_LINES:
                raise NotSaidError(TOO_MANY)
    return found


def _sides(family: Family, intervals: Intervals) -> list[str]:
    if intervals == (ANY_IPV4 if family == 4 else ANY_IPV6):
        return ["any4" if family == 4 else "any6"]
    return [
        f"host {net.network_address}"
        if net.prefixlen == net.max_prefixlen
        else str(net)
        if family == 6
        else f"{net.network_address} {net.netmask}"
        for net in all_prefixes(family, intervals)
    ]


def _service(family: Family, service: PlainService) -> list[tuple[str, str, str]]:
    if service.protocol == 0:
        raise NotSaidError(_PROTOCOL_ZERO)
    names = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}
    names[ICMP if family == 4 else ICMPV6] = "icmp" if family == 4 else "icmp6"
    return service_words("ip", names, service)


WRITER = CiscoAsaCommandWriter()
