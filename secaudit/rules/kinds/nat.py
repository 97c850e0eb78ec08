"""`nat`: no device translates addresses between a zone and the others.

A translation of what leaves the zone hides who sends, and one of what enters it lets others reach what has no address for them. It is a failure at
every device that has an interface in the zone, and undetermined where it is not certain which packets a translation is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.network.device import HIDING, Device, DoubtKind
from secaudit.network.filters import Action, FilterLine
from secaudit.network.intervals import Intervals, intersect
from secaudit.network.matches import Match
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.rules.answers import answer, device_evidence, device_subject, lines
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import each_device, traffic_doubts, unread
from secaudit.rules.kind import Kind
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


@dataclass(frozen=True, slots=True)
class _Parameters:
    zone: Zone


@dataclass(frozen=True, slots=True)
class _Finding:
    fact: Text
    sources: tuple[SourceLine, ...]
    sure: bool


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(Zone(data["zone"]))


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    return each_device(rule, context, (parameters.zone,), lambda device: (_judge(rule, parameters, context, device),))


def _judge(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    found = list(_translations(parameters, context, device))
    sure = [one for one in found if one.sure]
    if found:
        chosen = sure or found
        need = Text(
            ja=f"{device.name} のアドレス変換の対象が分かる出力",
            en=f"an output of {device.name} that shows what it translates",
        )
        return answer(
            rule,
            Outcome.FAIL if sure else Outcome.UNDETERMINED,
            "translation",
            device_subject(device.name),
            *dict.fromkeys(one.fact for one in chosen),
            evidence=lines(context, (source for one in chosen for source in one.sources)),
            needs=() if sure else (need,),
        )
    doubts = tuple(one for one in traffic_doubts(device) if one.kind in HIDING | {DoubtKind.UNSUPPORTED})
    if doubts:
        return unread(rule, context, device, doubts)
    title = context.policy.title_of(parameters.zone)
    fact = Text(
        ja=f"{device.name} には、{title.ja}と他の領域との間のアドレス変換がない。",
        en=f"{device.name} translates nothing between this zone and others: {title.en}.",
    )
    evidence = device_evidence(context, device)
    return answer(rule, Outcome.PASS, "no_translation", device_subject(device.name), fact, evidence=evidence)


def _translations(parameters: _Parameters, context: RuleContext, device: Device) -> Iterable[_Finding]:
    own = context.places.interfaces_in(device.name, parameters.zone)
    others = frozenset(device.interfaces) - own
    for rule in device.nat_rules:
        if _nat_crosses(parameters, context, rule, own, others):
            yield _nat_finding(parameters, context, device, rule.label, rule.sources, sure=rule.uncertain is None)
    for filter_ in device.filters.values():
        for line in filter_.lines:
            translates = line.source_translation is not None and line.action is Action.PERMIT
            if translates and _line_crosses(parameters, context, line, own, others):
                yield _nat_finding(parameters, context, device, line.label, line.sources, sure=True)


def _nat_finding(
    parameters: _Parameters,
    context: RuleContext,
    device: Device,
    label: str,
    sources: tuple[SourceLine, ...],
    *,
    sure: bool,
) -> _Finding:
    title = context.policy.title_of(parameters.zone)
    fact = Text(
        ja=f"{device.name} の {label} が、{title.ja}と他の領域との間でアドレスを変換する。",
        en=f"{label} of {device.name} translates addresses between this zone and others: {title.en}.",
    )
    return _Finding(fact, sources, sure)


def _nat_crosses(
    parameters: _Parameters, context: RuleContext, rule: NatRule, own: frozenset[str], others: frozenset[str]
) -> bool:
    if not own:
        return False
    if rule.stage is NatStage.EGRESS:
        out, back = _may_be(rule.interfaces, others), _may_be(rule.interfaces, own)
        from_own, from_others = _may_be(rule.from_interfaces, own), _may_be(rule.from_interfaces, others)
        leaves = out and from_own and _touches(parameters, context, rule.matches, by_source=True)
        enters = (
            back and from_others and rule.source is not None and not _touches_only(parameters, context, rule.matches)
        )
        return leaves or (enters and _touches(parameters, context, rule.matches, by_source=False))
    inward = _may_be(rule.interfaces, others) and _into_zone(parameters, context, rule.destination)
    outward = _may_be(rule.interfaces, own) and rule.destination is not None
    return inward or (outward and _touches(parameters, context, rule.matches, by_source=True))


def _line_crosses(
    parameters: _Parameters, context: RuleContext, line: FilterLine, own: frozenset[str], others: frozenset[str]
) -> bool:
    leaves = _may_be(line.ingress, own) and _may_be(line.egress, others)
    enters = _may_be(line.ingress, others) and _may_be(line.egress, own)
    return (leaves and _touches(parameters, context, line.matches, by_source=True)) or (
        enters and _touches(parameters, context, line.matches, by_source=False)
    )


def _may_be(wanted: frozenset[str] | None, there: frozenset[str]) -> bool:
    return bool(there) if wanted is None else bool(wanted & there)


def _touches(parameters: _Parameters, context: RuleContext, matches: Iterable[Match], *, by_source: bool) -> bool:
    """Whether matches can be about the zone's addresses on one side."""
    for match in matches:
        side = match.sources if by_source else match.destinations
        if intersect(side, context.places.addresses_of(parameters.zone, match.family)):
            return True
    return False


def _touches_only(parameters: _Parameters, context: RuleContext, matches: Iterable[Match]) -> bool:
    """Whether the sources of all matches lie in the zone: such packets do not come from elsewhere."""
    for match in matches:
        own = context.places.addresses_of(parameters.zone, match.family)
        if intersect(match.sources, own) != match.sources:
            return False
    return True


def _into_zone(parameters: _Parameters, context: RuleContext, translation: Translation | None) -> bool:
    if translation is None or translation.kind is TranslationKind.INTERFACE or translation.addresses is None:
        return False
    span: Intervals = (translation.addresses,)
    return bool(
        intersect(span, context.places.addresses_of(parameters.zone, 4))
        or intersect(span, context.places.addresses_of(parameters.zone, 6))
    )


KIND = Kind("nat", _parse, _check, refutable=True)
