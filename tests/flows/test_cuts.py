"""Where a flow is cut: the fewest places, exactly the forbidden packets, tried on the network after the change."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.chains import find_chains
from secaudit.flows.cuts import Cut, find_cuts, smallest_sets
from secaudit.flows.modes import Mode
from secaudit.flows.topology import build_topology
from secaudit.flows.zones import plan_zones
from secaudit.municipality.model import Zone
from secaudit.network.changes import AddFilter, InsertDeny, RemoveLine, changed
from secaudit.network.device import Device, Stage
from secaudit.network.filters import Action
from secaudit.network.intervals import ANY_IPV4
from secaudit.network.matches import Match
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.packets.sets import PacketSet
from tests.flows.building import analyse, at, device, filter_of, interface, line, match, route, tcp, zone
from tests.flows.random_networks import ZONES, RandomNetwork
from tests.flows.test_engine_against_replay import packets, reached

PERMIT, DENY = Action.PERMIT, Action.DENY
MN = zone(Zone.MY_NUMBER, "10.1.0.0/24")
LG = zone(Zone.LGWAN, "10.2.0.0/24")
NET = zone(Zone.INTERNET, "10.3.0.0/24")
LEFT, RIGHT = "my_number", "lgwan"


def firewall(*lines: object, default: Action = DENY, **more: object) -> Device:
    rules = filter_of("policy", *lines, default=default, stateful=True)
    sides = [interface("mn", "10.1.0.1/24", 11), interface("lg", "10.2.0.1/24", 12), interface("in", "10.3.0.1/24", 13)]
    return device("fw", sides, filters={"policy": rules}, policies=("policy",), **more)


def sets_of(flows: FlowAnalysis, forbidden: PacketSet) -> list[tuple[Cut, ...]]:
    pair = flows.pair(LEFT, RIGHT)
    chains = find_chains(flows, pair, forbidden).chains
    return list(smallest_sets(find_cuts(flows, pair, forbidden, chains), len(chains)))


def after(flows: FlowAnalysis, chosen: Sequence[Cut], zones: Sequence[object]) -> FlowAnalysis:
    """The network with the changes, told in the same packet sets."""
    changes = [one.change for one in chosen]
    topology = build_topology([changed(one, changes) for one in flows.topology.devices.values()])
    return FlowAnalysis(topology, plan_zones(topology, zones, frozenset()), (), flows.spaces)


def compare(old: FlowAnalysis, new: FlowAnalysis, forbidden: PacketSet) -> None:
    """The forbidden packets are gone, nothing else is closed, nothing opens."""
    for source in old.zones:
        for destination in old.zones:
            if source == destination:
                continue
            was, is_ = old.pair(source, destination), new.pair(source, destination)
            assert (is_.certain - was.certain).is_empty and (is_.possible - was.possible).is_empty
            closed = was.certain - is_.certain
            assert closed == (forbidden if (source, destination) == (LEFT, RIGHT) else old.nothing())


def test_a_line_that_lets_nothing_else_through_is_removed() -> None:
    fw = firewall(
        line(
            31,
            PERMIT,
            match("10.1.0.5/32", "10.2.0.9/32", tcp(443)),
            ingress=frozenset({"mn"}),
            egress=frozenset({"lg"}),
        ),
        line(32, PERMIT, match("10.1.0.6/32", "10.3.0.9/32", tcp(443))),
    )
    flows = analyse([fw], [MN, LG, NET])
    forbidden = flows.pair(LEFT, RIGHT).certain
    chosen = sets_of(flows, forbidden)[0]
    assert [one.change for one in chosen] == [RemoveLine("fw", "policy", 0)]
    compare(flows, after(flows, chosen, [MN, LG, NET]), forbidden)


def test_a_line_that_is_needed_is_narrowed_by_a_line_before_it() -> None:
    fw = firewall(line(31, PERMIT, match("10.1.0.0/24", None, tcp(443))))
    flows = analyse([fw], [MN, LG, NET])
    forbidden = flows.pair(LEFT, RIGHT).certain
    chosen = sets_of(flows, forbidden)[0]
    (change,) = [one.change for one in chosen]
    assert isinstance(change, InsertDeny)
    assert (change.position, change.ingress, change.egress) == (0, "mn", "lg")
    assert change.matches == (match("10.1.0.0/24", "10.2.0.0/24", tcp(443)),)
    compare(flows, after(flows, chosen, [MN, LG, NET]), forbidden)


def test_only_a_part_of_what_a_line_lets_through() -> None:
    fw = firewall(
        line(
            31,
            PERMIT,
            match("10.1.0.0/24", "10.2.0.0/24", tcp(443)),
            ingress=frozenset({"mn"}),
            egress=frozenset({"lg"}),
        )
    )
    flows = analyse([fw], [MN, LG, NET])
    forbidden = flows.pair(LEFT, RIGHT).certain & flows.spaces.of_matches([match("10.1.0.7/32", None)])
    chosen = sets_of(flows, forbidden)[0]
    assert chosen[0].change.matches == (match("10.1.0.7/32", "10.2.0.0/24", tcp(443)),)
    compare(flows, after(flows, chosen, [MN, LG, NET]), forbidden)


def test_two_chains_with_one_place_in_common_need_one_change() -> None:
    """Two lines of the first device, one line of the second."""
    entry = filter_of("in", line(31, PERMIT, match(None, None, tcp(80))), line(32, PERMIT, match(None, None, tcp(443))))
    west = device(
        "west",
        [interface("mn", "10.1.0.1/24", 11, filter_in="in"), interface("b", "10.9.0.1/30", 12)],
        filters={"in": entry},
        routes=(route("10.2.0.0/24", "10.9.0.2", 15),),
    )
    exit_ = filter_of("out", line(41, PERMIT, match("10.1.0.0/24", None)))
    east = device(
        "east",
        [interface("b", "10.9.0.2/30", 22), interface("lg", "10.2.0.1/24", 21, filter_out="out")],
        filters={"out": exit_},
        routes=(route("10.1.0.0/24", "10.9.0.1", 25),),
    )
    flows = analyse([west, east], [MN, LG])
    forbidden = flows.pair(LEFT, RIGHT).certain
    assert len(find_chains(flows, flows.pair(LEFT, RIGHT), forbidden).chains) == 2
    first, *others = sets_of(flows, forbidden)
    assert [one.change.device for one in first] == ["east"]
    assert sorted(len(one) for one in others) == [2]
    for chosen in (first, *others):
        compare(flows, after(flows, chosen, [MN, LG]), forbidden)


def test_the_line_is_written_as_the_filter_sees_the_packets() -> None:
    """Destination translation before the filter: the denying line names the inner host."""
    forward = NatRule(
        "web", NatStage.INGRESS, (match(None, "10.1.0.200/32", tcp(443)),), at(20),
        interfaces=frozenset({"mn"}), destination=Translation(TranslationKind.POOL, match(None, "10.2.0.9/32").destinations[0]),
    )  # fmt: skip
    fw = firewall(
        line(31, PERMIT, match(None, "10.2.0.9/32", tcp(443))),
        nat_rules=(forward,),
    )
    fw = replace(fw, pipeline=(Stage.INGRESS_NAT, Stage.ROUTE, Stage.POLICY))
    flows = analyse([fw], [MN, LG, NET])
    forbidden = flows.pair(LEFT, RIGHT).certain
    chosen = sets_of(flows, forbidden)[0]
    assert chosen[0].change.matches == (match("10.1.0.0/24", "10.2.0.9/32", tcp(443)),)
    compare(flows, after(flows, chosen, [MN, LG, NET]), forbidden)


def test_where_no_filter_is_one_is_added_and_the_device_stays_manageable() -> None:
    router = device("r", [interface("mn", "10.1.0.1/24", 11), interface("lg", "10.2.0.1/24", 12)])
    flows = analyse([router], [MN, LG])
    forbidden = flows.pair(LEFT, RIGHT).certain
    chosen = sets_of(flows, forbidden)[0]
    (change,) = [one.change for one in chosen]
    assert isinstance(change, AddFilter) and change.interface == "mn"
    own = int(route("10.1.0.1/32", "10.1.0.1", 1).prefix.network_address)
    assert not any(low <= own <= high for one in change.matches for low, high in one.destinations)
    compare(flows, after(flows, chosen, [MN, LG]), forbidden)


def test_a_default_that_permits() -> None:
    fw = firewall(line(31, DENY, match(None, None, tcp(22))), default=PERMIT)
    flows = analyse([fw], [MN, LG, NET])
    forbidden = flows.pair(LEFT, RIGHT).certain
    chosen = sets_of(flows, forbidden)[0]
    assert isinstance(chosen[0].change, InsertDeny) and chosen[0].change.position == 1
    compare(flows, after(flows, chosen, [MN, LG, NET]), forbidden)


def test_several_changes_to_one_filter_keep_their_places() -> None:
    lines = [line(30 + n, PERMIT, match(f"10.1.0.{n}/32", "10.2.0.9/32", tcp(443))) for n in range(4)]
    fw = firewall(*lines)
    flows = analyse([fw], [MN, LG, NET])
    new = changed(
        fw,
        [
            InsertDeny("fw", "policy", 4, (match(None, None),)),
            RemoveLine("fw", "policy", 1),
            InsertDeny("fw", "policy", 1, (match(None, None),)),
            InsertDeny("other", "x", 0, ()),
        ],
    )
    assert [one.label for one in new.filters["policy"].lines] == ["30", "repair", "32", "33", "repair"]
    assert flows.topology.devices["fw"] is fw


def test_nothing_to_cut_gives_no_set() -> None:
    assert list(smallest_sets((), 1)) == []


@pytest.mark.parametrize("first", range(0, 30, 6))
def test_random_networks_lose_the_forbidden_packets_and_no_others(first: int) -> None:
    assert sum(cut_and_compared(seed) for seed in range(first, first + 6)) > 5


def cut_and_compared(seed: int) -> int:
    """How many sets of insertions were tried on a random network, on the model and by the interpreter."""
    network = RandomNetwork(seed, nat=seed % 3 == 0, unsure=False)
    flows = FlowAnalysis(network.topology, network.plan)
    rng = random.Random(seed)
    tried = 0
    for left, right in ((a.value, b.value) for a in ZONES for b in ZONES if a is not b):
        pair = flows.pair(left, right)
        forbidden = pair.certain
        if rng.random() < 0.5:
            low = rng.choice((0, 80, 443))
            forbidden &= flows.spaces.of_matches([Match(4, ANY_IPV4, ANY_IPV4, (tcp(low),))])
        if forbidden.is_empty:
            continue
        chains = find_chains(flows, pair, forbidden)
        sets = list(smallest_sets(find_cuts(flows, pair, forbidden, chains.chains), len(chains.chains)))
        for chosen in sets[:3]:
            if any(isinstance(one.change, RemoveLine) for one in chosen) or not chains.complete:
                continue
            tried += 1
            changes = [one.change for one in chosen]
            devices = {name: changed(one, changes) for name, one in network.topology.devices.items()}
            topology = build_topology(devices.values())
            new = FlowAnalysis(topology, flows.plan, (), flows.spaces)
            assert (new.pair(left, right).certain & forbidden).is_empty
            assert (new.pair(left, right).possible - pair.possible).is_empty
            other = replace_topology(network, topology)
            for packet in packets(network, 25):
                was, is_ = reached(network, packet, Mode.CERTAIN), reached(other, packet, Mode.CERTAIN)
                assert is_ <= was, str(packet)
                if forbidden.contains(packet) and not network.nat:
                    assert right not in is_, str(packet)
    return tried


def replace_topology(network: RandomNetwork, topology: object) -> RandomNetwork:
    """The same network, other devices."""
    other = object.__new__(RandomNetwork)
    other.__dict__.update(network.__dict__)
    other.topology = topology
    return other
