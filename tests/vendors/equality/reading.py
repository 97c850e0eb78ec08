"""Reads a written policy with the vendor's reader, and tells the permitted packets as nodes of the diagrams."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.flows.compiled import FilterCompiler
from secaudit.flows.modes import Mode
from secaudit.network.device import Device, Plane
from secaudit.network.intervals import Intervals
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import Field, HeaderSpace
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.reader import ReadConfig
from tests.vendors.cases import readers
from tests.vendors.equality.policies import Policy, Service, merged
from tests.vendors.equality.written import Written

READERS = readers()


@dataclass(frozen=True, slots=True)
class Read:
    """What came out: the permitted packets for two questions, and everything that was said to be unsure.

    `certain` and `possible` hold the packets that can open a connection, which every vendor decides alike; `stateless` holds both
    sets again with every other packet, for a list that knows no connections.
    """

    certain: int
    possible: int
    stateless: tuple[int, int] | None
    complaints: tuple[str, ...]


def device_of(written: Written, data: bytes | None = None) -> tuple[Device, tuple[str, ...]]:
    """The device that the vendor's reader makes of the text, and its complaints."""
    text = config_text_from_bytes(written.text.encode() if data is None else data, f"{written.vendor}.conf")
    config = READERS[written.vendor].read(text)
    return config.devices[0], _complaints(config)


def read(space: HeaderSpace, written: Written, data: bytes | None = None) -> Read:
    """The packets that may go from inside to outside by the filters of the device."""
    device, complaints = device_of(written, data)
    whole = [permitted(space, device, written, mode) for mode in (Mode.CERTAIN, Mode.POSSIBLE)]
    opening = [space.intersection(node, space.opening) for node in whole]
    return Read(opening[0], opening[1], (whole[0], whole[1]) if written.direction else None, complaints)


def permitted(space: HeaderSpace, device: Device, written: Written, mode: Mode) -> int:
    """The packets of one space that pass from inside to outside."""
    name = device.policies[0] if device.policies else None
    if written.direction == "in":
        name = device.interfaces[written.inside].filter_in
    elif written.direction == "out":
        name = device.interfaces[written.outside].filter_out
    if name is None:
        return space.valid
    parts = FilterCompiler(space, mode).permitted(device.filters[name], written.inside, written.outside)
    return space.intersection(space.union_all(part.packets for part in parts), space.valid)


def opening(space: HeaderSpace) -> int:
    """Every packet that can open a connection."""
    return space.intersection(space.valid, space.opening)


def _complaints(config: ReadConfig) -> tuple[str, ...]:
    found = [f"{len(config.devices)} devices"] if len(config.devices) != 1 else []
    found += [f"unread {one.line}" for one in config.coverage.unread]
    for device in config.devices:
        found += [f"doubt {doubt.text.en}" for doubt in device.doubts if doubt.plane is Plane.TRAFFIC]
    return tuple(found)


def meant(space: HeaderSpace, policy: Policy) -> int:
    """The permitted packets built straight from the abstract policy, line by line; replies and all."""
    remaining, result = space.valid, EMPTY
    for rule in policy.rules:
        services = space.union_all(service_set(space, service) for service in rule.services)
        if rule.negated:
            services = space.difference(space.valid, services)
        addresses = space.product(
            [(Field.DESTINATION, merged(rule.destinations)), (Field.SOURCE, merged(rule.sources))]
        )
        hit = space.intersection(remaining, space.intersection(addresses, services))
        remaining = space.difference(remaining, hit)
        if rule.permit:
            result = space.union(result, hit)
    return space.union(result, remaining) if policy.default else result


def service_set(space: HeaderSpace, service: Service) -> int:
    """All packets of one abstract service."""
    if service.protocol is None:
        return space.valid
    constraints: list[tuple[int, Intervals]] = [(Field.PROTOCOL, ((service.protocol, service.protocol),))]
    if service.has_ports:
        constraints.append((Field.DESTINATION_PORT, merged(service.destination_ports)))
        constraints.append((Field.SOURCE_PORT, merged(service.source_ports)))
    if service.icmp_type is not None:
        constraints.append((Field.ICMP_TYPE, ((service.icmp_type, service.icmp_type),)))
    if service.icmp_code is not None:
        constraints.append((Field.ICMP_CODE, ((service.icmp_code, service.icmp_code),)))
    return space.product(constraints)
