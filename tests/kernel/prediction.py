"""What we say of a rule set, read by our readers from the text that staff would submit: by packet sets and by the interpreter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from secaudit.flows.compiled import FilterCompiler
from secaudit.flows.device_itself import WholeDevice
from secaudit.flows.headers import as_sent
from secaudit.flows.modes import Mode
from secaudit.flows.replay import replay, replay_connection
from secaudit.flows.replay_filters import rule_on
from secaudit.flows.replay_headers import Header
from secaudit.flows.topology import build_topology
from secaudit.flows.trace import TraceVerdict
from secaudit.network.device import Device, Plane
from secaudit.network.filters import Action, Certainty
from secaudit.network.matches import Family
from secaudit.network.nat import NatRule, TranslationKind
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.originals import TRANSLATABLE
from secaudit.packets.packet import Packet
from secaudit.packets.sets import Spaces
from secaudit.packets.space import ZERO, Field, HeaderSpace
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.reader import Reader
from tests.kernel.laboratory import INTERFACES, Observed

OUT = (TraceVerdict.DELIVERED, TraceVerdict.UNMODELLED)
ITSELF = ""
"""Stands for the router itself where an egress interface is expected."""


def read_device(reader: Reader, text: str) -> Device:
    """The one device of a submitted text."""
    (device,) = reader.read(config_text_from_bytes(text.encode(), "router.txt")).devices
    return device


def is_sure(device: Device) -> bool:
    """Whether nothing in the model is uncertain, so that both modes must say the same of every packet."""
    lines = (line for one in device.filters.values() for line in one.lines)
    return (
        not any(doubt.plane is Plane.TRAFFIC for doubt in device.doubts)
        and all(line.certainty is Certainty.ALWAYS and line.action is not Action.UNKNOWN for line in lines)
        and all(one.default is not Action.UNKNOWN for one in device.filters.values())
        and all(rule.uncertain is None for rule in device.nat_rules)
    )


def _has_states(device: Device) -> bool:
    return any(line.certainty is Certainty.SOMETIMES for one in device.filters.values() for line in one.lines)


def _is_pool(rule: NatRule) -> bool:
    return any(
        one is not None and one.kind is TranslationKind.POOL and one.addresses is not None
        and one.addresses[0] != one.addresses[1]
        for one in (rule.source, rule.destination)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What leaves by one interface (or arrives at the router itself): as it arrives, and as it was sent."""

    arrives: int
    sent: int


class Prediction:
    """Both evaluators on one device; compiled once for each ingress interface."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.sure = Mode.RELIABLE if _has_states(device) else Mode.CERTAIN
        """The mode whose packets the kernel may not drop: what is `CERTAIN` passes in some state, and only one state is looked at here."""
        self._pools = frozenset(line for rule in device.nat_rules if _is_pool(rule) for line in rule.sources)
        self.spaces = Spaces()
        self._topology = build_topology([device])
        self._compilers: dict[tuple[Family, Mode], FilterCompiler] = {}
        self._models: dict[tuple[Family, Mode], WholeDevice] = {}
        self._outgoing: dict[tuple[Family, Mode, str], Mapping[str, Outgoing]] = {}
        self._own: dict[tuple[Family, Mode, str], int] = {}

    def _model(self, family: Family, mode: Mode) -> WholeDevice:
        key = (family, mode)
        if key not in self._models:
            self._compilers[key] = FilterCompiler(self.spaces[family], mode)
            self._models[key] = WholeDevice(
                self.spaces[family], self._topology, self.device, mode, self._compilers[key]
            )  # fmt: skip
        return self._models[key]

    # --- packet sets

    def own_passes(self, packet: Packet, egress: str, mode: Mode) -> bool:
        """Whether the device lets out a packet of its own, by packet sets."""
        family: Family = 4 if packet.family == 4 else 6
        space = self.spaces[family]
        return space.contains(self._own_node(family, mode, egress), space.packet_values(packet))

    def _own_node(self, family: Family, mode: Mode, egress: str) -> int:
        key = (family, mode, egress)
        if key not in self._own:
            self._model(family, mode)
            space = self.spaces[family]
            self._own[key] = self._through(space, key, self._outgoing_filters(egress), ITSELF, egress, space.valid)
        return self._own[key]

    def _outgoing_filters(self, egress: str) -> tuple[str, ...]:
        applied = self.device.interfaces[egress].filter_out if self.device.filters_own_packets else None
        return (*self.device.local_out, *(() if applied is None else (applied,)))

    def _through(
        self,
        space: HeaderSpace,
        key: tuple[Family, Mode, str],
        names: Iterable[str],
        ingress: str,
        egress: str,
        node: int,
    ) -> int:
        for name in names:
            permitted = self._compilers[key[:2]].permitted(self.device.filters[name], ingress, egress)
            node = space.intersection(node, space.union_all(one.packets for one in permitted))
        return node

    def outgoing(self, family: Family, mode: Mode, ingress: str) -> Mapping[str, Outgoing]:
        """By egress interface (or `ITSELF`), what comes out of everything that comes in by an interface."""
        key = (family, mode, ingress)
        if key not in self._outgoing:
            self._outgoing[key] = self._transfer(key)
        return self._outgoing[key]

    def _transfer(self, key: tuple[Family, Mode, str]) -> Mapping[str, Outgoing]:
        family, mode, ingress = key
        space = self.spaces[family]
        model = self._model(family, mode)
        everything = space.intersection(
            space.valid, space.intersection(space.untouched, space.guard(Field.ORIGIN, ZERO))
        )
        nodes = dict.fromkeys((*self.device.interfaces, ITSELF), EMPTY)
        for departure in model.transfer(ingress, everything):
            nodes[departure.egress] = space.union(nodes[departure.egress], departure.packets)
        nodes[ITSELF] = space.union_all(one.packets for one in model.received(ingress, everything))
        return {name: Outgoing(node, as_sent(space, node)) for name, node in nodes.items()}

    def leaves_by(self, packet: Packet, mode: Mode, ingress: str) -> set[str]:
        """The interfaces (or `ITSELF`) at which packet sets say that a packet comes out."""
        family: Family = 4 if packet.family == 4 else 6
        space = self.spaces[family]
        values = space.packet_values(packet)
        return {
            egress
            for egress, out in self.outgoing(family, mode, ingress).items()
            if space.contains(out.sent, values)
        }  # fmt: skip

    def arrives_as(self, sent: Packet, seen: Observed, ingress: str) -> bool:
        """Whether packet sets say that what was sent can come out as it was seen: with this header, by this interface."""
        family: Family = 4 if sent.family == 4 else 6
        space = self.spaces[family]
        out = self.outgoing(family, Mode.POSSIBLE, ingress)[seen.interface or ITSELF]
        before, after = space.packet_values(sent), space.packet_values(seen.packet)
        kept = [after]
        for field in TRANSLATABLE:
            kept = [one for values in kept for one in _remembering(space, values, field, before[field])]
        return any(space.contains(out.arrives, values) for values in kept)

    def differs(self, other: Prediction, families: Iterable[Family]) -> bool:
        """Whether packet sets say anything else of any packet to another model of the same router."""
        other.spaces = self.spaces
        return any(
            self.outgoing(family, Mode.POSSIBLE, name) != other.outgoing(family, Mode.POSSIBLE, name)
            or self._own_node(family, Mode.POSSIBLE, name) != other._own_node(family, Mode.POSSIBLE, name)
            for family in families
            for name in INTERFACES
        )

    # --- the interpreter

    def own_passes_by_interpreter(self, packet: Packet, egress: str, mode: Mode) -> bool:
        """Whether the device lets out a packet of its own, by the interpreter."""
        return self._ruled(self._outgoing_filters(egress), packet, mode, ITSELF, egress)

    def _ruled(self, names: Iterable[str], packet: Packet, mode: Mode, ingress: str, egress: str) -> bool:
        filters = [self.device.filters[name] for name in names]
        return all(
            any(ruling.permits for ruling in rule_on(one, Header(packet), mode, ingress or None, egress or None))
            for one in filters
        )

    def ways(self, packet: Packet, mode: Mode, ingress: str) -> set[tuple[str, Packet]]:
        """Where the interpreter says that a packet comes out, and with which header."""
        found = set()
        for trace in replay(self._topology, self.device.name, ingress, packet, mode):
            if trace.verdict not in OUT or trace.arrives is None:
                continue
            if trace.interface is None and not self._ruled(self.device.local_in, trace.arrives, mode, ingress, ITSELF):
                continue
            found.add((trace.interface or ITSELF, trace.arrives))
        return found

    def hangs_on_a_choice(self, packet: Packet, ingress: str) -> bool:
        """Whether a pool of several addresses translates it: the kernel takes one of them, and not with each it gets equally far."""
        traces = replay(self._topology, self.device.name, ingress, packet, Mode.POSSIBLE)
        return any(not self._pools.isdisjoint(hop.sources) for trace in traces for hop in trace.hops)

    def starts_anew(self, packet: Packet, ingress: str) -> bool:
        """Whether a reply may be no reply to a router that does not track everything, and be translated by a pool of its own."""
        return self.device.untracked is not None and self.hangs_on_a_choice(packet, ingress)

    def replies(self, packet: Packet, ingress: str, seen: Observed, mode: Mode) -> set[tuple[str, Packet]] | None:
        """Where the interpreter says that the reply to a packet that came out as seen gets; None when it does not expect that packet."""
        connection = replay_connection(self._topology, self.device.name, ingress, packet, mode)
        for trip in connection.trips:
            if trip.forward.arrives == seen.packet and trip.forward.interface == seen.interface:
                return {
                    (one.interface or ITSELF, one.arrives) for one in trip.replies if one.verdict in OUT and one.arrives
                }
        return None


def _remembering(space: HeaderSpace, values: tuple[int, ...], field: Field, before: int) -> Iterator[tuple[int, ...]]:
    """A packet with every way in which a set may tell what a field of it was."""
    if values[field] == before:
        yield values
    flagged = list(values)
    flagged[Field.TRANSLATED] |= 1 << TRANSLATABLE.index(field)
    tells = [before]
    if values[field] - before in space.known_distances:
        tells.append(space.maxima[field] + 1 + space.known_distances[values[field] - before])
    for one in tells:
        flagged[field + 1] = one
        yield tuple(flagged)
