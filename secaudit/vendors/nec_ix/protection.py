"""What protects the device itself: its redundancy, accounts, users of SNMPv3, and the algorithms of IPsec with IKEv1.

Forms as in configurations that the vendor publishes: `ike proposal P encryption aes-256 hash sha2-256 group 2048-bit`, `ike policy N peer A key K
[mode aggressive] P,...`, `ipsec autokey-proposal P esp-aes-256 esp-sha2-256`, `ipsec autokey-map N LIST peer A P,... [pfs G]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from secaudit.network.management import Account, Setting, SettingKind, SnmpUser
from secaudit.network.tunnels import Proposal
from secaudit.text.secrets import MASK
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.settings import suspected

_Value = TypeVar("_Value")

SETTINGS_READ = frozenset(SettingKind)
_WITHOUT_COMMAND = frozenset(SettingKind) - {
    SettingKind.REDUNDANCY,
    SettingKind.CENTRAL_AUTHENTICATION,
    SettingKind.IDLE_TIMEOUT,
}
"""No command for these is confirmed."""
_RIGHTS = {"administrator": True, "monitor": False, "operator": False}
_ENCRYPTION = {"aes": "aes-128", "aes-128": "aes-128", "aes-192": "aes-192", "aes-256": "aes-256", "3des": "3des"} | {
    "des": "des",
    "null": "null",
}
_INTEGRITY = {"md5": "md5", "sha": "sha1", "sha1": "sha1", "sha2-256": "sha256", "sha2-384": "sha384"} | {
    "sha2-512": "sha512"
}
_DEFAULT = "default"
"""The proposals of the device itself, which are in no file."""
_GROUPS = {"768-bit": 1, "1024-bit": 2, "1536-bit": 5, "2048-bit": 14, "3072-bit": 15, "4096-bit": 16}


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


@dataclass(slots=True)
class Offers:
    """Proposals and policies of IKEv1 by name, and policies by the address of the other end."""

    _first: dict[str, Node] = field(default_factory=dict)
    _second: dict[str, Node] = field(default_factory=dict)
    _policies: dict[str, Node] = field(default_factory=dict)

    def read(self, nodes: Iterable[Node], ledger: Ledger) -> None:
        """The lines that define them."""
        kinds: Mapping[tuple[str, ...], dict[str, Node]] = {
            ("ike", "proposal"): self._first,
            ("ipsec", "autokey-proposal"): self._second,
            ("ike", "policy"): self._policies,
        }
        for node in nodes:
            held = kinds.get(node.keys[:2])
            if held is not None and len(node.words) > 3:
                held[node.words[2]] = node
                ledger.use_all(node)

    def of_map(self, line: Node) -> tuple[Proposal, ...]:
        """What the tunnel of a policy map offers and accepts; a name that is not defined here (`default` among them) tells nothing."""
        policy = self._policy(line)
        found: list[Proposal] = []
        if policy is not None:
            mode = policy.keys[policy.keys.index("mode") + 1] if "mode" in policy.keys[3:-1] else "main"
            for name in policy.words[-1].split(","):
                found.append(_of_ike(self._first.get(name), policy.line, mode == "aggressive", name == _DEFAULT))
        elif self._policies or "ike" in line.keys[4:-1]:
            found.append(Proposal(1, (), (), (), (line.line,)))
        words, keys = line.words, line.keys
        position = 6 if keys[4:5] == ("peer",) else 4
        groups = _GROUPS.get(keys[keys.index("pfs") + 1]) if "pfs" in keys[position:-1] else None
        for name in words[position].split(",") if len(words) > position else ():
            found.append(_of_esp(self._second.get(name), line.line, groups, name == _DEFAULT))
        return tuple(found)

    def _policy(self, line: Node) -> Node | None:
        """By the name behind `ike`, else by the address; two for one address are not told apart."""
        keys = line.keys
        if "ike" in keys[4:-1]:
            return self._policies.get(line.words[keys.index("ike", 4) + 1])
        peer = keys[4:6]
        found = [one for one in self._policies.values() if one.keys[3:5] == peer and peer[:1] == ("peer",)]
        return found[0] if len(found) == 1 else None


def _of_ike(node: Node | None, by: SourceLine, aggressive: bool, silent: bool) -> Proposal:
    if node is None:
        return Proposal(1, (), (), (), (by,), 1, aggressive, silent)
    values = dict(zip(node.keys[3::2], node.keys[4::2], strict=False))
    encryption, integrity = _ENCRYPTION.get(values.get("encryption", "")), _INTEGRITY.get(values.get("hash", ""))
    group = _GROUPS.get(values.get("group", ""))
    given = (("encryption", encryption), ("hash", integrity), ("group", group))
    silent = all(known is not None or word not in values for word, known in given)
    return Proposal(1, _some(encryption), _some(integrity), _some(group), (node.line, by), 1, aggressive, silent)


def _of_esp(node: Node | None, by: SourceLine, group: int | None, silent: bool) -> Proposal:
    if node is None:
        return Proposal(2, (), (), _some(group), (by,), silent=silent)
    transforms = [key.removeprefix("esp-") for key in node.keys[3:] if key.startswith("esp-")]
    if any(one not in _ENCRYPTION and one not in _INTEGRITY for one in transforms):
        return Proposal(2, (), (), _some(group), (node.line, by))
    encryption = [_ENCRYPTION[one] for one in transforms if one in _ENCRYPTION]
    integrity = [_INTEGRITY[one] for one in transforms if one in _INTEGRITY]
    return Proposal(2, tuple(encryption), tuple(integrity), _some(group), (node.line, by))


def _some(value: _Value | None) -> tuple[_Value, ...]:
    return () if value is None else (value,)
