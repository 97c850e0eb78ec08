"""DHCP relay: requests that the device hears are passed on to a server."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from secaudit.network.routes import Relay
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.interfaces import Ports, unit_name
from secaudit.vendors.juniper_srx.tree import Statement, join


def read_relays(scope: Scope, ports: Ports) -> tuple[Relay, ...]:
    """`forwarding-options dhcp-relay` and the older `helpers bootp`."""
    return (*_relays(scope, ports), *_helpers(scope, ports))


def _relays(scope: Scope, ports: Ports) -> Iterator[Relay]:
    for holder in (scope.root, *scope.section("routing-instances")):
        relay = holder.get("forwarding-options", "dhcp-relay")
        if relay is None:
            continue
        relay.use_all()
        holder.children["forwarding-options"].use()
        servers = [address for group in relay.below("server-group") for address in group]
        for group in relay.below("group"):
            for interface in group.below("interface"):
                yield from _to(interface, servers, ports)


def _helpers(scope: Scope, ports: Ports) -> Iterator[Relay]:
    helpers = scope.root.get("forwarding-options", "helpers", "bootp")
    if helpers is None:
        return
    helpers.use_all()
    shared = list(helpers.below("server"))
    for interface in helpers.below("interface"):
        yield from _to(interface, [*shared, *interface.below("server")], ports)


def _to(interface: Statement, servers: list[Statement], ports: Ports) -> Iterator[Relay]:
    name = unit_name(interface.word)
    if name not in ports.interfaces:
        return
    for server in servers:
        try:
            target = ipaddress.ip_address(server.word)
        except ValueError:
            continue
        yield Relay(name, target, (67,), join(interface.sources(), server.sources()))
