"""Every shipped rule on its fixtures (`rulesets/mic/fixtures/RULE/OUTCOME-what.yaml`), as `secaudit rules test` runs them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from secaudit.municipality.model import Model
from secaudit.rules.evaluate import evaluate
from secaudit.rules.fixtures.load import Fixture, load_base, load_fixtures
from secaudit.rules.fixtures.run import disagreements_of, needed
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import NOT_STATED, Outcome, RuleResult
from secaudit.rules.rule import Rule, Ruleset
from tests.rules.world import base_world, changed, context_of


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
    """What would fail under another rule is undetermined under one for reference, with a reason of its own."""
    for rule in ruleset().rules:
        held = [one for one in fixtures() if one.rule == rule.id]
        outcomes = {one.outcome for one in held}
        assert needed(rule) <= outcomes, f"{rule.id} has no case for {needed(rule) - outcomes}"
        if rule.reference_only:
            assert "reference_only" in {expected["reason"] for one in held for expected in one.expect}, rule.id


@pytest.mark.parametrize("model", Model)
def test_in_the_base_nothing_fails_and_nothing_is_in_doubt(model: Model) -> None:
    world = changed(base_world(), {"model": model.value})
    results = evaluate(ruleset(), context_of(world))
    assert {one.rule for one in results} == {
        rule.id for rule in ruleset().rules if rule.applies_to("mic-2026-03", model)
    }
    odd = [
        (one.rule, one.subject.name, one.reason)
        for one in results
        if one.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)
        # The network of the base is that of model α, whatever is declared.
        and (one.rule != "OWN-06" or model is Model.ALPHA)
    ]
    assert odd == []


def test_a_statement_settles_only_what_no_line_tells() -> None:
    """With a valid statement about it, a case that no line tells passes; one that rests on a line, or on anything else, stays as it is."""
    for rule in ruleset().rules:
        if rule.where_not_told is None:
            continue
        items = [one.id for one in rule.where_not_told.items]
        made = {"subject": rule.id, "answer": "yes", "role": "security_officer", "items": dict.fromkeys(items, "yes")}
        unmade = {"subject": rule.id, "items": dict.fromkeys(items)} if items else None
        settled = 0
        for fixture in (one for one in fixtures() if one.rule == rule.id):
            world = changed(base_world(), fixture.change)
            silent, stated = (
                _of_devices(rule, changed(world, {"attestations": {f"A-{rule.id}": one}})) for one in (unmade, made)
            )
            assert len(silent) == len(stated)
            for one in silent:
                if (one.outcome, one.reason) == (Outcome.UNDETERMINED, NOT_STATED):
                    settled += any((other.outcome, other.reason) == (Outcome.PASS, "attested") for other in stated)
                else:
                    assert one in stated, (fixture.name, one.reason)
        assert settled, f"{rule.id} has no case that a statement settles"


def _of_devices(rule: Rule, world: dict[str, Any]) -> list[RuleResult]:
    results = evaluate(replace(ruleset(), rules=(rule,)), context_of(world))
    return [one for one in results if one.subject.kind == "device"]
