"""The SWX reader: configuration text in, devices and coverage out."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from secaudit.network.device import DoubtKind
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.common.ledger import CoverageBuilder, Ledger
from secaudit.vendors.common.lines import read_tree, split_at_end
from secaudit.vendors.reader import ReadConfig
from secaudit.vendors.yamaha_swx import NAME
from secaudit.vendors.yamaha_swx.assembly import assemble
from secaudit.vendors.yamaha_swx.sections import collect

_TRUNCATED = Text(
    ja="設定の末尾の end がないため、ファイルが途中で切れている可能性があります",
    en="there is no `end`: the file may have been cut",
)


def read(text: ConfigText) -> ReadConfig:
    """Reads every switch of the file. A part after `end` is a device of its own when it has interfaces."""
    coverage = CoverageBuilder()
    devices = []
    fallback = posixpath.splitext(posixpath.basename(text.file))[0] or text.file
    names: dict[str, int] = {}
    for lines in _parts(text):
        tree = read_tree(lines)
        ledger = Ledger()
        ledger.used.update(tree.structure)
        sections = collect(tree, ledger)
        if not tree.ended:
            ledger.doubt(DoubtKind.TRUNCATED, _TRUNCATED, tuple(lines[-1:]))
        devices.append(assemble(sections, tree, ledger, text.file, fallback, names))
        ledger.coverage_into(coverage, lines)
    return ReadConfig(NAME, tuple(devices), coverage.build())


def _parts(text: ConfigText) -> list[Sequence[SourceLine]]:
    """One part a device; text after the last `end` that is no device of its own stays with the one before."""
    parts: list[list[SourceLine]] = []
    for lines in split_at_end(text.lines):
        if parts and not any(line.text.startswith(("interface ", "hostname ")) for line in lines):
            parts[-1].extend(lines)
        else:
            parts.append(list(lines))
    return list(parts)
