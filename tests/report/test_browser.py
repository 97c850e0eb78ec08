"""The report in a real browser: nothing is fetched, nothing runs, nothing sticks out."""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secaudit.audit.result import AuditResult
from secaudit.report.html import render_html
from secaudit.text.bilingual import Language
from tests.report.sample import empty_result, hostile_result, many_results, sample_result
from tests.report.watched import Watched, running_browser
from tests.requirements import require_program

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SECTIONS = [
    "summary",
    "drawing",
    "matrix",
    "findings",
    "unknown",
    "not-applicable",
    "passed",
    "deadlines",
    "register",
    "exceptions",
    "ledger",
    "problems",
    "coverage",
    "inputs",
    "rules",
    "glossary",
]
SAMPLES: dict[str, Callable[[], AuditResult]] = {
    "sample": sample_result,
    "hostile": hostile_result,
    "empty": empty_result,
    "many": lambda: many_results(2500),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from running_browser()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Language], Path]:
    folder = tmp_path_factory.mktemp("reports")

    def written(name: str, language: Language) -> Path:
        path = folder / f"{name}.{language}.html"
        if not path.exists():
            path.write_text(render_html(SAMPLES[name](), language), encoding="utf-8", newline="")
        return path

    return written


@pytest.mark.parametrize(
    ("name", "width", "language"),
    [
        *itertools.product(("sample", "hostile", "empty"), (1280, 375), Language),
        ("many", 1280, Language.JA),
    ],
)
def test_the_report_is_inert_complete_and_fits(
    browser: Browser, pages: Callable[[str, Language], Path], name: str, width: int, language: Language
) -> None:
    watched = Watched(browser, pages(name, language), width)
    page = watched.page
    assert [page.locator(f"main section#{section} > h2").count() for section in SECTIONS] == [1] * len(SECTIONS)
    assert page.locator("html").get_attribute("lang") == language.value
    watched.assert_fits_and_is_inert()
    page.close()


@pytest.mark.parametrize("name", ["sample", "hostile", "empty"])
def test_structure_serves_assistive_technology(
    browser: Browser, pages: Callable[[str, Language], Path], name: str
) -> None:
    page = Watched(browser, pages(name, Language.JA), 1280).page
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    identifiers = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(identifiers) == len(set(identifiers))
    targets = page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href').slice(1))")
    assert set(targets) <= set(identifiers)
    labelled = page.evaluate(
        "[...document.querySelectorAll('[aria-labelledby]')].flatMap(e => e.getAttribute('aria-labelledby').split(' '))"
    )
    assert set(labelled) <= set(identifiers)
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("main").count() == page.locator("body > header").count() == page.locator("nav").count() == 1
    assert page.evaluate("document.querySelector('a').getAttribute('href')") == "#main"
    page.close()


_CONTRAST = """
() => {
  const channel = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const background = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0.99) return c; } return [255, 255, 255]; };
  const bad = [];
  for (const e of document.querySelectorAll('body *:not(svg *)')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !e.getClientRects().length) continue;
    const [a, b] = [luminance(parse(getComputedStyle(e).color)), luminance(background(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(e.className + ': ' + e.textContent.slice(0, 30));
  }
  return bad;
}
"""


def test_text_has_enough_contrast(browser: Browser, pages: Callable[[str, Language], Path]) -> None:
    page = Watched(browser, pages("sample", Language.JA), 1280).page
    assert page.evaluate(_CONTRAST) == []
    page.close()


def test_the_parts_of_the_drawing_lie_apart(browser: Browser, pages: Callable[[str, Language], Path]) -> None:
    page = Watched(browser, pages("hostile", Language.JA), 1280).page
    outside = page.evaluate(
        """() => { const svg = document.querySelector('svg.network').getBoundingClientRect();
        return [...document.querySelectorAll('svg.network .zone')].flatMap(zone => {
          const frame = zone.querySelector('.frame').getBoundingClientRect();
          return [...zone.querySelectorAll('text')].map(t => t.getBoundingClientRect())
            .filter(t => t.right > frame.right + 1 || t.bottom > frame.bottom + 1 || frame.right > svg.right + 1 || frame.bottom > svg.bottom + 1)
            .map(t => t.width); }); }"""
    )
    assert outside == []
    page.close()


def test_paper_shows_what_the_screen_folds_away(
    browser: Browser, pages: Callable[[str, Language], Path], tmp_path: Path
) -> None:
    page = Watched(browser, pages("sample", Language.JA), 1280).page
    # One of 40 lines of evidence that are folded away, and the grounds of a pass.
    folded = [page.get_by_text('set comments "line 30"'), page.get_by_text("transport input ssh", exact=False).last]
    assert [each.is_visible() for each in folded] == [False, False]
    page.emulate_media(media="print")
    assert [each.is_visible() for each in folded] == [True, True]
    assert page.evaluate("getComputedStyle(document.querySelector('.facts .view')).display") == "grid"
    page.close()


def test_the_printed_summary_is_one_page(
    browser: Browser, pages: Callable[[str, Language], Path], tmp_path: Path
) -> None:
    pdftotext = require_program("pdftotext")
    path = tmp_path / "report.pdf"
    page = Watched(browser, pages("sample", Language.JA), 1280).page
    page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    page.close()
    text = subprocess.run([pdftotext, "-layout", str(path), "-"], capture_output=True, check=True).stdout.decode()
    sheets = [re.sub(r"\s", "", sheet) for sheet in text.split("\f")]
    assert "三層の対策監査報告書" in sheets[0]
    assert "被監査部門" in sheets[0]
    assert "目次" in sheets[1]
    assert "主要な確認事項" in sheets[2]
    assert "地方自治法施行規則第16条の3の措置" in sheets[2]
    assert "上段は団体の外" in sheets[3]
    assert "来庁者用無線LAN" in sheets[3]
    assert sheets[3].endswith(f"4/{len(sheets) - 1}")
