"""What protects the switch itself: the time of sessions, failed logins, accounts, redundancy, users of SNMPv3.

Source: command references of SWX3100, SWX3220 and SWR2310: `exec-timeout MINUTES [SECONDS]` of a terminal line, `username NAME [privilege
on|off] ...`, `snmp-server user NAME GROUP [auth ... [priv ...]]`, `http-server login-timeout MINUTES [SECONDS]`. After how many failed logins it refuses any
is a default of newer revisions (`data/defaults.toml`). Whether a line `banner` is shown at the login was not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from secaudit.network.management import Account, Setting, SettingKind, SnmpUser
from secaudit.text.source import Sources
from secaudit.vendors.common.ledger import MANAGEMENT, Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.common.settings import suspected

SETTINGS_READ = frozenset(SettingKind)
_WITHOUT_COMMAND = (SettingKind.SSH_VERSION, SettingKind.PASSWORD_LENGTH)
"""No command for these was found in the references."""
_LEVELS = frozenset(("noauth", "auth", "priv"))


def settings(
    sections: Sections, shared: Sources, attempts: int | None, identity: Sources, ledger: Ledger
) -> Iterator[Setting]:
    """Every setting of the kinds in `SETTINGS_READ`. `shared` are the lines of virtual addresses, `attempts` the failed logins by default."""
    yield from _timers(sections.of("line"), identity, ledger)
    others = sections.of("irrelevant")
    yield from suspected(others, _WITHOUT_COMMAND)
    for node in others:
        if node.keys[:2] == ("http-server", "login-timeout"):
            ledger.use_all(node)
            yield Setting(SettingKind.IDLE_TIMEOUT, _seconds(node.keys[2:]), (node.line,), "http-server")
    if attempts is not None:
        yield Setting(SettingKind.LOGIN_ATTEMPTS, attempts, identity, by_default=True)
    banners = [node for node in others if node.keys[0] == "banner"]
    for node in banners:
        ledger.use_all(node)
    if banners:
        yield Setting(SettingKind.LOGIN_BANNER, None, tuple(node.line for node in banners))
    central = [node for node in others if node.keys[:3] == ("aaa", "authentication", "login")]
    for node in central:
        ledger.use_all(node)
    if central:
        yield Setting(SettingKind.CENTRAL_AUTHENTICATION, None, tuple(node.line for node in central))
    stack = [node for node in others if node.keys[0] == "stack"]
    if shared:
        yield Setting(SettingKind.REDUNDANCY, 1, shared)
    elif stack:
        for node in stack:
            ledger.use_all(node)
        # That it may be in a stack does not say that another member is there.
        yield Setting(SettingKind.REDUNDANCY, None, tuple(node.line for node in stack), by_default=True)
    else:
        yield Setting(SettingKind.REDUNDANCY, 0, identity, by_default=True)


def _timers(blocks: Iterable[Node], identity: Sources, ledger: Ledger) -> Iterator[Setting]:
    """A line that says nothing has a default that is not confirmed: where no block speaks of a kind of line, that is said as well."""
    seen: set[str] = set()
    for node in blocks:
        seen.add("".join(node.keys[1:2])[:3])
        said = [child for child in node.children if child.keys[0] == "exec-timeout"]
        value: int | None = None
        for child in said:
            ledger.use_all(child)
            value = _seconds(child.keys[1:])
        sources = tuple(child.line for child in said) or (node.line,)
        yield Setting(SettingKind.IDLE_TIMEOUT, value, sources, " ".join(node.words), by_default=not said)
    for kind in ("con", "vty"):
        if kind not in seen:
            yield Setting(SettingKind.IDLE_TIMEOUT, None, identity, f"line {kind}", by_default=True)


def _seconds(keys: Sequence[str]) -> int | None:
    """`MINUTES [SECONDS]`."""
    parts = [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 8]
    return parts[0] * 60 + sum(parts[1:]) if len(parts) == len(keys) and len(parts) in (1, 2) else None


def accounts(nodes: Iterable[Node]) -> tuple[Account, ...]:
    """`username NAME [privilege on|off] ...`; who of the others knows the administrator's password is not told."""
    found = []
    for node in nodes:
        if node.keys[0] == "username" and len(node.words) > 1:
            said = node.keys[node.keys.index("privilege", 2) + 1] if "privilege" in node.keys[2:-1] else "off"
            right = True if said == "on" else None
            found.append(Account(node.words[1], right, (node.line,), rights_told=said != "off"))
    return tuple(found)


def snmp_users(nodes: Iterable[Node], ledger: Ledger) -> tuple[SnmpUser, ...]:
    """`snmp-server user NAME GROUP [auth md5|sha X [priv des|aes Y]]`, `snmp-server group NAME noauth|auth|priv ...`."""
    found = []
    for node in nodes:
        keys = node.keys
        if keys[0] != "snmp-server" or keys[1:2] not in (("user",), ("group",)):
            continue
        if len(keys) < 4 or (keys[1] == "group" and keys[3] not in _LEVELS):
            ledger.leave(node, MANAGEMENT)
            continue
        ledger.use_all(node)
        authenticated = "auth" in keys[4:] if keys[1] == "user" else keys[3] != "noauth"
        encrypted = authenticated and ("priv" in keys[4:] if keys[1] == "user" else keys[3] == "priv")
        found.append(SnmpUser(node.words[2], authenticated, encrypted, (node.line,)))
    return tuple(found)
