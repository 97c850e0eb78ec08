"""`register_match`: the register and the configurations agree, both ways.

Every flow of the pairs is covered by a valid entry, and every entry of them is approved, in date and really permitted somewhere. An entry
that no configuration permits is unused; one that is closed in one direction only is the business of `flow_required`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import PermittedFlow, Zone
from secaudit.network.device import Doubt
from secaudit.policy.model import Confidence
from secaudit.rules.answers import answer, less_severe, lines, register_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.permitted import entry_packets, is_valid, not_foreseen, refused_by_edition
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import (
    boxes_of,
    judge_pair,
    needs_of,
    nothing_to_judge,
    pairs_of,
    unjudgeable,
)
from secaudit.text.bilingual import Text
from secaudit.text.dates import in_japanese_era

_SURE = (Confidence.SOURCE, Confidence.HIGH)


@dataclass(frozen=True, slots=True)
class _Parameters:
    """`pairs` whose flows are judged here; `zone` whose register entries are."""

    pairs: tuple[tuple[Zone, Zone], ...]
    zone: Zone


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(pairs_of(data["pairs"]), Zone(data["zone"]))


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    for source, destination in parameters.pairs:
        yield from judge_pair(rule, context, source, destination)
    entries = sorted(
        (one for one in context.municipality.register if parameters.zone in (one.source_zone, one.destination_zone)),
        key=lambda one: one.id,
    )
    for entry in entries:
        yield _entry(rule, context, entry)
    if not entries:
        title = context.policy.title_of(parameters.zone)
        yield nothing_to_judge(
            rule,
            context,
            "empty_register",
            Text(
                ja=f"{title.ja}に関する通信が台帳に一件も登録されていない。",
                en=f"The register holds no entry about this zone: {title.en}.",
            ),
            Text(ja="特定通信台帳", en="the register of specific communications"),
        )


def _entry(rule: Rule, context: RuleContext, entry: PermittedFlow) -> RuleResult:
    subject = register_subject(entry.id, entry.title)
    evidence = lines(context, (entry.source,))
    if not is_valid(entry, context):
        fact = Text(
            ja=f"台帳の {entry.id}（{entry.title}）は監査基準日において有効でない（承認 {in_japanese_era(entry.approved_on)}、期限 {entry.valid_until or 'なし'}）。",
            en=f"The entry {entry.id} ({entry.title}) is not valid on the day of the audit (approved {entry.approved_on}, until {entry.valid_until or 'no date'}).",
        )
        remedy = Text(
            ja="通信が必要であれば台帳の承認を更新し、不要であれば台帳の記載と許可の設定を削除する。",
            en="Renew the approval if the flow is needed; otherwise delete the entry and the lines that permit it.",
        )
        return answer(rule, Outcome.FAIL, "entry_not_valid", subject, fact, evidence=evidence, remedy=remedy)
    refused = not_foreseen(entry, context) or refused_by_edition(entry, context)
    if refused is not None:
        return answer(rule, Outcome.FAIL, refused.reason, subject, refused.text, evidence=evidence)
    contradicted = _class_contradicted(rule, context, entry)
    if contradicted is not None:
        return contradicted
    ways = [(entry.source_zone, entry.destination_zone)]
    if entry.two_way:
        ways.append((entry.destination_zone, entry.source_zone))
    return _used(rule, context, entry, ways)


def _class_contradicted(rule: Rule, context: RuleContext, entry: PermittedFlow) -> RuleResult | None:
    """A failure when an entry states another class than its external system surely has."""
    system = context.policy.systems.get(entry.system or "")
    if system is None or None in (entry.destination_class, system.destination_class):
        return None
    if entry.destination_class == system.destination_class or system.confidence not in _SURE:
        return None
    return answer(
        rule,
        Outcome.FAIL,
        "class_contradicted",
        register_subject(entry.id, entry.title),
        Text(
            ja=f"台帳の {entry.id}（{entry.title}）は外部接続先の区分を {entry.destination_class} としているが、{system.title.ja}の区分は {system.destination_class} である。",
            en=f"The entry {entry.id} ({entry.title}) states class {entry.destination_class}, but {system.title.en} is of class {system.destination_class}.",
        ),
        evidence=lines(context, (entry.source,)),
        remedy=Text(
            ja="台帳の system 又は destination_class を正す。",
            en="Correct `system` or `destination_class` in the register.",
        ),
    )


def _used(rule: Rule, context: RuleContext, entry: PermittedFlow, ways: list[tuple[Zone, Zone]]) -> RuleResult:
    subject = register_subject(entry.id, entry.title)
    evidence = lines(context, (entry.source,))
    doubts: list[Doubt] = []
    possible = False
    for source, destination in ways:
        refused = unjudgeable(rule, context, source, destination)
        if refused is not None:
            return answer(
                rule,
                Outcome.UNDETERMINED,
                refused.reason,
                subject,
                *refused.facts,
                evidence=evidence,
                needs=refused.needs,
            )
        pair = context.flows.pair(source, destination)
        wanted = entry_packets(entry, source, context)
        crossing = wanted & pair.certain
        if not crossing.is_empty:
            fact = Text(
                ja=f"台帳の {entry.id}（{entry.title}）に対応する許可の設定を確認した。",
                en=f"The entry {entry.id} ({entry.title}) is really permitted.",
            )
            found = lines(context, context.flows.responsible(pair, crossing))
            return answer(rule, Outcome.PASS, "entry_used", subject, fact, evidence=(*evidence, *found))
        possible = possible or not (wanted & pair.possible).is_empty
        doubts.extend(pair.doubts)
    if possible:
        fact = Text(
            ja=f"台帳の {entry.id}（{entry.title}）に対応する許可の設定があるかを判断できない。",
            en=f"Whether {entry.id} ({entry.title}) is really permitted anywhere is not known.",
        )
        needs = needs_of(context, doubts)
        return answer(rule, Outcome.UNDETERMINED, "entry_unknown", subject, fact, evidence=evidence, needs=needs)
    return answer(
        rule,
        Outcome.FAIL,
        "entry_unused",
        subject,
        Text(
            ja=f"台帳の {entry.id}（{entry.title}）に対応する許可の設定が、どの機器にもない。",
            en=f"No configuration permits what the entry {entry.id} ({entry.title}) describes.",
        ),
        evidence=evidence,
        boxes=boxes_of(entry_packets(entry, source, context)),
        severity=less_severe(rule.severity),
        remedy=Text(
            ja="使われていない通信であれば台帳から削除する。必要な通信であれば許可の設定を確認する。",
            en="Strike the entry if the flow is not used; if it is needed, look for the line that should permit it.",
        ),
    )


KIND = Kind("register_match", _parse, _check)
