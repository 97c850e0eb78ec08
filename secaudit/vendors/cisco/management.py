"""The management plane: services of the device itself, credentials, and the servers that it uses (IO-05)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.filters import Filter
from secaudit.network.management import (
    Credential,
    ManagementPlane,
    ManagementService,
    Server,
    SnmpCommunity,
    Storage,
)
from secaudit.network.matches import TCP, Family, Service
from secaudit.text.bilingual import Text
from secaudit.text.secrets import MASK
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.access_lists import AccessList
from secaudit.vendors.cisco.local_filter import Restriction, local_filter
from secaudit.vendors.common.irrelevance import Irrelevance
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger
from secaudit.vendors.common.lines import Node

_STORAGE = {
    "0": Storage.CLEAR,
    "4": Storage.HASHED,
    "5": Storage.HASHED,
    "6": Storage.REVERSIBLE,
    "7": Storage.REVERSIBLE,
    "8": Storage.HASHED,
    "9": Storage.HASHED,
}
_SECRET_WORDS = frozenset(("key", "server-key", "password", "key-string", "pre-shared-key", "local", "remote", "md5"))
WELL_KNOWN_COMMUNITIES = frozenset(("public", "private"))
_TELNET_DEFAULT_BEFORE = 15
_TRANSPORT_DEFAULT = Text(
    ja="transport input の行がありません。既定で Telnet を受け付けるかは版により異なります",
    en="there is no `transport input`: whether telnet is accepted by default depends on the version",
)
_NO_VTY = Text(
    ja="line vty の設定がありません。リモート管理の受け付け方は既定値しだいです",
    en="there is no `line vty`: how remote management is accepted depends on defaults",
)
_HTTP_DEFAULT = Text(
    ja="ip http server の行がありません。既定値は機種・版により異なります",
    en="there is no line about `ip http server`: its default depends on model and version",
)


@dataclass(slots=True)
class _Vty:
    source: SourceLine
    transports: frozenset[str] | None = None
    transport_source: SourceLine | None = None
    access_classes: list[AccessList] = field(default_factory=list)
    access_lines: list[SourceLine] = field(default_factory=list)
    """The lines that name them."""
    also_vrf: bool = False

    def restricts(self, family: Family) -> bool:
        """Whether a list says who may connect by an address family."""
        return any(one.family == family for one in self.access_classes)


@dataclass(slots=True)
class Management:
    """Collects the management plane while the file is read."""

    lists: Mapping[str, AccessList]
    ipv6_lists: Mapping[str, AccessList]
    ledger: Ledger
    irrelevance: Irrelevance
    services: list[ManagementService] = field(default_factory=list)
    communities: list[SnmpCommunity] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)
    syslog: list[Server] = field(default_factory=list)
    ntp: list[Server] = field(default_factory=list)
    dns: list[Server] = field(default_factory=list)
    _http: dict[str, tuple[bool, SourceLine]] = field(default_factory=dict)
    _http_access: list[tuple[AccessList, SourceLine]] = field(default_factory=list)
    _ports: dict[str, tuple[Service, ...]] = field(default_factory=dict)
    _snmp_lists: list[AccessList] = field(default_factory=list)
    _snmp_users: bool = False
    _restrictions: list[Restriction] = field(default_factory=list)
    _terminals: list[_Vty] = field(default_factory=list)
    _snmp_lines: list[SourceLine] = field(default_factory=list)

    def http(self, node: Node) -> None:
        """`[no] ip http server|secure-server`, `ip http access-class ...`."""
        off = node.keys[0] == "no"
        what = node.keys[3 if off else 2]
        if what == "access-class":
            family: Family = 6 if "ipv6" in node.keys else 4
            if not off and self._defined(node.words[-1], node.line):
                self._http_access += [(one, node.line) for one in self._lists(node.words[-1], family)]
        elif what in ("port", "secure-port"):
            number = node.words[-1]
            if not off and number.isascii() and number.isdigit() and len(number) <= 5:
                self._ports["http" if what == "port" else "https"] = _tcp(int(number))
        else:
            self._http[what] = (not off, node.line)
        self.ledger.use_all(node)

    def ssh_port(self, node: Node) -> None:
        """`ip ssh port N rotary FIRST [LAST]`: SSH listens there as well."""
        numbers = [int(word) for word in node.words[3:] if word.isascii() and word.isdigit() and len(word) <= 5]
        if numbers and node.keys[0] != "no":
            last = numbers[0] + (numbers[2] - numbers[1] if len(numbers) > 2 else 0)
            self._ports["ssh"] = (*self._ports.get("ssh", _tcp(22)), *_tcp(numbers[0], last))
        self.ledger.use_all(node)

    def _lists(self, name: str, family: Family) -> list[AccessList]:
        held = (self.lists if family == 4 else self.ipv6_lists).get(name)
        return [] if held is None or held.empty else [held]

    def community(self, node: Node) -> None:
        """`snmp-server community NAME [view V] [RO|RW] [ipv6 LIST] [LIST]`; read-only is the default."""
        keys = node.keys
        if len(keys) < 3:
            self.ledger.leave(node, MANAGEMENT)
            return
        rest = list(node.words[3:])
        if len(rest) > 1 and rest[0].lower() == "view":
            del rest[:2]
        writable = False
        if rest and rest[0].lower() in ("ro", "rw"):
            writable = rest.pop(0).lower() == "rw"
        lists = [word for word in rest if word.lower() != "ipv6"]
        restricted = bool(lists) and all(self._defined(word, node.line) for word in lists)
        self.communities.append(SnmpCommunity(keys[2] in WELL_KNOWN_COMMUNITIES, writable, restricted, (node.line,)))
        self._snmp_lines.append(node.line)
        for word in lists if restricted else ():
            self._snmp_lists += self._lists(word, 4) or self._lists(word, 6)
        self.ledger.use_all(node)

    def snmp_user(self, node: Node) -> None:
        """`snmp-server group|user ... v3`: SNMP answers."""
        self._snmp_users = True
        self._snmp_lines.append(node.line)
        self.ledger.use_all(node)

    def service_on(self, name: str, node: Node) -> None:
        """A service that one line switches on."""
        self.services.append(ManagementService(name, True, (node.line,)))
        self.ledger.use_all(node)

    def enable(self, node: Node) -> None:
        """`enable password|secret [level N] [TYPE] VALUE`."""
        rest = list(node.words[2:])
        if rest[:1] and rest[0].lower() == "level":
            del rest[:2]
        self._credential(f"enable {node.keys[1]}", rest, node.line)
        self.ledger.use_all(node)

    def username(self, node: Node) -> None:
        """`username NAME [options] password|secret [TYPE] VALUE`."""
        for index, key in enumerate(node.keys[2:], 2):
            if key in ("password", "secret"):
                self._credential(f"username {node.words[1]} {key}", node.words[index + 1 :], node.line)
                break
        self.ledger.use_all(node)

    def shared_key(self, node: Node, block: str = "") -> None:
        """A key or password anywhere else: `... key|password [TYPE] VALUE`, where the value was masked on reading.

        `block` is the heading under which the line stands, for its name.
        """
        if MASK not in node.words:
            return
        for index, key in enumerate(node.keys):
            rest = node.words[index + 1 :]
            if key in _SECRET_WORDS and MASK in rest[:2]:
                self._credential(block + " ".join(node.words[: index + 1]), rest, node.line)
                self.ledger.use(node)
                return

    def _credential(self, what: str, rest: Sequence[str], line: SourceLine) -> None:
        """`rest` is the type digit, when there is one, and the value."""
        if not rest:
            return
        storage = Storage.CLEAR
        if len(rest) > 1 and rest[0] in _STORAGE:
            storage = _STORAGE[rest[0]]
        elif rest[0].startswith("<"):
            storage = Storage.UNKNOWN  # removed before the file was submitted
        self.credentials.append(Credential(what, storage, (line,)))

    def logging_host(self, node: Node) -> None:
        """`logging host A` and the old form `logging A`."""
        rest = node.words[2:] if node.keys[1] == "host" else node.words[1:]
        if rest and rest[0].lower() == "ipv6":
            rest = rest[1:]
        if not rest:
            self.ledger.leave(node, MANAGEMENT)
            return
        self.syslog.append(Server(rest[0], (node.line,)))
        self.ledger.use_all(node)

    def time_server(self, node: Node) -> None:
        """`ntp server|peer [vrf V] [ip|ipv6] A ...` and `sntp server A`."""
        rest = list(node.words[2:])
        if len(rest) > 1 and rest[0].lower() == "vrf":
            del rest[:2]
        if rest and rest[0].lower() in ("ip", "ipv6"):
            del rest[0]
        if not rest:
            self.ledger.leave(node, MANAGEMENT)
            return
        self.ntp.append(Server(rest[0], (node.line,)))
        self.ledger.use_all(node)

    def name_server(self, node: Node) -> None:
        """`ip name-server [vrf V] A B ...`."""
        rest = list(node.words[2:])
        if len(rest) > 1 and rest[0].lower() == "vrf":
            del rest[:2]
        self.dns.extend(Server(word, (node.line,)) for word in rest)
        self.ledger.use_all(node)

    def line(self, node: Node) -> None:
        """`line con|aux|vty ...`."""
        terminal = _Vty(node.line) if node.keys[1:2] == ("vty",) else None
        self.ledger.use(node)
        for child in node.children:
            self._line_setting(child, node, terminal)
        if terminal is not None:
            self._terminals.append(terminal)

    def _line_setting(self, node: Node, parent: Node, terminal: _Vty | None) -> None:
        keys = node.keys
        if keys[:2] == ("transport", "input") and len(keys) > 2:
            if terminal is not None:
                terminal.transports, terminal.transport_source = frozenset(keys[2:]), node.line
        elif keys[0] == "access-class" and keys[2:3] in (("in",), ("out",)):
            if terminal is not None and keys[2] == "in" and self._defined(node.words[1], node.line):
                terminal.access_classes += self._lists(node.words[1], 4)
                terminal.access_lines.append(node.line)
                terminal.also_vrf = "vrf-also" in keys
        elif keys[:2] == ("ipv6", "access-class") and len(keys) > 2:
            if terminal is not None and self._defined(node.words[2], node.line) and keys[3:4] == ("in",):
                terminal.access_classes += self._lists(node.words[2], 6)
                terminal.access_lines.append(node.line)
        elif keys[0] == "password":
            self._credential(f"{' '.join(parent.words)} password", node.words[1:], node.line)
        elif keys[0] != "exit":
            known = self.irrelevance.reason("line", keys)
            if known is None:
                self.ledger.leave(node, MANAGEMENT)
            else:
                self.ledger.ignore(node, known[1])
            return
        self.ledger.use_all(node)

    def _defined(self, name: str, line: SourceLine) -> bool:
        """Whether a list exists; an undefined one restricts nothing."""
        if name in self.lists or name in self.ipv6_lists:
            return True
        self.ledger.notice(
            NoticeKind.UNDEFINED_FILTER,
            Text(
                ja=f"アクセスリスト {name} が定義されていないため、管理アクセスは制限されません",
                en=f"access list {name} is not defined, so management access is not restricted",
            ),
            (line,),
        )
        return False

    def build(self, version: str, identity: Sources) -> ManagementPlane:
        """The finished plane."""
        self._terminal_services(version, identity)
        for what, name in (("server", "http"), ("secure-server", "https")):
            known = self._http.get(what)
            if known is not None:
                sources = (known[1], *(line for _, line in self._http_access))
                restricted = known[0] and bool(self._http_access)
                self.services.append(
                    ManagementService(name, known[0], sources, restricted=restricted, listens=self._ports.get(name, ()))
                )
                if restricted:
                    lists = tuple(one for one, _ in self._http_access)
                    self._restrictions.append(Restriction(name, lists, sources))
        if "server" not in self._http:
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _HTTP_DEFAULT, identity, MANAGEMENT)
        if self._snmp_lines:
            restricted = all(community.restricted for community in self.communities) and bool(self.communities)
            self.services.append(ManagementService("snmp", True, tuple(self._snmp_lines), restricted=restricted))
            if restricted and self._snmp_lists and not self._snmp_users:
                lists = tuple({one.name: one for one in self._snmp_lists}.values())
                self._restrictions.append(Restriction("snmp", lists, tuple(self._snmp_lines)))
        return ManagementPlane(
            tuple(self.services),
            tuple(self.communities),
            tuple(self.credentials),
            tuple(self.syslog),
            tuple(self.ntp),
            tuple(self.dns),
        )

    def _terminal_services(self, version: str, identity: Sources) -> None:
        if not self._terminals:
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _NO_VTY, identity, MANAGEMENT)
            return
        silent = [terminal for terminal in self._terminals if terminal.transports is None]
        if silent and not _telnet_by_default(version):
            sources = tuple(terminal.source for terminal in silent)
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _TRANSPORT_DEFAULT, (*sources, *identity), MANAGEMENT)
        for name in ("telnet", "ssh"):
            named = [
                terminal
                for terminal in self._terminals
                if terminal.transports is not None and terminal.transports & {name, "all"}
            ]
            open_ = [*named, *silent]
            if open_:
                sources = tuple(
                    terminal.source if terminal.transport_source is None else terminal.transport_source
                    for terminal in open_
                )
                self.services.append(
                    ManagementService(
                        name,
                        True,
                        sources if named else (*sources, *identity),
                        by_default=not named,
                        restricted=all(terminal.restricts(4) for terminal in open_),
                        listens=self._ports.get(name, ()),
                    )
                )
                self._restrict(name, open_)
            else:
                sources = tuple(
                    terminal.transport_source for terminal in self._terminals if terminal.transport_source is not None
                )
                self.services.append(ManagementService(name, False, sources))

    def _restrict(self, name: str, open_: Sequence[_Vty]) -> None:
        """A list counts when every terminal line that may answer has one for the address family."""
        families: tuple[Family, Family] = (4, 6)
        bound = [family for family in families if all(terminal.restricts(family) for terminal in open_)]
        held = {
            (one.family, one.name): one for terminal in open_ for one in terminal.access_classes if one.family in bound
        }
        if held:
            also_vrf = all(terminal.also_vrf for terminal in open_)
            sources = tuple(line for terminal in open_ for line in terminal.access_lines)
            self._restrictions.append(Restriction(name, tuple(held.values()), sources, also_vrf))

    def filter_for_itself(self, control_plane: Sequence[SourceLine], vrfs: Mapping[str, str]) -> Filter | None:
        """Who may manage the device; to be asked after `build`."""
        return local_filter(self.services, self._restrictions, control_plane, vrfs)


def _tcp(first: int, last: int | None = None) -> tuple[Service, ...]:
    return (Service(((TCP, TCP),), ((first, first if last is None else max(first, last)),)),)


def _telnet_by_default(version: str) -> bool:
    """Until IOS 12 a terminal line without `transport input` takes every protocol; later versions differ by platform."""
    major = version.partition(".")[0]
    return major.isascii() and major.isdigit() and int(major) < _TELNET_DEFAULT_BEFORE
