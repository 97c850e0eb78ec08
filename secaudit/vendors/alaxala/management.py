"""The management plane: services of the device itself, credentials, and the servers that it uses (AX-30, AX-31)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from secaudit.text.bilingual import Text
from secaudit.text.secrets import MASK
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.alaxala.access_lists import IP, IPV6, AccessList, Lists
from secaudit.vendors.alaxala.local_filter import ALL_VRFS, Restriction, local_filter
from secaudit.vendors.alaxala.vocabulary import Defaults, irrelevance, plain
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections

_WELL_KNOWN = frozenset(("public", "private"))
_SECRET_WORDS = frozenset(
    (
        "key",
        "password",
        "secret",
        "authentication-key",
        "message-digest-key",
        "md5",
        "auth",
        "priv",
        "key-string",
        "text",
    )
)
_REMOTE = ("telnet", "ssh")
_TRANSPORTS = frozenset(("telnet", "ssh", "all", "none"))
_UNDEFINED = Text(
    ja="指定されたアクセスリストが定義されていないか空のため、管理アクセスを拒否するかを確認できません",
    en="the access list that is named is not defined, or empty: whether it refuses anybody is not confirmed",
)
_DEFAULT = Text(
    ja="設定に書かれていないサービスの既定値が、この機種では確認できません",
    en="the defaults of services that the file does not mention are not confirmed for this model",
)
_FTP = Text(
    ja="line vty のアクセスリストが FTP の接続も制限するかを確認できません",
    en="whether the list of `line vty` bounds FTP as well is not confirmed",
)


@dataclass(slots=True)
class Management:
    """Collects the management plane while the file is read."""

    lists: Lists
    ledger: Ledger
    services: list[ManagementService] = field(default_factory=list)
    communities: list[SnmpCommunity] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)
    syslog: list[Server] = field(default_factory=list)
    ntp: list[Server] = field(default_factory=list)
    dns: list[Server] = field(default_factory=list)
    _terminal: SourceLine | None = None
    _transports: tuple[frozenset[str], SourceLine] | None = None
    _ssh: list[SourceLine] = field(default_factory=list)
    _ftp: list[SourceLine] = field(default_factory=list)
    _snmp: list[SourceLine] = field(default_factory=list)
    _snmp_users: bool = False
    _restrictions: list[Restriction] = field(default_factory=list)
    _communities_open: bool = False

    def read(self, sections: Sections) -> None:
        """Every line about the device itself."""
        readers: tuple[tuple[str, Callable[[Node], None]], ...] = (
            ("line", self._line),
            ("ssh", self._ssh_line),
            ("ftp", self._ftp_line),
            ("community", self._community),
            ("snmp", self._snmp_user),
            ("syslog", lambda node: self._server(self.syslog, node)),
            ("ntp", lambda node: self._server(self.ntp, node)),
            ("dns", lambda node: self._server(self.dns, node)),
        )
        for section, read in readers:
            for node in sections.of(section):
                read(node)
        for section in ("irrelevant", "router", "interface", "community", "snmp"):
            for node in sections.of(section):
                self._shared_key(node)
                for child in node.below():
                    self._shared_key(child, " ".join(node.words[:2]) + " ")

    def _shared_key(self, node: Node, block: str = "") -> None:
        """A key or password: `... key VALUE`, where the value was masked on reading. How it is kept is not told by the line."""
        if MASK not in node.words:
            return
        for index, key in enumerate(node.keys[:-1]):
            if key in _SECRET_WORDS and MASK in node.words[index + 1 : index + 4]:
                what = block + " ".join(node.words[: index + 1])
                self.credentials.append(Credential(what, Storage.UNKNOWN, (node.line,)))
                self.ledger.use(node)
                return

    def _line(self, node: Node) -> None:
        """`line vty FIRST [LAST]` and `line console 0`."""
        remote = node.keys[1:2] == ("vty",)
        if not remote and node.keys[1:2] != ("console",):
            self.ledger.leave(node, MANAGEMENT)
            return
        self.ledger.use(node)
        if remote:
            self._terminal = node.line
        for child in node.children:
            if not self._line_setting(child, remote):
                known = irrelevance().reason("line", child.keys)
                if known is None:
                    self.ledger.leave(child, MANAGEMENT)
                else:
                    self.ledger.ignore(child, known[1])

    def _line_setting(self, node: Node, remote: bool) -> bool:
        keys = node.keys
        if keys[:2] == ("transport", "input") and len(keys) > 2 and remote:
            if not _TRANSPORTS.issuperset(keys[2:]):
                return False
            self._transports = frozenset(keys[2:]), node.line
        elif keys[:2] in (("ip", "access-group"), ("ipv6", "access-class")) and len(keys) > 3 and remote:
            if not self._access(node):
                return False
        elif keys != ("exit",):
            return False
        self.ledger.use_all(node)
        return True

    def _access(self, node: Node) -> bool:
        """`ip access-group NAME [vrf N|all] in`; without a VRF it is for the global network only (AX8600S configuration guide, 8.1.11)."""
        rest = list(node.keys[3:])
        vrf = ""
        if "vrf" in rest[:-1]:
            at = rest.index("vrf")
            vrf = ALL_VRFS if rest[at + 1] == "all" else node.words[3 + at + 1]
            del rest[at : at + 2]
        if rest != ["in"]:
            return False
        kind = IP if node.keys[0] == "ip" else IPV6
        name = plain(node.words[2])
        access_list = self._defined(kind, name, node.line)
        if access_list is not None:
            self._restrictions += [
                Restriction(_REMOTE, access_list, (node.line,), vrf),
                Restriction(("ftp",), access_list, (node.line,), vrf, _FTP),
            ]
        else:
            nobody = AccessList(name, kind, False, node.line)
            self._restrictions.append(Restriction((*_REMOTE, "ftp"), nobody, (node.line,), vrf, _UNDEFINED))
        return True

    def _defined(self, kind: str, name: str, line: SourceLine) -> AccessList | None:
        """A list with entries; one that is not defined, or empty, is not relied on to refuse anybody."""
        found = self.lists.get((kind, name))
        if found is not None and not found.empty:
            return found
        self.ledger.notice(
            NoticeKind.UNDEFINED_FILTER,
            Text(
                ja=f"アクセスリスト {name} が定義されていないか空のため、管理アクセスは制限されていないものとみなします",
                en=f"access list {name} is not defined, or empty: management access counts as not restricted",
            ),
            (line,),
        )
        return None

    def _ssh_line(self, node: Node) -> None:
        """`ip ssh` switches the server on; `ip ssh version 2` and others set it up."""
        if len(node.keys) == 2:
            self._ssh.append(node.line)
        self.ledger.use_all(node)

    def _ftp_line(self, node: Node) -> None:
        self._ftp.append(node.line)
        self.ledger.use_all(node)

    def _community(self, node: Node) -> None:
        """`snmp-server community NAME [ro|rw] [LIST] [vrf N]`; read-only is the default."""
        keys = node.keys
        if len(keys) < 3:
            self.ledger.leave(node, MANAGEMENT)
            return
        rest = list(node.words[3:])
        if "vrf" in keys[3:-1]:
            at = rest.index(node.words[keys.index("vrf", 3)])
            del rest[at : at + 2]
        writable = False
        if rest and rest[0].lower() in ("ro", "rw"):
            writable = rest.pop(0).lower() == "rw"
        access_list = self._defined(IP, plain(rest[0]), node.line) if rest else None
        name = plain(keys[2])
        self.communities.append(SnmpCommunity(name in _WELL_KNOWN, writable, access_list is not None, (node.line,)))
        self._snmp.append(node.line)
        if access_list is None:
            self._communities_open = True
        else:
            self._restrictions.append(Restriction(("snmp",), access_list, (node.line,), ALL_VRFS, union=True))
        self.ledger.use_all(node)

    def _snmp_user(self, node: Node) -> None:
        """`snmp-server group|user ... v3`: SNMP answers."""
        self._snmp_users = True
        self._snmp.append(node.line)
        self.ledger.use_all(node)

    def _server(self, servers: list[Server], node: Node) -> None:
        """`logging host A`, `ntp server|peer A`, `ntp client server A`, `ip name-server A B`; a `vrf N` may stand before the address."""
        rest = [plain(word) for word in node.words[3 if node.keys[1] == "client" else 2 :]]
        if rest and rest[0].lower() == "vrf":
            del rest[:2]
        if not rest:
            self.ledger.leave(node, MANAGEMENT)
            return
        wanted = rest if node.keys[1] == "name-server" else rest[:1]
        servers.extend(Server(word, (node.line,)) for word in wanted)
        self.ledger.use_all(node)

    def build(self, usual: Defaults, identity: Sources) -> ManagementPlane:
        """The finished plane."""
        self._remote_login(usual, identity)
        self._switched("ftp", self._ftp, usual.ftp_server, identity)
        if self._snmp:
            restricted = bool(self.communities) and not self._communities_open and not self._snmp_users
            self.services.append(ManagementService("snmp", True, tuple(self._snmp), restricted=restricted))
            if not restricted:
                self._restrictions = [one for one in self._restrictions if "snmp" not in one.services]
        else:
            self._switched("snmp", (), usual.snmp_agent, identity)
        return ManagementPlane(
            tuple(self.services),
            tuple(self.communities),
            tuple(self.credentials),
            tuple(self.syslog),
            tuple(self.ntp),
            tuple(self.dns),
        )

    def _switched(self, name: str, lines: Sequence[SourceLine], usual: bool | None, identity: Sources) -> None:
        """A service that a line switches on; without one the default decides, and one that is not sure counts as on."""
        if lines:
            self.services.append(ManagementService(name, True, tuple(lines)))
            return
        self.services.append(ManagementService(name, usual is not False, identity, by_default=True))
        if usual is None:
            self._not_confirmed(identity)

    def _not_confirmed(self, sources: Sources) -> None:
        self.ledger.doubt(DoubtKind.UNSUPPORTED, _DEFAULT, sources, MANAGEMENT)

    def _remote_login(self, usual: Defaults, identity: Sources) -> None:
        """Without `line vty` nobody can log in from elsewhere; with it telnet is open unless `transport input` says otherwise (AX-30)."""
        if self._terminal is None:
            for name in _REMOTE:
                self._switched(name, (), usual.remote_login, identity)
            return
        transports, line = self._transports or (None, self._terminal)
        restricted = any(one.services == _REMOTE and one.family == 4 for one in self._restrictions)
        silent = transports is None
        telnet = usual.terminal_telnet is not False if transports is None else bool(transports & {"telnet", "all"})
        accepts_ssh = usual.terminal_ssh is not False if transports is None else bool(transports & {"ssh", "all"})
        self.services.append(
            ManagementService("telnet", telnet, (line,), by_default=silent, restricted=telnet and restricted)
        )
        ssh = accepts_ssh and (bool(self._ssh) or usual.ssh_server is not False)
        sources = (*self._ssh, line) if self._ssh else (line, *identity)
        self.services.append(ManagementService("ssh", ssh, sources, restricted=ssh and restricted))
        if (silent and None in (usual.terminal_telnet, usual.terminal_ssh)) or (
            accepts_ssh and not self._ssh and usual.ssh_server is None
        ):
            self._not_confirmed((line, *identity))

    def filter_for_itself(self, vrfs: Mapping[str, str]) -> Filter | None:
        """Who may manage the device; to be asked after `build`."""
        return local_filter(self.services, self._restrictions, vrfs)
