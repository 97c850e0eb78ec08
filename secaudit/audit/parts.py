"""Several files of one device: the parts of one configuration, read as one text.

Which files belong together is declared in the ledger (`files`), or found: one vendor, one hostname, and no section in two of them. What no
part holds was not exported; it is not absent. So a joined device is doubtful as a whole unless its parts are surely all of it: the ledger
says so and nothing is lacking that every whole export has, or every section that matters is there by name.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from secaudit.audit.part_sentences import (
    apart,
    filters_unused,
    joined_text,
    lacks,
    no_such_file,
    not_joinable,
    not_there,
    only_a_part,
    other_hostname,
    other_vendor,
    overlapping,
    perhaps_more,
    refers_to_nothing,
    shown,
    unread_part,
)
from secaudit.audit.put_back import with_lines
from secaudit.audit.reading import ConfigFile, Whole, gathered, no_device, same_lines, unknown
from secaudit.errors import InputError, InternalError
from secaudit.municipality.model import LedgerDevice
from secaudit.network.device import Device, Doubt, DoubtKind, Notice, NoticeKind, Plane
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.outlines import begins, listed, outline_of
from secaudit.vendors.reader import Coverage, GatheringReader, Outline, ReadConfig, Reader
from secaudit.vendors.registry import read_as, readers, recognise, score_of

_UNDEFINED = (NoticeKind.UNDEFINED_FILTER, NoticeKind.UNDEFINED_LINE)
_MOST_LINES = 5
"""Lines that show what is not defined."""


def put_together(
    files: Sequence[ConfigFile], ledger: Iterable[LedgerDevice] = ()
) -> tuple[list[ConfigFile], list[Text]]:
    """The same files with those read again together that are parts of one whole, and what a person should know about it.

    The devices of a whole are in the first of its files.
    """
    ledger = tuple(ledger)
    put = _Putting(gathered(files))
    for entry in ledger:
        if len(entry.files) > 1:
            put.declared(entry)
    stated = {one.path for entry in ledger for one in entry.files}
    put.found(stated)
    put.alone()
    return put.files, put.told


@dataclass(frozen=True, slots=True)
class _Part:
    """One file of a group, as its configuration reader gets it."""

    at: int
    file: ConfigFile
    text: ConfigText
    tables: frozenset[int]


class _Putting:
    """The files as they are put together."""

    def __init__(self, files: list[ConfigFile]) -> None:
        self.files = files
        self.told: list[Text] = []
        self._done: set[int] = set()

    # --- declared in the ledger -------------------------------------------------------------------------------

    def declared(self, entry: LedgerDevice) -> None:
        """The files that the ledger names for one device."""
        place = {file.path: at for at, file in enumerate(self.files)}
        there = [one for one in entry.files if one.path in place]
        missing = [one for one in entry.files if one.path not in place]
        self.told += [shown(no_such_file(entry, one)) for one in missing]
        unusable = [one for one in there if self.files[place[one.path]].text is None]
        parts = [part for one in there if (part := self._part(place[one.path])) is not None]
        self._done.update(place[one.path] for one in there)
        if not parts:
            return
        doubts = [not_there(one) for one in (*missing, *unusable)]
        if any(one.name == entry.vendor and isinstance(one, GatheringReader) for one in readers()):
            self._doubt_vendor(entry.vendor, doubts)  # its files are read together whatever the ledger names
            return
        reader, errors = _vendor_of(entry, parts)
        if reader is None or errors:
            self.told += [shown(error) for error in errors]
            self._leave_apart(parts, apart(entry))
            return
        self._join(reader, parts, entry.name, doubts, declared=True)

    def _doubt_vendor(self, vendor: str, doubts: Sequence[Doubt]) -> None:
        for at, file in enumerate(self.files):
            if file.read is not None and file.read.vendor == vendor:
                self.files[at] = replace(file, read=_doubted(file.read, doubts))

    def _leave_apart(self, parts: Sequence[_Part], doubt: Doubt) -> None:
        for part in parts:
            file = self.files[part.at]
            if file.read is not None:
                self.files[part.at] = replace(file, read=_doubted(file.read, [doubt]))

    # --- found by their names ---------------------------------------------------------------------------------

    def found(self, stated: set[str]) -> None:
        """Files of one vendor and one hostname, of which no section is in two."""
        groups: dict[tuple[str, str], list[_Part]] = defaultdict(list)
        by_name = {reader.name: reader for reader in readers()}
        free = [at for at, file in enumerate(self.files) if at not in self._done and file.path not in stated]
        for at in free:
            part, read = self._part(at), self.files[at].read
            if part is None or read is None or len(read.devices) != 1:
                continue
            outline = outline_of(by_name[read.vendor], part.text)
            if outline is not None and outline.hostname:
                groups[read.vendor, outline.hostname].append(part)
        strangers = self._strangers(free)
        for (vendor, hostname), group in groups.items():
            parts: list[_Part] = []
            alone = sum(name == hostname for _, name in groups) == 1
            for part in (*group, *(strangers.get(hostname, ()) if alone else ())):
                if not any(same_lines(part.file, other.file) for other in parts):
                    parts.append(part)
            if not alone:
                self._name(parts, hostname)
            elif len(parts) > 1:
                self._join_found(by_name[vendor], parts, hostname)

    def _strangers(self, free: Iterable[int]) -> Mapping[str, list[_Part]]:
        """Files that are not recognised on their own, by the one device in whose prompts they were printed. A file with a routing table in it
        was saved for the table: what else stands there is told as a mistake of that file."""
        found: dict[str, list[_Part]] = defaultdict(list)
        for at in free:
            file, part = self.files[at], self._part(at)
            if part is None or file.tables or file.read is not None or file.problem is None:
                continue
            if len(part.text.hosts) == 1:
                found[part.text.hosts[0]].append(part)
        return found

    def _join_found(self, reader: Reader, parts: Sequence[_Part], hostname: str) -> None:
        """Joins files of one host when they can be parts of one export; else they are two configurations of it (`name_devices`)."""
        order = sorted(parts, key=lambda part: part.at)
        held = {part.file.path: one for part in order if (one := outline_of(reader, part.text)) is not None}
        if not any(one.inside for one in held.values()) and next(listed(held), None) is None:
            self._join(reader, order, hostname, [], declared=False)
            return
        self._name(order, hostname)
        for part in order:
            if part.file.problem is not None:
                self._doubt_host(order, part.file.path)

    def _name(self, parts: Iterable[_Part], hostname: str) -> None:
        """Devices that are called after their files get the name in the prompts, so that it is seen that there are two of it."""
        for part in parts:
            file = self.files[part.at]
            if file.read is not None and "/" not in file.read.devices[0].name:
                devices = tuple(replace(one, name=hostname) for one in file.read.devices)
                self.files[part.at] = replace(file, read=replace(file.read, devices=devices))

    def _doubt_host(self, parts: Sequence[_Part], unread: str) -> None:
        """A file of a host that is not understood may be a part of its configuration."""
        doubt = Doubt(DoubtKind.TRUNCATED, unread_part(unread), (SourceLine(unread, 1, ""),))
        for part in parts:
            file = self.files[part.at]
            if file.read is not None:
                self.files[part.at] = replace(file, read=_doubted(file.read, [doubt]))

    # --- a file on its own ------------------------------------------------------------------------------------

    def alone(self) -> None:
        """A file that is no whole export: its device is doubtful."""
        by_name = {reader.name: reader for reader in readers()}
        for at, file in enumerate(self.files):
            if file.whole is not None or file.read is None or not file.read.devices:
                continue
            part = self._part(at)
            reader = by_name.get(file.read.vendor)
            if part is None or reader is None or begins(reader, part.text):
                continue
            outline = outline_of(reader, part.text)
            if outline is not None:
                doubt = Doubt(DoubtKind.TRUNCATED, only_a_part(outline), (SourceLine(file.path, 1, ""),))
                self.files[at] = replace(file, read=_doubted(file.read, [doubt]))

    # --- both -------------------------------------------------------------------------------------------------

    def _part(self, at: int) -> _Part | None:
        file = self.files[at]
        text, rest = file.text, file.configuration
        if text is None or rest is None:
            return None
        left = frozenset() if rest is text else frozenset(line.number for line in rest.lines)
        tables = frozenset() if rest is text else frozenset(line.number for line in text.lines) - left
        return _Part(at, file, rest, tables)

    def _join(self, reader: Reader, parts: Sequence[_Part], name: str, doubts: list[Doubt], *, declared: bool) -> None:
        paths = tuple(part.file.path for part in parts)
        joined = _Joined(parts, _named_again(reader, parts))
        outline = outline_of(reader, joined.text)
        if outline is not None:
            doubts = [*doubts, *_lacking(outline, paths, declared=declared)]
        whole = Whole(paths, reader.name, joined.text, joined.places, tuple(doubts), name if joined.text.hosts else "")
        try:
            read = read_whole(whole, joined.text)
        except InternalError as error:
            for part in parts:
                self.files[part.at] = replace(part.file, text=None, read=None, problem=error)
            return
        devices = with_lines(read.devices, joined.back)
        for number, (part, coverage) in enumerate(zip(parts, joined.split(read.coverage), strict=True)):
            own = replace(coverage, used=coverage.used | part.tables)
            first = number == 0
            problem = no_device(part.text, reader.name) if not devices else None
            config = ReadConfig(reader.name, devices if first else (), own, read.warnings if first else ())
            self.files[part.at] = replace(part.file, read=config, problem=problem, whole=whole)
        self._done.update(part.at for part in parts)
        if len(paths) > 1:
            self.told.append(joined_text(name, paths, declared=declared))
        self.told += [doubt.text for doubt in doubts]


def read_whole(whole: Whole, text: ConfigText) -> ReadConfig:
    """Reads a joined text (as it is, or changed) with the doubts of its parts. Lines are numbered through all files."""
    read = read_as(whole.vendor, text)
    if whole.name and len(read.devices) == 1 and "/" not in read.devices[0].name:
        read = replace(read, devices=(replace(read.devices[0], name=whole.name),))
    return _doubted(_not_exported(read, whole), whole.doubts)


def numbered_through(whole: Whole, device: Device) -> Device:
    """A device of a whole as it was read from the joined text: its lines numbered through all files."""
    by_place = {(file, number): line for line, (file, number) in zip(whole.text.lines, whole.places, strict=True)}
    return with_lines(device, lambda line: by_place.get((line.file, line.number), line))


class _Joined:
    """Parts as one text. `places` are file and number of each of its lines."""

    def __init__(self, parts: Sequence[_Part], silenced: Mapping[int, frozenset[int]]) -> None:
        self._parts = parts
        first = parts[0].file.path
        lines: list[SourceLine] = []
        places: list[tuple[str, int]] = []
        self._ends: list[int] = []
        """The last number of each part."""
        start = 0
        for part in parts:
            silent = silenced.get(part.at, frozenset())
            for line in part.text.lines:
                lines.append(SourceLine(first, start + line.number, "" if line.number in silent else line.text))
                places.append((part.file.path, line.number))
            assert part.file.text is not None, "a part has a text"
            start += max((line.number for line in part.file.text.lines), default=0)
            self._ends.append(start)
        self.places = tuple(places)
        self.text = replace(parts[0].text, lines=tuple(lines), hosts=_hosts(parts))
        self._lines = {
            start + line.number: line
            for part, start in zip(parts, (0, *self._ends), strict=False)
            for line in part.text.lines
        }

    def back(self, line: SourceLine) -> SourceLine:
        """A line of the joined text as the line of its file."""
        if line.file != self._parts[0].file.path:
            return line
        known = self._lines.get(line.number)
        if known is not None:
            return known
        at, number = self._at(line.number)
        return SourceLine(self._parts[at].file.path, number, line.text)

    def _at(self, number: int) -> tuple[int, int]:
        at = min(bisect_left(self._ends, number), len(self._ends) - 1)
        return at, number - (self._ends[at - 1] if at else 0)

    def split(self, coverage: Coverage) -> Iterator[Coverage]:
        """The coverage of each part, with its own numbers."""
        used: list[set[int]] = [set() for _ in self._parts]
        irrelevant: list[dict[int, Text]] = [{} for _ in self._parts]
        for number in coverage.used:
            at, own = self._at(number)
            used[at].add(own)
        for number, reason in coverage.irrelevant.items():
            at, own = self._at(number)
            irrelevant[at][own] = reason
        unread = [(self._at(one.line.number)[0], with_lines(one, self.back)) for one in coverage.unread]
        for at, _ in enumerate(self._parts):
            yield Coverage(frozenset(used[at]), irrelevant[at], tuple(one for held, one in unread if held == at))


def _hosts(parts: Sequence[_Part]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(host for part in parts for host in part.text.hosts))


def _named_again(reader: Reader, parts: Sequence[_Part]) -> dict[int, frozenset[int]]:
    """Lines that only say again whose configuration it is: readers take a second hostname for a second device."""
    found = {}
    named = False
    for part in parts:
        outline = outline_of(reader, part.text)
        if outline is None or not outline.named:
            continue
        if named:
            found[part.at] = outline.named
        named = True
    return found


def _not_exported(read: ReadConfig, whole: Whole) -> ReadConfig:
    """What a part refers to and no part defines was not exported; the device has it. What uses a filter may not have been exported either:
    that changes nothing that is known of the flows, but nobody knows what such filters permit to whom."""
    devices = []
    for device in read.devices:
        unused = tuple(one for one in device.notices if one.kind is NoticeKind.UNUSED_FILTER)
        undefined = tuple(one for one in device.notices if one.kind in _UNDEFINED or one.undefined)
        doubts = []
        if undefined:
            doubts.append(Doubt(DoubtKind.TRUNCATED, refers_to_nothing(whole), _lines_of(undefined)))
        if unused:
            doubts.append(Doubt(DoubtKind.TRUNCATED, filters_unused(whole), _lines_of(unused), interfaces=frozenset()))
        devices.append(replace(device, doubts=(*device.doubts, *doubts)))
    return replace(read, devices=tuple(devices))


def _lines_of(notices: Sequence[Notice]) -> Sources:
    return tuple(dict.fromkeys(line for one in notices for line in one.sources))[:_MOST_LINES]


def _doubted(read: ReadConfig, doubts: Sequence[Doubt]) -> ReadConfig:
    return replace(read, devices=tuple(replace(one, doubts=(*one.doubts, *doubts)) for one in read.devices))


def _lacking(outline: Outline, paths: Sequence[str], *, declared: bool) -> list[Doubt]:
    """What is not known because no part holds it."""
    sources = tuple(SourceLine(path, 1, "") for path in paths)
    doubts = [Doubt(DoubtKind.TRUNCATED, lacks(paths, one), sources) for one in outline.lacking]
    doubts += [
        Doubt(DoubtKind.TRUNCATED, lacks(paths, one), sources, Plane.MANAGEMENT) for one in outline.lacking_management
    ]
    if not declared and not outline.lacking and not outline.complete:
        doubts.append(Doubt(DoubtKind.TRUNCATED, perhaps_more(paths, outline.command), sources))
    return doubts


def _vendor_of(entry: LedgerDevice, parts: Sequence[_Part]) -> tuple[Reader | None, list[InputError]]:
    """Who reads the files of a ledger device, or why they cannot be read as one."""
    fields = {one.path: one for one in entry.files}
    by_name = {reader.name: reader for reader in readers()}
    together = _Joined(parts, {}).text
    recognised = recognise(together)
    reader = by_name.get(entry.vendor) or recognised
    if reader is None:
        return None, [unknown(parts[0].text)]
    errors = []
    if recognised is not None and recognised.name != reader.name and _is_other(recognised, reader, together):
        errors.append(other_vendor(entry, fields[parts[0].file.path], recognised, reader))
    outlines: dict[str, Outline] = {}
    for part in parts:
        listed_file = fields[part.file.path]
        other = recognise(part.text)
        if other is not None and other.name != reader.name and _is_other(other, reader, part.text):
            errors.append(other_vendor(entry, listed_file, other, reader))
            continue
        outline = outline_of(reader, part.text)
        if outline is None:
            return None, [not_joinable(entry, listed_file, reader)]
        outlines[part.file.path] = outline
    hosts = {path: one.hostname for path, one in outlines.items() if one.hostname}
    first = next(iter(hosts.values()), "")
    errors += [other_hostname(fields[path], host, first) for path, host in hosts.items() if host != first]
    again: dict[tuple[str, str], list[str]] = defaultdict(list)
    for section, one, two in listed(outlines):
        again[one, two].append(section)
    errors += [overlapping(fields[two], one, sections) for (one, two), sections in again.items()]
    return reader, errors


def _is_other(other: Reader, reader: Reader, text: ConfigText) -> bool:
    """Whether a part is surely of another vendor: single sections of command lines that look alike may be recognised as either."""
    return begins(other, text) or score_of(reader, text) == 0
