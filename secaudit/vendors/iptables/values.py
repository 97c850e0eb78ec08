"""Values as iptables writes them: addresses, masks, ports, protocols, ICMP types. All raise `ValueError` for anything else."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from secaudit.network.intervals import IPV4_MAX, Interval, Intervals, normalise, of_wildcard
from secaudit.network.matches import ACK, FIN, PSH, RST, SYN, URG, Family
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.words import ipv4
from secaudit.vendors.iptables.extensions import extensions

_FLAGS = {"FIN": FIN, "SYN": SYN, "RST": RST, "PSH": PSH, "ACK": ACK, "URG": URG, "ALL": 63, "NONE": 0}


_MOST_INTERVALS = 1024
"""Of one mask with holes; a rule with more is not read, for a file may hold very many of them."""


@lru_cache(maxsize=65536)
def addresses(word: str, family: Family) -> Intervals:
    """`A`, `A/len`, `A/mask` (scattered masks as well), several with commas."""
    if "," not in word:
        return _address(word, family)
    return normalise(interval for part in word.split(",") for interval in _address(part, family))


def _address(word: str, family: Family) -> Intervals:
    host, slash, mask = word.partition("/")
    address = _of_family(host, family)
    if not slash:
        return ((address, address),)
    bits = 32 if family == 4 else 128
    if mask.isascii() and mask.isdecimal():
        if len(mask) > 3 or int(mask) > bits:
            raise ValueError(word)
        free = (1 << bits - int(mask)) - 1
        return ((address & ~free, address | free),)
    maximum = (1 << bits) - 1
    return of_wildcard(address, maximum ^ _of_family(mask, family), bits, _MOST_INTERVALS)


def _of_family(word: str, family: Family) -> int:
    if family == 6:
        return int(ipaddress.IPv6Address(word))
    try:
        return ipv4(word)
    except NotUnderstoodError as error:
        raise ValueError(word) from error


def address_range(word: str, family: Family) -> Interval:
    """`A` or `A-B`."""
    low, _, high = word.partition("-")
    first = _of_family(low, family)
    last = _of_family(high, family) if high else first
    if first > last:
        raise ValueError(word)
    return first, last


def number(word: str, most: int) -> int:
    """A decimal or `0x` number up to `most`."""
    value = int(word, 16) if word.lower().startswith("0x") else int(word, 10)
    if not 0 <= value <= most or not word.isascii():
        raise ValueError(word)
    return value


@lru_cache(maxsize=65536)
def ports(word: str) -> Intervals:
    """`80`, `80:90`, `:90`, `1024:`, several with commas."""
    result = []
    for part in word.split(","):
        low, colon, high = part.partition(":")
        first = number(low, 65535) if low else 0
        last = (number(high, 65535) if high else 65535) if colon else first
        if not (low or colon) or first > last:
            raise ValueError(word)
        result.append((first, last))
    return normalise(result)


def port_range(word: str) -> Interval:
    """`80` or `80-90`, as targets write it."""
    low, dash, high = word.partition("-")
    first = number(low, 65535)
    last = number(high, 65535) if dash else first
    if first > last:
        raise ValueError(word)
    return first, last


@lru_cache(maxsize=512)
def protocol(word: str) -> int | None:
    """A protocol's number; None for every protocol (`all`, `0`: iptables(8))."""
    if word in ("all", "0"):
        return None
    known = extensions().protocols.get(word.lower())
    return number(word, 255) if known is None else known


def icmp_type(word: str, family: Family) -> tuple[Intervals, Intervals]:
    """Types and codes of `--icmp-type` and `--icmpv6-type`: a name, `TYPE`, `TYPE/CODE`; IPv4's type 255 is any."""
    if word == "any":
        return ((0, 255),), ((0, 255),)
    named = (extensions().icmp if family == 4 else extensions().icmpv6).get(word)
    if named is not None:
        kind, code = named
    else:
        left, slash, right = word.partition("/")
        kind, code = number(left, 255), number(right, 255) if slash else None
    if family == 4 and kind == 255:
        return ((0, 255),), ((0, 255),)
    return ((kind, kind),), ((0, 255),) if code is None else ((code, code),)


def tcp_flags(mask: str, wanted: str) -> tuple[int, int]:
    """`--tcp-flags MASK COMP` as numbers: the flags that are looked at, and those of them that must be set."""
    return _flags(mask), _flags(wanted)


def _flags(word: str) -> int:
    value = 0
    for name in word.split(","):
        if name not in _FLAGS:
            raise ValueError(word)
        value |= _FLAGS[name]
    return value


def netmap(word: str, family: Family) -> Interval:
    """The network of `NETMAP --to`, with the same forms of masks; a scattered one raises."""
    intervals = addresses(word, family)
    if len(intervals) != 1 or (family == 4 and intervals[0][1] > IPV4_MAX):
        raise ValueError(word)
    return intervals[0]
