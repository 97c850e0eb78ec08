"""`attestation`: a statement exists, is fresh, was made by the right role, names its document, and says yes.

With `only_where` some bodies are not asked (`secaudit.rules.only_where`). A statement that was made all the same is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.rules.answers import answer, municipality_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.only_where import OnlyWhere, not_asked, only_where_of
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.statements import Demand, demand_of, judge_statement


@dataclass(frozen=True, slots=True)
class _Parameters:
    demand: Demand
    where: OnlyWhere | None


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(demand_of(data), only_where_of(data))


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    refused = not_asked(rule, parameters.where, context)
    if refused is not None and (refused.outcome is Outcome.ERROR or not _made(parameters.demand, rule, context)):
        yield refused
        return
    judged = judge_statement(parameters.demand, rule.id, context)
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


KIND = Kind("attestation", _parse, _check)
