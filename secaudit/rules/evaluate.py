"""Every rule on everything that was submitted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from secaudit.packets.diagrams import TooComplexError
from secaudit.rules.answers import answer, municipality_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.exceptions import with_dispositions
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Check, Rule, Ruleset
from secaudit.text.bilingual import Text

_TOO_COMPLEX = Text(
    ja="設定が複雑で計算量の上限に達したため、本項目の一部を判定できない。",
    en="The configurations are too complex: the limit of the computation was reached, so part of this could not be judged.",
)
_REFERENCE_ONLY = Text(
    ja="本項目は要件の確度が十分でないため参考として示し、不適合とはしない。",
    en="The requirement is not certain enough, so this is shown for reference and not as a failure.",
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
        for check in rule.checks:
            if check.kind.needs_results is late:
                results = _answers(rule, check, context)
                found.extend(_for_reference(result) if rule.reference_only else result for result in results)
    return _sorted(found)


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
