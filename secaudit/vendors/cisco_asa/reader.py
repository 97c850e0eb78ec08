"""The reader: from the lines of a file to devices."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from secaudit.network.device import DoubtKind
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco_asa import NAME
from secaudit.vendors.cisco_asa.assembly import assemble
from secaudit.vendors.cisco_asa.sections import collect, is_around
from secaudit.vendors.common.ledger import CoverageBuilder, Ledger
from secaudit.vendors.common.lines import LineTree, read_tree
from secaudit.vendors.reader import ReadConfig

_COMMENTS = "!:"
_TRUNCATED = Text(
    ja="末尾に : end がなく、ファイルが途中で切れている可能性があります",
    en="there is no `: end`: the file may have been cut off",
)
_HEADLESS = Text(
    ja="先頭の ASA Version も hostname もなく、前の部分が欠けている可能性があります",
    en="there is neither `ASA Version` nor `hostname` at the beginning: something before it may be missing",
)


def read(text: ConfigText) -> ReadConfig:
    """Reads every device of the file. A part behind `: end` is a device of its own when it has a hostname."""
    coverage = CoverageBuilder()
    devices = []
    fallback = posixpath.splitext(posixpath.basename(text.file))[0] or text.file
    for lines in device_parts(text):
        tree = tree_of(lines)
        ledger = Ledger()
        ledger.used.update(tree.structure)
        sections = collect(tree, ledger)
        if not _is_ended(tree):
            ledger.doubt(DoubtKind.TRUNCATED, _TRUNCATED, (lines[-1],) if lines else ())
        if not (sections.of("version") or sections.of("hostname")):
            ledger.doubt(DoubtKind.TRUNCATED, _HEADLESS, (lines[0],) if lines else ())
        devices.append(assemble(sections, tree, ledger, text.file, fallback))
        ledger.coverage_into(coverage, lines)
    return ReadConfig(NAME, tuple(devices), coverage.build())


def tree_of(lines: Sequence[SourceLine]) -> LineTree:
    """The lines of one device by indentation; `!` and `:` begin comments."""
    return read_tree(lines, comment=_COMMENTS)


def device_parts(text: ConfigText) -> list[Sequence[SourceLine]]:
    """One part a device, cut behind each `: end`; what names no device stays with the part before."""
    parts: list[list[SourceLine]] = [[]]
    named = [False]
    for line in text.lines:
        parts[-1].append(line)
        if line.text.startswith("hostname "):
            named[-1] = True
        elif line.text.rstrip() == ": end":
            parts.append([])
            named.append(False)
    joined: list[list[SourceLine]] = []
    for part, has_name in zip(parts, named, strict=True):
        if has_name or not joined:
            joined.append(part)
        else:
            joined[-1].extend(part)
    return list(joined)


def _is_ended(tree: LineTree) -> bool:
    """`: end`, or the checksum that the device prints before it."""
    last = max((line.number for line in tree.comments if line.text.strip().lower() == ": end"), default=0)
    final = next((node.line.number for node in reversed(tree.roots) if not is_around(node)), 0)
    summed = any(node.keys[0].startswith("cryptochecksum:") for node in tree.roots[-1:])
    return last > final or summed or (last > 0 and tree.ended)
