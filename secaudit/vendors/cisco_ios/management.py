"""The management plane of IOS: terminal lines, the web server, SNMP communities, and what is on by default (IO-05)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind
from secaudit.network.management import ManagementPlane, ManagementService, SnmpCommunity
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.access_lists import AccessList
from secaudit.vendors.cisco.local_filter import Restriction
from secaudit.vendors.cisco.management import WELL_KNOWN_COMMUNITIES, Management, tcp_service
from secaudit.vendors.cisco_ios.logins import is_login_setting
from secaudit.vendors.common.ledger import MANAGEMENT
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections

_TRANSPORTS = frozenset(
    (
        "telnet",
        "ssh",
        "all",
        "none",
        "lat",
        "lapb-ta",
        "mop",
        "nasi",
        "pad",
        "rlogin",
        "udptn",
        "v120",
        "acercon",
        "dsipcon",
    )
)
_LINES = frozenset(("con", "console", "aux", "tty", "vty"))
_BOTH: tuple[Family, Family] = (4, 6)
_TRANSPORT_DEFAULT = Text(
    ja="transport input の行がありません。既定で Telnet を受け付けるかは版により異なります",
    en="there is no `transport input`: whether telnet is accepted by default depends on the version",
)
_NO_VTY = Text(
    ja="line vty の設定がありません。リモート管理の受け付け方は既定値しだいです",
    en="there is no `line vty`: how remote management is accepted depends on defaults",
)
_HTTP_DEFAULT = Text(
    ja="ip http server または ip http secure-server の行がありません。既定値は機種・版により異なります",
    en="there is no line about `ip http server` or `ip http secure-server`: their defaults depend on model and version",
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
    unknown: dict[Family, SourceLine] = field(default_factory=dict)
    """Address families with a list that is not defined, or with a line that was not understood and may name one."""
    unread: list[SourceLine] = field(default_factory=list)

    def restricts(self, family: Family) -> bool:
        """Whether a list says who may connect by an address family."""
        return family not in self.unknown and self.named(family)

    def named(self, family: Family) -> bool:
        """Whether a list is named for an address family, defined or not."""
        return family in self.unknown or any(one.family == family for one in self.access_classes)

    def not_understood(self, line: SourceLine) -> None:
        """A line that may say anything about who connects, and by what."""
        self.unread.append(line)
        for family in _BOTH:
            self.unknown.setdefault(family, line)


@dataclass(slots=True)
class IosManagement(Management):
    """Collects the management plane while the file is read. What NX-OS writes alike is read by the class above it."""

    _http: dict[str, tuple[bool, SourceLine]] = field(default_factory=dict)
    _http_access: list[tuple[AccessList, SourceLine]] = field(default_factory=list)
    _http_unknown: dict[Family, SourceLine] = field(default_factory=dict)
    _terminals: list[_Vty] = field(default_factory=list)
    _snmp_unknown: SourceLine | None = None
    """A community with a list that is not defined, or a line about SNMP that was not understood."""
    _snmp_open: bool = False
    """Some community has no list."""
    _snmp_mentioned: bool = False
    """Some line is about SNMP: the agent may run although no line says who may ask it."""
    _snmp_switched_off: SourceLine | None = None

    def read(self, sections: Sections) -> None:
        """Every line about management."""
        readers: tuple[tuple[str, Callable[[Node], None]], ...] = (
            ("line", self.line),
            ("http", self.http),
            ("ssh port", self.ssh_port),
            ("community", self.community),
            ("snmp", self.snmp_user),
            ("snmp detail", self.snmp_detail),
            ("tftp", lambda node: self.service_on("tftp", node)),
            ("ftp", lambda node: self.service_on("ftp", node)),
            ("enable", self.enable),
            ("username", self.username),
            ("syslog", self.logging_host),
            ("ntp", self.time_server),
            ("dns", self.name_server),
        )
        for section, read in readers:
            for node in sections.of(section):
                read(node)
        for section in ("irrelevant", "router", "aaa", "server group", "aaa server"):
            for node in sections.of(section):
                self._snmp_mentioned = self._snmp_mentioned or node.keys[0] == "snmp-server"
                self.shared_keys(node)
        for node in sections.of("interface"):
            for child in node.children:
                self.shared_key(child)

    def http(self, node: Node) -> None:
        """`[no] ip http server|secure-server`, `ip http access-class ...`; other lines that are not known may bound who connects."""
        off = node.keys[0] == "no"
        what = "".join(node.keys[3 if off else 2 :][:1])
        if what == "access-class":
            family: Family = 6 if "ipv6" in node.keys else 4
            if not off:
                held = self._lists(node.words[-1], family) if self._defined(node.words[-1], node.line) else []
                self._http_access += [(one, node.line) for one in held]
                if not held:
                    self._http_unknown.setdefault(family, node.line)
        elif what in ("port", "secure-port"):
            number = node.words[-1]
            if not (number.isascii() and number.isdigit() and len(number) <= 5):
                self.ledger.leave(node, MANAGEMENT)  # where it listens is not known
                return
            if not off:
                self._ports["http" if what == "port" else "https"] = tcp_service(int(number))
        elif what in ("server", "secure-server"):
            self._http[what] = (not off, node.line)
        else:
            if not self._known_detail(node):
                for family in _BOTH:
                    self._http_unknown.setdefault(family, node.line)
            return
        self.ledger.use_all(node)

    def _known_detail(self, node: Node) -> bool:
        """Sets a line aside that is known not to matter; any other is a doubt about the management plane."""
        known = self.irrelevance.reason("global", node.keys)
        if known is None:
            self.ledger.leave(node, MANAGEMENT)
            return False
        self.ledger.ignore(node, known[1])
        return True

    def community(self, node: Node) -> None:
        """`snmp-server community NAME [view V] [RO|RW] [ipv6 LIST] [LIST]`; read-only is the default."""
        keys = node.keys
        if len(keys) < 3:
            self.ledger.leave(node, MANAGEMENT)
            self._snmp_unknown = node.line
            return
        rest = list(node.words[3:])
        if len(rest) > 1 and rest[0].lower() == "view":
            del rest[:2]
        access = rest.pop(0).lower() if rest and rest[0].lower() in ("ro", "rw") else ""
        named: list[tuple[str, Family]] = []
        if len(rest) > 1 and rest[0].lower() == "ipv6":
            named.append((rest[1], 6))
            del rest[:2]
        if rest:
            named.append((rest.pop(0), 4))
        held = [
            one
            for name, family in named
            if self._defined(name, node.line)
            for one in self._lists(name, family) or self._lists(name, 4 if family == 6 else 6)
        ]
        restricted = bool(named) and len(held) == len(named)
        self.communities.append(
            SnmpCommunity(keys[2] in WELL_KNOWN_COMMUNITIES, access == "rw", restricted, (node.line,))
        )
        self._snmp_lines.append(node.line)
        self._snmp_open = self._snmp_open or not (named or rest)
        self._snmp_lists += held if restricted else ()
        if rest or (named and not restricted):
            self._snmp_unknown = node.line
        if rest or (named and not restricted and not access):
            # A word that is no list may be any of the words that belong here, written wrongly.
            self.ledger.leave(node, MANAGEMENT)
        else:
            self.ledger.use_all(node)

    def snmp_detail(self, node: Node) -> None:
        """Any other line about SNMP. `no snmp-server` stops the agent."""
        if node.keys == ("no", "snmp-server"):
            self._snmp_switched_off = node.line
            self.ledger.use_all(node)
            return
        self._snmp_mentioned = True
        if not self._known_detail(node):
            self._snmp_unknown = node.line

    def line(self, node: Node) -> None:
        """`line con|aux|tty|vty ...`, `line N`."""
        kind = "".join(node.keys[1:2])
        known = kind in _LINES or kind[:1].isdigit()
        terminal = None if known and kind != "vty" else _Vty(node.line)
        if known:
            self.ledger.use(node)
        else:
            self.ledger.leave(Node(node.line, node.words, node.keys), MANAGEMENT)
        for child in node.children:
            self._line_setting(child, node, terminal)
        if terminal is not None:
            if not known:
                terminal.not_understood(node.line)
            self._terminals.append(terminal)

    def _line_setting(self, node: Node, parent: Node, terminal: _Vty | None) -> None:
        keys = node.keys
        if keys[:2] == ("transport", "input") and len(keys) > 2 and _TRANSPORTS.issuperset(keys[2:]):
            if terminal is not None:
                terminal.transports, terminal.transport_source = frozenset(keys[2:]), node.line
        elif keys[0] == "access-class" and keys[2:3] in (("in",), ("out",)):
            if terminal is not None and keys[2] == "in":
                self._access_class(terminal, node.words[1], 4, node.line)
                terminal.also_vrf = "vrf-also" in keys
        elif keys[:2] == ("ipv6", "access-class") and keys[3:4] in (("in",), ("out",)):
            if terminal is not None and keys[3] == "in":
                self._access_class(terminal, node.words[2], 6, node.line)
        elif keys[0] == "password":
            self._credential(f"{' '.join(parent.words)} password", node.words[1:], node.line)
        elif keys[0] != "exit" and not is_login_setting(keys):
            known = self.irrelevance.reason("line", keys)
            if known is None:
                self.ledger.leave(node, MANAGEMENT)
                if terminal is not None:
                    terminal.not_understood(node.line)
            else:
                self.ledger.ignore(node, known[1])
            return
        self.ledger.use_all(node)

    def _access_class(self, terminal: _Vty, name: str, family: Family, line: SourceLine) -> None:
        held = self._lists(name, family) if self._defined(name, line) else []
        if held:
            terminal.access_classes += held
            terminal.access_lines.append(line)
        else:
            terminal.unknown.setdefault(family, line)

    def build(self, usual: Mapping[str, bool | None], identity: Sources) -> ManagementPlane:
        """The finished plane. `usual` is which services are on where the file says nothing (None: not confirmed)."""
        self._terminal_services(usual, identity)
        self._web(usual, identity)
        self._simple_network_management(usual, identity)
        told = {one.name for one in self.services}
        for name in ("tftp", "ftp"):
            if name not in told:
                self._by_default(name, usual, identity)
        return ManagementPlane(
            tuple(self.services),
            tuple(self.communities),
            tuple(self.credentials),
            tuple(self.syslog),
            tuple(self.ntp),
            tuple(self.dns),
        )

    def _by_default(self, name: str, usual: Mapping[str, bool | None], identity: Sources) -> None:
        """A service about which the file says nothing. One whose default is not confirmed is left unsaid."""
        on = usual[name]
        if on is not None:
            self.services.append(ManagementService(name, on, identity, by_default=True))

    def _web(self, usual: Mapping[str, bool | None], identity: Sources) -> None:
        silent = False
        for what, name in (("server", "http"), ("secure-server", "https")):
            known = self._http.get(what)
            if known is None:
                silent = silent or usual[name] is None
                self._by_default(name, usual, identity)
                continue
            lines = (*(line for _, line in self._http_access), *self._http_unknown.values())
            sources = (known[1], *dict.fromkeys(lines))
            restricted = known[0] and bool(self._http_access) and not self._http_unknown
            self.services.append(
                ManagementService(name, known[0], sources, restricted=restricted, listens=self._ports.get(name, ()))
            )
            if known[0] and lines:
                lists = tuple(one for one, _ in self._http_access)
                self._restrictions.append(Restriction(name, lists, sources, unknown=dict(self._http_unknown)))
        if silent:
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _HTTP_DEFAULT, identity, MANAGEMENT)

    def _simple_network_management(self, usual: Mapping[str, bool | None], identity: Sources) -> None:
        if not self._snmp_lines:
            off = self._snmp_switched_off
            if off is not None:
                self.services.append(ManagementService("snmp", False, (off,)))
            elif not self._snmp_mentioned and self._snmp_unknown is None:
                self._by_default("snmp", usual, identity)
            return
        lines = tuple(self._snmp_lines)
        restricted = all(community.restricted for community in self.communities) and bool(self.communities)
        restricted = restricted and self._snmp_unknown is None
        self.services.append(ManagementService("snmp", True, lines, restricted=restricted))
        lists = tuple({one.name: one for one in self._snmp_lists}.values())
        doubtful = self._snmp_unknown
        if (lists or doubtful is not None) and not self._snmp_users and not self._snmp_open:
            unknown: dict[Family, SourceLine] = {} if doubtful is None else dict.fromkeys(_BOTH, doubtful)
            self._restrictions.append(Restriction("snmp", lists, lines, unknown=unknown))

    def _terminal_services(self, usual: Mapping[str, bool | None], identity: Sources) -> None:
        if not self._terminals:
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _NO_VTY, identity, MANAGEMENT)
            return
        silent = [terminal for terminal in self._terminals if terminal.transports is None]
        doubtful = [one for one in silent if one.unread or None in (usual["telnet"], usual["ssh"])]
        if doubtful:
            sources = tuple(terminal.source for terminal in doubtful)
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _TRANSPORT_DEFAULT, (*sources, *identity), MANAGEMENT)
        for name in ("telnet", "ssh"):
            named = [
                terminal
                for terminal in self._terminals
                if terminal.transports is not None and terminal.transports & {name, "all"}
            ]
            open_ = [*named, *(one for one in silent if usual[name] is not False or one.unread)]
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
                told = tuple(one.transport_source for one in self._terminals if one.transport_source is not None)
                self.services.append(ManagementService(name, False, told or identity, by_default=not told))

    def _restrict(self, name: str, open_: Sequence[_Vty]) -> None:
        """A list counts when every terminal line that may answer has one for the address family."""
        bound = [family for family in _BOTH if all(terminal.named(family) for terminal in open_)]
        held = {
            (one.family, one.name): one for terminal in open_ for one in terminal.access_classes if one.family in bound
        }
        unknown = {
            family: terminal.unknown[family] for family in bound for terminal in open_ if family in terminal.unknown
        }
        if held or unknown:
            also_vrf = all(terminal.also_vrf for terminal in open_)
            lines = (*(line for terminal in open_ for line in terminal.access_lines), *unknown.values())
            sources = tuple(dict.fromkeys(lines))
            self._restrictions.append(Restriction(name, tuple(held.values()), sources, also_vrf, unknown))
