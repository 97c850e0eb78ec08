"""What a cloud network is made of, whoever sells it. A reader of a provider fills these; `conversion` makes devices of them.

The words are those of no provider: a virtual network (VPC, VNet, VCN), its subnets, a route table chosen by subnet, a stateless filter at
the edge of a subnet (network ACL), rule groups that act on a network card and remember connections (security groups), and gateways.
Every value has the lines it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from secaudit.network.device import Doubt, Notice
from secaudit.network.filters import FilterLine
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import Service
from secaudit.network.tunnels import Proposal
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


@dataclass(frozen=True, slots=True)
class VirtualNetwork:
    """A virtual network. `prefixes` are its address ranges: between them everything is routed locally (empty: not told)."""

    id: str
    owner: str
    prefixes: tuple[IPNetwork, ...]
    sources: Sources
    title: str = ""


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet. `used` is how many IPv4 addresses the provider says are taken by network cards (None: not told), the proof that all of them
    were submitted."""

    id: str
    network: str
    prefixes: tuple[IPNetwork, ...]
    sources: Sources
    used: int | None = None
    title: str = ""


class TargetKind(Enum):
    """Where a route leads."""

    LOCAL = "local"
    GATEWAY = "gateway"
    """By a gateway that is attached to the virtual network (`id` is the name of the interface)."""
    CARD = "card"
    """To a network card inside it: an instance that routes."""
    NAT = "nat"
    NOWHERE = "nowhere"
    """Packets are dropped (a black hole)."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a route leads: to what, and its name."""

    kind: TargetKind
    id: str = ""


@dataclass(frozen=True, slots=True)
class TableRoute:
    """One line of a route table. `destinations` are prefixes of any family; None when they are not known. `unsure` says why it may not act.

    `learnt` ones stand behind those that somebody wrote; `from_lines`: they are there while a line is up that announces them.
    """

    destinations: tuple[IPNetwork, ...] | None
    targets: tuple[Target, ...]
    sources: Sources
    learnt: bool = False
    unsure: Text | None = None
    from_lines: bool = False


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table of a virtual network: for the subnets that are associated with it, for the gateways (what enters by them), and, when
    it is the main one, for every subnet that is associated with none."""

    id: str
    network: str
    subnets: frozenset[str]
    gateways: frozenset[str]
    main: bool
    routes: tuple[TableRoute, ...]
    sources: Sources


@dataclass(frozen=True, slots=True)
class SubnetFilter:
    """A stateless filter at the edge of subnets, first match decides; not between hosts of one subnet."""

    id: str
    network: str
    subnets: frozenset[str]
    inbound: tuple[FilterLine, ...]
    outbound: tuple[FilterLine, ...]
    sources: Sources
    is_default: bool = False
    ends: Sources = ()
    """The lines that deny what nothing else matches, where the provider writes them out."""


@dataclass(frozen=True, slots=True)
class GroupRule:
    """One permission of a rule group. `prefixes` and `groups` (the addresses of the cards in them) are who may be at the other end;
    `any_peer`: who it is cannot be told. `services` are by address family; `unsure` says why it may permit less."""

    label: str
    services: Mapping[int, tuple[Service, ...]]
    sources: Sources
    prefixes: tuple[IPNetwork, ...] = ()
    groups: tuple[str, ...] = ()
    any_peer: bool = False
    unsure: Text | None = None


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Permissions that act on network cards; what none of them permits is denied, replies of what is permitted pass."""

    id: str
    network: str
    inbound: tuple[GroupRule, ...]
    outbound: tuple[GroupRule, ...]
    sources: Sources
    title: str = ""


@dataclass(frozen=True, slots=True)
class NetworkCard:
    """A network card of a host in a subnet. `groups` None: which ones act on it is not told; empty: none, it is unfiltered.
    `public` are the addresses by which it is known outside. `routes`: it may send and receive packets of others."""

    id: str
    network: str
    subnet: str
    addresses: tuple[IPAddress, ...]
    groups: tuple[str, ...] | None
    sources: Sources
    prefixes: tuple[IPNetwork, ...] = ()
    public: Mapping[IPAddress, IPAddress] = field(default_factory=dict)
    routes: bool = False
    managed: str = ""
    """What the provider runs behind it ("nat_gateway"); empty for a host of the customer."""


@dataclass(frozen=True, slots=True)
class NatGateway:
    """A device that translates sources to its own address in its subnet, for connections that begin behind it."""

    id: str
    network: str
    subnet: str
    address: IPAddress | None
    sources: Sources
    public: IPAddress | None = None


class Way(Enum):
    """What a gateway of a virtual network leads to."""

    INTERNET = "internet"
    """Public addresses are translated one to one; a host without one is not reached and reaches nothing."""
    OUTBOUND = "outbound"
    """IPv6 to the Internet, for connections that begin inside."""
    HUB = "hub"
    """A router for several virtual networks and lines (transit gateway)."""
    EDGE = "edge"
    """A router for private lines and VPN of this network (virtual private gateway)."""
    PEERING = "peering"
    SERVICE = "service"
    """A service of the provider, reached by a route (gateway endpoint)."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A gateway at a virtual network. `interface` is the name people and routes know it by; `peer` the interface at its other end;
    `subnets` are those in which it has its own cards (their route tables and filters act on it)."""

    network: str
    interface: str
    way: Way
    sources: Sources
    peer: str | None = None
    subnets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HubPort:
    """A port of a hub. `table` is the route table that what enters by it is looked up in (None: none, it is dropped; "?": not told).

    `proposals` are what the tunnels of a VPN accept, all of them; None where that is not looked for, or the VPN was not submitted."""

    interface: str
    way: str
    resource: str
    table: str | None
    sources: Sources
    peer: str | None = None
    remote: IPAddress | None = None
    outer: tuple[IPAddress, ...] = ()
    proposals: tuple[Proposal, ...] | None = None


@dataclass(frozen=True, slots=True)
class HubTable:
    """A route table of a hub; `known`: its routes were submitted."""

    id: str
    routes: tuple[TableRoute, ...]
    known: bool
    sources: Sources


@dataclass(frozen=True, slots=True)
class Hub:
    """A router between virtual networks and lines."""

    id: str
    owner: str
    ports: tuple[HubPort, ...]
    tables: tuple[HubTable, ...]
    sources: Sources
    title: str = ""


@dataclass(frozen=True, slots=True)
class LinePort:
    """A line to the premises at a line gateway: its own address and the one of the customer's router, where they are told.

    `proposals` as of `HubPort`. `untold`: it stands for lines that were not submitted, VPNs among them.
    """

    interface: str
    sources: Sources
    near: tuple[tuple[IPNetwork, IPAddress, IPAddress | None], ...] = ()
    is_vpn: bool = False
    remote: IPAddress | None = None
    outer: tuple[IPAddress, ...] = ()
    peer: str | None = None
    proposals: tuple[Proposal, ...] | None = None
    untold: bool = False


@dataclass(frozen=True, slots=True)
class CloudPort:
    """The other side of a line gateway: a hub, another line gateway or a virtual network, and the prefixes that lines may reach by it.

    `announced` None: all that is there is not told."""

    interface: str
    announced: tuple[tuple[IPNetwork, Sources], ...] | None
    sources: Sources
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class LineGateway:
    """A router between lines to the premises and the cloud (Direct Connect gateway, virtual private gateway)."""

    id: str
    owner: str
    kind: str
    lines: tuple[LinePort, ...]
    clouds: tuple[CloudPort, ...]
    sources: Sources
    turns_around: bool = False
    """Lines may reach each other through it."""


@dataclass(frozen=True, slots=True)
class PlacedDoubt:
    """A doubt, and the virtual network or gateway it is bounded to (None: all of them)."""

    place: str | None
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Cloud:
    """Everything that was gathered. `cards_told`, `filters_told`: whether network cards and subnet filters were described at all."""

    vendor: str
    file: str
    networks: tuple[VirtualNetwork, ...]
    subnets: tuple[Subnet, ...] = ()
    tables: tuple[RouteTable, ...] = ()
    filters: tuple[SubnetFilter, ...] = ()
    groups: tuple[RuleGroup, ...] = ()
    cards: tuple[NetworkCard, ...] = ()
    nats: tuple[NatGateway, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    hubs: tuple[Hub, ...] = ()
    line_gateways: tuple[LineGateway, ...] = ()
    doubts: tuple[PlacedDoubt, ...] = ()
    notices: tuple[tuple[str, Notice], ...] = ()
    reserved: int = 5
    """Addresses of every subnet that the provider keeps for itself."""
