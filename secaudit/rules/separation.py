"""Judging one ordered zone pair: does anything cross beyond what the policy and the register permit?

Fails when something surely crosses (with a replayed packet and every line that lets it through), is undetermined when something could
cross, passes only when nothing can. Reply-looking packets that a stateless line lets across are a result of their own, one step less
severe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from secaudit.flows.analysis import PairFlow
from secaudit.municipality.model import PermittedFlow, Zone
from secaudit.network.device import HIDING, Doubt, DoubtKind
from secaudit.network.intervals import ANY_BYTE, ANY_PORT, normalise, of_networks
from secaudit.network.matches import ICMP, ICMPV6, Family, Match, Service
from secaudit.packets.sets import PacketSet
from secaudit.rules.answers import (
    answer,
    as_captured,
    captured_evidence,
    less_severe,
    lines,
    municipality_subject,
    pair_subject,
    unique,
    whole_files,
)
from secaudit.rules.context import RuleContext
from secaudit.rules.permitted import Allowance, Refusal, allowance, entry_packets, protocol_of
from secaudit.rules.result import Evidence, Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.witnesses import as_result, flow_witness
from secaudit.text.bilingual import Text

BOX_LIMIT = 20
DOUBT_LIMIT = 10


def pairs_of(entries: Iterable[Mapping[str, Any]]) -> tuple[tuple[Zone, Zone], ...]:
    """`[{from: [...], to: [...], both_ways: ...}]` as ordered pairs, each once. A zone is never paired with itself."""
    found: dict[tuple[Zone, Zone], None] = {}
    for entry in entries:
        for left in entry["from"]:
            for right in entry["to"]:
                if left != right:
                    found[Zone(left), Zone(right)] = None
                    if entry.get("both_ways", False):
                        found[Zone(right), Zone(left)] = None
    if not found:
        raise ValueError("no pair of two different zones")
    return tuple(found)


def unjudgeable(rule: Rule, context: RuleContext, source: Zone, destination: Zone) -> RuleResult | None:
    """The result of a pair about which nothing can be computed, None when flows are known."""
    subject = pair_subject(context.policy, source, destination)
    unbound = [zone for zone in (source, destination) if context.binding(zone) is None]
    if unbound:
        expected = [zone for zone in unbound if context.policy.zones[zone].expected]
        named = context.policy.title_of((expected or unbound)[0])
        if not expected:
            fact = Text(
                ja=f"{named.ja}は監査フォルダに記載されておらず、存在しないものとして扱った。",
                en=f"The audit folder has no zone: {named.en}. It is taken not to exist.",
            )
            return answer(rule, Outcome.NOT_APPLICABLE, "zone_absent", subject, fact)
        fact = Text(
            ja=f"{named.ja}がネットワークのどこにあるかが municipality.yaml に記載されていない。",
            en=f"municipality.yaml does not say where this zone is: {named.en}.",
        )
        need = Text(
            ja=f"municipality.yaml における{named.ja}の範囲", en=f"where this zone is, in municipality.yaml: {named.en}"
        )
        return answer(rule, Outcome.UNDETERMINED, "zone_not_bound", subject, fact, needs=(need,))
    if not context.devices:
        fact = Text(ja="設定ファイルが一つも読み取れていない。", en="Not a single configuration was read.")
        need = Text(ja="領域の境界にある機器の設定ファイル", en="the configurations of the devices between the zones")
        return answer(rule, Outcome.UNDETERMINED, "no_config", subject, fact, needs=(need,))
    return None


def judge_pair(
    rule: Rule,
    context: RuleContext,
    source: Zone,
    destination: Zone,
    *,
    within: PacketSet | None = None,
    conditions: frozenset[str] | None = None,
) -> Iterable[RuleResult]:
    """Judges one pair. `within` asks about some packets only; `conditions` accepts only entries with these codes."""
    subject = pair_subject(context.policy, source, destination)
    refused = unjudgeable(rule, context, source, destination)
    if refused is not None:
        yield refused
        return
    cell = context.policy.cell(source, destination)
    allowed = allowance(cell, context, conditions)
    if allowed.packets == context.flows.everything():
        fact = Text(
            ja=f"この領域の組は方針上制限されない（{cell.text}）。",
            en=f"The policy does not restrict this pair ({cell.text}).",
        )
        yield answer(rule, Outcome.NOT_APPLICABLE, "not_restricted", subject, fact)
        return
    pair = context.flows.pair(source, destination)
    certain, possible = beyond(pair, allowed)
    if within is not None:
        certain, possible = certain & within, possible & within
    if not certain.is_empty:
        yield crossing(rule, context, pair, certain, allowed, by_item=conditions is not None)
        return
    if not possible.is_empty:
        yield doubtful(rule, context, pair, possible, allowed)
    else:
        asked = pair.possible if within is None else pair.possible & within
        yield _separated(rule, context, pair, allowed, nothing=asked.is_empty, whole=within is None)
    for packets, judge in ((pair.replies, _replies), (pair.possible_replies - pair.replies, _possible_replies)):
        replies = stray_replies(context, pair, source, destination, packets)
        if within is not None:
            replies &= within
        if not replies.is_empty:
            yield judge(rule, context, pair, replies)
            return


def beyond(pair: PairFlow, allowed: Allowance) -> tuple[PacketSet, PacketSet]:
    """What surely, and what possibly, opens connections beyond an allowance."""
    certain, possible = pair.certain - allowed.packets, pair.possible - allowed.packets
    if allowed.via is not None:
        return certain & pair.certain_direct, possible & pair.direct
    return certain, possible


def crossing(
    rule: Rule, context: RuleContext, pair: PairFlow, packets: PacketSet, allowed: Allowance, *, by_item: bool = False
) -> RuleResult:
    """A failure: `packets` surely cross. `by_item`: the rule accepts some entries only, so that others may permit the packets."""
    source, destination = Zone(pair.source), Zone(pair.destination)
    left, right = context.policy.title_of(source), context.policy.title_of(destination)
    found = flow_witness(context, pair, packets)
    shown = "" if found is None else str(found.packet)
    unpermitted = (
        Text(ja="本項目の要件を満たさない通信", en="Packets that this item does not permit")
        if by_item
        else Text(
            ja="方針及び台帳で許可されていない通信", en="Packets that neither the policy nor the register permits"
        )
    )
    facts = [
        Text(
            ja=f"{left.ja}から{right.ja}へ、{unpermitted.ja}（例：{shown}）が到達可能な経路を確認した。",
            en=f"{unpermitted.en} can get from {left.en} to {right.en}, for example {shown}.",
        )
    ]
    refused = _refusal_that_covers(context, packets, allowed, source)
    if refused is not None:
        facts.append(refused.text)
    return answer(
        rule,
        Outcome.FAIL,
        "flow_found" if refused is None else refused.reason,
        pair_subject(context.policy, source, destination),
        *facts,
        *_spoofed(context, pair, allowed),
        *as_captured(context),
        evidence=lines(context, context.flows.responsible(pair, packets)),
        boxes=boxes_of(packets),
        packets=packets,
        witness=None if found is None else as_result(context, found),
    )


def doubtful(rule: Rule, context: RuleContext, pair: PairFlow, packets: PacketSet, allowed: Allowance) -> RuleResult:
    """Undetermined: `packets` could cross, and the doubts say why that is not known."""
    source, destination = Zone(pair.source), Zone(pair.destination)
    left, right = context.policy.title_of(source), context.policy.title_of(destination)
    fact = Text(
        ja=f"提出された証跡からは、{left.ja}から{right.ja}への通信が遮断されているかを判断できないため、確認不能とした。",
        en=f"What was submitted does not show whether packets from {left.en} to {right.en} are stopped.",
    )
    return answer(
        rule,
        Outcome.UNDETERMINED,
        doubt_reason(context, pair.doubts),
        pair_subject(context.policy, source, destination),
        fact,
        *unique(doubt.text for doubt in pair.doubts)[:DOUBT_LIMIT],
        *_spoofed(context, pair, allowed),
        evidence=doubt_evidence(context, pair.doubts),
        boxes=boxes_of(packets),
        packets=packets,
        needs=needs_of(context, pair.doubts),
    )


def doubt_evidence(context: RuleContext, doubts: Iterable[Doubt]) -> tuple[Evidence, ...]:
    """The lines that make the difference between possible and certain."""
    return lines(context, (source for doubt in doubts for source in doubt.sources))


def doubt_reason(context: RuleContext, doubts: Iterable[Doubt]) -> str:
    """The most telling reason code of several doubts."""
    held = tuple(doubts)
    gaps = {one.doubt for one in context.flows.missing}
    if any(doubt in gaps for doubt in held):
        return "missing_config"
    for way in context.flows.plan.crossings:
        if way.doubt in held:
            return way.reason
    if any(doubt.kind in HIDING for doubt in held):
        return "unread_lines"
    if any(doubt.kind is DoubtKind.TOO_COMPLEX for doubt in held):
        return "too_complex"
    return "flow_possible"


def needs_of(context: RuleContext, doubts: Iterable[Doubt]) -> tuple[Text, ...]:
    """What to submit so that doubts go away."""
    held = tuple(doubts)
    needs = [
        Text(ja=f"{one.name} の設定ファイル", en=f"the configuration of {one.name}")
        for one in context.flows.missing
        if one.doubt in held
    ]
    crossings = [one for one in context.flows.plan.crossings if one.doubt in held]
    needs += [one.need for one in crossings]
    gaps = {one.doubt for one in context.flows.missing} | {one.doubt for one in crossings}
    files = sorted({source.file for doubt in held if doubt not in gaps for source in doubt.sources})
    needs += [
        Text(
            ja=f"{file} の該当行が示す接続先の機器の設定ファイル、又は読み取れなかった記述についての説明",
            en=f"for {file}: the configuration of the device that these lines lead to, or an explanation of what could not be read",
        )
        for file in files
    ]
    return tuple(needs)


def boxes_of(packets: PacketSet) -> tuple[str, ...]:
    """A set as people read it, not too many."""
    return tuple(str(box) for box in packets.boxes(BOX_LIMIT))


def _separated(
    rule: Rule, context: RuleContext, pair: PairFlow, allowed: Allowance, *, nothing: bool, whole: bool
) -> RuleResult:
    source, destination = Zone(pair.source), Zone(pair.destination)
    left, right = context.policy.title_of(source), context.policy.title_of(destination)
    which = (
        Text(ja="接続を開始できる通信", en="opens a connection")
        if whole
        else Text(ja="本項目の対象となる、接続を開始できる通信", en="that this item is about opens a connection")
    )
    if nothing:
        fact = Text(
            ja=f"提出された全ての設定ファイルに基づき、{left.ja}から{right.ja}へ{which.ja}がないことを確認した。",
            en=f"In all submitted configurations nothing from {left.en} to {right.en} {which.en}.",
        )
        reason = "no_flow"
    else:
        ids = ", ".join(entry.id for entry in allowed.entries) or "-"
        fact = Text(
            ja=f"{left.ja}から{right.ja}へ{which.ja}は、方針及び台帳（{ids}）で許可されたものに限られることを確認した。",
            en=f"From {left.en} to {right.en} only what the policy and the register ({ids}) permit {which.en}.",
        )
        reason = "only_permitted"
    return answer(
        rule,
        Outcome.PASS,
        reason,
        pair_subject(context.policy, source, destination),
        fact,
        *_spoofed(context, pair, allowed),
        *as_captured(context),
        evidence=(
            *lines(context, (entry.source for entry in allowed.entries)),
            *captured_evidence(context),
            *whole_files(context, (device.file for device in context.devices.values())),
        ),
    )


def _spoofed(context: RuleContext, pair: PairFlow, allowed: Allowance) -> tuple[Text, ...]:
    excess = pair.spoofed - allowed.packets
    if excess.is_empty:
        return ()
    shown = "、".join(boxes_of(excess)[:3])
    return (
        Text(
            ja=f"送信元アドレスを詐称したパケットであれば到達し得るものがある（{shown}）。送信元の検査の設定を確認する必要がある。",
            en=f"With a forged source address some packets could arrive ({shown}); the source checks of the devices should be looked at.",
        ),
    )


def _refusal_that_covers(context: RuleContext, packets: PacketSet, allowed: Allowance, source: Zone) -> Refusal | None:
    for refused in allowed.refusals:
        if (packets - entry_packets(refused.entry, source, context)).is_empty:
            return refused
    return None


def stray_replies(
    context: RuleContext, pair: PairFlow, source: Zone, destination: Zone, replies: PacketSet
) -> PacketSet:
    """The reply-looking packets among `replies` that belong to no permitted connection of either direction."""
    if replies.is_empty:
        return replies
    forward = allowance(context.policy.cell(source, destination), context)
    backward = allowance(context.policy.cell(destination, source), context)
    if backward.via is not None or backward.packets == context.flows.everything() or forward.via is not None:
        return context.flows.nothing()
    own = [m for entry in forward.entries for m in _both_ends(entry, entry.source_zone is source, reply=False)]
    back = [m for entry in backward.entries for m in _both_ends(entry, entry.source_zone is destination, reply=True)]
    return replies - context.flows.spaces.of_matches([*own, *back])


def _both_ends(entry: PermittedFlow, forward: bool, *, reply: bool) -> Iterable[Match]:
    """All packets of an entry's connections in one direction, and the ICMP messages about them."""
    sender, receiver = (entry.sources, entry.destinations) if forward else (entry.destinations, entry.sources)
    if reply:
        sender, receiver = receiver, sender
    ports = normalise(entry.ports) if entry.ports else ANY_PORT
    protocol = protocol_of(entry)
    protocols = ANY_BYTE if protocol == "any" else ((int(protocol), int(protocol)),)
    own = Service(protocols, source_ports=ports) if reply else Service(protocols, destination_ports=ports)
    families: tuple[Family, Family] = (4, 6)
    for family in families:
        left = of_networks(one for one in sender if one.version == family)
        right = of_networks(one for one in receiver if one.version == family)
        if left and right:
            icmp = ICMP if family == 4 else ICMPV6
            yield Match(family, left, right, (own, Service(((icmp, icmp),))))


def _replies(rule: Rule, context: RuleContext, pair: PairFlow, packets: PacketSet) -> RuleResult:
    source, destination = Zone(pair.source), Zone(pair.destination)
    left, right = context.policy.title_of(source), context.policy.title_of(destination)
    return answer(
        rule,
        Outcome.FAIL,
        "stateless_replies",
        pair_subject(context.policy, source, destination),
        Text(
            ja=f"通信の状態を管理しない規則により、{left.ja}から{right.ja}へ、応答の形をしたパケットが接続と無関係に到達し得る。",
            en=f"A stateless line lets packets that look like replies get from {left.en} to {right.en} without any connection.",
        ),
        evidence=lines(context, context.flows.responsible(pair, packets)),
        boxes=boxes_of(packets),
        packets=packets,
        severity=less_severe(rule.severity),
        remedy=Text(
            ja="応答の通過を、状態を管理する機能（ステートフルインスペクション、動的フィルタ）による制御に改める。",
            en="Let replies back by a stateful function (inspection, dynamic filters) instead of a stateless line.",
        ),
    )


def _possible_replies(rule: Rule, context: RuleContext, pair: PairFlow, packets: PacketSet) -> RuleResult:
    source, destination = Zone(pair.source), Zone(pair.destination)
    left, right = context.policy.title_of(source), context.policy.title_of(destination)
    held = lines(context, context.flows.responsible(pair, packets))
    files = sorted({one.file for one in held})
    return answer(
        rule,
        Outcome.UNDETERMINED,
        "stateless_replies_possible",
        pair_subject(context.policy, source, destination),
        Text(
            ja=f"{left.ja}から{right.ja}へ、応答の形をしたパケットが接続と無関係に到達するか否かを、提出された設定から判断できない。",
            en=f"Whether packets that look like replies get from {left.en} to {right.en} without a connection is not known.",
        ),
        evidence=held,
        boxes=boxes_of(packets),
        packets=packets,
        needs=tuple(
            Text(
                ja=f"{file} の該当行についての説明、又は状態を管理する設定への変更",
                en=f"for {file}: an explanation of these lines, or stateful settings in their place",
            )
            for file in files
        ),
    )


def nothing_to_judge(rule: Rule, context: RuleContext, reason: str, fact: Text, need: Text) -> RuleResult:
    """Undetermined for the whole body: there was no subject to judge."""
    return answer(rule, Outcome.UNDETERMINED, reason, municipality_subject(context), fact, needs=(need,))
