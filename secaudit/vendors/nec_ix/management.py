"""The management plane: services of the device itself, credentials, and the servers that it uses (B.6, B.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind, NoticeKind
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
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.nec_ix.access_lists import Lists
from secaudit.vendors.nec_ix.defaults import defaults
from secaudit.vendors.nec_ix.local_filter import Restriction

_STORAGE = {
    "plain": Storage.CLEAR,
    "char": Storage.CLEAR,
    "text": Storage.CLEAR,
    "hash": Storage.HASHED,
    "secret": Storage.REVERSIBLE,
    "secret-password": Storage.REVERSIBLE,
}
"""Words before a secret to how it is kept; `secret` is what the device prints for a value that it must be able to send."""
_ALWAYS_SAID = frozenset(("username", "nm", "ikev2", "mobile", "usbmem"))
"""What begins lines that always say how a secret is kept; where it cannot be seen, it was masked together with the secret."""
_SECRET_WORDS = frozenset(("password", "secret-password", "key", "secret", "auth", "priv"))
_WELL_KNOWN = frozenset(("public", "private"))
_PORT_WORDS = frozenset(("port",))
_PLAIN_SETTINGS = frozenset(
    ("timeout", "username", "guest-username", "monitor-username", "authentication-method", "max-sessions", "idle-timeout",
     "session", "cross-site", "version", "cipher", "authentication", "key", "login", "source", "title", "encryption")
)  # fmt: skip
_SNMP_SETTINGS = frozenset(
    (
        "contact",
        "location",
        "host",
        "trap-source",
        "trap-port",
        "trap",
        "sysname",
        "engine-id",
        "ifindex",
        "link-trap",
        "source",
        "port",
    )
)
_NETMEISTER = Text(
    ja="NetMeister（クラウド）から装置を管理できる設定です。管理元はファイアウォールの内側に限られません",
    en="NetMeister, a service in the cloud, may manage the device; who manages it is not bounded by any filter",
)
_SHOWN_LEVELS = frozenset(("warn", "notice", "info", "debug"))
"""Levels at which the filter logs what it discards (`FLT ... BLOCK` is a warning)."""


def denials_logged(nodes: Sequence[Node]) -> tuple[bool, Sources]:
    """Whether discarded packets are logged: `logging subsystem flt|all LEVEL`; the last line for a subsystem counts."""
    levels: dict[str, tuple[str, SourceLine]] = {}
    for node in nodes:
        if len(node.keys) > 3:
            levels[node.keys[2]] = (node.keys[3], node.line)
    found = levels.get("flt") or levels.get("all")
    if found is None:
        return False, ()
    return found[0] in _SHOWN_LEVELS, (found[1],)


@dataclass(slots=True)
class _ServerFacts:
    enabled: list[SourceLine] = field(default_factory=list)
    lists: list[tuple[Family, str, SourceLine]] = field(default_factory=list)
    port: int | None = None


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
    restrictions: list[Restriction] = field(default_factory=list)
    _servers: dict[str, _ServerFacts] = field(default_factory=dict)
    _snmp_users: bool = False

    def server(self, node: Node) -> None:
        """`telnet-server|ssh-server|http-server|tftp-server ip enable`, `... ip access-list LIST`, `... ip port N`."""
        keys = node.keys
        facts = self._servers.setdefault(keys[0].removesuffix("-server"), _ServerFacts())
        rest = keys[2:] if keys[1:2] in (("ip",), ("ipv6",)) else keys[1:]
        family: Family = 6 if keys[1:2] == ("ipv6",) else 4
        if rest == ("enable",):
            facts.enabled.append(node.line)
        elif rest[:1] == ("access-list",) and len(rest) == 2:
            facts.lists.append((family, node.words[-1], node.line))
        elif rest[:1] == ("port",) and len(rest) == 2 and rest[1].isascii() and rest[1].isdigit() and len(rest[1]) < 6:
            facts.port = int(rest[1])
        elif rest[:1] and rest[0] in _PLAIN_SETTINGS:
            self.secret(node)
        else:
            self.ledger.leave(node, MANAGEMENT)
            return
        self.ledger.use_all(node)

    def snmp(self, node: Node) -> None:
        """`snmp-agent ip enable`, `snmp-agent ip community NAME [LIST]`, `snmpv3 user ...`, and settings of traps."""
        keys = node.keys
        if keys[0] == "snmpv3":
            self._snmp_users = True
            self.secret(node)
        elif keys[2:3] == ("enable",):
            self._servers.setdefault("snmp", _ServerFacts()).enabled.append(node.line)
        elif keys[2:3] == ("community",) and len(keys) > 3:
            self._community(node)
        elif not _SNMP_SETTINGS & set(keys[1:5]):
            self.ledger.leave(node, MANAGEMENT)
            return
        self.ledger.use_all(node)

    def _community(self, node: Node) -> None:
        rest = [word for word in node.words[4:] if word.lower() not in ("read-only", "read-write", "ro", "rw")]
        family: Family = 6 if node.keys[1] == "ipv6" else 4
        restricted = bool(rest) and self.lists.get(family, rest[0]) is not None
        if rest and not restricted:
            self._undefined(rest[0], node.line)
        writable = any(key in ("read-write", "rw") for key in node.keys[4:])
        self.communities.append(SnmpCommunity(node.keys[3] in _WELL_KNOWN, writable, restricted, (node.line,)))
        facts = self._servers.setdefault("snmp", _ServerFacts())
        if restricted:
            facts.lists.append((family, rest[0], node.line))

    def username(self, node: Node) -> None:
        """`username NAME password plain|hash|secret X [administrator]`."""
        self.secret(node)
        self.ledger.use_all(node)

    def secret(self, node: Node, block: str = "") -> None:
        """A secret that was masked when the file was read: how it is kept is told by the word before it.

        `block` is the heading under which the line stands, for its name.
        """
        for index, word in enumerate(node.words):
            if word != MASK or node.keys[index - 1] == "myname":
                continue
            before = [key for key in node.keys[:index] if key in _SECRET_WORDS or key in _STORAGE]
            unsaid = Storage.UNKNOWN if node.keys[0] in _ALWAYS_SAID else Storage.CLEAR
            kept = next((_STORAGE[key] for key in reversed(before) if key in _STORAGE), unsaid)
            named = node.words[: next((at for at, key in enumerate(node.keys) if key in _SECRET_WORDS), index) + 1]
            what = block + " ".join(one for one in named if one != MASK)
            self.credentials.append(Credential(what, kept, (node.line,)))
            self.ledger.use(node)
            return

    def server_address(self, node: Node, start: int, into: list[Server]) -> None:
        """A line whose word at `start` names a host."""
        if len(node.words) <= start:
            self.ledger.leave(node, MANAGEMENT)
            return
        into.append(Server(node.words[start], (node.line,)))
        self.ledger.use_all(node)

    def netmeister(self, node: Node) -> None:
        """`nm ip enable`."""
        self.ledger.use_all(node)
        self.ledger.doubt(DoubtKind.UNSUPPORTED, _NETMEISTER, (node.line,), MANAGEMENT)

    def _undefined(self, name: str, line: SourceLine) -> None:
        self.ledger.notice(
            NoticeKind.UNDEFINED_FILTER,
            Text(
                ja=f"アクセスリスト {name} が定義されていないため、管理アクセスが制限されるか確認できません",
                en=f"access list {name} is not defined: whether it restricts management access is not confirmed",
            ),
            (line,),
        )

    def build(self, identity: Sources, logged: tuple[bool, Sources]) -> ManagementPlane:
        """The finished plane; what no line switches on is as it is by default."""
        usual = defaults().services
        for name in dict.fromkeys((*self._servers, *usual)):
            facts = self._servers.get(name)
            if facts is None or not facts.enabled:
                if identity:
                    self.services.append(ManagementService(name, usual.get(name, False), identity, by_default=True))
                continue
            self._service(name, facts)
        return ManagementPlane(
            tuple(self.services),
            tuple(self.communities),
            tuple(self.credentials),
            tuple(self.syslog),
            tuple(self.ntp),
            tuple(self.dns),
            logged[0],
            logged[1] or identity,
        )

    def _service(self, name: str, facts: _ServerFacts) -> None:
        named = [(family, list_name, line) for family, list_name, line in facts.lists]
        for family, list_name, line in named if name != "snmp" else ():
            if self.lists.get(family, list_name) is None:
                self._undefined(list_name, line)
        restricted = bool(named)
        if name == "snmp":
            restricted = restricted and all(one.restricted for one in self.communities) and not self._snmp_users
        lines = tuple(dict.fromkeys((*facts.enabled, *(line for _, _, line in named))))
        listens = () if facts.port is None else (Service(((TCP, TCP),), ((facts.port, facts.port),)),)
        self.services.append(ManagementService(name, True, lines, restricted=restricted, listens=listens))
        if restricted:
            held = tuple((family, list_name) for family, list_name, _ in named)
            self.restrictions.append(Restriction(name, held, lines))
