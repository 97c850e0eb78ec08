"""Interfaces: where packets enter and leave a device."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import Enum

from secaudit.network.tunnels import Diversion, TunnelEnd
from secaudit.text.source import Sources

IPInterface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


class InterfaceKind(Enum):
    """What an interface is made of."""

    PHYSICAL = "physical"
    VLAN = "vlan"
    """A routed VLAN interface: an SVI, a tagged sub-interface."""
    AGGREGATE = "aggregate"
    TUNNEL = "tunnel"
    DIALER = "dialer"
    """PPPoE, ISDN and other calls (`pp 1`, `Dialer1`)."""
    LOOPBACK = "loopback"
    BRIDGE = "bridge"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """An address with its prefix length, and the lines that set it.

    `shared` marks a virtual address (VRRP, HSRP) that another device may hold as well.
    """

    address: IPInterface
    sources: Sources
    shared: bool = False


class PortProtection(Enum):
    """What a switch does at a port against hosts that should not be there or do what they should not."""

    DOT1X = "802.1X"
    MAC_AUTHENTICATION = "MAC authentication"
    MAC_LIMIT = "MAC limit"
    """Only listed or a limited number of MAC addresses (port security, static entries)."""
    DHCP_SNOOPING = "DHCP snooping"
    ARP_INSPECTION = "ARP inspection"
    BPDU_GUARD = "BPDU guard"
    LOOP_DETECTION = "loop detection"


@dataclass(frozen=True, slots=True)
class SwitchPort:
    """Layer 2 of a port: `access_vlan` untagged (of a trunk its native VLAN; None = untagged frames are dropped), `trunk_vlans` tagged
    (None = every VLAN).

    `protections` are what protects the port, with the lines that say so; `protections_read` the kinds of which the lines of the file tell
    everything; `protections_untold` those that no line is about, although the port may have them. About the others lines are not understood.
    `negotiated`: whether it is a trunk is agreed with the other side. `isolated` are the lines that keep its hosts from those of other
    isolated ports of the device (protected port, private VLAN).
    """

    access_vlan: int | None = None
    trunk_vlans: frozenset[int] | None = frozenset()
    trunk: bool = False
    negotiated: bool = False
    isolated: Sources = ()
    protections: tuple[tuple[PortProtection, Sources], ...] = ()
    protections_read: frozenset[PortProtection] = frozenset()
    protections_untold: frozenset[PortProtection] = frozenset()


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface of one device.

    `filter_in`/`filter_out` name entries of `Device.filters` (None = nothing applied, everything passes).
    `parent` is the physical interface of a sub-interface; `vlan` its VLAN id; `native` that untagged frames of the parent are its own as
    well. `member_of` is the aggregate or the bridge of which a port is a part. `ipv6_only_link_local`: IPv6 is on although the file
    gives it no address, so it has a link-local one and can route. `zone` is the name of the device's
    own security zone, as written in its configuration, for people to read. `tunnel` is what it says when it is the end of one;
    `diversions` take packets that are about to leave by it into tunnels. `peer` is the interface at the other end of a link inside the box,
    in another virtual device of the same file.
    """

    name: str
    kind: InterfaceKind
    sources: Sources
    addresses: tuple[InterfaceAddress, ...] = ()
    dynamic_address: bool = False
    """The address is given by DHCP, PPPoE or the like and is not in the file."""
    enabled: bool = True
    vlan: int | None = None
    parent: str | None = None
    vrf: str = ""
    zone: str | None = None
    filter_in: str | None = None
    filter_out: str | None = None
    switch_port: SwitchPort | None = None
    tunnel: TunnelEnd | None = None
    diversions: tuple[Diversion, ...] = ()
    description: str = ""
    native: bool = False
    member_of: str | None = None
    ipv6_only_link_local: bool = False
    peer: str | None = None
