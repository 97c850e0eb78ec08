"""The reader: from the lines of a file to devices."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from secaudit.network.device import DoubtKind
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.alaxala import NAME
from secaudit.vendors.alaxala.assembly import assemble
from secaudit.vendors.alaxala.sections import collect, sets_nothing
from secaudit.vendors.common.ledger import CoverageBuilder, Ledger
from secaudit.vendors.common.lines import LineTree, read_tree
from secaudit.vendors.reader import ReadConfig

COMMENTS = "!#"
_HEADERS = ("#last modified by ", "#configuration list for ", "# configuration list for ")
_TRUNCATED = Text(
    ja="末尾が「!」で終わっておらず、ファイルが途中で切れている可能性があります",
    en="the file does not end with `!` as the device prints it: it may have been cut off",
)


def read(text: ConfigText) -> ReadConfig:
    """Reads every device of the file."""
    coverage = CoverageBuilder()
    devices = []
    for lines, tree in device_parts(text):
        ledger = Ledger()
        ledger.used.update(tree.structure)
        sections = collect(tree, ledger)
        last = _cut_at(lines)
        if last is not None:
            ledger.doubt(DoubtKind.TRUNCATED, _TRUNCATED, (last,))
        fallback = posixpath.splitext(posixpath.basename(text.file))[0] or text.file
        devices.append(assemble(sections, tree, ledger, text.file, fallback))
        ledger.coverage_into(coverage, lines)
    return ReadConfig(NAME, tuple(devices), coverage.build())


def device_parts(text: ConfigText) -> list[tuple[Sequence[SourceLine], LineTree]]:
    """One part a device: a new one begins with a header behind commands, or with another `hostname`."""
    parts: list[list[SourceLine]] = [[]]
    commands = named = False
    for line in text.lines:
        shown = line.text.lower()
        naming = shown.startswith("hostname ")
        if (commands and shown.startswith(_HEADERS)) or (naming and named):
            parts.append([])
            commands = named = False
        parts[-1].append(line)
        named = named or naming
        commands = commands or (bool(shown.strip()) and shown.strip()[0] not in COMMENTS)
    return [(lines, read_tree(lines, comment=COMMENTS)) for lines in parts]


def _cut_at(lines: Sequence[SourceLine]) -> SourceLine | None:
    """The last line when it is not the `!` (or `end`, typed by people) that ends a configuration."""
    for line in reversed(lines):
        shown = line.text.strip()
        if not shown or _is_prompt(shown):
            continue
        return None if shown[0] == "!" or shown == "end" else line
    return lines[-1] if lines else None


def _is_prompt(shown: str) -> bool:
    """What a terminal log has behind the configuration: `AX3660S-1#`, `AX3660S-1> exit`."""
    first, *typed = shown.split()
    return len(first) > 1 and first[0] not in COMMENTS and first.endswith(("#", ">")) and sets_nothing(typed)
