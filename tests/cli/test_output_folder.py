"""Where results go: any path a person may have, whole files or none, and nothing of theirs written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from secaudit.audit.run import audit_folder
from secaudit.cli import audit as audit_command
from secaudit.text.dates import parse_date
from tests.cli.folders import AS_OF, MUNICIPALITY, Folder, audited, flow_passes, passes
from tests.cli.program import secaudit, started


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_the_audit_folder_is_left_as_it_was(folder: Folder) -> None:
    before = files_of(folder.path)
    secaudit("audit", folder.path, "--out", folder.out, "--as-of", AS_OF)
    assert files_of(folder.path) == before
    assert sorted(files_of(folder.out)) == ["report.html", "result.json"]


def test_without_out_results_go_below_the_working_folder_by_code(folder: Folder, tmp_path: Path) -> None:
    ran = secaudit("audit", folder.path.name, "--as-of", AS_OF, cwd=tmp_path)
    assert sorted(files_of(tmp_path / "secaudit-out")) == ["202991/report.html", "202991/result.json"]
    assert ran.out.splitlines()[-1] == "報告書: secaudit-out/202991/report.html"


@pytest.mark.parametrize(
    "name",
    [
        "令和8年度 監査結果",
        "a b  c",
        "C# & (1)",
        "'quoted'",
        '"',
        "%TEMP%",
        "-x",
        "日本語" * 20,
        "é\u0301",
        "$(id)",
        "a;b",
    ],
)
def test_any_name_of_a_folder_works_and_does_not_change_the_result(
    name: str, folder: Folder, sound: Folder, tmp_path: Path
) -> None:
    folder.path.rename(tmp_path / name)
    ran = secaudit("audit", f"./{name}", "--out", f"./{name}-out", "--as-of", AS_OF, cwd=tmp_path)
    assert (ran.status, ran.err) == (1, "")
    assert files_of(tmp_path / f"{name}-out") == files_of(sound.out)


def test_an_out_folder_that_cannot_be_written_to(folder: Folder) -> None:
    folder.out.mkdir()
    folder.out.chmod(0o555)
    for out in (folder.out, folder.out / "new" / "deep"):
        for language, wanted in (("ja", "書き込みの権限がない"), ("en", "no permission to write")):
            ran = started("audit", folder.path, "--out", out, "--lang", language, ordinary_user=True)
            assert ran.status == 2, ran
            assert wanted in ran.err and "→" in ran.err
            assert ran.out == ""
    assert list(folder.out.iterdir()) == []


def test_a_result_that_cannot_be_replaced_stays_whole(folder: Folder) -> None:
    audited(folder)
    (folder.out / "report.html").unlink()
    (folder.out / "report.html").mkdir()
    (folder.path / "configs/rt-inet.txt").unlink()
    ran = secaudit("audit", folder.path, "--out", folder.out, "--as-of", AS_OF)
    assert ran.status == 2
    assert "report.html に書き込めません" in ran.err and "→" in ran.err
    assert folder.result()["schema_version"] == "1.0"
    assert sorted(one.name for one in folder.out.iterdir()) == ["report.html", "result.json"], (
        "nothing half written is left"
    )


def test_a_config_that_may_not_be_read(folder: Folder, sound: Folder) -> None:
    (folder.path / "configs/fw-lgwan.conf").chmod(0o000)
    ran = started("audit", folder.path, "--out", folder.out, "--as-of", AS_OF, ordinary_user=True)
    assert ran.status == 1
    assert "configs/fw-lgwan.conf: ファイルを読めません" in ran.out
    assert "権限" in ran.out
    assert passes(folder.result()) < passes(sound.result())
    assert not {pair for _, pair in flow_passes(folder.result()) if "my_number" in pair}


@pytest.mark.parametrize("inside", ["configs", "configs/結果", "probes", "./configs/../probes/x"])
def test_results_never_go_where_evidence_is(inside: str, folder: Folder) -> None:
    before = files_of(folder.path)
    for language, wanted in (("ja", "中に結果は書けない"), ("en", "results cannot go into")):
        ran = secaudit("audit", folder.path, "--out", folder.path / inside, "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err
    assert files_of(folder.path) == before


def test_results_beside_the_evidence_change_nothing_in_the_next_audit(folder: Folder) -> None:
    folder = Folder(folder.path, folder.path / "results")
    audited(folder)
    first = files_of(folder.out)
    audited(folder)
    assert files_of(folder.out) == first


@pytest.mark.parametrize("broken", ["municipality: [", "", MUNICIPALITY.replace("alpha", "omega"), None])
def test_earlier_results_stay_when_the_audit_cannot_start(broken: str | None, folder: Folder) -> None:
    audited(folder)
    before = files_of(folder.out)
    if broken is None:
        (folder.path / "municipality.yaml").unlink()
    else:
        folder.write("municipality.yaml", broken)
    ran = secaudit("audit", folder.path, "--out", folder.out, "--as-of", AS_OF)
    assert (ran.status, ran.out) == (2, "")
    assert files_of(folder.out) == before


def test_earlier_results_stay_when_the_report_cannot_be_made(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    audited(folder)
    before = files_of(folder.out)
    folder.change("municipality.yaml", "あおぞら市", "ゆうぞら市")
    result = audit_folder(folder.path, parse_date(AS_OF))

    def cannot(*_: object) -> str:
        raise MemoryError

    monkeypatch.setattr("secaudit.report.html.render_html", cannot)
    with pytest.raises(MemoryError):
        audit_command.write_outputs(result, folder.out)
    assert files_of(folder.out) == before


def test_a_second_audit_replaces_both_files(folder: Folder) -> None:
    audited(folder)
    before = files_of(folder.out)
    (folder.path / "configs/rt-inet.txt").unlink()
    secaudit("audit", folder.path, "--out", folder.out, "--as-of", AS_OF)
    after = files_of(folder.out)
    assert sorted(after) == sorted(before)
    assert all(after[name] != before[name] for name in before)
