"""Small questions about the packets that a translation of before 8.3 is about."""

from __future__ import annotations

from secaudit.network.filters import FilterLine
from secaudit.network.intervals import ANY_BYTE, IPV4_MAX, Intervals, intersect, subtract
from secaudit.network.matches import Match, Service
from secaudit.vendors.cisco_asa.old_nat_lines import OldNat, OldStatic


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
    ports = service.source_ports if static.protocol is None else ((static.mapped_port,) * 2,)
    return Service(service.protocols, ports, service.destination_ports, ANY_BYTE, ANY_BYTE, ANY_BYTE)
