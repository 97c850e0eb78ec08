"""`show routing route`, of all virtual routers or of one, as PAN-OS prints it: both families in one table, and their number at its end.

Source: "PAN-OS CLI Quick Start" and the legend that the command prints itself, and tables that public test suites of parsers hold. The number counts
what is shown, so that it tells of a cut but not of a filter. `show advanced-routing route` of logical routers is not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from secaudit.network.captured import CapturedRoute, Flaw, Origin
from secaudit.network.matches import Family
from secaudit.network.routes import NextHop
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_finder import TableFinder
from secaudit.vendors.table_lines import TableDraft, address, miscounted, network

VENDOR = "panos"
_LEGEND = re.compile(r"flags: A:active, |\s+Oi:ospf intra-area, |\s*\Z")
_MOST_OF_LEGEND = 10
_ROUTER = re.compile(r"VIRTUAL ROUTER: (\S.{0,62}?) \(id \d{1,5}\)\s*\Z")
_COLUMNS = re.compile(r"destination\s+nexthop\s+metric\s+flags\s+age\s+interface\s+next-AS\s*\Z")
_TOTAL = re.compile(r"total routes shown: (\d{1,9})\s*\Z")
_FLAGS = re.compile(r"(?:O[io12]?|[A?CHSR~BEM])+\Z")
_FLAG = re.compile(r"O[io12]?|[A?CHSR~BEM]")
_PROTOCOLS = {"R": "rip", "B": "bgp", "O": "ospf", "Oi": "ospf", "Oo": "ospf", "O1": "ospf", "O2": "ospf"}
_ORIGINS = {"C": Origin.CONNECTED, "H": Origin.LOCAL, "~": Origin.LOCAL, "S": Origin.STATIC}
_NO_TOTAL = Text(
    ja="経路数の行(total routes shown)が経路表の終わりにない。",
    en="the number of routes (total routes shown) does not stand at the end of the table",
)


def find_tables(text: ConfigText) -> FoundTables:
    """Every table of a text."""
    return _Finder(text).find()


class _Finder(TableFinder):
    beginnings = frozenset("fV")
    rows = re.compile(r"[0-9A-Fa-f:.]{2,45}/\d{1,3}\s|total routes shown: |destination\s+nexthop\s")
    whole = re.compile(
        r"show\s+routing\s+route(?:\s+virtual-router\s+(?P<vrf>\S{1,64}|\"[^\"]{1,64}\"))?\s*", re.IGNORECASE
    )
    bare_is_all = True
    both_families = True

    def __init__(self, text: ConfigText) -> None:
        super().__init__(text)
        self._six: TableDraft | None = None
        self._seen = 0
        self._total: int | None = None

    def heading(self) -> tuple[TableDraft, int] | None:
        index = self.position
        most = min(len(self.lines), index + _MOST_OF_LEGEND)
        if not self.lines[index].text.startswith(("flags: ", "VIRTUAL ")):
            return None
        while index < most and _LEGEND.match(self.lines[index].text):
            if self.typed.prompt(self.lines[index]) is not None:
                return None
            index += 1
        router = _ROUTER.match(self.lines[index].text) if index < most else None
        if router is None:
            return None
        heading = self.lines[index]
        index += 1
        while index < most and not self.lines[index].text.strip("= "):
            index += 1
        if index < len(self.lines) and set(self.lines[index].text.strip()) == {"="}:
            index += 1
        if index >= len(self.lines) or not _COLUMNS.match(self.lines[index].text):
            return None
        return TableDraft(VENDOR, router[1], 4, [heading]), index + 1

    def begin(self, lines: Sequence[SourceLine]) -> None:
        self._six, self._seen, self._total = None, 0, None

    def row(self, draft: TableDraft, line: SourceLine) -> bool:
        total = _TOTAL.match(line.text)
        if total is not None:
            self._total = int(total[1])
            return True
        words = line.text.split()
        family: Family = 6 if ":" in words[0] else 4
        prefix = network(words[0], family)
        if prefix is None or len(words) < 3 or self._total is not None:
            return False
        self._seen += 1
        rest = words[3:] if words[2].isdecimal() else words[2:]  # the metric may be missing
        if not rest:
            return False
        flags: list[str] = []
        while rest and _FLAGS.match(rest[0]):
            flags += _FLAG.findall(rest.pop(0))
        if not flags or "M" in flags:
            return False
        if "A" not in flags:
            return True  # not in use
        if rest and rest[0].isdecimal():
            rest.pop(0)  # its age
        interface = rest.pop(0) if rest and not rest[0].isdecimal() else None
        hop = _hop(words[1], interface, family, flags, line)
        if hop is None or rest[1:] or not all(word.isdecimal() for word in rest):
            return False
        known = [flag for flag in flags if flag in _ORIGINS or flag in _PROTOCOLS]
        if len(known) != 1:
            return False
        origin, protocol = _ORIGINS.get(known[0], Origin.LEARNT), _PROTOCOLS.get(known[0], "")
        into = draft if family == 4 else self._of_six(draft)
        into.add(CapturedRoute(prefix, origin, (hop,), (line,), protocol))
        return True

    def _of_six(self, draft: TableDraft) -> TableDraft:
        if self._six is None:
            self._six = TableDraft(VENDOR, draft.vrf, 6, list(draft.heading))
        return self._six

    def close(self, draft: TableDraft) -> Sequence[TableDraft]:
        if self._total is None:
            draft.flaws.append(Flaw(_NO_TOTAL, tuple(draft.heading)))
        elif self._total != self._seen:
            draft.flaws.append(miscounted(draft.heading[0], self._total, self._seen))
        if self._six is None:
            return (draft,)
        # A row that is not understood may be of either family.
        self._six.unread += draft.unread
        self._six.flaws += draft.flaws
        return (draft, self._six) if draft.routes else (self._six,)


def _hop(text: str, interface: str | None, family: Family, flags: Sequence[str], line: SourceLine) -> NextHop | None:
    """The next hop of a row; None when it is not understood (`vr NAME` leads into another virtual router)."""
    if text.lower() == "discard":
        return NextHop((line,), discard=True)
    gateway = address(text, family)
    if gateway is None:
        return None
    if "C" in flags or "H" in flags or "~" in flags or int(gateway) == 0:
        gateway = None  # the address of the device itself, or none
        if interface is None and not ("H" in flags or "~" in flags):
            return None
    return NextHop((line,), gateway, interface)
