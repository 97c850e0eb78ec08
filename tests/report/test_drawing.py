"""In the drawing no two lines lie on each other, whatever is drawn."""

from __future__ import annotations

import dataclasses
import itertools
import random
import re

import pytest

from secaudit.audit.result import AuditResult, FlowSummary, ZoneSummary
from secaudit.audit.result_json import in_order
from secaudit.report.diagram import WIDTH, Drawing, LineKind
from secaudit.report.drawing import MAX_LINES, draw
from secaudit.report.findings import group
from secaudit.report.matrix import lay_out_matrix
from secaudit.report.wrapping import width_em, wrap
from secaudit.text.bilingual import Language, Text
from tests.report.sample import HOSTILE, empty_result, hostile_result, sample_result

_LAYERS = ("my_number", "lgwan", "internet")


def drawing_of(result: AuditResult) -> Drawing:
    result = in_order(result)
    return draw(result, lay_out_matrix(result, group(result)), Language.JA)


def sixteen_zones(seed: int, density: float) -> AuditResult:
    """All 16 zones with flows drawn by lot."""
    shuffler = random.Random(seed)
    zones = tuple(
        ZoneSummary(
            f"zone{number:02}",
            f"Z{number}",
            Text(ja=f"長い名前をもつ領域その{number}番", en=f"zone with a long name, number {number}"),
            _LAYERS[number] if number < 3 else None,
            3 <= number < 12,
            (f"10.{number}.0.0/16", f"10.{number + 100}.0.0/16", "10.250.0.0/16"),
            (),
        )
        for number in range(16)
    )
    kinds = ("violation", "undetermined", "permitted")
    flows = tuple(
        FlowSummary(left.zone, right.zone, "some", "S1", shuffler.choice(kinds))
        for left, right in itertools.permutations(zones, 2)
        if shuffler.random() < density
    )
    return dataclasses.replace(sample_result(), zones=zones, flows=flows)


def segments(path: str) -> list[tuple[float, float, float, float]]:
    """The straight pieces of path data, corners squared."""
    numbers = [
        float(number)
        for number in re.findall(r"-?\d+\.\d", re.sub(r"L[\d. -]+Q([\d. -]+?) [\d.-]+ [\d.-]+(?=L)", r"L\1", path))
    ]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    return [(*before, *after) for before, after in itertools.pairwise(points)]


def overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    """The length on which two upright or two level pieces lie on each other."""
    for axis in (0, 1):
        across = 1 - axis
        if one[axis] == one[axis + 2] and other[axis] == other[axis + 2] and abs(one[axis] - other[axis]) < 1:
            low = max(min(one[across], one[across + 2]), min(other[across], other[across + 2]))
            high = min(max(one[across], one[across + 2]), max(other[across], other[across + 2]))
            return max(0.0, high - low)
    return 0.0


CASES = [
    sample_result(),
    hostile_result(),
    *(sixteen_zones(seed, density) for seed in range(6) for density in (0.05, 0.1, 0.6)),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_pieces_are_level_or_upright_and_inside(case: int) -> None:
    drawing = drawing_of(CASES[case])
    assert len(drawing.lines) <= MAX_LINES
    for line in drawing.lines:
        for x1, y1, x2, y2 in segments(line.path):
            assert x1 == x2 or y1 == y2, line.path
            assert 0 <= min(x1, x2) <= max(x1, x2) <= WIDTH
            assert 0 <= min(y1, y2) <= max(y1, y2) <= drawing.height
    for box in drawing.boxes:
        assert box.x >= 0
        assert box.x + box.width <= WIDTH
        assert box.y + box.height <= drawing.height


@pytest.mark.parametrize("case", range(len(CASES)))
def test_boxes_do_not_overlap_and_no_line_crosses_one(case: int) -> None:
    drawing = drawing_of(CASES[case])
    for one, other in itertools.combinations(drawing.boxes, 2):
        apart = (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        )
        assert apart
    for line in drawing.lines:
        for x1, y1, x2, y2 in segments(line.path):
            for box in drawing.boxes:
                inside = (
                    max(x1, x2) > box.x
                    and min(x1, x2) < box.x + box.width
                    and max(y1, y2) > box.y
                    and min(y1, y2) < box.y + box.height
                )
                assert not inside, (line.source.zone, line.destination.zone, box.zone.zone)


@pytest.mark.parametrize("case", range(len(CASES)))
def test_no_two_lines_lie_on_each_other(case: int) -> None:
    drawing = drawing_of(CASES[case])
    pieces = [(index, piece) for index, line in enumerate(drawing.lines) for piece in segments(line.path)]
    for (first, one), (second, other) in itertools.combinations(pieces, 2):
        if first != second:
            assert overlap(one, other) < 1, (drawing.lines[first].path, drawing.lines[second].path)


@pytest.mark.parametrize("case", range(len(CASES)))
def test_labels_do_not_cover_each_other(case: int) -> None:
    drawing = drawing_of(CASES[case])
    for one, other in itertools.combinations(drawing.lines, 2):
        apart = (
            abs(one.label_y - other.label_y) >= 16
            or abs(one.label_x - other.label_x) >= (one.label_width + other.label_width) / 2
        )
        assert apart, (one.label, other.label)


def test_violations_come_first_and_what_is_left_out_is_counted() -> None:
    drawing = drawing_of(sixteen_zones(1, 1.0))
    result = sixteen_zones(1, 1.0)
    violations = sum(flow.judgement == "violation" for flow in result.flows)
    assert drawing.drawn[LineKind.VIOLATION] == MAX_LINES
    assert drawing.omitted[LineKind.VIOLATION] == violations - MAX_LINES
    assert drawing.omitted[LineKind.PERMITTED] > 0


def test_lines_carry_the_numbers_of_their_findings() -> None:
    lines = {(line.source.zone, line.destination.zone): line for line in drawing_of(sample_result()).lines}
    found = lines["my_number", "public_internet"]
    assert (found.kind, found.label, found.target) == (LineKind.VIOLATION, "2", "finding-2")
    gap = lines["other_internal", "lgwan"]
    assert (gap.kind, gap.label, gap.target) == (LineKind.UNDETERMINED, "U-3", "unknown-3")
    # A violation that no rule has taken up is drawn all the same.
    assert (lines["guest_wireless", "management"].label, lines["guest_wireless", "management"].target) == ("!", None)
    # What is denied or free is not drawn.
    assert ("my_number", "guest_wireless") not in lines


def test_both_directions_of_a_permitted_pair_are_one_line() -> None:
    lines = [
        line
        for line in drawing_of(sample_result()).lines
        if {line.source.zone, line.destination.zone} == {"lgwan", "lgwan_network"}
    ]
    assert [(line.both_ways, line.label) for line in lines] == [(True, "L1")]


@pytest.mark.parametrize("external", [True, False])
def test_as_many_zones_as_a_file_may_hold_are_drawn_somehow(external: bool) -> None:
    base = sixteen_zones(1, 0.1)
    zones = tuple(
        dataclasses.replace(base.zones[5], zone=f"zone{number:02}", external=external) for number in range(64)
    )
    drawing = drawing_of(dataclasses.replace(base, zones=zones))
    assert len(drawing.boxes) == 64
    assert len({(box.x, box.y) for box in drawing.boxes}) == 64


def test_nothing_to_draw() -> None:
    assert drawing_of(empty_result()).boxes == ()


def test_titles_stay_inside_their_boxes() -> None:
    for result in (sample_result(), hostile_result()):
        for box in drawing_of(result).boxes:
            size = 15 if box.row == 1 else 12
            for line in box.title:
                assert width_em(line) * size <= box.width - 9


@pytest.mark.parametrize("width", [4.0, 9.5, 20.0])
@pytest.mark.parametrize(
    "text", ["自治体情報セキュリティクラウド", "prefectural security cloud", HOSTILE, "", "W" * 999, "a b"]
)
def test_wrapping(text: str, width: float) -> None:
    lines = wrap(text, width, 3)
    assert len(lines) <= 3
    assert all(width_em(line) <= width for line in lines)
    whole = "".join("".join(lines).split()).rstrip("…")
    assert "".join(text.split()).startswith(whole[:3])
