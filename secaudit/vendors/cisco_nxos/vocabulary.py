"""The data files of this vendor: names of interfaces, lines known not to matter."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from secaudit.vendors.cisco import words
from secaudit.vendors.common.irrelevance import Irrelevance, load_irrelevance
from secaudit.vendors.common.ledger import NotUnderstoodError

MANAGEMENT_INTERFACE = "mgmt0"
MANAGEMENT_VRF = "management"
_NUMBER = re.compile(r"\d[\d/.]*\Z")


@cache
def _interfaces() -> Mapping[str, str]:
    data = tomllib.loads(resources.files(__package__).joinpath("data/names.toml").read_text("utf-8"))
    found: Mapping[str, str] = data["interfaces"]
    return found


@cache
def irrelevance() -> Irrelevance:
    """Reads `data/irrelevant.toml` once."""
    return load_irrelevance(__package__, ("global", "interface", "line", "vrf", "redundant", "vlan"))


def interface_name(items: Sequence[str]) -> tuple[str, int]:
    """The name of an interface as the device prints it, and how many words it took.

    >>> interface_name(("eth1/1",))
    ('Ethernet1/1', 1)
    >>> interface_name(("vlan", "10"))
    ('Vlan10', 2)

    Raises `ValueError` when the words do not name one interface.
    """
    if not items:
        raise ValueError("no interface name")
    first = items[0]
    letters = first.rstrip("0123456789/.")
    number = first[len(letters) :]
    taken = 1
    if not number and len(items) > 1:
        number, taken = items[1], 2
    full = _interfaces().get(letters.lower())
    if full is None or not _NUMBER.match(number):
        raise ValueError(f"{first!r} is not an interface")
    return full + number, taken


class Words(words.Words):
    """See the base class; interfaces may have names of two words."""

    __slots__ = ()

    def interface(self) -> str:
        """The name of an interface."""
        try:
            name, taken = interface_name(self.items[self.position :])
        except ValueError as error:
            raise NotUnderstoodError(str(error)) from error
        self.position += taken
        return name
