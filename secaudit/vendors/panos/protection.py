"""What protects the device itself: sessions, failed logins, the banner, passwords, servers that authenticate, administrators, a second device, SNMPv3.

Sources: PAN-OS web interface help 9.1 to 11.1, "Device setup" (idle timeout in minutes, 0 = never; failed attempts, 0 = unlimited), "Administrators", "Authentication
profile", "High availability", "SNMP setup". What a template of Panorama says is not in the file of a device that Panorama manages unless it is the
merged one: there nothing is concluded from a line that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from secaudit.network.management import Account, Setting, SettingKind, SnmpUser
from secaudit.text.source import Sources
from secaudit.vendors.panos.findings import Findings, Scope
from secaudit.vendors.panos.tree import Node, joined

SETTINGS_READ = frozenset(SettingKind)
"""No element of a file is about the version of SSH: what can be chosen are its algorithms."""
_SERVERS = frozenset(("radius", "tacplus", "ldap", "kerberos", "saml-idp"))
_RIGHTS = {
    "superuser": True,
    "superreader": False,
    "deviceadmin": False,
    "devicereader": False,
    "vsysadmin": False,
    "vsysreader": False,
}
"""Only a superuser may do everything; what a role of one's own (`custom`) permits is not told."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the settings stand. `whole`: what is not there is as it is by default."""

    root: Node
    deviceconfig: Node | None
    scopes: Sequence[Scope]
    findings: Findings
    whole: bool
    _tables: dict[tuple[str, ...], dict[str, Node]] = field(default_factory=dict)

    @property
    def system(self) -> Node | None:
        """`deviceconfig system`."""
        return None if self.deviceconfig is None else self.deviceconfig.child("system")

    def setting(self, *path: str) -> Node | None:
        """A node of `deviceconfig` that has a value."""
        found = None if self.deviceconfig is None else self.deviceconfig.child(*path)
        return found if found is not None and found.children else None

    def shared(self, name: str, *table: str) -> Node | None:
        """An object of a table by its name: what virtual systems share before those of one of them."""
        held = self._tables.get(table)
        if held is None:
            held = self._tables[table] = {}
            holders = [one for scope in self.scopes[:1] for one in scope.around]
            for holder in (*holders, *(scope.local for scope in self.scopes)):
                for entry in holder.entries(*table):
                    held.setdefault(entry.name, entry)
        return held.get(name)


def settings(place: Place) -> Iterator[Setting]:
    """Every setting."""
    usual, identity = place.findings.defaults, place.findings.identity
    idle = place.setting("setting", "management", "idle-timeout")
    if idle is not None:
        yield Setting(SettingKind.IDLE_TIMEOUT, _number(idle, 60), idle.sources())
    elif place.whole:
        yield Setting(SettingKind.IDLE_TIMEOUT, usual.idle_timeout * 60, identity, by_default=True)
    yield from _attempts(place)
    yield from _banner(place)
    yield from _password_length(place)
    yield from _central(place)
    yield from _redundancy(place)


def _number(node: Node, factor: int = 1) -> int | None:
    """The only value of a node as a number."""
    words = tuple(node.children)
    known = len(words) == 1 and words[0].isascii() and words[0].isdecimal() and len(words[0]) < 8
    return int(words[0]) * factor if known else None


def _attempts(place: Place) -> Iterator[Setting]:
    """Of accounts of the device, and of each authentication profile that administrators are sent to, which has its own."""
    kind = SettingKind.LOGIN_ATTEMPTS
    own = place.setting("setting", "management", "admin-lockout", "failed-attempts")
    if own is not None:
        yield Setting(kind, _number(own), own.sources())
    for name, lines in _used_profiles(place).items():
        profile = place.shared(name, "authentication-profile")
        held = None if profile is None else profile.child("lockout", "failed-attempts")
        value = None if held is None else _number(held)
        shown = lines if held is None else joined((*lines, *held.sources()))
        silent = profile is not None and held is None
        yield Setting(kind, value, shown, f"authentication-profile {name}", by_default=silent)


def _banner(place: Place) -> Iterator[Setting]:
    kind = SettingKind.LOGIN_BANNER
    banner = place.setting("system", "login-banner")
    other = place.setting("system", "motd-and-banner")
    if banner is not None:
        yield Setting(kind, 1, banner.sources())
    elif other is not None:
        yield Setting(kind, None, other.sources())  # a message of the day, or a band around the pages
    elif place.whole and place.system is not None:
        yield Setting(kind, int(place.findings.defaults.login_banner), place.findings.identity, by_default=True)


def _password_length(place: Place) -> Iterator[Setting]:
    """Releases differ in what they ask for where no line says it."""
    complexity = place.root.child("mgt-config", "password-complexity")
    if complexity is None or not complexity.children:
        return
    length = complexity.child("minimum-length")
    value = _number(length) if length is not None and complexity.yes("enabled") else None
    yield Setting(SettingKind.PASSWORD_LENGTH, value, complexity.sources("enabled", "minimum-length"))


def _used_profiles(place: Place) -> dict[str, Sources]:
    """The authentication profiles that administrators are sent to, with the lines that do."""
    found: dict[str, Sources] = {}
    for word in ("authentication-profile", "non-ui-authentication-profile"):
        node = place.setting("system", word)
        if node is not None:
            found.setdefault(next(reversed(node.children)), node.sources())
    for user in place.root.entries("mgt-config", "users"):
        node = user.child("authentication-profile")
        if node is not None and node.children:
            found.setdefault(next(reversed(node.children)), node.sources())
    return found


def _central(place: Place) -> Iterator[Setting]:
    """Whether servers know the administrators: those without an account, and each account.

    An account with a password of its own beside the profile for all others can still log in without a server: that is not told as the one or the other.
    """
    kind = SettingKind.CENTRAL_AUTHENTICATION
    used = _used_profiles(place)
    if not used:
        if place.whole and place.system is not None:
            usual = place.findings.defaults.central_authentication
            yield Setting(kind, int(usual), place.findings.identity, by_default=True)
        return
    for name, lines in used.items():
        value, further = _by_server(place, name)
        yield Setting(kind, value, joined((*lines, *further)), f"authentication-profile {name}")
    local = [
        user
        for user in place.root.entries("mgt-config", "users")
        if user.child("phash") is not None and user.child("authentication-profile") is None
    ]
    if local:
        yield Setting(kind, None, joined(line for user in local for line in user.sources("phash")), "phash")


def _by_server(place: Place, name: str) -> tuple[int | None, Sources]:
    profile = place.shared(name, "authentication-profile")
    method = None if profile is None else profile.child("method")
    words = () if method is None else tuple(method.children)
    if method is None or len(words) != 1:
        return None, ()
    if words[0] not in _SERVERS:
        return (0 if words[0] in ("local-database", "none") else None), method.sources()
    server = place.shared(method.value(words[0], "server-profile"), "server-profile", words[0])
    if server is None or not (words[0] == "saml-idp" or server.names("server")):
        return None, method.sources()
    return 1, joined((*method.sources(), server.line))


def _redundancy(place: Place) -> Iterator[Setting]:
    """`high-availability enabled yes` with the address of the other unit."""
    kind = SettingKind.REDUNDANCY
    node = place.setting("high-availability")
    if node is None:
        if place.whole and place.deviceconfig is not None:
            usual = place.findings.defaults.high_availability
            yield Setting(kind, int(usual), place.findings.identity, by_default=True)
        return
    said = node.value("enabled")
    peer = [one for one in node.below() if one.name == "peer-ip" and one.children]
    if said == "no":
        yield Setting(kind, 0, node.sources("enabled"))
    else:
        lines = joined((*node.sources("enabled"), *(line for one in peer for line in one.sources())))
        yield Setting(kind, 1 if said == "yes" and peer else None, lines)


def accounts(place: Place) -> tuple[Account, ...] | None:
    """`mgt-config users NAME permissions role-based ROLE`; None where the file has none at all, which no device is without."""
    found = []
    for user in place.root.entries("mgt-config", "users"):
        roles = user.names("permissions", "role-based")
        rights = _RIGHTS.get(roles[0]) if len(roles) == 1 else None
        if rights and not user.yes("permissions", "role-based", "superuser"):
            rights = None
        found.append(Account(user.name, rights, joined((user.line, *user.sources("permissions")))))
    return tuple(found) or None


def snmp_users(place: Place) -> tuple[SnmpUser, ...] | None:
    """Users of SNMPv3; what they are called has the lines of their protocols, never a password."""
    if place.system is None:
        return None
    users = place.system.entries("snmp-setting", "access-setting", "version", "v3", "users")
    return tuple(_user(one) for one in users)


def _user(user: Node) -> SnmpUser:
    authenticated = user.child("authpwd") is not None
    encrypted = authenticated and user.child("privpwd") is not None
    return SnmpUser(user.name, authenticated, encrypted, user.sources())
