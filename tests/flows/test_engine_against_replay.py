"""The two evaluators on random networks: packet sets and the packet interpreter must say the same of every packet."""

from __future__ import annotations

import ipaddress
import random
from dataclasses import replace
from functools import lru_cache

import pytest

from secaudit.flows import exposure
from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.compiled import acts
from secaudit.flows.headers import as_sent
from secaudit.flows.modes import Mode, line_applies
from secaudit.flows.replay import replay
from secaudit.flows.replay_headers import Header
from secaudit.flows.replay_walk import Walk
from secaudit.flows.trace import TraceVerdict
from secaudit.flows.wires import Arrival
from secaudit.flows.witness import exposure_witness, witness
from secaudit.network.filters import Action, Certainty, FilterLine
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


def entries(network: RandomNetwork, packet: Packet, mode: Mode) -> list[tuple[str, str]]:
    """Where the sender of a packet can put it in: where its zone is attached and, possibly, where it might be as well."""
    plan = network.plan
    held = [(one.port, one.addresses) for attached in plan.attachments.values() for one in attached]
    if mode is Mode.POSSIBLE:
        held += [(one.port, one.addresses) for one in plan.beyond]
    return [port for port, addresses in held if any(low <= int(packet.source) <= high for low, high in addresses[4])]


def reached(network: RandomNetwork, packet: Packet, mode: Mode, *, known: bool = False) -> set[str]:
    """The zones at which the interpreter says that the packet arrives, from wherever its sender can put it in.

    `known`: not by ways on which it gets an address that is in no file. The interpreter asks every filter anew whether such a packet
    might pass; the sets know that it is one address that must pass them all.
    """
    zones = set()
    for port in entries(network, packet, mode):
        for trace in replay(network.topology, port[0], port[1], packet, mode):
            if known and any("not in the files" in hop.what.en for hop in trace.hops):
                continue
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
        if space.contains(_sent(analysis, mode, source, zone.value), space.packet_values(packet)):
            found.add(zone.value)
    return found


@lru_cache(maxsize=256)
def _sent(analysis: FlowAnalysis, mode: Mode, source: str, zone: str) -> int:
    """The set is made once and asked of every packet."""
    return as_sent(analysis.spaces[4], analysis.arrivals.arrived(mode, 4, source, zone))


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("certainty", Certainty)
@pytest.mark.parametrize("action", Action)
def test_an_unsure_line_means_the_same_to_both(action: Action, certainty: Certainty, mode: Mode) -> None:
    assert acts(FilterLine("10", action, (), (), certainty), mode) is line_applies(action, certainty, mode)


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
        expected = reached(network, packet, Mode.POSSIBLE, known=True)
        missed = expected - sent_by_sets(network, analysis, packet, Mode.POSSIBLE)
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


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("nat", [False, True])
def test_the_same_where_hosts_have_several_routers_and_translations_follow_each_other(seed: int, nat: bool) -> None:
    network = RandomNetwork(seed, nat=nat, unsure=not nat, entrances=True)
    analysis = FlowAnalysis(network.topology, network.plan)
    for packet in packets(network, 40):
        for mode in (Mode.CERTAIN,) if nat else MODES:
            expected = reached(network, packet, mode)
            assert sent_by_sets(network, analysis, packet, mode) == expected, f"{mode} {packet}"


def to_devices(network: RandomNetwork, count: int) -> list[Packet]:
    """Packets of zone hosts to addresses of devices, also to those of other interfaces than they come in by."""
    rng = random.Random(count)
    addresses = sorted(
        {held.address.ip for one in network.devices for port in one.interfaces.values() for held in port.addresses}
    )
    return [replace(packet, destination=rng.choice(addresses)) for packet in packets(network, count)]


def taken(network: RandomNetwork, packet: Packet, mode: Mode) -> set[str]:
    """The devices that take a packet for themselves, as the interpreter says."""
    return {
        trace.device
        for port in entries(network, packet, mode)
        for trace in replay(network.topology, port[0], port[1], packet, mode)
        if trace.verdict is TraceVerdict.DELIVERED and trace.interface is None
    }


def taken_by_sets(network: RandomNetwork, analysis: FlowAnalysis, packet: Packet, mode: Mode) -> set[str]:
    space = analysis.spaces[4]
    source = next(zone.value for zone in ZONES if packet.source in network.leaves[zone])
    found = set()
    for one in network.devices:
        if space.contains(_taken(analysis, mode, source, one.name), space.packet_values(packet)):
            found.add(one.name)
    return found


@lru_cache(maxsize=256)
def _taken(analysis: FlowAnalysis, mode: Mode, source: str, device: str) -> int:
    space = analysis.spaces[4]
    nodes = exposure._taken(analysis, mode, source, analysis.topology.devices[device])[4].values()
    return as_sent(space, space.union_all(nodes))


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("unsure", [False, True])
def test_same_devices_take_every_packet(seed: int, unsure: bool) -> None:
    network = RandomNetwork(seed, nat=False, unsure=unsure)
    analysis = FlowAnalysis(network.topology, network.plan)
    for packet in to_devices(network, 80):
        for mode in MODES:
            expected = taken(network, packet, mode)
            assert taken_by_sets(network, analysis, packet, mode) == expected, f"{mode} {packet}"


@pytest.mark.parametrize("seed", range(30))
def test_with_nat_every_witness_of_an_exposure_arrives(seed: int) -> None:
    network = RandomNetwork(seed, nat=True, unsure=False)
    analysis = FlowAnalysis(network.topology, network.plan)
    for packet in to_devices(network, 40):
        missed = taken(network, packet, Mode.CERTAIN) - taken_by_sets(network, analysis, packet, Mode.CERTAIN)
        assert not missed, str(packet)
    for source in ZONES:
        for one in network.devices:
            found = analysis.exposure(source.value, one.name)
            assert (exposure_witness(analysis, found, found.certain) is None) == found.certain.is_empty


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("unsure", [False, True])
def test_same_answer_for_what_devices_send(seed: int, unsure: bool) -> None:
    network = RandomNetwork(seed, nat=False, unsure=unsure)
    analysis = FlowAnalysis(network.topology, network.plan)
    rng = random.Random(seed)
    space = analysis.spaces[4]
    for device in network.devices:
        own = sorted(held.address.ip for port in device.interfaces.values() for held in port.addresses)
        for mode in MODES:
            run = analysis.engine(mode, 4).propagate(analysis.engine(mode, 4).own_packets(device.name))
            for packet in packets(network, 25):
                packet = replace(packet, source=rng.choice(own))
                expected = {
                    zone.value
                    for trace in Walk(network.topology, mode).ways(device.name, None, Header(packet))
                    if trace.trace.verdict is TraceVerdict.DELIVERED and trace.trace.interface is not None
                    for zone in ZONES
                    if packet.destination in network.leaves[zone]
                }
                reached_zones = {
                    zone.value
                    for zone in ZONES
                    if space.contains(run.arrived.get(Arrival(zone.value, None), 0), space.packet_values(packet))
                }
                assert reached_zones == expected, f"{mode} {device.name} {packet}"


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("nat", [False, True])
def test_same_tunnels_are_up(seed: int, nat: bool) -> None:
    network = RandomNetwork(seed, nat=nat, unsure=bool(seed % 2))
    analysis = FlowAnalysis(network.topology, network.plan)
    for mode in (Mode.CERTAIN, Mode.RELIABLE):
        assert Walk(network.topology, mode).links == analysis.engine(mode, 4).wires.links


def test_the_random_networks_are_not_trivial() -> None:
    """Enough packets get across, and enough do not, for the comparison to mean something."""
    across = total = 0
    for seed in range(40):
        network = RandomNetwork(seed, nat=False, unsure=False)
        for packet in packets(network, 40):
            across += bool(reached(network, packet, Mode.CERTAIN))
            total += 1
    assert 0.05 < across / total < 0.8
    networks = [RandomNetwork(seed, nat=False, unsure=False) for seed in range(40)]
    assert sum(len(Walk(one.topology, Mode.CERTAIN).links) > 1 for one in networks) > 3
