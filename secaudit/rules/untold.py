"""Undetermined because of what a device does not tell: no line says it, or the line that does is not understood (docs/decisions/0014)."""

from __future__ import annotations

from collections.abc import Iterable

from secaudit.network.device import Device
from secaudit.rules.answers import answer, device_evidence, device_subject, lines
from secaudit.rules.context import RuleContext
from secaudit.rules.result import NOT_STATED, NOT_UNDERSTOOD, Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


def not_told(
    rule: Rule, context: RuleContext, device: Device, about: Text, sources: Iterable[SourceLine] = (), where: str = ""
) -> RuleResult:
    """No line of the configuration says it. `sources` are the lines of what it is about, `where` names places for people."""
    fact = Text(
        ja=f"{about.ja}を、この機器の設定ファイルから判断できない{_at(where).ja}。",
        en=f"The configuration does not tell: {about.en}{_at(where).en}.",
    )
    need = Text(ja=f"{device.name} の{about.ja}が分かる出力", en=f"an output of {device.name} that shows: {about.en}")
    return undetermined(rule, context, device, NOT_STATED, fact, sources, need)


def not_understood(
    rule: Rule, context: RuleContext, device: Device, about: Text, sources: Iterable[SourceLine] = (), where: str = ""
) -> RuleResult:
    """Lines are about it, or may be, and what they say or do is not known."""
    fact = Text(
        ja=f"{about.ja}に関する設定の意味又は効果を判断できない{_at(where).ja}。",
        en=f"What the configuration says about this is not understood: {about.en}{_at(where).en}.",
    )
    need = Text(
        ja=f"{device.name} の該当行についての説明、又は{about.ja}が分かるように改めた設定ファイル",
        en=f"an explanation of these lines of {device.name}, or a configuration with lines that tell: {about.en}",
    )
    return undetermined(rule, context, device, NOT_UNDERSTOOD, fact, sources, need)


def _at(where: str) -> Text:
    return Text(ja=f"：{where}", en=f" ({where})") if where else Text(ja="", en="")


def undetermined(
    rule: Rule,
    context: RuleContext,
    device: Device,
    reason: str,
    fact: Text,
    sources: Iterable[SourceLine],
    need: Text,
) -> RuleResult:
    """Undetermined for one device: why, with its lines (or those that identify it), and what to submit."""
    evidence = lines(context, sources) or device_evidence(context, device)
    subject = device_subject(device.name)
    return answer(rule, Outcome.UNDETERMINED, reason, subject, fact, evidence=evidence, needs=(need,))


def services_text(names: Iterable[str]) -> Text:
    """Services of the device itself, as what is not told."""
    listed = ", ".join(names)
    return Text(ja=f"{listed} が有効であるか否か", en=f"whether {listed} is enabled")
