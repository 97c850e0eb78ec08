"""What one interface block says, while it is being read."""

from __future__ import annotations

from dataclasses import dataclass, field

from secaudit.network.interfaces import InterfaceAddress, InterfaceKind, SwitchPort
from secaudit.network.intervals import IPAddress
from secaudit.text.source import SourceLine
from secaudit.vendors.common.lines import Node

_KINDS = {
    "vlan": InterfaceKind.VLAN,
    "loopback": InterfaceKind.LOOPBACK,
    "port-channel": InterfaceKind.AGGREGATE,
    "vxlan": InterfaceKind.TUNNEL,
    "tunnel": InterfaceKind.TUNNEL,
    "null": InterfaceKind.NULL,
}


@dataclass(frozen=True, slots=True)
class Named:
    """A name that a line refers to, and the line that does."""

    name: str
    source: SourceLine


@dataclass(slots=True)
class InterfaceFacts:
    """One interface while it is being read."""

    name: str
    sources: list[SourceLine]
    addresses: list[InterfaceAddress] = field(default_factory=list)
    dynamic_address: bool = False
    learnt: SourceLine | None = None
    """The line that has the address, and with it a default route, given by DHCP."""
    ipv6: bool = False
    helpers: list[tuple[IPAddress, SourceLine]] = field(default_factory=list)
    multicast: SourceLine | None = None
    enabled: bool = True
    vrf: str = ""
    encapsulated: int | None = None
    lists: dict[tuple[str, str], Named] = field(default_factory=dict)
    """(kind of list, `in` or `out`) to the list."""
    ospf: set[str] = field(default_factory=set)
    """Processes that lines of the interface switch on here (`ip ospf 1 area 0`)."""
    description: str = ""
    divided: bool = False
    """It has sub-interfaces, so that it is no switch port."""
    switched: bool = False
    mode: str = ""
    access_vlan: int = 1
    native_vlan: int = 1
    allowed: frozenset[int] | None = None
    """VLANs of a trunk; None where no line names any."""
    by_frame: frozenset[int] = frozenset()
    """VLANs to which an untagged frame belongs by its protocol or source MAC address."""
    tagged: frozenset[int] = frozenset()
    voice_vlan: int | None = None
    layer2: list[SourceLine] = field(default_factory=list)
    """The lines that make up the switch port."""
    member_of: str | None = None
    unread: bool = False
    """A line of it was not understood: which VLANs it carries is not sure."""
    suspects: list[SourceLine] = field(default_factory=list)
    """Lines that were not understood and may apply a list."""
    isolated: list[SourceLine] = field(default_factory=list)
    guards: list[Node] = field(default_factory=list)
    """Lines that may say what protects the port."""
    routing: list[Node] = field(default_factory=list)
    """Lines about OSPF."""
    virtual: list[SourceLine] = field(default_factory=list)
    """Lines that give it a virtual address, understood or not."""

    @property
    def kind(self) -> InterfaceKind:
        """From the name."""
        if self.parent is not None:
            return InterfaceKind.VLAN
        return _KINDS.get(self.name.partition(" ")[0], InterfaceKind.PHYSICAL)

    @property
    def parent(self) -> str | None:
        """The interface of which this is a sub-interface (AX8600R: `gigabitethernet 1/1.10`)."""
        base, dot, _ = self.name.rpartition(".")
        return base if dot else None

    @property
    def vlan(self) -> int | None:
        """The VLAN of a routed interface."""
        kind, _, number = self.name.partition(" ")
        if kind == "vlan" and number.isascii() and number.isdigit() and len(number) < 5:
            return int(number)
        return self.encapsulated

    @property
    def routed(self) -> bool:
        """Whether a line shows that it is a layer 3 interface."""
        return bool(self.addresses) or self.dynamic_address or bool(self.vrf) or self.ipv6 or self.divided

    @property
    def vlans(self) -> frozenset[int] | None:
        """Every VLAN of which it carries frames; None = any."""
        port = self.switch_port()
        if port.trunk_vlans is None:
            return None
        if port.access_vlan in port.trunk_vlans:
            return port.trunk_vlans  # most trunks; a long list is not copied
        return port.trunk_vlans | frozenset(() if port.access_vlan is None else (port.access_vlan,))

    def switch_port(self) -> SwitchPort:
        """Layer 2 (AX-03).

        Untagged frames of a protocol or MAC port may be in several VLANs, which the model has no word for: its native VLAN is told, and the others
        as trunk VLANs that may or may not be there. So are the VLANs of a trunk without a list.
        """
        isolated = tuple(self.isolated)
        if self.mode in ("mac-vlan", "protocol-vlan"):
            return SwitchPort(self.native_vlan, self.by_frame | self.tagged, negotiated=True, isolated=isolated)
        if self.mode == "trunk":
            unknown = self.allowed is None
            return SwitchPort(self.native_vlan, self.allowed, trunk=True, negotiated=unknown, isolated=isolated)
        tagged = frozenset(() if self.voice_vlan is None else (self.voice_vlan,))
        return SwitchPort(self.access_vlan, tagged, isolated=isolated)
