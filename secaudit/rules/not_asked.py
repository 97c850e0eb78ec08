"""The answer for a body that has nothing of what a question is about (`only_where`)."""

from __future__ import annotations

from secaudit.rules.answers import answer, municipality_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.only_where import OnlyWhere
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text


def not_asked(rule: Rule, where: OnlyWhere | None, context: RuleContext) -> RuleResult | None:
    """The result for a body that has none of it, None for one that is asked. A system that the policy does not know is an error."""
    if where is None:
        return None
    subject = municipality_subject(context)
    unknown = ", ".join(sorted(where.systems - set(context.policy.systems)))
    if unknown:
        fact = Text(ja=f"外部接続先 {unknown} は方針データにない。", en=f"The policy has no external system {unknown}.")
        return answer(rule, Outcome.ERROR, "unknown_system", subject, fact)
    if where.holds_for(context.municipality):
        return None
    named = [context.policy.title_of(zone) for zone in sorted(where.zones)]
    named += [context.policy.conditions[code].title for code in sorted(where.conditions)]
    named += [context.policy.systems[name].title for name in sorted(where.systems)]
    fact = Text(
        ja=f"監査フォルダに次のものに関する記載がなく、利用していないものとして扱った：{'、'.join(title.ja for title in named)}。",
        en=f"The audit folder says nothing about this, which is taken not to be in use: {', '.join(title.en for title in named)}.",
    )
    return answer(rule, Outcome.NOT_APPLICABLE, "not_used", subject, fact)
