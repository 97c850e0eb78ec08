"""Formats are found by themselves, and the table does nothing when Excel opens it."""

from __future__ import annotations

import csv
import importlib.metadata
import io
import subprocess
import sys

import pytest

from secaudit.audit.result import AuditResult
from secaudit.audit.result_json import to_json
from secaudit.errors import UsageError
from secaudit.report import formats as module
from secaudit.report.formats import formats, writer_for
from secaudit.report.html import render_html
from secaudit.report.spreadsheet import neutralised
from secaudit.text.bilingual import Language, Text
from tests.report.sample import hostile_result, sample_result


def rows(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


def test_our_formats_are_there() -> None:
    assert list(formats()) == ["csv", "html", "json"]
    assert [formats()[name].suffix for name in formats()] == [".csv", ".html", ".json"]


def test_html_and_json_are_those_of_the_audit() -> None:
    result = sample_result()
    assert writer_for("html").write(result, Language.EN) == render_html(result, Language.EN)
    assert writer_for("json").write(result, Language.EN) == to_json(result)


def test_an_unknown_format_names_those_that_exist() -> None:
    with pytest.raises(UsageError) as caught:
        writer_for("docx")
    assert caught.value.hint is not None
    assert "csv, html, json" in caught.value.hint.en


def test_a_package_of_somebody_else_adds_a_format_but_cannot_replace_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    class Foreign:
        name = "foreign"
        suffix = ".txt"
        title = Text(ja="他", en="foreign")

        def write(self, result: AuditResult, language: Language) -> str:
            return result.name

    class Impostor(Foreign):
        name = "html"

    class Point:
        def __init__(self, name: str, writer: object) -> None:
            self.name = name
            self._writer = writer

        def load(self) -> object:
            return self._writer

    def points(group: str) -> list[Point]:
        return [Point("a", Foreign()), Point("b", Impostor())] if group == "secaudit.report_formats" else []

    monkeypatch.setattr(importlib.metadata, "entry_points", points)
    module.formats.cache_clear()
    try:
        assert writer_for("foreign").write(sample_result(), Language.JA) == "若葉野市"
        assert not isinstance(writer_for("html"), Foreign)
    finally:
        module.formats.cache_clear()


def test_the_table_has_every_result() -> None:
    result = sample_result()
    header, *lines = rows(writer_for("csv").write(result, Language.JA))
    assert header[:4] == ["ルール", "件名", "判定", "理由コード"]
    assert len(lines) == len(result.results)
    found = next(line for line in lines if line[0] == "MN-02" and line[2] == "不適合")
    assert found[4] == "重大"
    assert "configs/core-sw1.txt:212 ip route 0.0.0.0 0.0.0.0 10.99.0.1" in found[10]
    assert found[11].startswith("fw-boundary のポリシー47")
    english = rows(writer_for("csv").write(result, Language.EN))
    assert english[0][0] == "rule"
    assert {line[2] for line in english[1:]} == {"pass", "fail", "undetermined", "evaluation error", "not applicable"}


def test_long_evidence_is_cut_and_counted() -> None:
    lines = rows(writer_for("csv").write(sample_result(), Language.JA))
    found = next(line for line in lines if line[0] == "LG-01" and line[2] == "不適合")
    assert found[10].endswith("ほか20行")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝", "＋", "－", "＠"])
def test_a_cell_that_could_be_a_formula_is_text(start: str) -> None:
    assert neutralised(f"{start}1+1")[0] == "'"


def test_hostile_cells_stay_cells() -> None:
    text = writer_for("csv").write(hostile_result(), Language.JA)
    assert {len(row) for row in rows(text)} == {13}
    assert "\x00" not in text
    assert "\u202e" not in text


def test_nothing_slow_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, secaudit.report.formats as f, secaudit.audit.result_json, secaudit.prefecture.roll_up; f.formats();"
        "print([m for m in ('jinja2', 'jsonschema', 'scapy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
