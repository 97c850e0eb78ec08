"""Networks and filters that are wrong, huge or made to be slow: a clear result for the device that it is about, and the others go on."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest

from bench.long_lists import access_list
from secaudit.audit.describe import describe_file
from secaudit.audit.reading import read_config_file
from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.compiled import FilterCompiler
from secaudit.flows.dead_lines import dead_lines
from secaudit.flows.modes import Mode
from secaudit.flows.witness import witness
from secaudit.municipality.model import Zone
from secaudit.network.device import Device, DoubtKind
from secaudit.network.filters import Action, Filter
from secaudit.network.intervals import of_wildcard
from secaudit.network.matches import Match
from secaudit.packets.diagrams import WorkLimitError
from secaudit.packets.sets import PacketSet
from secaudit.packets.space import HeaderSpace
from secaudit.text.bilingual import Language
from tests.flows.building import analyse, device, filter_of, interface, line, match, route, tcp, zone

MN = zone(Zone.MY_NUMBER, "10.1.0.0/24")
LG = zone(Zone.LGWAN, "10.2.0.0/24")
IN = zone(Zone.INTERNET, "10.3.0.0/24")
MG = zone(Zone.MANAGEMENT, "10.9.0.0/24")
DEVICE_WORK = 150_000
"""Enough for every device here but the knot."""


def knot(lines: int = 120) -> Filter:
    """Scattered wildcard masks on both sides, permits and denials in turn: every line cuts every other one."""
    rng = random.Random(7)

    def scattered() -> tuple[tuple[int, int], ...]:
        return of_wildcard(rng.getrandbits(32), sum(1 << bit for bit in rng.sample(range(1, 32), 9)))

    return filter_of(
        "knot",
        *(
            line(
                number, Action.PERMIT if number % 2 else Action.DENY, Match(4, scattered(), scattered(), (tcp(number),))
            )
            for number in range(1, lines + 1)
        ),
        line(900, Action.PERMIT, match("10.1.0.0/24", "10.2.0.0/24")),
    )


def town() -> list[Device]:
    """A firewall with the knot between two zones, and a plain one between one of them and two others."""
    tied = device(
        "tied",
        [interface("mn", "10.1.0.1/24", filter_in="knot"), interface("lg", "10.2.0.1/24")],
        filters={"knot": knot()},
        routes=(route("10.3.0.0/24", "10.2.0.2", 5), route("10.9.0.0/24", "10.2.0.2", 6)),
    )
    plain = device(
        "plain",
        [
            interface("lg", "10.2.0.2/24", filter_in="out"),
            interface("in", "10.3.0.1/24", filter_in="none"),
            interface("mg", "10.9.0.1/24"),
        ],
        filters={
            "out": filter_of("out", line(20, Action.PERMIT, match("10.2.0.0/24", "10.3.0.7/32", tcp(443)))),
            "none": filter_of("none", line(30, Action.DENY, match(None, None))),
        },
        routes=(route("10.1.0.0/24", "10.2.0.1", 7),),
    )
    return [tied, plain]


def test_the_device_that_is_too_complex_is_named_and_the_others_are_computed_exactly() -> None:
    flows = analyse(town(), [MN, LG, IN, MG], device_work=DEVICE_WORK)
    through = flows.pair("my_number", "lgwan")
    assert flows.given_up == ("tied",)
    assert through.certain.is_empty
    assert not through.possible.is_empty
    (doubt,) = through.doubts
    assert doubt.kind is DoubtKind.TOO_COMPLEX
    assert doubt.text.en.startswith("too complex: tied: ")
    assert "tied" in doubt.text.ja
    beside = flows.pair("lgwan", "internet")
    assert [str(box) for box in beside.certain.boxes()] == ["10.2.0.0/24 → 10.3.0.7 tcp/443"]
    assert beside.possible == beside.certain
    assert beside.doubts == ()
    assert flows.pair("internet", "management").possible.is_empty
    found = witness(flows, beside, beside.certain)
    assert found is not None


def test_nothing_that_could_pass_a_device_that_was_given_up_counts_as_impossible() -> None:
    """Everything that the exact computation finds is still possible, and nothing more is certain."""
    zones = [MN, LG, IN, MG]
    exact = analyse(town(), zones)
    bounded = analyse(town(), zones, device_work=DEVICE_WORK)
    for source in exact.zones:
        for destination in exact.zones:
            if source == destination:
                continue
            right, left = exact.pair(source, destination), bounded.pair(source, destination)
            for packets, others in ((right.possible, left.possible), (left.certain, right.certain)):
                assert [str(box) for box in (_in(bounded, packets) - _in(bounded, others)).boxes()] == []
    assert exact.given_up == ()


def _in(flows: FlowAnalysis, packets: PacketSet) -> PacketSet:
    """A set of another analysis, in the space of this one."""
    space, other = flows.spaces[4], packets.spaces[4]
    node = space.union_all(space.product(list(enumerate(box))) for box in other.boxes(packets.ipv4))
    return PacketSet(flows.spaces, node, 0)


def test_what_is_given_up_does_not_depend_on_which_pair_is_asked_first() -> None:
    one = analyse(town(), [MN, LG, IN, MG], device_work=DEVICE_WORK)
    other = analyse(town(), [MN, LG, IN, MG], device_work=DEVICE_WORK)
    one.pair("lgwan", "internet")
    other.pair("my_number", "lgwan")
    assert one.given_up == other.given_up == ("tied",)
    assert one.pair("my_number", "internet").possible.boxes() == other.pair("my_number", "internet").possible.boxes()


def test_when_everything_is_too_complex_everything_is_undetermined() -> None:
    flows = analyse(town(), [MN, LG, IN, MG], device_work=10)
    pair = flows.pair("lgwan", "internet")
    assert pair.certain.is_empty
    assert not pair.possible.is_empty
    assert {doubt.kind for doubt in pair.doubts} == {DoubtKind.TOO_COMPLEX}


def test_work_is_counted_and_a_limit_leaves_the_manager_as_it_was() -> None:
    space = HeaderSpace(4)
    lines = knot().lines
    with pytest.raises(WorkLimitError), space.limited(1000):
        FilterCompiler(space, Mode.CERTAIN).permitted(filter_of("knot", *lines), "a", "b")
    (passed,) = FilterCompiler(space, Mode.CERTAIN).permitted(filter_of("knot", *lines[-1:]), "a", "b")
    fresh = HeaderSpace(4)
    (expected,) = FilterCompiler(fresh, Mode.CERTAIN).permitted(filter_of("knot", *lines[-1:]), "a", "b")
    assert space.count(passed.packets) == fresh.count(expected.packets)


def test_the_nearest_of_several_limits_holds() -> None:
    space = HeaderSpace(4)
    with space.limited(10**9):
        with pytest.raises(WorkLimitError), space.limited(5):
            space.product([(0, ((5, 9),)), (1, ((7, 7),))])
        assert space.product([(0, ((5, 9),)), (1, ((7, 7),))])


def test_a_routing_loop_ends_and_nothing_arrives() -> None:
    """Two routers that are each other's default route; a zone that neither reaches."""
    left = device(
        "left", [interface("mn", "10.1.0.1/24"), interface("to", "192.0.2.1/30")],
        routes=(route("0.0.0.0/0", "192.0.2.2", 5),),
    )  # fmt: skip
    right = device(
        "right", [interface("lg", "10.2.0.1/24"), interface("to", "192.0.2.2/30")],
        routes=(route("0.0.0.0/0", "192.0.2.1", 6),),
    )  # fmt: skip
    far = device("far", [interface("in", "10.3.0.1/24"), interface("up", "198.51.100.1/30")])
    flows = analyse([left, right, far], [MN, LG, IN])
    assert flows.pair("my_number", "internet").possible.is_empty
    assert not flows.pair("my_number", "lgwan").certain.is_empty
    assert flows.pair("my_number", "lgwan").doubts == ()


@pytest.mark.parametrize("count", [20_000])
def test_a_very_long_list_is_computed_exactly(tmp_path: Path, count: int) -> None:
    """100,000 lines take five times as long: `python -m bench long`."""
    path = tmp_path / "long.conf"
    path.write_text(access_list(count))
    read = read_config_file(path, path.name).read
    assert read is not None and not read.coverage.unread
    (router,) = read.devices
    long = router.filters["LONG"]
    flows = analyse([router], [zone(Zone.MY_NUMBER, "10.1.0.0/16"), zone(Zone.LGWAN, "10.2.0.0/16")])
    pair = flows.pair("my_number", "lgwan")
    assert flows.given_up == ()
    assert pair.possible == pair.certain
    seen: dict[Match, Action] = {}
    again = []
    for one in long.lines:
        if one.matches[0] in seen:
            again.append(one.label)
        seen.setdefault(one.matches[0], one.action)
    space = flows.spaces[4]
    ours = (10 << 24 | 1 << 16 | 1, 10 << 24 | 2 << 16 | 1)
    expected = space.union_all(space.match(one) for one, action in seen.items() if action is Action.PERMIT)
    own = space.guard(0, tuple((one, one) for one in ours))
    sent = space.surely_opening(space.intersection(space.difference(expected, own), space.valid))
    assert pair.certain.ipv4 == space.header_only(sent)
    assert [one.label for one in dead_lines(long)] == again


def test_dead_lines_of_a_list_that_is_too_complex_are_not_known_and_the_description_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = knot().lines
    assert dead_lines(filter_of("knot", *lines), work=0) == (), "a packet of each line tells that it is reached"
    with pytest.raises(WorkLimitError):
        dead_lines(filter_of("knot", *lines, *lines), work=1000)
    monkeypatch.setattr("secaudit.audit.describe.dead_lines", partial(dead_lines, work=5))
    path = tmp_path / "long.conf"
    text = access_list(50)
    first = next(one for one in text.splitlines() if one.startswith(" permit") or one.startswith(" deny"))
    path.write_text(text.replace(first, f"{first}\n{first}", 1))
    told = describe_file(read_config_file(path, path.name))
    assert "rt-long LONG: too complex: whether it has unreachable lines is not known" in told.as_text(Language.EN)
    (list_,) = told.as_json(Language.EN)["filters"]
    assert {one["unreachable"] for one in list_["lines"]} == {None}
