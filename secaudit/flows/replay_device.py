"""One concrete packet through one device, stage by stage in the order of `Device.pipeline`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from secaudit.flows import replay_filters, replay_nat
from secaudit.flows.modes import Mode
from secaudit.flows.replay_filters import Ruling, rule_on
from secaudit.flows.replay_memory import Memory
from secaudit.flows.replay_routes import Departure, anywhere, departures
from secaudit.flows.replay_way import Arrival, Outcome, PolicyTranslation, Way, ended, merged, step
from secaudit.flows.trace import TraceVerdict
from secaudit.network.device import HIDING, Device, Doubt, DoubtKind, Plane, Stage
from secaudit.network.intervals import IPAddress
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources

_REDIRECTED = 1
"""The mark of a packet whose destination some NAT rule of the device changed (any but 0 says so)."""


@dataclass(frozen=True, slots=True)
class DeviceWalk:
    """A device in one mode, with its own addresses in the VRF of the packet and what it remembers when the packet is a reply."""

    device: Device
    own_addresses: frozenset[IPAddress]
    mode: Mode
    memory: Memory

    def run(self, way: Way, vrf: str) -> list[Outcome]:
        """From the ingress interface to the egress interface: ways that end here, and ways with a departure."""
        pipeline = self.device.pipeline
        if way.ingress is None:
            pipeline = pipeline[pipeline.index(Stage.ROUTE) :] if Stage.ROUTE in pipeline else ()
        if way.ingress is not None and self._is_untracked(way):
            way = replace(way, passage=replace(way.passage, untracked=True))
        if self.device.tracks_connections and self._memory(way).was_redirected(way):
            # what a rule asks of the destination it asks of the connection, in both directions
            way = replace(way, header=replace(way.header, mark=_REDIRECTED))
        outcomes = self._begin(way)
        for stage in pipeline:
            outcomes = _each(outcomes, partial(self._stage, stage, vrf))
        return _each(outcomes, self._finish)

    # --- what is remembered

    def _memory(self, way: Way) -> Memory:
        """What the device remembers of the packet whose reply this may be; a packet that is not tracked is nobody's reply."""
        return Memory() if self._is_untracked(way) else self.memory

    def _is_untracked(self, way: Way) -> bool:
        """By the header with which it came in. One whose addresses are not known counts as not tracked where it may be."""
        if self.device.untracked is None:
            return False
        apart = self.device.filters[self.device.untracked]
        header = replace(way.header, packet=way.passage.forms[0], mark=0)
        rulings = rule_on(apart, header, Mode.POSSIBLE, "" if way.ingress is None else way.ingress, way.egress)
        return any(one.permits is not False for one in rulings)

    # --- doubts about the device

    def _begin(self, way: Way) -> list[Outcome]:
        doubts = self._doubts()
        if self.mode is Mode.POSSIBLE:
            return [way, *self._past_the_filters(way, doubts)]
        on_entry = tuple(doubt for doubt in doubts if _touches(doubt, way.ingress))
        return [_unsure(way, on_entry)] if on_entry else [way]

    def _doubts(self) -> tuple[Doubt, ...]:
        return tuple(doubt for doubt in self.device.doubts if doubt.plane is Plane.TRAFFIC)

    def _past_the_filters(self, way: Way, doubts: tuple[Doubt, ...]) -> list[Way]:
        """What lines that we could not use might do: pass the packet by the filters, and for a doubt about all also by the NAT."""
        if not doubts:
            return []
        text = Text(
            ja="読み取れない・対応していない設定により、フィルターを通り抜ける可能性がある",
            en="settings that could not be used might let it past the filters",
        )
        lines = _lines_of(doubts)
        past = step(replace(way, bypass=doubts), None, text, lines, lines)
        untranslated = bool(self.device.nat_rules) and _about_everything(doubts)
        return [past, replace(past, without_nat=True)] if untranslated else [past]

    # --- stages

    def _stage(self, stage: Stage, vrf: str, way: Way) -> Iterable[Outcome]:
        interfaces = self.device.interfaces
        match stage:
            case Stage.INGRESS_FILTER:
                name = None if way.ingress is None else interfaces[way.ingress].filter_in
                return self._filter(stage, way, name, way.ingress)
            case Stage.INGRESS_NAT:
                return self._ingress_nat(way)
            case Stage.ROUTE:
                return self._route(way, vrf)
            case Stage.POLICY:
                return self._policies(way)
            case Stage.EGRESS_NAT:
                return self._egress_nat(way)
            case Stage.DIVERSION:
                return self._divert(way)
            case Stage.EGRESS_FILTER:
                seen = way.ingress is not None or self.device.filters_own_packets
                name = interfaces[way.egress].filter_out if way.egress is not None and seen else None
                return self._filter(stage, way, name, way.egress)

    def _finish(self, way: Way) -> list[Outcome]:
        """What a pipeline without the usual stages has left undone."""
        if way.egress is None:
            text = Text(ja=f"「{way.device}」に経路制御の段がない", en=f'"{way.device}" has no routing stage')
            return [ended(way, TraceVerdict.UNROUTED, text)]
        if Stage.EGRESS_NAT in self.device.pipeline:
            return [way]
        way = self._memory(way).undone(way, Stage.INGRESS_NAT, Stage.ROUTE) or way
        return [way] if way.translation is None else list(replay_nat.by_policy(self.device, way))

    def _policies(self, way: Way) -> list[Outcome]:
        if way.bypass and way.ingress is not None:
            return [way, *self._as_policies_would(way)]
        outcomes: list[Outcome] = [way]
        for name in () if way.ingress is None else self.device.policies:
            outcomes = _each(outcomes, partial(self._filter, Stage.POLICY, name=name, interface=None))
        return outcomes

    def _as_policies_would(self, way: Way) -> Iterable[Way]:
        """A packet that passes in spite of the policies may be translated as one of their lines asks."""
        told = set()
        for name in self.device.policies:
            for line in self.device.filters[name].lines:
                wanted = line.source_translation
                if wanted is not None and wanted not in told:
                    told.add(wanted)
                    yield replace(way, translation=PolicyTranslation(wanted, None, line.sources, name))

    def _filter(self, stage: Stage, way: Way, name: str | None, interface: str | None) -> list[Outcome]:
        """`interface` is the one to which the filter is applied, None for the policy of the whole device."""
        if name is None or way.bypass:
            return [way]
        filter_ = self.device.filters[name]
        if self._has_session(way, name, interface):
            text = Text(
                ja=f"フィルター「{name}」: 確立済みのセッションの応答として通す",
                en=f'filter "{name}" lets it pass as the reply of a session',
            )
            return [step(way, stage, text, filter_.sources)]
        remembered = self._remembered(way)
        rulings = rule_on(filter_, way.header, self.mode, way.ingress, way.egress, remembered=remembered)
        return [_ruled(stage, way, ruling, interface, name) for ruling in rulings]

    def _has_session(self, way: Way, name: str, interface: str | None) -> bool:
        if interface is None:
            return self._memory(way).has_policy_session(way, name)
        return self._memory(way).has_session(way, interface)

    def _divert(self, way: Way) -> list[Outcome]:
        outcomes = self._diverted(way)
        return [one for one in outcomes if isinstance(one, Arrival) or _is_past_for_a_reason(one, one.egress)]

    def _diverted(self, way: Way) -> list[Outcome]:
        """Into the tunnel of the first diversion that takes it. An unsure list: `POSSIBLE` follows both, the others know nothing."""
        if way.egress is None:
            return [way]
        outcomes: list[Outcome] = []
        for diversion in self.device.interfaces[way.egress].diversions:
            selector = self.device.filters[diversion.selector]
            text = Text(
                ja=f"「{selector.name}」に一致し、トンネル「{diversion.tunnel}」に入る",
                en=f'"{selector.name}" takes it into tunnel "{diversion.tunnel}"',
            )
            departure = Departure(text, diversion.sources, diversion.tunnel, to_neighbours=True)
            sources = merged(diversion.sources, selector.sources)
            into = step(replace(way, departure=departure), Stage.DIVERSION, text, sources)
            known = way.header.source_known and way.header.destination_known
            if known and replay_filters.is_exact(selector):
                if not rule_on(selector, way.header, self.mode, None, None)[0].permits:
                    continue
                # What we could not use may also be why it does not enter the tunnel.
                return [*outcomes, into, way] if way.bypass else [*outcomes, into]
            if not replay_filters.may_permit(selector, way.header):
                continue
            if self.mode is not Mode.POSSIBLE:
                return [ended(step(way, Stage.DIVERSION, text, sources, sources), TraceVerdict.UNDETERMINED, text)]
            if rule_on(selector, way.header, self.mode, None, None)[0].permits:
                outcomes.append(into)
        return [*outcomes, way]

    def _ingress_nat(self, way: Way) -> list[Outcome]:
        undone = self._memory(way).undone(way, Stage.EGRESS_NAT, Stage.INGRESS_NAT)
        if undone is not None:
            return [undone]
        if self._keeps_addresses(way):
            return [way]
        rules = replay_nat.ingress_rules(self.device, way)
        return replay_nat.by_first_rule(self.device, Stage.INGRESS_NAT, way, rules, self.mode)

    def _egress_nat(self, way: Way) -> Iterable[Outcome]:
        undone = self._memory(way).undone(way, Stage.INGRESS_NAT, Stage.EGRESS_NAT)
        if undone is not None:
            return [undone]
        if way.translation is not None:
            return replay_nat.by_policy(self.device, way)
        if self._keeps_addresses(way):
            return [way]
        rules = replay_nat.egress_rules(self.device, way)
        return replay_nat.by_first_rule(self.device, Stage.EGRESS_NAT, way, rules, self.mode)

    def _keeps_addresses(self, way: Way) -> bool:
        """A reply of a session of the whole device is never translated anew."""
        return way.without_nat or self._memory(way).has_policy_session(way) or self._remembered(way)

    def _remembered(self, way: Way) -> bool:
        """Whether it is the reply of a connection that the device remembers, for the lines that ask for that."""
        return self.device.tracks_connections and self._memory(way).has_passed(way)

    def _route(self, way: Way, vrf: str) -> list[Outcome]:
        if Stage.INGRESS_NAT not in self.device.pipeline:
            way = self._memory(way).undone(way, Stage.EGRESS_NAT, Stage.ROUTE) or way
        if not way.header.destination_known:
            text = Text(
                ja="宛先は DHCP・PPPoE などで与えられるアドレスで、設定からは分からない",
                en="the destination is an address given by DHCP, PPPoE or the like and is not in the files",
            )
            return [ended(step(way, Stage.ROUTE, text, ()), TraceVerdict.UNDETERMINED, text)]
        if way.header.packet.destination in self.own_addresses:
            return self._to_device(way)
        forwards = self.device.forwards or way.ingress is None
        if not forwards and not _about_everything(way.bypass):
            text = Text(ja=f"「{way.device}」はパケットを中継しない", en=f'"{way.device}" does not forward packets')
            return [ended(step(way, Stage.ROUTE, text, self.device.identity), TraceVerdict.UNROUTED, text)]
        found = departures(self.device, vrf, way.ingress, way.header, self.mode) if forwards else ()
        if _about_everything(way.bypass):
            text = Text(
                ja="読み取れない・対応していない設定により、どのインターフェースからも出る可能性がある",
                en="settings that could not be used might send it out of any interface",
            )
            found += anywhere(self.device, text, _lines_of(way.bypass))
        outcomes = [outcome for one in found for outcome in self._depart(way, one)]
        for name in self.device.local_out if way.ingress is None else ():
            outcomes = _each(outcomes, partial(self._filter, Stage.ROUTE, name=name, interface=None))
        return outcomes

    def _depart(self, way: Way, departure: Departure) -> list[Outcome]:
        way = step(
            replace(way, departure=departure), Stage.ROUTE, departure.what, departure.sources, departure.doubtful
        )
        if departure.ends is not None:
            return [ended(way, departure.ends, departure.what)]
        if not any(_is_past_for_a_reason(way, name) for name in self._may_leave_by(way)):
            return []
        doubts = tuple(one for one in self._doubts() if _touches(one, way.egress))
        if doubts and self.mode is not Mode.POSSIBLE:
            return [_unsure(way, doubts)]
        return [way]

    def _may_leave_by(self, way: Way) -> tuple[str | None, ...]:
        """The interface to which the packet is routed, and the tunnels that might take it there."""
        if way.egress is None or Stage.DIVERSION not in self.device.pipeline:
            return (way.egress,)
        return (way.egress, *(one.tunnel for one in self.device.interfaces[way.egress].diversions))

    def _to_device(self, way: Way) -> list[Outcome]:
        """The packet is for the device: what the filters for the device itself say. What it sends to itself they do not see."""
        if way.bypass and not any(_touches(one, way.ingress) for one in way.bypass):
            return []
        destination = way.header.packet.destination
        holders = (
            held.sources
            for interface in self.device.interfaces.values()
            for held in interface.addresses
            if held.address.ip == destination
        )
        text = Text(
            ja=f"{destination} は「{way.device}」自身のアドレス",
            en=f'{destination} is an address of "{way.device}" itself',
        )
        way = step(way, Stage.ROUTE, text, next(holders, ()))
        outcomes: list[Outcome] = [way]
        if way.ingress is not None:
            outcomes = self._local_filters(way)
        return _each(outcomes, lambda one: [ended(one, TraceVerdict.DELIVERED, text)])

    def _local_filters(self, way: Way) -> list[Outcome]:
        hidden = tuple(
            doubt
            for doubt in self.device.doubts
            if doubt.plane is Plane.MANAGEMENT and doubt.kind in _MAY_HIDE_A_FILTER
        )
        if hidden and self.mode is not Mode.POSSIBLE:
            return [_unsure(way, hidden)]
        outcomes: list[Outcome] = [way]
        for name in self.device.local_in:
            outcomes = _each(outcomes, partial(self._filter, Stage.ROUTE, name=name, interface=None))
        if hidden and self.device.local_in:
            text = Text(
                ja="読み取れない管理設定により、受け付ける可能性がある",
                en="management settings that could not be used might let it in",
            )
            lines = _lines_of(hidden)
            outcomes.append(step(way, None, text, lines, lines))
        return outcomes


_MAY_HIDE_A_FILTER = HIDING | {DoubtKind.TOO_COMPLEX}
"""Kinds of doubts about management behind which a filter for the device itself may be; the others are about single services."""


def _each(outcomes: Iterable[Outcome], act: Callable[[Way], Iterable[Outcome]]) -> list[Outcome]:
    """Acts on the ways that go on; those that have ended stay as they are."""
    result: list[Outcome] = []
    for outcome in outcomes:
        if isinstance(outcome, Arrival):
            result.append(outcome)
        else:
            result += act(outcome)
    return result


def _ruled(stage: Stage, way: Way, ruling: Ruling, interface: str | None, name: str) -> Outcome:
    way = step(way, stage, ruling.what, ruling.sources, ruling.doubtful)
    if ruling.permits is None:
        return ended(way, TraceVerdict.UNDETERMINED, ruling.what)
    if not ruling.permits:
        return ended(way, TraceVerdict.DENIED, ruling.what)
    if ruling.translation is not None:
        asked = PolicyTranslation(ruling.translation, ruling.match, ruling.sources, name)
        way = replace(way, translation=asked)
    if not ruling.opens_session:
        return way
    if interface is None:
        return replace(way, passage=replace(way.passage, policies=way.passage.policies | {name}))
    return replace(way, passage=replace(way.passage, interfaces=way.passage.interfaces | {interface}))


def _unsure(way: Way, doubts: tuple[Doubt, ...]) -> Arrival:
    lines = _lines_of(doubts)
    text = doubts[0].text
    return ended(step(way, None, text, lines, lines), TraceVerdict.UNDETERMINED, text)


def _touches(doubt: Doubt, interface: str | None) -> bool:
    return doubt.interfaces is None or interface in doubt.interfaces


def _is_past_for_a_reason(way: Way, egress: str | None) -> bool:
    """Whether a doubt that lets the packet past the filters is about an interface by which it comes or goes; true when none does."""
    return not way.bypass or any(_touches(one, way.ingress) or _touches(one, egress) for one in way.bypass)


def _about_everything(doubts: Iterable[Doubt]) -> bool:
    return any(doubt.interfaces is None for doubt in doubts)


def _lines_of(doubts: Iterable[Doubt]) -> Sources:
    return merged(*(doubt.sources for doubt in doubts))
