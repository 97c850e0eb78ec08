"""A few words for writing small networks in tests."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from secaudit.flows.analysis import FlowAnalysis, MissingDevice
from secaudit.flows.modes import Mode
from secaudit.flows.reliability import reliable_part
from secaudit.flows.topology import build_topology
from secaudit.flows.zones import plan_zones
from secaudit.municipality.model import InterfaceRef, Zone, ZoneBinding
from secaudit.network.device import Device, Stage
from secaudit.network.filters import Action, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.intervals import ANY_IPV4, of_networks
from secaudit.network.matches import ANY_SERVICE, Match, Service
from secaudit.network.routes import NextHop, Route
from secaudit.packets.sets import PacketSet
from secaudit.text.source import SourceLine, Sources

OUTSIDE = frozenset({Zone.SECURITY_CLOUD.value, Zone.PUBLIC_INTERNET.value, Zone.LGWAN_NETWORK.value})
PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_NAT,
    Stage.EGRESS_FILTER,
)


def at(number: int, file: str = "net.conf") -> Sources:
    return (SourceLine(file, number, f"line {number}"),)


def interface(name: str, address: str, number: int = 1, **more: object) -> Interface:
    held = InterfaceAddress(ipaddress.ip_interface(address), at(number))
    return Interface(name, InterfaceKind.PHYSICAL, at(number), (held,), **more)  # type: ignore[arg-type]


def route(prefix: str, gateway: str, number: int) -> Route:
    hop = NextHop(at(number), gateway=ipaddress.ip_address(gateway))
    return Route(ipaddress.ip_network(prefix), (hop,), at(number))


def tcp(port: int) -> Service:
    return Service(((6, 6),), destination_ports=((port, port),))


def match(source: str | None, destination: str | None, service: Service = ANY_SERVICE) -> Match:
    def side(text: str | None) -> tuple[tuple[int, int], ...]:
        return ANY_IPV4 if text is None else of_networks([ipaddress.ip_network(text)])

    return Match(4, side(source), side(destination), (service,))


def line(number: int, action: Action, *matches: Match, **more: object) -> FilterLine:
    return FilterLine(str(number), action, matches, at(number), **more)  # type: ignore[arg-type]


def filter_of(name: str, *lines: FilterLine, default: Action = Action.DENY, **more: object) -> Filter:
    return Filter(name, lines, default, at(99), **more)  # type: ignore[arg-type]


def device(name: str, interfaces: Sequence[Interface], **more: object) -> Device:
    filters: Mapping[str, Filter] = more.pop("filters", {})  # type: ignore[assignment]
    return Device(
        name=name,
        vendor="test",
        file="net.conf",
        identity=at(1),
        interfaces={one.name: one for one in interfaces},
        filters=filters,
        pipeline=PIPELINE,
        **more,  # type: ignore[arg-type]
    )


def zone(
    name: Zone, *subnets: str, interfaces: Sequence[str] = (), rest: bool = False, behind: Zone | None = None
) -> ZoneBinding:
    references = tuple(InterfaceRef(*one.split(":", 1)) for one in interfaces)
    networks = tuple(ipaddress.ip_network(one) for one in subnets)
    return ZoneBinding(name, networks, references, (), rest, behind, SourceLine("municipality.yaml", 1, name.value))


def analyse(
    devices: Sequence[Device], zones: Sequence[ZoneBinding], missing: Sequence[MissingDevice] = (), **more: int
) -> FlowAnalysis:
    topology = build_topology(devices)
    return FlowAnalysis(topology, plan_zones(topology, zones, OUTSIDE), missing, **more)


def flow(analysis: FlowAnalysis, mode: Mode, source: str, destination: str) -> PacketSet:
    """What gets from one zone to another for one question, replies and all."""
    if mode is Mode.RELIABLE:
        return reliable_part(analysis.spaces, analysis.arrivals, source, destination, analysis.everything())
    return analysis.arrivals.between(mode, source, destination)
