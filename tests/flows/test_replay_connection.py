"""A connection in both directions: sessions, stateless filters, translations undone."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from secaudit.flows.modes import Mode
from secaudit.flows.replay import Connection, replay_connection
from secaudit.flows.topology import Topology, build_topology
from secaudit.flows.trace import TraceVerdict
from secaudit.network import filters
from secaudit.network.device import Device, Stage
from secaudit.network.filters import Action, Filter
from secaudit.network.matches import ACK, values_with_bits
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.packets.packet import Packet
from tests.flows.network import ROUTER, at, device, filter_, hop, interface, line, match, route, tcp

WEB = "tcp 10.1.0.5:40000 > 10.2.0.9:443"
CISCO = (Stage.INGRESS_FILTER, Stage.INGRESS_NAT, Stage.ROUTE, Stage.EGRESS_NAT, Stage.EGRESS_FILTER)


def connect(
    *devices: Device, packet: str = WEB, mode: Mode = Mode.RELIABLE, reply_at: tuple[str, str] | None = None
) -> Connection:
    topology: Topology = build_topology(devices)
    return replay_connection(topology, "a", "in", Packet.parse(packet), mode, reply_at)


def wall(
    *filters: Filter,
    policies: tuple[str, ...] = (),
    in_: str | None = None,
    out: str | None = None,
    back: str | None = None,
) -> Device:
    """Filters in the way out (`in_`, `out`) and on the interface by which the reply comes back (`back`)."""
    return device(
        "a",
        interface("in", "10.1.0.1/16", filter_in=in_),
        interface("out", "10.2.0.1/16", filter_in=back, filter_out=out),
        filters=filters,
        policies=policies,
    )


def test_without_filters_the_reply_comes_back() -> None:
    connection = connect(wall())
    assert connection.works
    assert [str(trace.arrives) for trace in connection.forward] == [WEB]
    reply = connection.replies[0]
    assert str(reply.packet) == "tcp 10.2.0.9:443 > 10.1.0.5:40000 SA"
    assert (reply.verdict, reply.device, reply.interface) == (TraceVerdict.DELIVERED, "a", "in")


def test_what_is_not_tracked_is_not_remembered() -> None:
    """Neither the reply to a packet that was not tracked nor a reply that is not tracked itself belongs to a connection."""
    replies = line(10, Action.PERMIT, connection=filters.Connection.ESTABLISHED)
    table = filter_("t", replies, line(11, Action.PERMIT, ingress=["in"]), number=5)
    for untracked, works in (("172.16.0.0/16", True), ("10.1.0.0/16", False), ("10.2.0.0/16", False)):
        apart = filter_("apart", line(20, Action.PERMIT, match(untracked), ingress=["in", "out"]), number=6)
        tracking = replace(wall(table, apart, policies=("t",)), tracks_connections=True, untracked="apart")
        assert connect(tracking).works is works


def test_a_stateful_policy_lets_the_reply_back() -> None:
    table = filter_("t", line(10, Action.PERMIT, ingress=["in"], egress=["out"]), stateful=True, number=5)
    connection = connect(wall(table, policies=("t",)))
    assert connection.works
    passed = [step for step in connection.replies[0].hops if step.stage is Stage.POLICY]
    assert [source.number for source in passed[0].sources] == [5]
    assert "reply of a session" in passed[0].what.en


def test_a_stateless_policy_does_not() -> None:
    table = filter_("t", line(10, Action.PERMIT, ingress=["in"], egress=["out"]))
    connection = connect(wall(table, policies=("t",)))
    assert not connection.works
    assert connection.forward[0].verdict is TraceVerdict.DELIVERED
    assert connection.replies[0].verdict is TraceVerdict.DENIED


def remembering(*lines: filters.FilterLine, tracks: bool = True) -> Device:
    """A device with two tables, of which the second asks which connection a packet belongs to."""
    tables = (filter_("first", default=Action.PERMIT), filter_("second", *lines))
    return device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("out", "10.2.0.1/16"),
        filters=tables,
        policies=("first", "second"),
        tracks_connections=tracks,
    )


OLD = line(10, Action.PERMIT, connection=filters.Connection.ESTABLISHED)
NEW = line(11, Action.PERMIT, ingress=["in"], connection=filters.Connection.NEW)


def test_a_line_for_remembered_connections_lets_the_reply_back() -> None:
    connection = connect(remembering(OLD, NEW))
    assert connection.works
    passed = [step for step in connection.replies[0].hops if step.stage is Stage.POLICY]
    assert [source.number for step in passed for source in step.sources] == [900, 10]


def test_a_line_for_remembered_connections_opens_none() -> None:
    connection = connect(remembering(OLD))
    assert [trace.verdict for trace in connection.forward] == [TraceVerdict.DENIED]


def test_a_line_for_new_connections_lets_no_reply_back() -> None:
    both_ways = line(11, Action.PERMIT, connection=filters.Connection.NEW)
    connection = connect(remembering(both_ways))
    assert connection.forward[0].verdict is TraceVerdict.DELIVERED
    assert connection.replies[0].verdict is TraceVerdict.DENIED


def test_a_device_that_remembers_nothing_takes_the_reply_for_new() -> None:
    assert not connect(remembering(OLD, NEW, tracks=False)).works


def test_every_table_must_permit() -> None:
    shut = filter_("first", line(10, Action.DENY, match("10.1.0.0/16")), default=Action.PERMIT)
    open_ = filter_("second", default=Action.PERMIT)
    connection = connect(wall(shut, open_, policies=("second", "first")))
    assert [trace.verdict for trace in connection.forward] == [TraceVerdict.DENIED]


def test_a_stateless_filter_needs_a_line_for_the_reply() -> None:
    shut = filter_("b", line(10, Action.PERMIT, match("10.7.0.0/16")), number=6)
    connection = connect(wall(shut, back="b"))
    assert not connection.works
    assert connection.replies[0].reason.en == 'filter "b": no line matches, the default denies'
    established = filter_("b", line(11, Action.PERMIT, match(services=(tcp(flags=values_with_bits(ACK, ACK)),))))
    assert connect(wall(established, back="b")).works


def test_sessions_of_an_interface_filter_let_the_reply_back_through_that_interface() -> None:
    web = match("10.1.0.0/16", "any", services=(tcp((443, 443)),))
    out = filter_("o", line(10, Action.PERMIT), sessions=(web,))
    shut = filter_("b", line(11, Action.DENY))
    assert connect(wall(out, shut, out="o", back="b")).works
    other_port = connect(wall(out, shut, out="o", back="b"), packet=WEB.replace(":443", ":80"))
    assert not other_port.works
    assert other_port.replies[0].reason.en == 'filter "b" line "11" denies'
    # the session belongs to the interface of the filter that opened it, not to another one
    assert not connect(wall(out, shut, in_="o", back="b")).works


def test_a_stateful_interface_filter_keeps_sessions_too() -> None:
    out = filter_("o", line(10, Action.PERMIT), stateful=True)
    shut = filter_("b", line(11, Action.DENY))
    assert connect(wall(out, shut, out="o", back="b")).works


def test_a_session_is_for_its_own_reply_only() -> None:
    """The reply enters elsewhere with the same ends: the session of a whole device knows it, a device that never saw it does not."""
    table = filter_("t", line(10, Action.PERMIT, ingress=["in"]), stateful=True)
    first = wall(table, policies=("t",))
    other = device(
        "b",
        interface("lan", "10.2.0.2/16"),
        interface("up", "10.8.0.1/30"),
        routes=[route("10.1.0.0/16", hop(20, "10.8.0.2"))],
        filters=[filter_("t", line(12, Action.PERMIT, ingress=["up"]), stateful=True)],
        policies=("t",),
    )
    assert connect(first, other).works
    around = connect(first, other, reply_at=("b", "lan"))
    assert not around.works
    assert (around.replies[0].verdict, around.replies[0].device) == (TraceVerdict.DENIED, "b")
    assert "belongs to no session" in around.replies[0].reason.en


def translating(
    *rules: NatRule,
    pipeline: tuple[Stage, ...] = ROUTER,
    dynamic: bool = False,
    filters: tuple[Filter, ...] = (),
    back: str | None = None,
) -> Device:
    outside = [] if dynamic else ["192.0.2.1/29"]
    return device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("out", *outside, dynamic=dynamic, filter_in=back),
        routes=[route("0.0.0.0/0", hop(20, "192.0.2.2", "out"))],
        nat=rules,
        pipeline=pipeline,
        filters=filters,
    )


MASQUERADE = NatRule(
    "m",
    NatStage.EGRESS,
    (match("10.1.0.0/16"),),
    at(60),
    frozenset({"out"}),
    source=Translation(TranslationKind.INTERFACE, ports=(60000, 64095)),
)
OUTWARD = "tcp 10.1.0.5:40000 > 198.51.100.7:443"


@pytest.mark.parametrize("pipeline", [ROUTER, CISCO, (Stage.ROUTE, Stage.EGRESS_NAT)])
@pytest.mark.parametrize("dynamic", [False, True])
def test_a_masquerade_is_undone(pipeline: tuple[Stage, ...], dynamic: bool) -> None:
    connection = connect(translating(MASQUERADE, pipeline=pipeline, dynamic=dynamic), packet=OUTWARD)
    assert connection.forward[0].verdict is TraceVerdict.UNMODELLED
    reply = connection.replies[0]
    if not dynamic:
        assert str(reply.packet) == "tcp 198.51.100.7:443 > 192.0.2.1:60000 SA"
    assert str(reply.arrives) == "tcp 198.51.100.7:443 > 10.1.0.5:40000 SA"
    assert connection.works


def test_a_filter_before_the_nat_sees_the_reply_translated() -> None:
    by_order = {}
    for pipeline in (CISCO, ROUTER):
        private = filter_("b", line(10, Action.DENY, match("any", "10.1.0.0/16")), line(11, Action.PERMIT))
        connection = connect(translating(MASQUERADE, pipeline=pipeline, filters=(private,), back="b"), packet=OUTWARD)
        by_order[pipeline] = connection.replies[0].verdict
    assert by_order == {CISCO: TraceVerdict.DELIVERED, ROUTER: TraceVerdict.DENIED}


def test_a_masquerade_through_a_second_device_and_back() -> None:
    far = device(
        "b",
        interface("x", "192.0.2.2/29", filter_in="f"),
        interface("y", "198.51.100.1/24"),
        filters=[filter_("f", line(30, Action.PERMIT, match("192.0.2.1/32")))],
    )
    connection = connect(translating(MASQUERADE), far, packet=OUTWARD)
    assert connection.works
    assert [step.device for step in connection.replies[0].hops] == ["b", "b", "b", "a", "a", "a", "a"]


def test_a_port_forward_is_undone() -> None:
    """From outside to a published server: the client must see the public address answer."""
    server = int(ipaddress.ip_address("10.3.0.9"))
    public = match("any", "192.0.2.1/32", services=(tcp((8443, 8443)),))
    published = NatRule(
        "p",
        NatStage.INGRESS,
        (public,),
        at(60),
        frozenset({"in"}),
        destination=Translation(TranslationKind.POOL, (server, server), (443, 443), ports_shift=True),
    )
    one = device("a", interface("in", "192.0.2.1/29"), interface("dmz", "10.3.0.1/24"), nat=[published])
    connection = connect(one, packet="tcp 192.0.2.5:40000 > 192.0.2.1:8443")
    assert str(connection.forward[0].arrives) == "tcp 192.0.2.5:40000 > 10.3.0.9:443"
    assert str(connection.replies[0].arrives) == "tcp 192.0.2.1:8443 > 192.0.2.5:40000 SA"
    assert connection.works


def test_the_reply_to_an_unknown_address_is_undetermined_elsewhere() -> None:
    far = device("b", interface("x", "192.0.2.2/29"), interface("y", "198.51.100.1/24"))
    topology = build_topology([translating(MASQUERADE, dynamic=True), far], [(("a", "out"), ("b", "x"))])
    connection = replay_connection(topology, "a", "in", Packet.parse(OUTWARD))
    assert connection.forward[0].device == "b"
    assert connection.replies[0].verdict is TraceVerdict.UNDETERMINED
    assert "DHCP" in connection.replies[0].reason.en
    assert not connection.works


def test_the_device_itself_answers() -> None:
    block = filter_("o", line(10, Action.DENY, match("10.1.0.1/32")), default=Action.PERMIT)
    to_router = "tcp 10.1.0.5:40000 > 10.1.0.1:22"
    assert connect(wall(), packet=to_router).works
    for filters_own_packets in (False, True):
        filtered = device(
            "a",
            interface("in", "10.1.0.1/16", filter_out="o"),
            filters=[block],
            filters_own_packets=filters_own_packets,
        )
        connection = connect(filtered, packet=to_router)
        expected = TraceVerdict.DENIED if filters_own_packets else TraceVerdict.DELIVERED
        assert connection.replies[0].verdict is expected
        assert connection.works is not filters_own_packets


def test_filters_for_the_device_itself() -> None:
    """One for what is addressed to it by any of its addresses, one for what it sends."""
    admin = filter_("in", line(10, Action.PERMIT, match("10.1.0.5/32"), ingress=["in"]), number=5)
    silent = filter_("out", line(11, Action.DENY, match("any", "10.1.0.6/32"), egress=["in"]), default=Action.PERMIT)

    def router(*local_out: str) -> Device:
        ports = (interface("in", "10.1.0.1/16"), interface("out", "10.2.0.1/16"))
        return device("a", *ports, filters=[admin, silent], local_in=("in",), local_out=local_out)

    assert connect(router("out"), packet="tcp 10.1.0.5:40000 > 10.2.0.1:22").works
    stopped = connect(router(), packet="tcp 10.1.0.6:40000 > 10.2.0.1:22").forward[0]
    assert (stopped.verdict, stopped.hops[-1].sources[0].number) == (TraceVerdict.DENIED, 5)
    assert connect(router("out"), packet="tcp 10.1.0.6:40000 > 10.2.0.9:22").works
    silenced = device("a", interface("in", "10.1.0.1/16"), filters=[silent], local_out=("out",))
    unanswered = connect(silenced, packet="tcp 10.1.0.6:40000 > 10.1.0.1:22")
    assert (unanswered.forward[0].verdict, unanswered.replies[0].verdict) == (
        TraceVerdict.DELIVERED,
        TraceVerdict.DENIED,
    )


def test_a_host_that_was_submitted_gets_its_reply() -> None:
    host = device("h", interface("eth", "10.1.0.5/16"))
    connection = connect(wall(), host)
    assert (connection.replies[0].device, connection.replies[0].interface) == ("h", None)
    assert connection.works


def test_other_protocols() -> None:
    assert connect(wall(), packet="udp 10.1.0.5:5000 > 10.2.0.9:53").works
    ping = connect(wall(), packet="icmp 10.1.0.5 > 10.2.0.9")
    assert ping.works and str(ping.replies[0].packet) == "icmp 10.2.0.9 > 10.1.0.5 0/0"
    ping6 = device("a", interface("in", "2001:db8:1::1/64"), interface("out", "2001:db8:2::1/64"))
    assert str(connect(ping6, packet="icmp6 2001:db8:1::5 > 2001:db8:2::9").replies[0].packet).endswith("129/0")
    error = connect(wall(), packet="icmp 10.1.0.5 > 10.2.0.9 3/1")
    assert error.replies == () and not error.works


def test_every_way_must_work() -> None:
    one = device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("left", "10.8.0.1/30"),
        interface("right", "10.9.0.1/30"),
        routes=[route("10.2.0.0/16", hop(20, "10.8.0.2"), hop(20, "10.9.0.2"))],
    )
    good = device(
        "b",
        interface("x", "10.8.0.2/30"),
        interface("y", "10.2.0.1/16"),
        routes=[route("10.1.0.0/16", hop(21, "10.8.0.1"))],
    )
    forgetful = device("c", interface("x", "10.9.0.2/30"), interface("y", "10.2.0.2/16"))
    connection = connect(one, good, forgetful)
    assert sorted(trip.returned for trip in connection.trips) == [False, True]
    assert not connection.works
    lost = next(trip for trip in connection.trips if not trip.returned)
    assert (lost.forward.device, lost.replies[0].verdict) == ("c", TraceVerdict.UNROUTED)
    assert connect(one, good).trips[0].returned


def test_the_reply_of_a_session_is_not_translated_anew() -> None:
    odd = NatRule(
        "odd",
        NatStage.EGRESS,
        (match("10.2.0.0/16"),),
        at(60),
        frozenset({"in"}),
        source=Translation(TranslationKind.INTERFACE),
    )
    one = device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("out", "10.2.0.1/16"),
        nat=[odd],
        filters=[filter_("t", line(10, Action.PERMIT), stateful=True)],
        policies=("t",),
    )
    assert connect(one).works


def test_a_published_server_answers_with_its_own_address_until_it_leaves() -> None:
    server = int(ipaddress.ip_address("10.3.0.9"))
    published = NatRule(
        "p",
        NatStage.INGRESS,
        (match("any", "192.0.2.1/32"),),
        at(60),
        frozenset({"in"}),
        destination=Translation(TranslationKind.POOL, (server, server)),
    )
    private_only = filter_("f", line(10, Action.PERMIT, match("10.3.0.9/32")))
    one = device(
        "a",
        interface("in", "192.0.2.1/29"),
        interface("dmz", "10.3.0.1/24", filter_in="f"),
        nat=[published],
        filters=[private_only],
    )
    assert connect(one, packet="tcp 192.0.2.5:40000 > 192.0.2.1:443").works


def test_a_reply_that_arrives_with_another_source_does_not_count() -> None:
    """The way back translates the server's address, so the client would not know who answers."""
    odd = NatRule(
        "odd",
        NatStage.EGRESS,
        (match("10.2.0.0/16"),),
        at(60),
        frozenset({"in"}),
        source=Translation(TranslationKind.INTERFACE),
    )
    one = device("a", interface("in", "10.1.0.1/16"), interface("out", "10.2.0.1/16"), nat=[odd])
    connection = connect(one)
    assert connection.replies[0].verdict is TraceVerdict.DELIVERED
    assert str(connection.replies[0].arrives) == "tcp 10.1.0.1:443 > 10.1.0.5:40000 SA"
    assert not connection.works
