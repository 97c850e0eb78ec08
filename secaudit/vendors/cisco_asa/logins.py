"""How the ASA protects logins to itself: idle sessions, AAA, banners, local users, users of SNMPv3, failover.

An administrator comes by the console and by whatever admits somebody: `ssh`, `telnet`, `http` with the server on. Read (configuration guides 8.4 and
9.x, "Configuring AAA for System Administrators"): without `aaa authentication X console` a login is by the common password, and `login` gives
local users their rights; `aaa authorization exec` makes `service-type` act. From memory, high: `console timeout` is 0, which is never; failed logins
have no limit unless configured; the level of a user is 2, and without authorisation of commands level 2 is as good as 15, while those of level 0 and 1
only look; up to 9.16 users of level 15 are never locked out; SSH version 1 is answered as well before 9.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from secaudit.network.management import Account, ManagementPlane, Setting, SettingKind, SnmpUser
from secaudit.text.source import Sources
from secaudit.vendors.cisco_asa.vocabulary import Defaults
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.common.settings import is_whole, without_defaults

SETTINGS_READ = frozenset(SettingKind)
_MINUTE = 60
_ALL_RIGHTS, _USUAL_LEVEL, _LOOKS_ONLY = 15, 2, 1
_WAYS = {"ssh": "ssh", "telnet": "telnet", "https": "http"}
"""The services by which administrators come, with the word for them in lines about authentication."""
_LEVELS = {"noauth": (False, False), "auth": (True, False), "priv": (True, True)}
_OWN_SECTIONS = (
    "idle limit",
    "login limit",
    "banner",
    "ssh version",
    "password length",
    "aaa",
    "aaa server",
    "failover",
    "snmp user",
)


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 9 else None


@dataclass(frozen=True, slots=True)
class Logins:
    """Reads the facts of one device; to be asked when everything else of it was read."""

    sections: Sections
    ledger: Ledger
    identity: Sources
    usual: Defaults
    plane: ManagementPlane

    def settings(self) -> tuple[Setting, ...]:
        """All settings. A default is told only where no line that was not understood, or not submitted, could say otherwise."""
        for section in _OWN_SECTIONS:
            for node in self.sections.of(section):
                self.ledger.use_all(node)
        central = list(self._central())
        found = [*self._idle(), *self._attempts(central), *self._banner(), *self._ssh_version()]
        found += [*self._password_length(), *central, *self._redundancy()]
        told = tuple(one for one in found if one.sources)
        return told if is_whole(self.ledger.all_doubts()) else without_defaults(told)

    def _usual(self, kind: SettingKind, value: int | None, where: str = "") -> Iterator[Setting]:
        if value is not None:
            yield Setting(kind, value, self.identity, where, by_default=True)

    @property
    def _in_a_context(self) -> bool:
        """A virtual firewall: its console and its failover are those of the whole device, in another file."""
        return any("<context>" in node.keys for node in self.sections.of("version"))

    def _ways(self) -> Iterator[tuple[str, Sources]]:
        """The services by which somebody is let in, with the lines that say so."""
        for one in self.plane.services:
            if one.enabled and one.name in _WAYS:
                yield one.name, one.sources

    def _last(self, section: str, *start: str) -> Node | None:
        """The last line of a section that begins so; None when there is none or it is taken back."""
        at = len(start)
        for node in reversed(self.sections.of(section)):
            if node.keys[:at] == start:
                return node
            if node.keys[0] == "no" and node.keys[1 : at + 1] == start:
                return None
        return None

    def _idle(self) -> Iterator[Setting]:
        """`ssh timeout N` and `telnet timeout N`, which the device always prints, `http server idle-timeout N`, `console timeout N`, in minutes."""
        kind = SettingKind.IDLE_TIMEOUT
        for way, sources in self._ways():
            if way == "https":
                node = self._last("idle limit", "http", "server", "idle-timeout")
                other = self._last("idle limit", "http", "connection", "idle-timeout")
                if other is not None:
                    # Which of the two ends a session is not confirmed.
                    yield Setting(kind, None, (other.line, *(() if node is None else (node.line,))), way)
                    continue
            else:
                node = self._last("idle limit", way, "timeout")
            yield Setting(kind, None, sources, way, by_default=True) if node is None else _minutes(node, way)
        node = self._last("idle limit", "console", "timeout")
        if node is not None:
            yield _minutes(node, "console")
        elif not self._in_a_context:
            yield from self._usual(kind, self.usual.console_timeout, "console")

    def _attempts(self, central: Iterable[Setting]) -> Iterator[Setting]:
        """`aaa local authentication attempts max-fail N` locks users of the device itself, where it is them who are asked."""
        kind = SettingKind.LOGIN_ATTEMPTS
        elsewhere = any(one.value != 0 for one in central)
        node = self._last("login limit", "aaa", "local", "authentication", "attempts", "max-fail")
        if node is None:
            yield from () if elsewhere else self._usual(kind, self.usual.login_attempts)
            return
        value = _number(node.keys[5]) if len(node.keys) == 6 else None
        asked = all(self._asked(_WAYS[way]) == "LOCAL" for way, _ in self._ways())
        spared = self.usual.all_users_are_locked_out is not True and self._may_have_level_15()
        yield Setting(kind, None if elsewhere or spared or not asked else value, (node.line,))

    def _may_have_level_15(self) -> bool:
        return any(level is None or level == _ALL_RIGHTS for level, _ in self._users().values())

    def _banner(self) -> Iterator[Setting]:
        """`banner login TEXT` and `banner motd TEXT`, one line of text a line; those of other kinds are shown behind the login."""
        kind = SettingKind.LOGIN_BANNER
        held: dict[str, list[Node]] = {}
        for node in self.sections.of("banner"):
            if node.keys[0] == "no":
                for name in node.keys[2:3] or tuple(held):
                    held.pop(name, None)
            elif len(node.keys) > 1:
                held.setdefault(node.keys[1], []).append(node)
        at_login = [node for name in ("login", "motd") for node in held.get(name, ())]
        if any(len(node.keys) > 2 for node in at_login):
            yield Setting(kind, 1, tuple(node.line for node in at_login))
        elif held:
            yield Setting(kind, None, tuple(node.line for nodes in held.values() for node in nodes))
        else:
            yield from self._usual(kind, self.usual.login_banner)

    def _ssh_version(self) -> Iterator[Setting]:
        kind = SettingKind.SSH_VERSION
        node = self._last("ssh version", "ssh", "version")
        if node is not None:
            numbers = [_number(word) for word in " ".join(node.keys[2:]).replace(",", " ").split()]
            known = [number for number in numbers if number in (1, 2)]
            yield Setting(kind, min(known) if known and len(known) == len(numbers) else None, (node.line,))
        elif any(way == "ssh" for way, _ in self._ways()):
            yield from self._usual(kind, self.usual.ssh_version)

    def _password_length(self) -> Iterator[Setting]:
        """`password-policy minimum-length N`. What holds without it differs by release and is not confirmed."""
        node = self._last("password length", "password-policy", "minimum-length")
        if node is not None:
            value = _number(node.keys[2]) if len(node.keys) == 3 else None
            yield Setting(SettingKind.PASSWORD_LENGTH, value, (node.line,))

    def _authentication(self, word: str) -> Node | None:
        """`aaa authentication ssh|telnet|http|serial console GROUP [LOCAL]`."""
        node = self._last("aaa", "aaa", "authentication", word, "console")
        return node if node is not None and len(node.words) > 4 else None

    def _asked(self, word: str) -> str:
        """The group that is asked first, empty where none is."""
        node = self._authentication(word)
        return "" if node is None else node.words[4]

    def _central(self) -> Iterator[Setting]:
        kind = SettingKind.CENTRAL_AUTHENTICATION
        places = [(way, _WAYS[way]) for way, _ in self._ways()]
        places += [] if self._in_a_context else [("console", "serial")]
        by_key = [
            child.line
            for node in self.sections.of("username")
            for child in node.children
            if child.keys[:2] == ("ssh", "authentication")
        ]
        for where, word in places:
            node = self._authentication(word)
            if node is None:
                yield from self._usual(kind, self.usual.central_authentication, where)
            elif node.words[4] == "LOCAL":
                yield Setting(kind, 0, (node.line,), where)
            else:
                servers = self._servers(node.words[4])
                keys = tuple(by_key) if word == "ssh" else ()  # a user with a key of his own is known to the device
                yield Setting(kind, 1 if servers and not keys else None, (node.line, *servers, *keys), where)

    def _servers(self, group: str) -> Sources:
        """The lines that give a group of servers its hosts: `aaa-server GROUP protocol P`, `aaa-server GROUP (IF) host A`."""
        held = [node for node in self.sections.of("aaa server") if node.words[:2] == ("aaa-server", group)]
        hosts = [node.line for node in held if "host" in node.keys[2:-1]]
        kinds = [node.line for node in held if node.keys[2:3] == ("protocol",)]
        return (*kinds[:1], *hosts) if hosts and kinds else ()

    def _redundancy(self) -> Iterator[Setting]:
        """`failover` with its link, or a cluster that is on. What a virtual firewall says of it is in the file of the whole device."""
        kind = SettingKind.REDUNDANCY
        lines = self.sections.of("failover")
        on = [node.line for node in lines if node.keys == ("failover",)]
        off = [node.line for node in lines if node.keys == ("no", "failover")]
        link = [node.line for node in lines if node.keys[:3] == ("failover", "lan", "interface")]
        clusters = [node for node in lines if node.keys[:2] == ("cluster", "group")]
        formed = [child.line for node in clusters for child in node.children if child.keys[0] == "enable"]
        if formed or (on and link and not off):
            yield Setting(kind, 1, (*(node.line for node in clusters), *formed) if formed else (*on, *link))
        elif on or clusters:
            yield Setting(kind, None, (*on, *off, *(node.line for node in clusters)))
        elif off:
            yield Setting(kind, 0, tuple(off))

    def _users(self) -> Mapping[str, tuple[int | None, list[Node]]]:
        """Users by name with their level: `username NAME password P [privilege N]`, and their attributes. The level is None where it is not told."""
        found: dict[str, list[Node]] = {}
        for node in self.sections.of("username"):
            if len(node.words) > 2 and node.keys[0] == "username":
                found.setdefault(node.words[1], []).append(node)
        return {name: (_level(nodes), nodes) for name, nodes in found.items()}

    def accounts(self) -> tuple[Account, ...]:
        """The users. Without authorisation of commands those of level 2 and more have all rights; `service-type` acts only with `aaa authorization exec`."""
        lines = [node for node in self.sections.of("aaa") if node.keys[:2] == ("aaa", "authorization")]
        commands = any(node.keys[2:3] == ("command",) for node in lines)
        by_type = any(node.keys[2:3] == ("exec",) for node in lines)
        found = []
        for name, (level, nodes) in self._users().items():
            types = [child for node in nodes for child in node.children if child.keys[0] == "service-type"]
            right: bool | None
            if by_type and types and types[-1].keys[1:2] != ("admin",):
                right = False
            elif level is None or level == _ALL_RIGHTS:
                right = level == _ALL_RIGHTS or None
            else:
                right = level > _LOOKS_ONLY and not commands
            sources = (*(node.line for node in nodes), *(child.line for child in types))
            found.append(Account(name, right, sources))
        return tuple(found)

    def snmp_users(self) -> tuple[SnmpUser, ...]:
        """Groups with the least that they ask for, and users of groups that no line defines. Those of v1 and v2c neither authenticate nor encrypt."""
        nodes = [node for node in self.sections.of("snmp user") if node.keys[0] != "no" and len(node.words) > 3]
        groups = [node for node in nodes if node.keys[1] == "group"]
        named = {node.words[2] for node in groups}
        found = []
        for node in groups:
            level = "".join(node.keys[4:5]) if node.keys[3] == "v3" else ""
            found.append(SnmpUser(node.words[2], *_LEVELS.get(level, (False, False)), (node.line,)))
        for node in nodes:
            if node.keys[1] == "user" and node.words[3] not in named:
                strong = "v3" in node.keys[4:] and "auth" in node.keys[4:]
                found.append(SnmpUser(node.words[2], strong, strong and "priv" in node.keys[4:], (node.line,)))
        return tuple(found)


def _minutes(node: Node, where: str) -> Setting:
    value = _number(node.keys[-1])
    return Setting(SettingKind.IDLE_TIMEOUT, None if value is None else value * _MINUTE, (node.line,), where)


def _level(nodes: Iterable[Node]) -> int | None:
    """What `privilege N` says; the usual level where a line has a password and says nothing else; None where no line makes the user."""
    level: int | None = None
    for node in nodes:
        if node.keys[2] == "attributes":
            continue
        rest = node.keys[3:] if node.keys[2] == "nopassword" else node.keys[4:]
        if "privilege" in rest[:-1]:
            level = _number(rest[rest.index("privilege") + 1])
        elif level is None:
            level = _USUAL_LEVEL
    return level


def lines_with_secrets(sections: Sections) -> Iterator[Node]:
    """The lines that are read here and may hold a key of their own."""
    for section in ("aaa server", "failover", "snmp user"):
        yield from sections.of(section)
