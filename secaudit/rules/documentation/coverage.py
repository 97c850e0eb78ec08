"""How much of the catalogue the rules cover, counted from the data and in no one's favour."""

from __future__ import annotations

from enum import StrEnum

from secaudit.rules.rule import Control, Rule, Ruleset

_STATEMENTS = frozenset({"attestation", "deadline"})
_AS_STATEMENT = frozenset({"register", "ledger", "exception"})


class Covered(StrEnum):
    """How a control is checked."""

    AUTOMATED = "automated"
    """From machine evidence alone, of every kind that a full check would look at."""
    PARTLY = "partly"
    """From some machine evidence; the rest by a statement, or not at all."""
    ATTESTED = "attested"
    """By statements alone."""
    NONE = "none"


def rules_of(ruleset: Ruleset, control: Control) -> tuple[Rule, ...]:
    """The rules that belong to a control and are applied."""
    return tuple(rule for rule in ruleset.rules if rule.control == control.id and rule.off is None)


def coverage_of(ruleset: Ruleset, control: Control) -> Covered:
    """How a control is covered."""
    rules = rules_of(ruleset, control)
    if not rules:
        return Covered.NONE
    kinds = {check.kind.name for rule in rules for check in rule.checks}
    if kinds <= _STATEMENTS:
        return Covered.ATTESTED
    seen = {"attestation" if need in _AS_STATEMENT else need.value for rule in rules for need in rule.needs}
    wanted = {one.value for one in control.evidence}
    if kinds & _STATEMENTS or not wanted <= seen:
        return Covered.PARTLY
    return Covered.AUTOMATED
