"""What is asked of a reader with any bytes at all: it never raises, and accounts for every line exactly once."""

from __future__ import annotations

from collections import Counter

from secaudit.errors import InputError
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.reader import Reader, TableReader


class BrokenPromiseError(AssertionError):
    """A reader did what it promises never to do."""


def check(reader: Reader, data: bytes) -> None:
    """Raises when the reader breaks a promise of `vendors.reader` on these bytes."""
    try:
        text = config_text_from_bytes(data, "fuzz.txt")
    except InputError:
        return
    score = reader.score(text)
    if not 0 <= score <= 100:
        raise BrokenPromiseError(f"a score of {score}")
    if isinstance(reader, TableReader):
        reader.find_tables(text)
    found = reader.read(text)
    coverage = found.coverage
    told = Counter((*coverage.used, *coverage.irrelevant, *(one.line.number for one in coverage.unread)))
    lines = {line.number for line in text.lines}
    if set(told) != lines or any(count > 1 for count in told.values()):
        raise BrokenPromiseError(
            f"not accounted for exactly once: {sorted(lines ^ set(told))[:5]} {told.most_common(1)}"
        )
    for device in found.devices:
        if device.vendor != reader.name:
            raise BrokenPromiseError(f"a device of {device.vendor}")
