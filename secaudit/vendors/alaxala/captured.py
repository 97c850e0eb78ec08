"""`show ip route` and `show ipv6 route` of ALAXALA, also of a VRF or of all.

Source: "Operation Command Reference" (which options the command has; `brief`, a protocol, an address and letters print other or fewer columns), and a
published parser (`VLAN9999`, prefixes without their zeros: `10/8`). That the columns are those of the heading is from memory: a heading or a row
that is otherwise is not understood. Above the table stands how many routes it has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from secaudit.network.captured import CapturedRoute, Origin
from secaudit.network.intervals import IPNetwork
from secaudit.network.matches import Family
from secaudit.network.routes import NextHop
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_finder import TableFinder
from secaudit.vendors.table_lines import TableDraft, address, miscounted, network

VENDOR = "alaxala"
_DATE = re.compile(r"Date 2\d{3}/\d\d/\d\d \d\d:\d\d:\d\d( \S{1,8})?\s*\Z")
_TOTAL = re.compile(r"(?:VRF:? (\S{1,32}),?\s+)?Total: (\d{1,9}) routes?\s*\Z")
_COLUMNS = re.compile(r"Destination\s+Next Hop\s+Interface\s+Metric\s+Protocol\s+Age\s*\Z")
_AGE = re.compile(r"\d{1,6}[smhd]\Z")
_METRIC = re.compile(r"(?:\d{1,10}|-)/(?:\d{1,10}|-)\Z")
_ORIGINS = {"connected": Origin.CONNECTED, "static": Origin.STATIC, "summary": Origin.STATIC}
_PROTOCOLS = {
    "rip": "rip",
    "ripng": "rip",
    "ospf": "ospf",
    "ospfv3": "ospf",
    "bgp": "bgp",
    "bgp4": "bgp",
    "bgp4+": "bgp",
}
_KINDS = frozenset(("intra", "inter", "ext1", "ext2"))
_VLAN = re.compile(r"VLAN(\d{1,4})\Z")
_LOOPBACKS = frozenset(("localhost", "loopback0"))


def find_tables(text: ConfigText) -> FoundTables:
    """Every table of a text."""
    return _Finder(text).find()


class _Finder(TableFinder):
    beginnings = frozenset("DTV")
    rows = re.compile(r"\S{1,45}/\d{1,3}\s+\S{1,45}\s+\S{1,32}\s+[\d-]{1,10}/[\d-]{1,10}\s")
    whole = re.compile(r"show\s+(?:ip|ipv6)\s+route(?:\s+vrf\s+(?P<vrf>\S{1,32}))?\s*", re.IGNORECASE)

    nameless = True

    def __init__(self, text: ConfigText) -> None:
        super().__init__(text)
        self._begun: tuple[list[str], SourceLine] | None = None
        self._wanted = 0
        self._seen = 0

    def heading(self) -> tuple[TableDraft, int] | None:
        index = self.position
        if _DATE.match(self.lines[index].text):
            index += 1
        total = _TOTAL.match(self.lines[index].text) if index < len(self.lines) else None
        if total is None or index + 2 >= len(self.lines) or not _COLUMNS.match(self.lines[index + 1].text):
            return None
        vrf = "" if total[1] in (None, "global") else total[1]
        words = self.lines[index + 2].text.split()
        six = ":" in (words[0] if words else "")
        return TableDraft(VENDOR, vrf, 6 if six else 4, [self.lines[index]]), index + 2

    def begin(self, lines: Sequence[SourceLine]) -> None:
        totals = [found for line in lines if (found := _TOTAL.match(line.text))]
        self._begun, self._wanted, self._seen = None, int(totals[0][2]) if totals else 0, 0

    def row(self, draft: TableDraft, line: SourceLine) -> bool:
        words = line.text.split()
        lines: tuple[SourceLine, ...] = (line,)
        if self._begun is not None:
            words, lines, self._begun = [*self._begun[0], *words], (self._begun[1], line), None
        prefix = _prefix(words[0], draft.family)
        if prefix is None:
            draft.unread += lines[:-1]
            return False
        if len(words) < 3:
            self._begun = (words, line)  # long IPv6 addresses: the other columns stand in the next line
            return len(lines) == 1
        self._seen += 1
        return self._take(draft, prefix, words, lines)

    def _take(self, draft: TableDraft, prefix: IPNetwork, words: Sequence[str], lines: tuple[SourceLine, ...]) -> bool:
        if len(words) < 6 or not _METRIC.match(words[3]):
            return False
        ages = next((at for at in range(5, len(words)) if _AGE.match(words[at])), len(words))
        protocol = [word.lower() for word in words[4:ages]]
        if ages == len(words) or not all(_AGE.match(word) for word in words[ages:]):
            return False
        if len(protocol) > 2 or any(word not in _KINDS for word in protocol[1:]):
            return False
        origin = _ORIGINS.get(protocol[0])
        if origin is None and protocol[0] not in _PROTOCOLS:
            return False
        gateway = None if set(words[1]) == {"-"} else address(words[1].partition("%")[0], draft.family)
        interface = _interface(words[2])
        if interface is None or (gateway is None and set(words[1]) != {"-"}):
            return False
        if origin is Origin.CONNECTED:
            gateway = None  # it is the address of the device itself
        if words[2].lower() in _LOOPBACKS or (origin is Origin.CONNECTED and prefix.prefixlen == prefix.max_prefixlen):
            origin = Origin.LOCAL
        hop = NextHop(lines, discard=True) if interface == "null 0" else NextHop(lines, gateway, interface)
        word = _PROTOCOLS[protocol[0]] if origin is None else ""
        draft.add(CapturedRoute(prefix, origin or Origin.LEARNT, (hop,), lines, word))
        return True

    def close(self, draft: TableDraft) -> Sequence[TableDraft]:
        if self._begun is not None:
            draft.unread.append(self._begun[1])
        if self._wanted != self._seen:
            draft.flaws.append(miscounted(draft.heading[0], self._wanted, self._seen))
        return (draft,)


def _prefix(text: str, family: Family) -> IPNetwork | None:
    """`10/8`, `172.16.1/24`: the zeros at the end of an IPv4 address are left out."""
    if family == 6:
        return network(text, 6)
    if text == "default":
        return network("0.0.0.0/0", 4)
    head, slash, length = text.partition("/")
    parts = head.split(".")
    if not slash or len(parts) > 4:
        return None
    return network(".".join([*parts, *["0"] * (4 - len(parts))]) + slash + length, 4)


def _interface(text: str) -> str | None:
    """`VLAN0010` is `interface vlan 10` in the configuration."""
    vlan = _VLAN.match(text)
    if vlan is not None:
        return f"vlan {int(vlan[1])}"
    lower = text.lower()
    if lower in _LOOPBACKS:
        return "loopback 0"
    return {"null0": "null 0", "mgmt0": "mgmt 0"}.get(lower)
