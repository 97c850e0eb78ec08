"""`filter_hygiene` with `unused`, which no shipped rule asks: for rulesets of one's own."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from secaudit.rules.evaluate import evaluate
from secaudit.rules.kind import all_kinds
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Outcome
from secaudit.rules.rule import Check
from tests.rules.world import base_world, changed, context_of

KIND = all_kinds()["filter_hygiene"]
RULE = dataclasses.replace(load_ruleset().rule("NW-01"), checks=(Check(KIND, KIND.parse({"check": "unused"})),))
UNUSED = {"kind": "unused filter", "text": "access-list OLD"}
DEFINED = {"kind": "undefined filter", "text": "access-group NONE"}


def judged(change: dict[str, Any]) -> dict[str, tuple[Outcome, str]]:
    ruleset = dataclasses.replace(load_ruleset(), rules=(RULE,))
    results = evaluate(ruleset, context_of(changed(base_world(), change)))
    return {one.subject.name: (one.outcome, one.reason) for one in results}


@pytest.mark.parametrize(
    ("notice", "outcome"), [(UNUSED, (Outcome.FAIL, "without_effect")), (DEFINED, (Outcome.PASS, "as_asked"))]
)
def test_what_is_left_unused_is_a_failure_and_nothing_else(
    notice: dict[str, str], outcome: tuple[Outcome, str]
) -> None:
    found = judged({"devices": {"fw1": {"notices": [notice]}}})
    assert found["fw1"][0] is outcome[0]
    assert outcome[0] is Outcome.PASS or found["fw1"] == outcome


def test_a_device_without_a_configuration_is_undetermined() -> None:
    assert judged({"devices": {"mnsw": None}})["mnsw"] == (Outcome.UNDETERMINED, "missing_config")
