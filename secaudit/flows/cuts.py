"""Where a forbidden flow can be cut: the fewest changes to filters that stop every chain of it.

A cut is a place that some chains pass: a permitting line (or the permitting default) of a filter between two interfaces, or an
interface without a filter where the chain meets none at all. Every chain must pass one of the chosen places: a smallest hitting set.
What is proposed here is not proved; whoever uses it tries it on the model (`secaudit.audit.repairs`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from secaudit.flows.analysis import FlowAnalysis, PairFlow
from secaudit.flows.chain import Chain, Link
from secaudit.flows.departures import Detail
from secaudit.flows.engine import leading_to
from secaudit.flows.modes import Mode
from secaudit.flows.zones import FAMILIES
from secaudit.network.changes import AddFilter, Change, InsertDeny, RemoveLine
from secaudit.network.device import Device, Stage
from secaudit.network.intervals import IPV4_MAX, IPV6_MAX, Intervals, normalise, subtract
from secaudit.network.matches import ANY_MARK, Family, Match, Service
from secaudit.packets.boxes import Box, readable_boxes
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.sets import PacketSet
from secaudit.packets.space import HeaderSpace

MOST_CHANGES = 3
"""Sets of more changes are not searched for exhaustively: a greedy one is offered."""
MOST_BOXES = 24
"""A denying line for more products of addresses and services is nothing to type."""

_Place = tuple[str, str, int | None, str, str]
"""Device, filter (empty: none there yet), position of the line, ingress and egress."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One place with the change that stops the packets there. `chains` are the numbers of the chains that pass it.

    `effort` orders equal choices: a line whose every packet is forbidden is better removed, one with connection state is better changed
    than a stateless list, and fewer denied products are easier to read.
    """

    change: Change
    chains: frozenset[int]
    effort: tuple[int, int, int, int]


def find_cuts(
    analysis: FlowAnalysis,
    pair: PairFlow,
    packets: PacketSet,
    chains: Sequence[Chain],
    forbidden: Sequence[tuple[PairFlow, PacketSet]] = (),
) -> tuple[Cut, ...]:
    """Every place where some of the chains of `packets`, a part of what surely crosses, can be cut.

    `forbidden` is what is forbidden between all zones: a line that lets nothing else through can be removed as a whole.
    """
    passing = _passing(analysis, pair, packets)
    used = _used(analysis)
    unwanted = _joined(analysis, [passing, *(_passing(analysis, *one) for one in forbidden if one[0] is not pair)])
    numbers: dict[_Place, set[int]] = {}
    distances: dict[_Place, int] = {}
    for number, chain in enumerate(chains):
        for distance, link in enumerate(_cuttable(analysis, chain)):
            place = _place(link)
            numbers.setdefault(place, set()).add(number)
            distances.setdefault(place, distance)
    found = []
    for place, held in numbers.items():
        rest = _rest(analysis, used.get(place, {}), unwanted.get(place, {}))
        for change in _changes(analysis, place, passing.get(place, {}), removable=not rest):
            found.append(Cut(change, frozenset(held), _effort(analysis, place, change, distances[place])))
    return tuple(sorted(found, key=lambda one: (one.effort, str(one.change))))


def smallest_sets(cuts: Sequence[Cut], chains: int) -> Iterator[tuple[Cut, ...]]:
    """Sets of cuts that stop every chain: those of the fewest changes first, and of these the least effort first.

    Every set of a size is given before a larger one. Where more than `MOST_CHANGES` are needed, one greedy set is given.
    """
    wanted = frozenset(range(chains))
    for size in range(1, MOST_CHANGES + 1):
        fitting = [
            chosen
            for chosen in combinations(cuts, size)
            if frozenset().union(*(one.chains for one in chosen)) == wanted
            and not any(_covers(chosen, without, wanted) for without in range(size))
        ]
        yield from sorted(fitting, key=lambda chosen: sorted((one.effort for one in chosen), reverse=True))
    greedy: list[Cut] = []
    left = wanted
    while left:
        best = max(cuts, key=lambda one: (len(one.chains & left), [-part for part in one.effort]), default=None)
        if best is None or not best.chains & left:
            return
        greedy.append(best)
        left -= best.chains
    if len(greedy) > MOST_CHANGES:
        yield tuple(greedy)


def _covers(chosen: Sequence[Cut], without: int, wanted: frozenset[int]) -> bool:
    kept = [one.chains for place, one in enumerate(chosen) if place != without]
    return frozenset().union(*kept) == wanted if kept else not wanted


# --- places ---------------------------------------------------------------------------------------------------


def _place(link: Link) -> _Place:
    return link.device, link.filter or "", link.position, link.ingress, link.egress or ""


def _cuttable(analysis: FlowAnalysis, chain: Chain) -> list[Link]:
    """The links of a chain at a filter; of a chain that passes none, the entrances and exits of the devices that it crosses."""
    filters = [link for link in chain.links if link.filter is not None]
    if filters:
        return filters
    found: list[Link] = []
    for link in chain.links:
        if link.stage is Stage.ROUTE and link.policy_route is None:
            device = analysis.topology.devices[link.device]
            has_stage = Stage.INGRESS_FILTER in device.pipeline
            if has_stage and device.interfaces[link.ingress].filter_in is None:
                found.append(replace(link, stage=Stage.INGRESS_FILTER, egress=None))
    return found


def _passing(analysis: FlowAnalysis, pair: PairFlow, packets: PacketSet) -> dict[_Place, dict[Family, int]]:
    """What of the packets, as the place sees them, passes each place on ways that lead to the destination."""
    found: dict[_Place, dict[Family, int]] = {}
    for family in FAMILIES:
        if packets.node(family) == EMPTY:
            continue
        space = analysis.spaces[family]
        arrived = analysis.arrived_packets(pair, packets, family)
        usual, _ = analysis.entering(Mode.CERTAIN, family, pair.source, arrived)
        edges = analysis.engine(Mode.CERTAIN, family).edges(usual, Detail.LINES)
        for edge in leading_to(edges, pair.destination):
            for link in edge.links:
                if link.filter is not None:
                    held = found.setdefault(_place(link), {4: EMPTY, 6: EMPTY})
                    held[family] = space.union(held[family], link.packets)
                elif link.stage is Stage.ROUTE:
                    entrance = (link.device, "", None, link.ingress, "")
                    held = found.setdefault(entrance, {4: EMPTY, 6: EMPTY})
                    sent = space.union_all(node for port, node in usual if port == edge.source)
                    held[family] = space.union(held[family], sent)
    return found


def _used(analysis: FlowAnalysis) -> dict[_Place, dict[Family, int]]:
    """What hosts of all zones send that passes each permitting line."""
    found: dict[_Place, dict[Family, int]] = {}
    for family in FAMILIES:
        space = analysis.spaces[family]
        engine = analysis.engine(Mode.POSSIBLE, family)
        for edge in engine.edges(engine.injections(), Detail.LINES):
            for link in edge.links:
                if link.filter is not None:
                    held = found.setdefault(_place(link), {4: EMPTY, 6: EMPTY})
                    held[family] = space.union(held[family], link.packets)
    return found


# --- changes --------------------------------------------------------------------------------------------------


def _joined(
    analysis: FlowAnalysis, parts: Sequence[dict[_Place, dict[Family, int]]]
) -> dict[_Place, dict[Family, int]]:
    found: dict[_Place, dict[Family, int]] = {}
    for part in parts:
        for place, nodes in part.items():
            held = found.setdefault(place, {4: EMPTY, 6: EMPTY})
            for family, node in nodes.items():
                held[family] = analysis.spaces[family].union(held[family], node)
    return found


def _rest(analysis: FlowAnalysis, used: dict[Family, int], unwanted: dict[Family, int]) -> bool:
    """Whether anything passes a place that opens a connection and is not to be stopped."""
    for family, node in used.items():
        space = analysis.spaces[family]
        if space.difference(space.intersection(node, space.opening), unwanted.get(family, EMPTY)) != EMPTY:
            return True
    return False


def _changes(analysis: FlowAnalysis, place: _Place, passing: dict[Family, int], *, removable: bool) -> Iterator[Change]:
    """What can be done at a place; nothing where it would not be a change that people can type.

    `removable`: nothing passes here but what is to be stopped.
    """
    name, filter_name, position, ingress, egress = place
    device = analysis.topology.devices[name]
    spaces = analysis.spaces
    matches: list[Match] = []
    for family in FAMILIES:
        node = passing.get(family, EMPTY)
        if node == EMPTY:
            continue
        if spaces[family].difference(node, spaces[family].unmarked) != EMPTY:
            return  # only for packets that a NAT rule of the device has marked: no address tells them
        at_entrance = not filter_name or filter_name == device.interfaces[ingress].filter_in
        found = _matches(spaces[family], node, _gaps(analysis, device, family, to_itself=at_entrance))
        if found is None:
            return
        matches += found
    if not matches:
        return
    if not filter_name:
        yield AddFilter(name, ingress, tuple(matches))
        return
    if position is not None and removable and _speaks_of_one_way(device, filter_name, position):
        yield RemoveLine(name, filter_name, position)
    filter_ = device.filters[filter_name]
    place_of = len(filter_.lines) if position is None else position
    in_table = filter_name in device.policies
    yield InsertDeny(
        name, filter_name, place_of, tuple(matches), ingress if in_table else None, egress if in_table else None
    )


def _speaks_of_one_way(device: Device, filter_name: str, position: int) -> bool:
    """Whether a line lets packets through from one interface to one other and does nothing else.

    A list at an interface also speaks about packets to the device itself, and about replies.
    """
    line = device.filters[filter_name].lines[position]
    one_way = [held is not None and len(held) == 1 for held in (line.ingress, line.egress)]
    return filter_name in device.policies and all(one_way)


def _gaps(analysis: FlowAnalysis, device: Device, family: Family, *, to_itself: bool) -> Intervals:
    """Addresses of devices inside a subnet, which may be denied with the hosts around them.

    At an entrance not those of the device itself: a denying line there would keep people from managing it.
    """
    known = analysis.spaces.device_addresses[family]
    if not to_itself:
        return known
    held = (one.address.ip for interface in device.interfaces.values() for one in interface.addresses)
    own = normalise((int(one), int(one)) for one in held if one.version == family)
    return subtract(known, own, IPV4_MAX if family == 4 else IPV6_MAX)


def _matches(space: HeaderSpace, node: int, gaps: Intervals) -> list[Match] | None:
    boxes = readable_boxes(space, node, MOST_BOXES + 1, gaps)
    if len(boxes) > MOST_BOXES:
        return None
    together: dict[tuple[object, object], list[Box]] = {}
    for box in boxes:
        together.setdefault((box.sources, box.destinations), []).append(box)
    return [
        Match(space.family, held[0].sources, held[0].destinations, tuple(map(_service, held)), ANY_MARK)
        for held in together.values()
    ]


def _service(box: Box) -> Service:
    return Service(
        box.protocols,
        destination_ports=box.destination_ports,
        source_ports=box.source_ports,
        icmp_types=box.icmp_types,
    )


def _effort(analysis: FlowAnalysis, place: _Place, change: Change, distance: int) -> tuple[int, int, int, int]:
    device = analysis.topology.devices[place[0]]
    kind = {RemoveLine: 0, InsertDeny: 1, AddFilter: 2}[type(change)]
    remembers = device.tracks_connections or (place[1] in device.filters and device.filters[place[1]].stateful)
    products = 0 if isinstance(change, RemoveLine) else sum(len(match.services) for match in change.matches)
    return kind, 0 if remembers else 1, products, distance
