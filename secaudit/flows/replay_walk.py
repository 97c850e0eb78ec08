"""One concrete packet from device to device, following every way it can go.

A way splits where a device has several next hops, where lines about which we are not sure would do different things, and where
several devices hold the next hop's address. Every way ends as an `Arrival`. At most `WAY_LIMIT` ways are followed one by one; a network
with more is walked again so that every device is entered by the same packet only once, which loses ways but no outcome.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from secaudit.flows.modes import Mode
from secaudit.flows.replay_device import DeviceWalk
from secaudit.flows.replay_headers import Header
from secaudit.flows.replay_memory import Memory
from secaudit.flows.replay_tunnels import Links, links_up
from secaudit.flows.replay_way import Arrival, Outcome, Passage, Way, ended, sent, step
from secaudit.flows.topology import Port, Topology
from secaudit.flows.trace import Trace, TraceVerdict
from secaudit.network.device import Device
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.intervals import IPAddress
from secaudit.packets.packet import Packet
from secaudit.text.bilingual import Text

WAY_LIMIT = 64
HOP_LIMIT = 64
_ENTRY_LIMIT = 10_000

_Entry = tuple[str, str | None, Header]

RANK: Mapping[TraceVerdict, int] = {
    TraceVerdict.DELIVERED: 0,
    TraceVerdict.UNMODELLED: 1,
    TraceVerdict.UNDETERMINED: 2,
    TraceVerdict.DENIED: 3,
    TraceVerdict.UNROUTED: 4,
}
"""The order in which verdicts of several ways are told: how far the packet can get comes first."""


class Walk:
    """Walks through a topology.

    `remembered` are the passages of an opening packet to which the walked packet is the reply, `links` the tunnels that surely carry
    packets (None: as found by `replay_tunnels`; not asked for `POSSIBLE`).
    """

    def __init__(
        self, topology: Topology, mode: Mode, remembered: Iterable[Passage] = (), links: Links | None = None
    ) -> None:
        self._topology = topology = topology if mode is Mode.POSSIBLE else topology.sure
        self._mode = mode
        self._memory = Memory(remembered)
        self.links: Links = frozenset() if links is None else links
        if links is None and mode is not Mode.POSSIBLE and topology.tunnels.ends:
            self.links = links_up(topology, mode, self._carry)

    def _carry(self, device: str, interface: str | None, packet: Packet, links: Links) -> tuple[Trace, ...]:
        walk = Walk(self._topology, self._mode, links=links)
        return tuple(arrival.trace for arrival in walk.ways(device, interface, Header(packet)))

    def ways(self, device: str, interface: str | None, header: Header) -> tuple[Arrival, ...]:
        """Every way of a packet that enters `device` by `interface`, or that the device itself sends (None); best first."""
        start = sent(device, interface, header)
        arrivals = self._one_by_one(start)
        return _few_of(self._merged(start) if arrivals is None else arrivals)

    def _one_by_one(self, start: Way) -> list[Arrival] | None:
        """None when there are more ways than `WAY_LIMIT`."""
        waiting = deque([start])
        arrivals: list[Arrival] = []
        while waiting:
            for outcome in self._through(waiting.popleft()):
                if isinstance(outcome, Arrival):
                    arrivals.append(outcome)
                else:
                    waiting.append(outcome)
            if len(waiting) + len(arrivals) > WAY_LIMIT:
                return None
        return arrivals

    def _merged(self, start: Way) -> list[Arrival]:
        """Enters every device by an interface with the same header only once.

        A loop across ways that were merged goes unnoticed, so `RELIABLE`, which asks for all ways, gets no certain answer.
        """
        waiting = deque([start])
        arrivals: list[Arrival] = []
        entered: set[_Entry] = {(start.device, start.ingress, start.header)}
        while waiting and len(entered) <= _ENTRY_LIMIT:
            for outcome in self._through(waiting.popleft()):
                if isinstance(outcome, Arrival):
                    arrivals.append(outcome)
                    continue
                entry = (outcome.device, outcome.ingress, outcome.header)
                if entry not in entered or (*entry[:2], outcome.header.packet) in outcome.visited:
                    entered.add(entry)
                    waiting.append(outcome)
        if waiting or self._mode is Mode.RELIABLE:
            text = Text(ja="通り道が多すぎて、すべてはたどれない", en="there are too many ways to follow all of them")
            arrivals.append(ended(start, TraceVerdict.UNDETERMINED, text))
        if not arrivals:
            text = Text(ja="経路のループ: どの通り道も終わらない", en="routing loop: no way comes to an end")
            arrivals.append(ended(start, TraceVerdict.UNROUTED, text))
        return arrivals

    def _through(self, way: Way) -> list[Outcome]:
        """One device: the ways that leave it and those that end in it."""
        device = self._topology.devices[way.device]
        entered = _enter(device, way)
        if isinstance(entered, Arrival):
            return [entered]
        own = self._topology.own_addresses(device.name, _vrf(device, way))
        outcomes: list[Outcome] = []
        for outcome in DeviceWalk(device, own, self._mode, self._memory).run(entered, _vrf(device, way)):
            outcomes += [outcome] if isinstance(outcome, Arrival) else self._leave(device, outcome)
        return outcomes

    def _leave(self, device: Device, way: Way) -> list[Outcome]:
        departure, egress = way.departure, way.egress
        assert departure is not None and egress is not None
        way = replace(way, header=replace(way.header, mark=0), passages=(*way.passages, way.passage))
        interface = device.interfaces[egress]
        destination = way.header.packet.destination
        gateway = departure.gateway
        on_link = gateway is None and any(destination in held.address.network for held in interface.addresses)
        ends = self._topology.tunnels.ends
        far = {other for near, other in self.links if near == (way.device, egress)}
        tunnel = (way.device, egress) in ends and self._mode is not Mode.POSSIBLE
        if tunnel and not far:
            return [_not_surely_up(way)]

        def reachable(ports: Iterable[Port]) -> list[Port]:
            return [port for port in ports if not tunnel or port in far or port not in ends]

        holders = reachable(self._topology.holders(way.device, egress, gateway or destination))
        if holders and (on_link or not departure.to_neighbours):
            return [_onward(way, *port) for port in holders]
        if on_link:
            return [_delivered(way)]
        point_to_point = interface.kind in (InterfaceKind.TUNNEL, InterfaceKind.DIALER)
        if departure.to_neighbours or point_to_point:
            neighbours = reachable(self._topology.neighbours(way.device, egress))
            leaves = not tunnel and self._topology.tunnels.may_leave((way.device, egress))
            if neighbours:
                outward: list[Outcome] = [_unmodelled(way, gateway)] if leaves else []
                return [*(_onward(way, *port) for port in neighbours), *outward]
        return [_unmodelled(way, gateway)]


def _enter(device: Device, way: Way) -> Outcome:
    where = (way.device, way.ingress, way.header.packet)
    if way.ingress is None:
        text = Text(ja=f"「{way.device}」自身が送信", en=f'sent by "{way.device}" itself')
        return replace(step(way, None, text, device.identity), visited=(where,))
    interface = device.interfaces[way.ingress]
    text = Text(
        ja=f"「{way.device}」の「{way.ingress}」に入る", en=f'enters "{way.device}" by interface "{way.ingress}"'
    )
    way = step(way, None, text, interface.sources)
    if not interface.enabled:
        text = Text(
            ja=f"「{way.device}」のインターフェース「{way.ingress}」は無効",
            en=f'interface "{way.ingress}" of "{way.device}" is disabled',
        )
        return ended(way, TraceVerdict.UNROUTED, text)
    if where in way.visited:
        text = Text(ja=f"経路のループ: 再び「{way.device}」に入る", en=f'routing loop: it enters "{way.device}" again')
        return ended(way, TraceVerdict.UNROUTED, text)
    if len(way.visited) >= HOP_LIMIT:
        text = Text(ja=f"{HOP_LIMIT} 台を超える機器を通る", en=f"it passes more than {HOP_LIMIT} devices")
        return ended(way, TraceVerdict.UNROUTED, text)
    return replace(way, visited=(*way.visited, where))


def _vrf(device: Device, way: Way) -> str:
    """The VRF of the ingress interface; of the interface that holds the source when the device itself sends."""
    if way.ingress is not None:
        return device.interfaces[way.ingress].vrf
    source = way.header.packet.source
    for interface in device.interfaces.values():
        if any(held.address.ip == source for held in interface.addresses):
            return interface.vrf
    return ""


def _onward(way: Way, device: str, interface: str) -> Way:
    text = Text(ja=f"「{way.egress}」から出て「{device}」へ", en=f'leaves by "{way.egress}" towards "{device}"')
    way = step(way, None, text, ())
    return replace(
        way,
        device=device,
        ingress=interface,
        departure=None,
        translation=None,
        bypass=(),
        without_nat=False,
        passage=Passage(device, (way.header.packet,)),
    )


def _not_surely_up(way: Way) -> Arrival:
    text = Text(
        ja=f"トンネル「{way.egress}」が確立していることを設定から確認できない",
        en=f'it cannot be told from the configurations that tunnel "{way.egress}" is up',
    )
    return ended(step(way, None, text, ()), TraceVerdict.UNDETERMINED, text)


def _delivered(way: Way) -> Arrival:
    text = Text(ja=f"「{way.egress}」に直結した宛先に届く", en=f'arrives at the destination attached to "{way.egress}"')
    return ended(step(way, None, text, ()), TraceVerdict.DELIVERED, text)


def _unmodelled(way: Way, gateway: IPAddress | None) -> Arrival:
    text = Text(
        ja=f"「{way.egress}」から、設定の提出がない機器の先へ出る",
        en=f'leaves by "{way.egress}" towards a device whose configuration was not submitted',
    )
    if gateway is not None:
        text = Text(
            ja=f"「{way.egress}」から {gateway} へ出るが、その機器の設定は提出されていない",
            en=f'leaves by "{way.egress}" for {gateway}, a device whose configuration was not submitted',
        )
    return ended(step(way, None, text, ()), TraceVerdict.UNMODELLED, text)


def _few_of(arrivals: list[Arrival]) -> tuple[Arrival, ...]:
    """At most `WAY_LIMIT` of them, the best first, and at least one of every verdict."""
    ranked = sorted(arrivals, key=lambda one: RANK[one.trace.verdict])
    if len(ranked) <= WAY_LIMIT:
        return tuple(ranked)
    firsts: dict[TraceVerdict, int] = {}
    for index, one in enumerate(ranked):
        firsts.setdefault(one.trace.verdict, index)
    kept = sorted({*firsts.values(), *range(WAY_LIMIT - len(firsts))})
    return tuple(ranked[index] for index in kept)
