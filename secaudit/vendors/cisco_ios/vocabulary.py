"""The data files of this vendor: defaults by release, and lines that are known not to matter."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from secaudit.vendors.common.irrelevance import Irrelevance, load_irrelevance

_RELEASE = re.compile(r"(\d{1,3})\.(\d{1,3})")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where the file says nothing (`data/defaults.toml`). None: not confirmed for this release, or it differs by model."""

    services: Mapping[str, bool | None]
    """By name. Telnet and SSH: whether a terminal line without `transport input` accepts them."""
    routing_of_routers: bool | None
    routing_of_switches: bool | None
    ipv6_routing: bool | None
    ports_negotiate: bool | None
    """Whether a switch port without `switchport mode` may become a trunk."""
    access_vlan: int
    native_vlan: int
    forwarded_broadcasts: tuple[int, ...]
    """The ports of the broadcasts that `ip helper-address` passes on."""
    exec_timeout: int
    """Seconds until an idle session of a terminal line ends."""
    login_banner: int
    ssh_version: int | None
    """The oldest version of SSH that is answered without `ip ssh version`."""
    central_authentication: int
    redundancy: int


@cache
def irrelevance() -> Irrelevance:
    """Reads `data/irrelevant.toml` once."""
    return load_irrelevance(__package__, ("global", "interface", "line"))


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("data/defaults.toml").read_text("utf-8"))


@lru_cache(maxsize=256)
def defaults(version: str) -> Defaults:
    """The defaults of a release as it is printed behind `version`; the first table of the data file whose conditions hold."""
    found = _RELEASE.match(version)
    release = None if found is None else (int(found[1]), int(found[2]))
    always = _table()["always"]
    entry = next(one for one in _table()["release"] if _holds(one, release))
    return Defaults(
        services={name: _three(word) for name, word in entry["services"].items()},
        routing_of_routers=_three(always["routing_of_routers"]),
        routing_of_switches=_three(always["routing_of_switches"]),
        ipv6_routing=_three(always["ipv6_routing"]),
        ports_negotiate=_three(always["ports_negotiate"]),
        access_vlan=always["access_vlan"],
        native_vlan=always["native_vlan"],
        forwarded_broadcasts=tuple(always["forwarded_broadcasts"]),
        exec_timeout=always["exec_timeout"],
        login_banner=always["login_banner"],
        ssh_version=None if entry["ssh_version"] == "unsure" else entry["ssh_version"],
        central_authentication=always["central_authentication"],
        redundancy=always["redundancy"],
    )


def _holds(entry: Mapping[str, Any], release: tuple[int, int] | None) -> bool:
    return "below" not in entry or (release is not None and release < tuple(entry["below"]))


def _three(word: str) -> bool | None:
    return {"on": True, "off": False}.get(word)
