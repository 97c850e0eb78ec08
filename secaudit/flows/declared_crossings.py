"""Ways between zones that are in no configuration: switches that were not submitted, and hosts in several zones (`flows.crossings`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secaudit.flows.crossings import Crossing
from secaudit.municipality.model import Host, LedgerDevice, Municipality
from secaudit.network.device import Device, Doubt, DoubtKind, Plane
from secaudit.text.bilingual import Text


def crossings_of(municipality: Municipality, devices: Iterable[Device]) -> tuple[Crossing, ...]:
    """Ledger devices that do not route and were not read, switches of which something was not understood, and hosts that may forward.

    A device of one zone only cannot join it with another one, unless a declared link shows that it is connected to that one too.
    """
    read = {device.name.partition("/")[0]: device for device in devices}
    found: list[Crossing] = []
    for entry in municipality.ledger:
        device = read.get(entry.name)
        if device is not None:
            found += _doubtful_switch(entry, device)
        elif not entry.routes:
            found.append(_switch(entry))
    return (*found, *_hosts(municipality.hosts))


def _doubtful_switch(entry: LedgerDevice, device: Device) -> Iterator[Crossing]:
    """What nobody could read of a switch that carries several zones may join their VLANs."""
    doubts = [one for one in device.doubts if one.plane is Plane.TRAFFIC and one.interfaces is None]
    switches = any(one.switch_port is not None for one in device.interfaces.values())
    if doubts and switches and len(entry.zones) != 1 and (entry.zones or not entry.routes):
        need = Text(
            ja=f"{entry.name} の設定で読み取れなかった記述についての説明",
            en=f"an explanation of what could not be read in the configuration of {entry.name}",
        )
        yield Crossing(tuple(zone.value for zone in entry.zones), doubts[0], "unread_lines", need)


def _switch(entry: LedgerDevice) -> Crossing:
    named = ", ".join(entry.zones)
    text = Text(
        ja=f"{entry.name} は複数の領域の通信を収容し得るが（機器台帳の領域: {named}）、設定ファイルが提出されておらず、VLAN が分離されていることを確認できない。",
        en=f"{entry.name} may carry several zones (in the ledger: {named}), and its configuration was not submitted: that its VLANs are apart is not known",
    )
    if not entry.zones:
        text = Text(
            ja=f"{entry.name} が接続している領域が機器台帳に記載されておらず、設定ファイルも提出されていないため、領域をまたいで接続している可能性がある。",
            en=f"the ledger does not say which zones {entry.name} is connected to, and its configuration was not submitted: it may connect several",
        )
    need = Text(
        ja=f"{entry.name} の設定ファイル、又は単一の領域だけを収容していることの機器台帳（zones）への記載",
        en=f"the configuration of {entry.name}, or its one zone in the ledger (`zones`) if it carries only one",
    )
    doubt = Doubt(DoubtKind.UNDEFINED, text, (entry.source,))
    return Crossing(tuple(zone.value for zone in entry.zones), doubt, "missing_config", need, device=entry.name)


def _hosts(hosts: Iterable[Host]) -> Iterator[Crossing]:
    for host in hosts:
        if not host.forwards or len(host.zones) < 2:
            continue
        named = ", ".join(host.zones)
        text = Text(
            ja=f"{host.name} は複数の領域（{named}）に接続しており、領域間の通信を中継する可能性がある。",
            en=f"{host.name} is in several zones ({named}) and may forward between them",
        )
        need = Text(
            ja=f"{host.name} が領域間の通信を中継しないことの確認（hosts の forwards: false）、又は接続の解消",
            en=f"that {host.name} forwards nothing between its zones (`forwards: false` under `hosts`), or that it leaves one of them",
        )
        doubt = Doubt(DoubtKind.UNSUPPORTED, text, (host.source,))
        yield Crossing(tuple(zone.value for zone in host.zones), doubt, "dual_homed_host", need, host.addresses)
