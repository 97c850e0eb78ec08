"""The reader: from the lines of a file to devices."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from secaudit.network.device import DoubtKind
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco.banners import delimiter
from secaudit.vendors.cisco_ios import NAME
from secaudit.vendors.cisco_ios.assembly import assemble
from secaudit.vendors.cisco_ios.sections import collect
from secaudit.vendors.common.ledger import CoverageBuilder, Ledger
from secaudit.vendors.common.lines import LineTree, read_tree, split_at_end
from secaudit.vendors.reader import ReadConfig

_TRUNCATED = Text(
    ja="末尾に end がなく、ファイルが途中で切れている可能性があります",
    en="there is no `end`: the file may have been cut off",
)
_UNCLOSED = Text(
    ja="バナーの終わりが見つからず、後に続く行が設定かどうか確認できません",
    en="the end of a banner was not found: whether the lines after it are configuration is not certain",
)


def read(text: ConfigText) -> ReadConfig:
    """Reads every device of the file. A part after `end` is a device of its own when it has a hostname."""
    coverage = CoverageBuilder()
    devices = []
    for lines, tree in device_parts(text):
        ledger = Ledger()
        ledger.used.update(tree.structure)
        sections = collect(tree, ledger)
        if tree.unclosed:
            ledger.doubt(DoubtKind.TRUNCATED, _UNCLOSED, tuple(tree.unclosed))
        if not tree.ended:
            ledger.doubt(DoubtKind.TRUNCATED, _TRUNCATED, (lines[-1],) if lines else ())
        fallback = posixpath.splitext(posixpath.basename(text.file))[0] or text.file
        devices.append(assemble(sections, tree, ledger, text.file, fallback))
        ledger.coverage_into(coverage, lines)
    return ReadConfig(NAME, tuple(devices), coverage.build())


def device_parts(text: ConfigText) -> list[tuple[Sequence[SourceLine], LineTree]]:
    """One part a device; text after the last `end` that is no device of its own stays with the one before."""
    parts: list[list[SourceLine]] = []
    for lines in split_at_end(text.lines):
        if parts and not _names_device(lines):
            parts[-1].extend(lines)
        else:
            parts.append(list(lines))
    return [(lines, read_tree(lines, delimiter)) for lines in parts]


def _names_device(lines: Sequence[SourceLine]) -> bool:
    return any(line.text.startswith("hostname ") for line in lines)
