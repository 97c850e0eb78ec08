"""The management plane, and who may reach the device itself (AS-04).

Only `ssh|telnet|http ADDRESS MASK INTERFACE` open those services, at the address of the interface by which the packet enters; the access lists
of interfaces are not asked. ICMP is answered unless `icmp permit|deny` lines of the interface say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_IPV6,
    IPV4_MAX,
    IPV6_MAX,
    Intervals,
    IPAddress,
    complement,
    normalise,
)
from secaudit.network.management import (
    Credential,
    ManagementPlane,
    ManagementService,
    Server,
    SnmpCommunity,
    Storage,
)
from secaudit.network.matches import ANY_PACKET, ICMP, ICMPV6, TCP, UDP, Family, Match, Service, any_address
from secaudit.text.bilingual import Text
from secaudit.text.secrets import MASK
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco_asa.addresses import ANY, ANY4, ANY6, AddressSet, Words
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.objects import icmp_service
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node

NAME = "management access"
_FAMILIES: tuple[Family, Family] = (4, 6)
_WELL_KNOWN = frozenset(("public", "private"))
_HASHED = frozenset(("encrypted", "pbkdf2", "nt-encrypted", "mschap"))
_DENIED_BY_LIST = "106023"
_SECRET_WORDS = frozenset(("key", "pre-shared-key", "password", "key-string", "md5", "sha", "aes"))
_LOWEST_LEVEL = Text(
    ja="最も低いセキュリティレベルのインタフェースでは、VPN 経由でなければ Telnet を受け付けないはずです",
    en="at the interface of the lowest level telnet should be refused unless it comes by a VPN",
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
_NO_LOGGING = Text(
    ja="logging enable がないため、ログは送信されません",
    en="without `logging enable` nothing is sent to the log collectors",
)


@dataclass(frozen=True, slots=True)
class _Admitted:
    """One `ssh|telnet|http ADDRESS MASK INTERFACE` line."""

    interface: str
    hosts: AddressSet
    line: SourceLine


@dataclass(frozen=True, slots=True)
class _IcmpRule:
    permit: bool
    hosts: AddressSet
    service: Service
    line: SourceLine


@dataclass(slots=True)
class Management:
    """Collects the management plane while the file is read."""

    interfaces: Mapping[str, InterfaceFacts]
    names: Mapping[str, IPAddress]
    ledger: Ledger
    credentials: list[Credential] = field(default_factory=list)
    communities: list[SnmpCommunity] = field(default_factory=list)
    control_plane: Mapping[str, SourceLine] = field(default_factory=dict)
    webvpn: dict[str, SourceLine] = field(default_factory=dict)
    webvpn_port: int = 443
    _admitted: dict[str, list[_Admitted]] = field(default_factory=lambda: {"ssh": [], "telnet": [], "http": []})
    _http_server: tuple[bool, int, SourceLine] | None = None
    _icmp: dict[str, list[_IcmpRule]] = field(default_factory=dict)
    _pollers: list[_Admitted] = field(default_factory=list)
    _snmp_off: SourceLine | None = None
    _management_access: tuple[str, SourceLine] | None = None
    _log_hosts: list[Server] = field(default_factory=list)
    _logging: bool = False
    _denials_off: SourceLine | None = None
    """`no logging message 106023`."""
    _ntp: list[Server] = field(default_factory=list)
    _dns: list[Server] = field(default_factory=list)

    # --- reading

    def read(self, node: Node) -> None:
        """Any line of the management plane; what is not understood is a doubt about it."""
        words = Words(node.words, node.keys, self.names)
        off = words.skip("no")
        key = words.take().lower()
        try:
            match key:
                case "ssh" | "telnet":
                    self._admit(key, words, node.line, off=off)
                case "http":
                    self._http(words, node.line, off=off)
                case "icmp":
                    self._icmp_rule(words, node.line)
                case "management-access":
                    self._management_access = None if off else (words.take(), node.line)
                case "snmp-server":
                    self._snmp(words, node, off=off)
                case "logging":
                    self._log(words, node.line, off=off)
                case "ntp":
                    words.take()
                    self._ntp.append(Server(words.take(), (node.line,)))
                case "dns":
                    words.take()
                    self._dns.extend(Server(word, (node.line,)) for word in words.items[words.position :])
                case _:
                    raise NotUnderstoodError("not of the management plane")
            self.ledger.use_all(node)
        except NotUnderstoodError:
            self.ledger.leave(node, MANAGEMENT)

    def _admit(self, service: str, words: Words, line: SourceLine, *, off: bool) -> None:
        """`ADDRESS MASK INTERFACE`, or `PREFIX/LENGTH INTERFACE`."""
        hosts = words.network()
        name = words.take()
        words.finish()
        if name not in self.interfaces:
            raise NotUnderstoodError(f"{name!r} is no interface")
        admitted = _Admitted(name, hosts, line)
        held = self._admitted[service]
        if off:
            kept = [one for one in held if (one.interface, one.hosts) != (name, hosts)]
            self._admitted[service] = kept
        else:
            held.append(admitted)

    def _http(self, words: Words, line: SourceLine, *, off: bool) -> None:
        if words.skip("server"):
            if not words.skip("enable"):
                raise NotUnderstoodError("another setting of the server")
            port = words.number(1, 65535) if words else 443
            self._http_server = (not off, port, line)
        else:
            self._admit("http", words, line, off=off)

    def _icmp_rule(self, words: Words, line: SourceLine) -> None:
        """`icmp permit|deny ADDRESS MASK|host A|any [TYPE] INTERFACE`; `ipv6 icmp` is the same for IPv6."""
        action = words.take().lower()
        if action not in ("permit", "deny"):
            raise NotUnderstoodError("not a rule")
        six = words.items[0].lower() == "ipv6"
        if words.skip("any"):
            hosts = ANY6 if six else ANY4
        elif words.skip("host"):
            hosts = words.host()
        else:
            hosts = words.network()
        name = words.items[-1]
        number = ICMPV6 if six else ICMP
        service = Service(((number, number),))
        if len(words.items) - words.position > 1:
            service = icmp_service(number, words)
        words.take()
        words.finish()
        if name not in self.interfaces:
            raise NotUnderstoodError(f"{name!r} is no interface")
        self._icmp.setdefault(name, []).append(_IcmpRule(action == "permit", hosts, service, line))

    def icmp6(self, node: Node) -> None:
        """`ipv6 icmp permit|deny ...`."""
        try:
            self._icmp_rule(Words(node.words, node.keys, self.names, 2), node.line)
            self.ledger.use_all(node)
        except NotUnderstoodError:
            self.ledger.leave(node, MANAGEMENT)

    def _snmp(self, words: Words, node: Node, *, off: bool) -> None:
        match words.take().lower():
            case "host":
                self._snmp_host(words, node, off=off)
            case "community":
                rest = [word for word in words.items[words.position :] if word not in ("0", "8")]
                if rest and not off:
                    self.communities.append(SnmpCommunity(rest[0].lower() in _WELL_KNOWN, False, True, (node.line,)))
            case "enable":
                if off and not words:
                    self._snmp_off = node.line
            case _:
                raise NotUnderstoodError("another setting of SNMP")

    def _snmp_host(self, words: Words, node: Node, *, off: bool) -> None:
        """`host IF A [trap|poll] [community C] [version V [USER]] [udp-port N]`: only these hosts are answered."""
        name = words.take()
        hosts = words.host()
        rest = [key.lower() for key in words.rest()]
        if name not in self.interfaces:
            raise NotUnderstoodError(f"{name!r} is no interface")
        if off:
            return
        if "community" in rest[:-1]:
            value = [word for word in rest[rest.index("community") + 1 :] if word not in ("0", "8")]
            self.communities.append(SnmpCommunity(bool(value) and value[0] in _WELL_KNOWN, False, True, (node.line,)))
        if "trap" not in rest[:1]:
            self._pollers.append(_Admitted(name, hosts, node.line))

    def _log(self, words: Words, line: SourceLine, *, off: bool) -> None:
        match words.take().lower():
            case "enable" | "on":
                self._logging = not off
            case "message":
                if words.peek() == _DENIED_BY_LIST and (off or "disable" in words.rest()):
                    self._denials_off = line
            case "host":
                words.take()
                if not off:
                    self._log_hosts.append(Server(words.take(), (line,)))
            case _:
                raise NotUnderstoodError("another setting of the log")

    def name_servers(self, node: Node) -> None:
        """`dns server-group NAME` with `name-server A [B ...] [IF]` below."""
        self.ledger.use_all(node)
        for child in node.children:
            if child.keys[0] == "name-server":
                self._dns.extend(Server(word, (child.line,)) for word in child.words[1:] if word not in self.interfaces)

    def enable(self, node: Node) -> None:
        """`enable password VALUE [level N] [encrypted|pbkdf2]` and `passwd VALUE [encrypted]`."""
        start = 2 if node.keys[0] == "enable" else 1
        what = "enable password" if node.keys[0] == "enable" else "passwd"
        self._credential(what, node.words[start:], node.line)
        self.ledger.use_all(node)

    def username(self, node: Node) -> None:
        """`username NAME password VALUE [encrypted|pbkdf2|nt-encrypted|mschap] [privilege N]`, `username NAME nopassword`."""
        name = node.words[1] if len(node.words) > 1 else ""
        if node.keys[2:3] == ("nopassword",):
            self.credentials.append(Credential(f"username {name} nopassword", Storage.CLEAR, (node.line,)))
        for index, key in enumerate(node.keys[2:], 2):
            if key == "password":
                self._credential(f"username {name} password", node.words[index + 1 :], node.line)
                break
        self.ledger.use_all(node)

    def shared_key(self, node: Node, block: str = "") -> None:
        """A key or password anywhere else, where the value was masked on reading."""
        if not any(word == MASK or _hidden(word) for word in node.words):
            return
        for index, key in enumerate(node.keys):
            rest = node.words[index + 1 :]
            if key in _SECRET_WORDS and rest and (rest[0] == MASK or _hidden(rest[0])):
                self._credential(block + " ".join(node.words[: index + 1]), rest, node.line)
                self.ledger.use(node)
                return

    def _credential(self, what: str, rest: Sequence[str], line: SourceLine) -> None:
        if not rest:
            return
        storage = Storage.CLEAR
        if any(word.lower() in _HASHED for word in rest[1:]):
            storage = Storage.HASHED
        elif _hidden(rest[0]) and rest[0] != MASK:
            storage = Storage.UNKNOWN  # the device or somebody hid it before the file was submitted
        self.credentials.append(Credential(what, storage, (line,)))

    # --- building

    def build(self, identity: Sources) -> ManagementPlane:
        """The finished plane."""
        if self._log_hosts and not self._logging:
            self.ledger.notice(NoticeKind.INACTIVE, _NO_LOGGING, self._log_hosts[0].sources)
        return ManagementPlane(
            tuple(self._services(identity)),
            tuple(self.communities),
            tuple(self.credentials),
            tuple(self._log_hosts) if self._logging else (),
            tuple(self._ntp),
            tuple(self._dns),
            logging_denied=self._logging and self._denials_off is None,
            logging_denied_sources=identity if self._denials_off is None else (self._denials_off,),
        )

    def _services(self, identity: Sources) -> list[ManagementService]:
        found = []
        for name in ("ssh", "telnet"):
            found.append(_service(name, self._admitted[name], identity, ()))
        server = self._http_server
        if server is None or not server[0]:
            found.append(
                ManagementService(
                    "https", False, identity if server is None else (server[2],), by_default=server is None
                )
            )
        else:
            held = _service("https", self._admitted["http"], (server[2],), _tcp(server[1]))
            found.append(held)
        pollers = [] if self._snmp_off is not None else self._pollers
        if pollers or self._pollers:
            found.append(_service("snmp", pollers, identity, ()))
        return found

    def local_filter(self, tunnels: frozenset[str], identity: Sources) -> Filter:
        """Who may reach the device: its services by interface, ICMP, and whatever else is not a service of the management plane."""
        server = self._http_server
        port = server[1] if server is not None else 443
        admitted = {
            "ssh": (self._admitted["ssh"], _tcp(22)),
            "telnet": (self._admitted["telnet"], _tcp(23)),
            "https": (self._admitted["http"] if server is not None and server[0] else [], _tcp(port)),
            "snmp": (
                [] if self._snmp_off is not None else self._pollers,
                (Service(((UDP, UDP),), ((161, 161),)),),
            ),
        }
        lines: list[FilterLine] = []
        for name, (held, services) in admitted.items():
            lines += [self._admission(name, one, services) for one in held]
        lines += self._by_vpn(admitted, tunnels)
        lines += self._ssl_vpn()
        for name, (held, services) in admitted.items():
            sources = tuple(one.line for one in held) or identity
            lines.append(FilterLine(f"{name} refused", Action.DENY, _to(services), sources))
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

    def _admission(self, name: str, one: _Admitted, services: tuple[Service, ...]) -> FilterLine:
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
        lowest = min(other.security_level for other in self.interfaces.values() if other.routed)
        unsure = name == "telnet" and facts.security_level == lowest
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
        self, admitted: Mapping[str, tuple[list[_Admitted], tuple[Service, ...]]], tunnels: frozenset[str]
    ) -> list[FilterLine]:
        if self._management_access is None or not tunnels:
            return []
        name, line = self._management_access
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
                _to(_tcp(self.webvpn_port)),
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
        for name, rules in self._icmp.items():
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


def _service(
    name: str, admitted: Sequence[_Admitted], identity: Sources, listens: tuple[Service, ...]
) -> ManagementService:
    """On where somebody is admitted; off, by default, where nobody is."""
    if not admitted:
        return ManagementService(name, False, identity, by_default=True, listens=listens)
    sources = (*(one.line for one in admitted), *(identity if name == "https" else ()))
    return ManagementService(
        name,
        True,
        sources,
        frozenset(one.interface for one in admitted),
        restricted=not any(one.hosts.ipv4 == ANY_IPV4 or one.hosts.ipv6 == ANY_IPV6 for one in admitted),
        listens=listens,
    )


def _tcp(port: int) -> tuple[Service, ...]:
    return (Service(((TCP, TCP),), ((port, port),)),)


def _to(services: tuple[Service, ...]) -> tuple[Match, ...]:
    return (Match(4, ANY.ipv4, ANY.ipv4, services), Match(6, ANY.ipv6, ANY.ipv6, services))


def _hidden(word: str) -> bool:
    """What the device or somebody writes instead of a secret."""
    return word.startswith("<") or (len(word) > 2 and not word.strip("*"))
