"""Types commands behind a configuration, reads it again, and compares the packets with those of the changed model."""

from __future__ import annotations

from collections.abc import Sequence

from secaudit.flows.compiled import FilterCompiler
from secaudit.flows.modes import Mode
from secaudit.network.changes import Change, changed
from secaudit.network.device import Device, Plane
from secaudit.network.filters import Filter
from secaudit.network.matches import Family
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace
from secaudit.text.config_text import ConfigText
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.commands import Commands, apply_commands, commands_of, writer_of
from secaudit.vendors.reader import ReadConfig
from tests.vendors.cases import readers

READERS = readers()
FAMILIES: tuple[Family, Family] = (4, 6)
Spaces = dict[Family, HeaderSpace]


def text_of(text: str, vendor: str) -> ConfigText:
    return config_text_from_bytes(text.encode(), f"{vendor}.conf")


def commands_for(device: Device, changes: Sequence[Change], text: ConfigText) -> Commands:
    """What the installed writer says. Raises `NotSaidError`."""
    writer = writer_of(device.vendor)
    assert writer is not None, f"no writer is installed for {device.vendor}"
    return commands_of(writer, device, changes, [text])


def complaints(config: ReadConfig) -> list[str]:
    """Lines that were not read, and doubts about traffic."""
    found = [f"unread {one.line.text}" for one in config.coverage.unread]
    for device in config.devices:
        found += [doubt.text.en for doubt in device.doubts if doubt.plane is Plane.TRAFFIC]
    return sorted(found)


def wrong(spaces: Spaces, text: str, device: Device, changes: Sequence[Change], commands: Commands) -> str:
    """What is wrong with the configuration after the commands; empty when nothing is."""
    reader = READERS[device.vendor]
    before = reader.read(text_of(text, device.vendor))
    (typed,) = apply_commands([text], commands)
    after = reader.read(text_of(typed, device.vendor))
    found = [one for one in complaints(after) if one not in complaints(before)]
    new = {one.name: one for one in after.devices}.get(device.name)
    if new is None or len(after.devices) != len(before.devices):
        return "the device is not there any more"
    found += differences(spaces, changed(device, changes), new)
    others = [one for one in before.devices if one.name != device.name]
    for other in others:
        found += differences(spaces, other, next(one for one in after.devices if one.name == other.name))
    return "; ".join(found)


def differences(spaces: Spaces, wanted: Device, found: Device) -> list[str]:
    """Interface by interface and pair by pair: packets that one of the two devices lets through and the other does not.

    Only packets as they are on the wire: what a NAT rule has marked is nothing that a denying line for addresses should touch.
    """
    if all(address.address.version == 4 for one in wanted.interfaces.values() for address in one.addresses):
        spaces = {
            family: space for family, space in spaces.items() if family == 4
        }  # IPv6 goes nowhere, whatever a list says
    result = [] if wanted.interfaces.keys() == found.interfaces.keys() else ["other interfaces"]
    for name in wanted.interfaces.keys() & found.interfaces.keys():
        for direction in ("filter_in", "filter_out"):
            old = _filter(wanted, getattr(wanted.interfaces[name], direction))
            new = _filter(found, getattr(found.interfaces[name], direction))
            result += [f"{direction} of {name}: {one}" for one in _compare(spaces, old, new, name, name)]
    for policy in wanted.policies:
        for ingress in wanted.interfaces:
            for egress in wanted.interfaces:
                old, new = wanted.filters[policy], _filter(found, policy)
                result += [f"{ingress} to {egress}: {one}" for one in _compare(spaces, old, new, ingress, egress)]
    return result


def _filter(device: Device, name: str | None) -> Filter | None:
    return None if name is None else device.filters.get(name)


def _compare(spaces: Spaces, old: Filter | None, new: Filter | None, ingress: str, egress: str) -> list[str]:
    found = []
    for family, space in spaces.items():
        for mode in (Mode.CERTAIN, Mode.POSSIBLE):
            was, is_ = (_permitted(space, one, mode, ingress, egress) for one in (old, new))
            if space.difference(was, is_) != EMPTY:
                found.append(f"IPv{family} {mode.name}: denies too much")
            if space.difference(is_, was) != EMPTY:
                found.append(f"IPv{family} {mode.name}: permits too much")
    return found


def _permitted(space: HeaderSpace, filter_: Filter | None, mode: Mode, ingress: str, egress: str) -> int:
    whole = space.intersection(space.valid, space.unmarked)
    if filter_ is None:
        return whole
    parts = FilterCompiler(space, mode).permitted(filter_, ingress, egress)
    return space.intersection(space.union_all(part.packets for part in parts), whole)
