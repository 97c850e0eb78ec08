"""Every shipped rule on its fixtures (`rulesets/mic/fixtures/RULE/OUTCOME-what.yaml`), as `secaudit rules test` runs them."""

from __future__ import annotations

from functools import cache

import pytest

from secaudit.rules.evaluate import evaluate
from secaudit.rules.fixtures.load import Fixture, load_base, load_fixtures
from secaudit.rules.fixtures.run import disagreements_of, needed
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Outcome
from secaudit.rules.rule import Ruleset
from tests.rules.world import base_world, context_of


@cache
def ruleset() -> Ruleset:
    return load_ruleset()


@cache
def fixtures() -> tuple[Fixture, ...]:
    return load_fixtures(ruleset().folders[0] / "fixtures", ruleset())


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda one: f"{one.rule}/{one.name}")
def test_case(fixture: Fixture) -> None:
    assert list(disagreements_of(fixture, ruleset(), load_base(ruleset()))) == []


def test_every_rule_has_its_three_cases() -> None:
    for rule in ruleset().rules:
        held = {one.outcome for one in fixtures() if one.rule == rule.id}
        assert needed(rule) <= held, f"{rule.id} has no case for {needed(rule) - held}"


def test_in_the_base_nothing_fails_and_nothing_is_in_doubt() -> None:
    results = evaluate(ruleset(), context_of(base_world()))
    assert {one.rule for one in results} == {rule.id for rule in ruleset().rules}
    odd = [
        (one.rule, one.subject.name, one.reason)
        for one in results
        if one.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)
    ]
    assert odd == []
