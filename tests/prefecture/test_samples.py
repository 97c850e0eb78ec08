"""The roll-up of both sample municipalities and fifty generated results, by the command, in a real browser."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secaudit.audit.result_json import to_json
from tests.prefecture.test_site import generated, table
from tests.report.watched import Watched, running_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from running_browser()


def secaudit(*arguments: str | Path) -> int:
    return subprocess.run([sys.executable, "-m", "secaudit", *map(str, arguments)], check=False).returncode


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page and its tables, made once; to look at only."""
    folder = tmp_path_factory.mktemp("prefecture")
    results = folder / "提出 結果"
    shuffler = random.Random(52)
    for number in range(50):
        (results / f"{number:02}").mkdir(parents=True)
        (results / f"{number:02}" / "result.json").write_text(to_json(generated(number, shuffler)), encoding="utf-8")
    for name, status in (("aozora-city", 0), ("midori-town", 1)):
        assert secaudit("audit", EXAMPLES / name, "--as-of", "2026-11-20", "--out", results / name) == status
    expected = folder / "団体一覧.csv"
    expected.write_text("code,name\n202991,あおぞら市\n314994,みどり町\n132012,未提出市\n", encoding="utf-8-sig")
    made = folder / "一覧"
    assert secaudit("aggregate", results, "--out", made, "--expected", expected, "--as-of", "2026-11-30") == 0
    return made


@pytest.mark.parametrize("width", [1280, 375])
def test_both_samples_and_fifty_generated_results(browser: Browser, site: Path, width: int) -> None:
    watched = Watched(browser, site / "index.html", width)
    assert watched.page.locator("#bodies tbody tr").count() == 52
    assert watched.page.locator("#missing li").all_inner_texts() == ["132012 未提出市"]
    watched.assert_fits_and_is_inert()
    bodies = {row[0].strip("'"): row for row in table(site / "bodies.csv")[1:]}
    assert {"202991", "314994", "132012"} <= set(bodies)
    watched.page.close()
