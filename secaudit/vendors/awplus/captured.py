"""`show ip route` and `show ipv6 route` of AlliedWare Plus: the routes that are used for forwarding.

Source: command reference and "VRF-lite" guide of Allied Telesis (sample output). The line that begins the table of a VRF is from memory. The
device prints no number of routes: that a single row was taken out of a table by hand does not show.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from secaudit.network.captured import Origin
from secaudit.network.matches import Family
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_finder import TableFinder
from secaudit.vendors.table_lines import AWPLUS_CODES, Entry, TableDraft, network

VENDOR = "awplus"
_IPV6 = re.compile(r"IPv6 Routing Table\s*\Z")
_CODES6 = re.compile(r"Codes: C - connected, S - static, R - RIP, O - OSPF, B - BGP")
_VRF = re.compile(r"\[VRF: (\S{1,64})\]\s*\Z")
_LEGEND = re.compile(r"\s+\S{1,2} - \S|Timers: |Gateway of last resort is |\s*\Z")
_MOST_OF_LEGEND = 12
_ENTRY = re.compile(r"([A-Z][A-Z0-9* ]{0,6}?)\s+([0-9A-Fa-f:.]{2,45}/\d{1,3}) (\S.*)\Z")
_MORE = re.compile(r"\s+(\[\d+/\d+\] .*|via .*)\Z")
_ORIGINS = {"C": Origin.CONNECTED, "L": Origin.LOCAL, "S": Origin.STATIC, "D": Origin.STATIC}
"""`D` is what DHCP brought: with the interface of a client the configuration knows it as its default route."""
_PROTOCOLS = {"R": "rip", "O": "ospf", "B": "bgp", "i": "isis"}
_KINDS = frozenset(("IA", "N1", "N2", "E1", "E2"))


def find_tables(text: ConfigText) -> FoundTables:
    """Every table of a text."""
    return _Finder(text).find()


class _Finder(TableFinder):
    beginnings = frozenset("CI[")
    rows = re.compile(r"[A-Z][A-Z0-9* ]{0,6}\s+[0-9A-Fa-f:.]{2,45}/\d|\s+\[\d|\s+via ")
    whole = re.compile(
        r"sh(?:ow?)?\s+(?:ip|ipv6)\s+ro(?:ute?|u)?(?:\s+vrf\s+(?P<vrf>\S{1,64})|\s+global)?\s*", re.IGNORECASE
    )
    bare_is_all = True

    def __init__(self, text: ConfigText) -> None:
        super().__init__(text)
        self._entry: Entry | None = None
        self._family: Family = 4

    def heading(self) -> tuple[TableDraft, int] | None:
        first = self.lines[self.position]
        vrf = _VRF.match(first.text)
        if vrf is not None and self.used:
            return TableDraft(VENDOR, vrf[1], self._family, [first]), self._legend(self.position + 1)
        if AWPLUS_CODES.match(first.text):
            return self._named(4, self._legend(self.position + 1))
        behind = self.position + 1
        if _IPV6.match(first.text) and behind < len(self.lines) and _CODES6.match(self.lines[behind].text):
            return self._named(6, self._legend(behind + 1))
        return None

    def _named(self, family: Family, behind: int) -> tuple[TableDraft, int]:
        """The table behind a legend: that of a VRF when the next line says so."""
        vrf = None if behind >= len(self.lines) else _VRF.match(self.lines[behind].text)
        draft = TableDraft(VENDOR, "" if vrf is None else vrf[1], family, [self.lines[self.position]])
        return draft, behind if vrf is None else self._legend(behind + 1)

    def _legend(self, index: int) -> int:
        most = min(len(self.lines), index + _MOST_OF_LEGEND)
        while index < most and self.typed.prompt(self.lines[index]) is None and _LEGEND.match(self.lines[index].text):
            index += 1
        return index

    def begin(self, lines: Sequence[SourceLine]) -> None:
        if not _VRF.match(lines[0].text):
            self._family = 6 if _IPV6.match(lines[0].text) else 4

    def row(self, draft: TableDraft, line: SourceLine) -> bool:
        more = _MORE.match(line.text)
        if more is not None and self._entry is not None:
            self._entry.pieces.append((line, more[1]))
            return True
        self._into(draft)
        found = _ENTRY.match(line.text)
        prefix = None if found is None else network(found[2], draft.family)
        words = [] if found is None else found[1].replace("*", " ").split()
        if found is None or prefix is None or not words or any(word not in _KINDS for word in words[1:]):
            return False
        origin = _ORIGINS.get(words[0], Origin.LEARNT)
        protocol = _PROTOCOLS.get(words[0], words[0]) if origin is Origin.LEARNT else ""
        if prefix.is_loopback:
            origin = Origin.LOCAL
        self._entry = Entry(origin, protocol, prefix, [(line, found[3])])
        return True

    def _into(self, draft: TableDraft) -> None:
        if self._entry is not None:
            self._entry.into(draft)
        self._entry = None

    def close(self, draft: TableDraft) -> Sequence[TableDraft]:
        self._into(draft)
        return (draft,)
