"""Building results: subjects, evidence, and the words that every kind uses alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from secaudit.municipality.model import Zone
from secaudit.network.device import Device
from secaudit.packets.sets import PacketSet
from secaudit.policy.model import Policy
from secaudit.rules.context import RuleContext
from secaudit.rules.result import Evidence, Outcome, RuleResult, Severity, Subject, SubjectKind, Witness
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

EVIDENCE_LIMIT = 200
"""Lines of evidence a result carries; more make a finding unreadable."""

_LESS_SEVERE = {
    Severity.CRITICAL: Severity.HIGH,
    Severity.HIGH: Severity.MEDIUM,
    Severity.MEDIUM: Severity.LOW,
    Severity.LOW: Severity.LOW,
}


def less_severe(severity: Severity) -> Severity:
    """One step down; the lowest stays."""
    return _LESS_SEVERE[severity]


def answer(
    rule: Rule,
    outcome: Outcome,
    reason: str,
    subject: Subject,
    *facts: Text,
    evidence: tuple[Evidence, ...] = (),
    boxes: tuple[str, ...] = (),
    witness: Witness | None = None,
    remedy: Text | None = None,
    needs: tuple[Text, ...] = (),
    severity: Severity | None = None,
    days_left: int | None = None,
    legal_date: str | None = None,
    packets: PacketSet | None = None,
) -> RuleResult:
    """A result of `rule` with its own severity unless told otherwise."""
    return RuleResult(
        rule=rule.id,
        outcome=outcome,
        reason=reason,
        subject=subject,
        severity=severity or rule.severity,
        facts=facts,
        evidence=evidence,
        boxes=boxes,
        witness=witness,
        remedy=remedy,
        needs=needs,
        days_left=days_left,
        legal_date=legal_date,
        packets=packets,
    )


def pair_subject(policy: Policy, source: Zone, destination: Zone) -> Subject:
    """An ordered zone pair, named `my_number->lgwan`."""
    left, right = policy.title_of(source), policy.title_of(destination)
    return Subject(
        SubjectKind.ZONE_PAIR,
        f"{source.value}->{destination.value}",
        Text(ja=f"{left.ja} → {right.ja}", en=f"{left.en} → {right.en}"),
    )


def device_subject(name: str) -> Subject:
    """A device, named by its hostname."""
    return Subject(SubjectKind.DEVICE, name, Text(ja=name, en=name))


def register_subject(entry_id: str, title: str) -> Subject:
    """An entry of the register, or of the exceptions, named by its id."""
    return Subject(SubjectKind.REGISTER_ENTRY, entry_id, Text(ja=f"{entry_id} {title}", en=f"{entry_id} {title}"))


def observation_subject(name: str, title: Text) -> Subject:
    """What a probe saw."""
    return Subject(SubjectKind.OBSERVATION, name, title)


def municipality_subject(context: RuleContext) -> Subject:
    """The whole body, named by its code."""
    municipality = context.municipality
    return Subject(SubjectKind.MUNICIPALITY, municipality.code, Text(ja=municipality.name, en=municipality.name))


class _Digests(Protocol):
    """The SHA-256 of every input by its path."""

    @property
    def digests(self) -> Mapping[str, str]: ...


def lines(context: _Digests, sources: Iterable[SourceLine]) -> tuple[Evidence, ...]:
    """Source lines as evidence: each once, in file order, with the digest of their file."""
    ordered = sorted(set(sources))[:EVIDENCE_LIMIT]
    return tuple(
        Evidence(source.file, source.number, source.text, context.digests.get(source.file, "")) for source in ordered
    )


def as_captured(context: RuleContext) -> tuple[Text, ...]:
    """What a judgement has to say that rests on routes which a protocol had learnt when a routing table was captured."""
    files = sorted({line.file for device in context.devices.values() for line in device.captured})
    if not files:
        return ()
    named = ", ".join(files[:_SHOWN_FILES]) + (", ..." if len(files) > _SHOWN_FILES else "")
    return (
        Text(
            ja=f"動的経路制御の経路は、取得した経路表({named})の時点のものである。",
            en=f"The routes of routing protocols are those of the captured tables ({named}).",
        ),
    )


def captured_evidence(context: RuleContext) -> tuple[Evidence, ...]:
    """The captured tables themselves."""
    return lines(context, (line for device in context.devices.values() for line in device.captured))


_SHOWN_FILES = 5


def whole_files(context: RuleContext, paths: Iterable[str]) -> tuple[Evidence, ...]:
    """Whole files as evidence: what was examined when no single line says it."""
    return tuple(Evidence(path, None, "", context.digests.get(path, "")) for path in sorted(set(paths)))


def device_evidence(context: RuleContext, device: Device) -> tuple[Evidence, ...]:
    """The lines that tell which device it is, or its whole file."""
    return lines(context, device.identity) or whole_files(context, (device.file,))


def unique(texts: Iterable[Text]) -> tuple[Text, ...]:
    """Texts in first-seen order, each once."""
    seen: Mapping[Text, None] = dict.fromkeys(texts)
    return tuple(seen)
