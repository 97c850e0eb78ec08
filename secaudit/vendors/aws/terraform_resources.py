"""What each of Terraform's resources becomes: a record as AWS itself would tell it, or a part of one.

Source: the documentation of the provider hashicorp/aws. What is not known is left out of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from secaudit.vendors.aws.records import Record, Records
from secaudit.vendors.common.json_document import Item, JsonDocument


class Values:
    """The values of one resource."""

    def __init__(self, document: JsonDocument, item: Item, address: str, resource: Item) -> None:
        self.document = document
        self.item = item
        self.address = address
        self.resource = resource

    def get(self, key: str) -> Item | None:
        """A value that is known and is not empty."""
        found = self.item.get(key)
        return None if found is None or found.value in (None, "", [], {}) else found

    def told(self, key: str) -> bool:
        """Whether a value is known, be it empty."""
        found = self.item.get(key)
        return found is not None and found.value is not None

    def text(self, key: str) -> str:
        """A string or a number as text."""
        found = self.get(key)
        return "" if found is None or isinstance(found.value, list | dict | bool) else str(found.value)

    @property
    def id(self) -> Item:
        """The id, or the address of a resource that has none yet."""
        return self.get("id") or self.made(self.address)

    def made(self, value: str | int | bool | list[Item] | dict[str, Item]) -> Item:
        """A value of ours, on the lines of the resource."""
        at = self.item
        return Item(value, at.line, at.column, at.end)

    def object(self, **members: Item | None) -> Item:
        """An object of members, those that are not known left out."""
        return self.made({key: item for key, item in members.items() if item is not None})

    def objects(self, key: str) -> list[Values]:
        """The blocks of a resource."""
        found = self.item.get(key)
        held = () if found is None else found.items
        return [Values(self.document, one, self.address, self.resource) for one in held if isinstance(one.value, dict)]

    def each(self, key: str) -> list[Item]:
        """The elements of a list."""
        found = self.item.get(key)
        return [] if found is None else found.items

    def tags(self) -> Item | None:
        """The tag `Name` as AWS tells tags."""
        tags = self.item.get("tags")
        name = None if tags is None else tags.get("Name")
        return None if name is None else self.made([self.object(Key=self.made("Name"), Value=name)])


class Made:
    """The records that Terraform's resources become; parts of one record may be resources of their own."""

    def __init__(self, document: JsonDocument, records: Records) -> None:
        self.document = document
        self.records = records

    def add(self, kind: str, id_: Item, item: Item) -> None:
        """A record."""
        self.records.told.add(kind)
        self.records.add(kind, str(id_.value), Record(self.document, item))

    def part(self, kind: str, owner: str, key: str, item: Item) -> None:
        """An element of a list of a record: a route of a route table, a rule of a group. Whose it is may be known only after apply."""
        if owner:
            self.records.parts.setdefault((kind, owner, key), []).append(item)
        else:
            self.records.strange.append((Record(self.document, item), kind))


def _vpc(made: Made, v: Values) -> None:
    six = v.get("ipv6_cidr_block")
    associations = None if six is None else v.made([v.object(Ipv6CidrBlock=six)])
    made.add(
        "Vpcs",
        v.id,
        v.object(
            VpcId=v.id,
            OwnerId=v.get("owner_id"),
            CidrBlock=v.get("cidr_block"),
            Ipv6CidrBlockAssociationSet=associations,
            Tags=v.tags(),
        ),
    )
    main = v.get("main_route_table_id") or v.get("default_route_table_id")
    if main is not None:
        made.part("RouteTables", str(main.value), "Associations", v.object(Main=v.made(True)))


def _more_prefixes(made: Made, v: Values) -> None:
    made.part("Vpcs", v.text("vpc_id"), "CidrBlockAssociationSet", v.object(CidrBlock=v.get("cidr_block")))


def _subnet(made: Made, v: Values) -> None:
    six = v.get("ipv6_cidr_block")
    made.add("Subnets", v.id, v.object(
        SubnetId=v.id, VpcId=v.get("vpc_id"), CidrBlock=v.get("cidr_block"),
        Ipv6CidrBlockAssociationSet=None if six is None else v.made([v.object(Ipv6CidrBlock=six)]), Tags=v.tags(),
    ))  # fmt: skip


def _route_of(v: Values) -> Item:
    """A route; in a block of a route table the names of the destinations are others."""
    return v.object(
        DestinationCidrBlock=v.get("destination_cidr_block") or v.get("cidr_block"),
        DestinationIpv6CidrBlock=v.get("destination_ipv6_cidr_block") or v.get("ipv6_cidr_block"),
        DestinationPrefixListId=v.get("destination_prefix_list_id"),
        GatewayId=v.get("gateway_id"), NatGatewayId=v.get("nat_gateway_id"), TransitGatewayId=v.get("transit_gateway_id"),
        VpcPeeringConnectionId=v.get("vpc_peering_connection_id"), NetworkInterfaceId=v.get("network_interface_id"),
        EgressOnlyInternetGatewayId=v.get("egress_only_gateway_id"), VpcEndpointId=v.get("vpc_endpoint_id"), CoreNetworkArn=v.get("core_network_arn"),
        LocalGatewayId=v.get("local_gateway_id"), CarrierGatewayId=v.get("carrier_gateway_id"), InstanceId=v.get("instance_id"),
    )  # fmt: skip


def _route_table(made: Made, v: Values) -> None:
    id_ = v.get("default_route_table_id") or v.id
    # What a virtual private gateway propagates is not among the routes.
    learnt = [v.object(GatewayId=one) for one in v.each("propagating_vgws")]
    routes = None if not v.told("route") else v.made([*map(_route_of, v.objects("route")), *learnt])
    made.add(
        "RouteTables",
        id_,
        v.object(RouteTableId=id_, VpcId=v.get("vpc_id"), Routes=routes, Associations=v.made([]), Tags=v.tags()),
    )
    if v.get("default_route_table_id") is not None:
        made.part("RouteTables", str(id_.value), "Associations", v.object(Main=v.made(True)))


def _route(made: Made, v: Values) -> None:
    made.part("RouteTables", v.text("route_table_id"), "Routes", _route_of(v))


def _association(made: Made, v: Values) -> None:
    made.part(
        "RouteTables",
        v.text("route_table_id"),
        "Associations",
        v.object(SubnetId=v.get("subnet_id"), GatewayId=v.get("gateway_id")),
    )


def _main_association(made: Made, v: Values) -> None:
    made.part("RouteTables", v.text("route_table_id"), "Associations", v.object(Main=v.made(True)))


def _acl_entry(v: Values, egress: bool | None) -> Item:
    icmp = v.object(Type=v.item.get("icmp_type"), Code=v.item.get("icmp_code"))
    return v.object(
        RuleNumber=v.item.get("rule_number") or v.item.get("rule_no"), RuleAction=v.get("rule_action") or v.get("action"), Protocol=v.get("protocol"),
        Egress=v.item.get("egress") if egress is None else v.made(egress), CidrBlock=v.get("cidr_block"), Ipv6CidrBlock=v.get("ipv6_cidr_block"),
        PortRange=v.object(From=v.item.get("from_port"), To=v.item.get("to_port")), IcmpTypeCode=icmp,
    )  # fmt: skip


def _acl(made: Made, v: Values) -> None:
    id_ = v.get("default_network_acl_id") or v.id
    told = [(key, egress) for key, egress in (("ingress", False), ("egress", True)) if v.told(key)]
    entries = [_acl_entry(one, egress) for key, egress in told for one in v.objects(key)]
    if len(told) == 1:
        entries.append(v.object(Egress=v.made(not told[0][1])))  # nothing is known of the other direction
    subnets = [v.object(SubnetId=one) for one in v.each("subnet_ids")]
    made.add(
        "NetworkAcls",
        id_,
        v.object(
            NetworkAclId=id_,
            VpcId=v.get("vpc_id"),
            Entries=v.made(list(entries)) if told else None,
            Associations=v.made(list(subnets)),
        ),
    )


def _acl_rule(made: Made, v: Values) -> None:
    made.part("NetworkAcls", v.text("network_acl_id"), "Entries", _acl_entry(v, None))


def _acl_association(made: Made, v: Values) -> None:
    made.part("NetworkAcls", v.text("network_acl_id"), "Associations", v.object(SubnetId=v.get("subnet_id")))


def _permission(v: Values, owner: Item | None, *, apart: bool) -> Item:
    """A block `ingress`/`egress`, or a resource `aws_security_group_rule`. `self` is the group itself."""
    pairs = [v.object(GroupId=one) for one in (() if apart else v.each("security_groups"))]
    source = v.get("source_security_group_id")
    pairs += [] if source is None else [v.object(GroupId=source)]
    itself = v.item.get("self")
    if itself is not None and itself.value is True and owner is not None:
        pairs.append(v.object(GroupId=owner))
    known = any(
        v.item.get(key) is not None
        for key in (
            "cidr_blocks",
            "ipv6_cidr_blocks",
            "prefix_list_ids",
            "security_groups",
            "source_security_group_id",
            "self",
        )
    )
    empty = pairs or any(v.each(key) for key in ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids"))
    lists = v.object(
        IpRanges=v.made([v.object(CidrIp=one) for one in v.each("cidr_blocks")]),
        Ipv6Ranges=v.made([v.object(CidrIpv6=one) for one in v.each("ipv6_cidr_blocks")]),
        PrefixListIds=v.made([v.object(PrefixListId=one) for one in v.each("prefix_list_ids")]),
        UserIdGroupPairs=v.made(list(pairs)),
    ).members  # fmt: skip
    # A rule for nobody cannot be: who it is for is known after apply.
    return v.object(
        IpProtocol=v.get("protocol"),
        FromPort=v.item.get("from_port"),
        ToPort=v.item.get("to_port"),
        **(lists if known and empty else {}),
    )


def _group(made: Made, v: Values) -> None:
    id_ = v.get("default_security_group_id") if v.get("id") is None else v.id
    id_ = id_ or v.id
    sides = {
        name: v.made([_permission(one, id_, apart=False) for one in v.objects(key)])
        for name, key in (("IpPermissions", "ingress"), ("IpPermissionsEgress", "egress"))
        if v.told(key)
    }
    made.add("SecurityGroups", id_, v.object(GroupId=id_, GroupName=v.get("name"), VpcId=v.get("vpc_id"), **sides))


def _group_rule(made: Made, v: Values) -> None:
    owner = v.text("security_group_id")
    side = {"ingress": ("IpPermissions",), "egress": ("IpPermissionsEgress",)}.get(
        v.text("type"), ("IpPermissions", "IpPermissionsEgress")
    )
    for key in side:
        made.part("SecurityGroups", owner, key, _permission(v, v.get("security_group_id"), apart=True))


def _vpc_rule(key: str) -> Callable[[Made, Values], None]:
    def make(made: Made, v: Values) -> None:
        pairs = v.get("referenced_security_group_id")
        four, six, list_ = v.get("cidr_ipv4"), v.get("cidr_ipv6"), v.get("prefix_list_id")
        ends = {
            "UserIdGroupPairs": None if pairs is None else v.object(GroupId=pairs),
            "IpRanges": None if four is None else v.object(CidrIp=four),
            "Ipv6Ranges": None if six is None else v.object(CidrIpv6=six),
            "PrefixListIds": None if list_ is None else v.object(PrefixListId=list_),
        }
        told = any(one is not None for one in ends.values())
        lists = {key: v.made([] if one is None else [one]) for key, one in ends.items()} if told else {}
        item = v.object(
            IpProtocol=v.get("ip_protocol"), FromPort=v.item.get("from_port"), ToPort=v.item.get("to_port"), **lists
        )
        made.part("SecurityGroups", v.text("security_group_id"), key, item)

    return make


def _addresses(v: Values, texts: list[Item]) -> Item | None:
    return v.made([v.object(PrivateIpAddress=one) for one in texts]) if texts else None


def _card(made: Made, v: Values) -> None:
    texts = v.each("private_ips") or [one for one in (v.get("private_ip"),) if one is not None]
    groups = v.item.get("security_groups")
    made.add("NetworkInterfaces", v.id, v.object(
        NetworkInterfaceId=v.id, VpcId=v.get("vpc_id"), SubnetId=v.get("subnet_id"), PrivateIpAddress=v.get("private_ip") or (texts[0] if texts else None),
        PrivateIpAddresses=_addresses(v, list(texts)), Ipv6Addresses=v.made([v.object(Ipv6Address=one) for one in v.each("ipv6_addresses")]),
        Groups=None if groups is None or groups.value is None else v.made([v.object(GroupId=one) for one in groups.items]), SourceDestCheck=v.item.get("source_dest_check"),
    ))  # fmt: skip


def _instance(made: Made, v: Values) -> None:
    groups = v.item.get("vpc_security_group_ids")
    card = v.get("primary_network_interface_id") or v.made(f"{v.id.value} eni")
    texts = [one for one in (v.get("private_ip"), *v.each("secondary_private_ips")) if one is not None]
    outer = v.get("public_ip")
    first = v.object(
        NetworkInterfaceId=card, SubnetId=v.get("subnet_id"), PrivateIpAddress=v.get("private_ip"), PrivateIpAddresses=_addresses(v, texts),
        Ipv6Addresses=v.made([v.object(Ipv6Address=one) for one in v.each("ipv6_addresses")]), SourceDestCheck=v.item.get("source_dest_check"),
        Groups=None if groups is None or groups.value is None else v.made([v.object(GroupId=one) for one in groups.items]),
        Association=None if outer is None else v.object(PublicIp=outer),
    )  # fmt: skip
    made.add("Instances", v.id, v.object(InstanceId=v.id, NetworkInterfaces=v.made([first])))


def _gateway(kind: str, name: str, list_: str) -> Callable[[Made, Values], None]:
    def make(made: Made, v: Values) -> None:
        network = v.get("vpc_id")
        made.add(
            kind,
            v.id,
            v.object(**{name: v.id, list_: v.made([v.object(VpcId=network)] if network is not None else [])}),
        )

    return make


def _nat(made: Made, v: Values) -> None:
    held = v.made(
        [
            v.object(
                PrivateIp=v.get("private_ip"),
                PublicIp=v.get("public_ip"),
                NetworkInterfaceId=v.get("network_interface_id"),
            ),
            *(v.object(PrivateIp=one) for one in v.each("secondary_private_ip_addresses")),
            *(v.object(AllocationId=one) for one in v.each("secondary_allocation_ids")),
        ]
    )
    made.add("NatGateways", v.id, v.object(NatGatewayId=v.id, SubnetId=v.get("subnet_id"), NatGatewayAddresses=held))


def _public_address(made: Made, v: Values) -> None:
    id_ = v.get("allocation_id") or v.id
    made.add("Addresses", id_, v.object(
        AllocationId=id_, PublicIp=v.get("public_ip"), NetworkInterfaceId=v.get("network_interface") or v.get("network_interface_id"),
        PrivateIpAddress=v.get("private_ip") or v.get("private_ip_address"), InstanceId=v.get("instance") or v.get("instance_id"),
    ))  # fmt: skip


def _peering(made: Made, v: Values) -> None:
    made.add("VpcPeeringConnections", v.id, v.object(
        VpcPeeringConnectionId=v.id, RequesterVpcInfo=v.object(VpcId=v.get("vpc_id")), AccepterVpcInfo=v.object(VpcId=v.get("peer_vpc_id")),
    ))  # fmt: skip


def _hub(made: Made, v: Values) -> None:
    made.add("TransitGateways", v.id, v.object(TransitGatewayId=v.id, OwnerId=v.get("owner_id"), Tags=v.tags()))


def _hub_attachment(made: Made, v: Values) -> None:
    made.add("TransitGatewayVpcAttachments", v.id, v.object(
        TransitGatewayAttachmentId=v.id, TransitGatewayId=v.get("transit_gateway_id"), VpcId=v.get("vpc_id"), SubnetIds=v.get("subnet_ids"),
    ))  # fmt: skip


def _hub_table(made: Made, v: Values) -> None:
    made.add(
        "TransitGatewayRouteTables",
        v.id,
        v.object(TransitGatewayRouteTableId=v.id, TransitGatewayId=v.get("transit_gateway_id")),
    )


def _prefix_list(made: Made, v: Values) -> None:
    made.add(
        "PrefixListEntries",
        v.id,
        v.object(PrefixListId=v.id, Entries=v.made([one.object(Cidr=one.get("cidr")) for one in v.objects("entry")])),
    )


def _endpoint(made: Made, v: Values) -> None:
    """A gateway endpoint is a route in tables that Terraform does not tell among the routes of these tables."""
    made.add(
        "VpcEndpoints",
        v.id,
        v.object(
            VpcEndpointId=v.id,
            VpcEndpointType=v.get("vpc_endpoint_type"),
            VpcId=v.get("vpc_id"),
            ServiceName=v.get("service_name"),
        ),
    )
    if v.text("vpc_endpoint_type") not in ("", "Gateway"):
        return
    name = v.get("prefix_list_id")
    if name is not None and v.get("cidr_blocks") is not None:
        made.add("PrefixLists", name, v.object(PrefixListId=name, Cidrs=v.get("cidr_blocks")))
    for table in v.each("route_table_ids"):
        route = v.object(DestinationPrefixListId=name, GatewayId=v.id)
        made.part("RouteTables", str(table.value), "Routes", route)


def _without_effect(made: Made, v: Values) -> None:
    """Known parts whose effect is told elsewhere, or that make the picture only wider."""


MAKERS: Mapping[str, Callable[[Made, Values], None]] = {
    "aws_vpc": _vpc,
    "aws_default_vpc": _vpc,
    "aws_subnet": _subnet,
    "aws_default_subnet": _subnet,
    "aws_route_table": _route_table,
    "aws_default_route_table": _route_table,
    "aws_route": _route,
    "aws_route_table_association": _association,
    "aws_main_route_table_association": _main_association,
    "aws_network_acl": _acl,
    "aws_default_network_acl": _acl,
    "aws_network_acl_rule": _acl_rule,
    "aws_network_acl_association": _acl_association,
    "aws_security_group": _group,
    "aws_default_security_group": _group,
    "aws_security_group_rule": _group_rule,
    "aws_vpc_security_group_ingress_rule": _vpc_rule("IpPermissions"),
    "aws_vpc_security_group_egress_rule": _vpc_rule("IpPermissionsEgress"),
    "aws_network_interface": _card,
    "aws_instance": _instance,
    "aws_internet_gateway": _gateway("InternetGateways", "InternetGatewayId", "Attachments"),
    "aws_egress_only_internet_gateway": _gateway(
        "EgressOnlyInternetGateways", "EgressOnlyInternetGatewayId", "Attachments"
    ),
    "aws_nat_gateway": _nat,
    "aws_eip": _public_address,
    "aws_vpc_peering_connection": _peering,
    "aws_ec2_transit_gateway": _hub,
    "aws_ec2_transit_gateway_vpc_attachment": _hub_attachment,
    "aws_ec2_transit_gateway_route_table": _hub_table,
    "aws_ec2_managed_prefix_list": _prefix_list,
    "aws_vpc_peering_connection_accepter": _without_effect,
    "aws_vpc_endpoint": _endpoint,
    "aws_vpc_ipv4_cidr_block_association": _more_prefixes,
}
