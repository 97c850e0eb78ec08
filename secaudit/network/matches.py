"""What a filter line, a NAT rule or a policy route asks of a packet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from secaudit.network.intervals import (
    ANY_BYTE,
    ANY_IPV4,
    ANY_IPV6,
    ANY_PORT,
    Intervals,
    normalise,
)

Family = Literal[4, 6]

ICMP, TCP, UDP, GRE, ESP, AH, ICMPV6, SCTP = 1, 6, 17, 47, 50, 51, 58, 132
PROTOCOLS_WITH_PORTS = (TCP, UDP, SCTP)

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32

ANY_MARK: Intervals = ((0, 65535),)
UNMARKED: Intervals = ((0, 0),)


@dataclass(frozen=True, slots=True)
class Service:
    """A set of protocols and what is asked of their headers: all fields must match.

    Ports are compared for TCP, UDP and SCTP only, ICMP type and code for ICMP (and ICMPv6) only, TCP flags (the
    flag byte as a number, FIN=1 .. CWR=128) for TCP only: **a field that the packet does not have matches**. A
    reader for a device on which it would *not* match writes one `Service` a protocol instead.
    """

    protocols: Intervals = ANY_BYTE
    destination_ports: Intervals = ANY_PORT
    source_ports: Intervals = ANY_PORT
    icmp_types: Intervals = ANY_BYTE
    icmp_codes: Intervals = ANY_BYTE
    tcp_flags: Intervals = ANY_BYTE


ANY_SERVICE = Service()


@dataclass(frozen=True, slots=True)
class Match:
    """Packets of one address family: a source in `sources` AND a destination in `destinations` AND any one of `services`.

    Object groups stay factored like this; they are never multiplied out. `marks` is the device-internal mark
    that an ingress NAT rule of the same device left on the packet (0 = none), as FortiOS needs for virtual IPs;
    a line that does not care keeps `ANY_MARK`.
    """

    family: Family
    sources: Intervals
    destinations: Intervals
    services: tuple[Service, ...] = (ANY_SERVICE,)
    marks: Intervals = ANY_MARK


ANY_IPV4_PACKET = Match(4, ANY_IPV4, ANY_IPV4)
ANY_IPV6_PACKET = Match(6, ANY_IPV6, ANY_IPV6)
ANY_PACKET: tuple[Match, ...] = (ANY_IPV4_PACKET, ANY_IPV6_PACKET)


def any_address(family: Family) -> Intervals:
    """Every address of a family."""
    return ANY_IPV4 if family == 4 else ANY_IPV6


def values_with_bits(value: int, mask: int) -> Intervals:
    """All flag bytes `f` with `f & mask == value`, as intervals.

    >>> values_with_bits(16, 16)[0]
    (16, 31)
    """
    return normalise((flags, flags) for flags in range(256) if flags & mask == value)
