"""What must hold for every rule: removing evidence never gives a pass, order changes nothing, exceptions never touch an outcome."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from secaudit.errors import InputError
from secaudit.network.device import DoubtKind
from secaudit.packets.diagrams import TooComplexError
from secaudit.rules import kind as kind_module
from secaudit.rules.context import RuleContext
from secaudit.rules.evaluate import evaluate
from secaudit.rules.kind import Kind, all_kinds
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Disposition, Outcome, RuleResult, Severity
from secaudit.rules.rule import Rule, Ruleset
from secaudit.text.bilingual import Text
from tests.rules.world import base_world, changed, context_of


@cache
def ruleset() -> Ruleset:
    return load_ruleset()


def run(world: dict[str, Any], **options: Any) -> tuple[RuleResult, ...]:
    return evaluate(ruleset(), context_of(world, **options))


def key(result: RuleResult) -> tuple[str, str]:
    return result.rule, result.subject.name


def outcomes(results: tuple[RuleResult, ...]) -> dict[tuple[str, str], set[Outcome]]:
    found: dict[tuple[str, str], set[Outcome]] = {}
    for result in results:
        found.setdefault(key(result), set()).add(result.outcome)
    return found


DEFECTS: dict[str, Any] = {
    "devices": {
        "fw1": {
            "syslog": [],
            "lines": {"15": "permit mn sc 10.1.0.0/24 any tcp/443", "25": "permit in lg any any tcp/445"},
            "services": {"telnet": "on"},
        },
        "mnsw": {"ntp": [], "routes": {"out": "0.0.0.0/0 10.1.0.1"}},
    },
    "register": {"TK-002": {"valid_until": "2026-01-01"}},
    "attestations": {"A4": {"answer": "no"}},
    "scans": {"lg-mn": {"targets": {"10.1.0.10": {"filtered": "22", "open": "443"}}}},
    "exceptions": {"EX-001": {"valid_until": "2026-05-01"}},
}


def without_one(world: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The world without one device, register entry, ledger entry, statement, exception, scan or zone."""
    for section in ("devices", "register", "ledger", "attestations", "exceptions", "scans", "zones"):
        for name in world[section]:
            yield f"{section}/{name}", changed(world, {section: {name: None}})


@pytest.mark.parametrize("start", ["well", "defects"])
def test_removing_evidence_never_gives_a_pass(start: str) -> None:
    """A device, a scan, a statement, a ledger entry or a zone that is taken away turns no other outcome into a pass.

    Taken-away devices that nobody knows of any more (ledger entry gone as well) are out of reach of any audit.
    """
    world = base_world() if start == "well" else changed(base_world(), DEFECTS)
    before = outcomes(run(world))
    for name, poorer in without_one(world):
        for subject, after in outcomes(run(poorer)).items():
            if after == {Outcome.PASS}:
                assert before.get(subject) == {Outcome.PASS}, f"{name} gone: {subject} was {before.get(subject)}"


def test_without_a_device_its_results_are_not_silently_gone() -> None:
    before = run(base_world())
    after = run(changed(base_world(), {"devices": {"mnsw": None}}))
    told = {one.rule for one in after if one.subject.name == "mnsw" and one.outcome is not Outcome.PASS}
    assert {one.rule for one in before if one.subject.name == "mnsw"} <= told
    missing = [one for one in after if one.reason == "missing_config"]
    assert all(one.needs or one.outcome is Outcome.FAIL for one in missing)


def test_with_nothing_submitted_nothing_passes() -> None:
    empty = {"as_of": "2026-11-01", "zones": {"my_number": {"subnets": ["10.1.0.0/24"]}}}
    passed = [key(one) for one in run(empty) if one.outcome is Outcome.PASS]
    assert passed == []


@pytest.mark.parametrize("start", ["well", "defects"])
def test_order_of_inputs_changes_nothing(start: str) -> None:
    world = base_world() if start == "well" else changed(base_world(), DEFECTS)
    assert run(world) == run(world, backwards=True)


def test_results_are_the_same_again() -> None:
    world = changed(base_world(), DEFECTS)
    assert run(world) == run(world)


def test_the_planted_defects_fail_where_they_are() -> None:
    failed = {key(one) for one in run(changed(base_world(), DEFECTS)) if one.outcome is Outcome.FAIL}
    assert {
        ("NW-14", "fw1"),
        ("NW-17", "mnsw"),
        ("HD-03-TELNET", "fw1"),
        ("MN-02", "my_number->public_internet"),
        ("MN-09", "mnsw"),
        ("MN-10", "992011"),
        ("LG-01", "internet->lgwan"),
        ("MN-06", "TK-002"),
        ("OWN-04", "probes/lg-mn.xml:lgwan->my_number"),
        ("OP-06", "EX-001"),
    } <= failed


def test_an_exception_changes_the_disposition_and_never_the_outcome() -> None:
    world = changed(base_world(), DEFECTS)
    plain = run(changed(world, {"exceptions": None}))
    grants = {
        f"EX-{number:03}": {"rule": one.rule, "subject": one.subject.name, "valid_until": "2026-12-31"}
        for number, one in enumerate(plain)
    }
    granted = run(changed(world, {"exceptions": grants}))
    same = [dataclasses.replace(one, disposition=Disposition.OPEN, exception=None, facts=()) for one in granted]
    wanted = [dataclasses.replace(one, facts=()) for one in plain]
    assert [one for one in same if one.rule != "OP-06"] == [one for one in wanted if one.rule != "OP-06"]
    for one in granted:
        if one.rule != "OP-06":
            assert (one.disposition is Disposition.EXCEPTED) == (one.outcome is Outcome.FAIL)


def test_a_valid_exception_wins_over_an_expired_one() -> None:
    grants = {
        "EX-001": {"rule": "NW-14", "subject": "fw1", "valid_until": "2026-05-01"},
        "EX-002": {"rule": "NW-14", "subject": "fw1", "valid_until": "2026-12-31"},
    }
    world = changed(base_world(), {"devices": {"fw1": {"syslog": []}}, "exceptions": grants})
    found = next(one for one in run(world) if key(one) == ("NW-14", "fw1"))
    assert (found.disposition, found.exception) == (Disposition.EXCEPTED, "EX-002")


def test_an_exception_where_the_policy_foresees_none_is_marked() -> None:
    change = {
        "devices": {"fw1": {"lines": {"15": "permit mn sc 10.1.0.0/24 any tcp/443"}}},
        "exceptions": {
            "EX-009": {"rule": "MN-02", "subject": "my_number->public_internet", "valid_until": "2026-12-31"}
        },
    }
    found = next(
        one for one in run(changed(base_world(), change)) if key(one) == ("MN-02", "my_number->public_internet")
    )
    assert found.outcome is Outcome.FAIL
    assert found.disposition is Disposition.EXCEPTED
    assert any("必ず遮断" in fact.ja for fact in found.facts)


def test_an_attestations_file_that_cannot_be_read_is_an_error_not_a_failure() -> None:
    broken = InputError(Text(ja="壊れている", en="broken"), file="attestations.yaml", line=3)
    world = {**changed(base_world(), {"attestations": None}), "problems": [broken]}
    found = {one.rule: one for one in run(world) if one.subject.name == "992011"}
    for rule_id in ("MN-10", "LAW-01", "LAW-03"):
        assert (found[rule_id].outcome, found[rule_id].reason) == (Outcome.ERROR, "attestations_unreadable")


def test_a_rule_for_reference_never_fails() -> None:
    rules = tuple(dataclasses.replace(one, reference_only=True) for one in ruleset().rules)
    world = changed(base_world(), DEFECTS)
    results = evaluate(dataclasses.replace(ruleset(), rules=rules), context_of(world))
    assert not [one for one in results if one.outcome is Outcome.FAIL]
    assert [one for one in results if one.reason == "reference_only"]


def test_a_rule_of_another_model_or_edition_is_not_evaluated() -> None:
    first = ruleset().rule("AST-02")
    others = [rule for rule in ruleset().rules if rule is not first]
    silent = dataclasses.replace(first, clauses={"mic-2022-03": first.clauses["mic-2022-03"]})
    results = evaluate(dataclasses.replace(ruleset(), rules=(silent, *others)), context_of(base_world()))
    assert first.id not in {one.rule for one in results}


def test_a_kind_that_raises_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(rule: Rule, parameters: object, context: RuleContext) -> list[RuleResult]:
        raise ZeroDivisionError

    first = ruleset().rule("AST-02")
    check = dataclasses.replace(first.checks[0], kind=Kind("broken", dict, broken))
    spoiled = dataclasses.replace(ruleset(), rules=(dataclasses.replace(first, checks=(check,)),))
    with pytest.raises(ZeroDivisionError):
        evaluate(spoiled, context_of(base_world()))


def test_packet_sets_that_grow_too_large_are_undetermined() -> None:
    def heavy(rule: Rule, parameters: object, context: RuleContext) -> list[RuleResult]:
        raise TooComplexError

    first = ruleset().rule("AST-02")
    check = dataclasses.replace(first.checks[0], kind=Kind("heavy", dict, heavy))
    spoiled = dataclasses.replace(ruleset(), rules=(dataclasses.replace(first, checks=(check,)),))
    (found,) = evaluate(spoiled, context_of(base_world()))
    assert (found.outcome, found.reason) == (Outcome.UNDETERMINED, "too_complex")


def test_another_package_can_add_a_kind_but_not_replace_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        def __init__(self, name: str, kind: Kind[Any]) -> None:
            self.name = name
            self._kind = kind

        def load(self) -> Kind[Any]:
            return self._kind

    def nothing(rule: Rule, parameters: object, context: RuleContext) -> list[RuleResult]:
        return []

    extra = [Entry("a", Kind("weather", dict, nothing)), Entry("b", Kind("route", dict, nothing))]
    monkeypatch.setattr(kind_module, "entry_points", lambda group: extra if group == "secaudit.rule_kinds" else [])
    all_kinds.cache_clear()
    try:
        found = all_kinds()
        assert found["weather"].check is nothing
        assert found["route"].check is not nothing
    finally:
        all_kinds.cache_clear()


def test_doubts_of_a_device_never_turn_a_failure_into_a_pass() -> None:
    world = changed(base_world(), DEFECTS)
    before = outcomes(run(world))
    for kind in (DoubtKind.UNREAD, DoubtKind.TRUNCATED):
        doubt = {"text": "something", "kind": kind.value}
        after = outcomes(run(changed(world, {"devices": {"fw1": {"doubts": [doubt]}}})))
        for subject, found in after.items():
            if Outcome.PASS in found:
                assert Outcome.PASS in before[subject], subject


def test_every_failure_has_a_fact_in_both_languages_and_a_severity() -> None:
    for one in run(changed(base_world(), DEFECTS)):
        assert one.facts, one
        assert all(fact.ja and fact.en for fact in one.facts)
        assert isinstance(one.severity, Severity)
        if one.outcome is Outcome.UNDETERMINED:
            assert one.needs or one.evidence, (one.rule, one.reason)


WANTS_SOMETHING_TO_PASS = {"entry_unused", "blocked", "drift_open", "contradictory_line", "redundant_line"}
"""What is wrong with a deny too many: what should work does not, and lines behind it have nothing to do."""


@pytest.mark.parametrize("start", ["well", "defects"])
@pytest.mark.parametrize(
    "packets", ["any any any", "10.1.0.0/24 any tcp/443", "any 10.2.0.0/24 any", "10.3.0.0/24 any udp/53"]
)
def test_a_deny_more_is_no_failure_of_any_rule_that_wants_something_denied(start: str, packets: str) -> None:
    world = base_world() if start == "well" else changed(base_world(), DEFECTS)
    failed = {key(one) for one in run(world) if one.outcome is Outcome.FAIL}
    after = run(changed(world, {"devices": {"fw1": {"lines": {"05": f"deny - - {packets} log"}}}}))
    new = [one for one in after if one.outcome is Outcome.FAIL and key(one) not in failed]
    assert {one.reason for one in new} <= WANTS_SOMETHING_TO_PASS, [(key(one), one.reason) for one in new]


@pytest.mark.parametrize("start", ["well", "defects"])
def test_what_devices_are_called_changes_nothing(start: str) -> None:
    """Only names differ afterwards, even where another order of names puts devices elsewhere in every list."""
    world = base_world() if start == "well" else changed(base_world(), DEFECTS)
    before, after = run(world), run(renamed(world, {"fw1": "zz-9", "mnsw": "a 1"}))
    assert Counter(told(one, {}) for one in before) == Counter(
        told(one, {"zz-9": "fw1", "a 1": "mnsw"}) for one in after
    )


def renamed(value: Any, names: dict[str, str]) -> Any:
    """A world in which devices have other names, wherever they are named."""
    if isinstance(value, dict):
        return {renamed(name, names): renamed(item, names) for name, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    if isinstance(value, str):
        device, colon, interface = value.partition(":")
        return f"{names.get(device, device)}{colon}{interface}"
    return value


def told(result: RuleResult, names: dict[str, str]) -> tuple[str, str, Outcome, str, int]:
    subject = result.subject.name
    return result.rule, names.get(subject, subject), result.outcome, result.reason, len(result.boxes)
