"""The management plane: services of the device itself, credentials, and the servers that it uses (AS-04)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Filter
from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_IPV6,
    IPAddress,
)
from secaudit.network.management import (
    Credential,
    ManagementPlane,
    ManagementService,
    Server,
    SnmpCommunity,
    Storage,
)
from secaudit.network.matches import ICMP, ICMPV6, Service
from secaudit.text.bilingual import Text
from secaudit.text.secrets import MASK
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco_asa.addresses import ANY4, ANY6, Words
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.local_filter import Admitted, IcmpRule, LocalAccess, tcp
from secaudit.vendors.cisco_asa.objects import icmp_service
from secaudit.vendors.cisco_asa.vocabulary import Defaults
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node

_WELL_KNOWN = frozenset(("public", "private"))
_HASHED = frozenset(("encrypted", "pbkdf2", "nt-encrypted", "mschap"))
_DENIED_BY_LIST = "106023"
_SECRET_WORDS = frozenset(("key", "pre-shared-key", "password", "key-string", "md5", "sha", "aes"))
_NO_LOGGING = Text(
    ja="logging enable がないため、ログは送信されません",
    en="without `logging enable` nothing is sent to the log collectors",
)


@dataclass(slots=True)
class Management:
    """Collects the management plane while the file is read."""

    interfaces: Mapping[str, InterfaceFacts]
    names: Mapping[str, IPAddress]
    ledger: Ledger
    usual: Defaults
    credentials: list[Credential] = field(default_factory=list)
    communities: list[SnmpCommunity] = field(default_factory=list)
    control_plane: Mapping[str, SourceLine] = field(default_factory=dict)
    webvpn: dict[str, SourceLine] = field(default_factory=dict)
    webvpn_port: int = 443
    _admitted: dict[str, list[Admitted]] = field(default_factory=lambda: {"ssh": [], "telnet": [], "http": []})
    _http_server: tuple[bool, int, SourceLine] | None = None
    _icmp: dict[str, list[IcmpRule]] = field(default_factory=dict)
    _pollers: list[Admitted] = field(default_factory=list)
    _snmp_off: SourceLine | None = None
    _management_access: tuple[str, SourceLine] | None = None
    _log_hosts: list[Server] = field(default_factory=list)
    _logging: bool | None = None
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
        admitted = Admitted(name, hosts, line)
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
        self._icmp.setdefault(name, []).append(IcmpRule(action == "permit", hosts, service, line))

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
            self._pollers.append(Admitted(name, hosts, node.line))

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
        logging = self.usual.logging is True if self._logging is None else self._logging
        if self._log_hosts and not logging:
            self.ledger.notice(NoticeKind.INACTIVE, _NO_LOGGING, self._log_hosts[0].sources)
        return ManagementPlane(
            tuple(self._services(identity)),
            tuple(self.communities),
            tuple(self.credentials),
            tuple(self._log_hosts) if logging else (),
            tuple(self._ntp),
            tuple(self._dns),
            logging_denied=logging and self._denials_off is None and self.usual.denials_are_logged is True,
            logging_denied_sources=identity if self._denials_off is None else (self._denials_off,),
        )

    def _services(self, identity: Sources) -> list[ManagementService]:
        found = [self._service(name, self._admitted[name], identity) for name in ("ssh", "telnet")]
        found.append(self._by_default("http", identity))
        server = self._http_server
        if server is None:
            found.append(self._by_default("https", identity))
        elif not server[0]:
            found.append(ManagementService("https", False, (server[2],)))
        else:
            found.append(self._service("https", self._admitted["http"], (server[2],), tcp(server[1])))
        if self._snmp_off is None:
            found.append(self._service("snmp", self._pollers, identity))
        else:
            found.append(ManagementService("snmp", False, (self._snmp_off,)))
        return [one for one in found if one is not None]

    def _by_default(self, name: str, sources: Sources, listens: tuple[Service, ...] = ()) -> ManagementService | None:
        """A service for which no line admits anybody; None when what that means is not confirmed."""
        on = self.usual.services[name]
        return None if on is None else ManagementService(name, on, sources, by_default=True, listens=listens)

    def _service(
        self, name: str, admitted: Sequence[Admitted], identity: Sources, listens: tuple[Service, ...] = ()
    ) -> ManagementService | None:
        """On where somebody is admitted; else the default decides."""
        if not admitted:
            return self._by_default(name, identity, listens)
        sources = (*(one.line for one in admitted), *(identity if name == "https" else ()))
        return ManagementService(
            name,
            True,
            sources,
            frozenset(one.interface for one in admitted),
            restricted=not any(one.hosts.ipv4 == ANY_IPV4 or one.hosts.ipv6 == ANY_IPV6 for one in admitted),
            listens=listens,
        )

    def local_filter(self, tunnels: frozenset[str], identity: Sources) -> Filter:
        """Who may reach the device itself."""
        server = self._http_server
        on = server is not None and server[0]
        access = LocalAccess(
            self.interfaces,
            self._admitted["ssh"],
            self._admitted["telnet"],
            self._admitted["http"] if on else (),
            443 if server is None else server[1],
            () if self._snmp_off is not None else self._pollers,
            self._icmp,
            self._management_access,
            self.webvpn,
            self.webvpn_port,
            self.control_plane,
            self.usual,
        )
        return access.filter(tunnels, identity)


def _hidden(word: str) -> bool:
    """What the device or somebody writes instead of a secret."""
    return word.startswith("<") or (len(word) > 2 and not word.strip("*"))
