"""The data files of this vendor: names of protocols and ports, known applications, and lines known not to matter."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
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
def irrelevance() -> Irrelevance:
    """Reads `data/irrelevant.toml` once."""
    return load_irrelevance(__package__, ("global", "interface", "line"))


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
