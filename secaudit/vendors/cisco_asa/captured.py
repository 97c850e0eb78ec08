"""`show route`, also of the management table, and `show ipv6 route`, as the ASA prints them.

Source: "Cisco Secure Firewall ASA Series Command Reference, S Commands" (sample output), and tables that public test suites of parsers hold. The
device prints no number of IPv4 routes: that a single entry was taken out of a table by hand does not show.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from secaudit.network.captured import Origin
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_finder import TableFinder
from secaudit.vendors.table_lines import ASA_CODES6, MASKED_ENTRY, Entry, TableDraft, masked, miscounted, network

VENDOR = "cisco_asa"
_MANAGEMENT = "management-only"
_NAMED = re.compile(r"Routing Table: (\S{1,64})\s*\Z")
_CODES = re.compile(r"Codes: (?:L - local, )?C - connected, S - static")
_MORE_CODES = re.compile(r"\s+\S{1,2} - \S")
_LAST_RESORT = re.compile(r"Gateway of last resort is ")
_IPV6 = re.compile(r"IPv6 Routing Table - (\d{1,9}) entries\s*\Z")
_MOST_OF_LEGEND = 16
_ENTRY6 = re.compile(r"([A-Z][A-Z0-9]{0,3})\s+([0-9A-Fa-f:.]{2,45}/\d{1,3})\s+(\[.*)\Z")
_MORE = re.compile(r"\s+(\[\d+(?:/\d+)?\] .*|via .*|is directly connected.*|connected by VPN.*)\Z")
_VPN = re.compile(r"connected by VPN(?: \([a-z]+\))?")
_SHORT_NUMBERS = re.compile(r"\[(\d+)\] ")
_TUNNELED = re.compile(r"\stunneled\s*\Z")
_ORIGINS = {"C": Origin.CONNECTED, "L": Origin.LOCAL, "S": Origin.STATIC}
_PROTOCOLS = {
    "R": "rip", "B": "bgp", "D": "eigrp", "EX": "eigrp", "O": "ospf", "OI": "ospf", "OE1": "ospf", "OE2": "ospf", "ON1": "ospf",
    "ON2": "ospf", "i": "isis", "V": "reverse-route",
}  # fmt: skip
_KINDS = frozenset(("IA", "E1", "E2", "N1", "N2", "EX", "L1", "L2", "ia", "su"))


def find_tables(text: ConfigText) -> FoundTables:
    """Every table of a text."""
    return _Finder(text).find()


class _Finder(TableFinder):
    beginnings = frozenset("RCGI")
    rows = re.compile(
        r"[A-Za-z][\w*+% ]{0,8}\s+(?:\d+\.\d+\.\d+\.\d+ \d+\.\d|[0-9A-Fa-f:]{2,45}/\d)|\s+\[\d|\s+via |\s+(?:is directly )?connected"
    )
    whole = re.compile(
        r"sh(?:ow?)?\s+(?:ro(?:ute?|u)?(?:\s+(?P<vrf>management-only))?|ipv6\s+ro(?:ute?|u)?)\s*", re.IGNORECASE
    )

    def __init__(self, text: ConfigText) -> None:
        super().__init__(text)
        self._entry: Entry | None = None
        self._tunneled = False
        self._wanted: int | None = None
        self._seen = 0

    def heading(self) -> tuple[TableDraft, int] | None:
        first = self.lines[self.position]
        if _IPV6.match(first.text):
            behind = self.position + 1
            if behind >= len(self.lines) or not ASA_CODES6.match(self.lines[behind].text):
                return None
            return TableDraft(VENDOR, "", 6, [first]), self._legend(behind + 1)
        vrf = ""
        index = self.position
        most = min(len(self.lines), index + _MOST_OF_LEGEND)
        while index < most:
            text = self.lines[index].text
            named = _NAMED.match(text)
            if _LAST_RESORT.match(text):
                if not masked(self.lines, index + 1):
                    return None
                return TableDraft(VENDOR, vrf, 4, [first]), index + 1
            if named is not None:
                vrf = _MANAGEMENT if named[1] in ("mgmt-only", _MANAGEMENT) else named[1]
            elif (text.strip() and not _CODES.match(text) and not _MORE_CODES.match(text)) or self.typed.prompt(
                self.lines[index]
            ) is not None:
                return None
            index += 1
        return None

    def _legend(self, index: int) -> int:
        most = min(len(self.lines), index + _MOST_OF_LEGEND)
        while index < most and _MORE_CODES.match(self.lines[index].text):
            index += 1
        return index

    def begin(self, lines: Sequence[SourceLine]) -> None:
        count = _IPV6.match(lines[0].text)
        self._wanted, self._seen = None if count is None else int(count[1]), 0

    def row(self, draft: TableDraft, line: SourceLine) -> bool:
        more = _MORE.match(line.text)
        if more is not None and self._entry is not None:
            self._entry.pieces.append((line, _plain(more[1])))
            self._tunneled |= _TUNNELED.search(line.text) is not None
            return True
        self._into(draft)
        found = MASKED_ENTRY.match(line.text) if draft.family == 4 else _ENTRY6.match(line.text)
        if found is None:
            return False
        if draft.family == 4:
            prefix, rest = network(f"{found[2]}/{found[3]}", 4), found[4] or ""
        else:
            prefix, rest = network(found[2], 6), found[3]
        words = found[1].replace("*", " ").split()
        if prefix is None or not words or "+" in found[1] or any(word not in _KINDS for word in words[1:]):
            return False
        origin = _ORIGINS.get(words[0], Origin.LEARNT)
        if prefix.prefixlen == prefix.max_prefixlen and words[0] == "V":
            origin = Origin.LOCAL  # one that dialled in
        protocol = _PROTOCOLS.get(words[0], words[0]) if origin is Origin.LEARNT else ""
        self._seen += 1
        self._tunneled = _TUNNELED.search(rest) is not None
        self._entry = Entry(origin, protocol, prefix, [(line, _plain(rest))])
        return True

    def _into(self, draft: TableDraft) -> None:
        entry, self._entry = self._entry, None
        if entry is None or (self._tunneled and entry.origin is Origin.STATIC and len(entry.pieces) == 1):
            return  # a route for decrypted packets only is none of the table
        entry.into(draft)

    def close(self, draft: TableDraft) -> Sequence[TableDraft]:
        self._into(draft)
        if self._wanted is not None and self._wanted != self._seen:
            draft.flaws.append(miscounted(draft.heading[0], self._wanted, self._seen))
        return (draft,)


def _plain(piece: str) -> str:
    """A piece in the words of other vendors: what a VPN brought is as good as connected; `[10]` is a distance without a metric."""
    return _SHORT_NUMBERS.sub(r"[\1/0] ", _VPN.sub("is directly connected", piece).rstrip())
