"""`show ip route` and `show ipv6 route` of YAMAHA routers, in Japanese and in English.

Source: the command reference, chapter "show ip route", and tables of field logs. `implicit` is a connected subnet (its gateway is the
router's own address), `temporary` a route that came with a line: the address of a peer, or what DHCP brought.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.network.captured import CapturedRoute, Origin
from secaudit.network.matches import Family
from secaudit.network.routes import NextHop
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_lines import TableDraft, address, network

VENDOR = "yamaha"
_IPV4 = re.compile(
    r"\s*(?:Destination\s+Gateway\s+Interface\s+Kind\s+Additional Info\.?|宛先ネットワーク\s+ゲートウェイ\s+インタフェース\s+種別\s+付加情報)\s*\Z"
)
_IPV6 = re.compile(
    r"\s*(?:Destination\s+Gateway\s+Interface\s+Type|宛先\S*\s+ゲートウェイ\s+インタフェース\s+(?:種別|タイプ))\s*\Z"
)
_ECHO = re.compile(r"(?:[>#]\s*)?show\s+ipv?6?\s+route\s*\Z")
_PROMPT = re.compile(r"[>#]\s*(?:exit|quit|show .*)?\Z")
_BRACKETS = re.compile(r"(PP|TUNNEL)\[0*(\d{1,6})\]\Z")
_PLAIN_NAME = re.compile(r"((?:LAN|VLAN|WAN|BRIDGE|LOOPBACK|ONU)\d+(?:[./]\d+)?|NULL)(?:\(DHCP\))?\Z")
_ORIGINS = {"static": Origin.STATIC, "implicit": Origin.CONNECTED, "temporary": Origin.STATIC}
_PROTOCOLS = ("rip", "ripng", "ospf", "ospfv3", "bgp")


def find_tables(text: ConfigText) -> FoundTables:
    """Every table of a text."""
    return _Finder(text.lines).find()


@dataclass(slots=True)
class _Finder:
    lines: Sequence[SourceLine]
    position: int = 0
    tables: list[tuple[TableDraft, bool]] = field(default_factory=list)
    used: set[int] = field(default_factory=set)

    def find(self) -> FoundTables:
        lines = self.lines
        while self.position < len(lines):
            line = lines[self.position]
            self.position += 1
            if line.text.lstrip()[:1] not in ("D", "宛"):
                continue
            family: Family | None = 4 if _IPV4.match(line.text) else 6 if _IPV6.match(line.text) else None
            if family is not None:
                before = self.lines[self.position - 2] if self.position > 1 else None
                if before is not None and _ECHO.match(before.text.strip()):
                    self.used.add(before.number)
                self.used.add(line.number)
                self._rows(TableDraft(VENDOR, "", family, [line]))
        return FoundTables(tuple(draft.build(ended=ended) for draft, ended in self.tables), frozenset(self.used))

    def _rows(self, draft: TableDraft) -> None:
        blank: list[SourceLine] = []
        begun: tuple[list[str], tuple[SourceLine, ...]] | None = None
        while self.position < len(self.lines):
            line = self.lines[self.position]
            words = line.text.split()
            if not words or _PROMPT.match(line.text.strip()):
                blank.append(line)
                self.position += 1
                continue
            if blank and not _looks_like_row(words, draft.family, begun is not None):
                break
            self.used.update(one.number for one in (*blank, line))
            blank = []
            self.position += 1
            row = words
            lines: tuple[SourceLine, ...] = (line,)
            if begun is not None:
                row, lines, begun = [*begun[0], *words], (*begun[1], line), None
            if len(row) == 2 and draft.family == 6:
                begun = (row, lines)  # a long gateway: interface and kind stand in the next line
            elif not _take(draft, row, lines):
                draft.unread += lines
        if begun is not None:
            draft.unread += begun[1]
        self.position -= len(blank)
        self.tables.append((draft, self.position < len(self.lines)))


def _looks_like_row(words: list[str], family: Family, goes_on: bool) -> bool:
    return goes_on or (len(words) >= 4 and (words[0] == "default" or network(words[0], family) is not None))


def _take(draft: TableDraft, row: list[str], lines: tuple[SourceLine, ...]) -> bool:
    """One row into the table; False when it is not understood."""
    if len(row) < 4:
        return False
    everything = "0.0.0.0/0" if draft.family == 4 else "::/0"
    prefix = network(everything if row[0] == "default" else row[0], draft.family)
    interface, kind = _interface(row[2]), row[3].lower()
    gateway = None if row[1] == "-" else address(row[1].partition("%")[0], draft.family)
    if prefix is None or interface is None or (row[1] != "-" and gateway is None):
        return False
    origin = _ORIGINS.get(kind)
    if origin is None and kind not in _PROTOCOLS:
        return False
    if kind == "temporary" and prefix.prefixlen == prefix.max_prefixlen:
        origin = Origin.LOCAL
    if kind == "implicit":
        gateway = None
    hop = NextHop(lines, gateway, interface)
    if interface == "null":
        hop = NextHop(lines, discard=True)
    draft.add(CapturedRoute(prefix, origin or Origin.LEARNT, (hop,), lines, "" if origin else kind))
    return True


def _interface(text: str) -> str | None:
    """`PP[01]` is `pp 1` in the configuration, `TUNNEL[1]` is `tunnel 1`, `LAN3(DHCP)` is `lan3`."""
    found = _BRACKETS.match(text)
    if found is not None:
        return f"{found.group(1).lower()} {int(found.group(2))}"
    plain = _PLAIN_NAME.match(text)
    return None if plain is None else plain.group(1).lower()
