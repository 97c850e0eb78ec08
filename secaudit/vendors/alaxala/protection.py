"""What protects the device itself: a message at the login, the version of SSH, authentication by a server, redundancy, users of SNMPv3.

Users and their passwords are no part of a configuration of this vendor, nor is the time after which a session ends (AX-31). Source: AX3660S
and AX8600S configuration command references, chapters on login security and RADIUS/TACACS+, SSH, SNMP, VRRP and stacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secaudit.network.management import Setting, SettingKind, SnmpUser
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.alaxala.vocabulary import plain
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections

SETTINGS_READ = frozenset(
    (
        SettingKind.LOGIN_BANNER,
        SettingKind.SSH_VERSION,
        SettingKind.CENTRAL_AUTHENTICATION,
        SettingKind.REDUNDANCY,
    )
)
_LOGIN = ("aaa", "authentication", "login", "default")
_SERVERS = (("radius-server", "host"), ("tacacs-server", "host"))
_GATEWAYS = frozenset(("gsrp", "stack"))
"""Other ways to have two devices act as one, of which it is not told here whether they do."""


def settings(sections: Sections, shared: Sources, identity: Sources, ledger: Ledger) -> Iterator[Setting]:
    """Every setting of the kinds in `SETTINGS_READ`. `shared` are the lines of virtual addresses."""
    others = sections.of("irrelevant")
    for node in others:
        if node.keys[:2] in (("banner", "login"), ("banner", "motd")):
            ledger.use_all(node)
            yield Setting(SettingKind.LOGIN_BANNER, 1, (node.line,))
    for node in sections.of("ssh"):
        if node.keys[2:3] == ("version",):
            number = {"1": 1, "2": 2}.get("".join(node.keys[3:]))
            yield Setting(SettingKind.SSH_VERSION, number, (node.line,))
    yield _central(others, identity, ledger)
    yield _redundancy(sections, shared, identity, ledger)


def _central(others: Iterable[Node], identity: Sources, ledger: Ledger) -> Setting:
    """`aaa authentication login default group radius|tacacs+ [local]`; without it only the users of the device log in."""
    kind = SettingKind.CENTRAL_AUTHENTICATION
    servers: list[SourceLine] = []
    said: Node | None = None
    for node in others:
        if node.keys[:2] in _SERVERS:
            ledger.use_all(node)
            servers.append(node.line)
        elif node.keys[:3] == _LOGIN[:3]:
            ledger.use_all(node)
            said = node
    if said is None:
        return Setting(kind, 0, identity, by_default=True)
    if said.keys[:4] == _LOGIN and said.keys[4:5] == ("group",) and servers:
        return Setting(kind, 1, (said.line, *servers))
    return Setting(kind, 0 if said.keys == (*_LOGIN, "local") else None, (said.line,))


def _redundancy(sections: Sections, shared: Sources, identity: Sources, ledger: Ledger) -> Setting:
    """A virtual router, or a second member of a stack."""
    members = tuple(
        node.line
        for node in sections.of("switch")
        if node.keys[2:3] == ("provision",) and node.keys[1] not in ("1", "provision")
    )
    if shared or members:
        return Setting(SettingKind.REDUNDANCY, 1, (*shared, *members))
    unsure = [node for node in sections.of("irrelevant") if node.keys[0] in _GATEWAYS]
    if unsure:
        for node in unsure:
            ledger.use_all(node)
        return Setting(SettingKind.REDUNDANCY, None, tuple(node.line for node in unsure))
    return Setting(SettingKind.REDUNDANCY, 0, identity, by_default=True)


def snmp_users(nodes: Iterable[Node]) -> tuple[SnmpUser, ...]:
    """`snmp-server user NAME GROUP v3 [encrypted] [auth ...] [priv ...]`, `snmp-server group NAME v3 auth|noauth|priv`.

    A user without `v3`, or a group for versions 1 and 2c, has neither.
    """
    found = []
    for node in nodes:
        keys = node.keys
        if len(keys) < 4:
            continue
        if keys[1] == "user":
            found.append(SnmpUser(plain(node.words[2]), "auth" in keys[4:], "priv" in keys[4:], (node.line,)))
        elif keys[1] == "group":
            level = keys[4] if keys[3] == "v3" and len(keys) > 4 else ""
            found.append(SnmpUser(plain(node.words[2]), level in ("auth", "priv"), level == "priv", (node.line,)))
    return tuple(found)
