"""Devices that exist and whose configuration we do not have."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.flows.topology import Port, Topology
from secaudit.flows.zones import ZonePlan
from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.interfaces import InterfaceAddress
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class MissingDevice:
    """A device that is known to exist and whose configuration we do not have. `zones` it touches (empty = perhaps all)."""

    name: str
    zones: tuple[str, ...]
    doubt: Doubt


def absent_peers(topology: Topology, plan: ZonePlan) -> tuple[MissingDevice, ...]:
    """The other holders of virtual addresses (VRRP, HSRP) that were not submitted, where they stand between zones.

    A virtual address says that a second router is on the segment; what it filters is not known.
    """
    found = []
    for name, device in topology.devices.items():
        alone: list[tuple[Port, InterfaceAddress]] = [
            ((name, interface.name), held)
            for interface in device.interfaces.values()
            if topology.segment(name, interface.name) is not None
            for held in interface.addresses
            if held.shared and _held_by_it_alone(topology, (name, interface.name), held)
        ]
        zones = {one.zone for port, _ in alone for one in plan.attachments.get(port, ())}
        if len(zones) > 1:
            text = Text(
                ja=f"{name} と仮想アドレス(VRRP・HSRP)を共有する相手の機器の設定ファイルが提出されていない。",
                en=f"the device that shares virtual addresses (VRRP, HSRP) with {name} was not submitted",
            )
            lines = tuple(dict.fromkeys(line for _, held in alone for line in held.sources))
            doubt = Doubt(DoubtKind.UNDEFINED, text, lines)
            found.append(MissingDevice(f"{name} (VRRP/HSRP)", tuple(sorted(zones)), doubt))
    return tuple(found)


def _held_by_it_alone(topology: Topology, port: Port, held: InterfaceAddress) -> bool:
    return all(device == port[0] for device, _ in topology.sure.holders(*port, held.address.ip))
