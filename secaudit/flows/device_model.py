"""One device as a function on packet sets: what goes in by an interface, and what comes out where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secaudit.flows.budget import UNLIMITED, Budget
from secaudit.flows.chain import Link
from secaudit.flows.compiled import FilterCompiler, Ruling
from secaudit.flows.departures import Departure, Detail, Inside, Loss
from secaudit.flows.forwarding import Choice, ForwardingTable
from secaudit.flows.modes import Mode
from secaudit.flows.next_hops import Found, NextHops
from secaudit.flows.topology import Topology
from secaudit.flows.translation import Translator
from secaudit.network.device import Device, Doubt, DoubtKind, Plane, Stage
from secaudit.network.filters import Action, Certainty, Filter
from secaudit.network.intervals import Intervals, normalise, of_network
from secaudit.network.nat import NatRule, NatStage, Translation
from secaudit.network.routes import PolicyRoute
from secaudit.packets.diagrams import EMPTY, FULL
from secaudit.packets.space import Field, HeaderSpace
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


@dataclass(slots=True)
class _Part:
    """Packets on their way through the device, with what is already decided about them."""

    packets: int
    device: str
    ingress: str
    stage: Stage | None = None
    choice: Choice | None = None
    translation: Translation | None = None
    marked: bool = False
    """A NAT rule may have left a mark on some of them."""
    links: tuple[Link, ...] | None = None
    """None when nobody asks."""
    vrf: str | None = None
    """None: that of the interface by which they came in."""

    def then(
        self,
        packets: int,
        *,
        choice: Choice | None = None,
        sources: tuple[SourceLine, ...] = (),
        doubts: tuple[Doubt, ...] = (),
        rule: NatRule | None = None,
        policy_route: PolicyRoute | None = None,
    ) -> _Part:
        """The same way, one decision further: a route to `choice`, a NAT rule, a policy route, or none of these."""
        chosen = self.choice if choice is None else choice
        links = self.links
        if links is not None and (sources or doubts):
            label = rule.label if rule is not None else "" if policy_route is None else policy_route.label
            link = Link(
                device=self.device,
                stage=self.stage,
                ingress=self.ingress,
                egress=None if chosen is None else chosen.egress,
                sources=sources,
                label=label,
                gateway=None if choice is None else choice.gateway,
                rule=rule,
                policy_route=policy_route,
                doubts=doubts,
            )
            links = (*links, link)
        return _Part(
            packets, self.device, self.ingress, self.stage, chosen, self.translation, self.marked, links, self.vrf
        )

    def permitted(self, packets: int, translation: Translation | None, links: tuple[Link, ...]) -> _Part:
        """The same way past a filter."""
        new = self.then(packets)
        if translation is not None:
            new.translation = translation
        if self.links is not None:
            new.links = (*self.links, *links)
        return new


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
        self._tables: dict[str, NextHops] = {}
        self._own: dict[str, int] = {}
        self._doubts = tuple(one for one in device.doubts if one.plane is Plane.TRAFFIC)
        self.lost = EMPTY
        """Asked for `RELIABLE` only: the packets of the last `transfer` that do not leave, in some state, by some way."""

    def own(self, vrf: str) -> int:
        """Packets to the device's own addresses in a VRF."""
        node = self._own.get(vrf)
        if node is None:
            node = self._space.guard(Field.DESTINATION, self._own_addresses(vrf))
            self._own[vrf] = node
        return node

    def _own_addresses(self, vrf: str) -> Intervals:
        held = self._topology.own_addresses(self.device.name, vrf)
        return normalise((int(one), int(one)) for one in held if one.version == self._space.family)

    def transfer(
        self, ingress: str, packets: int, *, detail: Detail = Detail.NOTHING, budget: Budget = UNLIMITED
    ) -> list[Departure]:
        """What leaves when `packets` come in by `ingress`, in the vendor's order of filter, NAT and routing.

        Some may be left out when `budget`, the work that may be done for filters, is exhausted.
        """
        interface = self.device.interfaces[ingress]
        self.lost = EMPTY
        if not interface.enabled or self._in_doubt(ingress):
            self._lose(packets)
            return []
        if not self.device.forwards:
            self._lose(packets)
            # What nobody could read may be what makes it forward.
            entering = self._entering(ingress, packets, Detail.NOTHING)
            return self._out_of_everything(entering) if self._mode is Mode.POSSIBLE else []
        parts = [self._entering(ingress, packets, detail)]
        for stage in self.device.pipeline:
            parts = self._stage(stage, ingress, parts, detail, budget)
            if not parts:
                break
        self._lose_in_doubt(parts)
        departures = self._departures(parts)
        if self._mode is Mode.POSSIBLE:
            departures.extend(self._doubtful(self._entering(ingress, packets, Detail.NOTHING)))
        return departures

    def _departures(self, parts: list[_Part]) -> list[Departure]:
        return [
            Departure(
                self._translator.unmark(part.packets) if part.marked else part.packets,
                part.choice.egress,
                part.choice.gateway,
                part.choice.anywhere,
                part.links or (),
            )
            for part in parts
            if part.choice is not None and not self._in_doubt(part.choice.egress)
        ]

    def _lose_in_doubt(self, parts: Iterable[_Part]) -> None:
        """What would leave by an interface in doubt may not."""
        for part in parts:
            if part.choice is not None and self._in_doubt(part.choice.egress):
                self._lose(part.packets)

    def _lose(self, packets: int) -> None:
        if self._mode is Mode.RELIABLE:
            self.lost = self._space.union(self.lost, packets)

    def inside(self, ingress: str, packets: int) -> Inside:
        """What happens to packets that come in by an enabled interface of a device that forwards, before they leave it."""
        space = self._space
        losses: list[Loss] = []
        redirected: list[tuple[Link, int]] = []
        own = self.own(self.device.interfaces[ingress].vrf)
        parts = [self._entering(ingress, packets, Detail.LINES)]
        for stage in self.device.pipeline:
            onward: list[_Part] = []
            for part in parts:
                found = self._stage(stage, ingress, [part], Detail.LINES, UNLIMITED)
                onward.extend(found)
                if stage in (Stage.INGRESS_NAT, Stage.EGRESS_NAT):
                    links = ((one.links[-1], one.packets) for one in found if one.links)
                    redirected.extend((link, to) for link, to in links if link.rule and link.rule.destination)
                    continue
                gone = space.difference(part.packets, space.union_all(one.packets for one in found))
                egress = "" if part.choice is None else part.choice.egress
                if stage is Stage.ROUTE:
                    mine = space.intersection(gone, own)
                    losses.append(Loss(stage, ingress, egress, mine, to_itself=True))
                    gone = space.difference(gone, own)
                losses.append(Loss(stage, ingress, egress, gone))
            parts = onward
        return Inside(tuple(one for one in losses if one.packets != EMPTY), tuple(redirected))

    def _entering(self, ingress: str, packets: int, detail: Detail) -> _Part:
        return _Part(packets, self.device.name, ingress, links=None if detail is Detail.NOTHING else ())

    def discarded(self, ingress: str, packets: int) -> Iterator[tuple[tuple[SourceLine, ...], int]]:
        """The lines of the routes that discard some of the packets, and these packets."""
        space = self._space
        vrf = self.device.interfaces[ingress].vrf
        left = space.difference(packets, self.own(vrf))
        for rule in self.device.policy_routes:
            if rule.vrf == vrf and (rule.ingress is None or ingress in rule.ingress):
                hit = space.intersection(left, space.matches(rule.matches))
                for choice, node in self._table(vrf).by_hops(rule.next_hops, hit)[0]:
                    if choice.discard and not choice.unsure and node != EMPTY:
                        yield rule.sources + choice.sources, node
        for choice, node in self._table(vrf).by_table(left, explain=True)[0]:
            if choice.discard and not choice.unsure and node != EMPTY:
                yield choice.sources, node

    def filters(self, stage: Stage, ingress: str, egress: str) -> list[Filter]:
        """The filters of a stage, in their order."""
        names: tuple[str | None, ...] = ()
        match stage:
            case Stage.INGRESS_FILTER:
                names = (self.device.interfaces[ingress].filter_in,)
            case Stage.POLICY:
                names = self.device.policies
            case Stage.EGRESS_FILTER:
                names = (self.device.interfaces[egress].filter_out,)
            case Stage.INGRESS_NAT | Stage.ROUTE | Stage.EGRESS_NAT | Stage.DIVERSION:
                pass
        return [self.device.filters[name] for name in names if name is not None and name in self.device.filters]

    def _stage(self, stage: Stage, ingress: str, parts: list[_Part], detail: Detail, budget: Budget) -> list[_Part]:
        for part in parts:
            part.stage = stage
        match stage:
            case Stage.INGRESS_NAT:
                return [new for part in parts for new in self._ingress_nat(ingress, part)]
            case Stage.ROUTE:
                return [new for part in parts for new in self._route(ingress, part)]
            case Stage.EGRESS_NAT:
                return [new for part in parts for new in self._egress_nat(ingress, part)]
            case Stage.DIVERSION:
                return [new for part in parts for new in self._divert(part)]
            case Stage.INGRESS_FILTER | Stage.POLICY | Stage.EGRESS_FILTER:
                return [new for part in parts for new in self._filtered(stage, part, detail, budget)]

    def _filtered(self, stage: Stage, part: _Part, detail: Detail, budget: Budget) -> list[_Part]:
        egress = _egress(part) if stage is Stage.EGRESS_FILTER else "" if part.choice is None else part.choice.egress
        return self._past_all(self.filters(stage, part.ingress, egress), egress, part, detail, budget)

    def _past_all(
        self, filters: Iterable[Filter], egress: str, part: _Part, detail: Detail, budget: Budget
    ) -> list[_Part]:
        parts = [part]
        for filter_ in filters:
            parts = [new for one in parts for new in self._past(filter_, egress, one, detail, budget)]
        return parts

    def _past(self, filter_: Filter, egress: str, part: _Part, detail: Detail, budget: Budget) -> Iterator[_Part]:
        """What a filter lets through: split by translation, and for chains by the deciding line."""
        space = self._space
        untold = detail is Detail.DOUBTS and self._compiler.is_sure(filter_)
        if untold or detail is Detail.NOTHING:
            lost = part.packets
            for permitted in self._compiler.permitted(filter_, part.ingress, egress):
                passing = space.intersection(part.packets, permitted.packets)
                if passing != EMPTY:
                    yield part.permitted(passing, permitted.translation, ())
                    if self._mode is Mode.RELIABLE:
                        lost = space.difference(lost, passing)
            self._lose(lost)
            return
        together: dict[Translation | None, tuple[list[int], list[Link]]] = {}
        for ruling in self._compiler.rulings(filter_, part.ingress, egress, part.packets, budget):
            if ruling.permits:
                translation = None if ruling.line is None else ruling.line.source_translation
                link = self._filter_link(filter_, part, ruling)
                if detail is Detail.CHAINS:
                    yield part.permitted(ruling.packets, translation, (link,))
                else:
                    nodes, links = together.setdefault(translation, ([], []))
                    nodes.append(ruling.packets)
                    links.append(link)
        for translation, (nodes, links) in together.items():
            yield part.permitted(space.union_all(nodes), translation, tuple(links))

    def _filter_link(self, filter_: Filter, part: _Part, ruling: Ruling) -> Link:
        line = ruling.line
        return Link(
            device=self.device.name,
            stage=part.stage,
            ingress=part.ingress,
            egress=None if part.choice is None else part.choice.egress,
            sources=line.sources if line is not None else filter_.default_sources or filter_.sources,
            filter=filter_.name,
            position=ruling.position,
            label="" if line is None else line.label,
            line=line,
            doubts=ruling.doubts,
            packets=ruling.packets,
        )

    def _divert(self, part: _Part) -> list[_Part]:
        """What goes into tunnels instead of out of the interface. Of packets that an unsure line may take, nothing else is sure."""
        space = self._space
        remaining = part.packets
        result = []
        for diversion in self.device.interfaces[_egress(part)].diversions:
            selector = self.device.filters[diversion.selector]
            chosen = space.union_all(one.packets for one in self._compiler.permitted(selector, "", ""))
            exact = _is_exact(selector)
            taken = space.intersection(remaining, chosen)
            if taken != EMPTY and (exact or self._mode is Mode.POSSIBLE):
                sources = (*diversion.sources, *selector.sources)
                choice = Choice(diversion.tunnel, None, sources, anywhere=True)
                result.append(part.then(taken, choice=choice, sources=sources))
            if exact:
                remaining = space.difference(remaining, chosen)
            elif self._mode is not Mode.POSSIBLE:
                unsure = space.intersection(remaining, self._perhaps(selector))
                self._lose(unsure)
                remaining = space.difference(remaining, unsure)
        if remaining != EMPTY:
            result.append(part.then(remaining))
        return result

    def _perhaps(self, selector: Filter) -> int:
        """Everything that a list could permit whatever its unsure lines do."""
        if selector.default is not Action.DENY:
            return FULL
        lines = (one for one in selector.lines if one.action is not Action.DENY)
        return self._space.union_all(self._space.matches(line.matches) for line in lines)

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
                doubts = _doubt(rule.uncertain, rule.sources)
                acted = part.then(moved, sources=rule.sources, doubts=doubts, rule=rule)
                acted.marked = part.marked or rule.mark != 0
                result.append(acted)
            else:
                self._lose(hit)
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

    def _table(self, vrf: str) -> NextHops:
        found = self._tables.get(vrf)
        if found is None:
            table = ForwardingTable(self._topology, self.device, vrf, self._space.family)
            found = self._tables[vrf] = NextHops(self._space, table, self._mode)
        return found

    def _route(self, ingress: str, part: _Part) -> list[_Part]:
        space = self._space
        vrf = self._vrf(part)
        remaining = space.difference(part.packets, self.own(vrf))
        result: list[_Part] = []
        for rule in self.device.policy_routes:
            if rule.vrf != vrf or (rule.ingress is not None and ingress not in rule.ingress):
                continue
            hit = space.intersection(remaining, space.matches(rule.matches))
            if hit == EMPTY:
                continue
            if rule.uncertain is not None and self._mode is not Mode.POSSIBLE:
                remaining = space.difference(remaining, hit)
                self._lose(hit)
                continue
            doubts = _doubt(rule.uncertain, rule.sources)
            chosen = part.then(hit, sources=rule.sources, doubts=doubts, policy_route=rule)
            absent = EMPTY
            if rule.next_hops:
                found, absent = self._table(vrf).by_hops(rule.next_hops, hit)
                result.extend(self._chosen(chosen, found))
            else:
                result.extend(self._by_table(vrf, chosen))
            if rule.uncertain is None:
                remaining = space.union(space.difference(remaining, hit), absent)
        if remaining != EMPTY:
            result.extend(self._by_table(vrf, part.then(remaining)))
        return result

    def _vrf(self, part: _Part) -> str:
        return self.device.interfaces[part.ingress].vrf if part.vrf is None else part.vrf

    def _by_table(self, vrf: str, part: _Part) -> list[_Part]:
        found, absent = self._table(vrf).by_table(part.packets, explain=part.links is not None)
        self._lose(absent)
        result = self._chosen(part, found)
        if self._mode is Mode.POSSIBLE:
            result.extend(self._dynamic(vrf, part))
        return result

    def _chosen(self, part: _Part, found: Found) -> list[_Part]:
        result = []
        for choice, packets in found:
            if choice.discard:
                self._lose(packets)
            elif packets != EMPTY:
                result.append(part.then(packets, choice=choice, sources=choice.sources))
        return result

    def _dynamic(self, vrf: str, part: _Part) -> list[_Part]:
        """Unknown routes may send what is not connected out of any interface by which they may lead."""
        space = self._space
        result: list[_Part] = []
        running = [one for one in self.device.dynamic_routing if one.concerns(vrf, space.family)]
        if not running:
            return result
        everywhere = space.difference(part.packets, self._table(vrf).connected)
        for protocol in running:
            unknown = everywhere
            if protocol.destinations is not None:
                unknown = space.intersection(
                    unknown, space.guard(Field.DESTINATION, (of_network(protocol.destinations),))
                )
            for interface in self.device.interfaces.values():
                if not interface.enabled or interface.vrf != vrf:
                    continue
                if protocol.interfaces is None or interface.name in protocol.interfaces:
                    choice = Choice(interface.name, None, protocol.sources, anywhere=True)
                    reason = protocol.reason or _learnt(protocol.protocol)
                    doubt = Doubt(DoubtKind.UNSUPPORTED, reason, protocol.sources)
                    result.append(part.then(unknown, choice=choice, sources=protocol.sources, doubts=(doubt,)))
        return [one for one in result if one.packets != EMPTY]

    # --- doubts -------------------------------------------------------------------------------------------

    def _in_doubt(self, interface: str) -> bool:
        """Whether nothing sure can be said of traffic by this interface: what we could not read may also block."""
        return self._mode is not Mode.POSSIBLE and any(
            one.interfaces is None or interface in one.interfaces for one in self._doubts
        )

    def _doubtful(self, entering: _Part) -> list[Departure]:
        """What doubts could let through: past the filters, as routed, translated or not; when the whole device is in doubt, out of every interface."""
        if not self._doubts:
            return []
        ingress = entering.ingress
        result = self._out_of_everything(entering)
        translated = self._unfiltered(ingress, [entering], (Stage.INGRESS_NAT, Stage.ROUTE, Stage.EGRESS_NAT))
        leaving = [*self._by_table(self._vrf(entering), entering), *translated]
        routed = [*leaving, *self._unfiltered(ingress, [entering], (Stage.INGRESS_NAT, Stage.ROUTE))]
        leaving += self._as_policies_translate(ingress, routed)
        if Stage.DIVERSION in self.device.pipeline:
            leaving += [new for part in leaving for new in self._divert(part) if new.choice is not part.choice]
        for part in leaving:
            egress = _egress(part)
            for doubt in self._doubts:
                if doubt.interfaces is None or ingress in doubt.interfaces or egress in doubt.interfaces:
                    result.append(self._in_spite_of(doubt, part))
        return result

    def _unfiltered(self, ingress: str, parts: list[_Part], stages: tuple[Stage, ...]) -> list[_Part]:
        for stage in self.device.pipeline:
            if stage in stages:
                parts = self._stage(stage, ingress, parts, Detail.NOTHING, UNLIMITED)
        return parts

    def _out_of_everything(self, entering: _Part) -> list[Departure]:
        """What doubts about the whole device could mean: past the filters, translated or not, by any other interface."""
        whole = [one for one in self._doubts if one.interfaces is None]
        if not whole:
            return []
        ingress = entering.ingress
        inside = dict.fromkeys((entering.packets, *self._after_ingress_nat(ingress, entering)))
        result = []
        for one in self.device.interfaces.values():
            if one.enabled and one.name != ingress:
                choice = Choice(one.name, None, (), anywhere=True)
                leaving = [entering.then(node, choice=choice) for node in inside]
                leaving += [
                    *self._unfiltered(ingress, leaving, (Stage.EGRESS_NAT,)),
                    *self._as_policies_translate(ingress, leaving),
                ]
                distinct = {part.packets: part for part in leaving}
                result += [
                    self._in_spite_of(doubt, part, guessed=True) for doubt in whole for part in distinct.values()
                ]
        return result

    def _as_policies_translate(self, ingress: str, parts: list[_Part]) -> list[_Part]:
        """The packets with every source that a line of the policies gives: what passes in spite of them may be translated as they say."""
        if Stage.POLICY not in self.device.pipeline:
            return []
        filters = (self.device.filters[name] for name in self.device.policies if name in self.device.filters)
        asked = (line.source_translation for one in filters for line in one.lines)
        result = []
        for translation in dict.fromkeys(one for one in asked if one is not None):
            for part in parts:
                new = part.then(part.packets)
                new.translation = translation
                result += self._egress_nat(ingress, new)
        return result

    def _after_ingress_nat(self, ingress: str, entering: _Part) -> list[int]:
        return [part.packets for part in self._unfiltered(ingress, [entering], (Stage.INGRESS_NAT,))]

    def _in_spite_of(self, doubt: Doubt, part: _Part, *, guessed: bool = False) -> Departure:
        """Packets that leave because something that we could not use might let them."""
        choice = part.choice
        assert choice is not None, "packets that leave have a next hop"
        link = self._doubt_link(doubt, part.ingress, choice.egress)
        packets = self._translator.unmark(part.packets) if part.marked else part.packets
        return Departure(packets, choice.egress, choice.gateway, choice.anywhere, (link,), True, guessed)

    def _doubt_link(self, doubt: Doubt, ingress: str, egress: str) -> Link:
        return Link(self.device.name, None, ingress, egress, doubt.sources, doubts=(doubt,))


def _is_exact(selector: Filter) -> bool:
    sure = (one.certainty is Certainty.ALWAYS and one.action is not Action.UNKNOWN for one in selector.lines)
    return selector.default is not Action.UNKNOWN and all(sure)


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
