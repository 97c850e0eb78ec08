"""Denials of packets in words of AlliedWare Plus: entries of hardware lists, entities and applications of the firewall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from secaudit.network.intervals import ANY_BYTE, ANY_PORT, Intervals
from secaudit.network.matches import ICMP, ICMPV6, TCP, UDP, Family, Match, any_address
from secaudit.text.bilingual import Text
from secaudit.vendors.commands import NotSaidError
from secaudit.vendors.wording import MOST_LINES, TOO_MANY, PlainService, all_prefixes, plain_services

_PORTS_OF_OTHERS = Text(
    ja="TCP・UDP 以外のポート番号の条件は投入コマンドにできない。",
    en="ports of protocols other than TCP and UDP cannot be put into commands",
)
_CODES = Text(
    ja="ICMP のコードの条件はハードウェアアクセスリストに書けない。",
    en="a hardware list cannot name ICMP codes",
)


def denials(family: Family, matches: Sequence[Match]) -> list[str]:
    """Denying entries of a hardware list, one for each product of prefixes and ports. Raises `NotSaidError`."""
    found: list[str] = []
    for match in matches:
        sides = product(_sides(family, match.sources), _sides(family, match.destinations))
        services = [one for service in plain_services(match) for one in _service(family, service)]
        for (source, destination), (protocol, source_port, tail) in product(sides, services):
            found.append(" ".join(filter(None, ("deny", protocol, source, source_port, destination, tail))))
            if len(found) > MOST_LINES:
                raise NotSaidError(TOO_MANY)
    return found


def _sides(family: Family, intervals: Intervals) -> list[str]:
    if intervals == any_address(family):
        return ["any"]
    return [str(net) for net in all_prefixes(family, intervals)]


def _service(family: Family, service: PlainService) -> Iterator[tuple[str, str, str]]:
    if service.protocol is None:
        yield ("ip" if family == 4 else "ipv6", "", "")
        return
    names = {TCP: "tcp", UDP: "udp", ICMP if family == 4 else ICMPV6: "icmp"}
    name = names.get(service.protocol, f"proto {service.protocol}")
    if service.has_ports:
        if service.protocol not in (TCP, UDP):
            raise NotSaidError(_PORTS_OF_OTHERS)
        for source, destination in product(_ports(service.source_ports), _ports(service.destination_ports)):
            yield name, source, destination
    elif service.has_types:
        if service.icmp_codes != ANY_BYTE:
            raise NotSaidError(_CODES)
        for low, high in service.icmp_types:
            for kind in range(low, high + 1):
                yield name, "", f"icmp-type {kind}"
    else:
        yield name, "", ""


def _ports(intervals: Intervals) -> list[str]:
    if intervals == ANY_PORT:
        return [""]
    return [f"eq {low}" if low == high else f"range {low} {high}" for low, high in intervals]


def entity(zone: str, family: Family, intervals: Intervals, interface: str | None) -> list[str]:
    """A zone with the prefixes of some addresses, by one interface when it is given. Raises `NotSaidError`."""
    word = "ip" if family == 4 else "ipv6"
    tail = "" if interface is None else f" interface {interface}"
    return [
        f"zone {zone}",
        " network n",
        *(f"  {word} subnet {net}{tail}" for net in all_prefixes(family, intervals)),
    ]


def applications(match: Match) -> list[list[str]]:
    """The lines of the applications that a match needs, each without its heading; an empty one stands for `any`. Raises `NotSaidError`."""
    found: list[list[str]] = []
    for service in plain_services(match):
        found += _applications(service)
        if len(found) > MOST_LINES:
            raise NotSaidError(TOO_MANY)
    return found


def _applications(service: PlainService) -> Iterator[list[str]]:
    if service.protocol is None:
        yield []
        return
    names = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "ipv6-icmp"}
    protocol = f" protocol {names.get(service.protocol, service.protocol)}"
    if service.has_ports:
        for source, destination in product(service.source_ports, service.destination_ports):
            yield [protocol, *_span("sport", source), *_span("dport", destination)]
    elif service.has_types:
        for kind, code in product(_numbers(service.icmp_types), _numbers(service.icmp_codes)):
            yield [
                protocol,
                *([] if kind is None else [f" icmp-type {kind}"]),
                *([] if code is None else [f" icmp-code {code}"]),
            ]
    else:
        yield [protocol]


def _numbers(intervals: Intervals) -> list[int | None]:
    if intervals == ANY_BYTE:
        return [None]
    return [one for low, high in intervals for one in range(low, high + 1)]


def _span(word: str, span: tuple[int, int]) -> list[str]:
    low, high = span
    if (low, high) == ANY_PORT[0]:
        return []
    return [f" {word} {low}" if low == high else f" {word} {low} to {high}"]
