"""`report.html`: one file that needs nothing else, to be read on a screen and signed on paper."""

from __future__ import annotations

from secaudit.audit.result import AuditResult, FlowSummary
from secaudit.audit.result_json import in_order
from secaudit.report.drawing import draw
from secaudit.report.environment import environment
from secaudit.report.findings import Capped, capped, group
from secaudit.report.gaps import gaps_of
from secaudit.report.matrix import lay_out_matrix
from secaudit.report.summary import summarise
from secaudit.text.bilingual import Language

PAIRS_SHOWN = 120


def render_html(result: AuditResult, language: Language = Language.JA) -> str:
    """The whole report. The same result gives the same text; the only date in it is the audit's own."""
    result = in_order(result)
    grouped = group(result)
    matrix = lay_out_matrix(result, grouped)
    template = environment(language).get_template("report.html.j2")
    return template.render(
        result=result,
        grouped=grouped,
        gaps=gaps_of(grouped.all_unknown),
        matrix=matrix,
        drawing=draw(result, matrix, language),
        summary=summarise(result, grouped),
        zone_titles={zone.zone: zone.title for zone in matrix.zones},
        troubled=_troubled(result),
        configs=tuple(item for item in result.inputs if item.kind == "config"),
    )


def _troubled(result: AuditResult) -> Capped[FlowSummary]:
    """The pairs of zones with more to say than the matrix does, violations first."""
    order = {"violation": 0, "undetermined": 1}
    pairs = [flow for flow in result.flows if flow.judgement in order or flow.spoofed_boxes or flow.reply_boxes]
    pairs.sort(key=lambda flow: order.get(flow.judgement, len(order)))
    return capped(pairs, PAIRS_SHOWN)
