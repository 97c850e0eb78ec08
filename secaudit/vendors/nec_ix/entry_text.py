"""Denials of packets as entries of access lists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from secaudit.network.intervals import ANY_BYTE, ANY_IPV4, ANY_IPV6, ANY_PORT, Intervals
from secaudit.network.matches import ICMP, ICMPV6, TCP, UDP, Family, Match
from secaudit.text.bilingual import Text
from secaudit.vendors.commands import NotSaidError
from secaudit.vendors.wording import MOST_LINES, TOO_MANY, PlainService, all_prefixes, plain_services

_PROTOCOL = Text(
    ja="このプロトコルの条件はアクセスリストに書けない。",
    en="no entry of an access list can say this protocol",
)


def denials(family: Family, matches: Sequence[Match]) -> list[str]:
    """The denying entries, one for each product of prefixes and ports. Raises `NotSaidError`."""
    found: list[str] = []
    for match in matches:
        sides = product(_sides(family, match.sources), _sides(family, match.destinations))
        services = [one for service in plain_services(match) for one in _service(family, service)]
        for (source, destination), (protocol, source_port, destination_port) in product(sides, services):
            parts = ("deny", protocol, "src", source, source_port, "dest", destination, destination_port)
            found.append(" ".join(filter(None, parts)))
            if len(found) > MOST_LINES:
                raise NotSaidError(TOO_MANY)
    return found


def _sides(family: Family, intervals: Intervals) -> list[str]:
    if intervals == (ANY_IPV4 if family == 4 else ANY_IPV6):
        return ["any"]
    return [str(network) for network in all_prefixes(family, intervals)]


def _service(family: Family, service: PlainService) -> list[tuple[str, str, str]]:
    """Protocol with ICMP type, source port, destination port."""
    number = service.protocol
    if number is None:
        return [("ip", "", "")]
    if number in (TCP, UDP):
        sources, destinations = _ports("sport", service.source_ports), _ports("dport", service.destination_ports)
        name = "tcp" if number == TCP else "udp"
        return [(name, source, destination) for source, destination in product(sources, destinations)]
    if number == 0 or service.has_ports:
        raise NotSaidError(_PROTOCOL)
    if number != (ICMP if family == 4 else ICMPV6):
        return [(str(number), "", "")]
    if not service.has_types:
        return [("icmp", "", "")]
    if service.icmp_types == ANY_BYTE:
        raise NotSaidError(_PROTOCOL)
    types = [one for low, high in service.icmp_types for one in range(low, high + 1)]
    codes = [""]
    if service.icmp_codes != ANY_BYTE:
        codes = [f" code {one}" for low, high in service.icmp_codes for one in range(low, high + 1)]
    return [(f"icmp type {kind}{code}", "", "") for kind, code in product(types, codes)]


def _ports(word: str, intervals: Intervals) -> list[str]:
    if intervals == ANY_PORT:
        return [f"{word} any"]
    return [f"{word} eq {low}" if low == high else f"{word} range {low} {high}" for low, high in intervals]
