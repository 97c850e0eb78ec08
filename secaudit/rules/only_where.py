"""`only_where`: a question for bodies whose audit folder speaks of certain zones, conditions of the register or external systems.

A body without Government Cloud need not say how it is connected. What the folder does not speak of is taken not to be there, as everywhere for
zones that not every municipality has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.rules.answers import answer, municipality_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class OnlyWhere:
    """What a body must have for a question to be asked; one of all these is enough."""

    zones: frozenset[Zone]
    conditions: frozenset[str]
    systems: frozenset[str]


def only_where_of(data: Mapping[str, Any]) -> OnlyWhere | None:
    """The parameter `only_where` of a check, None when every body is asked."""
    where = data.get("only_where")
    if where is None:
        return None
    return OnlyWhere(
        zones=frozenset(Zone(name) for name in where.get("zones", ())),
        conditions=frozenset(where.get("conditions", ())),
        systems=frozenset(where.get("systems", ())),
    )


def not_asked(rule: Rule, where: OnlyWhere | None, context: RuleContext) -> RuleResult | None:
    """The result for a body that has none of it, None for one that is asked. A system that the policy does not know is an error."""
    if where is None:
        return None
    subject = municipality_subject(context)
    unknown = ", ".join(sorted(where.systems - set(context.policy.systems)))
    if unknown:
        fact = Text(ja=f"外部接続先 {unknown} は方針データにない。", en=f"The policy has no external system {unknown}.")
        return answer(rule, Outcome.ERROR, "unknown_system", subject, fact)
    if _has(where, context):
        return None
    named = [context.policy.title_of(zone) for zone in sorted(where.zones)]
    named += [context.policy.conditions[code].title for code in sorted(where.conditions)]
    named += [context.policy.systems[name].title for name in sorted(where.systems)]
    fact = Text(
        ja=f"監査フォルダに次のものに関する記載がなく、利用していないものとして扱った：{'、'.join(title.ja for title in named)}。",
        en=f"The audit folder says nothing about this, which is taken not to be in use: {', '.join(title.en for title in named)}.",
    )
    return answer(rule, Outcome.NOT_APPLICABLE, "not_used", subject, fact)


def _has(where: OnlyWhere, context: RuleContext) -> bool:
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
