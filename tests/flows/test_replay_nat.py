"""Address translation of one packet: stages, pools, shifts, marks, rules about which we are not sure."""

from __future__ import annotations

import ipaddress

import pytest

from secaudit.flows.modes import Mode
from secaudit.flows.replay import explain, replay
from secaudit.flows.topology import build_topology
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.network.device import Device, Stage
from secaudit.network.filters import Action, Certainty, Filter
from secaudit.network.intervals import Interval
from secaudit.network.matches import UNMARKED, Match
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.packets.packet import Packet
from secaudit.text.bilingual import Text
from tests.flows.network import ROUTER, at, device, filter_, hop, interface, line, match, route, tcp

OUTWARD = "tcp 10.1.0.5:40000 > 198.51.100.7:443"
INWARD = "tcp 198.51.100.7:40000 > 192.0.2.1:443"


def addresses(first: str, last: str | None = None) -> Interval:
    return int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last or first))


def pool(first: str, last: str | None = None, ports: Interval | None = None, *, shift: bool = False) -> Translation:
    return Translation(TranslationKind.POOL, addresses(first, last), ports, shift)


MASQUERADE = Translation(TranslationKind.INTERFACE, ports=(60000, 64095))


def rule(
    number: int,
    stage: NatStage,
    *matches: Match,
    on: str = "out",
    source: Translation | None = None,
    destination: Translation | None = None,
    mark: int = 0,
    uncertain: Text | None = None,
    from_interfaces: frozenset[str] | None = None,
) -> NatRule:
    return NatRule(
        label=f"nat{number}",
        stage=stage,
        matches=matches or (match(),),
        sources=at(number),
        interfaces=frozenset({on}),
        from_interfaces=from_interfaces,
        destination=destination,
        source=source,
        mark=mark,
        uncertain=uncertain,
    )


def router(
    *rules: NatRule,
    filters: tuple[Filter, ...] = (),
    policies: tuple[str, ...] = (),
    pipeline: tuple[Stage, ...] = ROUTER,
    filter_in: str | None = None,
    filter_out: str | None = None,
    dynamic: bool = False,
) -> Device:
    """Inside 10.1.0.0/16, a server network, and outside a gateway nobody submitted."""
    outside = ["192.0.2.1/29"] if not dynamic else []
    return device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("dmz", "10.3.0.1/24"),
        interface("out", *outside, dynamic=dynamic, filter_in=filter_in, filter_out=filter_out),
        nat=rules,
        filters=filters,
        policies=policies,
        pipeline=pipeline,
        routes=[route("0.0.0.0/0", hop(20, "192.0.2.2", "out"))],
    )


def walk(one: Device, packet: str, mode: Mode = Mode.POSSIBLE) -> tuple[Trace, ...]:
    inside = Packet.parse(packet).source in ipaddress.ip_network("10.0.0.0/8")
    return replay(build_topology([one]), "a", "in" if inside else "out", Packet.parse(packet), mode)


def arrivals(one: Device, packet: str, mode: Mode = Mode.POSSIBLE) -> list[str]:
    return [str(trace.arrives or trace.verdict) for trace in walk(one, packet, mode)]


def nat_lines(trace: Trace) -> list[int]:
    stages = (Stage.INGRESS_NAT, Stage.EGRESS_NAT)
    return [source.number for step in trace.hops if step.stage in stages for source in step.sources]


def test_masquerade_takes_the_address_of_the_interface_it_leaves_by() -> None:
    one = router(rule(60, NatStage.EGRESS, match("10.1.0.0/16"), source=MASQUERADE))
    assert arrivals(one, OUTWARD) == ["tcp 192.0.2.1:60000 > 198.51.100.7:443"]
    assert arrivals(one, OUTWARD.replace(":40000", ":61000")) == ["tcp 192.0.2.1:61000 > 198.51.100.7:443"]
    assert arrivals(one, "icmp 10.1.0.5 > 198.51.100.7") == ["icmp 192.0.2.1 > 198.51.100.7 8/0"]
    assert nat_lines(walk(one, OUTWARD)[0]) == [60]
    # not by this interface, and not for these sources
    assert arrivals(one, "tcp 10.1.0.5:40000 > 10.3.0.9:443") == ["tcp 10.1.0.5:40000 > 10.3.0.9:443"]
    assert arrivals(one, "udp 10.2.0.5:1 > 198.51.100.7:53") == ["udp 10.2.0.5:1 > 198.51.100.7:53"]


def test_a_pool_is_followed_with_its_first_and_its_last_address() -> None:
    one = router(rule(60, NatStage.EGRESS, source=pool("192.0.2.3", "192.0.2.6")))
    assert arrivals(one, OUTWARD) == [
        "tcp 192.0.2.3:40000 > 198.51.100.7:443",
        "tcp 192.0.2.6:40000 > 198.51.100.7:443",
    ]
    single = router(rule(60, NatStage.EGRESS, source=pool("192.0.2.3")))
    assert arrivals(single, OUTWARD) == ["tcp 192.0.2.3:40000 > 198.51.100.7:443"]


def test_one_to_one_shifts_addresses() -> None:
    shift = Translation(TranslationKind.SHIFT, addresses("192.0.2.4", "192.0.2.7"))
    outward = router(rule(60, NatStage.EGRESS, match("10.1.0.4/30"), source=shift))
    assert arrivals(outward, OUTWARD) == ["tcp 192.0.2.5:40000 > 198.51.100.7:443"]
    back = Translation(TranslationKind.SHIFT, addresses("10.1.0.4", "10.1.0.7"))
    inward = router(rule(61, NatStage.INGRESS, match("any", "192.0.2.4/30"), destination=back))
    assert arrivals(inward, INWARD.replace("192.0.2.1", "192.0.2.6")) == ["tcp 198.51.100.7:40000 > 10.1.0.6:443"]


def test_a_port_forward_shifts_ports() -> None:
    asked = match("any", "192.0.2.1/32", services=(tcp((8000, 8010)),))
    one = router(rule(60, NatStage.INGRESS, asked, destination=pool("10.3.0.9", ports=(80, 90), shift=True)))
    assert arrivals(one, INWARD.replace(":443", ":8003")) == ["tcp 198.51.100.7:40000 > 10.3.0.9:83"]
    # a port that is not forwarded stays with the router itself
    own = walk(one, INWARD)[0]
    assert (own.verdict, own.interface, str(own.arrives)) == (TraceVerdict.DELIVERED, None, INWARD)


def test_the_first_rule_of_the_stage_that_matches_is_the_only_one() -> None:
    exempt = rule(60, NatStage.EGRESS, match("10.1.0.0/16", "198.51.100.0/24"))
    one = router(exempt, rule(61, NatStage.EGRESS, source=MASQUERADE))
    assert arrivals(one, OUTWARD) == [OUTWARD]
    assert nat_lines(walk(one, OUTWARD)[0]) == [60]
    assert arrivals(one, OUTWARD.replace("198.51.100.7", "203.0.113.7")) == ["tcp 192.0.2.1:60000 > 203.0.113.7:443"]


def test_from_interfaces() -> None:
    one = router(rule(60, NatStage.EGRESS, source=MASQUERADE, from_interfaces=frozenset({"dmz"})))
    assert arrivals(one, OUTWARD) == [OUTWARD]
    topology = build_topology([one])
    trace = replay(topology, "a", "dmz", Packet.parse(OUTWARD.replace("10.1.0.5", "10.3.0.5")), Mode.POSSIBLE)[0]
    assert str(trace.arrives) == "tcp 192.0.2.1:60000 > 198.51.100.7:443"


def test_the_order_of_stages_decides_what_a_filter_sees() -> None:
    """YAMAHA filters after the NAT inbound (the private address), Cisco before it (the global one)."""
    private = filter_("f", line(10, Action.PERMIT, match("any", "10.3.0.9/32")))
    forward = rule(60, NatStage.INGRESS, match("any", "192.0.2.1/32"), destination=pool("10.3.0.9"))
    after = router(forward, filters=(private,), filter_in="f")
    assert arrivals(after, INWARD) == ["tcp 198.51.100.7:40000 > 10.3.0.9:443"]
    before = (Stage.INGRESS_FILTER, Stage.INGRESS_NAT, Stage.ROUTE, Stage.EGRESS_NAT, Stage.EGRESS_FILTER)
    assert arrivals(router(forward, filters=(private,), filter_in="f", pipeline=before), INWARD) == ["denied"]
    outside = filter_("f", line(10, Action.PERMIT, match("192.0.2.1/32")))
    masquerade = rule(61, NatStage.EGRESS, source=MASQUERADE)
    assert arrivals(router(masquerade, filters=(outside,), filter_out="f"), OUTWARD) == ["denied"]
    assert arrivals(router(masquerade, filters=(outside,), filter_out="f", pipeline=before), OUTWARD) == [
        "tcp 192.0.2.1:60000 > 198.51.100.7:443"
    ]


def test_marks_tell_translated_packets_from_others() -> None:
    """A FortiOS policy that names a virtual IP permits what came by it, and a deny to "all" does not."""
    table = filter_(
        "table",
        line(10, Action.DENY, match("any", "10.3.0.9/32", marks=UNMARKED)),
        line(11, Action.PERMIT, match(marks=((7, 7),))),
    )
    one = router(
        rule(60, NatStage.INGRESS, match("any", "192.0.2.1/32"), destination=pool("10.3.0.9"), mark=7),
        filters=(table,),
        policies=("table",),
    )
    assert arrivals(one, INWARD) == ["tcp 198.51.100.7:40000 > 10.3.0.9:443"]
    direct = walk(one, INWARD.replace("192.0.2.1", "10.3.0.9"))[0]
    assert direct.verdict is TraceVerdict.DENIED
    assert direct.reason.en == 'filter "table" line "10" denies'


def test_the_mark_is_dropped_on_leaving() -> None:
    marking = rule(60, NatStage.INGRESS, match("any", "192.0.2.1/32"), destination=pool("10.3.0.9"), mark=7)
    first = router(marking)
    needs = filter_("f", line(10, Action.DENY, match(marks=((7, 7),))), line(11, Action.PERMIT))
    second = device("b", interface("eth", "10.3.0.9/24", filter_in="f"), filters=[needs])
    trace = replay(build_topology([first, second]), "a", "out", Packet.parse(INWARD), Mode.CERTAIN)[0]
    assert (trace.verdict, trace.device) == (TraceVerdict.DELIVERED, "b")


def test_a_policy_translates_at_the_nat_stage() -> None:
    table = filter_(
        "table",
        line(10, Action.PERMIT, match(services=(tcp((443, 443)),)), egress=["out"], translation=MASQUERADE),
        line(11, Action.PERMIT),
    )
    ignored = rule(60, NatStage.EGRESS, source=pool("192.0.2.6"))
    one = router(ignored, filters=(table,), policies=("table",))
    assert arrivals(one, OUTWARD) == ["tcp 192.0.2.1:60000 > 198.51.100.7:443"]
    assert nat_lines(walk(one, OUTWARD)[0]) == [10]
    assert arrivals(one, OUTWARD.replace(":443", ":80")) == ["tcp 192.0.2.6:40000 > 198.51.100.7:80"]


def test_a_policy_translates_even_where_the_pipeline_has_no_nat_stage() -> None:
    table = filter_("table", line(10, Action.PERMIT, translation=MASQUERADE))
    one = router(filters=(table,), policies=("table",), pipeline=(Stage.ROUTE, Stage.POLICY))
    assert arrivals(one, OUTWARD) == ["tcp 192.0.2.1:60000 > 198.51.100.7:443"]


@pytest.mark.parametrize("stage", list(NatStage))
def test_an_uncertain_rule(stage: NatStage) -> None:
    why = Text(ja="条件を読み取れない", en="its condition was not understood")
    on = "in" if stage is NatStage.INGRESS else "out"
    one = router(
        rule(60, stage, on=on, source=pool("192.0.2.6"), uncertain=why),
        rule(61, stage, on=on, source=pool("192.0.2.5")),
    )
    assert arrivals(one, OUTWARD) == [
        "tcp 192.0.2.6:40000 > 198.51.100.7:443",
        "tcp 192.0.2.5:40000 > 198.51.100.7:443",
    ]
    for mode in (Mode.CERTAIN, Mode.RELIABLE):
        trace = walk(one, OUTWARD, mode)[0]
        assert (trace.verdict, trace.reason) == (TraceVerdict.UNDETERMINED, why)
        assert nat_lines(trace) == [60]
    told = explain(build_topology([one]), "a", "in", Packet.parse(OUTWARD))
    assert told.verdict is TraceVerdict.UNDETERMINED
    assert [source.number for source in told.lines] == [60]


def test_an_address_that_is_not_in_the_files_decides_nothing() -> None:
    """Behind PPPoE the new source is unknown: a later filter that asks for it gives no certain answer."""
    first = router(rule(60, NatStage.EGRESS, source=MASQUERADE), dynamic=True)
    assert arrivals(first, OUTWARD) == ["tcp 10.1.0.5:60000 > 198.51.100.7:443"]
    hidden = walk(first, OUTWARD)[0]
    assert "not in the files" in hidden.hops[-2].what.en and "設定から分からない" in hidden.hops[-2].what.ja
    asks = filter_("f", line(10, Action.PERMIT, match("203.0.113.0/24")), line(11, Action.DENY, match("10.0.0.0/8")))
    second = device(
        "b", interface("x", "192.0.2.2/29", filter_in="f"), interface("y", "198.51.100.1/24"), filters=[asks]
    )
    topology = build_topology([first, second], [(("a", "out"), ("b", "x"))])
    told = explain(topology, "a", "in", Packet.parse(OUTWARD))
    assert told.verdict is TraceVerdict.UNDETERMINED
    assert [source.number for source in told.lines] == [10, 11]
    # what does not ask for the source is certain
    all_of_it = filter_("f", line(10, Action.PERMIT))
    sure = device(
        "b", interface("x", "192.0.2.2/29", filter_in="f"), interface("y", "198.51.100.1/24"), filters=[all_of_it]
    )
    topology = build_topology([first, sure], [(("a", "out"), ("b", "x"))])
    assert explain(topology, "a", "in", Packet.parse(OUTWARD)).verdict is TraceVerdict.DELIVERED


def test_policies_that_may_act_and_would_translate_otherwise() -> None:
    """A policy with a schedule and NAT before one without: the packet can leave with either source."""

    def table(certainty: Certainty) -> Device:
        lines = (
            line(10, Action.PERMIT, certainty=certainty, translation=MASQUERADE),
            line(11, Action.PERMIT),
        )
        return router(filters=(filter_("table", *lines),), policies=("table",))

    either = {"tcp 192.0.2.1:60000 > 198.51.100.7:443", OUTWARD}
    for mode in Mode:
        assert set(arrivals(table(Certainty.SOMETIMES), OUTWARD, mode)) == either
    assert set(arrivals(table(Certainty.UNCERTAIN), OUTWARD, Mode.POSSIBLE)) == either
    assert set(arrivals(table(Certainty.UNCERTAIN), OUTWARD, Mode.CERTAIN)) == {OUTWARD, "undetermined"}
    assert "undetermined" in arrivals(table(Certainty.UNCERTAIN), OUTWARD, Mode.RELIABLE)


def test_a_schedule_reaches_no_further_than_the_first_policy_that_surely_acts() -> None:
    table = filter_(
        "table",
        line(10, Action.PERMIT, certainty=Certainty.SOMETIMES, translation=MASQUERADE),
        line(11, Action.PERMIT),
        line(12, Action.PERMIT, translation=pool("192.0.2.6")),
    )
    for mode in Mode:
        assert len(arrivals(router(filters=(table,), policies=("table",)), OUTWARD, mode)) == 2


def test_an_address_that_may_change_is_not_the_address_of_the_interface() -> None:
    one = device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("out", "192.0.2.1/29", dynamic=True),
        nat=[rule(60, NatStage.EGRESS, source=MASQUERADE)],
        routes=[route("0.0.0.0/0", hop(20, "192.0.2.2", "out"))],
    )
    trace = walk(one, OUTWARD)[0]
    assert str(trace.arrives) == "tcp 10.1.0.5:60000 > 198.51.100.7:443"
    assert "not in the files" in trace.hops[-2].what.en


def test_the_mark_survives_a_later_rule_of_the_same_device() -> None:
    needs = filter_("f", line(10, Action.PERMIT, match(marks=((7, 7),))))
    marking = rule(60, NatStage.INGRESS, match("10.1.0.0/16"), on="in", mark=7)
    order = (Stage.INGRESS_NAT, Stage.ROUTE, Stage.EGRESS_NAT, Stage.EGRESS_FILTER)
    one = router(
        marking, rule(61, NatStage.EGRESS, source=MASQUERADE), filters=(needs,), filter_out="f", pipeline=order
    )
    assert arrivals(one, OUTWARD) == ["tcp 192.0.2.1:60000 > 198.51.100.7:443"]


def test_a_translation_out_of_the_family_is_an_unknown_address() -> None:
    """A reader's mistake must not end in a crash."""
    broken = Translation(TranslationKind.POOL, (2**100, 2**100))
    one = router(rule(60, NatStage.EGRESS, source=broken))
    trace = walk(one, OUTWARD)[0]
    assert trace.verdict is TraceVerdict.UNMODELLED
    assert "not in the files" in trace.hops[-2].what.en
