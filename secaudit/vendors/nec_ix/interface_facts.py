"""What one interface block says, while it is being read."""

from __future__ import annotations

from dataclasses import dataclass, field

from secaudit.network.interfaces import InterfaceAddress, InterfaceKind
from secaudit.network.intervals import IPAddress
from secaudit.network.matches import Family
from secaudit.network.tunnels import Carrier
from secaudit.text.source import SourceLine
from secaudit.vendors.common.lines import Node
from secaudit.vendors.nec_ix.vocabulary import kind_of, parent_of


@dataclass(frozen=True, slots=True)
class Named:
    """A name that an interface refers to, and the line that does."""

    name: str
    source: SourceLine


@dataclass(frozen=True, slots=True)
class AppliedList:
    """`ip filter NAME SEQUENCE in|out [suppress-logging]`."""

    name: str
    sequence: int
    source: SourceLine
    silent: bool


@dataclass(slots=True)
class TunnelFacts:
    """The tunnel lines of an interface."""

    carrier: Carrier = Carrier.OTHER
    layer2: SourceLine | None = None
    """The line that has it carry Ethernet frames."""
    policy: Named | None = None
    """The IPsec policy map."""
    remote: IPAddress | None = None
    answers: bool = False
    ikev2: bool = False
    """IPsec with IKEv2, by its mode."""
    dial_in: bool = False
    """Those who call get addresses from the device, so that routes to them come and go."""
    local: IPAddress | None = None
    local_interface: str | None = None
    remote_id: str = ""
    sources: list[SourceLine] = field(default_factory=list)


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
    relays: list[tuple[IPAddress, SourceLine]] = field(default_factory=list)
    unnumbered: Named | None = None
    primary: tuple[str, SourceLine] | None = None
    """The last address that is no secondary one, as written."""
    unread: bool = False
    """Some line of it was not understood."""
    unread_addresses: list[SourceLine] = field(default_factory=list)
    """Lines that set an address that was not understood."""
    up: SourceLine | None = None
    down: SourceLine | None = None
    vlan: int | None = None
    dialled: bool = False
    """PPPoE and other PPP."""
    filters: dict[tuple[Family, str], list[AppliedList]] = field(default_factory=dict)
    """(address family, `in` or `out`) to the lists, in the order of the file."""
    applied: set[tuple[Family, str, str, int]] = field(default_factory=set)
    """The same lists by family, direction, name and number: a block that is printed twice names them twice."""
    edits: int = 0
    nat: list[Node] = field(default_factory=list)
    """`ip nat` and `ip napt` lines; they are read when all addresses and lists are known."""
    policy_route: Named | None = None
    unread_l2tp: SourceLine | None = None
    """A line about L2TP that was not understood."""
    binding: Named | None = None
    """The PPP profile."""
    tunnel: TunnelFacts | None = None
    ikev2: list[Node] = field(default_factory=list)
    """Lines about the algorithms of IKEv2 and the profile; they are read when all profiles are known."""
    member_of: Named | None = None
    routing: dict[str, SourceLine] = field(default_factory=dict)
    """Routing protocols that a line of the interface is about, with the first such line."""
    about_routing: list[Node] = field(default_factory=list)
    """All lines about routing protocols."""
    description: str = ""

    @property
    def kind(self) -> InterfaceKind:
        """From the name and the encapsulation."""
        kind = kind_of(self.name)
        if kind is not InterfaceKind.PHYSICAL:
            return kind
        if self.dialled:
            return InterfaceKind.DIALER
        return InterfaceKind.VLAN if self.vlan is not None or self.parent is not None else kind

    @property
    def parent(self) -> str | None:
        """The interface of which this is a sub-interface."""
        return parent_of(self.name)

    @property
    def always_up(self) -> bool:
        """Whether it is one that cannot be shut down."""
        return self.kind in (InterfaceKind.LOOPBACK, InterfaceKind.NULL)

    def tunnel_facts(self, line: SourceLine) -> TunnelFacts:
        """What is known of the tunnel, to which a line adds."""
        if self.tunnel is None:
            self.tunnel = TunnelFacts()
        self.tunnel.sources.append(line)
        return self.tunnel
