"""`exception_expired`: exceptions are approved by somebody else, name a rule that exists, and are not past their date while still needed.

Evaluated last, on the results of the other rules: an exception that has expired is harmless when nothing is left for it to cover.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import ExceptionGrant
from secaudit.rules.answers import answer, lines, municipality_subject, register_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.exception_references import mistake_of
from secaudit.rules.exceptions import ExceptionState, ends_soon, state_of, touches
from secaudit.rules.kind import Kind
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text
from secaudit.text.dates import in_japanese_era


@dataclass(frozen=True, slots=True)
class _Parameters:
    """No parameters."""


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters()


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    grants = sorted(context.folder.exceptions, key=lambda one: one.id)
    for grant in grants:
        yield _judge(rule, context, grant)
    if not grants:
        fact = Text(ja="例外措置は一件も登録されていない。", en="No exception is registered.")
        yield answer(rule, Outcome.NOT_APPLICABLE, "no_exceptions", municipality_subject(context), fact)


def _judge(rule: Rule, context: RuleContext, grant: ExceptionGrant) -> RuleResult:
    covered = [one for one in context.results if touches(grant, one, context)]
    failed = [one for one in covered if one.outcome is Outcome.FAIL]
    unsure = [one for one in covered if one.outcome in (Outcome.UNDETERMINED, Outcome.ERROR)]
    state = state_of(grant, context.as_of)
    mistake = mistake_of(grant, context)
    if mistake is not None:
        reason = "unknown_rule" if grant.rule not in context.rule_ids else "unknown_subject"
        needs = () if mistake.hint is None else (mistake.hint,)
        return _answer(rule, context, grant, Outcome.UNDETERMINED, reason, mistake.text, needs=needs)
    if state is ExceptionState.INVALID:
        fact = Text(
            ja=f"例外措置 {grant.id} は、申請者と承認者が同一であるか、代替措置の記載がないか、期間の始期と終期が逆である。",
            en=f"The exception {grant.id} was approved by its requester, names no compensating measure, or ends before it begins.",
        )
        return _answer(rule, context, grant, Outcome.FAIL, "not_properly_approved", fact)
    if state is ExceptionState.EXPIRED:
        return _expired(rule, context, grant, failed, unsure)
    subjects = ", ".join(sorted({one.subject.name for one in failed})) or "-"
    fact = Text(
        ja=f"例外措置 {grant.id} の期間は{in_japanese_era(grant.valid_from)}から{in_japanese_era(grant.valid_until)}までである（該当する不適合：{subjects}）。",
        en=f"The exception {grant.id} holds from {grant.valid_from} to {grant.valid_until} (failures in its scope: {subjects}).",
    )
    return _answer(rule, context, grant, Outcome.PASS, "not_expired", fact, *_remarks(context, grant, failed))


def _remarks(context: RuleContext, grant: ExceptionGrant, failed: list[RuleResult]) -> Iterable[Text]:
    """What the holder of an exception should know: it ends soon, or nothing needs it."""
    if ends_soon(grant, context.as_of):
        days = (grant.valid_until - context.as_of).days
        yield Text(ja=f"期限まで残り{days}日である。", en=f"It ends in {days} days.")
    if not failed and state_of(grant, context.as_of) is ExceptionState.VALID:
        yield Text(
            ja="監査基準日において該当する不適合がなく、使用されていない。",
            en="Nothing fails in its scope on the day of the audit, so it is not used.",
        )


def _expired(
    rule: Rule, context: RuleContext, grant: ExceptionGrant, failed: list[RuleResult], unsure: list[RuleResult]
) -> RuleResult:
    ended = Text(
        ja=f"例外措置 {grant.id} の期限（{in_japanese_era(grant.valid_until)}）が過ぎている。",
        en=f"The exception {grant.id} ended on {grant.valid_until}.",
    )
    if failed:
        subjects = ", ".join(sorted({one.subject.name for one in failed}))
        fact = Text(
            ja=f"対象とした不適合（{grant.rule}：{subjects}）は解消していない。",
            en=f"What it covered still fails ({grant.rule}: {subjects}).",
        )
        return _answer(rule, context, grant, Outcome.FAIL, "expired_in_use", ended, fact)
    if unsure:
        fact = Text(
            ja=f"対象とした {grant.rule} が確認不能であるため、解消したか否かを判断できない。",
            en=f"{grant.rule} is undetermined, so whether it is still needed is not known.",
        )
        return _answer(rule, context, grant, Outcome.UNDETERMINED, "expired_unknown", ended, fact)
    fact = Text(ja="対象とした不適合は解消している。", en="What it covered no longer fails.")
    return _answer(rule, context, grant, Outcome.PASS, "expired_unused", ended, fact)


def _answer(
    rule: Rule,
    context: RuleContext,
    grant: ExceptionGrant,
    outcome: Outcome,
    reason: str,
    *facts: Text,
    needs: tuple[Text, ...] = (),
) -> RuleResult:
    subject = register_subject(grant.id, grant.rule)
    return answer(rule, outcome, reason, subject, *facts, evidence=lines(context, (grant.source,)), needs=needs)


KIND = Kind("exception_expired", _parse, _check, needs_results=True)
