"""The matrix of a policy as a picture (SVG): the template draws, this module says where."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.policy import Policy
from secaudit.report.environment import environment
from secaudit.text.bilingual import Language

CELL_WIDTH, CELL_HEIGHT = 62, 34
HEAD_WIDTH, HEAD_HEIGHT = 62, 78


@dataclass(frozen=True, slots=True)
class PictureCell:
    """One cell: its corner in pixels, what it says, and its verdict, which gives its colour."""

    left: int
    top: int
    text: str
    verdict: str


def picture(policy: Policy, language: Language) -> str:
    """The matrix as the text of an SVG file that needs nothing else."""
    order = list(policy.zones)
    cells = [
        PictureCell(
            HEAD_WIDTH + column * CELL_WIDTH,
            HEAD_HEIGHT + row * CELL_HEIGHT,
            policy.cell(source, destination).text,
            policy.cell(source, destination).verdict.value,
        )
        for row, source in enumerate(order)
        for column, destination in enumerate(order)
    ]
    size = len(order)
    return (
        environment(language)
        .get_template("policy-matrix.svg.j2")
        .render(
            policy=policy,
            cells=cells,
            zones=list(policy.zones.values()),
            cell_width=CELL_WIDTH,
            cell_height=CELL_HEIGHT,
            head_width=HEAD_WIDTH,
            head_height=HEAD_HEIGHT,
            width=HEAD_WIDTH + size * CELL_WIDTH + 12,
            height=HEAD_HEIGHT + size * CELL_HEIGHT + 44,
        )
    )
