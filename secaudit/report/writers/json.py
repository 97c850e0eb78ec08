"""`json`: the result itself, in its canonical order."""

from __future__ import annotations

from secaudit.audit.result import AuditResult
from secaudit.audit.result_json import to_json
from secaudit.text.bilingual import Language, Text


class JsonWriter:
    """See `secaudit.audit.result_json`; both languages are in the file."""

    name = "json"
    suffix = ".json"
    title = Text(ja="結果（JSON）", en="result (JSON)")

    def write(self, result: AuditResult, language: Language) -> str:
        """The text of `result.json`."""
        return to_json(result)


WRITER = JsonWriter()
