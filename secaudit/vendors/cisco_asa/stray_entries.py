"""Entries whose list name was written wrongly: they make a list of their own, and the list that they belong to lacks them.

A device prints the entries of a list together. A list that nothing uses and that stands in the middle of another one, or whose name is almost
that of one that is used, is probably a part of that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from secaudit.network.device import DoubtKind
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco_asa.access_groups import AccessGroups
from secaudit.vendors.common.ledger import DEVICE, Ledger, Scope, on_interfaces
from secaudit.vendors.common.lines import Node

_LONGEST_NAME = 256


def stray_entries(nodes: Sequence[Node], used: Iterable[str], groups: AccessGroups, ledger: Ledger) -> None:
    """Doubts about the lists that may lack entries. `nodes` are the `access-list` lines, `used` the words of all others."""
    first: dict[str, SourceLine] = {}
    runs: list[str] = []
    for node in nodes:
        if node.keys[0] != "access-list" or len(node.words) < 3:
            continue
        name = node.words[1]
        first.setdefault(name, node.line)
        if not runs or runs[-1] != name:
            runs.append(name)
    words = frozenset(used)
    named = [name for name in first if name in words]
    strays = [name for name in first if name not in words]
    if not strays or not named:
        return
    around = {runs[place]: runs[place - 1] for place in range(1, len(runs) - 1) if runs[place - 1] == runs[place + 1]}
    near: dict[int, str] = {}
    for name in named:
        for variant in _variants(name):
            near.setdefault(variant, name)
    for name in strays:
        meant = around.get(name)
        if meant not in words:
            meant = next((near[variant] for variant in _variants(name) if variant in near), None)
        if meant is not None:
            text = Text(
                ja=f"アクセスリスト {name} はどこからも使われておらず、{meant} の行の名前が誤っている可能性があります",
                en=f"nothing uses the access list {name}: it may be a part of {meant} whose name was written wrongly",
            )
            ledger.doubt(DoubtKind.UNDEFINED, text, (first[name], first[meant]), _scope(meant, groups))


def _variants(name: str) -> Iterable[int]:
    """The name, and the name without each of its characters, as hashes: names that differ by one character share one of them."""
    lower = name.lower()[:_LONGEST_NAME]
    yield hash(lower)
    for place in range(len(lower)):
        yield hash(lower[:place] + lower[place + 1 :])


def _scope(name: str, groups: AccessGroups) -> Scope:
    """The interfaces at which the list is applied; everything when something else uses it."""
    held = [
        interface
        for applied in (groups.inward, groups.outward, groups.control_plane)
        for interface, one in applied.items()
        if one.name == name
    ]
    everywhere = groups.everywhere is not None and groups.everywhere.name == name
    return DEVICE if everywhere or not held else on_interfaces(*held)
