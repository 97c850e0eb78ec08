"""The three modes line by line, doubts about a device, and the explanation for people."""

from __future__ import annotations

import pytest

from secaudit.flows.modes import Mode, line_applies
from secaudit.flows.replay import Explanation, explain, replay
from secaudit.flows.topology import build_topology
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.network.device import Device, Doubt, DoubtKind, Plane, Stage
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import DynamicRouting
from secaudit.packets.packet import Packet
from secaudit.text.bilingual import Text
from tests.flows.network import at, device, filter_, hop, interface, line, match, route

WEB = "tcp 10.1.0.5:40000 > 10.2.0.9:443"
A, S, U = Certainty.ALWAYS, Certainty.SOMETIMES, Certainty.UNCERTAIN
PERMIT, DENY, UNKNOWN = Action.PERMIT, Action.DENY, Action.UNKNOWN

TABLE = {
    (Mode.POSSIBLE, PERMIT): (PERMIT, PERMIT, PERMIT),
    (Mode.POSSIBLE, DENY): (DENY, None, None),
    (Mode.POSSIBLE, UNKNOWN): (PERMIT, PERMIT, PERMIT),
    (Mode.CERTAIN, PERMIT): (PERMIT, PERMIT, None),
    (Mode.CERTAIN, DENY): (DENY, None, DENY),
    (Mode.CERTAIN, UNKNOWN): (DENY, None, DENY),
    (Mode.RELIABLE, PERMIT): (PERMIT, None, None),
    (Mode.RELIABLE, DENY): (DENY, DENY, DENY),
    (Mode.RELIABLE, UNKNOWN): (DENY, DENY, DENY),
}
"""`docs/architecture.md`: always, sometimes, uncertain; None where the line counts as not matching."""


@pytest.mark.parametrize(("mode", "action"), TABLE)
def test_the_table(mode: Mode, action: Action) -> None:
    assert tuple(line_applies(action, certainty, mode) for certainty in (A, S, U)) == TABLE[mode, action]


def behind(*lines: FilterLine, default: Action = DENY, doubts: tuple[Doubt, ...] = ()) -> Device:
    return device(
        "a",
        interface("in", "10.1.0.1/16", filter_in="f"),
        interface("out", "10.2.0.1/16"),
        interface("dmz", "10.3.0.1/16"),
        filters=[filter_("f", *lines, default=default)],
        doubts=doubts,
    )


def verdicts(one: Device, packet: str = WEB) -> list[str]:
    topology = build_topology([one])
    return [str(replay(topology, "a", "in", Packet.parse(packet), mode)[0].verdict) for mode in Mode]


def told(*devices: Device, packet: str = WEB) -> Explanation:
    return explain(build_topology(devices), "a", "in", Packet.parse(packet))


def numbers(trace: Trace) -> list[int]:
    return [source.number for step in trace.hops if step.stage is Stage.INGRESS_FILTER for source in step.sources]


@pytest.mark.parametrize(
    ("action", "certainty", "then", "expected"),
    [
        (PERMIT, A, DENY, ["delivered", "delivered", "delivered"]),
        (PERMIT, S, DENY, ["delivered", "delivered", "denied"]),
        (PERMIT, U, DENY, ["delivered", "denied", "denied"]),
        (DENY, A, PERMIT, ["denied", "denied", "denied"]),
        (DENY, S, PERMIT, ["delivered", "delivered", "denied"]),
        (DENY, U, PERMIT, ["delivered", "denied", "denied"]),
        (UNKNOWN, A, PERMIT, ["delivered", "denied", "denied"]),
        (UNKNOWN, A, DENY, ["delivered", "denied", "denied"]),
        (UNKNOWN, S, PERMIT, ["delivered", "delivered", "denied"]),
    ],
)
def test_one_packet_in_the_three_modes(action: Action, certainty: Certainty, then: Action, expected: list[str]) -> None:
    assert verdicts(behind(line(10, action, certainty=certainty), line(11, then))) == expected


def test_an_unknown_default() -> None:
    assert verdicts(behind(default=UNKNOWN)) == ["delivered", "denied", "denied"]
    explanation = told(behind(default=UNKNOWN))
    assert explanation.verdict is TraceVerdict.UNDETERMINED
    assert [source.number for source in explanation.lines] == [900]


def test_explain_names_the_lines_that_make_the_difference() -> None:
    one = behind(
        line(9, DENY, match("10.7.0.0/16"), certainty=U),
        line(10, DENY, certainty=U),
        line(11, PERMIT),
    )
    explanation = told(one)
    assert explanation.verdict is TraceVerdict.UNDETERMINED
    assert [source.number for source in explanation.lines] == [10]
    assert "a.conf:10" in explanation.reason.en and "a.conf:10" in explanation.reason.ja
    assert numbers(explanation.trace) == [10, 11]
    assert (explanation.trace.verdict, explanation.trace.arrives) == (TraceVerdict.UNDETERMINED, None)
    assert "not sure of line 10" in explanation.trace.hops[1].what.en


def test_explain_is_certain_where_the_doubtful_line_makes_no_difference() -> None:
    explanation = told(behind(line(10, DENY, certainty=U), line(11, DENY)))
    assert explanation.verdict is TraceVerdict.DENIED
    assert told(behind(line(10, PERMIT, certainty=U), line(11, PERMIT))).verdict is TraceVerdict.DELIVERED
    assert told(behind(line(10, PERMIT, certainty=S))).verdict is TraceVerdict.DELIVERED


def doubt(number: int, interfaces: frozenset[str] | None = None, plane: Plane = Plane.TRAFFIC) -> Doubt:
    text = Text(ja="対応していない設定", en="a setting that is not supported")
    return Doubt(DoubtKind.UNSUPPORTED, text, at(number), plane, interfaces)


@pytest.mark.parametrize("action", [PERMIT, DENY])
@pytest.mark.parametrize("interfaces", [None, frozenset({"in"}), frozenset({"out"})])
def test_a_doubt_makes_the_traffic_it_touches_undetermined(action: Action, interfaces: frozenset[str] | None) -> None:
    one = behind(line(10, action), doubts=(doubt(70, interfaces),))
    explanation = told(one)
    assert explanation.verdict is TraceVerdict.UNDETERMINED
    assert [source.number for source in explanation.lines] == [70]
    assert any(source.number == 70 for way in explanation.ways for step in way.hops for source in step.sources)


def test_a_doubt_in_each_mode() -> None:
    one = behind(line(10, PERMIT), doubts=(doubt(70, frozenset({"in"})),))
    assert verdicts(one) == ["delivered", "undetermined", "undetermined"]
    shut = behind(line(10, DENY), doubts=(doubt(70, frozenset({"out"})),))
    assert verdicts(shut) == ["delivered", "denied", "denied"]


def test_a_doubt_elsewhere_changes_nothing() -> None:
    elsewhere = behind(line(10, DENY), doubts=(doubt(70, frozenset({"dmz"})),))
    assert told(elsewhere).verdict is TraceVerdict.DENIED
    management = behind(line(10, DENY), doubts=(doubt(70, plane=Plane.MANAGEMENT),))
    assert told(management).verdict is TraceVerdict.DENIED


def test_a_doubt_about_the_whole_device_opens_every_interface() -> None:
    other = device("b", interface("x", "10.3.0.2/16"), interface("y", "10.2.0.1/16", number=5))
    lonely = device(
        "a",
        interface("in", "10.1.0.1/16", filter_in="f"),
        interface("dmz", "10.3.0.1/16"),
        filters=[filter_("f", line(10, DENY))],
        doubts=[doubt(70)],
    )
    possible = replay(build_topology([lonely, other]), "a", "in", Packet.parse(WEB), Mode.POSSIBLE)
    assert (possible[0].verdict, possible[0].device, possible[0].interface) == (TraceVerdict.DELIVERED, "b", "y")
    bounded = device(
        "a",
        interface("in", "10.1.0.1/16", filter_in="f"),
        interface("dmz", "10.3.0.1/16"),
        filters=[filter_("f", line(10, DENY))],
        doubts=[doubt(70, frozenset({"in"}))],
    )
    possible = replay(build_topology([bounded, other]), "a", "in", Packet.parse(WEB), Mode.POSSIBLE)
    assert {trace.verdict for trace in possible} == {TraceVerdict.DENIED, TraceVerdict.UNROUTED}


def test_a_doubt_about_the_whole_device_may_also_pass_its_nat() -> None:
    translation = Translation(TranslationKind.POOL, (0xC0000206, 0xC0000206))
    one = device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("out", "192.0.2.1/29"),
        routes=[route("0.0.0.0/0", hop(20, "192.0.2.2"))],
        nat=[NatRule("n", NatStage.EGRESS, (match(),), at(60), source=translation)],
        doubts=[doubt(70)],
    )
    packet = "tcp 10.1.0.5:40000 > 198.51.100.7:443"
    possible = replay(build_topology([one]), "a", "in", Packet.parse(packet), Mode.POSSIBLE)
    assert {str(trace.arrives) for trace in possible if trace.interface == "out"} == {
        packet,
        packet.replace("10.1.0.5", "192.0.2.6"),
    }


def test_dynamic_routes_make_a_denied_way_undetermined() -> None:
    one = device(
        "a", interface("in", "10.1.0.1/16"), interface("out", "10.9.0.1/30"), dynamic=[DynamicRouting("ospf", at(60))]
    )
    explanation = told(one)
    assert explanation.verdict is TraceVerdict.UNDETERMINED
    assert [source.number for source in explanation.lines] == [60]


def test_every_way_is_told() -> None:
    one = device(
        "a",
        interface("in", "10.1.0.1/16"),
        interface("out", "192.0.2.1/30", filter_out="f"),
        interface("other", "192.0.2.5/30"),
        routes=[route("10.2.0.0/16", hop(20, "192.0.2.2"), hop(20, "192.0.2.6"))],
        filters=[filter_("f", line(10, DENY))],
    )
    explanation = told(one)
    assert explanation.verdict is TraceVerdict.UNMODELLED
    assert [(way.verdict, way.interface) for way in explanation.ways] == [
        (TraceVerdict.UNMODELLED, "other"),
        (TraceVerdict.DENIED, None),
    ]
