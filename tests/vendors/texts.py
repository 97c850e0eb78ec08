"""Short texts as the readers get them, and what every reading of one must satisfy."""

from __future__ import annotations

from secaudit.network.device import Device, DoubtKind, Plane
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import ReadConfig, Reader

FILE = "configs/device-01.cfg"


def config(text: str, file: str = FILE) -> ConfigText:
    lines = tuple(SourceLine(file, number, line) for number, line in enumerate(text.split("\n"), 1))
    return ConfigText(file, lines, "UTF-8", len(text), "0" * 64)


def read_by(reader: Reader, text: str) -> ReadConfig:
    """Reads, and checks that every line is in exactly one class."""
    source = config(text)
    result = reader.read(source)
    coverage = result.coverage
    told = [*coverage.used, *coverage.irrelevant, *(one.line.number for one in coverage.unread)]
    assert sorted(told) == [line.number for line in source.lines]
    return result


def traffic_doubts(found: Device) -> list[tuple[DoubtKind, frozenset[str] | None]]:
    """Kind and bound of each doubt about what passes the device."""
    return [(doubt.kind, doubt.interfaces) for doubt in found.doubts if doubt.plane is Plane.TRAFFIC]
