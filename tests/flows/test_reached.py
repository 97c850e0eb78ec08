"""What one packet of a line tells is true: the line is reached, by that packet, which no earlier line takes."""

from __future__ import annotations

import random

import pytest

from secaudit.flows.dead_lines import _hidden_of_many, _unreachable
from secaudit.flows.hiding import MatchedLines
from secaudit.flows.reached import ReachedLines
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.intervals import ANY_BYTE, ANY_PORT, Intervals, normalise
from secaudit.network.matches import Match, Service
from secaudit.packets.space import HeaderSpace

SMALL: Intervals = ((0, 15),)


def some(rng: random.Random, everything: Intervals, top: int) -> Intervals:
    """A few values, one, or all."""
    if rng.random() < 0.3:
        return everything
    lows = [rng.randrange(top) for _ in range(rng.choice((1, 1, 2)))]
    return normalise((low, min(top, low + rng.randrange(4))) for low in lows)


def line(rng: random.Random, label: str) -> FilterLine:
    matches = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        services = tuple(
            Service(
                protocols=rng.choice((ANY_BYTE, ((6, 6),), ((17, 17),), ((1, 1),), ((58, 58),), ((6, 17),))),
                destination_ports=some(rng, ANY_PORT, 8),
                source_ports=some(rng, ANY_PORT, 4) if rng.random() < 0.3 else ANY_PORT,
                icmp_types=some(rng, ANY_BYTE, 8) if rng.random() < 0.3 else ANY_BYTE,
                tcp_flags=rng.choice((ANY_BYTE, ANY_BYTE, ((2, 2),), ((16, 31),))),
            )
            for _ in range(rng.choice((1, 1, 2)))
        )
        matches.append(Match(rng.choice((4, 4, 6)), some(rng, SMALL, 15), some(rng, SMALL, 15), services))
    return FilterLine(
        label=label,
        action=rng.choice((Action.PERMIT, Action.DENY, Action.DENY, Action.UNKNOWN)),
        matches=tuple(matches),
        sources=(),
        certainty=rng.choice((Certainty.ALWAYS, Certainty.ALWAYS, Certainty.ALWAYS, Certainty.UNCERTAIN)),
        ingress=rng.choice((None, None, frozenset({"a"}), frozenset({"a", "b"}), frozenset())),
    )


@pytest.mark.parametrize("seed", range(60))
def test_lines_that_are_reached_are_not_hidden_and_both_ways_find_the_same(seed: int) -> None:
    rng = random.Random(seed)
    lines = [line(rng, str(number)) for number in range(rng.randrange(2, 40))]
    matched = MatchedLines(lines, {4: HeaderSpace(4), 6: HeaderSpace(6)})
    hidden = _hidden_of_many(matched)
    assert _unreachable(matched) == hidden
    reached = ReachedLines(lines, (4, 6))
    assert not [index for index in hidden if reached.is_reached(index)]


def test_most_lines_of_a_usual_list_need_no_set() -> None:
    host = [Match(4, ((number, number),), ((100, 100),), (Service(protocols=((6, 6),)),)) for number in range(50)]
    lines = [FilterLine(str(number), Action.PERMIT, (one,), ()) for number, one in enumerate([*host, host[7]])]
    matched = MatchedLines(lines, {4: HeaderSpace(4), 6: HeaderSpace(6)})
    assert _unreachable(matched) == [50]
    assert set(matched._known) <= {7, 50}
