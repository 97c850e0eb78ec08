"""One concrete packet of a flow, replayed by the second evaluator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from secaudit.errors import InternalError
from secaudit.flows.analysis import FlowAnalysis, PairFlow
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.samples import sent_packets
from secaudit.flows.topology import Port
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.flows.zones import FAMILIES
from secaudit.network.intervals import contains
from secaudit.network.matches import Family
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.packet import Packet
from secaudit.packets.sets import PacketSet
from secaudit.text.bilingual import Text


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
    for packet in sent_packets(space, arrived):
        ports = [
            one.port
            for one in analysis.plan.of_zone(pair.source)
            if contains(one.addresses[family], int(packet.source))
        ]
        yield packet, ports
