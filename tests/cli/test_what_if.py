"""`secaudit what-if`: what another model or edition changes, and what is wrong with the question."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from secaudit.flows.analysis import FlowAnalysis
from tests.cli.program import secaudit
from tests.cli.validation import validate

EXAMPLES = Path(__file__).parents[2] / "examples"
DAY = ("--as-of", "2026-11-20")


@pytest.fixture
def city(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / "aozora-city", tmp_path / "あおぞら 市"))


def asked(folder: Path, *arguments: str, status: int = 1) -> Any:
    ran = secaudit("what-if", folder, *arguments, *DAY, "--format", "json")
    assert (ran.status, ran.err) == (status, "")
    validate(ran.json(), "what_if")
    return ran.json()


def effects(answer: Any, effect: str) -> set[tuple[str, str]]:
    return {(one["rule"], one["subject"]) for one in answer["results"] if one["effect"] == effect}


def pair(answer: Any, source: str, destination: str) -> Any:
    (found,) = (one for one in answer["pairs"] if (one["from"], one["to"]) == (source, destination))
    return found


def test_another_model(city: Path) -> None:
    written = {path: path.read_bytes() for path in city.rglob("*") if path.is_file()}
    answer = asked(city, "--model", "beta")
    assert effects(answer, "fails") == {("OWN-06", "202991")}
    assert pair(answer, "internet", "lgwan")["codes"] == ["B1"]
    assert any(
        box.startswith("10.30.0.0/16 → 10.20.0.0/16 tcp/443") for box in pair(answer, "internet", "lgwan")["openable"]
    )
    assert (pair(answer, "lgwan", "internet")["after"], pair(answer, "lgwan", "internet")["close"]) == ("D*/M2", [])
    assert written == {path: path.read_bytes() for path in city.rglob("*") if path.is_file()}


def test_an_older_edition_closes_what_it_did_not_permit(city: Path) -> None:
    answer = asked(city, "--edition", "mic-2020-12")
    refused = {one["id"] for one in answer["register"] if not one["permitted"]}
    assert {"TK-001", "GC-001"} <= refused
    assert {one["for"] for one in answer["prepare"] if one["need"] == "register"} == refused
    cloud = pair(answer, "my_number", "government_cloud")
    assert cloud["after"] == "D*" and cloud["close"]
    assert {"need": "exception", "for": "my_number->government_cloud"}.items() <= next(
        one for one in answer["prepare"] if one["need"] == "exception" and one["for"] == "my_number->government_cloud"
    ).items()
    assert effects(answer, "fails")


def test_there_and_back(city: Path) -> None:
    """What fails on the way there is freed on the way back."""
    there = asked(city, "--edition", "mic-2020-12")
    path = city / "municipality.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("edition: mic-2026-03", "edition: mic-2020-12"), encoding="utf-8"
    )
    back = asked(city, "--edition", "mic-2026-03", status=0)
    assert effects(there, "fails") == effects(back, "freed")
    assert {one["id"] for one in back["register"] if one["permitted"]} == {one["id"] for one in there["register"]}


def test_midori_and_the_texts(tmp_path: Path) -> None:
    town = Path(shutil.copytree(EXAMPLES / "midori-town", tmp_path / "midori"))
    ja = secaudit("what-if", town, "--model", "beta_prime", *DAY)
    en = secaudit("what-if", town, "--model", "beta_prime", *DAY, "--lang", "en")
    assert (ja.err, en.err) == ("", "")
    assert ja.out.startswith("mic-2026-03 αモデル → mic-2026-03 β′モデル\n")
    assert "領域間の通信の変化: 2 組" in ja.out and "zone pairs that change: 2" in en.out


def test_flows_are_computed_once(city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime

    from secaudit.audit.what_if import what_if
    from secaudit.municipality.model import Model

    made: list[object] = []
    begin = FlowAnalysis.__init__

    def counted(self: FlowAnalysis, *arguments: Any, **named: Any) -> None:
        made.append(self)
        begin(self, *arguments, **named)

    monkeypatch.setattr(FlowAnalysis, "__init__", counted)
    what_if(city, datetime.date(2026, 11, 20), Model.BETA, None, 5)
    assert len(made) == 1


@pytest.mark.parametrize(
    ("arguments", "ja", "en"),
    [
        ((), "--model も --edition も", "neither --model nor --edition"),
        (("--model", "alpha"), "既に mic-2026-03 alpha", "already declares mic-2026-03 alpha"),
        (("--model", "gamma"), "alpha、alpha_prime、beta、beta_prime", "alpha, alpha_prime, beta, beta_prime"),
        (("--edition", "mic-2018-09", "--model", "beta"), "この版のモデル: alpha", "its models: alpha"),
        (("--edition", "mic-2026-04"), "mic-2026-03 の誤りではないか", "did you mean mic-2026-03?"),
    ],
)
def test_a_question_that_cannot_be_asked(city: Path, arguments: tuple[str, ...], ja: str, en: str) -> None:
    for language, wanted in (("ja", ja), ("en", en)):
        ran = secaudit("what-if", city, *arguments, *DAY, "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err and "→" in ran.err


def test_a_folder_without_configurations(city: Path) -> None:
    shutil.rmtree(city / "configs")
    ran = secaudit("what-if", city, "--model", "beta", *DAY)
    assert (ran.status, ran.out) == (2, "")
    assert "読み取れた設定ファイルがない" in ran.err and "→" in ran.err


def test_the_severity_that_counts(city: Path) -> None:
    asked(city, "--model", "beta", "--fail-on", "critical", status=0)
