"""Interfaces and their units, VLANs, aggregates and the routing instance of each.

A unit is an interface of its own, named as Junos names it (`ge-0/0/0.100`). A port whose units are tagged, and an aggregate (`ae`, `reth`),
is one as well, because cables and members end there.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind, SwitchPort
from secaudit.network.tunnels import Carrier, TunnelEnd
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.findings import NotUnderstoodError, Scope
from secaudit.vendors.juniper_srx.services import number
from secaudit.vendors.juniper_srx.tree import Statement, join
from secaudit.vendors.juniper_srx.vlans import Vlan, Vlans, read_vlans

MANAGEMENT_PORTS = ("fxp", "em0", "me0", "vme")
"""Ports of the routing engine itself: what comes in there is for the device and goes no further (SR-04)."""
_PREFIXES: tuple[tuple[str, InterfaceKind], ...] = (
    ("reth", InterfaceKind.AGGREGATE), ("ae", InterfaceKind.AGGREGATE), ("lo", InterfaceKind.LOOPBACK), ("st", InterfaceKind.TUNNEL),
    ("gr-", InterfaceKind.TUNNEL), ("ip-", InterfaceKind.TUNNEL), ("irb", InterfaceKind.VLAN), ("vlan", InterfaceKind.VLAN),
    ("pp0", InterfaceKind.DIALER), ("dl", InterfaceKind.DIALER), ("dsc", InterfaceKind.NULL),
)  # fmt: skip
DHCP_CLIENTS = ("dhcp", "dhcp-client", "dhcpv6-client")
_TAGGING = ("vlan-tagging", "flexible-vlan-tagging", "stacked-vlan-tagging")
_UNIT_USED = frozenset(("family", "vlan-id", "disable", "description", "tunnel", "peer-unit", "encapsulation"))
_BRIDGED = Text(
    ja="インタフェースがブリッジ（透過モード）で動作します。この働きは判定していません。",
    en="The interface bridges (transparent mode); this is not modelled.",
)
_FAR_END = Text(
    ja="アドレスに接続先（destination）の指定があります。接続先への経路は判定していません。",
    en="An address names the far end of a link (destination); the route to it is not modelled.",
)
_BORROWED = Text(
    ja="アドレスを他のインタフェースから借りています（unnumbered）。この働きは判定していません。",
    en="The interface borrows its address (unnumbered); this is not modelled.",
)


@dataclass(slots=True)
class Ports:
    """The interfaces of a device. `filters` are the filters that units name, by unit and direction."""

    interfaces: dict[str, Interface] = field(default_factory=dict)
    instance_of: dict[str, str] = field(default_factory=dict)
    families: dict[str, Statement] = field(default_factory=dict)
    """`family` of each unit."""
    units: dict[str, Statement] = field(default_factory=dict)
    vlans: dict[str, Vlan] = field(default_factory=dict)

    def replace(self, name: str, **changes: object) -> None:
        """Another version of one interface."""
        self.interfaces[name] = replace(self.interfaces[name], **changes)  # type: ignore[arg-type]


def unit_name(word: str) -> str:
    """The unit that a name means: without a number it is unit 0."""
    return word if "." in word else f"{word}.0"


def is_management(name: str) -> bool:
    """Whether an interface is a port of the routing engine."""
    return name.startswith(MANAGEMENT_PORTS)


def read_ports(scope: Scope) -> Ports:
    """Every interface that the file names."""
    ports = Ports()
    section = scope.section("interfaces")
    section.use()
    _instances(scope, ports)
    vlans = read_vlans(scope)
    ports.vlans = vlans.named
    for port in section:
        if port.word in ("interface-set", "traceoptions"):
            continue
        _Port(scope, ports, vlans, port).read()
    _report_unknown(scope, ports)
    for name, vlan in vlans.routed.items():
        if name in ports.interfaces:
            lines = join(ports.interfaces[name].sources, vlan.sources)
            ports.replace(name, vlan=vlan.tag, sources=lines)
    return ports


def _instances(scope: Scope, ports: Ports) -> None:
    for instance in scope.section("routing-instances"):
        for one in instance.below("interface"):
            one.use()
            ports.instance_of[unit_name(one.word)] = instance.word
    if scope.root.get("system", "management-instance") is not None:
        scope.root.children["system"].children["management-instance"].use()
        ports.instance_of.update({f"{name}.0": "mgmt_junos" for name in ("fxp0", "em0", "me0")})


def _report_unknown(scope: Scope, ports: Ports) -> None:
    """A routing instance names an interface that is not configured: one of the two names is damaged."""
    for instance in scope.section("routing-instances"):
        for one in instance.below("interface"):
            name = unit_name(one.word)
            if name not in ports.interfaces:
                text = Text(
                    ja=f"ルーティングインスタンス「{instance.word}」のインタフェース {name} の設定がありません。",
                    en=f"The interface {name} of the routing instance '{instance.word}' is not configured.",
                )
                scope.findings.doubt(DoubtKind.UNDEFINED, text, one.sources() or instance.sources()[:1])


class _Port:
    """Reads one physical port with its units."""

    def __init__(self, scope: Scope, ports: Ports, vlans: Vlans, port: Statement) -> None:
        self.scope = scope
        self.ports = ports
        self.vlans = vlans
        self.port = port
        port.use()
        self.kind = next((kind for start, kind in _PREFIXES if port.word.startswith(start)), InterfaceKind.PHYSICAL)
        self.enabled = not port.has("disable")
        self.tagged = any(port.has(word) for word in _TAGGING)
        self.own = tuple(line for line in port.lines)
        self.description = port.value("description")

    def read(self) -> None:
        port = self.port
        parent = self._parent()
        units = tuple(unit for unit in port.below("unit") if unit.word.isascii() and unit.word.isdigit())
        if port.get("unit") is not None:
            port.children["unit"].use()
        tagged_units = [unit for unit in units if "vlan-id" in unit.children]
        if self.tagged or tagged_units or parent is not None or not units:
            self._physical(parent)
        for unit in units:
            unit.use()
            self._unit(unit, bool(tagged_units))

    def _physical(self, parent: str | None) -> None:
        """The port itself, where cables and members end."""
        sources = self.own or self.port.sources()[:1]
        if not sources:
            return
        kind = self.kind if self.kind in (InterfaceKind.AGGREGATE, InterfaceKind.NULL) else InterfaceKind.PHYSICAL
        self.ports.interfaces[self.port.word] = Interface(
            name=self.port.word, kind=kind, sources=sources, enabled=self.enabled, member_of=parent,
            description=self.description,
        )  # fmt: skip

    def _parent(self) -> str | None:
        """The aggregate that the port is a part of."""
        for options in ("gigether-options", "ether-options", "fastether-options"):
            for word, inner in (("redundant-parent", ()), ("802.3ad", ())):
                found = self.port.get(options, word, *inner)
                if found is not None:
                    found.use()
                    self.port.children[options].use()
                    value = self.port.value(options, word)
                    return self._group_name(value)
        return None

    def _group_name(self, name: str) -> str:
        """An aggregate is its tagged port, or its only unit when that is untagged."""
        group = self.scope.section("interfaces").get(name)
        if group is None:
            return name
        units = group.below("unit")
        tagged = any(word in group.children for word in _TAGGING) or any("vlan-id" in unit.children for unit in units)
        return name if tagged or not units else f"{name}.{units[0].word}"

    def _unit(self, unit: Statement, among_tagged: bool) -> None:
        name = f"{self.port.word}.{unit.word}"
        enabled = self.enabled and not unit.has("disable")
        tag, lines = self._tag(unit)
        family = unit.get("family") or Statement("")
        family.use()
        self.ports.families[name] = family
        self.ports.units[name] = unit
        for word in _UNIT_USED:
            if word in unit.children:
                unit.children[word].use()
        kind = self.kind
        parent = None
        if tag is not None or among_tagged or self.tagged:
            parent = self.port.word
            kind = InterfaceKind.VLAN if self.kind in (InterfaceKind.PHYSICAL, InterfaceKind.AGGREGATE) else self.kind
        addresses, dynamic = self._addresses(family)
        sources = join(unit.sources()[:1], tuple(unit.lines), lines) or self.own
        interface = Interface(
            name=name,
            kind=kind,
            sources=sources or self.port.sources()[:1] or self.scope.identity,
            addresses=addresses,
            dynamic_address=dynamic,
            enabled=enabled,
            vlan=tag,
            parent=parent,
            vrf=self.ports.instance_of.get(name, ""),
            switch_port=self._switch_port(family, name),
            tunnel=self._tunnel(unit, name),
            description=unit.value("description") or self.description,
            native=tag is not None and self.port.value("native-vlan-id") == str(tag),
            ipv6_only_link_local="inet6" in family.children and not any(a.address.version == 6 for a in addresses),
            peer=self._peer(unit),
        )
        self.ports.interfaces[name] = interface

    def _tag(self, unit: Statement) -> tuple[int | None, Sources]:
        said = unit.value("vlan-id")
        if not said or said == "none":
            return None, ()
        lines = unit.children["vlan-id"].sources()
        try:
            return number(said, 0, 4094), lines
        except NotUnderstoodError:
            unit.children["vlan-id"].forget()
            return None, lines

    def _doubt(self, kind: DoubtKind, text: Text, lines: Sources, name: str) -> None:
        self.scope.findings.doubt(kind, text, lines, interfaces=frozenset((name,)))

    def _addresses(self, family: Statement) -> tuple[tuple[InterfaceAddress, ...], bool]:
        found: list[InterfaceAddress] = []
        dynamic = False
        for version, word in ((4, "inet"), (6, "inet6")):
            section = family.get(word)
            if section is None:
                continue
            section.use()
            for one in section.below("address"):
                found += _address(one, version)
                if "destination" in one.children:
                    self.scope.findings.doubt(DoubtKind.UNSUPPORTED, _FAR_END, one.sources())
            if "address" in section.children:
                section.children["address"].use()
            for client in (*DHCP_CLIENTS, "negotiate-address"):
                if client in section.children:
                    section.children[client].use_all()
                    dynamic = True
        return tuple(found), dynamic

    def _switch_port(self, family: Statement, name: str) -> SwitchPort | None:
        for word in ("bridge", "ccc", "vpls", "mpls", "iso"):
            section = family.get(word)
            if section is not None and word != "iso":
                section.use_all()
                self._doubt(DoubtKind.UNSUPPORTED, _BRIDGED, section.sources() or self.own, name)
        for word in ("inet", "inet6"):
            borrowed = family.get(word, "unnumbered-address")
            if borrowed is not None:
                borrowed.use_all()
                self._doubt(DoubtKind.UNSUPPORTED, _BORROWED, borrowed.sources(), name)
        switching = family.get("ethernet-switching")
        if switching is None:
            return None
        return self.vlans.port(switching, self.port, name, self.scope)

    def _tunnel(self, unit: Statement, name: str) -> TunnelEnd | None:
        """GRE and IP-in-IP; IPsec is told by the VPN that binds the interface (`tunnels`)."""
        tunnel = unit.get("tunnel")
        if tunnel is None:
            return None
        tunnel.use()
        carrier = Carrier.GRE if name.startswith("gr-") else Carrier.IPIP if name.startswith("ip-") else Carrier.OTHER
        ends = {}
        for word in ("source", "destination"):
            try:
                ends[word] = ipaddress.ip_address(tunnel.value(word))
            except ValueError:
                continue
        return TunnelEnd(carrier, tunnel.sources(), ends.get("destination"), ends.get("source"))

    def _peer(self, unit: Statement) -> str | None:
        """The other end of a link between logical systems (`lt-0/0/0`)."""
        said = unit.value("peer-unit")
        return f"{self.port.word}.{said}" if said and self.port.word.startswith("lt-") else None


def _address(one: Statement, version: int) -> Iterator[InterfaceAddress]:
    try:
        held = ipaddress.ip_interface(one.word)
    except ValueError:
        return
    if held.version != version:
        return
    yield InterfaceAddress(held, one.sources())
    for word in ("vrrp-group", "vrrp-inet6-group"):
        for group in one.below(word):
            for virtual in group.below("virtual-address") + group.below("virtual-inet6-address"):
                try:
                    address = ipaddress.ip_address(virtual.word)
                except ValueError:
                    continue
                shared = ipaddress.ip_interface(f"{address}/{held.network.prefixlen}")
                yield InterfaceAddress(shared, virtual.sources() or one.sources(), shared=True)
            group.use_all()
    one.use_all()
