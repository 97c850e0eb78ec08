"""Which tunnels are surely up, for the engine of packet sets: the packets that carry a tunnel are sent through the network both ways.

A tunnel may run inside another one, so this is found in rounds: at first all are down, and a round may use those of the rounds before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from secaudit.flows.device_itself import ITSELF
from secaudit.flows.modes import Mode
from secaudit.flows.topology import Port, Topology
from secaudit.flows.tunnels import near_address
from secaudit.network.intervals import Interval, Intervals, IPAddress
from secaudit.network.matches import TCP, UDP, Family
from secaudit.network.tunnels import OuterPacket, TunnelEnd
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.sets import Spaces
from secaudit.packets.space import Field, HeaderSpace

Links = frozenset[tuple[Port, Port | None]]
"""A tunnel from one end to the other; None for an other end that was not submitted."""

_CALLER: Interval = (49152, 49152)
_SYN: Interval = (2, 2)


@dataclass(frozen=True, slots=True)
class Outer:
    """Where packets went: taken by devices, by the port they came in by; out of the model; to a host on a segment of ours.

    `lost` are those of which some way, in some state, ends anywhere else (for `RELIABLE` only).
    """

    taken: Mapping[Port, int]
    beyond: int
    on_link: int
    lost: int


class Carried(Protocol):
    """What is asked of `engine.Engine` when some tunnels are up."""

    mode: Mode

    def outer(self, start: Port, packets: int, up: Links) -> Outer:
        """Where packets that carry a tunnel get to."""


def links_up(spaces: Spaces, topology: Topology, engines: Mapping[Family, Carried]) -> Links:
    """The tunnels that surely carry packets, whatever family is inside; one of IPv6 may carry one of IPv4 and the reverse."""
    up: Links = frozenset()
    while topology.tunnels.ends:
        before = up
        for family, engine in engines.items():
            up = _Search(spaces[family], topology, engine).run(up)
        if up == before:
            break
    return up


class _Search:
    """The tunnels that surely carry packets of one address family's outer headers, for one question."""

    def __init__(self, space: HeaderSpace, topology: Topology, engine: Carried) -> None:
        self._space = space
        self._reliable = engine.mode is Mode.RELIABLE
        self._topology = topology
        self._engine = engine

    def run(self, known: Links) -> Links:
        """The links that work over this family, beside those already known to work."""
        candidates = [link for link in self._candidates() if self._is_ours(*link)]
        up = known
        while True:
            new = {link for link in candidates if link not in up and self._works(*link, up)}
            if not new:
                return up
            up |= new | {(far, near) for near, far in new if far is not None}

    def _candidates(self) -> Iterator[tuple[Port, Port | None]]:
        plan = self._topology.tunnels
        for pair in plan.pairs:
            if pair.agreed:
                yield pair.left, pair.right
        for port in plan.ends:
            if plan.may_leave(port):
                yield port, None

    def _is_ours(self, near: Port, far: Port | None) -> bool:
        """Whether the outer packets are of this family; those of tunnels whose addresses are not told count as IPv4."""
        ends = [self._topology.tunnels.ends[port] for port in (near, far) if port is not None]
        told = next((one for end in ends for one in (end.remote, end.local) if one is not None), None)
        return (4 if told is None else told.version) == self._space.family

    def _works(self, near: Port, far: Port | None, up: Links) -> bool:
        here = self._topology.tunnels.ends[near]
        kinds = here.carrier.outer_packets
        if not kinds:
            return True
        if far is None:
            return self._gets_out(near, here, up)
        there = self._topology.tunnels.ends[far]
        left, right = self._outer_address(near, here, there), self._outer_address(far, there, here)
        if left is None or right is None:
            return False
        ways = (
            (near, far, left, here.remote or right, there.remote),
            (far, near, right, there.remote or left, here.remote),
        )
        return any(all(self._is_taken(kind, *way, up) for kind in alternative for way in ways) for alternative in kinds)

    def _outer_address(self, port: Port, end: TunnelEnd, other: TunnelEnd) -> IPAddress | None:
        """As the file of this end says, or the address of it to which the other end sends."""
        device = self._topology.devices[port[0]]
        stated = near_address(device, end, None if other.remote is None else other.remote.version)
        if stated is not None or end.local_interface is not None:
            return stated
        known = any(
            held.address.ip == other.remote for interface in device.interfaces.values() for held in interface.addresses
        )
        return other.remote if known else None

    def _gets_out(self, port: Port, end: TunnelEnd, up: Links) -> bool:
        """Whether its packets leave the model; taken for granted where its own or the far address is not in the file."""
        own = near_address(self._topology.devices[port[0]], end)
        if own is None or end.remote is None:
            return True
        start = (port[0], ITSELF)
        for alternative in end.carrier.outer_packets:
            sets = (self._packets(kind, own, end.remote) for kind in alternative)
            results = (self._engine.outer(start, packets, up) for packets in sets)
            if all(self._left(one) for one in results):
                return True
        return False

    def _is_taken(
        self,
        kind: OuterPacket,
        sender: Port,
        taker: Port,
        source: IPAddress,
        destination: IPAddress,
        expected: IPAddress | None,
        up: Links,
    ) -> bool:
        """Whether the device at one end takes what the other sends, from the address that it expects.

        What leaves the model is on its way through a provider, which brings it to the interface that has the address (no loopback, no tunnel).
        """
        packets = self._packets(kind, source, destination)
        gone = self._engine.outer((sender[0], ITSELF), packets, up)
        here = self._is_from_expected(gone, taker[0], expected)
        if self._reliable:
            ended_well = not any(one != EMPTY for one in (gone.lost, gone.on_link))
            if not ended_well or here is False:
                return False
            return (
                (here is True)
                if gone.beyond == EMPTY
                else self._comes_in(taker[0], gone.beyond, destination, expected, up)
            )
        return here is True or self._comes_in(taker[0], gone.beyond, destination, expected, up)

    def _left(self, outer: Outer) -> bool:
        """Whether packets got out of the model, or to a host on a segment; for `RELIABLE` by every way."""
        if self._reliable and (outer.lost != EMPTY or any(one != EMPTY for one in outer.taken.values())):
            return False
        return outer.beyond != EMPTY or outer.on_link != EMPTY

    def _comes_in(
        self, device: str, leaving: int, destination: IPAddress, expected: IPAddress | None, up: Links
    ) -> bool:
        """Whether a device takes what a provider brings to the interface that holds the address."""
        if leaving == EMPTY:
            return False
        for interface in self._topology.devices[device].interfaces.values():
            outside = self._topology.segment(device, interface.name) is not None and interface.tunnel is None
            if outside and any(held.address.ip == destination for held in interface.addresses):
                entered = self._engine.outer((device, interface.name), leaving, up)
                elsewhere = (entered.lost, entered.beyond, entered.on_link)
                if self._reliable and any(one != EMPTY for one in elsewhere):
                    continue
                if self._is_from_expected(entered, device, expected) is True:
                    return True
        return False

    def _is_from_expected(self, outer: Outer, device: str, expected: IPAddress | None) -> bool | None:
        """Whether a device takes them from the address that it expects; None when nobody takes any.

        For `RELIABLE` nobody else may take some, and none may come from another address.
        """
        space = self._space
        taken = space.union_all(packets for port, packets in outer.taken.items() if port[0] == device)
        others = space.union_all(packets for port, packets in outer.taken.items() if port[0] != device)
        right = taken
        if expected is not None:
            value = int(expected)
            right = space.restrict(taken, Field.SOURCE, value, value)
        if taken == EMPTY and others == EMPTY:
            return None
        if self._reliable:
            return others == EMPTY and right == taken
        return right != EMPTY

    def _packets(self, kind: OuterPacket, source: IPAddress, destination: IPAddress) -> int:
        wanted: dict[Field, Interval] = {
            Field.DESTINATION: (int(destination), int(destination)),
            Field.SOURCE: (int(source), int(source)),
            Field.PROTOCOL: (kind.protocol, kind.protocol),
        }
        if kind.protocol in (TCP, UDP):
            wanted[Field.DESTINATION_PORT] = (kind.port, kind.port)
            wanted[Field.SOURCE_PORT] = _CALLER if kind.protocol == TCP else (kind.port, kind.port)
        if kind.protocol == TCP:
            wanted[Field.TCP_FLAGS] = _SYN
        every: Iterable[tuple[int, Intervals]] = [(int(field), (wanted.get(field, (0, 0)),)) for field in Field]
        return self._space.product(list(every))
