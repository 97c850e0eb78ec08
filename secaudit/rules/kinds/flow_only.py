"""`flow_only`: only registered flows cross; optionally only some services are asked about, and only some conditions accepted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import IPNetwork, PermittedFlow, Zone
from secaudit.network.matches import Family
from secaudit.packets.sets import PacketSet
from secaudit.policy.definitions import ports_of
from secaudit.policy.model import ServicePorts
from secaudit.rules.answers import answer, lines, register_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.not_asked import not_asked
from secaudit.rules.only_where import OnlyWhere, only_where_of
from secaudit.rules.permitted import EVERY_ADDRESS, allowance, joins, service_packets
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import doubtful, judge_pair, pairs_of
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class _Parameters:
    """`services` empty = all packets; `conditions` None = every code of the cell, empty = no entry of the register permits anything.

    `narrow` asks the entries that are accepted to name hosts or small prefixes: as `sources`, as `destinations`, on `both` sides, or on
    `either`. With `bound_only`, pairs that the audit folder does not have or that the policy does not restrict yield no result at all; `where`
    asks some bodies only. `dated` asks the entries that are accepted for the day until which they hold; `family` asks about IPv4 or IPv6
    alone (None = both).
    """

    pairs: tuple[tuple[Zone, Zone], ...]
    services: tuple[ServicePorts, ...]
    conditions: frozenset[str] | None
    bound_only: bool
    narrow: str | None
    ipv4_prefix_length: int
    ipv6_prefix_length: int
    dated: bool
    family: Family | None
    where: OnlyWhere | None


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(
        pairs=pairs_of(data["pairs"]),
        services=tuple(ServicePorts(one["protocol"], ports_of(one["ports"])) for one in data.get("services", ())),
        conditions=frozenset(data["conditions"]) if "conditions" in data else None,
        bound_only=data.get("bound_only", False),
        narrow=data.get("narrow"),
        ipv4_prefix_length=data.get("ipv4_prefix_length", 28),
        ipv6_prefix_length=data.get("ipv6_prefix_length", 124),
        dated=data.get("dated", False),
        family=data.get("family"),
        where=only_where_of(data),
    )


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    refused = not_asked(rule, parameters.where, context)
    if refused is not None:
        yield refused
        return
    within = _asked(parameters, context)
    for source, destination in parameters.pairs:
        results = list(judge_pair(rule, context, source, destination, within=within, conditions=parameters.conditions))
        if parameters.family is not None and any(one.outcome is Outcome.PASS for one in results):
            results = [*_ways_not_seen(rule, context, source, destination)] or results
        if not parameters.bound_only:
            yield from results
        elif context.binding(source) is not None and context.binding(destination) is not None:
            yield from (result for result in results if result.outcome is not Outcome.NOT_APPLICABLE)
    if parameters.narrow is not None:
        yield from _wide_entries(rule, parameters, context)
    if parameters.dated:
        yield from _standing_entries(rule, parameters, context)


def _asked(parameters: _Parameters, context: RuleContext) -> PacketSet | None:
    """The packets that a rule is about; None for all."""
    services = service_packets(parameters.services, context) if parameters.services else None
    if parameters.family is None:
        return services
    everywhere = tuple(one for one in EVERY_ADDRESS if one.version == parameters.family)
    own = context.flows.set_of(sources=everywhere, destinations=everywhere, protocol="any", ports=())
    return own if services is None else own & services


def _ways_not_seen(rule: Rule, context: RuleContext, source: Zone, destination: Zone) -> Iterable[RuleResult]:
    """Undetermined where hosts may reach each other by ways that we do not know: these carry the family whether or not the zones state it."""
    pair = context.flows.pair(source, destination)
    plan = context.flows.plan
    ways = {one.doubt for one in context.flows.missing} | {one.doubt for one in plan.crossings}
    ways |= {*plan.doubts.get(source, ()), *plan.doubts.get(destination, ())}
    ways |= {*plan.joined.get(frozenset((source.value, destination.value)), ())}
    held = tuple(doubt for doubt in pair.doubts if doubt in ways)
    if held:
        allowed = allowance(context.policy.cell(source, destination), context)
        yield doubtful(rule, context, dataclasses.replace(pair, doubts=held), context.flows.nothing(), allowed)


def _accepted(parameters: _Parameters, context: RuleContext) -> Iterable[PermittedFlow]:
    """The entries of the register that speak about the pairs of a rule, with a condition that it accepts."""
    for entry in sorted(context.municipality.register, key=lambda one: one.id):
        asked = any(joins(entry, source, destination) for source, destination in parameters.pairs)
        if asked and (parameters.conditions is None or entry.condition in parameters.conditions):
            yield entry


def _standing_entries(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    for entry in _accepted(parameters, context):
        if entry.valid_until is None:
            yield answer(
                rule,
                Outcome.FAIL,
                "standing_entry",
                register_subject(entry.id, entry.title),
                Text(
                    ja=f"台帳の {entry.id}（{entry.title}）に期限がなく、常時の許可となっている。",
                    en=f"The entry {entry.id} ({entry.title}) has no last day: it is permitted for ever.",
                ),
                evidence=lines(context, (entry.source,)),
            )


def _wide_entries(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    for entry in _accepted(parameters, context):
        if _is_narrow(parameters, entry):
            continue
        yield answer(
            rule,
            Outcome.FAIL,
            "wide_entry",
            register_subject(entry.id, entry.title),
            _wide_fact(parameters, entry),
            evidence=lines(context, (entry.source,)),
        )


def _wide_fact(parameters: _Parameters, entry: PermittedFlow) -> Text:
    if parameters.narrow == "destinations":
        return Text(
            ja=f"台帳の {entry.id}（{entry.title}）の宛先は範囲が広く、限定の要件を満たさない。",
            en=f"The destinations of the entry {entry.id} ({entry.title}) are too wide.",
        )
    return Text(
        ja=f"台帳の {entry.id}（{entry.title}）は、無害化を行うホストに限定されていない。",
        en=f"The entry {entry.id} ({entry.title}) is not limited to the sanitising host.",
    )


def _is_narrow(parameters: _Parameters, entry: PermittedFlow) -> bool:
    def small(networks: tuple[IPNetwork, ...]) -> bool:
        lengths = {4: parameters.ipv4_prefix_length, 6: parameters.ipv6_prefix_length}
        return all(one.prefixlen >= lengths[one.version] for one in networks)

    sources, destinations = small(entry.sources), small(entry.destinations)
    match parameters.narrow:
        case "either":
            return sources or destinations
        case "destinations":
            return destinations
        case "sources":
            return sources
        case _:
            return sources and destinations


KIND = Kind("flow_only", _parse, _check)
