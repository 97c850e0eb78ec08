"""Static routes of virtual routers, routing protocols, policy-based forwarding's tables, and routes to remote users."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import Family
from secaudit.network.routes import DynamicRouting, NextHop, Relay, Route, not_understood, of_unknown_prefix
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.panos.findings import Findings, Scope
from secaudit.vendors.panos.interfaces import MANAGEMENT, Ports, virtual_routers
from secaudit.vendors.panos.neighbours import authenticated
from secaudit.vendors.panos.tree import Node, joined

_DEEPEST = 8
_MOST_STEPS = 500_000
"""How much work routes between virtual routers may make."""
_PROTOCOLS: Mapping[str, Family | None] = {"bgp": None, "ospf": 4, "ospfv3": 6, "rip": 4}
_KNOWN = frozenset((
    "destination", "interface", "nexthop", "metric", "admin-dist", "bfd", "path-monitor", "route-table", "option", "description", "preference",
))  # fmt: skip
_FAMILIES: tuple[tuple[Family, str, str], ...] = ((4, "ip", "ip-address"), (6, "ipv6", "ipv6-address"))


@dataclass(frozen=True, slots=True)
class _Static:
    prefix: IPNetwork
    vrf: str
    distance: int
    metric: int
    hop: NextHop
    next_vr: str = ""


@dataclass(slots=True)
class Routing:
    """What the routers of a device know."""

    routes: tuple[Route, ...] = ()
    dynamic: tuple[DynamicRouting, ...] = ()


class RouteReader:
    """Reads the routes of all virtual routers."""

    def __init__(
        self, network: Node | None, scopes: Iterable[Scope], ports: Ports, findings: Findings, logical: bool
    ) -> None:
        self.network = network
        self.scopes = tuple(scopes)
        self.ports = ports
        self.findings = findings
        self.logical = logical
        self.dynamic: list[DynamicRouting] = []
        self.steps = 0
        self._told: set[tuple[str, IPNetwork]] = set()

    def read(self, deviceconfig: Node | None) -> Routing:
        """Everything, merged by prefix and distance."""
        found: list[_Static] = []
        for name, router in virtual_routers(self.network, self.logical):
            for family, word, gateway in _FAMILIES:
                for entry in router.entries("routing-table", word, "static-route"):
                    found += self._static(name, router, family, gateway, entry)
            self._protocols(name, router)
        found += self._learnt_defaults()
        found += self._users()
        found += self._management(deviceconfig)
        return Routing(_merged(self._across(found)), tuple(self.dynamic))

    def _static(self, vrf: str, router: Node, family: Family, gateway_word: str, entry: Node) -> list[_Static]:
        lines = entry.sources()
        written = entry.value("destination")
        destination = entry.child("destination")
        cut = destination is not None and any(one.children for one in destination.children.values())
        prefix = None if cut else self._prefix(written, family)
        if prefix is None:
            self._unreadable(entry, "宛先を読み取れません", "has a destination that cannot be read")
            self.dynamic += of_unknown_prefix(family, lines, (vrf,))
            return []
        if (
            entry.child("option", "no-install") is not None
            or entry.child("route-table", "no-install") is not None
            or entry.child("route-table", "multicast") is not None
        ):
            self.findings.notice(
                NoticeKind.INACTIVE,
                Text(ja=f"経路 {entry.name} は経路表に入りません。", en=f"Route {entry.name} is not installed."),
                lines,
            )
            return []
        distance = _number(entry.value("admin-dist"), self._default_distance(router, family))
        metric = _number(entry.value("metric"), self.findings.defaults.static_metric)
        hop = self._hop(entry, family, gateway_word, lines)
        next_vr = entry.value("nexthop", "next-vr") or entry.value("nexthop", "next-lr")
        unknown = [child for name, child in entry.children.items() if name not in _KNOWN]
        if hop is None or distance is None or metric is None or unknown or entry.repeated:
            self._unreadable(entry, "読み取れない値があります", "has values that cannot be read")
            connected = [
                one.address.network for i in self.ports.interfaces.values() if i.vrf == vrf for one in i.addresses
            ]
            bounded = not_understood(prefix, lines, connected, vrf)
            if bounded is not None:
                self.dynamic.append(bounded)
            else:
                self._unsure(entry)
            return []
        if hop.interface is not None and not self._usable(entry, hop.interface):
            return []
        if hop.interface is not None and hop.gateway is None and not hop.discard and not next_vr:
            interface = self.ports.interfaces.get(hop.interface)
            if interface is not None and interface.vrf != vrf:
                self._unsure(entry)
        return [_Static(prefix, vrf, distance, metric, hop, next_vr)]

    def _unsure(self, entry: Node) -> None:
        self.findings.doubt(
            DoubtKind.UNSUPPORTED,
            Text(
                ja=f"経路 {entry.name} の行き先を判断できません。",
                en=f"Where the route {entry.name} leads cannot be told.",
            ),
            entry.sources(),
        )

    def _unreadable(self, entry: Node, ja: str, en: str) -> None:
        self.findings.not_understood(entry)
        text = Text(ja=f"経路 {entry.name} は{ja}。", en=f"The route {entry.name} {en}.")
        self.findings.doubt(DoubtKind.UNREAD, text, entry.sources(), interfaces=frozenset())

    def _usable(self, entry: Node, name: str) -> bool:
        interface = self.ports.interfaces.get(name)
        if interface is None:
            self.findings.doubt(
                DoubtKind.UNDEFINED,
                Text(
                    ja=f"経路 {entry.name} が未定義のインタフェース {name} を使います。",
                    en=f"Route {entry.name} uses the undefined interface {name}.",
                ),
                entry.sources(),
            )
            return True
        if not interface.enabled:
            self.findings.notice(
                NoticeKind.INACTIVE,
                Text(
                    ja=f"経路 {entry.name} は、停止中のインタフェース {name} を使うため働きません。",
                    en=f"Route {entry.name} does nothing: its interface {name} is down.",
                ),
                (*entry.sources(), *interface.sources),
            )
        return interface.enabled

    def _prefix(self, text: str, family: Family) -> IPNetwork | None:
        """The destination: a prefix or the name of an address object."""
        for scope in self.scopes:
            held = scope.find("address", text)
            if held is not None:
                text = held.value("ip-netmask")
                break
        try:
            prefix = ipaddress.ip_network(text, strict=False)
        except ValueError:
            return None
        return prefix if prefix.version == family else None

    def _default_distance(self, router: Node, family: Family) -> int:
        usual = self.findings.defaults.static_distance
        word = "static" if family == 4 else "static-ipv6"
        return _number(router.value("admin-dists", word), usual) or usual

    def _hop(self, entry: Node, family: Family, gateway_word: str, lines: Sources) -> NextHop | None:
        nexthop = entry.child("nexthop")
        interface = entry.value("interface") or None
        monitored = entry.yes("path-monitor", "enable") or (
            entry.child("path-monitor") is not None and not entry.value("path-monitor", "enable")
        )
        conditional = monitored or (
            entry.child("bfd", "profile") is not None and entry.value("bfd", "profile") != "None"
        )
        if nexthop is None or not nexthop.children:
            return None if interface is None else NextHop(lines, None, interface, conditional=conditional)
        (kind, *more) = nexthop.children
        if more:
            return None
        if kind in ("discard", "none"):
            return (
                NextHop(lines, None, interface, discard=kind == "discard", conditional=conditional)
                if kind == "discard" or interface
                else None
            )
        if kind in ("next-vr", "next-lr"):
            return NextHop(lines, conditional=conditional)
        if kind in ("ip-address", "ipv6-address"):
            address = self._address(nexthop.value(kind))
            if address is None or address.version != family:
                return None
            return NextHop(lines, address, interface, conditional=conditional)
        return None

    def _address(self, text: str) -> IPAddress | None:
        for scope in self.scopes:
            held = scope.find("address", text)
            if held is not None:
                text = held.value("ip-netmask").removesuffix("/32").removesuffix("/128")
                break
        try:
            return ipaddress.ip_address(text)
        except ValueError:
            return None

    def _across(self, found: list[_Static]) -> list[_Static]:
        """Routes to another virtual router become routes by what that router has for the prefix."""
        result = [one for one in found if not one.next_vr]
        for one in found:
            if one.next_vr:
                result += self._through(one, found, one.next_vr, 0)
        return result

    def _through(self, route: _Static, found: list[_Static], vrf: str, depth: int) -> list[_Static]:
        """What another router does with the packets of a route: its longer prefixes, and the longest that holds all of them."""
        self.steps += len(found)
        if depth > _DEEPEST or self.steps > _MOST_STEPS or any(one.vrf == vrf for one in self.dynamic):
            self._lost(route)
            return []
        length = route.prefix.prefixlen
        there = [one for one in found if one.vrf == vrf and _overlap(one.prefix, route.prefix)]
        own = [
            (held.address.network, name, held.sources)
            for name, interface in self.ports.interfaces.items()
            if interface.vrf == vrf and interface.enabled
            for held in interface.addresses
            if _overlap(held.address.network, route.prefix)
        ]
        around = [one.prefix.prefixlen for one in there if one.prefix.prefixlen <= length and not one.hop.conditional]
        around += [network.prefixlen for network, *_ in own if network.prefixlen <= length]
        longest = max(around, default=-1)
        result: list[_Static] = []
        for network, name, lines in own:
            if network.prefixlen >= longest or network.prefixlen > length:
                hop = NextHop(joined((*route.hop.sources, *lines)), None, name, conditional=route.hop.conditional)
                result.append(replace(route, prefix=_narrower(network, route.prefix), hop=hop, next_vr=""))
        for other in there:
            if other.prefix.prefixlen >= longest or other.prefix.prefixlen > length:
                result += self._onward(route, other, found, vrf, depth)
        if longest < 0:
            # What the other router has no route for it drops; that it is not in the file is not known for sure.
            self._lost(route)
        return result

    def _onward(self, route: _Static, other: _Static, found: list[_Static], vrf: str, depth: int) -> list[_Static]:
        """One route of another router in place of the route to it. Of routes of several distances all are kept, as states."""
        prefix = _narrower(other.prefix, route.prefix)
        lines = joined((*route.hop.sources, *other.hop.sources))
        conditional = route.hop.conditional or other.hop.conditional
        if other.next_vr:
            hop = replace(route.hop, sources=lines, conditional=conditional)
            return self._through(replace(route, prefix=prefix, hop=hop), found, other.next_vr, depth + 1)
        egress = other.hop.interface or self._behind(other.hop.gateway, vrf)
        if egress is None and not other.hop.discard:
            self._lost(route)
            return []
        hop = replace(other.hop, interface=egress, sources=lines, conditional=conditional)
        return [_Static(prefix, route.vrf, route.distance, route.metric + other.distance + other.metric, hop)]

    def _behind(self, gateway: IPAddress | None, vrf: str) -> str | None:
        if gateway is None:
            return None
        for interface in self.ports.interfaces.values():
            own = [one.address.network for one in interface.addresses if one.address.version == gateway.version]
            if interface.vrf == vrf and interface.enabled and any(gateway in network for network in own):
                return interface.name
        return None

    def _lost(self, route: _Static) -> None:
        if (route.vrf, route.prefix) in self._told:
            return
        self._told.add((route.vrf, route.prefix))
        self.findings.doubt(
            DoubtKind.UNSUPPORTED,
            Text(
                ja="別の仮想ルーターへの経路の行き先を判断できません。",
                en="Where a route to another virtual router leads cannot be told.",
            ),
            route.hop.sources,
        )

    def _protocols(self, vrf: str, router: Node) -> None:
        holder = router.child("protocol") or router
        for protocol, family in _PROTOCOLS.items():
            settings = holder.child(protocol)
            # A protocol is printed with `enable`; where that is missing a line was lost.
            if settings is not None and settings.children and settings.value("enable") != "no":
                lines = settings.sources("enable")
                asked = authenticated(self.network, protocol, settings, self.logical)
                self.dynamic.append(DynamicRouting(protocol.upper(), lines, vrf, family=family, authenticated=asked))
        multicast = router.child("multicast")
        if multicast is not None and multicast.yes("enable"):
            self.findings.doubt(
                DoubtKind.UNSUPPORTED,
                Text(ja="マルチキャスト経路制御は判定していません。", en="Multicast routing is not modelled."),
                multicast.sources("enable"),
                interfaces=frozenset(name for name, one in self.ports.interfaces.items() if one.vrf == vrf),
            )

    def _learnt_defaults(self) -> list[_Static]:
        """DHCP and PPPoE give a default route unless `create-default-route no`; it is there only while the line is up."""
        found = []
        for interface in self.ports.interfaces.values():
            if not interface.dynamic_address or not interface.enabled or interface.name == MANAGEMENT:
                continue
            if interface.name in self.ports.without_default_route:
                continue
            hop = NextHop(interface.sources, None, interface.name, conditional=True)
            found.append(self._usual_static(ipaddress.IPv4Network("0.0.0.0/0"), interface.vrf, hop))
        return found

    def _usual_static(self, prefix: IPNetwork, vrf: str, hop: NextHop) -> _Static:
        usual = self.findings.defaults
        return _Static(prefix, vrf, usual.static_distance, usual.static_metric, hop)

    def _users(self) -> list[_Static]:
        """Addresses that a GlobalProtect gateway or a satellite gateway gives to those who connect are behind its tunnel interface."""
        found: list[_Static] = []
        if self.network is None:
            return found
        gateways = [
            *self.network.entries("tunnel", "global-protect-gateway"),
            *self.network.entries("tunnel", "global-protect-site-to-site"),
        ]
        pools_elsewhere = [
            (one, lines)
            for scope in self.scopes
            for gateway in scope.local.entries("global-protect", "global-protect-gateway")
            for one, lines in _pools(gateway)
        ]
        for gateway in gateways:
            name = gateway.value("tunnel-interface")
            interface = self.ports.interfaces.get(name)
            if interface is None:
                continue
            pools = [*_pools(gateway), *pools_elsewhere]
            lines = gateway.sources()
            if not pools:
                self.dynamic.append(
                    DynamicRouting("GlobalProtect", lines, interface.vrf, frozenset((name,)), transient=True)
                )
            for text, pool_lines in pools:
                networks = _networks(text)
                if networks is None:
                    self.dynamic.append(
                        DynamicRouting("GlobalProtect", lines, interface.vrf, frozenset((name,)), transient=True)
                    )
                    continue
                hop = NextHop(joined((*pool_lines, *lines)), None, name, conditional=True)
                found += [self._usual_static(one, interface.vrf, hop) for one in networks]
        return found

    def _management(self, deviceconfig: Node | None) -> list[_Static]:
        """The gateway of the management port."""
        system = None if deviceconfig is None else deviceconfig.child("system")
        if system is None or MANAGEMENT not in self.ports.interfaces:
            return []
        found = []
        for word, prefix in (("default-gateway", "0.0.0.0/0"), ("ipv6-default-gateway", "::/0")):
            setting = system.child(word)
            gateway = self._address(system.value(word))
            if setting is not None and gateway is not None:
                hop = NextHop(setting.sources(), gateway, MANAGEMENT)
                found.append(_Static(ipaddress.ip_network(prefix), MANAGEMENT, 1, 1, hop))
        return found


def read_relays(network: Node | None, ports: Ports) -> tuple[Relay, ...]:
    """`dhcp interface X relay ip enabled yes server [ A B ]`."""
    found = []
    for entry in () if network is None else network.entries("dhcp", "interface"):
        relay = entry.child("relay", "ip")
        if relay is None or not relay.yes("enabled") or entry.name not in ports.interfaces:
            continue
        for text in relay.names("server"):
            try:
                target = ipaddress.IPv4Address(text)
            except ValueError:
                continue
            found.append(Relay(entry.name, target, (67,), joined((entry.line, *relay.sources()))))
    return tuple(found)


def _pools(gateway: Node) -> Iterator[tuple[str, Sources]]:
    for node in gateway.below():
        if node.name in ("ip-pool", "static-ip-pool", "authentication-server-ip-pool"):
            for one in node.children.values():
                yield one.name, (one.line,)


def _networks(text: str) -> list[IPNetwork] | None:
    low, dash, high = text.partition("-")
    try:
        if dash:
            first, last = ipaddress.ip_address(low), ipaddress.ip_address(high)
            return list(ipaddress.summarize_address_range(first, last))
        return [ipaddress.ip_network(text, strict=False)]
    except (ValueError, TypeError):
        return None


def _narrower(left: IPNetwork, right: IPNetwork) -> IPNetwork:
    return left if left.prefixlen > right.prefixlen else right


def _overlap(left: IPNetwork, right: IPNetwork) -> bool:
    return left.version == right.version and left.overlaps(right)


def _number(text: str, default: int) -> int | None:
    if not text:
        return default
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _merged(found: list[_Static]) -> tuple[Route, ...]:
    """Routes of the same prefix and distance: the lowest metric first, the others as backups."""
    groups: dict[tuple[IPNetwork, str, int], list[_Static]] = {}
    for one in found:
        groups.setdefault((one.prefix, one.vrf, one.distance), []).append(one)
    routes = []
    for (prefix, vrf, distance), members in groups.items():
        best = min(one.metric for one in members)
        hops = tuple(replace(one.hop, backup=one.metric > best) for one in members)
        routes.append(Route(prefix, hops, joined(line for one in members for line in one.hop.sources), vrf, distance))
    return tuple(routes)
