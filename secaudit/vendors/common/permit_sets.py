"""Intersections and differences of `Match` values, for lists that are used as conditions (NAT, policy routing, classes)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.intervals import BYTE_MAX, IPV4_MAX, IPV6_MAX, PORT_MAX, Intervals, intersect, normalise, subtract
from secaudit.network.matches import ANY_SERVICE, ICMP, ICMPV6, PROTOCOLS_WITH_PORTS, TCP, Match, Service

_MOST_PIECES = 256
_MOST_STEPS = 20_000
_PORTED = normalise((number, number) for number in PROTOCOLS_WITH_PORTS)
_ICMP = normalise(((ICMP, ICMP), (ICMPV6, ICMPV6)))
_FIELDS_OF: Mapping[str, tuple[Intervals, int]] = {
    "destination_ports": (_PORTED, PORT_MAX),
    "source_ports": (_PORTED, PORT_MAX),
    "icmp_types": (_ICMP, BYTE_MAX),
    "icmp_codes": (_ICMP, BYTE_MAX),
    "tcp_flags": (((TCP, TCP),), BYTE_MAX),
}
"""Each field with the protocols that have it, and its largest value."""
_FIELDS = ("protocols", *_FIELDS_OF)


@dataclass(frozen=True, slots=True)
class PermitSet:
    """What a list permits. When not `exact`, `matches` is the most that it could be."""

    matches: tuple[Match, ...]
    exact: bool


def permitted(lines: Sequence[FilterLine]) -> PermitSet:
    """The packets for which the first matching line permits; the end of the list denies."""
    denied: list[Match] = []
    result: list[Match] = []
    exact = True
    steps = 0
    for line in lines:
        exact = exact and line.certainty is Certainty.ALWAYS and line.action is not Action.UNKNOWN
        if line.action is Action.DENY:
            if line.certainty is Certainty.ALWAYS:
                denied.extend(line.matches)
            continue
        pieces = list(line.matches)
        for hole in denied:
            steps += len(pieces)
            if steps > _MOST_STEPS or len(pieces) > _MOST_PIECES:
                exact = False
                break
            remaining: list[Match] = []
            for piece in pieces:
                left, whole = _without(piece, hole)
                remaining.extend(left)
                exact = exact and whole
            pieces = remaining
        result.extend(pieces)
    return PermitSet(tuple(result), exact)


def intersect_matches(left: Iterable[Match], right: Sequence[Match]) -> tuple[Match, ...]:
    """The packets that are in some match of both."""
    result: list[Match] = []
    for first in left:
        for second in right:
            both = _both(first, second)
            if both is not None:
                result.append(both)
    return tuple(result)


def _both(left: Match, right: Match) -> Match | None:
    if left.family != right.family:
        return None
    sources = intersect(left.sources, right.sources)
    destinations = intersect(left.destinations, right.destinations)
    services = tuple(
        service
        for first in left.services
        for second in right.services
        if (service := _both_services(first, second)) is not None
    )
    if not (sources and destinations and services):
        return None
    return Match(left.family, sources, destinations, services)


def _both_services(left: Service, right: Service) -> Service | None:
    if left == ANY_SERVICE:
        return right
    if right == ANY_SERVICE:
        return left
    fields: list[Intervals] = []
    for name in _FIELDS:
        common = intersect(getattr(left, name), getattr(right, name))
        if not common:
            # An empty field would still let packets pass that lack it, but a service without protocols in common is empty,
            # and IOS writes ports only next to the one protocol that has them.
            return None
        fields.append(common)
    return Service(*fields)


def _without(piece: Match, hole: Match) -> tuple[list[Match], bool]:
    """`piece` minus `hole`, and whether that is exact (otherwise it is too much)."""
    both = _both(piece, hole)
    if both is None:
        return [piece], True
    maximum = IPV4_MAX if piece.family == 4 else IPV6_MAX
    result: list[Match] = []
    outside = subtract(piece.sources, hole.sources, maximum)
    if outside:
        result.append(replace(piece, sources=outside))
    beside = subtract(piece.destinations, hole.destinations, maximum)
    if beside:
        result.append(replace(piece, sources=both.sources, destinations=beside))
    services, exact = _services_without(piece.services, hole.services)
    if services:
        result.append(replace(piece, sources=both.sources, destinations=both.destinations, services=services))
    return result, exact


def _services_without(services: tuple[Service, ...], holes: tuple[Service, ...]) -> tuple[tuple[Service, ...], bool]:
    left = list(services)
    exact = True
    for hole in holes:
        remaining = [part for service in left for part in _service_without(service, hole)]
        if len(remaining) > max(_MOST_PIECES, len(services)):
            exact = False
        else:
            left = remaining
    return tuple(left), exact


def _service_without(service: Service, hole: Service) -> Iterator[Service]:
    """The packets of `service` that are not in `hole`: those of other protocols, then field by field of those that have the field."""
    both = _both_services(service, hole)
    if both is None:
        yield service
        return
    others = subtract(service.protocols, hole.protocols, BYTE_MAX)
    if others:
        yield replace(service, protocols=others)
    part = replace(service, protocols=both.protocols)
    for name, (having, maximum) in _FIELDS_OF.items():
        protocols = intersect(both.protocols, having)
        beside = subtract(getattr(part, name), getattr(hole, name), maximum)
        if protocols and beside:
            yield replace(part, protocols=protocols, **{name: beside})
        part = replace(part, **{name: getattr(both, name)})
