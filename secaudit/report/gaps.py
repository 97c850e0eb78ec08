"""What could not be judged for one and the same want, told once: devices without configuration, statements not made, settings not told.

A small municipality has few statements at first; a page for each of them would hide what matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from secaudit.report.findings import Finding, Findings, cut
from secaudit.rules.result import NOT_STATED, Outcome
from secaudit.text.bilingual import Text

_NO_CONFIGURATION, _NO_STATEMENT = "missing_config", "no_attestation"


@dataclass(frozen=True, slots=True)
class Gap:
    """Findings that go away with one submission: `needs` says which."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The weightiest of them."""
        return self.findings[0]

    @property
    def needs(self) -> tuple[Text, ...]:
        """What to submit, each once."""
        return tuple(dict.fromkeys(need for finding in self.findings for need in finding.result.needs))


@dataclass(frozen=True, slots=True)
class Gaps:
    """Undetermined results by what is wanting. `others` have reasons of their own and are told one by one."""

    devices: tuple[Gap, ...]
    statements: tuple[Gap, ...]
    settings: tuple[Gap, ...]
    others: Findings


def gaps_of(findings: Iterable[Finding]) -> Gaps:
    """Sorts undetermined findings; the order inside stays."""
    by_reason: dict[str, list[Finding]] = {_NO_CONFIGURATION: [], _NO_STATEMENT: [], NOT_STATED: []}
    others: list[Finding] = []
    for finding in findings:
        result = finding.result
        plain = result.outcome is Outcome.UNDETERMINED and result.needs and not result.boxes
        by_reason.get(result.reason, others).append(finding) if plain else others.append(finding)
    return Gaps(
        devices=_joined(by_reason[_NO_CONFIGURATION], lambda one: one.result.subject.name),
        statements=_joined(by_reason[_NO_STATEMENT], lambda one: one.number),
        settings=_joined(by_reason[NOT_STATED], lambda one: one.result.rule),
        others=cut(tuple(others)),
    )


def _joined(findings: Iterable[Finding], key: Callable[[Finding], str]) -> tuple[Gap, ...]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(key(finding), []).append(finding)
    return tuple(Gap(tuple(held)) for held in found.values())
