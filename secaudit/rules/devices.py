"""Asking one question of every device: those without a configuration are answered for as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from secaudit.municipality.model import LedgerDevice, Zone
from secaudit.network.device import Device, Doubt, DoubtKind, Plane
from secaudit.rules.answers import answer, device_subject, lines, municipality_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text


def each_device(
    rule: Rule,
    context: RuleContext,
    zones: tuple[Zone, ...],
    judge: Callable[[Device], Iterable[RuleResult]],
    concerned: Callable[[Device], bool] = lambda device: False,
    *,
    at_border: bool = False,
) -> Iterable[RuleResult]:
    """`judge` for every device attached to one of `zones` (empty = every device), and "undetermined" for those not submitted.

    A device of the ledger without stated zones may be in any of them. `concerned` adds devices that are not attached themselves; `at_border`
    leaves out devices that stand in one zone only or do not route.
    """
    asked = False
    for _, device in sorted(context.devices.items()):
        held = context.places.of_device(device.name)
        if at_border and not (device.forwards and len(held) > 1):
            continue
        if not zones or held & set(zones) or concerned(device):
            asked = True
            yield from judge(device)
    for entry in without_configuration(context):
        if at_border and not (entry.routes and len(entry.zones) != 1):
            continue
        if not zones or not entry.zones or set(entry.zones) & set(zones):
            asked = True
            yield _missing(rule, entry, context)
    if not asked:
        yield answer(
            rule,
            Outcome.UNDETERMINED,
            "no_config",
            municipality_subject(context),
            Text(
                ja="対象となる機器の設定ファイルが提出されていない。",
                en="No configuration of such a device was submitted.",
            ),
            needs=(Text(ja="対象となる機器の設定ファイル", en="the configurations of these devices"),),
        )


def without_configuration(context: RuleContext) -> tuple[LedgerDevice, ...]:
    """Devices of the ledger of which nothing was read: expected but missing, and those that cannot export one."""
    missing = {entry.name for entry in context.missing_devices}
    read = {name.split("/", 1)[0] for name in context.devices} | set(context.devices)
    files = {device.file.removeprefix("configs/") for device in context.devices.values()}
    return tuple(
        entry
        for entry in sorted(context.municipality.ledger, key=lambda one: one.name)
        if entry.name in missing
        or (
            not entry.config_expected
            and entry.name not in read
            and not files
            & {one.removeprefix("configs/") for one in (entry.file or "", *(one.path for one in entry.files))}
        )
    )


def _missing(rule: Rule, entry: LedgerDevice, context: RuleContext) -> RuleResult:
    if entry.config_expected:
        fact = Text(
            ja=f"{entry.name} の設定ファイルが提出されていない。",
            en=f"The configuration of {entry.name} was not submitted.",
        )
        reason = "missing_config"
        need = Text(ja=f"{entry.name} の設定ファイル", en=f"the configuration of {entry.name}")
    else:
        fact = Text(
            ja=f"{entry.name} からは設定を出力できないため、設定の内容を確認していない。",
            en=f"No configuration can be exported from {entry.name}, so its settings were not examined.",
        )
        reason = "no_export"
        need = Text(ja=f"{entry.name} の設定画面の写し等の証跡", en=f"other evidence of the settings of {entry.name}")
    evidence = lines(context, (entry.source,))
    return answer(
        rule, Outcome.UNDETERMINED, reason, device_subject(entry.name), fact, evidence=evidence, needs=(need,)
    )


def management_doubts(device: Device) -> tuple[Doubt, ...]:
    """What was not understood and could be about the device's own management.

    A line that nobody understood belongs to either plane unless it is bound to interfaces; a file that ends in the middle hides anything.
    What was understood but has an effect we do not know is in `unsupported_settings`.
    """
    elsewhere = device.management.elsewhere
    if elsewhere is not None:
        return (Doubt(DoubtKind.TRUNCATED, elsewhere, device.identity[:1], Plane.MANAGEMENT),)
    return tuple(
        doubt
        for doubt in device.doubts
        if (doubt.plane is Plane.MANAGEMENT and doubt.kind is not DoubtKind.UNSUPPORTED)
        or doubt.kind in (DoubtKind.TRUNCATED, DoubtKind.NOT_READ)
        or (doubt.kind is DoubtKind.UNREAD and doubt.interfaces is None)
    )


def unsupported_settings(device: Device) -> tuple[Doubt, ...]:
    """Settings of the management plane whose effect is not known, such as a default that differs by version."""
    return tuple(
        doubt for doubt in device.doubts if doubt.plane is Plane.MANAGEMENT and doubt.kind is DoubtKind.UNSUPPORTED
    )


def traffic_doubts(device: Device) -> tuple[Doubt, ...]:
    """What was not understood and could change what the device forwards."""
    return tuple(doubt for doubt in device.doubts if doubt.plane is Plane.TRAFFIC)


def unread(
    rule: Rule, context: RuleContext, device: Device, doubts: tuple[Doubt, ...], *, reason: str = "unread_lines"
) -> RuleResult:
    """Undetermined because of lines that were not understood."""
    subject = device_subject(device.name)
    sources = [source for doubt in doubts for source in doubt.sources]
    need = Text(
        ja=f"{device.name} の読み取れなかった行についての説明、又は出力し直した設定ファイル",
        en=f"an explanation of the lines of {device.name} that could not be read, or a new export",
    )
    if any(doubt.text == device.management.elsewhere for doubt in doubts):
        reason = "not_in_file"
        need = Text(
            ja=f"{device.name} 自体の設定(該当する項目の設定ファイル、画面の写し等)",
            en=f"the settings of {device.name} itself (the files or screens that hold them)",
        )
    return answer(
        rule,
        Outcome.UNDETERMINED,
        reason,
        subject,
        *dict.fromkeys(doubt.text for doubt in doubts),
        evidence=lines(context, sources),
        needs=(need,),
    )
