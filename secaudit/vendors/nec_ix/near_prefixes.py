"""Prefixes in access lists that are nearly those of an interface (NE-17): the same network with another length is often a slip of the pen."""

from __future__ import annotations

from collections.abc import Iterator

from secaudit.network.device import Device
from secaudit.network.intervals import Interval, of_network
from secaudit.text.bilingual import Text

_MOST_TOLD = 20


def near_prefixes(device: Device) -> Iterator[Text]:
    """A warning for each line that names part of the network of an interface, from its first address on, or its double."""
    nearly: dict[Interval, str] = {}
    exact = set()
    for interface in device.interfaces.values():
        for held in interface.addresses:
            network = held.address.network
            low, high = of_network(network)
            exact.add((low, high))
            size = high - low + 1
            if network.version == 4 and size > 2:
                nearly.setdefault((low, low + size // 2 - 1), str(network))
                nearly.setdefault((low, low + 2 * size - 1), str(network))
    told: dict[int, Text] = {}
    for filter_ in device.filters.values():
        for line in filter_.lines:
            if len(told) >= _MOST_TOLD:
                break
            if not line.sources or line.sources[0].number in told:
                continue
            spans = [span for match in line.matches for span in (*match.sources, *match.destinations)]
            found = next((nearly[span] for span in spans if span in nearly and span not in exact), None)
            if found is not None:
                number = line.sources[0].number
                told[number] = Text(
                    ja=f"{number} 行目のプレフィックスは、インターフェースのネットワーク {found} と長さだけが異なります。誤記でないか確認してください",
                    en=f"the prefix in line {number} differs from the network {found} of an interface in its length only; check that it is meant",
                )
    yield from told.values()
