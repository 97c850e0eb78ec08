"""The zone matrix: who may open a connection to whom, and who can."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.audit.result import AuditResult, FlowSummary, ZoneSummary
from secaudit.report.findings import Finding, Grouped, by_pair
from secaudit.text.bilingual import Text


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One ordered pair. `flow` is None on the diagonal and for a pair that was not examined."""

    flow: FlowSummary | None
    diagonal: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One source zone and its cells, in the order of the columns."""

    zone: ZoneSummary
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All rows; `zones` are the columns."""

    zones: tuple[ZoneSummary, ...]
    rows: tuple[MatrixRow, ...]


def zones_of(result: AuditResult) -> tuple[ZoneSummary, ...]:
    """The zones of the result, and those that only a flow names, which would otherwise be left out in silence."""
    known = {zone.zone for zone in result.zones}
    unnamed = sorted({end for flow in result.flows for end in (flow.source_zone, flow.destination_zone)} - known)
    return result.zones + tuple(
        ZoneSummary(name, name, Text(ja=name, en=name), None, False, (), ()) for name in unnamed
    )


def lay_out_matrix(result: AuditResult, grouped: Grouped) -> Matrix:
    """Sorts the flows into rows and columns."""
    zones = zones_of(result)
    findings = by_pair(grouped)
    flows = {(flow.source_zone, flow.destination_zone): flow for flow in result.flows}
    return Matrix(
        zones,
        tuple(
            MatrixRow(
                source,
                tuple(
                    MatrixCell(
                        flows.get((source.zone, destination.zone)),
                        source.zone == destination.zone,
                        findings.get(f"{source.zone}->{destination.zone}", ()),
                    )
                    for destination in zones
                ),
            )
            for source in zones
        ),
    )
