"""The data files of this package, and how its interfaces are named."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from secaudit.network.interfaces import InterfaceKind
from secaudit.vendors.common.irrelevance import Irrelevance, load_irrelevance

_NAME = re.compile(r"(port\d{1,2}\.\d{1,2}|(?:vlan|sa|po|lo)\d{1,4}|loopback\d{0,3}|mgmt)")
_RANGE = re.compile(r"(port\d{1,2}\.)(\d{1,2})-(?:port\d{1,2}\.)?(\d{1,2})")
_MOST_PORTS = 64


@dataclass(frozen=True, slots=True)
class ServiceDefault:
    """What a service does when no line says anything: whether it runs, and whether only the maintenance VLAN may use it."""

    enabled: bool
    maintenance_only: bool


@cache
def irrelevance() -> Irrelevance:
    """Reads `data/irrelevant.toml` once."""
    return load_irrelevance(__package__, ("global", "interface", "line"))


@cache
def service_defaults(model: str) -> Mapping[str, ServiceDefault]:
    """The defaults of a model, by `data/defaults.toml`; a model that is not listed has those of the first entry."""
    data = tomllib.loads(resources.files(__package__).joinpath("data/defaults.toml").read_text("utf-8"))
    chosen = data["model"][0]
    for entry in data["model"]:
        if entry["names"] and model.upper().startswith(tuple(entry["names"])):
            chosen = entry
    only = bool(chosen["maintenance_only"])
    return {name: ServiceDefault(name in chosen["running"], only) for name in data["services"]}


def is_documented(model: str) -> bool:
    """Whether the defaults of that very model were read in its own technical reference."""
    data = tomllib.loads(resources.files(__package__).joinpath("data/defaults.toml").read_text("utf-8"))
    names = [name for entry in data["model"] for name in entry["names"]]
    return bool(model) and model.upper().startswith(tuple(names))


@cache
def failed_logins(model: str, version: str) -> int | None:
    """After how many failed logins a model of that revision (`Rev.4.02.13`) refuses any for a while; None where that was not read."""
    revision = [int(part) for part in version.lower().removeprefix("rev.").split(".") if part.isdecimal()]
    data = tomllib.loads(resources.files(__package__).joinpath("data/defaults.toml").read_text("utf-8"))
    for entry in data["login"]:
        if model.upper().startswith(tuple(entry["names"])):
            return int(entry["attempts"]) if revision >= entry["from"] else None
    return None


def interface_names(word: str) -> tuple[str, ...]:
    """The interfaces behind `port1.1`, `vlan10`, `port1.1-8` or a comma list of them; empty when it names none.

    >>> interface_names("port1.1-3")
    ('port1.1', 'port1.2', 'port1.3')
    """
    found: list[str] = []
    for part in word.lower().split(","):
        match = _RANGE.fullmatch(part)
        if match is not None:
            start, low, high = match[1], int(match[2]), int(match[3])
            if not low <= high <= _MOST_PORTS:
                return ()
            found += [f"{start}{number}" for number in range(low, high + 1)]
        elif _NAME.fullmatch(part) is not None:
            found.append(part)
        else:
            return ()
    return tuple(dict.fromkeys(found))


def kind_of(name: str) -> InterfaceKind:
    """What an interface is made of, from its name: `sa` and `po` are link aggregations."""
    if name.startswith("vlan"):
        return InterfaceKind.VLAN
    if name.startswith(("sa", "po")) and not name.startswith("port"):
        return InterfaceKind.AGGREGATE
    return InterfaceKind.LOOPBACK if name.startswith("lo") else InterfaceKind.PHYSICAL
