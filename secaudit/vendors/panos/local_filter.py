"""What the firewall takes for itself (PA-05): by its management port, and by interfaces whose management profile opens a service.

Packets to an address of a data interface pass the security rules as well: from the zone of that interface itself they are let in by the intrazone
default unless a rule that denies stands in front, from other zones only where a rule lets them; neither is followed, so these are left open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface
from secaudit.network.intervals import Intervals, normalise
from secaudit.network.management import USUAL_PORTS
from secaudit.network.matches import ICMP, ICMPV6, Family, Match, Service, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.panos.addresses import literal
from secaudit.vendors.panos.findings import Findings, Scope
from secaudit.vendors.panos.interfaces import MANAGEMENT, Ports
from secaudit.vendors.panos.management import SERVICES, Access
from secaudit.vendors.panos.tree import Node

NAME = "local in"
_FAMILIES: tuple[Family, ...] = (4, 6)
_ECHO: Mapping[Family, Service] = {
    4: Service(((ICMP, ICMP),), icmp_types=((8, 8),)),
    6: Service(((ICMPV6, ICMPV6),), icmp_types=((128, 128),)),
}
_USERS = Text(
    ja="利用者向けの受付（GlobalProtect など）がこのポートで応答します",
    en="a service for users (GlobalProtect and the like) answers on this port",
)
_RULES = Text(ja="セキュリティルールにより届かないことがあります", en="security rules may keep it away")
_OTHER_ZONE = Text(
    ja="別のインタフェースのアドレス宛てであり、セキュリティルールにより届くことがあります",
    en="it is addressed to another interface, which a security rule may let it reach",
)


@dataclass(frozen=True, slots=True)
class Listener:
    """A service for users that answers on an interface: a GlobalProtect portal or gateway, an OCSP responder."""

    interface: str
    service: str
    sources: Sources


def listeners(network: Node | None, scopes: Sequence[Scope], ports: Ports) -> Iterator[Listener]:
    """Portals and gateways (TCP 443), and OCSP (TCP 80) where a management profile opens it."""
    for scope in scopes:
        for word in ("global-protect-portal", "global-protect-gateway"):
            for entry in scope.local.entries("global-protect", word):
                for path in (("local-address", "interface"), ("portal-config", "local-address", "interface")):
                    if entry.value(*path):
                        yield Listener(entry.value(*path), "https", entry.sources())
    for entry in () if network is None else network.entries("tunnel", "global-protect-gateway"):
        if entry.value("local-address", "interface"):
            yield Listener(entry.value("local-address", "interface"), "https", entry.sources())
    for name, (profile, _) in ports.profiles.items():
        opened = None if network is None else network.child("profiles", "interface-management-profile", profile)
        if opened is not None and (opened.yes("http-ocsp") or opened.yes("response-pages")):
            yield Listener(name, "http", opened.sources())


def local_filter(
    held: Sequence[Access], listening: Iterable[Listener], ports: Ports, denying: frozenset[str], findings: Findings
) -> Filter:
    """The filter; what is no administrative service is left open to the question. `denying` are interfaces where rules may refuse it."""
    lines: list[FilterLine] = []
    for listener in listening:
        interface = ports.interfaces.get(listener.interface)
        for family in _FAMILIES:
            own = () if interface is None else _addresses(interface, family)
            match = Match(family, any_address(family), own or any_address(family), USUAL_PORTS[listener.service])
            label = f"users on {listener.interface}"
            lines.append(FilterLine(label, Action.PERMIT, (match,), listener.sources, Certainty.UNCERTAIN, _USERS))
    for service in (*SERVICES, "ping"):
        for one in (access for access in held if access.service == service):
            lines += _permits(one, ports.interfaces[one.interface], one.interface in denying)
        everything = tuple(
            Match(family, any_address(family), any_address(family), _packets(service, family)) for family in _FAMILIES
        )
        lines.append(FilterLine(f"no {service}", Action.DENY, everything, findings.identity))
    return Filter(NAME, tuple(lines), Action.UNKNOWN, findings.identity, default_sources=findings.identity)


def _packets(service: str, family: Family) -> tuple[Service, ...]:
    return (_ECHO[family],) if service == "ping" else USUAL_PORTS[service]


def _permits(access: Access, interface: Interface, denied: bool) -> Iterator[FilterLine]:
    here = frozenset((access.interface,))
    label = f"{access.service} on {access.interface}"
    unreadable = access.permitted is not None and any(literal(one) is None for one in access.permitted)
    for family in _FAMILIES:
        sources = any_address(family) if access.permitted is None or unreadable else _hosts(access.permitted, family)
        if not sources:
            continue
        services = _packets(access.service, family)
        own = _addresses(interface, family)
        if own:
            match = Match(family, sources, own, services)
            sure = not denied and not unreadable
            certainty = Certainty.ALWAYS if sure else Certainty.UNCERTAIN
            yield FilterLine(
                label, Action.PERMIT, (match,), access.sources, certainty, None if sure else _RULES, ingress=here
            )
            if access.interface != MANAGEMENT:
                yield FilterLine(label, Action.PERMIT, (match,), access.sources, Certainty.UNCERTAIN, _OTHER_ZONE)
        if interface.dynamic_address:
            anywhere = Match(family, sources, any_address(family), services)
            yield FilterLine(
                label, Action.PERMIT, (anywhere,), access.sources, Certainty.UNCERTAIN, _OTHER_ZONE, ingress=here
            )


def _hosts(permitted: Iterable[str], family: Family) -> Intervals:
    spans = [
        span for one in permitted if (parsed := literal(one)) is not None for span in parsed[0 if family == 4 else 1]
    ]
    return normalise(spans)


def _addresses(interface: Interface, family: Family) -> Intervals:
    held = (int(one.address.ip) for one in interface.addresses if one.address.version == family)
    return normalise((value, value) for value in held)


def denying_interfaces(filters: Iterable[Filter], ports: Ports) -> frozenset[str]:
    """Interfaces whose zone has a rule that may refuse what stays inside it."""
    found: set[str] = set()
    for filter_ in filters:
        for line in filter_.lines:
            if line.action is Action.PERMIT or line.ingress is None or line.egress is None:
                continue
            if line.matches:
                found |= line.ingress & line.egress
    return frozenset(found & ports.interfaces.keys())
