"""What connects virtual networks: internet, transit, peering and line gateways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.tunnels import Proposal
from secaudit.text.source import Sources
from secaudit.vendors.aws.records import Record, Records, address_of, merged, network_of
from secaudit.vendors.aws.tunnel_options import proposals
from secaudit.vendors.cloud.model import (
    Attachment,
    CloudPort,
    Hub,
    HubPort,
    HubTable,
    LineGateway,
    LinePort,
    RouteTable,
    TableRoute,
    Target,
    TargetKind,
    VirtualNetwork,
    Way,
)

_GONE = ("deleted", "deleting", "rejected", "failed", "failing", "detached", "disassociated")
_WAYS = {
    "igw": Way.INTERNET,
    "eigw": Way.OUTBOUND,
    "tgw": Way.HUB,
    "vgw": Way.EDGE,
    "pcx": Way.PEERING,
    "vpce": Way.SERVICE,
}
_LINES = frozenset({"virtualInterfaces", "directConnectGatewayAssociations", "VpnConnections"})
"""What tells the lines of a virtual private gateway."""
_NO_LINES, _NO_ASSOCIATIONS = "lines-not-submitted", "associations-not-submitted"
Announced = tuple[tuple[IPNetwork, Sources], ...]


class Transit:
    """Reads gateways out of the records. `networks` and `tables` are those of `networks.Networks`."""

    def __init__(self, records: Records, networks: Iterable[VirtualNetwork], tables: Iterable[RouteTable]) -> None:
        self._records = records
        self._networks = {one.id: one for one in networks}
        self._tables = tuple(tables)
        self._hub_attachments = dict(records.of("TransitGatewayAttachments"))
        for id_, record in records.of("TransitGatewayVpcAttachments"):
            self._hub_attachments.setdefault(id_, record)
        self._at_hub = _by_hub(sorted(self._hub_attachments.items()))
        self._tables_of_hub = _by_hub(records.of("TransitGatewayRouteTables"))
        self._offered: dict[str, tuple[Proposal, ...]] = {}
        self._pages: dict[str, list[Record]] = {}
        for key, page in records.of("TransitGatewayRoutes"):
            self._pages.setdefault(key.partition("#")[0], []).append(page)

    # --- at the virtual networks --------------------------------------------------------------------------

    def attachments(self) -> tuple[Attachment, ...]:
        """The gateways at every network: described, or known from a route that leads to them."""
        found = {(one.network, one.interface): one for one in (*self._attached(), *self._peerings(), *self._hubs_at())}
        for table in self._tables:
            for name in table.gateways:
                self._add(found, table.network, name, table.sources)
            for route in table.routes:
                for target in route.targets:
                    if target.kind is TargetKind.GATEWAY:
                        self._add(found, table.network, target.id, route.sources)
        return tuple(one for _, one in sorted(found.items()))

    def _add(self, found: dict[tuple[str, str], Attachment], network: str, name: str, sources: Sources) -> None:
        way = _WAYS.get(name.partition("-")[0], Way.OTHER)
        peer = network if way is Way.EDGE and name in self._records.by_kind.get("VpnGateways", {}) else None
        found.setdefault((network, name), Attachment(network, name, way, sources, peer))

    def _attached(self) -> Iterator[Attachment]:
        for kind, key, list_, way in (
            ("InternetGateways", "InternetGatewayId", "Attachments", Way.INTERNET),
            ("EgressOnlyInternetGateways", "EgressOnlyInternetGatewayId", "Attachments", Way.OUTBOUND),
            ("VpnGateways", "VpnGatewayId", "VpcAttachments", Way.EDGE),
        ):
            for id_, record in self._records.of(kind):
                for one in record.children(list_):
                    if one.text("State") not in _GONE and one.has("VpcId"):
                        peer = one.text("VpcId") if way is Way.EDGE else None
                        sources = merged(record.sources(key), one.sources("VpcId"))
                        yield Attachment(one.text("VpcId"), id_, way, sources, peer)

    def _peerings(self) -> Iterator[Attachment]:
        for id_, record in self._records.of("VpcPeeringConnections"):
            status = record.child("Status")
            if status is not None and status.text("Code") in (*_GONE, "expired", "pending-acceptance"):
                continue
            for key in ("RequesterVpcInfo", "AccepterVpcInfo"):
                side = record.child(key)
                if side is not None and side.text("VpcId") in self._networks:
                    sources = merged(record.sources("VpcPeeringConnectionId"), side.sources("VpcId"))
                    yield Attachment(side.text("VpcId"), id_, Way.PEERING, sources, peer=id_)

    def _hubs_at(self) -> Iterator[Attachment]:
        for id_, record in self._hub_attachments.items():
            network = record.text("VpcId") or record.text("ResourceId")
            is_network = record.text("ResourceType") == "vpc" or record.has("VpcId")
            if not is_network or network not in self._networks or record.text("State") in _GONE:
                continue
            details = self._records.one("TransitGatewayVpcAttachments", id_)
            subnets = () if details is None else tuple(details.texts("SubnetIds"))
            hub = record.text("TransitGatewayId")
            sources = record.sources("TransitGatewayAttachmentId", "TransitGatewayId", "ResourceId", "VpcId")
            yield Attachment(network, hub, Way.HUB, sources, peer=id_, subnets=subnets)

    # --- transit gateways ---------------------------------------------------------------------------------

    def hubs(self) -> Iterator[Hub]:
        """Every transit gateway that was described or that attachments or tables name."""
        described = dict(self._records.of("TransitGateways"))
        named: dict[str, Record] = {}
        for kind in ("TransitGatewayAttachments", "TransitGatewayVpcAttachments", "TransitGatewayRouteTables"):
            for _, record in self._records.of(kind):
                named.setdefault(record.text("TransitGatewayId"), record)
        for id_, record in sorted({**named, **described}.items()):
            if not id_ or record.text("State") in _GONE:
                continue
            ports = tuple(self._ports(id_))
            owner = record.text("OwnerId") or record.text("TransitGatewayOwnerId")
            yield Hub(
                id_, owner, ports, tuple(self._hub_tables(id_)), record.sources("TransitGatewayId"), record.title()
            )

    def _ports(self, hub: str) -> Iterator[HubPort]:
        for id_, record in self._at_hub.get(hub, ()):
            if record.text("State") in _GONE:
                continue
            way = record.text("ResourceType") or "vpc"
            resource = record.text("ResourceId") or record.text("VpcId")
            sources = record.sources("TransitGatewayAttachmentId", "ResourceId", "VpcId")
            table, lines = self._association(id_, record)
            peer = id_ if way == "peering" else None
            vpn = self._records.one("VpnConnections", resource) if way == "vpn" else None
            remote, outer = _vpn_ends(self._records, vpn)
            offered = self._proposals(resource, vpn)
            yield HubPort(id_, way, resource, table, merged(sources, lines), peer, remote, outer, offered)

    def _association(self, id_: str, record: Record) -> tuple[str | None, Sources]:
        association = record.child("Association")
        if association is not None and association.text("State") not in _GONE:
            return association.text("TransitGatewayRouteTableId") or "?", association.sources(
                "TransitGatewayRouteTableId"
            )
        for table, page in self._records.of("TransitGatewayAssociations"):
            for one in page.children("Associations"):
                if one.text("TransitGatewayAttachmentId") == id_ and one.text("State") not in _GONE:
                    return table, one.sources("TransitGatewayAttachmentId")
        # `describe-transit-gateway-attachments` always tells the association there is; the VPC attachments never do.
        # Whether it tells them to an account that the gateway is shared with is not documented: somebody must have seen the tables.
        full = self._records.one("TransitGatewayAttachments", id_)
        return (None if full is not None and self._tables_seen(record.text("TransitGatewayId")) else "?"), ()

    def _tables_seen(self, hub: str) -> bool:
        """Whether what was submitted is from an account that sees the route tables of a hub."""
        if self._tables_of_hub.get(hub):
            return True
        return any(record.child("Association") is not None for _, record in self._at_hub.get(hub, ()))

    def _hub_tables(self, hub: str) -> Iterator[HubTable]:
        for id_, record in self._tables_of_hub.get(hub, ()):
            if record.text("State") not in _GONE:
                yield self._hub_table(id_, record.sources("TransitGatewayRouteTableId"))
        known = self._records.by_kind.get("TransitGatewayRouteTables", {})
        used = {
            child.text("TransitGatewayRouteTableId"): child
            for _, record in self._at_hub.get(hub, ())
            if (child := record.child("Association")) is not None
        }
        for id_, child in sorted(used.items()):
            if id_ and id_ not in known:
                yield self._hub_table(id_, child.sources("TransitGatewayRouteTableId"))

    def _hub_table(self, id_: str, sources: Sources) -> HubTable:
        pages = self._pages.get(id_, [])
        routes = [self._hub_route(one) for page in pages for one in page.children("Routes")]
        known = bool(pages) and not any(page.flag("AdditionalRoutesAvailable") for page in pages)
        static = self._records.one("TransitGatewayStaticRoutes", id_)
        learnt = self._records.one("TransitGatewayPropagations", id_)
        if not pages and static is not None and learnt is not None:
            routes = [self._hub_route(one) for one in static.children("Routes")]
            propagated = [self._propagated(one) for one in learnt.children("TransitGatewayRouteTablePropagations")]
            routes += [route for one in propagated if one is not None for route in one]
            known = all(one is not None for one in propagated)
        told = all(one.destinations and one.targets and all(_is_told(to) for to in one.targets) for one in routes)
        return HubTable(id_, tuple(one for one in routes if one.targets), known and told, sources)

    def _hub_route(self, record: Record) -> TableRoute:
        prefix = network_of(record.text("DestinationCidrBlock"))
        sources = record.sources("DestinationCidrBlock", "State", "Type")
        ports = record.children("TransitGatewayAttachments")
        targets = tuple(Target(TargetKind.GATEWAY, one.text("TransitGatewayAttachmentId")) for one in ports)
        sources = merged(sources, *(one.sources("TransitGatewayAttachmentId") for one in ports))
        if record.text("State") == "blackhole":
            targets = (Target(TargetKind.NOWHERE),)
        learnt = record.text("Type") == "propagated"
        lines = learnt and any(one.text("ResourceType") != "vpc" for one in ports)
        return TableRoute(None if prefix is None else (prefix,), targets, sources, learnt, from_lines=lines)

    def _propagated(self, record: Record) -> list[TableRoute] | None:
        """What an attachment propagates: the ranges of its network. What lines announce is not in the files (None)."""
        if record.text("State") in ("disabled", "disabling"):
            return []
        network = self._networks.get(record.text("ResourceId"))
        if record.text("ResourceType") != "vpc" or network is None or not network.prefixes:
            return None
        target = Target(TargetKind.GATEWAY, record.text("TransitGatewayAttachmentId"))
        sources = merged(record.sources("TransitGatewayAttachmentId"), network.sources)
        return [TableRoute(network.prefixes, (target,), sources, learnt=True)]

    # --- lines --------------------------------------------------------------------------------------------

    def line_gateways(self) -> Iterator[LineGateway]:
        """Direct Connect gateways and virtual private gateways. What was not described of them is a port of its own that leads nowhere known."""
        for id_, record in self._records.of("directConnectGateways"):
            sources = record.sources("DirectConnectGatewayId")
            lines = (*self._virtual_interfaces("DirectConnectGatewayId", id_), *self._of_others(id_))
            clouds = (*self._associated(id_), *self._not_associated(id_, sources))
            yield LineGateway(
                id_,
                record.text("OwnerAccount"),
                "Direct Connect gateway",
                lines or (LinePort(_NO_LINES, sources),),
                clouds,
                sources,
                turns_around=self._site_link(id_),
            )
        for id_, record in self._records.of("VpnGateways"):
            if record.text("State") in _GONE:
                continue
            networks = [
                one.text("VpcId") for one in record.children("VpcAttachments") if one.text("State") not in _GONE
            ]
            owner = next((self._networks[one].owner for one in networks if one in self._networks), "")
            sources = record.sources("VpnGatewayId")
            lines = (*self._virtual_interfaces("VirtualGatewayId", id_), *self._private_lines(id_), *self._vpns(id_))
            if not lines or not self._records.told >= _LINES:
                lines = (*lines, LinePort(_NO_LINES, sources, untold="VpnConnections" not in self._records.told))
            clouds = tuple(self._own_networks(record, networks))
            yield LineGateway(id_, owner, "virtual private gateway", lines, clouds, sources, turns_around=True)

    def _not_associated(self, gateway: str, sources: Sources) -> Iterator[CloudPort]:
        """What a Direct Connect gateway leads to as others say, or as nobody says."""
        told = {
            other.text("Id")
            for _, record in self._records.of("directConnectGatewayAssociations")
            if record.text("DirectConnectGatewayId") == gateway
            and (other := record.child("AssociatedGateway")) is not None
        }
        for id_, record in sorted(self._hub_attachments.items()):
            hub = record.text("TransitGatewayId")
            if record.text("ResourceId") == gateway and hub not in told and record.text("State") not in _GONE:
                yield CloudPort(hub, None, record.sources("ResourceId"), peer=id_)
        if "directConnectGatewayAssociations" not in self._records.told:
            yield CloudPort(_NO_ASSOCIATIONS, None, sources)

    def _own_networks(self, record: Record, networks: Iterable[str]) -> Iterator[CloudPort]:
        for name in networks:
            known = self._networks.get(name)
            sources = record.sources("VpnGatewayId")
            announced = (
                None if known is None or not known.prefixes else tuple((one, known.sources) for one in known.prefixes)
            )
            yield CloudPort(name, announced, sources)

    def _site_link(self, gateway: str) -> bool:
        ports = [
            one for _, one in self._records.of("virtualInterfaces") if one.text("DirectConnectGatewayId") == gateway
        ]
        return any(one.flag("SiteLinkEnabled") is not False for one in ports)

    def _virtual_interfaces(self, key: str, gateway: str) -> Iterator[LinePort]:
        for id_, record in self._records.of("virtualInterfaces"):
            # One that is down at the moment may come up again.
            if record.text(key) != gateway or record.text("VirtualInterfaceState") in _GONE:
                continue
            pairs = [record, *record.children("BgpPeers")]
            near: list[tuple[IPNetwork, IPAddress, IPAddress | None]] = []
            for one in pairs:
                held, other = one.text("AmazonAddress"), one.text("CustomerAddress")
                prefix, own = network_of(held), address_of(held.partition("/")[0])
                if prefix is not None and own is not None and not any(own == known for _, known, _ in near):
                    near.append((prefix, own, address_of(other.partition("/")[0])))
            sources = record.sources("VirtualInterfaceId", "AmazonAddress", "CustomerAddress")
            yield LinePort(id_, sources, tuple(near))

    def _of_others(self, gateway: str) -> Iterator[LinePort]:
        """Virtual interfaces that the Direct Connect gateway tells and nobody described: those of other accounts."""
        described = self._records.by_kind.get("virtualInterfaces", {})
        for id_, record in self._records.of("directConnectGatewayAttachments"):
            here = record.text("DirectConnectGatewayId") == gateway and record.text("AttachmentState") not in _GONE
            if here and id_ not in described:
                yield LinePort(id_, record.sources("VirtualInterfaceId"))

    def _private_lines(self, gateway: str) -> Iterator[LinePort]:
        """Direct Connect gateways that a virtual private gateway is associated with."""
        for _, record in self._records.of("directConnectGatewayAssociations"):
            other = record.child("AssociatedGateway")
            if other is not None and other.text("Id") == gateway and record.text("AssociationState") not in _GONE:
                sources = record.sources("AssociationId", "DirectConnectGatewayId")
                yield LinePort(record.text("DirectConnectGatewayId"), sources, peer=record.text("AssociationId"))

    def _vpns(self, gateway: str) -> Iterator[LinePort]:
        for id_, record in self._records.of("VpnConnections"):
            if record.text("VpnGatewayId") == gateway and record.text("State") not in _GONE:
                remote, outer = _vpn_ends(self._records, record)
                offered = self._proposals(id_, record)
                sources = record.sources("VpnConnectionId")
                yield LinePort(id_, sources, is_vpn=True, remote=remote, outer=outer, proposals=offered)

    def _proposals(self, id_: str, record: Record | None) -> tuple[Proposal, ...] | None:
        """What the tunnels of a VPN connection accept; None when it was not submitted."""
        if record is None:
            return None
        if id_ not in self._offered:
            self._offered[id_] = proposals(record)
        return self._offered[id_]

    def _associated(self, gateway: str) -> Iterator[CloudPort]:
        for id_, record in self._records.of("directConnectGatewayAssociations"):
            other = record.child("AssociatedGateway")
            if record.text("AssociationState") in _GONE or record.text("DirectConnectGatewayId") not in (gateway, ""):
                continue
            if other is None or not record.has("DirectConnectGatewayId"):
                yield CloudPort(id_, None, record.sources("AssociationId"))
                continue
            name = other.text("Id")
            sources = merged(record.sources("AssociationId"), other.sources("Id"))
            allowed = self._allowed(record)
            if name.startswith("vgw-"):
                yield CloudPort(id_, self._announced_networks(name, allowed), sources, peer=None)
            else:
                yield CloudPort(id_, allowed, sources, peer=self._hub_port(name, gateway))

    def _allowed(self, record: Record) -> Announced | None:
        key = "AllowedPrefixesToDirectConnectGateway"
        if not record.has(key):
            return None
        found = [(network_of(one.text("Cidr")), one.sources("Cidr")) for one in record.children(key)]
        return tuple((prefix, sources) for prefix, sources in found if prefix is not None)

    def _announced_networks(self, gateway: str, allowed: Announced | None) -> Announced | None:
        """Of a virtual private gateway the range of its network is announced when an allowed prefix is as wide or wider.

        Source: Direct Connect user guide, "Allowed prefixes interactions".
        """
        record = self._records.one("VpnGateways", gateway)
        names = [] if record is None else [one.text("VpcId") for one in record.children("VpcAttachments")]
        networks = [self._networks[one] for one in names if one in self._networks and self._networks[one].prefixes]
        if not networks:
            return None
        found = []
        for network in networks:
            for prefix in network.prefixes:
                if not allowed:
                    found.append((prefix, network.sources))
                for wide, sources in allowed or ():
                    if wide.version == prefix.version and prefix.subnet_of(wide):  # type: ignore[arg-type]
                        found.append((prefix, merged(sources, network.sources)))
                        break
        return tuple(found)

    def _hub_port(self, hub: str, gateway: str) -> str | None:
        for id_, record in self._at_hub.get(hub, ()):
            if record.text("ResourceId") == gateway:
                return id_
        return None


def _is_told(target: Target) -> bool:
    return target.kind is not TargetKind.GATEWAY or bool(target.id)


def _by_hub(records: Iterable[tuple[str, Record]]) -> dict[str, list[tuple[str, Record]]]:
    found: dict[str, list[tuple[str, Record]]] = {}
    for id_, record in records:
        found.setdefault(record.text("TransitGatewayId"), []).append((id_, record))
    return found


def _vpn_ends(records: Records, record: Record | None) -> tuple[IPAddress | None, tuple[IPAddress, ...]]:
    """The address of the customer's router, and those of the tunnels at AWS."""
    if record is None:
        return None, ()
    customer = records.one("CustomerGateways", record.text("CustomerGatewayId"))
    remote = None if customer is None else address_of(customer.text("IpAddress"))
    outer = [address_of(one.text("OutsideIpAddress")) for one in record.children("VgwTelemetry")]
    return remote, tuple(one for one in outer if one is not None)
