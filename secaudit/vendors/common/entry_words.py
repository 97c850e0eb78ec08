"""Words of access list entries that many command lines have in common: `host A`, `A WILDCARD`, `eq N`, `range N M`, types and codes of ICMP."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from secaudit.network.intervals import ANY_BYTE, ANY_IPV4, ANY_IPV6, ANY_PORT, Intervals
from secaudit.network.matches import Family
from secaudit.vendors.wording import PlainService, all_prefixes


def wildcard_words(family: Family, intervals: Intervals) -> list[str]:
    """Addresses, one a word group: IPv4 with a wildcard mask, IPv6 with a prefix length."""
    if intervals == (ANY_IPV4 if family == 4 else ANY_IPV6):
        return ["any"]
    return [
        f"host {net.network_address}"
        if net.prefixlen == net.max_prefixlen
        else str(net)
        if family == 6
        else f"{net.network_address} {net.hostmask}"
        for net in all_prefixes(family, intervals)
    ]


def service_words(any_protocol: str, names: Mapping[int, str], service: PlainService) -> list[tuple[str, str, str]]:
    """Protocol, source port, and what stands behind the destination. A protocol without a name is written as its number."""
    if service.protocol is None:
        return [(any_protocol, "", "")]
    name = names.get(service.protocol, str(service.protocol))
    if service.has_ports:
        return [
            (name, *pair) for pair in product(port_words(service.source_ports), port_words(service.destination_ports))
        ]
    if not service.has_types:
        return [(name, "", "")]
    types = [one for low, high in service.icmp_types for one in range(low, high + 1)]
    codes = (
        [""]
        if service.icmp_codes == ANY_BYTE
        else [f" {one}" for low, high in service.icmp_codes for one in range(low, high + 1)]
    )
    return [(name, "", f"{kind}{code}") for kind, code in product(types, codes)]


def port_words(intervals: Intervals) -> list[str]:
    """A condition for each range of ports; an empty one for all."""
    if intervals == ANY_PORT:
        return [""]
    return [f"eq {low}" if low == high else f"range {low} {high}" for low, high in intervals]
