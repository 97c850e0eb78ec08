"""`flow_pinned`: what may cross the border of a zone is narrow, in the register and in every line that permits it.

`aspect: addresses` looks at sources and destinations, `aspect: ports` at protocols and destination ports. Lines towards zones whose flows
rest on other conditions only (management, Government Cloud, maintenance) need not be narrow, but may not say "any".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import PermittedFlow, Zone
from secaudit.network.device import HIDING, Device
from secaudit.network.filters import FilterLine
from secaudit.network.intervals import PORT_MAX, intersect
from secaudit.network.matches import Match
from secaudit.policy.model import Registered
from secaudit.rules.answers import answer, device_evidence, device_subject, lines, register_subject
from secaudit.rules.boundary import (
    Crossing,
    Unlimited,
    any_address,
    any_service,
    boundary_devices,
    crossings,
    families_routed,
    may_permit,
    opens,
    permits,
    port_count,
    unlimited,
    wider_than,
)
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import traffic_doubts, unread, without_configuration
from secaudit.rules.kind import Kind
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import nothing_to_judge
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


@dataclass(frozen=True, slots=True)
class _Parameters:
    zone: Zone
    conditions: frozenset[str]
    aspect: str
    ipv4_prefix_length: int
    ipv6_prefix_length: int
    maximum_ports: int


@dataclass(frozen=True, slots=True)
class _Wide:
    fact: Text
    sources: tuple[SourceLine, ...]
    sure: bool


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(
        zone=Zone(data["zone"]),
        conditions=frozenset(data["conditions"]),
        aspect=data["aspect"],
        ipv4_prefix_length=data.get("ipv4_prefix_length", 28),
        ipv6_prefix_length=data.get("ipv6_prefix_length", 124),
        maximum_ports=data.get("maximum_ports", 16),
    )


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    entries = sorted(
        (one for one in context.municipality.register if parameters.zone in (one.source_zone, one.destination_zone)),
        key=lambda one: one.id,
    )
    for entry in entries:
        yield _entry(rule, parameters, context, entry)
    devices = boundary_devices(context, parameters.zone)
    for device in devices:
        yield _device(rule, parameters, context, device)
    for missing in without_configuration(context):
        if missing.routes and (not missing.zones or (parameters.zone in missing.zones and len(missing.zones) > 1)):
            fact = Text(
                ja=f"{missing.name} の設定を確認していない。", en=f"The settings of {missing.name} were not examined."
            )
            need = Text(ja=f"{missing.name} の設定ファイル", en=f"the configuration of {missing.name}")
            evidence = lines(context, (missing.source,))
            yield answer(
                rule,
                Outcome.UNDETERMINED,
                "missing_config",
                device_subject(missing.name),
                fact,
                evidence=evidence,
                needs=(need,),
            )
    if not devices:
        title = context.policy.title_of(parameters.zone)
        yield nothing_to_judge(
            rule,
            context,
            "no_boundary_device",
            Text(
                ja=f"{title.ja}の境界にある機器の設定ファイルが提出されていない。",
                en=f"No configuration of a device at the border of this zone was submitted: {title.en}.",
            ),
            Text(ja=f"{title.ja}の境界にある機器の設定ファイル", en=f"the configurations at the border of: {title.en}"),
        )


def _entry(rule: Rule, parameters: _Parameters, context: RuleContext, entry: PermittedFlow) -> RuleResult:
    subject = register_subject(entry.id, entry.title)
    evidence = lines(context, (entry.source,))
    strict = entry.condition in parameters.conditions
    if parameters.aspect == "addresses":
        wide = [
            str(network)
            for network in (*entry.sources, *entry.destinations)
            if network.prefixlen < (_prefix_length(parameters, network.version) if strict else 1)
        ]
    else:
        count = sum(high - low + 1 for low, high in entry.ports)
        ported = entry.protocol in ("tcp", "udp", "sctp", "6", "17", "132")
        open_ported = ported and (not entry.ports or count > (parameters.maximum_ports if strict else PORT_MAX))
        wide = [f"{entry.protocol}/{_ports(entry)}"] if entry.protocol == "any" or open_ported else []
    if wide:
        fact = Text(
            ja=f"台帳の {entry.id}（{entry.title}）の {', '.join(wide)} は範囲が広く、限定の要件を満たさない。",
            en=f"The entry {entry.id} ({entry.title}) is too wide: {', '.join(wide)}.",
        )
        return answer(rule, Outcome.FAIL, "wide_entry", subject, fact, evidence=evidence)
    fact = Text(
        ja=f"台帳の {entry.id}（{entry.title}）は限定の要件を満たす範囲で登録されている。",
        en=f"The entry {entry.id} ({entry.title}) is narrow enough.",
    )
    return answer(rule, Outcome.PASS, "narrow_entry", subject, fact, evidence=evidence)


def _device(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    wide: dict[tuple[str, str], _Wide] = {}
    examined: dict[FilterLine, None] = {}
    for crossing in crossings(context, device, parameters.zone):
        strict = _is_strict(parameters, context, crossing)
        for line in crossing.lines():
            if not (permits(line) or may_permit(line)):
                continue
            examined[line] = None
            fault = _fault(parameters, context, crossing, line, strict=strict)
            if fault is not None:
                wide.setdefault((crossing.filter.name, line.label), fault)
    subject = device_subject(device.name)
    found: list[_Wide | Unlimited] = [*wide.values(), *unlimited(context, device, parameters.zone)]
    sure = [one for one in found if one.sure]
    chosen = sure or found
    if chosen:
        return answer(
            rule,
            Outcome.FAIL if sure else Outcome.UNDETERMINED,
            ("wide_line" if isinstance(sure[0], _Wide) else "unlimited") if sure else "unread_lines",
            subject,
            *(one.fact for one in chosen),
            evidence=lines(context, (source for one in chosen for source in one.sources)),
        )
    doubts = tuple(one for one in traffic_doubts(device) if one.kind in HIDING)
    if doubts:
        return unread(rule, context, device, doubts)
    sources = [source for line in examined for source in line.sources]
    fact = Text(
        ja=f"{device.name} の境界の許可規則{len(examined)}件は、いずれも限定されている。",
        en=f"All {len(examined)} permitting lines of {device.name} at the border are narrow.",
    )
    evidence = lines(context, sources) or device_evidence(context, device)
    return answer(rule, Outcome.PASS, "narrow_lines", subject, fact, evidence=evidence)


def _is_strict(parameters: _Parameters, context: RuleContext, crossing: Crossing) -> bool:
    """Whether lines of a crossing must be narrow: unless every zone beyond has flows, and all of them rest on other conditions."""
    if not crossing.peers:
        return True
    for peer in crossing.peers:
        cells = context.policy.cell(parameters.zone, peer), context.policy.cell(peer, parameters.zone)
        codes = {one.condition for cell in cells for one in cell.constraints if isinstance(one, Registered)}
        if not codes or codes & parameters.conditions:
            return True
    return False


def _fault(
    parameters: _Parameters, context: RuleContext, crossing: Crossing, line: FilterLine, *, strict: bool
) -> _Wide | None:
    for match in line.matches:
        services = opens(match)
        if not services or not _concerns(parameters, context, crossing, match):
            continue
        if parameters.aspect == "addresses":
            found = _wide_addresses(parameters, match, strict=strict)
        else:
            loose = [
                one for one in services if any_service(one) or (strict and port_count(one) > parameters.maximum_ports)
            ]
            found = Text(ja="ポート番号", en="ports") if loose else None
        if found is not None:
            fact = Text(
                ja=f"{crossing.device.name} の {crossing.filter.name} の {line.label} は{found.ja}が限定されておらず、要件を満たさない。",
                en=f"{line.label} of {crossing.filter.name} on {crossing.device.name} does not limit its {found.en}.",
            )
            return _Wide(fact, line.sources, sure=permits(line))
    return None


def _wide_addresses(parameters: _Parameters, match: Match, *, strict: bool) -> Text | None:
    length = _prefix_length(parameters, match.family)
    sides = []
    for intervals, name in (
        (match.sources, Text(ja="送信元", en="sources")),
        (match.destinations, Text(ja="宛先", en="destinations")),
    ):
        if any_address(intervals) or (strict and wider_than(intervals, match.family, length)):
            sides.append(name)
    if not sides:
        return None
    return Text(ja="及び".join(one.ja for one in sides), en=" and ".join(one.en for one in sides))


def _concerns(parameters: _Parameters, context: RuleContext, crossing: Crossing, match: Match) -> bool:
    """Whether a match can be about traffic across the border: one side overlaps the zone, the other one something outside it.

    A line between two segments of the zone, or of an address family that the device has no address of, is not.
    """
    if match.family not in families_routed(crossing.device):
        return False
    own = context.places.addresses_of(parameters.zone, match.family)
    outward = bool(crossing.ingress & context.places.interfaces_in(crossing.device.name, parameters.zone))
    near, far = (match.sources, match.destinations) if outward else (match.destinations, match.sources)
    beyond = context.places.addresses_beyond(parameters.zone, match.family)
    return bool(intersect(near, own)) and bool(intersect(far, beyond))


def _prefix_length(parameters: _Parameters, family: int) -> int:
    return parameters.ipv4_prefix_length if family == 4 else parameters.ipv6_prefix_length


def _ports(entry: PermittedFlow) -> str:
    if not entry.ports:
        return "any"
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in entry.ports)


KIND = Kind("flow_pinned", _parse, _check)
