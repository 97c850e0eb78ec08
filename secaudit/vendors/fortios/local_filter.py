"""What the FortiGate takes for itself: `allowaccess` of its interfaces, and trusted hosts (FO-14). Local-in policies come before: `local_policies`.

An interface takes what its `allowaccess` lists, for its own address; an address of another interface is reached only where a policy lets the
packet through to there, which is not followed: it may or may not be. Once every administrator has trusted hosts, others are refused.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface
from secaudit.network.intervals import Intervals, normalise, of_network
from secaudit.network.management import ManagementService
from secaudit.network.matches import ICMP, ICMPV6, Family, Match, Service, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.findings import Scope
from secaudit.vendors.fortios.interfaces import Ports
from secaudit.vendors.fortios.management import ANY_HOST

NAME = "local in"
_ECHO: Mapping[Family, Service] = {
    4: Service(((ICMP, ICMP),), icmp_types=((8, 8),)),
    6: Service(((ICMPV6, ICMPV6),), icmp_types=((128, 128),)),
}
_OTHER_INTERFACE = Text(
    ja="別のインタフェースのアドレス宛てであり、ポリシーにより届くことがあります",
    en="it is addressed to another interface, which a policy may let it reach",
)


@dataclass(frozen=True, slots=True)
class _Access:
    """One way in: an interface lists a service for an address family; `secondary` for one of its secondary addresses."""

    interface: str
    family: Family
    sources: Sources
    secondary: bool = False


def local_filter(scope: Scope, ports: Ports, services: Iterable[ManagementService]) -> Filter:
    """The filter; what is no administrative service is left open to the question."""
    lines: list[FilterLine] = []
    for service in services:
        trusted: Mapping[Family, Intervals] | None = None
        unsure: frozenset[Family] = frozenset()
        if service.restricted and service.name == "snmp":
            trusted = snmp_hosts(scope)
            unsure = frozenset(family for family, hosts in trusted.items() if not hosts)
        elif service.restricted:
            trusted, unsure = trusted_hosts(scope), _not_bound(scope)
        both: Mapping[Family, tuple[Service, ...]] = {4: service.packets, 6: service.packets}
        if service.enabled:
            lines += _permits(service.name, both, _accesses(scope, ports, service.name), ports, trusted, unsure)
        everywhere = tuple(
            Match(family, any_address(family), any_address(family), packets) for family, packets in both.items()
        )
        lines.append(FilterLine(f"no allowaccess {service.name}", Action.DENY, everywhere, service.sources))
    echo: Mapping[Family, tuple[Service, ...]] = {4: (_ECHO[4],), 6: (_ECHO[6],)}
    lines += _permits("ping", echo, _accesses(scope, ports, "ping"), ports, None)
    return Filter(NAME, tuple(lines), Action.UNKNOWN, scope.identity, default_sources=scope.identity)


def _permits(
    name: str,
    packets: Mapping[Family, tuple[Service, ...]],
    accesses: Iterable[_Access],
    ports: Ports,
    trusted: Mapping[Family, Intervals] | None,
    unsure: frozenset[Family] = frozenset(),
) -> Iterator[FilterLine]:
    for one in accesses:
        if one.family in unsure:
            anybody = Match(one.family, any_address(one.family), any_address(one.family), packets[one.family])
            yield FilterLine(
                f"allowaccess {name} {one.interface}", Action.PERMIT, (anybody,), one.sources, Certainty.UNCERTAIN, _NOT_BOUND,
            )  # fmt: skip
        sources = any_address(one.family) if trusted is None else trusted[one.family]
        if not sources:
            continue
        own = _addresses(ports.interfaces[one.interface], one.family)
        services = packets[one.family]
        label = f"allowaccess {name} {one.interface}"
        certainty = Certainty.UNCERTAIN if one.secondary else Certainty.ALWAYS
        doubt = _OTHER_INTERFACE if one.secondary else None
        here = frozenset((one.interface,))
        if own:
            match = Match(one.family, sources, own, services)
            yield FilterLine(label, Action.PERMIT, (match,), one.sources, certainty, doubt, ingress=here)
            # from elsewhere to this interface
            yield FilterLine(label, Action.PERMIT, (match,), one.sources, Certainty.UNCERTAIN, _OTHER_INTERFACE)
        everywhere = Match(one.family, sources, any_address(one.family), services)
        yield FilterLine(
            label, Action.PERMIT, (everywhere,), one.sources, Certainty.UNCERTAIN, _OTHER_INTERFACE, ingress=here
        )


def _addresses(interface: Interface, family: Family) -> Intervals:
    held = (int(one.address.ip) for one in interface.addresses if one.address.version == family)
    return normalise((value, value) for value in held)


def _accesses(scope: Scope, ports: Ports, service: str) -> Iterator[_Access]:
    for entry in scope.entries("system interface"):
        if entry.name not in ports.interfaces:
            continue
        if service in entry.values("allowaccess"):
            yield _Access(entry.name, 4, entry.lines_of("allowaccess"))
        ipv6 = entry.section("ipv6")
        if service in ipv6.values("ip6-allowaccess"):
            yield _Access(entry.name, 6, ipv6.lines_of("ip6-allowaccess"))
        for second in entry.section("secondaryip").entries.values():
            if service in second.values("allowaccess"):
                yield _Access(entry.name, 4, second.lines_of("allowaccess"), secondary=True)


_NOT_BOUND = Text(
    ja="この IP バージョンの信頼ホストが指定されていない管理者がいるため、どこからでも届くことがあります",
    en="for some administrator no trusted host of this address family is named, so anybody may come in",
)


def _not_bound(scope: Scope) -> frozenset[Family]:
    """Families for which some administrator names no host that can be read: the default of each family is every host.

    Hosts behind the first are unset where they are `0.0.0.0 0.0.0.0` (Fortinet community 190592).
    """
    found: set[Family] = set()
    names: tuple[tuple[Family, str], ...] = ((4, "trusthost"), (6, "ip6-trusthost"))
    for admin in scope.section("system admin").entries.values():
        for family, name in names:
            held: dict[Family, list[tuple[int, int]]] = {4: [], 6: []}
            readable = [_add(held, "/".join(admin.values(one))) for one in admin.settings if one.startswith(name)]
            first = admin.values(f"{name}1")
            if not all(readable) or not held[family] or (first and " ".join(first) in ANY_HOST):
                found.add(family)
    return frozenset(found)


def trusted_hosts(scope: Scope) -> Mapping[Family, Intervals]:
    """The hosts from which some administrator may come."""
    found: dict[Family, list[tuple[int, int]]] = {4: [], 6: []}
    for admin in scope.section("system admin").entries.values():
        for name in admin.settings:
            if name.startswith(("trusthost", "ip6-trusthost")):
                _add(found, "/".join(admin.values(name)))
    return {family: normalise(spans) for family, spans in found.items()}


def snmp_hosts(scope: Scope) -> Mapping[Family, Intervals]:
    """The hosts to which some SNMP community is bound."""
    found: dict[Family, list[tuple[int, int]]] = {4: [], 6: []}
    for community in scope.section("system snmp community").entries.values():
        for table, name in (("hosts", "ip"), ("hosts6", "ipv6")):
            for one in community.section(table).entries.values():
                _add(found, "/".join(one.values(name)))
    return {family: normalise(spans) for family, spans in found.items()}


def _add(found: Mapping[Family, list[tuple[int, int]]], text: str) -> bool:
    """Adds a network unless it is every address, which stands for "not set"; whether it could be read."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return not text
    if network.prefixlen:
        found[4 if network.version == 4 else 6].append(of_network(network))
    return True
