"""What captured routing tables of different vendors have in common: a heading, entries, and lines that go on with an entry."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from secaudit.network.captured import CapturedRoute, CapturedTable, Flaw, Origin
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import Family
from secaudit.network.routes import NextHop
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

TIME = re.compile(r"(?:\d{1,4}:\d\d:\d\d|\d+[ywdh](?:\d+[wdhm])?|never)\Z")
"""The age of a route: `00:01:22`, `1d02h`, `3w4d`."""

AWPLUS_CODES = re.compile(r"Codes: C - connected, S - static, R - RIP, B - BGP\s*\Z")
"""How the legend of AlliedWare Plus begins; that of IOS has more in its first line."""
ASA_CODES6 = re.compile(r"Codes: C - Connected, L - Local, S - Static\s*\Z")
"""How the IPv6 legend of the ASA begins; that of IOS has more in its first line."""
MASKED_ENTRY = re.compile(r"([A-Za-z][\w*+% ]{0,8}?)\s+(\d+\.\d+\.\d+\.\d+) (\d+\.\d+\.\d+\.\d+)(?:\s+(\S.*)|\s*)\Z")
"""An entry of the ASA: the mask stands behind the address. IOS writes a length."""

_UNREAD = Text(ja="経路表に読み取れない行がある。", en="the table has lines that were not understood")
_CUT = Text(
    ja="経路表の終わりを確認できず、途中で切れているおそれがある。コマンドの後のプロンプトまでを保存すること。",
    en="the end of the table is not there, it may be cut: save it up to the prompt that follows",
)
_EMPTY = Text(ja="経路表に経路が一つもない。", en="there is not a single route in the table")
_MOST_LINES = 5


@dataclass(slots=True)
class TableDraft:
    """One table while it is read."""

    vendor: str
    vrf: str
    family: Family
    heading: list[SourceLine]
    routes: dict[IPNetwork, CapturedRoute] = field(default_factory=dict)
    unread: list[SourceLine] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)

    def add(self, route: CapturedRoute) -> None:
        """Adds a route; a second one for the same prefix adds its next hops."""
        first = self.routes.get(route.prefix)
        if first is not None and first.origin is Origin.LOCAL:
            first = None
        if first is not None and route.origin is Origin.LOCAL:
            return
        if first is not None:
            same = (first.origin, first.protocol) == (route.origin, route.protocol)
            if not same:
                self.unread += route.sources
            hops = (*first.next_hops, *route.next_hops)
            route = CapturedRoute(
                first.prefix, first.origin, hops, (*first.sources, *route.sources), first.protocol, first.distance
            )
        self.routes[route.prefix] = route

    def build(self, *, ended: bool) -> CapturedTable:
        """The finished table. `ended`: something follows it in the file, so that it is not cut."""
        flaws = list(self.flaws)
        if self.unread:
            flaws.append(Flaw(_UNREAD, tuple(self.unread[:_MOST_LINES])))
        if not ended:
            flaws.append(Flaw(_CUT, tuple(self.heading[:1])))
        if not self.routes:
            flaws.append(Flaw(_EMPTY, tuple(self.heading[:1])))
        routes = tuple(self.routes.values())
        return CapturedTable(self.vendor, self.vrf, self.family, routes, tuple(self.heading), tuple(flaws))


def miscounted(line: SourceLine, expected: int, seen: int) -> Flaw:
    """That a table does not hold as many entries as the device says on a line."""
    text = Text(
        ja=f"経路表には {expected} 件あるはずだが {seen} 件しかない。途中で切れているか、一部だけの表である。",
        en=f"there should be {expected} entries and there are {seen}: the table was cut, or is only a part",
    )
    return Flaw(text, (line,))


def address(text: str, family: Family) -> IPAddress | None:
    """An address of one family, or None."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found if found.version == family else None


def network(text: str, family: Family) -> IPNetwork | None:
    """A prefix of one family as tables print it (host bits may be set), or None. The length must be there."""
    if "/" not in text:
        return None
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return found if found.version == family else None


def next_hop(parts: Iterable[str], line: SourceLine, family: Family) -> NextHop | None:
    """`via A, IF, 00:01:22`, `directly connected, IF`, `is a summary, Null0`, without the numbers in front; None when not understood."""
    gateway: IPAddress | None = None
    interface: str | None = None
    known = summary = False
    for part in (one.strip() for one in parts):
        found = address(part.removeprefix("via ").strip(), family) if part.startswith("via ") else None
        if found is not None:
            if gateway is not None:
                return None
            gateway, known = found, True
        elif part in ("is directly connected", "directly connected", "receive"):
            known = True
        elif part == "is a summary":
            known = summary = True
        elif not part or TIME.match(part) or re.fullmatch(r"\[\d+/\d+\]|tag \d+", part):
            continue
        elif interface is None and " " not in part.removeprefix("via "):
            interface = part.removeprefix("via ")
        else:
            return None
    if interface is not None and interface.lower() in ("null0", "null", "blackhole"):
        return NextHop((line,), discard=True)
    if summary:
        return None
    if gateway is not None and int(gateway) == 0:
        gateway, known = None, interface is not None
    if not known or (gateway is None and interface is None):
        return None
    return NextHop((line,), gateway, interface)


def masked(lines: Sequence[SourceLine], index: int) -> bool:
    """Whether the first entry at or behind `index` has a mask (a table of the ASA) and no length (IOS)."""
    first = next((line.text for line in lines[index : index + 5] if line.text.strip()), "")
    return MASKED_ENTRY.match(first) is not None


@dataclass(slots=True)
class Entry:
    """An entry while its lines are gathered: the first line, and the pieces that each name a next hop."""

    origin: Origin
    protocol: str
    prefix: IPNetwork
    pieces: list[tuple[SourceLine, str]]

    def into(self, draft: TableDraft) -> None:
        """Puts the route into a table; an entry with a piece that is not understood is unread."""
        distance, metric = 1, ""
        hops: list[NextHop] = []
        for line, piece in self.pieces:
            numbers = _NUMBERS.match(piece)
            if numbers is not None:
                if (hops or metric) and numbers.group(0).split("]")[0] != metric:
                    draft.unread.append(line)  # of another route, whose first line is not there
                    continue
                distance, metric = int(numbers.group(1)), numbers.group(0).split("]")[0]
                piece = piece[numbers.end() :]
            if not piece:
                continue
            hop = next_hop(piece.split(","), line, draft.family)
            if hop is None:
                draft.unread.append(line)
            else:
                hops.append(hop)
        lines = tuple(dict.fromkeys(line for line, _ in self.pieces))
        if not hops:
            draft.unread += lines
            return
        draft.add(CapturedRoute(self.prefix, self.origin, tuple(hops), lines, self.protocol, distance))


_NUMBERS = re.compile(r"\[(\d{1,3})/\d{1,10}\](?:, tag \d+)?,?\s*")
