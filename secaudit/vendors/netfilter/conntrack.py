"""Which first packets Linux connection tracking calls new, invalid or untracked.

Measured on kernel 6.18 with every TCP flag byte, every ICMP and ICMPv6 type and every protocol number (an nft rule `ct state X drop`
in the output hook, one packet for each, every one a connection of its own):

- TCP: SYN and SYN+URG are NEW, and so are a lone ACK and ACK+URG (`nf_conntrack_tcp_loose=1`, the default); PSH, ECE and CWR change
  nothing. All other flags (SYN+ACK, FIN, FIN+ACK, RST, none) are INVALID.
- ICMP: echo (8), timestamp (13), information (15) and address mask (17) requests are NEW, all other types INVALID.
- ICMPv6: echo request (128) and node information query (139) are NEW, multicast listener, neighbour discovery and multicast
  router types (130-136, 143, 151, 152) UNTRACKED, all others, redirect (137) among them, INVALID.
- All other protocols are NEW. (SCTP is NEW only with its INIT chunk and GRE only when well formed: what opens a connection is.)

Errors (unreachable, time exceeded ...) of a remembered connection are RELATED.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from secaudit.network.filters import Connection
from secaudit.network.intervals import ANY_BYTE, BYTE_MAX, Intervals, complement, normalise, subtract
from secaudit.network.match_algebra import intersect_matches, subtract_matches
from secaudit.network.matches import ACK, ICMP, ICMPV6, SYN, TCP, URG, Family, Match, Service, any_address
from secaudit.vendors.netfilter.ruleset import State

ALL_STATES = frozenset(State)
_FIRST = frozenset((State.NEW, State.INVALID, State.UNTRACKED))
_LOOKED_AT = 255 - 8 - 64 - 128
"""The flags that decide: all but PSH, ECE and CWR."""
_NEW_TYPES: dict[Family, Intervals] = {
    4: normalise((t, t) for t in (8, 13, 15, 17)),
    6: normalise((t, t) for t in (128, 139)),
}
_UNTRACKED_TYPES: dict[Family, Intervals] = {4: (), 6: normalise(((130, 136), (143, 143), (151, 152)))}
_ERROR_TYPES: dict[Family, Intervals] = {4: normalise((t, t) for t in (3, 4, 5, 11, 12)), 6: ((1, 4),)}


@cache
def first_packets(states: frozenset[State], *, loose: bool) -> tuple[Match, ...]:
    """The headers that are in one of these states when they belong to no remembered connection."""
    families: tuple[Family, ...] = (4, 6)
    result = []
    for family in families:
        services = tuple(_services(family, states, loose=loose))
        if services:
            result.append(Match(family, any_address(family), any_address(family), services))
    return tuple(result)


def _services(family: Family, states: frozenset[State], *, loose: bool) -> Iterator[Service]:
    icmp = ICMP if family == 4 else ICMPV6
    flags = _in_states(states, _new_flags(loose=loose), ())
    types = _in_states(states, _NEW_TYPES[family], _UNTRACKED_TYPES[family])
    if flags:
        yield Service(((TCP, TCP),), tcp_flags=flags)
    if types:
        yield Service(((icmp, icmp),), icmp_types=types)
    if State.NEW in states:
        yield Service(complement(normalise(((TCP, TCP), (icmp, icmp))), BYTE_MAX))


def _in_states(states: frozenset[State], new: Intervals, untracked: Intervals) -> Intervals:
    """The values of a field (flags, types) that are in one of the states."""
    result: list[tuple[int, int]] = []
    if State.NEW in states:
        result += new
    if State.UNTRACKED in states:
        result += untracked
    if State.INVALID in states:
        result += subtract(subtract(ANY_BYTE, new, BYTE_MAX), untracked, BYTE_MAX)
    return normalise(result)


@cache
def _new_flags(*, loose: bool) -> Intervals:
    opening = {SYN, SYN | URG} | ({ACK, ACK | URG} if loose else set())
    return normalise((flags, flags) for flags in range(256) if flags & _LOOKED_AT in opening)


def split(
    states: frozenset[State], matches: tuple[Match, ...], apart: tuple[Match, ...], *, loose: bool, most: int
) -> Iterator[tuple[Connection | None, tuple[Match, ...]]]:
    """What a rule that asks for some states matches: of no remembered connection, and of remembered ones.

    `apart` are packets that rules take out of connection tracking. Raises `TooManyMatchesError`.
    """
    if not states:
        return
    wanted = states & _FIRST
    if wanted == _FIRST and State.ESTABLISHED in states:
        yield None, matches
        return
    first = matches
    if wanted != _FIRST:
        first = intersect_matches(matches, first_packets(wanted, loose=loose), most)
        if apart and State.UNTRACKED in wanted:
            first = (*first, *intersect_matches(matches, apart, most))
        elif apart:
            first = subtract_matches(first, apart, most)
    if first:
        yield Connection.NEW, first
    if State.ESTABLISHED in states:
        yield Connection.ESTABLISHED, matches
    elif State.RELATED in states:
        errors = intersect_matches(matches, _errors(), most)
        if errors:
            yield Connection.ESTABLISHED, errors


@cache
def _errors() -> tuple[Match, ...]:
    return tuple(
        Match(
            family,
            any_address(family),
            any_address(family),
            (Service(((icmp, icmp),), icmp_types=_ERROR_TYPES[family]),),
        )
        for family, icmp in _ICMP_OF
    )


_ICMP_OF: tuple[tuple[Family, int], ...] = ((4, ICMP), (6, ICMPV6))


def only_new(matches: Iterable[Match], *, loose: bool, most: int) -> tuple[Match, ...]:
    """The packets that pass the NAT tables: the first ones of a connection (what is invalid or untracked is never translated)."""
    return intersect_matches(matches, first_packets(frozenset((State.NEW,)), loose=loose), most)
