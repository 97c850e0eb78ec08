"""Who may reach the device itself, as a filter for packets addressed to it (AS-04).

Only `ssh|telnet|http ADDRESS MASK INTERFACE` open those services, at the address of the interface by which the packet enters; the access lists
of interfaces are not asked. ICMP is answered unless `icmp permit|deny` lines of the interface say otherwise. Whatever is no service of
the management plane (key exchange, SSL VPN, routing protocols) is let in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6, IPV4_MAX, IPV6_MAX, Intervals, complement, normalise
from secaudit.network.matches import ANY_PACKET, ICMP, ICMPV6, TCP, UDP, Family, Match, Service, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco_asa.addresses import ANY, AddressSet
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.vocabulary import Defaults

NAME = "management access"
_FAMILIES: tuple[Family, Family] = (4, 6)
_LOWEST_LEVEL = Text(
    ja="最も低いセキュリティレベルのインタフェースでは、VPN 経由でなければ Telnet を受け付けないはずです",
    en="at the interface of the lowest level telnet should be refused unless it comes by a VPN",
)
_NOBODY_NAMED = Text(
    ja="接続を許可する行がなく、既定で誰も接続できないかを確認できません",
    en="no line admits anybody, and whether that means nobody is not confirmed",
)
_CONTROL_PLANE = Text(
    ja="コントロールプレーンのリストが、装置宛ての通信を破棄することがあります",
    en="a list for the control plane may drop packets for the device",
)
_WEBVPN = Text(
    ja="同じポートで SSL-VPN が接続を受け付けます。ASDM 自体は http の行で許可された相手だけが使えます",
    en="SSL VPN answers on the port; ASDM itself is only for those whom the `http` lines name",
)
_BY_VPN = Text(
    ja="management-access により、VPN 経由でこのインタフェースのアドレスを管理できます",
    en="with management-access the address of that interface is managed by a VPN",
)
_FAR = Text(
    ja="入ってきたインタフェース以外の装置自身のアドレス宛てには応答しないはずです",
    en="the device should answer only at the address of the interface by which a packet enters",
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """One `ssh|telnet|http ADDRESS MASK INTERFACE` line."""

    interface: str
    hosts: AddressSet
    line: SourceLine


@dataclass(frozen=True, slots=True)
class IcmpRule:
    """One `icmp permit|deny` line of an interface."""

    permit: bool
    hosts: AddressSet
    service: Service
    line: SourceLine


@dataclass(frozen=True, slots=True)
class LocalAccess:
    """Everything that opens the device itself. `http_port` is where ASDM listens; the lists of a service that is off are empty."""

    interfaces: Mapping[str, InterfaceFacts]
    ssh: Sequence[Admitted]
    telnet: Sequence[Admitted]
    http: Sequence[Admitted]
    http_port: int
    pollers: Sequence[Admitted]
    icmp: Mapping[str, Sequence[IcmpRule]]
    management_access: tuple[str, SourceLine] | None
    webvpn: Mapping[str, SourceLine]
    webvpn_port: int
    control_plane: Mapping[str, SourceLine]
    usual: Defaults

    def filter(self, tunnels: frozenset[str], identity: Sources) -> Filter:
        """Who may reach the device: its services by interface, ICMP, and whatever else is not a service of the management plane."""
        admitted = {
            "ssh": (self.ssh, tcp(22)),
            "telnet": (self.telnet, tcp(23)),
            "https": (self.http, tcp(self.http_port)),
            "snmp": (self.pollers, (Service(((UDP, UDP),), ((161, 161),)),)),
        }
        lowest = min((facts.security_level for facts in self.interfaces.values() if facts.routed), default=0)
        lines: list[FilterLine] = []
        for name, (held, services) in admitted.items():
            lines += [self._admission(name, one, services, lowest) for one in held]
        lines += self._by_vpn(admitted, tunnels)
        lines += self._ssl_vpn()
        for name, (held, services) in admitted.items():
            sources = tuple(one.line for one in held) or identity
            sure = bool(held) or self.usual.services[name] is False
            certainty = Certainty.ALWAYS if sure else Certainty.UNCERTAIN
            doubt = None if sure else _NOBODY_NAMED
            lines.append(FilterLine(f"{name} refused", Action.DENY, _to(services), sources, certainty, doubt))
        lines += self._far_addresses()
        lines += self._icmp_lines()
        for name, line in self.control_plane.items():
            here = frozenset((name,))
            lines.append(
                FilterLine(
                    "control-plane", Action.DENY, ANY_PACKET, (line,), Certainty.UNCERTAIN, _CONTROL_PLANE, ingress=here
                )
            )
        sources = identity or tuple(dict.fromkeys(source for line in lines for source in line.sources))
        return Filter(NAME, tuple(lines), Action.PERMIT, sources, default_sources=sources)

    def _admission(self, name: str, one: Admitted, services: tuple[Service, ...], lowest: int) -> FilterLine:
        """Only the address of the interface of entry is answered; one given by DHCP or PPPoE may be any."""
        facts = self.interfaces[one.interface]
        matches = []
        for family in _FAMILIES:
            own: Intervals = tuple(
                (int(held.address.ip), int(held.address.ip))
                for held in facts.addresses
                if held.address.version == family
            )
            if facts.dynamic is not None or facts.unknown_ipv6 is not None or facts.ipv6:
                own = any_address(family)
            if one.hosts.of(family) and own:
                matches.append(Match(family, one.hosts.of(family), tuple(sorted(own)), services))
        at_lowest = name == "telnet" and facts.security_level == lowest
        unsure = at_lowest and self.usual.telnet_at_the_lowest_level is not True
        return FilterLine(
            f"{name} {one.interface}",
            Action.PERMIT,
            tuple(matches),
            (one.line,),
            Certainty.UNCERTAIN if unsure else Certainty.ALWAYS,
            _LOWEST_LEVEL if unsure else None,
            ingress=frozenset((one.interface,)),
        )

    def _by_vpn(
        self, admitted: Mapping[str, tuple[Sequence[Admitted], tuple[Service, ...]]], tunnels: frozenset[str]
    ) -> list[FilterLine]:
        if self.management_access is None or not tunnels:
            return []
        name, line = self.management_access
        return [
            FilterLine(
                f"{service} by VPN",
                Action.PERMIT,
                tuple(Match(family, one.hosts.of(family), any_address(family), services) for family in _FAMILIES if one.hosts.of(family)),
                (one.line, line),
                Certainty.UNCERTAIN,
                _BY_VPN,
                ingress=tunnels,
            )
            for service, (held, services) in admitted.items()
            for one in held
            if one.interface == name
        ]  # fmt: skip

    def _ssl_vpn(self) -> list[FilterLine]:
        return [
            FilterLine(
                f"webvpn {name}",
                Action.PERMIT,
                _to(tcp(self.webvpn_port)),
                (line,),
                Certainty.UNCERTAIN,
                _WEBVPN,
                ingress=frozenset((name,)),
            )
            for name, line in self.webvpn.items()
        ]

    def _far_addresses(self) -> list[FilterLine]:
        """Packets for the address of another interface than that of entry are dropped, which is not relied on."""
        lines = []
        for facts in self.interfaces.values():
            if not facts.routed or facts.dynamic is not None or facts.unknown_ipv6 is not None:
                continue
            matches = []
            for family in _FAMILIES:
                own = normalise(
                    (int(held.address.ip), int(held.address.ip))
                    for held in facts.addresses
                    if held.address.version == family
                )
                maximum = IPV4_MAX if family == 4 else IPV6_MAX
                matches.append(Match(family, any_address(family), complement(own, maximum)))
            lines.append(
                FilterLine(
                    f"not of {facts.name}",
                    Action.DENY,
                    tuple(matches),
                    facts.level_sources,
                    Certainty.UNCERTAIN,
                    _FAR,
                    ingress=frozenset((facts.name,)),
                )
            )
        return lines

    def _icmp_lines(self) -> list[FilterLine]:
        """An interface with rules for ICMP denies what none of them permits; rules of one family say nothing of the other."""
        lines: list[FilterLine] = []
        for name, rules in self.icmp.items():
            here = frozenset((name,))
            for rule in rules:
                family: Family = 4 if rule.service.protocols == ((ICMP, ICMP),) else 6
                hosts = rule.hosts.of(family)
                action = Action.PERMIT if rule.permit else Action.DENY
                matches = (Match(family, hosts, any_address(family), (rule.service,)),) if hosts else ()
                lines.append(FilterLine(f"icmp {name}", action, matches, (rule.line,), ingress=here))
            for number, family_of in ((ICMP, 4), (ICMPV6, 6)):
                own = tuple(rule.line for rule in rules if rule.service.protocols == ((number, number),))
                if own:
                    everything = Match(4, ANY_IPV4, ANY_IPV4, (Service(((number, number),)),))
                    if family_of == 6:
                        everything = Match(6, ANY_IPV6, ANY_IPV6, (Service(((number, number),)),))
                    lines.append(FilterLine(f"icmp {name} refused", Action.DENY, (everything,), own, ingress=here))
        return lines


def tcp(port: int) -> tuple[Service, ...]:
    """One TCP port."""
    return (Service(((TCP, TCP),), ((port, port),)),)


def _to(services: tuple[Service, ...]) -> tuple[Match, ...]:
    return (Match(4, ANY.ipv4, ANY.ipv4, services), Match(6, ANY.ipv6, ANY.ipv6, services))
