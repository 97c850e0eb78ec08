"""`model_match`: the declared model is the one that the network looks like.

Fails when certain flows exclude the declared model, passes when they show it. β and β′ look alike: between them a statement decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from secaudit.municipality.model import Model, Zone
from secaudit.policy.definitions import ports_of
from secaudit.policy.model import ServicePorts
from secaudit.rules.answers import answer, as_captured, lines, municipality_subject, unique, whole_files
from secaudit.rules.context import RuleContext
from secaudit.rules.demands import Demand, demand_of
from secaudit.rules.kind import Kind
from secaudit.rules.recognition import TITLES, Limits, Presence, Sign, Signs, excluded, names_of, shown, signs_of
from secaudit.rules.result import Evidence, Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import DOUBT_LIMIT, boxes_of, doubt_evidence, doubt_reason, needs_of, unjudgeable
from secaudit.rules.statements import judge_statement
from secaudit.text.bilingual import Text

_TOLD_APART = frozenset({Model.BETA, Model.BETA_PRIME})
_EXITS = (Zone.PUBLIC_INTERNET, Zone.CLOUD_SERVICE)


@dataclass(frozen=True, slots=True)
class _Parameters:
    """`limits` of what counts as a sign; `statement` tells β from β′."""

    limits: Limits
    statement: Demand


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(
        limits=Limits(
            ambiguous=tuple(ServicePorts(one["protocol"], ports_of(one["ports"])) for one in data["ambiguous"]),
            ipv4_prefix_length=data["ipv4_prefix_length"],
            ipv6_prefix_length=data["ipv6_prefix_length"],
        ),
        statement=demand_of(data["statement"]),
    )


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    for pair in ((Zone.LGWAN, Zone.INTERNET), *((Zone.LGWAN, zone) for zone in _EXITS)):
        refused = unjudgeable(rule, context, *pair)
        if refused is not None and refused.outcome is not Outcome.NOT_APPLICABLE:
            yield replace(refused, subject=municipality_subject(context))
            return
    exits = [zone for zone in _EXITS if context.binding(zone) is not None]
    yield _judge(rule, parameters, context, signs_of(context, parameters.limits, exits))


def _judge(rule: Rule, parameters: _Parameters, context: RuleContext, signs: Signs) -> RuleResult:
    declared = context.policy.model
    against = excluded(declared, signs)
    models = shown(signs)
    if against:
        return _differs(rule, context, models, signs, against)
    if declared not in models:
        return _unknown(rule, context, signs)
    if len(models) == 1:
        return _agrees(rule, context, signs)
    return _told_apart(rule, parameters.statement, context, signs)


def _differs(
    rule: Rule, context: RuleContext, models: tuple[Model, ...], signs: Signs, against: tuple[Sign, ...]
) -> RuleResult:
    declared = TITLES[context.policy.model]
    if models:
        named = names_of(models)
        fact = Text(
            ja=f"採用モデルは{declared.ja}とされているが、業務端末の配置状況は{named.ja}に相当する。",
            en=f"The declared model is {declared.en}, but where the business terminals are corresponds to {named.en}.",
        )
    else:
        fact = Text(
            ja=f"採用モデルは{declared.ja}とされているが、{declared.ja}では予定されていない通信を確認した。",
            en=f"The declared model is {declared.en}, but there are flows that {declared.en} does not foresee.",
        )
    return answer(
        rule,
        Outcome.FAIL,
        "model_differs" if models else "not_of_the_model",
        municipality_subject(context),
        fact,
        *_told(signs),
        *as_captured(context),
        evidence=_evidence(context, against),
        boxes=tuple(box for sign in against for _, packets in sign.flows for box in boxes_of(packets)),
    )


def _agrees(rule: Rule, context: RuleContext, signs: Signs) -> RuleResult:
    title = TITLES[context.policy.model]
    fact = Text(
        ja=f"採用モデルは{title.ja}とされており、設定ファイルから認められる通信は{title.ja}に相当する。",
        en=f"The declared model is {title.en}, and the flows of the configurations correspond to it.",
    )
    files = whole_files(context, (device.file for device in context.devices.values()))
    found = (signs.screens_out, signs.screens_in, signs.breakout)
    return answer(
        rule,
        Outcome.PASS,
        "model_agrees",
        municipality_subject(context),
        fact,
        *_told(signs),
        *as_captured(context),
        evidence=(*_evidence(context, found), *files),
    )


def _told_apart(rule: Rule, demand: Demand, context: RuleContext, signs: Signs) -> RuleResult:
    """β or β′: the flows agree, and where the business systems are is stated by somebody."""
    same = Text(
        ja="通信はβモデル又はβ′モデルに相当する。両者を分ける業務システム及び重要な情報資産の配置は、設定ファイルからは判断できない。",
        en="The flows correspond to model β or model β′. Which of the two depends on where business systems and important assets are, and no configuration tells that.",
    )
    judged = judge_statement(demand, rule.id, context)
    needs = judged.needs
    if judged.outcome is Outcome.UNDETERMINED:
        needs = (
            *needs,
            Text(
                ja="業務システム及び重要な情報資産がどの系に配置されているかを示す資料",
                en="what shows in which layer the business systems and the important assets are",
            ),
        )
    reason = "beta_or_beta_prime" if judged.reason == "no_attestation" else judged.reason
    return answer(
        rule,
        judged.outcome,
        reason,
        municipality_subject(context),
        same,
        *judged.facts,
        *_told(signs),
        evidence=(*_evidence(context, (signs.screens_in,)), *judged.evidence),
        needs=needs,
    )


def _unknown(rule: Rule, context: RuleContext, signs: Signs) -> RuleResult:
    found = (signs.screens_out, signs.screens_in, signs.breakout)
    doubts = tuple(dict.fromkeys(doubt for sign in found for doubt in sign.doubts))
    fact = Text(
        ja="提出された証跡からは、業務端末の配置状況がどのモデルに相当するかを判断できないため、確認不能とした。",
        en="What was submitted does not show to which model the place of the business terminals corresponds.",
    )
    need = Text(
        ja="画面転送及びローカルブレイクアウトの通信の台帳への登録（M2、B1、A1）、又は業務端末の配置を示す資料",
        en="entries of the register for screen transfer and local breakout (M2, B1, A1), or what shows where the business terminals are",
    )
    return answer(
        rule,
        Outcome.UNDETERMINED,
        doubt_reason(context, doubts) if doubts else "model_not_shown",
        municipality_subject(context),
        fact,
        *_told(signs),
        *unique(doubt.text for doubt in doubts)[:DOUBT_LIMIT],
        evidence=doubt_evidence(context, doubts),
        boxes=tuple(
            box
            for sign in found
            if sign.presence is Presence.UNKNOWN
            for _, packets in sign.flows
            for box in boxes_of(packets)
        ),
        needs=(*needs_of(context, doubts), need),
    )


def _evidence(context: RuleContext, signs: Iterable[Sign]) -> tuple[Evidence, ...]:
    sources = [line for sign in signs for flow in sign.flows for line in context.flows.responsible(*flow)]
    return lines(context, sources)


_WORDS: Mapping[Presence, Text] = {
    Presence.YES: Text(ja="認められる", en="there"),
    Presence.NO: Text(ja="認められない", en="not there"),
    Presence.UNKNOWN: Text(ja="判断できない", en="not known"),
    Presence.WIDE: Text(ja="認められ、宛先が限定されていない", en="there, and not limited to destinations"),
}


def _told(signs: Signs) -> Iterator[Text]:
    """What was seen of each sign."""
    for title, sign in (
        (
            Text(ja="LGWAN接続系からインターネット接続系への画面転送", en="screens from the LGWAN-connected zone"),
            signs.screens_out,
        ),
        (
            Text(ja="インターネット接続系からLGWAN接続系への画面転送", en="screens of the LGWAN-connected zone"),
            signs.screens_in,
        ),
        (
            Text(ja="LGWAN接続系からインターネットへの直接接続", en="direct ways from it to the Internet"),
            signs.breakout,
        ),
    ):
        word = _WORDS[sign.presence]
        yield Text(ja=f"{title.ja}：{word.ja}。", en=f"{title.en}: {word.en}.")


def _asked(parameters: _Parameters) -> Iterable[Demand]:
    return (replace(parameters.statement, models=_TOLD_APART),)


KIND = Kind("model_match", _parse, _check, asks=_asked)
