"""What AWS does by itself (`data/defaults.toml`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from secaudit.vendors.common.defaults import read_defaults


@dataclass(frozen=True, slots=True)
class Defaults:
    """Addresses of every subnet that AWS keeps, numbers of entries of network ACLs, and quotas by direction."""

    reserved_addresses: int
    last_entry_ipv4: int
    last_entry_ipv6: int
    highest_number: int
    acl_quota: int
    group_quota: int


@cache
def defaults() -> Defaults:
    """Reads the table once."""
    return read_defaults(Defaults, __package__, None)
