"""Exact intersections and differences of `Match` values, for readers that must combine conditions (chains that call chains, exceptions)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from secaudit.network.intervals import (
    ANY_BYTE,
    ANY_PORT,
    BYTE_MAX,
    IPV4_MAX,
    IPV6_MAX,
    PORT_MAX,
    Intervals,
    intersect,
    normalise,
    subtract,
)
from secaudit.network.matches import (
    ANY_MARK,
    ANY_SERVICE,
    ICMP,
    ICMPV6,
    PROTOCOLS_WITH_PORTS,
    TCP,
    Family,
    Match,
    Service,
    any_address,
)

_PORTED = normalise((number, number) for number in PROTOCOLS_WITH_PORTS)
_FIELDS: Mapping[str, Intervals] = {
    "destination_ports": ANY_PORT,
    "source_ports": ANY_PORT,
    "icmp_types": ANY_BYTE,
    "icmp_codes": ANY_BYTE,
    "tcp_flags": ANY_BYTE,
}
"""The fields below the protocol, and all their values (in the order of `Service`)."""
_FIELD_VALUES = attrgetter(*_FIELDS)
_EVERY_VALUE = tuple(_FIELDS.values())


class TooManyMatchesError(Exception):
    """The result would need more matches than the caller allows."""


def _having(field: str, family: Family) -> Intervals:
    """The protocols whose packets have a field, in one address family (ICMPv6 inside IPv4 has no type that anybody compares)."""
    if field.startswith("icmp"):
        number = ICMP if family == 4 else ICMPV6
        return ((number, number),)
    return ((TCP, TCP),) if field == "tcp_flags" else _PORTED


def intersect_matches(left: Iterable[Match], right: Sequence[Match], most: int) -> tuple[Match, ...]:
    """The packets that are in some match of both. Raises `TooManyMatchesError` when that takes more than `most` matches and services."""
    result: list[Match] = []
    size = 0
    for first in left:
        for second in right:
            both = _both(first, second)
            if both is not None:
                result.append(both)
                size += len(both.services)
                if size > most:
                    raise TooManyMatchesError
    return tuple(result)


def subtract_matches(left: Iterable[Match], holes: Iterable[Match], most: int) -> tuple[Match, ...]:
    """The packets of `left` that are in no hole. Raises `TooManyMatchesError` as `intersect_matches` does."""
    pieces = tuple(left)
    for hole in holes:
        pieces = tuple(part for piece in pieces for part in _without(piece, hole, most))
        if sum(len(piece.services) for piece in pieces) > most:
            raise TooManyMatchesError
    return pieces


def _both(left: Match, right: Match) -> Match | None:
    if left.family != right.family:
        return None
    every = any_address(left.family)
    sources = _common(left.sources, right.sources, every)
    destinations = _common(left.destinations, right.destinations, every)
    marks = _common(left.marks, right.marks, ANY_MARK)
    if not (sources and destinations and marks):
        return None
    services = intersect_services(left.family, left.services, right.services)
    return Match(left.family, sources, destinations, services, marks) if services else None


def _common(left: Intervals, right: Intervals, every: Intervals) -> Intervals:
    """An intersection; most are with everything."""
    if right is every or left is right or right == every:
        return left
    return right if left == every else intersect(left, right)


def intersect_services(family: Family, left: tuple[Service, ...], right: tuple[Service, ...]) -> tuple[Service, ...]:
    """The packets of one address family that are in some service of both."""
    if right == (ANY_SERVICE,) or left == right:
        return left
    if left == (ANY_SERVICE,):
        return right
    return tuple(
        both for first in left for second in right if (both := _both_services(family, first, second)) is not None
    )


def _both_services(family: Family, left: Service, right: Service) -> Service | None:
    protocols = _common(left.protocols, right.protocols, ANY_BYTE)
    if not protocols:
        return None
    ours, theirs = _FIELD_VALUES(left), _FIELD_VALUES(right)
    if ours == _EVERY_VALUE and all(theirs):
        return Service(protocols, *theirs)
    values: dict[str, Intervals] = {}
    for name, every in _FIELDS.items():
        common = _common(getattr(left, name), getattr(right, name), every)
        if not common:
            # Only packets that lack the field are in both.
            protocols = subtract(protocols, _having(name, family), BYTE_MAX)
            common = every
        values[name] = common
    return Service(protocols, **values) if protocols else None


def _without(piece: Match, hole: Match, most: int) -> Iterator[Match]:
    """`piece` minus `hole` as disjoint matches: field by field, what lies outside."""
    both = _both(piece, hole)
    if both is None:
        yield piece
        return
    family, sources, destinations = piece.family, piece.sources, piece.destinations
    maximum = IPV4_MAX if family == 4 else IPV6_MAX
    unmarked = () if both.marks is piece.marks else subtract(piece.marks, hole.marks, PORT_MAX)
    if unmarked:
        yield Match(family, sources, destinations, piece.services, unmarked)
    outside = () if both.sources is sources else subtract(sources, hole.sources, maximum)
    if outside:
        yield Match(family, outside, destinations, piece.services, both.marks)
    beside = () if both.destinations is destinations else subtract(destinations, hole.destinations, maximum)
    if beside:
        yield Match(family, both.sources, beside, piece.services, both.marks)
    services = subtract_services(family, piece.services, hole.services, most)
    if services:
        yield Match(family, both.sources, both.destinations, services, both.marks)


def subtract_services(
    family: Family, services: tuple[Service, ...], holes: tuple[Service, ...], most: int
) -> tuple[Service, ...]:
    """The packets of `services` that are in no hole. Raises `TooManyMatchesError` for more than `most` services."""
    left = services
    for hole in holes:
        left = tuple(part for service in left for part in _service_without(family, service, hole))
        if len(left) > most:
            raise TooManyMatchesError
    return left


def _service_without(family: Family, service: Service, hole: Service) -> Iterator[Service]:
    both = _both_services(family, service, hole)
    if both is None:
        yield service
        return
    others = () if both.protocols is service.protocols else subtract(service.protocols, both.protocols, BYTE_MAX)
    if others:
        yield replace(service, protocols=others)
    part = service if both.protocols is service.protocols else replace(service, protocols=both.protocols)
    for name, every in _FIELDS.items():
        left = getattr(both, name)
        if left is getattr(part, name):
            continue  # the hole has every value of this field that the service has
        protocols = intersect(both.protocols, _having(name, family))
        if not protocols:
            continue
        beside = subtract(getattr(part, name), getattr(hole, name), every[0][1])
        if beside:
            yield replace(part, protocols=protocols, **{name: beside})
        part = replace(part, **{name: left})


def any_packet_of(families: Iterable[Family]) -> tuple[Match, ...]:
    """Every packet of some address families."""
    return tuple(Match(family, any_address(family), any_address(family)) for family in sorted(families))
