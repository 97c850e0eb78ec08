"""`probe_port`: nothing answered across zones that the policy keeps apart.

An answer of the target proves that packets crossed; unless the policy and the register permit them, that is a failure. Silence passes
only where the scan is proof (`Scan.blocked`). Pairs that nobody probed are undetermined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.network.intervals import PORT_MAX, Intervals, normalise, subtract
from secaudit.policy.model import CellVerdict
from secaudit.probes.observation import IPAddress, PortObservation
from secaudit.rules.answers import answer, lines, pair_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.observed import Sight, is_general, seen_packets, sights, subject_of, unusable
from secaudit.rules.permitted import Allowance, allowance
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import pairs_of
from secaudit.text.bilingual import Text

_JUDGED = (CellVerdict.DENIED, CellVerdict.CONDITIONAL)


@dataclass(frozen=True, slots=True)
class _Parameters:
    """`pairs` are those that must have been probed; other pairs are judged where somebody did."""

    pairs: tuple[tuple[Zone, Zone], ...]
    max_age_days: int | None


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(pairs_of(data["pairs"]), data.get("max_age_days"))


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    probed: set[tuple[Zone, Zone]] = set()
    for scan in sorted(context.scans, key=lambda one: one.file):
        refused = unusable(rule, context, scan, parameters.max_age_days)
        if refused is not None:
            yield refused
            continue
        for sight in sights(context, scan):
            cell = context.policy.cell(sight.source, sight.destination)
            allowed = allowance(cell, context)
            if cell.verdict in _JUDGED and allowed.via is None and allowed.packets != context.flows.everything():
                probed.add((sight.source, sight.destination))
                yield _judge(rule, context, sight, allowed)
    for source, destination in parameters.pairs:
        if (source, destination) not in probed and context.binding(source) and context.binding(destination):
            yield _not_probed(rule, context, source, destination)


def _judge(rule: Rule, context: RuleContext, sight: Sight, allowed: Allowance) -> RuleResult:
    crossed: list[PortObservation] = []
    unclear: list[PortObservation] = []
    for seen in sight.crossed:
        packets = seen_packets(context, sight, seen)
        if not is_general(seen):
            packets &= context.flows.spaces.opening()
        if (packets & allowed.packets).is_empty:
            (unclear if is_general(seen) else crossed).append(seen)
        elif not is_general(seen) and not (packets - allowed.packets).is_empty:
            unclear.append(seen)
    subject = subject_of(context, sight)
    if crossed:
        left, right = context.policy.title_of(sight.source), context.policy.title_of(sight.destination)
        shown = ", ".join(_shown(seen) for seen in crossed[:5])
        fact = Text(
            ja=f"{left.ja}から{right.ja}への、許可されていない{len(crossed)}件の通信に対象自身が応答した（{shown}）。",
            en=f"Targets in {right.en} answered {len(crossed)} packets from {left.en} that are not permitted ({shown}).",
        )
        evidence = lines(context, (seen.source for seen in crossed))
        return answer(rule, Outcome.FAIL, "answer_seen", subject, fact, evidence=evidence)
    reason = _gap(sight, unclear)
    evidence = lines(context, (sight.scan.source, *sight.scan.control, *(seen.source for seen in unclear)))
    if reason is not None:
        code, fact = reason
        need = Text(
            ja="応答すべき対象（陽性対照）を含む、完了した探査の結果",
            en="a complete scan with a positive control that must answer",
        )
        return answer(rule, Outcome.UNDETERMINED, code, subject, fact, evidence=evidence, needs=(need,))
    fact = Text(
        ja=f"探査した{len(sight.accountable)}件の対象のうち、許可されていない通信に応答したものはなかった。UDPは沈黙からは判断できない。",
        en=f"None of the {len(sight.accountable)} targets answered anything that is not permitted. Silence says nothing about UDP.",
    )
    return answer(rule, Outcome.PASS, "nothing_crossed", subject, fact, evidence=evidence)


def _gap(sight: Sight, unclear: list[PortObservation]) -> tuple[str, Text] | None:
    """Why silence is not proof here."""
    scan = sight.scan
    if not scan.complete:
        return "incomplete_scan", Text(ja="探査が完了していない。", en="The scan is not complete.")
    if scan.positive_control is not True:
        return "no_positive_control", Text(
            ja="陽性対照の応答がないため、応答がないことを遮断の証拠とすることができない。",
            en="No positive control answered, so silence proves nothing.",
        )
    if unclear:
        shown = ", ".join(_shown(seen) for seen in unclear[:5])
        return "unclear_answer", Text(
            ja=f"応答はあったが、どの通信に対するものかを判断できない（{shown}）。",
            en=f"There were answers, but it is not clear to which packets ({shown}).",
        )
    if not sight.accountable:
        return "no_target", Text(
            ja="存在が分かっている対象が一つも探査されていない。", en="No target that is known to exist was asked."
        )
    silent = [target for target in sight.accountable if _open_questions(sight, target)]
    if silent:
        return "not_conclusive", Text(
            ja=f"遮断か否かを判断できない対象がある（{', '.join(str(one) for one in silent[:5])}）。",
            en=f"For some targets the scan is not conclusive ({', '.join(str(one) for one in silent[:5])}).",
        )
    return None


def _open_questions(sight: Sight, target: IPAddress) -> bool:
    """Whether some port of a target that was asked is neither answered nor shown to be blocked; UDP aside."""
    asked = {protocol: ports for protocol, ports in sight.scan.scanned if protocol != "udp"}
    if not asked:
        return True
    for protocol, ports in asked.items():
        settled: list[tuple[int, int]] = [
            (one.port, one.port) for one in sight.crossed if one.target == target and one.protocol == protocol
        ]
        for held, name, blocked in sight.blocked:
            if held == target and name == protocol:
                settled.extend(blocked)
        if _remainder(ports, settled):
            return True
    return False


def _remainder(ports: Intervals, settled: list[tuple[int, int]]) -> Intervals:
    return subtract(ports, normalise(settled), PORT_MAX)


def _not_probed(rule: Rule, context: RuleContext, source: Zone, destination: Zone) -> RuleResult:
    left, right = context.policy.title_of(source), context.policy.title_of(destination)
    return answer(
        rule,
        Outcome.UNDETERMINED,
        "not_probed",
        pair_subject(context.policy, source, destination),
        Text(
            ja=f"{left.ja}から{right.ja}への探査の結果が提出されていない。",
            en=f"No scan from {left.en} to {right.en} was submitted.",
        ),
        needs=(Text(ja=f"{left.ja}から{right.ja}への探査の結果", en=f"a scan from {left.en} to {right.en}"),),
    )


def _shown(seen: PortObservation) -> str:
    return f"{seen.target} {seen.protocol}/{seen.port}" if seen.port else f"{seen.target} {seen.protocol}"


KIND = Kind("probe_port", _parse, _check, refutable=True)
