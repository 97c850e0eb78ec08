"""`inventory_match`: the device ledger and the submitted configurations name the same devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import LedgerDevice
from secaudit.network.device import Device
from secaudit.rules.answers import answer, device_evidence, device_subject, lines, municipality_subject, whole_files
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class _Parameters:
    """No parameters."""


def _parse(data: Mapping[str, Any]) -> _Parameters:
    return _Parameters()


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    ledger = context.municipality.ledger
    if not ledger:
        yield answer(
            rule,
            Outcome.UNDETERMINED,
            "no_ledger",
            municipality_subject(context),
            Text(ja="機器台帳に一台も記載がない。", en="The device ledger is empty."),
            needs=(Text(ja="municipality.yaml の機器台帳", en="the device ledger of municipality.yaml"),),
        )
        return
    missing = {entry.name for entry in context.missing_devices}
    matched: set[str] = set()
    for entry in ledger:
        own = [device for device in context.devices.values() if _belongs(device, entry)]
        matched.update(device.name for device in own)
        yield _of_entry(rule, entry, own, entry.name in missing, context)
    for name, device in sorted(context.devices.items()):
        if name not in matched:
            yield answer(
                rule,
                Outcome.FAIL,
                "not_in_ledger",
                device_subject(name),
                Text(
                    ja=f"設定ファイル {device.file} の機器 {name} が機器台帳に記載されていない。",
                    en=f"The device {name} of {device.file} is not in the device ledger.",
                ),
                evidence=device_evidence(context, device),
                remedy=Text(
                    ja=f"{name} を機器台帳に記載する。不要な機器であれば撤去する。",
                    en=f"Enter {name} into the device ledger, or take the device out of use.",
                ),
            )


def _of_entry(rule: Rule, entry: LedgerDevice, own: list[Device], is_missing: bool, context: RuleContext) -> RuleResult:
    subject = device_subject(entry.name)
    evidence = lines(context, (entry.source,))
    if own and not is_missing:
        fact = Text(
            ja=f"機器台帳の {entry.name} の設定ファイル（{own[0].file}）が提出されている。",
            en=f"The configuration of {entry.name} ({own[0].file}) was submitted.",
        )
        files = whole_files(context, (device.file for device in own))
        return answer(rule, Outcome.PASS, "in_both", subject, fact, evidence=(*evidence, *files))
    if not entry.config_expected:
        fact = Text(
            ja=f"機器台帳によれば {entry.name} からは設定を出力できない。",
            en=f"By the ledger no configuration can be exported from {entry.name}.",
        )
        return answer(rule, Outcome.NOT_APPLICABLE, "no_export", subject, fact, evidence=evidence)
    submitted = [path for path in context.folder.configs if _is_file_of(path, entry)]
    if submitted:
        fact = Text(
            ja=f"{entry.name} の設定ファイル {submitted[0]} は提出されているが、機器として読み取れなかった。",
            en=f"The file {submitted[0]} of {entry.name} was submitted but could not be read as a device.",
        )
        need = Text(
            ja=f"{entry.name} から出力し直した設定ファイル", en=f"the configuration of {entry.name}, exported again"
        )
        return answer(
            rule,
            Outcome.UNDETERMINED,
            "unreadable_config",
            subject,
            fact,
            evidence=(*evidence, *whole_files(context, submitted)),
            needs=(need,),
        )
    return answer(
        rule,
        Outcome.FAIL,
        "missing_config",
        subject,
        Text(
            ja=f"機器台帳に記載された {entry.name} の設定ファイルが提出されていない。",
            en=f"The configuration of {entry.name}, which is in the ledger, was not submitted.",
        ),
        evidence=evidence,
        remedy=Text(
            ja=f"{entry.name} の設定ファイルを configs/ に提出する。既に撤去した機器であれば台帳から除く。",
            en=f"Put the configuration of {entry.name} into configs/, or strike the device from the ledger if it is gone.",
        ),
    )


def _belongs(device: Device, entry: LedgerDevice) -> bool:
    """By its file where the ledger names one, else by hostname; a virtual device (`host/vdom`) belongs to its host."""
    if _is_file_of(device.file, entry):
        return True
    return entry.name in (device.name, device.name.split("/", 1)[0])


def _is_file_of(path: str, entry: LedgerDevice) -> bool:
    """The ledger names files with or without the folder `configs/`."""
    stated = (entry.file or "", *(one.path for one in entry.files))
    return path.removeprefix("configs/") in {one.removeprefix("configs/") for one in stated if one}


KIND = Kind("inventory_match", _parse, _check)
