"""Filters that are applied and not defined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from secaudit.network.device import Device
from secaudit.network.filters import Action, Filter


def with_every_filter(device: Device) -> Device:
    """The device with a filter behind every name that it uses.

    What an undefined filter does is the vendor's business, and its reader says it (`NoticeKind.UNDEFINED_FILTER`). Of a name
    that is left nobody knows what it does: it may permit or deny anything.
    """
    missing = dict.fromkeys(name for name in _used(device) if name not in device.filters)
    if not missing:
        return device
    unknown = {name: Filter(name, (), Action.UNKNOWN, device.identity) for name in missing}
    return replace(device, filters={**device.filters, **unknown})


def _used(device: Device) -> Iterator[str]:
    for interface in device.interfaces.values():
        yield from (name for name in (interface.filter_in, interface.filter_out) if name is not None)
        yield from (one.selector for one in interface.diversions)
    yield from (*device.policies, *device.local_in, *device.local_out)
    if device.untracked is not None:
        yield device.untracked
