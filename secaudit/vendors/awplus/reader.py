"""The reader: from the lines of a file to devices."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from itertools import pairwise

from secaudit.network.device import Device, DoubtKind
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.awplus import NAME
from secaudit.vendors.awplus.assembly import assemble
from secaudit.vendors.awplus.sections import collect
from secaudit.vendors.common.ledger import CoverageBuilder, Ledger
from secaudit.vendors.common.lines import LineTree, read_tree, split_at_end
from secaudit.vendors.reader import ReadConfig

_TRUNCATED = Text(
    ja="末尾に end がなく、ファイルが途中で切れている可能性があります",
    en="there is no `end`: the file may have been cut off",
)


def read(text: ConfigText) -> ReadConfig:
    """Reads every device of the file. A part after `end` is a device of its own when it has a hostname."""
    coverage = CoverageBuilder()
    devices: list[Device] = []
    for lines, tree in device_parts(text):
        ledger = Ledger()
        ledger.used.update(tree.structure)
        sections = collect(tree, ledger)
        if not tree.ended:
            ledger.doubt(DoubtKind.TRUNCATED, _TRUNCATED, (lines[-1],) if lines else ())
        fallback = posixpath.splitext(posixpath.basename(text.file))[0] or text.file
        if devices:
            fallback += f"-{len(devices) + 1}"
        devices.append(assemble(sections, ledger, text.file, fallback, tuple(lines[:1])))
        ledger.coverage_into(coverage, lines)
    return ReadConfig(NAME, tuple(devices), coverage.build())


def device_parts(text: ConfigText) -> list[tuple[Sequence[SourceLine], LineTree]]:
    """One part a device; text after the last `end` that is no device of its own stays with the one before."""
    parts: list[list[SourceLine]] = []
    for lines in split_at_end(text.lines):
        if parts and not _is_device(lines):
            parts[-1].extend(lines)
        else:
            parts += _by_hostname(lines)
    return [(lines, read_tree(lines)) for lines in parts]


def _is_device(lines: Sequence[SourceLine]) -> bool:
    """It has a hostname; or it has interfaces and its `end`, because one with the default hostname prints none."""
    texts = [line.text for line in lines]
    named = any(text.startswith("hostname ") for text in texts)
    ended = any(text.rstrip() == "end" for text in texts)
    return named or (ended and any(text.startswith("interface ") for text in texts))


def _by_hostname(lines: Sequence[SourceLine]) -> list[list[SourceLine]]:
    """A part without `end` inside may still hold several devices: a further one begins with another hostname."""
    starts = [0]
    known = ""
    for index, line in enumerate(lines):
        if line.text.startswith("hostname "):
            name = line.text[9:].strip()
            if known and name != known:
                starts.append(index)
            known = name
    return [list(lines[low:high]) for low, high in pairwise([*starts, len(lines)])]
