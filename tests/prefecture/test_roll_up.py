"""Many results become one view; what is broken, missing or double is said."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import pytest

from secaudit.audit.result import AuditResult
from secaudit.audit.result_json import to_json
from secaudit.errors import InputError
from secaudit.prefecture import roll_up as module
from secaudit.prefecture.roll_up import Body, RollUp, read_expected, roll_up
from secaudit.prefecture.site import render_site
from secaudit.rules.result import Disposition, Outcome, Severity
from secaudit.text.bilingual import Language
from tests.report.sample import empty_result, rates, sample_result

TODAY = datetime.date(2026, 11, 30)


def town(code: str, **changes: object) -> AuditResult:
    return dataclasses.replace(sample_result(), code=code, name=f"町{code}", **changes)


def with_outcomes(result: AuditResult, changed: dict[str, Outcome]) -> AuditResult:
    """The result with every result of some rules given another outcome, and the rates that follow."""
    results = tuple(
        dataclasses.replace(item, outcome=changed[item.rule], disposition=Disposition.OPEN)
        if item.rule in changed
        else item
        for item in result.results
    )
    counts = {outcome: sum(item.outcome is outcome for item in results) for outcome in Outcome}
    excepted = sum(item.disposition is Disposition.EXCEPTED for item in results)
    return dataclasses.replace(result, results=results, rates=rates(counts, excepted))


def save(folder: Path, name: str, result: AuditResult) -> Path:
    path = folder / name
    path.write_text(to_json(result), encoding="utf-8")
    return path


def rolled(folder: Path, expected: list[Body] | None = None) -> RollUp:
    return roll_up(folder.glob("*.json"), expected, TODAY)


def test_the_figures_of_one_body(tmp_path: Path) -> None:
    save(tmp_path, "a.json", town("131016"))
    (body,) = rolled(tmp_path).bodies
    # Critical failures of the sample: LG-01 (exception expired), MN-02, MN-03; MN-01 is excepted.
    assert body.critical_open == 3
    assert (body.failed, body.undetermined) == (7, 5)
    assert body.compliance == pytest.approx(11 / 23)
    assert body.compliance_after_exceptions == pytest.approx(12 / 23)
    assert body.confirmation == pytest.approx(18 / 23)
    assert (body.evidence_age_days, body.result_age_days) == (18, 10)
    assert body.deadline is not None
    assert (body.deadline.date, body.deadline.days_left) == (datetime.date(2027, 7, 1), 213)
    assert body.listed is None


def test_an_overdue_duty_comes_before_a_later_one_and_a_met_one_is_left_out(tmp_path: Path) -> None:
    result = town("131016")
    missed = tuple(dataclasses.replace(item, met=False) for item in result.deadlines)
    save(tmp_path, "a.json", dataclasses.replace(result, deadlines=missed))
    save(tmp_path, "b.json", dataclasses.replace(town("131024"), deadlines=(result.deadlines[0],)))
    first, second = sorted(rolled(tmp_path).bodies, key=lambda body: body.code)
    assert first.deadline is not None
    assert first.deadline.days_left == -243
    assert (second.deadline, second.deadlines) == (None, 1)


def test_no_recorded_date_is_not_all_met(tmp_path: Path) -> None:
    save(tmp_path, "a.json", dataclasses.replace(town("131016"), deadlines=()))
    view = rolled(tmp_path)
    (body,) = view.bodies
    assert (body.deadline, body.deadlines) == (None, 0)
    page = render_site(view, Language.JA)["index.html"]
    assert "記録なし" in page
    assert "すべて対応済み" not in page


def test_a_result_from_the_future_is_told(tmp_path: Path) -> None:
    save(tmp_path, "a.json", dataclasses.replace(town("131016"), as_of=datetime.date(2099, 1, 1)))
    (note,) = rolled(tmp_path).notes
    assert "after the date of this page" in note.en


def test_bodies_that_have_not_submitted(tmp_path: Path) -> None:
    save(tmp_path, "a.json", town("131016"))
    save(tmp_path, "stranger.json", town("139998"))
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    expected = [Body("131024", "中野町"), Body("131016", "町131016"), Body("011002", "北野町")]
    view = rolled(tmp_path, expected)
    assert [body.code for body in view.missing] == ["011002", "131024"]
    assert view.expected == 3
    assert {body.code: body.listed for body in view.bodies} == {"131016": True, "139998": False}
    assert any("139998" in note.ja and "一覧にない" in note.ja for note in view.notes)


def test_a_broken_file_is_listed_and_the_rest_goes_on(tmp_path: Path) -> None:
    save(tmp_path, "good.json", town("131016"))
    (tmp_path / "cut.json").write_text(to_json(town("131024"))[:5000], encoding="utf-8")
    (tmp_path / "latin.json").write_bytes(b'{"name": "\xff"}')
    (tmp_path / "deep.json").write_text("[" * 100_000, encoding="utf-8")
    (tmp_path / "empty.json").write_text("", encoding="utf-8")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "lie.json").write_text(
        to_json(dataclasses.replace(town("131032"), rates=rates(dict.fromkeys(Outcome, 0)))), encoding="utf-8"
    )
    view = roll_up([*tmp_path.glob("*.json"), tmp_path / "absent.json"], None, TODAY)
    assert [body.code for body in view.bodies] == ["131016"]
    reasons = {Path(item.file).name: item.reason.en for item in view.broken}
    assert sorted(reasons) == [
        "absent.json",
        "cut.json",
        "deep.json",
        "empty.json",
        "folder.json",
        "latin.json",
        "lie.json",
    ]
    assert "not JSON" in reasons["cut.json"]
    assert "utf-8" in reasons["latin.json"]
    assert "nesting too deep" in reasons["deep.json"]
    assert "No such file" in reasons["absent.json"]
    assert "[rates]" in reasons["lie.json"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secaudit.audit.result_json.LARGEST_RESULT_BYTES", 2 * 1024 * 1024)
    (tmp_path / "large.json").write_bytes(b" " * (2 * 1024 * 1024 + 1))
    (broken,) = rolled(tmp_path).broken
    assert "at most 2 MB" in broken.reason.en


def test_of_two_results_of_a_body_the_newest_counts_and_it_says_so(tmp_path: Path) -> None:
    old = dataclasses.replace(town("131016"), as_of=datetime.date(2026, 5, 1))
    save(tmp_path, "z-old.json", old)
    save(tmp_path, "a-new.json", with_outcomes(town("131016"), {"MN-02": Outcome.PASS}))
    view = rolled(tmp_path)
    (body,) = view.bodies
    assert Path(body.file).name == "a-new.json"
    assert body.as_of == datetime.date(2026, 11, 20)
    assert body.critical_open == 2
    assert body.replaced == 1
    (note,) = view.notes
    assert "a-new.json" in note.en
    assert "z-old.json" in note.en
    # The set-aside result does not count for the rules either.
    assert {rule.bodies for rule in view.rules} == {1}


def test_two_results_of_the_same_date_are_decided_by_name_whatever_the_order(tmp_path: Path) -> None:
    paths = [save(tmp_path, "a.json", town("131016")), save(tmp_path, "b.json", town("131016"))]
    forward, backward = roll_up(paths, None, TODAY), roll_up(reversed(paths), None, TODAY)
    assert forward == backward
    assert Path(forward.bodies[0].file).name == "b.json"
    assert "same date" in forward.notes[0].en


def test_bodies_are_sorted_by_need(tmp_path: Path) -> None:
    save(tmp_path, "1.json", with_outcomes(town("131016"), {"MN-02": Outcome.PASS}))
    save(tmp_path, "2.json", town("131024"))
    save(tmp_path, "3.json", with_outcomes(town("131032"), {"NW-05": Outcome.FAIL}))
    save(tmp_path, "4.json", dataclasses.replace(empty_result(), code="131041"))
    view = rolled(tmp_path)
    # Three criticals with a worse rate, three criticals, two criticals, then the one where nothing could be judged.
    assert [body.code for body in view.bodies] == ["131032", "131024", "131016", "131041"]
    assert view.bodies[-1].compliance is None
    assert view.critical_open == 8


def test_what_fails_most_often(tmp_path: Path) -> None:
    save(tmp_path, "1.json", town("131016"))
    save(tmp_path, "2.json", with_outcomes(town("131024"), {"NW-02": Outcome.PASS}))
    save(tmp_path, "3.json", with_outcomes(town("131032"), {"NW-02": Outcome.NOT_APPLICABLE}))
    rules = {rule.id: rule for rule in rolled(tmp_path).rules}
    assert (rules["NW-02"].failing, rules["NW-02"].bodies) == (1, 2)
    assert rules["NW-02"].share == 0.5
    # Six devices pass and one fails: the body fails.
    assert (rules["NW-05"].failing, rules["NW-05"].bodies) == (3, 3)
    assert (rules["LAW-03"].failing, rules["LAW-03"].undetermined) == (0, 3)
    # LG-01 fails for one pair and is undetermined for three others.
    assert (rules["LG-01"].failing, rules["LG-01"].undetermined, rules["LG-01"].severity) == (3, 0, Severity.CRITICAL)
    # Excepted in every body: nothing open.
    assert (rules["MN-01"].failing, rules["MN-01"].bodies) == (0, 3)
    # For reference only, and never applicable.
    assert "NW-14" not in rules
    assert "WL-01" not in rules
    ordered = [rule.failing for rule in rolled(tmp_path).rules]
    assert ordered == sorted(ordered, reverse=True)


def test_results_are_dropped_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more than one whole result is alive: 1,788 of them would not fit."""
    import gc
    import weakref

    for number in range(6):
        save(tmp_path, f"{number}.json", town(f"13{number}016"))
    alive: list[weakref.ref[object]] = []
    most = 0
    read = module.read_result

    class Tracked:
        """A stand-in for the result that can be referenced weakly."""

        def __init__(self, result: AuditResult) -> None:
            self._result = result

        def __getattr__(self, name: str) -> object:
            return getattr(self._result, name)

    def counting(path: Path, shown_as: str) -> object:
        nonlocal most
        result = Tracked(read(path, shown_as))
        gc.collect()
        alive.append(weakref.ref(result))
        most = max(most, sum(each() is not None for each in alive))
        return result

    monkeypatch.setattr(module, "read_result", counting)
    assert len(rolled(tmp_path).bodies) == 6
    assert most == 1


# --- the list of bodies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("header", ["code,name", "団体コード,団体名", "name,code,備考"])
def test_the_list_is_read(tmp_path: Path, encoding: str, header: str) -> None:
    rows = (
        ["青空市,131016,x", "北野町,11002,"]
        if header.startswith("name")
        else ["131016,青空市", "11002,北野町", "", " , "]
    )
    path = tmp_path / "list.csv"
    path.write_bytes("\r\n".join([header, *rows]).encode(encoding))
    assert read_expected(path) == (Body("131016", "青空市"), Body("011002", "北野町"))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "code and name"),
        ("131016,青空市\n", 1, "code and name"),
        ("code,name\n131016,青空市\n13101,\n", 3, "six-digit code"),
        ("code,name\n１３１０１６,青空市\n", 2, "six-digit code"),
        ("code,name\n131016\n", 2, "six-digit code"),
        ("code,name\n131016,a\n131016,b\n", 3, "twice"),
    ],
)
def test_a_wrong_list_is_refused_at_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_expected(path)
    assert caught.value.line == line
    assert words in caught.value.text.en


def test_many_results_are_read_by_several_processes_and_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(70):
        save(tmp_path, f"{number}.json", town(f"13{number:03d}0"))
    (tmp_path / "71.json").write_text("{", encoding="utf-8")
    told: list[tuple[int, int]] = []
    paths = list(tmp_path.glob("*.json"))
    many = roll_up(paths, None, TODAY, lambda done, total: told.append((done, total)))
    monkeypatch.setattr("secaudit.prefecture.roll_up._FEW", 1000)
    assert many == roll_up(paths, None, TODAY)
    assert (len(many.bodies), len(many.broken)) == (70, 1)
    assert told == [(done, 71) for done in range(1, 72)]
