"""`attestation`: a statement exists, is fresh, was made by the right role, names its document, and says yes."""

from __future__ import annotations

from collections.abc import Iterable

from secaudit.rules.answers import answer, municipality_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.demands import Demand, demand_of
from secaudit.rules.kind import Kind
from secaudit.rules.result import RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.statements import judge_statement


def _check(rule: Rule, parameters: Demand, context: RuleContext) -> Iterable[RuleResult]:
    judged = judge_statement(parameters, rule.id, context)
    yield answer(
        rule,
        judged.outcome,
        judged.reason,
        municipality_subject(context),
        *judged.facts,
        evidence=judged.evidence,
        needs=judged.needs,
    )


def _asked(parameters: Demand) -> Iterable[Demand]:
    return (parameters,)


KIND = Kind("attestation", demand_of, _check, asks=_asked, refutable=True)
