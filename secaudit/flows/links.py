"""Whether a required link works, there and back, and what stops it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.modes import Mode
from secaudit.flows.replay import Connection, replay_connection
from secaudit.flows.samples import plain_packets
from secaudit.flows.trace import Trace
from secaudit.flows.zones import FAMILIES
from secaudit.network.intervals import contains
from secaudit.packets.packet import Packet
from secaudit.packets.sets import PacketSet

_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class LinkCheck:
    """One packet of a required link, as the packet interpreter saw it.

    `works` when the packet arrives and its reply comes back, in every state of the devices, from at least one interface by which its sender
    can enter the network. `failed` are the traces that do not: of the packet itself, or (`reply`) of its answer.
    """

    packet: Packet
    works: bool
    failed: tuple[Trace, ...]
    reply: bool


def check_link(analysis: FlowAnalysis, source: str, packets: PacketSet) -> tuple[LinkCheck, ...]:
    """Tries a few packets of a link, one for each of its boxes, from hosts of the zone `source`.

    A host that no submitted device is connected to yields a check without traces that does not work.
    """
    checks = []
    for family in FAMILIES:
        space = analysis.spaces[family]
        for packet in islice(plain_packets(space, packets.node(family)), _SAMPLES):
            ports = [
                one.port for one in analysis.plan.of_zone(source) if contains(one.addresses[family], int(packet.source))
            ]
            tried = [replay_connection(analysis.topology, *port, packet, Mode.RELIABLE) for port in ports]
            checks.append(_verdict(packet, tried))
    return tuple(checks)


def _verdict(packet: Packet, tried: list[Connection]) -> LinkCheck:
    if any(connection.works for connection in tried):
        return LinkCheck(packet, works=True, failed=(), reply=False)
    forward = tuple(trip.forward for connection in tried for trip in connection.trips if not trip.replies)
    if forward or not tried:
        return LinkCheck(packet, works=False, failed=forward, reply=False)
    back = tuple(
        trace for connection in tried for trip in connection.trips if not trip.returned for trace in trip.replies
    )
    return LinkCheck(packet, works=False, failed=back, reply=True)
