"""`csv`: one line a result, for Excel."""

from __future__ import annotations

from secaudit.audit.result import AuditResult
from secaudit.audit.result_json import in_order
from secaudit.report import words
from secaudit.report.spreadsheet import csv_text
from secaudit.rules.result import Evidence, RuleResult
from secaudit.text.bilingual import Language, Text

_COLUMNS = (
    Text(ja="ルール", en="rule"),
    Text(ja="件名", en="title"),
    Text(ja="判定", en="result"),
    Text(ja="理由コード", en="reason"),
    Text(ja="重要度", en="severity"),
    Text(ja="取扱い", en="disposition"),
    Text(ja="例外措置", en="exception"),
    Text(ja="対象", en="subject"),
    Text(ja="条項", en="clause"),
    Text(ja="事実", en="facts"),
    Text(ja="証跡", en="evidence"),
    Text(ja="改善勧告", en="remedy"),
    Text(ja="提出を要する資料", en="to submit"),
)
_EVIDENCE_SHOWN = 20
"""Excel cuts a cell at 32,767 characters; the full list is in result.json."""


class CsvWriter:
    """All results; numbers and order are not those of the report."""

    name = "csv"
    suffix = ".csv"
    title = Text(ja="判定一覧（CSV）", en="list of results (CSV)")

    def write(self, result: AuditResult, language: Language) -> str:
        """The whole file, with a byte order mark."""
        result = in_order(result)
        rules = {rule.id: rule for rule in result.rules}

        def row(item: RuleResult) -> tuple[str, ...]:
            rule = rules[item.rule]
            return (
                item.rule,
                rule.title.in_(language),
                words.OUTCOMES[item.outcome].in_(language),
                item.reason,
                words.SEVERITIES[item.severity].in_(language),
                words.DISPOSITIONS[item.disposition].in_(language),
                item.exception or "",
                item.subject.title.in_(language),
                rule.clause.in_(language),
                "\n".join(fact.in_(language) for fact in item.facts),
                _places(item.evidence, language),
                (item.remedy or rule.remedy).in_(language),
                "\n".join(need.in_(language) for need in item.needs),
            )

        return csv_text([column.in_(language) for column in _COLUMNS], (row(item) for item in result.results))


def _places(evidence: tuple[Evidence, ...], language: Language) -> str:
    lines = [
        f"{item.file}:{item.line} {item.text.strip()}" if item.line is not None else item.file
        for item in evidence[:_EVIDENCE_SHOWN]
    ]
    if len(evidence) > _EVIDENCE_SHOWN:
        more = len(evidence) - _EVIDENCE_SHOWN
        lines.append(Text(ja=f"ほか{more}行", en=f"{more} more lines").in_(language))
    return "\n".join(lines)


WRITER = CsvWriter()
