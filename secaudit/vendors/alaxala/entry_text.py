"""Denials of packets as entries of access lists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from secaudit.network.intervals import ANY_BYTE, ANY_IPV4, ANY_IPV6, ANY_PORT, Intervals
from secaudit.network.matches import ICMP, ICMPV6, SCTP, TCP, UDP, Family, Match
from secaudit.text.bilingual import Text
from secaudit.vendors.commands import NotSaidError
from secaudit.vendors.wording import MOST_LINES, TOO_MANY, PlainService, all_prefixes, plain_services

_SOURCES_ONLY = Text(
    ja="IPv4 アドレスフィルタ（standard）は送信元しか指定できない。",
    en="an IPv4 address filter (standard) can name sources only",
)
_SCTP = Text(ja="SCTP のポート番号は条件にできない。", en="ports of SCTP cannot be a condition")


def denials(family: Family, matches: Sequence[Match], standard: bool) -> list[str]:
    """The denying entries, one for each product of prefixes and ports. Raises `NotSaidError`."""
    if standard:
        return [f"deny {source}" for match in matches for source in _sources_only(match)]
    found: list[str] = []
    for match in matches:
        sides = product(_sides(family, match.sources), _sides(family, match.destinations))
        services = [one for service in plain_services(match) for one in _service(family, service)]
        for (source, destination), (protocol, source_port, tail) in product(sides, services):
            found.append(" ".join(filter(None, ("deny", protocol, source, source_port, destination, tail))))
            if len(found) > MOST_LINES:
                raise NotSaidError(TOO_MANY)
    return found


def _sources_only(match: Match) -> list[str]:
    if match.family != 4 or match.destinations != ANY_IPV4 or plain_services(match) != (PlainService(None),):
        raise NotSaidError(_SOURCES_ONLY)
    return _sides(4, match.sources)


def _sides(family: Family, intervals: Intervals) -> list[str]:
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


def _service(family: Family, service: PlainService) -> list[tuple[str, str, str]]:
    """Protocol, source port, and what stands behind the destination."""
    if service.protocol is None:
        return [("ip" if family == 4 else "ipv6", "", "")]
    names = {TCP: "tcp", UDP: "udp", ICMP if family == 4 else ICMPV6: "icmp"}
    name = names.get(service.protocol, str(service.protocol))
    if service.has_ports:
        if service.protocol == SCTP:
            raise NotSaidError(_SCTP)
        return [(name, *pair) for pair in product(_ports(service.source_ports), _ports(service.destination_ports))]
    if not service.has_types:
        return [(name, "", "")]
    types = [one for low, high in service.icmp_types for one in range(low, high + 1)]
    codes = (
        [""]
        if service.icmp_codes == ANY_BYTE
        else [f" {one}" for low, high in service.icmp_codes for one in range(low, high + 1)]
    )
    return [(name, "", f"{kind}{code}") for kind, code in product(types, codes)]


def _ports(intervals: Intervals) -> list[str]:
    if intervals == ANY_PORT:
        return [""]
    return [f"eq {low}" if low == high else f"range {low} {high}" for low, high in intervals]
