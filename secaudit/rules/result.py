"""The answer of one rule about one subject, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from secaudit.packets.sets import PacketSet
from secaudit.text.bilingual import Text

NOT_STATED = "not_stated"
"""The reason of a result about a device of which no line of the configuration tells. Where a rule permits it, a statement may tell instead."""
NOT_UNDERSTOOD = "not_understood"
"""The reason of a result that rests on a line whose meaning or effect is not known. No statement takes its place."""


class Outcome(StrEnum):
    """判定. Never more than these five."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    UNDETERMINED = "undetermined"
    ERROR = "error"


class Disposition(StrEnum):
    """取扱い: what people have done about a result. It never changes the outcome."""

    OPEN = "open"
    EXCEPTED = "excepted"
    EXCEPTION_EXPIRED = "exception_expired"
    DISPUTED = "disputed"


class Severity(StrEnum):
    """重要度, most severe first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class SubjectKind(StrEnum):
    """What a result is about."""

    MUNICIPALITY = "municipality"
    ZONE_PAIR = "zone_pair"
    DEVICE = "device"
    REGISTER_ENTRY = "register_entry"
    OBSERVATION = "observation"


@dataclass(frozen=True, slots=True)
class Subject:
    """What one result is about. `name` identifies it and is what exceptions refer to: `my_number->lgwan`, a hostname, an id."""

    kind: SubjectKind
    name: str
    title: Text


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line that proves or denies. `file` relative to the audit folder; `line` None for a whole file; `digest` its SHA-256."""

    file: str
    line: int | None
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class WitnessHop:
    """One step of a witness packet through the network, as people read it."""

    device: str
    stage: str
    what: Text
    packet: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Witness:
    """One concrete packet of a flow (反例) and the way it took. A second evaluator has replayed it."""

    packet: str
    arrives: str
    hops: tuple[WitnessHop, ...]


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule about one subject.

    `reason` is a stable code (`flow_found`, `no_evidence`, `unread_lines`, `missing_config`, ...), `facts` what was
    found, as full sentences; `remedy` what to do, more exact than the rule's own text where possible (None = the rule's).
    `needs` is what must be submitted to turn an undetermined result into a verdict. `boxes` are packets as people read them.
    `exception` is the id of the exception that applies, `legal_date` is the id of the
    legal date that the result is about and `days_left` counts to it (negative: overdue). `packets` are exactly what the result is about,
    where it is about packets: known while rules run, never stored.
    """

    rule: str
    outcome: Outcome
    reason: str
    subject: Subject
    severity: Severity
    facts: tuple[Text, ...]
    evidence: tuple[Evidence, ...] = ()
    boxes: tuple[str, ...] = ()
    witness: Witness | None = None
    remedy: Text | None = None
    needs: tuple[Text, ...] = ()
    disposition: Disposition = Disposition.OPEN
    exception: str | None = None
    days_left: int | None = None
    legal_date: str | None = None
    packets: PacketSet | None = field(default=None, compare=False, repr=False, metadata={"stored": False})
