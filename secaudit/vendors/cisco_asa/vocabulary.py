"""The data files of this vendor: names of protocols, ports and ICMP types, defaults by release, and lines known not to matter."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from secaudit.vendors.common.irrelevance import Irrelevance, load_irrelevance

CONTEXTS = ("global", "interface", "webvpn")


@dataclass(frozen=True, slots=True)
class Names:
    """Names that stand for numbers (`data/names.toml`). A port has one number, whatever the protocol."""

    protocols: Mapping[str, int]
    ports: Mapping[str, int]
    icmp: Mapping[str, int]
    icmp6: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where the file says nothing (`data/defaults.toml`). None: not confirmed, or the release is not known and they differ."""

    level_of_inside: int
    level_of_others: int
    equal_levels_pass: bool | None
    back_out_of_the_same_interface: bool | None
    nat_control: bool | None
    vpn_bypasses_lists: bool | None
    telnet_at_the_lowest_level: bool | None
    logging: bool | None
    denials_are_logged: bool | None
    access_vlan: int
    services: Mapping[str, bool | None]
    lists_name_real_addresses: bool | None
    lists_hold_ipv6: bool | None
    """IPv6 is in the same lists as IPv4."""
    management_has_its_own_table: bool | None
    """Interfaces that are `management-only` have a routing table of their own."""
    console_timeout: int
    """Seconds until an idle session at the console ends; 0 = never."""
    login_attempts: int
    login_banner: int
    central_authentication: int
    ssh_version: int | None
    """The oldest version of SSH that is answered without `ssh version`."""
    all_users_are_locked_out: bool | None
    """Those of level 15 are locked out as well after too many failed logins."""


@cache
def names() -> Names:
    """Reads `data/names.toml` once."""
    data = tomllib.loads(resources.files(__package__).joinpath("data/names.toml").read_text("utf-8"))
    return Names(data["protocols"], data["ports"], data["icmp"], data["icmp6"])


@cache
def irrelevance() -> Irrelevance:
    """Reads `data/irrelevant.toml` once."""
    return load_irrelevance(__package__, CONTEXTS)


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("data/defaults.toml").read_text("utf-8"))


@lru_cache(maxsize=256)
def defaults(release: tuple[int, int] | None) -> Defaults:
    """The defaults of a release; the first table of the data file whose conditions hold."""
    always = _table()["always"]
    entry = next(one for one in _table()["release"] if _holds(one, release))
    return Defaults(
        level_of_inside=always["level_of_inside"],
        level_of_others=always["level_of_others"],
        equal_levels_pass=_three(always["equal_levels_pass"]),
        back_out_of_the_same_interface=_three(always["back_out_of_the_same_interface"]),
        nat_control=_three(always["nat_control"]),
        vpn_bypasses_lists=_three(always["vpn_bypasses_lists"]),
        telnet_at_the_lowest_level=_three(always["telnet_at_the_lowest_level"]),
        logging=_three(always["logging"]),
        denials_are_logged=_three(always["denials_are_logged"]),
        access_vlan=always["access_vlan"],
        services={name: _three(word) for name, word in always["services"].items()},
        lists_name_real_addresses=_three(entry["lists_name_real_addresses"]),
        lists_hold_ipv6=_three(entry["lists_hold_ipv6"]),
        management_has_its_own_table=_three(entry["management_has_its_own_table"]),
        console_timeout=always["console_timeout"],
        login_attempts=always["login_attempts"],
        login_banner=always["login_banner"],
        central_authentication=always["central_authentication"],
        ssh_version=None if entry["ssh_version"] == "unsure" else entry["ssh_version"],
        all_users_are_locked_out=_three(entry["all_users_are_locked_out"]),
    )


def _holds(entry: Mapping[str, Any], release: tuple[int, int] | None) -> bool:
    return "at_least" not in entry or (release is not None and release >= tuple(entry["at_least"]))


def _three(word: str) -> bool | None:
    return {"on": True, "off": False}.get(word)
