"""`flow_only`: only registered flows cross; optionally only some services are asked about, and only some conditions accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import IPNetwork, PermittedFlow, Zone
from secaudit.policy.definitions import ports_of
from secaudit.policy.model import ServicePorts
from secaudit.rules.answers import answer, lines, register_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.permitted import joins, service_packets
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import judge_pair, pairs_of
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class _Parameters:
    """`services` empty = all packets; `conditions` None = every code of the cell, empty = no entry of the register permits anything.

    `narrow` asks the entries that are accepted to name hosts or small prefixes: as `sources`, as `destinations`, on `both` sides, or on
    `either`.
    With `bound_only`, pairs that the audit folder does not have or that the policy does not restrict yield no result at all.
    """

    pairs: tuple[tuple[Zone, Zone], ...]
    services: tuple[ServicePorts, ...]
    conditions: frozenset[str] | None
    bound_only: bool
    narrow: str | None
    ipv4_prefix_length: int
    ipv6_prefix_length: int


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(
        pairs=pairs_of(data["pairs"]),
        services=tuple(ServicePorts(one["protocol"], ports_of(one["ports"])) for one in data.get("services", ())),
        conditions=frozenset(data["conditions"]) if "conditions" in data else None,
        bound_only=data.get("bound_only", False),
        narrow=data.get("narrow"),
        ipv4_prefix_length=data.get("ipv4_prefix_length", 28),
        ipv6_prefix_length=data.get("ipv6_prefix_length", 124),
    )


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    within = service_packets(parameters.services, context) if parameters.services else None
    for source, destination in parameters.pairs:
        results = judge_pair(rule, context, source, destination, within=within, conditions=parameters.conditions)
        if not parameters.bound_only:
            yield from results
        elif context.binding(source) is not None and context.binding(destination) is not None:
            yield from (result for result in results if result.outcome is not Outcome.NOT_APPLICABLE)
    if parameters.narrow is not None:
        yield from _wide_entries(rule, parameters, context)


def _wide_entries(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    for entry in sorted(context.municipality.register, key=lambda one: one.id):
        asked = any(joins(entry, source, destination) for source, destination in parameters.pairs)
        accepted = parameters.conditions is None or entry.condition in parameters.conditions
        if not (asked and accepted) or _is_narrow(parameters, entry):
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
