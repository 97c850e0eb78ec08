"""The flows between every ordered pair of zones: what is possible, what is certain, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from secaudit.flows.agreement import modes_that_agree
from secaudit.flows.arrivals import Arrivals
from secaudit.flows.complexity import given_up
from secaudit.flows.departures import Detail
from secaudit.flows.engine import (
    WORK_OF_A_DEVICE,
    DeviceTooComplexError,
    Edge,
    Engine,
    Injection,
    Propagation,
    leading_to,
    within,
)
from secaudit.flows.exposure import Exposure, Nodes, doubts_about, exposure_of, taken_of_all
from secaudit.flows.headers import as_sent
from secaudit.flows.missing import MissingDevice, absent_peers
from secaudit.flows.modes import Mode
from secaudit.flows.relays import relayed
from secaudit.flows.reliability import reliable_part
from secaudit.flows.topology import Port, Topology
from secaudit.flows.wires import Arrival
from secaudit.flows.zones import FAMILIES, ZonePlan
from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.intervals import ANY_PORT, Intervals, IPNetwork, normalise, of_networks
from secaudit.network.matches import Family, Match, Service
from secaudit.packets.diagrams import EMPTY, TooComplexError
from secaudit.packets.packet import PROTOCOL_NUMBERS
from secaudit.packets.sets import PacketSet, Spaces
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

WORK_OF_ALL = 400_000_000
"""Edges that all runs together may cost, about ten minutes of computing."""
WORK_OF_A_PAIR = 100_000_000

__all__ = ["FlowAnalysis", "MissingDevice", "PairFlow"]


@dataclass(frozen=True, slots=True)
class PairFlow:
    """What can get from one zone to another.

    Sets are told by the address that sent the packet and the address and port that got it. `possible` is everything that could open a
    connection, `certain` what surely can in some state of the devices. `replies` are
    reply-looking packets that get across without any connection, `possible_replies` those that could; `spoofed` those that need a forged source; `direct` the part of
    `possible` that does not pass the zone behind which the destination is declared to be, `certain_direct` that of `certain`.
    `doubts` say why `possible` is larger than `certain`.
    """

    source: str
    destination: str
    possible: PacketSet
    certain: PacketSet
    replies: PacketSet
    possible_replies: PacketSet
    spoofed: PacketSet
    direct: PacketSet
    certain_direct: PacketSet
    doubts: tuple[Doubt, ...]


class FlowAnalysis:
    """All flows of one network. Everything is computed once, on first use."""

    def __init__(
        self,
        topology: Topology,
        plan: ZonePlan,
        missing: Sequence[MissingDevice] = (),
        spaces: Spaces | None = None,
        device_work: int = WORK_OF_A_DEVICE,
    ) -> None:
        self.topology = topology
        self.plan = plan
        self.missing = (*missing, *absent_peers(topology, plan))
        self.spaces = Spaces() if spaces is None else spaces
        self.spaces.leave_out(_own_addresses(topology))
        self.zones = plan.zones
        self._device_work = device_work
        self._settled = False
        self.given_up: tuple[str, ...] = ()
        """Devices that cost too much to compute: anything is possible there, nothing is certain."""
        self.arrivals = self._new_arrivals()
        self._pairs: dict[tuple[str, str], PairFlow] = {}
        self._exposures: dict[tuple[str, str], Exposure] = {}
        self._taken: dict[tuple[Mode, str], Nodes] = {}
        self._exposure_doubts: dict[tuple[str, str], tuple[Doubt, ...]] = {}
        self._responsible: dict[tuple[str, str, PacketSet], tuple[SourceLine, ...]] = {}
        self.too_complex: Doubt | None = None

    def everything(self) -> PacketSet:
        """All packets."""
        return self.spaces.everything

    def nothing(self) -> PacketSet:
        """No packet."""
        return self.spaces.nothing

    def set_of(
        self,
        *,
        sources: Iterable[IPNetwork],
        destinations: Iterable[IPNetwork],
        protocol: str,
        ports: Intervals,
    ) -> PacketSet:
        """A permitted flow as a packet set. `protocol` is a name, a number or `any`; `ports` empty = all destination ports.

        Raises `KeyError` for a protocol that has no such name.
        """
        protocols: Intervals = ((0, 255),)
        if protocol != "any":
            number = int(protocol) if protocol.isdigit() else PROTOCOL_NUMBERS[protocol]
            protocols = ((number, number),)
        service = Service(protocols, destination_ports=normalise(ports) if ports else ANY_PORT)
        from_, to = tuple(sources), tuple(destinations)
        matches = []
        for family in FAMILIES:
            left = of_networks(one for one in from_ if one.version == family)
            right = of_networks(one for one in to if one.version == family)
            if left and right:
                matches.append(Match(family, left, right, (service,)))
        return self.spaces.of_matches(matches)

    def pair(self, source: str, destination: str) -> PairFlow:
        """The flows of one ordered pair of bound zones."""
        key = (str(source), str(destination))
        self._settle()
        found = self._pairs.get(key)
        if found is None:
            try:
                with self.spaces.limited(WORK_OF_A_PAIR):
                    found = self._pair(*key)
            except TooComplexError:
                found = self._unknown(*key)
            self._pairs[key] = found
        return found

    def between(self, source: str, destination: str) -> PacketSet:
        """All packets with which hosts of one bound zone could open connections to another, were nothing in between."""
        return self._all_between(str(source), str(destination))

    def reliable(self, source: str, destination: str, wanted: PacketSet) -> PacketSet:
        """The part of a flow that surely gets across in every state of the devices; nothing of it where telling that is too complex."""
        self._settle()
        try:
            with self.spaces.limited(WORK_OF_A_PAIR):
                found = reliable_part(self.spaces, self.arrivals, str(source), str(destination), wanted)
                return self.spaces.surely_opening(found)
        except TooComplexError:
            self._report_too_complex()
            return self.nothing()

    def exposure(self, zone: str, device: str) -> Exposure:
        """What hosts of a bound zone can send to a device itself. Raises `KeyError` for names that do not exist."""
        key = (str(zone), device)
        self._settle()
        found = self._exposures.get(key)
        if found is None:
            try:
                found = exposure_of(self, *key)
            except TooComplexError:
                self._exposure_doubts[key] = (self._report_too_complex(),)
                found = Exposure(*key, self.everything(), self.nothing(), ())
            self._exposures[key] = found
        return found

    def taken(self, mode: Mode, device: str) -> Nodes:
        """What a device takes for itself of everything that is sent, by family and port of entry."""
        key = (mode, device)
        if key not in self._taken:
            self._taken[key] = taken_of_all(self, mode, device)
        return self._taken[key]

    def exposure_doubts(self, exposure: Exposure) -> tuple[Doubt, ...]:
        """Why more may reach the device than surely does."""
        key = (exposure.source, exposure.device)
        if key not in self._exposure_doubts:
            try:
                self._exposure_doubts[key] = doubts_about(self, exposure)
            except TooComplexError:
                self._exposure_doubts[key] = (self._report_too_complex(),)
        return self._exposure_doubts[key]

    # --- what the questions about devices build on --------------------------------------------------------

    def runs(self, mode: Mode, family: Family) -> tuple[Propagation, ...]:
        """Where everything went that the zones send: what is sure of its place and, for `POSSIBLE`, what may come in elsewhere."""
        self._settle()
        return self.arrivals.runs(mode, family)

    def reasons_to_reach(self, source: str, others: Iterable[str]) -> Iterator[Doubt]:
        """Why hosts of a zone may reach others, or what stands there, by ways that we do not know."""
        yield from self.plan.doubts.get(source, ())
        for other in others:
            yield from (one.doubt for one in self._carriers(source, other))
            yield from self.plan.joined.get(frozenset((source, other)), ())

    def _settle(self) -> None:
        """Computes what arrives anywhere. Devices that cost too much are given up one after the other, the rest stays exact."""
        while not self._settled:
            try:
                with self.spaces.limited(WORK_OF_ALL):
                    self.arrivals.run_all()
                self._settled = True
            except DeviceTooComplexError as error:
                device = self.topology.devices[error.device]
                self._settled = device.name in self.given_up
                self.given_up = (*self.given_up, device.name)
                self.topology = self.topology.replacing(given_up(device))
                self.arrivals = self._new_arrivals()
            except TooComplexError:
                self._settled = True

    def _new_arrivals(self) -> Arrivals:
        same = modes_that_agree(self.topology)
        return Arrivals(self.spaces, self.topology, self.plan, same, self._device_work)

    # --- building a pair ----------------------------------------------------------------------------------

    def _pair(self, source: str, destination: str) -> PairFlow:
        opening = self.spaces.opening()
        possible_all = self.arrivals.between(Mode.POSSIBLE, source, destination)
        certain_all = self.arrivals.between(Mode.CERTAIN, source, destination)
        certain = self.spaces.surely_opening(certain_all)
        doubts: list[Doubt] = []
        possible = possible_all & opening
        direct = self.arrivals.between(Mode.POSSIBLE, source, destination, direct=True) & opening
        if not (possible - certain).is_empty:
            doubts.extend(self._explain(source, destination, possible - certain, Mode.POSSIBLE, Detail.DOUBTS)[1])
        leaving, leaving_doubts = self._unmodelled(source, destination)
        doubts.extend(leaving_doubts)
        possible |= leaving
        for packets, doubt in relayed(self.topology, self.plan, source, destination):
            possible |= self.spaces.of_matches((packets,)) & opening
            doubts.append(doubt)
        doubts.extend(self.plan.doubts.get(source, ()))
        doubts.extend(self.plan.doubts.get(destination, ()) if destination != source else ())
        unreached = bool(self.plan.doubts.get(source) or self.plan.doubts.get(destination))
        gaps = [one.doubt for one in self._carriers(source, destination)]
        doubts.extend(gaps)
        shared = self.plan.joined.get(frozenset((source, destination)), ())
        doubts.extend(shared)
        if unreached or gaps or shared:
            everything = self._all_between(source, destination)
            possible |= everything
            direct |= everything
        # Packets that leave the model may take any way, if there is one beside the declared one.
        direct = direct | leaving if destination in self.plan.has_direct_exit else direct
        return PairFlow(
            source=source,
            destination=destination,
            possible=possible,
            certain=certain,
            replies=certain_all - opening,
            possible_replies=self.arrivals.between(Mode.POSSIBLE, source, destination, beyond=False) - opening,
            spoofed=self.spaces.surely_opening(self.arrivals.between(Mode.CERTAIN, source, destination, forged=True))
            - certain,
            direct=direct,
            certain_direct=self.spaces.surely_opening(
                self.arrivals.between(Mode.CERTAIN, source, destination, direct=True)
            ),
            doubts=_unique(doubts),
        )

    def _unknown(self, source: str, destination: str) -> PairFlow:
        doubts = (self._report_too_complex(),)
        none = self.nothing()
        everything = self._all_between(source, destination)
        return PairFlow(source, destination, everything, none, none, none, none, everything, none, doubts)

    def _report_too_complex(self) -> Doubt:
        text = Text(
            ja="設定が複雑すぎるため、通信可否を計算できない(計算量の上限に達した)。",
            en="too complex: the node limit was reached before the flows were known",
        )
        lines = tuple(line for device in self.topology.devices.values() for line in device.identity[:1])
        self.too_complex = Doubt(DoubtKind.TOO_COMPLEX, text, lines)
        return self.too_complex

    def engine(self, mode: Mode, family: Family) -> Engine:
        """The network of one address family for one question."""
        self._settle()
        return self.arrivals.engine(mode, family)

    def _all_between(self, source: str, destination: str) -> PacketSet:
        nodes = {}
        for family in FAMILIES:
            space = self.spaces[family]
            left, right = self.plan.addresses[source][family], self.plan.addresses[destination][family]
            nodes[family] = space.intersection(space.between(left, right), space.valid)
        return PacketSet(self.spaces, nodes[4], nodes[6]) & self.spaces.opening()

    def _unmodelled(self, source: str, destination: str) -> tuple[PacketSet, list[Doubt]]:
        """Packets for a zone that leave by a next hop nobody submitted: they may or may not arrive there."""
        lost = self.arrivals.unmodelled(source, destination)
        packets = self.nothing()
        doubts: list[Doubt] = []
        for port, part in lost:
            packets |= part
            doubts.extend((self.left_by(port), *(one.doubt for one in self.plan.unstated_at(port, destination))))
        for family in FAMILIES if lost else ():
            left = self.spaces[family].union_all(node for _, node in self.leaving(family, source, destination))
            if left != EMPTY:
                doubts.extend(self._doubts_on_the_way_out(family, source, destination, left))
        return packets & self.spaces.opening(), doubts

    def _doubts_on_the_way_out(self, family: Family, source: str, destination: str, left: int) -> Iterator[Doubt]:
        """What was not understood and may be why packets leave the submitted devices."""
        usual, beyond = self.entering(Mode.POSSIBLE, family, source, left)
        edges = self.engine(Mode.POSSIBLE, family).edges([*usual, *beyond], Detail.DOUBTS)
        for edge in leading_to(edges, destination, or_out=True):
            yield from self._tunnel_doubts(family, edge)
            for link in edge.links:
                yield from link.doubts

    def _tunnel_doubts(self, family: Family, edge: Edge) -> Iterator[Doubt]:
        """That packets may take a tunnel of which it is not proved that what carries them gets to its other end."""
        near = (edge.source[0], edge.egress)
        end = self.topology.tunnels.ends.get(near)
        far = None if isinstance(edge.target, Arrival) else edge.target
        if end is None or (near, far) in self.engine(Mode.CERTAIN, family).wires.links:
            return
        text = Text(
            ja=f"{near[0]} のトンネル {near[1]} を運ぶパケットが相手側に届くことを確認できない。",
            en=f"that the packets which carry the tunnel {near[1]} of {near[0]} get to its other end is not certain",
        )
        yield Doubt(DoubtKind.UNSUPPORTED, text, end.sources)

    def leaving(self, family: Family, source: str, destination: str) -> Iterator[tuple[Port, int]]:
        """The packets for a zone that leave by a next hop nobody submitted, by the interface."""
        return self.arrivals.leaving(family, source, destination)

    def left_by(self, port: Port) -> Doubt:
        """That packets leave the submitted devices by an interface."""
        interface = self.topology.interface(*port)
        lines = tuple(line for held in interface.addresses for line in held.sources) or interface.sources
        return Doubt(
            DoubtKind.UNSUPPORTED,
            Text(
                ja=f"{port[0]} の {port[1]} から、設定ファイルが提出されていない機器へ転送される。",
                en=f"forwarded by {port[0]} out of {port[1]} to a device whose configuration was not submitted",
            ),
            lines,
        )

    def _carriers(self, source: str, destination: str) -> tuple[MissingDevice, ...]:
        """The devices we do not have that could carry packets of a pair: they touch one of its zones, or are on a way between them.

        Several may do so one after the other. What such a device sends on keeps the addresses of the pair and not those of the zone in
        which it enters our devices again.
        """
        if not self.missing:
            return ()
        ahead = self._spread({source}, lambda left, right: self._gets(left, right, forged=left != source))
        behind = self._spread({destination}, lambda left, right: self._gets(right, left, forged=right != source))
        # In either zone itself: hosts behind it are not even in the model, and it may have ways of its own.
        ends = {source, destination}
        return tuple(
            one
            for one in self.missing
            if self._touched(one) & ends or (self._touched(one) & ahead and self._touched(one) & behind)
        )

    def _spread(self, start: set[str], gets: Callable[[str, str], bool]) -> set[str]:
        """The zones that can be reached from some zones by our devices and by those that we do not have."""
        found = set(start)
        waiting = list(start)
        while waiting:
            zone = waiting.pop()
            linked = {other for one in self.missing if zone in self._touched(one) for other in self._touched(one)}
            linked |= {other for other in self.zones if other not in found and gets(zone, other)}
            waiting.extend(linked - found)
            found |= linked
        return found

    def _gets(self, source: str, destination: str, *, forged: bool) -> bool:
        """Whether anything could pass from one zone to another (`forged`: with any source address) without what is missing."""
        return (
            frozenset((source, destination)) in self.plan.joined
            or not self.arrivals.between(Mode.POSSIBLE, source, destination, forged=forged).is_empty
        )

    def _touched(self, missing: MissingDevice) -> frozenset[str]:
        """The zones in which a device that we do not have may stand; what we have of it adds to what the ledger says."""
        held = {
            one.zone for port, attached in self.plan.attachments.items() if port[0] == missing.name for one in attached
        }
        return frozenset((held | set(missing.zones)) & set(self.zones)) if missing.zones else frozenset(self.zones)

    # --- explanations -------------------------------------------------------------------------------------

    def responsible(self, pair: PairFlow, packets: PacketSet) -> tuple[SourceLine, ...]:
        """Every config line that lets some of `packets` through, on every way they can go.

        Where telling them apart is too complex, the lines that identify the devices.
        """
        key = (pair.source, pair.destination, packets)
        found = self._responsible.get(key)
        if found is None:
            try:
                found = self._explain(pair.source, pair.destination, packets, self.mode_of(pair, packets))[0]
            except TooComplexError:
                found = self._report_too_complex().sources
            self._responsible[key] = found
        return found

    def mode_of(self, pair: PairFlow, packets: PacketSet) -> Mode:
        """The question to which a part of a pair's flow is the answer: what surely crosses, or what only could."""
        return Mode.CERTAIN if (packets - pair.certain).is_empty else Mode.POSSIBLE

    def arrived_packets(self, pair: PairFlow, packets: PacketSet, family: Family) -> int:
        """The arrived headers, originals included, of a part of a pair's flow."""
        mode = self.mode_of(pair, packets)
        return self.arrivals.arrived(mode, family, pair.source, pair.destination, packets.node(family))

    def entering(
        self, mode: Mode, family: Family, source: str, arrived: int
    ) -> tuple[list[Injection], list[Injection]]:
        """What hosts of a zone send of which `arrived` may be what arrives: from where the zone is attached, and from where it only might be."""
        space = self.spaces[family]
        sent = as_sent(space, arrived)
        engine = self.engine(mode, family)
        beyond = engine.injections_beyond(zones=[source]) if mode is Mode.POSSIBLE else []
        return list(within(space, engine.injections(zones=[source]), sent)), list(within(space, beyond, sent))

    def beyond_doubts(self, source: str, ports: Iterable[Port]) -> tuple[Doubt, ...]:
        """Why hosts of a zone might be at interfaces to which it is not attached."""
        entered = set(ports)
        return tuple(one.doubt for one in self.plan.beyond if one.zone == source and one.port in entered)

    def _explain(
        self, source: str, destination: str, packets: PacketSet, mode: Mode, detail: Detail = Detail.LINES
    ) -> tuple[tuple[SourceLine, ...], tuple[Doubt, ...]]:
        lines: set[SourceLine] = set()
        doubts: list[Doubt] = []
        for family in FAMILIES:
            wanted = self.arrivals.arrived(mode, family, source, destination, packets.node(family))
            usual, beyond = self.entering(mode, family, source, wanted)
            leading = leading_to(self.engine(mode, family).edges([*usual, *beyond], detail), destination)
            for edge in leading:
                doubts.extend(self._tunnel_doubts(family, edge) if mode is Mode.POSSIBLE else ())
                for link in edge.links:
                    lines.update(link.sources)
                    doubts.extend(link.doubts)
            doubts.extend(self.beyond_doubts(source, {edge.source for edge in leading} & {port for port, _ in beyond}))
        return tuple(sorted(lines)), _unique(doubts)


def _own_addresses(topology: Topology) -> Mapping[Family, Intervals]:
    held = [
        held.address.ip
        for device in topology.devices.values()
        for interface in device.interfaces.values()
        for held in interface.addresses
    ]
    return {family: normalise((int(a), int(a)) for a in held if a.version == family) for family in FAMILIES}


def _unique(doubts: Iterable[Doubt]) -> tuple[Doubt, ...]:
    return tuple(dict.fromkeys(doubts))
