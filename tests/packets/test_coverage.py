"""Trees of unions against looking at every set."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.network.intervals import Intervals
from secaudit.packets.coverage import Coverage, UnionTree
from secaudit.packets.diagrams import EMPTY, Diagrams
from tests.packets.test_diagrams import MAXIMA, boxes, build

lists = st.lists(st.tuples(boxes, st.booleans()), max_size=9)


@given(lists)
@settings(max_examples=150)
def test_covered_and_meeting_are_what_looking_at_every_set_says(
    chosen: list[tuple[list[tuple[Intervals, ...]], bool]],
) -> None:
    space = Diagrams(MAXIMA)
    nodes = [build(space, one)[0] for one, _ in chosen]
    hides = [one for _, one in chosen]
    coverage = Coverage(space, nodes, hides)
    covered = coverage.covered()
    tree = UnionTree(space, nodes)
    for index, node in enumerate(nodes):
        earlier = [one for one in range(index) if hides[one]]
        union = space.union_all(nodes[one] for one in earlier)
        assert covered[index] == (space.difference(node, union) == EMPTY)
        assert list(coverage.meeting(index)) == [
            one for one in earlier if space.intersection(nodes[one], node) != EMPTY
        ]
        assert list(tree.meeting(node)) == [
            one for one, other in enumerate(nodes) if space.intersection(node, other) != EMPTY
        ]
    assert len(covered) == len(nodes)
