"""Small networks on which packet sets once said more than the interpreter, or one of them broke off."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.departures import Detail
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay, replay_connection
from secaudit.flows.trace import TraceVerdict
from secaudit.municipality.model import InterfaceRef, Zone
from secaudit.network.device import Stage
from secaudit.network.filters import Action, Certainty
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.nat import Translation, TranslationKind
from secaudit.network.routes import NextHop, Route
from secaudit.network.tunnels import Diversion
from secaudit.packets.packet import Packet
from tests.flows.building import PIPELINE, analyse, at, device, filter_of, flow, interface, line, match, route, zone

MN, LG = zone(Zone.MY_NUMBER, "10.1.0.0/24"), zone(Zone.LGWAN, "10.2.0.0/24")
PACKET = Packet.parse("tcp 10.1.0.5:1000 > 10.2.0.5:80")
OTHER = Translation(TranslationKind.POOL, (int(ipaddress.ip_address("10.99.0.9")),) * 2)
UP_TO_LG = route("10.2.0.0/24", "10.99.0.2", 5)


def by_sets(analysis: FlowAnalysis, mode: Mode) -> bool:
    return flow(analysis, mode, "my_number", "lgwan").contains(PACKET)


def by_interpreter(analysis: FlowAnalysis, mode: Mode) -> set[TraceVerdict]:
    return {trace.verdict for trace in replay(analysis.topology, "one", "a", PACKET, mode)}


def two_devices(first: Certainty, *, translated_passes: bool, untranslated_passes: bool) -> FlowAnalysis:
    """A permit that may act and translates, a sure permit that does not, and behind them a filter that asks for the source."""
    policy = filter_of(
        "policy",
        line(1, Action.PERMIT, match(None, None), certainty=first, source_translation=OTHER),
        line(2, Action.PERMIT, match(None, None)),
    )
    actions = {True: Action.PERMIT, False: Action.DENY}
    behind = filter_of(
        "behind",
        line(11, actions[translated_passes], match("10.99.0.0/24", None)),
        line(12, actions[untranslated_passes], match(None, None)),
    )
    one = device(
        "one",
        [interface("a", "10.1.0.1/24"), interface("t", "10.99.0.1/24")],
        filters={"policy": policy},
        policies=("policy",),
        routes=(UP_TO_LG,),
    )
    two = device(
        "two",
        [interface("t", "10.99.0.2/24", filter_in="behind"), interface("b", "10.2.0.1/24")],
        filters={"behind": behind},
    )
    return analyse([one, two], [MN, LG])


@pytest.mark.parametrize("first", [Certainty.UNCERTAIN, Certainty.SOMETIMES])
@pytest.mark.parametrize("translated_passes", [True, False])
@pytest.mark.parametrize("untranslated_passes", [True, False])
def test_a_permit_that_may_translate_otherwise(
    first: Certainty, translated_passes: bool, untranslated_passes: bool
) -> None:
    """Of an uncertain one nothing is sure. One that acts sometimes is a state of its own: both are real, a link needs both."""
    analysis = two_devices(first, translated_passes=translated_passes, untranslated_passes=untranslated_passes)
    some = translated_passes or untranslated_passes
    assert by_sets(analysis, Mode.POSSIBLE) is some
    assert (TraceVerdict.DELIVERED in by_interpreter(analysis, Mode.POSSIBLE)) is some
    assert by_sets(analysis, Mode.CERTAIN) is (some and first is Certainty.SOMETIMES)
    # what a link relies on: never more than the interpreter, which follows every way
    assert not by_sets(analysis, Mode.RELIABLE)
    whole = by_interpreter(analysis, Mode.RELIABLE) == {TraceVerdict.DELIVERED}
    assert whole is (translated_passes and untranslated_passes and first is Certainty.SOMETIMES)


@pytest.mark.parametrize("mode", list(Mode))
def test_explanations_hold_no_more_than_what_passes(mode: Mode) -> None:
    analysis = two_devices(Certainty.UNCERTAIN, translated_passes=True, untranslated_passes=True)
    engine, space = analysis.engine(mode, 4), analysis.spaces[4]
    sent = engine.sent("my_number", analysis.plan.addresses["my_number"][4])
    plain = space.union_all(part.packets for part in engine.device("one").transfer("a", sent))
    for detail in (Detail.LINES, Detail.CHAINS):
        told = space.union_all(part.packets for part in engine.device("one").transfer("a", sent, detail=detail))
        assert told == plain


@pytest.mark.parametrize("place", ["filter_in", "filter_out", "policies", "selector"])
def test_a_filter_that_is_applied_and_not_defined_may_do_anything(place: str) -> None:
    """A reader should say what its vendor makes of it. When none did, nobody knows: never that everything surely passes."""
    more: dict[str, object] = {place: "nowhere"} if place.startswith("filter") else {}
    if place == "selector":
        more = {"diversions": (Diversion("nowhere", "b", at(3)),)}
    one = device(
        "one",
        [
            interface("a", "10.1.0.1/24", **(more if place == "filter_in" else {})),
            interface("b", "10.2.0.1/24", **(more if place != "filter_in" else {})),
        ],
        policies=("nowhere",) if place == "policies" else (),
    )
    one = replace(one, pipeline=(*PIPELINE[:-1], Stage.DIVERSION, PIPELINE[-1]))
    analysis = analyse([one], [MN, LG])
    assert by_sets(analysis, Mode.POSSIBLE)
    assert TraceVerdict.DELIVERED in by_interpreter(analysis, Mode.POSSIBLE)
    for mode in (Mode.CERTAIN, Mode.RELIABLE):
        assert not by_sets(analysis, mode)
        assert TraceVerdict.DELIVERED not in by_interpreter(analysis, mode)
    assert not replay_connection(analysis.topology, "one", "a", PACKET).works


def test_a_filter_for_the_device_itself_that_is_not_defined() -> None:
    one = device("one", [interface("a", "10.1.0.1/24")], local_in=("nowhere",))
    analysis = analyse([one], [MN])
    exposure = analysis.exposure("my_number", "one")
    assert exposure.certain.is_empty
    assert not exposure.possible.is_empty


def test_a_zone_outside_at_a_line_between_two_submitted_devices() -> None:
    """Behind the line is the other device, and only what it forwards gets any further."""
    far = replace(interface("t", "10.9.0.1/24"), kind=InterfaceKind.TUNNEL, addresses=(), peer="u")
    near = replace(interface("u", "10.9.0.2/24"), kind=InterfaceKind.TUNNEL, addresses=())
    hop = NextHop(at(5), interface="t")
    up = Route(ipaddress.ip_network("10.2.0.0/24"), (hop,), at(5))
    one = device("one", [interface("a", "10.1.0.1/24"), far], routes=(up,))
    outside = replace(zone(Zone.LGWAN, "10.2.0.0/24"), interfaces=(InterfaceRef("one", "t"),))
    two = device("two", [near, interface("b", "10.3.0.1/24")])
    for devices, arrives in (([one], True), ([one, two], False)):
        analysis = analyse(devices, [MN, outside])
        for mode in (Mode.POSSIBLE, Mode.CERTAIN):
            assert by_sets(analysis, mode) is arrives
            assert (TraceVerdict.UNMODELLED in by_interpreter(analysis, mode)) is arrives
