"""The data files of this vendor: names of protocols and ports, known applications, defaults, words of tunnels, and lines known not to matter."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from secaudit.network.matches import ESP, GRE, ICMP, ICMPV6, TCP, UDP, Service
from secaudit.vendors.common.irrelevance import Irrelevance, load_irrelevance

_NUMBERS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "esp": ESP, "gre": GRE}


@dataclass(frozen=True, slots=True)
class Names:
    """Names that stand for numbers (`data/names.toml`)."""

    protocols: Mapping[str, int]
    ports: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class KnownApplications:
    """Applications that need no definition (`data/applications.toml`).

    `unconfirmed` are the predefined ones of which the ports are not sure; `inspected` are recognised by content.
    """

    predefined: Mapping[str, tuple[Service, ...]]
    unconfirmed: frozenset[str]
    inspected: frozenset[str]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where the file says nothing (`data/defaults.toml`). None: not confirmed for this release."""

    services: Mapping[str, bool | None]
    ip_forwarding: bool | None
    ipv6_forwarding: bool | None
    access_vlan: int
    native_vlan: int
    exec_timeout: int
    """Seconds without a key stroke until a session ends."""
    login_attempts: int
    relayed: tuple[int, ...]
    """The ports of the broadcasts that `ip helper-address` passes on; likewise for IPv6 below."""
    relayed_ipv6: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TunnelWords:
    """The words of lines about IPsec, and what they mean (`data/tunnels.toml`)."""

    encryption: Mapping[str, str]
    integrity: Mapping[str, str]
    groups: Mapping[str, int]
    default_ike: int
    """The version of the key exchange that the profile `default` speaks."""
    irrelevant: Mapping[str, tuple[tuple[str, ...], ...]]
    """By the kind of a profile, the first words of lines below it that have nothing to do with algorithms."""


@cache
def names() -> Names:
    """Reads `data/names.toml` once."""
    data = _load("names.toml")
    return Names(data["protocols"], data["ports"])


@cache
def known_applications() -> KnownApplications:
    """Reads `data/applications.toml` once."""
    data = _load("applications.toml")
    return KnownApplications(
        {name: tuple(map(_service, value)) for name, value in data["predefined"].items()},
        frozenset(data["unconfirmed"]["names"]),
        frozenset(data["inspected"]["names"]),
    )


@cache
def tunnel_words() -> TunnelWords:
    """Reads `data/tunnels.toml` once."""
    data = _load("tunnels.toml")
    return TunnelWords(
        data["encryption"],
        data["integrity"],
        data["groups"],
        data["default_profile"]["ike"],
        {kind: tuple(tuple(start.split()) for start in starts) for kind, starts in data["irrelevant"].items()},
    )


@cache
def irrelevance() -> Irrelevance:
    """Reads `data/irrelevant.toml` once."""
    return load_irrelevance(__package__, ("global", "interface", "line"))


@cache
def _table() -> Mapping[str, Any]:
    return _load("defaults.toml")


@lru_cache(maxsize=256)
def defaults(release: tuple[int, int] | None) -> Defaults:
    """The defaults of a release; the first table of the data file whose conditions hold."""
    always = _table()["always"]
    entry = next(one for one in _table()["release"] if _holds(one, release))
    return Defaults(
        services={name: _three(word) for name, word in entry["services"].items()},
        ip_forwarding=_three(always["ip_forwarding"]),
        ipv6_forwarding=_three(always["ipv6_forwarding"]),
        access_vlan=always["access_vlan"],
        native_vlan=always["native_vlan"],
        exec_timeout=always["exec_timeout"],
        login_attempts=always["login_attempts"],
        relayed=tuple(always["relayed"]),
        relayed_ipv6=tuple(always["relayed_ipv6"]),
    )


def _holds(entry: Mapping[str, Any], release: tuple[int, int] | None) -> bool:
    if "at_least" not in entry:
        return True
    return release is not None and tuple(entry["at_least"]) <= release < tuple(entry["below"])


def _three(word: str) -> bool | None:
    return {"on": True, "off": False}.get(word)


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(f"data/{name}").read_text("utf-8"))


def _service(text: str) -> Service:
    protocol, _, port = text.partition("/")
    number = _NUMBERS[protocol]
    if protocol == "icmp":
        return Service(protocols=((ICMP, ICMP), (ICMPV6, ICMPV6)))
    if not port:
        return Service(protocols=((number, number),))
    return Service(protocols=((number, number),), destination_ports=((int(port), int(port)),))
