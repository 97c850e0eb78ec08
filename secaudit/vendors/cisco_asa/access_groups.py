"""`access-group` lines: which access list is asked where (AS-01)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from secaudit.network.device import NoticeKind
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node


@dataclass(frozen=True, slots=True)
class Applied:
    """One `access-group` line."""

    name: str
    line: SourceLine
    override: bool = False


@dataclass(slots=True)
class AccessGroups:
    """All `access-group` lines: by interface and direction, the global one, and those of the control plane."""

    inward: dict[str, Applied] = field(default_factory=dict)
    outward: dict[str, Applied] = field(default_factory=dict)
    everywhere: Applied | None = None
    control_plane: dict[str, Applied] = field(default_factory=dict)


def read_access_groups(nodes: Iterable[Node], interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> AccessGroups:
    """`access-group NAME in|out interface IF [per-user-override] [control-plane]`, `access-group NAME global`."""
    groups = AccessGroups()
    for node in nodes:
        keys, words = node.keys, node.words
        if node.children:
            ledger.leave(node)
        elif keys[0] == "no":
            _remove(node, groups, ledger)
        elif len(keys) == 3 and keys[2] == "global":
            groups.everywhere = Applied(words[1], node.line)
            ledger.use(node)
        elif len(keys) >= 5 and keys[2] in ("in", "out") and keys[3] == "interface" and words[4] in interfaces:
            _at_interface(node, groups, ledger)
        else:
            ledger.leave(node)
    return groups


def _at_interface(node: Node, groups: AccessGroups, ledger: Ledger) -> None:
    options = set(node.keys[5:])
    if not options <= {"per-user-override", "control-plane"}:
        ledger.leave(node)
        return
    applied = Applied(node.words[1], node.line, "per-user-override" in options)
    held = groups.inward if node.keys[2] == "in" else groups.outward
    if "control-plane" in options:
        held = groups.control_plane
    before = held.get(node.words[4])
    if before is not None:
        ledger.notice(
            NoticeKind.OVERWRITTEN,
            Text(
                ja=f"{node.words[4]} の access-group は後の行で置き換えられます",
                en=f"the access-group of {node.words[4]} is replaced by a later line",
            ),
            (before.line, node.line),
        )
    held[node.words[4]] = applied
    ledger.use(node)


def _remove(node: Node, groups: AccessGroups, ledger: Ledger) -> None:
    """`no access-group NAME in|out interface IF`, `no access-group NAME global`."""
    keys, words = node.keys[1:], node.words[1:]
    held = {"in": groups.inward, "out": groups.outward}.get(keys[2] if len(keys) > 2 else "")
    if held is not None and len(words) == 5 and words[4] in held and held[words[4]].name == words[1]:
        del held[words[4]]
    elif len(keys) == 3 and keys[2] == "global" and groups.everywhere is not None:
        groups.everywhere = None
    else:
        ledger.leave(node)
        return
    ledger.use(node)


def where_applied(groups: AccessGroups) -> dict[str, frozenset[str]]:
    """Lists that are asked about what comes in, and at which interfaces."""
    found: dict[str, set[str]] = {}
    for interface, applied in groups.inward.items():
        found.setdefault(applied.name, set()).add(interface)
    return {name: frozenset(interfaces) for name, interfaces in found.items()}
