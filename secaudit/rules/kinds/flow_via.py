"""`flow_via`: what goes from one zone to another passes a third one; a direct exit is a violation."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.flows.analysis import PairFlow
from secaudit.municipality.model import Zone
from secaudit.rules.answers import answer, as_captured, lines, pair_subject, whole_files
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.permitted import Allowance
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import boxes_of, doubtful, pairs_of, unjudgeable
from secaudit.rules.witnesses import as_result, flow_witness
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class _Parameters:
    pairs: tuple[tuple[Zone, Zone], ...]
    via: Zone


def _parse(data: Mapping[str, Any]) -> _Parameters:
    via = Zone(data["via"])
    pairs = pairs_of(data["pairs"])
    if any(via in pair for pair in pairs):
        raise ValueError(f"{via.value} cannot be passed on the way to itself")
    return _Parameters(pairs, via)


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    for source, destination in parameters.pairs:
        yield _judge(rule, parameters.via, context, source, destination)


def _judge(rule: Rule, via: Zone, context: RuleContext, source: Zone, destination: Zone) -> RuleResult:
    refused = unjudgeable(rule, context, source, destination)
    if refused is None and context.binding(via) is None:
        missing = unjudgeable(rule, context, source, via)
        subject = pair_subject(context.policy, source, destination)
        refused = None if missing is None else dataclasses.replace(missing, subject=subject)
    if refused is not None:
        return refused
    pair = context.flows.pair(source, destination)
    allowed = Allowance(context.flows.nothing(), via, (), ())
    if not pair.certain_direct.is_empty:
        return _exit(rule, via, context, pair)
    if not pair.direct.is_empty:
        return doubtful(rule, context, pair, pair.direct, allowed)
    return _passes(rule, via, context, pair)


def _exit(rule: Rule, via: Zone, context: RuleContext, pair: PairFlow) -> RuleResult:
    packets = pair.certain_direct
    found = flow_witness(context, pair, packets)
    source, destination = Zone(pair.source), Zone(pair.destination)
    left, right = context.policy.title_of(source), context.policy.title_of(destination)
    between = context.policy.title_of(via)
    return answer(
        rule,
        Outcome.FAIL,
        "direct_exit",
        pair_subject(context.policy, source, destination),
        Text(
            ja=f"{left.ja}から{right.ja}へ、{between.ja}を経由しない経路を確認した。",
            en=f"There is a way from {left.en} to {right.en} that does not pass {between.en}.",
        ),
        evidence=lines(context, context.flows.responsible(pair, packets)),
        boxes=boxes_of(packets),
        packets=packets,
        witness=None if found is None else as_result(context, found),
    )


def _passes(rule: Rule, via: Zone, context: RuleContext, pair: PairFlow) -> RuleResult:
    source, destination = Zone(pair.source), Zone(pair.destination)
    left, right = context.policy.title_of(source), context.policy.title_of(destination)
    between = context.policy.title_of(via)
    if pair.possible.is_empty:
        reason = "no_flow"
        fact = Text(
            ja=f"{left.ja}から{right.ja}へ接続を開始できる通信がないことを確認した。",
            en=f"Nothing can open a connection from {left.en} to {right.en}.",
        )
    else:
        reason = "through"
        fact = Text(
            ja=f"{left.ja}から{right.ja}への通信は、全て{between.ja}への接続点から出ることを確認した。",
            en=f"Everything from {left.en} to {right.en} leaves by the connection to {between.en}.",
        )
    return answer(
        rule,
        Outcome.PASS,
        reason,
        pair_subject(context.policy, source, destination),
        fact,
        *as_captured(context),
        evidence=whole_files(context, (device.file for device in context.devices.values())),
    )


KIND = Kind("flow_via", _parse, _check)
