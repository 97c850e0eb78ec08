"""A flow that a person wrote down, in one line as boxes of packets are shown."""

from __future__ import annotations

from collections.abc import Iterable

from secaudit.municipality.model import IPNetwork


def flow_words(
    sources: Iterable[IPNetwork],
    destinations: Iterable[IPNetwork],
    protocol: str,
    ports: Iterable[tuple[int, int]],
) -> str:
    """`10.1.0.10/32 → 172.16.1.10/32 tcp/443`; `ports` are inclusive intervals."""
    listed = ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ports)
    service = f"{protocol}/{listed}" if listed else protocol
    ends = [", ".join(str(network) for network in side) for side in (sources, destinations)]
    return f"{ends[0]} → {ends[1]} {service}"
