"""What depends on model and revision, as tables in `data/models.toml`."""

from __future__ import annotations

from secaudit.vendors.yamaha.table import read_data

_HUB = "lan1"
_PARTS_OF_A_HUB = 4
"""VLAN interfaces of one hub on models with two hubs (38.2: vlan1 to vlan4, vlan5 to vlan8)."""


def revision(version: str) -> tuple[int, ...]:
    """`Rev.15.02.31` as numbers that can be compared; empty when it is not written like that.

    >>> revision("Rev.15.02.31")
    (15, 2, 31)
    """
    _, _, numbers = version.partition(".")
    parts = numbers.split(".")[:4]
    return (
        tuple(map(int, parts)) if all(part.isascii() and part.isdecimal() and len(part) < 6 for part in parts) else ()
    )


def has_interconnect_groups(model: str, version: str) -> bool:
    """Whether `vlan interconnect group` surely exists there (38.3)."""
    since = read_data("models")["interconnect"].get(model.upper())
    return since is not None and revision(version) >= revision(since)


def lacks_service(name: str, model: str) -> bool:
    """Whether a model has no such service at all (33.1 and 4.10: no HTTP server on the models for headquarters)."""
    models = read_data("models")["without_service"].get(name, ())
    return model.upper().startswith(tuple(models))


def hub_of_vlan(number: int, model: str) -> str:
    """The LAN of which `vlanN` is a part as long as no line maps it (38.2)."""
    two = model.upper() in read_data("models")["two_hubs"]["models"]
    return "lan2" if two and number > _PARTS_OF_A_HUB else _HUB
