"""Packet sets as people read them: a few lines such as `10.1.0.0/16 → 10.9.1.5 tcp/443`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from itertools import islice

from secaudit.network.intervals import Intervals, join_over
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.diagrams import Box as Product
from secaudit.packets.packet import PROTOCOL_NAMES, WITH_ICMP, WITH_PORTS
from secaudit.packets.space import Field, HeaderSpace, is_any

_SHOWN = 6
"""How many intervals of one field are written out before "and N more"."""


_WITHOUT_PORTS = frozenset((Field.DESTINATION, Field.SOURCE, Field.PROTOCOL))
_TOLD = _WITHOUT_PORTS | {Field.DESTINATION_PORT, Field.SOURCE_PORT}


@dataclass(frozen=True, slots=True)
class Box:
    """One product of sources, destinations and a service."""

    family: int
    sources: Intervals
    destinations: Intervals
    protocols: Intervals
    destination_ports: Intervals
    source_ports: Intervals
    icmp_types: Intervals

    def __str__(self) -> str:
        bits = 32 if self.family == 4 else 128
        ends = f"{addresses(self.sources, bits)} → {addresses(self.destinations, bits)}"
        return f"{ends} {self.service()}"

    def service(self) -> str:
        """The service alone: `tcp/443`, `udp/53 from 53`, `icmp/8`, `any`."""
        if is_any(self.protocols, 255):
            name = "any"
        else:
            names = [_protocol(low, high) for low, high in self.protocols]
            name = _capped(names)
        if any(low <= p <= high for low, high in self.protocols for p in WITH_PORTS):
            if not is_any(self.destination_ports, 65535):
                name += "/" + _capped([_range(low, high) for low, high in self.destination_ports])
            if not is_any(self.source_ports, 65535):
                name += " from " + _capped([_range(low, high) for low, high in self.source_ports])
        elif len(self.protocols) == 1 and self.protocols[0][0] in WITH_ICMP and not is_any(self.icmp_types, 255):
            name += "/" + _capped([_range(low, high) for low, high in self.icmp_types])
        return name


def readable_boxes(space: HeaderSpace, node: int, limit: int, gaps: Intervals = ()) -> tuple[Box, ...]:
    """At most `limit` boxes of a set. TCP flags, ICMP codes and everything off the wire are left out: they say nothing to a reader.

    Protocols with the same addresses and no ports are joined, so that "everything" is one box. Addresses in `gaps` (those of the
    devices themselves, which are no hosts) do not cut a subnet apart.
    """
    return boxes_and_rest(space, node, limit, limit, gaps)[0]


def boxes_and_rest(
    space: HeaderSpace, node: int, limit: int, counted: int, gaps: Intervals = ()
) -> tuple[tuple[Box, ...], int]:
    """The same, and how many more boxes there are. `counted`, at least `limit`: what is beyond so many boxes in all is not counted."""
    if node == EMPTY or counted <= 0:
        return (), 0
    boxes = space.boxes(_widen(space, node))
    shown = tuple(_box(space, one, gaps) for one in islice(boxes, limit))
    return shown, sum(1 for _ in islice(boxes, counted - len(shown)))


def _widen(space: HeaderSpace, node: int) -> int:
    """Without fields that say nothing to a reader; fields that a protocol does not have are arbitrary again, so that they do not cut boxes apart."""
    node = space.keep(node, _TOLD | {Field.ICMP_TYPE})
    icmp = 1 if space.family == 4 else 58
    ported = tuple((p, p) for p in sorted(WITH_PORTS))
    with_ports = space.intersection(node, space.guard(Field.PROTOCOL, ported))
    with_icmp = space.intersection(node, space.guard(Field.PROTOCOL, ((icmp, icmp),)))
    others = space.difference(node, space.guard(Field.PROTOCOL, tuple(sorted((*ported, (icmp, icmp))))))
    with_ports = space.keep(with_ports, _TOLD)
    others = space.keep(others, _WITHOUT_PORTS)
    for field in (Field.DESTINATION_PORT, Field.SOURCE_PORT):
        with_icmp = space.forget(with_icmp, field)
    replies = space.forget(with_icmp, Field.ICMP_TYPE)
    if _opening_types_only(space, with_icmp):
        with_icmp = replies
    return space.union_all((with_ports, with_icmp, others))


def _opening_types_only(space: HeaderSpace, node: int) -> bool:
    """Whether the ICMP part is "every type that opens something", which reads better as plain `icmp`."""
    opening = space.forget(space.intersection(space.opening, space.valid), Field.ICMP_CODE)
    kept = space.values(opening_icmp(space, opening), Field.ICMP_TYPE)
    return space.values(node, Field.ICMP_TYPE) == kept


def opening_icmp(space: HeaderSpace, opening: int) -> int:
    """The ICMP part of a set."""
    icmp = 1 if space.family == 4 else 58
    return space.restrict(opening, Field.PROTOCOL, icmp, icmp)


def _box(space: HeaderSpace, box: Product, gaps: Intervals) -> Box:
    return Box(
        family=space.family,
        sources=join_over(box[Field.SOURCE], gaps),
        destinations=join_over(box[Field.DESTINATION], gaps),
        protocols=box[Field.PROTOCOL],
        destination_ports=box[Field.DESTINATION_PORT],
        source_ports=box[Field.SOURCE_PORT],
        icmp_types=box[Field.ICMP_TYPE],
    )


def addresses(intervals: Intervals, bits: int) -> str:
    """Address intervals as prefixes and ranges: `10.0.0.0/8, 192.0.2.1-192.0.2.5`, or `any`."""
    if is_any(intervals, 2**bits - 1):
        return "any"
    return _capped([_address_range(low, high, bits) for low, high in intervals])


def _address_range(low: int, high: int, bits: int) -> str:
    kind = ipaddress.IPv4Address if bits == 32 else ipaddress.IPv6Address
    if low == high:
        return str(kind(low))
    size = high - low + 1
    if size & (size - 1) == 0 and low % size == 0:
        return f"{kind(low)}/{bits - size.bit_length() + 1}"
    return f"{kind(low)}-{kind(high)}"


def _protocol(low: int, high: int) -> str:
    return PROTOCOL_NAMES.get(low, f"proto {low}") if low == high else f"proto {low}-{high}"


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


def _capped(parts: list[str]) -> str:
    if len(parts) <= _SHOWN:
        return ",".join(parts)
    return ",".join(parts[:_SHOWN]) + f",… (+{len(parts) - _SHOWN})"
