"""`show ip route` and `show ipv6 route`, also of a VRF, as IOS and IOS-XE print them.

Source: the examples of the command reference "IP Routing: Protocol-Independent", and tables of field logs. The number of subnets below
a network and the number of IPv6 entries are printed by the device: a table that was cut, or filtered by protocol, does not have them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.network.captured import Flaw, Origin
from secaudit.network.intervals import IPNetwork
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_lines import Entry, TableDraft, network

VENDOR = "cisco_ios"
_ECHO = re.compile(r"(?:show|sh)\s+(?:ip|ipv6)\s+route(?:\s+vrf\s+\S+)?\s*\Z", re.IGNORECASE)
_BEGINNINGS = frozenset("ICGRsS")
"""How the first line of a table begins: one of the headings below, or the command itself."""
_VRF = re.compile(r"Routing Table: (\S+)\s*\Z")
_CODES = re.compile(r"Codes: (?:L - local, )?C - connected")
_MORE_CODES = re.compile(r"\s+\S{1,3} [-–] |\s+\S{1,3} \S+,")
_LAST_RESORT = re.compile(r"Gateway of last resort is ")
_IPV6 = re.compile(r"IPv6 Routing Table(?: - (\S+))? - (\d{1,9}) entries\s*\Z")
_SUBNETS = re.compile(
    r"\s*(\d+\.\d+\.\d+\.\d+)(/\d+)? is (variably )?subnetted, (\d{1,9}) subnets(?:, \d+ masks)?\s*\Z"
)
_ENTRY = re.compile(r"([A-Za-z][\w*+%& ]{0,8}?)\s+(\d+\.\d+\.\d+\.\d+(?:/\d+)?)(?:\s+(\S.*))?\Z")
_ENTRY6 = re.compile(r"([A-Za-z][\w*+%&]{0,4})\s+([0-9A-Fa-f:.]+/\d+)\s+(\[.*)\Z")
_MORE = re.compile(r"\s+(\[\d+/\d+\] .*|via .*|is directly connected.*|is a summary.*)\Z")
_FLAGS = frozenset("+%&")
_ORIGINS = {"C": Origin.CONNECTED, "L": Origin.LOCAL, "LC": Origin.LOCAL, "S": Origin.STATIC, "ND": Origin.STATIC}
_PROTOCOLS = {
    "R": "rip", "B": "bgp", "D": "eigrp", "EX": "eigrp", "O": "ospf", "OI": "ospf", "OE1": "ospf", "OE2": "ospf",
    "ON1": "ospf", "ON2": "ospf", "i": "isis", "I1": "isis", "I2": "isis", "IA": "isis", "IS": "isis", "o": "odr",
}  # fmt: skip
_KINDS = frozenset(("IA", "E1", "E2", "N1", "N2", "EX", "L1", "L2", "ia", "su"))


def find_tables(text: ConfigText) -> FoundTables:
    """Every table of a text."""
    finder = _Finder(text.lines)
    return finder.find()


@dataclass(slots=True)
class _Finder:
    lines: Sequence[SourceLine]
    position: int = 0
    tables: list[tuple[TableDraft, bool]] = field(default_factory=list)
    used: set[int] = field(default_factory=set)

    def find(self) -> FoundTables:
        lines = self.lines
        while self.position < len(lines):
            if lines[self.position].text[:1] not in _BEGINNINGS:
                self.position += 1
                continue
            heading = self._heading()
            if heading is None:
                continue
            draft, count = heading
            if draft.family == 4:
                self._ipv4(draft)
            else:
                self._ipv6(draft, count)
            self.tables.append((draft, self.position < len(self.lines)))
        return FoundTables(tuple(draft.build(ended=ended) for draft, ended in self.tables), frozenset(self.used))

    def _heading(self) -> tuple[TableDraft, int] | None:
        """The lines before the first entry; None when there is no table here (what was looked at begins none either)."""
        first = self.lines[self.position].text
        if first[:1] in "sS" and not _ECHO.match(first):
            self.position += 1
            return None
        index, vrf = self.position, ""
        taken: list[SourceLine] = []
        while index < len(self.lines):
            line = self.lines[index]
            named, ipv6 = _VRF.match(line.text), _IPV6.match(line.text)
            taken.append(line)
            index += 1
            if ipv6 is not None:
                name = ipv6.group(1) or ""
                index = self._codes(index, taken)
                vrf = "" if name.lower() in ("", "default") else name
                return self._begin(vrf, 6, taken, index), int(ipv6.group(2))
            if _LAST_RESORT.match(line.text):
                return self._begin(vrf, 4, taken, index), 0
            if named is not None:
                vrf = named.group(1)
            elif _CODES.match(line.text):
                index = self._codes(index, taken)
            elif line.text.strip() and not _ECHO.match(line.text):
                break
        self.position = max(index - 1, self.position + 1)
        return None

    def _codes(self, index: int, taken: list[SourceLine]) -> int:
        while index < len(self.lines):
            line = self.lines[index]
            if not (line.text.startswith("Codes:") or (line.text[:1] == " " and _MORE_CODES.match(line.text))):
                break
            taken.append(line)
            index += 1
        return index

    def _begin(self, vrf: str, family: int, taken: list[SourceLine], index: int) -> TableDraft:
        self.used.update(line.number for line in taken)
        self.position = index
        shown = [line for line in taken if line.text.strip()]
        return TableDraft(VENDOR, vrf, 4 if family == 4 else 6, shown)

    def _body(self, draft: TableDraft) -> list[SourceLine]:
        """The lines of the table. An empty line ends it unless what follows is of a table as well (a pager stood there)."""
        body: list[SourceLine] = []
        blank: list[SourceLine] = []
        pattern = _ENTRY if draft.family == 4 else _ENTRY6
        while self.position < len(self.lines):
            line = self.lines[self.position]
            if not line.text.strip():
                blank.append(line)
            elif blank and body and not any(one.match(line.text) for one in (pattern, _MORE, _SUBNETS)):
                break
            else:
                if line.text[:1] not in " " and _ECHO.match(line.text):
                    break
                self.used.update(one.number for one in (*blank, line))
                blank = []
                body.append(line)
            self.position += 1
        self.position -= len(blank)
        return body

    def _ipv4(self, draft: TableDraft) -> None:
        entry: Entry | None = None
        counted = _Counted(draft)
        for line in self._body(draft):
            heading, started, more = _SUBNETS.match(line.text), _ENTRY.match(line.text), _MORE.match(line.text)
            if more is not None and entry is not None:
                entry.pieces.append((line, more.group(1)))
                continue
            if entry is not None:
                entry.into(draft)
                entry = None
            if heading is not None:
                counted.heading(line, heading)
            elif started is not None:
                entry = _entry(draft, line, started, counted)
            else:
                draft.unread.append(line)
        if entry is not None:
            entry.into(draft)
        counted.close()

    def _ipv6(self, draft: TableDraft, count: int) -> None:
        entry: Entry | None = None
        seen = 0
        for line in self._body(draft):
            started, more = _ENTRY6.match(line.text), _MORE.match(line.text)
            if more is not None and entry is not None:
                entry.pieces.append((line, more.group(1)))
                continue
            if entry is not None:
                entry.into(draft)
                entry = None
            if started is None:
                draft.unread.append(line)
                continue
            seen += 1
            prefix = network(started.group(2), 6)
            origin = _origin(started.group(1))
            if prefix is None or origin is None:
                draft.unread.append(line)
            else:
                entry = Entry(*origin, prefix, [(line, started.group(3))])
        if entry is not None:
            entry.into(draft)
        if seen != count:
            draft.flaws.append(_miscounted(draft.heading[0], count, seen))


@dataclass(slots=True)
class _Counted:
    """The network whose subnets are listed, and how many the device said that there are."""

    draft: TableDraft
    line: SourceLine | None = None
    around: IPNetwork | None = None
    mask: str = ""
    expected: int = 0
    seen: set[IPNetwork] = field(default_factory=set)

    def heading(self, line: SourceLine, match: re.Match[str]) -> None:
        self.close()
        first = int(match.group(1).split(".")[0])
        length = 8 if first < 128 else 16 if first < 192 else 24
        self.line = line
        self.around = network(f"{match.group(1)}/{length}", 4)
        self.mask = "" if match.group(3) else match.group(2) or ""
        self.expected = int(match.group(4))
        self.seen = set()

    def prefix(self, text: str) -> IPNetwork | None:
        """The prefix of an entry; a mask that is not written is that of the heading."""
        found = network(text if "/" in text else text + self.mask, 4)
        if self.around is not None and found is not None:
            if found.network_address in self.around:
                self.seen.add(found)
            else:
                self.close()
        return found

    def close(self) -> None:
        """Checks the number."""
        if self.line is not None and len(self.seen) != self.expected:
            self.draft.flaws.append(_miscounted(self.line, self.expected, len(self.seen)))
        self.line, self.around, self.mask = None, None, ""


def _entry(draft: TableDraft, line: SourceLine, match: re.Match[str], counted: _Counted) -> Entry | None:
    prefix = counted.prefix(match.group(2))
    origin = _origin(match.group(1))
    if prefix is None or origin is None:
        draft.unread.append(line)
        return None
    return Entry(*origin, prefix, [(line, match.group(3) or "")])


def _origin(codes: str) -> tuple[Origin, str] | None:
    """What the letters before an entry mean; None for routes of other tables (`+`) and overridden next hops (`%`, `&`)."""
    if _FLAGS & set(codes):
        return None
    words = codes.replace("*", " ").split()
    if not words or any(word not in _KINDS for word in words[1:]):
        return None
    if words[0] in _ORIGINS:
        return _ORIGINS[words[0]], ""
    return Origin.LEARNT, _PROTOCOLS.get(words[0], words[0])


def _miscounted(line: SourceLine, expected: int, seen: int) -> Flaw:
    text = Text(
        ja=f"経路表には {expected} 件あるはずだが {seen} 件しかない。途中で切れているか、一部だけの表である。",
        en=f"there should be {expected} entries and there are {seen}: the table was cut, or is only a part",
    )
    return Flaw(text, (line,))
