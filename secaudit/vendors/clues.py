"""What the recognition of several vendors has in common."""

from __future__ import annotations

import re
from collections.abc import Iterable


def any_of(patterns: Iterable[re.Pattern[str]]) -> re.Pattern[str]:
    """One pattern that matches where at least one of several does. Most lines of a file match none, which one look then tells.

    All of them must have the same flags, and none may refer to its groups by number.
    """
    parts = tuple(patterns)
    return re.compile("|".join(f"(?:{part.pattern})" for part in parts), parts[0].flags)
