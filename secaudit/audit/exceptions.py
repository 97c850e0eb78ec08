"""The list of exceptions as a report shows it: state, end, and what each is used for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from secaudit.audit.flow_words import flow_words
from secaudit.audit.result import ExceptionSummary
from secaudit.rules.context import RuleContext
from secaudit.rules.exception_references import mistake_of
from secaudit.rules.exceptions import ExceptionState, decide, ends_soon, state_of, touches
from secaudit.rules.result import Disposition, Outcome, RuleResult


def exception_summaries(context: RuleContext, results: Iterable[RuleResult]) -> tuple[ExceptionSummary, ...]:
    """Every exception, what it is worth on the day, how many results it settles, and of how many only a part.

    `results` still know their packets.
    """
    grants = context.folder.exceptions
    used: Counter[str] = Counter()
    partly: Counter[str] = Counter()
    for result in results:
        if result.outcome is not Outcome.FAIL:
            continue
        decision = decide(result, grants, context)
        if decision.disposition is Disposition.EXCEPTED:
            used.update(one.id for one in decision.grants)
            continue
        for grant in grants:
            if state_of(grant, context.as_of) is ExceptionState.VALID and touches(grant, result, context):
                partly[grant.id] += 1
    found = []
    for grant in grants:
        mistake = mistake_of(grant, context)
        found.append(
            ExceptionSummary(
                id=grant.id,
                rule=grant.rule,
                subject=grant.subject,
                state=state_of(grant, context.as_of).value,
                valid_until=grant.valid_until,
                used=used[grant.id],
                reason=grant.reason,
                compensating_measure=grant.compensating_measure,
                approved_by=grant.approved_by,
                requested_by=grant.requested_by,
                valid_from=grant.valid_from,
                days_left=(grant.valid_until - context.as_of).days,
                ends_soon=ends_soon(grant, context.as_of),
                flow=None
                if (flow := grant.flow) is None
                else flow_words(flow.sources, flow.destinations, flow.protocol, flow.ports),
                partly=partly[grant.id],
                problem=None if mistake is None else mistake.text,
            )
        )
    return tuple(found)
