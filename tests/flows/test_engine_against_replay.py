"""The two evaluators on random networks: packet sets and the packet interpreter must say the same of every packet."""

from __future__ import annotations

import ipaddress
import random

import pytest

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.headers import as_sent
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.trace import TraceVerdict
from secaudit.flows.witness import witness
from secaudit.packets.packet import Packet
from tests.flows.random_networks import PORTS, ZONES, RandomNetwork

MODES = (Mode.POSSIBLE, Mode.CERTAIN)


def packets(network: RandomNetwork, count: int) -> list[Packet]:
    rng = random.Random(count)
    found = []
    outside = [ipaddress.ip_address("192.0.2.10"), ipaddress.ip_address("192.0.2.28")]
    for _ in range(count):
        left, right = rng.sample(ZONES, 2)
        source = network.leaves[left][rng.choice((5, 10, 15, 16, 77))]
        destination = network.leaves[right][rng.choice((5, 10, 15, 16, 77))]
        if network.nat and rng.random() < 0.3:
            destination = rng.choice(outside)
        protocol = rng.choice((6, 6, 17, 1, 47))
        ported = protocol in (6, 17)
        found.append(
            Packet(
                source, destination, protocol,
                source_port=rng.choice(PORTS) if ported else 0,
                destination_port=rng.choice(PORTS) if ported else 0,
                icmp_type=rng.choice((0, 3, 8)) if protocol == 1 else 0,
                tcp_flags=rng.choice((2, 16, 18)) if protocol == 6 else 0,
            )
        )  # fmt: skip
    return found


def reached(network: RandomNetwork, packet: Packet, mode: Mode) -> set[str]:
    """The zones at which the interpreter says that the packet arrives, from wherever its sender can put it in."""
    zones = set()
    source = int(packet.source)
    for port, attached in network.plan.attachments.items():
        for one in attached:
            if not any(low <= source <= high for low, high in one.addresses[4]):
                continue
            for trace in replay(network.topology, port[0], port[1], packet, mode):
                if trace.verdict is TraceVerdict.DELIVERED and trace.arrives is not None:
                    zones |= {
                        zone.value
                        for zone in ZONES
                        if trace.arrives.destination in network.leaves[zone]
                        and trace.arrives.destination not in network.topology.own_addresses(trace.device, "")
                    }
    return zones


def sent_by_sets(network: RandomNetwork, analysis: FlowAnalysis, packet: Packet, mode: Mode) -> set[str]:
    space = analysis.spaces[4]
    source = next(zone.value for zone in ZONES if packet.source in network.leaves[zone])
    found = set()
    for zone in ZONES:
        arrived = analysis._arrived(mode, 4, source, zone.value)
        if space.contains(as_sent(space, arrived), space.packet_values(packet)):
            found.add(zone.value)
    return found


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("unsure", [False, True])
def test_same_answer_for_every_packet(seed: int, unsure: bool) -> None:
    network = RandomNetwork(seed, nat=False, unsure=unsure)
    analysis = FlowAnalysis(network.topology, network.plan)
    crossing = 0
    for packet in packets(network, 120):
        for mode in MODES:
            expected = reached(network, packet, mode)
            assert sent_by_sets(network, analysis, packet, mode) == expected, f"{mode} {packet}"
            crossing += len(expected)
    test_same_answer_for_every_packet.crossing = crossing  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(60))
def test_with_nat_and_doubts_nothing_that_could_arrive_is_missed(seed: int) -> None:
    network = RandomNetwork(seed, nat=True, unsure=True)
    analysis = FlowAnalysis(network.topology, network.plan)
    for packet in packets(network, 60):
        missed = reached(network, packet, Mode.POSSIBLE) - sent_by_sets(network, analysis, packet, Mode.POSSIBLE)
        assert not missed, str(packet)


@pytest.mark.parametrize("seed", range(60))
def test_with_nat_the_same_answer_for_every_packet_and_every_witness_arrives(seed: int) -> None:
    network = RandomNetwork(seed, nat=True, unsure=False)
    analysis = FlowAnalysis(network.topology, network.plan)
    for packet in packets(network, 120):
        expected = reached(network, packet, Mode.CERTAIN)
        assert sent_by_sets(network, analysis, packet, Mode.CERTAIN) == expected, str(packet)
    for source in ZONES:
        for destination in ZONES:
            if source is not destination:
                pair = analysis.pair(source.value, destination.value)
                found = witness(analysis, pair, pair.certain)
                assert (found is None) == pair.certain.is_empty


def test_the_random_networks_are_not_trivial() -> None:
    """Enough packets get across, and enough do not, for the comparison to mean something."""
    across = total = 0
    for seed in range(40):
        network = RandomNetwork(seed, nat=False, unsure=False)
        for packet in packets(network, 40):
            across += bool(reached(network, packet, Mode.CERTAIN))
            total += 1
    assert 0.05 < across / total < 0.8
