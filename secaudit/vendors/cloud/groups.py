"""Rule groups (security groups) as two policies of the router that stands for a virtual network.

One asks what the card that sends may send, the other what the card that receives may receive: both must permit, both remember connections. A
group that a rule names stands for the addresses of the cards in it. Where nobody showed which cards there are, anything may be there
with any group: such lines permit for what is possible and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import (
    IPV4_MAX,
    IPV6_MAX,
    Intervals,
    IPNetwork,
    complement,
    normalise,
    of_network,
    subtract,
)
from secaudit.network.matches import ANY_PACKET, Family, Match, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.cloud.model import Cloud, GroupRule, NetworkCard, RuleGroup, Subnet, VirtualNetwork

INBOUND, OUTBOUND = "security groups inbound", "security groups outbound"
FAMILIES: tuple[Family, Family] = (4, 6)
_MAXIMUM: Mapping[Family, int] = {4: IPV4_MAX, 6: IPV6_MAX}
_NOT_TOLD = Text(
    ja="このサブネットのネットワークインターフェースがすべて提出されたとは確認できないため、どのセキュリティグループが適用される端末があるか分からない。",
    en="not all network interfaces of this subnet were submitted, so which hosts are there, and in which security groups, is not known",
)
_NO_GROUPS_TOLD = Text(
    ja="このネットワークインターフェースのセキュリティグループが分からない。",
    en="the security groups of this network interface are not told",
)
_UNDEFINED = Text(
    ja="セキュリティグループの内容が提出されていない。",
    en="the security group was not submitted",
)
_MEMBERS = Text(
    ja="規則が指すセキュリティグループに属するネットワークインターフェースがすべて提出されたとは確認できない。",
    en="not all network interfaces of the security group that the rule names were submitted",
)
_ROUTES_OTHERS = Text(
    ja="他の機器のパケットを中継するインスタンス(送信元／送信先チェックが無効)があり、その設定は提出されていない。",
    en="an instance there forwards packets of others (no source/destination check), and its configuration was not submitted",
)


def addresses_of(card: NetworkCard, family: Family) -> Intervals:
    """The addresses of a card."""
    held = [(int(one), int(one)) for one in card.addresses if one.version == family]
    held += [of_network(one) for one in card.prefixes if one.version == family]
    return normalise(held)


def of_prefixes(prefixes: Iterable[IPNetwork], family: Family) -> Intervals:
    """Prefixes of one family as intervals."""
    return normalise(of_network(one) for one in prefixes if one.version == family)


class Cards:
    """The network cards of a cloud by place and group, and where all of them are known."""

    def __init__(self, cloud: Cloud) -> None:
        self.by_subnet: dict[str, list[NetworkCard]] = {}
        self.by_group: dict[str, list[NetworkCard]] = {}
        self._subnets: dict[str, list[Subnet]] = {}
        self._reserved = cloud.reserved
        self._complete: dict[str, bool] = {}
        self._members: dict[tuple[str, Family], tuple[Intervals, Intervals]] = {}
        self._untold: list[NetworkCard] = []
        """Cards of which not all groups are told: they may be in any."""
        for card in cloud.cards:
            self.by_subnet.setdefault(card.subnet, []).append(card)
            if card.groups is None or "" in card.groups:
                self._untold.append(card)
            for group in card.groups or ():
                self.by_group.setdefault(group, []).append(card)
        for subnet in cloud.subnets:
            self._subnets.setdefault(subnet.network, []).append(subnet)
        self.networks: dict[str, VirtualNetwork] = {one.id: one for one in cloud.networks}

    def of(self, subnet: str) -> list[NetworkCard]:
        """The cards of a subnet that were submitted."""
        return self.by_subnet.get(subnet, [])

    def complete(self, subnet: Subnet) -> bool:
        """Whether the provider's own count of used addresses proves that every card of a subnet was submitted."""
        found = self._complete.get(subnet.id)
        if found is None:
            known = sum(high - low + 1 for card in self.of(subnet.id) for low, high in addresses_of(card, 4))
            found = self._complete[subnet.id] = subnet.used is not None and known == subnet.used
        return found

    def members(self, group: RuleGroup, family: Family) -> tuple[Intervals, Intervals]:
        """The addresses of the cards that are in a group, and those of which nobody knows whether they are."""
        found = self._members.get((group.id, family))
        if found is None:
            found = self._members[group.id, family] = self._found_members(group, family)
        return found

    def _found_members(self, group: RuleGroup, family: Family) -> tuple[Intervals, Intervals]:
        sure = normalise(span for card in self.by_group.get(group.id, ()) for span in addresses_of(card, family))
        unknown: list[tuple[int, int]] = [span for card in self._untold for span in addresses_of(card, family)]
        subnets = self._subnets.get(group.network, [])
        for subnet in subnets:
            if not self.complete(subnet):
                unknown += of_prefixes(subnet.prefixes, family)
                if not subnet.prefixes:
                    unknown += any_address(family)
        network = self.networks.get(group.network)
        if not subnets:
            prefixes = () if network is None else network.prefixes
            unknown += of_prefixes(prefixes, family) if prefixes else any_address(family)
        return sure, subtract(normalise(unknown), sure, _MAXIMUM[family])


@dataclass(frozen=True, slots=True)
class _Side:
    """One direction: `inbound` policies look at the receiver."""

    inbound: bool

    def match(self, family: Family, own: Intervals, peer: Intervals, rule: GroupRule) -> Match:
        services = rule.services[family]
        return Match(family, peer, own, services) if self.inbound else Match(family, own, peer, services)

    def about(self, family: Family, own: Intervals) -> Match:
        everyone = any_address(family)
        return Match(family, everyone, own) if self.inbound else Match(family, own, everyone)

    def line(
        self,
        label: str,
        action: Action,
        matches: tuple[Match, ...],
        sources: Sources,
        port: str,
        doubt: Text | None = None,
        comment: str = "",
    ) -> FilterLine:
        certainty = Certainty.ALWAYS if doubt is None else Certainty.UNCERTAIN
        place = frozenset({port})
        return FilterLine(
            label,
            action,
            matches,
            sources,
            certainty,
            doubt,
            ingress=None if self.inbound else place,
            egress=place if self.inbound else None,
            comment=comment,
        )


class GroupFilters:
    """Writes the two policies of virtual networks."""

    def __init__(self, cloud: Cloud, cards: Cards) -> None:
        self._cards = cards
        self._groups = {one.id: one for one in cloud.groups}

    def filters(
        self, network: VirtualNetwork, subnets: Iterable[Subnet], routers: frozenset[str]
    ) -> tuple[Filter, Filter]:
        """The policies for what is sent and what is received. `routers` are subnets with hosts that forward packets of others."""
        held = list(subnets)
        return tuple(  # type: ignore[return-value]
            Filter(
                INBOUND if side.inbound else OUTBOUND,
                tuple(line for one in held for line in self._lines(side, one, one.id in routers)),
                Action.PERMIT,
                network.sources,
                stateful=True,
            )
            for side in (_Side(False), _Side(True))
        )

    def _lines(self, side: _Side, subnet: Subnet, routers: bool) -> Iterator[FilterLine]:
        for card in self._cards.of(subnet.id):
            yield from self._of_card(side, subnet, card)
        complete = self._cards.complete(subnet)
        if routers:
            yield side.line("?", Action.UNKNOWN, ANY_PACKET, subnet.sources, subnet.id, _ROUTES_OTHERS)
        if not complete:
            yield side.line("?", Action.UNKNOWN, ANY_PACKET, subnet.sources, subnet.id, _NOT_TOLD)
            return
        if side.inbound:
            # What leaves for this subnet with a destination elsewhere goes to a gateway in it, on which no group acts.
            rest = tuple(
                side.about(family, spans) for family in FAMILIES if (spans := of_prefixes(subnet.prefixes, family))
            )
        else:
            rest = ANY_PACKET
        yield side.line("no network interface", Action.DENY, rest, subnet.sources, subnet.id)

    def _of_card(self, side: _Side, subnet: Subnet, card: NetworkCard) -> Iterator[FilterLine]:
        own = {family: addresses_of(card, family) for family in FAMILIES}
        about = tuple(side.about(family, own[family]) for family in FAMILIES if own[family])
        if not side.inbound and card.managed and not card.groups:
            about = ANY_PACKET if card.managed in ("nat_gateway", "transit_gateway") and not own[4] else about
        if not about:
            return
        if card.groups is None:
            yield side.line(card.id, Action.UNKNOWN, about, card.sources, subnet.id, _NO_GROUPS_TOLD)
            return
        if not card.groups:
            yield side.line(card.id, Action.PERMIT, about, card.sources, subnet.id)
            return
        undefined = [name for name in card.groups if name not in self._groups]
        for name in card.groups:
            group = self._groups.get(name)
            if group is not None:
                for rule in group.inbound if side.inbound else group.outbound:
                    yield from self._of_rule(side, subnet, card, own, rule)
        if undefined:
            yield side.line(" ".join(undefined), Action.UNKNOWN, about, card.sources, subnet.id, _UNDEFINED)
            return
        lines = (line for name in card.groups for line in self._groups[name].sources)
        sources = tuple(dict.fromkeys((*card.sources, *lines)))
        yield side.line(f"{card.id} default", Action.DENY, about, sources, subnet.id)

    def _of_rule(
        self, side: _Side, subnet: Subnet, card: NetworkCard, own: Mapping[Family, Intervals], rule: GroupRule
    ) -> Iterator[FilterLine]:
        sure: list[Match] = []
        unsure: list[Match] = []
        for family in FAMILIES:
            if not own[family] or not rule.services.get(family):
                continue
            peers = [*of_prefixes(rule.prefixes, family)]
            doubtful: list[tuple[int, int]] = [*any_address(family)] if rule.any_peer else []
            for name in rule.groups:
                group = self._groups.get(name)
                if group is None:
                    # Of another account or region, perhaps: its members are not known, but those that are may be all.
                    peers += [s for c in self._cards.by_group.get(name, ()) for s in addresses_of(c, family)]
                    doubtful += any_address(family)
                    continue
                members, perhaps = self._cards.members(group, family)
                peers += members
                doubtful += perhaps
            if peers:
                sure.append(side.match(family, own[family], normalise(peers), rule))
            if doubtful:
                rest = subtract(normalise(doubtful), normalise(peers), _MAXIMUM[family])
                if rest:
                    unsure.append(side.match(family, own[family], rest, rule))
        sources = tuple(dict.fromkeys((*rule.sources, *card.sources[:1])))
        if sure:
            yield side.line(rule.label, Action.PERMIT, tuple(sure), sources, subnet.id, rule.unsure, card.id)
        if unsure:
            yield side.line(
                rule.label, Action.PERMIT, tuple(unsure), sources, subnet.id, rule.unsure or _MEMBERS, card.id
            )


def outside(prefixes: Iterable[IPNetwork], family: Family) -> Intervals:
    """Every address that is in none of the prefixes."""
    return complement(of_prefixes(prefixes, family), _MAXIMUM[family])
