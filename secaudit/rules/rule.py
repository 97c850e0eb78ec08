"""A rule as loaded: what it asks, on whose authority, and the checks that answer it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from secaudit.municipality.model import Model
from secaudit.policy.model import Confidence, DefinitionFile
from secaudit.rules.demands import Demand
from secaudit.rules.kind import Kind
from secaudit.rules.result import Severity
from secaudit.text.bilingual import Text


class EvidenceKind(StrEnum):
    """What kind of evidence a rule needs (guideline chapter 6)."""

    CONFIGURATION = "configuration"
    FLOW = "flow"
    PROBE = "probe"
    ATTESTATION = "attestation"
    REGISTER = "register"
    LEDGER = "ledger"
    EXCEPTION = "exception"


class StatutoryField(StrEnum):
    """The eight fields of measures of the Enforcement Regulation of the Local Autonomy Act, Article 16-3, in the order of their items."""

    ORGANISATION = "organisation"
    ASSETS = "assets"
    PHYSICAL = "physical"
    PERSONNEL = "personnel"
    TECHNICAL = "technical"
    OPERATION = "operation"
    OUTSOURCING = "outsourcing"
    EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of a ruleset, a folder of rules. `controls` are the beginnings of the ids in it."""

    id: str
    title: Text
    controls: tuple[str, ...]
    statutory_fields: tuple[StatutoryField, ...]


class ControlEvidence(StrEnum):
    """What a full check of a control would have to look at (guideline chapter 6)."""

    CONFIGURATION = "configuration"
    FLOW = "flow"
    PROBE = "probe"
    LOG = "log"
    ATTESTATION = "attestation"


@dataclass(frozen=True, slots=True)
class Control:
    """A control of the catalogue, whether a rule checks it or not."""

    id: str
    clause: Text
    title: Text
    evidence: tuple[ControlEvidence, ...]
    models: tuple[Model, ...]
    severity: Severity
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number (or one of `choices`, loosest first) that rules refer to. A higher value is stricter unless `lower_is_stricter`."""

    id: str
    title: Text
    unit: str
    value: int | str
    minimum: int | None
    maximum: int | None
    choices: tuple[str, ...]
    lower_is_stricter: bool
    basis: Text
    confidence: Confidence

    def is_stricter(self, value: int | str) -> bool:
        """Whether another value would be harder to meet than the present one."""
        if self.choices:
            higher = self.choices.index(str(value)) > self.choices.index(str(self.value))
        else:
            assert isinstance(value, int)
            assert isinstance(self.value, int)
            higher = value > self.value
        return higher != self.lower_is_stricter


class DeviationKind(StrEnum):
    """How an own ruleset differs from the one it extends."""

    ADDED = "added"
    TIGHTENED = "tightened"
    LOOSENED = "loosened"
    OFF = "off"
    THRESHOLD_TIGHTENED = "threshold_tightened"
    THRESHOLD_LOOSENED = "threshold_loosened"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference of an own ruleset, with who decided it, when and why. `subject` is the rule or threshold; `severity` that of the rule
    in the ruleset that is extended, None for a threshold. `what` says what changes.
    """

    kind: DeviationKind
    ruleset: str
    subject: str
    title: Text
    severity: Severity | None
    what: Text
    reason: Text
    decided_by: str
    decided_on: datetime.date


@dataclass(frozen=True, slots=True)
class Check:
    """One question: a kind and its parameters, parsed to that kind's own frozen dataclass.

    `written` is what the rule file says, with thresholds named; it is for documentation only.
    """

    kind: Kind[Any]
    parameters: object
    written: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def demands(self) -> tuple[Demand, ...]:
        """The statements that it rests on."""
        return () if self.kind.asks is None else tuple(self.kind.asks(self.parameters))


@dataclass(frozen=True, slots=True)
class Rule:
    """One control of the catalogue. `id` is stable for ever.

    `checks` all yield results of their own under this rule; the first is the rule's `kind`. `clauses` gives the clause by edition; an
    edition that is absent does not hold the requirement. `reference_only` rules are shown as 参考 and never fail an audit. `chapter` is the
    folder, `statutory_fields` the fields of measures that the rule is part of. `off` says who switched the rule off and why; `before` is the
    rule as it was before it was loosened, which still decides what is undetermined. `where_not_told` is the statement that counts for devices
    whose configuration does not tell.
    """

    id: str
    chapter: str
    statutory_fields: tuple[StatutoryField, ...]
    title: Text
    requirement: Text
    remedy: Text
    clauses: Mapping[str, Text]
    models: tuple[Model, ...]
    severity: Severity
    needs: tuple[EvidenceKind, ...]
    confidence: Confidence
    reference: str
    reference_only: bool
    checks: tuple[Check, ...]
    file: DefinitionFile
    off: Deviation | None = None
    before: Rule | None = None
    where_not_told: Demand | None = None

    @property
    def control(self) -> str:
        """The control of the catalogue that the rule belongs to: `HD-03` for `HD-03-TELNET`."""
        return "-".join(self.id.split("-")[:2])

    @property
    def demands(self) -> tuple[Demand, ...]:
        """The statements that it rests on, or may rest on."""
        last = () if self.where_not_told is None else (self.where_not_told,)
        return (*(demand for check in self.checks for demand in check.demands), *last)

    @property
    def kind(self) -> str:
        """The name of the main check's kind."""
        return self.checks[0].kind.name

    def applies_to(self, edition: str, model: Model) -> bool:
        """Whether the edition holds the requirement and the model is one that it is for."""
        return edition in self.clauses and model in self.models


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All rules of a ruleset and of those it extends, sorted by id, and their chapters in their order.

    `files` are the digests of all files, `deviations` every difference from the shipped ruleset, `folders` where the files are: the
    ruleset's own folder first, the shipped one last.
    """

    id: str
    title: Text
    version: str
    chapters: tuple[Chapter, ...]
    rules: tuple[Rule, ...]
    files: tuple[DefinitionFile, ...]
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    controls: tuple[Control, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    folders: tuple[Path, ...] = field(default=(), compare=False)

    def rule(self, rule_id: str) -> Rule:
        """One rule. Raises `KeyError` for an id that does not exist."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)
