"""A match in pieces for which every command language has words: one protocol, prefixes, ranges of ports."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from secaudit.network.intervals import ANY_BYTE, ANY_PORT, Interval, Intervals
from secaudit.network.matches import ANY_MARK, ICMP, ICMPV6, PROTOCOLS_WITH_PORTS, TCP, Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.vendors.commands import NotSaidError

MOST_LINES = 60
"""More denying lines than this are nothing to type."""

TOO_MANY = Text(
    ja=f"遮断する行が {MOST_LINES} 行を超えるため、投入コマンドにしない。",
    en=f"more than {MOST_LINES} denying lines would be needed, which is nothing to type",
)
SEVERAL_DEVICES = Text(
    ja="一つのファイルに複数の装置の設定があり、どこに投入するかを示せない。",
    en="the file holds the configurations of several devices",
)
UNPLACED = Text(
    ja="この位置に遮断する行を加えるコマンドがない。",
    en="no command puts a denying line at this place",
)
NOT_REMOVABLE = Text(
    ja="この行は設定に書かれた一行ではなく、コマンドで外せない。",
    en="this line is not one that is written in the configuration, so no command removes it",
)
_FLAGS = Text(
    ja="TCP フラグの条件は投入コマンドにできない。", en="a condition on TCP flags cannot be put into commands"
)
_MARKED = Text(
    ja="NAT で変換された通信だけを指す条件は投入コマンドにできない。",
    en="a condition on packets that a NAT rule translated cannot be put into commands",
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class PlainService:
    """One protocol (None: every protocol) with its ports or ICMP types; a field that the protocol does not have is everything."""

    protocol: int | None
    destination_ports: Intervals = ANY_PORT
    source_ports: Intervals = ANY_PORT
    icmp_types: Intervals = ANY_BYTE
    icmp_codes: Intervals = ANY_BYTE

    @property
    def has_ports(self) -> bool:
        """Whether some ports only are meant."""
        return self.destination_ports != ANY_PORT or self.source_ports != ANY_PORT

    @property
    def has_types(self) -> bool:
        """Whether some ICMP types or codes only are meant."""
        return self.icmp_types != ANY_BYTE or self.icmp_codes != ANY_BYTE


def plain_services(match: Match) -> tuple[PlainService, ...]:
    """The services of a match, protocol by protocol. Raises `NotSaidError`."""
    if match.marks != ANY_MARK:
        raise NotSaidError(_MARKED)
    found: dict[PlainService, None] = {}
    for service in match.services:
        found.update(dict.fromkeys(_plain(service, match.family)))
        if len(found) > MOST_LINES:
            raise NotSaidError(TOO_MANY)
    return (PlainService(None),) if PlainService(None) in found else tuple(found)


def _plain(service: Service, family: Family) -> Iterable[PlainService]:
    icmp = ICMP if family == 4 else ICMPV6
    whole = (service.destination_ports, service.source_ports) == (ANY_PORT, ANY_PORT)
    whole = whole and (service.icmp_types, service.icmp_codes, service.tcp_flags) == (ANY_BYTE, ANY_BYTE, ANY_BYTE)
    if whole and service.protocols == ANY_BYTE:
        yield PlainService(None)
        return
    for low, high in service.protocols:
        for protocol in range(low, high + 1):
            if protocol == TCP and service.tcp_flags != ANY_BYTE:
                raise NotSaidError(_FLAGS)
            if protocol in PROTOCOLS_WITH_PORTS:
                yield PlainService(protocol, service.destination_ports, service.source_ports)
            elif protocol == icmp:
                yield PlainService(protocol, icmp_types=service.icmp_types, icmp_codes=service.icmp_codes)
            else:
                yield PlainService(protocol)


def prefixes(family: Family, interval: Interval) -> list[Network]:
    """The fewest prefixes that make up one interval of addresses."""
    if family == 4:
        return list(ipaddress.summarize_address_range(*map(ipaddress.IPv4Address, interval)))
    return list(ipaddress.summarize_address_range(*map(ipaddress.IPv6Address, interval)))


def all_prefixes(family: Family, intervals: Intervals) -> list[Network]:
    """The prefixes of all intervals. Raises `NotSaidError` when they are too many."""
    found = [network for interval in intervals for network in prefixes(family, interval)]
    if len(found) > MOST_LINES:
        raise NotSaidError(TOO_MANY)
    return found


def address(family: Family, value: int) -> str:
    """An address number as it is written."""
    return str(ipaddress.IPv4Address(value) if family == 4 else ipaddress.IPv6Address(value))


def number_range(interval: Interval) -> str:
    """`80` or `80-81`."""
    low, high = interval
    return str(low) if low == high else f"{low}-{high}"


def unused(name: str, taken: set[str]) -> str:
    """A name that is not taken, and is from now on."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    taken.add(found)
    return found
