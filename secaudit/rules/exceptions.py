"""例外措置: which exception covers a result. The only place that decides; it never touches an outcome."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from secaudit.municipality.model import ExceptionGrant, Zone
from secaudit.policy.model import Policy
from secaudit.rules.context import RuleContext
from secaudit.rules.result import Disposition, Outcome, RuleResult, SubjectKind
from secaudit.text.bilingual import Text


class ExceptionState(StrEnum):
    """What an exception is worth on a day."""

    VALID = "valid"
    EXPIRED = "expired"
    FUTURE = "future"
    INVALID = "invalid"
    """Approved by its own requester, or ending before it begins."""


_NOT_FORESEEN = Text(
    ja="この領域の組は方針上必ず遮断すべきものであり、例外措置による許可は予定されていない。例外措置の妥当性を監査人が判断する必要がある。",
    en="The policy asks that this pair be denied without exception; an auditor has to judge whether the exception can stand.",
)


def state_of(grant: ExceptionGrant, as_of: date) -> ExceptionState:
    """The state of an exception on a day; both of its dates are inclusive."""
    if _same_person(grant.approved_by, grant.requested_by) or grant.valid_until < grant.valid_from:
        return ExceptionState.INVALID
    if as_of > grant.valid_until:
        return ExceptionState.EXPIRED
    if as_of < grant.valid_from:
        return ExceptionState.FUTURE
    return ExceptionState.VALID


def covers(grant: ExceptionGrant, result: RuleResult) -> bool:
    """Whether a result lies in the scope of an exception, whatever its state."""
    return grant.rule == result.rule and grant.subject in (None, result.subject.name)


def with_dispositions(results: Iterable[RuleResult], context: RuleContext) -> tuple[RuleResult, ...]:
    """The results with the disposition that exceptions give to failures; a valid one wins over an expired one."""
    grants = sorted(context.folder.exceptions, key=lambda grant: (grant.subject is None, grant.id))
    return tuple(_disposed(result, grants, context) for result in results)


def _disposed(result: RuleResult, grants: list[ExceptionGrant], context: RuleContext) -> RuleResult:
    if result.outcome is not Outcome.FAIL:
        return result
    scoped = [grant for grant in grants if covers(grant, result)]
    for state, disposition in (
        (ExceptionState.VALID, Disposition.EXCEPTED),
        (ExceptionState.EXPIRED, Disposition.EXCEPTION_EXPIRED),
    ):
        for grant in scoped:
            if state_of(grant, context.as_of) is state:
                facts = result.facts
                if state is ExceptionState.VALID and not _foreseen(result, context.policy):
                    facts = (*facts, _NOT_FORESEEN)
                return dataclasses.replace(result, disposition=disposition, exception=grant.id, facts=facts)
    return result


def _foreseen(result: RuleResult, policy: Policy) -> bool:
    if result.subject.kind is not SubjectKind.ZONE_PAIR:
        return True
    source, _, destination = result.subject.name.partition("->")
    return policy.cell(Zone(source), Zone(destination)).exceptable


def _same_person(left: str, right: str) -> bool:
    """Names compared without the spaces that people write between family and given name."""
    return "".join(left.split()) == "".join(right.split())
