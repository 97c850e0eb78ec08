"""Which tunnels are surely up, for the packet interpreter: one packet of each kind that carries a tunnel is walked both ways.

A tunnel may run inside another one, so this is found in rounds: at first all are down, and a round may use those of the rounds before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from secaudit.flows.modes import Mode
from secaudit.flows.topology import Port, Topology
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.flows.tunnels import near_address
from secaudit.network.intervals import IPAddress
from secaudit.network.matches import TCP
from secaudit.network.tunnels import OuterPacket, TunnelEnd
from secaudit.packets.packet import SYN, WITH_PORTS, Packet

Links = frozenset[tuple[Port, Port | None]]
"""A tunnel from one end to the other; None for an other end that was not submitted."""

Sender = Callable[[str, str | None, Packet, Links], tuple[Trace, ...]]
"""The ways of a packet into an interface of a device, or (None) from the device itself, when some tunnels are up."""

_CALLER_PORT = 49152

_known: WeakKeyDictionary[Topology, dict[Mode, Links]] = WeakKeyDictionary()


def links_up(topology: Topology, mode: Mode, send: Sender) -> Links:
    """The tunnels that surely carry packets; asked once a network and mode."""
    by_mode = _known.setdefault(topology, {})
    if mode not in by_mode:
        by_mode[mode] = _Search(topology, mode, send).run()
    return by_mode[mode]


@dataclass(frozen=True, slots=True)
class _Search:
    topology: Topology
    mode: Mode
    send: Sender

    def run(self) -> Links:
        candidates = tuple(self._candidates())
        up: Links = frozenset()
        while True:
            found = {link for link in candidates if link in up or self._works(*link, up)}
            found |= {(far, near) for near, far in found if far is not None}
            if found == up:
                return up
            up = frozenset(found)

    def _candidates(self) -> Iterator[tuple[Port, Port | None]]:
        plan = self.topology.tunnels
        yield from ((pair.left, pair.right) for pair in plan.pairs if pair.agreed)
        yield from ((port, None) for port in plan.ends if plan.may_leave(port))

    def _works(self, near: Port, far: Port | None, up: Links) -> bool:
        here = self.topology.tunnels.ends[near]
        if far is None:
            return self._leaves(near[0], here, up)
        there = self.topology.tunnels.ends[far]
        addresses = [self._address(near, here, there), self._address(far, there, here)]
        left, right = addresses
        if left is None or right is None:
            return not here.carrier.outer_packets
        to_right, to_left = here.remote or right, there.remote or left
        kinds = here.carrier.outer_packets
        return not kinds or any(
            all(
                self._reaches(near[0], far[0], _outer(kind, left, to_right), there.remote, up)
                and self._reaches(far[0], near[0], _outer(kind, right, to_left), here.remote, up)
                for kind in alternative
            )
            for alternative in kinds
        )

    def _address(self, port: Port, end: TunnelEnd, other: TunnelEnd) -> IPAddress | None:
        """The outer address of an end: as its file says, or the one to which the other end sends."""
        device = self.topology.devices[port[0]]
        found = near_address(device, end, None if other.remote is None else other.remote.version)
        if found is not None or other.remote is None or end.local_interface is not None:
            return found
        held = {one.address.ip for interface in device.interfaces.values() for one in interface.addresses}
        return other.remote if other.remote in held else None

    def _leaves(self, device: str, end: TunnelEnd, up: Links) -> bool:
        """Whether its packets get out of the model; taken for granted where its own or the far address is not in the file."""
        near = near_address(self.topology.devices[device], end)
        if near is None or end.remote is None or not end.carrier.outer_packets:
            return True
        return any(
            all(self._gets_out(device, _outer(kind, near, end.remote), up) for kind in alternative)
            for alternative in end.carrier.outer_packets
        )

    def _gets_out(self, device: str, packet: Packet, up: Links) -> bool:
        return self._enough(
            one.verdict is TraceVerdict.UNMODELLED
            or (one.verdict is TraceVerdict.DELIVERED and one.interface is not None)
            for one in self.send(device, None, packet, up)
        )

    def _reaches(self, device: str, target: str, packet: Packet, expected: IPAddress | None, up: Links) -> bool:
        """Whether a packet that a device sends is taken by another, from the address that this one expects.

        What leaves the model is on its way through a provider, which brings it to the interface that has the address (no loopback, no tunnel).
        """
        return self._enough(
            self._taken(one, target, expected)
            or (
                one.verdict is TraceVerdict.UNMODELLED
                and one.arrives is not None
                and self._comes_in(target, one.arrives, expected, up)
            )
            for one in self.send(device, None, packet, up)
        )

    def _comes_in(self, target: str, packet: Packet, expected: IPAddress | None, up: Links) -> bool:
        holders = [
            interface.name
            for interface in self.topology.devices[target].interfaces.values()
            if any(one.address.ip == packet.destination for one in interface.addresses)
            and interface.tunnel is None
            and self.topology.segment(target, interface.name) is not None
        ]
        return any(
            self._enough(self._taken(one, target, expected) for one in self.send(target, name, packet, up))
            for name in holders
        )

    def _taken(self, trace: Trace, target: str, expected: IPAddress | None) -> bool:
        if trace.verdict is not TraceVerdict.DELIVERED or trace.interface is not None or trace.device != target:
            return False
        return expected is None or (trace.arrives is not None and trace.arrives.source == expected)

    def _enough(self, good: Iterator[bool]) -> bool:
        """One way in some state, or all ways in every state."""
        answers = list(good)
        return bool(answers) and (all(answers) if self.mode is Mode.RELIABLE else any(answers))


def _outer(kind: OuterPacket, source: IPAddress, destination: IPAddress) -> Packet:
    if kind.protocol not in WITH_PORTS:
        return Packet(source, destination, kind.protocol)
    if kind.protocol == TCP:
        return Packet(source, destination, TCP, _CALLER_PORT, kind.port, tcp_flags=SYN)
    return Packet(source, destination, kind.protocol, kind.port, kind.port)
