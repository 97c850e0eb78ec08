"""What is one wire at layer 2: VLANs inside switches, bridges, and declared cables between ports, with their tags.

Only what the configurations and the declared links say. A cable that nobody declared joins nothing here (equal subnets do, in
`topology`), with one exception: where equal subnets show that the VLANs of two switches are connected, their trunks without a declared
cable may be what connects them. Loop protection that may block a port is not looked at; joining more is safe for a proof of separation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from secaudit.network.device import Device, Plane
from secaudit.network.interfaces import Interface, InterfaceKind, SwitchPort
from secaudit.network.intervals import of_network

Port = tuple[str, str]
"""A device name and one of its interface names."""
Vlan = tuple[str, str, int]
"""A VLAN inside a device: the device, the bridge it is in (empty = the VLANs of a switch), its id (0 = untagged in a bridge)."""
Element = Port | Vlan


@dataclass(frozen=True, slots=True)
class Join:
    """Two places between which frames pass. Not `sure`: only if something that the files do not tell is so."""

    left: Element
    right: Element
    sure: bool = True


class Layer2:
    """The layer 2 of some devices. Interfaces that are shut carry nothing."""

    def __init__(self, devices: Mapping[str, Device], links: Iterable[tuple[Port, Port]]) -> None:
        self._devices = devices
        self._children: dict[Port, list[Interface]] = defaultdict(list)
        for name, device in devices.items():
            for interface in device.interfaces.values():
                if interface.parent is not None and interface.vlan is not None and interface.enabled:
                    self._children[name, interface.parent].append(interface)
        declared = tuple(links)
        self._links = tuple((left, right) for left, right in declared if self._is_up(left) and self._is_up(right))
        self._loose = tuple(
            ends
            for left, right in declared
            for ends in ((left, right), (right, left))
            if self._is_up(ends[0]) and ends[1][0] not in devices
        )
        self._tags = {name: _tags(device) for name, device in devices.items()}
        self._all_tags = frozenset().union(*self._tags.values()) if self._tags else frozenset[int]()

    def joins(self) -> Iterator[Join]:
        """Everything that is joined inside the devices and by the declared links."""
        for name, device in self._devices.items():
            for interface in device.interfaces.values():
                if interface.enabled:
                    yield from self._inside(name, interface)
        for left, right in self._links:
            yield from self._cable(left, right)
        yield from self._undeclared()
        yield from self._in_doubt()

    def untagged(self, port: Port) -> tuple[Element, ...]:
        """Where untagged frames get to that enter by a port; nothing for a port that is shut."""
        return tuple(element for element, _ in self._at(port, None)) if self._is_up(port) else ()

    def loose_ends(self) -> Iterator[tuple[Port, Element]]:
        """Ends of declared links at devices that nobody submitted, each with the places from which frames get there."""
        for near, far in self._loose:
            for tag in (None, *sorted(self._carried(near))):
                yield from ((far, element) for element, _ in self._at(near, tag))

    def isolated(self) -> Iterator[tuple[Element, Interface]]:
        """The ports that keep their hosts apart from those of other such ports, with the VLAN they are in."""
        for name, device in self._devices.items():
            for interface in device.interfaces.values():
                port = interface.switch_port
                if interface.enabled and port is not None and port.isolated and port.access_vlan is not None:
                    yield (name, "", port.access_vlan), interface

    def _is_up(self, port: Port) -> bool:
        device = self._devices.get(port[0])
        interface = None if device is None else device.interfaces.get(port[1])
        return interface is not None and interface.enabled

    def _inside(self, device: str, interface: Interface) -> Iterator[Join]:
        here = (device, interface.name)
        if interface.kind is InterfaceKind.VLAN and interface.parent is None and interface.vlan is not None:
            yield Join(here, (device, "", interface.vlan))
        if interface.kind is InterfaceKind.BRIDGE:
            yield Join(here, (device, interface.name, 0))
            for child in self._children[here]:
                if child.vlan is not None:
                    yield Join((device, child.name), (device, interface.name, child.vlan))

    def _cable(self, left: Port, right: Port) -> Iterator[Join]:
        """A cable joins what both ends carry with the same tag."""
        for tag in (None, *sorted(self._carried(left) & self._carried(right))):
            for one, sure in self._at(left, tag):
                for other, surely in self._at(right, tag):
                    yield Join(one, other, sure and surely)

    def _carried(self, port: Port) -> frozenset[int]:
        """The tags that may matter at a port."""
        device, name = self._grouped(port)
        interface = self._devices[device].interfaces[name]
        switch_port = interface.switch_port
        if switch_port is not None:
            if switch_port.trunk_vlans is None:
                return self._all_tags
            untagged = () if switch_port.access_vlan is None else (switch_port.access_vlan,)
            return (switch_port.trunk_vlans & self._all_tags) | frozenset(untagged)
        if interface.kind is InterfaceKind.BRIDGE or self._bridge(port) is not None:
            return self._all_tags
        return frozenset(child.vlan for child in self._children[device, name] if child.vlan is not None)

    def _at(self, port: Port, tag: int | None) -> list[tuple[Element, bool]]:
        """Where frames with a tag (None: without one) get to that enter by a port, and whether that is sure."""
        device, name = here = self._grouped(port)
        interface = self._devices[device].interfaces[name]
        if interface.switch_port is not None:
            return _switched(device, interface.switch_port, tag)
        # Whether an interface of untagged frames takes them with its own tag as well depends on the device.
        found: list[tuple[Element, bool]] = [
            ((device, child.name), tag is None or not child.native)
            for child in self._children[here]
            if child.vlan == tag or (tag is None and child.native)
        ]
        bridge = name if interface.kind is InterfaceKind.BRIDGE else self._bridge(port)
        if bridge is not None:
            found.append(((device, bridge, tag or 0), True))
        if tag is None:
            found.append((here, True))
        return found

    def _grouped(self, port: Port) -> Port:
        """The aggregate of which a port is a member, else the port itself."""
        device, name = port
        interfaces = self._devices[device].interfaces
        group = interfaces.get(interfaces[name].member_of or "")
        return port if group is None or group.kind is not InterfaceKind.AGGREGATE else (device, group.name)

    def _bridge(self, port: Port) -> str | None:
        """The bridge of which a port is a member, which need not have an interface of its own."""
        device, name = self._grouped(port)
        interfaces = self._devices[device].interfaces
        bridge = interfaces[name].member_of
        group = interfaces.get(bridge or "")
        return None if group is not None and not group.enabled else bridge

    # --- trunks whose other end nobody declared ---------------------------------------------------------------

    def _undeclared(self) -> Iterator[Join]:
        """Switches with VLANs in one subnet are connected somewhere: perhaps by their trunks, which then join their other VLANs too."""
        declared = {
            self._grouped(port) for ends in (*self._links, *((near,) for near, _ in self._loose)) for port in ends
        }
        trunks: dict[str, set[Port]] = defaultdict(set)
        for name, device in self._devices.items():
            for one in device.interfaces.values():
                port = self._grouped((name, one.name))
                if one.enabled and one.switch_port is not None and one.switch_port.trunk and port not in declared:
                    trunks[name].add(port)
        groups = {
            frozenset(port for name, vlan in vlans for port in trunks[name] if self._carries(port, vlan))
            for vlans in _in_one_subnet(self._devices)
        }
        for number, ends in enumerate(sorted(map(sorted, groups))):
            if len({name for name, _ in ends}) > 1:
                for port in ends:
                    for tag in (None, *sorted(self._carried(port))):
                        for element, _ in self._at(port, tag):
                            yield Join(element, ("", f"cable {number}", tag or 0), sure=False)

    def _carries(self, port: Port, vlan: int) -> bool:
        return any(element == (port[0], "", vlan) for tag in (None, vlan) for element, _ in self._at(port, tag))

    # --- what nobody understood could join more ---------------------------------------------------------------

    def _in_doubt(self) -> Iterator[Join]:
        """A line of a switch that could mean anything could bridge its VLANs, one of a port put what comes by its cable into any."""
        doubtful = {name for name, device in self._devices.items() if _may_bridge(device, None)}
        ends = [
            (near[0], far)
            for link in self._links
            for near, far in (link, link[::-1])
            if _may_bridge(self._devices[near[0]], {near[1], self._grouped(near)[1]})
        ]
        for name in sorted(doubtful.union(name for name, _ in ends)):
            vlans = self._vlans_of(name)
            for vlan in vlans[1:]:
                yield Join((name, "", vlans[0]), (name, "", vlan), sure=False)
        for name, far in ends:
            for vlan in self._vlans_of(name)[:1]:
                for tag in (None, *sorted(self._carried(far))):
                    for element, _ in self._at(far, tag):
                        yield Join(element, (name, "", vlan), sure=False)

    def _vlans_of(self, name: str) -> list[int]:
        ports = [(name, one.name) for one in self._devices[name].interfaces.values() if one.switch_port is not None]
        return sorted(self._tags[name].union(*map(self._carried, ports))) if ports else []


def _may_bridge(device: Device, ports: set[str] | None) -> bool:
    """Whether something about the traffic of the whole device (None), or of one of some ports, could not be used."""
    bounds = [doubt.interfaces for doubt in device.doubts if doubt.plane is Plane.TRAFFIC]
    return any(bound is None if ports is None else bound is not None and bool(bound & ports) for bound in bounds)


def _switched(device: str, port: SwitchPort, tag: int | None) -> list[tuple[Element, bool]]:
    if tag is None:
        return [] if port.access_vlan is None else [((device, "", port.access_vlan), not port.negotiated)]
    if port.trunk_vlans is None or tag in port.trunk_vlans:
        return [((device, "", tag), not port.negotiated and tag != port.access_vlan)]
    # Some switches take frames that carry the tag of the untagged VLAN.
    return [((device, "", tag), False)] if tag == port.access_vlan else []


def _in_one_subnet(devices: Mapping[str, Device]) -> Iterator[set[tuple[str, int]]]:
    """Groups of VLANs (device, id) of several devices whose routed interfaces have overlapping subnets."""
    spans = sorted(
        (one.address.version, *of_network(one.address.network), name, interface.vlan)
        for name, device in devices.items()
        for interface in device.interfaces.values()
        if interface.enabled and interface.vlan is not None and interface.parent is None
        for one in interface.addresses
        if one.address.network.num_addresses > 1 and not one.address.network.is_link_local
    )
    group: set[tuple[str, int]] = set()
    reach = (0, -1)
    for version, low, high, name, vlan in spans:
        if (version, low) > reach:
            if len({device for device, _ in group}) > 1:
                yield group
            group = set()
        group.add((name, vlan))
        reach = max(reach, (version, high))
    if len({device for device, _ in group}) > 1:
        yield group


def _tags(device: Device) -> frozenset[int]:
    """The VLANs that have an interface or a port of their own on a device; what is only carried through has no end there."""
    found: set[int] = set()
    for interface in device.interfaces.values():
        port = interface.switch_port
        if interface.vlan is not None:
            found.add(interface.vlan)
        if port is not None and port.access_vlan is not None:
            found.add(port.access_vlan)
        if port is not None and not port.trunk and not port.negotiated:
            found |= port.trunk_vlans or frozenset()
    return frozenset(found)
