"""Concrete packets out of a set, chosen to look like real traffic."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from secaudit.network.intervals import Intervals, contains, intersect
from secaudit.network.matches import TCP
from secaudit.packets.originals import value_before
from secaudit.packets.packet import Packet
from secaudit.packets.space import Field, HeaderSpace

_TRIES = 24
_USUAL_SOURCE_PORTS: Intervals = ((49152, 65535),)
_INTERNET = 1 << 22
"""An interval at least this wide is no subnet of anybody."""
_DOCUMENTATION_HOSTS = tuple(
    int(ipaddress.ip_address(text)) for text in ("203.0.113.10", "198.51.100.10", "192.0.2.10", "2001:db8::10")
)
_USUAL_PORTS = (443, 80, 3389, 22, 445, 25, 53)


def sent_packets(space: HeaderSpace, arrived: int) -> Iterator[Packet]:
    """A few packets as they were sent, one or two for each box of a set of arrived headers; TCP first."""
    for values in _samples(space, arrived):
        yield _sent(space, values)


def plain_packets(space: HeaderSpace, headers: int) -> Iterator[Packet]:
    """The same for headers that nothing has translated."""
    yield from sent_packets(space, space.intersection(space.header_only(headers), space.untouched))


def _samples(space: HeaderSpace, arrived: int) -> Iterator[list[int]]:
    count = 0
    tcp_first = (
        space.restrict(arrived, Field.PROTOCOL, TCP, TCP),
        space.difference(arrived, space.guard(Field.PROTOCOL, ((TCP, TCP),))),
    )
    for part in tcp_first:
        for box in space.boxes(part):
            for attempt in range(2):
                yield [_choose(Field(level), intervals, attempt) for level, intervals in enumerate(box)]
                count += 1
                if count >= _TRIES:
                    return


def _choose(field: Field, intervals: Intervals, attempt: int) -> int:
    """A value that looks like real traffic; the second attempt takes another one."""
    if field in (Field.SOURCE_PORT, Field.ORIGINAL_SOURCE_PORT):
        usual = intersect(intervals, _USUAL_SOURCE_PORTS)
        return (usual or intervals)[0][0] + (attempt if (usual or intervals)[0][1] > (usual or intervals)[0][0] else 0)
    if field is Field.DESTINATION_PORT:
        for port in _USUAL_PORTS:
            if contains(intervals, port):
                return port
    if field is Field.ICMP_TYPE and contains(intervals, 8):
        return 8
    if field is Field.TCP_FLAGS and contains(intervals, 2):
        return 2
    if field in (Field.SOURCE, Field.DESTINATION):
        return _host(intervals, attempt)
    return intervals[-1 if attempt else 0][0]


def _host(intervals: Intervals, attempt: int) -> int:
    """An address that looks like a host: of the widest interval, and not the first one in it, which names the subnet.

    Where the whole Internet is meant, a documentation address.
    """
    widest = sorted(intervals, key=lambda pair: pair[0] - pair[1])
    low, high = widest[min(attempt, len(widest) - 1)]
    if high - low >= _INTERNET:
        for host in _DOCUMENTATION_HOSTS[attempt:]:
            if contains(intervals, host):
                return host
    if high - low >= 20:
        return low + 10
    return min(high, low + 1 + attempt) if high - low >= 3 else low


def _sent(space: HeaderSpace, values: list[int]) -> Packet:
    protocol = values[Field.PROTOCOL]

    def before(field: Field) -> int:
        return value_before(space, values, field)

    return Packet(
        source=_address(space, before(Field.SOURCE)),
        destination=_address(space, before(Field.DESTINATION)),
        protocol=protocol,
        source_port=before(Field.SOURCE_PORT),
        destination_port=before(Field.DESTINATION_PORT),
        icmp_type=values[Field.ICMP_TYPE],
        icmp_code=values[Field.ICMP_CODE],
        tcp_flags=values[Field.TCP_FLAGS],
    )


def _address(space: HeaderSpace, value: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.IPv4Address(value) if space.family == 4 else ipaddress.IPv6Address(value)
