"""Checks combined by `all`, `any` and `not`, in Kleene's three-valued logic.

Each inner check is first reduced to one outcome: of the whole municipality, or of one subject (`by: subject`). Its own results are joined as by
`all`: one failure is a failure.

| | `all` | `any` |
|---|---|---|
| an error among them | error | error |
| otherwise | fail if one fails, else undetermined if one is, else pass | pass if one passes, else undetermined if one is, else fail |
| only not applicable | not applicable | not applicable |

What is not applicable counts nowhere. `not` exchanges pass and fail and leaves the rest; it is accepted only around kinds that fail on what was
seen, for otherwise missing evidence would give a pass.

By subject, a result about the municipality speaks of every subject; a check that says nothing about a subject leaves it undetermined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.rules.answers import EVIDENCE_LIMIT, municipality_subject, unique
from secaudit.rules.context import RuleContext
from secaudit.rules.demands import Demand
from secaudit.rules.kind import all_kinds
from secaudit.rules.result import Outcome, RuleResult, Subject, SubjectKind
from secaudit.rules.rule import Check, Rule
from secaudit.text.bilingual import Text

MAXIMUM_DEPTH = 4
CONNECTIVES = ("all", "any", "not")
_TITLES = {
    Outcome.PASS: Text(ja="適合", en="pass"),
    Outcome.FAIL: Text(ja="不適合", en="fail"),
    Outcome.NOT_APPLICABLE: Text(ja="対象外", en="not applicable"),
    Outcome.UNDETERMINED: Text(ja="確認不能", en="undetermined"),
    Outcome.ERROR: Text(ja="評価エラー", en="error"),
}
_SILENT = Text(ja="この対象について結果がない。", en="It says nothing about this.")


@dataclass(frozen=True, slots=True)
class Combination:
    """The parameters of the three kinds; `not` has one check."""

    connective: str
    by_subject: bool
    checks: tuple[Check, ...]


def parse_combination(connective: str, data: Mapping[str, Any]) -> Combination:
    """Raises `ValueError` for checks nested too deeply, for kinds that cannot be combined, and for a `not` that could pass for want of evidence."""
    entries = [data["check"]] if connective == "not" else data["checks"]
    checks = []
    for entry in entries:
        kind = all_kinds()[entry["kind"]]
        if kind.needs_results:
            raise ValueError(f"{kind.name} judges the results of other rules and cannot be combined")
        checks.append(Check(kind, kind.parse(entry.get("parameters", {})), entry.get("parameters", {})))
    made = Combination(connective, data.get("by") == "subject", tuple(checks))
    if _depth(made) > MAXIMUM_DEPTH:
        raise ValueError(f"checks are nested more than {MAXIMUM_DEPTH} deep")
    if connective == "not":
        for check in checks:
            _demand_refutable(check)
    return made


def demands_of(made: Combination) -> Iterable[Demand]:
    """The statements that its checks rest on."""
    return (demand for check in made.checks for demand in check.demands)


def _depth(made: Combination) -> int:
    inner = [one.parameters for one in made.checks if isinstance(one.parameters, Combination)]
    return 1 + max((_depth(one) for one in inner), default=0)


def _demand_refutable(check: Check) -> None:
    if isinstance(check.parameters, Combination):
        for inner in check.parameters.checks:
            _demand_refutable(inner)
    elif not check.kind.refutable:
        known = ", ".join(sorted(name for name, kind in all_kinds().items() if kind.refutable))
        raise ValueError(f"{check.kind.name} can fail for want of evidence, so `not` is refused (accepted: {known})")


def joined_by_all(outcomes: Iterable[Outcome]) -> Outcome:
    """Fail if one fails, pass if all pass."""
    counted = {one for one in outcomes if one is not Outcome.NOT_APPLICABLE}
    for outcome in (Outcome.ERROR, Outcome.FAIL, Outcome.UNDETERMINED, Outcome.PASS):
        if outcome in counted:
            return outcome
    return Outcome.NOT_APPLICABLE


def joined_by_any(outcomes: Iterable[Outcome]) -> Outcome:
    """Pass if one passes, fail if all fail."""
    counted = {one for one in outcomes if one is not Outcome.NOT_APPLICABLE}
    for outcome in (Outcome.ERROR, Outcome.PASS, Outcome.UNDETERMINED, Outcome.FAIL):
        if outcome in counted:
            return outcome
    return Outcome.NOT_APPLICABLE


def negated(outcome: Outcome) -> Outcome:
    """Pass and fail exchanged."""
    return {Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS}.get(outcome, outcome)


def combine(rule: Rule, parameters: Combination, context: RuleContext) -> Iterable[RuleResult]:
    """One result for the municipality, or one for each subject that an inner check speaks of."""
    found = [tuple(check.kind.check(rule, check.parameters, context)) for check in parameters.checks]
    whole = municipality_subject(context)
    if not parameters.by_subject:
        yield _combined(rule, parameters, whole, found)
        return
    subjects = {one.subject for results in found for one in results if one.subject.kind is not SubjectKind.MUNICIPALITY}
    for subject in sorted(subjects, key=lambda one: (one.kind, one.name)) or [whole]:
        spoken = [tuple(one for one in results if one.subject in (subject, whole)) for results in found]
        yield _combined(rule, parameters, subject, spoken)


def _combined(rule: Rule, parameters: Combination, subject: Subject, found: list[tuple[RuleResult, ...]]) -> RuleResult:
    outcomes = [_reduced(results) for results in found]
    match parameters.connective:
        case "all":
            outcome = joined_by_all(outcomes)
        case "any":
            outcome = joined_by_any(outcomes)
        case _:
            outcome = negated(outcomes[0])
    facts: list[Text] = []
    for number, (check, results, reduced) in enumerate(zip(parameters.checks, found, outcomes, strict=True), 1):
        title = _TITLES[reduced]
        facts.append(
            Text(
                ja=f"検査{number}（{check.kind.name}）: {title.ja}",
                en=f"check {number} ({check.kind.name}): {title.en}",
            )
        )
        facts += _facts(results, subject)
    inner = [one for results in found for one in results]
    # The same outcome first: what decided is what a reader looks at.
    inner.sort(key=lambda one: one.outcome is not outcome)
    dated = next((one for one in inner if one.legal_date is not None), None)
    return RuleResult(
        rule=rule.id,
        outcome=outcome,
        reason=f"{parameters.connective}_{outcome.value}",
        subject=subject,
        severity=rule.severity,
        facts=tuple(facts),
        evidence=tuple(dict.fromkeys(one for result in inner for one in result.evidence))[:EVIDENCE_LIMIT],
        boxes=tuple(dict.fromkeys(box for result in inner for box in result.boxes)),
        witness=next((one.witness for one in inner if one.witness is not None), None),
        needs=unique(need for result in inner for need in result.needs) if outcome is Outcome.UNDETERMINED else (),
        days_left=None if dated is None else dated.days_left,
        legal_date=None if dated is None else dated.legal_date,
    )


def _reduced(results: tuple[RuleResult, ...]) -> Outcome:
    """One outcome of an inner check; silence proves nothing."""
    return joined_by_all(one.outcome for one in results) if results else Outcome.UNDETERMINED


def _facts(results: tuple[RuleResult, ...], subject: Subject) -> Iterable[Text]:
    if not results:
        yield _SILENT
    for one in results:
        for fact in one.facts:
            if one.subject == subject:
                yield fact
            else:
                yield Text(ja=f"{one.subject.title.ja}: {fact.ja}", en=f"{one.subject.title.en}: {fact.en}")
