"""Links and pictures lead somewhere, and the guides say the same in both languages."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from secaudit.vendors.common.recognised import RecognisedReader
from tests.docs.documents import ROOT, documents

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
PICTURES = ROOT / "docs" / "pictures"
BEGINNINGS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<svg "}
LARGEST_PICTURE_BYTES = 300_000


def _text(path: Path) -> str:
    return FENCED.sub("", path.read_text(encoding="utf-8"))


def _links(path: Path) -> list[str]:
    return [target for target in LINK.findall(_text(path)) if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(path: Path) -> None:
    for target in _links(path):
        file, _, fragment = target.partition("#")
        assert fragment == "", f"{target}: links to headings break in silence; link to the page"
        there = (path.parent / file).resolve()
        assert there.is_relative_to(ROOT), target
        assert there.is_file(), f"{path.relative_to(ROOT)} links to {target}"


def test_every_picture_is_shown_and_small() -> None:
    shown = {(path.parent / target).resolve() for path in documents() for target in _links(path)}
    pictures = sorted(PICTURES.glob("*"))
    assert pictures
    for picture in pictures:
        assert picture in shown, f"{picture.name} is shown nowhere"
        assert picture.read_bytes().startswith(BEGINNINGS[picture.suffix]), picture.name
        assert picture.stat().st_size < LARGEST_PICTURE_BYTES, picture.name


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "docs" / "ja").glob("*.md")))
def test_both_languages_have_the_same_headings(name: str) -> None:
    levels = {language: HEADING.findall(_text(ROOT / "docs" / language / name)) for language in ("ja", "en")}
    assert len(levels["ja"]) > 3
    assert levels["ja"] == levels["en"]


def test_every_guide_exists_in_both_languages() -> None:
    names = {language: {path.name for path in (ROOT / "docs" / language).glob("*.md")} for language in ("ja", "en")}
    assert names["ja"] == names["en"] == {
        "staff.md", "auditors.md", "prefectures.md", "worked-example.md", "policies.md", "own-rules.md",
    }  # fmt: skip


def test_every_vendor_has_its_page() -> None:
    """Products that are only recognised share one, which names their folders."""
    readers = {entry.name: entry.load() for entry in entry_points(group="secaudit.vendors")}
    recognised = {name for name, reader in readers.items() if isinstance(reader, RecognisedReader)}
    pages = {path.stem for path in (ROOT / "docs" / "vendors").glob("*.md")}
    assert pages == readers.keys() - recognised | {"recognised"}
    told = (ROOT / "docs/vendors/recognised.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in told for name in recognised)
    for readme in ("README.md", "README.ja.md"):
        linked = set(_links(ROOT / readme))
        assert {f"docs/vendors/{name}.md" for name in pages} <= linked


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    assert set(_links(folder / "README.md")) >= {path.name for path in folder.glob("0*.md")}


def test_the_number_of_rules_is_right() -> None:
    rules = sum(path.parent.name != "fixtures" for path in (ROOT / "rulesets" / "mic").glob("*/*.yaml"))
    assert f"{rules} rules" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{rules}件" in (ROOT / "README.ja.md").read_text(encoding="utf-8")
    assert f"{rules} rules" in (ROOT / "docs/en/auditors.md").read_text(encoding="utf-8")
    assert f"{rules}のルール" in (ROOT / "docs/ja/auditors.md").read_text(encoding="utf-8")
