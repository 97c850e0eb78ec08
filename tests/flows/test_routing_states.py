"""Routing as both evaluators see it: states of routes, loops, shared gateways, captured tables, links inside a box."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace

import pytest

from secaudit.flows.analysis import FlowAnalysis, PairFlow
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.trace import TraceVerdict
from secaudit.municipality.model import Zone
from secaudit.network.device import Device
from secaudit.network.interfaces import InterfaceAddress
from secaudit.network.routes import DynamicRouting, NextHop, Route
from secaudit.packets.packet import Packet
from tests.flows.building import analyse, at, device, interface, match, route, tcp, zone

MN = zone(Zone.MY_NUMBER, "10.1.0.0/24")
LG = zone(Zone.LGWAN, "10.2.0.0/24")
PACKET = Packet.parse("tcp 10.1.0.50:40000 > 10.2.0.50:443")


def hop(gateway: str, number: int, **more: object) -> NextHop:
    return NextHop(at(number), gateway=ipaddress.ip_address(gateway), **more)  # type: ignore[arg-type]


def routes(*hops: NextHop, prefix: str = "10.2.0.0/24", distance: int = 1) -> Route:
    return Route(ipaddress.ip_network(prefix), hops, hops[0].sources, distance=distance)


def inner(*held: Route, **more: object) -> Device:
    """Between the My Number zone and a transit segment."""
    return device("in", [interface("mn", "10.1.0.1/24"), interface("t", "10.99.0.1/24")], routes=held, **more)


def outer(name: str, last: int, *, home: bool = True, shared: bool = False) -> Device:
    """On the transit segment, and (`home`) on the LGWAN segment."""
    transit = interface("t", f"10.99.0.{last}/24")
    if shared:
        virtual = InterfaceAddress(ipaddress.ip_interface("10.99.0.254/24"), at(5), shared=True)
        transit = replace(transit, addresses=(*transit.addresses, virtual))
    return device(name, [transit, *([interface("lg", f"10.2.0.{last}/24")] if home else [])])


def pair(*devices: Device) -> PairFlow:
    return analyse(devices, [MN, LG]).pair("my_number", "lgwan")


def verdicts(devices: Sequence[Device], mode: Mode) -> set[TraceVerdict]:
    topology = analyse(devices, [MN, LG]).topology
    return {trace.verdict for trace in replay(topology, "in", "mn", PACKET, mode)}


def answers(*devices: Device) -> tuple[bool, bool, bool]:
    """Possible, certain, reliable."""
    flows = analyse(devices, [MN, LG])
    found = flows.pair("my_number", "lgwan")
    reliable = flows.reliable("my_number", "lgwan", flows.everything())
    return found.possible.contains(PACKET), found.certain.contains(PACKET), reliable.contains(PACKET)


def test_equal_next_hops_are_relied_on_when_all_of_them_lead_there() -> None:
    both = routes(hop("10.99.0.2", 20), hop("10.99.0.3", 21))
    good = (inner(both), outer("a", 2), outer("b", 3))
    assert answers(*good) == (True, True, True)
    assert verdicts(good, Mode.RELIABLE) == {TraceVerdict.DELIVERED}
    one_fails = (inner(both), outer("a", 2), outer("b", 3, home=False))
    assert answers(*one_fails) == (True, True, False)
    assert verdicts(one_fails, Mode.RELIABLE) == {TraceVerdict.DELIVERED, TraceVerdict.UNROUTED}


def test_every_holder_of_a_shared_gateway_is_reached_and_must_work() -> None:
    virtual = routes(hop("10.99.0.254", 20))
    good = (inner(virtual), outer("a", 2, shared=True), outer("b", 3, shared=True))
    assert answers(*good) == (True, True, True)
    one_fails = (inner(virtual), outer("a", 2, shared=True), outer("b", 3, home=False, shared=True))
    assert answers(*one_fails) == (True, True, False)


def test_the_holder_that_was_not_submitted_keeps_the_zones_between_which_it_stands_undetermined() -> None:
    held = InterfaceAddress(ipaddress.ip_interface("10.1.0.254/24"), at(5), shared=True)
    there = InterfaceAddress(ipaddress.ip_interface("10.2.0.254/24"), at(6), shared=True)
    left, right = interface("mn", "10.1.0.1/24"), interface("lg", "10.2.0.1/24")
    alone = device(
        "a",
        [replace(left, addresses=(*left.addresses, held)), replace(right, addresses=(*right.addresses, there))],
        forwards=False,
    )
    found = pair(alone)
    assert not found.possible.is_empty and found.certain.is_empty
    assert {5, 6} <= {line.number for doubt in found.doubts for line in doubt.sources}
    other = replace(alone, name="b")
    assert pair(alone, other).possible.is_empty


def test_a_backup_that_needs_a_condition_does_not_take_packets_from_the_others() -> None:
    web = (match(None, None, tcp(443)),)
    one = inner(routes(hop("10.99.0.2", 20), hop("10.99.0.9", 21, backup=True, matches=web)))
    assert answers(one, outer("a", 2)) == (True, True, True)


def test_a_gateway_behind_a_route_that_may_be_down_leaves_the_packet_to_the_default_route() -> None:
    one = inner(
        routes(hop("10.50.0.1", 20)),
        routes(hop("10.99.0.9", 21, conditional=True), prefix="10.50.0.0/24"),
        routes(hop("10.99.0.2", 22), prefix="0.0.0.0/0"),
    )
    assert answers(one, outer("a", 2)) == (True, True, False)


def test_one_firm_next_hop_is_enough_for_the_default_route_not_to_count() -> None:
    one = inner(
        routes(hop("10.99.0.8", 20), hop("10.99.0.9", 21, conditional=True)),
        routes(hop("10.99.0.2", 22), prefix="0.0.0.0/0"),
    )
    found = pair(one, outer("a", 2))
    assert not found.certain.contains(PACKET)
    assert TraceVerdict.DELIVERED not in verdicts((one, outer("a", 2)), Mode.CERTAIN)


def test_a_loop_arrives_nowhere_and_comes_to_an_end() -> None:
    back = device("a", [interface("t", "10.99.0.2/24")], routes=[route("10.2.0.0/24", "10.99.0.1", 30)])
    there = inner(route("10.2.0.0/24", "10.99.0.2", 20))
    far = device("b", [interface("lg", "10.2.0.1/24")])
    assert pair(there, back, far).possible.is_empty
    assert verdicts((there, back, far), Mode.POSSIBLE) == {TraceVerdict.UNROUTED}
    half = inner(routes(hop("10.99.0.2", 20), hop("10.99.0.3", 21)))
    mixed = (half, back, outer("c", 3))
    assert answers(*mixed) == (True, True, False), "what goes to `a` may come back for ever"


def test_who_may_send_from_behind_a_next_hop_of_nobody() -> None:
    """Behind the default route is not what a firm, more specific route leads to."""
    default = route("0.0.0.0/0", "10.99.0.9", 20)
    firm = inner(route("10.2.0.0/24", "10.99.0.2", 21), default)
    assert not [one for one in analyse([firm, outer("a", 2)], [MN, LG]).plan.beyond if one.port == ("in", "t")]
    loose = inner(routes(hop("10.99.0.2", 21, conditional=True)), default)
    (sender,) = [one for one in analyse([loose, outer("a", 2)], [MN, LG]).plan.beyond if one.port == ("in", "t")]
    assert sender.zone == "lgwan"


def test_routes_to_nothing() -> None:
    assert pair(inner(), outer("a", 2)).possible.is_empty
    unreachable = inner(route("10.2.0.0/24", "192.0.2.1", 20))
    assert pair(unreachable, outer("a", 2)).possible.is_empty
    assert verdicts((unreachable, outer("a", 2)), Mode.POSSIBLE) == {TraceVerdict.UNROUTED}
    itself = inner(route("10.2.0.0/24", "10.99.0.1", 20))
    assert pair(itself, outer("a", 2)).possible.is_empty


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ((routes(hop("10.99.0.2", 20, captured=True), distance=110),), (True, True, True)),
        # withdrawn, the packet would take the default route; what is relied on is the table as captured
        (
            (
                routes(hop("10.99.0.9", 20, captured=True), distance=110),
                routes(hop("10.99.0.2", 21), prefix="0.0.0.0/0"),
            ),
            (True, True, False),
        ),
        # a static route is preferred to it
        ((routes(hop("10.99.0.2", 20)), routes(hop("10.99.0.9", 21, captured=True), distance=110)), (True, True, True)),
    ],
)
def test_captured_routes_are_states(held: tuple[Route, ...], expected: tuple[bool, bool, bool]) -> None:
    assert answers(inner(*held), outer("a", 2)) == expected


def test_a_table_replaces_only_the_protocol_and_family_that_it_shows() -> None:
    ospf = DynamicRouting("ospf", at(60), family=6)
    assert pair(inner(dynamic_routing=(ospf,)), outer("a", 2)).possible.is_empty
    assert not pair(inner(dynamic_routing=(replace(ospf, family=4),)), outer("a", 2)).possible.is_empty


def test_the_lines_of_a_captured_route_are_among_the_responsible_ones() -> None:
    flows: FlowAnalysis = analyse(
        [inner(routes(hop("10.99.0.2", 77, captured=True), distance=110)), outer("a", 2)], [MN, LG]
    )
    found = flows.pair("my_number", "lgwan")
    assert 77 in {line.number for line in flows.responsible(found, found.certain)}


def test_a_link_inside_a_box_joins_without_addresses() -> None:
    left = device(
        "fw/root",
        [interface("mn", "10.1.0.1/24"), replace(interface("v0", "10.1.9.1/32"), addresses=(), peer="v1")],
        routes=[Route(ipaddress.ip_network("10.2.0.0/24"), (NextHop(at(20), interface="v0"),), at(20))],
    )
    right = device(
        "fw/b", [replace(interface("v1", "10.1.9.2/32"), addresses=(), peer="v0"), interface("lg", "10.2.0.1/24")]
    )
    assert pair(left, right).possible.contains(PACKET)
    other_box = replace(right, file="other.conf")
    assert not pair(left, other_box).certain.contains(PACKET)
    assert analyse([left, other_box], [MN, LG]).topology.neighbours("fw/root", "v0") == ()


def test_many_captured_routes_are_few_entries_and_quick() -> None:
    """20,000 routes of one table with two next hops."""
    held = [
        routes(
            hop(f"10.99.0.{2 + number % 2}", number, captured=True),
            prefix=f"{11 + number // 65536}.{number // 256 % 256}.{number % 256}.0/24",
            distance=110,
        )
        for number in range(20_000)
    ]
    found = inner(*held, routes(hop("10.99.0.2", 1, captured=True)))
    assert answers(found, outer("a", 2), outer("b", 3)) == (True, True, True)
