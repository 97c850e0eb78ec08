"""How IOS protects logins to itself: terminal lines, AAA, banners, local users, SNMP groups, a redundant gateway.

Read: `exec-timeout` is 10 minutes unless configured and never with 0 0 (IOS in a Nutshell); `login block-for` is off unless configured (CIS benchmark
of IOS 16); `security authentication failure rate` delays logins from 12.3(1) on. From memory, high: `no exec-timeout` is never, `aaa local authentication
attempts max-fail` locks local users, methods of `aaa authentication login` are tried in order, the level of a user is 1 unless configured.
What stands on a terminal line is told of that place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secaudit.network.management import Account, ManagementPlane, Setting, SettingKind, SnmpUser
from secaudit.text.source import Sources
from secaudit.vendors.cisco.interface_facts import InterfaceFacts
from secaudit.vendors.cisco.vocabulary import interface_name
from secaudit.vendors.cisco_ios.vocabulary import Defaults
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.common.settings import is_whole, without_defaults

SETTINGS_READ = frozenset(SettingKind)
_MINUTE = 60
_ALL_RIGHTS = 15
_BANNERS_ELSEWHERE = frozenset(("exec", "incoming", "slip-ppp", "prompt-timeout", "config-save"))
"""Messages that are not shown before or at the login of an administrator."""
_SERVER_GROUPS = frozenset(("radius", "tacacs+", "ldap"))
_OWN_METHODS = frozenset(("local", "local-case", "line", "enable", "none"))
_GATEWAYS = frozenset(("standby", "vrrp", "glbp"))
_LEVELS = {"noauth": (False, False), "auth": (True, False), "priv": (True, True)}


def is_login_setting(keys: tuple[str, ...]) -> bool:
    """Whether a line below `line ...` is one that is read here."""
    rest = keys[1:] if keys[0] == "no" and len(keys) > 1 else keys
    if rest[0] == "exec-timeout":
        return keys == ("no", "exec-timeout") or _idle_seconds(keys) is not None
    if rest[0] == "privilege":
        return rest[1:2] == ("level",) and len(rest) == 3 and _number(rest[2]) is not None
    return rest in (("exec",), ("login",), ("login", "local"), ("motd-banner",)) or (
        rest[:2] == ("login", "authentication") and len(rest) == 3
    )


def _idle_seconds(keys: tuple[str, ...]) -> int | None:
    """`exec-timeout MINUTES [SECONDS]`."""
    numbers = [_number(word) for word in keys[1:]]
    if keys[0] == "no" or len(numbers) not in (1, 2) or None in numbers:
        return None
    return sum(number * unit for number, unit in zip(numbers, (_MINUTE, 1), strict=False) if number is not None)


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 9 else None


@dataclass(frozen=True, slots=True)
class Logins:
    """Reads the facts of one device; to be asked when everything else of it was read."""

    sections: Sections
    interfaces: Mapping[str, InterfaceFacts]
    ledger: Ledger
    identity: Sources
    usual: Defaults

    def settings(self, plane: ManagementPlane) -> tuple[Setting, ...]:
        """All settings. A default is told only where no line that was not understood, or not submitted, could say otherwise."""
        found = [*self._places(plane), *self._attempts(), *self._banner(), *self._ssh_version(plane)]
        found += [*self._password_length(), *self._central(plane), *self._redundancy()]
        told = tuple(one for one in found if one.sources)
        return told if is_whole(self.ledger.all_doubts()) else without_defaults(told)

    def _usual(self, kind: SettingKind, value: int | None) -> Setting:
        return Setting(kind, value, self.identity, by_default=True)

    def _terminals(self) -> Iterator[Node]:
        """The lines by which somebody can log in."""
        for node in self.sections.of("line"):
            settings = {child.keys for child in node.children}
            closed = ("transport", "input", "none") in settings and node.keys[1:2] == ("vty",)
            if ("no", "exec") not in settings and not closed:
                yield node

    def _places(self, plane: ManagementPlane) -> Iterator[Setting]:
        kind = SettingKind.IDLE_TIMEOUT
        for node in self._terminals():
            where = " ".join(node.words)
            told = [child for child in node.children if "exec-timeout" in child.keys[:2]]
            if not told:
                unread = any(child.line.number in self.ledger.unread for child in node.children)
                value = None if unread else self.usual.exec_timeout
                yield Setting(kind, value, (node.line, *self.identity), where, by_default=not unread)
                continue
            last = told[-1]
            value = 0 if last.keys == ("no", "exec-timeout") else _idle_seconds(last.keys)
            yield Setting(kind, value, (last.line,), where)
        if not any(node.keys[1:2] == ("vty",) for node in self.sections.of("line")):
            yield Setting(kind, None, self.identity, "line vty", by_default=True)
        # A browser sends the password again with every request: when such a session ends is not told by any line.
        web = [one for one in plane.services if one.name in ("http", "https") and one.enabled]
        silent = not any(one.name == "http" for one in plane.services)
        if web or silent:
            sources = tuple(dict.fromkeys(line for one in web for line in one.sources)) or self.identity
            limits = self._irrelevant(("ip", "http", "session-idle-timeout"), ("ip", "http", "timeout-policy"))
            yield Setting(kind, None, limits or sources, "ip http", by_default=not limits)

    def _irrelevant(self, *starts: tuple[str, ...]) -> Sources:
        """Lines that begin so and whose effect is not told by us."""
        nodes = self.sections.of("irrelevant")
        return tuple(node.line for node in nodes if any(node.keys[: len(start)] == start for start in starts))

    def _attempts(self) -> Iterator[Setting]:
        """`login block-for S attempts N within S`, `aaa local authentication attempts max-fail N`, `security authentication failure rate N log`.

        The strictest one counts. Whether the last one acts without a line is not confirmed, so no default is told.
        """
        told: list[tuple[int | None, Node]] = []
        for node in self.sections.of("login limit"):
            self.ledger.use_all(node)
            keys = node.keys
            if keys[0] == "no":
                continue
            if keys[0] == "login":
                told.append((_number(keys[4]) if keys[3:4] == ("attempts",) and len(keys) == 7 else None, node))
            elif keys[0] == "security":
                told.append((_number(keys[4]) if len(keys) in (5, 6) else None, node))
            elif self._local_lists():
                told.append((_number(keys[5]) if len(keys) == 6 else None, node))
            else:
                told.append((None, node))
        sources = tuple(node.line for _, node in told)
        if told:
            known = [value for value, _ in told if value is not None]
            yield Setting(SettingKind.LOGIN_ATTEMPTS, min(known) if len(known) == len(told) else None, sources)

    def _local_lists(self) -> bool:
        """Whether every list of methods asks the users of the device itself first."""
        lists = self._method_lists()
        return (
            self._new_model() is not None and bool(lists) and all(one.keys[4:5] == ("local",) for one in lists.values())
        )

    def _banner(self) -> Iterator[Setting]:
        kind = SettingKind.LOGIN_BANNER
        told = [node for node in self.sections.of("banner") if node.keys[0] != "no"]
        for node in self.sections.of("banner"):
            self.ledger.use_all(node)
        at_login = [node for node in told if node.keys[1] == "login"]
        odd = [
            node
            for node in self.sections.of("irrelevant")
            if node.keys[0] == "banner" and node.keys[1:2] and node.keys[1] not in _BANNERS_ELSEWHERE
        ]
        hidden = any(child.keys == ("no", "motd-banner") for node in self._terminals() for child in node.children)
        if at_login or (told and not hidden):
            yield Setting(kind, 1, tuple(node.line for node in at_login or told))
        elif told or odd:
            yield Setting(kind, None, tuple(node.line for node in (*told, *odd)))
        else:
            yield self._usual(kind, self.usual.login_banner)

    def _ssh_version(self, plane: ManagementPlane) -> Iterator[Setting]:
        kind = SettingKind.SSH_VERSION
        told = self.sections.of("ssh version")
        for node in told:
            self.ledger.use_all(node)
        if told and told[-1].keys[0] != "no":
            value = _number(told[-1].keys[3]) if len(told[-1].keys) == 4 else None
            yield Setting(kind, value if value in (1, 2) else None, (told[-1].line,))
        elif self.usual.ssh_version is not None and any(one.name == "ssh" and one.enabled for one in plane.services):
            yield self._usual(kind, self.usual.ssh_version)

    def _password_length(self) -> Iterator[Setting]:
        """`security passwords min-length N`. What holds without it is described in two ways: nothing is told then.

        Nor is it where users have policies of their own (`aaa common-criteria policy`).
        """
        policies = (
            *self._irrelevant(("aaa", "common-criteria")),
            *(node.line for node in self.sections.of("username") if "common-criteria-policy" in node.keys),
        )
        if policies:
            yield Setting(SettingKind.PASSWORD_LENGTH, None, policies, "common-criteria")
        for node in self.sections.of("password length")[-1:]:
            value = _number(node.keys[3]) if len(node.keys) == 4 else None
            if node.keys[0] != "no":
                yield Setting(SettingKind.PASSWORD_LENGTH, value, (node.line,))
        for node in self.sections.of("password length"):
            self.ledger.use_all(node)

    def _new_model(self) -> Node | None:
        held = [node for node in self.sections.of("aaa") if "new-model" in node.keys]
        return held[-1] if held and held[-1].keys[0] != "no" else None

    def _method_lists(self) -> dict[str, Node]:
        """The lists of methods for logins, by name."""
        return {
            node.words[3]: node
            for node in self.sections.of("aaa")
            if node.keys[:3] == ("aaa", "authentication", "login") and len(node.keys) > 4
        }

    def _central(self, plane: ManagementPlane) -> Iterator[Setting]:
        kind = SettingKind.CENTRAL_AUTHENTICATION
        for section in ("aaa", "aaa server", "server group"):
            for node in self.sections.of(section):
                self.ledger.use_all(node)
        if self._new_model() is None:
            odd = [
                child
                for node in self._terminals()
                for child in node.children
                if child.keys[0] == "login" and child.keys[1:] not in ((), ("local",))
            ]
            off = tuple(node.line for node in self.sections.of("aaa") if node.keys == ("no", "aaa", "new-model"))
            if odd:
                yield Setting(kind, None, tuple(child.line for child in odd))
            elif off:
                yield Setting(kind, 0, off)
            else:
                yield self._usual(kind, self.usual.central_authentication)
            return
        for node in self._terminals():
            named = [child for child in node.children if child.keys[:2] == ("login", "authentication")]
            name = named[-1].words[-1] if named else "default"
            yield self._by_list(name, (named[-1] if named else node), " ".join(node.words))
        if not any(node.keys[1:2] == ("vty",) for node in self.sections.of("line")):
            yield Setting(kind, None, self.identity, "line vty", by_default=True)
        web = [one for one in plane.services if one.name in ("http", "https") and one.enabled]
        if web:
            yield Setting(kind, None, web[0].sources, "ip http")

    def _by_list(self, name: str, node: Node, where: str) -> Setting:
        kind = SettingKind.CENTRAL_AUTHENTICATION
        chosen = self._method_lists().get(name)
        if chosen is None:
            new_model = self._new_model()
            lines = (node.line,) if new_model is None else (node.line, new_model.line)
            # Without a list called `default` the users of the device are asked.
            return Setting(kind, 0 if name == "default" else None, lines, where)
        sources = (node.line, chosen.line)
        methods = chosen.keys[4:]
        if set(methods) <= _OWN_METHODS:
            return Setting(kind, 0, sources, where)
        servers = self._servers(chosen.words[5]) if methods[0] == "group" and len(methods) > 1 else ()
        return Setting(kind, 1 if servers else None, (*sources, *servers), where)

    def _servers(self, group: str) -> Sources:
        """The lines that give a group of servers its members; none where it has none that is known."""
        hosts = tuple(node.line for node in self.sections.of("aaa server") if node.keys[0] != "no")
        if group.lower() in _SERVER_GROUPS:
            kind = group.lower().rstrip("+")
            return tuple(line for line in hosts if line.text.strip().lower().startswith(kind))
        for node in self.sections.of("server group"):
            if node.words[4:5] == (group,):
                members = tuple(child.line for child in node.children if child.keys[0].startswith("server"))
                return (node.line, *members) if members else ()
        return ()

    def _redundancy(self) -> Iterator[Setting]:
        kind = SettingKind.REDUNDANCY
        shared = []
        for node in self.sections.of("interface"):
            held = [child for child in node.children if child.keys[0] in _GATEWAYS and _gives_address(child)]
            facts = self.interfaces.get(_name(node)) if held else None
            if facts is not None and facts.enabled:
                shared += [child.line for child in held]
        maybe = _perhaps_doubled(self.sections.of("irrelevant"))
        if shared:
            yield Setting(kind, 1, tuple(shared))
        elif maybe:
            yield Setting(kind, None, maybe, by_default=True)
        else:
            yield self._usual(kind, self.usual.redundancy)

    def accounts(self) -> tuple[Account, ...]:
        """`username NAME [privilege N] ...`. A line that gives its users all rights makes those without a level of their own uncertain."""
        raised = any(
            child.keys[:2] == ("privilege", "level") for node in self.sections.of("line") for child in node.children
        )
        found: dict[str, list[Node]] = {}
        for node in self.sections.of("username"):
            if len(node.words) > 1:
                found.setdefault(node.words[1], []).append(node)
        return tuple(
            Account(name, _privileged(nodes, raised), tuple(node.line for node in nodes))
            for name, nodes in found.items()
        )

    def snmp_users(self) -> tuple[SnmpUser, ...]:
        """Groups with the least that they ask for, and users of groups that no line defines; users are mostly not printed.

        Those of a group of v1 or v2c neither authenticate nor encrypt.
        """
        found: list[SnmpUser] = []
        groups = [node for node in self.sections.of("snmp") if node.keys[1] == "group" and len(node.keys) > 3]
        for node in groups:
            level = "".join(node.keys[4:5]) if node.keys[3] == "v3" else ""
            found.append(SnmpUser(node.words[2], *_LEVELS.get(level, (False, False)), (node.line,)))
        named = {node.words[2] for node in groups}
        for node in self.sections.of("snmp"):
            if node.keys[1] == "user" and len(node.words) > 3 and node.words[3] not in named:
                options = node.keys[4:]
                strong = "v3" in options and "auth" in options
                found.append(SnmpUser(node.words[2], strong, strong and "priv" in options, (node.line,)))
        return tuple(found)


def _privileged(nodes: list[Node], raised: bool) -> bool | None:
    levels, viewed = [], False
    for node in nodes:
        before = node.keys[2 : next((at for at, key in enumerate(node.keys) if key in ("password", "secret")), None)]
        viewed = viewed or "view" in before or "aaa" in before
        if "privilege" in before[:-1]:
            levels.append(_number(before[before.index("privilege") + 1]))
    if viewed or None in levels[-1:]:
        return None
    if levels:
        return levels[-1] == _ALL_RIGHTS
    return None if raised else False


def _gives_address(node: Node) -> bool:
    """`standby [N] ip [A]`, `vrrp N ip A`, `vrrp N address-family ipv4`."""
    return any(word in node.keys[1:3] for word in ("ip", "ipv6", "address-family"))


def _perhaps_doubled(nodes: list[Node]) -> Sources:
    """The lines of a stack or of a second supervisor: a member that is provisioned need not be there.

    A switch that stands alone is provisioned, too, and routers print `redundancy` with `mode none` or nothing below.
    """
    members = [node for node in nodes if node.keys[0] == "switch"]
    if len(members) == 1 and members[0].keys[2:3] == ("provision",):
        members = []
    pairs = [node for node in nodes if node.keys[0] == "stackwise-virtual"]
    pairs += [
        node
        for node in nodes
        if node.keys[0] == "redundancy"
        and (len(node.keys) > 1 or {one.keys for one in node.children} - {("mode", "none")})
    ]
    return tuple(node.line for node in (*members, *pairs))


def _name(node: Node) -> str:
    try:
        return interface_name(node.words[1:])[0]
    except ValueError:
        return "".join(node.words[1:2])
