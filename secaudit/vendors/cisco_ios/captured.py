"""`show ip route` and `show ipv6 route`, also of a VRF, as IOS and IOS-XE print them.

Source: the examples of the command reference "IP Routing: Protocol-Independent", and tables of field logs. The number of subnets below
a network and the number of IPv6 entries are printed by the device: a table that was cut, or filtered by protocol, does not have them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.network.captured import Origin
from secaudit.network.intervals import IPNetwork
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_commands import Typed, command_flaws, inside_texts, prints_every_table, text_flaw
from secaudit.vendors.table_finder import goes_on
from secaudit.vendors.table_lines import ASA_CODES6, AWPLUS_CODES, Entry, TableDraft, masked, miscounted, network

VENDOR = "cisco_ios"
_WHOLE = re.compile(r"sh(?:ow?)?\s+(?:ip|ipv6)\s+ro(?:ute?|u)?(?:\s+vrf\s+(?P<vrf>\S{1,64}))?\s*", re.IGNORECASE)
_BEGINNINGS = frozenset("ICGR")
"""How the first line of a table begins: one of the headings below."""
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


_ROWS = re.compile(
    r"[A-Za-z]{1,2}\d?[*+%&]*(?: +[A-Za-z]{1,2}\d?)? +(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f:]{2,40}/\d)|\s+\[\d+/\d+\]|\s+via |\s+is directly|\s*\d+\.\d+\.\d+\.\d+(?:/\d+)? is "
)
_MOST_OF_LEGEND = 16


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
            if lines[self.position].text[:1] not in _BEGINNINGS:
                self.position += 1
                continue
            heading = self._heading()
            if heading is not None:
                self._table(*heading)
        inside = inside_texts(lines, any_delimiter=True) if self.tables else frozenset()
        for draft, _ in self.tables:
            if draft.heading[0].number in inside:
                draft.flaws.append(text_flaw(draft.heading))
        return FoundTables(tuple(draft.build(ended=ended) for draft, ended in self.tables), frozenset(self.used))

    def _table(self, draft: TableDraft, count: int, begun: int) -> None:
        command = self.typed.in_front(begun, self.used)
        if command is not None:
            self.used.add(command.number)
        if draft.family == 4:
            self._ipv4(draft)
        else:
            self._ipv6(draft, count)
        draft.flaws += command_flaws(command, _WHOLE, draft, bare_is_all=False)
        more = prints_every_table(command, _WHOLE, bare_is_all=False) and self._next_begins()
        self.tables.append((draft, more or self.typed.ended(self.position)))

    def _next_begins(self) -> bool:
        """Whether the next line that is not blank is the heading of another VRF."""
        following = (line.text for line in self.lines[self.position : self.position + 5])
        return _VRF.match(next((text for text in following if text.strip()), "")) is not None

    def _heading(self) -> tuple[TableDraft, int, int] | None:
        """The lines before the first entry, the number of entries, and where it begins; None when there is no table here (what was looked at
        begins none either)."""
        begun = index = self.position
        vrf = ""
        taken: list[SourceLine] = []
        while index < len(self.lines):
            line = self.lines[index]
            named, ipv6 = _VRF.match(line.text), _IPV6.match(line.text)
            taken.append(line)
            index += 1
            if ipv6 is not None:
                if index < len(self.lines) and ASA_CODES6.match(self.lines[index].text):
                    break
                name = ipv6.group(1) or ""
                index = self._codes(index, taken)
                vrf = "" if name.lower() in ("", "default") else name
                return self._begin(vrf, 6, taken, index), int(ipv6.group(2)), begun
            if _LAST_RESORT.match(line.text):
                if masked(self.lines, index):
                    index += 1
                    break
                return self._begin(vrf, 4, taken, index), 0, begun
            if named is not None:
                vrf = named.group(1)
            elif AWPLUS_CODES.match(line.text):
                index = self._behind_last_resort(index) + 1
                break
            elif _CODES.match(line.text):
                index = self._codes(index, taken)
            elif line.text.strip() or self.typed.prompt(line) is not None:
                break
        self.position = max(index - 1, self.position + 1)
        return None

    def _behind_last_resort(self, index: int) -> int:
        """Behind the legend of another vendor's table, which goes on as a table of ours does."""
        for at in range(index, min(len(self.lines), index + _MOST_OF_LEGEND)):
            if _LAST_RESORT.match(self.lines[at].text):
                return at + 1
        return index

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
            if self.typed.prompt(line) is not None:
                break
            if not line.text.strip():
                blank.append(line)
            elif any(one.match(line.text) for one in (pattern, _MORE, _SUBNETS)):
                self.used.update(one.number for one in (*blank, line))
                blank = []
                body.append(line)
            else:
                if (blank and body) or _VRF.match(line.text) or _IPV6.match(line.text):
                    break
                if not (_ROWS.match(line.text) or goes_on(self.lines, self.position, _ROWS)):
                    draft.unread.append(line)
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
            draft.flaws.append(miscounted(draft.heading[0], count, seen))


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
            self.draft.flaws.append(miscounted(self.line, self.expected, len(self.seen)))
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
