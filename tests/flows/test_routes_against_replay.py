"""The two evaluators on random routed networks: every state of every route, in all three questions."""

from __future__ import annotations

from functools import lru_cache

import pytest

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.topology import Port
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.packets.packet import Packet
from secaudit.packets.sets import PacketSet
from tests.flows.building import flow
from tests.flows.random_routes import LEAVES, ZONES, RandomRoutes


def delivered_to(trace: Trace) -> str | None:
    if trace.verdict is not TraceVerdict.DELIVERED or trace.arrives is None:
        return None
    return next((zone.value for zone in ZONES if trace.arrives.destination in LEAVES[zone]), None)


def entries(network: RandomRoutes, packet: Packet, mode: Mode) -> set[Port]:
    """Where hosts with the source address can send, or might."""
    attached = [(port, one.addresses) for port, many in network.plan.attachments.items() for one in many]
    beyond = [(one.port, one.addresses) for one in network.plan.beyond if mode is Mode.POSSIBLE]
    source = int(packet.source)
    return {port for port, held in (*attached, *beyond) if any(low <= source <= high for low, high in held[4])}


def by_replay(network: RandomRoutes, packet: Packet, mode: Mode) -> set[str]:
    """The zones at which it arrives: by some way, or (`RELIABLE`) by every way from one of the places where it can enter."""
    zones: set[str] = set()
    for port in entries(network, packet, mode):
        ends = [delivered_to(trace) for trace in replay(network.topology, *port, packet, mode)]
        if mode is not Mode.RELIABLE or None not in ends:
            zones |= {zone for zone in ends if zone is not None}
    return zones


def by_sets(analysis: FlowAnalysis, packet: Packet, mode: Mode) -> set[str]:
    source = next(zone.value for zone in ZONES if packet.source in LEAVES[zone])
    return {zone.value for zone in ZONES if _between(analysis, mode, source, zone.value).contains(packet)}


@lru_cache(maxsize=256)
def _between(analysis: FlowAnalysis, mode: Mode, source: str, destination: str) -> PacketSet:
    """The set is made once and asked of every packet."""
    return flow(analysis, mode, source, destination)


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_same_answer_for_every_packet_in_every_state(first: int) -> None:
    for seed in range(first, first + 20):
        network = RandomRoutes(seed)
        analysis = FlowAnalysis(network.topology, network.plan)
        for packet in network.packets(20):
            for mode in Mode:
                told = f"seed {seed} {mode} {packet}"
                assert by_sets(analysis, packet, mode) == by_replay(network, packet, mode), told


def test_the_networks_are_not_trivial() -> None:
    """What is possible, certain and reliable differ often enough for the comparison to mean something."""
    counts = dict.fromkeys(Mode, 0)
    total = 0
    for seed in range(40):
        network = RandomRoutes(seed)
        for packet in network.packets(20):
            total += 1
            for mode in Mode:
                counts[mode] += bool(by_replay(network, packet, mode))
    assert 0.1 * total < counts[Mode.RELIABLE] < counts[Mode.CERTAIN] < counts[Mode.POSSIBLE] < 0.95 * total
