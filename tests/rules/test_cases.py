"""Every rule on small changes of a body in which all is well: `cases/RULE/OUTCOME-what.yaml`."""

from __future__ import annotations

import dataclasses
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml

from secaudit.municipality.model import Model
from secaudit.rules.evaluate import evaluate
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Ruleset
from tests.rules.world import base_world, changed, context_of

CASES = sorted((Path(__file__).parent / "cases").glob("*/*.yaml"))
NEEDED = {"pass", "fail", "undetermined"}


@cache
def ruleset() -> Ruleset:
    return load_ruleset()


def outcome_of(path: Path) -> str:
    return path.stem.split("-", 1)[0]


@cache
def results_of(path: Path) -> tuple[RuleResult, ...]:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    world = changed(base_world(), case.get("change", {}))
    rules = evaluate(needed_for(path.parent.name), context_of(world))
    return tuple(one for one in rules if one.rule == path.parent.name)


def texts_of(rule_id: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in CASES if path.parent.name == rule_id]


def needed_for(rule_id: str) -> Ruleset:
    """The rule alone; all of them for a rule that judges the results of others."""
    rule = ruleset().rule(rule_id)
    if any(check.kind.needs_results for check in rule.checks):
        return ruleset()
    return dataclasses.replace(ruleset(), rules=(rule,))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    results = results_of(path)
    outcome = Outcome(outcome_of(path))
    shown = [(one.subject.name, one.outcome.value, one.reason) for one in results]
    for expected in case["expect"]:
        found = [
            one
            for one in results
            if one.subject.name == expected["subject"] and one.outcome is outcome and one.reason == expected["reason"]
        ]
        assert found, f"no {outcome} {expected} among {shown}"
        held = [evidence.text for one in found for evidence in one.evidence]
        for text in expected.get("evidence", ()):
            assert text in held, f"{text!r} is not evidence: {held}"
        for text in expected.get("says", ()):
            facts = [fact.ja for one in found for fact in one.facts] + [fact.en for one in found for fact in one.facts]
            assert any(text in fact for fact in facts), facts
        if "severity" in expected:
            assert {one.severity.value for one in found} == {expected["severity"]}
        if "days_left" in expected:
            assert {one.days_left for one in found} == {expected["days_left"]}
        if "disposition" in expected:
            assert {one.disposition.value for one in found} == {expected["disposition"]}
        if outcome is Outcome.FAIL:
            assert all(one.evidence for one in found) or case.get("no_evidence"), "a failure without evidence"
            if found[0].reason in ("flow_found", "direct_exit", "entry_not_valid") and found[0].boxes:
                assert all(one.witness is not None for one in found), "a flow without a witness"
        if outcome is Outcome.UNDETERMINED:
            assert all(one.facts for one in found)
    if outcome is Outcome.PASS:
        assert not [one for one in shown if one[1] == "fail"], shown
    elsewhere = case.get("nothing_else", True) and outcome is Outcome.FAIL
    if elsewhere:
        wanted = {(one["subject"], one["reason"]) for one in case["expect"]}
        extra = {(name, reason) for name, result, reason in shown if result == "fail"} - wanted
        assert not extra, extra


def test_every_rule_has_its_three_cases() -> None:
    """What would fail under another rule is undetermined under one for reference, with a reason of its own."""
    held = Counter((path.parent.name, outcome_of(path)) for path in CASES)
    for rule in ruleset().rules:
        found = {outcome for name, outcome in held if name == rule.id}
        if rule.reference_only and any("reason: reference_only" in text for text in texts_of(rule.id)):
            found.add("fail")
        missing = NEEDED - found
        assert not missing, f"{rule.id} has no case for {missing}"
    assert {path.parent.name for path in CASES} == {rule.id for rule in ruleset().rules}


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
    ]
    assert odd == []
