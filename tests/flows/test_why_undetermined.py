"""A pair that is not determined says why, on whatever the doubt hangs: a line, a route, a translation, a tunnel."""

from __future__ import annotations

import pytest

from secaudit.flows.analysis import FlowAnalysis
from tests.flows.random_networks import ZONES, RandomNetwork


@pytest.mark.parametrize("entrances", [False, True], ids=["one entrance", "several entrances"])
@pytest.mark.parametrize("nat", [False, True], ids=["plain", "nat"])
def test_every_undetermined_pair_names_a_reason(nat: bool, entrances: bool) -> None:
    undetermined = 0
    silent = []
    for seed in range(30):
        network = RandomNetwork(seed, nat=nat, unsure=True, entrances=entrances)
        analysis = FlowAnalysis(network.topology, network.plan)
        for source in ZONES:
            for destination in ZONES:
                if source is destination:
                    continue
                pair = analysis.pair(source.value, destination.value)
                if not (pair.possible - pair.certain).is_empty:
                    undetermined += 1
                    silent += [] if pair.doubts else [(seed, source.value, destination.value)]
    assert undetermined > 20
    assert silent == []
