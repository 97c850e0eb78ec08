"""The management plane: services of the device itself, credentials, and the servers that it uses (C.6).

What is not in the file is not off: telnet, SSH and HTTP are printed in either state, and without a line the default of the release decides.
"""

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
    Setting,
    SnmpCommunity,
    Storage,
)
from secaudit.network.matches import TCP, Family, Service
from secaudit.text.bilingual import Text
from secaudit.text.secrets import MASK
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.awplus.access_lists import AccessList, AccessLists
from secaudit.vendors.awplus.local_filter import Restriction, local_filter
from secaudit.vendors.awplus.protection import SETTINGS_READ, Protection
from secaudit.vendors.awplus.vocabulary import irrelevance
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger
from secaudit.vendors.common.lines import Node

_HASHED = "8"
_SECRET_WORDS = frozenset(("key", "password", "key-string", "md5", "sha1", "authentication"))
_WELL_KNOWN = frozenset(("public", "private"))


@dataclass(slots=True)
class Management:
    """Collects the management plane while the file is read."""

    lists: AccessLists
    ledger: Ledger
    services: list[ManagementService] = field(default_factory=list)
    communities: list[SnmpCommunity] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)
    syslog: list[Server] = field(default_factory=list)
    ntp: list[Server] = field(default_factory=list)
    dns: list[Server] = field(default_factory=list)
    _stated: dict[str, tuple[bool, SourceLine]] = field(default_factory=dict)
    _ports: dict[str, tuple[Service, ...]] = field(default_factory=dict)
    _off: set[str] = field(default_factory=set)
    _terminals: list[tuple[SourceLine, frozenset[int]]] = field(default_factory=list)
    """`line vty` blocks, with the address families for which they name a list."""
    _every_terminal: set[Family] = field(default_factory=set)
    """Address families of lists for all terminal lines at once."""
    _open_terminals: dict[Family, SourceLine] = field(default_factory=dict)
    """Address families for which a list that is named is not defined."""
    _terminal_lists: list[tuple[AccessList, SourceLine]] = field(default_factory=list)
    _snmp: tuple[bool, SourceLine] | None = None
    _snmp_lines: list[SourceLine] = field(default_factory=list)
    _snmp_users: bool = False
    _snmp_lists: list[AccessList] = field(default_factory=list)
    _snmp_open: bool = False
    """Some community has no list."""
    _snmp_unknown: SourceLine | None = None
    """A community with a list that is not defined, or a line about SNMP that was not understood."""
    _restrictions: list[Restriction] = field(default_factory=list)

    def service(self, node: Node) -> None:
        """`[no] service telnet|ssh|http [ip|ipv6]`."""
        off = node.keys[0] == "no"
        rest = node.keys[3:] if off else node.keys[2:]
        if off and rest:
            # It is off for one address family only.
            self.ledger.leave(node, MANAGEMENT)
            return
        self._stated[node.keys[2 if off else 1]] = (not off, node.line)
        self.ledger.use_all(node)

    def port(self, node: Node) -> None:
        """`telnet|ssh server port N`, `http port N|none`, `http secure-port N|none`."""
        name = "https" if node.keys[1] == "secure-port" else node.keys[0]
        number = node.keys[-1]
        if number == "none":
            self._off.add(name)
        elif number.isascii() and number.isdigit() and len(number) <= 5 and 0 < int(number) < 65536:
            self._ports[name] = (Service(((TCP, TCP),), ((int(number), int(number)),)),)
        else:
            self.ledger.leave(node, MANAGEMENT)
            return
        self.ledger.use_all(node)

    def snmp(self, node: Node) -> None:
        """`[no] snmp-server`, `snmp-server community NAME [ro|rw] [view V] [LIST]`, `snmp-server user|group ...`."""
        keys = node.keys
        if keys[0] == "no" or len(keys) == 1:
            self._snmp = (keys[0] != "no", node.line)
            self.ledger.use_all(node)
        elif keys[1] == "community" and len(keys) > 2:
            self._community(node)
        elif keys[1] in ("user", "group"):
            self._snmp_users = True
            self._snmp_lines.append(node.line)
            self.ledger.use_all(node)
            for index, key in enumerate(keys[:-1]):
                if key in ("auth", "priv") and MASK in node.words[index + 1 :]:
                    self.credentials.append(
                        Credential(f"snmp-server user {key}", self._storage(node, "encrypted"), (node.line,))
                    )
        else:
            self.ledger.leave(node, MANAGEMENT)
            self._snmp_unknown = node.line

    def _storage(self, node: Node, word: str) -> Storage:
        return Storage.REVERSIBLE if word in node.keys else Storage.CLEAR

    def _community(self, node: Node) -> None:
        rest = list(node.words[3:])
        access = ""
        names: list[str] = []
        while rest:
            word = rest.pop(0)
            if word.lower() in ("ro", "rw"):
                access = word.lower()
            elif word.lower() == "view" and rest:
                rest.pop(0)
            else:
                names.append(word)
        held = [one for name in names if (one := self._list(name, 4, node.line)) is not None]
        restricted = bool(held) and len(held) == len(names)
        known = node.keys[2] in _WELL_KNOWN
        self.communities.append(SnmpCommunity(known, access == "rw", restricted, (node.line,)))
        self._snmp_lines.append(node.line)
        self._snmp_lists += held if restricted else []
        self._snmp_open = self._snmp_open or not names
        if names and not restricted:
            self._snmp_unknown = node.line
        if len(names) > 1 or (names and not restricted and not access):
            # A word that is no list may be any of the words that belong here, written wrongly.
            self.ledger.leave(node, MANAGEMENT)
        else:
            self.ledger.use_all(node)

    def _list(self, name: str, family: Family, line: SourceLine) -> AccessList | None:
        """A software list; one that is not defined restricts nothing for sure."""
        found = self.lists.software(name, family)
        if found is None:
            self.ledger.notice(
                NoticeKind.UNDEFINED_FILTER,
                Text(
                    ja=f"アクセスリスト {name} がソフトウェアアクセスリストとして定義されていないため、管理アクセスが制限されているとはいえません",
                    en=f"no software access list {name} is defined, so management access is not known to be restricted",
                ),
                (line,),
            )
        return found

    def terminal_list(self, node: Node) -> None:
        """`vty access-class LIST` and `vty ipv6 access-class LIST`: who may come by telnet and SSH."""
        family: Family = 6 if "ipv6" in node.keys else 4
        self._every_terminal.add(family)
        self._terminal(node, node.words[-1], family)

    def _terminal(self, node: Node, name: str, family: Family) -> None:
        held = self._list(name, family, node.line)
        if held is None:
            self._open_terminals[family] = node.line
        else:
            self._terminal_lists.append((held, node.line))
        self.ledger.use_all(node)

    def line(self, node: Node) -> None:
        """`line con|vty ...`."""
        self.ledger.use(node)
        if node.keys[1:2] == ("vty",):
            words = [child.keys[:2] for child in node.children]
            bound = {4: any(one[0] == "access-class" for one in words), 6: ("ipv6", "access-class") in words}
            self._terminals.append((node.line, frozenset(family for family, listed in bound.items() if listed)))
        for child in node.children:
            keys = child.keys
            if keys[0] == "access-class" and len(keys) in (2, 3) and node.keys[1:2] == ("vty",):
                self._terminal(child, child.words[1], 4)
            elif keys[:2] == ("ipv6", "access-class") and len(keys) in (3, 4) and node.keys[1:2] == ("vty",):
                self._terminal(child, child.words[2], 6)
            elif keys[0] == "exit":
                self.ledger.use_all(child)
            else:
                known = irrelevance().reason("line", keys)
                if known is None:
                    self.ledger.leave(child, MANAGEMENT)
                elif keys[0] == "exec-timeout" or keys[:2] == ("login", "authentication"):
                    self.ledger.use_all(child)
                else:
                    self.ledger.ignore(child, known[1])

    def service_on(self, name: str, node: Node) -> None:
        """A service that one line switches on."""
        self.services.append(ManagementService(name, True, (node.line,)))
        self.ledger.use_all(node)

    def enable(self, node: Node) -> None:
        """`enable password [level N] [8] VALUE`."""
        rest = list(node.words[2:])
        if len(rest) > 1 and rest[0].lower() == "level":
            del rest[:2]
        self._credential(f"enable {node.keys[1]}", rest, node.line)
        self.ledger.use_all(node)

    def username(self, node: Node) -> None:
        """`username NAME [privilege N] password [8] VALUE`."""
        for index, key in enumerate(node.keys[2:], 2):
            if key in ("password", "secret"):
                self._credential(f"username {node.words[1]} {key}", node.words[index + 1 :], node.line)
                break
        self.ledger.use_all(node)

    def shared_key(self, node: Node, block: str = "") -> None:
        """A key or password anywhere else, where the value was masked on reading. `block` is the heading under which it stands."""
        if MASK not in node.words:
            return
        for index, key in enumerate(node.keys):
            rest = node.words[index + 1 :]
            if key in _SECRET_WORDS and MASK in rest[:2]:
                self._credential(block + " ".join(node.words[: index + 1]), rest, node.line)
                self.ledger.use(node)
                return

    def _credential(self, what: str, rest: Sequence[str], line: SourceLine) -> None:
        """`rest` is the type digit, when there is one, and the value. Type 8 is a hash for passwords, reversible for shared keys."""
        if not rest:
            return
        storage = Storage.CLEAR
        if len(rest) > 1 and rest[0] == _HASHED:
            storage = Storage.HASHED if what.startswith(("enable", "username")) else Storage.REVERSIBLE
        elif rest[0].startswith("<"):
            storage = Storage.UNKNOWN  # removed before the file was submitted
        self.credentials.append(Credential(what, storage, (line,)))

    def server(self, kind: str, node: Node) -> None:
        """`log host A`, `ntp server|peer A`, `ip name-server [vrf V] A ...`."""
        rest = list(node.words[2:])
        while len(rest) > 1 and rest[0].lower() in ("vrf", "exclude"):
            del rest[:2]
        held = {"syslog": self.syslog, "ntp": self.ntp, "dns": self.dns}[kind]
        if not rest:
            self.ledger.leave(node, MANAGEMENT)
            return
        first = rest[0]
        for word in rest if kind == "dns" else [first]:
            if kind == "dns" and not ("." in word or ":" in word):
                break  # options
            held.append(Server(word, (node.line,)))
        self.ledger.use_all(node)

    def build(
        self, usual: Mapping[str, bool | None], identity: Sources, protection: Protection, settings: tuple[Setting, ...]
    ) -> ManagementPlane:
        """The finished plane. `usual` is which services are on where the file says nothing (None: not confirmed)."""
        terminal = tuple(line for _, line in self._terminal_lists)
        unbound = self._unbound()
        for name in ("telnet", "ssh"):
            known = self._stated.get(name)
            on = usual[name] if known is None else known[0]
            if on is None:
                continue
            restricted = on and 4 not in unbound and any(one.family == 4 for one, _ in self._terminal_lists)
            told = identity if known is None else (known[1],)
            sources = (*told, *terminal) if restricted else told
            self.services.append(
                ManagementService(
                    name, on, sources, None, known is None, restricted=restricted, listens=self._ports.get(name, ())
                )
            )
            if on and (self._terminal_lists or self._open_terminals):
                lists = tuple({(one.family, one.name): one for one, _ in self._terminal_lists}.values())
                self._restrictions.append(Restriction(name, lists, sources, unbound, self._open_terminals))
        self._web(usual, identity)
        self._snmp_service(usual, identity)
        if "tftp" not in {one.name for one in self.services} and usual["tftp"] is not None:
            self.services.append(ManagementService("tftp", usual["tftp"], identity, by_default=True))
        silent = [name for name in ("telnet", "ssh", "http") if name not in self._stated and usual[name] is None]
        if silent:
            words = ", ".join(f"service {name}" for name in silent)
            text = Text(
                ja=f"{words} の行がありません。既定値は版により異なります",
                en=f"there is no line `{words}`: the default depends on the release",
            )
            self.ledger.doubt(DoubtKind.UNSUPPORTED, text, identity, MANAGEMENT)
        return ManagementPlane(
            tuple(self.services),
            tuple(self.communities),
            tuple(self.credentials),
            tuple(self.syslog),
            tuple(self.ntp),
            tuple(self.dns),
            settings=settings,
            settings_read=SETTINGS_READ,
            accounts=protection.accounts(),
            snmp_users=protection.snmp_users(),
        )

    def _web(self, usual: Mapping[str, bool | None], identity: Sources) -> None:
        """`service http` is the graphical interface, by HTTP and HTTPS; ports that are `none` are closed."""
        stated = self._stated.get("http")
        for name in ("http", "https"):
            on = usual[name] if stated is None else stated[0]
            if on is None:
                continue
            sources = identity if stated is None else (stated[1],)
            on = on and name not in self._off
            self.services.append(
                ManagementService(name, on, sources, None, stated is None, listens=self._ports.get(name, ()))
            )

    def _unbound(self) -> dict[Family, SourceLine]:
        """Address families for which some terminal line has no list, or one that is not defined: by that line anybody may come."""
        unbound = dict(self._open_terminals)
        families: tuple[Family, Family] = (4, 6)
        for line, bound in self._terminals:
            for family in families:
                if family not in bound and family not in self._every_terminal:
                    unbound.setdefault(family, line)
        return unbound

    def _snmp_service(self, usual: Mapping[str, bool | None], identity: Sources) -> None:
        if self._snmp is not None and not self._snmp[0]:
            self.services.append(ManagementService("snmp", False, (self._snmp[1],)))
        elif self._snmp is not None or self._snmp_lines:
            lines = (*(() if self._snmp is None else (self._snmp[1],)), *self._snmp_lines)
            restricted = bool(self.communities) and all(one.restricted for one in self.communities)
            restricted = restricted and not self._snmp_users and self._snmp_unknown is None
            self.services.append(ManagementService("snmp", True, lines, restricted=restricted))
            doubtful = self._snmp_unknown
            if (self._snmp_lists or doubtful is not None) and not self._snmp_users and not self._snmp_open:
                lists = tuple({one.name: one for one in self._snmp_lists}.values())
                unknown: dict[Family, SourceLine] = {} if doubtful is None else {4: doubtful, 6: doubtful}
                self._restrictions.append(Restriction("snmp", lists, lines, undefined=unknown))
        elif self._snmp_unknown is None and usual["snmp"] is not None:
            self.services.append(ManagementService("snmp", usual["snmp"], identity, by_default=True))

    def filter_for_itself(self) -> Filter | None:
        """Who may manage the device; to be asked after `build`."""
        return local_filter(self.services, self._restrictions)
