"""What is known about an interface while a file is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from secaudit.network.interfaces import InterfaceAddress, InterfaceKind, PortProtection, SwitchPort
from secaudit.network.intervals import IPAddress
from secaudit.text.source import SourceLine
from secaudit.vendors.common.lines import Node


@dataclass(slots=True)
class InterfaceFacts:
    """One `interface` block. Everything else in the configuration knows the interface by its `nameif`."""

    hardware: str
    line: SourceLine
    level_of_inside: int
    level_of_others: int
    """`nameif inside` gives the one level, any other name the other, until `security-level` says otherwise."""
    nameif: str | None = None
    nameif_line: SourceLine | None = None
    level: int | None = None
    level_line: SourceLine | None = None
    addresses: list[InterfaceAddress] = field(default_factory=list)
    lines: list[SourceLine] = field(default_factory=list)
    dynamic: SourceLine | None = None
    """`ip address dhcp` or `pppoe`."""
    learnt_default: SourceLine | None = None
    pppoe: bool = False
    ipv6: bool = False
    unknown_ipv6: SourceLine | None = None
    enabled: bool = True
    vlan: int | None = None
    management_only: SourceLine | None = None
    member_of: str | None = None
    bridge_group: SourceLine | None = None
    members: list[str] = field(default_factory=list)
    """Of a redundant interface."""
    description: str = ""
    switchport: bool = False
    access_vlan: int = 1
    trunk: bool = False
    trunk_vlans: frozenset[int] | None = None
    native_vlan: int | None = None
    isolated: list[SourceLine] = field(default_factory=list)
    relay_servers: list[tuple[IPAddress, SourceLine]] = field(default_factory=list)
    tunnel_source: str | None = None
    tunnel_remote: IPAddress | None = None
    tunnel_profile: tuple[str, SourceLine] | None = None
    """The name behind `tunnel protection ipsec profile`."""
    neighbours: list[Node] = field(default_factory=list)
    """What it says about routing protocols: how neighbours there must authenticate themselves."""

    @property
    def name(self) -> str:
        """The name by which the configuration knows it; that of the hardware when it has no `nameif`."""
        return self.hardware if self.nameif is None else self.nameif

    @property
    def security_level(self) -> int:
        """Its security level."""
        if self.level is not None:
            return self.level
        return self.level_of_inside if self.name.lower() == "inside" else self.level_of_others

    @property
    def level_sources(self) -> tuple[SourceLine, ...]:
        """The lines that tell the level."""
        return tuple(line for line in (self.nameif_line or self.line, self.level_line) if line is not None)

    @property
    def routed(self) -> bool:
        """Without a name an interface passes nothing."""
        return self.nameif is not None

    @property
    def kind(self) -> InterfaceKind:
        """What it is made of, by the name of the hardware."""
        lower = self.hardware.lower()
        for start, kind in _KINDS:
            if lower.startswith(start):
                return InterfaceKind.VLAN if "." in lower and kind is InterfaceKind.AGGREGATE else kind
        return InterfaceKind.VLAN if "." in lower else InterfaceKind.PHYSICAL

    def switch_port(self) -> SwitchPort:
        """Layer 2 of a built-in switch port (ASA 5505, Firepower 1010). No line that is known to us protects one against hosts."""
        isolated = tuple(self.isolated)
        untold = frozenset(PortProtection)
        if self.trunk:
            return SwitchPort(
                self.native_vlan, self.trunk_vlans, trunk=True, isolated=isolated, protections_untold=untold
            )
        return SwitchPort(self.access_vlan, isolated=isolated, protections_untold=untold)


_KINDS = (
    ("vlan", InterfaceKind.VLAN),
    ("loopback", InterfaceKind.LOOPBACK),
    ("tunnel", InterfaceKind.TUNNEL),
    ("bvi", InterfaceKind.BRIDGE),
    ("port-channel", InterfaceKind.AGGREGATE),
    ("redundant", InterfaceKind.AGGREGATE),
)
