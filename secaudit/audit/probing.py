"""What the configurations say about a probe before it is sent."""

from __future__ import annotations

import ipaddress

from secaudit.audit.network import ReadNetwork
from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.zones import plan_zones
from secaudit.municipality.model import AuditFolder
from secaudit.packets.packet import SYN, Packet
from secaudit.probes.plan import ProbePlan

_ANY_SOURCE_PORT = 50000


def expected_open(
    folder: AuditFolder, network: ReadNetwork, plan: ProbePlan
) -> list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, str, int]]:
    """The ports of a plan that the configurations surely let through.

    A scan that is too fast reports such ports as filtered, which would look like a separation that is not there; they are asked again,
    slowly.
    """
    zones = plan_zones(network.topology, folder.municipality.zones)
    if plan.source_address is None or plan.from_zone.value not in zones.zones:
        return []
    analysis = FlowAnalysis(network.topology, zones)
    found = []
    for target in plan.targets:
        if target.zone.value not in zones.zones or target.zone is plan.from_zone:
            continue
        if target.address.version != plan.source_address.version:
            continue
        certain = analysis.pair(plan.from_zone.value, target.zone.value).certain
        for protocol, number, ports in (("tcp", 6, target.tcp), ("udp", 17, target.udp)):
            for port in ports:
                flags = SYN if number == 6 else 0
                packet = Packet(plan.source_address, target.address, number, _ANY_SOURCE_PORT, port, tcp_flags=flags)
                if certain.contains(packet):
                    found.append((target.address, protocol, port))
    return found
