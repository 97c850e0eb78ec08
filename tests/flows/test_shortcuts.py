"""What the runs of the engine leave out because it changes no answer: compared with leaving nothing out."""

from __future__ import annotations

import pytest

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.departures import Detail
from secaudit.flows.headers import all_sent, as_flow, as_flows, sent_among
from secaudit.flows.modes import Mode
from secaudit.flows.wires import Arrival
from secaudit.packets.sets import PacketSet
from secaudit.packets.space import Field
from tests.flows.building import flow
from tests.flows.random_networks import ZONES, RandomNetwork

NAMES = tuple(zone.value for zone in ZONES)
PAIRS = tuple((source, destination) for source in NAMES for destination in NAMES if source != destination)


def surely_works(analysis: FlowAnalysis, source: str) -> dict[str, int]:
    """By destination: what some entrance of the zone carries there in every state and by every way, all packets asked of each entrance."""
    space, engine = analysis.spaces[4], analysis.engine(Mode.RELIABLE, 4)
    found = dict.fromkeys(NAMES, 0)
    for injection in engine.injections(zones=[source]):
        run = engine.propagate([injection])
        lost = all_sent(space, run.lost).get(analysis.plan.number(source), 0)
        for zone in NAMES:
            there = space.union_all(run.arrived.get(Arrival(zone, via), 0) for via in (None, *NAMES))
            kept = space.difference(there, sent_among(space, there, lost))
            found[zone] = space.union(found[zone], as_flow(space, kept))
    return found


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("nat", [False, True])
@pytest.mark.parametrize("unsure", [False, True])
def test_what_surely_works_is_what_every_entrance_says(seed: int, nat: bool, unsure: bool) -> None:
    network = RandomNetwork(seed, nat=nat, unsure=unsure, entrances=True)
    analysis = FlowAnalysis(network.topology, network.plan)
    for source in NAMES:
        expected = surely_works(analysis, source)
        for zone in NAMES:
            if zone != source:
                found = flow(analysis, Mode.RELIABLE, source, zone)
                assert found == PacketSet(analysis.spaces, expected[zone], 0), f"{source} > {zone}"


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("mode", [Mode.POSSIBLE, Mode.CERTAIN])
@pytest.mark.parametrize("nat", [False, True])
def test_forged_sources_are_those_of_no_host_beside_the_usual_ones(seed: int, mode: Mode, nat: bool) -> None:
    """Only what is forged is followed; what comes of every source is that and the usual together."""
    network = RandomNetwork(seed, nat=nat, unsure=True, entrances=True)
    analysis = FlowAnalysis(network.topology, network.plan)
    space, engine = analysis.spaces[4], analysis.engine(mode, 4)
    usual = engine.injections()
    everything = [(port, space.forget(packets, Field.SOURCE)) for port, packets in usual]
    run = engine.propagate(everything)
    for zone in NAMES:
        there = space.union_all(run.arrived.get(Arrival(zone, via), 0) for via in (None, *NAMES))
        flows = as_flows(space, there)
        for source in NAMES:
            found = analysis.arrivals.between(mode, source, zone, forged=True, beyond=False)
            expected = PacketSet(analysis.spaces, flows.get(analysis.plan.number(source), 0), 0)
            opening = analysis.spaces.opening()
            assert found & opening == expected & opening, f"{source} > {zone}"


@pytest.mark.parametrize("seed", range(25))
def test_doubts_are_those_that_all_lines_tell(seed: int) -> None:
    network = RandomNetwork(seed, nat=bool(seed % 2), unsure=True, entrances=True)
    analysis = FlowAnalysis(network.topology, network.plan)
    for source, destination in PAIRS:
        pair = analysis.pair(source, destination)
        unsure = pair.possible - pair.certain
        few, all_ = (
            analysis._explain(source, destination, unsure, Mode.POSSIBLE, detail)[1]
            for detail in (Detail.DOUBTS, Detail.LINES)
        )
        assert set(few) == set(all_)
