"""What stops packets that should get from one zone to another: on every way they go, the device, the stage and the line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import assert_never

from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.budget import UNLIMITED
from secaudit.flows.compiled import Ruling
from secaudit.flows.departures import Detail, Loss
from secaudit.flows.engine import Engine, Injection, Leaving
from secaudit.flows.headers import as_flow, as_sent
from secaudit.flows.modes import Mode
from secaudit.flows.topology import Port
from secaudit.flows.zones import FAMILIES
from secaudit.network.device import Stage
from secaudit.network.filters import Filter, FilterLine
from secaudit.network.matches import Family
from secaudit.network.nat import NatStage
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.originals import untouched
from secaudit.packets.sets import PacketSet
from secaudit.packets.space import Field
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


class StopKind(Enum):
    """Why packets get no further, or not to where they should."""

    LINE = "filter line"
    DEFAULT = "filter default"
    """No line of a filter matches, and its default denies."""
    NO_CONNECTION = "opens no connection"
    """A stateful filter passes nothing but connections and what belongs to one."""
    NO_ROUTE = "no route"
    DISCARDED = "discard route"
    NOT_FORWARDED = "not forwarded"
    """The device does not route, or the interface is off."""
    TO_DEVICE = "address of the device"
    REDIRECTED = "NAT"
    """A NAT rule gives them another destination."""
    ELSEWHERE = "elsewhere"
    """They leave by an interface beyond which the zone is not."""
    LOOP = "routing loop"
    NOT_SENT = "no sender"
    """No submitted device is connected to their senders."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Packets of one link that are stopped by the same thing.

    `packets` are told as they were sent; those that a NAT rule first had to send to where they should go (`translated`), as flows are told.
    `device` is empty for `LOOP` and `NOT_SENT`. `filter`, `position` and `line` name a filter line; both are None for a filter's default.
    """

    kind: StopKind
    packets: PacketSet = field(compare=False)
    device: str = ""
    stage: Stage | None = None
    ingress: str = ""
    egress: str = ""
    sources: Sources = ()
    filter: str | None = None
    position: int | None = None
    label: str = ""
    line: FilterLine | None = field(default=None, compare=False)
    translated: bool = False

    @property
    def what(self) -> Text:
        """What happens to them, for a person."""
        device = self.device
        match self.kind:
            case StopKind.LINE:
                return Text(
                    ja=f"{device} のフィルター「{self.filter}」の行「{self.label}」が遮断する。",
                    en=f'line "{self.label}" of filter "{self.filter}" on {device} denies them',
                )
            case StopKind.DEFAULT:
                return Text(
                    ja=f"{device} のフィルター「{self.filter}」のどの行にも一致せず、既定の動作により遮断される。",
                    en=f'no line of filter "{self.filter}" on {device} matches them, and its default denies',
                )
            case StopKind.NO_CONNECTION:
                return Text(
                    ja=f"{device} のフィルター「{self.filter}」は、接続を開始しないパケットを通さない。",
                    en=f'filter "{self.filter}" on {device} passes nothing that opens no connection',
                )
            case StopKind.NO_ROUTE:
                return Text(ja=f"{device} に宛先への経路がない。", en=f"{device} has no route to the destination")
            case StopKind.DISCARDED:
                return Text(ja=f"{device} の経路が破棄する。", en=f"a route of {device} discards them")
            case StopKind.NOT_FORWARDED:
                return Text(
                    ja=f"{device} は {self.ingress} から入るパケットを中継しない。",
                    en=f"{device} does not forward what comes in by {self.ingress}",
                )
            case StopKind.TO_DEVICE:
                return Text(
                    ja=f"宛先は {device} 自身のアドレスである。", en=f"the destination is an address of {device} itself"
                )
            case StopKind.REDIRECTED:
                return Text(
                    ja=f"{device} のアドレス変換「{self.label}」が宛先を変える。",
                    en=f'NAT rule "{self.label}" of {device} changes their destination',
                )
            case StopKind.ELSEWHERE:
                return Text(
                    ja=f"{device} の {self.egress} から出るが、その先に宛先の領域はない。",
                    en=f"they leave {device} by {self.egress}, beyond which the destination zone is not",
                )
            case StopKind.LOOP:
                return Text(ja="経路がループし、どこにも届かない。", en="they go round in a routing loop")
            case StopKind.NOT_SENT:
                return Text(
                    ja="送信元に接続する機器の設定ファイルが提出されていない。",
                    en="no submitted device is connected to their senders",
                )
            case _:
                assert_never(self.kind)


def find_stops(analysis: FlowAnalysis, source: str, destination: str, packets: PacketSet) -> tuple[Stop, ...]:
    """What stops `packets` (told as sent), which hosts of one zone send to another and of which nothing possibly arrives.

    Together the stops hold all of `packets`. One packet is in several where it has several ways. The largest come first.
    """
    found: dict[Stop, dict[Family, int]] = {}
    for family in FAMILIES:
        if packets.node(family) != EMPTY:
            for stop, node in _Walk(analysis, source, destination, packets.node(family), family).stops():
                nodes = found.setdefault(stop, {4: EMPTY, 6: EMPTY})
                nodes[family] = analysis.spaces[family].union(nodes[family], node)
    held = [replace(stop, packets=PacketSet(analysis.spaces, nodes[4], nodes[6])) for stop, nodes in found.items()]
    return tuple(sorted(held, key=_largest_first))


def _largest_first(stop: Stop) -> tuple[object, ...]:
    return (
        -stop.packets.size,
        stop.translated,
        list(StopKind).index(stop.kind),
        stop.device,
        stop.sources,
        stop.ingress,
    )


class _Walk:
    """The packets of one address family on all their ways."""

    def __init__(self, analysis: FlowAnalysis, source: str, destination: str, wanted: int, family: Family) -> None:
        self._space = analysis.spaces[family]
        self._engine: Engine = analysis.engine(Mode.POSSIBLE, family)
        self._devices = analysis.topology.devices
        self._nothing = analysis.nothing()
        self._source = source
        self._destination = destination
        self._wanted = wanted
        self._translated = False
        self._found: list[tuple[Stop, int]] = []
        self._ended = EMPTY

    def stops(self) -> Iterator[tuple[Stop, int]]:
        """What stops them, and which."""
        space = self._space
        injections = self._engine.injections(zones=[self._source])
        sent = [(port, space.intersection(node, self._wanted)) for port, node in injections]
        self._engine.spread(sent, self._step)
        attached = space.header_only(space.union_all(node for _, node in sent))
        self._stopped(StopKind.NOT_SENT, space.difference(self._wanted, attached), as_told=True)
        self._stopped(StopKind.LOOP, space.difference(self._wanted, self._ended), as_told=True)
        self._translated = True
        towards = self._towards_translations()
        self._engine.spread([(port, space.intersection(node, towards)) for port, node in injections], self._step)
        yield from self._found

    def _towards_translations(self) -> int:
        """Packets of the same senders that a NAT rule may turn into wanted ones."""
        space = self._space
        changing = [
            rule
            for device in self._devices.values()
            for rule in device.nat_rules
            if rule.stage is NatStage.INGRESS and rule.destination is not None
        ]
        senders = space.forget(space.forget(self._wanted, Field.DESTINATION), Field.DESTINATION_PORT)
        matched = space.matches(match for rule in changing for match in rule.matches)
        matched = space.forget(matched, Field.MARK)
        return space.difference(space.intersection(senders, matched), self._wanted)

    def _told(self, packets: int) -> int:
        """The wanted packets that these are."""
        space = self._space
        if not self._translated:
            return space.intersection(as_sent(space, packets), self._wanted)
        changed = space.difference(packets, untouched(space, (Field.DESTINATION,)))
        return space.intersection(as_flow(space, changed), self._wanted)

    def _stopped(
        self,
        kind: StopKind,
        packets: int,
        port: Port = ("", ""),
        stage: Stage | None = None,
        egress: str = "",
        sources: Sources = (),
        filter_: Filter | None = None,
        ruling: Ruling | None = None,
        label: str = "",
        *,
        as_told: bool = False,
    ) -> None:
        told = packets if as_told else self._told(packets)
        if told == EMPTY:
            return
        self._ended = self._space.union(self._ended, told)
        line = None if ruling is None else ruling.line
        stop = Stop(
            kind=kind,
            packets=self._nothing,
            device=port[0],
            stage=stage,
            ingress=port[1],
            egress=egress,
            sources=sources,
            filter=None if filter_ is None else filter_.name,
            position=None if ruling is None else ruling.position,
            label=label if line is None else line.label,
            line=line,
            translated=self._translated,
        )
        self._found.append((stop, told))

    def _step(self, port: Port, packets: int) -> Iterator[Injection]:
        device = self._devices[port[0]]
        if not device.forwards or not device.interfaces[port[1]].enabled:
            self._stopped(StopKind.NOT_FORWARDED, packets, port, sources=device.interfaces[port[1]].sources)
        else:
            inside = self._engine.device(port[0]).inside(port[1], packets)
            for loss in inside.losses:
                self._lost(port, loss)
            for link, node in inside.redirected:
                kind = StopKind.REDIRECTED
                if not self._translated:
                    self._stopped(kind, node, port, link.stage, link.egress or "", link.sources, label=link.label)
        for leaving in self._engine.through(port, packets, Detail.LINES):
            self._left(port, leaving)
            yield from leaving.onward

    def _left(self, port: Port, leaving: Leaving) -> None:
        """Packets that leave a device for where the destination is not."""
        space = self._space
        there = space.union_all(node for arrival, node in leaving.arrived.items() if arrival.zone == self._destination)
        self._ended = space.union(self._ended, self._told(there))
        onward = space.union_all((there, *(node for _, node in leaving.onward)))
        routed = tuple(line for link in leaving.links if link.stage is Stage.ROUTE for line in link.sources)
        gone = space.difference(leaving.packets, onward)
        self._stopped(StopKind.ELSEWHERE, gone, port, Stage.ROUTE, leaving.egress, tuple(dict.fromkeys(routed)))

    def _lost(self, port: Port, loss: Loss) -> None:
        stage = loss.stage
        if loss.to_itself:
            self._stopped(StopKind.TO_DEVICE, loss.packets, port, stage, sources=self._address_lines(port[0], loss))
        elif stage is Stage.ROUTE:
            left = loss.packets
            for sources, hit in self._engine.device(port[0]).discarded(port[1], left):
                self._stopped(StopKind.DISCARDED, self._space.intersection(left, hit), port, stage, sources=sources)
                left = self._space.difference(left, hit)
            self._stopped(StopKind.NO_ROUTE, left, port, stage, sources=self._devices[port[0]].identity)
        else:
            self._filtered(port, loss)

    def _filtered(self, port: Port, loss: Loss) -> None:
        """Which lines of the filters of a stage deny packets of which none passes it."""
        space = self._space
        left = loss.packets
        for filter_ in self._engine.device(port[0]).filters(loss.stage, port[1], loss.egress):
            rulings = list(self._engine.compiler.rulings(filter_, port[1], loss.egress, left, UNLIMITED))
            passing = space.union_all(one.packets for one in rulings if one.permits)
            denied = space.difference(left, passing)
            place = (port, loss.stage, loss.egress)
            for one in rulings:
                if not one.permits:
                    line = one.line
                    kind = StopKind.DEFAULT if line is None else StopKind.LINE
                    sources = filter_.default_sources or filter_.sources if line is None else line.sources
                    hit = space.intersection(denied, one.packets)
                    self._stopped(kind, hit, *place, sources, filter_, one)
                    denied = space.difference(denied, hit)
            self._stopped(StopKind.NO_CONNECTION, denied, *place, filter_.sources, filter_)
            left = passing

    def _address_lines(self, device: str, loss: Loss) -> Sources:
        """The lines that give a device the addresses to which packets are addressed."""
        space = self._space
        return tuple(
            line
            for interface in self._devices[device].interfaces.values()
            for held in interface.addresses
            if held.address.version == space.family
            and space.restrict(loss.packets, Field.DESTINATION, int(held.address.ip), int(held.address.ip)) != EMPTY
            for line in held.sources
        )
