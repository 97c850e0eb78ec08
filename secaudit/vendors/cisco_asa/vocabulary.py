"""The data files of this vendor: names of protocols, ports and ICMP types, and lines known not to matter."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from secaudit.vendors.common.irrelevance import Irrelevance, load_irrelevance

CONTEXTS = ("global", "interface")


@dataclass(frozen=True, slots=True)
class Names:
    """Names that stand for numbers (`data/names.toml`). A port has one number, whatever the protocol."""

    protocols: Mapping[str, int]
    ports: Mapping[str, int]
    icmp: Mapping[str, int]
    icmp6: Mapping[str, int]


@cache
def names() -> Names:
    """Reads `data/names.toml` once."""
    data = tomllib.loads(resources.files(__package__).joinpath("data/names.toml").read_text("utf-8"))
    return Names(data["protocols"], data["ports"], data["icmp"], data["icmp6"])


@cache
def irrelevance() -> Irrelevance:
    """Reads `data/irrelevant.toml` once."""
    return load_irrelevance(__package__, CONTEXTS)
