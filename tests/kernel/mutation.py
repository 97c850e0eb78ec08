"""A planted mistake: one bound of one filter line of the model is off by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from secaudit.network.device import Device
from secaudit.network.filters import Connection
from secaudit.network.intervals import IPV4_MAX, IPV6_MAX, PORT_MAX, Intervals, normalise
from secaudit.network.matches import Match

_Place = tuple[str, int, int, str]
"""Filter, line, match, field."""
_FIELDS = ("sources", "destinations", "destination_ports", "source_ports")


def with_one_bound_off(device: Device, rng: random.Random) -> Device | None:
    """The device with a mistake; None when its filters ask for no address and no port."""
    places = list(_places(device))
    if not places:
        return None
    name, line, match, field = rng.choice(places)
    filter_ = device.filters[name]
    changed_line = filter_.lines[line]
    wrong = _wrong(changed_line.matches[match], field, rng)
    matches = (*changed_line.matches[:match], wrong, *changed_line.matches[match + 1 :])
    lines = (*filter_.lines[:line], replace(changed_line, matches=matches), *filter_.lines[line + 1 :])
    return replace(device, filters={**device.filters, name: replace(filter_, lines=lines)})


def _places(device: Device) -> Iterator[_Place]:
    for name, filter_ in device.filters.items():
        for index, line in enumerate(filter_.lines):
            if line.connection is Connection.ESTABLISHED:
                continue  # seen by replies only
            for position, match in enumerate(line.matches):
                for field in _FIELDS:
                    if _bounds(match, field):
                        yield name, index, position, field


def _intervals(match: Match, field: str) -> Intervals:
    if field == "sources":
        return match.sources
    if field == "destinations":
        return match.destinations
    service = match.services[0] if match.services else None
    if service is None:
        return ()
    return service.destination_ports if field == "destination_ports" else service.source_ports


def _bounds(match: Match, field: str) -> list[tuple[int, int]]:
    """Which bounds (interval, 0 for its low end) can move by one and mean something else."""
    maximum = _maximum(match, field)
    return [
        (index, end)
        for index, interval in enumerate(_intervals(match, field))
        for end in (0, 1)
        if 0 < interval[end] < maximum
    ]


def _maximum(match: Match, field: str) -> int:
    if field.endswith("ports"):
        return PORT_MAX
    return IPV4_MAX if match.family == 4 else IPV6_MAX


def _wrong(match: Match, field: str, rng: random.Random) -> Match:
    intervals = list(_intervals(match, field))
    index, end = rng.choice(_bounds(match, field))
    low, high = intervals[index]
    intervals[index] = (low - 1, high) if end == 0 else (low, high + 1)
    moved = normalise(intervals)
    match field:
        case "sources":
            return replace(match, sources=moved)
        case "destinations":
            return replace(match, destinations=moved)
        case "destination_ports":
            service = replace(match.services[0], destination_ports=moved)
        case _:
            service = replace(match.services[0], source_ports=moved)
    return replace(match, services=(service, *match.services[1:]))
