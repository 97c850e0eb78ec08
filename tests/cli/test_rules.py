"""`secaudit rules`: filters, fixtures and pages as a user meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from secaudit.cli.rules import command
from secaudit.locations import data_folder


def run(*words: str) -> Result:
    return CliRunner().invoke(command, [*words], standalone_mode=False)


def test_filters_and_json() -> None:
    found = json.loads(run("list", "--chapter", "my-number", "--kind", "attestation", "--format", "json").output)
    assert {"MN-10", "MN-11"} <= {one["id"] for one in found["rules"]}
    assert all("attestation" in one["needs"] for one in found["rules"])
    assert {one["chapter"] for one in found["rules"]} == {"my-number"}
    assert found["rules"][0]["control"] == "MN-10"
    assert found["rules"][0]["needs"] == ["attestation"]


@pytest.mark.parametrize(
    ("option", "word", "meant"),
    [
        ("--chapter", "lgwam", "lgwan"),
        ("--kind", "atestation", "attestation"),
        ("--edition", "mic-2026-3", "mic-2026-03"),
    ],
)
def test_a_mistyped_filter_is_an_error_with_the_nearest_word(option: str, word: str, meant: str) -> None:
    done = run("list", option, word)
    assert done.exception is not None
    assert meant in done.exception.hint.en  # type: ignore[attr-defined]


def test_the_status_of_fixtures(tmp_path: Path) -> None:
    folder = tmp_path / "日本語 フォルダ"
    shutil.copytree(data_folder("rulesets") / "mic", folder)
    for path in folder.glob("*/*.yaml"):
        if path.parent.name not in ("assets", "fixtures"):
            path.unlink()
    for path in (folder / "fixtures").iterdir():
        if path.is_dir() and not path.name.startswith("AST-"):
            shutil.rmtree(path)
    assert run("test", str(folder)).return_value == 0
    (folder / "fixtures/AST-02/fail-wrong.yaml").write_text("expect: [{subject: x, reason: y}]\n")
    done = run("test", str(folder))
    assert done.return_value == 1
    assert "fail-wrong" in done.output
