"""`deadline`: a legal date. Before it the days left are counted, from it on what is missing is a failure.

| statement | before the date | from the date on |
|---|---|---|
| says yes and can be relied upon | pass | pass |
| says no, or partly | not_applicable, `not_yet_due`: the duty does not exist yet | fail, `deadline_missed` |
| none was submitted | undetermined, `before_deadline` | fail, `deadline_missed` |
| cannot be relied upon (old, wrong role, no document, ...) | undetermined | undetermined |

`days_left` is always given (negative: days overdue), so that a report can count whatever the outcome is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.policy.model import LegalDate
from secaudit.rules.answers import answer, municipality_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.demands import Demand, demand_of
from secaudit.rules.kind import Kind
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.statements import Judgement, judge_statement
from secaudit.text.bilingual import Text
from secaudit.text.dates import in_japanese_era


@dataclass(frozen=True, slots=True)
class _Parameters:
    date: str
    demand: Demand


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(data["date"], demand_of(data))


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    subject = municipality_subject(context)
    due = context.policy.legal_dates.get(parameters.date)
    if due is None:
        yield answer(
            rule,
            Outcome.ERROR,
            "unknown_date",
            subject,
            Text(ja=f"期日 {parameters.date} は方針データにない。", en=f"The policy has no date {parameters.date}."),
        )
        return
    days_left = (due.date - context.as_of).days
    judged = judge_statement(parameters.demand, rule.id, context)
    outcome, reason = _outcome(judged, days_left)
    yield answer(
        rule,
        outcome,
        reason,
        subject,
        _date_fact(due, days_left),
        *judged.facts,
        evidence=judged.evidence,
        needs=() if outcome is Outcome.NOT_APPLICABLE else judged.needs,
        days_left=days_left,
        legal_date=due.id,
    )


def _outcome(judged: Judgement, days_left: int) -> tuple[Outcome, str]:
    in_force = days_left <= 0
    if judged.outcome is Outcome.FAIL:
        return (Outcome.FAIL, "deadline_missed") if in_force else (Outcome.NOT_APPLICABLE, "not_yet_due")
    if judged.missing:
        return (Outcome.FAIL, "deadline_missed") if in_force else (Outcome.UNDETERMINED, "before_deadline")
    return judged.outcome, judged.reason


def _date_fact(due: LegalDate, days_left: int) -> Text:
    if days_left > 0:
        return Text(
            ja=f"{due.law.ja}は{in_japanese_era(due.date)}に施行される。施行まで{days_left}日である。",
            en=f"{due.law.en} takes effect on {due.date}: {days_left} days are left.",
        )
    return Text(
        ja=f"{due.law.ja}は{in_japanese_era(due.date)}に施行された。施行から{-days_left}日が経過している。",
        en=f"{due.law.en} took effect on {due.date}, {-days_left} days ago.",
    )


def _asked(parameters: _Parameters) -> Iterable[Demand]:
    return (parameters.demand,)


KIND = Kind("deadline", _parse, _check, asks=_asked)
