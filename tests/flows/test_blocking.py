"""What stops packets that should arrive: the device, the stage, the line, and exactly which packets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.blocking import Stop, StopKind, find_stops
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.samples import plain_packets
from secaudit.flows.trace import TraceVerdict
from secaudit.municipality.model import Zone
from secaudit.network.device import Stage
from secaudit.network.filters import Action
from secaudit.network.intervals import ANY_IPV4, contains, of_network
from secaudit.network.matches import Match
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import NextHop
from tests.flows.building import analyse, at, device, filter_of, interface, line, match, route, tcp, zone
from tests.flows.random_networks import ZONES, RandomNetwork

PERMIT, DENY = Action.PERMIT, Action.DENY
MN = zone(Zone.MY_NUMBER, "10.1.0.0/24")
LG = zone(Zone.LGWAN, "10.2.0.0/24")


def firewall(*lines: object, **more: object):
    rules = filter_of("policy", *lines, stateful=True)
    interfaces = [interface("mn", "10.1.0.1/24", 11), interface("lg", "10.2.0.1/24", 12)]
    more.setdefault("policies", ("policy",))
    return device("fw", interfaces, filters={"policy": rules}, **more)


def stops_of(flows: FlowAnalysis, source: str, target: str) -> tuple[Stop, ...]:
    """What stops tcp/443 from hosts of a subnet to an address."""
    wanted = flows.spaces.of_matches([match(source, target, tcp(443))]) & flows.spaces.opening()
    blocked = wanted - flows.pair("my_number", "lgwan").possible
    found = find_stops(flows, "my_number", "lgwan", blocked)
    together = flows.nothing()
    for stop in found:
        if not stop.translated:
            together |= stop.packets
    assert together == blocked
    return found


def told(stop: Stop) -> tuple[StopKind, list[int], list[str]]:
    return stop.kind, [one.number for one in stop.sources], [str(box) for box in stop.packets.boxes()]


def test_a_deny_line_and_the_default_each_stop_their_own() -> None:
    fw = firewall(line(31, DENY, match("10.1.0.8/32", None)), line(32, PERMIT, match("10.1.0.9/32", None)))
    found = stops_of(analyse([fw], [MN, LG]), "10.1.0.8/30", "10.2.0.9/32")
    assert [told(one) for one in found] == [
        (StopKind.DEFAULT, [99], ["10.1.0.10/31 → 10.2.0.9 tcp/443"]),
        (StopKind.LINE, [31], ["10.1.0.8 → 10.2.0.9 tcp/443"]),
    ]
    assert (found[1].device, found[1].stage, found[1].filter, found[1].position) == ("fw", Stage.POLICY, "policy", 0)
    assert found[1].line is fw.filters["policy"].lines[0]
    assert "行「31」が遮断" in found[1].what.ja


def test_the_second_of_two_policies_is_named() -> None:
    fw = firewall(line(31, PERMIT, match(None, None)), policies=("policy", "second"))
    second = filter_of("second", line(41, DENY, match(None, None, tcp(443))))
    both = replace(fw, filters={**fw.filters, "second": second})
    (stop,) = stops_of(analyse([both], [MN, LG]), "10.1.0.8/32", "10.2.0.9/32")
    assert (stop.filter, stop.label) == ("second", "41")


def test_routing_stops_packets_too() -> None:
    west = device("west", [interface("mn", "10.1.0.1/24", 11), interface("a", "10.9.1.1/30", 12)])
    east = device("east", [interface("lg", "10.2.0.1/24", 21), interface("a", "10.9.1.2/30", 22)])
    (stop,) = stops_of(analyse([west, east], [MN, LG]), "10.1.0.8/32", "10.2.0.9/32")
    assert (stop.kind, stop.device, stop.stage) == (StopKind.NO_ROUTE, "west", Stage.ROUTE)
    null = replace(route("10.2.0.0/24", "10.9.1.2", 15), next_hops=(NextHop(at(16), discard=True),))
    (stop,) = stops_of(analyse([replace(west, routes=(null,)), east], [MN, LG]), "10.1.0.8/32", "10.2.0.9/32")
    assert told(stop)[:2] == (StopKind.DISCARDED, [16])
    there, back = route("10.2.0.0/24", "10.9.1.2", 15), route("10.2.0.8/29", "10.9.1.1", 25)
    looped = analyse([replace(west, routes=(there,)), replace(east, routes=(back,))], [MN, LG])
    (stop,) = stops_of(looped, "10.1.0.8/32", "10.2.0.9/32")
    assert stop.kind is StopKind.LOOP
    (stop,) = stops_of(analyse([replace(west, forwards=False), east], [MN, LG]), "10.1.0.8/32", "10.2.0.9/32")
    assert (stop.kind, stop.device, stop.ingress) == (StopKind.NOT_FORWARDED, "west", "mn")


def test_an_address_of_a_device_and_an_unknown_sender() -> None:
    flows = analyse([firewall(line(31, PERMIT, match(None, None)))], [MN, LG])
    (stop,) = stops_of(flows, "10.1.0.8/32", "10.2.0.1/32")
    assert told(stop)[:2] == (StopKind.TO_DEVICE, [12])
    (stop,) = stops_of(flows, "10.7.0.8/32", "10.2.0.9/32")
    assert (stop.kind, stop.device) == (StopKind.NOT_SENT, "")


def test_a_rule_that_redirects_them_into_another_zone() -> None:
    away = NatRule(
        "away",
        NatStage.INGRESS,
        (match(None, "10.2.0.9/32"),),
        at(50),
        destination=Translation(TranslationKind.POOL, (0x0A050009, 0x0A050009)),
    )
    fw = firewall(line(31, PERMIT, match(None, None)), nat_rules=(away,))
    third = replace(fw, interfaces={**fw.interfaces, "net": interface("net", "10.5.0.1/24", 13)})
    found = stops_of(analyse([third], [MN, LG, zone(Zone.INTERNET, "10.5.0.0/24")]), "10.1.0.8/32", "10.2.0.9/32")
    assert [(*told(one)[:2], one.egress) for one in found] == [
        (StopKind.REDIRECTED, [50], ""),
        (StopKind.ELSEWHERE, [13], "net"),
    ]


def test_a_line_behind_a_port_forwarding_stops_what_is_sent_to_the_outside_address_too() -> None:
    vip = NatRule(
        "vip",
        NatStage.INGRESS,
        (Match(4, ANY_IPV4, ((0xC0000264, 0xC0000264),)),),
        at(51),
        destination=Translation(TranslationKind.POOL, (0x0A020009, 0x0A020009)),
    )
    fw = firewall(line(31, DENY, match(None, "10.2.0.9/32", tcp(443))), nat_rules=(vip,))
    found = stops_of(analyse([fw], [MN, LG]), "10.1.0.8/32", "10.2.0.9/32")
    assert [(*told(one)[:2], one.translated) for one in found] == [
        (StopKind.LINE, [31], False),
        (StopKind.LINE, [31], True),
    ]


ENDS = {
    StopKind.LINE: TraceVerdict.DENIED,
    StopKind.DEFAULT: TraceVerdict.DENIED,
    StopKind.NO_ROUTE: TraceVerdict.UNROUTED,
    StopKind.DISCARDED: TraceVerdict.UNROUTED,
    StopKind.LOOP: TraceVerdict.UNROUTED,
}


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("nat", [False, True])
def test_random_networks_the_interpreter_stops_them_there(seed: int, nat: bool) -> None:
    """The stops hold every packet that does not arrive, and a packet of each is stopped there by the same lines."""
    network = RandomNetwork(seed, nat=nat, unsure=False)
    analysis = FlowAnalysis(network.topology, network.plan)
    for source in ZONES:
        for destination in ZONES:
            if source is destination:
                continue
            ends = Match(4, (of_network(network.leaves[source]),), (of_network(network.leaves[destination]),))
            wanted = analysis.spaces.of_matches([ends]) & analysis.spaces.opening()
            blocked = wanted - analysis.pair(source.value, destination.value).possible
            together = analysis.nothing()
            for stop in find_stops(analysis, source.value, destination.value, blocked):
                assert (stop.packets - blocked).is_empty
                assert not stop.packets.is_empty
                if not stop.translated:
                    together |= stop.packets
                    if stop.kind in ENDS or stop.kind is StopKind.TO_DEVICE:
                        assert stopped_there(network, analysis, source.value, stop), stop
            assert together == blocked


TO_ITSELF = frozenset((TraceVerdict.DELIVERED, TraceVerdict.DENIED))
"""What the filters for the device itself say of a packet that is addressed to it is no matter here."""


def stopped_there(network: RandomNetwork, analysis: FlowAnalysis, source: str, stop: Stop) -> bool:
    packet = next(plain_packets(analysis.spaces[4], stop.packets.ipv4))
    for one in network.plan.of_zone(source):
        if not contains(one.addresses[4], int(packet.source)):
            continue
        for trace in replay(network.topology, *one.port, packet, Mode.POSSIBLE):
            to_itself = stop.kind is StopKind.TO_DEVICE
            last = {line for hop in trace.hops[0 if to_itself else -1 :] for line in hop.sources}
            here = stop.kind is StopKind.LOOP or (trace.device == stop.device and set(stop.sources) & last)
            if trace.verdict in (TO_ITSELF if to_itself else (ENDS[stop.kind],)) and here:
                return True
    return False
