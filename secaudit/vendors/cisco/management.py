"""The management plane: services of the device itself, credentials, and the servers that it uses (IO-05)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Filter
from secaudit.network.management import (
    Credential,
    ManagementService,
    Server,
    SnmpCommunity,
    Storage,
)
from secaudit.network.matches import TCP, Family, Service
from secaudit.text.bilingual import Text
from secaudit.text.secrets import MASK
from secaudit.text.source import SourceLine
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
    _ports: dict[str, tuple[Service, ...]] = field(default_factory=dict)
    _snmp_lists: list[AccessList] = field(default_factory=list)
    _snmp_users: bool = False
    _restrictions: list[Restriction] = field(default_factory=list)
    _snmp_lines: list[SourceLine] = field(default_factory=list)

    def ssh_port(self, node: Node) -> None:
        """`ip ssh port N rotary FIRST [LAST]`: SSH listens there as well."""
        numbers = [int(word) for word in node.words[3:] if word.isascii() and word.isdigit() and len(word) <= 5]
        if numbers and node.keys[0] != "no":
            last = numbers[0] + (numbers[2] - numbers[1] if len(numbers) > 2 else 0)
            self._ports["ssh"] = (*self._ports.get("ssh", tcp_service(22)), *tcp_service(numbers[0], last))
        self.ledger.use_all(node)

    def _lists(self, name: str, family: Family) -> list[AccessList]:
        held = (self.lists if family == 4 else self.ipv6_lists).get(name)
        return [] if held is None or held.empty else [held]

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

    def shared_keys(self, node: Node) -> None:
        """The keys and passwords of a line and of all that stand below it."""
        self.shared_key(node)
        for child in node.below():
            self.shared_key(child, " ".join(node.words) + " ")

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

    def _defined(self, name: str, line: SourceLine) -> bool:
        """Whether a list exists. An undefined one is not relied on to restrict anybody, nor to let everybody in."""
        if name in self.lists or name in self.ipv6_lists:
            return True
        self.ledger.notice(
            NoticeKind.UNDEFINED_FILTER,
            Text(
                ja=f"アクセスリスト {name} が定義されていないため、管理アクセスが制限されているとはいえません",
                en=f"access list {name} is not defined, so management access is not known to be restricted",
            ),
            (line,),
        )
        return False

    def filter_for_itself(self, control_plane: Sequence[SourceLine], vrfs: Mapping[str, str]) -> Filter | None:
        """Who may manage the device; to be asked after `build`."""
        return local_filter(self.services, self._restrictions, control_plane, vrfs)


def tcp_service(first: int, last: int | None = None) -> tuple[Service, ...]:
    """TCP ports as a service."""
    return (Service(((TCP, TCP),), ((first, first if last is None else max(first, last)),)),)
