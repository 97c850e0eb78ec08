"""How Junos protects logins to itself: classes of users, servers that authenticate, SNMPv3, the cluster.

Read (CLI reference): "idle-timeout" is of a class, the one of `system login` is for root and for classes without their own; "retry-options": only with
`lockout-period` is anybody locked out, else the device delays for seconds and disconnects; "authentication-order": methods are tried one after the
other until a password fits, so that with `password` among them a user of the device needs no server; "Special Requirements for Plain-Text
Passwords". From memory, high: the classes `super-user`, `operator`, `read-only` and `unauthorized`; a user without `authentication` lends his class
to those whom a server lets in; `announcement` is shown behind the login; root may use the pages of J-Web, and SSH unless `root-login` denies it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from secaudit.network.device import Doubt
from secaudit.network.management import Account, Setting, SettingKind, SnmpUser
from secaudit.text.secrets import MASK
from secaudit.text.source import Sources
from secaudit.vendors.common.settings import is_whole, without_defaults
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.interfaces import Ports
from secaudit.vendors.juniper_srx.tree import Statement, join

SETTINGS_READ = frozenset(SettingKind)
_MINUTE = 60
_PREDEFINED = {"super-user": True, "operator": False, "read-only": False, "unauthorized": False}
_SERVERS = {"radius": "radius-server", "tacplus": "tacplus-server"}
_LEVELS = {"none": (False, False), "authentication": (True, False), "privacy": (True, True)}
_OWN = (
    ("system", "login"),
    ("system", "root-authentication"),
    ("system", "authentication-order"),
    ("system", "radius-server"),
    ("system", "tacplus-server"),
    ("system", "services", "web-management", "session"),
    ("snmp", "v3"),
    ("chassis", "cluster"),
)
"""What is read here, whole."""


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 9 else None


def sure(settings: tuple[Setting, ...], doubts: list[Doubt]) -> tuple[Setting, ...]:
    """Without the defaults where a line that was not understood, or is missing, could say otherwise."""
    return settings if is_whole(doubts) else without_defaults(settings)


@dataclass(frozen=True, slots=True)
class Logins:
    """Reads the facts of one device from its statements."""

    scope: Scope
    ports: Ports

    def settings(self) -> tuple[Setting, ...]:
        """All settings. A file without `system` is a part of a configuration: it tells no defaults."""
        for path in _OWN:
            found = self.scope.root.get(*path)
            if found is not None:
                found.use_all()
        held = (
            *self._idle(),
            *self._attempts(),
            *self._banner(),
            *self._ssh_version(),
            *self._password_length(),
            *self._central(),
            *self._redundancy(),
        )
        silent = self.scope.root.get("system") is None
        told = tuple(one for one in held if one.sources)
        return without_defaults(told) if silent else told

    def _usual(self, kind: SettingKind, value: int, where: str = "") -> Setting:
        return Setting(kind, value, self.scope.identity, where, by_default=True)

    @property
    def _login(self) -> Statement:
        return self.scope.section("system", "login")

    def _on(self, *path: str) -> Statement | None:
        return self.scope.root.get("system", "services", *path)

    def _said(self, kind: SettingKind, holder: Statement, word: str, where: str = "", unit: int = 1) -> Setting:
        """The number behind a word."""
        value = _number(holder.value(word))
        return Setting(kind, None if value is None else value * unit, holder.children[word].sources(), where)

    def _idle(self) -> Iterator[Setting]:
        """`idle-timeout N`, in minutes: of the classes that users are in, of root, of the pages."""
        kind, login = SettingKind.IDLE_TIMEOUT, self._login
        used = {one.value("class") for one in login.below("user")} - {"", "unauthorized"}
        for name in (*sorted(used), "root"):
            where = "root" if name == "root" else f"class {name}"
            own = login.get("class", name) if name != "root" else None
            if own is not None and "idle-timeout" in own.children:
                yield self._said(kind, own, "idle-timeout", where, _MINUTE)
            elif "idle-timeout" in login.children:
                yield self._said(kind, login, "idle-timeout", where, _MINUTE)
            elif own is None and name not in (*_PREDEFINED, "root"):
                yield Setting(kind, None, self._class_lines(name), where)
            else:
                yield self._usual(kind, self.scope.defaults.idle_timeout, where)
        pages = [found for word in ("http", "https") if (found := self._on("web-management", word)) is not None]
        if pages:
            session = self._on("web-management", "session")
            if session is not None and "idle-timeout" in session.children:
                yield self._said(kind, session, "idle-timeout", "web-management", _MINUTE)
            else:
                yield Setting(kind, None, join(*(one.sources() for one in pages)), "web-management", by_default=True)

    def _class_lines(self, name: str) -> Sources:
        return join(*(one.sources() for one in self._login.below("user") if one.value("class") == name))

    def _attempts(self) -> Iterator[Setting]:
        """`retry-options`: a lock after `tries-before-disconnect` with `lockout-period`; whether delays of seconds are a limit is not for us to say."""
        options = self._login.get("retry-options")
        if options is None:
            return
        tries = _number(options.value("tries-before-disconnect"))
        locked = "lockout-period" in options.children and _number(options.value("lockout-period")) is not None
        yield Setting(SettingKind.LOGIN_ATTEMPTS, tries if locked else None, options.sources())

    def _banner(self) -> Iterator[Setting]:
        kind, login = SettingKind.LOGIN_BANNER, self._login
        for word, value in (("message", 1), ("announcement", None)):
            found = login.get(word)
            if found is not None:
                yield Setting(kind, value if found.children else None, found.sources())
                return
        yield self._usual(kind, self.scope.defaults.login_banner)

    def _ssh_version(self) -> Iterator[Setting]:
        kind, ssh = SettingKind.SSH_VERSION, self._on("ssh")
        if ssh is None:
            return
        said = ssh.values("protocol-version")
        if said:
            numbers = [{"v1": 1, "v2": 2}.get(word, 0) for word in said]
            yield Setting(kind, min(numbers) or None, ssh.children["protocol-version"].sources())
        elif self.scope.defaults.ssh_version is not None:
            yield self._usual(kind, self.scope.defaults.ssh_version)

    def _password_length(self) -> Iterator[Setting]:
        kind, rules = SettingKind.PASSWORD_LENGTH, self._login.get("password")
        if rules is not None and "minimum-length" in rules.children:
            yield self._said(kind, rules, "minimum-length")
        elif rules is not None and MASK in rules.children:
            yield Setting(kind, None, rules.sources())  # the line lost its words when it was masked
        elif self.scope.root.get("system", "fips") is None:
            yield self._usual(kind, self.scope.defaults.password_length)

    def _central(self) -> Iterator[Setting]:
        """`authentication-order`: a server answers for everybody where none of the device's own users can do without it."""
        kind = SettingKind.CENTRAL_AUTHENTICATION
        order = self.scope.root.get("system", "authentication-order")
        apart = self._on("ssh", "authentication-order")
        if apart is not None:
            yield Setting(kind, None, join(apart.sources(), () if order is None else order.sources()))
        elif order is None:
            yield self._usual(kind, self.scope.defaults.central_authentication)
        else:
            methods = [one.word for one in order]
            yield self._by_order(methods, order.sources())

    def _by_order(self, methods: list[str], lines: Sources) -> Setting:
        kind = SettingKind.CENTRAL_AUTHENTICATION
        if methods == ["password"]:
            return Setting(kind, 0, lines)
        servers = [
            found
            for word in methods
            if word in _SERVERS and (found := self.scope.root.get("system", _SERVERS[word])) is not None
        ]
        known = bool(methods) and len(servers) == len([word for word in methods if word != "password"])
        own = [one for one in self._login.below("user") if _has_secret(one)]
        # A key of a user is enough, and so is his password where it is among the methods.
        freed = [one for one in own if "password" in methods or _has_key(one)]
        root = self.scope.root.get("system", "root-authentication")
        if root is not None and _has_key_below(root) and self._root_comes_in(root):
            freed.append(root)
        if not known or methods[0] == "password" or freed:
            return Setting(kind, None, join(lines, *(one.sources() for one in freed)))
        return Setting(kind, 1, join(lines, *(one.sources() for one in servers)))

    def _redundancy(self) -> Iterator[Setting]:
        """A cluster with its groups and both fabric links, or an address that another router may hold as well."""
        kind, root = SettingKind.REDUNDANCY, self.scope.root
        shared = [
            line
            for one in self.ports.interfaces.values()
            if one.enabled
            for held in one.addresses
            if held.shared
            for line in held.sources
        ]
        cluster = root.get("chassis", "cluster")
        fabric = [found for name in ("fab0", "fab1") if (found := root.get("interfaces", name)) is not None]
        maybe = [
            found
            for path in (("chassis", "high-availability"), ("virtual-chassis",))
            if (found := root.get(*path)) is not None
        ]
        if shared:
            yield Setting(kind, 1, join(tuple(shared)))
        elif cluster is not None and len(fabric) == 2 and "redundancy-group" in cluster.children:
            yield Setting(kind, 1, join(cluster.sources(), *(one.sources() for one in fabric)))
        elif cluster is not None or fabric or maybe:
            held = (*maybe, *fabric, *(() if cluster is None else (cluster,)))
            yield Setting(kind, None, join(*(one.sources() for one in held)))
        elif root.get("interfaces") is not None:
            yield self._usual(kind, self.scope.defaults.redundancy)

    def accounts(self) -> tuple[Account, ...]:
        """The users who can prove themselves to the device, and root where anything but the console lets it in."""
        order = self.scope.root.get("system", "authentication-order")
        asked = order is not None and any(one.word in _SERVERS for one in order)
        found = []
        root = self.scope.root.get("system", "root-authentication")
        if root is not None and self._root_comes_in(root):
            found.append(Account("root", True, root.sources()))
        for one in self._login.below("user"):
            if asked and not _has_secret(one):
                continue  # who is let in by a server gets the class of this one
            name = one.value("class")
            own = self._login.get("class", name) if name else None
            lines = join(one.sources(), () if own is None else own.sources())
            found.append(Account(one.word, self._rights(name, own), lines))
        return tuple(one for one in found if one.sources)

    def _root_comes_in(self, root: Statement) -> bool:
        if self._on("web-management", "http") is not None or self._on("web-management", "https") is not None:
            return True
        ssh = self._on("ssh")
        said = "" if ssh is None else ssh.value("root-login")
        return ssh is not None and said != "deny" and (said != "deny-password" or _has_key_below(root))

    @staticmethod
    def _rights(name: str, own: Statement | None) -> bool | None:
        if own is not None:
            return any(one.word == "all" for one in own.below("permissions"))
        return _PREDEFINED.get(name)

    def snmp_users(self) -> tuple[SnmpUser, ...]:
        """Users of the device's own engine, and groups with the least that they may ask with."""
        v3 = self.scope.section("snmp", "v3")
        found = []
        for one in v3.below("usm", "local-engine", "user"):
            strong = any(_is_method(child.word, "authentication-") for child in one)
            hidden = strong and any(_is_method(child.word, "privacy-") for child in one)
            found.append(SnmpUser(one.word, strong, hidden, one.sources()))
        for group in v3.below("vacm", "access", "group"):
            found += _group(group)
        return tuple(one for one in found if one.sources)


def _group(group: Statement) -> Iterator[SnmpUser]:
    """`group G default-context-prefix|context-prefix P security-model M security-level L`."""
    contexts = [one for one in group if one.word == "default-context-prefix"]
    contexts += group.below("context-prefix")
    for context in contexts:
        for model in context.below("security-model"):
            level = _LEVELS.get(model.value("security-level"), (False, False))
            if model.word in ("v1", "v2c"):
                level = (False, False)
            yield SnmpUser(group.word, *level, model.sources())


def _is_method(word: str, start: str) -> bool:
    return word.startswith(start) and word != f"{start}none"


def _has_secret(user: Statement) -> bool:
    held = user.get("authentication")
    return held is not None and bool(held.children)


def _has_key(user: Statement) -> bool:
    held = user.get("authentication")
    return held is not None and _has_key_below(held)


def _has_key_below(held: Statement) -> bool:
    return any(one.word.startswith("ssh-") or one.word == "load-key-file" for one in held)
