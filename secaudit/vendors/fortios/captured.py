"""`get router info routing-table all` and `get router info6 routing-table` as FortiOS prints them (FO-13).

Source: the examples of the FortiOS administration guide ("Routing concepts"), and tables of field logs. Which VDOM a table is of does not
stand in it. The IPv6 form and the older form without the line "Routing table for VRF" are from memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.network.captured import Origin
from secaudit.network.matches import Family
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_commands import Typed, command_flaws, inside_texts, text_flaw
from secaudit.vendors.table_finder import goes_on
from secaudit.vendors.table_lines import Entry, TableDraft, network

VENDOR = "fortios"
_WHOLE = re.compile(
    r"get\s+router\s+(?:info\s+routing-table\s+all|info6\s+routing-table(?:\s+all)?)(?P<vrf>)\s*", re.IGNORECASE
)
_BEGINNINGS = frozenset("CRI")
_ROWS = re.compile(r"[A-Za-z][\w*> ]{0,6}\s+[0-9A-Fa-f:.]{2,45}/\d|\s*\[\d+/\d+\]|\s+via |Routing table for VRF=")
_VRF = re.compile(r"Routing table for VRF=(\d{1,5})\s*\Z")
_IPV6 = re.compile(r"IPv6 Routing Table\s*\Z")
_CODES = re.compile(r"Codes: K - kernel(?: route)?, C - connected")
_MORE_CODES = re.compile(r"\s*(?:\S{1,2} - [A-Za-z])")
_ENTRY = re.compile(r"([A-Za-z][\w*> ]{0,6}?)\s+([0-9A-Fa-f:.]+/\d+)\s+(\S.*)\Z")
_MORE = re.compile(r"\s+(\[\d+/\d+\],? .*|via .*)\Z")
_MORE_UNINDENTED = re.compile(r"(\[\d+/\d+\] via .*)\Z")
_ORIGINS = {"C": Origin.CONNECTED, "S": Origin.STATIC, "K": Origin.STATIC}
_PROTOCOLS = {"R": "rip", "O": "ospf", "B": "bgp", "i": "isis", "I": "isis"}
_KINDS = frozenset(("IA", "N1", "N2", "E1", "E2", "L1", "L2", "ia"))
_RECURSIVE = (
    (re.compile(r"\(recursive is directly connected, ([^\s,)]+)\)"), r", \1"),
    (re.compile(r"via [0-9A-Fa-f:.]+ \(recursive via ([^\s,)]+) tunnel [^\s)]+\)"), r"is directly connected, \1"),
    (re.compile(r"via [0-9A-Fa-f:.]+ \(recursive via ([0-9A-Fa-f:.]+), ([^\s,)]+)\)"), r"via \1, \2"),
    (re.compile(r"via (\S+) tunnel [^\s,]+"), r"is directly connected, \1"),
)
"""What stands in brackets is the next hop that the device found for a gateway behind a gateway."""


def find_tables(text: ConfigText) -> FoundTables:
    """Every table of a text."""
    return _Finder(text.lines, Typed(text)).find()


@dataclass(slots=True)
class _Finder:
    lines: Sequence[SourceLine]
    typed: Typed
    position: int = 0
    tables: list[tuple[TableDraft, bool]] = field(default_factory=list)
    used: set[int] = field(default_factory=set)

    def find(self) -> FoundTables:
        lines = self.lines
        while self.position < len(lines):
            text = lines[self.position].text
            if text[:1] in _BEGINNINGS and self._begins(text):
                self._section()
            else:
                self.position += 1
        inside = inside_texts(lines) if self.tables else frozenset()
        for draft, _ in self.tables:
            if draft.heading[0].number in inside:
                draft.flaws.append(text_flaw(draft.heading))
        return FoundTables(tuple(draft.build(ended=ended) for draft, ended in self.tables), frozenset(self.used))

    def _begins(self, text: str) -> bool:
        if _IPV6.match(text):
            behind = self.lines[self.position + 1 : self.position + 2]
            return any(_CODES.match(line.text) for line in behind)
        return _CODES.match(text) is not None or _VRF.match(text) is not None

    def _section(self) -> None:
        """One command's output: headings, the letters, and a table for every VRF."""
        begun = self.position
        command = self.typed.in_front(begun, self.used)
        family: Family = 4
        heading: list[SourceLine] = []
        draft: TableDraft | None = None
        entry: Entry | None = None
        blank: list[SourceLine] = []
        letters = False
        drafts: list[TableDraft] = []
        while self.position < len(self.lines):
            line = self.lines[self.position]
            text = line.text
            vrf = _VRF.match(text)
            if self.typed.prompt(line) is not None:
                break
            if not text.strip():
                blank.append(line)
                self.position += 1
                continue
            is_heading = vrf or _IPV6.match(text) or _CODES.match(text) or (letters and _MORE_CODES.match(text))
            if blank and draft is not None and (_CODES.match(text) or _IPV6.match(text)):
                break  # the output of the next command
            more = _MORE.match(text) or (_MORE_UNINDENTED.match(text) if entry is not None else None)
            started = None if is_heading else _ENTRY.match(text)
            if not is_heading and more is None and started is None:
                if draft is None or blank:
                    break
                if not (_ROWS.match(text) or goes_on(self.lines, self.position, _ROWS)):
                    draft.unread.append(line)
                    break
            self.used.update(one.number for one in (*blank, line))
            blank = []
            self.position += 1
            if more is not None and entry is not None and not is_heading:
                entry.pieces.append((line, _plain(more.group(1))))
                continue
            if entry is not None and draft is not None:
                entry.into(draft)
                entry = None
            if is_heading:
                letters = not (vrf or _IPV6.match(text))
                heading.append(line)
                family = 6 if _IPV6.match(text) or "kernel route" in text else family
                if vrf is not None:
                    name = "" if vrf.group(1) == "0" else vrf.group(1)
                    draft = TableDraft(VENDOR, name, family, [line])
                    drafts.append(draft)
                continue
            letters = False
            if draft is None:
                draft = TableDraft(VENDOR, "", family, list(heading) or [line])
                drafts.append(draft)
            draft.family = family
            entry = _entry(draft, line, started) if started is not None else None
            if entry is None:
                draft.unread.append(line)
        if entry is not None and draft is not None:
            entry.into(draft)
        self.position = max(self.position - len(blank), begun + 1)
        if drafts:
            self.used.update(line.number for line in heading)
            if command is not None:
                self.used.add(command.number)
        ended = self.typed.ended(self.position)
        for one in drafts:
            # The command prints the tables of all VRFs; that of the last one ends where the output does.
            one.flaws += command_flaws(command, _WHOLE, one, bare_is_all=True)
            self.tables.append((one, ended))


def _plain(piece: str) -> str:
    for pattern, instead in _RECURSIVE:
        piece = pattern.sub(instead, piece)
    return piece


def _entry(draft: TableDraft, line: SourceLine, match: re.Match[str]) -> Entry | None:
    prefix = network(match.group(2), draft.family)
    words = match.group(1).replace("*", " ").replace(">", " ").split()
    if prefix is None or not words or any(word not in _KINDS for word in words[1:]):
        return None
    origin, protocol = _ORIGINS.get(words[0]), ""
    if origin is None:
        origin, protocol = Origin.LEARNT, _PROTOCOLS.get(words[0], words[0])
    if prefix.is_loopback:
        origin = Origin.LOCAL
    return Entry(origin, protocol, prefix, [(line, _plain(match.group(3)))])
