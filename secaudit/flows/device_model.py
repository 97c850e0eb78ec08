"""One device as a function on packet sets: what goes in by an interface, and what comes out where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secaudit.flows.budget import UNLIMITED, Budget
from secaudit.flows.chain import Link
from secaudit.flows.compiled import FilterCompiler, Ruling
from secaudit.flows.departures import Departure, Detail, Inside, Loss
from secaudit.flows.forwarding import Choice
from secaudit.flows.modes import Mode
from secaudit.flows.nat_stages import NatStages
from secaudit.flows.part import Losses, Part
from secaudit.flows.routing_stage import RoutingStage
from secaudit.flows.topology import Topology
from secaudit.flows.translation import Translator
from secaudit.network.device import Device, Doubt, Plane, Stage
from secaudit.network.filters import Action, Certainty, Filter
from secaudit.network.nat import Translation
from secaudit.packets.diagrams import EMPTY, FULL
from secaudit.packets.space import HeaderSpace
from secaudit.text.source import SourceLine


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
        self._doubts = tuple(one for one in device.doubts if one.plane is Plane.TRAFFIC)
        self._losses = Losses(space, mode)
        self._nat = NatStages(space, device, mode, self._losses)
        self._routing = RoutingStage(space, topology, device, mode, self._losses)

    @property
    def lost(self) -> int:
        """Asked for `RELIABLE` only: the packets of the last `transfer` that do not leave, in some state, by some way."""
        return self._losses.packets

    def discarded(self, ingress: str, packets: int) -> Iterator[tuple[tuple[SourceLine, ...], int]]:
        """The lines of the routes that discard some of the packets, and these packets."""
        return self._routing.discarded(ingress, packets)

    def transfer(
        self, ingress: str, packets: int, *, detail: Detail = Detail.NOTHING, budget: Budget = UNLIMITED
    ) -> list[Departure]:
        """What leaves when `packets` come in by `ingress`, in the vendor's order of filter, NAT and routing.

        Some may be left out when `budget`, the work that may be done for filters, is exhausted.
        """
        interface = self.device.interfaces[ingress]
        self._losses.packets = EMPTY
        if not interface.enabled or self._in_doubt(ingress):
            self._losses.add(packets)
            return []
        if not self.device.forwards:
            self._losses.add(packets)
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

    def _departures(self, parts: list[Part]) -> list[Departure]:
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

    def _lose_in_doubt(self, parts: Iterable[Part]) -> None:
        """What would leave by an interface in doubt may not."""
        for part in parts:
            if part.choice is not None and self._in_doubt(part.choice.egress):
                self._losses.add(part.packets)

    def inside(self, ingress: str, packets: int) -> Inside:
        """What happens to packets that come in by an enabled interface of a device that forwards, before they leave it."""
        space = self._space
        losses: list[Loss] = []
        redirected: list[tuple[Link, int]] = []
        own = self._routing.own(self.device.interfaces[ingress].vrf)
        parts = [self._entering(ingress, packets, Detail.LINES)]
        for stage in self.device.pipeline:
            onward: list[Part] = []
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

    def _entering(self, ingress: str, packets: int, detail: Detail) -> Part:
        return Part(packets, self.device.name, ingress, links=None if detail is Detail.NOTHING else ())

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
        return [self.device.filters[name] for name in names if name is not None]

    def _stage(self, stage: Stage, ingress: str, parts: list[Part], detail: Detail, budget: Budget) -> list[Part]:
        for part in parts:
            part.stage = stage
        match stage:
            case Stage.INGRESS_NAT:
                return [new for part in parts for new in self._nat.ingress(ingress, part)]
            case Stage.ROUTE:
                return [new for part in parts for new in self._routing.route(ingress, part)]
            case Stage.EGRESS_NAT:
                return [new for part in parts for new in self._nat.egress(ingress, part)]
            case Stage.DIVERSION:
                return [new for part in parts for new in self._divert(part)]
            case Stage.INGRESS_FILTER | Stage.POLICY | Stage.EGRESS_FILTER:
                return [new for part in parts for new in self._filtered(stage, part, detail, budget)]

    def _filtered(self, stage: Stage, part: Part, detail: Detail, budget: Budget) -> list[Part]:
        egress = part.egress if stage is Stage.EGRESS_FILTER else "" if part.choice is None else part.choice.egress
        return self._past_all(self.filters(stage, part.ingress, egress), egress, part, detail, budget)

    def _past_all(
        self, filters: Iterable[Filter], egress: str, part: Part, detail: Detail, budget: Budget
    ) -> list[Part]:
        parts = [part]
        for filter_ in filters:
            parts = [new for one in parts for new in self._past(filter_, egress, one, detail, budget)]
        return parts

    def _past(self, filter_: Filter, egress: str, part: Part, detail: Detail, budget: Budget) -> Iterator[Part]:
        """What a filter lets through: split by translation, and for chains by the deciding line."""
        space = self._space
        untold = detail is Detail.DOUBTS and self._compiler.is_sure(filter_)
        if untold or detail is Detail.NOTHING:
            lost = part.packets
            for permitted in self._compiler.permitted(filter_, part.ingress, egress):
                passing = space.intersection(part.packets, permitted.packets)
                if passing != EMPTY:
                    yield part.permitted(passing, permitted.translation, ())
                    if self._losses.counted:
                        lost = space.difference(lost, passing)
            self._losses.add(lost)
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

    def _filter_link(self, filter_: Filter, part: Part, ruling: Ruling) -> Link:
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

    def _divert(self, part: Part) -> list[Part]:
        """What goes into tunnels instead of out of the interface. Of packets that an unsure line may take, nothing else is sure."""
        space = self._space
        remaining = part.packets
        result = []
        for diversion in self.device.interfaces[part.egress].diversions:
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
                self._losses.add(unsure)
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

    # --- doubts -------------------------------------------------------------------------------------------

    def _in_doubt(self, interface: str) -> bool:
        """Whether nothing sure can be said of traffic by this interface: what we could not read may also block."""
        return self._mode is not Mode.POSSIBLE and any(
            one.interfaces is None or interface in one.interfaces for one in self._doubts
        )

    def _doubtful(self, entering: Part) -> list[Departure]:
        """What doubts could let through: past the filters, as routed, translated or not; when the whole device is in doubt, out of every interface."""
        if not self._doubts:
            return []
        ingress = entering.ingress
        result = self._out_of_everything(entering)
        translated = self._unfiltered(ingress, [entering], (Stage.INGRESS_NAT, Stage.ROUTE, Stage.EGRESS_NAT))
        leaving = [*self._routing.by_table(self._routing.vrf(entering), entering), *translated]
        routed = [*leaving, *self._unfiltered(ingress, [entering], (Stage.INGRESS_NAT, Stage.ROUTE))]
        leaving += self._as_policies_translate(ingress, routed)
        if Stage.DIVERSION in self.device.pipeline:
            leaving += [new for part in leaving for new in self._divert(part) if new.choice is not part.choice]
        for part in leaving:
            egress = part.egress
            for doubt in self._doubts:
                if doubt.interfaces is None or ingress in doubt.interfaces or egress in doubt.interfaces:
                    result.append(self._in_spite_of(doubt, part))
        return result

    def _unfiltered(self, ingress: str, parts: list[Part], stages: tuple[Stage, ...]) -> list[Part]:
        for stage in self.device.pipeline:
            if stage in stages:
                parts = self._stage(stage, ingress, parts, Detail.NOTHING, UNLIMITED)
        return parts

    def _out_of_everything(self, entering: Part) -> list[Departure]:
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

    def _as_policies_translate(self, ingress: str, parts: list[Part]) -> list[Part]:
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
                result += self._nat.egress(ingress, new)
        return result

    def _after_ingress_nat(self, ingress: str, entering: Part) -> list[int]:
        return [part.packets for part in self._unfiltered(ingress, [entering], (Stage.INGRESS_NAT,))]

    def _in_spite_of(self, doubt: Doubt, part: Part, *, guessed: bool = False) -> Departure:
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
