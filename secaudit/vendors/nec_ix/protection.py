"""What protects the device itself: its redundancy, its accounts and the users of SNMPv3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from secaudit.network.management import Account, Setting, SettingKind, SnmpUser
from secaudit.text.secrets import MASK
from secaudit.text.source import Sources
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.settings import suspected

SETTINGS_READ = frozenset(SettingKind)
_WITHOUT_COMMAND = frozenset(SettingKind) - {
    SettingKind.REDUNDANCY,
    SettingKind.CENTRAL_AUTHENTICATION,
    SettingKind.IDLE_TIMEOUT,
}
"""No command for these is confirmed."""
_RIGHTS = {"administrator": True, "monitor": False, "operator": False}


def settings(nodes: Sequence[Node], shared: Sources, identity: Sources, ledger: Ledger) -> Iterator[Setting]:
    """Redundancy by virtual routers; that a server authenticates administrators needs lines that are not understood here."""
    yield from suspected(nodes, sorted(_WITHOUT_COMMAND, key=lambda kind: kind.value))
    enabling = [node for node in nodes if node.keys[0] == "vrrp" and "enable" in node.keys]
    if shared:
        # That a virtual router answers without an `enable` is not confirmed.
        said = (*shared, *(node.line for node in enabling))
        yield Setting(SettingKind.REDUNDANCY, 1 if enabling else None, said)
    elif identity:
        yield Setting(SettingKind.REDUNDANCY, 0, identity, by_default=True)
    about = [node for node in nodes if node.keys[0] in ("aaa", "radius")]
    servers = tuple(node.line for node in about)
    if servers:
        yield Setting(SettingKind.CENTRAL_AUTHENTICATION, None, servers)
    elif identity:
        yield Setting(SettingKind.CENTRAL_AUTHENTICATION, 0, identity, by_default=True)
    for node in nodes:
        if node.keys[:2] == ("terminal", "timeout"):
            about.append(node)
            yield Setting(SettingKind.IDLE_TIMEOUT, None, (node.line,))
    for node in (*about, *(enabling if shared else ())):
        ledger.use_all(node)


def accounts(nodes: Iterable[Node]) -> tuple[Account, ...]:
    """`username NAME password ... [administrator|monitor|operator]`; without a role it is not told."""
    return tuple(
        Account(
            node.words[1],
            next((_RIGHTS[key] for key in reversed(node.keys[2:]) if key in _RIGHTS), None),
            (node.line,),
            rights_told=node.words[-1] != MASK,
        )
        for node in nodes
        if len(node.words) > 1
    )


def snmp_users(nodes: Iterable[Node]) -> tuple[SnmpUser, ...]:
    """`snmpv3 user NAME ... auth ... priv ...`."""
    return tuple(
        SnmpUser(node.words[2], "auth" in node.keys[3:], "priv" in node.keys[3:], (node.line,))
        for node in nodes
        if node.keys[:2] == ("snmpv3", "user") and len(node.words) > 2
    )
