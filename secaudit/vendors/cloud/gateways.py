"""Gateways of a cloud network as devices of their own: hubs, line gateways, NAT gateways."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from secaudit.network.device import Device, Doubt, DoubtKind, Stage
from secaudit.network.filters import Action, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.matches import ANY_PACKET, ICMP, TCP, UDP, Family, Match, Service, any_address
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import NextHop, PolicyRoute, Route
from secaudit.network.tunnels import Carrier, TunnelEnd
from secaudit.text.bilingual import Text
from secaudit.vendors.cloud.groups import FAMILIES, of_prefixes
from secaudit.vendors.cloud.model import (
    Cloud,
    Hub,
    HubPort,
    LineGateway,
    LinePort,
    NatGateway,
    Subnet,
    TargetKind,
)

_ROUTING_ONLY = (Stage.ROUTE,)
_NAT_PORTS = (1024, 65535)
_NOWHERE = "no route table"
_UNKNOWN_TABLE = Text(
    ja="ゲートウェイのルートテーブルの経路が提出されていないため、どこへ転送されるか分からない。",
    en="the routes of a route table of the gateway were not submitted, so where it sends packets is not known",
)
_UNKNOWN_ASSOCIATION = Text(
    ja="接続に関連付けられたルートテーブルが分からない。",
    en="which route table is associated with an attachment is not told",
)
_NOT_ANNOUNCED = Text(
    ja="許可されたプレフィックスに含まれず、庁舎側へ広告されない宛先である。それでも送られたパケットが破棄されるかは確認できない。",
    en="the destination is not among the allowed prefixes and is not announced to the premises; whether a packet that is sent there all the same is dropped is not known",
)
_TURNS_AROUND = Text(
    ja="このゲートウェイは、一つの回線から受け取ったパケットを他の回線へ転送し得る。",
    en="this gateway may forward what one line brings to another line",
)
_NO_ADDRESS = Text(
    ja="NATゲートウェイのアドレス又はサブネットが提出されていない。",
    en="the address or the subnet of a NAT gateway was not submitted",
)
_NO_ROUTE_TO_CLOUD = Text(
    ja="このゲートウェイの先にあるネットワークのアドレスが提出されていない。",
    en="the addresses of the networks behind this gateway were not submitted",
)
_NO_VPN = Text(
    ja="このゲートウェイにどのVPN接続があるかが提出されていない（describe-vpn-connections の出力を提出すること）。",
    en="which VPN connections this gateway has was not submitted; submit the output of describe-vpn-connections",
)


# --- NAT gateways ---------------------------------------------------------------------------------------------


def nat_device(cloud: Cloud, nat: NatGateway, subnet: Subnet | None, owner: str) -> Device:
    """A NAT gateway: what comes in by its one interface leaves by it again with its own address.

    Only TCP, UDP and ICMP, only source ports from 1024 on, only connections that begin behind it.
    """
    prefix = None if subnet is None else next((one for one in subnet.prefixes if one.version == 4), None)
    doubts: tuple[Doubt, ...] = ()
    addresses: tuple[InterfaceAddress, ...] = ()
    routes: tuple[Route, ...] = ()
    rules: tuple[NatRule, ...] = ()
    if prefix is None or nat.address is None:
        doubts = (Doubt(DoubtKind.TRUNCATED, _NO_ADDRESS, nat.sources),)
    else:
        held = ipaddress.ip_interface(f"{nat.address}/{prefix.prefixlen}")
        addresses = (InterfaceAddress(held, nat.sources),)
        routes = (Route(ipaddress.ip_network("0.0.0.0/0"), (NextHop(nat.sources, gateway=prefix[1]),), nat.sources),)
        value = int(nat.address)
        new = Translation(TranslationKind.POOL, (value, value), _NAT_PORTS)
        rules = (
            NatRule(nat.id, NatStage.EGRESS, (Match(4, any_address(4), any_address(4)),), nat.sources, source=new),
        )
    protocols = tuple(Service(((number, number),)) for number in (ICMP, TCP, UDP))
    permitted = FilterLine(
        "TCP, UDP, ICMP", Action.PERMIT, (Match(4, any_address(4), any_address(4), protocols),), nat.sources
    )
    name, own = "translated protocols", "own addresses"
    return Device(
        name=f"{owner or cloud.vendor}/{nat.id}",
        vendor=cloud.vendor,
        file=cloud.file,
        identity=nat.sources,
        interfaces={
            "interface": Interface(
                "interface", InterfaceKind.PHYSICAL, nat.sources, addresses, dynamic_address=not addresses
            )
        },
        filters={
            name: Filter(name, (permitted,), Action.DENY, nat.sources, stateful=True),
            own: Filter(own, (), Action.DENY, nat.sources),
        },
        pipeline=(Stage.ROUTE, Stage.POLICY, Stage.EGRESS_NAT),
        policies=(name,),
        local_in=(own,),
        routes=routes,
        nat_rules=rules,
        doubts=doubts,
    )


# --- hubs -----------------------------------------------------------------------------------------------------


def hub_device(cloud: Cloud, hub: Hub) -> Device:
    """A hub: the table that is associated with a port is a VRF, what it holds are the routes of that VRF."""
    interfaces = {port.interface: _hub_interface(port) for port in hub.ports}
    doubts = []
    tables = {one.id: one for one in hub.tables}
    used = {port.table for port in hub.ports}
    for port in hub.ports:
        if port.table == "?":
            doubts.append(Doubt(DoubtKind.TRUNCATED, _UNKNOWN_ASSOCIATION, port.sources))
        elif port.table is not None and (port.table not in tables or not tables[port.table].known):
            found = tables.get(port.table)
            doubts.append(Doubt(DoubtKind.TRUNCATED, _UNKNOWN_TABLE, port.sources if found is None else found.sources))
    if not hub.ports:
        doubts.append(Doubt(DoubtKind.TRUNCATED, _UNKNOWN_ASSOCIATION, hub.sources))
    routes = []
    for table in hub.tables:
        if table.id not in used:
            continue
        for one in table.routes:
            for prefix in one.destinations or ():
                hops = tuple(
                    NextHop(one.sources, discard=True)
                    if target.kind is TargetKind.NOWHERE
                    else NextHop(one.sources, interface=target.id, captured=one.from_lines)
                    for target in one.targets
                )
                routes.append(Route(prefix, hops, one.sources, table.id, 2 if one.learnt else 1))
                for target in one.targets:
                    if target.kind is TargetKind.GATEWAY and target.id not in interfaces:
                        interfaces[target.id] = Interface(target.id, InterfaceKind.TUNNEL, one.sources, vrf=_NOWHERE)
    return Device(
        name=f"{hub.owner or cloud.vendor}/{hub.id}",
        vendor=cloud.vendor,
        file=cloud.file,
        identity=hub.sources,
        interfaces=interfaces,
        filters={},
        pipeline=_ROUTING_ONLY,
        model=hub.title,
        routes=tuple(routes),
        doubts=tuple(dict.fromkeys(doubts)),
    )


def _hub_interface(port: HubPort) -> Interface:
    return Interface(
        name=port.interface,
        kind=InterfaceKind.TUNNEL,
        sources=port.sources,
        vrf=port.table if port.table not in (None, "?") and port.table is not None else _NOWHERE,
        peer=port.peer,
        tunnel=_tunnel(port) if port.way == "vpn" else None,
        description=f"{port.way} {port.resource}".strip(),
    )


def _tunnel(port: HubPort | LinePort) -> TunnelEnd:
    outer = port.outer[0] if port.outer else None
    return TunnelEnd(
        Carrier.IPSEC,
        port.sources,
        remote=port.remote,
        local=outer,
        answers=port.remote is None,
        proposals=port.proposals,
    )


# --- line gateways --------------------------------------------------------------------------------------------


def line_gateway_device(cloud: Cloud, gateway: LineGateway) -> Device:
    """Lines on one side, the cloud on the other: from the cloud everything goes to the lines, from the lines what is announced goes on.

    Of several lines a private one is preferred to a VPN.
    """
    interfaces: dict[str, Interface] = {}
    towards: list[NextHop] = []
    private = [one for one in gateway.lines if not one.is_vpn]
    for line in (*private, *(one for one in gateway.lines if one.is_vpn)):
        interfaces[line.interface] = _line_interface(line)
        towards += _line_hops(line, backup=line.is_vpn and bool(private))
    for port in gateway.clouds:
        interfaces[port.interface] = Interface(
            port.interface, InterfaceKind.TUNNEL, port.sources, peer=port.peer, description="cloud"
        )
    doubts = [
        Doubt(DoubtKind.TRUNCATED, _NO_ROUTE_TO_CLOUD, one.sources) for one in gateway.clouds if one.announced is None
    ]
    doubts += [
        Doubt(DoubtKind.TRUNCATED, _NO_VPN, one.sources, interfaces=frozenset((one.interface,)))
        for one in gateway.lines
        if one.untold
    ]
    return Device(
        name=f"{gateway.owner or cloud.vendor}/{gateway.id}",
        vendor=cloud.vendor,
        file=cloud.file,
        identity=gateway.sources,
        interfaces=interfaces,
        filters={},
        pipeline=_ROUTING_ONLY,
        model=gateway.kind,
        policy_routes=tuple(_line_routes(gateway, tuple(towards))),
        doubts=tuple(doubts),
    )


def _line_interface(line: LinePort) -> Interface:
    addresses = tuple(
        InterfaceAddress(ipaddress.ip_interface(f"{near}/{network.prefixlen}"), line.sources)
        for network, near, _ in line.near
    )
    if line.is_vpn:
        return Interface(line.interface, InterfaceKind.TUNNEL, line.sources, tunnel=_tunnel(line))
    if not addresses:
        return Interface(line.interface, InterfaceKind.TUNNEL, line.sources, peer=line.peer, description="line")
    return Interface(line.interface, InterfaceKind.PHYSICAL, line.sources, addresses, description="line")


def _line_hops(line: LinePort, *, backup: bool) -> list[NextHop]:
    if not line.near or line.is_vpn:
        return [NextHop(line.sources, interface=line.interface, backup=backup)]
    hops = []
    for _, _, far in line.near:
        hops.append(NextHop(line.sources, gateway=far, interface=line.interface, backup=backup))
    return hops


def _line_routes(gateway: LineGateway, towards: tuple[NextHop, ...]) -> Iterator[PolicyRoute]:
    clouds = frozenset(one.interface for one in gateway.clouds)
    lines = frozenset(one.interface for one in gateway.lines)
    announced = [(prefix, sources, port) for port in gateway.clouds for prefix, sources in port.announced or ()]
    for family in FAMILIES:
        hops = _of_family(towards, family)
        if clouds and hops:
            everything = (Match(family, any_address(family), any_address(family)),)
            yield PolicyRoute(f"to the lines IPv{family}", everything, hops, gateway.sources, clouds)
    for prefix, sources, port in sorted(announced, key=lambda one: -one[0].prefixlen):
        of: Family = 4 if prefix.version == 4 else 6
        match = Match(of, any_address(of), of_prefixes((prefix,), of))
        hop = NextHop((*sources, *port.sources), interface=port.interface)
        yield PolicyRoute(str(prefix), (match,), (hop,), sources, lines)
    if clouds:
        hops = tuple(NextHop(one.sources, interface=one.interface) for one in gateway.clouds)
        yield PolicyRoute("not announced", ANY_PACKET, hops, gateway.sources, lines, uncertain=_NOT_ANNOUNCED)
    if gateway.turns_around and len(lines) > 1:
        for family in FAMILIES:
            everything = (Match(family, any_address(family), any_address(family)),)
            yield PolicyRoute(
                f"between lines IPv{family}", everything, _of_family(towards, family), gateway.sources, lines,
                uncertain=_TURNS_AROUND,
            )  # fmt: skip


def _of_family(hops: Iterable[NextHop], family: Family) -> tuple[NextHop, ...]:
    return tuple(one for one in hops if one.gateway is None or one.gateway.version == family)
