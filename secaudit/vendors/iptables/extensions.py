"""The data of `data/extensions.json`: which matches and targets there are, and the names of protocols and ICMP types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from secaudit.network.filters import Certainty
from secaudit.text.bilingual import Text

_FILE = Path(__file__).parent / "data" / "extensions.json"


@dataclass(frozen=True, slots=True)
class MatchEffect:
    """What a match that is not read in detail makes of its rule."""

    certainty: Certainty
    text: Text


@dataclass(frozen=True, slots=True)
class Extensions:
    """See the module. A type's code is None where all codes are meant."""

    matches: Mapping[str, MatchEffect]
    continuing: frozenset[str]
    logging: frozenset[str]
    unknown: frozenset[str]
    protocols: Mapping[str, int]
    icmp: Mapping[str, tuple[int, int | None]]
    icmpv6: Mapping[str, tuple[int, int | None]]


_CERTAINTIES = {"sometimes": Certainty.SOMETIMES, "uncertain": Certainty.UNCERTAIN, "harmless": Certainty.ALWAYS}


@cache
def extensions() -> Extensions:
    """The tables, read once."""
    data = json.loads(_FILE.read_text(encoding="utf-8"))
    matches = {
        name: MatchEffect(_CERTAINTIES[effect], Text(ja=group["ja"], en=group["en"]))
        for effect, group in data["matches"].items()
        for name in group["names"]
    }
    targets = data["targets"]
    return Extensions(
        matches,
        frozenset(targets["continue"]),
        frozenset(targets["log"]),
        frozenset(targets["unknown"]),
        data["protocols"],
        {name: (kind, code) for name, (kind, code) in data["icmp"].items()},
        {name: (kind, code) for name, (kind, code) in data["icmpv6"].items()},
    )
