"""A witness of the flow engine as a result shows it."""

from __future__ import annotations

from secaudit.flows.analysis import PairFlow
from secaudit.flows.witness import FlowWitness
from secaudit.flows.witness import witness as find_witness
from secaudit.packets.sets import PacketSet
from secaudit.rules.answers import lines
from secaudit.rules.context import RuleContext
from secaudit.rules.result import Witness, WitnessHop


def flow_witness(context: RuleContext, pair: PairFlow, packets: PacketSet) -> FlowWitness | None:
    """One replayed packet of a part of a pair's flow; None when nothing of it surely crosses."""
    return find_witness(context.flows, pair, packets)


def as_result(context: RuleContext, found: FlowWitness) -> Witness:
    """The packet, the way it took, and the lines that let it through."""
    hops = tuple(
        WitnessHop(
            device=hop.device,
            stage="" if hop.stage is None else hop.stage.value,
            what=hop.what,
            packet=str(hop.packet),
            evidence=lines(context, hop.sources),
        )
        for hop in found.trace.hops
    )
    return Witness(packet=str(found.packet), arrives=str(found.arrives), hops=hops)
