"""One concrete packet of a flow, replayed by the second evaluator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from secaudit.errors import InternalError
from secaudit.flows.analysis import FlowAnalysis, PairFlow
from secaudit.flows.chain import Chain, Link
from secaudit.flows.exposure import Exposure, arrived_at_device
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.samples import sent_packets
from secaudit.flows.topology import Port
from secaudit.flows.trace import Hop, Trace, TraceVerdict
from secaudit.flows.zones import FAMILIES
from secaudit.network.device import Stage
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
    return _replayed(
        analysis,
        pair.source,
        pair.destination,
        lambda family: analysis.arrived_packets(pair, crossing, family),
        lambda trace: _arrives(analysis, pair.destination, trace),
    )


def exposure_witness(analysis: FlowAnalysis, exposure: Exposure, packets: PacketSet) -> FlowWitness | None:
    """The same for a part of what reaches a device itself."""
    reaching = packets & exposure.certain
    if reaching.is_empty:
        return None
    return _replayed(
        analysis,
        exposure.source,
        exposure.device,
        lambda family: arrived_at_device(analysis, exposure, reaching, family),
        lambda trace: trace.verdict is TraceVerdict.DELIVERED and _itself(trace) == exposure.device,
    )


def _itself(trace: Trace) -> str | None:
    """The device that took the packet for itself."""
    return trace.device if trace.interface is None else None


def _replayed(
    analysis: FlowAnalysis,
    source: str,
    target: str,
    arrived: Callable[[Family], int],
    arrives: Callable[[Trace], bool],
) -> FlowWitness | None:
    for family in FAMILIES:
        headers = arrived(family)
        if headers == EMPTY:
            continue
        tried = []
        for packet, ports in _candidates(analysis, source, family, headers):
            for port in ports:
                for trace in replay(analysis.topology, port[0], port[1], packet, Mode.CERTAIN):
                    if trace.arrives is not None and arrives(trace):
                        return FlowWitness(packet, trace.arrives, trace)
            tried.append(str(packet))
        raise _disagreement(source, target, tried)
    return None


def chain_witness(analysis: FlowAnalysis, pair: PairFlow, chain: Chain) -> FlowWitness | None:
    """A concrete packet that the second evaluator delivers over the lines of a chain; None when it finds none.

    Where several routes of a device send packets the same way, that evaluator shows only one of them. Raises `InternalError` when it
    delivers no packet at all of a chain that surely carries packets.
    """
    mode = Mode.POSSIBLE if chain.doubts or not (chain.packets - pair.certain).is_empty else Mode.CERTAIN
    start = (chain.links[0].device, chain.links[0].ingress)
    found: list[FlowWitness] = []
    tried = []
    for family in FAMILIES:
        for packet in sent_packets(analysis.spaces[family], chain.arrived.node(family)):
            for trace in replay(analysis.topology, *start, packet, mode):
                if _arrives(analysis, pair.destination, trace):
                    assert trace.arrives is not None
                    found.append(FlowWitness(packet, trace.arrives, trace))
                    if follows(trace, chain.links):
                        return found[-1]
            tried.append(str(packet))
    if mode is Mode.CERTAIN and not found:
        raise _disagreement(pair.source, pair.destination, tried)
    return next((one for one in found if follows(one.trace, chain.links, by_lines=False)), None)


def follows(trace: Trace, links: tuple[Link, ...], *, by_lines: bool = True) -> bool:
    """Whether the decisions on the way of a replayed packet are exactly those of a chain, in order.

    Without `by_lines` it is enough that routes lead out of the same interface.
    """
    waiting = list(links)
    past: str | None = None
    for hop in trace.hops:
        while waiting and waiting[0].policy_route is not None and not waiting[0].policy_route.next_hops:
            waiting.pop(0)  # "use the table": the interpreter does not tell
        if waiting and waiting[0].stage is None and _is_of(hop, waiting[0]):
            # Past everything on this device: the interpreter still tells how the packet is routed there.
            past = waiting.pop(0).device
        elif hop.stage is None or hop.device == past:
            continue
        elif waiting and _is_of(hop, waiting[0], by_lines=by_lines):
            first = waiting.pop(0)
            past = None
            # A policy route and the route that it leads to are one hop.
            if first.policy_route is not None and waiting and _is_of(hop, waiting[0], by_lines=by_lines):
                waiting.pop(0)
        elif not waiting and trace.interface is None and hop.device == trace.device:
            break  # it is addressed to this device, which stands in the zone; what that does with it is no part of the way
        elif not _translates_for_a_line(hop, links):
            return False
    return not waiting


def _is_of(hop: Hop, link: Link, *, by_lines: bool = True) -> bool:
    if (hop.device, hop.stage, hop.ingress) != (link.device, link.stage, link.ingress):
        return False
    if link.stage is not None and link.egress is not None and hop.egress != link.egress:
        return False
    route = link.stage is Stage.ROUTE and link.policy_route is None
    return set(link.sources) <= set(hop.sources) or (route and not by_lines)


def _translates_for_a_line(hop: Hop, links: tuple[Link, ...]) -> bool:
    """Whether a hop is the source translation that the deciding line of a policy asked for."""
    return hop.stage is Stage.EGRESS_NAT and any(
        link.device == hop.device
        and link.line is not None
        and link.line.source_translation is not None
        and set(hop.sources) <= set(link.sources)
        for link in links
    )


def _disagreement(source: str, target: str, tried: list[str]) -> InternalError:
    return InternalError(
        Text(
            ja=f"二つの評価器の結果が一致しない: {source} → {target} {', '.join(tried[:3])}",
            en=f"the two evaluators disagree: {source} → {target} {', '.join(tried[:3])}",
        )
    )


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
    analysis: FlowAnalysis, source: str, family: Family, arrived: int
) -> Iterator[tuple[Packet, list[Port]]]:
    """Packets as sent, most usual first, with the interfaces by which the sender's zone enters the network."""
    space = analysis.spaces[family]
    for packet in sent_packets(space, arrived):
        ports = [
            one.port for one in analysis.plan.of_zone(source) if contains(one.addresses[family], int(packet.source))
        ]
        yield packet, ports
