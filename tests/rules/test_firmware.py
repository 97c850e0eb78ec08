"""`device_setting` with `firmware`, which no shipped rule asks: for rulesets of one's own, which know what their products should have."""

from __future__ import annotations

import dataclasses

import pytest

from secaudit.rules.evaluate import evaluate
from secaudit.rules.firmware import is_older
from secaudit.rules.kind import all_kinds
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Outcome
from secaudit.rules.rule import Check
from tests.rules.world import base_world, changed, context_of

KIND = all_kinds()["device_setting"]


@pytest.mark.parametrize(
    ("version", "least", "outcome", "reason"),
    [
        ("7.2.8", {"test": "7.2.10"}, Outcome.FAIL, "version_too_old"),
        ("7.2.10", {"test": "7.2.8"}, Outcome.PASS, "version_as_asked"),
        ("7.2.8", {"test": "7.2.8"}, Outcome.PASS, "version_as_asked"),
        ("", {"test": "7.2.8"}, Outcome.UNDETERMINED, "not_stated"),
        ("15.2(7)E3", {"test": "15.7(3)M2"}, Outcome.UNDETERMINED, "not_understood"),
        ("7.2.8", {"yamaha": "15.0"}, Outcome.NOT_APPLICABLE, "no_version_asked"),
    ],
)
def test_a_version_against_the_oldest_accepted(
    version: str, least: dict[str, str], outcome: Outcome, reason: str
) -> None:
    check = Check(KIND, KIND.parse({"setting": "firmware", "least": least}))
    rule = dataclasses.replace(load_ruleset().rule("NW-01"), checks=(check,))
    ruleset = dataclasses.replace(load_ruleset(), rules=(rule,))
    context = context_of(changed(base_world(), {"devices": {"fw1": {"version": version}}}))
    (found,) = [one for one in evaluate(ruleset, context) if one.subject.name == "fw1"]
    assert (found.outcome, found.reason) == (outcome, reason)
    assert found.evidence or outcome is Outcome.NOT_APPLICABLE


def test_versions_of_other_shapes_are_not_compared() -> None:
    assert is_older("Rev.15.02.29", "Rev.15.04.01") is True
    assert is_older("10.7", "10.7.0") is False
    assert is_older("9.12(4)", "9.16(4)abc") is None
    assert is_older("main", "1.0") is None
