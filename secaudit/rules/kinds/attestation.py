"""`attestation`: a statement exists, is fresh, was made by the right role, names its document, and says yes.

With `only_where` bodies that have none of what it is about are not asked; what they state all the same is judged.
"""

from __future__ import annotations

from collections.abc import Iterable

from secaudit.rules.answers import answer, municipality_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.demands import Demand, demand_of
from secaudit.rules.kind import Kind
from secaudit.rules.not_asked import not_asked
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.statements import judge_statement


def _check(rule: Rule, parameters: Demand, context: RuleContext) -> Iterable[RuleResult]:
    refused = not_asked(rule, parameters.where, context)
    if refused is not None and (refused.outcome is Outcome.ERROR or not _made(parameters, rule, context)):
        yield refused
        return
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


def _made(demand: Demand, rule: Rule, context: RuleContext) -> bool:
    subject = demand.subject or rule.id
    return any(one.subject == subject for one in context.folder.attestations)


def _asked(parameters: Demand) -> Iterable[Demand]:
    return (parameters,)


KIND = Kind("attestation", demand_of, _check, asks=_asked, refutable=True)
