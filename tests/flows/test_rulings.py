"""Which line decides: all lines at once, against first match wins, one line after the other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import pytest

from secaudit.flows import compiled
from secaudit.flows.budget import UNLIMITED, Budget
from secaudit.flows.compiled import RULING_COST, FilterCompiler, KnownFilters, acts
from secaudit.flows.modes import Mode
from secaudit.network.filters import Action, Certainty, Connection, Filter
from secaudit.network.nat import Translation
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import Field, HeaderSpace
from tests.flows.building import filter_of, line, match, tcp
from tests.flows.random_networks import RandomNetwork

Said = tuple[int, bool, int | None]
"""Packets, whether they pass, and the line."""


def one_by_one(
    space: HeaderSpace, filter_: Filter, mode: Mode, ingress: str, egress: str, packets: int
) -> Iterator[Said]:
    remaining = space.intersection(packets, space.opening) if filter_.stateful else packets
    may_act: list[tuple[int, Translation | None]] = []
    """What permits match that do nothing for the question and may act all the same, and how they translate it."""

    def permitted(hit: int, position: int | None, translation: Translation | None) -> Iterator[Said]:
        sure = hit
        for matched, other in may_act:
            if other != translation:
                sure = space.difference(sure, matched)
        if sure != hit:
            yield space.difference(hit, sure), False, position
        if sure != EMPTY:
            yield sure, True, position

    for position, one in enumerate(filter_.lines):
        elsewhere = (one.ingress is not None and ingress not in one.ingress) or (
            one.egress is not None and egress not in one.egress
        )
        action = acts(one, mode)
        if elsewhere or one.connection is Connection.ESTABLISHED:
            continue
        matched = space.matches(one.matches)
        if action is None:
            may_act += [(matched, one.source_translation)] if one.action is Action.PERMIT else []
            continue
        hit = space.intersection(remaining, matched)
        if hit != EMPTY and action is Action.PERMIT:
            yield from permitted(hit, position, one.source_translation)
        elif hit != EMPTY:
            yield hit, False, position
        surely = one.certainty is Certainty.ALWAYS and one.action is not Action.UNKNOWN
        if action is Action.DENY or surely:
            remaining = space.difference(remaining, hit)
    remaining = space.intersection(remaining, space.valid)
    if remaining != EMPTY:
        if filter_.default is Action.PERMIT or (filter_.default is Action.UNKNOWN and mode is Mode.POSSIBLE):
            yield from permitted(remaining, None, None)
        else:
            yield remaining, False, None


@pytest.mark.parametrize("looked_up_from", [1, 1_000])
@pytest.mark.parametrize("mode", list(Mode))
def test_rulings_are_what_first_match_says(mode: Mode, looked_up_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_LONG", looked_up_from)
    total = 0
    for seed in range(12):
        space = HeaderSpace(4)
        network = RandomNetwork(seed, nat=True, unsure=True)
        leaf = int(next(iter(network.leaves.values())).network_address)
        few = space.intersection(space.valid, space.guard(Field.SOURCE, ((leaf, leaf + 255),)))
        for device in network.devices:
            compiler = FilterCompiler(space, mode)
            for filter_ in device.filters.values():
                for ingress in device.interfaces:
                    for egress in device.interfaces:
                        for packets in (space.valid, few):
                            found = compiler.rulings(filter_, ingress, egress, packets, UNLIMITED)
                            said = [(one.packets, one.permits, one.position) for one in found]
                            assert said == list(one_by_one(space, filter_, mode, ingress, egress, packets))
                            total += len(said)
    assert total > 200


@pytest.mark.parametrize("stateful", [False, True])
def test_what_is_permitted_is_what_first_match_says_for_every_question(stateful: bool) -> None:
    """Questions share what is compiled, in any order of asking, and no question gets the answer of another."""
    total = apart = 0
    for seed in range(12):
        space = HeaderSpace(4)
        known = KnownFilters(space)
        modes = random.Random(seed).sample(list(Mode), 3)
        for device in RandomNetwork(seed, nat=True, unsure=True).devices:
            for one in device.filters.values():
                filter_ = replace(one, stateful=stateful, default=tuple(Action)[seed % 3])
                for ingress, egress in permutations(device.interfaces, 2):
                    said = []
                    for mode in modes:
                        found = FilterCompiler(space, mode, known).permitted(filter_, ingress, egress)
                        said.append({part.translation: space.intersection(part.packets, space.valid) for part in found})
                        expected: dict[Translation | None, int] = {}
                        for packets, permits, position in one_by_one(
                            space, filter_, mode, ingress, egress, space.valid
                        ):
                            if permits:
                                how = None if position is None else filter_.lines[position].source_translation
                                expected[how] = space.union(expected.get(how, EMPTY), packets)
                        assert said[-1] == expected
                        total += len(expected)
                    apart += said[0] != said[1] or said[1] != said[2]
    assert total > 200
    assert apart > 20


def test_doubts_are_those_of_lines_that_see_the_packets() -> None:
    """Line 2 may deny what line 4 permits; line 1 takes everything of line 3 before it."""
    unsure = line(2, Action.DENY, match("10.1.0.0/16", None), certainty=Certainty.UNCERTAIN)
    hidden = line(3, Action.DENY, match(None, None, tcp(22)), certainty=Certainty.UNCERTAIN)
    filter_ = filter_of("f", line(1, Action.PERMIT, match(None, None, tcp(22))), unsure, hidden,
                        line(4, Action.PERMIT, match(None, None, tcp(80))))  # fmt: skip
    space = HeaderSpace(4)
    first, last, _ = FilterCompiler(space, Mode.POSSIBLE).rulings(filter_, "a", "b", space.valid, UNLIMITED)
    assert (first.position, first.doubts) == (0, ())
    assert (last.position, [doubt.sources for doubt in last.doubts]) == (3, [unsure.sources])


def test_an_exhausted_budget_ends_the_rulings() -> None:
    filter_ = filter_of("f", *(line(n, Action.PERMIT, match(None, None, tcp(n))) for n in range(1, 9)))
    space = HeaderSpace(4)
    compiler = FilterCompiler(space, Mode.CERTAIN)
    assert len(list(compiler.rulings(filter_, "a", "b", space.valid, UNLIMITED))) == 9
    budget = Budget(3 * RULING_COST)
    assert len(list(compiler.rulings(filter_, "a", "b", space.valid, budget))) == 3
    assert budget.exhausted
    assert list(compiler.rulings(filter_, "a", "b", space.valid, budget)) == []
