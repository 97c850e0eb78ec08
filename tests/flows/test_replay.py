"""One packet through devices: entering, filters, delivery, loops."""

from __future__ import annotations

import ipaddress

import pytest

from secaudit.errors import UsageError
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.topology import build_topology
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.network.device import Device, Stage
from secaudit.network.filters import Action, Filter
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.intervals import ANY_IPV6
from secaudit.network.matches import ACK, ANY_IPV6_PACKET, Match, Service, values_with_bits
from secaudit.packets.packet import Packet
from tests.flows.network import ANY_OF_BOTH, device, filter_, hop, interface, line, match, route, tcp

WEB = "tcp 10.1.0.5:40000 > 10.2.0.9:443"


def lines_of(trace: Trace, stage: Stage | None) -> list[int]:
    return [source.number for step in trace.hops if step.stage is stage for source in step.sources]


def only(devices: list[Device], packet: str, mode: Mode = Mode.POSSIBLE, at: tuple[str, str] = ("a", "in")) -> Trace:
    traces = replay(build_topology(devices), *at, Packet.parse(packet), mode)
    assert len(traces) == 1, traces
    return traces[0]


def filtered(*filters: Filter, name: str = "f") -> Device:
    """A router with a filter on its ingress interface."""
    return device("a", interface("in", "10.1.0.1/16", filter_in=name), interface("out", "10.2.0.1/16"), filters=filters)


def test_delivered_on_a_connected_subnet() -> None:
    trace = only(
        [device("a", interface("in", "10.1.0.1/16", number=3), interface("out", "10.2.0.1/16", number=4))], WEB
    )
    assert (trace.verdict, trace.device, trace.interface) == (TraceVerdict.DELIVERED, "a", "out")
    assert trace.arrives == trace.packet == Packet.parse(WEB)
    assert lines_of(trace, None)[0] == 3
    assert lines_of(trace, Stage.ROUTE) == [4]
    assert "attached" in trace.reason.en and "直結" in trace.reason.ja


def test_first_matching_line_decides() -> None:
    rules = filter_(
        "f",
        line(10, Action.PERMIT, match("10.9.0.0/16")),
        line(11, Action.DENY, match("10.1.0.0/16", services=(tcp((443, 443)),))),
        line(12, Action.PERMIT),
    )
    denied = only([filtered(rules)], WEB)
    assert denied.verdict is TraceVerdict.DENIED
    assert (denied.arrives, denied.interface) == (None, None)
    assert lines_of(denied, Stage.INGRESS_FILTER) == [11]
    assert denied.reason.en == 'filter "f" line "11" denies'
    permitted = only([filtered(rules)], WEB.replace(":443", ":80"))
    assert permitted.verdict is TraceVerdict.DELIVERED
    assert lines_of(permitted, Stage.INGRESS_FILTER) == [12]


@pytest.mark.parametrize(
    ("default", "verdict"),
    [
        (Action.PERMIT, TraceVerdict.DELIVERED),
        (Action.DENY, TraceVerdict.DENIED),
    ],
)
def test_the_default_decides_when_nothing_matches(default: Action, verdict: TraceVerdict) -> None:
    trace = only([filtered(filter_("f", line(10, Action.PERMIT, match("10.9.0.0/16")), default=default))], WEB)
    assert trace.verdict is verdict
    assert lines_of(trace, Stage.INGRESS_FILTER) == [900]


def test_no_filter_passes_everything() -> None:
    trace = only([device("a", interface("in", "10.1.0.1/16"), interface("out", "10.2.0.1/16"))], WEB)
    assert trace.verdict is TraceVerdict.DELIVERED
    assert not any(step.stage is Stage.INGRESS_FILTER for step in trace.hops)


def test_filters_act_in_the_direction_they_are_applied() -> None:
    block = filter_("f", line(10, Action.DENY))
    leaving = device(
        "a", interface("in", "10.1.0.1/16"), interface("out", "10.2.0.1/16", filter_out="f"), filters=[block]
    )
    other_way = device(
        "a",
        interface("in", "10.1.0.1/16", filter_out="f"),
        interface("out", "10.2.0.1/16", filter_in="f"),
        filters=[block],
    )
    denied = only([leaving], WEB)
    assert denied.verdict is TraceVerdict.DENIED
    assert lines_of(denied, Stage.EGRESS_FILTER) == [10]
    assert only([other_way], WEB).verdict is TraceVerdict.DELIVERED


def test_a_dangling_filter_name_is_not_taken_as_an_answer() -> None:
    broken = filtered(name="nowhere")
    assert only([broken], WEB, Mode.POSSIBLE).verdict is TraceVerdict.DELIVERED
    assert only([broken], WEB, Mode.CERTAIN).verdict is TraceVerdict.DENIED


@pytest.mark.parametrize(
    ("service", "packet", "matches"),
    [
        (Service(destination_ports=((443, 443),)), "tcp 10.1.0.5:1 > 10.2.0.9:443", True),
        (Service(destination_ports=((443, 443),)), "udp 10.1.0.5:1 > 10.2.0.9:80", False),
        # a field that the packet does not have matches
        (Service(destination_ports=((443, 443),)), "icmp 10.1.0.5 > 10.2.0.9", True),
        (Service(destination_ports=((443, 443),)), "esp 10.1.0.5 > 10.2.0.9", True),
        (Service(source_ports=((53, 53),)), "sctp 10.1.0.5:54 > 10.2.0.9:1", False),
        (Service(icmp_types=((0, 0),)), "icmp 10.1.0.5 > 10.2.0.9 8/0", False),
        (Service(icmp_types=((8, 8),), icmp_codes=((0, 0),)), "icmp 10.1.0.5 > 10.2.0.9 8/0", True),
        (Service(icmp_types=((8, 8),), icmp_codes=((1, 1),)), "icmp 10.1.0.5 > 10.2.0.9 8/0", False),
        (Service(icmp_types=((8, 8),), icmp_codes=((3, 3),)), "udp 10.1.0.5:1 > 10.2.0.9:80", True),
        (Service(tcp_flags=values_with_bits(ACK, ACK)), "tcp 10.1.0.5:1 > 10.2.0.9:80", False),
        (Service(tcp_flags=values_with_bits(ACK, ACK)), "tcp 10.1.0.5:1 > 10.2.0.9:80 SA", True),
        (Service(tcp_flags=values_with_bits(ACK, ACK)), "udp 10.1.0.5:1 > 10.2.0.9:80", True),
        (Service(protocols=((17, 17),)), "tcp 10.1.0.5:1 > 10.2.0.9:80", False),
    ],
)
def test_services(service: Service, packet: str, matches: bool) -> None:
    rules = filter_("f", line(10, Action.DENY, match(services=(service,))), default=Action.PERMIT)
    trace = only([filtered(rules)], packet)
    assert lines_of(trace, Stage.INGRESS_FILTER) == ([10] if matches else [900])
    assert trace.verdict is (TraceVerdict.DENIED if matches else TraceVerdict.DELIVERED)


def test_a_match_without_services_matches_nothing() -> None:
    trace = only([filtered(filter_("f", line(10, Action.PERMIT, match(services=()))))], WEB)
    assert trace.verdict is TraceVerdict.DENIED


def test_families_are_apart() -> None:
    rules = filter_("f", line(10, Action.DENY, Match(4, ((0, 2**32 - 1),), ((0, 2**32 - 1),))), line(11, Action.PERMIT))
    both = device(
        "a",
        interface("in", "10.1.0.1/16", "2001:db8:1::1/64", filter_in="f"),
        interface("out", "10.2.0.1/16", "2001:db8:2::1/64"),
        filters=[rules],
    )
    assert only([both], WEB).verdict is TraceVerdict.DENIED
    trace = only([both], "tcp [2001:db8:1::5]:40000 > [2001:db8:2::9]:443")
    assert trace.verdict is TraceVerdict.DELIVERED
    assert lines_of(trace, Stage.INGRESS_FILTER) == [11]
    assert ANY_IPV6_PACKET.sources == ANY_IPV6


def test_policy_lines_ask_for_the_interface_pair() -> None:
    table = filter_(
        "table",
        line(10, Action.PERMIT, ingress=["dmz"], egress=["out"]),
        line(11, Action.PERMIT, ingress=["in"], egress=["dmz"]),
        line(12, Action.PERMIT, match(services=(tcp((443, 443)),)), ingress=["in"], egress=["out"]),
        stateful=True,
    )
    wall = device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("out", "10.2.0.1/16"),
        interface("dmz", "10.3.0.1/16"),
        filters=[table],
        policies=("table",),
    )
    permitted = only([wall], WEB)
    assert permitted.verdict is TraceVerdict.DELIVERED
    assert lines_of(permitted, Stage.POLICY) == [12]
    denied = only([wall], WEB.replace(":443", ":80"))
    assert denied.verdict is TraceVerdict.DENIED
    assert lines_of(denied, Stage.POLICY) == [900]


def test_a_stateful_filter_takes_only_what_opens_a_connection() -> None:
    table = filter_("f", line(10, Action.PERMIT), stateful=True, number=5)
    trace = only([filtered(table)], WEB + " SA")
    assert trace.verdict is TraceVerdict.DENIED
    assert "opens no connection" in trace.reason.en
    assert lines_of(trace, Stage.INGRESS_FILTER) == [5]
    assert only([filtered(table)], WEB).verdict is TraceVerdict.DELIVERED
    assert only([filtered(filter_("f", line(10, Action.PERMIT)))], WEB + " SA").verdict is TraceVerdict.DELIVERED
    assert only([filtered(table)], "icmp 10.1.0.5 > 10.2.0.9 0/0").verdict is TraceVerdict.DENIED


def test_delivered_to_the_device_itself() -> None:
    router = device("a", interface("in", "10.1.0.1/16"), interface("out", "10.2.0.1/16", number=7))
    trace = only([router], "tcp 10.1.0.5:40000 > 10.2.0.1:22")
    assert (trace.verdict, trace.device, trace.interface) == (TraceVerdict.DELIVERED, "a", None)
    assert "itself" in trace.reason.en
    assert lines_of(trace, Stage.ROUTE) == [7]


def test_own_addresses_count_in_their_vrf_and_only_when_enabled() -> None:
    router = device(
        "a",
        interface("in", "10.1.0.1/16", vrf="red"),
        interface("out", "10.2.0.1/16", vrf="blue"),
        interface("off", "10.3.0.1/16", vrf="red", enabled=False),
    )
    for destination in ("10.2.0.1", "10.3.0.1", "10.2.0.9"):
        trace = only([router], f"udp 10.1.0.5:1 > {destination}:1")
        assert trace.verdict is TraceVerdict.UNROUTED, destination
        assert trace.reason.en == "there is no route to the destination"
        assert lines_of(trace, Stage.ROUTE) == [999]


def test_a_disabled_interface_lets_nothing_in() -> None:
    router = device("a", interface("in", "10.1.0.1/16", enabled=False, number=8), interface("out", "10.2.0.1/16"))
    trace = only([router], WEB)
    assert trace.verdict is TraceVerdict.UNROUTED
    assert trace.reason.en == 'interface "in" of "a" is disabled'
    assert lines_of(trace, None) == [8]


def test_a_switch_that_does_not_route_only_receives() -> None:
    switch = device("a", interface("in", "10.1.0.1/16"), interface("out", "10.2.0.1/16"), forwards=False)
    trace = only([switch], WEB)
    assert trace.verdict is TraceVerdict.UNROUTED
    assert trace.reason.en == '"a" does not forward packets'
    assert only([switch], "tcp 10.1.0.5:1 > 10.1.0.1:23").verdict is TraceVerdict.DELIVERED


def test_the_next_device_goes_on() -> None:
    block = filter_("f", line(30, Action.DENY, match(services=(tcp((23, 23)),))), default=Action.PERMIT)
    first = device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("out", "10.9.0.1/30"),
        routes=[route("10.2.0.0/16", hop(20, "10.9.0.2"))],
    )
    second = device(
        "b", interface("up", "10.9.0.2/30", filter_in="f"), interface("lan", "10.2.0.1/16"), filters=[block]
    )
    trace = only([first, second], WEB)
    assert (trace.verdict, trace.device, trace.interface) == (TraceVerdict.DELIVERED, "b", "lan")
    assert [step.device for step in trace.hops] == ["a", "a", "a", "b", "b", "b", "b"]
    denied = only([first, second], WEB.replace(":443", ":23"))
    assert (denied.verdict, denied.device) == (TraceVerdict.DENIED, "b")
    assert lines_of(denied, Stage.INGRESS_FILTER) == [30]


def test_a_destination_that_another_device_owns_is_delivered_inside_it() -> None:
    first = device("a", interface("in", "10.1.0.1/16"), interface("out", "10.2.0.1/16"))
    server = device("b", interface("eth", "10.2.0.9/16", filter_in="f"), filters=[filter_("f", line(30, Action.DENY))])
    trace = only([first, server], WEB)
    assert (trace.verdict, trace.device) == (TraceVerdict.DENIED, "b")
    assert only([first, server], WEB.replace("2.0.9", "2.0.8")).interface == "out"


def test_a_gateway_nobody_submitted_is_unmodelled() -> None:
    router = device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("out", "192.0.2.1/30"),
        routes=[route("0.0.0.0/0", hop(20, "192.0.2.2"))],
    )
    trace = only([router], "tcp 10.1.0.5:40000 > 198.51.100.7:443")
    assert (trace.verdict, trace.device, trace.interface) == (TraceVerdict.UNMODELLED, "a", "out")
    assert trace.arrives == Packet.parse("tcp 10.1.0.5:40000 > 198.51.100.7:443")
    assert "192.0.2.2" in trace.reason.en and "192.0.2.2" in trace.reason.ja


def test_a_loop_ends() -> None:
    left = device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("out", "10.9.0.1/30"),
        routes=[route("0.0.0.0/0", hop(20, "10.9.0.2"))],
    )
    right = device("b", interface("up", "10.9.0.2/30"), routes=[route("0.0.0.0/0", hop(21, "10.9.0.1"))])
    trace = only([left, right], "udp 10.1.0.5:1 > 198.51.100.7:53")
    assert trace.verdict is TraceVerdict.UNROUTED
    assert trace.reason.en.startswith("routing loop")
    assert trace.reason.ja.startswith("経路のループ")
    assert 20 in lines_of(trace, Stage.ROUTE) and 21 in lines_of(trace, Stage.ROUTE)


def test_a_long_chain_ends() -> None:
    chain = [
        device(
            f"d{number}",
            interface("in", f"10.{number}.0.2/30"),
            interface("out", f"10.{number + 1}.0.1/30"),
            routes=[route("0.0.0.0/0", hop(20, f"10.{number + 1}.0.2"))],
        )
        for number in range(80)
    ]
    trace = only(chain, "udp 10.0.0.1:1 > 198.51.100.7:53", at=("d0", "in"))
    assert trace.verdict is TraceVerdict.UNROUTED
    assert trace.reason.en == "it passes more than 64 devices"


def test_a_mark_stays_inside_the_device() -> None:
    """A line that asks for a mark does not match where nothing marked the packet."""
    marked = filter_("f", line(10, Action.PERMIT, match(marks=((7, 7),))))
    assert only([filtered(marked)], WEB).verdict is TraceVerdict.DENIED


def test_point_to_point_interfaces_lead_to_their_other_end() -> None:
    here = device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("wan", "192.0.2.1/24"),
        interface("tunnel1", kind=InterfaceKind.TUNNEL, remote="203.0.113.1"),
        routes=[route("10.2.0.0/16", hop(20, out="tunnel1"))],
    )
    there = device(
        "b",
        interface("lan", "10.2.0.1/16"),
        interface("wan", "203.0.113.1/24"),
        interface("tunnel9", kind=InterfaceKind.TUNNEL, remote="192.0.2.1"),
    )
    trace = only([here, there], WEB)
    assert (trace.verdict, trace.device, trace.interface) == (TraceVerdict.DELIVERED, "b", "lan")
    assert next(step.ingress for step in trace.hops if step.device == "b") == "tunnel9"
    alone = only([here], WEB)
    assert (alone.verdict, alone.interface) == (TraceVerdict.UNMODELLED, "tunnel1")


def test_unknown_names_are_a_usage_error() -> None:
    topology = build_topology([device("a", interface("in", "10.1.0.1/16"))])
    with pytest.raises(UsageError) as no_device:
        replay(topology, "b", "in", Packet.parse(WEB), Mode.POSSIBLE)
    assert no_device.value.text.en == 'there is no device "b"'
    with pytest.raises(UsageError) as no_interface:
        replay(topology, "a", "lan9", Packet.parse(WEB), Mode.POSSIBLE)
    assert no_interface.value.hint is not None and "in" in no_interface.value.hint.en


def test_a_pipeline_without_routing_forwards_nothing() -> None:
    odd = device("a", interface("in", "10.1.0.1/16"), pipeline=(Stage.INGRESS_FILTER,))
    trace = only([odd], WEB)
    assert trace.verdict is TraceVerdict.UNROUTED
    assert trace.reason.en == '"a" has no routing stage'


def test_an_address_family_without_route_is_unrouted() -> None:
    router = device(
        "a", interface("in", "10.1.0.1/16", "2001:db8::1/64"), routes=[route("0.0.0.0/0", hop(20, "10.1.0.9"))]
    )
    trace = only([router], "udp [2001:db8::5]:1 > [2001:db8:9::1]:53")
    assert trace.verdict is TraceVerdict.UNROUTED
    assert ipaddress.ip_address("2001:db8:9::1") == trace.packet.destination
    assert ANY_OF_BOTH[1].family == 6
