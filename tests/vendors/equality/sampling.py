"""Concrete packets at the corners of a policy: every bound, one beside it, and some that nobody thought of."""

from __future__ import annotations

import ipaddress
from random import Random

from secaudit.packets.packet import Packet
from tests.vendors.equality.policies import ICMP, ICMPV6, PORTS, TCP, UDP, Policy, Service, Span, highest


def corner_packets(policy: Policy, random: Random, count: int) -> list[Packet]:
    """So many packets, most of them on or beside a bound of some line."""
    last = highest(policy.family)
    sources = _corners([span for rule in policy.rules for span in rule.sources], last)
    destinations = _corners([span for rule in policy.rules for span in rule.destinations], last)
    services = [service for rule in policy.rules for service in rule.services] or [Service()]
    packets = []
    for _ in range(count):
        if policy.rules and random.random() < 0.6:
            # One line's own corners meet more often than those of two lines.
            rule = random.choice(policy.rules)
            source = random.choice(_corners(list(rule.sources), last))
            destination = random.choice(_corners(list(rule.destinations), last))
            service = random.choice(rule.services)
        else:
            source, destination = random.choice(sources), random.choice(destinations)
            service = random.choice(services)
        if random.random() < 0.05:
            source, destination = random.randint(0, last), random.randint(0, last)
        packets.append(_packet(policy, source, destination, service, random))
    return packets


def _packet(policy: Policy, source: int, destination: int, service: Service, random: Random) -> Packet:
    make = ipaddress.IPv4Address if policy.family == 4 else ipaddress.IPv6Address
    icmp = ICMP if policy.family == 4 else ICMPV6
    protocol = service.protocol
    if protocol is None or random.random() < 0.1:
        protocol = random.choice((TCP, UDP, icmp, 47, 132, 253))
    values = {"source_port": 0, "destination_port": 0, "icmp_type": 0, "icmp_code": 0, "tcp_flags": 0}
    if protocol in (TCP, UDP, 132):
        ported = service.has_ports
        values["destination_port"] = random.choice(_corners([*service.destination_ports] if ported else [PORTS], 65535))
        values["source_port"] = random.choice(_corners([*service.source_ports] if ported else [PORTS], 65535))
        values["tcp_flags"] = random.choice((2, 2, 2, 16, 18, 0)) if protocol == TCP else 0
    elif protocol == icmp:
        near = [service.icmp_type, service.icmp_type + 1] if service.icmp_type is not None else [0, 8, 128, 129, 255]
        values["icmp_type"] = random.choice(near)
        values["icmp_code"] = random.choice((service.icmp_code or 0, 0, 1, 13, 255))
    return Packet(make(source), make(destination), protocol, **values)


def _corners(spans: list[Span], last: int) -> list[int]:
    found = {0, last}
    for low, high in spans:
        found.update((low, high, (low + high) // 2))
        if low > 0:
            found.add(low - 1)
        if high < last:
            found.add(high + 1)
    return sorted(found)
