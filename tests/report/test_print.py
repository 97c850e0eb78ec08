"""The report on paper: A4, and the mayor's summary on one page."""

from __future__ import annotations

import datetime
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secaudit.audit.run import audit_folder
from secaudit.report.html import render_html
from secaudit.text.bilingual import Language
from tests.report.watched import running_browser
from tests.requirements import require_program

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from running_browser()


@pytest.mark.parametrize(
    ("language", "first", "last"),
    [
        (Language.JA, "主要な確認事項", "8分野の必要な措置"),
        (Language.EN, "The main questions", "necessary measures in eight fields"),
    ],
)
def test_the_summary_is_one_page_of_a4(
    browser: Browser, tmp_path: Path, language: Language, first: str, last: str
) -> None:
    program = require_program("pdftotext")
    result = audit_folder(EXAMPLES / "midori-town", datetime.date(2026, 11, 20))
    report = tmp_path / "報告書.html"
    report.write_text(render_html(result, language), encoding="utf-8")
    page = browser.new_page()
    page.goto(report.as_uri())
    printed = tmp_path / "printed.pdf"
    page.pdf(path=str(printed), prefer_css_page_size=True)
    page.close()
    text = subprocess.run([program, str(printed), "-"], check=True, capture_output=True).stdout.decode("utf-8")
    pages = ["".join(one.split()) for one in text.split("\f")]
    (summary,) = [one for one in pages if first.replace(" ", "") in one]
    assert last.replace(" ", "").lower() in summary.lower()
