"""Lines that are known not to matter."""

from __future__ import annotations

from functools import cache

from secaudit.vendors.common.irrelevance import Irrelevance, load_irrelevance


@cache
def irrelevance() -> Irrelevance:
    """Reads `data/irrelevant.toml` once."""
    return load_irrelevance(__package__, ("global", "interface", "line"))
