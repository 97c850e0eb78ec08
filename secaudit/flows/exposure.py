"""What reaches the devices themselves: the exposure of their management plane.

A packet for a device passes every filter on the way, those of the interface by which it enters, and the filters for the device itself; any
address of the device will do, also that of another interface. What then answers are the services that are on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from secaudit.flows.chain import Link
from secaudit.flows.departures import Detail
from secaudit.flows.device_itself import ITSELF
from secaudit.flows.engine import Edge, Engine
from secaudit.flows.headers import arrived_as, as_flow
from secaudit.flows.modes import Mode
from secaudit.flows.topology import Port
from secaudit.flows.zones import FAMILIES
from secaudit.network.device import Device, Doubt, DoubtKind, Plane
from secaudit.network.management import USUAL_PORTS, ManagementService
from secaudit.network.matches import Family, Service
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.sets import PacketSet
from secaudit.packets.space import Field, HeaderSpace
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

if TYPE_CHECKING:
    from secaudit.flows.analysis import FlowAnalysis

Nodes = Mapping[Family, Mapping[Port, int]]
"""What a device takes for itself, by address family and the port by which it enters: arrived headers."""


@dataclass(frozen=True, slots=True)
class ServiceExposure:
    """What of one service can be reached: packets that open something, told as sent from and to."""

    name: str
    possible: PacketSet
    certain: PacketSet


@dataclass(frozen=True, slots=True)
class Exposure:
    """What hosts of a zone can send to a device itself.

    `possible` and `certain` are all packets that it takes, whether or not anything answers there; `services` those to the services that
    are on, or of which it is not known that they are off. Why `possible` is larger than `certain` is told by `FlowAnalysis.exposure_doubts`.
    """

    source: str
    device: str
    possible: PacketSet
    certain: PacketSet
    services: tuple[ServiceExposure, ...]

    def service(self, name: str) -> ServiceExposure | None:
        """The exposure of one service; None when it is surely off."""
        return next((one for one in self.services if one.name == name), None)


def exposure_of(analysis: FlowAnalysis, zone: str, name: str) -> Exposure:
    """The exposure of one device to one zone. Raises `KeyError` for a device or zone that does not exist."""
    device = analysis.topology.devices[name]
    certain = _taken(analysis, Mode.CERTAIN, zone, device)
    possible = _taken(analysis, Mode.POSSIBLE, zone, device)
    if any(True for _ in analysis.reasons_to_reach(zone, _zones_at(analysis, device))):
        possible = _joined(analysis, possible, _from_every_port(analysis, zone, device))
    all_certain, all_possible = _flow(analysis, certain), _flow(analysis, possible)
    sure = analysis.spaces.surely_opening(all_certain)
    maybe = all_possible & analysis.spaces.opening()
    return Exposure(zone, name, maybe, sure, tuple(_services(analysis, device, certain, possible)))


def doubts_about(analysis: FlowAnalysis, exposure: Exposure) -> tuple[Doubt, ...]:
    """Why more may reach the device, or its services, than surely does. Dearer than the exposure itself."""
    device = analysis.topology.devices[exposure.device]
    reasons = list(analysis.reasons_to_reach(exposure.source, _zones_at(analysis, device)))
    unsure = exposure.possible - exposure.certain
    if not unsure.is_empty:
        reasons += _lines_to(analysis, exposure.source, device, unsure, Mode.POSSIBLE)[1]
        reasons += _unknown_addresses(device)
    reasons += (one for one in device.doubts if one.plane is Plane.MANAGEMENT)
    return tuple(dict.fromkeys(reasons))


def exposed_lines(analysis: FlowAnalysis, exposure: Exposure, packets: PacketSet) -> tuple[SourceLine, ...]:
    """The config lines that let some of its packets through."""
    mode = Mode.CERTAIN if (packets - exposure.certain).is_empty else Mode.POSSIBLE
    device = analysis.topology.devices[exposure.device]
    return _lines_to(analysis, exposure.source, device, packets, mode)[0]


def arrived_at_device(analysis: FlowAnalysis, exposure: Exposure, packets: PacketSet, family: Family) -> int:
    """The headers, originals included, with which some packets of an exposure surely arrive."""
    space = analysis.spaces[family]
    device = analysis.topology.devices[exposure.device]
    taken = _taken(analysis, Mode.CERTAIN, exposure.source, device)[family].values()
    return arrived_as(space, space.union_all(taken), packets.node(family))


# --- what is taken --------------------------------------------------------------------------------------------


def _taken(analysis: FlowAnalysis, mode: Mode, zone: str, device: Device) -> Nodes:
    """What the device takes of everything that the zone sends."""
    number = analysis.plan.number(zone)
    return {
        family: {
            port: analysis.spaces[family].restrict(packets, Field.ORIGIN, number, number)
            for port, packets in by_port.items()
        }
        for family, by_port in analysis.taken(mode, device.name).items()
    }


def taken_of_all(analysis: FlowAnalysis, mode: Mode, name: str) -> Nodes:
    """What a device takes of everything that any zone sends: no stage looks at the zone, so all zones go through at once."""
    found: dict[Family, dict[Port, int]] = {4: {}, 6: {}}
    for family in FAMILIES:
        space = analysis.spaces[family]
        for run in analysis.runs(mode, family):
            for port, packets in run.entered.items():
                if port[0] == name and port[1] != ITSELF:
                    node = _received(space, analysis.engine(mode, family), port, packets)
                    found[family][port] = space.union(found[family].get(port, EMPTY), node)
    return found


def _from_every_port(analysis: FlowAnalysis, zone: str, device: Device) -> Nodes:
    """What it would take if the zone could send into each of its interfaces: for ways that we do not know."""
    found: dict[Family, dict[Port, int]] = {4: {}, 6: {}}
    for family in FAMILIES:
        engine = analysis.engine(Mode.POSSIBLE, family)
        sent = engine.sent(zone, analysis.plan.addresses[zone][family])
        for name in device.interfaces:
            port = (device.name, name)
            found[family][port] = _received(analysis.spaces[family], engine, port, sent)
    return found


def _received(space: HeaderSpace, engine: Engine, port: Port, packets: int) -> int:
    if packets == EMPTY:
        return EMPTY
    return space.union_all(one.packets for one in engine.received(port, packets))


def _joined(analysis: FlowAnalysis, left: Nodes, right: Nodes) -> Nodes:
    return {
        family: {
            port: analysis.spaces[family].union(left[family].get(port, EMPTY), right[family].get(port, EMPTY))
            for port in {*left[family], *right[family]}
        }
        for family in FAMILIES
    }


def _flow(
    analysis: FlowAnalysis, taken: Nodes, services: tuple[Service, ...] | None = None, on: frozenset[str] | None = None
) -> PacketSet:
    """As people tell it: by the address that sent and the address and port that got; those to some services only, on some interfaces."""
    nodes = {}
    for family in FAMILIES:
        space = analysis.spaces[family]
        node = space.union_all(packets for port, packets in taken[family].items() if on is None or port[1] in on)
        if services is not None:
            node = space.intersection(node, space.services(services))
        nodes[family] = as_flow(space, node)
    return PacketSet(analysis.spaces, nodes[4], nodes[6])


# --- services -------------------------------------------------------------------------------------------------


def _services(analysis: FlowAnalysis, device: Device, certain: Nodes, possible: Nodes) -> Iterable[ServiceExposure]:
    opening = analysis.spaces.opening()
    listed = {one.name: one for one in device.management.services}
    unsure = any(one.plane is Plane.MANAGEMENT for one in device.doubts)
    unknown = not device.management.services
    for name in (*listed, *(name for name in USUAL_PORTS if name not in listed)):
        service = listed.get(name) or ManagementService(name, False, ())
        answers = service.enabled and service.interfaces != frozenset()
        if not (answers or unsure or unknown):
            continue
        on = None if unsure or not answers else service.interfaces
        maybe = _flow(analysis, possible, service.packets, on) & opening
        sure = analysis.nothing()
        if answers and _surely_answers(device, service):
            reached = _flow(analysis, certain, service.packets, service.interfaces)
            sure = analysis.spaces.surely_opening(reached)
        yield ServiceExposure(name, maybe, sure)


def _surely_answers(device: Device, service: ManagementService) -> bool:
    """Whether it is on without doubt, and who may use it is known."""
    supposed = service.by_default and any(
        set(one.sources) & set(service.sources) for one in device.doubts if one.plane is Plane.MANAGEMENT
    )
    return not supposed and (not service.restricted or bool(device.local_in))


def _unknown_addresses(device: Device) -> Iterable[Doubt]:
    for interface in device.interfaces.values():
        if interface.enabled and interface.dynamic_address:
            yield Doubt(
                DoubtKind.UNSUPPORTED,
                Text(
                    ja=f"{device.name} の {interface.name} のアドレスは外部から与えられ、設定ファイルにない。",
                    en=f"the address of {interface.name} of {device.name} is given from outside and is not in the file",
                ),
                interface.sources,
            )


# --- explanations ---------------------------------------------------------------------------------------------


def _lines_to(
    analysis: FlowAnalysis, zone: str, device: Device, packets: PacketSet, mode: Mode
) -> tuple[tuple[SourceLine, ...], list[Doubt]]:
    links: list[Link] = []
    doubts: list[Doubt] = []
    for family in FAMILIES:
        space = analysis.spaces[family]
        taken = space.union_all(_taken(analysis, mode, zone, device)[family].values())
        wanted = arrived_as(space, taken, packets.node(family))
        usual, beyond = analysis.entering(mode, family, zone, wanted)
        engine = analysis.engine(mode, family)
        injections = [*usual, *beyond]
        ends = []
        for port, entered in engine.propagate(injections).entered.items():
            if port[0] == device.name and port[1] != ITSELF:
                for one in engine.received(port, entered, Detail.LINES):
                    ends.append(port)
                    links.extend(one.links)
        leading = _leading_to(engine.edges(injections), ends)
        links.extend(link for edge in leading for link in edge.links)
        entered_by = {*ends, *(edge.source for edge in leading)} & {port for port, _ in beyond}
        doubts.extend(analysis.beyond_doubts(zone, entered_by))
    lines = {line for link in links for line in link.sources}
    doubts.extend(doubt for link in links for doubt in link.doubts)
    return tuple(sorted(lines)), doubts


def _leading_to(edges: Iterable[Edge], ends: Iterable[Port]) -> list[Edge]:
    """The edges on ways to some ports."""
    into: dict[Port, list[Edge]] = {}
    for edge in edges:
        if isinstance(edge.target, tuple):
            into.setdefault(edge.target, []).append(edge)
    found: list[Edge] = []
    seen: set[Port] = set()
    waiting = list(dict.fromkeys(ends))
    while waiting:
        port = waiting.pop()
        if port in seen:
            continue
        seen.add(port)
        for edge in into.get(port, ()):
            found.append(edge)
            waiting.append(edge.source)
    return found


def _zones_at(analysis: FlowAnalysis, device: Device) -> list[str]:
    return sorted(
        {one.zone for port, attached in analysis.plan.attachments.items() if port[0] == device.name for one in attached}
    )
