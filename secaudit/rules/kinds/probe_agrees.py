"""`probe_agrees`: what was probed agrees with what the configurations say; drift is a finding.

| seen | configurations say | result |
|---|---|---|
| an answer of the target | cannot cross | fail, `drift_open` |
| proof of blocking (`Scan.blocked`) | surely crosses | fail, `drift_closed` |
| neither, for packets that surely cross | | undetermined |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.flows.analysis import PairFlow
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay
from secaudit.flows.trace import TraceVerdict
from secaudit.network.intervals import contains
from secaudit.network.matches import Family
from secaudit.packets.packet import PROTOCOL_NUMBERS, SYN, Packet
from secaudit.packets.sets import PacketSet
from secaudit.probes.observation import IPAddress, PortObservation, Scan
from secaudit.rules.answers import answer, lines
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.observed import (
    Sight,
    is_general,
    probed,
    scan_subject,
    seen_packets,
    sights,
    subject_of,
    targets_outside_zones,
    unusable,
)
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import boxes_of, doubt_reason, needs_of, nothing_to_judge, unjudgeable
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources

_ANY_SOURCE_PORT = 50000


@dataclass(frozen=True, slots=True)
class _Parameters:
    max_age_days: int | None


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(data.get("max_age_days"))


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    compared = False
    for scan in sorted(context.scans, key=lambda one: one.file):
        refused = unusable(rule, context, scan, parameters.max_age_days)
        if refused is not None:
            compared = True
            yield refused
            continue
        for sight in sights(context, scan):
            compared = True
            yield _judge(rule, context, sight)
        strangers = targets_outside_zones(context, scan)
        if strangers:
            compared = True
            yield _strangers(rule, context, scan, strangers)
    if not compared:
        yield nothing_to_judge(
            rule,
            context,
            "no_scan",
            Text(ja="領域をまたぐ探査の結果が提出されていない。", en="No scan across zones was submitted."),
            Text(ja="各領域から実施した探査の結果（probes/）", en="scans made from each zone (probes/)"),
        )


def _strangers(rule: Rule, context: RuleContext, scan: Scan, targets: tuple[IPAddress, ...]) -> RuleResult:
    shown = ", ".join(str(one) for one in targets[:5])
    return answer(
        rule,
        Outcome.UNDETERMINED,
        "target_outside_zones",
        scan_subject(scan),
        Text(
            ja=f"探査の対象のうち{len(targets)}件（{shown}）は、どの領域のアドレスでもない。",
            en=f"{len(targets)} targets of the scan ({shown}) are in no zone.",
        ),
        evidence=lines(context, (scan.source,)),
        needs=(
            Text(
                ja="対象の属する領域の municipality.yaml への記載", en="the zone of these targets in municipality.yaml"
            ),
        ),
    )


def _judge(rule: Rule, context: RuleContext, sight: Sight) -> RuleResult:
    subject = subject_of(context, sight)
    refused = unjudgeable(rule, context, sight.source, sight.destination)
    if refused is not None:
        return answer(rule, Outcome.UNDETERMINED, refused.reason, subject, *refused.facts, needs=refused.needs)
    pair = context.flows.pair(sight.source, sight.destination)
    unexpected = [seen for seen in sight.crossed if _cannot_cross(context, sight, pair, seen)]
    if unexpected:
        return _drift_open(rule, context, sight, unexpected)
    stopped = context.flows.nothing()
    if sight.scan.source_address is not None:
        for target, protocol, ports in sight.blocked:
            stopped |= probed(context, sight, target, protocol, ports)
    lost = stopped & pair.certain
    if not lost.is_empty:
        return _drift_closed(rule, context, sight, pair, lost)
    return _agreement(rule, context, sight, pair, stopped)


def _cannot_cross(context: RuleContext, sight: Sight, pair: PairFlow, seen: PortObservation) -> bool:
    packets = seen_packets(context, sight, seen)
    if is_general(seen):
        return (packets & (pair.possible | pair.replies)).is_empty
    return (packets & pair.possible).is_empty


def _drift_open(rule: Rule, context: RuleContext, sight: Sight, seen: list[PortObservation]) -> RuleResult:
    left, right = context.policy.title_of(sight.source), context.policy.title_of(sight.destination)
    shown = ", ".join(f"{one.target} {one.protocol}/{one.port}" for one in seen[:5])
    return answer(
        rule,
        Outcome.FAIL,
        "drift_open",
        subject_of(context, sight),
        Text(
            ja=f"{left.ja}から{right.ja}への{len(seen)}件の通信に応答があったが（{shown}）、提出された設定ファイルによれば通過しない。設定ファイルと実機が一致していない。",
            en=f"{len(seen)} packets from {left.en} were answered in {right.en} ({shown}) although by the submitted configurations they cannot cross.",
        ),
        evidence=(
            *lines(context, (one.source for one in seen)),
            *lines(context, (line for one in seen for line in _stopped_by(context, sight, one))),
        ),
        remedy=Text(
            ja="実機から設定を出力し直して提出するとともに、未提出の経路（無線、予備の回線、二重に接続した機器等）の有無を確認する。",
            en="Export the configurations again from the running devices, and look for ways nobody submitted (wireless, spare lines, dual-homed hosts).",
        ),
    )


def _packet(sight: Sight, target: IPAddress, protocol: str, port: int) -> Packet | None:
    """The packet that a scan sent to one port; None when its sender or its port is not known."""
    sender = sight.scan.source_address
    if sender is None or sender.version != target.version or protocol not in ("tcp", "udp") or not port:
        return None
    flags = SYN if protocol == "tcp" else 0
    return Packet(sender, target, PROTOCOL_NUMBERS[protocol], _ANY_SOURCE_PORT, port, tcp_flags=flags)


def _stopped_by(context: RuleContext, sight: Sight, seen: PortObservation) -> Sources:
    """The lines by which the configurations stop a packet that was answered all the same."""
    packet = _packet(sight, seen.target, seen.protocol, seen.port)
    if packet is None:
        return ()
    family: Family = 4 if packet.family == 4 else 6
    return tuple(
        line
        for one in context.flows.plan.of_zone(sight.source)
        if contains(one.addresses[family], int(packet.source))
        for trace in replay(context.flows.topology, one.port[0], one.port[1], packet, Mode.POSSIBLE)
        if trace.verdict in (TraceVerdict.DENIED, TraceVerdict.UNROUTED) and trace.hops
        for line in trace.hops[-1].sources
    )


def _silence(context: RuleContext, sight: Sight, lost: PacketSet) -> Sources:
    """The lines of a scan that show the ports at which `lost` was stopped, one by one or summed up."""
    targets = frozenset(sight.targets)
    found = []
    for seen in sight.scan.ports:
        packet = _packet(sight, seen.target, seen.protocol, seen.port) if seen.target in targets else None
        if packet is not None and not seen.may_have_crossed and lost.contains(packet):
            found.append(seen.source)
    for group in sight.scan.silent:
        if group.target in targets and not group.may_have_crossed:
            packets = probed(context, sight, group.target, group.protocol, group.ports)
            found += [] if (packets & lost).is_empty else [group.source]
    return tuple(found)


def _drift_closed(rule: Rule, context: RuleContext, sight: Sight, pair: PairFlow, lost: PacketSet) -> RuleResult:
    left, right = context.policy.title_of(sight.source), context.policy.title_of(sight.destination)
    return answer(
        rule,
        Outcome.FAIL,
        "drift_closed",
        subject_of(context, sight),
        Text(
            ja=f"提出された設定ファイルによれば{left.ja}から{right.ja}へ通過する通信が、探査では遮断されていた。設定ファイルと実機が一致していない。",
            en=f"By the submitted configurations these packets get from {left.en} to {right.en}, but the scan shows that they are stopped.",
        ),
        evidence=(
            *lines(context, (sight.scan.source, *sight.scan.control, *_silence(context, sight, lost))),
            *lines(context, context.flows.responsible(pair, lost)),
        ),
        boxes=boxes_of(lost),
        remedy=Text(
            ja="実機から設定を出力し直して提出する。対象の機器自身が応答を止めている場合は、その旨を確認する。",
            en="Export the configurations again from the running devices; if the target itself keeps silent, confirm that.",
        ),
    )


def _agreement(rule: Rule, context: RuleContext, sight: Sight, pair: PairFlow, stopped: PacketSet) -> RuleResult:
    subject = subject_of(context, sight)
    evidence = lines(context, (sight.scan.source, *sight.scan.control, *(one.source for one in sight.crossed)))
    answered = context.flows.nothing()
    for seen in sight.crossed:
        answered |= seen_packets(context, sight, seen)
    asked = context.flows.nothing()
    for target in sight.accountable:
        for protocol, ports in sight.scan.scanned:
            if protocol != "udp":
                asked |= probed(context, sight, target, protocol, ports)
    unsettled = (asked & pair.certain) - answered - stopped
    if not unsettled.is_empty or sight.scan.source_address is None:
        fact = Text(
            ja="設定ファイルによれば通過する通信について、探査の結果から通過したか否かを判断できない。",
            en="For packets that should cross by the configurations, the scan does not show whether they do.",
        )
        return answer(
            rule,
            Outcome.UNDETERMINED,
            "no_proof",
            subject,
            fact,
            evidence=evidence,
            boxes=boxes_of(unsettled),
            needs=_needs(),
        )
    if not sight.crossed and not sight.blocked:
        fact = Text(
            ja="探査の結果は、遮断についても通過についても証拠とならない（陽性対照の応答がない、探査が完了していない等）。",
            en="The scan is proof of nothing (no positive control answered, it is incomplete, or no known target was asked).",
        )
        return answer(rule, Outcome.UNDETERMINED, "no_proof", subject, fact, evidence=evidence, needs=_needs())
    doubtful = [one for one in sight.crossed if not is_general(one) and _only_possible(context, sight, pair, one)]
    if doubtful:
        shown = ", ".join(f"{one.target} {one.protocol}/{one.port}" for one in doubtful[:5])
        fact = Text(
            ja=f"応答のあった通信（{shown}）が通過するか否かを、提出された設定ファイルからは判断できない。",
            en=f"There were answers ({shown}) to packets of which the configurations do not say whether they cross.",
        )
        reason = doubt_reason(context, pair.doubts)
        needs = needs_of(context, pair.doubts)
        return answer(rule, Outcome.UNDETERMINED, reason, subject, fact, evidence=evidence, needs=needs)
    undecided = (stopped & pair.possible) - pair.certain
    if not undecided.is_empty:
        fact = Text(
            ja="探査では遮断されていたが、設定ファイルからは遮断されるか否かを判断できない部分がある。",
            en="The scan shows packets to be stopped of which the configurations do not say whether they are.",
        )
        reason = doubt_reason(context, pair.doubts)
        return answer(
            rule,
            Outcome.UNDETERMINED,
            reason,
            subject,
            fact,
            evidence=evidence,
            boxes=boxes_of(undecided),
            needs=needs_of(context, pair.doubts),
        )
    fact = Text(
        ja=f"探査の結果（応答{len(sight.crossed)}件、遮断を確認した対象{len({one[0] for one in sight.blocked})}件）は、設定ファイルから求めた通信可否と一致した。",
        en=f"The scan ({len(sight.crossed)} answers, {len({one[0] for one in sight.blocked})} targets shown to be blocked) agrees with the configurations.",
    )
    return answer(rule, Outcome.PASS, "agrees", subject, fact, evidence=evidence)


def _only_possible(context: RuleContext, sight: Sight, pair: PairFlow, seen: PortObservation) -> bool:
    return (seen_packets(context, sight, seen) & pair.certain).is_empty


def _needs() -> tuple[Text, ...]:
    return (
        Text(
            ja="応答すべき対象（陽性対照）を含む、完了した探査の結果",
            en="a complete scan with a positive control that must answer",
        ),
    )


KIND = Kind("probe_agrees", _parse, _check)
