"""`attestation`: a statement exists, is fresh, was made by the right role, names its document, and says yes.

`only_where` asks only bodies whose audit folder speaks of certain zones, conditions of the register or external systems: a body without Government Cloud
need not state how it is connected. A statement that was made all the same is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.rules.answers import answer, municipality_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.statements import Demand, demand_of, judge_statement
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class _Where:
    """What a body must have for the question to be asked; one of all these is enough."""

    zones: frozenset[Zone]
    conditions: frozenset[str]
    systems: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Parameters:
    demand: Demand
    where: _Where | None


def _parse(data: Mapping[str, Any]) -> _Parameters:
    where = data.get("only_where")
    return _Parameters(
        demand_of(data),
        None
        if where is None
        else _Where(
            zones=frozenset(Zone(name) for name in where.get("zones", ())),
            conditions=frozenset(where.get("conditions", ())),
            systems=frozenset(where.get("systems", ())),
        ),
    )


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    subject = municipality_subject(context)
    if parameters.where is not None:
        unknown = sorted(parameters.where.systems - set(context.policy.systems))
        if unknown:
            fact = Text(
                ja=f"外部接続先 {', '.join(unknown)} は方針データにない。",
                en=f"The policy has no external system {', '.join(unknown)}.",
            )
            yield answer(rule, Outcome.ERROR, "unknown_system", subject, fact)
            return
        if not (_made(parameters.demand, rule, context) or _has(parameters.where, context)):
            yield answer(rule, Outcome.NOT_APPLICABLE, "not_used", subject, _absent(parameters.where, context))
            return
    judged = judge_statement(parameters.demand, rule.id, context)
    yield answer(
        rule,
        judged.outcome,
        judged.reason,
        subject,
        *judged.facts,
        evidence=judged.evidence,
        needs=judged.needs,
    )


def _made(demand: Demand, rule: Rule, context: RuleContext) -> bool:
    subject = demand.subject or rule.id
    return any(one.subject == subject for one in context.folder.attestations)


def _has(where: _Where, context: RuleContext) -> bool:
    """Whether the audit folder speaks of any of it: where zones are, the register, the ledger, or the hosts in several zones."""
    municipality = context.municipality
    stated = {binding.zone for binding in municipality.zones}
    stated.update(zone for device in municipality.ledger for zone in device.zones)
    stated.update(zone for host in municipality.hosts for zone in host.zones)
    stated.update(zone for entry in municipality.register for zone in (entry.source_zone, entry.destination_zone))
    return bool(
        where.zones & stated
        or any(entry.condition in where.conditions or entry.system in where.systems for entry in municipality.register)
    )


def _absent(where: _Where, context: RuleContext) -> Text:
    named = [context.policy.title_of(zone) for zone in sorted(where.zones)]
    named += [context.policy.conditions[code].title for code in sorted(where.conditions)]
    named += [context.policy.systems[name].title for name in sorted(where.systems)]
    return Text(
        ja=f"監査フォルダに{'、'.join(title.ja for title in named)}に関する記載がなく、利用していないものとして扱った。",
        en=f"The audit folder says nothing about this, which is taken not to be in use: {', '.join(title.en for title in named)}.",
    )


KIND = Kind("attestation", _parse, _check)
