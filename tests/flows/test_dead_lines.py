"""Unreachable lines: which, the fewest earlier lines that hide each, and whether one decides otherwise."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import combinations

import pytest

from secaudit.flows.dead_lines import DeadKind, dead_lines
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.matches import Match, Service
from tests.flows.building import filter_of, line, match, tcp

PERMIT, DENY = Action.PERMIT, Action.DENY


def only(filter_: Filter):
    found = dead_lines(filter_)
    assert len(found) == 1
    return found[0]


def test_one_wide_line_hides_more_simply_than_two_narrow_ones() -> None:
    low, high = match("10.1.0.0/25", None), match("10.1.0.128/25", None)
    dead = only(
        filter_of(
            "f", line(1, PERMIT, low), line(2, DENY, high), line(3, DENY, match("10.0.0.0/8", None)),
            line(4, PERMIT, match("10.1.0.0/24", None)),
        )
    )  # fmt: skip
    assert (dead.label, dead.by, dead.fewest) == ("4", ("3",), True)
    assert dead.differing == ("2",)  # what line 3 could take, line 1 and 2 take before it
    assert dead.contradicts


def test_together_they_hide_and_none_can_be_left_out() -> None:
    low, high = line(1, PERMIT, match("10.1.0.0/25", None)), line(3, PERMIT, match("10.1.0.128/25", None))
    within = line(2, PERMIT, match("10.1.0.0/24", None, tcp(22)))
    dead = only(filter_of("f", low, within, high, line(4, PERMIT, match("10.1.0.0/24", None, tcp(80)))))
    assert (dead.by, dead.fewest, dead.contradicts) == (("1", "3"), True, False)


def test_the_fewest_are_found_where_first_match_takes_more() -> None:
    """Line by line, 1, 2 and 3 take the packets; 3 and 4 alone would do."""
    lines = [
        line(1, PERMIT, match("10.1.0.0/26", None)),
        line(2, PERMIT, match("10.1.0.128/26", None)),
        line(3, PERMIT, Match(4, ((0x0A010020, 0x0A010080),), match(None, None).destinations)),
        line(4, PERMIT, Match(4, ((0x0A010000, 0x0A01001F), (0x0A010070, 0x0A0100FF)), match(None, None).destinations)),
        line(5, PERMIT, match("10.1.0.0/24", None)),
    ]
    dead = next(one for one in dead_lines(filter_of("f", *lines)) if one.label == "5")
    assert (dead.by, dead.fewest) == (("3", "4"), True)


def test_a_line_that_matches_nothing_is_told_apart() -> None:
    found = dead_lines(filter_of("f", line(1, PERMIT), line(2, DENY, match(None, None))))
    assert [(one.label, one.kind, one.by) for one in found] == [("1", DeadKind.EMPTY, ())]
    nowhere = line(3, PERMIT, match(None, None), ingress=frozenset())
    assert only(filter_of("f", nowhere)).kind is DeadKind.EMPTY


def test_a_line_for_other_interfaces_hides_nothing_but_may_decide_otherwise() -> None:
    narrow = line(1, DENY, match(None, None), ingress=frozenset({"a"}))
    wide = line(2, PERMIT, match(None, None))
    last = line(3, PERMIT, match("10.1.0.0/24", None))
    dead = only(filter_of("f", narrow, wide, last))
    assert (dead.label, dead.by, dead.differing) == ("3", ("2",), ("1",))
    elsewhere = line(3, PERMIT, match("10.1.0.0/24", None), ingress=frozenset({"b"}))
    assert only(filter_of("f", narrow, wide, elsewhere)).differing == ()


def test_what_may_not_match_hides_nothing() -> None:
    unsure = line(1, DENY, match(None, None), certainty=Certainty.SOMETIMES)
    assert dead_lines(filter_of("f", unsure, line(2, PERMIT, match(None, None)))) == ()


def test_a_search_that_would_take_too_long_says_so() -> None:
    """Sixty scattered lines that overlap: too many sets to try. The answer still needs all its lines."""
    rng = random.Random(3)
    wanted = range(0, 240, 2)

    def scattered(number: int, values: Iterable[int]) -> FilterLine:
        return line(number, PERMIT, Match(4, tuple((n, n) for n in sorted(values)), ((0, 9),)))

    held = {number: {*rng.sample(wanted, 24), 1001 + 2 * number} for number in range(60)}
    assert set().union(*held.values()) > set(wanted)
    dead = only(filter_of("f", *(scattered(*one) for one in held.items()), scattered(99, wanted)))
    assert not dead.fewest
    for one in dead.by:
        assert not set().union(*(held[int(other)] for other in dead.by if other != one)) >= set(wanted)


def small(rng: random.Random, number: int) -> FilterLine:
    """A line over the few packets of `PACKETS`."""

    def some(top: int) -> tuple[tuple[int, int], ...]:
        low = rng.randint(0, top)
        return ((low, rng.randint(low, top)),)

    service = Service(((6, 6),), destination_ports=some(2))
    ingress = None if rng.random() < 0.7 else frozenset(rng.sample("ab", rng.randint(1, 2)))
    return line(number, rng.choice((PERMIT, DENY)), Match(4, some(3), some(2), (service,)), ingress=ingress)


def packets_of(one: FilterLine) -> frozenset[tuple[int, int, int]]:
    held = one.matches[0]

    def span(intervals: tuple[tuple[int, int], ...]) -> range:
        return range(intervals[0][0], intervals[0][1] + 1)

    return frozenset(
        (s, d, p)
        for s in span(held.sources)
        for d in span(held.destinations)
        for p in span(held.services[0].destination_ports)
    )


@pytest.mark.parametrize("seed", range(120))
def test_brute_force(seed: int) -> None:
    """Small filters over 36 packets and two interfaces: dead lines, the smallest hiding sets and contradictions by enumeration."""
    rng = random.Random(seed)
    lines = [small(rng, number) for number in range(rng.randint(4, 9))]
    found = {one.label: one for one in dead_lines(filter_of("f", *lines))}
    for index, one in enumerate(lines):
        wide = [e for e in lines[:index] if e.ingress is None or (one.ingress is not None and one.ingress <= e.ingress)]
        smallest = next(
            (
                size
                for size in range(len(wide) + 1)
                for chosen in combinations(wide, size)
                if packets_of(one) <= frozenset().union(*map(packets_of, chosen))
            ),
            None,
        )
        assert (one.label in found) == (smallest is not None)
        if smallest is None:
            continue
        dead = found[one.label]
        assert dead.fewest
        assert len(dead.by) == smallest
        chosen = [e for e in wide if e.label in dead.by]
        assert packets_of(one) <= frozenset().union(*map(packets_of, chosen))
        differs = set()
        for port in one.ingress or "ab":
            for packet in packets_of(one):
                first = next(e for e in lines if packet in packets_of(e) and (e.ingress is None or port in e.ingress))
                if first.action is not one.action:
                    differs.add(first.label)
        assert set(dead.differing) >= differs
        assert bool(dead.differing) == bool(differs)
