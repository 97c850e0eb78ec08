"""Which way: longest prefix, distances, equal and conditional next hops, policy routes, dynamic routing."""

from __future__ import annotations

import pytest

from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.topology import build_topology
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.network.device import Device, Stage
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.routes import DynamicRouting, PolicyRoute, Route
from secaudit.packets.packet import Packet
from secaudit.text.bilingual import Text
from tests.flows.network import at, device, hop, interface, match, route, tcp

FAR = "tcp 10.1.0.5:40000 > 198.51.100.7:443"
LEFT, RIGHT, THIRD = "192.0.2.2", "192.0.2.6", "192.0.2.10"


def router(*routes: Route, more: tuple[Interface, ...] = (), **rest: object) -> Device:
    """Three ways out, to gateways that nobody submitted: where a packet leaves shows which route was used."""
    return device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("left", "192.0.2.1/30"),
        interface("right", "192.0.2.5/30"),
        interface("third", "192.0.2.9/30"),
        *more,
        routes=routes,
        **rest,  # type: ignore[arg-type]
    )


def ways(one: Device, packet: str = FAR, mode: Mode = Mode.POSSIBLE) -> tuple[Trace, ...]:
    return replay(build_topology([one]), "a", "in", Packet.parse(packet), mode)


def exits(one: Device, packet: str = FAR, mode: Mode = Mode.POSSIBLE) -> list[str]:
    """Where it leaves, or how it ends."""
    return sorted(trace.interface or str(trace.verdict) for trace in ways(one, packet, mode))


def route_lines(trace: Trace) -> list[int]:
    return [source.number for step in trace.hops if step.stage is Stage.ROUTE for source in step.sources]


def test_longest_prefix_first() -> None:
    one = router(route("0.0.0.0/0", hop(20, LEFT)), route("198.51.100.0/24", hop(21, RIGHT)))
    assert exits(one) == ["right"]
    assert 21 in route_lines(ways(one)[0])
    assert exits(one, "tcp 10.1.0.5:40000 > 203.0.113.7:443") == ["left"]


def test_a_connected_subnet_beats_a_route_of_the_same_length_but_not_a_longer_one() -> None:
    one = router(route("192.0.2.8/30", hop(20, LEFT)))
    assert exits(one, "udp 10.1.0.5:1 > 192.0.2.10:53") == ["third"]
    one = router(route("192.0.2.10/32", hop(20, LEFT)))
    assert exits(one, "udp 10.1.0.5:1 > 192.0.2.10:53") == ["left"]


def test_a_floating_route_is_a_state_of_its_own_and_not_what_is_relied_on() -> None:
    one = router(route("0.0.0.0/0", hop(20, LEFT), distance=10), route("0.0.0.0/0", hop(21, RIGHT), distance=5))
    assert exits(one) == ["left", "right"]
    assert exits(one, mode=Mode.RELIABLE) == ["right"]


def test_a_less_specific_route_is_not_a_backup_of_a_firm_one() -> None:
    one = router(route("203.0.113.0/24", hop(20, LEFT)), route("0.0.0.0/0", hop(21, RIGHT), distance=250))
    assert exits(one, FAR.replace(FAR.split("> ")[1].split(":")[0], "203.0.113.7")) == ["left"]


def test_equal_routes_are_ways_of_their_own() -> None:
    for one in (
        router(route("0.0.0.0/0", hop(20, LEFT), hop(20, RIGHT))),
        router(route("0.0.0.0/0", hop(20, LEFT)), route("0.0.0.0/0", hop(21, RIGHT))),
    ):
        for mode in Mode:
            assert exits(one, mode=mode) == ["left", "right"]


@pytest.mark.parametrize("mode", list(Mode))
def test_a_conditional_gateway_has_two_states(mode: Mode) -> None:
    floating = (
        route("0.0.0.0/0", hop(20, LEFT, conditional=True)),
        route("0.0.0.0/0", hop(21, RIGHT), distance=250),
    )
    assert exits(router(*floating), mode=mode) == ["left", "right"]
    assert exits(router(floating[0]), mode=mode) == ["left", "unrouted"]
    without = [trace for trace in ways(router(floating[0]), mode=mode) if trace.verdict is TraceVerdict.UNROUTED]
    assert "no conditional gateway" in without[0].reason.en
    assert 20 in route_lines(without[0])


def test_without_a_conditional_gateway_the_less_specific_route_counts() -> None:
    one = router(route("198.51.100.0/24", hop(20, LEFT, conditional=True)), route("0.0.0.0/0", hop(21, RIGHT)))
    assert exits(one) == ["left", "right"]
    discard = router(
        route("198.51.100.0/24", hop(20, LEFT, conditional=True)), route("0.0.0.0/0", hop(21, discard=True))
    )
    assert exits(discard) == ["left", "unrouted"]


def test_one_firm_gateway_beside_a_conditional_one_is_enough() -> None:
    one = router(
        route("0.0.0.0/0", hop(20, LEFT, conditional=True), hop(20, RIGHT)),
        route("0.0.0.0/0", hop(21, THIRD), distance=9),
    )
    assert exits(one) == ["left", "right", "third"]
    assert exits(one, mode=Mode.RELIABLE) == ["left", "right"]


def test_a_backup_is_relied_on_only_when_all_others_can_be_absent() -> None:
    firm = router(route("0.0.0.0/0", hop(20, LEFT), hop(20, RIGHT, backup=True)))
    assert exits(firm) == ["left", "right"]
    assert exits(firm, mode=Mode.RELIABLE) == ["left"]
    loose = router(route("0.0.0.0/0", hop(20, LEFT, conditional=True), hop(20, RIGHT, backup=True)))
    assert exits(loose) == ["left", "right"]


def test_gateways_with_a_filter_come_first_in_written_order() -> None:
    web = (match(services=(tcp((443, 443)),)),)
    one = router(route("0.0.0.0/0", hop(20, LEFT), hop(21, RIGHT, matches=web), hop(22, THIRD, matches=(match(),))))
    assert exits(one) == ["right"]
    assert exits(one, FAR.replace(":443", ":80")) == ["third"]
    conditional = router(route("0.0.0.0/0", hop(20, LEFT), hop(21, RIGHT, matches=web, conditional=True)))
    assert exits(conditional) == ["left", "right"]
    nothing_fits = router(route("0.0.0.0/0", hop(21, RIGHT, matches=web)))
    assert exits(nothing_fits, FAR.replace(":443", ":80")) == ["unrouted"]


def test_discard_and_null_interfaces() -> None:
    null = interface("null0", kind=InterfaceKind.NULL)
    for one in (
        router(route("0.0.0.0/0", hop(20, discard=True))),
        router(route("0.0.0.0/0", hop(20, out="null0")), more=(null,)),
    ):
        trace = ways(one)[0]
        assert trace.verdict is TraceVerdict.UNROUTED
        assert "discards" in trace.reason.en
        assert route_lines(trace) == [20]


def test_a_route_over_a_disabled_interface_is_absent() -> None:
    off = interface("off", "203.0.113.1/24", enabled=False)
    by_name = router(route("0.0.0.0/0", hop(20, out="off")), route("0.0.0.0/0", hop(21, LEFT), distance=2), more=(off,))
    by_gateway = router(
        route("0.0.0.0/0", hop(20, "203.0.113.9")), route("0.0.0.0/0", hop(21, LEFT), distance=2), more=(off,)
    )
    assert exits(by_name) == ["left"]
    assert set(exits(by_gateway)) == {"left"}


def test_an_undefined_interface_gives_no_certain_answer() -> None:
    one = router(route("0.0.0.0/0", hop(20, out="nowhere")))
    trace = ways(one)[0]
    assert trace.verdict is TraceVerdict.UNDETERMINED
    assert '"nowhere" is not defined' in trace.reason.en
    assert route_lines(trace)[0] == 20


def test_a_gateway_behind_a_gateway() -> None:
    one = router(
        route("0.0.0.0/0", hop(20, "10.50.0.1")),
        route("10.50.0.0/16", hop(21, "10.60.0.1")),
        route("10.60.0.0/16", hop(22, LEFT)),
    )
    trace = ways(one)[0]
    assert (trace.verdict, trace.interface) == (TraceVerdict.UNMODELLED, "left")
    assert {20, 21, 22} <= set(route_lines(trace))
    assert LEFT in trace.reason.en


def test_a_gateway_behind_an_interface_route() -> None:
    """The gateway is looked for on that segment, not the destination."""
    one = router(route("0.0.0.0/0", hop(20, "10.50.0.1")), route("10.50.0.1/32", hop(21, out="left")))
    gateway = device("b", interface("x", "192.0.2.2/30", "10.50.0.1/32"), interface("y", "198.51.100.1/24"))
    trace = replay(build_topology([one, gateway]), "a", "in", Packet.parse(FAR), Mode.CERTAIN)[0]
    assert (trace.verdict, trace.device, trace.interface) == (TraceVerdict.DELIVERED, "b", "y")


def test_a_gateway_that_is_reached_by_itself_is_absent() -> None:
    one = router(route("0.0.0.0/0", hop(20, "203.0.113.1")))
    assert exits(one) == ["unrouted"]


def test_many_gateways_behind_many_gateways_do_not_explode() -> None:
    levels = [
        route(f"10.{10 * level}.0.0/16", *(hop(20 + level, f"10.{10 * level + 10}.0.{last}") for last in range(1, 200)))
        for level in range(5, 8)
    ]
    one = router(*levels, route("10.80.0.0/16", hop(30, LEFT)))
    assert exits(one, "udp 10.1.0.5:1 > 10.50.0.1:53") == ["left"]


def test_a_gateway_in_an_unknown_subnet() -> None:
    """DHCP gave the interface its address: the gateway is probably there, and nobody knows."""
    one = router(route("0.0.0.0/0", hop(20, "203.0.113.1")), more=(interface("wan", dynamic=True),))
    assert "wan" in exits(one)
    for mode in (Mode.CERTAIN, Mode.RELIABLE):
        trace = ways(one, mode=mode)[0]
        assert trace.verdict is TraceVerdict.UNDETERMINED
        assert route_lines(trace) == [20]


def test_interface_routes_look_for_the_destination_on_the_segment() -> None:
    one = router(route("198.51.100.7/32", hop(20, out="left")))
    assert exits(one) == ["left"]
    owner = device("b", interface("x", "192.0.2.2/30", "198.51.100.7/32"))
    trace = replay(build_topology([one, owner]), "a", "in", Packet.parse(FAR), Mode.CERTAIN)[0]
    assert (trace.verdict, trace.device, trace.interface) == (TraceVerdict.DELIVERED, "b", None)


def test_every_holder_of_a_shared_gateway_is_possible() -> None:
    one = router(route("0.0.0.0/0", hop(20, "10.9.0.254")), more=(interface("core", "10.9.0.1/24"),))
    first = device("b", interface("x", "10.9.0.2/24", "10.9.0.254/24"), interface("y", "198.51.100.1/24"))
    second = device("c", interface("x", "10.9.0.3/24", "10.9.0.254/24"))
    traces = replay(build_topology([one, first, second]), "a", "in", Packet.parse(FAR), Mode.RELIABLE)
    assert [(trace.device, trace.verdict) for trace in traces] == [
        ("b", TraceVerdict.DELIVERED),
        ("c", TraceVerdict.UNROUTED),
    ]


def policy_route(number: int, *hops: object, matches: tuple[object, ...] = (), **rest: object) -> PolicyRoute:
    return PolicyRoute(str(number), matches or (match(),), hops, at(number), **rest)  # type: ignore[arg-type]


def test_policy_routes_come_before_the_table() -> None:
    table = route("0.0.0.0/0", hop(20, LEFT))
    web = (match(services=(tcp((443, 443)),)),)
    one = router(table, policy_routes=[policy_route(40, hop(41, RIGHT), matches=web)])
    assert exits(one) == ["right"]
    assert {40, 41} <= set(route_lines(ways(one)[0]))
    assert exits(one, FAR.replace(":443", ":80")) == ["left"]
    other_ingress = router(table, policy_routes=[policy_route(40, hop(41, RIGHT), ingress=frozenset({"third"}))])
    assert exits(other_ingress) == ["left"]
    use_table = router(table, policy_routes=[policy_route(40), policy_route(42, hop(43, RIGHT))])
    assert exits(use_table) == ["left"]
    falls = router(table, policy_routes=[policy_route(40, hop(41, RIGHT, conditional=True))])
    assert exits(falls) == ["left", "right"]


def test_policy_routes_stay_in_their_vrf() -> None:
    red = policy_route(40, hop(41, RIGHT), vrf="red")
    assert exits(router(route("0.0.0.0/0", hop(20, LEFT)), policy_routes=[red])) == ["left"]


def test_an_uncertain_policy_route() -> None:
    why = Text(ja="条件を読み取れない", en="its condition was not understood")
    one = router(route("0.0.0.0/0", hop(20, LEFT)), policy_routes=[policy_route(40, hop(41, RIGHT), uncertain=why)])
    assert exits(one, mode=Mode.POSSIBLE) == ["left", "right"]
    for mode in (Mode.CERTAIN, Mode.RELIABLE):
        trace = ways(one, mode=mode)[0]
        assert trace.verdict is TraceVerdict.UNDETERMINED
        assert route_lines(trace) == [40]


def test_an_uncertain_policy_route_may_leave_the_packet_to_the_table() -> None:
    why = Text(ja="条件を読み取れない", en="its condition was not understood")
    unsure = policy_route(40, uncertain=why)
    one = router(route("0.0.0.0/0", hop(20, LEFT)), policy_routes=[unsure, policy_route(42, hop(43, RIGHT))])
    assert exits(one, mode=Mode.POSSIBLE) == ["left", "right"]


def test_routes_stay_in_their_vrf() -> None:
    one = router(route("0.0.0.0/0", hop(20, LEFT), vrf="red"), route("0.0.0.0/0", hop(21, RIGHT)))
    assert exits(one) == ["right"]


def test_dynamic_routing_adds_what_is_possible() -> None:
    ospf = DynamicRouting("ospf", at(60), interfaces=frozenset({"right"}))
    one = router(route("0.0.0.0/0", hop(20, LEFT)), dynamic=[ospf])
    assert exits(one, mode=Mode.POSSIBLE) == ["left", "right"]
    learned = next(trace for trace in ways(one) if trace.interface == "right")
    assert 60 in route_lines(learned)
    assert any("ospf" in step.what.en for step in learned.hops)
    # what it learnt may be more specific than the static route
    assert exits(one, mode=Mode.CERTAIN) == exits(one, mode=Mode.RELIABLE) == ["undetermined"]
    assert exits(one, "udp 10.1.0.5:1 > 192.0.2.10:1", mode=Mode.CERTAIN) == ["third"]
    assert exits(one, "udp 10.1.0.5:1 > 192.0.2.10:1") == ["third"]  # connected: no protocol changes that
    everywhere = router(dynamic=[DynamicRouting("bgp", at(61))])
    assert exits(everywhere) == ["in", "left", "right", "third", "unrouted"]


def test_dynamic_routing_leads_to_every_neighbour() -> None:
    one = router(dynamic=[DynamicRouting("rip", at(60), interfaces=frozenset({"right"}))])
    other = device("b", interface("x", "192.0.2.6/30"), interface("y", "198.51.100.1/24"))
    best = replay(build_topology([one, other]), "a", "in", Packet.parse(FAR), Mode.POSSIBLE)[0]
    assert (best.verdict, best.device, best.interface) == (TraceVerdict.DELIVERED, "b", "y")


def test_a_learned_route_may_lead_past_the_device_that_owns_the_destination() -> None:
    one = router(dynamic=[DynamicRouting("rip", at(60), interfaces=frozenset({"third"}))])
    owner = device("b", interface("x", "192.0.2.10/30", "198.51.100.7/32"))
    other = device("c", interface("x", "192.0.2.11/30"), interface("y", "198.51.100.1/24"))
    traces = replay(build_topology([one, owner, other]), "a", "in", Packet.parse(FAR), Mode.POSSIBLE)
    assert {trace.device for trace in traces if trace.verdict is TraceVerdict.DELIVERED} == {"b", "c"}


def test_more_ways_than_can_be_shown_lose_no_outcome() -> None:
    """Twelve routers that all talk to each other have more ways than anyone could list; one of them leads to the destination."""
    ospf = [DynamicRouting("ospf", at(60))]
    mesh = [device(f"r{number:02}", interface("lan", f"10.9.0.{number + 1}/24"), dynamic=ospf) for number in range(12)]
    first = device("a", interface("in", "10.1.0.1/16"), interface("lan", "10.9.0.100/24"), dynamic=ospf)
    last = device("z", interface("lan", "10.9.0.200/24"), interface("goal", "198.51.100.1/24"), dynamic=ospf)
    topology = build_topology([first, *mesh, last])
    possible = replay(topology, "a", "in", Packet.parse(FAR), Mode.POSSIBLE)
    assert len(possible) <= 64
    assert (possible[0].verdict, possible[0].device) == (TraceVerdict.DELIVERED, "z")
    assert replay(topology, "a", "in", Packet.parse(FAR), Mode.CERTAIN)[0].verdict is TraceVerdict.UNDETERMINED


def test_too_many_equal_ways_are_never_reliable() -> None:
    wide = device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("out", "10.9.0.1/24"),
        routes=[route("0.0.0.0/0", *(hop(20, f"10.9.0.{last}") for last in range(2, 102)))],
    )
    reliable = ways(wide, mode=Mode.RELIABLE)
    assert {trace.verdict for trace in reliable} == {TraceVerdict.UNMODELLED, TraceVerdict.UNDETERMINED}
    assert {trace.verdict for trace in ways(wide, mode=Mode.CERTAIN)} == {TraceVerdict.UNMODELLED}
