"""The management plane: servers of the switch itself, who may use them, credentials, and the hosts that it uses.

Source: technical references SWX2310P and SWX2210P, "Remote access control": each server can be bound to VLAN interfaces (otherwise the
maintenance VLAN) and to source addresses; SNMP always runs.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_IPV6,
    IPV4_MAX,
    IPV6_MAX,
    Intervals,
    complement,
    normalise,
    of_network,
)
from secaudit.network.management import Credential, ManagementPlane, ManagementService, Server, SnmpCommunity, Storage
from secaudit.network.matches import TCP, UDP, Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.text.secrets import MASK
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.yamaha_swx.interfaces import InterfaceFacts
from secaudit.vendors.yamaha_swx.vocabulary import interface_names, irrelevance, is_documented, service_defaults

NAME = "management access"
_WELL_KNOWN = frozenset(("public", "private"))
_PORTS = {"telnet": TCP, "ssh": TCP, "http": TCP, "https": TCP, "tftp": UDP}
_DEFAULT = Text(
    ja="管理サービスの起動や公開範囲を示す行がなく、この機種の既定値を確かめられません",
    en="no line tells whether a management service runs and for whom, and the default of this model is not confirmed",
)
_ELSEWHERE = Text(
    ja="許可されたVLANインターフェース以外から届く場合に応答するか確かめられません",
    en="whether it answers what comes in by another VLAN than those that are permitted is not confirmed",
)
_SOURCES = Text(
    ja="アクセス元の制限（access permit／deny）の評価順と、どれにも一致しない場合の扱いを確かめられません",
    en="in which order `access permit` and `deny` are tried, and what happens without a match, is not confirmed",
)
_PROXY = Text(
    ja="HTTPプロキシー機能により、管理画面への通信が他の機器へ中継されることがあります",
    en="the HTTP proxy passes what comes for the management pages on to other devices",
)


@dataclass(slots=True)
class _Server:
    """What the lines say of one server."""

    enabled: bool | None = None
    lines: list[SourceLine] = field(default_factory=list)
    port: int | None = None
    interfaces: list[str] = field(default_factory=list)
    access: list[tuple[bool, Intervals | None, Family, SourceLine]] = field(default_factory=list)
    """Permit or deny, the sources (None: not understood), and the line."""


@dataclass(slots=True)
class Management:
    """Collects the management plane while the file is read."""

    ledger: Ledger
    servers: dict[str, _Server] = field(default_factory=dict)
    communities: list[SnmpCommunity] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)
    syslog: list[Server] = field(default_factory=list)
    ntp: list[Server] = field(default_factory=list)
    dns: list[Server] = field(default_factory=list)
    maintenance: list[str] = field(default_factory=list)
    _presumed: bool = False
    """That only the maintenance VLAN is answered is presumed of a model whose defaults were not read."""

    def server(self, node: Node) -> None:
        """`telnet-server enable [PORT]`, `disable`, `interface vlanN`, `access permit|deny A`; `http-server secure enable ...`."""
        negated = node.keys[0] == "no"
        keys, words = (node.keys[1:], node.words[1:]) if negated else (node.keys, node.words)
        name = keys[0].removesuffix("-server")
        rest = keys[1:]
        if name == "http" and rest[:1] == ("secure",):
            name, rest = "https", rest[1:]
        held = self.servers.setdefault(name, _Server())
        known = irrelevance().reason("global", keys)
        if rest[:1] in ((), ("enable",), ("disable",)) and (not rest[1:] or rest[1].isdigit()):
            held.enabled = not negated and rest[:1] != ("disable",)
            if rest[1:] and len(rest[1]) <= 5:
                held.port = int(rest[1])
        elif rest[:1] == ("interface",) and rest[1:] and not negated:
            held.interfaces += interface_names("".join(rest[1:]))
        elif rest[:1] == ("access",) and rest[1:2] in (("permit",), ("deny",)) and not negated:
            found, family = _sources(words[-1] if len(rest) > 2 else "")
            held.access.append((rest[1] == "permit", found, family, node.line))
        elif known is not None:
            self.ledger.ignore(node, known[1])
            return
        else:
            self.ledger.leave(node, MANAGEMENT)
            return
        held.lines.append(node.line)
        self.ledger.use_all(node)

    def snmp(self, node: Node) -> None:
        """`snmp-server community NAME [ro|rw]`, `snmp-server user ...`, `snmp-server access permit A [community|user NAME]`."""
        what = "".join(node.keys[1:2])
        held = self.servers.setdefault("snmp", _Server())
        if what == "community" and len(node.words) > 2:
            writable = "rw" in node.keys[3:]
            self.communities.append(SnmpCommunity(node.keys[2] in _WELL_KNOWN, writable, False, (node.line,)))
        elif what == "access" and len(node.words) > 2:
            known = [one for one in map(_sources, node.words[2:]) if one[0] is not None]
            found, family = known[0] if known else (None, 4)
            held.access.append((True, found, family, node.line))
        elif what == "user":
            if MASK in node.words:
                self._credential("SNMPv3 user", node)
        else:
            self.ledger.leave(node, MANAGEMENT)
            return
        held.lines.append(node.line)
        self.ledger.use_all(node)

    def management_interface(self, node: Node) -> None:
        """`management interface vlanN`: the maintenance VLAN."""
        found = list(interface_names("".join(node.words[2:])))
        if not found:
            self.ledger.leave(node, MANAGEMENT)
            return
        self.maintenance = found
        self.ledger.use_all(node)

    def proxy(self, node: Node) -> None:
        """`http-proxy enable`: the manager of L2MS passes requests on to switches and access points."""
        self.ledger.use_all(node)
        if node.keys[0] != "no" and "enable" in node.keys:
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _PROXY, (node.line,), MANAGEMENT)

    def secret(self, node: Node) -> None:
        """`enable password`, `password`, `username NAME [privilege on] password`, `radius-server host A key`."""
        what = {"enable": "enable password", "password": "login password", "radius-server": "RADIUS key"}
        if MASK in node.words:
            name = what.get(node.keys[0], f"username {''.join(node.words[1:2])} password")
            self._credential(name, node)
        self.ledger.use_all(node)

    def _credential(self, what: str, node: Node) -> None:
        """`password 8 HASH` is how a switch with `service password-encryption` keeps it."""
        position = node.words.index(MASK)
        kind = node.words[position - 1] if position else ""
        storage = Storage.HASHED if kind == "8" or kind == "encrypted" else Storage.CLEAR
        self.credentials.append(Credential(what, storage, (node.line,)))

    def host(self, node: Node) -> None:
        """`logging host A`, `ntpdate server ipv4|ipv6|name A`, `dns-client name-server A`."""
        found = {"logging": self.syslog, "ntpdate": self.ntp, "dns-client": self.dns}[node.keys[0]]
        rest = [word for word in node.words[2:] if word.lower() not in ("ipv4", "ipv6", "name")]
        if not rest:
            self.ledger.leave(node, MANAGEMENT)
            return
        found.append(Server(rest[0], (node.line,)))
        self.ledger.use_all(node)

    def line(self, node: Node) -> None:
        """`line con 0`, `line vty 0 7`: timers only."""
        self.ledger.use(node)
        for child in node.children:
            known = irrelevance().reason("line", child.keys)
            if known is None:
                self.ledger.leave(child, MANAGEMENT)
            else:
                self.ledger.ignore(child, known[1])

    def build(self, model: str, identity: Sources) -> ManagementPlane:
        """The finished plane."""
        services = tuple(self._services(model, identity))
        self._presumed = not is_documented(model)
        if self._presumed and any(one.by_default for one in services if one.name != "snmp"):
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _DEFAULT, identity, MANAGEMENT)
        restricted = self._every_community_restricted()
        communities = tuple(
            SnmpCommunity(one.well_known, one.writable, restricted, one.sources) for one in self.communities
        )
        return ManagementPlane(
            services,
            communities,
            tuple(self.credentials),
            tuple(self.syslog),
            tuple(self.ntp),
            tuple(self.dns),
        )

    def _every_community_restricted(self) -> bool:
        """Whether every community is for listed hosts: a line that names one or a user counts for no other."""
        bounded = [
            line
            for _, found, _, line in self.servers.get("snmp", _Server()).access
            if found is not None and ANY_IPV4[0] not in found and ANY_IPV6[0] not in found
        ]
        if len(bounded) != len(self.servers.get("snmp", _Server()).access):
            return False
        words = [line.text.lower().split() for line in bounded]
        general = [one for one in words if "community" not in one[3:] and "user" not in one[3:]]
        named = [one for one in words if "community" in one[3:]]
        return bool(general) or (bool(named) and len(self.communities) == 1)

    def _services(self, model: str, identity: Sources) -> Iterator[ManagementService]:
        for name, default in service_defaults(model).items():
            held = self.servers.get(name, _Server())
            said = held.enabled is not None
            bound = self._bound(name, default.maintenance_only and is_documented(model), held)
            listens: tuple[Service, ...] = ()
            if held.port is not None:
                listens = (Service(((_PORTS[name], _PORTS[name]),), ((held.port, held.port),)),)
            yield ManagementService(
                name,
                default.enabled if held.enabled is None else held.enabled,
                tuple(held.lines) or identity,
                None if bound is None else frozenset(bound),
                by_default=not said,
                restricted=bool(held.access),
                listens=listens,
            )

    def _bound(self, name: str, maintenance_only: bool, held: _Server) -> list[str] | None:
        """The VLAN interfaces on which a server answers; None for all. SNMP cannot be bound."""
        if name == "snmp":
            return None
        if held.interfaces:
            return held.interfaces
        return self.maintenance or (["vlan1"] if maintenance_only else None)

    def local_filter(self, plane: ManagementPlane, interfaces: Mapping[str, InterfaceFacts]) -> Filter | None:
        """Who may use the servers, as a filter for packets addressed to the switch; None when everybody may."""
        lines = [line for one in plane.services if one.enabled for line in self._restricted(one, interfaces)]
        if not lines:
            return None
        sources = tuple(dict.fromkeys(source for line in lines for source in line.sources))
        return Filter(NAME, tuple(lines), Action.PERMIT, sources, default_sources=sources)

    def _restricted(self, service: ManagementService, interfaces: Mapping[str, InterfaceFacts]) -> Iterator[FilterLine]:
        held = self.servers.get(service.name, _Server())
        every = _matches(service.packets, ANY_IPV4, ANY_IPV6)
        label = f"{service.name}-server"
        presumed = service.interfaces is None and self._presumed and service.name != "snmp"
        if service.interfaces is None and not presumed and not held.access:
            return
        named = service.interfaces or (frozenset(("vlan1",)) if presumed else frozenset(interfaces))
        others = frozenset(interfaces) - named
        elsewhere = _elsewhere(every, named, interfaces)
        if others and elsewhere and not presumed:
            yield FilterLine(f"{label} interface", Action.DENY, elsewhere, service.sources, ingress=others)
        for ingress, matches in ((others, every), (named, elsewhere)):
            if others and ingress and matches:
                yield FilterLine(
                    f"{label} interface",
                    Action.DENY,
                    matches,
                    service.sources,
                    Certainty.UNCERTAIN,
                    _ELSEWHERE,
                    ingress=ingress,
                )
        for permit, found, family, line in held.access:
            sources = found or (ANY_IPV4 if family == 4 else ANY_IPV6)
            match = (Match(family, sources, ANY_IPV4 if family == 4 else ANY_IPV6, service.packets),)
            action = Action.PERMIT if permit else Action.DENY
            sure = permit and found is not None and all(one[0] for one in held.access)
            certainty = Certainty.ALWAYS if sure else Certainty.UNCERTAIN
            yield FilterLine(f"{label} access", action, match, (line,), certainty, None if sure else _SOURCES)
        if held.access:
            lines = tuple(line for *_, line in held.access)
            yield FilterLine(f"{label} access", Action.UNKNOWN, every, lines, Certainty.UNCERTAIN, _SOURCES)


def _elsewhere(
    every: Sequence[Match], names: frozenset[str], interfaces: Mapping[str, InterfaceFacts]
) -> tuple[Match, ...]:
    """The packets that are for no address of some interfaces; none where an address is given from outside."""
    held = [interfaces[name] for name in sorted(names) if name in interfaces]
    if any(facts.dynamic_address for facts in held):
        return ()
    found: list[Match] = []
    for match in every:
        values = [
            int(one.address.ip) for facts in held for one in facts.addresses if one.address.version == match.family
        ]
        own = normalise((value, value) for value in values)
        others = complement(own, IPV4_MAX if match.family == 4 else IPV6_MAX)
        if others:
            found.append(Match(match.family, match.sources, others, match.services))
    return tuple(found)


def _matches(services: Sequence[Service], ipv4: Intervals, ipv6: Intervals) -> tuple[Match, ...]:
    packets = tuple(services)
    return (Match(4, ipv4, ANY_IPV4, packets), Match(6, ipv6, ANY_IPV6, packets))


def _sources(word: str) -> tuple[Intervals | None, Family]:
    """`any`, `A`, `A/BITS` of either family; None when it is not understood."""
    if word.lower() == "any":
        return ANY_IPV4, 4
    try:
        network = ipaddress.ip_network(word, strict=False)
    except ValueError:
        return None, 4
    return (of_network(network),), 4 if network.version == 4 else 6
