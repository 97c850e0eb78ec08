"""The drawing of the three layers: boxes in three rows, every flow on a track of its own.

Lines run at right angles in the channels between the rows, so that they cross but never lie on each other, however many there
are. This module computes places only; the template draws them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from secaudit.audit.result import AuditResult, FlowSummary, ZoneSummary
from secaudit.report.diagram import HEIGHTS, WIDTH, Boundary, Box, Drawing, LineKind, Slab, Wish
from secaudit.report.findings import Finding
from secaudit.report.matrix import Matrix
from secaudit.report.routing import Router
from secaudit.report.wrapping import wrap
from secaudit.text.bilingual import Language

MARGIN = 46
MAX_LINES = 44
_LAYER_ORDER = ("my_number", "lgwan", "internet")
_PER_ROW = 10
_FONT, _SMALL = 13.0, 11.0


def draw(result: AuditResult, matrix: Matrix, language: Language) -> Drawing:
    """Lays the zones and their flows out."""
    slabs = _slabs(matrix.zones)
    wishes = _wishes(result, matrix)
    kept = wishes[:MAX_LINES]
    router = Router(slabs, kept)
    boxes = {name: _box(slab, router.tops[slab.row], language) for name, slab in slabs.items()}
    lines = tuple(router.line(index, wish, boxes) for index, wish in enumerate(kept))
    left_out = [wish.kind for wish in wishes[MAX_LINES:]]
    return Drawing(
        WIDTH,
        router.height,
        tuple(boxes.values()),
        # The strongest lines last, so that they lie on top.
        tuple(reversed(lines)),
        _boundaries([box for box in boxes.values() if box.row == 1]),
        {kind: left_out.count(kind) for kind in LineKind},
        {kind: sum(wish.kind is kind for wish in kept) for kind in LineKind},
    )


# --- boxes --------------------------------------------------------------------------------------------------------

_GAPS = (12.0, 92.0, 12.0)
_WIDEST = (190.0, 330.0, 190.0)


def _slabs(zones: Sequence[ZoneSummary]) -> dict[str, Slab]:
    rows: tuple[list[ZoneSummary], ...] = ([], [], [])
    for zone in zones:
        if zone.external:
            rows[0 if len(rows[0]) < _PER_ROW else 2].append(zone)
        elif zone.layer is not None:
            rows[1].append(zone)
        else:
            rows[2].append(zone)
    rows[1].sort(key=lambda zone: _LAYER_ORDER.index(zone.layer) if zone.layer in _LAYER_ORDER else 3)
    slabs = {}
    for row, members in enumerate(rows):
        if not members:
            continue
        room = WIDTH - 2 * MARGIN - _GAPS[row] * (len(members) - 1)
        width = min(_WIDEST[row], max(room / len(members), 20.0))
        left = (WIDTH - width * len(members) - _GAPS[row] * (len(members) - 1)) / 2
        for index, zone in enumerate(members):
            slabs[zone.zone] = Slab(zone, row, left + index * (width + _GAPS[row]), width)
    return slabs


def _box(slab: Slab, top: float, language: Language) -> Box:
    middle = slab.row == 1
    room = (slab.width - 16) / _FONT
    details = [*slab.zone.subnets[:2]]
    if len(slab.zone.subnets) > 2:
        more = len(slab.zone.subnets) - 2
        details.append(f"ほか{more}" if language is Language.JA else f"{more} more")
    return Box(
        slab.zone,
        slab.row,
        slab.x,
        top,
        slab.width,
        HEIGHTS[slab.row],
        wrap(slab.zone.title.in_(language), room * (_FONT / 15 if middle else _FONT / 12), 2 if middle else 3),
        tuple(line for detail in details for line in wrap(detail, (slab.width - 16) / _SMALL, 1)) if middle else (),
    )


def _boundaries(middle: Sequence[Box]) -> tuple[Boundary, ...]:
    ordered = sorted(middle, key=lambda box: box.x)
    result = []
    for left, right in itertools.pairwise(ordered):
        layers = {left.zone.layer, right.zone.layer}
        if len(layers) == 2:
            result.append(Boundary(left.x + left.width + 20, left.y - 4, left.height + 8, "my_number" in layers))
    return tuple(result)


# --- which flows are drawn ----------------------------------------------------------------------------------------


def _wishes(result: AuditResult, matrix: Matrix) -> list[Wish]:
    findings = {
        (cell.flow.source_zone, cell.flow.destination_zone): cell.findings
        for row in matrix.rows
        for cell in row.cells
        if cell.flow is not None
    }
    permitted: dict[tuple[str, str], FlowSummary] = {}
    wishes = []
    for flow in result.flows:
        pair = (flow.source_zone, flow.destination_zone)
        if flow.source_zone == flow.destination_zone:
            continue
        if flow.judgement == "permitted" and flow.verdict == "some":
            permitted[pair] = flow
        elif flow.judgement in (LineKind.VIOLATION, LineKind.UNDETERMINED):
            wishes.append(_marked(LineKind(flow.judgement), pair, findings.get(pair, ())))
    for (source, destination), flow in permitted.items():
        back = permitted.get((destination, source))
        if back is None:
            wishes.append(Wish(LineKind.PERMITTED, source, destination, False, flow.cell, None))
        elif source < destination:
            label = flow.cell if flow.cell == back.cell else f"{flow.cell}・{back.cell}"
            wishes.append(Wish(LineKind.PERMITTED, source, destination, True, label, None))
    layers = {zone.zone: zone.layer for zone in result.zones}
    kinds = list(LineKind)
    # Lines that touch a layer come first when there is not room for all.
    wishes.sort(
        key=lambda wish: (
            kinds.index(wish.kind),
            -sum(layers.get(end) is not None for end in (wish.source, wish.destination)),
            wish.source,
            wish.destination,
        )
    )
    return wishes


def _marked(kind: LineKind, pair: tuple[str, str], findings: Sequence[Finding]) -> Wish:
    label = "・".join(finding.number for finding in findings[:2]) + ("…" if len(findings) > 2 else "")
    target = findings[0].anchor if findings else None
    return Wish(kind, *pair, False, label or ("!" if kind is LineKind.VIOLATION else "?"), target)
