"""A rule as loaded: what it asks, on whose authority, and the checks that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
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


@dataclass(frozen=True, slots=True)
class Check:
    """One question: a kind and its parameters, parsed to that kind's own frozen dataclass."""

    kind: Kind[Any]
    parameters: object

    @property
    def demand(self) -> Demand | None:
        """The statement that it rests on, None when it rests on none."""
        return None if self.kind.asks is None else self.kind.asks(self.parameters)


@dataclass(frozen=True, slots=True)
class Rule:
    """One control of the catalogue. `id` is stable for ever.

    `checks` all yield results of their own under this rule; the first is the rule's `kind`. `clauses` gives the clause by edition; an
    edition that is absent does not hold the requirement. `reference_only` rules are shown as 参考 and never fail an audit. `chapter` is the
    folder, `statutory_fields` the fields of measures that the rule is part of.
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

    @property
    def kind(self) -> str:
        """The name of the main check's kind."""
        return self.checks[0].kind.name

    def applies_to(self, edition: str, model: Model) -> bool:
        """Whether the edition holds the requirement and the model is one that it is for."""
        return edition in self.clauses and model in self.models


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All rules of one folder of `rulesets/`, sorted by id, and its chapters in their order. `files` are the digests of all files."""

    id: str
    title: Text
    version: str
    chapters: tuple[Chapter, ...]
    rules: tuple[Rule, ...]
    files: tuple[DefinitionFile, ...]

    def rule(self, rule_id: str) -> Rule:
        """One rule. Raises `KeyError` for an id that does not exist."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)
