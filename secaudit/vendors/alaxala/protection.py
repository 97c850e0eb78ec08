"""What protects the device itself: sessions, a message at the login, SSH, authentication by a server, accounts, redundancy, users of SNMPv3.

On most models users and their passwords are no part of a configuration (AX-31), and how long a session lasts may be set by a command that is none either
(`set exec-timeout`); a line `username NAME exec-timeout` outweighs it (AX3640S command reference vol. 1, "username"). AX8300S and AX8600S
have users in the configuration (AX8300S command reference vol. 1, "username"). Other sources: AX3660S and AX8600S configuration command
references, chapters on login security and RADIUS/TACACS+, SSH, SNMP, VRRP and stacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secaudit.network.management import Account, Setting, SettingKind, SnmpUser
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.alaxala.vocabulary import plain
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.common.settings import suspected

SETTINGS_READ = frozenset(SettingKind)
_WITHOUT_COMMAND = (SettingKind.LOGIN_ATTEMPTS, SettingKind.PASSWORD_LENGTH)
"""No command for these is confirmed."""
_LOGIN = ("aaa", "authentication", "login", "default")
_SERVERS = (("radius-server", "host"), ("tacacs-server", "host"))
_GROUPS = {"radius": ("radius-server",), "tacacs+": ("tacacs-server",)}
"""The servers of the two groups that every device has; those of a group of one's own may be either."""
_GATEWAYS = frozenset(("gsrp", "stack"))
"""Other ways to have two devices act as one, of which it is not told here whether they do."""
_EVERY_USER = "default_user"


@dataclass(frozen=True, slots=True)
class Virtual:
    """Lines of virtual addresses: those that were understood, and all that there are."""

    shared: Sources
    said: Sources


def settings(sections: Sections, virtual: Virtual, identity: Sources, ledger: Ledger) -> Iterator[Setting]:
    """Every setting of the kinds in `SETTINGS_READ`."""
    others = sections.of("irrelevant")
    yield from suspected(others, _WITHOUT_COMMAND)
    yield from _timers(others, sections.of("line"), ledger)
    for node in others:
        if node.keys[:2] in (("banner", "login"), ("banner", "motd")):
            ledger.use_all(node)
            yield Setting(SettingKind.LOGIN_BANNER, 1, (node.line,))
    for node in sections.of("ssh"):
        if node.keys[2:3] == ("version",):
            number = {"1": 1, "2": 2}.get("".join(node.keys[3:]))
            yield Setting(SettingKind.SSH_VERSION, number, (node.line,))
    yield _central(others, identity, ledger)
    yield _redundancy(sections, virtual, identity, ledger)


def _timers(others: Iterable[Node], terminals: Iterable[Node], ledger: Ledger) -> Iterator[Setting]:
    """`username NAME exec-timeout MINUTES`, 0 = never; those of `default_user` are for all users without a line of their own.

    Without such a line nothing is known of the users that none is for.
    """
    said: dict[str, Setting] = {}
    for node in others:
        if node.keys[0] != "username" or node.keys[2:3] != ("exec-timeout",):
            continue
        ledger.use_all(node)
        name = plain(node.words[1])
        minutes = "".join(node.keys[3:])
        known = minutes.isascii() and minutes.isdecimal() and len(minutes) < 6
        where = "" if name == _EVERY_USER else f"username {name}"
        said[name] = Setting(SettingKind.IDLE_TIMEOUT, int(minutes) * 60 if known else None, (node.line,), where)
    yield from said.values()
    # Of a terminal line or the whole device no such command is confirmed; what looks like one must not be taken for silence.
    odd = [
        one.line
        for node in (*terminals, *(node for node in others if node.keys[0] in ("line", "set")))
        for one in (node, *node.below())
        if "exec-timeout" in one.keys
    ]
    if odd:
        yield Setting(SettingKind.IDLE_TIMEOUT, None, tuple(odd), "line")
    if said and _EVERY_USER not in said:
        lines = tuple(line for one in said.values() for line in one.sources)
        yield Setting(SettingKind.IDLE_TIMEOUT, None, lines, by_default=True)


def _central(others: Iterable[Node], identity: Sources, ledger: Ledger) -> Setting:
    """`aaa authentication login default group radius|tacacs+ [local]`; without it only the users of the device log in."""
    kind = SettingKind.CENTRAL_AUTHENTICATION
    servers: dict[str, list[SourceLine]] = {}
    said: Node | None = None
    for node in others:
        if node.keys[:2] in _SERVERS:
            ledger.use_all(node)
            servers.setdefault(node.keys[0], []).append(node.line)
        elif node.keys[:4] == _LOGIN:
            ledger.use_all(node)
            said = node
    if said is None:
        return Setting(kind, 0, identity, by_default=True)
    if said.keys[4:5] == ("group",):
        named = _GROUPS.get("".join(said.keys[5:6]), tuple(servers))
        used = [line for word in named for line in servers.get(word, ())]
        return Setting(kind, 1 if used else None, (said.line, *used))
    return Setting(kind, 0 if said.keys == (*_LOGIN, "local") else None, (said.line,))


def _redundancy(sections: Sections, virtual: Virtual, identity: Sources, ledger: Ledger) -> Setting:
    """A virtual router, or a second member of a stack."""
    members = tuple(
        node.line
        for node in sections.of("switch")
        if node.keys[2:3] == ("provision",) and node.keys[1] not in ("1", "provision")
    )
    if virtual.shared or members:
        return Setting(SettingKind.REDUNDANCY, 1, (*virtual.shared, *members))
    unsure = [node for node in sections.of("irrelevant") if node.keys[0] in _GATEWAYS]
    if unsure or virtual.said:
        for node in unsure:
            ledger.use_all(node)
        lines = (*virtual.said, *(node.line for node in unsure))
        return Setting(SettingKind.REDUNDANCY, None, lines, by_default=not virtual.said)
    return Setting(SettingKind.REDUNDANCY, 0, identity, by_default=True)


def accounts(others: Iterable[Node], ledger: Ledger) -> tuple[Account, ...] | None:
    """`username NAME [NUMBER] [no-flash] password ...`; None where no line has one, because then users are kept elsewhere.

    What a user may do is not told: everybody who knows the password of `enable` may do anything.
    """
    lines: dict[str, list[SourceLine]] = {}
    for node in others:
        if node.keys[0] == "username" and "password" in node.keys[2:5]:
            ledger.use_all(node)
            lines.setdefault(plain(node.words[1]), []).append(node.line)
    return tuple(Account(name, None, tuple(held), rights_told=False) for name, held in lines.items()) or None


def snmp_users(nodes: Iterable[Node], ledger: Ledger) -> tuple[SnmpUser, ...]:
    """`snmp-server user NAME GROUP v3 [auth ... [priv ...]] [vrf N]`, `snmp-server group NAME v3 auth|noauth|priv`.

    A user without `v3`, or a group for versions 1 and 2c, has neither. What is not understood makes the management plane doubtful.
    """
    found = []
    for node in nodes:
        keys = node.keys
        if keys[0] != "snmp-server" or len(keys) < 4:
            ledger.leave(node, MANAGEMENT)
        elif keys[1] == "user":
            authenticated = "auth" in keys[4:]
            encrypted = authenticated and "priv" in keys[4:]
            found.append(SnmpUser(plain(node.words[2]), authenticated, encrypted, (node.line,)))
        else:
            level = keys[4] if keys[3] == "v3" and len(keys) > 4 else ""
            found.append(SnmpUser(plain(node.words[2]), level in ("auth", "priv"), level == "priv", (node.line,)))
    return tuple(found)
