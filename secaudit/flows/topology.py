"""Who is connected to whom: devices joined to a network.

Two interfaces are on one segment when their subnets overlap (same address family), when they are one wire at layer 2 (`layer2`: VLANs,
trunks, bridges, declared links), or when they may be the two ends of a tunnel (`flows.tunnels`) or are those of a link
between virtual devices. Joining too much is safe for a proof of separation, joining
too little is not; for what surely gets across it is the other way round, so joins that are not sure are left out there (`Topology.sure`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from secaudit.flows.layer2 import Element, Layer2, Port
from secaudit.flows.tunnels import TunnelPlan
from secaudit.flows.undefined_filters import with_every_filter
from secaudit.network.device import Device
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.intervals import IPAddress, IPNetwork, of_network
from secaudit.text.source import Sources

__all__ = ["Connected", "Port", "Topology", "Wire", "build_topology"]

_ISOLATED_KINDS = (InterfaceKind.LOOPBACK, InterfaceKind.NULL)


@dataclass(frozen=True, slots=True)
class Connected:
    """A connected subnet of a device: the prefix and the interface that holds it."""

    network: IPNetwork
    interface: str


@dataclass(frozen=True, slots=True)
class Wire:
    """Layer 2 of a segment: the VLANs of switches in it (device, id), and the lines of it that isolate ports from each other."""

    segment: int
    vlans: tuple[tuple[str, int], ...]
    isolation: Sources


class Topology:
    """The joined network. Built by `build_topology`; immutable afterwards. `layer2` numbers its VLANs like the segments (`numbers`).

    `sure` is the same network without the joins that hang on something the files do not tell. `loose_ends` are
    the segments to which a device that nobody submitted is linked as declared, by its name.
    """

    def __init__(
        self,
        devices: Mapping[str, Device],
        segments: Mapping[Port, int],
        wires: Iterable[Wire] = (),
        layer2: Layer2 | None = None,
        numbers: Mapping[Element, int] | None = None,
        loose_ends: Mapping[str, frozenset[int]] | None = None,
        sure: Topology | None = None,
        tunnels: TunnelPlan | None = None,
    ) -> None:
        self.devices = devices
        self.tunnels = TunnelPlan(devices) if tunnels is None else tunnels
        self.sure = self if sure is None else sure
        self.wires = tuple(wires)
        self._layer2 = layer2
        self._numbers = {} if numbers is None else numbers
        self.loose_ends = {} if loose_ends is None else loose_ends
        self._segment_of = segments
        members: dict[int, list[Port]] = defaultdict(list)
        for port in sorted(segments):
            members[segments[port]].append(port)
        self._members = {segment: tuple(ports) for segment, ports in members.items()}
        self._own: dict[tuple[str, str], frozenset[IPAddress]] = {}
        self._connected: dict[tuple[str, str], tuple[Connected, ...]] = {}
        for name, device in devices.items():
            for vrf in {interface.vrf for interface in device.interfaces.values()} | {""}:
                up = [one for one in device.interfaces.values() if one.enabled and one.vrf == vrf]
                self._own[name, vrf] = frozenset(held.address.ip for one in up for held in one.addresses)
                self._connected[name, vrf] = tuple(
                    Connected(held.address.network, one.name) for one in up for held in one.addresses
                )

    def replacing(self, device: Device) -> Topology:
        """The same network with another version of one device; its interfaces are on the same segments."""
        devices = {**self.devices, device.name: device}
        sure = None if self.sure is self else self.sure.replacing(device)
        held = (self.wires, self._layer2, self._numbers, self.loose_ends, sure, self.tunnels)
        return Topology(devices, self._segment_of, *held)

    def interface(self, device: str, interface: str) -> Interface:
        """One interface. Raises `KeyError` for a name that does not exist."""
        return self.devices[device].interfaces[interface]

    def segment(self, device: str, interface: str) -> int | None:
        """The number of the segment on which an enabled routed interface is, None when it is on none (a port of a switch)."""
        return self._segment_of.get((device, interface))

    def members(self, segment: int) -> tuple[Port, ...]:
        """Every routed interface on a segment."""
        return self._members.get(segment, ())

    def entrances(self, device: str, interface: str) -> tuple[Port, ...]:
        """The routed interfaces by which packets enter that come in by a port: the port itself, or for an access port of a switch the
        interfaces of its VLAN, those of the switch itself if it has any; for a part of an aggregate or a bridge the whole."""
        port = (device, interface)
        if port in self._segment_of:
            return (port,)
        known = self.devices.get(device)
        found = None if known is None else known.interfaces.get(interface)
        if self._layer2 is None or found is None or not _is_layer2(found):
            return ()
        if found.switch_port is not None and found.switch_port.trunk:
            return ()
        reached = {self._numbers[one] for one in self._layer2.untagged(port) if one in self._numbers}
        routed = sorted(one for number in reached for one in self._members.get(number, ()))
        return tuple(one for one in routed if one[0] == device) or tuple(routed)

    def same_segments(self, other: Topology) -> bool:
        """Whether the same routed interfaces are together."""
        return set(self._members.values()) == set(other._members.values())

    def neighbours(self, device: str, interface: str) -> tuple[Port, ...]:
        """The other interfaces on the same segment, in a stable order; of the ends of tunnels those that may be the other end."""
        here = (device, interface)
        segment = self._segment_of.get(here)
        if segment is None:
            return ()
        return tuple(port for port in self._members[segment] if port != here and not self.tunnels.are_apart(here, port))

    def holders(self, device: str, interface: str, address: IPAddress) -> tuple[Port, ...]:
        """The neighbours on that segment which own `address`; several for a shared (VRRP, HSRP) address."""
        return tuple(
            port
            for port in self.neighbours(device, interface)
            if any(held.address.ip == address for held in self.interface(*port).addresses)
        )

    def own_addresses(self, device: str, vrf: str) -> frozenset[IPAddress]:
        """All addresses of enabled interfaces of a device in one VRF."""
        return self._own.get((device, vrf), frozenset())

    def connected(self, device: str, vrf: str) -> tuple[Connected, ...]:
        """The connected subnets of a device in one VRF."""
        return self._connected.get((device, vrf), ())


def build_topology(devices: Iterable[Device], links: Iterable[tuple[Port, Port]] = ()) -> Topology:
    """Joins devices. `links` are declared links; one that names an unknown interface is ignored here (the loader reports it)."""
    by_name = {device.name: with_every_filter(device) for device in devices}
    groups = _Groups()
    for name, device in by_name.items():
        for interface in device.interfaces.values():
            if interface.enabled and interface.kind not in _ISOLATED_KINDS and not _is_layer2(interface):
                groups.add((name, interface.name))
    _join_by_subnet(by_name, groups)
    tunnels = TunnelPlan(by_name)
    for pair in tunnels.pairs:
        if pair.left in groups and pair.right in groups:
            groups.join(pair.left, pair.right)
    layer2 = Layer2(by_name, [*_links_inside(by_name), *links])
    joins = [one for one in layer2.joins() if _is_routable(one.left, groups) and _is_routable(one.right, groups)]
    for join in joins:
        if join.sure:
            groups.join(join.left, join.right)
    unsure = [join for join in joins if not join.sure]
    if not unsure:
        return _topology(by_name, groups, layer2, tunnels)
    sure = _topology(by_name, groups, layer2, tunnels)
    for join in unsure:
        groups.join(join.left, join.right)
    possible = _topology(by_name, groups, layer2, tunnels, sure)
    if possible.same_segments(sure):
        possible.sure = possible
    return possible


def _is_layer2(interface: Interface) -> bool:
    """A port of a switch, or a part of an aggregate or a bridge: packets enter by the interface that it belongs to."""
    return interface.switch_port is not None or (interface.member_of is not None and not interface.addresses)


def _is_routable(element: Element, groups: _Groups) -> bool:
    """VLANs are; of interfaces those that can be on a segment."""
    return len(element) == 3 or element in groups


def _topology(
    devices: Mapping[str, Device],
    groups: _Groups,
    layer2: Layer2,
    tunnels: TunnelPlan,
    sure: Topology | None = None,
) -> Topology:
    numbers = groups.numbers()
    segments: dict[Port, int] = {}
    vlans: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for element, number in numbers.items():
        if len(element) == 2:
            segments[element] = number
        elif not element[1]:
            vlans[number].append((element[0], element[2]))
    isolation: dict[int, dict[str, Sources]] = defaultdict(dict)
    for element, interface in layer2.isolated():
        if element in numbers and interface.switch_port is not None:
            isolation[numbers[element]][interface.name] = interface.switch_port.isolated
    wires = [
        Wire(number, tuple(held), tuple(line for lines in isolation[number].values() for line in lines))
        for number, held in sorted(vlans.items())
    ]
    loose: dict[str, set[int]] = defaultdict(set)
    for (name, _), element in layer2.loose_ends():
        if element in numbers:
            loose[name].add(numbers[element])
    return Topology(
        devices,
        segments,
        wires,
        layer2,
        numbers,
        {name: frozenset(reached) for name, reached in loose.items()},
        sure,
        tunnels,
    )


class _Groups:
    """Union-find over routed interfaces and VLANs. A VLAN is there once something joins it."""

    def __init__(self) -> None:
        self._parent: dict[Element, Element] = {}

    def __contains__(self, element: Element) -> bool:
        return element in self._parent

    def add(self, element: Element) -> None:
        self._parent.setdefault(element, element)

    def find(self, element: Element) -> Element:
        self.add(element)
        while self._parent[element] != element:
            self._parent[element] = self._parent[self._parent[element]]
            element = self._parent[element]
        return element

    def join(self, left: Element, right: Element) -> None:
        first, second = self.find(left), self.find(right)
        if first > second:
            first, second = second, first
        self._parent[second] = first

    def numbers(self) -> dict[Element, int]:
        """Elements to segment numbers, numbered in sorted order so that runs agree."""
        roots: dict[Element, int] = {}
        return {element: roots.setdefault(self.find(element), len(roots)) for element in sorted(self._parent)}


def _join_by_subnet(devices: Mapping[str, Device], groups: _Groups) -> None:
    spans: dict[int, list[tuple[int, int, Port]]] = {4: [], 6: []}
    for name, device in devices.items():
        for interface in device.interfaces.values():
            port = (name, interface.name)
            if port not in groups:
                continue
            for held in interface.addresses:
                network = held.address.network
                if network.num_addresses > 1 and not network.is_link_local:
                    spans[network.version].append((*of_network(network), port))
    for family in (4, 6):
        reach = -1
        previous: Port | None = None
        for low, high, port in sorted(spans[family]):
            if previous is not None and low <= reach:
                groups.join(previous, port)
            previous = port
            reach = max(reach, high)


def _links_inside(devices: Mapping[str, Device]) -> Iterator[tuple[Port, Port]]:
    """The links between virtual devices of one box (VDOM links)."""
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, device in devices.items():
        for known in device.interfaces:
            holders[device.file, known].append(name)
    for name, device in devices.items():
        for interface in device.interfaces.values():
            for other in holders.get((device.file, interface.peer or ""), ()):
                yield (name, interface.name), (other, interface.peer or "")
