"""The fixed entries of NAT descriptors: one-to-one addresses and port forwards."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.network.intervals import IPV4_MAX, PORT_MAX, Interval
from secaudit.network.matches import TCP, UDP
from secaudit.vendors.yamaha.addresses import network, parse_ipv4
from secaudit.vendors.yamaha.draft import number_of
from secaudit.vendors.yamaha.services import port_names, protocol_numbers


@dataclass(frozen=True, slots=True)
class OneToOne:
    """`nat descriptor static N ID OUTER=INNER [COUNT]`: two address intervals of the same length."""

    outer: Interval
    inner: Interval


@dataclass(frozen=True, slots=True)
class Forward:
    """One port interval of `nat descriptor masquerade static`; ports are None for protocols without, and for `*`."""

    host: int
    protocol: int
    outer_ports: Interval | None
    inner_ports: Interval | None


def parse_one_to_one(words: tuple[str, ...]) -> OneToOne | None:
    """`OUTER=INNER`, `OUTER=INNER COUNT`, `OUTER=INNER/MASK` (23.6)."""
    if not words:
        return None
    outer_text, _, inner_text = words[0].partition("=")
    inner_text, slash, _ = inner_text.partition("/")
    outer, inner = parse_ipv4(outer_text), parse_ipv4(inner_text)
    if outer is None or inner is None:
        return None
    count = 1
    if slash:
        prefix = network(4, words[0].partition("=")[2])
        if prefix is None or len(words) > 1 or prefix.prefixlen < 16:
            return None
        count = prefix.num_addresses
        outer, inner = outer & ~(count - 1), inner & ~(count - 1)
    elif len(words) == 2:
        number = number_of(words[1], 65536)
        if number is None:
            return None
        count = number
    elif len(words) > 2:
        return None
    if outer + count - 1 > IPV4_MAX or inner + count - 1 > IPV4_MAX:
        return None
    return OneToOne((outer, outer + count - 1), (inner, inner + count - 1))


def parse_forward(words: tuple[str, ...]) -> tuple[Forward, ...]:
    """`INNER PROTO [[OUTPORT=]PORT[,...]]`; empty when not understood (23.8)."""
    if not 2 <= len(words) <= 3:
        return ()
    host = parse_ipv4(words[0])
    protocol = protocol_numbers(4).get(words[1], number_of(words[1], 255))
    if host is None or protocol is None:
        return ()
    if protocol not in (TCP, UDP):
        return (Forward(host, protocol, None, None),) if len(words) == 2 or words[2] == "*" else ()
    if len(words) == 2 or words[2] == "*":
        return (Forward(host, protocol, None, None),)
    found: list[Forward] = []
    for item in words[2].split(","):
        outer_text, equals, inner_text = item.partition("=")
        outer = _port_intervals(outer_text)
        inner = _port_intervals(inner_text) if equals else outer
        if not outer or len(outer) != len(inner):
            return ()
        for outside, inside in zip(outer, inner, strict=True):
            if outside[1] - outside[0] != inside[1] - inside[0]:
                return ()
            found.append(Forward(host, protocol, outside, inside))
    return tuple(found)


def _port_intervals(text: str) -> tuple[Interval, ...]:
    """A port, a mnemonic or `a-b`; empty when not understood."""
    named = port_names().get(text)
    if named is not None:
        return named
    low_text, dash, high_text = text.partition("-")
    low = number_of(low_text, PORT_MAX)
    high = number_of(high_text, PORT_MAX) if dash else low
    return () if low is None or high is None or low > high else ((low, high),)
