"""What a drawing consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from secaudit.audit.result import ZoneSummary

WIDTH = 1000
HEIGHTS = (66.0, 104.0, 66.0)
"""Of the boxes of the upper, middle and lower row."""


class LineKind(StrEnum):
    """What a line stands for, in the order in which lines are drawn when there are too many."""

    VIOLATION = "violation"
    UNDETERMINED = "undetermined"
    PERMITTED = "permitted"


@dataclass(frozen=True, slots=True)
class Box:
    """A zone. Places are those of its upper left corner."""

    zone: ZoneSummary
    row: int
    x: float
    y: float
    width: float
    height: float
    title: tuple[str, ...]
    details: tuple[str, ...]

    @property
    def centre(self) -> float:
        """Of its width."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Line:
    """A flow. `path` is SVG path data; `label` stands at (`label_x`, `label_y`); `target` is the anchor of the finding."""

    kind: LineKind
    path: str
    both_ways: bool
    label: str
    label_x: float
    label_y: float
    label_width: float
    target: str | None
    source: ZoneSummary
    destination: ZoneSummary


@dataclass(frozen=True, slots=True)
class Boundary:
    """The mark between two layers: 分離 beside マイナンバー利用事務系, 分割 between the other two."""

    x: float
    y: float
    height: float
    separation: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything to draw. `omitted` counts the lines left out, by kind."""

    width: int
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    boundaries: tuple[Boundary, ...]
    omitted: Mapping[LineKind, int]
    drawn: Mapping[LineKind, int]


@dataclass(frozen=True, slots=True)
class Wish:
    """A line before it has a place."""

    kind: LineKind
    source: str
    destination: str
    both_ways: bool
    label: str
    target: str | None


@dataclass(frozen=True, slots=True)
class Slab:
    """A box before the heights of the channels are known."""

    zone: ZoneSummary
    row: int
    x: float
    width: float
