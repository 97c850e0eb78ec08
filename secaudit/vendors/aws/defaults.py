"""What AWS does by itself: the numbers of `data/defaults.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Defaults:
    """`reserved_addresses` of every subnet; of network ACLs the numbers of the entries `*` and the highest one of people; quotas by direction."""

    reserved_addresses: int
    last_entries: frozenset[int]
    highest_number: int
    acl_quota: int
    group_quota: int


@cache
def defaults() -> Defaults:
    """The numbers, read once."""
    data = tomllib.loads(resources.files(__package__).joinpath("data/defaults.toml").read_text("utf-8"))
    acl = data["network_acl"]
    return Defaults(
        reserved_addresses=data["subnet"]["reserved_addresses"],
        last_entries=frozenset(acl["last_entries"]),
        highest_number=acl["highest_number"],
        acl_quota=acl["usual_quota"],
        group_quota=data["security_group"]["usual_quota"],
    )
