"""The set algebra against brute force: every operation on small spaces, every tuple looked at."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.network.intervals import Intervals, normalise
from secaudit.packets.diagrams import EMPTY, FULL, Diagrams, TooComplexError
from secaudit.packets.partition import Partition, split

MAXIMA = (5, 3, 6)
POINTS = list(product(*(range(top + 1) for top in MAXIMA)))
Point = tuple[int, ...]


def intervals(level: int) -> st.SearchStrategy[Intervals]:
    pair = st.tuples(st.integers(0, MAXIMA[level]), st.integers(0, MAXIMA[level])).map(lambda p: (min(p), max(p)))
    return st.lists(pair, min_size=1, max_size=3).map(normalise)


boxes = st.lists(st.tuples(*(intervals(level) for level in range(3))), max_size=5)


def build(space: Diagrams, chosen: list[tuple[Intervals, ...]]) -> tuple[int, set[Point]]:
    """A set as a diagram and as the plain set of its tuples."""
    node = space.union_all(space.product(list(enumerate(box))) for box in chosen)
    points = {
        point
        for point in POINTS
        if any(
            all(any(low <= value <= high for low, high in part) for value, part in zip(point, box, strict=True))
            for box in chosen
        )
    }
    return node, points


def points_of(space: Diagrams, node: int) -> set[Point]:
    return {point for point in POINTS if space.contains(node, point)}


@given(boxes, boxes)
@settings(max_examples=200)
def test_algebra_equals_plain_sets(left: list[tuple[Intervals, ...]], right: list[tuple[Intervals, ...]]) -> None:
    space = Diagrams(MAXIMA)
    a, plain_a = build(space, left)
    b, plain_b = build(space, right)
    assert points_of(space, a) == plain_a
    assert points_of(space, space.intersection(a, b)) == plain_a & plain_b
    assert points_of(space, space.union(a, b)) == plain_a | plain_b
    assert points_of(space, space.difference(a, b)) == plain_a - plain_b
    assert space.count(a) == len(plain_a)
    assert (a == b) == (plain_a == plain_b)


@given(boxes, st.integers(0, 2), st.data())
@settings(max_examples=200)
def test_transformations_equal_plain_sets(chosen: list[tuple[Intervals, ...]], level: int, data: st.DataObject) -> None:
    space = Diagrams(MAXIMA)
    node, plain = build(space, chosen)
    new = data.draw(intervals(level))
    distance = data.draw(st.integers(-3, 3))

    def put(point: Point, value: int) -> Point:
        return (*point[:level], value, *point[level + 1 :])

    values = range(MAXIMA[level] + 1)
    assert points_of(space, space.forget(node, level)) == {put(p, v) for p in plain for v in values}
    wanted = {v for v in values if any(low <= v <= high for low, high in new)}
    assert points_of(space, space.assign(node, level, new)) == {put(p, v) for p in plain for v in wanted}
    moved = {put(p, p[level] + distance) for p in plain if 0 <= p[level] + distance <= MAXIMA[level]}
    assert points_of(space, space.shift(node, level, distance)) == moved
    assert set(space.values(node, level)) == set(normalise((p[level], p[level]) for p in plain) if plain else ())


@given(boxes)
@settings(max_examples=200)
def test_boxes_are_disjoint_and_cover_the_set(chosen: list[tuple[Intervals, ...]]) -> None:
    space = Diagrams(MAXIMA)
    node, plain = build(space, chosen)
    covered: list[Point] = []
    for box in space.boxes(node):
        spans = [[v for low, high in part for v in range(low, high + 1)] for part in box]
        covered.extend(product(*spans))
    assert len(covered) == len(set(covered))
    assert set(covered) == plain


@given(boxes)
@settings(max_examples=200)
def test_a_field_handed_down_keeps_every_relation_and_handing_up_restores_it(
    chosen: list[tuple[Intervals, ...]],
) -> None:
    space = Diagrams((9, 12, 9))
    node = space.union_all(space.product(list(enumerate(box))) for box in chosen)
    fresh = space.forget(node, 1)
    kept = space.hand_down(fresh, 0, ((3, 4),))
    for x, y, z in product(range(10), range(13), range(10)):
        assert space.contains(kept, (x, y, z)) == (x in (3, 4) and y < 10 and space.contains(fresh, (y, 0, z)))
    assert space.hand_up(kept, 0) == fresh


@given(boxes, st.sets(st.integers(0, 2), min_size=1))
@settings(max_examples=200)
def test_keeping_some_fields_forgets_all_others(chosen: list[tuple[Intervals, ...]], levels: set[int]) -> None:
    space = Diagrams(MAXIMA)
    node, _ = build(space, chosen)
    expected = node
    for level in {0, 1, 2} - levels:
        expected = space.forget(expected, level)
    assert space.keep(node, frozenset(levels)) == expected


@given(boxes, st.lists(st.integers(0, 4), min_size=10, max_size=10), st.integers(0, 2))
@settings(max_examples=200)
def test_a_set_is_cut_into_the_parts_that_one_intersection_each_would_give(
    chosen: list[tuple[Intervals, ...]], labels: list[int], level: int
) -> None:
    space = Diagrams((9, 9, 9))
    node = space.union_all(space.product(list(enumerate(box))) for box in chosen)
    parts = {label: normalise((v, v) for v in range(10) if labels[v] == label) for label in range(4)}
    found = split(space, node, level, Partition((label, values) for label, values in parts.items()))
    for label, values in parts.items():
        assert found.get(label, EMPTY) == space.intersection(node, space.guard(level, values))


def test_leaves_and_the_node_limit() -> None:
    space = Diagrams(MAXIMA)
    assert space.guard(0, ((0, 5),)) == FULL
    assert space.guard(0, ()) == EMPTY
    small = Diagrams((65535,), node_limit=10)
    with pytest.raises(TooComplexError):
        for value in range(20):
            small.guard(0, ((value * 2, value * 2),))
