"""Static routes, policy routes and routing protocols (FO-13)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.intervals import Intervals, IPAddress, IPNetwork, complement, normalise, of_network
from secaudit.network.matches import ANY_SERVICE, PROTOCOLS_WITH_PORTS, Family, Match, Service, any_address
from secaudit.network.routes import DynamicRouting, NextHop, PolicyRoute, Route, of_unknown_prefix
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.addresses import Addresses
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.grammar import Section
from secaudit.vendors.fortios.interfaces import Ports
from secaudit.vendors.fortios.neighbours import authenticated
from secaudit.vendors.fortios.services import port_range

NOT_INSTALLED = 255
"""A route of this distance is not reachable, and never in the table."""
_SHOWN = (
    "dst", "gateway", "device", "distance", "priority", "blackhole", "dstaddr", "sdwan", "sdwan-zone",
    "virtual-wan-link", "dynamic-gateway", "status", "vrf",
)  # fmt: skip
_PROTOCOL_SIGNS = {
    "rip": ("network", "interface"),
    "ripng": ("interface", "neighbor"),
    "ospf": ("area", "network", "ospf-interface"),
    "ospf6": ("area", "ospf6-interface"),
    "bgp": ("neighbor", "neighbor-group", "neighbor-range"),
    "isis": ("isis-interface", "isis-net"),
}
"""Which nested tables have entries when a protocol really runs; FortiOS prints empty blocks of protocols that do not."""


_FAMILIES: dict[str, Family] = {"rip": 4, "ripng": 6, "ospf": 4, "ospf6": 6}
"""Protocols of one address family; the others carry both."""


@dataclass(frozen=True, slots=True)
class _Static:
    """One static route as written; `priority` orders routes of the same distance (lower is preferred)."""

    prefix: IPNetwork
    vrf: str
    distance: int
    priority: int
    next_hops: tuple[NextHop, ...]
    sources: Sources


def read_routes(scope: Scope, ports: Ports, addresses: Addresses) -> tuple[Route, ...]:
    """All static routes, and the default routes that DHCP and PPPoE interfaces learn."""
    found: list[_Static] = []
    for family, table in _STATIC_TABLES:
        for entry in scope.entries(table):
            found += _read_static(scope, ports, addresses, family, entry)
    found += _learnt_defaults(scope, ports)
    return _merge(found)


_STATIC_TABLES: tuple[tuple[Family, str], ...] = ((4, "router static"), (6, "router static6"))
_POLICY_TABLES: tuple[tuple[Family, str], ...] = ((4, "router policy"), (6, "router policy6"))


def _read_static(scope: Scope, ports: Ports, addresses: Addresses, family: Family, entry: Section) -> list[_Static]:
    if not scope.works(entry):
        return []
    usual = scope.defaults
    sources = (*entry.opening, *entry.lines_of(*_SHOWN))
    if entry.unknown:
        _doubt(scope, entry, "読み取れない行があります", "has lines that were not understood", DoubtKind.UNREAD)
    for name in ("internet-service", "internet-service-custom", "internet-service-fortiguard", "src"):
        if entry.get(name) not in ("", "0", "0.0.0.0/0", "0.0.0.0 0.0.0.0"):
            _doubt(scope, entry, f"{name} で宛先が決まります", f"is for {name}", DoubtKind.UNSUPPORTED)
            return []
    vrf = "" if entry.get("vrf", "0") in ("0", "unspecified") else entry.get("vrf")
    try:
        prefixes = _prefixes(addresses, family, entry)
        distance = _small_number(entry.get("distance"), usual.static_distance)
        priority = _priority(entry, usual.static_priority)
        gateway = _gateway(entry)
    except ValueError:
        scope.findings.not_understood(entry.lines_of("dst", "gateway", "distance", "priority"))
        _doubt(scope, entry, "値を読み取れません", "has values that cannot be read", DoubtKind.UNREAD)
        scope.findings.unread_routes.extend(of_unknown_prefix(family, sources, (vrf,)))
        return []
    if prefixes is None:
        scope.findings.unread_routes.extend(of_unknown_prefix(family, sources, (vrf,)))
        _doubt(
            scope, entry, "宛先のアドレスが確定しません", "has a destination that is not certain", DoubtKind.UNSUPPORTED
        )
        return []
    next_hops = _next_hops(scope, ports, family, entry, gateway, sources)
    if distance >= NOT_INSTALLED:
        next_hops = tuple(replace(hop, conditional=True) for hop in next_hops)
    if not next_hops:
        return []
    return [_Static(prefix, vrf, distance, priority, next_hops, sources) for prefix in prefixes]


def _doubt(scope: Scope, entry: Section, ja: str, en: str, kind: DoubtKind) -> None:
    text = Text(ja=f"経路 {entry.name} は{ja}。", en=f"Route {entry.name} {en}.")
    lines = (*entry.opening, *(entry.unknown or [line for s in entry.settings.values() for line in s.lines]))
    scope.findings.doubt(kind, text, lines)


def _prefixes(addresses: Addresses, family: Family, entry: Section) -> list[IPNetwork] | None:
    """The destinations; None when they are not certain. Raises `ValueError`."""
    if entry.values("dstaddr"):
        found = addresses.of_names(family, entry.values("dstaddr"), entry.lines_of("dstaddr"))
        return _networks(family, found.sure) if found.certain else None
    words = entry.values("dst")
    if family == 6:
        return [ipaddress.IPv6Network(words[0] if words else "::/0", strict=False)]
    return [ipaddress.IPv4Network("/".join(words) if words else "0.0.0.0/0", strict=False)]


def _networks(family: Family, intervals: Intervals) -> list[IPNetwork]:
    kind = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    return [network for low, high in intervals for network in ipaddress.summarize_address_range(kind(low), kind(high))]


def _small_number(text: str, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError(text)
    return int(text)


def _priority(entry: Section, usual: int | None) -> int:
    """The lowest is preferred. Raises `ValueError`. Where the default may be 0 or 1, a route that says either is as good as one that says nothing."""
    said = _small_number(entry.get("priority"), _HIGHEST_DEFAULT if usual is None else usual)
    return said if usual is not None else max(said, _HIGHEST_DEFAULT)


_HIGHEST_DEFAULT = 1
"""What `priority` may be at most where nothing is said and the release is not known."""


def _gateway(entry: Section) -> IPAddress | None:
    text = entry.get("gateway")
    if not text:
        return None
    address = ipaddress.ip_address(text)
    return address if int(address) else None


def _next_hops(
    scope: Scope, ports: Ports, family: Family, entry: Section, gateway: IPAddress | None, sources: Sources
) -> tuple[NextHop, ...]:
    if entry.enabled("blackhole"):
        return (NextHop(sources, discard=True),)
    zones = entry.values("sdwan-zone")
    if zones or entry.enabled("sdwan") or entry.enabled("virtual-wan-link"):
        hops = [
            NextHop(join((*sources, *member.sources)), _of_family(member.gateways, family), member.interface)
            for member in ports.sdwan
            if (not zones or member.zone in zones) and _up(ports, member.interface)
        ]
        if not hops:
            _doubt(scope, entry, "SD-WANのメンバーが見つかりません", "finds no SD-WAN member", DoubtKind.UNDEFINED)
        return tuple(hops)
    device = entry.get("device") or None
    if device is not None and not _up(ports, device):
        scope.findings.notice(
            NoticeKind.INACTIVE,
            Text(
                ja=f"経路 {entry.name} は、停止中のインタフェース {device} を使うため働きません。",
                en=f"Route {entry.name} does nothing: its interface {device} is down.",
            ),
            (*sources, *ports.down_sources.get(device, ())),
        )
        return ()
    if device is not None and device not in ports.interfaces:
        _doubt(
            scope,
            entry,
            f"未定義のインタフェース {device} を使います",
            f"uses the undefined interface {device}",
            DoubtKind.UNDEFINED,
        )
    if entry.enabled("dynamic-gateway"):
        return (NextHop(sources, None, device, conditional=True),)
    if device is None and gateway is None:
        _doubt(scope, entry, "送り先がありません", "has neither gateway nor interface", DoubtKind.UNREAD)
        return ()
    return (NextHop(sources, gateway, device, conditional=_monitored(scope, device, gateway)),)


def _of_family(gateways: Iterable[IPAddress], family: Family) -> IPAddress | None:
    return next((gateway for gateway in gateways if gateway.version == family), None)


def _up(ports: Ports, name: str) -> bool:
    return name not in ports.down_sources


def _monitored(scope: Scope, device: str | None, gateway: IPAddress | None) -> bool:
    """Whether a link monitor withdraws the route while its probes fail (`update-static-route`)."""
    for entry in scope.entries("system link-monitor"):
        if not (scope.works(entry) and entry.is_on("update-static-route", scope.defaults.monitor_withdraws_routes)):
            continue
        same_gateway = not entry.get("gateway-ip") or entry.get("gateway-ip") == str(gateway)
        if entry.get("srcintf") == device and same_gateway:
            return True
    return False


def _learnt_defaults(scope: Scope, ports: Ports) -> list[_Static]:
    """DHCP and PPPoE give a default route unless `defaultgw disable`; it is there only while the line is up."""
    found = []
    usual = scope.defaults
    priority = _HIGHEST_DEFAULT if usual.static_priority is None else usual.static_priority
    for entry in scope.entries("system interface"):
        interface = ports.interfaces.get(entry.name)
        if interface is None or not interface.enabled or entry.get("mode") not in ("dhcp", "pppoe"):
            continue
        if entry.get("defaultgw") == "disable" or (not entry.get("defaultgw") and usual.learnt_default_route is False):
            continue
        sources = (*entry.opening, *entry.lines_of("mode", "defaultgw", "distance"))
        distance = entry.get("distance")
        value = (
            int(distance) if distance.isascii() and distance.isdigit() and len(distance) <= 3 else usual.learnt_distance
        )
        hop = NextHop(sources, None, entry.name, conditional=True)
        found.append(_Static(ipaddress.IPv4Network("0.0.0.0/0"), interface.vrf, value, priority, (hop,), sources))
    return found


def _merge(found: list[_Static]) -> tuple[Route, ...]:
    """Routes of the same prefix and distance share the work: the lowest priority number first, the others as backups."""
    groups: dict[tuple[IPNetwork, str, int], list[_Static]] = {}
    for one in found:
        groups.setdefault((one.prefix, one.vrf, one.distance), []).append(one)
    routes = []
    for (prefix, vrf, distance), members in groups.items():
        best = min(member.priority for member in members)
        hops = tuple(
            NextHop(
                hop.sources,
                hop.gateway,
                hop.interface,
                hop.discard,
                hop.matches,
                hop.conditional,
                member.priority > best,
            )
            for member in members
            for hop in member.next_hops
        )
        sources = join(line for member in members for line in member.sources)
        routes.append(Route(prefix, hops, sources, vrf, distance))
    return tuple(routes)


def read_policy_routes(scope: Scope, ports: Ports, addresses: Addresses) -> tuple[PolicyRoute, ...]:
    """`config router policy` in file order; `action deny` means "use the table"."""
    found = []
    for family, table in _POLICY_TABLES:
        for entry in scope.entries(table):
            if scope.works(entry):
                found.append(_policy_route(scope, ports, addresses, family, entry))
    # Policy routes act in every VRF.
    vrfs = sorted({"", *(interface.vrf for interface in ports.interfaces.values())})
    return tuple(replace(route, vrf=vrf) for route in found for vrf in vrfs)


_UNREADABLE = Text(
    ja="ポリシールートに読み取れない値があります。", en="The policy route has values that cannot be read."
)
_CONDITIONAL = Text(
    ja="ポリシールートに判定できない条件があります。", en="The policy route has conditions that are not modelled."
)


def _policy_route(scope: Scope, ports: Ports, addresses: Addresses, family: Family, entry: Section) -> PolicyRoute:
    sources = (*entry.opening, *(line for setting in entry.settings.values() for line in setting.lines))
    uncertain = _UNREADABLE if entry.unknown else None
    for name in (
        "tos-mask",
        "internet-service-id",
        "internet-service-custom",
        "internet-service-fortiguard",
        "users",
        "groups",
    ):
        if entry.get(name) not in ("", "0", "0x00"):
            uncertain = uncertain or _CONDITIONAL
    match = Match(family, any_address(family), any_address(family))
    gateway: IPAddress | None = None
    try:
        source, source_sure = _policy_addresses(addresses, family, entry, "src", "srcaddr")
        destination, destination_sure = _policy_addresses(addresses, family, entry, "dst", "dstaddr")
        if not (source_sure and destination_sure):
            uncertain = uncertain or _CONDITIONAL
        match = Match(family, source, destination, (_policy_service(entry),))
        gateway = _gateway(entry)
    except ValueError:
        scope.findings.not_understood(sources[1:])
        uncertain = _UNREADABLE
    ingress, _, known = ports.expand(entry.values("input-device") or ("any",))
    if entry.enabled("input-device-negate") and ingress is not None:
        ingress = frozenset(ports.interfaces) - ingress
    if not known:
        ingress, uncertain = None, uncertain or _UNREADABLE
    output = entry.get("output-device") or None
    hops: tuple[NextHop, ...] = ()
    if entry.get("action", scope.defaults.policy_route_action) == "permit" and (
        output is not None or gateway is not None
    ):
        # The route is used only while its interface is up; a link that is down sends packets to the table.
        hops = (NextHop(sources, gateway, output),) if output is None or _up(ports, output) else ()
    return PolicyRoute(f"policy route {entry.name}", (match,), hops, sources, ingress, "", uncertain)


def _policy_addresses(
    addresses: Addresses, family: Family, entry: Section, plain: str, named: str
) -> tuple[Intervals, bool]:
    """The addresses of one side, and whether they are certain. Raises `ValueError`."""
    maximum = any_address(family)[0][1]
    intervals: Intervals = ()
    sure = True
    if entry.values(plain):
        intervals = normalise(of_network(ipaddress.ip_network(word, strict=False)) for word in entry.values(plain))
    if entry.values(named):
        found = addresses.of_names(family, entry.values(named), entry.lines_of(named))
        intervals = normalise((*intervals, *found.possible))
        sure = found.certain
    if not entry.values(plain) and not entry.values(named):
        intervals = any_address(family)
    if entry.enabled(f"{plain}-negate"):
        intervals = complement(intervals, maximum) if sure else any_address(family)
    return intervals, sure


def _policy_service(entry: Section) -> Service:
    """Protocol and ports of a policy route; 0 is any protocol. Raises `ValueError`."""
    protocol = _small_number(entry.get("protocol"), 0)
    if protocol == 0 or protocol > 255:
        return ANY_SERVICE
    if protocol not in PROTOCOLS_WITH_PORTS:
        return Service(((protocol, protocol),))
    destination = port_range(f"{entry.get('start-port') or 0}-{entry.get('end-port') or 65535}")
    source = port_range(f"{entry.get('start-source-port') or 0}-{entry.get('end-source-port') or 65535}")
    return Service(((protocol, protocol),), (destination,), (source,))


def read_dynamic_routing(scope: Scope, ports: Ports) -> tuple[DynamicRouting, ...]:
    """The routing protocols that really run, and what else brings routes that the file does not show: dial-up VPN
    peers (`type dynamic` announces what is behind it, unless `add-route disable`), routes from a DHCP server, and static routes of which
    `read_routes` could not tell the destination."""
    found = list(scope.findings.unread_routes)
    for tunnel in scope.entries("vpn ipsec phase1-interface"):
        if tunnel.get("type") == "dynamic" and tunnel.is_on("add-route", scope.defaults.dialup_adds_routes):
            lines = (*tunnel.opening, *tunnel.lines_of("type", "add-route"))
            own = ports.interfaces.get(tunnel.name)
            vrf = "" if own is None else own.vrf
            found.append(
                DynamicRouting("IPsec dial-up", lines, vrf, interfaces=frozenset((tunnel.name,)), transient=True)
            )
    for tunnel in scope.entries("vpn ipsec phase1-interface"):
        default = tunnel.get("default-gw") not in ("", "0.0.0.0")  # noqa: S104 (an address)
        if default or (tunnel.enabled("mode-cfg") and tunnel.get("type") != "dynamic"):
            lines = (*tunnel.opening, *tunnel.lines_of("default-gw", "mode-cfg"))
            own = ports.interfaces.get(tunnel.name)
            vrf = "" if own is None else own.vrf
            found.append(DynamicRouting("IKE", lines, vrf, interfaces=frozenset((tunnel.name,)), transient=True))
    for entry in scope.entries("system interface"):
        interface = ports.interfaces.get(entry.name)
        asks = entry.get("mode", scope.defaults.interface_mode) == "dhcp"
        usual = asks and scope.defaults.dhcp_adds_routes is not False
        if interface is not None and interface.enabled and entry.is_on("dhcp-classless-route-addition", usual):
            lines = (*entry.opening, *entry.lines_of("mode", "dhcp-classless-route-addition"))
            found.append(
                DynamicRouting("DHCP", lines, interface.vrf, interfaces=frozenset((entry.name,)), transient=True)
            )
    for protocol, tables in _PROTOCOL_SIGNS.items():
        section = scope.section(f"router {protocol}")
        signs = [entry for table in tables for entry in section.section(table).entries.values()]
        if signs:
            must, said = authenticated(scope, ports, protocol)
            lines = join((*section.opening, *section.lines_of("as", "router-id"), *said, *(e.lines[0] for e in signs)))
            vrfs = sorted({"", *(one.vrf for one in ports.interfaces.values())})
            family = _FAMILIES.get(protocol)
            found += [DynamicRouting(protocol.upper(), lines, vrf, family=family, authenticated=must) for vrf in vrfs]
            leaks = [
                line
                for table in ("vrf-leak", "vrf-leak6", "vrf", "vrf6")
                for leak in section.section(table).entries.values()
                for line in leak.all_lines()
            ]
            if leaks:
                text = Text(
                    ja="VRF をまたぐ経路の設定は判定していません。",
                    en="Routes that cross from one VRF to another are not modelled.",
                )
                scope.findings.doubt(DoubtKind.UNSUPPORTED, text, leaks)
    return tuple(found)
