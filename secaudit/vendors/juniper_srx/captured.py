"""`show route` as Junos prints it: a table for every instance and address family, with the number of its destinations at its head.

Source: Juniper, "show route" (sample output; `*` and `+` mark the route in use, `>` the next hop in use). A table that does not hold as many
active routes as its head says is not whole: a part of it was asked for, or it is cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.network.captured import CapturedRoute, Origin
from secaudit.network.intervals import IPNetwork
from secaudit.network.matches import Family
from secaudit.network.routes import NextHop
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_commands import Typed, command_flaws, inside_texts, text_flaw
from secaudit.vendors.table_lines import TableDraft, address, network

VENDOR = "juniper_srx"
_HEAD = re.compile(r"(\S{1,128}): (\d{1,9}) destinations?, \d{1,9} routes? \((\d{1,9}) active,")
_TABLE = re.compile(r"(?:(\S{1,100})\.)?inet(6?)\.0\Z")
_LEGEND = re.compile(r"(?:\+ = Active Route|@ = Routing Use Only|Restart (?:Complete|Pending))")
_WHOLE = re.compile(r"(?:run\s+)?show\s+route(?:\s+table\s+\S{1,128})?(?P<vrf>)\s*(?:\|\s*no-more\s*)?")
_CLUSTER = re.compile(r"\{[a-z]{1,16}(?::[\w.-]{1,32})?\}\Z")
"""What a cluster prints in front of every prompt."""
_ENTRY = re.compile(r"([0-9A-Fa-f:.]{1,64}/\d{1,3})(?:\s+(\S.*))?\Z")
_SOURCE = re.compile(r"([*+-]?)\[([\w-]{1,20})/(-?\d{1,10})(?:/-?\d{1,10})?\]")
_TO = re.compile(r">?\s*to (\S{1,64}) via (\S{1,64})\Z")
_VIA = re.compile(r">?\s*via (\S{1,64})\Z")
_LOCAL = re.compile(r">?\s*Local(?: via (\S{1,64}))?\Z")
_NOWHERE = frozenset(("Discard", "Reject"))
_OWN = frozenset(("Receive", "MultiRecv", "Multicast"))
_MORE = re.compile(r"(?:AS path:|validation-state:|tag |MED )")
_ORIGINS = {"Direct": Origin.CONNECTED, "Local": Origin.LOCAL, "Static": Origin.STATIC, "Aggregate": Origin.STATIC}


def find_tables(text: ConfigText) -> FoundTables:
    """Every table of a text."""
    return _Finder(text.lines, Typed(text), frozenset(text.pagers)).find()


@dataclass(slots=True)
class _Entry:
    """One prefix: the lines and next hops of the route in use."""

    prefix: IPNetwork
    lines: list[SourceLine]
    protocol: str = ""
    distance: int = 0
    hops: list[NextHop] = field(default_factory=list)
    active: bool = False
    own: bool = False


@dataclass(slots=True)
class _Finder:
    lines: Sequence[SourceLine]
    typed: Typed
    pagers: frozenset[int]
    used: set[int] = field(default_factory=set)
    tables: list[tuple[TableDraft, bool]] = field(default_factory=list)
    """Each with whether it has as many active routes as its head says, and its end is there: the last of them may have more next hops."""
    draft: TableDraft | None = None
    entry: _Entry | None = None
    wanted: int = 0
    found: int = 0
    inside: bool = False
    waiting: bool = False
    """Whether a pager stood behind the last line of the table."""

    def find(self) -> FoundTables:
        for index, line in enumerate(self.lines):
            text = line.text.rstrip()
            head = _HEAD.match(text)
            self.waiting = line.number in self.pagers or (self.waiting and not text)
            if head is not None:
                self._begin(index, line, head)
            elif self.inside and self.typed.prompt(line) is not None:
                self._end(ended=not self.waiting)
            elif not text or (self.inside and _CLUSTER.match(text)):
                self._blank(line)
            elif self.inside and not self._content(line, text):
                self._end(ended=False)
        self._end(ended=False)
        inside = inside_texts(self.lines) if self.tables else frozenset()
        for draft, _ in self.tables:
            if draft.heading[0].number in inside:
                draft.flaws.append(text_flaw(draft.heading))
        return FoundTables(tuple(draft.build(ended=ended) for draft, ended in self.tables), frozenset(self.used))

    def _begin(self, index: int, line: SourceLine, head: re.Match[str]) -> None:
        self._end(ended=True)
        self.inside = True
        command = self.typed.in_front(index, self.used)
        self.used.add(line.number)
        if command is not None:
            self.used.add(command.number)
        named = _TABLE.match(head[1])
        if named is not None:
            family: Family = 6 if named[2] else 4
            self.draft = TableDraft(VENDOR, named[1] or "", family, [line])
            self.draft.flaws += command_flaws(command, _WHOLE, self.draft, bare_is_all=True, both_families=True)
            self.wanted, self.found = int(head[3]), 0

    def _blank(self, line: SourceLine) -> None:
        if self.inside:
            self.used.add(line.number)

    def _end(self, *, ended: bool) -> None:
        self._close_entry()
        if self.draft is not None:
            self.tables.append((self.draft, ended and self.wanted == self.found))
        self.draft = None
        self.inside = False

    def _content(self, line: SourceLine, text: str) -> bool:
        """Takes a line of a table. False when it is none."""
        stripped = text.strip()
        indented = text[0] in " \t"
        entry = None if indented else _ENTRY.match(text)
        if entry is None and not indented and _LEGEND.match(text) is None:
            return False
        self.used.add(line.number)
        if self.draft is None or _LEGEND.match(stripped):
            return True
        if entry is not None:
            self._close_entry()
            prefix = network(entry[1], self.draft.family)
            if prefix is None:
                self.draft.unread.append(line)
                return True
            self.entry = _Entry(prefix, [line])
            stripped = entry[2] or ""
        if stripped:
            self._detail(line, stripped)
        return True

    def _detail(self, line: SourceLine, text: str) -> None:
        """Who learnt a route, or a next hop of it."""
        entry, draft = self.entry, self.draft
        if entry is None or draft is None:
            if draft is not None:
                draft.unread.append(line)
            return
        source = _SOURCE.match(text)
        if source is not None:
            entry.active = source[1] in ("*", "+")
            if entry.active and not entry.protocol:
                entry.protocol, entry.distance = source[2], abs(int(source[3]))
            return
        if not entry.active or _MORE.match(text):
            return
        entry.lines.append(line)
        if not self._hop(entry, line, text, draft.family):
            draft.unread.append(line)

    def _hop(self, entry: _Entry, line: SourceLine, text: str, family: Family) -> bool:
        to, via, local = _TO.match(text), _VIA.match(text), _LOCAL.match(text)
        if to is not None:
            gateway = address(to[1], family)
            if gateway is None:
                return False
            entry.hops.append(NextHop((line,), gateway, to[2]))
        elif via is not None:
            entry.hops.append(NextHop((line,), interface=via[1]))
        elif local is not None:
            entry.hops.append(NextHop((line,), interface=local[1], discard=local[1] is None))
        elif text in _NOWHERE:
            entry.hops.append(NextHop((line,), discard=True))
        elif text.split()[0] in _OWN:
            entry.own = True
        else:
            return False
        return True

    def _close_entry(self) -> None:
        entry, draft = self.entry, self.draft
        self.entry = None
        if entry is None or draft is None or not entry.protocol:
            return
        self.found += 1
        if entry.own and not entry.hops:
            return
        if not entry.hops:
            draft.unread.append(entry.lines[0])
            return
        origin = _ORIGINS.get(entry.protocol, Origin.LEARNT)
        protocol = entry.protocol.lower().replace("-", "") if origin is Origin.LEARNT else ""
        draft.add(CapturedRoute(entry.prefix, origin, tuple(entry.hops), tuple(entry.lines), protocol, entry.distance))
