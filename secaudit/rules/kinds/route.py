"""`route`: nothing inside a zone leads out of it by default.

What is "inside" is told by VRF: a VRF of a device is inside the zone when at least one of its interfaces is attached to the zone, and the others
to nothing else but the management segment (by which a device is reached, and which must not route). There, every route or policy route
for (half of) the whole address space is followed:

| the default leads to | result |
|---|---|
| nowhere (discard) | no objection |
| a device whose VRF is inside the zone as well | no objection here; that device is judged itself |
| an interface attached to another zone (management included), a device that is not inside, a line out | fail, `default_route` |
| an address that no submitted device has | undetermined, `next_hop_unknown` |

A boundary device (the zone and others in one VRF) needs routes to both sides. Where a filter receives what comes from the zone, whether packets
follow its default is for the flow rules: not_applicable, `boundary_default`. Where none does, or the default points into the zone, it fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.network.device import HIDING, Device, DoubtKind
from secaudit.network.matches import any_address
from secaudit.network.routes import NextHop, PolicyRoute, Route
from secaudit.rules.answers import answer, as_captured, device_evidence, device_subject, lines
from secaudit.rules.context import RuleContext
from secaudit.rules.devices import each_device, traffic_doubts, unread
from secaudit.rules.kind import Kind
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


@dataclass(frozen=True, slots=True)
class _Parameters:
    """Routes with a prefix of at most `longest_default` bits count as default routes."""

    zone: Zone
    longest_default: int


@dataclass(frozen=True, slots=True)
class _Finding:
    reason: str
    fact: Text
    sources: tuple[SourceLine, ...]
    sure: bool


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(Zone(data["zone"]), data.get("longest_default", 1))


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    return each_device(rule, context, (parameters.zone,), lambda device: (_judge(rule, parameters, context, device),))


def _judge(rule: Rule, parameters: _Parameters, context: RuleContext, device: Device) -> RuleResult:
    found = list(_routes(parameters, context, device))
    sure = [one for one in found if one.sure]
    chosen = sure or found
    if chosen:
        return answer(
            rule,
            Outcome.FAIL if sure else Outcome.UNDETERMINED,
            chosen[0].reason,
            device_subject(device.name),
            *dict.fromkeys(one.fact for one in chosen),
            evidence=lines(context, (source for one in chosen for source in one.sources)),
            needs=()
            if sure
            else (
                Text(
                    ja="経路の接続先の機器の設定ファイル、又は経路表の出力",
                    en="the configuration of the next device, or the routing table",
                ),
            ),
        )
    doubts = tuple(one for one in traffic_doubts(device) if one.kind in HIDING | {DoubtKind.UNSUPPORTED})
    if doubts:
        return unread(rule, context, device, doubts)
    title = context.policy.title_of(parameters.zone)
    kept = _boundary_defaults(parameters, context, device)
    if kept:
        fact = Text(
            ja=f"{device.name} は{title.ja}の境界にあり、他の領域へ向かう既定経路を持つ。{title.ja}からの通信が既定経路に従うか否かは、通信可否の検証により判定する。",
            en=f"{device.name} stands at the border and has a default route to other zones; whether packets follow it is for the flow rules: {title.en}.",
        )
        evidence = lines(context, kept)
        return answer(
            rule, Outcome.NOT_APPLICABLE, "boundary_default", device_subject(device.name), fact, evidence=evidence
        )
    fact = Text(
        ja=f"{device.name} には、{title.ja}から外へ向かう既定経路がない。",
        en=f"{device.name} has no default route that leads out of: {title.en}.",
    )
    sources = [*device.captured, *(source for route in device.routes for source in route.sources)]
    evidence = lines(context, sources) or device_evidence(context, device)
    told = as_captured(context) if device.captured else ()
    return answer(rule, Outcome.PASS, "no_default_route", device_subject(device.name), fact, *told, evidence=evidence)


def _boundary_defaults(parameters: _Parameters, context: RuleContext, device: Device) -> tuple[SourceLine, ...]:
    """The lines of default routes of a boundary device to which there was no objection."""
    own = context.places.interfaces_in(device.name, parameters.zone)
    return tuple(
        source
        for vrf in sorted({device.interfaces[name].vrf for name in own})
        if not is_inside(context, device, vrf, parameters.zone)
        for hop, sources in _defaults(parameters, device, vrf)
        if not hop.discard
        for source in sources
    )


def _routes(parameters: _Parameters, context: RuleContext, device: Device) -> Iterable[_Finding]:
    own = context.places.interfaces_in(device.name, parameters.zone)
    for vrf in sorted({device.interfaces[name].vrf for name in own}):
        inside = is_inside(context, device, vrf, parameters.zone)
        for hop, sources in _defaults(parameters, device, vrf):
            if inside:
                yield from _leading_out(parameters, context, device, vrf, hop, sources)
            elif not hop.discard and _unfiltered_inward(device, own):
                fact = Text(
                    ja=f"{device.name} は、{context.policy.title_of(parameters.zone).ja}から受け取るパケットを検査せずに既定経路へ転送する。",
                    en=f"{device.name} forwards by its default route, without any filter, what comes from: {context.policy.title_of(parameters.zone).en}.",
                )
                yield _Finding("default_route", fact, sources, sure=True)
            elif _egress(context, device, vrf, hop) & own:
                fact = Text(
                    ja=f"{device.name} の既定経路が{context.policy.title_of(parameters.zone).ja}の側を指している。",
                    en=f"The default route of {device.name} points into: {context.policy.title_of(parameters.zone).en}.",
                )
                yield _Finding("default_route", fact, sources, sure=True)
        if inside:
            yield from _unseen_routes(device, vrf, own)


def is_inside(context: RuleContext, device: Device, vrf: str, zone: Zone) -> bool:
    """Whether a VRF is attached to `zone`, and to nothing else but the management segment."""
    zones: set[Zone] = set()
    for name, interface in device.interfaces.items():
        if interface.vrf == vrf:
            zones |= context.places.of_interface(device.name, name)
    return zone in zones and zones <= {zone, Zone.MANAGEMENT}


def _unfiltered_inward(device: Device, own: frozenset[str]) -> bool:
    """Whether some interface in the zone takes packets in without any filter."""
    return not device.policies and any(device.interfaces[name].filter_in is None for name in own)


def _defaults(parameters: _Parameters, device: Device, vrf: str) -> Iterable[tuple[NextHop, tuple[SourceLine, ...]]]:
    for route in device.routes:
        if route.vrf == vrf and route.prefix.prefixlen <= parameters.longest_default:
            for hop in route.next_hops:
                yield hop, _sources_of(hop, route)
    for policy in device.policy_routes:
        if policy.vrf == vrf and any(match.destinations == any_address(match.family) for match in policy.matches):
            for hop in policy.next_hops:
                yield hop, _sources_of(hop, policy)


def _sources_of(hop: NextHop, owner: Route | PolicyRoute) -> tuple[SourceLine, ...]:
    return tuple(dict.fromkeys((*owner.sources, *hop.sources)))


def _egress(context: RuleContext, device: Device, vrf: str, hop: NextHop) -> frozenset[str]:
    """The interfaces by which a next hop is reached."""
    if hop.interface is not None:
        return frozenset({hop.interface})
    if hop.gateway is None:
        return frozenset()
    return frozenset(
        one.interface for one in context.places.topology.connected(device.name, vrf) if hop.gateway in one.network
    )


def _leading_out(
    parameters: _Parameters,
    context: RuleContext,
    device: Device,
    vrf: str,
    hop: NextHop,
    sources: tuple[SourceLine, ...],
) -> Iterable[_Finding]:
    if hop.discard:
        return
    title = context.policy.title_of(parameters.zone)
    target = str(hop.gateway) if hop.gateway is not None else str(hop.interface)
    out = Text(
        ja=f"{title.ja}の機器 {device.name} に、{target} を経由して外へ向かう既定経路がある。",
        en=f"{device.name} inside this zone has a default route that leads out by {target}: {title.en}.",
    )
    egress = _egress(context, device, vrf, hop)
    beyond = {zone for name in egress for zone in context.places.of_interface(device.name, name)} - {parameters.zone}
    if beyond:
        yield _Finding("default_route", out, sources, sure=True)
        return
    own = context.places.interfaces_in(device.name, parameters.zone)
    holders = {
        port
        for name in egress
        for port in context.places.topology.sure.neighbours(device.name, name)
        if hop.gateway is None or _has_address(context, port, hop)
    }
    if not holders:
        known = egress and (hop.gateway is not None) and egress <= own
        unknown = Text(
            ja=f"{device.name} の既定経路の接続先 {target} がどの機器であるかを、提出された設定ファイルから判断できない。",
            en=f"Which device the default route of {device.name} leads to ({target}) is not known from what was submitted.",
        )
        yield (
            _Finding("next_hop_unknown", unknown, sources, sure=False)
            if known or not egress
            else _Finding("default_route", out, sources, sure=True)
        )
        return
    for name, interface in sorted(holders):
        there = context.devices[name]
        if not is_inside(context, there, there.interfaces[interface].vrf, parameters.zone):
            yield _Finding("default_route", out, sources, sure=True)
            return


def _has_address(context: RuleContext, port: tuple[str, str], hop: NextHop) -> bool:
    held = context.devices[port[0]].interfaces[port[1]].addresses
    return any(one.address.ip == hop.gateway for one in held)


def _unseen_routes(device: Device, vrf: str, own: frozenset[str]) -> Iterable[_Finding]:
    for protocol in device.dynamic_routing:
        if protocol.vrf == vrf:
            fact = Text(
                ja=f"{device.name} で {protocol.protocol} が動作しており、既定経路を受け取り得る。",
                en=f"{device.name} runs {protocol.protocol} and may learn a default route.",
            )
            yield _Finding("dynamic_routes", fact, protocol.sources, sure=False)
    for name in sorted(own):
        interface = device.interfaces[name]
        if interface.dynamic_address and interface.vrf == vrf:
            fact = Text(
                ja=f"{device.name} の {name} はアドレスを自動で取得しており、既定経路を受け取り得る。",
                en=f"{name} of {device.name} gets its address automatically and may get a default route.",
            )
            yield _Finding("dynamic_routes", fact, interface.sources[:1], sure=False)


KIND = Kind("route", _parse, _check, refutable=True)
