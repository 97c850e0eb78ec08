"""Results grouped and numbered as a reader meets them: findings by weight, then gaps, then what was in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from secaudit.audit.result import AuditResult, RuleSummary
from secaudit.rules.result import Disposition, Evidence, Outcome, RuleResult, Severity, SubjectKind
from secaudit.text.bilingual import Text

T = TypeVar("T")

IN_FULL = 300
IN_BRIEF = 2000
EVIDENCE_SHOWN, EVIDENCE_FOLDED = 12, 48
BOXES_SHOWN, BOXES_FOLDED = 8, 24
SUBJECTS_SHOWN = 30
_WEIGHT = {severity: weight for weight, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Capped(Generic[T]):
    """A list as far as it is printed: `shown`, then `folded` away, then `omitted` items that only result.json has."""

    shown: tuple[T, ...]
    folded: tuple[T, ...]
    omitted: int

    @property
    def total(self) -> int:
        """How many there are in all."""
        return len(self.shown) + len(self.folded) + self.omitted


def capped(items: Sequence[T], shown: int, folded: int = 0) -> Capped[T]:
    """Cuts a list. A remainder of one is not folded away: the fold would take as much room."""
    if len(items) == shown + 1:
        shown += 1
    return Capped(tuple(items[:shown]), tuple(items[shown : shown + folded]), max(0, len(items) - shown - folded))


@dataclass(frozen=True, slots=True)
class Finding:
    """A failed or undetermined result with its number (指摘事項)."""

    number: str
    anchor: str
    result: RuleResult
    rule: RuleSummary
    remedy: Text
    evidence: Capped[Evidence]
    boxes: Capped[str]

    @property
    def excepted(self) -> bool:
        """Covered by a valid exception."""
        return self.result.disposition is Disposition.EXCEPTED

    @property
    def weighs(self) -> bool:
        """Counts against the municipality: neither excepted nor shown for reference only."""
        return not self.excepted and not self.rule.reference_only


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings of one kind: the first ones in full, more in one line each, the rest counted."""

    full: tuple[Finding, ...]
    brief: tuple[Finding, ...]
    omitted: int

    @property
    def total(self) -> int:
        """How many there are in all."""
        return len(self.full) + len(self.brief) + self.omitted


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Results with the same outcome of one rule."""

    rule: RuleSummary
    results: Capped[RuleResult]


@dataclass(frozen=True, slots=True)
class Grouped:
    """Every result of an audit, in the order of the report. `all_failed` and `all_unknown` are not cut."""

    failed: Findings
    passed: tuple[RuleGroup, ...]
    not_applicable: tuple[RuleGroup, ...]
    all_failed: tuple[Finding, ...]
    all_unknown: tuple[Finding, ...]


def by_pair(grouped: Grouped) -> dict[str, tuple[Finding, ...]]:
    """The findings about pairs of zones by the name of the pair (`my_number->lgwan`), failures first."""
    pairs: dict[str, list[Finding]] = {}
    for finding in (*grouped.all_failed, *grouped.all_unknown):
        subject = finding.result.subject
        if subject.kind is SubjectKind.ZONE_PAIR:
            pairs.setdefault(subject.name, []).append(finding)
    return {name: tuple(findings) for name, findings in pairs.items()}


def group(result: AuditResult) -> Grouped:
    """Sorts, numbers and cuts the results of an audit."""
    rules = {rule.id: rule for rule in result.rules}
    failed = _numbered(result, rules, (Outcome.FAIL,), "{}", "finding-{}")
    unknown = _numbered(result, rules, (Outcome.UNDETERMINED, Outcome.ERROR), "U-{}", "unknown-{}")
    return Grouped(
        cut(failed),
        _by_rule(result, rules, Outcome.PASS),
        _by_rule(result, rules, Outcome.NOT_APPLICABLE),
        failed,
        unknown,
    )


def _numbered(
    result: AuditResult, rules: dict[str, RuleSummary], outcomes: Iterable[Outcome], number: str, anchor: str
) -> tuple[Finding, ...]:
    chosen = [item for item in result.results if item.outcome in outcomes]
    chosen.sort(key=_by_weight(rules))
    return tuple(
        Finding(
            number.format(index),
            anchor.format(index),
            item,
            rules[item.rule],
            item.remedy or rules[item.rule].remedy,
            capped(item.evidence, EVIDENCE_SHOWN, EVIDENCE_FOLDED),
            capped(item.boxes, BOXES_SHOWN, BOXES_FOLDED),
        )
        for index, item in enumerate(chosen, start=1)
    )


def _by_weight(rules: dict[str, RuleSummary]) -> Callable[[RuleResult], tuple[object, ...]]:
    def key(item: RuleResult) -> tuple[object, ...]:
        return (
            rules[item.rule].reference_only,
            _WEIGHT[item.severity],
            item.disposition is Disposition.EXCEPTED,
            # Of equal weight, what crosses a boundary between zones comes first: the audit is about that.
            item.subject.kind is not SubjectKind.ZONE_PAIR,
            item.rule,
            item.subject.kind,
            item.subject.name,
        )

    return key


def cut(findings: tuple[Finding, ...]) -> Findings:
    """The first in full, more in brief, the rest counted."""
    return Findings(findings[:IN_FULL], findings[IN_FULL:IN_BRIEF], max(0, len(findings) - IN_BRIEF))


def _by_rule(result: AuditResult, rules: dict[str, RuleSummary], outcome: Outcome) -> tuple[RuleGroup, ...]:
    groups: dict[str, list[RuleResult]] = {}
    for item in result.results:
        if item.outcome is outcome:
            groups.setdefault(item.rule, []).append(item)
    return tuple(RuleGroup(rules[id_], capped(groups[id_], SUBJECTS_SHOWN)) for id_ in sorted(groups))
