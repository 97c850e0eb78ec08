"""The data files of this vendor: names of interfaces, defaults by release, lines known not to matter."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from secaudit.vendors.cisco import words
from secaudit.vendors.common.irrelevance import Irrelevance, load_irrelevance
from secaudit.vendors.common.ledger import NotUnderstoodError

MANAGEMENT_INTERFACE = "mgmt0"
MANAGEMENT_VRF = "management"
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})\(")
_NUMBER = re.compile(r"\d[\d/.]*\Z")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where the file says nothing (`data/defaults.toml`). None: not confirmed for this release."""

    telnet: bool | None
    ssh: bool | None
    nxapi_http: bool | None
    """Whether `feature nxapi` alone answers HTTP; likewise HTTPS below."""
    nxapi_https: bool | None


@cache
def _interfaces() -> Mapping[str, str]:
    data = tomllib.loads(resources.files(__package__).joinpath("data/names.toml").read_text("utf-8"))
    found: Mapping[str, str] = data["interfaces"]
    return found


@cache
def irrelevance() -> Irrelevance:
    """Reads `data/irrelevant.toml` once."""
    return load_irrelevance(__package__, ("global", "interface", "line", "vrf", "redundant", "vlan"))


@lru_cache(maxsize=256)
def defaults(version: str) -> Defaults:
    """The defaults of a release as it is printed behind `version`; the first table of the data file whose conditions hold."""
    found = _VERSION.match(version)
    release = (int(found[1]), int(found[2])) if found is not None else None
    data = tomllib.loads(resources.files(__package__).joinpath("data/defaults.toml").read_text("utf-8"))
    for one in data["release"]:
        low = tuple(one["at_least"]) if "at_least" in one else None
        if low is not None and (release is None or release < low):
            continue
        if "contains" in one and one["contains"] not in version:
            continue
        return Defaults(*(_three(one[name]) for name in ("telnet", "ssh", "nxapi_http", "nxapi_https")))
    return Defaults(None, None, None, None)


def _three(word: str) -> bool | None:
    return {"on": True, "off": False}.get(word)


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
