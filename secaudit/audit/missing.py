"""Devices that exist and whose configuration we do not have: what they do is not known, so they could do anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from secaudit.audit.network import ReadNetwork
from secaudit.errors import InputError
from secaudit.flows.missing import MissingDevice
from secaudit.flows.zones import ZonePlan
from secaudit.municipality.model import AuditFolder, LedgerDevice
from secaudit.network.device import Doubt, DoubtKind, Plane
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

_OF_A_PART = (DoubtKind.TRUNCATED, DoubtKind.NOT_READ)
"""Kinds of doubts about a whole device that may have interfaces of which nothing is known."""


def missing_devices(folder: AuditFolder, network: ReadNetwork, plan: ZonePlan) -> tuple[MissingDevice, ...]:
    """Ledger devices that can pass packets and were not read, devices of which a part is missing, and files that could not be read.

    What is missing of a configuration may hold interfaces of which nothing is known.
    """
    read = {device.name.partition("/")[0] for device in network.devices}
    found = [
        MissingDevice(entry.name, tuple(zone.value for zone in entry.zones), _not_submitted(entry))
        for entry in folder.municipality.ledger
        if entry.routes and entry.name not in read
    ]
    zones = {entry.name: tuple(zone.value for zone in entry.zones) for entry in folder.municipality.ledger}
    for device in network.devices:
        found += [
            MissingDevice(device.name, zones.get(device.name.partition("/")[0], ()), doubt)
            for doubt in device.doubts
            if doubt.kind in _OF_A_PART and doubt.plane is Plane.TRAFFIC and doubt.interfaces is None
        ]
    found += _incomplete(folder, network, plan)
    in_ledger = {entry.file for entry in folder.municipality.ledger if entry.file}
    in_ledger |= {one.path for entry in folder.municipality.ledger for one in entry.files}
    for file in network.files:
        named = {file.path, file.path.removeprefix("configs/")}
        if file.problem is not None and not named & in_ledger:
            found.append(MissingDevice(file.path, (), _unreadable(file.path)))
    # A file refused by its name or because it is a link out of the folder is not even among the configurations.
    refused = {error.file for error in folder.problems if isinstance(error, InputError)}
    for path in sorted(path for path in refused if path.startswith("configs/")):
        found.append(MissingDevice(path, (), _unreadable(path)))
    return tuple(found)


def _incomplete(folder: AuditFolder, network: ReadNetwork, plan: ZonePlan) -> Iterator[MissingDevice]:
    """Ledger devices whose configuration has no interface in a zone that the ledger says they are connected to.

    A file without an end mark (YAMAHA) that was cut in the middle is recognised by nothing else.
    """
    held: dict[str, set[str]] = defaultdict(set)
    for (device, _), attached in plan.attachments.items():
        held[device.partition("/")[0]].update(one.zone for one in attached)
    read = {device.name.partition("/")[0] for device in network.devices}
    for entry in folder.municipality.ledger:
        lacking = sorted({zone.value for zone in entry.zones} & set(plan.zones) - held[entry.name])
        if entry.routes and entry.name in read and lacking:
            named = ", ".join(lacking)
            text = Text(
                ja=f"機器台帳では {entry.name} は領域 {named} に接続するが、その設定ファイルに該当するインターフェースがない。",
                en=f"the ledger says that {entry.name} is connected to {named}, but its configuration has no interface there",
            )
            zones = tuple(zone.value for zone in entry.zones)
            yield MissingDevice(entry.name, zones, Doubt(DoubtKind.UNDEFINED, text, (entry.source,)))


def _not_submitted(entry: LedgerDevice) -> Doubt:
    return Doubt(
        DoubtKind.UNDEFINED,
        Text(
            ja=f"機器台帳にある {entry.name} の設定ファイルが提出されていない(または読み取れない)。",
            en=f"the configuration of {entry.name}, a device of the ledger, was not submitted or cannot be read",
        ),
        (entry.source,),
    )


def _unreadable(path: str) -> Doubt:
    return Doubt(
        DoubtKind.UNDEFINED,
        Text(
            ja=f"設定ファイル {path} を読み取れないため、その機器がどの領域を接続しているか分からない。",
            en=f"{path} cannot be read, so it is not known which zones its device connects",
        ),
        (SourceLine(path, 1, ""),),
    )
