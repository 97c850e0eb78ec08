"""What arrives in every zone, by question and by zone of origin: one fixpoint each, run when first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from secaudit.flows.compiled import KnownFilters
from secaudit.flows.engine import Engine, Propagation, within
from secaudit.flows.headers import arrived_as, as_flows
from secaudit.flows.modes import Mode
from secaudit.flows.topology import Port, Topology
from secaudit.flows.tunnel_links import links_up
from secaudit.flows.wires import Arrival
from secaudit.flows.zones import FAMILIES, ZonePlan
from secaudit.network.intervals import normalise
from secaudit.network.matches import Family
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.partition import Partition, split
from secaudit.packets.sets import PacketSet, Spaces
from secaudit.packets.space import Field

_Ways = tuple[Mode, Family, str, bool, bool, bool]
"""A question, address family and destination; whether forged sources count as well, only the direct way, senders beyond."""


class Arrivals:
    """The runs of the engine over one network. `same` says which question answers which (those that agree run once)."""

    def __init__(
        self, spaces: Spaces, topology: Topology, plan: ZonePlan, same: Mapping[Mode, Mode], device_work: int
    ) -> None:
        self._spaces = spaces
        self._topology = topology
        self._plan = plan
        self._same = same
        self._device_work = device_work
        numbers = map(plan.number, plan.zones)
        self._origins = Partition((number, ((number, number),)) for number in numbers)
        self._filters = {family: KnownFilters(spaces[family]) for family in FAMILIES}
        self._engines: dict[tuple[Mode, Family], Engine] = {}
        self._runs: dict[tuple[Mode, Family, bool], Propagation] = {}
        self._runs_beyond: dict[tuple[Family, bool], tuple[Propagation, ...]] = {}
        self._into: dict[_Ways, int] = {}
        self._apart: dict[tuple[Family, int], Mapping[int, int]] = {}
        """Sets of arrived packets by the number of the zone of origin."""
        self._flows: dict[tuple[Family, int], Mapping[int, int]] = {}
        self._lost_towards_zone: dict[tuple[Family, str], tuple[tuple[Port, int], ...]] = {}
        self.ways_into = (None, *plan.zones)
        """Where packets may come from directly into a zone: `Arrival.via`."""
        self.has_states = same[Mode.RELIABLE] is not same[Mode.CERTAIN]
        """Whether what surely arrives may do so in some states of the devices only."""

    def engine(self, mode: Mode, family: Family) -> Engine:
        """The network as a function on packet sets."""
        mode = self._same[mode]
        if (mode, family) not in self._engines:
            engines = {
                one: Engine(self._spaces[one], self._topology, self._plan, mode, self._device_work, self._filters[one])
                for one in FAMILIES
            }
            self._engines.update({(mode, one): engine for one, engine in engines.items()})
            if mode is not Mode.POSSIBLE:
                up = links_up(self._spaces, self._topology, engines)
                for engine in engines.values():
                    engine.wires.links = up
        return self._engines[mode, family]

    def runs(self, mode: Mode, family: Family) -> tuple[Propagation, ...]:
        """Where everything went that the zones send: what is sure of its place and, for `POSSIBLE`, what may come in elsewhere."""
        run = self._run(mode, family, False)
        return (run, *self._run_beyond(family, False)) if mode is Mode.POSSIBLE else (run,)

    def run_all(self) -> None:
        """Runs everything that every pair of zones asks for. Raises `DeviceTooComplexError` or `TooComplexError`."""
        for family in FAMILIES:
            for mode in (Mode.POSSIBLE, Mode.CERTAIN):
                self._run(mode, family, False)
            self._run(Mode.CERTAIN, family, True)
            self._run_beyond(family, False)

    def _run(self, mode: Mode, family: Family, forged: bool) -> Propagation:
        key = (self._same[mode], family, forged)
        if key not in self._runs:
            engine = self.engine(mode, family)
            injections = engine.injections(forged=forged)
            # Forged packets that surely arrive count only where they open a connection; those that possibly do count all, for two devices
            # that we do not have may carry an opening packet in the replies of a connection between them.
            if forged and key[0] is not Mode.POSSIBLE:
                injections = list(within(engine.space, injections, engine.space.opening))
            self._runs[key] = engine.propagate(injections)
        return self._runs[key]

    def _run_beyond(self, family: Family, forged: bool) -> tuple[Propagation, ...]:
        """What senders add that may be where their zone is not attached; asked for `POSSIBLE` only."""
        key = (family, forged)
        if key not in self._runs_beyond:
            engine = self.engine(Mode.POSSIBLE, family)
            self._runs_beyond[key] = tuple(
                engine.propagate(engine.injections_beyond(forged=forged, faint=faint), faint=faint)
                for faint in (False, True)
            )
        return self._runs_beyond[key]

    def arrived(self, mode: Mode, family: Family, source: str, destination: str, flow: int | None = None) -> int:
        """What arrives in a zone from another: headers as they arrive, with what they were before translation.

        With `flow`, a set as people tell it, only what belongs to it.
        """
        space = self._spaces[family]
        node = self._all_into((self._same[mode], family, destination, False, False, mode is Mode.POSSIBLE))
        if flow is not None:
            node = arrived_as(space, node, flow)
        return self._from(family, node, source)

    def _from(self, family: Family, arrived: int, source: str) -> int:
        """The part of a set that started in a zone."""
        parts = self._apart.get((family, arrived))
        if parts is None:
            space = self._spaces[family]
            parts = self._apart[family, arrived] = split(space, arrived, Field.ORIGIN, self._origins)
        return parts.get(self._plan.number(source), EMPTY)

    def between(
        self,
        mode: Mode,
        source: str,
        destination: str,
        *,
        forged: bool = False,
        direct: bool = False,
        beyond: bool = True,
    ) -> PacketSet:
        """The same as people tell a flow (`headers.as_flow`). `beyond`: senders that only might be elsewhere count as possible."""
        ways = (destination, forged, direct, beyond and mode is Mode.POSSIBLE)
        nodes = [self._flows_between(self._same[mode], family, source, *ways) for family in FAMILIES]
        return PacketSet(self._spaces, *nodes)

    def _flows_between(
        self, mode: Mode, family: Family, source: str, destination: str, forged: bool, direct: bool, beyond: bool
    ) -> int:
        ways = (mode, family, destination, forged, direct, beyond)
        return self._flows_into(ways).get(self._plan.number(source), EMPTY)

    def unmodelled(self, source: str, destination: str) -> list[tuple[Port, PacketSet]]:
        """The packets from a zone for addresses of another that leave by a next hop nobody submitted, by the port they leave."""
        number = self._plan.number(source)
        found = []
        for family in FAMILIES:
            for port, packets in self._lost_towards(family, destination):
                node = self._told(family, packets).get(number, EMPTY)
                if node != EMPTY:
                    nodes = (node, EMPTY) if family == 4 else (EMPTY, node)
                    found.append((port, PacketSet(self._spaces, *nodes)))
        return found

    def leaving(self, family: Family, source: str, destination: str) -> Iterator[tuple[Port, int]]:
        """The same as headers that leave, one address family."""
        space = self._spaces[family]
        number = self._plan.number(source)
        for port, packets in self._lost_towards(family, destination):
            found = space.restrict(packets, Field.ORIGIN, number, number)
            if found != EMPTY:
                yield port, found

    def _all_into(self, ways: _Ways) -> int:
        found = self._into.get(ways)
        if found is None:
            mode, family, destination, forged, direct, beyond = ways
            runs = [self._run(mode, family, one) for one in {False, forged}]
            if beyond:
                runs += [run for one in {False, forged} for run in self._run_beyond(family, one)]
            by = (None,) if direct else self.ways_into
            found = self._spaces[family].union_all(arrived_in(runs, destination, by))
            self._into[ways] = found
        return found

    def _flows_into(self, ways: _Ways) -> Mapping[int, int]:
        """By origin. Questions with the same answer share it."""
        return self._told(ways[1], self._all_into(ways))

    def _told(self, family: Family, node: int) -> Mapping[int, int]:
        found = self._flows.get((family, node))
        if found is None:
            found = self._flows[family, node] = as_flows(self._spaces[family], node)
        return found

    def _lost_towards(self, family: Family, destination: str) -> tuple[tuple[Port, int], ...]:
        """What leaves for addresses that the destination has, or that hosts of it beyond that interface may have."""
        key = (family, destination)
        found = self._lost_towards_zone.get(key)
        if found is None:
            space = self._spaces[family]
            held = self._plan.addresses[destination][family]
            parts = []
            for run in self.runs(Mode.POSSIBLE, family):
                for port, packets in run.unmodelled.items():
                    unstated = (
                        span for one in self._plan.unstated_at(port, destination) for span in one.addresses[family]
                    )
                    inside = space.guard(Field.DESTINATION, normalise((*held, *unstated)))
                    lost = space.intersection(packets, inside)
                    if lost != EMPTY:
                        parts.append((port, lost))
            found = self._lost_towards_zone[key] = tuple(parts)
        return found


def arrived_in(runs: Iterable[Propagation], destination: str, ways: Sequence[str | None]) -> list[int]:
    """What some runs brought into a zone by some ways (`Arrival.via`)."""
    return [run.arrived[place] for run in runs for via in ways if (place := Arrival(destination, via)) in run.arrived]
