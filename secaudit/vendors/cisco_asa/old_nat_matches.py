"""Small questions about the packets that a translation of before 8.3 is about."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from secaudit.network.filters import FilterLine
from secaudit.network.intervals import ANY_BYTE, ANY_IPV4, IPV4_MAX, Intervals, intersect, subtract
from secaudit.network.matches import ANY_SERVICE, Match, Service
from secaudit.vendors.cisco_asa.old_nat_lines import OldNat, OldStatic


class Spans:
    """Sets of addresses, of which it is asked whether other addresses cut one in two."""

    def __init__(self, sets: Iterable[Intervals]) -> None:
        self._sets = list(dict.fromkeys(sets))
        pairs = sorted((low, high, number) for number, one in enumerate(self._sets) for low, high in one)
        self._pairs = pairs
        self._lows = [low for low, _, _ in pairs]
        self._highest = list(accumulate((high for _, high, _ in pairs), max))
        self._known: dict[Intervals, bool] = {ANY_IPV4: False}

    def are_cut(self, addresses: Intervals) -> bool:
        """Whether some set has addresses among these, and others that are not."""
        known = self._known.get(addresses)
        if known is None:
            known = self._known[addresses] = any(
                intersect(addresses, self._sets[number]) != self._sets[number] for number in self._hit(addresses)
            )
        return known

    def _hit(self, addresses: Intervals) -> Iterator[int]:
        for low, high in addresses:
            place = bisect_right(self._lows, high) - 1
            while place >= 0 and self._highest[place] >= low:
                _, end, number = self._pairs[place]
                if end >= low:
                    yield number
                place -= 1


def size_of(nat: OldNat) -> int:
    """How many addresses it names: the fewest fit best."""
    return IPV4_MAX if nat.real is None else nat.real[1] - nat.real[0]


def count_of(one: OldNat | OldStatic) -> int:
    """How many conditions it has."""
    return 1 if one.policy is None else len(one.policy.lines)


def only_ports(service: Service) -> bool:
    """Whether nothing but protocols and ports is asked."""
    return service.icmp_types == service.icmp_codes == service.tcp_flags == ANY_BYTE


def of_ipv4(entry: FilterLine) -> list[Match]:
    """What an entry says of IPv4, which alone is translated."""
    return [match for match in entry.matches if match.family == 4]


def arriving(service: Service) -> Service:
    """What comes for the real side, whatever its ports are."""
    return ANY_SERVICE if service is ANY_SERVICE else Service(service.protocols, service.source_ports)


def without(one: tuple[Intervals, Intervals], match: Match) -> list[tuple[Intervals, Intervals]]:
    """A product of sources and destinations without another one."""
    sources, destinations = one
    outside = subtract(sources, match.sources, IPV4_MAX)
    inside = intersect(sources, match.sources)
    other = subtract(destinations, match.destinations, IPV4_MAX)
    parts = [(outside, destinations), (inside, other)]
    return [part for part in parts if part[0] and part[1]]


def for_port(protocol: int, services: tuple[Service, ...]) -> tuple[tuple[Service, ...], int, bool]:
    """The entry of a policy for one real port: its services, the port, and whether that is exact."""
    (one, *more) = services
    exact = not more and one.protocols == ((protocol, protocol),) and len(one.source_ports) == 1
    low, high = one.source_ports[0]
    exact = exact and low == high
    return (Service(((protocol, protocol),), one.destination_ports, one.source_ports),), low, exact


def mirrored(service: Service, static: OldStatic) -> Service:
    """What comes back to the mapped side; types of ICMP and TCP flags are not looked at."""
    if service is ANY_SERVICE and static.protocol is None:
        return ANY_SERVICE
    ports = service.source_ports if static.protocol is None else ((static.mapped_port,) * 2,)
    return Service(service.protocols, ports, service.destination_ports, ANY_BYTE, ANY_BYTE, ANY_BYTE)
