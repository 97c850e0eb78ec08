"""Repairs as YAMAHA commands: new `ip filter` lines, and the whole `secure filter` list anew, which replaces the old one (YA-40)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import FilterLine
from secaudit.network.intervals import ANY_BYTE, ANY_IPV4, ANY_IPV6, ANY_PORT, Intervals
from secaudit.network.matches import ICMP, ICMPV6, TCP, UDP, Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.commands import Commands, NotSaidError, append_lines
from secaudit.vendors.wording import (
    MOST_LINES,
    NOT_REMOVABLE,
    SEVERAL_DEVICES,
    TOO_MANY,
    UNPLACED,
    PlainService,
    address,
    all_prefixes,
    number_range,
    plain_services,
    prefixes,
)
from secaudit.vendors.yamaha.commands import list_commands, split_devices, split_words
from secaudit.vendors.yamaha.draft import HIGHEST_FILTER_NUMBER, Draft, FilterList, InterfaceDraft
from secaudit.vendors.yamaha.reader import read_draft

_LONGEST_LINE = 4095
"""YA-01."""
_MOST_NUMBERS = 128
"""What every model takes in one direction, with the static and dynamic numbers together (YA-45 says 129, 300 on the large ones)."""
_MOST_PORTS = 10
"""YA-36."""
_MOST_ADDRESSES = 20
"""Addresses in one field: a line that people can still read."""
_FAMILIES: tuple[tuple[Family, str], ...] = ((4, "ip"), (6, "ipv6"))
_PROTOCOLS: dict[Family, dict[int, str]] = {
    4: {TCP: "tcp", UDP: "udp", ICMP: "icmp"},
    6: {TCP: "tcp", UDP: "udp", ICMPV6: "icmp6"},
}
_NOTES = (
    Text(
        ja="secure filter の行は、その向きの一覧全体を置き換える。投入前に show config を控えておくこと。",
        en="a secure filter line replaces the whole list of its direction: keep the output of `show config` first",
    ),
    Text(
        ja="業務に影響しない時間帯に投入し、通信を確かめてから save で保存すること。",
        en="use a maintenance window, test, and then keep the change with `save`",
    ),
)
_SHARED_SET = Text(
    ja="フィルターセットがほかのインタフェースでも使われており、ここだけを変えるコマンドがない。",
    en="the filter set is used by other interfaces as well, so it cannot be changed for this one alone",
)
_TOO_LONG = Text(
    ja="フィルターの一覧が、機種の上限(番号の数または一行の文字数)を超えてしまう。",
    en="the list would be longer than the device takes (numbers in a list, characters in a line)",
)
_PORTS_OF_OTHERS = Text(
    ja="TCP と UDP 以外のプロトコルのポートは、フィルターで指定できない。",
    en="filters compare the ports of TCP and UDP only",
)
_OTHER_ENGINE = Text(
    ja="ポリシーフィルターまたは入力遮断フィルターを使う装置であり、投入コマンドを示せない。",
    en="the device uses policy or inbound filters, for which no commands are proposed",
)
_NO_NUMBER = Text(ja="空いているフィルター番号がない。", en="there is no free filter number")


@dataclass(slots=True)
class _List:
    """The numbers of one direction while they are changed. `kept` are those of the file; None stands for a removed one."""

    interface: InterfaceDraft
    family: Family
    direction: str
    old: FilterList | None
    kept: list[int | None]
    inserted: dict[int, list[int]] = field(default_factory=dict)

    def numbers(self) -> list[int]:
        """The list after the changes."""
        found: list[int] = []
        for place in range(len(self.kept) + 1):
            found += self.inserted.get(place, ())
            if place < len(self.kept):
                held = self.kept[place]
                found += () if held is None else (held,)
        return found


class YamahaCommandWriter:
    """See `secaudit.vendors.commands.CommandWriter`."""

    def commands(self, device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
        """New filters with free numbers, then every list that changes, whole. Raises `NotSaidError`."""
        parts = split_devices(text.lines)
        if len(parts) != 1:
            raise NotSaidError(SEVERAL_DEVICES)
        listing = list_commands(parts[0])
        draft = Draft(text.file)
        read_draft(draft, listing)
        if device.policies or any(one.inbound for one in draft.interfaces.values()):
            raise NotSaidError(_OTHER_ENGINE)
        session = _Session(device, draft, _numbers_in(text))
        for change in changes:
            session.change(change)
        return Commands(device.name, device.vendor, tuple(session.lines()), _NOTES)

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """Commands take effect one by one, in the order typed."""
        return append_lines(text, lines)


def _numbers_in(text: ConfigText) -> set[int]:
    """Every number that stands anywhere: a list may name a filter that is not defined, and would wake up with a new definition."""
    return {
        int(word)
        for line in text.lines
        for word in split_words(line.text)
        if word.isascii() and word.isdecimal() and len(word) <= 10
    }


class _Session:
    """The changes of one device."""

    def __init__(self, device: Device, draft: Draft, taken: set[int]) -> None:
        self._device = device
        self._draft = draft
        self._taken = taken
        self._definitions: list[str] = []
        self._defined: set[int] = set()
        self._next = max((n for held in draft.filters.values() for n in held), default=0) + 1
        self._lists: dict[tuple[str, Family, str], _List] = {}

    def change(self, change: Change) -> None:
        match change:
            case InsertDeny():
                self._insert(change)
            case RemoveLine():
                self._remove(change)
            case AddFilter():
                direction = "out" if change.outgoing else "in"
                for family, _ in _FAMILIES:
                    matches = [match for match in change.matches if match.family == family]
                    if matches:
                        self._new_list(self._list(change.interface, family, direction), matches)
            case _:
                assert_never(change)

    def lines(self) -> Iterator[str]:
        """Definitions before the lists that name them; an empty list would pass or drop everything, which is not documented."""
        lists: list[str] = []
        for one in self._lists.values():
            numbers = one.numbers()
            defined = self._draft.filters[one.family].keys()
            if not any(number in defined or number in self._defined for number in numbers):
                numbers.append(self._define(one.family, "reject * *"))
            lists += self._list_lines(one, numbers)
        yield from self._definitions
        yield from lists

    # --- changes ----------------------------------------------------------------------------------------------

    def _insert(self, change: InsertDeny) -> None:
        filter_lines = self._device.filters[change.filter].lines
        interface, _, direction = change.filter.rpartition(" ")
        for family, word in _FAMILIES:
            matches = [match for match in change.matches if match.family == family]
            if not matches:
                continue
            held = self._list(interface, family, direction)
            before = filter_lines[: change.position]
            if held.old is None:
                # The family passes whole, by a line of the model that stands for this.
                if any(line.label == f"no {word} filter" for line in before):
                    raise NotSaidError(UNPLACED)
                self._new_list(held, matches)
                continue
            if not any(number in self._draft.filters[family] for number in held.old.statics):
                raise NotSaidError(UNPLACED)  # what a list without a defined number does is not documented
            if any(
                line.label.startswith("dynamic ") and _is_of(line, family) for line in filter_lines[change.position :]
            ):
                raise NotSaidError(UNPLACED)
            place = self._place(held, sum(_label_of(line, family) is not None for line in before))
            held.inserted.setdefault(place, []).extend(self._reject(family, matches))

    def _remove(self, change: RemoveLine) -> None:
        filter_lines = self._device.filters[change.filter].lines
        interface, _, direction = change.filter.rpartition(" ")
        line = filter_lines[change.position]
        family: Family = 6 if line.label.startswith("ipv6 ") else 4
        if _label_of(line, family) is None:
            raise NotSaidError(NOT_REMOVABLE)
        held = self._list(interface, family, direction)
        before = sum(_label_of(one, family) is not None for one in filter_lines[: change.position])
        place = self._place(held, before)
        if held.old is None or place >= len(held.kept):
            raise NotSaidError(NOT_REMOVABLE)
        held.kept[place] = None

    def _list(self, name: str, family: Family, direction: str) -> _List:
        """The list that counts in one direction. Raises `NotSaidError` when it is not known which, or others use it."""
        held = self._lists.get((name, family, direction))
        if held is not None:
            return held
        interface = self._draft.interfaces.get(name)
        if interface is None or direction not in ("in", "out"):
            raise NotSaidError(UNPLACED)
        old = interface.lists.get((family, direction))
        named = interface.set_names.get(family)
        if named is not None:
            sets = self._draft.filter_sets[family].get(named[0])
            users = sum(one.set_names.get(family, ("",))[0] == named[0] for one in self._draft.interfaces.values())
            if sets is None or old is not None or users != 1 or len(named[0].split()) != 1:
                raise NotSaidError(_SHARED_SET)
            old = sets.get(direction)
        if old is not None and not old.readable:
            raise NotSaidError(UNPLACED)
        held = _List(interface, family, direction, old, [] if old is None else list(old.statics))
        self._lists[name, family, direction] = held
        return held

    def _place(self, held: _List, defined_before: int) -> int:
        """The place in the written list before which that many defined filters stand: undefined numbers are no lines of the model."""
        known = self._draft.filters[held.family]
        seen = 0
        for place, number in enumerate(held.old.statics if held.old is not None else ()):
            if number in known:
                if seen == defined_before:
                    return place
                seen += 1
        return len(held.kept)

    def _new_list(self, held: _List, matches: Sequence[Match]) -> None:
        if held.old is not None:
            raise NotSaidError(UNPLACED)
        first = held.inserted.get(0)
        rejecting = self._reject(held.family, matches)
        held.inserted[0] = [*rejecting, *(first or [self._define(held.family, "pass * *")])]

    # --- lines ------------------------------------------------------------------------------------------------

    def _define(self, family: Family, rest: str) -> int:
        while self._next in self._taken:
            self._next += 1
        number = self._next
        if number > HIGHEST_FILTER_NUMBER:
            raise NotSaidError(_NO_NUMBER)
        self._taken.add(number)
        self._definitions.append(f"{_word(family)} filter {number} {rest}")
        self._defined.add(number)
        return number

    def _list_lines(self, held: _List, numbers: Sequence[int]) -> list[str]:
        word = _word(held.family)
        dynamics = () if held.old is None else held.old.dynamics
        tail = " ".join(map(str, numbers)) + (f" dynamic {' '.join(map(str, dynamics))}" if dynamics else "")
        named = held.interface.set_names.get(held.family)
        selection: list[str] = []
        if named is not None:
            line = f"{word} filter set {named[0]} {held.direction} {tail}"
        else:
            kind, _, which = held.interface.name.partition(" ")
            line = f"{word} {kind} secure filter {held.direction} {tail}"
            selection = [f"{kind} select {which}", f"{kind} select none"] if which else []
        count = len(numbers) + len(dynamics)
        was = 0 if held.old is None else len(held.old.statics) + len(held.old.dynamics)
        if len(line) > _LONGEST_LINE or (count > _MOST_NUMBERS and count > was):
            raise NotSaidError(_TOO_LONG)
        return [*selection[:1], line, *selection[1:]]

    def _reject(self, family: Family, matches: Sequence[Match]) -> list[int]:
        found = [
            f"reject {source} {destination} {service}"
            for match in matches
            for service in [rest for one in plain_services(match) for rest in _service(family, one)]
            for source in _addresses(family, match.sources)
            for destination in _addresses(family, match.destinations)
        ]
        if len(found) > MOST_LINES:
            raise NotSaidError(TOO_MANY)
        return [self._define(family, rest) for rest in found]


def _word(family: Family) -> str:
    return "ip" if family == 4 else "ipv6"


def _is_of(line: FilterLine, family: Family) -> bool:
    return any(match.family == family for match in line.matches)


def _label_of(line: FilterLine, family: Family) -> int | None:
    """The filter number that a line of the model was made of; None for a line that stands for something else."""
    label = line.label.removeprefix("ipv6 ") if family == 6 else line.label
    if family == 6 and label == line.label:
        return None
    return int(label) if label.isdecimal() else None


def _addresses(family: Family, intervals: Intervals) -> list[str]:
    """Address fields: `*`, or lists of hosts, prefixes and (IPv4) ranges (YA-33)."""
    if intervals == (ANY_IPV4 if family == 4 else ANY_IPV6):
        return ["*"]
    if family == 6:
        items = [_prefix(str(network)) for network in all_prefixes(family, intervals)]
    else:
        items = []
        for interval in intervals:
            nets = prefixes(family, interval)
            whole = f"{address(4, interval[0])}-{address(4, interval[1])}"
            items.append(_prefix(str(nets[0])) if len(nets) == 1 else whole)
    return [",".join(items[start : start + _MOST_ADDRESSES]) for start in range(0, len(items), _MOST_ADDRESSES)]


def _prefix(text: str) -> str:
    """A mask that is left out means one host."""
    return text.removesuffix("/32") if ":" not in text else text.removesuffix("/128")


def _service(family: Family, service: PlainService) -> list[str]:
    """The last three fields: protocol, source ports, destination ports (of ICMP: type and code, YA-38)."""
    if service.protocol is None:
        return ["*"]
    name = _PROTOCOLS[family].get(service.protocol, str(service.protocol))
    if service.has_types:
        return [
            f"{name} {types} {codes}"
            for types in _numbers(service.icmp_types, ANY_BYTE)
            for codes in _numbers(service.icmp_codes, ANY_BYTE)
        ]
    if not service.has_ports:
        return [name]
    if service.protocol not in (TCP, UDP):
        raise NotSaidError(_PORTS_OF_OTHERS)
    return [
        f"{name} {sources} {ports}"
        for sources in _numbers(service.source_ports, ANY_PORT)
        for ports in _numbers(service.destination_ports, ANY_PORT)
    ]


def _numbers(intervals: Intervals, everything: Intervals) -> list[str]:
    if intervals == everything:
        return ["*"]
    items = list(map(number_range, intervals))
    return [",".join(items[start : start + _MOST_PORTS]) for start in range(0, len(items), _MOST_PORTS)]


WRITER = YamahaCommandWriter()
