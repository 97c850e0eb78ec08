"""Every rule on everything that was submitted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from secaudit.packets.diagrams import TooComplexError
from secaudit.rules.answers import answer, municipality_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.exceptions import with_dispositions
from secaudit.rules.result import NOT_STATED, Outcome, RuleResult, Subject
from secaudit.rules.rule import Check, Deviation, Rule, Ruleset
from secaudit.rules.statements import judge_statement
from secaudit.text.bilingual import Text
from secaudit.text.dates import in_japanese_era

_TOO_COMPLEX = Text(
    ja="設定が複雑で計算量の上限に達したため、本項目の一部を判定できない。",
    en="The configurations are too complex: the limit of the computation was reached, so part of this could not be judged.",
)
_REFERENCE_ONLY = Text(
    ja="本項目は要件の確度が十分でないため参考として示し、不適合とはしない。",
    en="The requirement is not certain enough, so this is shown for reference and not as a failure.",
)
_LOOSENED = Text(
    ja="ルールは独自ルールセットにより緩められているが、緩める前のルールで確認不能であるものは適合とならない。",
    en="The rule was loosened by an own ruleset, but what the rule could not determine before does not pass now.",
)


def applicable(ruleset: Ruleset, context: RuleContext) -> tuple[Rule, ...]:
    """The rules that hold for the policy's edition and model."""
    policy = context.policy
    return tuple(rule for rule in ruleset.rules if rule.applies_to(policy.edition, policy.model))


def evaluate(ruleset: Ruleset, context: RuleContext) -> tuple[RuleResult, ...]:
    """All results, sorted by rule, subject and reason, with the dispositions that exceptions give them.

    Rules about exceptions run last, on the results of the others. A kind that raises is a fault of the program and is not caught.
    """
    rules = applicable(ruleset, context)
    known = dataclasses.replace(context, rule_ids=frozenset(rule.id for rule in ruleset.rules))
    first = with_dispositions(_run(rules, known, late=False), known)
    second = _run(rules, dataclasses.replace(known, results=first), late=True)
    return _sorted((*first, *with_dispositions(second, known)))


def _run(rules: Iterable[Rule], context: RuleContext, *, late: bool) -> tuple[RuleResult, ...]:
    found: list[RuleResult] = []
    for rule in rules:
        if rule.off is not None:
            if not late:
                found.append(_switched_off(rule, rule.off, context))
            continue
        for number, check in enumerate(rule.checks):
            if check.kind.needs_results is late:
                results = _as_before(rule, number, context)
                settled = [_settled(rule, result, context) for result in results]
                found.extend(_for_reference(result) if rule.reference_only else result for result in settled)
    return _sorted(found)


def _as_before(rule: Rule, number: int, context: RuleContext) -> tuple[RuleResult, ...]:
    """The results of one check. Of a rule that was loosened, what was undetermined before is never a pass or not applicable, and does not vanish."""
    results = tuple(_answers(rule, rule.checks[number], context))
    if rule.before is None:
        return results
    doubtful: dict[Subject, list[RuleResult]] = {}
    for one in _as_before(rule.before, number, context):
        if one.outcome in (Outcome.UNDETERMINED, Outcome.ERROR):
            doubtful.setdefault(one.subject, []).append(dataclasses.replace(one, facts=(*one.facts, _LOOSENED)))
    kept = [
        one
        for one in results
        if one.subject not in doubtful or one.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)
    ]
    settled = {one.subject for one in kept}
    return (*kept, *(one for subject, found in doubtful.items() if subject not in settled for one in found))


def _settled(rule: Rule, result: RuleResult, context: RuleContext) -> RuleResult:
    """What a configuration does not tell, by what people state about it. What it tells is never overruled."""
    if rule.where_not_told is None or (result.outcome, result.reason) != (Outcome.UNDETERMINED, NOT_STATED):
        return result
    judged = judge_statement(rule.where_not_told, rule.id, context)
    if judged.outcome in (Outcome.UNDETERMINED, Outcome.ERROR):
        weakness = () if judged.missing else judged.facts
        return dataclasses.replace(result, facts=(*result.facts, *weakness), needs=judged.needs)
    return dataclasses.replace(
        result,
        outcome=judged.outcome,
        reason=judged.reason,
        facts=(*result.facts, *judged.facts),
        evidence=(*result.evidence, *judged.evidence),
        needs=judged.needs,
    )


def _switched_off(rule: Rule, off: Deviation, context: RuleContext) -> RuleResult:
    """対象外, with who switched the rule off and why."""
    fact = Text(
        ja=f"ルールセット {off.ruleset} により適用しないこととされている（決定者: {off.decided_by}、決定日: {in_japanese_era(off.decided_on)}）。",
        en=f"The ruleset {off.ruleset} switches this rule off (decided by {off.decided_by} on {off.decided_on}).",
    )
    why = Text(ja=f"理由: {off.reason.ja}", en=f"Reason: {off.reason.en}")
    return answer(rule, Outcome.NOT_APPLICABLE, "rule_off", municipality_subject(context), fact, why)


def _answers(rule: Rule, check: Check, context: RuleContext) -> Iterator[RuleResult]:
    """The results of one check; packet sets that grow too large end it with "undetermined" for what is left."""
    try:
        yield from check.kind.check(rule, check.parameters, context)
    except TooComplexError:
        yield answer(rule, Outcome.UNDETERMINED, "too_complex", municipality_subject(context), _TOO_COMPLEX)


def _for_reference(result: RuleResult) -> RuleResult:
    """A rule for reference may say what it found, but never `fail`."""
    if result.outcome is not Outcome.FAIL:
        return result
    return dataclasses.replace(
        result, outcome=Outcome.UNDETERMINED, reason="reference_only", facts=(*result.facts, _REFERENCE_ONLY)
    )


def _sorted(results: Iterable[RuleResult]) -> tuple[RuleResult, ...]:
    return tuple(sorted(results, key=lambda one: (one.rule, one.subject.kind, one.subject.name, one.reason, one.boxes)))
