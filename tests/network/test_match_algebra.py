"""Intersections and differences of matches are those of the packet sets that they mean."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secaudit.network.intervals import ANY_BYTE, ANY_PORT, Intervals, normalise
from secaudit.network.match_algebra import TooManyMatchesError, intersect_matches, subtract_matches
from secaudit.network.matches import Family, Match, Service, any_address
from secaudit.packets.space import HeaderSpace

MOST = 10_000
SPACES = {4: HeaderSpace(4), 6: HeaderSpace(6)}


def intervals(edges: tuple[int, ...], every: Intervals) -> st.SearchStrategy[Intervals]:
    """Few edges, so that two drawn sets often touch, overlap or are the same."""
    pair = st.tuples(st.sampled_from(edges), st.sampled_from(edges)).map(lambda two: (min(two), max(two)))
    return st.one_of(st.just(every), st.lists(pair, min_size=1, max_size=2).map(normalise))


def services() -> st.SearchStrategy[Service]:
    return st.builds(
        Service,
        protocols=intervals((0, 1, 2, 6, 17, 58, 132, 255), ANY_BYTE),
        destination_ports=intervals((0, 22, 80, 65535), ANY_PORT),
        source_ports=intervals((0, 1023, 1024, 65535), ANY_PORT),
        icmp_types=intervals((0, 8, 128, 255), ANY_BYTE),
        icmp_codes=intervals((0, 4, 255), ANY_BYTE),
        tcp_flags=intervals((0, 2, 16, 18, 255), ANY_BYTE),
    )


def matches(family: Family) -> st.SearchStrategy[Match]:
    top = any_address(family)[0][1]
    addresses = intervals((0, 5, 10, top - 1, top), any_address(family))
    return st.builds(
        Match,
        st.just(family),
        addresses,
        addresses,
        st.lists(services(), min_size=1, max_size=2).map(tuple),
        intervals((0, 1, 9, 65535), ANY_PORT),
    )


def lists(family: Family) -> st.SearchStrategy[list[Match]]:
    return st.lists(matches(family), max_size=3)


@pytest.mark.parametrize("family", [4, 6])
@settings(max_examples=60)
@given(data=st.data())
def test_as_packet_sets(family: Family, data: st.DataObject) -> None:
    left, right = data.draw(lists(family)), data.draw(lists(family))
    space = SPACES[family]
    first, second = space.matches(left), space.matches(right)
    assert space.matches(intersect_matches(left, right, MOST)) == space.intersection(first, second)
    assert space.matches(subtract_matches(left, right, MOST)) == space.difference(first, second)


def test_families_have_nothing_in_common() -> None:
    four, six = Match(4, any_address(4), any_address(4)), Match(6, any_address(6), any_address(6))
    assert intersect_matches((four,), (six,), MOST) == ()
    assert subtract_matches((four,), (six,), MOST) == (four,)


def test_what_gets_too_big_is_an_error() -> None:
    many = tuple(Match(4, ((n, n + 9),), ((n, n + 5),)) for n in range(0, 200, 2))
    with pytest.raises(TooManyMatchesError):
        subtract_matches((Match(4, any_address(4), any_address(4), (Service(),) * 50),), many, 1000)
