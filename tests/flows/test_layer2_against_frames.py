"""The joined layer 2 against frames that walk: random switches, routers and cables, every frame followed from port to port.

The walker knows nothing of joins: a frame is in a VLAN of a switch, leaves by every port that carries the VLAN, with a tag or without, and
enters what is at the other end of the cable. Ports that negotiate are walked in both of their states.
"""

from __future__ import annotations

import ipaddress
import random
from dataclasses import replace
from itertools import product

import pytest

from secaudit.flows.layer2 import Port
from secaudit.flows.topology import build_topology
from secaudit.network.device import Device
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind, SwitchPort
from tests.flows.network import at, device

VLANS = (10, 20, 30)
Frame = tuple[str, str, int | None]
"""A frame in a VLAN of a switch (device, "", id) or at a port (device, interface, tag)."""


def routed(name: str, subnet: int, **more: object) -> Interface:
    held = InterfaceAddress(ipaddress.ip_interface(f"10.{subnet}.0.1/24"), at(subnet))
    kind = InterfaceKind.VLAN if "vlan" in more else InterfaceKind.PHYSICAL
    return Interface(name, kind, at(subnet), (held,), **more)  # type: ignore[arg-type]


class RandomWires:
    """Switches with an interface in some VLANs, routers with sub-interfaces, and cables between their ports."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._subnets = iter(range(1, 250))
        self.devices = [self._switch(index) for index in range(self.random.randint(1, 3))]
        self.devices += [self._router(index) for index in range(self.random.randint(0, 2))]
        free = [
            (one.name, port.name) for one in self.devices for port in one.interfaces.values() if self._is_port(port)
        ]
        self.random.shuffle(free)
        count = self.random.randint(0, len(free) // 2)
        self.links: list[tuple[Port, Port]] = list(zip(free[:count], free[count : 2 * count], strict=True))

    @staticmethod
    def _is_port(interface: Interface) -> bool:
        return interface.kind is InterfaceKind.PHYSICAL and interface.parent is None

    def _switch(self, index: int) -> Device:
        vlans = [vlan for vlan in VLANS if self.random.random() < 0.6]
        interfaces = [routed(f"Vlan{vlan}", next(self._subnets), vlan=vlan) for vlan in vlans]
        for number in range(self.random.randint(1, 4)):
            port = Interface(f"p{number}", InterfaceKind.PHYSICAL, at(1), switch_port=self._port())
            interfaces.append(replace(port, enabled=self.random.random() < 0.9))
        return device(f"s{index}", *interfaces)

    def _port(self) -> SwitchPort:
        allowed = self.random.choice((None, frozenset(self.random.sample(VLANS, 2))))
        vlan = self.random.choice(VLANS)
        draw = self.random.random()
        if draw < 0.45:
            return SwitchPort(vlan)
        return SwitchPort(vlan, allowed, trunk=draw < 0.9, negotiated=draw >= 0.9)

    def _router(self, index: int) -> Device:
        port = routed("p0", next(self._subnets))
        native = self.random.choice((None, *VLANS))
        subs = [
            replace(routed(f"p0.{vlan}", next(self._subnets), vlan=vlan), parent="p0", native=vlan == native)
            for vlan in self.random.sample(VLANS, self.random.randint(0, 2))
        ]
        return device(f"r{index}", port, *subs)


class Walker:
    """Follows frames. `states` says of every port that negotiates whether it became a trunk."""

    def __init__(self, wires: RandomWires, states: dict[Port, bool]) -> None:
        self.devices = {one.name: one for one in wires.devices}
        self.states = states
        self.other_end = {**dict(wires.links), **{right: left for left, right in wires.links}}

    def reached(self, start: Port) -> set[Port]:
        """The routed interfaces at which a frame arrives that one of them sends."""
        waiting = list(self._sent(*start))
        seen: set[Frame] = set()
        found: set[Port] = set()
        while waiting:
            frame = waiting.pop()
            if frame in seen:
                continue
            seen.add(frame)
            name, place, tag = frame
            if place:
                waiting += self._across(name, place, tag, found)
            else:
                assert tag is not None
                waiting += self._flooded(name, tag, found)
        return found - {start}

    def _sent(self, name: str, interface: str) -> list[Frame]:
        one = self.devices[name].interfaces[interface]
        if interface.startswith("Vlan"):
            return [(name, "", one.vlan)]
        # out of the port: as they are, or with the tag of the sub-interface
        return [(name, one.parent or interface, None if one.parent is None or one.native else one.vlan)]

    def _flooded(self, name: str, vlan: int, found: set[Port]) -> list[Frame]:
        frames: list[Frame] = []
        for one in self.devices[name].interfaces.values():
            if one.name == f"Vlan{vlan}":
                found.add((name, one.name))
            port = one.switch_port
            if port is None:
                continue
            if vlan == port.access_vlan:
                frames.append((name, one.name, None))
            elif self._trunk(name, one) and (port.trunk_vlans is None or vlan in port.trunk_vlans):
                frames.append((name, one.name, vlan))
        return frames

    def _across(self, name: str, interface: str, tag: int | None, found: set[Port]) -> list[Frame]:
        """A frame that leaves by a port, to where it enters."""
        far = self.other_end.get((name, interface))
        if far is None or not self._up(name, interface) or not self._up(*far):
            return []
        there = self.devices[far[0]]
        port = there.interfaces[far[1]].switch_port
        if port is None:
            if tag is None:
                found.add(far)
            for sub in there.interfaces.values():
                if sub.parent == far[1] and (sub.vlan == tag or (tag is None and sub.native)):
                    found.add((far[0], sub.name))
            return []
        if tag is None:
            return [(far[0], "", port.access_vlan)]
        if self._trunk(far[0], there.interfaces[far[1]]) and (port.trunk_vlans is None or tag in port.trunk_vlans):
            return [(far[0], "", tag)]
        return []

    def _up(self, name: str, interface: str) -> bool:
        return self.devices[name].interfaces[interface].enabled

    def _trunk(self, name: str, interface: Interface) -> bool:
        port = interface.switch_port
        assert port is not None
        return self.states[name, interface.name] if port.negotiated else port.trunk


def ends_of(wires: RandomWires) -> list[Port]:
    return [
        (one.name, interface.name)
        for one in wires.devices
        for interface in one.interfaces.values()
        if interface.addresses
    ]


def walks(wires: RandomWires) -> list[dict[Port, set[Port]]]:
    """Where frames get to, in every state of the ports that negotiate."""
    unsure = [
        (one.name, interface.name)
        for one in wires.devices
        for interface in one.interfaces.values()
        if interface.switch_port is not None and interface.switch_port.negotiated
    ]
    found = []
    for states in product((False, True), repeat=len(unsure)):
        walker = Walker(wires, dict(zip(unsure, states, strict=True)))
        found.append({end: walker.reached(end) for end in ends_of(wires)})
    return found


@pytest.mark.parametrize("seed", range(150))
def test_frames_stay_on_their_segment_and_reach_what_is_surely_on_it(seed: int) -> None:
    wires = RandomWires(seed)
    topology = build_topology(wires.devices, wires.links)
    every = walks(wires)
    for end in ends_of(wires):
        together = set(topology.neighbours(*end))
        surely = set(topology.sure.neighbours(*end))
        assert surely <= together
        for state in every:
            assert state[end] <= together, f"{end}: frames leave the segment"
            # An interface and its sub-interface are on one wire, though a switch sends nothing back where it came from.
            others = {one for one in surely if one[0] != end[0] or one[0].startswith("s")}
            missed = {other for other in others if other not in state[end]}
            assert not missed, f"{end}: no frame gets to {missed}"


def test_the_random_wires_are_not_trivial() -> None:
    joined = apart = unsure = 0
    for seed in range(150):
        wires = RandomWires(seed)
        topology = build_topology(wires.devices, wires.links)
        for end in ends_of(wires):
            joined += bool(topology.neighbours(*end))
            apart += not topology.neighbours(*end)
            unsure += topology.neighbours(*end) != topology.sure.neighbours(*end)
    assert min(joined, apart) > 100
    assert unsure > 20
