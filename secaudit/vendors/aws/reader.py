"""The AWS reader: pages and Terraform documents of any number of texts in, devices and the coverage of each text out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from secaudit.network.device import Doubt, DoubtKind, Notice, NoticeKind
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.aws import NAME
from secaudit.vendors.aws.gathering import Page, gather
from secaudit.vendors.aws.networks import Networks
from secaudit.vendors.aws.records import Record, Records, network_of
from secaudit.vendors.aws.transit import Transit
from secaudit.vendors.cloud.conversion import devices_of
from secaudit.vendors.cloud.model import Cloud, NetworkCard, PlacedDoubt, RuleGroup, SubnetFilter, VirtualNetwork
from secaudit.vendors.reader import ReadConfig

_SHOWN = 10
_BROKEN = Text(
    ja="JSON として読めない箇所があり、そこから先は読み取れていない。ファイルが途中で切れていないか確認すること。",
    en="the text stops being JSON here, and what follows is not read; check whether the file was cut",
)
_TWICE = Text(
    ja="同じ名前の項目が一つのオブジェクトに二つあり、どちらが有効か判断できない。",
    en="an object has two members of one name, and which one counts cannot be told",
)
_PAGES = Text(
    ja="出力の続きのページ(NextToken)が提出されていない。",
    en="the next page of the output (NextToken) was not submitted",
)
_NO_ID = Text(
    ja="ID のない項目、又は何に属するか分からない項目がある(適用後に決まる値を含む)。",
    en="there is a record without an id, or it is not told what it belongs to (known after apply, perhaps)",
)
_BALANCER = Text(
    ja="ロードバランサーが受け取った通信を他の端末へ渡すが、渡す先の設定は読み取っていない。",
    en="a load balancer hands what it gets to other hosts, and where to was not read",
)
_MISPLACED = Text(
    ja="サブネットと、その中にあるものの記述が合わないか、アドレスの範囲、ルートテーブルのサブネット又は規則のグループが書かれていない。",
    en="a subnet and what is in it are told to be in different networks, or a range of addresses, the subnets of a route table or the group of a rule is not told",
)
_PRIVATE_LINK = Text(
    ja="VPCエンドポイントが、AWSのサービスではなく他のVPC等のサービス(PrivateLink)につながる。つながる先は読み取っていない。",
    en="a VPC endpoint leads to a service in another VPC (PrivateLink and the like), and where to was not read",
)
_UNKNOWN_ENDPOINT = Text(
    ja="VPCエンドポイントのネットワークインターフェースがあるが、どのサービスにつながるか提出されていない。",
    en="there is a network interface of a VPC endpoint, and which service it leads to was not submitted",
)
_SEVERAL_ADDRESSES = Text(
    ja="NATゲートウェイに複数のアドレスがあり、どのアドレスに変換されるか分からない。",
    en="the NAT gateway has several addresses, and to which of them it translates is not known",
)
_RANGES = (
    ("Vpcs", "CidrBlockAssociationSet", "CidrBlock"),
    ("Vpcs", "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock"),
    ("Subnets", "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock"),
)
_BALANCERS = ("network_load_balancer", "gateway_load_balancer", "gateway_load_balancer_endpoint")
_ID = re.compile(r"(?:vpc|tgw|vgw|nat)-[0-9a-z-]+")


def read(text: ConfigText) -> ReadConfig:
    """Reads one text alone."""
    return read_together((text,))[0]


def read_together(texts: Sequence[ConfigText]) -> tuple[ReadConfig, ...]:
    """Reads several texts as one cloud. The devices are those of the first text; each text has its own coverage."""
    pages, _, cloud = gathered_cloud(texts)
    devices = devices_of(cloud)
    return tuple(ReadConfig(NAME, () if index else devices, page.book.coverage()) for index, page in enumerate(pages))


def gathered_cloud(texts: Sequence[ConfigText]) -> tuple[list[Page], Records, Cloud]:
    """Everything that several texts tell, before it becomes devices."""
    pages, records = gather(texts)
    return pages, records, _cloud(texts[0].file, pages, records)


def _cloud(file: str, pages: Sequence[Page], records: Records) -> Cloud:
    networks = Networks(records)
    held = tuple(networks.networks())
    tables = tuple(networks.tables())
    transit = Transit(records, held, tables)
    cards = tuple(networks.cards())
    filters = tuple(networks.filters())
    groups = tuple(networks.groups())
    return Cloud(
        vendor=NAME,
        file=file,
        networks=held,
        subnets=tuple(networks.subnets()),
        tables=tables,
        filters=filters,
        groups=groups,
        cards=cards,
        nats=tuple(networks.nats()),
        attachments=transit.attachments(),
        hubs=tuple(transit.hubs()),
        line_gateways=tuple(transit.line_gateways()),
        doubts=tuple(dict.fromkeys((*_flaws(pages, records), *_unknown(pages), *_balancers(records, cards)))),
        notices=tuple(_notices(held, filters, groups, cards)),
    )


def _flaws(pages: Sequence[Page], records: Records) -> Iterator[PlacedDoubt]:
    """What is wrong with the texts as a whole: nobody knows what it concerns."""
    for page in pages:
        lines = page.document.lines
        if page.document.broken is not None and lines:
            yield _everywhere(DoubtKind.TRUNCATED, _BROKEN, (lines[page.document.broken],))
        if page.document.twice:
            yield _everywhere(DoubtKind.UNREAD, _TWICE, tuple(lines[index] for index in page.document.twice[:_SHOWN]))
        for text, line in page.flaws:
            yield _everywhere(DoubtKind.TRUNCATED, text, (line,))
    for kind, line in sorted(records.unfinished.items()):
        if kind not in records.finished:
            yield _everywhere(DoubtKind.TRUNCATED, _PAGES, (line,))
    for record, _ in records.strange[:_SHOWN]:
        yield _everywhere(DoubtKind.UNREAD, _NO_ID, record.sources())
    for kind in ("Subnets", "RouteTables"):
        for _, record in records.of(kind):
            associated = [one.text("SubnetId") for one in record.children("Associations")]
            placed = any(
                (other := records.one("Subnets", one)) is not None and other.has("VpcId") for one in associated
            )
            if not record.has("VpcId") and not placed:
                yield _everywhere(DoubtKind.TRUNCATED, _NO_ID, record.sources("SubnetId", "RouteTableId"))
    yield from _misplaced(records)
    for id_, first, second in records.differing[:_SHOWN]:
        text = Text(
            ja=f"{id_} の内容が二つあり、異なる。どちらが現在のものか判断できない。",
            en=f"there are two different descriptions of {id_}, and which one is current cannot be told",
        )
        yield _everywhere(DoubtKind.TRUNCATED, text, (first, second))


def _misplaced(records: Records) -> Iterator[PlacedDoubt]:
    """Records that do not fit together: a subnet of another network than what is in it, a table whose subnets are not told."""
    placed = {id_: record.text("VpcId") for id_, record in records.of("Subnets")}
    wrong: list[SourceLine] = []
    for kind in ("NetworkInterfaces", "NatGateways", "RouteTables", "NetworkAcls"):
        for _, record in records.of(kind):
            network = record.text("VpcId")
            for one in (record, *record.children("Associations")):
                if network and placed.get(one.text("SubnetId"), "") not in ("", network):
                    wrong += one.sources("SubnetId")[:1]
    for kind, key, inner in _RANGES:
        for _, record in records.of(kind):
            for one in record.children(key):
                if network_of(one.text(inner)) is None and one.child(f"{inner}State") is not None:
                    wrong += one.sources(inner)[:1]
    for _, record in records.of("SecurityGroupRules"):
        if not record.has("GroupId"):
            wrong += record.sources("SecurityGroupRuleId")[:1]
    for _, record in records.of("RouteTables"):
        if not record.has("Associations"):
            wrong += record.sources("RouteTableId")[:1]
        for one in record.children("Associations"):
            if not (one.has("SubnetId") or one.has("GatewayId") or one.flag("Main")):
                wrong += one.sources()[:1]
    if wrong:
        yield _everywhere(DoubtKind.TRUNCATED, _MISPLACED, tuple(dict.fromkeys(wrong))[:_SHOWN])


def _everywhere(kind: DoubtKind, text: Text, lines: tuple[SourceLine, ...]) -> PlacedDoubt:
    return PlacedDoubt(None, Doubt(kind, text, lines))


def _unknown(pages: Sequence[Page]) -> Iterator[PlacedDoubt]:
    """Members that nobody knows: bounded to the network or gateway that the record belongs to, where it says so."""
    found: dict[str | None, dict[str, SourceLine]] = {}
    for page in pages:
        for one in page.book.unknown:
            place = None if one.record is None else _place(Record(page.document, one.record))
            found.setdefault(place, {}).setdefault(one.key, one.line)
    for place, keys in found.items():
        shown = ", ".join(list(keys)[:_SHOWN])
        text = Text(
            ja=f"意味の分からない項目がある: {shown}",
            en=f"there are members that are not understood: {shown}",
        )
        yield PlacedDoubt(place, Doubt(DoubtKind.UNREAD, text, tuple(keys.values())[:_SHOWN]))


def _place(record: Record) -> str | None:
    for key in ("VpcId", "TransitGatewayId", "vpc_id"):
        name = record.text(key)
        if _ID.fullmatch(name):
            return name
    return None


def _balancers(records: Records, cards: Iterable[NetworkCard]) -> Iterator[PlacedDoubt]:
    for _, record in records.of("VpcEndpoints"):
        if record.text("VpcEndpointType") == "GatewayLoadBalancer":
            sources = record.sources("VpcEndpointId", "VpcEndpointType")
            yield PlacedDoubt(record.text("VpcId") or None, Doubt(DoubtKind.UNSUPPORTED, _BALANCER, sources))
        elif record.text("VpcEndpointType") not in ("", "Interface", "Gateway") or "vpce-svc-" in record.text(
            "ServiceName"
        ):
            sources = record.sources("VpcEndpointId", "VpcEndpointType", "ServiceName")
            yield PlacedDoubt(record.text("VpcId") or None, Doubt(DoubtKind.UNSUPPORTED, _PRIVATE_LINK, sources))
    described = {name for _, record in records.of("VpcEndpoints") for name in record.texts("NetworkInterfaceIds")}
    for card in cards:
        if card.managed == "vpc_endpoint" and card.id not in described:
            yield PlacedDoubt(card.network, Doubt(DoubtKind.TRUNCATED, _UNKNOWN_ENDPOINT, card.sources))
    for id_, record in records.of("NatGateways"):
        if len(record.children("NatGatewayAddresses")) > 1:
            sources = record.sources("NatGatewayId", "NatGatewayAddresses")
            yield PlacedDoubt(id_, Doubt(DoubtKind.UNSUPPORTED, _SEVERAL_ADDRESSES, sources))
    for card in cards:
        if card.managed in _BALANCERS:
            yield PlacedDoubt(card.network, Doubt(DoubtKind.UNSUPPORTED, _BALANCER, card.sources))


def _notices(
    networks: Sequence[VirtualNetwork],
    filters: Iterable[SubnetFilter],
    groups: Sequence[RuleGroup],
    cards: Sequence[NetworkCard],
) -> Iterator[tuple[str, Notice]]:
    """Filters that act on nothing, and groups that a card names and nobody submitted."""
    used = {name for card in cards for name in card.groups or ()}
    known = {one.id for one in groups}
    named = {name for one in groups for rule in (*one.inbound, *one.outbound) for name in rule.groups}
    for one in filters:
        if not one.subnets and not one.is_default:
            text = Text(ja=f"{one.id} はどのサブネットにも適用されていない。", en=f"{one.id} is applied to no subnet")
            yield one.network, Notice(NoticeKind.UNUSED_FILTER, text, one.sources)
    for group in groups:
        if cards and group.id not in used and group.id not in named and group.title != "default":
            text = Text(
                ja=f"{group.id} はどのネットワークインターフェースにも適用されていない。",
                en=f"{group.id} is applied to no network interface",
            )
            yield group.network, Notice(NoticeKind.UNUSED_FILTER, text, group.sources)
    for card in cards:
        for name in card.groups or ():
            if name not in known:
                text = Text(ja=f"{name} の内容が提出されていない。", en=f"{name} was not submitted")
                yield card.network, Notice(NoticeKind.UNDEFINED_FILTER, text, card.sources)
