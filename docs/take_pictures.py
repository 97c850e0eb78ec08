"""Takes the pictures of the documents from real reports on the samples: `python docs/take_pictures.py`.

Needs Chromium with Japanese fonts and the development dependencies. Look at the pictures before you commit them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
PROGRAM = (sys.executable, "-c", "from secaudit.cli.main import main; main()")
AS_OF = "2026-11-20"
EXPECTED = "code,name\n202991,あおぞら市\n202983,みずうみ村\n314994,みどり町\n"
WIDTH = 1200
MARGIN = 24


def main() -> None:
    """Audits both samples in both languages and photographs the results."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, java_script_enabled=False)
        for language in ("ja", "en"):
            out = Path(folder) / language
            _make(out, language)
            page.goto((out / "midori" / "report.html").as_uri())
            _take(page, "#summary > h2", 1000, f"report-summary.{language}.png")
            _take(page, 'article.finding:has-text("MN-02")', 1000, f"report-finding.{language}.png")
            page.goto((out / "prefecture" / "index.html").as_uri())
            _take(page, "body", 1150, f"prefecture.{language}.png")
        browser.close()


def _make(out: Path, language: str) -> None:
    out.mkdir()
    (out / "expected.csv").write_text(EXPECTED, encoding="utf-8")
    common = ("--as-of", AS_OF, "--lang", language)
    for sample, name in (("aozora-city", "aozora"), ("midori-town", "midori")):
        _run("audit", str(ROOT / "examples" / sample), "--out", str(out / name), *common)
    names = [str(out / name) for name in ("aozora", "midori")]
    _run("aggregate", *names, "--expected", str(out / "expected.csv"), "--out", str(out / "prefecture"), *common)


def _run(*arguments: str) -> None:
    done = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)


def _take(page: Page, selector: str, height: int, name: str) -> None:
    """A part of a page of at most `height` pixels, from the first element that a selector finds."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None, selector
    left, top = max(0, box["x"] - MARGIN), max(0, box["y"] - MARGIN)
    width = min(WIDTH, box["x"] + box["width"] + MARGIN) - left
    clip = {"x": left, "y": top, "width": width, "height": height}
    page.screenshot(path=PICTURES / name, clip=clip, full_page=True)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
