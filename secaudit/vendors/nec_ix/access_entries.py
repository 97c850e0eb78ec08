"""One entry of an access list: `[N] permit|deny PROTOCOL src A [sport P] dest A [dport P] [options]` (B.3).

Grammar: NEC command reference (ix-nrv), chapters "IPv4 アクセスリスト" and "IPv6 アクセスリスト".
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from secaudit.network.filters import Action, Certainty
from secaudit.network.intervals import (
    ANY_BYTE,
    ANY_IPV4,
    ANY_IPV6,
    ANY_PORT,
    IPV4_MAX,
    Intervals,
    of_network,
    of_wildcard,
)
from secaudit.network.matches import ANY_SERVICE, ICMP, ICMPV6, TCP, UDP, Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.words import Words, ipv4, whole_number

ACTIONS = {"permit": Action.PERMIT, "deny": Action.DENY}
_PORTED = {"tcp": TCP, "udp": UDP}
_FIELD_OPTIONS = frozenset(("tc", "tos", "precedence", "dscp"))
_SCATTERED_INTERVALS = 256


@dataclass(frozen=True, slots=True)
class Entry:
    """What one entry says; `matches` is the most that it could be unless `certainty` is ALWAYS. `identity` are its words without number."""

    action: Action
    matches: tuple[Match, ...]
    identity: tuple[str, ...]
    sequence: int | None = None
    certainty: Certainty = Certainty.ALWAYS
    doubt: Text | None = None


def read_entry(words: Words, family: Family) -> Entry:
    """Reads an entry from its number or action on. Raises `NotUnderstoodError`."""
    sequence = words.number(1, 2**32 - 1) if words.peek().isdigit() else None
    identity = words.keys[words.position :]
    action = ACTIONS.get(words.take().lower())
    if action is None:
        raise NotUnderstoodError("neither permit nor deny")
    matches = read_selection(words, family)
    if not words:
        return Entry(action, matches, tuple(identity), sequence)
    return Entry(action, matches, tuple(identity), sequence, Certainty.UNCERTAIN, _options(words))


def read_selection(words: Words, family: Family) -> tuple[Match, ...]:
    """`PROTOCOL src A [sport P] dest A [dport P]`: the packets that are meant."""
    word = words.take().lower()
    ported = _PORTED.get(word)
    types, codes = ANY_BYTE, ANY_BYTE
    if word == "icmp":
        types, codes = _icmp_types(words)
    sources = _side(words, "src", family)
    source_ports = _ports(words, "sport") if ported is not None else ANY_PORT
    destinations = _side(words, "dest", family)
    destination_ports = _ports(words, "dport") if ported is not None else ANY_PORT
    if word == "icmp" and words.peek() == "type":
        types, codes = _icmp_types(words)
    service = _service(word, family, destination_ports, source_ports, types, codes)
    return (Match(family, sources, destinations, service),)


@lru_cache(maxsize=16384)
def _service(
    word: str, family: Family, destinations: Intervals, sources: Intervals, types: Intervals, codes: Intervals
) -> tuple[Service, ...]:
    if word == "ip":
        return (ANY_SERVICE,)
    if word in _PORTED:
        number = _PORTED[word]
        return (Service(((number, number),), destinations, sources),)
    if word == "icmp":
        number = ICMP if family == 4 else ICMPV6
        return (Service(((number, number),), icmp_types=types, icmp_codes=codes),)
    number = whole_number(word, 1, 255)
    return (Service(((number, number),)),)


def _icmp_types(words: Words) -> tuple[Intervals, Intervals]:
    types, codes = ANY_BYTE, ANY_BYTE
    if words.skip("type"):
        number = words.number(0, 255)
        types = ((number, number),)
        if words.skip("code"):
            number = words.number(0, 255)
            codes = ((number, number),)
    return types, codes


def _side(words: Words, keyword: str, family: Family) -> Intervals:
    keys, position = words.keys, words.position
    if keys[position : position + 1] != (keyword,) or position + 1 >= len(keys):
        raise NotUnderstoodError(f"{keyword} is missing")
    word = keys[position + 1]
    words.position = position + 2
    if "/" not in word and word != "any":
        return _with_wildcard(word, words.take(), family)
    return addresses(word, family)


@lru_cache(maxsize=65536)
def addresses(word: str, family: Family) -> Intervals:
    """`any` or `ADDRESS/LENGTH`; bits of a host are dropped. Raises `NotUnderstoodError`."""
    if word.lower() == "any":
        return ANY_IPV4 if family == 4 else ANY_IPV6
    first, slash, length = word.partition("/")
    if not slash:
        raise NotUnderstoodError(f"{word!r} has no prefix length")
    if family == 4:
        # Written out because `ipaddress` takes most of the time of reading a long list.
        low = ipv4(first) & (IPV4_MAX << (32 - whole_number(length, 0, 32)))
        return ((low & IPV4_MAX, (low & IPV4_MAX) | (IPV4_MAX >> int(length))),)
    try:
        network = ipaddress.ip_network(word, strict=False)
    except ValueError as error:
        raise NotUnderstoodError(f"{word!r} is not a prefix") from error
    if network.version != family:
        raise NotUnderstoodError(f"{word!r} is of the other address family")
    return (of_network(network),)


@lru_cache(maxsize=4096)
def _with_wildcard(word: str, wildcard: str, family: Family) -> Intervals:
    """`ADDRESS WILDCARD`: bits that are set in the wildcard are not compared."""
    try:
        address, mask = ipaddress.ip_address(word), ipaddress.ip_address(wildcard)
        if address.version != family or mask.version != family:
            raise NotUnderstoodError("of the other address family")
        return of_wildcard(int(address), int(mask), 32 if family == 4 else 128, _SCATTERED_INTERVALS)
    except ValueError as error:
        raise NotUnderstoodError(f"{word!r} {wildcard!r}") from error


def _ports(words: Words, keyword: str) -> Intervals:
    """`any`, `eq N` or `range N M`; a port that is not mentioned may be any."""
    keys, position = words.keys, words.position
    if position >= len(keys) or keys[position] != keyword:
        return ANY_PORT
    words.position = position + 1
    how = words.take().lower()
    if how == "any":
        return ANY_PORT
    return _port_set(how, tuple(words.take() for _ in range(2 if how == "range" else 1)))


@lru_cache(maxsize=16384)
def _port_set(how: str, numbers: tuple[str, ...]) -> Intervals:
    if how not in ("eq", "range"):
        raise NotUnderstoodError(f"ports {how!r}")
    low, high = (whole_number(number, 0, 65535) for number in (numbers[0], numbers[-1]))
    if low > high:
        raise NotUnderstoodError("the range is upside down")
    return ((low, high),)


def _options(words: Words) -> Text:
    """Conditions on fields that are no part of a packet set."""
    told: list[str] = []
    while words:
        option = words.take().lower()
        if option in _FIELD_OPTIONS:
            words.take()
        elif option != "fragments":
            raise NotUnderstoodError(f"option {option!r}")
        told.append(option)
    listed = ", ".join(told)
    return Text(ja=f"{listed} の条件はモデル化していません", en=f"the condition {listed} is not modelled")
