"""Repairs as SWX commands: entries of the list that a VLAN map applies, or a new list and map where a VLAN has none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import assert_never

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6, ANY_PORT, Intervals
from secaudit.network.matches import TCP, UDP, Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.commands import Commands, NotSaidError
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import read_tree
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
from secaudit.vendors.yamaha_swx.access_lists import HIGHEST_SEQUENCE, AccessList, read_access_lists
from secaudit.vendors.yamaha_swx.applied_filters import AppliedFilters, read_applied
from secaudit.vendors.yamaha_swx.interfaces import InterfaceFacts, read_interface
from secaudit.vendors.yamaha_swx.sections import collect

_STEP = 10
_LISTS = {4: range(1, 2001), 6: range(3001, 4001)}

_NAMES = {TCP: "tcp", UDP: "udp"}
_NOTES = (
    Text(
        ja="適用中のアクセスリストを変更する。投入前に show running-config を控えておくこと。",
        en="a list that is in force is changed: keep the output of `show running-config` first",
    ),
    Text(
        ja="業務に影響しない時間帯に投入し、通信を確かめてから write で保存すること。",
        en="use a maintenance window, test, and then keep the change with `write`",
    ),
)
_SHARED = Text(
    ja="アクセスリストがほかでも使われているか、VLANに一つだけ適用されたものではないため、ここだけを変えるコマンドがない。",
    en="the list is used elsewhere as well, or is not the only one of the VLAN, so it cannot be changed for this one alone",
)
_NO_ROOM = Text(
    ja="シーケンス番号の間に空きがなく、この位置に行を加えられない。",
    en="there is no room between the sequence numbers for an entry at this place",
)
_NOT_EXPRESSIBLE = Text(
    ja="ICMPのタイプや、IPv6の宛先・プロトコルを指す条件は、このスイッチのアクセスリストで書けない。",
    en="lists of this switch cannot name ICMP types, nor destinations and protocols of IPv6",
)
_RANGE_OUT = Text(
    ja="ポート番号の範囲を指す行は、送信側のアクセスリストに書けない。",
    en="a list for what goes out cannot name ranges of ports",
)
_OTHER_FAMILY = Text(
    ja="アクセスリストと異なるIPバージョンの通信に対する動作を確かめられないため、コマンドを示せない。",
    en="what a list does to the other IP version is not known, so no commands are proposed",
)
_ONLY_VLANS = Text(
    ja="ポートのアクセスリストは、経路を通る通信の遮断の根拠にできない。",
    en="a list on a port is not relied on for what is routed",
)


@dataclass(slots=True)
class _Edit:
    """Changes of one list: new entries by the place before which they stand, places of entries that go."""

    held: AccessList
    inserted: dict[int, list[str]] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)


class YamahaSwxCommandWriter:
    """See `secaudit.vendors.commands.CommandWriter`."""

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """Entries in their places; new lists before the maps that name them. Raises `NotSaidError`."""
        if sum(line.text.rstrip() == "end" for line in text.lines) > 1:
            raise NotSaidError(SEVERAL_DEVICES)
        session = _Session(device, text)
        for change in changes:
            session.change(change)
        return Commands(device.name, device.vendor, tuple(session.lines()), _NOTES)

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """The commands stand before the `end` of the configuration, as the switch would print it."""
        held = text.splitlines()
        last = next((place for place in range(len(held) - 1, -1, -1) if held[place].rstrip() == "end"), len(held))
        return "\n".join((*held[:last], *lines, *held[last:])) + "\n"


class _Session:
    """The changes of one device."""

    def __init__(self, device: Device, text: ConfigText) -> None:
        self._device = device
        ledger = Ledger()
        sections = collect(read_tree(text.lines), ledger)
        interfaces: dict[str, InterfaceFacts] = {}
        for node in sections.of("interface"):
            read_interface(node, interfaces, ledger, sections.take)
        lists = read_access_lists(sections.of("access list"), ledger)
        self._applied = AppliedFilters(lists, interfaces, ledger)
        read_applied(sections.of("access map"), sections.of("vlan filter"), sections.of("class map"), self._applied)
        self._words = {word for line in text.lines for word in line.text.split()}
        self._edits: dict[int, _Edit] = {}
        self._new: dict[tuple[str, bool], list[str]] = {}

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
        """What to type."""
        for edit in self._edits.values():
            yield from _edited(edit)
        for (interface, outgoing), denies in self._new.items():
            yield from self._new_list(interface, "out" if outgoing else "in", denies)

    def _edit(self, filter_name: str) -> tuple[_Edit, int]:
        """The list behind a filter of the model, and at which of its lines the list begins."""
        interface, _, direction = filter_name.rpartition(" ")
        vlan = self._device.interfaces[interface].vlan if interface in self._device.interfaces else None
        held = None if vlan is None else self._applied.only_list(vlan, direction)
        if held is None:
            raise NotSaidError(_SHARED)
        numbers = [number for number, _ in held.entries]
        if any(left >= right for left, right in pairwise(numbers)):
            raise NotSaidError(UNPLACED)
        start = len(self._device.filters[filter_name].lines) - len(held.lines)
        return self._edits.setdefault(held.number, _Edit(held)), start

    def _insert(self, change: InsertDeny) -> None:
        edit, start = self._edit(change.filter)
        family: Family = 4 if edit.held.number in _LISTS[4] else 6
        place = max(0, change.position - start)
        if place >= len(edit.held.lines):
            raise NotSaidError(UNPLACED)  # behind the end of the list, of which nobody knows what it does
        if any(match.family != family for match in change.matches):
            raise NotSaidError(_OTHER_FAMILY)
        edit.inserted.setdefault(place, []).extend(
            _denials(family, change.matches, outgoing=change.filter.endswith(" out"))
        )

    def _remove(self, change: RemoveLine) -> None:
        edit, start = self._edit(change.filter)
        place = change.position - start
        if not 0 <= place < len(edit.held.entries):
            raise NotSaidError(NOT_REMOVABLE)
        edit.removed.add(place)

    def _add(self, change: AddFilter) -> None:
        interface = self._device.interfaces[change.interface]
        if interface.vlan is None:
            raise NotSaidError(_ONLY_VLANS)
        if self._applied.has_filter(interface.vlan, "out" if change.outgoing else "in"):
            raise NotSaidError(_SHARED)
        ipv6 = any(
            one.ipv6_only_link_local or any(held.address.version == 6 for held in one.addresses)
            for one in self._device.interfaces.values()
        )
        if ipv6 or any(match.family == 6 for match in change.matches):
            raise NotSaidError(_OTHER_FAMILY)
        self._new.setdefault((change.interface, change.outgoing), []).extend(
            _denials(4, change.matches, outgoing=change.outgoing)
        )

    def _new_list(self, interface: str, direction: str, denies: Sequence[str]) -> Iterator[str]:
        number = next((one for one in _LISTS[4] if str(one) not in self._words), None)
        if number is None:
            raise NotSaidError(_NO_ROOM)
        self._words.add(str(number))
        name = unused(f"SECAUDIT-{interface}-{direction}".upper(), self._words)
        for count, entry in enumerate((*denies, "permit any any any"), start=1):
            yield f"access-list {number} {count * _STEP} {entry}"
        yield f"vlan access-map {name}"
        yield f" match access-list {number}"
        yield f"vlan filter {name} {interface.removeprefix('vlan')} {direction}"


def _edited(edit: _Edit) -> Iterator[str]:
    numbers = [number for number, _ in edit.held.entries]
    bounds = [0, *numbers]
    for place, denies in sorted(edit.inserted.items()):
        low = bounds[place]
        high = numbers[place] if place < len(numbers) else low + _STEP * (len(denies) + 1)
        if high - low <= len(denies) or high > HIGHEST_SEQUENCE + 1:
            raise NotSaidError(_NO_ROOM)
        for count, deny in enumerate(denies, start=1):
            yield f"access-list {edit.held.number} {low + (high - low) * count // (len(denies) + 1)} {deny}"
    for place in sorted(edit.removed):
        yield f"no access-list {edit.held.number} {numbers[place]}"


def _denials(family: Family, matches: Sequence[Match], outgoing: bool) -> list[str]:
    """The denying entries, one for each product of prefixes and ports. Raises `NotSaidError`."""
    found: list[str] = []
    for match in matches:
        sources = _sides(family, match.sources)
        services = plain_services(match)
        if family == 6:
            if match.destinations != ANY_IPV6 or services != (PlainService(None),):
                raise NotSaidError(_NOT_EXPRESSIBLE)
            found += [f"deny {source}" for source in sources]
        else:
            written = [one for service in services for one in _service(service)]
            if outgoing and any(port.startswith("range") for _, *ports in written for port in ports):
                raise NotSaidError(_RANGE_OUT)
            sides = product(sources, _sides(family, match.destinations))
            for (source, destination), (protocol, source_port, port) in product(sides, written):
                found.append(" ".join(filter(None, ("deny", protocol, source, source_port, destination, port))))
        if len(found) > MOST_LINES:
            raise NotSaidError(TOO_MANY)
    return found


def _sides(family: Family, intervals: Intervals) -> list[str]:
    if intervals == (ANY_IPV4 if family == 4 else ANY_IPV6):
        return ["any"]
    return [
        str(net)
        if family == 6
        else f"host {net.network_address}"
        if net.prefixlen == net.max_prefixlen
        else f"{net.network_address} {net.hostmask}"
        for net in all_prefixes(family, intervals)
    ]


def _service(service: PlainService) -> list[tuple[str, str, str]]:
    """Protocol, source port, destination port."""
    if service.has_types or (service.has_ports and service.protocol not in _NAMES):
        raise NotSaidError(_NOT_EXPRESSIBLE)
    if service.protocol is None:
        return [("any", "", "")]
    name = _NAMES.get(service.protocol, str(service.protocol))
    return [(name, *pair) for pair in product(_ports(service.source_ports), _ports(service.destination_ports))]


def _ports(intervals: Intervals) -> list[str]:
    if intervals == ANY_PORT:
        return [""]
    return [f"eq {low}" if low == high else f"range {low} {high}" for low, high in intervals]


WRITER = YamahaSwxCommandWriter()
