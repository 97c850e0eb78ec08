"""What a cell of the matrix permits here: the policy filled in with the municipality's register."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from secaudit.municipality.model import DataDirection, PermittedFlow, Zone
from secaudit.packets.packet import PROTOCOL_NUMBERS
from secaudit.packets.sets import PacketSet
from secaudit.policy.model import Cell, Exchange, Free, NotApplicable, Registered, ServicePorts, Via
from secaudit.rules.context import RuleContext
from secaudit.text.bilingual import Text

EVERY_ADDRESS = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


@dataclass(frozen=True, slots=True)
class Allowance:
    """The packets a pair may open connections with. `via` names the zone that the rest of its traffic must pass, if any does.

    `entries` are the register entries that made it, `refusals` those that would have but permit nothing.
    """

    packets: PacketSet
    via: Zone | None
    entries: tuple[PermittedFlow, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A register entry that permits nothing, with the reason code of a result that rests on it and the reason for people."""

    entry: PermittedFlow
    reason: str
    text: Text


def is_valid(entry: PermittedFlow, context: RuleContext) -> bool:
    """Whether an entry permits anything on the day of the audit: approved by then, and not past its date."""
    if entry.approved_on > context.as_of:
        return False
    return entry.valid_until is None or context.as_of <= entry.valid_until


def destination_class(entry: PermittedFlow, context: RuleContext) -> int | None:
    """The class of an entry's destination: as stated, else that of the external system it names; None when neither says."""
    if entry.destination_class is not None:
        return entry.destination_class
    system = context.policy.systems.get(entry.system or "")
    return None if system is None else system.destination_class


def refused_by_edition(entry: PermittedFlow, context: RuleContext) -> Refusal | None:
    """The refusal of an entry whose exchange the edition does not permit, None for one that it does."""
    constraint = context.policy.conditions[entry.condition].constraint
    if not isinstance(constraint, Registered):
        return None
    exchange = constraint.exchange_with(destination_class(entry, context))
    if exchange is Exchange.BOTH or (exchange is Exchange.IN and entry.data is DataDirection.IN):
        return None
    edition = context.policy.edition_short
    which = (
        Text(
            ja="この区分の外部接続先からの取込みに限られ、台帳の data に in と記載されていない",
            en="such destinations may only send data in, and the entry does not say `data: in`",
        )
        if exchange is Exchange.IN
        else Text(
            ja="インターネットに接続していない外部接続先（区分1）に限られ、台帳からはそのように認められない",
            en="only destinations without a connection to the Internet (class 1) are permitted, which the entry does not say",
        )
    )
    return Refusal(
        entry,
        "entry_not_in_edition",
        Text(
            ja=f"台帳の {entry.id}（{entry.title}）に該当するが、{edition.ja}では{which.ja}。",
            en=f"The register entry {entry.id} ({entry.title}) describes it, but in the {edition.en} {which.en}.",
        ),
    )


def _refusal(entry: PermittedFlow, context: RuleContext) -> Refusal | None:
    """Why an entry permits nothing: it is not valid on the day of the audit, or the edition does not permit its exchange."""
    if is_valid(entry, context):
        return refused_by_edition(entry, context)
    return Refusal(
        entry,
        "entry_not_valid",
        Text(
            ja=f"台帳の {entry.id}（{entry.title}）に該当するが、監査基準日において有効でない。",
            en=f"The register entry {entry.id} ({entry.title}) describes it but is not valid on the day of the audit.",
        ),
    )


def not_foreseen(entry: PermittedFlow, context: RuleContext) -> Refusal | None:
    """The refusal of an entry whose condition the pair of its zones does not have, None for one that it has."""
    cell = context.policy.cell(entry.source_zone, entry.destination_zone)
    if entry.condition in cell.codes:
        return None
    return Refusal(
        entry,
        "condition_not_foreseen",
        Text(
            ja=f"台帳の {entry.id} の区分 {entry.condition} は、この領域の組（{cell.text}）では認められない。",
            en=f"The condition {entry.condition} of {entry.id} is not one that this pair of zones has ({cell.text}).",
        ),
    )


def refusal_of(entry: PermittedFlow, context: RuleContext) -> Refusal | None:
    """Why an entry permits nothing, None for one that permits what it describes."""
    return not_foreseen(entry, context) or _refusal(entry, context)


def joins(entry: PermittedFlow, source: Zone, destination: Zone) -> bool:
    """Whether an entry speaks about openings from one zone to the other."""
    if (entry.source_zone, entry.destination_zone) == (source, destination):
        return True
    return entry.two_way and (entry.destination_zone, entry.source_zone) == (source, destination)


def protocol_of(entry: PermittedFlow) -> str:
    """The protocol of an entry as a number, or `any`."""
    return "any" if entry.protocol == "any" else str(PROTOCOL_NUMBERS[entry.protocol])


def entry_packets(entry: PermittedFlow, source: Zone, context: RuleContext) -> PacketSet:
    """The connection-opening packets of an entry that start in `source`; the mirror of a two-way entry keeps its ports."""
    forward = entry.source_zone is source
    return (
        context.flows.set_of(
            sources=entry.sources if forward else entry.destinations,
            destinations=entry.destinations if forward else entry.sources,
            protocol=protocol_of(entry),
            ports=entry.ports,
        )
        & context.flows.spaces.opening()
    )


def service_packets(services: Iterable[ServicePorts], context: RuleContext) -> PacketSet:
    """All packets to the given destination ports, whoever sends them."""
    result = context.flows.nothing()
    for service in services:
        result |= context.flows.set_of(
            sources=EVERY_ADDRESS, destinations=EVERY_ADDRESS, protocol=service.protocol, ports=service.ports
        )
    return result


def allowance(cell: Cell, context: RuleContext, conditions: frozenset[str] | None = None) -> Allowance:
    """What a cell permits with the entries that are valid on the day of the audit.

    `conditions` keeps only these codes of the cell (None = all). A cell that is free or outside the body's control permits everything.
    """
    packets = context.flows.nothing()
    via: Zone | None = None
    used: list[PermittedFlow] = []
    refusals: list[Refusal] = []
    for condition in cell.conditions:
        if conditions is not None and condition.code not in conditions:
            continue
        constraint = condition.constraint
        if isinstance(constraint, Free | NotApplicable):
            packets = context.flows.everything()
        elif isinstance(constraint, Via):
            via = constraint.zone
        elif isinstance(constraint, Registered):
            for entry in _entries(constraint.condition, cell, context):
                refused = _refusal(entry, context)
                if refused is not None:
                    refusals.append(refused)
                    continue
                used.append(entry)
                own = entry_packets(entry, cell.source, context)
                packets |= own & service_packets(constraint.services, context) if constraint.services else own
    if via is not None and via in (cell.source, cell.destination):
        return Allowance(context.flows.everything(), None, tuple(used), tuple(refusals))
    return Allowance(packets, via, tuple(used), tuple(refusals))


def _entries(code: str, cell: Cell, context: RuleContext) -> Iterable[PermittedFlow]:
    for entry in sorted(context.municipality.register, key=lambda one: one.id):
        if entry.condition == code and joins(entry, cell.source, cell.destination):
            yield entry
