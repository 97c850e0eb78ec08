"""Broadcasts that a device passes on from one zone to a host of another (DHCP relay, `ip helper-address`).

The device sends them itself, so no filter between the two zones need see them: they count as possible.
"""

from __future__ import annotations

from collections.abc import Iterator

from secaudit.flows.topology import Topology
from secaudit.flows.zones import ZonePlan
from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.intervals import contains, normalise
from secaudit.network.matches import UDP, Family, Match, Service
from secaudit.text.bilingual import Text


def relayed(topology: Topology, plan: ZonePlan, source: str, destination: str) -> Iterator[tuple[Match, Doubt]]:
    """What hosts of one zone may have passed on to another, with the reason."""
    for name, device in topology.devices.items():
        for relay in device.relays:
            family: Family = 4 if relay.target.version == 4 else 6
            if topology.segment(name, relay.interface) is None:
                continue
            if not contains(plan.addresses[destination][family], int(relay.target)):
                continue
            target = (int(relay.target), int(relay.target))
            service = Service(((UDP, UDP),), destination_ports=normalise((port, port) for port in relay.ports))
            text = Text(
                ja=f"{name} が {relay.interface} で受けたブロードキャストを {relay.target} へ中継する。",
                en=f"{name} passes broadcasts that it hears on {relay.interface} on to {relay.target}",
            )
            for one in plan.attachments.get((name, relay.interface), ()):
                if one.zone == source and one.addresses[family]:
                    doubt = Doubt(DoubtKind.UNSUPPORTED, text, relay.sources)
                    yield Match(family, one.addresses[family], (target,), (service,)), doubt
