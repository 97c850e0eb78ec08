"""Between devices: where packets go that leave one of them by an interface."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.flows.departures import Departure
from secaudit.flows.forwarding import POINT_TO_POINT
from secaudit.flows.modes import Mode
from secaudit.flows.topology import Port, Topology
from secaudit.flows.tunnel_links import Links
from secaudit.flows.zones import Attachment, ZonePlan
from secaudit.network.intervals import Intervals, IPAddress, normalise
from secaudit.network.nat import NatStage
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import Field, HeaderSpace


@dataclass(frozen=True, slots=True)
class Arrival:
    """A zone that packets arrive in, and the zone through which they came (None = directly)."""

    zone: str
    via: str | None


@dataclass(frozen=True, slots=True)
class Left:
    """Where the packets of one departure go: `unmodelled` for a next hop that nobody submitted, `lost` (for `RELIABLE` only) nowhere.

    `on_link` are packets that carry a tunnel, to a host on the segment.
    """

    onward: list[tuple[Port, int]]
    arrived: list[tuple[Arrival, int]]
    unmodelled: int
    lost: int
    on_link: int


class Wires:
    """The segments, zones and tunnels of one network for one question. What is looked up once is kept."""

    def __init__(self, space: HeaderSpace, topology: Topology, plan: ZonePlan, mode: Mode) -> None:
        self._space = space
        self._topology = topology
        self._plan = plan
        self._mode = mode
        self.links: Links = frozenset()
        """The tunnels that surely carry packets (not asked for `POSSIBLE`); set once they are known."""
        self._answers: dict[Port, int] = {}
        self._known_neighbours: dict[Port, tuple[Port, ...]] = {}
        self._known_holders: dict[tuple[Port, IPAddress], tuple[Port, ...]] = {}
        self._known_beyond: dict[Port, int] = {}
        self._known_attached: dict[Port, tuple[tuple[Attachment, int], ...]] = {}

    def faintly_beyond(self, port: Port) -> Intervals:
        """The numbers of the zones of which hardly anything says that hosts may be beyond a port."""
        zones = {one.zone for one in self._plan.beyond if one.port == port and one.faint}
        return normalise((number, number) for number in map(self._plan.number, zones))

    def leave(
        self,
        port: Port,
        departure: Departure,
        *,
        known_only: bool = False,
        at_home: Intervals = (),
        carried_by: Links | None = None,
    ) -> Left:
        """Where packets go that leave a device by a port: to neighbours, into zones, or (unless `known_only`) out of the model.

        `at_home` are the numbers of zones whose packets do not leave the model here: their senders may be out there as well.
        `carried_by`: as for `propagate`.
        """
        space = self._space
        neighbours = self._neighbours(port)
        holders = () if departure.gateway is None else self._holders(port, departure.gateway)
        if self._mode is not Mode.POSSIBLE and port in self._topology.tunnels.ends:
            others_up = self._other_ends(port, self.links if carried_by is None else carried_by)
            if not others_up:
                return Left([], [], EMPTY, departure.packets if self._mode is Mode.RELIABLE else EMPTY, EMPTY)
            neighbours, holders = (
                tuple(one for one in ports if one in others_up or one not in self._topology.tunnels.ends)
                for ports in (neighbours, holders)
            )
        onward: list[tuple[Port, int]] = []
        if departure.gateway is not None:
            onward = [(one, departure.packets) for one in holders]
        elif departure.anywhere:
            onward = [(one, departure.packets) for one in neighbours]
        else:
            answered = ((one, space.intersection(departure.packets, self._answered(one))) for one in neighbours)
            onward = [(one, packets) for one, packets in answered if packets != EMPTY]
        # Zones beyond one external interface are joined out there: what a device turns around between them is no crossing of its own.
        crossing = left = space.difference(departure.packets, self._from_beyond(port))
        arrived: list[tuple[Arrival, int]] = []
        for one, addresses in self._attached(port) if carried_by is None else ():
            reaches = one.external or departure.gateway is None
            if (
                one.external
                and onward
                and (departure.gateway is not None or self._ends_at_a_neighbour(port, departure))
            ):
                reaches = False
            if reaches:
                inside = space.intersection(crossing, addresses)
                if inside != EMPTY:
                    arrived.append((Arrival(one.zone, one.via), inside))
                    left = space.difference(left, inside)
        beyond = departure.gateway is not None or departure.anywhere or self._is_point_to_point(port)
        # Where the next hop is not known, a device that nobody submitted may be it, beside those that were.
        others = departure.anywhere and not self._is_point_to_point(port)
        others = others or self._topology.tunnels.may_leave(port)
        left = space.difference(left, space.guard(Field.ORIGIN, at_home))
        leaves = beyond and left != EMPTY and (others or not onward) and not known_only
        outside = left if leaves else EMPTY
        stays = carried_by is not None and not beyond and not onward
        lost = EMPTY
        # What carries a tunnel may leave the model: where it ends is asked there.
        if self._mode is Mode.RELIABLE and not (carried_by is not None and (leaves or stays)):
            lost = space.difference(left, space.union_all(packets for _, packets in onward))
        return Left(onward, arrived, outside, lost, left if stays else EMPTY)

    def _neighbours(self, port: Port) -> tuple[Port, ...]:
        found = self._known_neighbours.get(port)
        if found is None:
            found = self._known_neighbours[port] = self._topology.neighbours(*port)
        return found

    def _holders(self, port: Port, gateway: IPAddress) -> tuple[Port, ...]:
        found = self._known_holders.get((port, gateway))
        if found is None:
            found = self._known_holders[port, gateway] = self._topology.holders(*port, gateway)
        return found

    def _other_ends(self, port: Port, links: Links) -> frozenset[Port | None]:
        """The other ends to which a tunnel surely carries packets; None is an end that was not submitted."""
        return frozenset(far for near, far in links if near == port)

    def _is_point_to_point(self, port: Port) -> bool:
        interface = self._topology.interface(*port)
        return interface.kind in POINT_TO_POINT or interface.dynamic_address

    def _ends_at_a_neighbour(self, port: Port, departure: Departure) -> bool:
        """Whether the far end of a line between two devices is a submitted one: that device is the next hop, as one with an address would be."""
        far = departure.anywhere and self._topology.interface(*port).kind in POINT_TO_POINT
        return far and not self._topology.tunnels.may_leave(port)

    def _attached(self, port: Port) -> tuple[tuple[Attachment, int], ...]:
        """The zones at a port, each with the packets for its addresses there."""
        found = self._known_attached.get(port)
        if found is None:
            space = self._space
            found = tuple(
                (one, space.guard(Field.DESTINATION, one.addresses[space.family]))
                for one in self._plan.attachments.get(port, ())
            )
            self._known_attached[port] = found
        return found

    def _from_beyond(self, port: Port) -> int:
        """The packets that started in a zone beyond the same external interface."""
        found = self._known_beyond.get(port)
        if found is None:
            beyond = [one.zone for one in self._plan.attachments.get(port, ()) if one.external]
            numbers = normalise((number, number) for number in map(self._plan.number, beyond))
            found = self._known_beyond[port] = self._space.guard(Field.ORIGIN, numbers)
        return found

    def _answered(self, port: Port) -> int:
        """Packets for which a device answers on a segment: its own addresses there, and those its NAT rules translate."""
        node = self._answers.get(port)
        if node is None:
            node = self._answer(port)
            self._answers[port] = node
        return node

    def _answer(self, port: Port) -> int:
        space = self._space
        device = self._topology.devices[port[0]]
        vrf = device.interfaces[port[1]].vrf
        owned = [int(a) for a in self._topology.own_addresses(port[0], vrf) if a.version == space.family]
        parts = [space.guard(Field.DESTINATION, normalise((a, a) for a in owned))]
        for rule in device.nat_rules:
            here = rule.interfaces is None or port[1] in rule.interfaces
            if rule.stage is NatStage.INGRESS and rule.destination is not None and here:
                spans: Intervals = normalise(
                    span for m in rule.matches if m.family == space.family for span in m.destinations
                )
                parts.append(space.guard(Field.DESTINATION, spans))
        return space.union_all(parts)
