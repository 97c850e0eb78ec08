"""The body in which every shipped rule passes, and the vocabulary to change it."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from secaudit.rules.fixtures.load import load_base
from secaudit.rules.fixtures.world import changed, context_of
from secaudit.rules.loader import load_ruleset

__all__ = ["base_world", "changed", "context_of"]


@cache
def _base() -> dict[str, Any]:
    return dict(load_base(load_ruleset()))


def base_world() -> dict[str, Any]:
    """The words of the base, to change as one likes."""
    return copy.deepcopy(_base())
