"""The prefecture's page and tables: offline, inert, sorted by need, and never over somebody else's file."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from secaudit.audit.result import AuditResult
from secaudit.audit.result_json import to_json
from secaudit.errors import UsageError
from secaudit.prefecture.roll_up import Body, RollUp, roll_up
from secaudit.prefecture.site import write_site
from secaudit.rules.result import Disposition, Outcome
from secaudit.text.bilingual import Language
from tests.report.sample import HOSTILE, hostile_result, rates, sample_result
from tests.report.watched import Watched, running_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TODAY = datetime.date(2026, 11, 30)
FORMULAS = ("=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "  =1+1")


def generated(number: int, shuffler: random.Random) -> AuditResult:
    """A body like the sample that has some of its results."""
    base = hostile_result() if number % 10 == 3 else sample_result()
    results = tuple(item for item in base.results if shuffler.random() < 0.7)
    counts = {outcome: sum(item.outcome is outcome for item in results) for outcome in Outcome}
    excepted = sum(item.disposition is Disposition.EXCEPTED for item in results)
    name = FORMULAS[number] if number < len(FORMULAS) else HOSTILE[:150] if number % 10 == 3 else f"架空{number}町"
    return dataclasses.replace(
        base, code=f"{130000 + number:06}", name=name, results=results, rates=rates(counts, excepted)
    )


@pytest.fixture(scope="module")
def rollup(tmp_path_factory: pytest.TempPathFactory) -> RollUp:
    folder = tmp_path_factory.mktemp("results")
    shuffler = random.Random(20261130)
    expected = [Body("139998", HOSTILE), Body("131016", "=HYPERLINK(1)")]
    for number in range(50):
        result = generated(number, shuffler)
        (folder / f"{number:02}.json").write_text(to_json(result), encoding="utf-8")
        expected.append(Body(result.code, result.name))
    (folder / "99<img src=x onerror=alert(9)>.json").write_text("{}", encoding="utf-8")
    older = dataclasses.replace(generated(1, shuffler), as_of=datetime.date(2026, 1, 1))
    (folder / "older.json").write_text(to_json(older), encoding="utf-8")
    return roll_up(folder.iterdir(), expected, TODAY)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from running_browser()


def table(path: Path) -> list[list[str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf"), "Excel takes a file without a byte order mark for CP932"
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("width", [1280, 375])
def test_fifty_bodies_in_the_browser(
    browser: Browser, rollup: RollUp, tmp_path: Path, width: int, language: Language
) -> None:
    write_site(rollup, tmp_path, language)
    watched = Watched(browser, tmp_path / "index.html", width)
    page = watched.page
    sections = ["overview", "missing", "bodies", "rules", "notes", "broken", "terms"]
    assert [page.locator(f"main section#{section} > h2").count() for section in sections] == [1] * len(sections)
    assert page.locator("html").get_attribute("lang") == language.value
    assert page.locator("#bodies tbody tr").count() == 50
    assert page.locator("#missing li").count() == 2
    assert page.locator("#broken tbody tr").count() == 1
    assert page.locator("#notes li").count() == 1
    critical = [int(text) for text in page.locator("#bodies tbody td:nth-child(4)").all_inner_texts()]
    assert critical == sorted(critical, reverse=True)
    watched.assert_fits_and_is_inert()
    page.close()


def test_those_who_have_not_submitted_come_first(rollup: RollUp, tmp_path: Path) -> None:
    write_site(rollup, tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.index('id="missing"') < page.index('id="bodies"')
    rows = table(tmp_path / "bodies.csv")
    assert rows[0][:4] == ["団体コード", "団体名", "提出", "適合率"]
    assert [row[2] for row in rows[1:4]] == ["未", "未", "済"]
    assert [row[0] for row in rows[1:3]] == ["131016", "139998"]
    assert len(rows) == 1 + 2 + 50


def test_no_cell_is_a_formula(rollup: RollUp, tmp_path: Path) -> None:
    write_site(rollup, tmp_path)
    cells = [cell for name in ("bodies.csv", "rules.csv") for row in table(tmp_path / name) for cell in row]
    dangerous = [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@＝＋－＠") and cell.strip()]
    # Numbers may be negative: days since a date that has passed.
    assert [cell for cell in dangerous if not cell.lstrip("-").isdigit()] == []
    names = {row[1] for row in table(tmp_path / "bodies.csv")}
    assert {"'=cmd|'/c calc'!A0", "'+1+1", "'-2+3", "'@SUM(A1)", "'＝1+1", "'  =1+1", "'=HYPERLINK(1)"} <= names
    assert not any("\t" in cell[:1] or "\r" in cell for cell in cells)


def test_figures_in_the_table_are_those_of_the_result(rollup: RollUp, tmp_path: Path) -> None:
    write_site(rollup, tmp_path, Language.EN)
    rows = {row[0]: row for row in table(tmp_path / "bodies.csv")}
    body = next(body for body in rollup.bodies if body.code == "130010")
    header = rows["code"]
    row = dict(zip(header, rows["130010"], strict=True))
    assert row["critical open"] == str(body.critical_open)
    assert row["failures"] == str(body.failed)
    assert row["days left"] == "213"
    assert row["age of newest evidence in days"] == "18"
    assert body.compliance is not None
    assert abs(float(row["compliance rate"].rstrip("%")) - 100 * body.compliance) <= 0.1


def test_writing_again_replaces_our_own_files_with_the_same_bytes(rollup: RollUp, tmp_path: Path) -> None:
    written = write_site(rollup, tmp_path)
    before = {path.name: path.read_bytes() for path in written}
    assert sorted(before) == ["bodies.csv", "index.html", "rules.csv"]
    write_site(rollup, tmp_path, Language.EN)
    write_site(rollup, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["index.html", "bodies.csv", "rules.csv"])
@pytest.mark.parametrize("kind", ["file", "empty", "link", "folder"])
def test_a_file_that_is_not_ours_is_never_overwritten(rollup: RollUp, tmp_path: Path, name: str, kind: str) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    site = tmp_path / "site"
    site.mkdir()
    match kind:
        case "file":
            (site / name).write_text("<!DOCTYPE html><p>our home page</p>")
        case "empty":
            (site / name).write_text("")
        case "link":
            (site / name).symlink_to(target)
        case _:
            (site / name).mkdir()
    with pytest.raises(UsageError) as caught:
        write_site(rollup, site)
    assert name in caught.value.text.ja
    # Nothing at all was written.
    assert [path.name for path in site.iterdir()] == [name]
    assert target.read_text() == "precious"


def test_nothing_submitted_is_a_page_too(browser: Browser, tmp_path: Path) -> None:
    write_site(roll_up([], None, TODAY), tmp_path)
    watched = Watched(browser, tmp_path / "index.html", 1280)
    assert watched.page.locator("#bodies .none").inner_text() == "提出された結果はない。"
    assert "未提出の団体は分からない" in watched.page.locator("#missing .none").inner_text()
    watched.assert_fits_and_is_inert()
    watched.page.close()
