"""`destination_class`: every entry of the register goes to a destination of class 1 (①), or to a system of class 2 (②) that the policy knows.

Class 1 has no connection to the Internet. Class 2 has one and is officially judged safe: which systems these are is in `policies/external-systems.yaml`.
An entry whose class nobody states is undetermined, and so is one whose class is only believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import PermittedFlow, Zone
from secaudit.policy.model import Confidence, ExternalSystem
from secaudit.rules.answers import answer, lines, register_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.permitted import refused_by_edition
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.rules.separation import nothing_to_judge
from secaudit.text.bilingual import Text

_SURE = (Confidence.SOURCE, Confidence.HIGH)
_INTERNET = 2


@dataclass(frozen=True, slots=True)
class _Parameters:
    """The entries that begin or end in `zone` under one of these conditions are judged."""

    zone: Zone
    conditions: frozenset[str]


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters(Zone(data["zone"]), frozenset(data["conditions"]))


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    entries = sorted(
        (
            one
            for one in context.municipality.register
            if one.condition in parameters.conditions and parameters.zone in (one.source_zone, one.destination_zone)
        ),
        key=lambda one: one.id,
    )
    for entry in entries:
        outcome, reason, fact = _judge(entry, context)
        need = Text(
            ja=f"{entry.id} の外部接続先の区分を示す文書、及び台帳の system 又は destination_class の記載",
            en=f"a document that shows the class of the destination of {entry.id}, and `system` or `destination_class` in the register",
        )
        yield answer(
            rule,
            outcome,
            reason,
            register_subject(entry.id, entry.title),
            fact,
            evidence=lines(context, (entry.source,)),
            needs=(need,) if outcome is Outcome.UNDETERMINED else (),
        )
    if not entries:
        title = context.policy.title_of(parameters.zone)
        yield nothing_to_judge(
            rule,
            context,
            "empty_register",
            Text(
                ja=f"{title.ja}の特定通信が台帳に一件も登録されていない。",
                en=f"The register holds no specific communication of this zone: {title.en}.",
            ),
            Text(ja="特定通信台帳", en="the register of specific communications"),
        )


_Verdict = tuple[Outcome, str, Text]


def _judge(entry: PermittedFlow, context: RuleContext) -> _Verdict:
    system = context.policy.systems.get(entry.system or "")
    known = None if system is None else system.destination_class
    sure = system is not None and system.confidence in _SURE
    stated = entry.destination_class
    if stated is not None and known is not None and stated != known:
        return _contradicted(entry, stated, known, sure=sure)
    if stated is None and known is None:
        return (
            Outcome.UNDETERMINED,
            "class_not_stated",
            Text(
                ja=f"台帳の {entry.id}（{entry.title}）には外部接続先の区分の記載がなく、接続先のシステムからも判断できない。",
                en=f"The entry {entry.id} ({entry.title}) states no class of its destination, and no system that tells it.",
            ),
        )
    if stated is None and not sure:
        return _believed(entry, system)
    if _INTERNET in (stated, known):
        return _second_class(entry, context, system, sure=sure)
    return (
        Outcome.PASS,
        "class_1",
        Text(
            ja=f"台帳の {entry.id}（{entry.title}）の外部接続先は、インターネットに接続していないもの（区分1）として登録されている。",
            en=f"The destination of {entry.id} ({entry.title}) is registered as one without a connection to the Internet (class 1).",
        ),
    )


def _contradicted(entry: PermittedFlow, stated: int, known: int, *, sure: bool) -> _Verdict:
    fact = Text(
        ja=f"台帳の {entry.id}（{entry.title}）は外部接続先の区分を {stated} としているが、当該システムの区分は {known} である。",
        en=f"The entry {entry.id} ({entry.title}) states class {stated}, but the system it names is of class {known}.",
    )
    return Outcome.FAIL if sure else Outcome.UNDETERMINED, "class_contradicted", fact


def _believed(entry: PermittedFlow, system: ExternalSystem | None) -> _Verdict:
    title = Text(ja="-", en="-") if system is None else system.title
    fact = Text(
        ja=f"台帳の {entry.id}（{entry.title}）の接続先（{title.ja}）の区分は、本ツールの方針データでは確度が十分でない。",
        en=f"What the policy says about the class of the destination of {entry.id} ({title.en}) is not sure enough.",
    )
    return Outcome.UNDETERMINED, "class_not_sure", fact


def _second_class(entry: PermittedFlow, context: RuleContext, system: ExternalSystem | None, *, sure: bool) -> _Verdict:
    """Class 2 is for systems of the catalogue alone, and for editions that permit it."""
    refused = refused_by_edition(entry, context)
    if refused is not None:
        return Outcome.FAIL, refused.reason, refused.text
    if system is None or system.destination_class != _INTERNET:
        fact = Text(
            ja=f"台帳の {entry.id}（{entry.title}）は外部接続先の区分を 2 としているが、区分2と認められたシステムへの通信ではない。",
            en=f"The entry {entry.id} ({entry.title}) states class 2, but its destination is no system that is known to be of class 2.",
        )
        return Outcome.FAIL, "class_2_not_known", fact
    if not sure:
        return _believed(entry, system)
    return (
        Outcome.PASS,
        "class_2",
        Text(
            ja=f"台帳の {entry.id}（{entry.title}）は、区分2の外部接続先（{system.title.ja}）への通信として登録されている。",
            en=f"The entry {entry.id} ({entry.title}) goes to a system of class 2: {system.title.en}.",
        ),
    )


KIND = Kind("destination_class", _parse, _check)
