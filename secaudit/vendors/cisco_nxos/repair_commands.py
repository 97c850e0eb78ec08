"""Repairs as NX-OS commands: entries between others by their sequence numbers, which NX-OS always prints.

What IOS has alike is written by its writer. A list that something else uses is copied under a new name, and the interface
changes from the one to the other by one command. New denies are not logged: many models refuse `log` in an outbound list
(Cisco Nexus 9000 Series NX-OS Security Configuration Guide, guidelines of IP ACLs).
"""

from __future__ import annotations

from collections.abc import Sequence

from secaudit.network.matches import Family
from secaudit.vendors.cisco.access_lists import AccessList
from secaudit.vendors.cisco.list_repairs import Definitions, Dialect, ListCommandWriter
from secaudit.vendors.cisco_nxos.assembly import defined_lists
from secaudit.vendors.cisco_nxos.reader import device_parts
from secaudit.vendors.cisco_nxos.sections import collect
from secaudit.vendors.cisco_nxos.vocabulary import interface_name
from secaudit.vendors.commands import append_lines
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import LineTree


def _definitions(tree: LineTree) -> Definitions:
    sections = collect(tree, Ledger())
    lists, ipv6_lists = defined_lists(sections, Ledger())
    return Definitions({4: lists, 6: ipv6_lists}, sections.of("interface"), sections.words)


def _head(family: Family, standard: bool, name: str) -> str:
    return f"ip access-list {name}" if family == 4 else f"ipv6 access-list {name}"


def _resequence(held: AccessList, step: int) -> str:
    return f"resequence {'ip' if held.family == 4 else 'ipv6'} access-list {held.name} {step} {step}"


_NXOS = Dialect(
    device_parts,
    _definitions,
    interface_name,
    _head,
    _resequence,
    frozenset((4, 6)),
    (
        "permit icmp any any nd-na",
        "permit icmp any any nd-ns",
        "permit icmp any any router-advertisement",
        "permit icmp any any router-solicitation",
    ),
    "",
)


class CiscoNxosCommandWriter(ListCommandWriter):
    """See `secaudit.vendors.commands.CommandWriter`."""

    dialect = _NXOS

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """Commands before the terminal lines, which a device prints behind all interfaces."""
        held = text.splitlines()
        last = max((number for number, line in enumerate(held) if line.startswith("interface ")), default=-1)
        place = next(
            (number for number, line in enumerate(held) if number > last and line.startswith("line ")), len(held)
        )
        return append_lines("\n".join(held[:place]), [*lines, *held[place:]])


WRITER = CiscoNxosCommandWriter()
