"""The names of `data/names.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "names.toml"


@cache
def names(table: str) -> Mapping[str, int]:
    """One table of names (`ports`, `protocols`, `icmp_types`, ...)."""
    tables: dict[str, dict[str, int]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return tables[table]
