"""Sets of `ipset save`, for `-m set --match-set NAME src,dst`.

`create NAME TYPE options` and `add NAME ENTRY options` (ipset(8)). The type says which fields an entry has; `src` and `dst` of the rule say,
field by field, of which side of the packet they are. What is not in the file, or comes and goes (`timeout`), is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from secaudit.network.intervals import ANY_PORT, Intervals, normalise
from secaudit.network.match_algebra import intersect_matches
from secaudit.network.matches import ICMP, ICMPV6, SCTP, TCP, UDP, Family, Match, Service, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.iptables.values import address_range, addresses, number

_ADDRESS_FIELDS = ("ip", "net")
_PROTOCOLS = {"tcp": TCP, "udp": UDP, "sctp": SCTP}
_MOST = 50_000
_DYNAMIC_OPTIONS = frozenset(("timeout", "skbinfo"))
_UNDEFINED = Text(
    ja="セットの内容がファイルにありません（`ipset save` の出力を同じファイルに添えてください）",
    en="the contents of the set are not in the file (add the output of `ipset save` to it)",
)
_CHANGES = Text(
    ja="セットの内容は時間とともに変わります",
    en="the contents of the set change with time",
)
_UNSUPPORTED = Text(
    ja="この種類のセットの一致は判断できません",
    en="what a set of this kind matches cannot be told",
)


@dataclass(slots=True)
class IpSet:
    """A set as read. `fields` are those of its type (`ip`, `net`, `port`, `mac`, `iface`, `mark`, or `set` for a list of sets)."""

    name: str
    fields: tuple[str, ...]
    family: Family | None
    line: SourceLine
    changes: bool = False
    unsupported: bool = False
    entries: list[tuple[str, SourceLine]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SetMatch:
    """What a set matches; not `exact`: `matches` is the most that it could be, and `doubt` says why."""

    matches: tuple[Match, ...]
    sources: Sources
    doubt: Text | None = None


class IpSets:
    """The sets of a file."""

    def __init__(self) -> None:
        self._sets: dict[str, IpSet] = {}

    def __bool__(self) -> bool:
        return bool(self._sets)

    def take(self, line: SourceLine) -> bool:
        """Reads `create` and `add` lines; whether the line was one."""
        if not line.text.lstrip().startswith(("create", "add")):
            return False
        words = line.text.split()
        if len(words) < 3 or words[0] not in ("create", "add"):
            return False
        return self._create(words, line) if words[0] == "create" else self._add(words, line)

    def _create(self, words: Sequence[str], line: SourceLine) -> bool:
        kind, colon, fields = words[2].partition(":")
        if not colon or kind not in ("hash", "bitmap", "list"):
            return False
        options = words[3:]
        family: Family | None = None
        if "family" in options[:-1]:
            family = 6 if options[options.index("family") + 1] == "inet6" else 4
        elif "ip" in fields or "net" in fields:
            family = 4
        self._sets[words[1]] = IpSet(
            words[1],
            tuple(fields.split(",")),
            family,
            line,
            changes=bool(_DYNAMIC_OPTIONS & set(options)),
            unsupported="netmask" in options or "bitmask" in options,
        )
        return True

    def _add(self, words: Sequence[str], line: SourceLine) -> bool:
        found = self._sets.get(words[1])
        if found is None:
            return False
        found.entries.append((words[2], line))
        if "nomatch" in words[3:]:
            found.unsupported = True
        found.changes = found.changes or "timeout" in words[3:]
        return True

    def changes(self, name: str) -> None:
        """A rule adds to or removes from the set."""
        if name in self._sets:
            self._sets[name].changes = True

    def match(self, name: str, sides: Sequence[str], family: Family) -> SetMatch:
        """The packets of one address family whose fields are in the set."""
        everything = (Match(family, any_address(family), any_address(family)),)
        found = self._sets.get(name)
        if found is None:
            return SetMatch(everything, (), _UNDEFINED)
        if found.changes:
            return SetMatch(everything, (found.line,), _CHANGES)
        if found.fields == ("set",):
            return self._list(found, sides, family)
        unknown = set(found.fields) - {"ip", "net", "port"}
        if found.unsupported or unknown or len(sides) < len(found.fields) or not set(sides) <= {"src", "dst"}:
            return SetMatch(everything, (found.line,), _UNSUPPORTED)
        if found.family not in (None, family):
            return SetMatch((), (found.line,))
        try:
            matches = _entries(found, sides, family)
        except ValueError:
            return SetMatch(everything, (found.line,), _UNSUPPORTED)
        return SetMatch(matches, (found.line, *(line for _, line in found.entries)))

    def _list(self, found: IpSet, sides: Sequence[str], family: Family) -> SetMatch:
        """A list of sets matches where one of them does; lists inside lists are not allowed (ipset(8))."""
        parts = []
        for name, _ in found.entries:
            member = self._sets.get(name)
            if member is not None and member.fields == ("set",):
                return SetMatch((Match(family, any_address(family), any_address(family)),), (found.line,), _UNSUPPORTED)
            parts.append(self.match(name, sides, family))
        sources = (found.line, *(line for _, line in found.entries), *(line for one in parts for line in one.sources))
        doubt = next((one.doubt for one in parts if one.doubt is not None), None)
        return SetMatch(tuple(match for one in parts for match in one.matches), sources, doubt)


def _entries(found: IpSet, sides: Sequence[str], family: Family) -> tuple[Match, ...]:
    """All entries. Those of one address field are one match, others are one match each."""
    if len(found.fields) == 1 and found.fields[0] in _ADDRESS_FIELDS:
        values = normalise(pair for text, _ in found.entries for pair in _addresses(text, family))
        return (_of_addresses(values, sides[0], family),) if values else ()
    result: list[Match] = []
    for text, _ in found.entries:
        parts = _split(text, len(found.fields))
        matches: tuple[Match, ...] = (Match(family, any_address(family), any_address(family)),)
        for kind, side, part in zip(found.fields, sides, parts, strict=False):
            if kind in _ADDRESS_FIELDS:
                one = _of_addresses(_addresses(part, family), side, family)
            else:
                one = replace(matches[0], services=_services(part, side, family))
            matches = intersect_matches(matches, (one,), _MOST)
        result += matches
    return tuple(result)


def _split(text: str, count: int) -> list[str]:
    parts = text.split(",")
    if len(parts) != count:
        raise ValueError(text)
    return parts


def _addresses(text: str, family: Family) -> Intervals:
    return (address_range(text, family),) if "-" in text else addresses(text, family)


def _of_addresses(values: Intervals, side: str, family: Family) -> Match:
    every = any_address(family)
    return Match(family, values, every) if side == "src" else Match(family, every, values)


def _services(text: str, side: str, family: Family) -> tuple[Service, ...]:
    """`tcp:80`, `80-90` (in a bitmap: of every protocol with ports; in a hash: of TCP), `icmp:8/0`, `47:0`."""
    name, colon, value = text.partition(":")
    if not colon:
        ports = _ports(name)
        protocols = normalise((number_, number_) for number_ in _PROTOCOLS.values())
        return (_ported(protocols, ports, side),)
    if name in ("icmp", "icmpv6", "ipv6-icmp"):
        kind, slash, code = value.partition("/")
        if not slash:
            raise ValueError(text)
        own = ICMP if name == "icmp" else ICMPV6
        if (own == ICMP) != (family == 4):
            return ()
        types, codes = number(kind, 255), number(code, 255)
        return (Service(((own, own),), icmp_types=((types, types),), icmp_codes=((codes, codes),)),)
    protocol = _PROTOCOLS.get(name)
    if protocol is not None:
        return (_ported(((protocol, protocol),), _ports(value), side),)
    protocol = number(name, 255)
    if value != "0":
        raise ValueError(text)
    return (Service(((protocol, protocol),)),)


def _ports(text: str) -> Intervals:
    low, dash, high = text.partition("-")
    return ((number(low, 65535), number(high, 65535) if dash else number(low, 65535)),)


def _ported(protocols: Intervals, ports: Intervals, side: str) -> Service:
    if side == "src":
        return Service(protocols, ANY_PORT, ports)
    return Service(protocols, ports)
