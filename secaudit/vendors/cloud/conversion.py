"""A cloud network as devices.

A virtual network is one router. Its interfaces are the subnets (the provider's router has the first address of each) and the gateways that are
attached to it; which route table is used is told by where a packet comes from, so tables are policy routes by interface. Subnet filters act on
what leaves a subnet (`filter_in`) and what enters it (`filter_out`), rule groups are policies (`groups`). Hubs, line gateways and NAT
gateways are devices of their own (`gateways`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

from secaudit.network.device import Device, Doubt, DoubtKind, Notice, Plane, Stage
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import ANY_PACKET, Match, any_address
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import PolicyRoute
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cloud.gateways import hub_device, line_gateway_device, nat_device
from secaudit.vendors.cloud.groups import FAMILIES, INBOUND, OUTBOUND, Cards, GroupFilters, of_prefixes
from secaudit.vendors.cloud.model import (
    Attachment,
    Cloud,
    Subnet,
    SubnetFilter,
    VirtualNetwork,
    Way,
)
from secaudit.vendors.cloud.routing import PLACES_NOT_TOLD, TableRoutes

_PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_NAT,
    Stage.EGRESS_FILTER,
)
_OUTBOUND_ONLY = "egress-only gateways"
_SUBNETS = "subnets"
_SHOWN = 12
_MANAGED_ELSEWHERE = Text(
    ja="クラウドの管理面(管理コンソール、API、操作ログ)の設定は、このファイルに含まれない。",
    en="how the cloud itself is managed (console, API, logs of operations) is not in these files",
)
_NO_SUBNETS = Text(
    ja="仮想ネットワークのサブネットが提出されていないため、どの端末がどこにあるか分からない。",
    en="the subnets of the virtual network were not submitted, so what is where in it is not known",
)
_NO_PREFIX = Text(
    ja="サブネットのアドレスが提出されていない。",
    en="the addresses of a subnet were not submitted",
)
_NO_FILTER = Text(
    ja="サブネットに適用されるネットワークACLが提出されていない。",
    en="the network ACL of the subnet was not submitted",
)
_TWO_FILTERS = Text(
    ja="一つのサブネットに二つ以上のネットワークACLが適用されることになっており、どれが現在のものか判断できない。",
    en="more than one network ACL claims to be that of the subnet, and which one is current cannot be told",
)
_SEVERAL_FILTERS = Text(
    ja="ゲートウェイのサブネットごとにネットワークACLが異なり、どれが使われるかはパケットからは判断できない。",
    en="the subnets of the gateway have different network ACLs, and which one is used cannot be told from the packet",
)
_PUBLIC_NOT_TOLD = Text(
    ja="ネットワークインターフェースがすべて提出されたとは確認できないため、どの端末がパブリックIPアドレスを持つか分からない。",
    en="not all network interfaces were submitted, so which hosts have a public address is not known",
)


def devices_of(cloud: Cloud) -> tuple[Device, ...]:
    """Every virtual network and gateway as a device, in a stable order."""
    cards = Cards(cloud)
    owners = {one.id: one.owner for one in cloud.networks}
    parts = _Parts(cloud, cards)
    found = [_Network(parts, cards, one).device() for one in cloud.networks]
    subnets = {one.id: one for one in cloud.subnets}
    for nat in cloud.nats:
        found.append(nat_device(cloud, nat, subnets.get(nat.subnet), owners.get(nat.network, "")))
    found += [hub_device(cloud, one) for one in cloud.hubs]
    found += [line_gateway_device(cloud, one) for one in cloud.line_gateways]
    return tuple(sorted((_with_doubts(parts, one) for one in found), key=lambda one: one.name))


class _Parts:
    """The parts of a cloud by the network (or gateway) they belong to."""

    def __init__(self, cloud: Cloud, cards: Cards) -> None:
        self.cloud = cloud
        self.groups = GroupFilters(cloud, cards)
        self.subnets = _by_network(cloud.subnets)
        self.attachments = _by_network(cloud.attachments)
        self.tables = _by_network(cloud.tables)
        self.filters = _by_network(cloud.filters)
        self.cards = _by_network(cloud.cards)
        self.nats = _by_network(cloud.nats)
        self.doubts: dict[str | None, list[Doubt]] = {}
        self.notices: dict[str, list[Notice]] = {}
        for one in cloud.doubts:
            self.doubts.setdefault(one.place, []).append(one.doubt)
        for place, notice in cloud.notices:
            self.notices.setdefault(place, []).append(notice)


class _Placed(Protocol):
    @property
    def network(self) -> str: ...


_P = TypeVar("_P", bound=_Placed)


def _by_network(parts: Iterable[_P]) -> dict[str, list[_P]]:
    found: dict[str, list[_P]] = {}
    for one in parts:
        found.setdefault(one.network, []).append(one)
    return found


def _with_doubts(parts: _Parts, device: Device) -> Device:
    place = device.name.rpartition("/")[2]
    told = (*parts.doubts.get(None, ()), *parts.doubts.get(place, ()))
    notices = parts.notices.get(place, ())
    # Of no interface: what is forwarded does not hang on it.
    nothing: frozenset[str] = frozenset()
    managed = Doubt(DoubtKind.TRUNCATED, _MANAGED_ELSEWHERE, device.identity[:1], Plane.MANAGEMENT, nothing)
    return replace(device, doubts=(*device.doubts, *told, managed), notices=(*device.notices, *notices))


def router_address(prefix: IPNetwork) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    """The address of the provider's router in a subnet: the first one after that of the network itself."""
    first = prefix[1] if prefix.num_addresses > 1 else prefix[0]
    return ipaddress.ip_interface(f"{first}/{prefix.prefixlen}")


class _Network:
    """Makes the device of one virtual network."""

    def __init__(self, parts: _Parts, cards: Cards, network: VirtualNetwork) -> None:
        self._cloud = parts.cloud
        self._groups = parts.groups
        self._cards = cards
        self._network = network
        self._subnets = parts.subnets.get(network.id, [])
        self._attachments = parts.attachments.get(network.id, [])
        self._tables = parts.tables.get(network.id, [])
        self._filters_of: dict[str, SubnetFilter] = {}
        self._claimed_twice: set[str] = set()
        for one in parts.filters.get(network.id, ()):
            for subnet in one.subnets:
                if self._filters_of.setdefault(subnet, one) is not one:
                    self._claimed_twice.add(subnet)
        for subnet in self._claimed_twice:
            del self._filters_of[subnet]
        self._card_by_id = {one.id: one for one in parts.cards.get(network.id, ())}
        self._nat_by_id = {one.id: one for one in parts.nats.get(network.id, ())}
        self._doubts: list[Doubt] = []
        self._filters: dict[str, Filter] = {}
        self._routers = frozenset(card.subnet for card in self._card_by_id.values() if card.routes)

    def device(self) -> Device:
        network = self._network
        interfaces = {one.name: one for one in (*self._subnet_interfaces(), *self._gateway_interfaces())}
        policies = self._policies()
        tables = TableRoutes(
            network, self._subnets, self._attachments, self._tables, self._card_by_id.values(), self._nat_by_id.values()
        )
        routes = tuple(tables.policy_routes())
        self._doubts += tables.doubts
        for gateway in self._mentioned(routes, interfaces):
            interfaces[gateway.name] = gateway
        self._public_addresses_told()
        return Device(
            name=f"{network.owner or self._cloud.vendor}/{network.id}",
            vendor=self._cloud.vendor,
            file=self._cloud.file,
            identity=network.sources,
            interfaces=interfaces,
            filters=self._filters,
            pipeline=_PIPELINE,
            model=network.title,
            policies=policies,
            policy_routes=routes,
            nat_rules=tuple(self._translations()),
            doubts=tuple(_merged_doubts(self._doubts)),
        )

    # --- interfaces ---------------------------------------------------------------------------------------

    def _subnet_interfaces(self) -> Iterator[Interface]:
        for subnet in self._subnets:
            yield Interface(
                name=subnet.id,
                kind=InterfaceKind.VLAN,
                sources=subnet.sources,
                addresses=tuple(InterfaceAddress(router_address(one), subnet.sources) for one in subnet.prefixes),
                dynamic_address=not subnet.prefixes,
                filter_in=self._subnet_filter(subnet, inbound=False),
                filter_out=self._subnet_filter(subnet, inbound=True),
                description=subnet.title,
            )
            if not subnet.prefixes:
                self._doubts.append(Doubt(DoubtKind.TRUNCATED, _NO_PREFIX, subnet.sources))
        if not self._subnets:
            yield Interface(_SUBNETS, InterfaceKind.VLAN, self._network.sources, dynamic_address=True)
            self._doubts.append(Doubt(DoubtKind.TRUNCATED, _NO_SUBNETS, self._network.sources))

    def _gateway_interfaces(self) -> Iterator[Interface]:
        for one in self._attachments:
            filter_in, filter_out = self._gateway_filters(one)
            yield Interface(
                name=one.interface,
                kind=InterfaceKind.TUNNEL,
                sources=one.sources,
                peer=one.peer,
                filter_in=filter_in,
                filter_out=filter_out,
                description=one.way.value,
            )

    def _mentioned(self, routes: Iterable[PolicyRoute], known: dict[str, Interface]) -> Iterator[Interface]:
        """Gateways that are known from routes alone."""
        for route in routes:
            for hop in route.next_hops:
                if hop.interface is not None and hop.interface not in known:
                    yield Interface(hop.interface, InterfaceKind.TUNNEL, hop.sources)

    # --- subnet filters -----------------------------------------------------------------------------------

    def _subnet_filter(self, subnet: Subnet, *, inbound: bool) -> str:
        found = self._filters_of.get(subnet.id)
        if found is None:
            reason = _TWO_FILTERS if subnet.id in self._claimed_twice else _NO_FILTER
            return self._unknown_filter(f"{subnet.id} {_direction(inbound)}", subnet.sources, reason)
        if not inbound:
            return self._named(found, inbound=False)
        inside = [one for one in self._attachments if one.way is Way.HUB and subnet.id in self._subnets_of(one)]
        if not inside:
            return self._named(found, inbound=True)
        # What a gateway with a card in this subnet sends to hosts of the same subnet does not pass the filter.
        exempt = tuple(self._exempt(one, ANY_PACKET, one.sources, ingress=True) for one in inside)
        name = f"{found.id} inbound {subnet.id}"
        self._filters[name] = replace(_filter(found, name, found.inbound), lines=(*exempt, *found.inbound))
        return name

    def _named(self, found: SubnetFilter, *, inbound: bool) -> str:
        name = f"{found.id} {_direction(inbound)}"
        if name not in self._filters:
            self._filters[name] = _filter(found, name, found.inbound if inbound else found.outbound)
        return name

    def _unknown_filter(self, name: str, sources: Sources, reason: Text = _NO_FILTER) -> str:
        line = FilterLine("?", Action.UNKNOWN, ANY_PACKET, sources, doubt=reason)
        self._filters[name] = Filter(name, (line,), Action.DENY, sources)
        return name

    def _gateway_filters(self, one: Attachment) -> tuple[str | None, str | None]:
        """What a gateway with cards in subnets sends into them passes their outbound filter, and what it takes from them the inbound one.

        Source: AWS, "Network ACLs for transit gateways": the outbound rules of its subnet see what it sends to instances in other subnets,
        the inbound rules what they send to it.
        """
        if one.way is Way.INTERNET:
            return self._internet_filters(one)
        if one.way is not Way.HUB:
            return None, None
        found = {self._filters_of.get(subnet) for subnet in one.subnets}
        (only, *others) = found or {None}
        if others or only is None:
            reason = _SEVERAL_FILTERS if others else _NO_FILTER if one.subnets else PLACES_NOT_TOLD
            name = self._unknown_filter(f"{one.interface} subnets", one.sources, reason)
            return name, name
        here = {subnet.id: subnet for subnet in self._subnets}
        matches = tuple(
            Match(family, any_address(family), spans)
            for family in FAMILIES
            if (spans := of_prefixes((p for s in one.subnets if s in here for p in here[s].prefixes), family))
        )
        name = f"{only.id} outbound {one.interface}"
        same = (self._exempt(one, matches, one.sources),) if matches else ()
        self._filters[name] = replace(_filter(only, name, only.outbound), lines=(*same, *only.outbound))
        return name, self._named(only, inbound=True)

    def _subnets_of(self, one: Attachment) -> tuple[str, ...]:
        """The subnets in which a gateway has cards: all of them may be, where that is not told."""
        return one.subnets or tuple(subnet.id for subnet in self._subnets)

    @staticmethod
    def _exempt(one: Attachment, matches: tuple[Match, ...], sources: Sources, *, ingress: bool = False) -> FilterLine:
        told = bool(one.subnets)
        return FilterLine(
            "same subnet as the gateway",
            Action.PERMIT,
            matches,
            sources,
            Certainty.ALWAYS if told else Certainty.UNCERTAIN,
            None if told else PLACES_NOT_TOLD,
            ingress=frozenset({one.interface}) if ingress else None,
        )

    def _internet_filters(self, one: Attachment) -> tuple[str, str]:
        """By an internet gateway goes only what has a public address: those of cards, and the IPv6 addresses of the network."""
        public = [(int(outer), name, sources) for name, _, outer, sources in self._public_addresses()]
        lines = []
        for inward in (True, False):
            made = []
            for value, name, sources in public:
                own, everyone = ((value, value),), any_address(4)
                match = Match(4, everyone, own) if inward else Match(4, own, everyone)
                made.append(FilterLine(name, Action.PERMIT, (match,), sources))
            own6 = of_prefixes((p for s in self._subnets for p in s.prefixes), 6)
            if own6:
                match = Match(6, any_address(6), own6) if inward else Match(6, own6, any_address(6))
                made.append(FilterLine("IPv6", Action.PERMIT, (match,), one.sources))
            name = f"{one.interface} {_direction(inward)}"
            self._filters[name] = Filter(name, tuple(made), Action.DENY, one.sources)
            lines.append(name)
        return lines[0], lines[1]

    def _public_addresses_told(self) -> None:
        """Where not all cards are known, any host may have a public address."""
        gateways = [one for one in self._attachments if one.way is Way.INTERNET]
        open_subnets = [one for one in self._subnets if not self._cards.complete(one)]
        if gateways and (open_subnets or not self._subnets):
            lines = tuple(line for one in gateways for line in one.sources)
            lines = (*lines, *(line for one in open_subnets[:3] for line in one.sources[:1]))
            self._doubts.append(
                Doubt(
                    DoubtKind.TRUNCATED,
                    _PUBLIC_NOT_TOLD,
                    lines,
                    interfaces=frozenset(one.interface for one in gateways),
                )
            )

    # --- policies -----------------------------------------------------------------------------------------

    def _policies(self) -> tuple[str, ...]:
        for one in self._groups.filters(self._network, self._subnets, self._routers):
            self._filters[one.name] = one
        outward = [one for one in self._attachments if one.way is Way.OUTBOUND]
        if not outward:
            return OUTBOUND, INBOUND
        lines = tuple(
            FilterLine("egress only", Action.DENY, ANY_PACKET, one.sources, ingress=frozenset({one.interface}))
            for one in outward
        )
        only6 = tuple(
            FilterLine("IPv6 only", Action.DENY, ANY_PACKET[:1], one.sources, egress=frozenset({one.interface}))
            for one in outward
        )
        self._filters[_OUTBOUND_ONLY] = Filter(
            _OUTBOUND_ONLY, (*lines, *only6), Action.PERMIT, outward[0].sources, stateful=True
        )
        return _OUTBOUND_ONLY, OUTBOUND, INBOUND

    def _translations(self) -> Iterator[NatRule]:
        gateways = frozenset(one.interface for one in self._attachments if one.way is Way.INTERNET)
        if not gateways:
            return
        for name, inner, outer, sources in self._public_addresses():
            private, public = (int(inner), int(inner)), (int(outer), int(outer))
            yield NatRule(
                f"{name} in",
                NatStage.INGRESS,
                (Match(4, any_address(4), (public,)),),
                sources,
                interfaces=gateways,
                destination=Translation(TranslationKind.SHIFT, private),
            )
            yield NatRule(
                f"{name} out",
                NatStage.EGRESS,
                (Match(4, (private,), any_address(4)),),
                sources,
                interfaces=gateways,
                source=Translation(TranslationKind.SHIFT, public),
            )

    def _public_addresses(self) -> Iterator[tuple[str, IPAddress, IPAddress, Sources]]:
        """Inner and outer IPv4 addresses: those of cards, and of NAT gateways whose card was not described."""
        seen = set()
        for card in self._card_by_id.values():
            for inner, outer in card.public.items():
                if inner.version == outer.version == 4:
                    seen.add(inner)
                    yield card.id, inner, outer, card.sources
        for nat in self._nat_by_id.values():
            if nat.address is not None and nat.public is not None and nat.address not in seen:
                yield nat.id, nat.address, nat.public, nat.sources


def _direction(inbound: bool) -> str:
    return "inbound" if inbound else "outbound"


def _filter(found: SubnetFilter, name: str, lines: tuple[FilterLine, ...]) -> Filter:
    return Filter(name, lines, Action.DENY, found.sources, default_sources=found.ends or found.sources)


def _merged_doubts(doubts: Iterable[Doubt]) -> Iterator[Doubt]:
    """Doubts of one meaning as one, with the lines of all."""
    lines: dict[tuple[DoubtKind, Text, frozenset[str] | None], dict[SourceLine, None]] = {}
    for one in doubts:
        lines.setdefault((one.kind, one.text, one.interfaces), {}).update(dict.fromkeys(one.sources))
    for (kind, text, interfaces), sources in lines.items():
        yield Doubt(kind, text, tuple(sources)[:_SHOWN], interfaces=interfaces)
