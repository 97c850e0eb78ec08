"""Addresses as YAMAHA writes them: in filters, on interfaces and as routed networks."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

from secaudit.network.interfaces import IPInterface
from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_IPV6,
    IPV4_MAX,
    Interval,
    Intervals,
    IPNetwork,
    normalise,
    of_network,
    of_wildcard,
)
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text

SCATTERED_LIMIT = 256
"""Intervals that one scattered wildcard such as `10.*.1.*` may mean; more is left uncertain."""

_OCTETS = {f"{number:0{width}}": (number, 0) for number in range(256) for width in (1, 2, 3)} | {"*": (0, 255)}
"""An octet as (value, wildcard bits), with and without leading zeros."""
_NUMERIC = re.compile(r"[0-9.*\-]+")
_NAME = re.compile(r"[A-Za-z0-9_.*\-]{1,255}")
_BY_NAME = Text(
    ja="宛先または送信元が名前で書かれており、DNSの応答によって決まります",
    en="an address is given by a name, so DNS answers decide what it is",
)
_BY_PROVIDER = Text(
    ja="アドレスが回線側から与えられるため、設定ファイルからは分かりません",
    en="an address is given by the provider and is not in the file",
)
_BY_APPLICATION = Text(
    ja="アプリケーション名で指定されており、通信先リストの内容によって決まります",
    en="an application name is used, so the list of its servers decides what it is",
)
_TOO_COMPLEX = Text(
    ja="ワイルドカードの組合せが複雑で、範囲を正確に展開していません",
    en="the wildcards are too scattered to be written out exactly",
)


@dataclass(frozen=True, slots=True)
class AddressSet:
    """The most that an address field can match, and why it may be less."""

    intervals: Intervals
    doubt: Text | None = None


@lru_cache(maxsize=2048)
def filter_addresses(family: Family, text: str) -> AddressSet | None:
    """The address field of a filter (YA-33): None when it is not understood.

    >>> filter_addresses(4, "192.168.1.*").intervals == ((0xC0A80100, 0xC0A801FF),)
    True
    """
    anything = ANY_IPV4 if family == 4 else ANY_IPV6
    if text == "*":
        return AddressSet(anything)
    if "," not in text:
        found = _ipv4_item(text) if family == 4 else _ipv6_item(text)
        if found is None:
            return None
        return AddressSet(anything, found) if isinstance(found, Text) else AddressSet(found)
    intervals: list[Interval] = []
    doubt: Text | None = None
    for item in text.split(","):
        if item == "*":
            intervals += anything
            continue
        found = _ipv4_item(item) if family == 4 else _ipv6_item(item)
        if found is None:
            return None
        if isinstance(found, Text):
            doubt = doubt or found
        else:
            intervals += found
    return AddressSet(anything, doubt) if doubt is not None else AddressSet(normalise(intervals))


def _ipv4_item(item: str) -> Intervals | Text | None:
    """One item of a list: intervals, or the reason why they cannot be known."""
    if "/" in item:
        address, _, mask = item.partition("/")
        number, bits = parse_ipv4(address), _ipv4_mask(mask)
        if number is None or bits is None:
            return None
        return _wildcard(number & bits, ~bits & IPV4_MAX)
    if _NUMERIC.fullmatch(item):
        return _ipv4_numeric(item)
    return _named(item)


def _ipv4_numeric(item: str) -> Intervals | Text | None:
    left, dash, right = item.partition("-")
    if not dash:
        pattern = _octets(left)
        return None if pattern is None else _wildcard(*pattern)
    low = (0, 0) if not left else _octets(left)
    high = (IPV4_MAX, 0) if not right else _octets(right)
    if low is None or high is None or not (left or right) or not _is_block(low[1]) or not _is_block(high[1]):
        return None
    first, last = low[0], high[0] | high[1]
    return ((first, last),) if first <= last else None


def _wildcard(address: int, wildcard: int) -> Intervals | Text:
    if _is_block(wildcard):
        return ((address, address | wildcard),)
    try:
        return of_wildcard(address, wildcard, limit=SCATTERED_LIMIT)
    except ValueError:
        return _TOO_COMPLEX


def _is_block(wildcard: int) -> bool:
    """Whether the wildcard bits are the lowest ones, so that the addresses are one range."""
    return wildcard & (wildcard + 1) == 0


def _octets(text: str) -> tuple[int, int] | None:
    """`192.168.*.*` as (address, wildcard bits)."""
    parts = text.split(".")
    if len(parts) != 4:
        return None
    address = wildcard = 0
    for part in parts:
        octet = _OCTETS.get(part)
        if octet is None:
            return None
        address = address << 8 | octet[0]
        wildcard = wildcard << 8 | octet[1]
    return address, wildcard


def parse_ipv4(text: str) -> int | None:
    """A plain dotted address as a number."""
    pattern = _octets(text)
    return None if pattern is None or pattern[1] or "*" in text else pattern[0]


def _ipv4_mask(text: str) -> int | None:
    """A mask as bits, dotted or `0x` hex (YA-33), as a 32-bit number."""
    if text.isascii() and text.isdecimal():
        return None if len(text) > 2 or int(text) > 32 else IPV4_MAX ^ (IPV4_MAX >> int(text))
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", text):
        return int(text, 16)
    return parse_ipv4(text)


def _ipv6_item(item: str) -> Intervals | Text | None:
    if "@" in item and not item.startswith("@"):
        return _BY_PROVIDER
    if ":" not in item:
        return _named(item)
    network = _ipv6_network(item)
    return None if network is None else (of_network(network),)


def _ipv6_network(item: str) -> ipaddress.IPv6Network | None:
    if len(item) > 49 or "%" in item:
        return None
    try:
        return ipaddress.IPv6Network(item, strict=False)
    except ValueError:
        return None


def _named(item: str) -> Text | None:
    if item in ("map-e", "hb46pp"):
        return _BY_PROVIDER
    if re.fullmatch(r"@[A-Za-z0-9_\-]{1,32}", item):
        return _BY_APPLICATION
    return _BY_NAME if _NAME.fullmatch(item) and any(letter.isalpha() for letter in item) else None


def interface_address(family: Family, text: str) -> IPInterface | None:
    """`ADDRESS/MASK` of an interface; without a mask it is a host address (YA-10)."""
    if family == 6:
        if len(text) > 49 or "%" in text:
            return None
        try:
            return ipaddress.IPv6Interface(text)
        except ValueError:
            return None
    prefix = _ipv4_prefix(text)
    return None if prefix is None else ipaddress.IPv4Interface(prefix)


def network(family: Family, text: str) -> IPNetwork | None:
    """`default`, or `ADDRESS/MASK` of a route; a prefix left out is a host route (YA-20)."""
    if text == "default":
        return ipaddress.IPv4Network("0.0.0.0/0") if family == 4 else ipaddress.IPv6Network("::/0")
    if family == 6:
        return _ipv6_network(text) if ":" in text else None
    prefix = _ipv4_prefix(text)
    return None if prefix is None else ipaddress.IPv4Network(prefix, strict=False)


def _ipv4_prefix(text: str) -> tuple[int, int] | None:
    address, slash, mask = text.partition("/")
    number = parse_ipv4(address)
    bits = _ipv4_mask(mask) if slash else IPV4_MAX
    if number is None or bits is None or not _is_block(~bits & IPV4_MAX):
        return None
    return number, bits.bit_count()


def ipv4_range(text: str) -> Interval | None:
    """`A` or `A-B` as one interval, as NAT descriptors and address pools write it."""
    left, dash, right = text.partition("-")
    first = parse_ipv4(left)
    last = parse_ipv4(right) if dash else first
    return None if first is None or last is None or first > last else (first, last)


def host(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """A plain address of either family."""
    number = parse_ipv4(text)
    if number is not None:
        return ipaddress.IPv4Address(number)
    if ":" in text and "%" not in text and len(text) <= 45:
        try:
            return ipaddress.IPv6Address(text)
        except ValueError:
            return None
    return None
