"""What earlier sets leave of later ones, against looking at every set."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.network.intervals import Intervals
from secaudit.packets.coverage import Coverage
from secaudit.packets.diagrams import EMPTY, Diagrams
from tests.packets.test_diagrams import MAXIMA, boxes, build

lists = st.lists(st.tuples(boxes, st.booleans()), max_size=9)


@given(lists)
@settings(max_examples=150)
def test_covered_and_left_are_what_looking_at_every_set_says(
    chosen: list[tuple[list[tuple[Intervals, ...]], bool]],
) -> None:
    space = Diagrams(MAXIMA)
    nodes = [build(space, one)[0] for one, _ in chosen]
    coverage = Coverage(space, nodes, [one for _, one in chosen])
    covered, left = coverage.covered(), coverage.left()
    assert len(covered) == len(left) == len(nodes)
    hidden = EMPTY
    for index, node in enumerate(nodes):
        assert left[index] == space.difference(node, hidden)
        assert covered[index] == (left[index] == EMPTY)
        if chosen[index][1]:
            hidden = space.union(hidden, node)
    assert coverage.hidden == hidden
