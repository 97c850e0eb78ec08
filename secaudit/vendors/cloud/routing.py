"""Route tables as policy routes: which table is used is told by where a packet comes in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.intervals import IPNetwork
from secaudit.network.matches import ANY_PACKET, Family, Match, any_address
from secaudit.network.routes import NextHop, PolicyRoute
from secaudit.text.bilingual import Text
from secaudit.vendors.cloud.groups import FAMILIES, of_prefixes, outside
from secaudit.vendors.cloud.model import (
    Attachment,
    NatGateway,
    NetworkCard,
    RouteTable,
    Subnet,
    TableRoute,
    Target,
    TargetKind,
    VirtualNetwork,
    Way,
)

_NO_TABLE = Text(
    ja="サブネットに適用されるルートテーブルが提出されていないため、経路が分からない。",
    en="the route table of a subnet was not submitted, so its routes are not known",
)
_SEVERAL_TABLES = Text(
    ja="ゲートウェイのサブネットごとにルートテーブルが異なり、どれが使われるかはパケットからは判断できない。",
    en="the subnets of the gateway have different route tables, and which one is used cannot be told from the packet",
)
_TWO_TABLES = Text(
    ja="一つのサブネットに二つ以上のルートテーブルが適用されることになっており、どれが現在のものか判断できない。",
    en="more than one route table claims to be that of the subnet, and which one is current cannot be told",
)
_UNKNOWN_TARGET = Text(
    ja="経路の行き先の種類を読み取れない。",
    en="where the route leads was not understood",
)
_UNKNOWN_PREFIX = Text(
    ja="経路の宛先(プレフィックスリスト)が提出されていない。",
    en="the destinations of the route (a prefix list) were not submitted",
)
PLACES_NOT_TOLD = Text(
    ja="ゲートウェイがどのサブネットに接続しているか提出されていない。",
    en="in which subnets the gateway has its interfaces was not submitted",
)


class TableRoutes:
    """The route tables of one virtual network."""

    def __init__(
        self,
        network: VirtualNetwork,
        subnets: Iterable[Subnet],
        attachments: Iterable[Attachment],
        tables: Iterable[RouteTable],
        cards: Iterable[NetworkCard],
        nats: Iterable[NatGateway],
    ) -> None:
        self._network = network
        self._subnets = tuple(subnets)
        self._known = {one.id for one in self._subnets}
        self._attachments = tuple(attachments)
        self._tables = tuple(tables)
        self._explicit: dict[str, list[RouteTable]] = {}
        for table in self._tables:
            for subnet in table.subnets:
                self._explicit.setdefault(subnet, []).append(table)
        self._card_by_id = {one.id: one for one in cards}
        self._nat_by_id = {one.id: one for one in nats}
        self.doubts: list[Doubt] = []

    def _subnets_of(self, one: Attachment) -> tuple[str, ...]:
        """The subnets in which a gateway has cards: all of them may be, where that is not told."""
        return one.subnets or tuple(subnet.id for subnet in self._subnets)

    def policy_routes(self) -> Iterator[PolicyRoute]:
        """The tables of all subnets and gateways; what cannot be told is added to `doubts`."""
        by_table: dict[str, set[str]] = {}
        tables = {one.id: one for one in self._tables}
        unsure: dict[str, list[RouteTable]] = {}
        for subnet in self._subnets:
            found = self._tables_of(subnet.id)
            if not found:
                self.doubts.append(Doubt(DoubtKind.TRUNCATED, _NO_TABLE, subnet.sources))
            elif len(found) == 1 or len({table.routes for table in found}) == 1:
                by_table.setdefault(found[0].id, set()).add(subnet.id)
            else:
                unsure[subnet.id] = found
        if not self._subnets and not self._tables:
            self.doubts.append(Doubt(DoubtKind.TRUNCATED, _NO_TABLE, self._network.sources))
        for one in self._attachments:
            edge = [table for table in self._tables if one.interface in table.gateways]
            if not edge and one.way is Way.HUB:
                # Packets enter by the cards of the gateway, so the tables of their subnets are used; of all, where these are not told.
                edge = list({t.id: t for s in self._subnets_of(one) for t in self._tables_of(s)}.values())
            if len({table.routes for table in edge}) == 1:
                by_table.setdefault(edge[0].id, set()).add(one.interface)
            elif edge:
                unsure[one.interface] = edge
        for name, ports in sorted(by_table.items()):
            yield from self._of_table(tables[name], frozenset(ports), None)
        for port, several in sorted(unsure.items()):
            reason = _TWO_TABLES if port in self._known else _SEVERAL_TABLES
            for table in several:
                yield from self._of_table(table, frozenset({port}), reason)
        for one in self._attachments:
            others = tuple(
                NextHop(other.sources, interface=other.interface) for other in self._attachments if other is not one
            )
            if one.way is Way.HUB and not one.subnets and others:
                place = frozenset({one.interface})
                yield PolicyRoute("not told", ANY_PACKET, others, one.sources, place, uncertain=PLACES_NOT_TOLD)

    def _local_prefixes(self) -> tuple[IPNetwork, ...]:
        """What is routed locally whatever the tables say: the ranges of the network, or at least its subnets."""
        return self._network.prefixes or tuple(prefix for one in self._subnets for prefix in one.prefixes)

    def _tables_of(self, subnet: str) -> list[RouteTable]:
        """The table of a subnet; several where more than one says that it is (one of them is out of date)."""
        explicit = self._explicit.get(subnet)
        return explicit or [one for one in self._tables if one.main]

    def _of_table(self, table: RouteTable, ports: frozenset[str], unsure: Text | None) -> Iterator[PolicyRoute]:
        """Longest prefix first; the same prefix once, what is not learnt before what is."""
        spread: list[tuple[IPNetwork | None, TableRoute]] = []
        for route in table.routes:
            if route.destinations is None:
                spread.append((None, route))
            else:
                spread.extend((prefix, route) for prefix in route.destinations)
        written = {prefix for prefix, _ in spread}
        local = tuple(one for one in self._local_prefixes() if one not in written)
        implied = TableRoute(local, (Target(TargetKind.LOCAL),), table.sources)
        spread.extend((prefix, implied) for prefix in local)
        seen: set[IPNetwork] = set()
        for prefix, route in sorted(spread, key=_rank):
            if prefix is not None and prefix in seen:
                continue
            if prefix is not None and route.unsure is None:
                seen.add(prefix)
            yield from self._route(table, prefix, route, ports, unsure)

    def _route(
        self, table: RouteTable, prefix: IPNetwork | None, route: TableRoute, ports: frozenset[str], unsure: Text | None
    ) -> Iterator[PolicyRoute]:
        reason = unsure or route.unsure
        if prefix is None:
            reason = reason or _UNKNOWN_PREFIX
            matches = tuple(
                Match(family, any_address(family), spans)
                for family in FAMILIES
                if (spans := outside(self._local_prefixes(), family))
            )
        else:
            family: Family = 4 if prefix.version == 4 else 6
            matches = (Match(family, any_address(family), of_prefixes((prefix,), family)),)
        hops: list[NextHop] = []
        for target in route.targets:
            if target.kind is TargetKind.LOCAL:
                yield PolicyRoute(f"{table.id} {prefix} local", matches, (), route.sources, ports, uncertain=reason)
                return
            hop = self._hop(target, route)
            if hop is None:
                self.doubts.append(Doubt(DoubtKind.UNSUPPORTED, _UNKNOWN_TARGET, route.sources))
            else:
                hops.append(hop)
        if hops:
            label = f"{table.id} {prefix or '?'}"
            yield PolicyRoute(label, matches, tuple(hops), route.sources, ports, uncertain=reason)

    def _hop(self, target: Target, route: TableRoute) -> NextHop | None:
        sources = route.sources
        match target.kind:
            case TargetKind.NOWHERE:
                return NextHop(sources, discard=True)
            case TargetKind.GATEWAY:
                return NextHop(sources, interface=target.id, captured=route.from_lines)
            case TargetKind.CARD:
                card = self._card_by_id.get(target.id)
                if card is None or card.subnet not in self._known or not card.addresses:
                    return None
                return NextHop((*sources, *card.sources), gateway=card.addresses[0], interface=card.subnet)
            case TargetKind.NAT:
                nat = self._nat_by_id.get(target.id)
                if nat is None or nat.subnet not in self._known or nat.address is None:
                    return None
                return NextHop((*sources, *nat.sources), gateway=nat.address, interface=nat.subnet)
            case TargetKind.LOCAL | TargetKind.UNKNOWN:
                return None


def _rank(one: tuple[IPNetwork | None, TableRoute]) -> tuple[int, int, bool]:
    """Routes of unknown destinations first (they may be more specific than any), then the longest prefixes, learnt ones last."""
    prefix, route = one
    return (0 if prefix is None else 1, 0 if prefix is None else -prefix.prefixlen, route.learnt)
