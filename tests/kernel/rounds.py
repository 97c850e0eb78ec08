"""Packets in rounds: the kernel must see each as the first packet of a connection, and every connection must get the ports it asks for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from secaudit.packets.packet import WITH_ICMP, WITH_PORTS, Packet

T = TypeVar("T")
_MOST_ROUNDS = 24


def in_rounds(items: Iterable[T], packet_of: Callable[[T], Packet], *, nat: bool) -> list[list[T]]:
    """Splits packets so that in one round no two can belong to one connection; those that fit in no round are left out.

    `nat`: nor may two of one protocol have one source port, since translation could give both the same ends (the kernel then takes
    another port for the second, or drops it).
    """
    rounds: list[tuple[list[T], set[Hashable]]] = []
    for item in items:
        keys = _keys(packet_of(item), nat)
        place = next((one for one in rounds if one[1].isdisjoint(keys)), None)
        if place is None:
            if len(rounds) == _MOST_ROUNDS:
                continue
            place = ([], set())
            rounds.append(place)
        place[0].append(item)
        place[1].update(keys)
    return [chosen for chosen, _ in rounds]


def _keys(packet: Packet, nat: bool) -> set[Hashable]:
    protocol = packet.protocol
    if protocol in WITH_ICMP:
        return set()  # every one has an identifier of its own
    left, right = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
    keys: set[Hashable] = {(protocol, left, right), (protocol, right, left)}
    if nat:
        keys |= {(protocol, packet.source_port if protocol in WITH_PORTS else None)}
    return keys
