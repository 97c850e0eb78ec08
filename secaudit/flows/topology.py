"""Who is connected to whom: devices joined to a network.

Two interfaces are on one segment when their subnets overlap (same address family), when a link between them is declared (and with it
between what the VLANs of its two ports reach), or when they are the two ends of a tunnel. Joining too much is safe for a proof of separation, joining too little is not.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from secaudit.network.device import Device
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.intervals import IPAddress, IPNetwork, of_network

Port = tuple[str, str]
"""A device name and one of its interface names."""

_ISOLATED_KINDS = (InterfaceKind.LOOPBACK, InterfaceKind.NULL)


@dataclass(frozen=True, slots=True)
class Connected:
    """A connected subnet of a device: the prefix and the interface that holds it."""

    network: IPNetwork
    interface: str


class Topology:
    """The joined network. Built by `build_topology`; immutable afterwards."""

    def __init__(self, devices: Mapping[str, Device], segments: Mapping[Port, int]) -> None:
        self.devices = devices
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

    def interface(self, device: str, interface: str) -> Interface:
        """One interface. Raises `KeyError` for a name that does not exist."""
        return self.devices[device].interfaces[interface]

    def segment(self, device: str, interface: str) -> int | None:
        """The number of the segment on which an enabled interface is, None when it is on none."""
        return self._segment_of.get((device, interface))

    def members(self, segment: int) -> tuple[Port, ...]:
        """Every interface on a segment."""
        return self._members[segment]

    def neighbours(self, device: str, interface: str) -> tuple[Port, ...]:
        """The other interfaces on the same segment, in a stable order."""
        segment = self._segment_of.get((device, interface))
        if segment is None:
            return ()
        return tuple(port for port in self._members[segment] if port != (device, interface))

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
    by_name = {device.name: device for device in devices}
    groups = _Groups()
    for name, device in by_name.items():
        for interface in device.interfaces.values():
            if interface.enabled and interface.kind not in _ISOLATED_KINDS:
                groups.add((name, interface.name))
    _join_by_subnet(by_name, groups)
    _join_tunnels(by_name, groups)
    for left, right in links:
        if left in groups and right in groups:
            groups.join(left, right)
            _join_vlans(by_name, groups, left, right)
    return Topology(by_name, groups.numbers())


class _Groups:
    """Union-find over ports."""

    def __init__(self) -> None:
        self._parent: dict[Port, Port] = {}

    def __contains__(self, port: Port) -> bool:
        return port in self._parent

    def add(self, port: Port) -> None:
        self._parent.setdefault(port, port)

    def find(self, port: Port) -> Port:
        while self._parent[port] != port:
            self._parent[port] = self._parent[self._parent[port]]
            port = self._parent[port]
        return port

    def join(self, left: Port, right: Port) -> None:
        first, second = sorted((self.find(left), self.find(right)))
        self._parent[second] = first

    def numbers(self) -> dict[Port, int]:
        """Ports to segment numbers, numbered in sorted order so that runs agree."""
        roots: dict[Port, int] = {}
        return {port: roots.setdefault(self.find(port), len(roots)) for port in sorted(self._parent)}


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


def _join_vlans(devices: Mapping[str, Device], groups: _Groups, left: Port, right: Port) -> None:
    """A cable joins the routed interfaces of every VLAN that it carries with the same tag on both sides."""
    there = _by_tag(devices[right[0]], right[1])
    for tag, ports in _by_tag(devices[left[0]], left[1]).items():
        for one in ports:
            for other in there.get(tag, ()):
                if one in groups and other in groups:
                    groups.join(one, other)


def _by_tag(device: Device, name: str) -> Mapping[int | None, list[Port]]:
    """The routed interfaces of a device that are reached by one of its ports, by VLAN tag (None: untagged)."""
    found: dict[int | None, list[Port]] = defaultdict(list)
    port = device.interfaces[name].switch_port
    for one in device.interfaces.values():
        if one.vlan is None:
            continue
        if one.parent == name:
            found[one.vlan].append((device.name, one.name))
        elif port is not None and one.parent is None:
            if one.vlan == port.access_vlan:
                found[None].append((device.name, one.name))
            elif port.trunk_vlans is None or one.vlan in port.trunk_vlans:
                found[one.vlan].append((device.name, one.name))
    if port is None:
        found[None].append((device.name, name))
    return found


def _join_tunnels(devices: Mapping[str, Device], groups: _Groups) -> None:
    holders: dict[ipaddress.IPv4Address | ipaddress.IPv6Address, set[str]] = defaultdict(set)
    for name, device in devices.items():
        for interface in device.interfaces.values():
            for held in interface.addresses:
                holders[held.address.ip].add(name)
    tunnels = [
        (name, interface)
        for name, device in devices.items()
        for interface in device.interfaces.values()
        if interface.remote is not None and (name, interface.name) in groups
    ]
    towards: dict[str, list[tuple[str, Interface]]] = defaultdict(list)
    for name, interface in tunnels:
        assert interface.remote is not None
        for far in holders.get(interface.remote, ()):
            towards[far].append((name, interface))
    for name, interface in tunnels:
        for far, other in towards.get(name, ()):
            if far != name and other.remote is not None and far in holders.get(_required(interface), ()):
                groups.join((name, interface.name), (far, other.name))


def _required(interface: Interface) -> IPAddress:
    assert interface.remote is not None
    return interface.remote
