"""What IOS and NX-OS have in common about the protection of switch ports: lines that stay or go, lists of VLANs, and the guard against BPDUs."""

from __future__ import annotations

from collections.abc import Mapping

from secaudit.network.interfaces import PortProtection, SwitchPort
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.lines import Node

READ = frozenset(PortProtection) - {PortProtection.LOOP_DETECTION}
"""The kinds that have commands; that a switch notices loops by itself is in no file."""
SaidLines = Mapping[str, SourceLine]


def keep(said: dict[str, SourceLine], name: str, node: Node, off: bool) -> None:
    """Books a line under its name; `no` takes it back."""
    if off:
        said.pop(name, None)
    else:
        said[name] = node.line


def bpdu_guard(
    port: SwitchPort, said: SaidLines, everywhere: SaidLines, held: dict[PortProtection, Sources]
) -> set[PortProtection]:
    """Puts the guard of a port into `held`; answers with the kind where lines speak against each other.

    The guard for all ports acts at edge ports; a trunk is one only where a line says so.
    """
    unclear = {PortProtection.BPDU_GUARD}
    if "filter" in said or ("guard" in said and "no guard" in said):
        return unclear  # frames of the protocol may be dropped before the guard sees them
    if "guard" in said:
        held[PortProtection.BPDU_GUARD] = (said["guard"],)
    usual = everywhere.get("guard")
    if usual is None or "guard" in said or "no guard" in said:
        return set()
    if "filter" in everywhere or port.negotiated:
        return unclear
    edge = said.get("edge trunk") if port.trunk else said.get("edge", said.get("edge trunk"))
    if edge is None and not port.trunk and "no edge" not in said:
        edge = everywhere.get("edge")
    if edge is not None:
        held[PortProtection.BPDU_GUARD] = (usual, edge)
    return set()


def vlan_numbers(word: str) -> list[int] | None:
    """`10,20-29`; None when it is anything else."""
    found: list[int] = []
    for part in word.split(","):
        first, dash, last = part.partition("-")
        ends = [first, last] if dash else [first]
        if not all(one.isascii() and one.isdecimal() and len(one) < 5 for one in ends):
            return None
        found += range(int(first), min(int(ends[-1]), 4094) + 1)
    return found
