"""例外措置: which exceptions settle a result. The only place that decides; it never touches an outcome."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from secaudit.municipality.fields import same_person
from secaudit.municipality.model import ExceptionFlow, ExceptionGrant, Zone
from secaudit.packets.packet import PROTOCOL_NUMBERS
from secaudit.packets.sets import PacketSet
from secaudit.policy.model import Policy
from secaudit.rules.context import RuleContext
from secaudit.rules.result import Disposition, Outcome, RuleResult, SubjectKind
from secaudit.text.bilingual import Text

SOON_DAYS = 30
"""An exception that ends within so many days is told, so that it can be renewed or what it covers ended in time."""

_SHOWN_BOXES = 3
_NOT_FORESEEN = Text(
    ja="この領域の組は方針上必ず遮断すべきものであり、例外措置による許可は予定されていない。例外措置の妥当性を監査人が判断する必要がある。",
    en="The policy asks that this pair be denied without exception; an auditor has to judge whether the exception can stand.",
)


class ExceptionState(StrEnum):
    """What an exception is worth on a day."""

    VALID = "valid"
    EXPIRED = "expired"
    FUTURE = "future"
    INVALID = "invalid"
    """Approved by its own requester, without a compensating measure, or ending before it begins."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What exceptions make of one result. `grants` are those that the disposition rests on; `facts` are added to the result's."""

    disposition: Disposition
    grants: tuple[ExceptionGrant, ...] = ()
    facts: tuple[Text, ...] = ()


def state_of(grant: ExceptionGrant, as_of: date) -> ExceptionState:
    """The state of an exception on a day of Japan's calendar; both of its dates are inclusive."""
    approved = not same_person(grant.approved_by, grant.requested_by)
    if not approved or not grant.compensating_measure.strip() or grant.valid_until < grant.valid_from:
        return ExceptionState.INVALID
    if as_of > grant.valid_until:
        return ExceptionState.EXPIRED
    if as_of < grant.valid_from:
        return ExceptionState.FUTURE
    return ExceptionState.VALID


def ends_soon(grant: ExceptionGrant, as_of: date) -> bool:
    """Whether a valid exception ends within `SOON_DAYS` days."""
    return state_of(grant, as_of) is ExceptionState.VALID and (grant.valid_until - as_of).days <= SOON_DAYS


def touches(grant: ExceptionGrant, result: RuleResult, context: RuleContext) -> bool:
    """Whether any of a result lies in the scope of an exception, whatever its state.

    A result whose packets nobody knows may lie in the scope of a flow, unless it is a failure that is not about packets.
    """
    if not _names(grant, result):
        return False
    if grant.flow is None:
        return True
    if result.packets is None:
        return result.outcome is not Outcome.FAIL
    return not (result.packets & _packets(grant.flow, context)).is_empty


def decide(result: RuleResult, grants: Iterable[ExceptionGrant], context: RuleContext) -> Decision:
    """What exceptions make of a result: a valid one wins over an expired one, a narrow one over a wide one; order means nothing."""
    if result.outcome is not Outcome.FAIL:
        return Decision(Disposition.OPEN)
    scoped = sorted(
        (one for one in grants if _names(one, result)),
        key=lambda one: (one.flow is None, one.subject is None, one.id),
    )
    partly = Decision(Disposition.OPEN)
    for state, disposition in (
        (ExceptionState.VALID, Disposition.EXCEPTED),
        (ExceptionState.EXPIRED, Disposition.EXCEPTION_EXPIRED),
    ):
        held = [one for one in scoped if state_of(one, context.as_of) is state]
        used, rest = _covering(result, held, context)
        if used and rest is None:
            return Decision(
                disposition, used, _facts(result, used, context.policy, valid=state is ExceptionState.VALID)
            )
        if used and rest is not None and state is ExceptionState.VALID:
            partly = Decision(Disposition.OPEN, (), (_only_in_part(used, rest),))
    return partly


def with_dispositions(results: Iterable[RuleResult], context: RuleContext) -> tuple[RuleResult, ...]:
    """The results with the disposition that exceptions give to failures."""
    grants = context.folder.exceptions
    return tuple(_disposed(result, decide(result, grants, context)) for result in results)


def _disposed(result: RuleResult, decision: Decision) -> RuleResult:
    return dataclasses.replace(
        result,
        disposition=decision.disposition,
        exception=decision.grants[0].id if decision.grants else None,
        facts=(*result.facts, *decision.facts),
    )


def _names(grant: ExceptionGrant, result: RuleResult) -> bool:
    return grant.rule == result.rule and grant.subject in (None, result.subject.name)


def _packets(flow: ExceptionFlow, context: RuleContext) -> PacketSet:
    protocol = "any" if flow.protocol == "any" else str(PROTOCOL_NUMBERS[flow.protocol])
    return context.flows.set_of(
        sources=flow.sources, destinations=flow.destinations, protocol=protocol, ports=flow.ports
    )


def _covering(
    result: RuleResult, grants: Sequence[ExceptionGrant], context: RuleContext
) -> tuple[tuple[ExceptionGrant, ...], PacketSet | None]:
    """The exceptions in whose scope a result lies, and what of its packets lies in none (None: all of it is covered).

    One exception that covers the whole is preferred; else several may do it together. No exceptions: nothing is covered.
    """
    by_packets: list[tuple[ExceptionGrant, PacketSet]] = []
    for grant in grants:
        if grant.flow is None:
            return (grant,), None
        if result.packets is not None:
            scope = _packets(grant.flow, context)
            if (result.packets - scope).is_empty:
                return (grant,), None
            by_packets.append((grant, scope))
    rest = result.packets
    used: list[ExceptionGrant] = []
    for grant, scope in by_packets:
        assert rest is not None
        if not (rest & scope).is_empty:
            used.append(grant)
            rest = rest - scope
    return tuple(used), None if rest is None or rest.is_empty else rest


def _facts(result: RuleResult, used: tuple[ExceptionGrant, ...], policy: Policy, *, valid: bool) -> tuple[Text, ...]:
    facts: list[Text] = []
    if len(used) > 1:
        ids = ", ".join(one.id for one in used)
        facts.append(
            Text(
                ja=f"この通信の全ては、例外措置（{ids}）の範囲を合わせたものに含まれる。",
                en=f"All of these packets lie in the scopes of the exceptions {ids} taken together.",
            )
        )
    if valid and not _foreseen(result, policy):
        facts.append(_NOT_FORESEEN)
    return tuple(facts)


def _only_in_part(used: tuple[ExceptionGrant, ...], rest: PacketSet) -> Text:
    ids = ", ".join(one.id for one in used)
    boxes = "; ".join(str(box) for box in rest.boxes(_SHOWN_BOXES))
    return Text(
        ja=f"この通信の一部は例外措置（{ids}）の範囲にあるが、範囲に含まれない通信（{boxes}）があるため、取扱いは未対応のままとした。",
        en=f"A part of this lies in the scope of {ids}, but not {boxes}; it therefore stays open.",
    )


def _foreseen(result: RuleResult, policy: Policy) -> bool:
    if result.subject.kind is not SubjectKind.ZONE_PAIR:
        return True
    source, _, destination = result.subject.name.partition("->")
    return policy.cell(Zone(source), Zone(destination)).exceptable
