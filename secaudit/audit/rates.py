"""適合率 and 確認率, before and after exceptions (design: `not_applicable` counts nowhere)."""

from __future__ import annotations

from collections.abc import Iterable

from secaudit.audit.result import Rates
from secaudit.rules.result import Disposition, Outcome, RuleResult
from secaudit.rules.rule import Rule


def rates_of(results: Iterable[RuleResult], rules: Iterable[Rule]) -> Rates:
    """Counts results and computes the rates, rounded down to four places: what is not quite everything is never 1.

    What is for reference only counts nowhere: its requirement is not certain enough to move a figure.
    """
    for_reference = {rule.id for rule in rules if rule.reference_only}
    counted = dict.fromkeys(Outcome, 0)
    excepted = 0
    for result in results:
        if result.rule in for_reference:
            continue
        counted[result.outcome] += 1
        if result.outcome is Outcome.FAIL and result.disposition is Disposition.EXCEPTED:
            excepted += 1
    passed, failed = counted[Outcome.PASS], counted[Outcome.FAIL]
    judged = passed + failed + counted[Outcome.UNDETERMINED] + counted[Outcome.ERROR]

    def share(part: int) -> float | None:
        return None if judged == 0 else part * 10_000 // judged / 10_000

    return Rates(
        passed=passed,
        failed=failed,
        undetermined=counted[Outcome.UNDETERMINED],
        errors=counted[Outcome.ERROR],
        not_applicable=counted[Outcome.NOT_APPLICABLE],
        excepted=excepted,
        compliance=share(passed),
        compliance_after_exceptions=share(passed + excepted),
        confirmation=share(passed + failed),
    )
