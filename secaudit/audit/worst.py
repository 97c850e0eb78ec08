"""Of several results of one rule about one subject, the one that counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from secaudit.rules.result import Outcome, RuleResult

_WORST_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.UNDETERMINED, Outcome.PASS, Outcome.NOT_APPLICABLE)


def worst_by_subject(results: Iterable[RuleResult]) -> Mapping[tuple[str, str, str], RuleResult]:
    """The worst result by rule, kind and name of the subject: what is good hides nothing."""
    found: dict[tuple[str, str, str], RuleResult] = {}
    for one in results:
        key = (one.rule, one.subject.kind.value, one.subject.name)
        if key not in found or _WORST_FIRST.index(one.outcome) < _WORST_FIRST.index(found[key].outcome):
            found[key] = one
    return found
