"""Which vendor wrote a configuration, and who reads it.

Vendors are entry points of the group `secaudit.vendors`: another package can add one without a change here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeVar

from secaudit.errors import InternalError
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.reader import FoundTables, GatheringReader, ReadConfig, Reader, TableReader

T = TypeVar("T")

GROUP = "secaudit.vendors"
LEAST_SCORE = 50
LEAST_LEAD = 10

_CLUE_FILE = Path(__file__).with_name("vendor_clues.json")
_HINT_LINES = 400
_HINT_COLUMNS = 400


@cache
def readers() -> tuple[Reader, ...]:
    """Every installed vendor, in the order of names. Raises `InternalError` for one that cannot be loaded."""
    found = []
    for entry in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        try:
            found.append(entry.load())
        except Exception as error:
            raise InternalError(
                Text(
                    ja=f"機種 {entry.name} の読取部品を読み込めません: {error!r}",
                    en=f"the reader of {entry.name} cannot be loaded: {error!r}",
                )
            ) from error
    return tuple(found)


def recognise(text: ConfigText) -> Reader | None:
    """The vendor that surely wrote a text: the best score, high enough and clearly ahead of every other; else None."""
    scored = sorted(
        ((_guarded(reader, text, reader.score), reader) for reader in readers()), key=lambda pair: pair[0], reverse=True
    )
    if not scored or scored[0][0] < LEAST_SCORE:
        return None
    if len(scored) > 1 and scored[0][0] - scored[1][0] < LEAST_LEAD:
        return None
    return scored[0][1]


def read_config(text: ConfigText) -> ReadConfig | None:
    """Reads a configuration, or None when its vendor is not known."""
    reader = recognise(text)
    return None if reader is None else _guarded(reader, text, reader.read)


def read_as(vendor: str, text: ConfigText) -> ReadConfig:
    """Reads a configuration of which the vendor is known."""
    reader = next(one for one in readers() if one.name == vendor)
    return _guarded(reader, text, reader.read)


def score_of(reader: Reader, text: ConfigText) -> int:
    """How sure one reader is of a text."""
    return _guarded(reader, text, reader.score)


def gathering_vendors() -> tuple[str, ...]:
    """The vendors whose files are to be read together (`read_together`)."""
    return tuple(reader.name for reader in readers() if isinstance(reader, GatheringReader))


def read_together(vendor: str, texts: Sequence[ConfigText]) -> tuple[ReadConfig, ...]:
    """Reads the texts of one vendor as parts of one whole, each with its own coverage; `vendor` is one of `gathering_vendors`."""
    reader = next(one for one in readers() if one.name == vendor)
    if not isinstance(reader, GatheringReader) or not texts:
        return ()
    gathering = reader

    def step(_: ConfigText) -> tuple[ReadConfig, ...]:
        return gathering.read_together(texts)

    return _guarded(reader, texts[0], step)


def find_tables(text: ConfigText) -> FoundTables:
    """The captured routing tables in a text, as every vendor reads them that thinks it knows them."""
    found = [_guarded(reader, text, reader.find_tables) for reader in readers() if isinstance(reader, TableReader)]
    return FoundTables(
        tuple(table for one in found for table in one.tables),
        frozenset(number for one in found for number in one.lines),
    )


def _guarded(reader: Reader | TableReader, text: ConfigText, step: Callable[[ConfigText], T]) -> T:
    """A reader promises never to raise; one that does is broken, and which one on which file must be told."""
    try:
        return step(text)
    except Exception as error:
        raise InternalError(
            Text(
                ja=f"機種 {getattr(reader, 'name', reader)} の読取中に内部エラーが起きました（{text.file}）: {error!r}",
                en=f"the reader of {getattr(reader, 'name', reader)} failed on {text.file}: {error!r}",
            ),
            Text(
                ja="このファイルを除けば監査を続けられます。開発元に知らせてください。",
                en="Without this file the audit can go on; please report it.",
            ),
        ) from error


@dataclass(frozen=True, slots=True)
class _Clue:
    pattern: re.Pattern[str]
    weight: int


@dataclass(frozen=True, slots=True)
class _Signature:
    title: str
    clues: tuple[_Clue, ...]


@cache
def _signatures() -> tuple[int, tuple[_Signature, ...]]:
    data = json.loads(_CLUE_FILE.read_text(encoding="utf-8"))
    return data["threshold"], tuple(
        _Signature(
            vendor["title"],
            tuple(_Clue(re.compile(clue["pattern"], re.IGNORECASE), clue["weight"]) for clue in vendor["clues"]),
        )
        for vendor in data["vendors"]
    )


def vendor_hint(text: ConfigText) -> str | None:
    """The name of a product we know by its look but cannot read (`vendors.md` 0.3), for a message. Never used for a verdict."""
    threshold, signatures = _signatures()
    lines = [line.text[:_HINT_COLUMNS] for line in text.lines if line.text.strip()][:_HINT_LINES]
    scores = [
        (
            sum(clue.weight for clue in signature.clues if any(clue.pattern.search(line) for line in lines)),
            signature.title,
        )
        for signature in signatures
    ]
    best, title = max(scores, key=lambda pair: pair[0], default=(0, ""))
    tied = sum(1 for score, _ in scores if score == best) > 1
    return title if best >= threshold and not tied else None
