"""One question about a device itself: what a zone of an audit folder can send to it, and which of its services answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from secaudit.audit.preparation import prepare_folder
from secaudit.errors import UsageError
from secaudit.flows.exposure import ServiceExposure, exposed_lines
from secaudit.flows.witness import FlowWitness, exposure_witness
from secaudit.network.device import Doubt
from secaudit.packets.sets import PacketSet
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """One service of a device: `verdict` is `some` or `undetermined`."""

    name: str
    verdict: str
    boxes: tuple[str, ...]
    boxes_omitted: int


@dataclass(frozen=True, slots=True)
class ExposureAnswer:
    """What a zone can send to a device, as the command shows it. `verdict` is `none`, `some` or `undetermined`."""

    source: str
    device: str
    verdict: str
    boxes: tuple[str, ...]
    boxes_omitted: int
    services: tuple[ServiceAnswer, ...]
    """Those that are reached, or could be."""
    witness: FlowWitness | None
    lines: tuple[SourceLine, ...]
    doubts: tuple[Doubt, ...]
    troubles: tuple[Text, ...] = ()
    """Files that could not be used."""


def to_device(folder_path: Path, source: str, device: str, limit: int) -> ExposureAnswer:
    """What hosts of a zone can send to one of the devices of an audit folder, and which of its services they reach."""
    prepared = prepare_folder(folder_path)
    analysis = prepared.flows
    if source not in prepared.plan.zones:
        raise UsageError(
            Text(ja=f"この監査フォルダに領域 {source} はない。", en=f"this audit folder has no zone {source}"),
            Text(ja="領域: " + "、".join(prepared.plan.zones), en="zones: " + ", ".join(prepared.plan.zones)),
        )
    names = sorted(analysis.topology.devices)
    if device not in names:
        raise UsageError(
            Text(
                ja=f"設定ファイルを読み取れた機器の中に {device} はない。",
                en=f"{device} is none of the devices whose configuration was read",
            ),
            Text(ja="機器: " + "、".join(names), en="devices: " + ", ".join(names)),
        )
    exposure = analysis.exposure(source, device)
    verdict, shown = _verdict(exposure.certain, exposure.possible)
    served = (one.certain for one in exposure.services if not one.certain.is_empty)
    boxes, omitted = shown.boxes_and_rest(limit)
    return ExposureAnswer(
        source=source,
        device=device,
        verdict=verdict,
        boxes=tuple(map(str, boxes)),
        boxes_omitted=omitted,
        services=tuple(one for one in _services(exposure.services, limit) if one.verdict != "none"),
        witness=exposure_witness(analysis, exposure, next(served, exposure.certain)),
        lines=exposed_lines(analysis, exposure, shown),
        doubts=analysis.exposure_doubts(exposure),
        troubles=prepared.network.troubles(),
    )


def _services(services: tuple[ServiceExposure, ...], limit: int) -> list[ServiceAnswer]:
    found = []
    for one in services:
        verdict, shown = _verdict(one.certain, one.possible)
        boxes, omitted = shown.boxes_and_rest(limit)
        found.append(ServiceAnswer(one.name, verdict, tuple(map(str, boxes)), omitted))
    return found


def _verdict(certain: PacketSet, possible: PacketSet) -> tuple[str, PacketSet]:
    if not certain.is_empty:
        return "some", certain
    return ("none" if possible.is_empty else "undetermined"), possible
