"""Judging the version of a device's software against the oldest one that is accepted. Used by the kind `device_setting`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from secaudit.network.device import Device
from secaudit.rules.answers import answer, device_evidence, device_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.protection import failed, passed
from secaudit.rules.result import NOT_STATED, NOT_UNDERSTOOD, Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text

_PARTS = re.compile(r"[0-9]{1,9}|[A-Za-z]+")


def judge_firmware(rule: Rule, context: RuleContext, device: Device, least: Mapping[str, str]) -> RuleResult:
    """Whether the version in a device's file is at least the one that is given for its product. Versions of different shape are not compared."""
    wanted = least.get(device.vendor)
    if wanted is None:
        fact = Text(
            ja=f"製品 {device.vendor} の版の下限は定められていない。",
            en=f"No oldest version is laid down for the product {device.vendor}.",
        )
        return answer(rule, Outcome.NOT_APPLICABLE, "no_version_asked", device_subject(device.name), fact)
    older = is_older(device.version, wanted)
    if older is None:
        fact = Text(
            ja=f"ソフトウェアの版（{device.version or '記載なし'}）が {wanted} 以降であるかを判断できない。",
            en=f"It cannot be told whether the version ({device.version or 'not in the file'}) is {wanted} or later.",
        )
        need = Text(ja=f"{device.name} の版が分かる出力", en=f"an output of {device.name} that shows its version")
        evidence = device_evidence(context, device)
        reason = NOT_UNDERSTOOD if device.version else NOT_STATED
        return answer(
            rule, Outcome.UNDETERMINED, reason, device_subject(device.name), fact, evidence=evidence, needs=(need,)
        )
    if older:
        fact = Text(
            ja=f"ソフトウェアの版は {device.version} であり、{wanted} より古い。",
            en=f"The version is {device.version}, older than {wanted}.",
        )
        return failed(rule, context, device, "version_too_old", [fact], device.identity)
    fact = Text(
        ja=f"ソフトウェアの版は {device.version} であり、{wanted} 以降である。",
        en=f"The version is {device.version}, {wanted} or later.",
    )
    return passed(rule, context, device, "version_as_asked", fact, device.identity)


def is_older(version: str, wanted: str) -> bool | None:
    """Whether a version is older than another one, by its numbers in their order; None when their letters differ or there is no number.

    >>> is_older("7.2.8", "7.2.10"), is_older("15.7(3)M8", "15.7(3)M2"), is_older("15.2(7)E3", "15.7(3)M2")
    (True, False, None)
    """
    left, right = ([one.lower() for one in _PARTS.findall(text)] for text in (version, wanted))
    shapes = [[one for one in parts if not one.isdigit()] for parts in (left, right)]
    numbers = [[int(one) for one in parts if one.isdigit()] for parts in (left, right)]
    if not all(numbers) or shapes[0] != shapes[1]:
        return None
    size = max(map(len, numbers))
    padded = [[*one, *[0] * (size - len(one))] for one in numbers]
    return padded[0] < padded[1]
