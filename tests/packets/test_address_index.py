"""What is found by addresses: everything that has a packet in common with what is asked for, and nothing that another address tells apart."""

from __future__ import annotations

import random

import pytest

from secaudit.network.intervals import Intervals, intersect, normalise
from secaudit.network.matches import Family, Match
from secaudit.packets import address_index
from secaudit.packets.address_index import AddressIndex
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace

TOP = 2**32 - 1


def some(rng: random.Random) -> Intervals:
    draw = rng.random()
    if draw < 0.1:
        return ((0, TOP),)
    if draw < 0.2:
        return ((TOP - rng.randrange(5), TOP),)
    starts = [rng.randrange(200) for _ in range(rng.randint(1, 12))]
    return normalise((low, low + rng.randrange(4)) for low in starts)


def matches(rng: random.Random) -> tuple[Match, ...]:
    families: tuple[Family, Family] = (4, 6)
    return tuple(Match(rng.choice(families), some(rng), some(rng)) for _ in range(rng.choice((0, 1, 1, 1, 2, 3))))


@pytest.mark.parametrize("seed", range(60))
def test_nothing_in_common_is_missed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(address_index, "_BLOCK", 7)
    monkeypatch.setattr(address_index, "_MOST", rng.choice((1, 3, 64)))
    space = HeaderSpace(4)
    members = [matches(rng) for _ in range(rng.randrange(40))]
    nodes = [space.matches(one) for one in members]
    index = AddressIndex(4, members)
    for _ in range(20):
        wanted = matches(rng)
        packets = space.matches(wanted)
        expected = {number for number, node in enumerate(nodes) if space.intersection(node, packets) != EMPTY}
        for found in (list(index.near_matches(wanted)), list(index.near_packets(space, packets))):
            assert found == sorted(set(found))
            assert expected <= set(found)


def test_only_what_shares_both_addresses_is_found() -> None:
    rng = random.Random(1)
    members = [Match(4, some(rng), some(rng)) for _ in range(700)]
    index = AddressIndex(4, [(one,) for one in members])
    for _ in range(50):
        wanted = Match(4, some(rng), some(rng))
        assert list(index.near_matches((wanted,))) == [
            number
            for number, one in enumerate(members)
            if intersect(one.sources, wanted.sources) and intersect(one.destinations, wanted.destinations)
        ]


def test_everything_is_near_everything_and_nothing_is_near_nothing() -> None:
    space = HeaderSpace(4)
    index = AddressIndex(4, [(), (Match(4, ((0, TOP),), ((5, 5),)),), (Match(6, ((0, 9),), ((0, 9),)),)])
    assert list(index.near_packets(space, space.valid)) == [1]
    assert list(index.near_packets(space, EMPTY)) == []
    assert list(AddressIndex(4, []).near_packets(space, space.valid)) == []
