"""`show ip route` and `show ipv6 route`, also of a VRF or of all, as NX-OS prints them.

Source: "Cisco Nexus 9000 Series NX-OS Unicast Routing Configuration Guide" (verifying static routes, and the legend that the command prints
itself), and tables that public test suites of parsers hold. Behind every prefix stands how many next hops are in use, so that a lost line shows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.network.captured import CapturedRoute, Origin
from secaudit.network.intervals import IPNetwork
from secaudit.network.routes import NextHop
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco_nxos.vocabulary import interface_name
from secaudit.vendors.reader import FoundTables
from secaudit.vendors.table_finder import TableFinder
from secaudit.vendors.table_lines import TIME, TableDraft, address, network

VENDOR = "cisco_nxos"
_HEADING = re.compile(r'(IP Route|IPv6 Routing) Table for VRF "(\S{1,64})"\s*\Z')
_PREFIX = re.compile(r"([0-9A-Fa-f:.]{2,45}/\d{1,3}), ubest/mbest: (\d{1,5})/(\d{1,5})(?: time)?((?:, attached)?)\s*\Z")
_HOP = re.compile(r"\s+(\*{0,2})via (\S.*)\Z")
_WAY = re.compile(
    r"(\S{1,64}?)(?:%(\S{1,64}))?(?:, ([A-Za-z]\S{0,40}))?, \[(\d{1,3})/\d{1,10}\], (\S{1,16}), ([a-z]\w{0,19})(?:-\S{1,40})?((?:, [^,]{0,40})*)\Z"
)
_KNOWN_BEHIND = re.compile(
    r"(?:|intra|inter|type-[12]|nssa|nssa type-[12]|internal|external|discard|L[12]|tag \d{1,10})\Z"
)
_ORIGINS = {"direct": Origin.CONNECTED, "local": Origin.LOCAL, "static": Origin.STATIC}
_ADDRESSES = frozenset(("am", "hsrp", "vrrp", "glbp", "broadcast"))
"""Who writes routes to single addresses of connected subnets: neighbours by ARP, virtual gateways."""


def find_tables(text: ConfigText) -> FoundTables:
    """Every table of a text."""
    return _Finder(text).find()


@dataclass(slots=True)
class _Entry:
    prefix: IPNetwork
    line: SourceLine
    used: int
    seen: int = 0
    hops: list[NextHop] = field(default_factory=list)
    lines: list[SourceLine] = field(default_factory=list)
    protocols: set[str] = field(default_factory=set)
    distance: int = 1


class _Finder(TableFinder):
    beginnings = frozenset("I")
    rows = re.compile(r"\S{2,50}, ubest/mbest: |\s+\*{0,2}via ")
    whole = re.compile(
        r"sh(?:ow?)?\s+(?:ip|ipv6)\s+ro(?:ute?|u)?(?:\s+vrf\s+(?P<vrf>\S{1,64}))?\s*(?:\|\s*no-more\s*)?", re.IGNORECASE
    )

    any_delimiter = True

    def __init__(self, text: ConfigText) -> None:
        super().__init__(text)
        self._entry: _Entry | None = None

    def heading(self) -> tuple[TableDraft, int] | None:
        found = _HEADING.match(self.lines[self.position].text)
        if found is None:
            return None
        behind = self.position + 1
        while behind < min(len(self.lines), self.position + 6) and self.lines[behind].text[:1] == "'":
            behind += 1
        vrf = "" if found[2] == "default" else found[2]
        return TableDraft(VENDOR, vrf, 6 if found[1].startswith("IPv6") else 4, [self.lines[self.position]]), behind

    def begin(self, lines: Sequence[SourceLine]) -> None:
        self._entry = None

    def row(self, draft: TableDraft, line: SourceLine) -> bool:
        prefix = _PREFIX.match(line.text)
        if prefix is not None:
            self._into(draft)
            found = network(prefix[1], draft.family)
            if found is None or int(prefix[3]):
                return False
            self._entry = _Entry(found, line, int(prefix[2]))
            return True
        hop = _HOP.match(line.text)
        if hop is None or self._entry is None:
            return line.text.strip() == "Route not found"
        if not hop[1]:
            return True  # a next hop that is not in use
        self._entry.seen += 1
        return hop[1] == "*" and self._hop(draft, self._entry, line, hop[2].rstrip(" ,"))

    def _hop(self, draft: TableDraft, entry: _Entry, line: SourceLine, text: str) -> bool:
        way = _WAY.match(text)
        if way is None or not TIME.match(way[5]):
            return False
        if not all(_KNOWN_BEHIND.match(one.strip()) for one in way[7].split(",")):
            return False
        if way[2] is not None and ("" if way[2] == "default" else way[2]) != draft.vrf:
            return False  # it leads into another VRF
        entry.lines.append(line)
        entry.protocols.add(way[6])
        entry.distance = int(way[4])
        if way[1].lower() == "null0" or (way[3] or "").lower() == "null0":
            entry.hops.append(NextHop((line,), discard=True))
            return True
        gateway = address(way[1], draft.family)
        interface = None if way[3] is None else _interface(way[3])
        if gateway is None or (way[3] is not None and interface is None):
            return False
        if way[6] in ("direct", "local"):
            gateway = None  # it is the address of the device itself
            if interface is None:
                return False
        entry.hops.append(NextHop((line,), gateway, interface))
        return True

    def _into(self, draft: TableDraft) -> None:
        entry, self._entry = self._entry, None
        if entry is None:
            return
        if entry.seen != entry.used or len(entry.hops) != entry.used or len(entry.protocols) != 1:
            draft.unread.append(entry.line)
            return
        (protocol,) = entry.protocols
        origin = Origin.LOCAL if protocol in _ADDRESSES else _ORIGINS.get(protocol, Origin.LEARNT)
        word = protocol if origin is Origin.LEARNT else ""
        sources = (entry.line, *entry.lines)
        draft.add(CapturedRoute(entry.prefix, origin, tuple(entry.hops), sources, word, entry.distance))

    def close(self, draft: TableDraft) -> Sequence[TableDraft]:
        self._into(draft)
        return (draft,)


def _interface(text: str) -> str | None:
    """`Eth1/1` is `Ethernet1/1` in the configuration."""
    try:
        name, taken = interface_name((text,))
    except ValueError:
        return None
    return name if taken == 1 else None
