"""`exposure`: the services of a device itself answer to hosts of the permitted zones only.

The filters on the way and those for the device itself are computed as for every flow. What is registered with certain conditions is permitted as
well. A pass needs to know the zones: hosts in a subnet of no zone, or in a zone that the audit folder does not place, could be anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.flows.exposure import Exposure, exposed_lines
from secaudit.flows.witness import exposure_witness
from secaudit.municipality.model import Zone
from secaudit.network.device import Device, Doubt
from secaudit.packets.sets import PacketSet
from secaudit.rules.answers import (
    answer,
    as_captured,
    device_evidence,
    device_subject,
    lines,
    unique,
)
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import each_device, management_doubts, unread
from secaudit.rules.kind import Kind
from secaudit.rules.permitted import entry_packets, is_valid, joins
from secaudit.rules.protection import passed
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import DOUBT_LIMIT, boxes_of, doubt_evidence, doubt_reason, needs_of
from secaudit.rules.untold import not_told, services_text, undetermined
from secaudit.rules.witnesses import as_result
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


@dataclass(frozen=True, slots=True)
class _Parameters:
    """`permitted` are the zones from which the `services` may be reached; `zones` those whose devices are asked (empty = all).

    Entries of the register with one of the `conditions` permit what they name; those with another are not about the device itself.
    """

    permitted: frozenset[Zone]
    services: tuple[str, ...]
    conditions: frozenset[str]
    zones: tuple[Zone, ...]


@dataclass(frozen=True, slots=True)
class _Reach:
    """What hosts of one zone can send to the services of a device beyond what is registered."""

    zone: Zone
    exposure: Exposure
    names: tuple[str, ...]
    certain: PacketSet
    possible: PacketSet


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(
        permitted=frozenset(Zone(name) for name in data["from"]),
        services=tuple(data["services"]),
        conditions=frozenset(data.get("conditions", ())),
        zones=tuple(Zone(name) for name in data.get("zones", ())),
    )


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    return each_device(rule, context, parameters.zones, lambda device: (_judge(rule, parameters, context, device),))


def _judge(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    reached = list(_reaches(parameters, context, device))
    surely = [one for one in reached if not one.certain.is_empty]
    refused = [one for one in surely if _is_refused(parameters, context, one.zone)]
    if refused:
        return _exposed(rule, context, device, refused)
    doubts = management_doubts(device)
    if doubts:
        return unread(rule, context, device, doubts)
    if not any(one.name in parameters.services for one in device.management.services):
        return not_told(rule, context, device, services_text(parameters.services))
    if surely:
        return _without_zone(rule, parameters, context, device, surely)
    if reached:
        return _doubtful(rule, context, device, reached)
    unknown = _unknown_places(parameters, context, device)
    if unknown is not None:
        return undetermined(rule, context, device, *unknown)
    fact = Text(
        ja=f"{', '.join(parameters.services)} による管理の接続に応答し得る領域は、{_named(context, parameters.permitted).ja}に限られる。",
        en=f"Only hosts of these zones can be answered by {', '.join(parameters.services)}: {_named(context, parameters.permitted).en}.",
    )
    sources = [s for one in device.management.services if one.name in parameters.services for s in one.sources]
    return passed(rule, context, device, "permitted_zones_only", fact, sources)


def _reaches(parameters: _Parameters, context: RuleContext, device: Device) -> Iterator[_Reach]:
    """By zone, in the order of the audit folder: what gets to one of the services, surely or possibly."""
    for name in context.flows.zones:
        zone = Zone(name)
        if zone in parameters.permitted:
            continue
        exposure = context.flows.exposure(name, device.name)
        held = [one for one in exposure.services if one.name in parameters.services]
        certain, possible = context.flows.nothing(), context.flows.nothing()
        if exposure.possible == context.flows.everything():  # too complex: nothing is known of any service
            yield _Reach(zone, exposure, parameters.services, certain, exposure.possible)
            continue
        for one in held:
            certain |= one.certain
            possible |= one.possible
        registered = _registered(parameters, context, zone)
        certain, possible = certain - registered, possible - registered
        names = tuple(one.name for one in held if not (one.possible - registered).is_empty)
        if not possible.is_empty or not certain.is_empty:
            yield _Reach(zone, exposure, names, certain, possible)


def _registered(parameters: _Parameters, context: RuleContext, zone: Zone) -> PacketSet:
    """What the valid entries of the register permit hosts of a zone to open for the sake of management."""
    found = context.flows.nothing()
    for entry in context.municipality.register:
        ends = (entry.source_zone, entry.destination_zone)
        asked = entry.condition in parameters.conditions and any(joins(entry, zone, other) for other in ends)
        if asked and is_valid(entry, context):
            found |= entry_packets(entry, zone, context)
    return found


def _is_refused(parameters: _Parameters, context: RuleContext, zone: Zone) -> bool:
    """Whether nobody of a zone may manage devices: where no permitted zone is placed, only hosts outside the building are surely wrong."""
    placed = any(context.binding(one) is not None for one in parameters.permitted)
    return placed or context.policy.zones[zone].external


def _unknown_places(
    parameters: _Parameters, context: RuleContext, device: Device
) -> tuple[str, Text, tuple[SourceLine, ...], Text] | None:
    """Why hosts that nobody placed in a zone could reach the device: reason, fact, lines, and what to submit."""
    unbound = [
        zone
        for zone, definition in sorted(context.policy.zones.items())
        if definition.expected and zone not in parameters.permitted and context.binding(zone) is None
    ]
    if unbound:
        titles = [context.policy.title_of(zone) for zone in unbound]
        ja, en = "、".join(one.ja for one in titles), ", ".join(one.en for one in titles)
        fact = Text(
            ja=f"次の領域の範囲が municipality.yaml に記載されていないため、そこからの接続を確認できない：{ja}。",
            en=f"municipality.yaml does not say where these zones are, so connections from there are not known: {en}.",
        )
        return (
            "zone_not_bound",
            fact,
            (),
            Text(ja=f"municipality.yaml における領域の範囲：{ja}", en=f"these zones in municipality.yaml: {en}"),
        )
    unclaimed = [(port[1], subnet) for port, subnet in context.flows.plan.unbound if port[0] == device.name]
    if not unclaimed:
        return None
    names = ", ".join(subnet for _, subnet in unclaimed)
    fact = Text(
        ja=f"{device.name} に接続するサブネット（{names}）がどの領域にも属していないため、そこからの接続を確認できない。",
        en=f"Subnets on {device.name} belong to no zone ({names}), so connections from there are not known.",
    )
    sources = tuple(source for name, _ in unclaimed for source in device.interfaces[name].sources[:1])
    need = Text(ja=f"{names} が属する領域の municipality.yaml への記載", en=f"the zone of {names} in municipality.yaml")
    return "in_no_zone", fact, sources, need


def _exposed(rule: Rule, context: RuleContext, device: Device, reached: list[_Reach]) -> RuleResult:
    """A failure: hosts of zones that may not manage the device surely reach it, with one packet replayed."""
    first = reached[0]
    found = exposure_witness(context.flows, first.exposure, first.certain)
    packets = context.flows.nothing()
    sources = [source for one in device.management.services if one.name in _names(reached) for source in one.sources]
    facts = []
    for one in reached:
        packets |= one.certain
        sources += exposed_lines(context.flows, one.exposure, one.certain)
        zone = context.policy.title_of(one.zone)
        facts.append(
            Text(
                ja=f"{zone.ja}から {device.name} の管理のサービス（{', '.join(one.names)}）に到達できる。",
                en=f"Hosts of this zone reach the management of {device.name} ({', '.join(one.names)}): {zone.en}.",
            )
        )
    return answer(
        rule,
        Outcome.FAIL,
        "reached_from_elsewhere",
        device_subject(device.name),
        *facts,
        *as_captured(context),
        evidence=lines(context, sources) or device_evidence(context, device),
        boxes=boxes_of(packets),
        witness=None if found is None else as_result(context, found),
    )


def _names(reached: Iterable[_Reach]) -> frozenset[str]:
    return frozenset(name for one in reached for name in one.names)


def _doubtful(rule: Rule, context: RuleContext, device: Device, reached: list[_Reach]) -> RuleResult:
    doubts: tuple[Doubt, ...] = tuple(
        dict.fromkeys(doubt for one in reached for doubt in context.flows.exposure_doubts(one.exposure))
    )
    packets = context.flows.nothing()
    for one in reached:
        packets |= one.possible
    zones = _named(context, (one.zone for one in reached))
    fact = Text(
        ja=f"次の領域から {device.name} の管理のサービスに到達できるかを、提出された証跡から判断できない：{zones.ja}。",
        en=f"Whether hosts of these zones reach the management of {device.name} cannot be told: {zones.en}.",
    )
    own = Text(
        ja=f"{device.name} への接続元の制限が分かる設定の出力",
        en=f"an output of {device.name} that shows who may connect to it",
    )
    return answer(
        rule,
        Outcome.UNDETERMINED,
        doubt_reason(context, doubts),
        device_subject(device.name),
        fact,
        *unique(doubt.text for doubt in doubts)[:DOUBT_LIMIT],
        evidence=doubt_evidence(context, doubts) or device_evidence(context, device),
        boxes=boxes_of(packets),
        needs=needs_of(context, doubts) or (own,),
    )


def _without_zone(
    rule: Rule, parameters: _Parameters, context: RuleContext, device: Device, reached: list[_Reach]
) -> RuleResult:
    """Undetermined: somebody inside the building reaches it, and which hosts are those of the administrators is not said."""
    zones, wanted = _named(context, (one.zone for one in reached)), _named(context, parameters.permitted)
    fact = Text(
        ja=f"{device.name} の管理のサービスには{zones.ja}から到達できるが、{wanted.ja}の範囲が municipality.yaml に記載されていない。",
        en=f"Hosts of {zones.en} reach the management of {device.name}, and municipality.yaml does not say where this is: {wanted.en}.",
    )
    need = Text(ja=f"municipality.yaml における{wanted.ja}の範囲", en=f"in municipality.yaml: {wanted.en}")
    return undetermined(rule, context, device, "zone_not_bound", fact, (), need)


def _named(context: RuleContext, zones: Iterable[Zone]) -> Text:
    titles = [context.policy.title_of(zone) for zone in sorted(set(zones))]
    return Text(ja="、".join(one.ja for one in titles), en=", ".join(one.en for one in titles))


KIND = Kind("exposure", _parse, _check)
