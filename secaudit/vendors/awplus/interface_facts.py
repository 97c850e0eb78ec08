"""What one interface says, while it is being read."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from secaudit.network.interfaces import InterfaceAddress, InterfaceKind, SwitchPort
from secaudit.network.intervals import IPAddress
from secaudit.network.tunnels import Carrier, Proposal, TunnelEnd
from secaudit.text.source import SourceLine
from secaudit.vendors.common.lines import Node


@dataclass(frozen=True, slots=True)
class Named:
    """A name that an interface refers to, and the line that does."""

    name: str
    source: SourceLine


@dataclass(slots=True)
class TunnelFacts:
    """The tunnel lines of an interface. Without `tunnel mode` what carries it is not known."""

    carrier: Carrier = Carrier.OTHER
    protected: bool = False
    """What carries it goes through IPsec."""
    protection: tuple[str, ...] = ()
    """The words behind `tunnel protection`, as written."""
    destination: str = ""
    """The word behind `tunnel destination`, as written; empty without one, and where more stands behind it."""
    remote: IPAddress | None = None
    answers: bool = False
    local: IPAddress | None = None
    local_interface: str | None = None
    local_id: str = ""
    remote_id: str = ""
    sources: list[SourceLine] = field(default_factory=list)

    @property
    def encrypts(self) -> bool:
        """Whether it is an IPsec tunnel, or one that IPsec protects."""
        return self.protected or self.carrier is Carrier.IPSEC

    def end(self, proposals: tuple[Proposal, ...] | None) -> TunnelEnd:
        """The finished value."""
        carrier = Carrier.IPSEC if self.protected else self.carrier
        return TunnelEnd(
            carrier,
            tuple(self.sources),
            self.remote,
            self.local,
            self.local_interface,
            self.answers,
            self.local_id,
            self.remote_id,
            proposals,
        )


@dataclass(slots=True)
class InterfaceFacts:
    """One interface while it is being read."""

    name: str
    kind: InterfaceKind
    sources: list[SourceLine]
    addresses: list[InterfaceAddress] = field(default_factory=list)
    primary: tuple[ipaddress.IPv4Interface, SourceLine] | None = None
    """The address that is no secondary one, and its line."""
    dynamic_address: bool = False
    ipv6: bool = False
    """IPv6 is on: without it the interface drops every IPv6 packet."""
    learnt: dict[int, SourceLine] = field(default_factory=dict)
    """Address family to the line that has a default route given from outside, together with the address."""
    unknown_ipv6: SourceLine | None = None
    """The line that has the IPv6 prefix given from outside."""
    advertised: list[tuple[ipaddress.IPv6Network, SourceLine]] = field(default_factory=list)
    """IPv6 prefixes from which hosts here give themselves addresses."""
    helpers: list[tuple[IPAddress, SourceLine]] = field(default_factory=list)
    """Where UDP broadcasts or DHCP requests are passed on to."""
    multicast: SourceLine | None = None
    unnumbered: Named | None = None
    enabled: bool = True
    vlan: int | None = None
    """The VLAN of a routed VLAN interface or the tag of a sub-interface."""
    parent: str | None = None
    vrf: str = ""
    hardware: list[Named] = field(default_factory=list)
    """The access lists applied here, in the order of their lines: IPv4 and MAC lists."""
    hardware_ipv6: list[Named] = field(default_factory=list)
    service_policies: list[Named] = field(default_factory=list)
    tunnel: TunnelFacts | None = None
    description: str = ""
    routed: bool = False
    """`no switchport`: a port that routes."""
    mode: str = "access"
    access_vlan: int = 1
    tagged: frozenset[int] | None = frozenset()
    """VLANs that a trunk carries with a tag (None = every one); none until a line adds them."""
    native_vlan: int | None = 1
    voice_vlans: frozenset[int] | None = frozenset()
    member_of: str | None = None
    isolated: list[SourceLine] = field(default_factory=list)
    private_vlan: int | None = None
    bridge: SourceLine | None = None
    unread_vlans: bool = False
    """A line about VLANs was not understood: frames that come in may be in every one."""
    unread_addresses: list[SourceLine] = field(default_factory=list)
    """Lines that may set an address and were not understood."""
    unread: bool = False
    """Some line of it was not understood, or may stand behind its block, or belongs to another interface."""
    routing: list[Node] = field(default_factory=list)
    """Lines about routing protocols."""
    protective: list[Node] = field(default_factory=list)
    """Lines about guards of the port or of the VLAN."""
    member_filters: bool = False
    """`member-filters`: the lists of this member count, instead of those of its static channel group."""

    @property
    def switched(self) -> bool:
        """Whether it is a port at layer 2: ports and channel groups are, unless a line says `no switchport` (AL-04) or gives an address."""
        bridgeable = self.kind is InterfaceKind.AGGREGATE or self.name.startswith("port")
        addressed = self.dynamic_address or bool(self.addresses) or self.unnumbered is not None
        return bridgeable and self.parent is None and not (self.routed or addressed)

    def tunnel_facts(self, line: SourceLine) -> TunnelFacts:
        """What is known of the tunnel, to which a line adds."""
        if self.tunnel is None:
            self.tunnel = TunnelFacts()
        self.tunnel.sources.append(line)
        return self.tunnel

    def carries(self, vlan: int) -> bool:
        """Whether frames that come in by this port can be in a VLAN."""
        port = self.switch_port()
        return port.access_vlan == vlan or port.trunk_vlans is None or vlan in port.trunk_vlans

    def switch_port(self) -> SwitchPort:
        """Layer 2. Ports of a private VLAN are in its primary VLAN: its secondary ones are not told apart, only noted as isolation."""
        isolated = tuple(self.isolated)
        if self.unread_vlans:
            return SwitchPort(self.access_vlan, None, trunk=self.mode == "trunk", isolated=isolated)
        if self.mode == "private-vlan":
            return SwitchPort(self.private_vlan or self.access_vlan, isolated=isolated)
        if self.mode == "trunk":
            return SwitchPort(self.native_vlan, self.tagged, trunk=True, isolated=isolated)
        return SwitchPort(self.access_vlan, self.voice_vlans, isolated=isolated)
