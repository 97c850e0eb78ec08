"""The lists that AWS's answers consist of, and the member that names each of their records."""

from __future__ import annotations

from collections.abc import Mapping

LISTS: Mapping[str, str] = {
    "Vpcs": "VpcId",
    "Subnets": "SubnetId",
    "RouteTables": "RouteTableId",
    "NetworkAcls": "NetworkAclId",
    "SecurityGroups": "GroupId",
    "SecurityGroupRules": "SecurityGroupRuleId",
    "NetworkInterfaces": "NetworkInterfaceId",
    "Reservations": "ReservationId",
    "Instances": "InstanceId",
    "InternetGateways": "InternetGatewayId",
    "EgressOnlyInternetGateways": "EgressOnlyInternetGatewayId",
    "NatGateways": "NatGatewayId",
    "TransitGateways": "TransitGatewayId",
    "TransitGatewayAttachments": "TransitGatewayAttachmentId",
    "TransitGatewayVpcAttachments": "TransitGatewayAttachmentId",
    "TransitGatewayRouteTables": "TransitGatewayRouteTableId",
    "TransitGatewayStaticRoutes": "TransitGatewayRouteTableId",
    "TransitGatewayPropagations": "TransitGatewayRouteTableId",
    "TransitGatewayRouteTablePropagations": "TransitGatewayAttachmentId",
    "TransitGatewayRouteTableAssociations": "TransitGatewayAttachmentId",
    "Associations": "TransitGatewayAttachmentId",
    "Routes": "DestinationCidrBlock",
    "VpcPeeringConnections": "VpcPeeringConnectionId",
    "VpcEndpoints": "VpcEndpointId",
    "PrefixLists": "PrefixListId",
    "Entries": "Cidr",
    "VpnGateways": "VpnGatewayId",
    "VpnConnections": "VpnConnectionId",
    "CustomerGateways": "CustomerGatewayId",
    "Addresses": "AllocationId",
    "directConnectGateways": "directConnectGatewayId",
    "directConnectGatewayAssociations": "associationId",
    "directConnectGatewayAttachments": "virtualInterfaceId",
    "virtualInterfaces": "virtualInterfaceId",
    "DirectConnectGateways": "directConnectGatewayId",
    "DirectConnectGatewayAssociations": "associationId",
    "VirtualInterfaces": "virtualInterfaceId",
}
"""By the key of a page (EC2 API reference and Direct Connect API reference, the response elements of the `Describe*` actions;
`search-transit-gateway-routes`, `get-transit-gateway-route-table-*` and `get-managed-prefix-list-entries` for the others).
`TransitGatewayStaticRoutes` and `TransitGatewayPropagations` are how some collectors (Batfish) save the last ones of all tables."""

SAME: Mapping[str, str] = {
    "DirectConnectGateways": "directConnectGateways",
    "DirectConnectGatewayAssociations": "directConnectGatewayAssociations",
    "VirtualInterfaces": "virtualInterfaces",
    "TransitGatewayRouteTableAssociations": "Associations",
}
"""Other spellings of lists."""
