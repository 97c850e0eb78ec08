"""`all`, `any` and `not` against the truth tables, and what a combination keeps of its checks."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest

from secaudit.errors import PolicyError
from secaudit.locations import data_folder
from secaudit.rules.combining import joined_by_all, joined_by_any, negated, parse_combination
from secaudit.rules.evaluate import evaluate
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Check
from tests.rules.world import base_world, changed, context_of

P, F, U, N, E = Outcome.PASS, Outcome.FAIL, Outcome.UNDETERMINED, Outcome.NOT_APPLICABLE, Outcome.ERROR
RANK = {F: 0, U: 1, P: 2}
"""Kleene's order: `all` is the least, `any` the greatest."""
NTP = {"kind": "device_setting", "parameters": {"setting": "ntp"}}
STATED = {"kind": "attestation", "parameters": {"subject": "MN-10"}}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_every_row_of_the_truth_tables(count: int) -> None:
    for row in itertools.product(Outcome, repeat=count):
        counted = [one for one in row if one is not N]
        if E in counted:
            least = greatest = E
        elif not counted:
            least = greatest = N
        else:
            least = min(counted, key=RANK.__getitem__)
            greatest = max(counted, key=RANK.__getitem__)
        assert joined_by_all(row) is least, row
        assert joined_by_any(row) is greatest, row


def test_not() -> None:
    assert [negated(one) for one in (P, F, U, N, E)] == [F, P, U, N, E]


def test_the_laws_of_de_morgan() -> None:
    for row in itertools.product(Outcome, repeat=3):
        assert negated(joined_by_all(row)) is joined_by_any(map(negated, row))


def judged(kind: str, parameters: dict[str, Any], change: dict[str, Any]) -> tuple[RuleResult, ...]:
    ruleset = load_ruleset()
    made = parse_combination(kind, parameters)
    from secaudit.rules.kind import all_kinds

    rule = dataclasses.replace(ruleset.rule("NW-17"), checks=(Check(all_kinds()[kind], made),))
    world = changed(base_world(), change)
    return evaluate(dataclasses.replace(ruleset, rules=(rule,)), context_of(world))


NO_NTP = {"devices": {"fw1": {"ntp": []}}}
NO_STATEMENT = {"attestations": {"A4": None}}


def test_any_passes_when_one_passes_and_keeps_facts_and_evidence_of_both() -> None:
    (one,) = judged("any", {"checks": [NTP, STATED]}, NO_NTP)
    assert (one.outcome, one.reason, one.subject.name) == (P, "any_pass", "992011")
    assert any("fw1" in fact.en for fact in one.facts)
    assert {evidence.file for evidence in one.evidence} >= {"attestations.yaml", "configs/fw1.conf"}


def test_any_fails_only_when_all_fail() -> None:
    (one,) = judged("any", {"checks": [NTP, STATED]}, {**NO_NTP, **NO_STATEMENT})
    assert one.outcome is U
    assert one.needs
    (one,) = judged("any", {"checks": [NTP, STATED]}, {**NO_NTP, "attestations": {"A4": {"answer": "no"}}})
    assert one.outcome is F


def test_by_subject_gives_each_device_its_result() -> None:
    found = judged("all", {"checks": [NTP, STATED], "by": "subject"}, NO_NTP)
    assert {one.subject.name: one.outcome for one in found} == {"fw1": F, "mnsw": P}


def test_a_check_that_is_silent_about_a_subject_leaves_it_undetermined() -> None:
    one_zone = {"kind": "device_setting", "parameters": {"setting": "ntp", "zones": ["my_number"]}}
    other = {"kind": "device_setting", "parameters": {"setting": "syslog", "zones": ["lgwan"]}}
    found = judged("all", {"checks": [one_zone, other], "by": "subject"}, {})
    assert {one.subject.name: one.outcome for one in found} == {"fw1": P, "mnsw": U}


def test_not_of_undetermined_stays_undetermined() -> None:
    assert [one.outcome for one in judged("not", {"check": STATED}, NO_STATEMENT)] == [U]
    assert [one.outcome for one in judged("not", {"check": STATED}, {})] == [F]


def test_not_is_refused_where_missing_evidence_fails() -> None:
    with pytest.raises(ValueError, match="want of evidence"):
        parse_combination("not", {"check": NTP})
    with pytest.raises(ValueError, match="want of evidence"):
        parse_combination("not", {"check": {"kind": "any", "parameters": {"checks": [STATED, NTP]}}})


def test_too_deep_and_late_kinds_are_refused() -> None:
    deep: dict[str, Any] = STATED
    for _ in range(5):
        deep = {"kind": "all", "parameters": {"checks": [deep, STATED]}}
    with pytest.raises(ValueError, match="deep"):
        parse_combination("all", deep["parameters"])
    with pytest.raises(ValueError, match="results of other rules"):
        parse_combination("all", {"checks": [STATED, {"kind": "exception_expired"}]})


@pytest.mark.parametrize(
    ("inner", "wanted"),
    [
        ("{kind: atestation}", "attestation"),
        ("{kind: attestation, parameters: {max_age_day: 3}}", "max_age_days"),
        ("{kind: attestation, parameters: {max_age_days: {threshold: atestation_age}}}", "attestation_age"),
        ("{kind: flow_denied, parameters: {pairs: [{from: [lgwam], to: [internet]}]}}", "lgwan"),
    ],
)
def test_a_mistake_in_an_inner_check_names_the_nearest_word(tmp_path: Path, inner: str, wanted: str) -> None:
    folder = Path(shutil.copytree(data_folder("rulesets") / "mic", tmp_path / "mic"))
    path = folder / "network/NW-17.yaml"
    text = path.read_text(encoding="utf-8").replace("kind: device_setting", "kind: any")
    text = text[: text.index("parameters:")] + f"parameters:\n  checks:\n    - kind: attestation\n    - {inner}\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as raised:
        load_ruleset(folder)
    assert raised.value.file == "rulesets/mic/network/NW-17.yaml"
    assert raised.value.line == text.count("\n")
    assert raised.value.hint is not None
    assert wanted in raised.value.hint.en
