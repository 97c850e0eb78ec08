"""All distinct chains of responsible lines of a part of a flow.

Packets are followed from where they enter, split by the one line that decides at every stage of every device. A way never carries packets to a port
to which it has carried them before: what they would reach from there they reach without the loop. So there are finitely many, and together
they carry exactly the packets that were asked for. There can still be very many; the widest are followed first and the work is limited.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from secaudit.flows.analysis import FlowAnalysis, PairFlow
from secaudit.flows.budget import Budget
from secaudit.flows.chain import Chain, Chains, Link
from secaudit.flows.departures import Detail
from secaudit.flows.engine import Engine, leading_to
from secaudit.flows.headers import arrived_as, as_flow
from secaudit.flows.modes import Mode
from secaudit.flows.topology import Port
from secaudit.flows.zones import FAMILIES
from secaudit.network.device import Doubt, Plane
from secaudit.network.matches import Family
from secaudit.packets.diagrams import EMPTY, TooComplexError
from secaudit.packets.sets import PacketSet
from secaudit.packets.space import Field

WORK_LIMIT = 2_000_000
"""Units of work for one question (see `FilterCompiler.rulings`): about ten thousand chains."""
_DEVICE_LIMIT = 1_200_000
"""Units for one way through one device, so that one large device leaves something for those behind it."""
_STEP_COST = 100
"""Units for each further step of a way, and for each chain: as much work as looking at so many lines."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What makes a chain another one: its links, the doubts about where it begins, and the interface by which it leaves the model."""

    links: tuple[Link, ...]
    doubts: tuple[Doubt, ...]
    leaves: Port | None


@dataclass(frozen=True, slots=True)
class _Way:
    """Packets that come to a port on one way, and what that way has carried where before."""

    port: Port
    packets: int
    links: tuple[Link, ...]
    doubts: tuple[Doubt, ...]
    carried: tuple[tuple[Port, int], ...]


def find_chains(analysis: FlowAnalysis, pair: PairFlow, packets: PacketSet, work_limit: int = WORK_LIMIT) -> Chains:
    """The chains that carry `packets`, a part of what is certain or possible of a pair; the widest first.

    When all of it surely crosses, the chains are those that surely carry it, else those that possibly do, with their doubts.
    """
    mode = analysis.mode_of(pair, packets)
    budget = Budget(work_limit)
    ends: dict[_Key, dict[Family, list[int]]] = defaultdict(lambda: {4: [], 6: []})
    chains: list[Chain] = []
    rest = packets
    complete = True
    try:
        for family in FAMILIES:
            if packets.node(family) != EMPTY:
                search = _Search(analysis, pair, packets, mode, family, budget)
                for key, arrived in search.ends():
                    ends[key][family].append(arrived)
                complete = complete and search.complete
        for key, found in ends.items():
            chains.append(_chain(analysis, pair, packets, key, found))
            rest -= chains[-1].packets
    except TooComplexError:
        complete = False
    chains.sort(key=_widest_first)
    return Chains(tuple(chains), complete, rest)


def _widest_first(chain: Chain) -> tuple[object, ...]:
    places = [(link.device, link.ingress, link.egress or "", link.position or 0) for link in chain.links]
    return (-chain.size, chain.lines, places)


def _chain(
    analysis: FlowAnalysis, pair: PairFlow, packets: PacketSet, key: _Key, found: dict[Family, list[int]]
) -> Chain:
    spaces = analysis.spaces
    nodes = {family: spaces[family].union_all(found[family]) for family in FAMILIES}
    flow = PacketSet(spaces, as_flow(spaces[4], nodes[4]), as_flow(spaces[6], nodes[6])) & packets
    doubts: list[Doubt] = []
    if not (flow - pair.certain).is_empty:
        doubts.extend(key.doubts)
        for link in key.links:
            doubts.extend((*link.doubts, *_doubts_about(analysis, link)))
        if key.leaves is not None:
            doubts.append(analysis.left_by(key.leaves))
        # What no line of the chain tells, as that a learnt route may go before: then it is one of the doubts of the pair.
        doubts = doubts or list(pair.doubts)
    return Chain(
        links=key.links,
        packets=flow,
        arrived=PacketSet(spaces, nodes[4], nodes[6]),
        size=flow.size,
        doubts=tuple(dict.fromkeys(doubts)),
        leaves=key.leaves,
    )


def _doubts_about(analysis: FlowAnalysis, link: Link) -> Iterator[Doubt]:
    """The doubts about a device for which nothing sure passes it this way."""
    for doubt in analysis.topology.devices[link.device].doubts:
        touched = doubt.interfaces is None or link.ingress in doubt.interfaces or link.egress in doubt.interfaces
        if doubt.plane is Plane.TRAFFIC and touched:
            yield doubt


class _Search:
    """The ways of one address family. `complete` is false once some were left out."""

    def __init__(
        self, analysis: FlowAnalysis, pair: PairFlow, packets: PacketSet, mode: Mode, family: Family, budget: Budget
    ) -> None:
        self._analysis = analysis
        self._pair = pair
        self._flow = packets.node(family)
        self._possible = mode is Mode.POSSIBLE
        self._space = analysis.spaces[family]
        self._engine: Engine = analysis.engine(mode, family)
        self._budget = budget
        self.complete = True
        self._inside = self._space.guard(Field.DESTINATION, analysis.plan.addresses[pair.destination][family])
        self._order = count()
        self._waiting: list[tuple[int, int, _Way]] = []
        wanted = analysis.arrived_packets(pair, packets, family)
        if self._possible:
            left = (node for _, node in analysis.leaving(family, pair.source, pair.destination))
            wanted = self._space.union(wanted, arrived_as(self._space, self._space.union_all(left), self._flow))
        self._usual, self._beyond = analysis.entering(mode, family, pair.source, wanted)

    def ends(self) -> Iterator[tuple[_Key, int]]:
        """Every end of a way: what made it, and what arrives. Raises `TooComplexError`."""
        edges = self._engine.edges([*self._usual, *self._beyond], Detail.NOTHING)
        useful = {edge.source for edge in leading_to(edges, self._pair.destination, or_out=self._possible)}
        for port, node in self._usual:
            self._wait(_Way(port, node, (), (), ()))
        for port, node in self._beyond:
            self._wait(_Way(port, node, (), self._analysis.beyond_doubts(self._pair.source, (port,)), ()))
        while self._waiting and self._budget.spend(_STEP_COST):
            yield from self._follow(heappop(self._waiting)[2], useful)
        self.complete = self.complete and not self._waiting

    def _wait(self, way: _Way) -> None:
        heappush(self._waiting, (-self._space.count(way.packets), next(self._order), way))

    def _follow(self, way: _Way, useful: set[Port]) -> Iterator[tuple[_Key, int]]:
        space = self._space
        carried = (*way.carried, (way.port, way.packets))
        budget = self._budget.share(_DEVICE_LIMIT)
        for leaving in self._engine.through(way.port, way.packets, Detail.CHAINS, budget):
            links = (*way.links, *leaving.links)
            for arrival, node in leaving.arrived.items():
                if arrival.zone == self._pair.destination:
                    yield from self._end(_Key(links, way.doubts, None), node)
            if self._possible:
                for port, node in leaving.unmodelled.items():
                    yield from self._end(_Key(links, way.doubts, port), space.intersection(node, self._inside))
            for port, node in leaving.onward:
                if port not in useful:
                    continue
                for before, packets in carried:
                    if before == port:
                        node = space.difference(node, packets)
                if node != EMPTY:
                    self._wait(_Way(port, node, links, way.doubts, carried))
        self._budget.give_back(budget)
        self.complete = self.complete and not budget.exhausted

    def _end(self, key: _Key, arrived: int) -> Iterator[tuple[_Key, int]]:
        asked = arrived_as(self._space, arrived, self._flow)
        self._budget.spend(_STEP_COST)
        if asked != EMPTY:
            yield key, asked
