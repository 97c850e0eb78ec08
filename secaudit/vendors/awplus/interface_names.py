"""Names of interfaces: `port1.0.1`, ranges `port1.0.2-1.0.4`, lists `vlan2-100,vlan4090` (AL-02)."""

from __future__ import annotations

from secaudit.network.interfaces import InterfaceKind
from secaudit.vendors.common.ledger import NotUnderstoodError

_KINDS = {
    "port": InterfaceKind.PHYSICAL,
    "eth": InterfaceKind.PHYSICAL,
    "cellular": InterfaceKind.DIALER,
    "wwan": InterfaceKind.DIALER,
    "ppp": InterfaceKind.DIALER,
    "sa": InterfaceKind.AGGREGATE,
    "po": InterfaceKind.AGGREGATE,
    "vlan": InterfaceKind.VLAN,
    "tunnel": InterfaceKind.TUNNEL,
    "virtual-access": InterfaceKind.TUNNEL,
    "lo": InterfaceKind.LOOPBACK,
    "br": InterfaceKind.BRIDGE,
    "of": InterfaceKind.PHYSICAL,
}
_MOST_OF_A_RANGE = 4094


def interface_kind(name: str) -> InterfaceKind | None:
    """What an interface is made of, by its name; None for a name that is none."""
    letters = name.rstrip("0123456789.")
    kind = _KINDS.get(letters)
    if kind is None or (len(letters) == len(name) and letters != "lo"):
        return None
    return kind


def canonical(word: str) -> str:
    """The name as the device prints it. Raises `NotUnderstoodError` for a word that names no interface.

    >>> canonical("VLAN10")
    'vlan10'
    """
    name = word.lower()
    if interface_kind(name) is None:
        raise NotUnderstoodError(f"{word!r} is not an interface")
    return name


def expand(text: str) -> list[str]:
    """All names of a list with ranges. Raises `NotUnderstoodError`.

    >>> expand("port1.0.2-1.0.4,port2.0.1")
    ['port1.0.2', 'port1.0.3', 'port1.0.4', 'port2.0.1']
    >>> expand("vlan2-3,vlan10")
    ['vlan2', 'vlan3', 'vlan10']
    """
    names: dict[str, None] = {}
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        if first == "virtual":
            first, dash, last = part, "", ""
        for name in [canonical(first)] if not dash else _range(canonical(first), last):
            names[name] = None
        if len(names) > 4 * _MOST_OF_A_RANGE:
            raise NotUnderstoodError("too many interfaces")
    return list(names)


def _range(first: str, last: str) -> list[str]:
    letters = first.rstrip("0123456789.")
    head, dot, low = first[len(letters) :].rpartition(".")
    end = last.removeprefix(letters)
    other_head, _, high = end.rpartition(".")
    if other_head not in ("", head) or not (low.isascii() and low.isdigit() and high.isascii() and high.isdigit()):
        raise NotUnderstoodError(f"{first}-{last} is not a range")
    if len(low) > 5 or len(high) > 5 or not 0 <= int(high) - int(low) <= _MOST_OF_A_RANGE:
        raise NotUnderstoodError(f"{first}-{last} is not a range")
    return [f"{letters}{head}{dot}{number}" for number in range(int(low), int(high) + 1)]
