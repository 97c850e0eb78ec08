"""The reader: from the lines of a file to devices."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from itertools import pairwise

from secaudit.network.device import Device
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.common.ledger import CoverageBuilder, Ledger
from secaudit.vendors.common.lines import read_tree
from secaudit.vendors.nec_ix import NAME
from secaudit.vendors.nec_ix.assembly import assemble
from secaudit.vendors.nec_ix.near_prefixes import near_prefixes
from secaudit.vendors.nec_ix.sections import collect
from secaudit.vendors.reader import ReadConfig

_HEADER = "! NEC Portable Internetwork Core Operating System"


def read(text: ConfigText) -> ReadConfig:
    """Reads every device of the file: each begins with the header that the device prints, or with another hostname."""
    coverage = CoverageBuilder()
    devices: list[Device] = []
    warnings: list[Text] = []
    fallback = posixpath.splitext(posixpath.basename(text.file))[0] or text.file
    for lines in device_parts(text.lines):
        tree = read_tree(lines)
        ledger = Ledger()
        ledger.used.update(tree.structure)
        device = assemble(collect(tree, ledger), tree, ledger, text.file, fallback)
        devices.append(device)
        warnings += near_prefixes(device)
        ledger.coverage_into(coverage, lines)
    return ReadConfig(NAME, tuple(devices), coverage.build(), tuple(warnings))


def device_parts(lines: Sequence[SourceLine]) -> list[Sequence[SourceLine]]:
    """One part a device. What stands before the first command of the first device stays with it."""
    starts = list(_starts(lines))
    bounds = [0, *starts, len(lines)]
    return [lines[low:high] for low, high in pairwise(bounds)]


def _starts(lines: Sequence[SourceLine]) -> Iterator[int]:
    """Where a further device begins. What stands around a configuration in a log of a terminal begins none."""
    commands = False
    hostname = ""
    for index, line in enumerate(lines):
        text = line.text
        if text.startswith("!"):
            if commands and text.startswith(_HEADER):
                yield index
                commands, hostname = False, ""
        elif text.startswith("hostname "):
            name = text[9:].strip()
            if hostname and name != hostname:
                yield index
            commands, hostname = True, name
        elif text.startswith("interface "):
            commands = True
