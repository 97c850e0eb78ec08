"""`show ip route` of UNIVERGE IX.

Source: tables that users published (the first line tells the number of entries, the second those of every protocol). IPv6 tables are found,
but how their rows are written is not confirmed: they are never believed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from secaudit.network.captured import Flaw, Origin
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_finder import TableFinder
from secaudit.vendors.table_lines import Entry, TableDraft, miscounted, network

VENDOR = "nec_ix"
_HEADING = re.compile(r"(IP|IPv6) Routing Table - (\d{1,9}) entries, ")
_ENTRIES = re.compile(r"Entries: (\d{1,9} [A-Za-z]{1,12}(?:, \d{1,9} [A-Za-z]{1,12})*)\s*\Z")
_LEGEND = re.compile(r"Codes: |Timers: |\s+\S{1,2} - ")
_MOST_OF_LEGEND = 20
_SUBNETS = re.compile(
    r"\s+(\d+\.\d+\.\d+\.\d+/\d+) is (?:variably )?subnetted, (\d{1,9}) subnets?(?:, \d+ masks?)?\s*\Z"
)
_ENTRY = re.compile(r"([A-Z][A-Z0-9* ]{0,5}?)\s+(\d+\.\d+\.\d+\.\d+/\d+) (\[.*)\Z")
_MORE = re.compile(r"\s+(\[\d+/\d+\] .*|via .*)\Z")
_ORIGINS = {"C": Origin.CONNECTED, "S": Origin.STATIC}
_PROTOCOLS = {"R": "rip", "O": "ospf", "B": "bgp"}
_COUNTED = {"C": "connected", "S": "static", "R": "rip", "O": "ospf", "B": "bgp"}
_KINDS = frozenset(("IA", "N1", "N2", "E1", "E2"))
_UNKNOWN_LAYOUT = Text(
    ja="この機種の IPv6 の経路表の表示形式は確認できていないため、使用しない。",
    en="how this vendor prints IPv6 tables is not confirmed; it is not used",
)

_UNCOUNTED = Text(
    ja="プロトコルごとの経路数の行が経路表にない。",
    en="the line that tells the number of routes of every protocol is not there",
)


def find_tables(text: ConfigText) -> FoundTables:
    """Every table of a text."""
    return _Finder(text).find()


class _Finder(TableFinder):
    beginnings = frozenset("I")
    rows = re.compile(r"[A-Z][A-Z0-9* ]{0,5}\s+[0-9A-Fa-f:.]{2,45}/\d|\s+\d+\.\d+\.\d+\.\d+/\d+ is |\s+\[\d|\s+via ")
    whole = re.compile(r"sh(?:ow?)?\s+(?:ip|ipv6)\s+ro(?:ute?|u)?(?P<vrf>)\s*", re.IGNORECASE)

    def __init__(self, text: ConfigText) -> None:
        super().__init__(text)
        self._entry: Entry | None = None
        self._wanted = 0
        self._told: dict[str, int] = {}
        self._seen: Counter[str] = Counter()

    def heading(self) -> tuple[TableDraft, int] | None:
        found = _HEADING.match(self.lines[self.position].text)
        if found is None:
            return None
        behind = self.position + 1
        for line in self.lines[behind : behind + _MOST_OF_LEGEND]:
            if not (_ENTRIES.match(line.text) or _LEGEND.match(line.text)):
                break
            behind += 1
        return TableDraft(VENDOR, "", 6 if found[1] == "IPv6" else 4, [self.lines[self.position]]), behind

    def begin(self, lines: Sequence[SourceLine]) -> None:
        head = _HEADING.match(lines[0].text)
        self._wanted, self._told, self._seen = int(head[2]) if head is not None else 0, {}, Counter()
        for line in lines[1:]:
            entries = _ENTRIES.match(line.text)
            if entries is not None:
                self._told = {word.lower(): int(number) for number, word in map(str.split, entries[1].split(", "))}

    def row(self, draft: TableDraft, line: SourceLine) -> bool:
        if draft.family == 6:
            return self.rows.match(line.text) is not None
        more = _MORE.match(line.text)
        if more is not None and self._entry is not None:
            self._entry.pieces.append((line, more[1]))
            return True
        self._into(draft)
        if _SUBNETS.match(line.text):
            return True
        found = _ENTRY.match(line.text)
        prefix = None if found is None else network(found[2], 4)
        words = [] if found is None else found[1].replace("*", " ").split()
        if found is None or prefix is None or not words or any(word not in _KINDS for word in words[1:]):
            return False
        kind = words[0]
        if kind not in _COUNTED:
            return False
        self._seen[_COUNTED[kind]] += 1
        origin = _ORIGINS.get(kind, Origin.LEARNT)
        self._entry = Entry(origin, _PROTOCOLS.get(kind, ""), prefix, [(line, found[3])])
        return True

    def _into(self, draft: TableDraft) -> None:
        if self._entry is not None:
            self._entry.into(draft)
        self._entry = None

    def close(self, draft: TableDraft) -> Sequence[TableDraft]:
        self._into(draft)
        if draft.family == 6:
            draft.flaws.append(Flaw(_UNKNOWN_LAYOUT, tuple(draft.heading)))
            return (draft,)
        counts = [(self._wanted, self._seen.total())]
        if self._told:
            words = sorted({*self._told, *_COUNTED.values()})
            counts += [(self._told.get(word, 0), self._seen[word]) for word in words]
        else:
            draft.flaws.append(Flaw(_UNCOUNTED, tuple(draft.heading)))
        for told, seen in counts:
            if told != seen:
                draft.flaws.append(miscounted(draft.heading[0], told, seen))
                break
        return (draft,)
