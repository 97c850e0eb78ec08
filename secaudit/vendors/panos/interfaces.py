"""Interfaces, the virtual routers that they are in, and security zones."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind, IPInterface
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.panos.findings import Findings, Scope
from secaudit.vendors.panos.tree import Node, joined

MANAGEMENT = "management"
"""The name of the management port, which is in no zone and routes by itself."""
_ZONE_KINDS = ("layer3", "layer2", "virtual-wire", "tap", "tunnel", "external")
_LOGICAL: Mapping[str, InterfaceKind] = {
    "loopback": InterfaceKind.LOOPBACK,
    "vlan": InterfaceKind.VLAN,
    "tunnel": InterfaceKind.TUNNEL,
}


@dataclass(frozen=True, slots=True)
class Zone:
    """A security zone of one virtual system. `external` are the virtual systems that an external zone leads to."""

    name: str
    vsys: str
    members: frozenset[str]
    sources: Sources
    external: frozenset[str] = frozenset()


@dataclass(slots=True)
class Ports:
    """The interfaces of a device, its zones by virtual system, and the management profile of interfaces."""

    interfaces: dict[str, Interface] = field(default_factory=dict)
    zones: dict[str, dict[str, Zone]] = field(default_factory=dict)
    profiles: dict[str, tuple[str, Sources]] = field(default_factory=dict)
    without_default_route: set[str] = field(default_factory=set)
    """Interfaces whose DHCP or PPPoE client adds no default route."""

    def of_vsys(self, vsys: str) -> frozenset[str]:
        """All interfaces in zones of a virtual system."""
        return frozenset(name for zone in self.zones.get(vsys, {}).values() for name in zone.members)

    def zone_of(self, interface: str) -> Zone | None:
        """The zone that an interface is in."""
        for zones in self.zones.values():
            for zone in zones.values():
                if interface in zone.members:
                    return zone
        return None


def read_ports(network: Node | None, scopes: Iterable[Scope], findings: Findings, logical: bool) -> Ports:
    """Reads everything below `network interface`, `network virtual-router` and `zone`. `logical`: the advanced routing engine is on."""
    reader = _Reader(findings, tuple(scopes), network, logical)
    reader.read()
    return reader.ports


def virtual_routers(network: Node | None, logical: bool) -> Iterator[tuple[str, Node]]:
    """The routers by name: virtual routers, or the VRFs of logical routers."""
    if network is None:
        return
    if not logical:
        for router in network.entries("virtual-router"):
            yield router.name, router
        return
    for router in network.entries("logical-router"):
        entries = list(router.entries("vrf"))
        for vrf in entries:
            yield router.name if len(entries) == 1 else f"{router.name}/{vrf.name}", vrf


class _Reader:
    def __init__(self, findings: Findings, scopes: tuple[Scope, ...], network: Node | None, logical: bool) -> None:
        self.findings = findings
        self.scopes = scopes
        self.network = network
        self.ports = Ports()
        self.routers = {
            name: vrf for vrf, router in virtual_routers(network, logical) for name in router.names("interface")
        }
        self.bridges: dict[str, str] = {}
        self.bridge_lines: dict[str, Sources] = {}

    def read(self) -> None:
        self._bridges()
        for kind, word in ((InterfaceKind.PHYSICAL, "ethernet"), (InterfaceKind.AGGREGATE, "aggregate-ethernet")):
            for entry in self._entries("interface", word):
                self._port(entry, kind)
        for word, kind in _LOGICAL.items():
            top = None if self.network is None else self.network.child("interface", word)
            if top is None:
                continue
            if top.child("ip") is not None or top.child("ipv6") is not None:
                self._layer3(top, top, word, kind, None)
            for unit in top.entries("units"):
                self._layer3(unit, unit, unit.name, kind, None)
        self._add_bridges()
        for scope in self.scopes:
            self._zones(scope)
        self._routed()
        for name, interface in self.ports.interfaces.items():
            zone = self.ports.zone_of(name)
            if zone is not None:
                self.ports.interfaces[name] = replace(interface, zone=zone.name)
            elif interface.enabled and interface.addresses and any(self.ports.zones.values()):
                text = Text(
                    ja=f"インタフェース {name} はどのゾーンにも属さないため、通信を通しません。",
                    en=f"The interface {name} is in no zone, so it passes nothing.",
                )
                self.findings.notice(NoticeKind.INACTIVE, text, interface.sources)

    def _routed(self) -> None:
        """Doubts about interfaces that a router names and that are not there, and about those with a zone that no router names."""
        missing = sorted(self.routers.keys() - self.ports.interfaces.keys())
        if missing:
            names = ", ".join(missing[:5])
            text = Text(
                ja=f"仮想ルーターのインタフェース {names} の定義がありません。",
                en=f"Interfaces of a virtual router are not defined: {names}.",
            )
            lines = () if self.network is None else (self.network.line,)
            self.findings.doubt(DoubtKind.UNDEFINED, text, lines, interfaces=frozenset(missing))
            self._without_definition(missing, lines)
        for name, interface in self.ports.interfaces.items():
            addressed = interface.enabled and (interface.addresses or interface.dynamic_address)
            if self.routers and addressed and name not in self.routers and self.ports.zone_of(name) is not None:
                text = Text(
                    ja=f"インタフェース {name} がどの仮想ルーターにも属していません。",
                    en=f"The interface {name} is in no virtual router.",
                )
                self.findings.doubt(DoubtKind.UNDEFINED, text, interface.sources, interfaces=frozenset((name,)))

    def _without_definition(self, names: Iterable[str], sources: Sources) -> None:
        """Interfaces that are named and not in the file: their addresses could be any."""
        for name in names:
            self.ports.interfaces[name] = Interface(
                name, InterfaceKind.PHYSICAL, sources, dynamic_address=True, vrf=self.routers.get(name, "")
            )

    def _entries(self, *path: str) -> Iterable[Node]:
        return () if self.network is None else self.network.entries(*path)

    def _bridges(self) -> None:
        """VLANs and virtual wires join ports at layer 2."""
        for entry in (*self._entries("vlan"), *self._entries("virtual-wire"), *self._logical_tops()):
            if entry.unknown:
                self.findings.doubt(
                    DoubtKind.UNREAD,
                    Text(
                        ja=f"「{entry.name}」に読み取れない行があります。",
                        en=f"'{entry.name}' has lines that were not understood.",
                    ),
                    entry.unknown,
                )
        for vlan in self._entries("vlan"):
            name = vlan.value("virtual-interface", "interface") or f"vlan {vlan.name}"
            for member in vlan.names("interface"):
                self.bridges[member] = name
            self.bridge_lines[name] = vlan.sources()
        for wire in self._entries("virtual-wire"):
            name = f"virtual-wire {wire.name}"
            ends = [wire.value(word) for word in ("interface1", "interface2") if wire.value(word)]
            for member in ends:
                self.bridges[member] = name
            if ends:
                self.bridge_lines[name] = wire.sources()

    def _logical_tops(self) -> Iterator[Node]:
        """`interface loopback`, `vlan` and `tunnel`, which are no interfaces themselves unless they have an address."""
        for word in _LOGICAL:
            top = None if self.network is None else self.network.child("interface", word)
            if top is not None and top.child("ip") is None and top.child("ipv6") is None:
                yield top

    def _add_bridges(self) -> None:
        interfaces = self.ports.interfaces
        for name, lines in self.bridge_lines.items():
            known = interfaces.get(name)
            if known is None:
                interfaces[name] = Interface(name, InterfaceKind.BRIDGE, lines)
            else:
                interfaces[name] = replace(known, kind=InterfaceKind.BRIDGE, sources=joined((*known.sources, *lines)))
            members = frozenset(member for member, bridge in self.bridges.items() if bridge == name)
            for port in list(members):
                # a port without sub-interface that is a wire carries the tags of all its sub-interfaces as well
                members |= frozenset(one.name for one in interfaces.values() if one.parent == port)
            if members:
                self.findings.doubt(
                    DoubtKind.UNSUPPORTED,
                    Text(
                        ja=f"{name} はレイヤー2でポートをつなぎます。ポート間のポリシーは判定していません。",
                        en=f"{name} joins ports at layer 2; what policies do between them is not modelled.",
                    ),
                    lines,
                    interfaces=members | {name} if members <= interfaces.keys() else None,
                )

    def _port(self, entry: Node, kind: InterfaceKind) -> None:
        enabled = entry.value("link-state") != "down"
        layer3 = entry.child("layer3")
        if layer3 is not None:
            self._layer3(entry, layer3, entry.name, kind, None, enabled)
            for unit in layer3.entries("units"):
                self._layer3(unit, unit, unit.name, InterfaceKind.VLAN, entry.name, enabled)
            return
        lines = entry.sources("link-state", "aggregate-group", "comment", "layer2", "virtual-wire", "tap", "ha")
        group = entry.value("aggregate-group") or self.bridges.get(entry.name)
        self._add(
            Interface(entry.name, kind, lines, enabled=enabled, member_of=group, description=entry.value("comment")),
            entry,
        )
        for word in ("layer2", "virtual-wire"):
            for unit in entry.entries(word, "units"):
                vlan = _tag(unit)
                self._add(
                    Interface(
                        unit.name,
                        InterfaceKind.VLAN,
                        unit.sources(),
                        enabled=enabled,
                        vlan=vlan,
                        parent=entry.name,
                        member_of=self.bridges.get(unit.name),
                    ),
                    unit,
                )

    def _layer3(
        self, entry: Node, settings: Node, name: str, kind: InterfaceKind, parent: str | None, enabled: bool = True
    ) -> None:
        dynamic = self._clients(settings, name)
        if settings.child("pppoe") is not None and dynamic:
            kind = InterfaceKind.DIALER
        lines = joined(
            (
                entry.line,
                settings.line,
                *(
                    line
                    for word in ("ip", "tag", "dhcp-client", "pppoe", "comment")
                    if (one := settings.child(word)) is not None
                    for line in one.sources()
                ),
            )
        )
        if entry.child("link-state") is not None:
            lines = joined((*lines, *entry.sources("link-state")))
        addresses = self._addresses(settings, name)
        ipv6 = settings.yes("ipv6", "enabled")
        given = ipv6 and (
            settings.child("ipv6", "dhcp-client") is not None or settings.child("ipv6", "inherited") is not None
        )
        if given:
            self._doubt_prefix(
                name,
                settings,
                "外部から与えられ、設定からは分かりません",
                "is given from outside and is not in the file",
            )
        elif ipv6 and settings.child("ipv6", "neighbor-discovery", "router-advertisement", "prefix") is not None:
            advertised = [
                _interface(one)
                for one in settings.names("ipv6", "neighbor-discovery", "router-advertisement", "prefix")
            ]
            own = {one.address.network for one in addresses}
            if any(one is None or one.network not in own for one in advertised):
                self._doubt_prefix(
                    name,
                    settings,
                    "自身のアドレスにないものを端末に広告しています",
                    "is advertised to hosts and is none of its own",
                )
        self._add(
            Interface(
                name=name,
                kind=kind,
                sources=lines,
                addresses=addresses,
                dynamic_address=dynamic or given,
                enabled=enabled,
                vlan=_tag(settings) if parent is not None else None,
                parent=parent,
                vrf=self.routers.get(name, ""),
                description=entry.value("comment"),
                member_of=self.bridges.get(name),
                ipv6_only_link_local=ipv6 and not any(one.address.version == 6 for one in addresses),
            ),
            entry,
        )
        profile = settings.value("interface-management-profile")
        if profile:
            held = settings.child("interface-management-profile")
            self.ports.profiles[name] = (profile, () if held is None else held.sources())
        if settings.yes("bonjour", "enable") or settings.yes("untagged-sub-interface"):
            self.findings.doubt(
                DoubtKind.UNSUPPORTED,
                Text(
                    ja=f"インタフェース {name} の Bonjour 転送またはタグなしサブインタフェースは判定していません。",
                    en=f"Bonjour forwarding or untagged sub-interfaces of {name} are not modelled.",
                ),
                settings.sources("bonjour", "untagged-sub-interface"),
                interfaces=frozenset((name,)),
            )

    def _clients(self, settings: Node, name: str) -> bool:
        """Whether DHCP or PPPoE gives the address."""
        usual = self.findings.defaults
        held = [one for word in ("dhcp-client", "pppoe") if (one := settings.child(word)) is not None]
        working = [one for one in held if _switch(one, "enable", usual.client_works)]
        if not any(_switch(one, "create-default-route", usual.client_adds_default_route) for one in working):
            self.ports.without_default_route.add(name)
        return bool(working)

    def _doubt_prefix(self, name: str, settings: Node, ja: str, en: str) -> None:
        ipv6 = settings.child("ipv6")
        self.findings.doubt(
            DoubtKind.UNSUPPORTED,
            Text(ja=f"インタフェース {name} の IPv6 プレフィックスは{ja}。", en=f"The IPv6 prefix of {name} {en}."),
            () if ipv6 is None else ipv6.sources(),
            interfaces=frozenset((name,)),
        )

    def _add(self, interface: Interface, entry: Node) -> None:
        if entry.unknown:
            self.findings.doubt(
                DoubtKind.UNREAD,
                Text(
                    ja=f"インタフェース {interface.name} に読み取れない行があります。",
                    en=f"The interface {interface.name} has lines that were not understood.",
                ),
                entry.unknown,
                interfaces=frozenset((interface.name,)),
            )
        self.ports.interfaces[interface.name] = interface

    def _addresses(self, settings: Node, name: str) -> tuple[InterfaceAddress, ...]:
        held = list(settings.entries("ip"))
        if settings.yes("ipv6", "enabled"):
            held += settings.entries("ipv6", "address")
        found: list[InterfaceAddress] = []
        for entry in held:
            address = _interface(entry.name)
            lines: Sources = (entry.line,)
            if address is None:
                address, lines = self._of_object(entry)
            if address is None or any(
                one not in ("enable-on-interface", "prefix", "anycast", "advertise", "sdwan-gateway")
                for one in entry.children
            ):
                self.findings.not_understood(entry)
                self.findings.doubt(
                    DoubtKind.UNREAD,
                    Text(
                        ja=f"インタフェース {name} のアドレスを読み取れません。",
                        en=f"An address of the interface {name} cannot be read.",
                    ),
                    (entry.line,),
                )
            if address is not None:
                found.append(InterfaceAddress(address, lines))
        return tuple(found)

    def _of_object(self, entry: Node) -> tuple[IPInterface | None, Sources]:
        """An address object in place of an address."""
        for scope in self.scopes:
            held = scope.find("address", entry.name)
            if held is not None and not held.unknown:
                return _interface(held.value("ip-netmask")), (entry.line, *held.sources("ip-netmask"))
        return None, ()

    def _zones(self, scope: Scope) -> None:
        zones = self.ports.zones.setdefault(scope.name, {})
        for holder in (scope.local, *scope.around):
            for entry in holder.entries("zone"):
                if entry.name not in zones:
                    zones[entry.name] = self._zone(scope, entry)

    def _zone(self, scope: Scope, entry: Node) -> Zone:
        members = frozenset(name for kind in _ZONE_KINDS[:-1] for name in entry.names("network", kind))
        missing = sorted(members - self.ports.interfaces.keys())
        sources = entry.sources("network")
        if missing:
            names = ", ".join(missing[:5])
            self.findings.doubt(
                DoubtKind.UNDEFINED,
                Text(
                    ja=f"ゾーン {entry.name} のインタフェース {names} の定義がありません。",
                    en=f"Interfaces of the zone {entry.name} are not defined: {names}.",
                ),
                sources,
                interfaces=frozenset(missing),
            )
            self._without_definition(missing, sources)
        if entry.unknown or entry.child("network", "tunnel") is not None:
            self.findings.doubt(
                DoubtKind.UNREAD if entry.unknown else DoubtKind.UNSUPPORTED,
                Text(
                    ja=f"ゾーン {entry.name} に読み取れない設定、またはトンネル検査の設定があります。",
                    en=f"The zone {entry.name} has settings that were not understood, or inspects tunnels.",
                ),
                entry.unknown or sources,
                interfaces=members or None,
            )
        return Zone(entry.name, scope.name, members, sources, frozenset(entry.names("network", "external")))


def management_port(deviceconfig: Node | None, identity: Sources) -> Interface:
    """The management port as an interface of its own: it never forwards, and has a table of its own. Every device has one, whatever the file says."""
    system = None if deviceconfig is None else deviceconfig.child("system")
    if system is None:
        return Interface(MANAGEMENT, InterfaceKind.PHYSICAL, identity, dynamic_address=True, vrf=MANAGEMENT)
    found = []
    written = system.value("ip-address")
    mask = system.value("netmask")
    for text, word in (
        (f"{written}/{mask}" if mask else written, "ip-address"),
        (system.value("ipv6-address"), "ipv6-address"),
    ):
        address = _interface(text) if text else None
        setting = system.child(word)
        if address is not None and setting is not None:
            found.append(
                InterfaceAddress(
                    address, joined((*setting.sources(), *(system.sources("netmask")[1:] if mask else ())))
                )
            )
    dynamic = not found or system.child("type", "dhcp-client") is not None
    sources = system.sources("ip-address", "netmask", "ipv6-address", "type")
    return Interface(MANAGEMENT, InterfaceKind.PHYSICAL, sources, tuple(found), dynamic_address=dynamic, vrf=MANAGEMENT)


def _switch(setting: Node, name: str, usual: bool) -> bool:
    said = setting.value(name)
    return said != "no" if said else usual


def _interface(text: str) -> IPInterface | None:
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        return None


def _tag(unit: Node) -> int | None:
    text = unit.value("tag")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
