"""Changes to the filters of a device, as a repair proposes them: told without any vendor, so that they can be tried on the model first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from secaudit.network.device import Device
from secaudit.network.filters import Action, Filter, FilterLine
from secaudit.network.matches import ANY_PACKET, Match

LABEL = "repair"
"""What lines that do not exist yet are called."""


@dataclass(frozen=True, slots=True)
class InsertDeny:
    """A denying line in a filter, before the line at `position` (the number of lines: at the end).

    `ingress` and `egress` bound it in a filter whose lines name interfaces (None = all).
    """

    device: str
    filter: str
    position: int
    matches: tuple[Match, ...]
    ingress: str | None = None
    egress: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveLine:
    """A line of a filter is taken out of use."""

    device: str
    filter: str
    position: int


@dataclass(frozen=True, slots=True)
class AddFilter:
    """A filter on an interface that has none: it denies some packets that come in (or, `outgoing`, go out) and passes all others."""

    device: str
    interface: str
    matches: tuple[Match, ...]
    outgoing: bool = False


Change = InsertDeny | RemoveLine | AddFilter


def changed(device: Device, changes: Iterable[Change]) -> Device:
    """The device after all changes that name it. Positions are those before any of them."""
    by_filter: dict[str, list[InsertDeny | RemoveLine]] = {}
    for one in changes:
        if one.device != device.name:
            continue
        match one:
            case InsertDeny() | RemoveLine():
                by_filter.setdefault(one.filter, []).append(one)
            case AddFilter():
                device = _with_new_filter(device, one)
            case _:
                assert_never(one)
    edited = {name: _edited(device.filters[name], found) for name, found in by_filter.items()}
    return replace(device, filters={**device.filters, **edited})


def _edited(filter_: Filter, changes: Iterable[InsertDeny | RemoveLine]) -> Filter:
    inserted: dict[int, list[FilterLine]] = {}
    removed: set[int] = set()
    for one in changes:
        if isinstance(one, RemoveLine):
            removed.add(one.position)
        else:
            inserted.setdefault(one.position, []).append(_denying(one.matches, one.ingress, one.egress))
    lines: list[FilterLine] = []
    for position in range(len(filter_.lines) + 1):
        lines += inserted.get(position, ())
        if position < len(filter_.lines) and position not in removed:
            lines.append(filter_.lines[position])
    return replace(filter_, lines=tuple(lines))


def _with_new_filter(device: Device, change: AddFilter) -> Device:
    interface = device.interfaces[change.interface]
    name = f"{LABEL} {change.interface} {'out' if change.outgoing else 'in'}"
    passing = FilterLine(LABEL, Action.PERMIT, ANY_PACKET, ())
    filter_ = Filter(name, (_denying(change.matches), passing), Action.DENY, interface.sources)
    applied = replace(interface, filter_out=name) if change.outgoing else replace(interface, filter_in=name)
    return replace(
        device,
        filters={**device.filters, name: filter_},
        interfaces={**device.interfaces, change.interface: applied},
    )


def _denying(matches: tuple[Match, ...], ingress: str | None = None, egress: str | None = None) -> FilterLine:
    return FilterLine(
        label=LABEL,
        action=Action.DENY,
        matches=matches,
        sources=(),
        logged=True,
        ingress=None if ingress is None else frozenset((ingress,)),
        egress=None if egress is None else frozenset((egress,)),
    )
