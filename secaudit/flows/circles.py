"""Packets that go round in circles of devices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from secaudit.flows.topology import Port
from secaudit.network.device import Device
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace


def _translates(device: Device) -> bool:
    lines = (line for one in device.filters.values() for line in one.lines)
    return bool(device.nat_rules) or any(line.source_translation is not None for line in lines)


def in_circles(edges: Iterable[tuple[Port, Port]]) -> frozenset[tuple[Port, Port]]:
    """The edges on the circles of a directed graph, and those that lead from one circle to another.

    >>> a, b, c = ("d", "a"), ("d", "b"), ("d", "c")
    >>> in_circles([(a, b), (b, b), (b, c)])
    frozenset({(('d', 'b'), ('d', 'b'))})
    """
    left = set(edges)
    while True:
        begin, end = {source for source, _ in left}, {target for _, target in left}
        kept = {(source, target) for source, target in left if source in end and target in begin}
        if kept == left:
            return frozenset(kept)
        left = kept


def circling(space: HeaderSpace, devices: Mapping[str, Device], ways: Mapping[tuple[Port, Port], int]) -> int:
    """Packets on the ways of circles of ports that may never end: all, or (where no device on them translates) those that can go on for ever."""
    left = dict(ways)
    if any(_translates(devices[source[0]]) for source, _ in left):
        return space.union_all(left.values())
    while left:
        coming: dict[Port, list[int]] = defaultdict(list)
        going: dict[Port, list[int]] = defaultdict(list)
        for (source, target), packets in left.items():
            going[source].append(packets)
            coming[target].append(packets)
        into = {port: space.union_all(parts) for port, parts in coming.items()}
        out = {port: space.union_all(parts) for port, parts in going.items()}
        kept = {
            edge: space.intersection(packets, space.intersection(into.get(edge[0], EMPTY), out.get(edge[1], EMPTY)))
            for edge, packets in left.items()
        }
        kept = {edge: packets for edge, packets in kept.items() if packets != EMPTY}
        if kept == left:
            break
        left = kept
    return space.union_all(left.values())
