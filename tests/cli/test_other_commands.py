"""`init`, `schema`, `rules`, `report`, `aggregate` and `probe` as a person without practice meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.folders import AS_OF, Folder
from tests.cli.program import secaudit
from tests.cli.validation import SCHEMAS, validate


def test_init_makes_a_folder_that_the_audit_asks_to_be_filled_in(tmp_path: Path) -> None:
    new = tmp_path / "令和8年度 監査"
    ran = secaudit("init", new)
    assert ran.status == 0
    assert sorted(one.name for one in new.iterdir()) == [
        "attestations.yaml", "configs", "documents", "exceptions.yaml", "municipality.yaml", "probes",
    ]  # fmt: skip
    assert "次に:" in ran.out
    audited = secaudit("audit", new, "--out", tmp_path / "out")
    assert audited.status == 2
    assert "municipality.yaml:" in audited.err and "municipality.code" in audited.err
    assert not (tmp_path / "out").exists()


def test_init_touches_nothing_that_is_there(folder: Folder) -> None:
    before = {one: one.read_bytes() for one in folder.path.rglob("*") if one.is_file()}
    for language, wanted in (("ja", "フォルダが空ではない"), ("en", "the folder is not empty")):
        ran = secaudit("init", folder.path, "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err and "→" in ran.err
    assert {one: one.read_bytes() for one in folder.path.rglob("*") if one.is_file()} == before


def test_every_schema_is_listed_and_is_a_schema(tmp_path: Path) -> None:
    names = secaudit("schema").out.split()
    assert names == sorted(path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json"))
    assert {"result", "municipality", "trace", "config", "flows"} <= set(names)
    for name in names:
        ran = secaudit("schema", name)
        assert (ran.status, ran.err) == (0, "")
        assert ran.json()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for wrong in ("reslt", "../result", "result.schema.json", ""):
        ran = secaudit("schema", wrong)
        assert (ran.status, ran.out) == (2, "")
        assert "municipality" in ran.err.split("→")[-1] or "municipality" in ran.err


def test_result_json_fits_its_schema(sound: Folder) -> None:
    validate(sound.result(), "result")


def test_rules_are_listed_and_shown() -> None:
    listed = secaudit("rules", "list", "--format", "json").json()["rules"]
    assert len(listed) >= 30
    text = secaudit("rules", "list").out
    assert len(text.splitlines()) == len(listed)
    ja, en = secaudit("rules", "show", "MN-01"), secaudit("rules", "show", "MN-01", "--lang", "en")
    assert "[重大]" in ja.out and "改善: " in ja.out
    assert "[critical]" in en.out and "remedy: " in en.out
    wrong = secaudit("rules", "show", "MN-99", "--lang", "en")
    assert (wrong.status, wrong.out) == (2, "")
    assert "no such rule: MN-99" in wrong.err and "rules list" in wrong.err


def test_a_report_made_again_is_the_report_of_the_audit(sound: Folder, tmp_path: Path) -> None:
    result = sound.out / "result.json"
    ran = secaudit("report", result, "--out", tmp_path / "a b" / "報告.html")
    assert (ran.status, ran.err) == (0, "")
    assert (tmp_path / "a b" / "報告.html").read_bytes() == (sound.out / "report.html").read_bytes()
    assert secaudit("report", result, "--format", "json").json() == sound.result()


@pytest.mark.parametrize(
    ("content", "ja", "en"),
    [
        (None, "読めません", "cannot be read"),
        (b"", "JSON として読めない", "JSON"),
        (b"<html></html>", "JSON として読めない", "JSON"),
        (b"[1, 2", "JSON として読めない", "JSON"),
        (b"{}", "result.json", "result.json"),
        (b'{"schema_version": "9.9"}', "result.json", "result.json"),
        (b"[" * 100_000, "result.json", "result.json"),
        (b"\xff\xfe\x00", "result.json", "result.json"),
    ],
    ids=["absent", "empty", "html", "cut", "another", "newer", "deep", "binary"],
)
def test_a_result_that_is_none(content: bytes | None, ja: str, en: str, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    if content is not None:
        file.write_bytes(content)
    for language, wanted in (("ja", ja), ("en", en)):
        ran = secaudit("report", file, "--out", tmp_path / "out.html", "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err
        ran = secaudit("aggregate", file, "--out", tmp_path / "site", "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err
    assert not (tmp_path / "out.html").exists()
    assert not (tmp_path / "site").exists(), "nothing is written when no result can be used"


def test_a_format_that_does_not_exist(sound: Folder) -> None:
    ran = secaudit("report", sound.out / "result.json", "--format", "docx", "--lang", "en")
    assert (ran.status, ran.out) == (2, "")
    assert "csv, html" in ran.err


def test_aggregate_goes_on_without_a_broken_result_and_says_so(sound: Folder, tmp_path: Path) -> None:
    broken = tmp_path / "in" / "202992" / "result.json"
    broken.parent.mkdir(parents=True)
    broken.write_text('{"schema_version": "1.0", ', encoding="utf-8")
    ran = secaudit("aggregate", sound.out, broken, "--out", tmp_path / "県 一覧", "--as-of", AS_OF)
    assert ran.status == 2, "unreadable input"
    assert "JSON として読めない" in ran.err
    page = (tmp_path / "県 一覧" / "index.html").read_text(encoding="utf-8")
    assert "あおぞら市" in page
    assert secaudit("aggregate", sound.out, "--out", tmp_path / "県 一覧", "--as-of", AS_OF).status == 0


def test_aggregate_of_folders_without_results(tmp_path: Path) -> None:
    for language, wanted in (("ja", "使える result.json が一つもない"), ("en", "not a single result.json")):
        ran = secaudit("aggregate", tmp_path, "--out", tmp_path / "site", "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err
    assert not (tmp_path / "site").exists()


def test_probe_mistakes(folder: Folder) -> None:
    for arguments, ja, en in (
        (("plan", folder.path, "--from", "lgwann"), "そのような領域はない: lgwann", "no such zone: lgwann"),
        (("plan", folder.path, "--from", "lgwan", "--source", "10.20.0"), "IP アドレスではない", "not an IP address"),
        (("run", folder.path, "--from", "lgwan"), "計画がない", "there is no plan"),
        (("plan", folder.path / "none", "--from", "lgwan"), "監査フォルダが見つかりません", "no such audit folder"),
        (("import", folder.path, folder.path / "none.xml", "--from", "lgwan"), "none.xml", "none.xml"),
    ):
        for language, wanted in (("ja", ja), ("en", en)):
            ran = secaudit("probe", *arguments, "--lang", language)
            assert (ran.status, ran.out) == (2, ""), ran
            assert wanted in ran.err
    assert not (folder.path / "probes").exists()


def test_a_plan_is_written_and_sends_nothing(folder: Folder) -> None:
    ran = secaudit(
        "probe", "plan", folder.path, "--from", "lgwan", "--source", "10.20.0.9", "--control", "10.20.0.1:443"
    )
    assert ran.status == 0, ran
    written = Path(ran.out.splitlines()[0])
    assert written.parent == folder.path / "probes"
    text = written.read_text(encoding="utf-8")
    assert "10.20.0.9" in text and "my_number" in text
    json.dumps(text)
