"""The reader: from the lines of a file to devices."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from secaudit.network.device import DoubtKind
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.cisco.banners import delimiter
from secaudit.vendors.cisco_nxos import NAME
from secaudit.vendors.cisco_nxos.assembly import assemble
from secaudit.vendors.cisco_nxos.sections import Sections, collect
from secaudit.vendors.common.ledger import CoverageBuilder, Ledger
from secaudit.vendors.common.lines import LineTree, read_tree
from secaudit.vendors.reader import ReadConfig

_TRUNCATED = Text(
    ja="インターフェースの後に line や boot の行がなく、ファイルが途中で切れている可能性があります",
    en="no `line` or `boot` stands behind the interfaces: the file may have been cut off",
)
_UNCLOSED = Text(
    ja="バナーの終わりが見つからず、後に続く行が設定かどうか確認できません",
    en="the end of a banner was not found: whether the lines after it are configuration is not certain",
)
_NAMES = ("hostname ", "switchname ")
_HEADINGS = (
    "!Command: ",
    "!Running configuration",
    "!Startup config",
    "!Time: ",
    "version ",
    "! Cisco Nexus",
    "switchto vdc ",
)


def read(text: ConfigText) -> ReadConfig:
    """Reads every device of the file; a virtual device (VDC) has a hostname of its own, as another switch has."""
    coverage = CoverageBuilder()
    devices = []
    for lines, tree in device_parts(text):
        ledger = Ledger()
        ledger.used.update(tree.structure)
        sections = collect(tree, ledger)
        if tree.unclosed:
            ledger.doubt(DoubtKind.TRUNCATED, _UNCLOSED, tuple(tree.unclosed))
        if not _is_whole(sections):
            last = next((line for line in reversed(lines) if line.text.strip()), None)
            ledger.doubt(DoubtKind.TRUNCATED, _TRUNCATED, () if last is None else (last,))
        fallback = posixpath.splitext(posixpath.basename(text.file))[0] or text.file
        devices.append(assemble(sections, ledger, text.file, fallback))
        ledger.coverage_into(coverage, lines)
    return ReadConfig(NAME, tuple(devices), coverage.build())


def _is_whole(sections: Sections) -> bool:
    """NX-OS prints no `end`, but `line console`, `line vty` and `boot` behind the interfaces."""
    last = max((node.line.number for node in sections.of("interface")), default=0)
    ending = [*sections.of("line"), *(node for node in sections.of("irrelevant") if node.keys[0] == "boot")]
    return any(node.line.number > last for node in ending)


def device_parts(text: ConfigText) -> list[tuple[Sequence[SourceLine], LineTree]]:
    """One part a device: each `hostname` after the first begins a new one, at the heading above it."""
    starts = [0]
    named = False
    heading: int | None = None
    for index, line in enumerate(text.lines):
        content = line.text
        if content.startswith(_HEADINGS):
            heading = index if heading is None else heading
        elif content.startswith(_NAMES):
            if named:
                starts.append(index if heading is None else heading)
            named, heading = True, None
        elif content.strip() and not content.startswith("!"):
            heading = None
    parts: list[tuple[Sequence[SourceLine], LineTree]] = []
    for start, end in zip(starts, [*starts[1:], len(text.lines)], strict=True):
        lines = text.lines[start:end]
        parts.append((lines, read_tree(lines, delimiter)))
    return parts
