"""`html`: the report for people."""

from __future__ import annotations

from secaudit.audit.result import AuditResult
from secaudit.text.bilingual import Language, Text


class HtmlWriter:
    """See `secaudit.report.html`."""

    name = "html"
    suffix = ".html"
    title = Text(ja="監査報告書（HTML）", en="audit report (HTML)")

    def write(self, result: AuditResult, language: Language) -> str:
        """The whole page."""
        # Imported here: the template engine costs 0.1 s, and other formats do without.
        from secaudit.report.html import render_html

        return render_html(result, language)


WRITER = HtmlWriter()
