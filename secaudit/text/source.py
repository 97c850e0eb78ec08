"""Where a fact comes from: one line of one file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class SourceLine:
    """One line of an input file, as evidence.

    `file` is the path as shown to people (relative to the audit folder, with `/`), `number` counts from 1 in
    the file as it was submitted, and `text` is the line with its secrets masked.
    """

    file: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.number}: {self.text.strip()}"


Sources = tuple[SourceLine, ...]
