"""What a line of an interface could do that was not understood."""

from __future__ import annotations

from collections.abc import Sequence

from secaudit.vendors.common.ledger import DEVICE, Scope, on_interfaces

_ROUTING_WORDS = frozenset(("address", "unnumbered", "vrf", "policy"))
_FILTER_WORDS = frozenset(("access-group", "traffic-filter", "in", "out"))


def scope_of_interface_line(keys: Sequence[str], names: Sequence[str]) -> Scope:
    """The traffic of the interface itself; of the whole device when the line may make a network or move the interface to another table.

    Without the line such a network has no route, so what other interfaces receive for it would seem to be impossible.
    """
    if not _ROUTING_WORDS.isdisjoint(keys) or any(map(may_be_an_address, keys)):
        return DEVICE
    return on_interfaces(*names)


def may_apply_a_list(keys: Sequence[str]) -> bool:
    """Whether a line that was not understood may apply an access list."""
    return not _FILTER_WORDS.isdisjoint(keys)


def may_be_an_address(word: str) -> bool:
    """Whether a word has the shape of an IPv4 or IPv6 address, however wrong it may be."""
    return word.count(".") > 2 or word.count(":") > 1
