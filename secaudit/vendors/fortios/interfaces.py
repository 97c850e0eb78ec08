"""Interfaces (FO-05), and everything that a policy or route can name as one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from secaudit.network.device import DoubtKind, Plane
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind, IPInterface
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.tunnels import Carrier, TunnelEnd
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.unread_scope import may_be_an_address
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.grammar import Section
from secaudit.vendors.fortios.zones import SdwanMember, Zone, read_members, read_zones, sdwan_zones

_KINDS = {
    "physical": InterfaceKind.PHYSICAL,
    "vlan": InterfaceKind.VLAN,
    "emac-vlan": InterfaceKind.VLAN,
    "aggregate": InterfaceKind.AGGREGATE,
    "redundant": InterfaceKind.AGGREGATE,
    "tunnel": InterfaceKind.TUNNEL,
    "vdom-link": InterfaceKind.TUNNEL,
    "wl-mesh": InterfaceKind.TUNNEL,
    "ssl": InterfaceKind.TUNNEL,
    "loopback": InterfaceKind.LOOPBACK,
    "switch": InterfaceKind.BRIDGE,
    "hard-switch": InterfaceKind.BRIDGE,
    "vap-switch": InterfaceKind.BRIDGE,
    "hdlc": InterfaceKind.DIALER,
    "fext-wan": InterfaceKind.DIALER,
}
_TUNNEL_TABLES = {
    "vpn ipsec phase1-interface": Carrier.IPSEC,
    "system gre-tunnel": Carrier.GRE,
    "system ipip-tunnel": Carrier.IPIP,
    "system sit-tunnel": Carrier.IPV6_IN_IPV4,
}
_TUNNEL_LINES = (
    "interface", "type", "ip-version", "remote-gw", "local-gw", "remote-gw6", "local-gw6", "source", "destination", "localid", "peertype", "peerid",
)  # fmt: skip
_NPU_LINK = re.compile(r"npu\d*[-_]vlink[01]")


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that a policy or route can name as an interface."""

    interfaces: dict[str, Interface]
    zones: dict[str, Zone]
    sdwan: tuple[SdwanMember, ...]
    down_sources: dict[str, Sources]
    """For interfaces that are down: the lines that say so."""

    def expand(self, names: Iterable[str]) -> tuple[frozenset[str] | None, Sources, bool]:
        """Interfaces that the names stand for (None = all), the lines of zones used, and whether all names are known."""
        found: set[str] = set()
        lines: list[Sources] = []
        known = True
        for name in names:
            zone = self.zones.get(name)
            if name == "any":
                return None, (), True
            if zone is not None:
                found |= zone.members
                lines.append(zone.sources)
            elif name in self.interfaces:
                found.add(name)
            else:
                known = False
        return frozenset(found), join(line for part in lines for line in part), known


def read_ports(scope: Scope) -> Ports:
    """Reads the interfaces of one device or VDOM, with its zones."""
    interfaces: dict[str, Interface] = {}
    down: dict[str, Sources] = {}
    groups = _groups(scope)
    _report_strays(scope)
    for entry in _own_entries(scope):
        interface = replace(_interface(scope, entry), member_of=groups.get(entry.name))
        interfaces[entry.name] = interface
        if not interface.enabled:
            down[entry.name] = (*entry.opening, *entry.lines_of("status"))
    for name, interface in interfaces.items():
        parent = interfaces.get(interface.parent or "")
        if parent is not None and not parent.enabled and interface.kind is InterfaceKind.VLAN and interface.enabled:
            interfaces[name] = replace(interface, enabled=False)
            down[name] = down.get(parent.name, parent.sources)
    members = read_members(scope)
    zones = {zone.name: zone for zone in (*read_zones(scope), *sdwan_zones(members))}
    for zone in zones.values():
        for member in zone.members & interfaces.keys():
            interfaces[member] = replace(interfaces[member], zone=zone.name)
    return Ports(interfaces, zones, members, down)


def _own_entries(scope: Scope) -> list[Section]:
    entries = scope.entries("system interface")
    if scope.vdom is None:
        return entries
    return [entry for entry in entries if entry.get("vdom", scope.defaults.interface_vdom) == scope.vdom]


def _report_strays(scope: Scope) -> None:
    """Interfaces that may belong to any VDOM: none is told, and a line that may have told one is not understood."""
    for entry in scope.entries("system interface") if scope.vdom is not None else ():
        if entry.unknown and "vdom" not in entry.settings:
            scope.findings.doubt(
                DoubtKind.UNREAD,
                Text(
                    ja=f"インタフェース {entry.name} がどの VDOM に属するか、読み取れない行があるため分かりません。",
                    en=f"Which VDOM the interface {entry.name} belongs to is not known: it has lines that were not understood.",
                ),
                entry.unknown,
            )


def _groups(scope: Scope) -> dict[str, str]:
    """Ports that are part of an aggregate, a software switch or a hardware switch, with its name."""
    groups: dict[str, str] = {}
    for entry in (*_own_entries(scope), *scope.entries("system switch-interface")):
        groups.update((member, entry.name) for member in entry.values("member"))
    for entry in scope.entries("system virtual-switch"):
        groups.update((port, entry.name) for port in entry.section("port").entries)
    return groups


def _interface(scope: Scope, entry: Section) -> Interface:
    kind = _KINDS.get(entry.get("type"), InterfaceKind.VLAN if "vlanid" in entry.settings else InterfaceKind.PHYSICAL)
    if entry.get("mode") == "pppoe":
        kind = InterfaceKind.DIALER
    tunnel, tunnel_lines = _tunnel(scope, entry)
    if entry.unknown:
        scope.findings.doubt(
            DoubtKind.UNREAD,
            Text(
                ja=f"インタフェース {entry.name} に読み取れない行があります。",
                en=f"The interface {entry.name} has lines that were not understood.",
            ),
            entry.unknown,
            # An address leads there what other interfaces receive.
            interfaces=None if any(map(_holds_an_address, entry.unknown)) else frozenset((entry.name,)),
        )
    vlan = entry.get("vlanid")
    ipv6 = entry.section("ipv6")
    unknown_ipv6 = ipv6.get("ip6-mode", scope.defaults.interface_mode) != "static" or ipv6.enabled("autoconf")
    if unknown_ipv6 and _is_up(scope, entry):
        scope.findings.doubt(
            DoubtKind.UNSUPPORTED,
            Text(
                ja=f"インタフェース {entry.name} の IPv6 のプレフィックスは外部から与えられ、設定からは分かりません。",
                en=f"The IPv6 prefix of the interface {entry.name} is given from outside and is not in the file.",
            ),
            ipv6.lines_of("ip6-mode", "autoconf"),
            interfaces=frozenset((entry.name,)),
        )
    addresses = tuple(_addresses(scope, entry))
    _advertised_prefixes(scope, entry, addresses)
    return Interface(
        name=entry.name,
        kind=kind,
        sources=join((*entry.opening, *entry.lines_of(*_SHOWN), *tunnel_lines)),
        addresses=addresses,
        dynamic_address=entry.get("mode", scope.defaults.interface_mode) != "static" or unknown_ipv6,
        enabled=_is_up(scope, entry),
        vlan=int(vlan) if vlan.isascii() and vlan.isdigit() and len(vlan) <= 4 else None,
        parent=entry.get("interface") or None,
        vrf="" if entry.get("vrf", "0") == "0" else entry.get("vrf"),
        tunnel=tunnel,
        description=entry.get("description") or entry.get("alias"),
        peer=_peer(scope, entry),
    )


def _is_up(scope: Scope, entry: Section) -> bool:
    said = entry.get("status")
    return said != "down" if said else scope.defaults.interface_up


def _advertised_prefixes(scope: Scope, entry: Section, addresses: tuple[InterfaceAddress, ...]) -> None:
    """Hosts give themselves addresses of an advertised prefix, which need not be one of the interface's own."""
    ipv6 = entry.section("ipv6")
    own = [one.address.network for one in addresses]
    for prefix in ipv6.section("ip6-prefix-list").entries.values():
        parsed = _parse_interface((prefix.name,))
        held = parsed is not None and any(_lies_in(parsed, network) for network in own)
        if ipv6.enabled("ip6-send-adv") and not held and _is_up(scope, entry):
            scope.findings.doubt(
                DoubtKind.UNSUPPORTED,
                Text(
                    ja=f"インタフェース {entry.name} が、自身のアドレスにない IPv6 プレフィックスを端末に広告しています。",
                    en=f"The interface {entry.name} advertises an IPv6 prefix to hosts that is none of its own.",
                ),
                (*prefix.opening, *ipv6.lines_of("ip6-send-adv")),
                interfaces=frozenset((entry.name,)),
            )


def _lies_in(inner: IPInterface, outer: IPNetwork) -> bool:
    return inner.version == outer.version and inner.ip in outer and inner.network.prefixlen >= outer.prefixlen


def _peer(scope: Scope, entry: Section) -> str | None:
    """The other end of a VDOM link: `NAME0` and `NAME1` (`config system vdom-link`), `npu0_vlink0` and `npu0_vlink1` (memory: high)."""
    name = entry.name
    other = name[:-1] + {"0": "1", "1": "0"}.get(name[-1:], "")
    if len(other) != len(name) or not (entry.get("type") == "vdom-link" or _NPU_LINK.fullmatch(name)):
        return None
    return other if any(one.name == other for one in scope.entries("system interface")) else None


_SHOWN = ("vdom", "vrf", "mode", "ip", "type", "interface", "vlanid", "status", "remote-ip", "member", "alias")


def _tunnel(scope: Scope, entry: Section) -> tuple[TunnelEnd | None, Sources]:
    """What the interface says about its other end when it is a tunnel, and the lines that make the tunnel."""
    for path, carrier in _TUNNEL_TABLES.items():
        table = scope.section(path).entries.get(entry.name)
        if table is None:
            continue
        lines = (*table.opening, *table.lines_of(*_TUNNEL_LINES))
        suffix = "6" if table.get("ip-version", "4") == "6" else ""
        remote, local = (_set_address(table.get(f"{side}-gw{suffix}")) for side in ("remote", "local"))
        if carrier is Carrier.IPV6_IN_IPV4:
            remote, local = _set_address(table.get("destination")), _set_address(table.get("source"))
        identified = table.get("peertype") == "one" or (not table.get("peertype") and table.get("peerid"))
        end = TunnelEnd(
            carrier,
            lines,
            remote,
            local,
            table.get("interface") or None,
            answers=table.get("type") == "dynamic",
            local_id=table.get("localid"),
            remote_id=table.get("peerid") if identified else "",
        )
        return end, lines
    return _ssl_vpn(scope, entry)


def _ssl_vpn(scope: Scope, entry: Section) -> tuple[TunnelEnd | None, Sources]:
    """The interface by which SSL-VPN clients come in, while SSL-VPN answers somewhere."""
    settings = scope.section("vpn ssl settings")
    works = settings.is_on("status", scope.defaults.ssl_vpn is not False)
    if not (entry.name.startswith("ssl.") and works and settings.values("source-interface")):
        return None, ()
    lines = (*settings.opening, *settings.lines_of("status", "source-interface"))
    return TunnelEnd(Carrier.OTHER, lines, answers=True), ()


def _set_address(text: str) -> IPAddress | None:
    """An address that is not "any" (0.0.0.0)."""
    address = _address(text)
    return None if address is None or int(address) == 0 else address


def _addresses(scope: Scope, entry: Section) -> list[InterfaceAddress]:
    found: list[InterfaceAddress] = []
    remote_words = entry.values("remote-ip")
    main = _interface_address(scope, entry, "ip")
    if main is not None and len(remote_words) == 2 and main.network.prefixlen == 32:
        # A tunnel keeps its own address as a host; the mask of the far end tells the subnet that both are in.
        wider = _parse_interface((str(main.ip), remote_words[1]))
        far = _address(remote_words[0])
        if wider is None or far is None:
            _unreadable(scope, entry.name, entry.lines_of("remote-ip"))
        elif far in wider.network:
            main = wider
    if main is not None:
        found.append(InterfaceAddress(main, entry.lines_of("ip", "remote-ip")))
    for second in entry.section("secondaryip").entries.values():
        address = _interface_address(scope, second, "ip")
        if address is not None:
            found.append(InterfaceAddress(address, (*second.opening, *second.lines_of("ip"))))
    ipv6 = entry.section("ipv6")
    address = _interface_address(scope, ipv6, "ip6-address")
    if address is not None:
        found.append(InterfaceAddress(address, ipv6.lines_of("ip6-address")))
    for extra in ipv6.section("ip6-extra-addr").entries.values():
        parsed = _parse_interface((extra.name,))
        if parsed is not None:
            found.append(InterfaceAddress(parsed, extra.opening))
        else:
            _unreadable(scope, entry.name, extra.opening)
    found += _virtual_addresses(entry.section("vrrp"), "vrip", found)
    found += _virtual_addresses(ipv6.section("vrrp6"), "vrip6", found)
    return found


def _virtual_addresses(vrrp: Section, name: str, own: list[InterfaceAddress]) -> list[InterfaceAddress]:
    """VRRP addresses, with the prefix length of the interface's own subnet that holds them."""
    found = []
    for group in vrrp.entries.values():
        address = _address(group.get(name))
        if address is None or group.get("status") == "disable":
            continue
        network = next((o.address.network for o in own if address in o.address.network), None)
        prefix = network.prefixlen if network is not None else address.max_prefixlen
        virtual = ipaddress.ip_interface(f"{address}/{prefix}")
        found.append(InterfaceAddress(virtual, (*group.opening, *group.lines_of(name)), shared=True))
    return found


def _interface_address(scope: Scope, entry: Section, name: str) -> IPInterface | None:
    words = entry.values(name)
    if not words:
        return None
    parsed = _parse_interface(words)
    if parsed is None:
        _unreadable(scope, entry.name, entry.lines_of(name))
        return None
    return None if int(parsed.ip) == 0 else parsed


def _unreadable(scope: Scope, name: str, lines: Sources) -> None:
    scope.findings.not_understood(lines)
    scope.findings.doubt(
        DoubtKind.UNREAD,
        Text(
            ja=f"インタフェース {name} のアドレスを読み取れません。",
            en=f"An address of the interface {name} cannot be read.",
        ),
        lines,
    )


def _holds_an_address(line: SourceLine) -> bool:
    return any(map(may_be_an_address, line.text.split()))


def _parse_interface(words: tuple[str, ...]) -> IPInterface | None:
    try:
        return ipaddress.ip_interface("/".join(words))
    except ValueError:
        return None


def _address(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def report_unsupported_interfaces(scope: Scope, ports: Ports) -> None:
    """Doubts about interface features that the model does not have."""
    for entry in _own_entries(scope):
        if entry.enabled("explicit-web-proxy") or entry.enabled("explicit-ftp-proxy"):
            scope.findings.doubt(
                DoubtKind.UNSUPPORTED,
                Text(
                    ja=f"インタフェース {entry.name} で明示プロキシが有効です。プロキシ経由の通信は判定していません。",
                    en=f"An explicit proxy answers on {entry.name}; what it relays is not modelled.",
                ),
                entry.lines_of("explicit-web-proxy", "explicit-ftp-proxy"),
            )
        if entry.get("ipunnumbered", "0.0.0.0") != "0.0.0.0":  # noqa: S104 (an address)
            scope.findings.doubt(
                DoubtKind.UNSUPPORTED,
                Text(
                    ja=f"インタフェース {entry.name} はアドレスを持たない設定（unnumbered）です。",
                    en=f"The interface {entry.name} is unnumbered, which is not modelled.",
                ),
                entry.lines_of("ipunnumbered"),
                interfaces=frozenset((entry.name,)),
            )
    for zone in ports.zones.values():
        missing = sorted(zone.members - ports.interfaces.keys())
        if missing:
            names = ", ".join(missing[:5])
            scope.findings.doubt(
                DoubtKind.UNDEFINED,
                Text(
                    ja=f"ゾーン {zone.name} のメンバー {names} の定義がありません。",
                    en=f"Members of the zone {zone.name} are not defined: {names}.",
                ),
                zone.sources,
                plane=Plane.TRAFFIC,
                interfaces=frozenset(missing),
            )
