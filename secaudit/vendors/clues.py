"""What the recognition of several vendors has in common."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from secaudit.text.config_text import ConfigText

_LINES_LOOKED_AT = 400
_LONGEST_LINE = 240
_ENOUGH = 60
_ALONE = 10
"""The most that a single clue is worth."""
_FOREIGN = 5
"""The most that a text is worth in which another vendor speaks."""


def any_of(patterns: Iterable[re.Pattern[str]]) -> re.Pattern[str]:
    """One pattern that matches where at least one of several does. Most lines of a file match none, which one look then tells.

    All of them must have the same flags, and none may refer to its groups by number.
    """
    parts = tuple(patterns)
    return re.compile("|".join(f"(?:{part.pattern})" for part in parts), parts[0].flags)


@dataclass(frozen=True, slots=True)
class Clues:
    """The clues of a vendor among those whose command line looks alike: patterns for the start of a line (vendor table 0.3)."""

    own: tuple[tuple[str, int], ...]
    """Patterns with their weight; each is counted once. What others print as well weighs little."""
    foreign: tuple[str, ...]
    """What only others write."""
    headers: int = 0
    """How many of the first own clues are the device's name for itself: where one is there, what is foreign only weighs against it."""
    _own: tuple[tuple[re.Pattern[str], int], ...] = field(init=False, repr=False)
    _any_own: re.Pattern[str] = field(init=False, repr=False)
    _any_foreign: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        own = tuple((re.compile(pattern), weight) for pattern, weight in self.own)
        object.__setattr__(self, "_own", own)
        object.__setattr__(self, "_any_own", any_of(pattern for pattern, _ in own))
        object.__setattr__(self, "_any_foreign", any_of(re.compile(pattern) for pattern in self.foreign))

    def score(self, text: ConfigText) -> int:
        """0 to 100. One clear clue of another vendor keeps it at 5 or less, and a single clue at 10."""
        found: set[int] = set()
        total = foreign = 0
        for line in islice((line.text for line in text.lines if line.text.strip()), _LINES_LOOKED_AT):
            shown = line[:_LONGEST_LINE].rstrip()
            foreign += self._any_foreign.match(shown) is not None
            for index, (pattern, weight) in enumerate(self._own if self._any_own.match(shown) else ()):
                if index not in found and pattern.match(shown) is not None:
                    found.add(index)
                    total += weight
        if foreign and not found & set(range(self.headers)):
            return min(_FOREIGN, total)
        if len(found) < 2:
            return min(_ALONE, total)
        return max(0, min(total * 100 // _ENOUGH, 100) - 10 * foreign)
