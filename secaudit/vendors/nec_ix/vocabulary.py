"""The lines known not to matter, and how interfaces are named."""

from __future__ import annotations

from functools import cache

from secaudit.network.interfaces import InterfaceKind
from secaudit.vendors.common.irrelevance import Irrelevance, load_irrelevance

_KINDS = (
    ("loopback", InterfaceKind.LOOPBACK),
    ("tunnel", InterfaceKind.TUNNEL),
    ("bvi", InterfaceKind.BRIDGE),
    ("null", InterfaceKind.NULL),
    ("bri", InterfaceKind.DIALER),
    ("dialer", InterfaceKind.DIALER),
    ("usb-serial", InterfaceKind.DIALER),
    ("mobileethernet", InterfaceKind.DIALER),
)


@cache
def irrelevance() -> Irrelevance:
    """Reads `data/irrelevant.toml` once."""
    return load_irrelevance(__package__, ("global", "interface", "device"))


_SPELLINGS = {
    one.lower(): one
    for one in (
        "GigaEthernet", "TenGigaEthernet", "FastEthernet", "Tunnel", "Loopback", "Null", "BVI", "BRI", "Dialer", "USB-Serial",
        "MobileEthernet", "Serial",
    )
}  # fmt: skip


def spelled(name: str) -> str:
    """The name of an interface as the device prints it: people type its letters in any case.

    >>> spelled("gigaethernet0.1")
    'GigaEthernet0.1'
    """
    letters = name.rstrip("0123456789.:/")
    known = _SPELLINGS.get(letters.lower())
    return name if known is None else known + name[len(letters) :]


def kind_of(name: str) -> InterfaceKind:
    """What an interface is made of, by its name.

    >>> kind_of("Tunnel0.0").value
    'tunnel'
    >>> kind_of("GigaEthernet2:6.1").value
    'physical'
    """
    lower = name.lower()
    return next((kind for start, kind in _KINDS if lower.startswith(start)), InterfaceKind.PHYSICAL)


def parent_of(name: str) -> str | None:
    """The base interface of a sub-interface (NE-03), None for a base interface.

    >>> parent_of("GigaEthernet2:6.1")
    'GigaEthernet2:6.0'
    >>> parent_of("GigaEthernet0.0") is None
    True
    """
    base, dot, number = name.rpartition(".")
    return f"{base}.0" if dot and number != "0" else None
