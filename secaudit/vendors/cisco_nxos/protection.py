"""How NX-OS protects itself: terminal lines, failed logins, passwords, AAA, local users, users of SNMPv3, a second device.

Sources: Nexus 9000 Security Configuration Guide 9.x (`system login block-for`, the default methods of AAA are local, roles), Nexus 7000 Security Command
Reference (`aaa authentication rejected`, `password strength-check`), Nexus 5000 CLI guide ("Configuring SNMP": without enforcement the agent answers
messages that are not encrypted), Unicast Routing Configuration Guide. Whether a session ends without `exec-timeout`, and whether the strength of
passwords is checked without a line, is described in two ways: neither is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from secaudit.network.management import Account, ManagementPlane, Setting, SettingKind, SnmpUser
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.banners import delimiter
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_nxos import redundant_gateways
from secaudit.vendors.cisco_nxos.defaults import Defaults
from secaudit.vendors.cisco_nxos.features import Features
from secaudit.vendors.cisco_nxos.sections import Sections
from secaudit.vendors.cisco_nxos.vocabulary import interface_name
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.settings import is_whole, without_defaults

SETTINGS_READ = frozenset(SettingKind)
_MINUTE = 60
_STRONG_LENGTH = 8
"""Characters that `password strength-check` asks for."""
_ALL_RIGHTS = frozenset(("network-admin", "vdc-admin"))
_ONLY_READ = frozenset(("network-operator", "vdc-operator"))
_OWN_METHODS = frozenset(("local", "none"))
_SERVER_KINDS = {"radius": "radius-server", "tacacs+": "tacacs-server", "ldap": "ldap-server"}
_OFF_AT_FIRST = frozenset(("vrrp", "vrrpv3"))
"""Gateways whose groups do nothing until `no shutdown` stands in them."""
_PLACES = ("console", "vty")
_FIRST_WORDS = frozenset(
    (
        "aaa",
        "banner",
        "ldap-server",
        "login",
        "no",
        "password",
        "radius-server",
        "snmp-server",
        "system",
        "tacacs-server",
        "userpassphrase",
        "vpc",
    )
)
"""Of the global lines that are asked for here."""


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 9 else None


@dataclass(slots=True)
class Protection:
    """Reads the facts of one device; to be asked when everything else of it was read."""

    sections: Sections
    interfaces: Mapping[str, InterfaceFacts]
    features: Features
    ledger: Ledger
    identity: Sources
    usual: Defaults
    _by_word: dict[str, list[Node]] = field(default_factory=lambda: {word: [] for word in _FIRST_WORDS})

    def settings(self, plane: ManagementPlane) -> tuple[Setting, ...]:
        """All settings. A default is told only where no line that was not understood, or not submitted, could say otherwise."""
        central = tuple(self._central())
        found = [*self._places(plane), *self._attempts(central), *self._banner(), *self._ssh_version(plane)]
        found += [*self._password_length(), *central, *self._redundancy()]
        told = tuple(one for one in found if one.sources)
        return told if is_whole(self.ledger.all_doubts()) else without_defaults(told)

    def __post_init__(self) -> None:
        for node in self.sections.of("irrelevant"):
            if node.keys[0] in _FIRST_WORDS:
                self._by_word[node.keys[0]].append(node)

    def _starting(self, *start: str) -> list[Node]:
        """Global lines by their first words; they count as read."""
        found = [node for node in self._by_word[start[0]] if node.keys[: len(start)] == start]
        for node in found:
            self.ledger.use_all(node)
        return found

    def _places(self, plane: ManagementPlane) -> Iterator[Setting]:
        """`exec-timeout MINUTES` of `line console` and `line vty`; of the last one that stands there. When NX-API forgets somebody is not told."""
        kind = SettingKind.IDLE_TIMEOUT
        for place in _PLACES:
            nodes = [node for node in self.sections.of("line") if node.keys[1:2] == (place,)]
            told = [child for node in nodes for child in node.children if "exec-timeout" in child.keys[:2]]
            for child in told:
                self.ledger.use_all(child)
            value = None
            if told and len(told[-1].keys) == 2 and told[-1].keys[0] != "no":
                number = _number(told[-1].keys[1])
                value = None if number is None else number * _MINUTE
            lines = tuple(child.line for child in told[-1:]) or tuple(node.line for node in nodes) or self.identity
            yield Setting(kind, value, lines, f"line {place}", by_default=not told)
        web = [one for one in plane.services if one.name in ("http", "https") and one.enabled]
        if web:
            yield Setting(kind, None, web[0].sources, "nxapi", by_default=True)

    def _attempts(self, central: tuple[Setting, ...]) -> Iterator[Setting]:
        """`[system] login block-for S attempts N within S`; `aaa authentication rejected N in S ban S`, which is about local users.

        The strictest one counts. `ssh login-attempts` ends a connection only.
        """
        told: list[tuple[int | None, Node]] = []
        for node in (*self._starting("login", "block-for"), *self._starting("system", "login", "block-for")):
            rest = node.keys[node.keys.index("block-for") + 1 :]
            sure = len(rest) == 5 and rest[1] == "attempts" and rest[3] == "within"
            told.append((_number(rest[2]) if sure else None, node))
        local = bool(central) and all(one.value == 0 for one in central)
        for node in self._starting("aaa", "authentication", "rejected"):
            sure = local and len(node.keys) == 8 and node.keys[4] == "in" and node.keys[6] == "ban"
            told.append((_number(node.keys[3]) if sure else None, node))
        if told:
            known = [value for value, _ in told if value is not None]
            value = min(known) if len(known) == len(told) else None
            yield Setting(SettingKind.LOGIN_ATTEMPTS, value, tuple(node.line for _, node in told))

    def _banner(self) -> Iterator[Setting]:
        """`banner motd`. What is shown without a line differs by model and release."""
        for node in self._starting("banner", "motd")[-1:]:
            text = "".join(node.words[2:])
            more = delimiter(node) is not None
            yield Setting(SettingKind.LOGIN_BANNER, 1 if more or len(set(text)) > 1 else None, (node.line,))

    def _ssh_version(self, plane: ManagementPlane) -> Iterator[Setting]:
        if self.usual.ssh_version is not None and any(one.name == "ssh" and one.enabled for one in plane.services):
            yield Setting(SettingKind.SSH_VERSION, self.usual.ssh_version, self.identity, by_default=True)

    def _password_length(self) -> Iterator[Setting]:
        """`userpassphrase min-length N [max-length N]`, `[no] password strength-check`."""
        lengths = [
            (node, _number(node.keys[2]) if node.keys[1:2] == ("min-length",) and len(node.keys) > 2 else None)
            for node in self._starting("userpassphrase")
            if node.keys[1:2] != ("max-length",)
        ]
        checked = self._starting("password", "strength-check")
        unchecked = self._starting("no", "password", "strength-check")
        lines = (*(node.line for node, _ in lengths), *(node.line for node in (*checked, *unchecked)))
        value: int | None = None
        if lengths:
            value = lengths[-1][1]
            if value is not None and value < _STRONG_LENGTH and not unchecked:
                value = None  # which of the two counts is not confirmed
        elif bool(checked) != bool(unchecked):
            value = _STRONG_LENGTH if checked else 0
        if lines:
            yield Setting(SettingKind.PASSWORD_LENGTH, value, lines)

    # --- who answers for a login

    def _central(self) -> Iterator[Setting]:
        """`aaa authentication login default|console METHODS`; a console that names none asks as the others do."""
        kind = SettingKind.CENTRAL_AUTHENTICATION
        methods = {
            node.keys[3]: node
            for node in self._starting("aaa", "authentication", "login")
            if node.keys[3:4] in (("default",), ("console",)) and len(node.keys) > 4 and node.keys[4] != "fallback"
        }
        if not methods:
            yield Setting(kind, 0, self.identity, by_default=True)
        for place, node in methods.items():
            yield self._by_methods(node, f"login {place}")
        if list(methods) == ["console"]:
            yield Setting(kind, 0, self.identity, "login default", by_default=True)

    def _by_methods(self, node: Node, where: str) -> Setting:
        kind = SettingKind.CENTRAL_AUTHENTICATION
        if set(node.keys[4:]) <= _OWN_METHODS:
            return Setting(kind, 0, (node.line,), where)
        servers = self._servers(node.words[5]) if node.keys[4] == "group" and len(node.keys) > 5 else ()
        return Setting(kind, 1 if servers else None, (node.line, *servers), where)

    def _servers(self, name: str) -> Sources:
        """The lines that give a group of servers its members; none where it has none, or where its feature is not on."""
        groups = self._starting("aaa", "group", "server")
        if name.lower() in _SERVER_KINDS:
            hosts = [node.line for node in self._starting(_SERVER_KINDS[name.lower()], "host")]
            return self._switched_on(name.lower(), tuple(hosts))
        for node in groups:
            if node.words[4:5] == (name,):
                members = tuple(child.line for child in node.children if child.keys[0] == "server")
                return self._switched_on(node.keys[3], (node.line, *members) if members else ())
        return ()

    def _switched_on(self, protocol: str, lines: Sources) -> Sources:
        if protocol == "radius" or not lines:
            return lines
        feature = self.features.line(protocol)
        return (*lines, feature) if feature is not None and self.features.on(protocol) else ()

    def accounts(self) -> tuple[Account, ...] | None:
        """`username NAME ... role ROLE`; a device always has a user, so without one the lines were left out."""
        found: dict[str, list[Node]] = {}
        for node in self.sections.of("username"):
            if len(node.words) > 1:
                found.setdefault(node.words[1], []).append(node)
        if not found:
            return None
        return tuple(
            Account(name, self._privileged(nodes), tuple(node.line for node in nodes)) for name, nodes in found.items()
        )

    def _privileged(self, nodes: list[Node]) -> bool | None:
        """By the roles, of which the widest counts. With `feature privilege` a password may raise a user; roles of one's own are not looked at."""
        roles = {
            node.words[index + 1]
            for node in nodes
            for index, key in enumerate(node.keys[:-1])
            if key == "role" and index > 1
        }
        if roles & _ALL_RIGHTS or "priv-15" in roles:
            return True
        return False if roles and roles <= _ONLY_READ and not self.features.on("privilege") else None

    def snmp_users(self, plane: ManagementPlane) -> tuple[SnmpUser, ...]:
        """`snmp-server user NAME [ROLE] [auth ... [priv ...]]`; encryption is asked for only where it is enforced, for the user or for all."""
        if any(one.name == "snmp" and not one.enabled for one in plane.services):
            return ()
        everybody = self._starting("snmp-server", "globalenforcepriv")
        found: dict[str, list[Node]] = {}
        for node in self.sections.of("snmp"):
            if len(node.words) > 2:
                found.setdefault(node.words[2], []).append(node)
        return tuple(_snmp_user(name, nodes, everybody) for name, nodes in found.items())

    def _redundancy(self) -> Iterator[Setting]:
        """HSRP, VRRP or GLBP at an interface that is up. A pair of switches (vPC) and gateways that all switches have (anycast) are not told."""
        kind = SettingKind.REDUNDANCY
        shared: list[SourceLine] = []
        maybe: list[SourceLine] = []
        for node in self.sections.of("interface"):
            for child in node.children:
                if child.keys[0] == "fabric" and "anycast-gateway" in child.keys:
                    maybe.append(child.line)
                if child.keys[0] not in redundant_gateways.PROTOCOLS or not _gives_address(child):
                    continue
                facts = self.interfaces.get(_name(node))
                acts = facts is not None and facts.enabled and self.features.on(child.keys[0])
                (shared if acts and _is_up(child) else maybe).append(child.line)
        maybe += [node.line for node in self._starting("vpc", "domain")]
        if shared:
            yield Setting(kind, 1, tuple(shared))
        elif maybe:
            yield Setting(kind, None, tuple(maybe), by_default=True)
        else:
            yield Setting(kind, 0, self.identity, by_default=True)


def _snmp_user(name: str, nodes: list[Node], everybody: list[Node]) -> SnmpUser:
    words = {key for node in nodes for key in node.keys[3:]}
    encrypted = {"auth", "priv"} <= words and (bool(everybody) or "enforcepriv" in words)
    lines = tuple(node.line for node in (*nodes, *everybody))
    return SnmpUser(name, "auth" in words, encrypted, lines)


def _gives_address(node: Node) -> bool:
    return any(child.keys[0] in ("ip", "ipv6", "address") for child in node.below())


def _is_up(node: Node) -> bool:
    """Whether a group acts: that of VRRP only when a line says so."""
    told = [child.keys[0] == "no" for child in node.below() if child.keys[-1] == "shutdown"]
    return told[-1] if told else node.keys[0] not in _OFF_AT_FIRST


def _name(node: Node) -> str:
    try:
        return interface_name(node.words[1:])[0]
    except ValueError:
        return ""
