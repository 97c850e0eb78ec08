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
from secaudit.vendors.table_commands import Typed, command_flaws, inside_texts, text_flaw
from secaudit.vendors.table_finder import goes_on
from secaudit.vendors.table_lines import TableDraft, address, network

VENDOR = "yamaha"
_IPV4 = re.compile(
    r"\s*(?:Destination\s+Gateway\s+Interface\s+Kind\s+Additional Info\.?|宛先ネットワーク\s+ゲートウェイ\s+インタフェース\s+種別\s+付加情報)\s*\Z"
)
_IPV6 = re.compile(
    r"\s*(?:Destination\s+Gateway\s+Interface\s+Type|宛先\S*\s+ゲートウェイ\s+インタフェース\s+(?:種別|タイプ))\s*\Z"
)
_WHOLE = re.compile(r"show\s+(?:ip|ipv6)\s+route(?P<vrf>)\s*")
_ROWS = re.compile(r"\s*(?:default|[0-9A-Fa-f:.]{2,45}/\d{1,3})\s+\S+")
_BRACKETS = re.compile(r"(PP|TUNNEL)\[0*(\d{1,6})\]\Z")
_PLAIN_NAME = re.compile(r"((?:LAN|VLAN|WAN|BRIDGE|LOOPBACK|ONU)\d+(?:[./]\d+)?|NULL)(?:\(DHCP\))?\Z")
_ORIGINS = {"static": Origin.STATIC, "implicit": Origin.CONNECTED, "temporary": Origin.STATIC}
_PROTOCOLS = ("rip", "ripng", "ospf", "ospfv3", "bgp")


def find_tables(text: ConfigText) -> FoundTables:
    """Every table of a text."""
    return _Finder(text.lines, Typed(text, nameless=True)).find()


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
            line = lines[self.position]
            self.position += 1
            if line.text.lstrip()[:1] not in ("D", "宛"):
                continue
            family: Family | None = 4 if _IPV4.match(line.text) else 6 if _IPV6.match(line.text) else None
            if family is not None:
                draft = TableDraft(VENDOR, "", family, [line])
                command = self.typed.in_front(self.position - 1, self.used)
                if command is not None:
                    self.used.add(command.number)
                draft.flaws += command_flaws(command, _WHOLE, draft, bare_is_all=False)
                self.used.add(line.number)
                self._rows(draft)
        inside = inside_texts(lines) if self.tables else frozenset()
        for draft, _ in self.tables:
            if draft.heading[0].number in inside:
                draft.flaws.append(text_flaw(draft.heading))
        return FoundTables(tuple(draft.build(ended=ended) for draft, ended in self.tables), frozenset(self.used))

    def _rows(self, draft: TableDraft) -> None:
        blank: list[SourceLine] = []
        begun: tuple[list[str], tuple[SourceLine, ...]] | None = None
        while self.position < len(self.lines):
            line = self.lines[self.position]
            words = line.text.split()
            if self.typed.prompt(line) is not None:
                break
            if not words:
                blank.append(line)
                self.position += 1
                continue
            if not _looks_like_row(words, draft.family, begun is not None):
                if blank:
                    break
                if not (_ROWS.match(line.text) or goes_on(self.lines, self.position, _ROWS)):
                    draft.unread.append(line)
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
        self.tables.append((draft, self.typed.ended(self.position)))


def _looks_like_row(words: list[str], family: Family, continued: bool) -> bool:
    return continued or (len(words) >= 2 and (words[0] == "default" or network(words[0], family) is not None))


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
