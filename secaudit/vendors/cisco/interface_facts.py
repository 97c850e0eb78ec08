"""What one interface block says, while it is being read."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

from secaudit.network.interfaces import InterfaceAddress, InterfaceKind, SwitchPort
from secaudit.network.intervals import IPAddress
from secaudit.network.tunnels import Carrier, TunnelEnd
from secaudit.text.source import SourceLine
from secaudit.vendors.common.lines import Node


@dataclass(frozen=True, slots=True)
class Named:
    """A name that an interface refers to, and the line that does."""

    name: str
    source: SourceLine


@dataclass(slots=True)
class TunnelFacts:
    """The tunnel lines of an interface; a tunnel is GRE unless a line says otherwise."""

    carrier: Carrier = Carrier.GRE
    protected: bool = False
    """What carries it goes through IPsec."""
    protection: tuple[str, ...] = ()
    """The words that say by which profile."""
    remote: IPAddress | None = None
    local: IPAddress | None = None
    local_interface: str | None = None
    sources: list[SourceLine] = field(default_factory=list)

    def end(self) -> TunnelEnd:
        """The finished value."""
        carrier = Carrier.IPSEC if self.protected else self.carrier
        return TunnelEnd(carrier, tuple(self.sources), self.remote, self.local, self.local_interface)


@dataclass(slots=True)
class InterfaceFacts:
    """One interface while it is being read."""

    name: str
    sources: list[SourceLine]
    addresses: list[InterfaceAddress] = field(default_factory=list)
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
    """Where UDP broadcasts are passed on to."""
    peers: list[Named] = field(default_factory=list)
    """What gives those who dial in their address: an address, the name of a pool, or nothing that is known (empty)."""
    multicast: SourceLine | None = None
    """The line that has it route multicast."""
    unnumbered: Named | None = None
    enabled: bool = True
    vlan: int | None = None
    vrf: str = ""
    zone: Named | None = None
    filters: dict[tuple[int, str], Named] = field(default_factory=dict)
    """(address family, `in` or `out`) to the access list."""
    inspections: dict[str, Named] = field(default_factory=dict)
    nat_side: Named | None = None
    policy_route: Named | None = None
    service_policies: list[Named] = field(default_factory=list)
    mac_filters: list[SourceLine] = field(default_factory=list)
    ospf: bool = False
    """A routing protocol is switched on here by a line of the interface."""
    tunnel: TunnelFacts | None = None
    crypto_map: Named | None = None
    description: str = ""
    routed: bool = False
    """A line shows that it is a layer 3 interface."""
    switched: bool = False
    access_vlan: int = 1
    voice_vlan: int | None = None
    mode: str = ""
    allowed: frozenset[int] | None = None
    native_vlan: int = 1
    native: bool = False
    """A sub-interface that receives the untagged frames."""
    member_of: str | None = None
    isolated: list[SourceLine] = field(default_factory=list)
    """The lines that keep its hosts from those of other ports."""
    guards: list[Node] = field(default_factory=list)
    """Lines that may protect the port against hosts that should not be there."""
    private_vlan: int | None = None
    """The primary VLAN of a port of a private VLAN."""

    def tunnel_facts(self, line: SourceLine) -> TunnelFacts:
        """What is known of the tunnel, to which a line adds."""
        if self.tunnel is None:
            self.tunnel = TunnelFacts()
        self.tunnel.sources.append(line)
        return self.tunnel

    @property
    def kind(self) -> InterfaceKind:
        """From the name."""
        lower = self.name.lower()
        for start, kind in _KINDS:
            if lower.startswith(start):
                return kind
        return InterfaceKind.VLAN if self.vlan is not None else InterfaceKind.PHYSICAL

    @property
    def parent(self) -> str | None:
        """The interface of which this is a sub-interface."""
        base, dot, _ = self.name.rpartition(".")
        return base if dot else None

    def switch_port(self) -> SwitchPort:
        """Layer 2. A port whose mode is negotiated is an access port that could become a trunk: it names its trunk VLANs, too.

        Ports of a private VLAN are in its primary VLAN: its secondary VLANs are not told apart, only noted as isolation.
        """
        isolated = tuple(self.isolated)
        if self.mode == "private-vlan":
            return SwitchPort(self.private_vlan or self.access_vlan, isolated=isolated)
        if self.mode == "access":
            tagged = frozenset(() if self.voice_vlan is None else (self.voice_vlan,))
            return SwitchPort(self.access_vlan, tagged, isolated=isolated)
        if self.mode == "trunk":
            return SwitchPort(self.native_vlan, self.allowed, trunk=True, isolated=isolated)
        return SwitchPort(self.access_vlan, self.allowed, negotiated=True, isolated=isolated)


_KINDS = (
    ("vlan", InterfaceKind.VLAN),
    ("loopback", InterfaceKind.LOOPBACK),
    ("tunnel", InterfaceKind.TUNNEL),
    ("dialer", InterfaceKind.DIALER),
    ("virtual-template", InterfaceKind.DIALER),
    ("bvi", InterfaceKind.BRIDGE),
    ("bdi", InterfaceKind.BRIDGE),
    ("null", InterfaceKind.NULL),
    ("port-channel", InterfaceKind.AGGREGATE),
)


def resolve_unnumbered(interfaces: Mapping[str, InterfaceFacts]) -> None:
    """`ip unnumbered X` answers with the address of X, but no subnet is connected by it."""
    for facts in interfaces.values():
        if facts.unnumbered is None:
            continue
        lender = interfaces.get(facts.unnumbered.name)
        own = [] if lender is None else [entry for entry in lender.addresses if entry.address.version == 4]
        if not own or lender is None or lender.dynamic_address:
            facts.dynamic_address = True
            continue
        single = ipaddress.IPv4Interface((int(own[0].address.ip), 32))
        facts.addresses.append(InterfaceAddress(single, (facts.unnumbered.source, *own[0].sources)))
