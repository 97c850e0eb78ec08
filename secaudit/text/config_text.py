"""A configuration file as readers get it: decoded, unwrapped, masked."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


@dataclass(frozen=True, slots=True)
class ConfigText:
    """One input file as lines of text.

    `lines` holds every physical line that is left after unwrapping, with its secrets masked: a line that a terminal broke in
    two is one `SourceLine` with the number of its first part. Pager remains and prompts are gone: a line that held nothing else is
    an empty `SourceLine`. `notes` tell what was repaired, with the line numbers. `hosts` are the names in the prompts that were taken away.

    `commands` are the prompts that stood in the file, with the line number of each and what was typed there as its text (masked like lines;
    "" where nothing was): what follows is what the device answered, and a command may have asked for less than everything. `pagers` are the
    numbers of the lines in which a pager waited for a key with more to come.
    """

    file: str
    lines: tuple[SourceLine, ...]
    encoding: str
    size_bytes: int
    sha256: str
    notes: tuple[Text, ...] = ()
    commands: tuple[SourceLine, ...] = ()
    pagers: tuple[int, ...] = ()
    hosts: tuple[str, ...] = ()
