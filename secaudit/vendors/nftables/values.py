"""What is written on the right side of a test, as a set of values of the thing that is tested."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from secaudit.network.intervals import (
    BYTE_MAX,
    IPV4_MAX,
    IPV6_MAX,
    PORT_MAX,
    Interval,
    Intervals,
    complement,
    normalise,
    of_wildcard,
)
from secaudit.network.matches import Family
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.words import ipv4
from secaudit.vendors.netfilter.ruleset import State
from secaudit.vendors.nftables.names import names
from secaudit.vendors.nftables.tokens import Group, Item, Kind, Token


class ValueType(Enum):
    """What a selector yields."""

    ADDRESS4 = "IPv4 address"
    ADDRESS6 = "IPv6 address"
    PORT = "port"
    PROTOCOL = "protocol"
    ICMP_TYPE = "ICMP type"
    ICMP_CODE = "ICMP code"
    ICMPV6_TYPE = "ICMPv6 type"
    ICMPV6_CODE = "ICMPv6 code"
    TCP_FLAGS = "TCP flags"
    FAMILY = "address family"
    ETHER_TYPE = "ether type"
    INTERFACE = "interface"
    STATE = "state"
    DIRECTION = "direction"
    STATUS = "status"

    __hash__ = (
        object.__hash__
    )  # a member equals nothing but itself, and every value that is read asks tables by its type


_MAXIMUM = {
    ValueType.ADDRESS4: IPV4_MAX,
    ValueType.ADDRESS6: IPV6_MAX,
    ValueType.PORT: PORT_MAX,
    ValueType.ETHER_TYPE: PORT_MAX,
}
_TABLES = {
    ValueType.PORT: "ports",
    ValueType.PROTOCOL: "protocols",
    ValueType.ICMP_TYPE: "icmp_types",
    ValueType.ICMP_CODE: "icmp_codes",
    ValueType.ICMPV6_TYPE: "icmpv6_types",
    ValueType.ICMPV6_CODE: "icmpv6_codes",
    ValueType.TCP_FLAGS: "tcp_flags",
}
_FAMILIES = {"ipv4": 2, "ipv6": 10, "2": 2, "10": 10}
_ETHER_TYPES = {"ip": 0x0800, "ip6": 0x86DD, "arp": 0x0806, "vlan": 0x8100, "8021q": 0x8100, "8021ad": 0x88A8}
STATES = {one.value: one for one in State}
DIRECTIONS = {"original": 0, "reply": 1}

_MOST_MASKED = 4096
"""Intervals that a mask with gaps may mean."""

Values = Intervals | frozenset[str] | frozenset[State]
"""Numbers, interface names, or connection states."""


def maximum(kind: ValueType) -> int:
    """The largest number of a type."""
    return _MAXIMUM.get(kind, BYTE_MAX)


def number(kind: ValueType, token: Item) -> int | None:
    """One value, by number or by name; None when it is not understood (a host name, an unknown service)."""
    if not isinstance(token, Token) or token.kind is Kind.SIGN:
        return None
    text = token.text
    if kind is ValueType.ADDRESS4:
        return _ipv4(text)
    if kind is ValueType.ADDRESS6:
        return _ipv6(text)
    if kind is ValueType.FAMILY:
        return _FAMILIES.get(text)
    if kind is ValueType.ETHER_TYPE and text in _ETHER_TYPES:
        return _ETHER_TYPES[text]
    if kind is ValueType.DIRECTION and text in DIRECTIONS:
        return DIRECTIONS[text]
    value = _integer(text)
    if value is None and kind in _TABLES:
        value = names(_TABLES[kind]).get(text)
    return value if value is not None and value <= maximum(kind) else None


def _ipv4(text: str) -> int | None:
    try:
        return ipv4(text)
    except NotUnderstoodError:
        return None


@lru_cache(maxsize=4096)
def _ipv6(text: str) -> int | None:
    try:
        return int(ipaddress.IPv6Address(text))
    except ValueError:
        return None


def _integer(text: str) -> int | None:
    if not text.isascii() or len(text) > 20:
        return None
    if text.isdecimal():
        return int(text)
    if text.startswith("0x"):
        try:
            return int(text[2:], 16)
        except ValueError:
            return None
    return None


def interval(kind: ValueType, items: Sequence[Item]) -> Interval | None:
    """`a`, `a-b` or `a/length`; None when it is not understood."""
    if len(items) == 1:
        value = number(kind, items[0])
        if value is not None:
            return value, value
        if isinstance(items[0], Token) and items[0].is_sign("*"):
            return 0, maximum(kind)
        return _written_together(kind, items[0])
    if len(items) != 3 or not isinstance(items[1], Token):
        return None
    first = number(kind, items[0])
    if first is None:
        return None
    if items[1].is_sign("-"):
        last = number(kind, items[2])
        return None if last is None or last < first else (first, last)
    if items[1].is_sign("/") and kind in (ValueType.ADDRESS4, ValueType.ADDRESS6):
        bits = 32 if kind is ValueType.ADDRESS4 else 128
        length = _integer(items[2].text) if isinstance(items[2], Token) else None
        if length is None or length > bits:
            return None
        free = (1 << (bits - length)) - 1
        return first & ~free, first | free
    return None


def _written_together(kind: ValueType, item: Item) -> Interval | None:
    """`ftp-data-ssh`, `dead::1-dead::9`: a range whose first part begins with a letter is one word."""
    if not isinstance(item, Token) or item.kind is not Kind.WORD or "-" not in item.text:
        return None
    found = []
    for position, sign in enumerate(item.text):
        if sign == "-":
            ends = (item.text[:position], item.text[position + 1 :])
            values = [number(kind, Token(Kind.WORD, one, one, item.line)) for one in ends]
            if values[0] is not None and values[1] is not None and values[0] <= values[1]:
                found.append((values[0], values[1]))
    return found[0] if len(found) == 1 else None


def component(kind: ValueType, items: Sequence[Item]) -> Values | None:
    """One component of a key as values."""
    if kind is ValueType.INTERFACE:
        if len(items) == 1 and isinstance(items[0], Token) and items[0].kind in (Kind.WORD, Kind.STRING):
            by_number = items[0].kind is Kind.WORD and items[0].text.isdecimal()
            return None if by_number else interface_names(items[0].text)
        if len(items) == 1 and isinstance(items[0], Token) and items[0].is_sign("*"):
            return frozenset(("*",))
        return None
    if kind is ValueType.STATE:
        if len(items) == 1 and isinstance(items[0], Token):
            state = STATES.get(items[0].text)
            return None if state is None else frozenset((state,))
        return None
    if kind is ValueType.TCP_FLAGS:
        bits = flag_bits(items)
        return None if bits is None else ((bits, bits),)
    found = interval(kind, items)
    return None if found is None else (found,)


def interface_names(text: str) -> frozenset[str] | None:
    """A name, or a beginning with `*`; a star that is meant literally (`\\*`) is not a name that the rest of the program could hold."""
    if not text or "\\" in text or "*" in text[:-1]:
        return None
    return frozenset((text,))


def flag_bits(items: Sequence[Item]) -> int | None:
    """`syn`, `0x12`, `fin | syn`, `(fin|syn)` as one byte."""
    bits = 0
    wanted = True
    for item in items:
        if isinstance(item, Group) and item.opener.text == "(" and wanted:
            inner = flag_bits(tuple(one for one in item.items if not _is_end(one)))
            if inner is None:
                return None
            bits |= inner
            wanted = False
        elif isinstance(item, Token) and wanted:
            value = number(ValueType.TCP_FLAGS, item)
            if value is None:
                return None
            bits |= value
            wanted = False
        elif isinstance(item, Token) and item.is_sign("|"):
            wanted = True
        else:
            return None
    return None if wanted else bits


def _is_end(item: Item) -> bool:
    return isinstance(item, Token) and item.kind is Kind.END


def merge(parts: Sequence[Values]) -> Values:
    """All values together; they are of one type."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, frozenset):
        return frozenset().union(*parts)  # type: ignore[return-value]  # sets of one kind, as the caller promises
    return normalise(pair for one in parts if isinstance(one, tuple) for pair in one)


def with_mask(kind: ValueType, mask: int, wanted: Intervals) -> Intervals | None:
    """All values `v` for which `v & mask` is in `wanted`; None when that would be too many intervals."""
    top = maximum(kind)
    if top <= BYTE_MAX:
        return normalise((v, v) for v in range(top + 1) if any(low <= v & mask <= high for low, high in wanted))
    bits = top.bit_length()
    found: list[Interval] = []
    for low, high in wanted:
        if high - low > BYTE_MAX:
            return None
        for value in range(low, high + 1):
            if value & ~mask:
                continue
            try:
                found.extend(of_wildcard(value, top & ~mask, bits, _MOST_MASKED))
            except ValueError:
                return None
    return normalise(found)


def without(kind: ValueType, values: Intervals) -> Intervals:
    """All other values of a type."""
    return complement(values, maximum(kind))


def families_of(kind: ValueType, values: Intervals) -> frozenset[Family]:
    """The address families that a `FAMILY` or an `ETHER_TYPE` means."""
    numbers = (2, 10) if kind is ValueType.FAMILY else (0x0800, 0x86DD)
    found: set[Family] = set()
    if any(low <= numbers[0] <= high for low, high in values):
        found.add(4)
    if any(low <= numbers[1] <= high for low, high in values):
        found.add(6)
    return frozenset(found)
