"""All zone pairs at once: packets of every zone are sent into the network together and followed until nothing new arrives.

Where a packet started is one more field of the set (`Field.ORIGIN`), so one fixpoint answers every ordered pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from secaudit.flows.budget import UNLIMITED, Budget
from secaudit.flows.chain import Link
from secaudit.flows.circles import circling, in_circles
from secaudit.flows.compiled import FilterCompiler, KnownFilters
from secaudit.flows.departures import Detail
from secaudit.flows.device_itself import ITSELF, Received, WholeDevice
from secaudit.flows.modes import Mode
from secaudit.flows.topology import Port, Topology
from secaudit.flows.tunnel_links import Links, Outer
from secaudit.flows.wires import Arrival, Wires
from secaudit.flows.zones import ZonePlan
from secaudit.network.intervals import Intervals, complement
from secaudit.network.matches import Family
from secaudit.packets.diagrams import EMPTY, TooComplexError, WorkLimitError
from secaudit.packets.space import ZERO, Field, HeaderSpace

Injection = tuple[Port, int]


WORK_OF_A_DEVICE = 20_000_000
"""How many edges (`Diagrams.work`) one device may cost in one run; more than all of a network of 300 devices and 17,000 lines costs."""


class DeviceTooComplexError(TooComplexError):
    """What one device does to packets costs more than is allowed."""

    def __init__(self, device: str) -> None:
        super().__init__(device)
        self.device = device


@dataclass(frozen=True, slots=True)
class Edge:
    """Why packets went from a port to the next place: only recorded when explaining."""

    source: Port
    target: Port | Arrival | None
    """None: it left the model."""
    egress: str
    """The interface of the source's device by which they left it."""
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Leaving:
    """Packets that leave a device in one way: to other ports, into zones, or (`unmodelled`) out of the model by an interface."""

    packets: int
    egress: str
    links: tuple[Link, ...]
    onward: tuple[tuple[Port, int], ...]
    arrived: Mapping[Arrival, int]
    unmodelled: Mapping[Port, int]


@dataclass(slots=True)
class Propagation:
    """Where everything went."""

    arrived: dict[Arrival, int] = field(default_factory=lambda: defaultdict(int))
    unmodelled: dict[Port, int] = field(default_factory=lambda: defaultdict(int))
    """Packets that left a device by this port for a next hop that nobody submitted."""
    lost: int = EMPTY
    """For `RELIABLE` only: packets of which some way, in some state, ends before any zone or never ends."""

    entered: Mapping[Port, int] = field(default_factory=dict)
    """Everything that came in by a port."""
    on_link: dict[Port, int] = field(default_factory=lambda: defaultdict(int))
    """Packets that carry a tunnel, to a host on the segment of a port."""


class Engine:
    """The network of one address family for one question."""

    def __init__(
        self,
        space: HeaderSpace,
        topology: Topology,
        plan: ZonePlan,
        mode: Mode,
        device_work: int = WORK_OF_A_DEVICE,
        filters: KnownFilters | None = None,
    ) -> None:
        self.space = space
        self._device_work = device_work
        self.mode = mode
        # What surely happens uses only joins that are sure.
        self._topology = topology = topology if mode is Mode.POSSIBLE else topology.sure
        self._plan = plan
        self.compiler = FilterCompiler(space, mode, filters)
        self._devices = {
            name: WholeDevice(space, topology, device, mode, self.compiler) for name, device in topology.devices.items()
        }
        self.wires = Wires(space, topology, plan, mode)
        self._unsent = space.intersection(space.valid, space.untouched)

    def injections(self, *, forged: bool = False, zones: Iterable[str] | None = None) -> list[Injection]:
        """What hosts of the zones can send, at every interface they can send to. `forged`: with every address but their own instead."""
        wanted = set(self._plan.zones if zones is None else zones)
        return [
            (port, self.sent(one.zone, self._sources(one.addresses, forged)))
            for port, attached in self._plan.attachments.items()
            for one in attached
            if one.zone in wanted and one.addresses[self.space.family]
        ]

    def injections_beyond(
        self, *, forged: bool = False, zones: Iterable[str] | None = None, faint: bool | None = None
    ) -> list[Injection]:
        """What may come in from senders at interfaces to which their zone is not attached (`ZonePlan.beyond`). `faint`: only those, or only others."""
        wanted = set(self._plan.zones if zones is None else zones)
        found = [one for one in self._plan.beyond if one.zone in wanted and faint in (None, one.faint)]
        return [(one.port, self.sent(one.zone, self._sources(one.addresses, forged))) for one in found]

    def _sources(self, addresses: Mapping[Family, Intervals], forged: bool) -> Intervals:
        own = addresses[self.space.family]
        return complement(own, self.space.address_maximum) if forged else own

    def sent(self, zone: str, sources: Intervals) -> int:
        """Everything that hosts of a zone with some addresses can send; nothing when they have none."""
        number = self._plan.number(zone)
        limits: list[tuple[int, Intervals]] = [(Field.ORIGIN, ((number, number),)), (Field.SOURCE, sources)]
        return self.space.intersection(self._unsent, self.space.product(limits)) if sources else EMPTY

    def own_packets(self, device: str) -> list[Injection]:
        """Everything that a device can send itself; its origin is 0, which no zone has."""
        untold = self.space.intersection(self._unsent, self.space.guard(Field.ORIGIN, ZERO))
        return [((device, ITSELF), untold)]

    def received(self, port: Port, packets: int, detail: Detail = Detail.NOTHING) -> list[Received]:
        """What the device of a port takes for itself of packets that come in there."""
        return self.device(port[0]).received(port[1], packets, detail=detail)

    def outer(self, start: Port, packets: int, up: Links) -> Outer:
        """Where packets that carry a tunnel get to when some tunnels are up; they are for no zone."""
        result = self.propagate([(start, packets)], carried_by=up)
        taken: dict[Port, int] = {}
        lost = result.lost
        for port, entered in result.entered.items():
            if port[1] != ITSELF:
                taken[port] = self.space.union_all(one.packets for one in self.received(port, entered))
                lost = self.space.union(lost, self.device(port[0]).lost)
        beyond, on_link = (self.space.union_all(one.values()) for one in (result.unmodelled, result.on_link))
        return Outer(taken, beyond, on_link, lost)

    def propagate(
        self, injections: Iterable[Injection], *, faint: bool = False, carried_by: Links | None = None
    ) -> Propagation:
        """Follows packets until nothing new arrives anywhere. Raises `DeviceTooComplexError` or `TooComplexError`.

        `faint`: hardly anything says that these senders are where they are sent from (`Beyond.faint`). A device that nobody submitted, of
        which no line tells, is not made up for them as well: what leaves by a guess goes no further than to known places; nor does what
        a doubt alone sends back to where its sender may be anyhow. `carried_by`: the tunnels that are up, for packets that carry a tunnel
        themselves; no zone takes them.
        """
        space = self.space
        arrived: dict[Arrival, list[int]] = defaultdict(list)
        unmodelled: dict[Port, list[int]] = defaultdict(list)
        lost: list[int] = []
        on_link: dict[Port, list[int]] = defaultdict(list)
        ways: dict[tuple[Port, Port], list[int]] = defaultdict(list)
        reliable = self.mode is Mode.RELIABLE

        def step(port: Port, packets: int) -> Iterator[Injection]:
            departures = self.device(port[0]).transfer(port[1], packets)
            if reliable:
                lost.append(self.device(port[0]).lost)
            for departure in departures:
                nowhere_else = faint and departure.doubtful and departure.egress == port[1]
                at_home = self.wires.faintly_beyond(port) if nowhere_else else ()
                known_only = faint and departure.guessed
                leaving_by = (port[0], departure.egress)
                left = self.wires.leave(
                    leaving_by, departure, known_only=known_only, at_home=at_home, carried_by=carried_by
                )
                for place, inside in left.arrived:
                    arrived[place].append(inside)
                if left.unmodelled != EMPTY:
                    unmodelled[leaving_by].append(left.unmodelled)
                if left.on_link != EMPTY:
                    on_link[leaving_by].append(left.on_link)
                if reliable:
                    lost.append(left.lost)
                    for target, moved in left.onward:
                        ways[port, target].append(moved)
                yield from left.onward

        entered = self.spread(injections, step)
        round_and_round = {way: space.union_all(ways[way]) for way in sorted(in_circles(ways))}
        lost.append(circling(space, self._topology.devices, round_and_round))
        return Propagation(
            {place: space.union_all(parts) for place, parts in arrived.items()},
            {port: space.union_all(parts) for port, parts in unmodelled.items()},
            space.union_all(lost),
            entered,
            {port: space.union_all(parts) for port, parts in on_link.items()},
        )

    def edges(self, injections: Iterable[Injection], detail: Detail = Detail.LINES) -> list[Edge]:
        """Every way that packets take from a port to the next place, with the lines that let them."""
        found: list[Edge] = []

        def step(port: Port, packets: int) -> Iterator[Injection]:
            for leaving in self.through(port, packets, detail):
                targets: list[Port | Arrival | None] = [*dict(leaving.onward), *leaving.arrived]
                targets += [None] if leaving.unmodelled else []
                found.extend(Edge(port, target, leaving.egress, leaving.links) for target in targets)
                yield from leaving.onward

        self.spread(injections, step)
        return found

    def spread(
        self, injections: Iterable[Injection], step: Callable[[Port, int], Iterable[Injection]]
    ) -> Mapping[Port, int]:
        """Calls `step` with what newly comes to a port, and goes on with what it gives, until nothing new comes anywhere.

        Everything that came to each port is the result.
        """
        space = self.space
        seen: dict[Port, int] = defaultdict(int)
        waiting: dict[Port, list[int]] = defaultdict(list)
        spent: dict[str, int] = defaultdict(int)
        for port, packets in injections:
            waiting[port].append(packets)
        while waiting:
            port = next(iter(waiting))
            fresh = space.difference(space.union_all(waiting.pop(port)), seen[port])
            if fresh == EMPTY:
                continue
            seen[port] = space.union(seen[port], fresh)
            before = space.work
            try:
                with space.limited(self._device_work - spent[port[0]]):
                    for target, packets in step(port, fresh):
                        waiting[target].append(packets)
            except WorkLimitError as error:
                raise DeviceTooComplexError(port[0]) from error
            spent[port[0]] += space.work - before
        return seen

    def through(self, port: Port, packets: int, detail: Detail, budget: Budget = UNLIMITED) -> Iterator[Leaving]:
        """What comes of packets that enter a device, one departure after the other; not all when the budget gets exhausted."""
        for departure in self.device(port[0]).transfer(port[1], packets, detail=detail, budget=budget):
            left = self.wires.leave((port[0], departure.egress), departure)
            arrived: dict[Arrival, int] = defaultdict(int)
            for place, inside in left.arrived:
                arrived[place] = self.space.union(arrived[place], inside)
            lost = {} if left.unmodelled == EMPTY else {(port[0], departure.egress): left.unmodelled}
            yield Leaving(departure.packets, departure.egress, departure.links, tuple(left.onward), arrived, lost)

    def device(self, name: str) -> WholeDevice:
        """One device for the question of this engine."""
        return self._devices[name]


def leading_to(edges: Iterable[Edge], destination: str, *, or_out: bool = False) -> list[Edge]:
    """The edges on ways that end in a zone, or (`or_out`) leave the model."""
    into: dict[Port, list[Edge]] = {}
    kept: list[Edge] = []
    seen: set[Port] = set()
    waiting: list[Edge] = []
    for edge in edges:
        if edge.target is None:
            waiting.extend([edge] if or_out else [])
        elif isinstance(edge.target, Arrival):
            waiting.extend([edge] if edge.target.zone == destination else [])
        else:
            into.setdefault(edge.target, []).append(edge)
    while waiting:
        edge = waiting.pop()
        kept.append(edge)
        if edge.source not in seen:
            seen.add(edge.source)
            waiting.extend(into.get(edge.source, ()))
    return kept


def within(space: HeaderSpace, injections: Iterable[Injection], packets: int) -> Iterator[Injection]:
    """The part of some injections that lies in a set of sent headers."""
    for port, node in injections:
        inside = space.intersection(node, packets)
        if inside != EMPTY:
            yield port, inside
