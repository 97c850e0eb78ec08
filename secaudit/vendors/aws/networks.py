"""Virtual networks: VPCs with subnets, route tables, network ACLs, security groups and network interfaces."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.aws.defaults import defaults
from secaudit.vendors.aws.permissions import acl_lines, is_end, permission, rule_record, unknown_rule
from secaudit.vendors.aws.records import Record, Records, address_of, merged, network_of
from secaudit.vendors.cloud.model import (
    GroupRule,
    NatGateway,
    NetworkCard,
    RouteTable,
    RuleGroup,
    Subnet,
    SubnetFilter,
    TableRoute,
    Target,
    TargetKind,
    VirtualNetwork,
)

_PLACED = (
    "Subnets", "RouteTables", "NetworkAcls", "SecurityGroups", "NetworkInterfaces", "NatGateways", "VpcEndpoints",
)  # fmt: skip
"""Records that name the VPC they are in."""
_GATEWAYS = (
    "TransitGatewayId", "VpcPeeringConnectionId", "EgressOnlyInternetGatewayId", "LocalGatewayId", "CarrierGatewayId", "CoreNetworkArn", "VpcEndpointId",
    "OdbNetworkArn",
)  # fmt: skip
_GONE = ("deleted", "failed", "deleting")
_LEARNT = ("EnableVgwRoutePropagation", "Advertisement")
"""Origins of routes that nobody wrote: a virtual private gateway propagates them, a VPC route server puts them there."""
_STATE = Text(ja="経路の状態を読み取れない。", en="the state of the route was not understood")
_NO_INSTANCE = Text(
    ja="経路の行き先のインスタンスのネットワークインターフェースが分からない。",
    en="the network interface of the instance that a route leads to is not told",
)


class Networks:
    """Reads what belongs to virtual networks out of the records."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._lists: dict[str, tuple[tuple[IPNetwork, ...], Sources] | None] = {}
        self.interface_records = tuple(self._interface_records())
        self._network_by_subnet = {id_: record.text("VpcId") for id_, record in records.of("Subnets")}
        self._tables_of: dict[str, list[Record]] = {}
        for _, record in records.of("RouteTables"):
            self._tables_of.setdefault(record.text("VpcId"), []).append(record)
        self._outer: dict[str, list[Record]] = {}
        for _, record in records.of("Addresses"):
            self._outer.setdefault(record.text("NetworkInterfaceId"), []).append(record)

    # --- networks and subnets -----------------------------------------------------------------------------

    def networks(self) -> Iterator[VirtualNetwork]:
        """Every VPC that was described or that something is in."""
        seen: dict[str, tuple[str, Sources]] = {}
        for id_, record in self._records.of("Vpcs"):
            prefixes = [network_of(record.text("CidrBlock"))]
            for key, inner in (
                ("CidrBlockAssociationSet", "CidrBlock"),
                ("Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock"),
            ):
                prefixes += [network_of(one.text(inner)) for one in record.children(key) if not _is_gone(one, inner)]
            found = tuple(dict.fromkeys(one for one in prefixes if one is not None))
            yield VirtualNetwork(
                id_,
                record.text("OwnerId"),
                found or self._local_prefixes(id_),
                record.sources("VpcId", "CidrBlock"),
                record.title(),
            )
        described = self._records.by_kind.get("Vpcs", {})
        for kind in _PLACED:
            for _, record in self._records.of(kind):
                id_ = record.text("VpcId")
                if id_ and id_ not in described and id_ not in seen:
                    seen[id_] = (record.text("OwnerId"), record.sources("VpcId"))
        for id_, (owner, sources) in sorted(seen.items()):
            yield VirtualNetwork(id_, owner, self._local_prefixes(id_), sources)

    def _local_prefixes(self, network: str) -> tuple[IPNetwork, ...]:
        """The ranges of a network that was not described, as its route tables have them."""
        found = [
            network_of(route.text("DestinationCidrBlock") or route.text("DestinationIpv6CidrBlock"))
            for table in self._tables_of.get(network, ())
            for route in table.children("Routes")
            if route.text("GatewayId") == "local"
        ]
        return tuple(dict.fromkeys(one for one in found if one is not None))

    def subnets(self) -> Iterator[Subnet]:
        """Every subnet that was described or that something names."""
        known = set()
        for id_, record in self._records.of("Subnets"):
            known.add(id_)
            prefixes = [network_of(record.text("CidrBlock"))]
            prefixes += [
                network_of(one.text("Ipv6CidrBlock"))
                for one in record.children("Ipv6CidrBlockAssociationSet")
                if not _is_gone(one, "Ipv6CidrBlock")
            ]
            found = tuple(dict.fromkeys(one for one in prefixes if one is not None))
            yield Subnet(
                id_,
                record.text("VpcId"),
                found,
                record.sources("SubnetId", "CidrBlock"),
                _used(record, found),
                record.title(),
            )
        named: dict[str, tuple[str, Sources]] = {}
        for kind in ("RouteTables", "NetworkAcls"):
            for _, record in self._records.of(kind):
                for one in record.children("Associations"):
                    named.setdefault(one.text("SubnetId"), (record.text("VpcId"), one.sources("SubnetId")))
        for kind in ("NetworkInterfaces", "NatGateways"):
            for _, record in self._records.of(kind):
                named.setdefault(record.text("SubnetId"), (record.text("VpcId"), record.sources("SubnetId")))
        for id_, (network, sources) in sorted(named.items()):
            if id_ and id_ not in known:
                yield Subnet(id_, network, (), sources)

    # --- route tables -------------------------------------------------------------------------------------

    def tables(self) -> Iterator[RouteTable]:
        """Every route table."""
        for id_, record in self._records.of("RouteTables"):
            associations = record.children("Associations")
            yield RouteTable(
                id_,
                self._placed(record, [one.text("SubnetId") for one in associations]),
                frozenset(one.text("SubnetId") for one in associations if one.has("SubnetId")),
                frozenset(one.text("GatewayId") for one in associations if one.has("GatewayId")),
                any(one.flag("Main") for one in associations),
                self._routes(record),
                record.sources("RouteTableId"),
            )

    def _routes(self, record: Record) -> tuple[TableRoute, ...]:
        """The routes of a table; where they are not told (known after apply), one of which nothing is known."""
        if not record.has("Routes"):
            return (TableRoute(None, (Target(TargetKind.UNKNOWN),), record.sources("RouteTableId")),)
        return tuple(self._route(one) for one in record.children("Routes"))

    def _route(self, record: Record) -> TableRoute:
        keys = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
        destinations: tuple[IPNetwork, ...] | None = None
        lines: Sources = ()
        for key in keys[:2]:
            prefix = network_of(record.text(key))
            destinations = (prefix,) if prefix is not None else destinations
        name = record.text(keys[2])
        if destinations is None and name:
            found = self.prefix_list(name)
            destinations, lines = found if found is not None else (None, ())
        target, reason = self._target(record)
        sources = merged(
            record.sources(*keys, "GatewayId", "NatGatewayId", "NetworkInterfaceId", "InstanceId", *_GATEWAYS), lines
        )
        if record.text("State") == "blackhole":
            target, sources = Target(TargetKind.NOWHERE), merged(sources, record.sources("State"))
        elif record.text("State") not in ("", "active"):
            reason = reason or _STATE
        learnt = record.text("Origin") in _LEARNT
        return TableRoute(destinations, (target,), sources, learnt, reason, from_lines=learnt)

    def _target(self, record: Record) -> tuple[Target, Text | None]:
        gateway = record.text("GatewayId")
        if gateway == "local":
            return Target(TargetKind.LOCAL), None
        if record.has("NatGatewayId"):
            return Target(TargetKind.NAT, record.text("NatGatewayId")), None
        if record.has("NetworkInterfaceId"):
            return Target(TargetKind.CARD, record.text("NetworkInterfaceId")), None
        if record.has("InstanceId"):
            return Target(TargetKind.UNKNOWN), _NO_INSTANCE
        for key in _GATEWAYS:
            gateway = gateway or record.text(key)
        return (Target(TargetKind.GATEWAY, gateway), None) if gateway else (Target(TargetKind.UNKNOWN), None)

    def prefix_list(self, name: str) -> tuple[tuple[IPNetwork, ...], Sources] | None:
        """The prefixes of a prefix list with their lines."""
        if name not in self._lists:
            self._lists[name] = self._read_list(name)
        return self._lists[name]

    def _read_list(self, name: str) -> tuple[tuple[IPNetwork, ...], Sources] | None:
        record = self._records.one("PrefixLists", name)
        if record is not None:
            found = [network_of(one) for one in record.texts("Cidrs")]
            sources = record.sources("PrefixListId", "Cidrs")
        else:
            record = self._records.one("PrefixListEntries", name)
            if record is None:
                return None
            found = [network_of(one.text("Cidr")) for one in record.children("Entries")]
            sources = record.sources("Entries")
        if any(one is None for one in found):
            return None
        return tuple(one for one in found if one is not None), sources

    # --- filters ------------------------------------------------------------------------------------------

    def filters(self) -> Iterator[SubnetFilter]:
        """Every network ACL."""
        for id_, record in self._records.of("NetworkAcls"):
            entries = record.children("Entries") if record.has("Entries") else [record]
            yield SubnetFilter(
                id_,
                self._placed(record, [one.text("SubnetId") for one in record.children("Associations")]),
                frozenset(one.text("SubnetId") for one in record.children("Associations")),
                acl_lines(entries, egress=False),
                acl_lines(entries, egress=True),
                record.sources("NetworkAclId"),
                record.flag("IsDefault") is True,
                merged(*(one.sources("RuleNumber", "RuleAction") for one in entries if is_end(one))),
            )

    def groups(self) -> Iterator[RuleGroup]:
        """Every security group. Where it was described, its permissions are those of the group; else those of its rules."""
        apart: dict[str, list[tuple[Record, GroupRule]]] = {}
        for _, record in self._records.of("SecurityGroupRules"):
            apart.setdefault(record.text("GroupId"), []).append((record, rule_record(record, self.prefix_list)))
        for id_, record in self._records.of("SecurityGroups"):
            rules = apart.pop(id_, [])
            inbound = self._permissions(record, "IpPermissions")
            outbound = self._permissions(record, "IpPermissionsEgress")
            told = "SecurityGroupRules" in self._records.told
            if not record.has("IpPermissions"):
                inbound += [rule for one, rule in rules if one.flag("IsEgress") is not True]
                inbound += [] if told else [unknown_rule(id_, record.sources("GroupId"))]
            if not record.has("IpPermissionsEgress"):
                outbound += [rule for one, rule in rules if one.flag("IsEgress") is not False]
                outbound += [] if told else [unknown_rule(id_, record.sources("GroupId"))]
            yield RuleGroup(
                id_,
                record.text("VpcId"),
                tuple(inbound),
                tuple(outbound),
                record.sources("GroupId", "GroupName"),
                record.text("GroupName"),
            )
        networks = self._networks_of_groups() if apart else {}
        for id_, rules in sorted(apart.items()):
            yield RuleGroup(
                id_,
                networks.get(id_, ""),
                tuple(rule for one, rule in rules if one.flag("IsEgress") is not True),
                tuple(rule for one, rule in rules if one.flag("IsEgress") is not False),
                merged(*(one.sources("GroupId") for one, _ in rules[:3])),
            )

    def _networks_of_groups(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for record in self.interface_records:
            for one in record.children("Groups"):
                found.setdefault(one.text("GroupId"), record.text("VpcId"))
        return found

    def _permissions(self, record: Record, key: str) -> list[GroupRule]:
        return [rule for one in record.children(key) for rule in permission(one, self.prefix_list)]

    # --- network interfaces -------------------------------------------------------------------------------

    def _interface_records(self) -> Iterator[Record]:
        seen = set()
        for id_, record in self._records.of("NetworkInterfaces"):
            seen.add(id_)
            yield record
        for _, instance in self._records.of("Instances"):
            for record in instance.children("NetworkInterfaces"):
                id_ = record.text("NetworkInterfaceId")
                if id_ not in seen:
                    seen.add(id_)
                    yield record

    def cards(self) -> Iterator[NetworkCard]:
        """Every network interface, of its own description or of that of its instance."""
        for record in self.interface_records:
            held = record.children("PrivateIpAddresses")
            texts = [one.text("PrivateIpAddress") for one in held] or [record.text("PrivateIpAddress")]
            texts += [one.text("Ipv6Address") for one in record.children("Ipv6Addresses")]
            addresses = tuple(dict.fromkeys(one for text in texts if (one := address_of(text)) is not None))
            prefixes = [network_of(one.text("Ipv4Prefix")) for one in record.children("Ipv4Prefixes")]
            prefixes += [network_of(one.text("Ipv6Prefix")) for one in record.children("Ipv6Prefixes")]
            kind = record.text("InterfaceType")
            yield NetworkCard(
                record.text("NetworkInterfaceId"),
                self._placed(record, [record.text("SubnetId")]),
                record.text("SubnetId"),
                addresses,
                self._groups_of(record),
                record.sources("NetworkInterfaceId", "PrivateIpAddress", "Groups"),
                tuple(one for one in prefixes if one is not None),
                dict(self._public(record)),
                routes=record.flag("SourceDestCheck") is not True and kind not in _MANAGED,
                managed=kind if kind in _MANAGED else "",
            )

    @staticmethod
    def _groups_of(record: Record) -> tuple[str, ...] | None:
        if not record.has("Groups"):
            return None
        return tuple(one.text("GroupId") for one in record.children("Groups"))

    def _placed(self, record: Record, subnets: Iterable[str]) -> str:
        """The network of a record, told by itself or by its subnets."""
        found = record.text("VpcId")
        return found or next((name for one in subnets if (name := self._network_by_subnet.get(one, ""))), "")

    def _public(self, record: Record) -> Iterator[tuple[IPAddress, IPAddress]]:
        for one in (*record.children("PrivateIpAddresses"), record):
            inner = address_of(one.text("PrivateIpAddress"))
            association = one.child("Association")
            outer = None if association is None else address_of(association.text("PublicIp"))
            if inner is not None and outer is not None:
                yield inner, outer
        for one in self._outer.get(record.text("NetworkInterfaceId"), ()):
            inner, outer = address_of(one.text("PrivateIpAddress")), address_of(one.text("PublicIp"))
            if inner is not None and outer is not None:
                yield inner, outer

    def nats(self) -> Iterator[NatGateway]:
        """Every NAT gateway that is not gone."""
        for id_, record in self._records.of("NatGateways"):
            if record.text("State") in _GONE:
                continue
            first = next(iter(record.children("NatGatewayAddresses")), None)
            private = None if first is None else address_of(first.text("PrivateIp"))
            public = None if first is None else address_of(first.text("PublicIp"))
            network = self._placed(record, [record.text("SubnetId")])
            sources = record.sources("NatGatewayId", "SubnetId")
            yield NatGateway(id_, network, record.text("SubnetId"), private, sources, public)


_MANAGED = frozenset(
    {
        "nat_gateway",
        "transit_gateway",
        "vpc_endpoint",
        "network_load_balancer",
        "gateway_load_balancer",
        "gateway_load_balancer_endpoint",
    }
)
"""Network interfaces that AWS runs, by `InterfaceType` (they never check source and destination)."""


def _used(record: Record, prefixes: tuple[IPNetwork, ...]) -> int | None:
    free = record.number("AvailableIpAddressCount")
    first = next((one for one in prefixes if isinstance(one, ipaddress.IPv4Network)), None)
    reserved = defaults().reserved_addresses
    if free is None or first is None or not 0 <= free <= first.num_addresses - reserved:
        return None
    return first.num_addresses - reserved - free


def _is_gone(record: Record, key: str) -> bool:
    state = record.child(f"{key}State")
    return state is not None and state.text("State") in ("disassociated", "failed", "failing")
