"""One device as a function on packet sets: what goes in by an interface, and what comes out where."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.flows.compiled import FilterCompiler
from secaudit.flows.forwarding import Choice, ForwardingTable
from secaudit.flows.modes import Mode
from secaudit.flows.topology import Topology
from secaudit.flows.translation import Translator
from secaudit.network.device import Device, Doubt, DoubtKind, Plane, Stage
from secaudit.network.intervals import Intervals, IPAddress, normalise
from secaudit.network.nat import NatRule, NatStage, Translation
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import Field, HeaderSpace
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


@dataclass(frozen=True, slots=True)
class Departure:
    """Packets that leave a device by `egress` towards `gateway` (None = the destination is on the link).

    `anywhere`: the next hop is not known. `sources` are the config lines that let them through (only when asked for),
    `doubts` those doubts without which they might not leave.
    """

    packets: int
    egress: str
    gateway: IPAddress | None
    anywhere: bool
    sources: tuple[SourceLine, ...] = ()
    doubts: tuple[Doubt, ...] = ()


@dataclass(slots=True)
class _Part:
    """Packets on their way through the device, with what is already decided about them."""

    packets: int
    choice: Choice | None = None
    translation: Translation | None = None
    sources: tuple[SourceLine, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    def then(
        self,
        packets: int,
        *,
        choice: Choice | None = None,
        sources: tuple[SourceLine, ...] = (),
        doubts: tuple[Doubt, ...] = (),
    ) -> _Part:
        """The same way, one decision further."""
        return _Part(
            packets,
            self.choice if choice is None else choice,
            self.translation,
            self.sources + sources,
            self.doubts + doubts,
        )


class DeviceModel:
    """A device for one question. Everything it compiles is kept, so asking again is cheap."""

    def __init__(
        self, space: HeaderSpace, topology: Topology, device: Device, mode: Mode, compiler: FilterCompiler
    ) -> None:
        self.device = device
        self._space = space
        self._topology = topology
        self._mode = mode
        self._compiler = compiler
        self._translator = Translator(space)
        self._tables: dict[str, ForwardingTable] = {}
        self._own: dict[str, int] = {}
        self._doubts = tuple(one for one in device.doubts if one.plane is Plane.TRAFFIC)

    def own(self, vrf: str) -> int:
        """Packets to the device's own addresses in a VRF."""
        node = self._own.get(vrf)
        if node is None:
            addresses = [
                int(a) for a in self._topology.own_addresses(self.device.name, vrf) if a.version == self._space.family
            ]
            node = self._space.guard(Field.DESTINATION, normalise((a, a) for a in addresses))
            self._own[vrf] = node
        return node

    def transfer(self, ingress: str, packets: int, *, explain: bool = False) -> list[Departure]:
        """What leaves when `packets` come in by `ingress`, in the vendor's order of filter, NAT and routing."""
        interface = self.device.interfaces[ingress]
        if not interface.enabled or self._in_doubt(ingress):
            return []
        if not self.device.forwards:
            # What nobody could read may be what makes it forward.
            return self._out_of_everything(ingress, packets) if self._mode is Mode.POSSIBLE else []
        parts = [_Part(packets)]
        for stage in self.device.pipeline:
            parts = self._stage(stage, ingress, parts, explain)
            if not parts:
                break
        departures = [
            Departure(
                self._translator.unmark(part.packets),
                part.choice.egress,
                part.choice.gateway,
                part.choice.anywhere,
                part.sources,
                part.doubts,
            )
            for part in parts
            if part.choice is not None and not self._in_doubt(part.choice.egress)
        ]
        if self._mode is Mode.POSSIBLE:
            departures.extend(self._doubtful(ingress, packets))
        return departures

    def _stage(self, stage: Stage, ingress: str, parts: list[_Part], explain: bool) -> list[_Part]:
        match stage:
            case Stage.INGRESS_FILTER:
                name = self.device.interfaces[ingress].filter_in
                return self._filtered(name, ingress, parts, explain)
            case Stage.INGRESS_NAT:
                return [new for part in parts for new in self._ingress_nat(ingress, part)]
            case Stage.ROUTE:
                return [new for part in parts for new in self._route(ingress, part)]
            case Stage.POLICY:
                for name in self.device.policies:
                    parts = self._filtered(name, ingress, parts, explain)
                return parts
            case Stage.EGRESS_NAT:
                return [new for part in parts for new in self._egress_nat(ingress, part)]
            case Stage.EGRESS_FILTER:
                result = []
                for part in parts:
                    name = self.device.interfaces[_egress(part)].filter_out
                    result.extend(self._filtered(name, ingress, [part], explain))
                return result

    def _filtered(self, name: str | None, ingress: str, parts: list[_Part], explain: bool) -> list[_Part]:
        filter_ = None if name is None else self.device.filters.get(name)
        if filter_ is None:
            return parts
        result = []
        for part in parts:
            egress = "" if part.choice is None else part.choice.egress
            for permitted in self._compiler.permitted(filter_, ingress, egress):
                passing = self._space.intersection(part.packets, permitted.packets)
                if passing != EMPTY:
                    new = part.then(passing)
                    if explain:
                        lines, doubts = self._compiler.explain(filter_, ingress, egress, passing)
                        new = part.then(passing, sources=lines, doubts=doubts)
                    if permitted.translation is not None:
                        new.translation = permitted.translation
                    result.append(new)
        return result

    # --- NAT ----------------------------------------------------------------------------------------------

    def _ingress_nat(self, ingress: str, part: _Part) -> list[_Part]:
        return self._nat(NatStage.INGRESS, ingress, ingress, part)

    def _egress_nat(self, ingress: str, part: _Part) -> list[_Part]:
        egress = _egress(part)
        if part.translation is not None:
            own = self._interface_addresses(egress)
            moved = part.then(self._translator.source(part.packets, part.translation, (), own))
            moved.translation = None
            return [moved]
        return self._nat(NatStage.EGRESS, egress, ingress, part)

    def _nat(self, stage: NatStage, interface: str, ingress: str, part: _Part) -> list[_Part]:
        space = self._space
        remaining = part.packets
        result = []
        for rule in self.device.nat_rules:
            if rule.stage is not stage or (rule.interfaces is not None and interface not in rule.interfaces):
                continue
            if rule.from_interfaces is not None and ingress not in rule.from_interfaces:
                continue
            hit = space.intersection(remaining, space.matches(rule.matches))
            if hit == EMPTY:
                continue
            if rule.uncertain is None or self._mode is Mode.POSSIBLE:
                moved = self._translated(rule, hit, interface)
                result.append(part.then(moved, sources=rule.sources, doubts=_doubt(rule.uncertain, rule.sources)))
            # An uncertain rule may also not act; for the other questions nothing sure can be said of its packets.
            if rule.uncertain is None or self._mode is not Mode.POSSIBLE:
                remaining = space.difference(remaining, hit)
        if remaining != EMPTY:
            result.append(part.then(remaining))
        return result

    def _translated(self, rule: NatRule, packets: int, interface: str) -> int:
        if rule.destination is not None:
            packets = self._translator.destination(packets, rule.destination, rule.matches)
        if rule.source is not None:
            own = self._interface_addresses(interface)
            packets = self._translator.source(packets, rule.source, rule.matches, own)
        return self._translator.mark(packets, rule.mark)

    def _interface_addresses(self, name: str) -> Intervals:
        """The address that an interface translates to: its first; any at all when it is given by DHCP or PPPoE."""
        interface = self.device.interfaces[name]
        held = [int(a.address.ip) for a in interface.addresses if a.address.version == self._space.family]
        if held:
            return ((held[0], held[0]),)
        return ((0, self._space.address_maximum),) if self._mode is Mode.POSSIBLE else ()

    # --- routing ------------------------------------------------------------------------------------------

    def table(self, vrf: str) -> ForwardingTable:
        """The forwarding table of a VRF."""
        found = self._tables.get(vrf)
        if found is None:
            family = self._space.family
            found = ForwardingTable(self._topology, self.device, vrf, family, self._mode)
            self._tables[vrf] = found
        return found

    def _route(self, ingress: str, part: _Part) -> list[_Part]:
        space = self._space
        vrf = self.device.interfaces[ingress].vrf
        remaining = space.difference(part.packets, self.own(vrf))
        result: list[_Part] = []
        for rule in self.device.policy_routes:
            if rule.vrf != vrf or (rule.ingress is not None and ingress not in rule.ingress):
                continue
            hit = space.intersection(remaining, space.matches(rule.matches))
            if hit == EMPTY:
                continue
            chosen = part.then(hit, sources=rule.sources, doubts=_doubt(rule.uncertain, rule.sources))
            groups = self.table(vrf).policy_groups(rule)
            if rule.next_hops and not groups:
                continue  # next hops that cannot be resolved leave the packet to the table
            if rule.uncertain is None or self._mode is Mode.POSSIBLE:
                result.extend(self._choose(chosen, groups) if groups else self._by_table(vrf, chosen))
            if rule.uncertain is None or self._mode is not Mode.POSSIBLE:
                remaining = space.difference(remaining, hit)
        if remaining != EMPTY:
            result.extend(self._by_table(vrf, part.then(remaining)))
        return result

    def _by_table(self, vrf: str, part: _Part) -> list[_Part]:
        space = self._space
        result = []
        table = self.table(vrf)
        for entry in table.entries:
            hit = space.intersection(part.packets, space.guard(Field.DESTINATION, entry.destinations))
            if hit != EMPTY:
                result.extend(self._choose(part.then(hit), entry.groups))
        if self._mode is Mode.POSSIBLE:
            result.extend(self._dynamic(vrf, part))
        return result

    def _choose(self, part: _Part, groups: tuple[tuple[Choice, ...], ...]) -> list[_Part]:
        """Distributes packets over next hops: the first that fits, in every state the question asks for."""
        space = self._space
        remaining = part.packets
        result = []
        for group in groups:
            hit = remaining
            if group[0].matches is not None:
                hit = space.intersection(remaining, space.matches(group[0].matches))
            if hit == EMPTY:
                continue
            sure = all(choice.exclusive for choice in group)
            if self._mode is Mode.RELIABLE and (len(group) > 1 or not sure):
                remaining = space.difference(remaining, hit)
                continue
            for choice in group:
                if not choice.discard:
                    result.append(part.then(hit, choice=choice, sources=choice.sources))
            if sure and (group[0].matches is not None or self._mode is Mode.RELIABLE):
                remaining = space.difference(remaining, hit)
            if remaining == EMPTY:
                break
        return result

    def _dynamic(self, vrf: str, part: _Part) -> list[_Part]:
        """A routing protocol may send what is not connected out of any interface on which it runs."""
        space = self._space
        result: list[_Part] = []
        running = [one for one in self.device.dynamic_routing if one.vrf == vrf]
        if not running:
            return result
        unknown = space.difference(part.packets, self.table(vrf).connected(space))
        for protocol in running:
            for interface in self.device.interfaces.values():
                if not interface.enabled or interface.vrf != vrf:
                    continue
                if protocol.interfaces is None or interface.name in protocol.interfaces:
                    choice = Choice(interface.name, None, protocol.sources, anywhere=True)
                    doubt = Doubt(DoubtKind.UNSUPPORTED, _learnt(protocol.protocol), protocol.sources)
                    result.append(part.then(unknown, choice=choice, sources=protocol.sources, doubts=(doubt,)))
        return [one for one in result if one.packets != EMPTY]

    # --- doubts -------------------------------------------------------------------------------------------

    def _in_doubt(self, interface: str) -> bool:
        """Whether nothing sure can be said of traffic by this interface: what we could not read may also block."""
        return self._mode is not Mode.POSSIBLE and any(
            one.interfaces is None or interface in one.interfaces for one in self._doubts
        )

    def _doubtful(self, ingress: str, packets: int) -> list[Departure]:
        """What doubts could let through: unfiltered, as routed; when the whole device is in doubt, out of every interface."""
        result = self._out_of_everything(ingress, packets)
        vrf = self.device.interfaces[ingress].vrf
        for doubt in self._doubts:
            if doubt.interfaces is None:
                continue
            for part in self._by_table(vrf, _Part(packets)):
                egress = _egress(part)
                if part.choice is not None and (ingress in doubt.interfaces or egress in doubt.interfaces):
                    result.append(
                        Departure(
                            part.packets, egress, part.choice.gateway, part.choice.anywhere, doubt.sources, (doubt,)
                        )
                    )
        return result

    def _out_of_everything(self, ingress: str, packets: int) -> list[Departure]:
        """What doubts about the whole device could mean: unfiltered, by any other interface."""
        return [
            Departure(packets, one.name, None, True, doubt.sources, (doubt,))
            for doubt in self._doubts
            if doubt.interfaces is None
            for one in self.device.interfaces.values()
            if one.enabled and one.name != ingress
        ]


def _doubt(reason: Text | None, sources: tuple[SourceLine, ...]) -> tuple[Doubt, ...]:
    return () if reason is None else (Doubt(DoubtKind.UNSUPPORTED, reason, sources),)


def _learnt(protocol: str) -> Text:
    return Text(
        ja=f"経路制御プロトコル {protocol} が学習する経路は、設定ファイルからは判断できない。",
        en=f"the routes that {protocol} learns cannot be told from the configuration",
    )


def _egress(part: _Part) -> str:
    assert part.choice is not None, "the route stage comes before anything that needs the egress"
    return part.choice.egress
