"""`flow_required`: the links that the register marks as required work, in each direction that it names, in every state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.flows.analysis import PairFlow
from secaudit.flows.blocking import find_stops
from secaudit.flows.links import LinkCheck, check_link
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.municipality.model import PermittedFlow, Zone
from secaudit.packets.sets import PacketSet
from secaudit.rules.answers import answer, as_captured, lines, register_subject, unique, whole_files
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.permitted import entry_packets
from secaudit.rules.result import Evidence, Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import (
    boxes_of,
    doubt_evidence,
    doubt_reason,
    needs_of,
    nothing_to_judge,
    unjudgeable,
)
from secaudit.text.bilingual import Text

_UNSURE = (TraceVerdict.UNDETERMINED, TraceVerdict.UNMODELLED)


@dataclass(frozen=True, slots=True)
class _Parameters:
    """`systems` must each have a required entry; entries of other systems that are marked as required are judged too."""

    systems: tuple[str, ...]


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(tuple(data["systems"]))


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    required = sorted((one for one in context.municipality.register if one.required), key=lambda one: one.id)
    known = {one.system for one in required}
    for system in parameters.systems:
        if system not in known:
            yield nothing_to_judge(
                rule,
                context,
                f"no_entry_{system}",
                Text(
                    ja=f"{system} との間の必要な通信が台帳に登録されていない。",
                    en=f"The register holds no required link with {system}.",
                ),
                Text(
                    ja=f"台帳における {system} との通信（required: true）",
                    en=f"the link with {system} in the register (required: true)",
                ),
            )
    for entry in required:
        yield _direction(rule, context, entry, entry.source_zone, entry.destination_zone)
        if entry.two_way:
            yield _direction(rule, context, entry, entry.destination_zone, entry.source_zone)


def _direction(rule: Rule, context: RuleContext, entry: PermittedFlow, source: Zone, destination: Zone) -> RuleResult:
    subject = register_subject(entry.id, entry.title)
    refused = unjudgeable(rule, context, source, destination)
    own = lines(context, (entry.source,))
    if refused is not None:
        return answer(
            rule, Outcome.UNDETERMINED, refused.reason, subject, *refused.facts, evidence=own, needs=refused.needs
        )
    pair = context.flows.pair(source, destination)
    wanted = entry_packets(entry, source, context) & context.flows.spaces.plainly_opening()
    blocked = wanted - pair.possible
    if wanted.is_empty or not blocked.is_empty:
        return _blocked(rule, context, entry, pair, wanted, blocked)
    unreliable = wanted - context.flows.reliable(source, destination, wanted)
    if not unreliable.is_empty:
        complex_ = context.flows.too_complex
        doubts = pair.doubts or (() if complex_ is None else (complex_,))
        left, right = context.policy.title_of(source), context.policy.title_of(destination)
        fact = Text(
            ja=f"{left.ja}から{right.ja}への通信が常に可能であるかを、提出された証跡から判断できない。",
            en=f"What was submitted does not show whether the link from {left.en} to {right.en} always works.",
        )
        return answer(
            rule,
            Outcome.UNDETERMINED,
            doubt_reason(context, doubts) if doubts else "not_in_every_state",
            subject,
            fact,
            *unique(doubt.text for doubt in doubts)[:10],
            evidence=(*own, *doubt_evidence(context, doubts)),
            boxes=boxes_of(unreliable),
            needs=needs_of(context, doubts),
        )
    failed = [one for one in check_link(context.flows, source.value, wanted) if not one.works]
    if failed:
        return _unanswered(rule, context, entry, pair, failed, own)
    return _works(rule, context, entry, pair, wanted, own)


def _blocked(
    rule: Rule, context: RuleContext, entry: PermittedFlow, pair: PairFlow, wanted: PacketSet, blocked: PacketSet
) -> RuleResult:
    left, right = _names(context, pair)
    whole = (wanted & pair.possible).is_empty
    stops = find_stops(context.flows, pair.source, pair.destination, blocked)
    fact = Text(
        ja=f"台帳の {entry.id}（{entry.title}）に必要な{left.ja}から{right.ja}への通信が{'' if whole else '一部'}遮断されている。",
        en=f"The link from {left.en} to {right.en} that {entry.id} ({entry.title}) needs is {'' if whole else 'partly '}blocked.",
    )
    return answer(
        rule,
        Outcome.FAIL,
        "blocked" if whole else "partly_blocked",
        register_subject(entry.id, entry.title),
        fact,
        *unique(stop.what for stop in stops)[:5],
        evidence=(*lines(context, (entry.source,)), *lines(context, (line for one in stops for line in one.sources))),
        boxes=boxes_of(blocked),
    )


def _unanswered(
    rule: Rule,
    context: RuleContext,
    entry: PermittedFlow,
    pair: PairFlow,
    failed: list[LinkCheck],
    own: tuple[Evidence, ...],
) -> RuleResult:
    traces = [trace for one in failed for trace in one.failed]
    unsure = any(trace.verdict in _UNSURE for trace in traces)
    left, right = _names(context, pair)
    fact = Text(
        ja=f"{left.ja}から{right.ja}への接続は通過するが、その応答が送信元に戻らない（例：{failed[0].packet}）。",
        en=f"Connections get from {left.en} to {right.en}, but their replies do not come back, for example for {failed[0].packet}.",
    )
    if unsure:
        fact = Text(
            ja=f"{left.ja}から{right.ja}への接続に対する応答が送信元に戻るかを判断できない（例：{failed[0].packet}）。",
            en=f"Whether replies to connections from {left.en} to {right.en} come back is not known, for example for {failed[0].packet}.",
        )
    return answer(
        rule,
        Outcome.UNDETERMINED if unsure else Outcome.FAIL,
        "reply_unknown" if unsure else "reply_blocked",
        register_subject(entry.id, entry.title),
        fact,
        *unique(trace.reason for trace in traces)[:5],
        evidence=(*own, *_stopping(context, traces)),
        boxes=tuple(str(one.packet) for one in failed),
    )


def _works(
    rule: Rule,
    context: RuleContext,
    entry: PermittedFlow,
    pair: PairFlow,
    wanted: PacketSet,
    own: tuple[Evidence, ...],
) -> RuleResult:
    left, right = _names(context, pair)
    responsible = lines(context, context.flows.responsible(pair, wanted))
    return answer(
        rule,
        Outcome.PASS,
        "works",
        register_subject(entry.id, entry.title),
        Text(
            ja=f"台帳の {entry.id}（{entry.title}）の{left.ja}から{right.ja}への通信が許可され、応答が戻ることを確認した。",
            en=f"The link from {left.en} to {right.en} of {entry.id} ({entry.title}) is permitted and its replies come back.",
        ),
        *as_captured(context),
        evidence=(*own, *(responsible or whole_files(context, (one.file for one in context.devices.values())))),
    )


def _names(context: RuleContext, pair: PairFlow) -> tuple[Text, Text]:
    return context.policy.title_of(Zone(pair.source)), context.policy.title_of(Zone(pair.destination))


def _stopping(context: RuleContext, traces: list[Trace]) -> tuple[Evidence, ...]:
    """The lines of the last step of each way: what stopped the packet."""
    found = [source for trace in traces if trace.hops for source in trace.hops[-1].sources]
    return lines(context, found)


KIND = Kind("flow_required", _parse, _check)
