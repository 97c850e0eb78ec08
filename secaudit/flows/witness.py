"""One concrete packet of a flow, replayed by the second evaluator."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from secaudit.errors import InternalError
from secaudit.flows.analysis import FlowAnalysis, PairFlow
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.topology import Port
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.flows.zones import FAMILIES
from secaudit.network.intervals import Intervals, contains, intersect
from secaudit.network.matches import TCP, Family
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.packet import Packet
from secaudit.packets.sets import PacketSet
from secaudit.packets.space import REMEMBERED, Field, HeaderSpace
from secaudit.text.bilingual import Text

_TRIES = 24
_USUAL_SOURCE_PORTS: Intervals = ((49152, 65535),)
_USUAL_PORTS = (443, 80, 3389, 22, 445, 25, 53)


@dataclass(frozen=True, slots=True)
class FlowWitness:
    """A packet as sent from a host of the source zone, and the trace that ends in the destination zone."""

    packet: Packet
    arrives: Packet
    trace: Trace


def witness(analysis: FlowAnalysis, pair: PairFlow, packets: PacketSet) -> FlowWitness | None:
    """A concrete packet of `packets` (a part of the pair's flow), chosen to look like real traffic and replayed.

    None when `packets` is not part of what surely crosses: nothing can be replayed for a mere possibility. Raises `InternalError` when
    the second evaluator does not deliver it: then neither engine may be believed.
    """
    crossing = packets & pair.certain
    if crossing.is_empty:
        return None
    for family in FAMILIES:
        arrived = analysis.arrived_packets(pair, crossing, family)
        if arrived == EMPTY:
            continue
        tried = []
        for packet, ports in _candidates(analysis, pair, family, arrived):
            for port in ports:
                for trace in replay(analysis.topology, port[0], port[1], packet, Mode.CERTAIN):
                    if _arrives(analysis, pair.destination, trace):
                        assert trace.arrives is not None
                        return FlowWitness(packet, trace.arrives, trace)
            tried.append(str(packet))
        raise InternalError(
            Text(
                ja=f"二つの評価器の結果が一致しない: {pair.source} → {pair.destination} {', '.join(tried[:3])}",
                en=f"the two evaluators disagree: {pair.source} → {pair.destination} {', '.join(tried[:3])}",
            )
        )
    return None


def _arrives(analysis: FlowAnalysis, zone: str, trace: Trace) -> bool:
    if trace.arrives is None:
        return False
    family: Family = 4 if trace.arrives.family == 4 else 6
    if not contains(analysis.plan.addresses[zone][family], int(trace.arrives.destination)):
        return False
    if trace.verdict is TraceVerdict.DELIVERED:
        return True
    if trace.verdict is not TraceVerdict.UNMODELLED or trace.interface is None:
        return False
    attached = analysis.plan.attachments.get((trace.device, trace.interface), ())
    return any(one.zone == zone and one.external for one in attached)


def _candidates(
    analysis: FlowAnalysis, pair: PairFlow, family: Family, arrived: int
) -> Iterator[tuple[Packet, list[Port]]]:
    """Packets as sent, most usual first, with the interfaces by which the sender's zone enters the network."""
    space = analysis.spaces[family]
    for values in _samples(space, arrived):
        packet = _sent(space, values)
        ports = [
            one.port
            for one in analysis.plan.of_zone(pair.source)
            if contains(one.addresses[family], int(packet.source))
        ]
        yield packet, ports


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
    low, high = intervals[-1 if attempt else 0]
    if field in (Field.SOURCE, Field.DESTINATION) and high - low >= 20:
        return low + 10  # a host, not the network's own address
    if field in (Field.SOURCE, Field.DESTINATION) and high - low >= 3:
        return low + 1 + attempt
    return low


def _sent(space: HeaderSpace, values: list[int]) -> Packet:
    protocol = values[Field.PROTOCOL]

    def before(original: Field, field: Field) -> int:
        return values[original] - REMEMBERED if values[original] else values[field]

    return Packet(
        source=_address(space, before(Field.ORIGINAL_SOURCE, Field.SOURCE)),
        destination=_address(space, before(Field.ORIGINAL_DESTINATION, Field.DESTINATION)),
        protocol=protocol,
        source_port=before(Field.ORIGINAL_SOURCE_PORT, Field.SOURCE_PORT),
        destination_port=before(Field.ORIGINAL_DESTINATION_PORT, Field.DESTINATION_PORT),
        icmp_type=values[Field.ICMP_TYPE],
        icmp_code=values[Field.ICMP_CODE],
        tcp_flags=values[Field.TCP_FLAGS],
    )


def _address(space: HeaderSpace, value: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.IPv4Address(value) if space.family == 4 else ipaddress.IPv6Address(value)
