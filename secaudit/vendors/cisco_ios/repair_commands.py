"""Repairs as IOS commands (`cisco.list_repairs`): IPv4 lists in place, IPv6 lists as copies."""

from __future__ import annotations

from collections.abc import Sequence

from secaudit.network.matches import Family
from secaudit.vendors.cisco.list_repairs import Definitions, Dialect, ListCommandWriter
from secaudit.vendors.cisco.vocabulary import interface_name
from secaudit.vendors.cisco_ios.assembly import defined_lists
from secaudit.vendors.cisco_ios.reader import device_parts
from secaudit.vendors.cisco_ios.sections import collect
from secaudit.vendors.commands import append_lines
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import LineTree


def _ios_definitions(tree: LineTree) -> Definitions:
    sections = collect(tree, Ledger())
    lists, ipv6_lists = defined_lists(sections, Ledger())
    return Definitions({4: lists, 6: ipv6_lists}, sections.of("interface"), sections.words)


def _ios_head(family: Family, standard: bool, name: str) -> str:
    return (
        f"ip access-list {'standard' if standard else 'extended'} {name}" if family == 4 else f"ipv6 access-list {name}"
    )


_IOS = Dialect(
    device_parts,
    _ios_definitions,
    interface_name,
    _ios_head,
    lambda held, step: f"ip access-list resequence {held.name} {step} {step}",
    frozenset((4,)),
    ("permit icmp any any nd-na", "permit icmp any any nd-ns"),
    " log",
)


class CiscoIosCommandWriter(ListCommandWriter):
    """See `secaudit.vendors.commands.CommandWriter`."""

    dialect = _IOS

    def typed_behind(self, text: str, lines: Sequence[str]) -> str:
        """Commands before the `end` that a device prints last."""
        held = text.splitlines()
        last = max((number for number, line in enumerate(held) if line.rstrip() == "end"), default=len(held))
        return append_lines("\n".join(held[:last]), [*lines, *held[last:]])


WRITER = CiscoIosCommandWriter()
