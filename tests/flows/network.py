"""Small devices for tests: everything a device needs, with lines that can be told apart.

Every fact gets a `SourceLine` whose text says what it is, so that a test can ask for the line by number.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from secaudit.network.device import Device, Doubt, Stage
from secaudit.network.filters import Action, Certainty, Connection, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6, ANY_PORT, Interval, Intervals, of_network
from secaudit.network.matches import ANY_MARK, ANY_SERVICE, Match, Service
from secaudit.network.nat import NatRule, Translation
from secaudit.network.routes import DynamicRouting, NextHop, PolicyRoute, Route
from secaudit.network.tunnels import Carrier, Diversion, TunnelEnd
from secaudit.text.source import SourceLine, Sources

ROUTER = (
    Stage.INGRESS_NAT,
    Stage.INGRESS_FILTER,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_FILTER,
    Stage.EGRESS_NAT,
)


def at(number: int, text: str = "") -> Sources:
    """One line of the only file there is."""
    return (SourceLine("a.conf", number, text or f"line {number}"),)


def prefix(text: str) -> Intervals:
    """A prefix as intervals; "any" is all of IPv4."""
    return ANY_IPV4 if text == "any" else (of_network(ipaddress.ip_network(text)),)


def match(
    sources: str = "any",
    destinations: str = "any",
    *,
    services: tuple[Service, ...] = (ANY_SERVICE,),
    marks: Intervals = ANY_MARK,
) -> Match:
    """An IPv4 match."""
    return Match(4, prefix(sources), prefix(destinations), services, marks)


ANY_OF_BOTH = (Match(4, ANY_IPV4, ANY_IPV4), Match(6, ANY_IPV6, ANY_IPV6))


def tcp(ports: Interval | None = None, flags: Intervals | None = None) -> Service:
    """TCP to some ports."""
    wanted = ANY_PORT if ports is None else (ports,)
    return Service(((6, 6),), wanted) if flags is None else Service(((6, 6),), wanted, tcp_flags=flags)


def line(
    number: int,
    action: Action,
    *matches: Match,
    certainty: Certainty = Certainty.ALWAYS,
    ingress: Iterable[str] | None = None,
    egress: Iterable[str] | None = None,
    connection: Connection | None = None,
    translation: Translation | None = None,
) -> FilterLine:
    """A filter line; without matches it matches everything of both families."""
    return FilterLine(
        label=str(number),
        action=action,
        matches=matches or ANY_OF_BOTH,
        sources=at(number),
        certainty=certainty,
        ingress=None if ingress is None else frozenset(ingress),
        egress=None if egress is None else frozenset(egress),
        connection=connection,
        source_translation=translation,
    )


def filter_(
    name: str,
    *lines: FilterLine,
    default: Action = Action.DENY,
    number: int = 900,
    stateful: bool = False,
    sessions: tuple[Match, ...] = (),
) -> Filter:
    """A filter; `number` is the line that applies it."""
    return Filter(name, lines, default, at(number), stateful=stateful, sessions=sessions)


def interface(
    name: str,
    *addresses: str,
    kind: InterfaceKind = InterfaceKind.PHYSICAL,
    enabled: bool = True,
    filter_in: str | None = None,
    filter_out: str | None = None,
    vrf: str = "",
    dynamic: bool = False,
    remote: str | None = None,
    carrier: Carrier = Carrier.GRE,
    local: str | None = None,
    diversions: tuple[Diversion, ...] = (),
    number: int = 1,
) -> Interface:
    """An interface with addresses such as "10.0.0.1/24"."""
    return Interface(
        name=name,
        kind=kind,
        sources=at(number),
        addresses=tuple(InterfaceAddress(ipaddress.ip_interface(one), at(number)) for one in addresses),
        dynamic_address=dynamic,
        enabled=enabled,
        vrf=vrf,
        filter_in=filter_in,
        filter_out=filter_out,
        tunnel=None if remote is None else tunnel_end(remote, carrier, local, number),
        diversions=diversions,
    )


def tunnel_end(remote: str, carrier: Carrier, local: str | None, number: int) -> TunnelEnd:
    """The end of a tunnel; `remote` "any" answers callers."""
    far = None if remote == "any" else ipaddress.ip_address(remote)
    near = None if local is None else ipaddress.ip_address(local)
    return TunnelEnd(carrier, at(number), far, near, answers=far is None)


def hop(
    number: int,
    gateway: str | None = None,
    out: str | None = None,
    *,
    discard: bool = False,
    matches: tuple[Match, ...] | None = None,
    conditional: bool = False,
    backup: bool = False,
) -> NextHop:
    """A next hop."""
    address = None if gateway is None else ipaddress.ip_address(gateway)
    return NextHop(at(number), address, out, discard, matches, conditional, backup)


def route(destination: str, *hops: NextHop, distance: int = 1, vrf: str = "") -> Route:
    """A route; its line is that of its first next hop."""
    return Route(ipaddress.ip_network(destination), hops, hops[0].sources, vrf, distance)


def device(
    name: str,
    *interfaces: Interface,
    filters: Iterable[Filter] = (),
    routes: Iterable[Route] = (),
    nat: Iterable[NatRule] = (),
    policies: tuple[str, ...] = (),
    policy_routes: Iterable[PolicyRoute] = (),
    dynamic: Iterable[DynamicRouting] = (),
    doubts: Iterable[Doubt] = (),
    pipeline: tuple[Stage, ...] = ROUTER,
    forwards: bool = True,
    tracks_connections: bool = False,
    local_in: tuple[str, ...] = (),
    local_out: tuple[str, ...] = (),
    filters_own_packets: bool = False,
) -> Device:
    """A device; line 999 identifies it."""
    by_name: Mapping[str, Interface] = {one.name: one for one in interfaces}
    return Device(
        name=name,
        vendor="test",
        file="a.conf",
        identity=at(999),
        interfaces=by_name,
        filters={one.name: one for one in filters},
        pipeline=pipeline,
        policies=policies,
        routes=tuple(routes),
        policy_routes=tuple(policy_routes),
        dynamic_routing=tuple(dynamic),
        nat_rules=tuple(nat),
        forwards=forwards,
        tracks_connections=tracks_connections,
        local_in=local_in,
        local_out=local_out,
        filters_own_packets=filters_own_packets,
        doubts=tuple(doubts),
    )
