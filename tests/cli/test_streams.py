"""Results on stdout, everything else on stderr; no colour that nobody asked for; progress only where it is wanted."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.folders import AS_OF, Folder
from tests.cli.program import TIMEOUT_SECONDS, command_line, environment, started
from tests.requirements import require_module

ESCAPE = "\x1b"


def on_a_terminal(*arguments: str | Path, env: dict[str, str]) -> tuple[int, str]:
    """Status and everything shown when all streams are a terminal."""
    require_module("pty")
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(command_line(arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=env) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says so when the last writer has gone
                break
            if not part:
                break
            shown += part
        status = process.wait(TIMEOUT_SECONDS)
    os.close(ours)
    return status, shown.decode("utf-8")


def test_an_audit_writes_its_summary_to_stdout_and_nothing_to_stderr(sound: Folder) -> None:
    ran = started("audit", sound.path, "--out", sound.out, "--as-of", AS_OF)
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert lines[0].startswith("長野県あおぞら市 (202991)  2026-10-01")
    assert lines[-1] == f"報告書: {sound.out / 'report.html'}"
    assert any(line.startswith("適合率 ") for line in lines)


def test_the_summary_in_english_says_the_same(sound: Folder) -> None:
    ja = started("audit", sound.path, "--out", sound.out, "--as-of", AS_OF)
    en = started("audit", sound.path, "--out", sound.out, "--as-of", AS_OF, "--lang", "en")
    assert en.status == ja.status
    assert len(en.out.splitlines()) == len(ja.out.splitlines())
    assert "compliance " in en.out and "適合率" not in en.out
    assert f"report: {sound.out / 'report.html'}" in en.out


def test_progress_is_shown_on_a_terminal_and_not_with_q(sound: Folder) -> None:
    arguments: tuple[str | Path, ...] = ("audit", sound.path, "--out", sound.out, "--as-of", AS_OF)
    status, shown = on_a_terminal(*arguments, env=environment(TERM="xterm"))
    assert status == 1
    assert "… 設定ファイルを読み取っています" in shown
    _, quiet = on_a_terminal(*arguments, "-q", env=environment(TERM="xterm"))
    assert "…" not in quiet
    assert "適合率" in quiet


def test_v_shows_progress_anywhere_and_why_results_stayed_undetermined(sound: Folder) -> None:
    ran = started("audit", sound.path, "--out", sound.out, "--as-of", AS_OF, "-v")
    assert "… ルールを評価しています" in ran.err
    undetermined = [one for one in sound.result()["results"] if one["result"] == "undetermined"]
    assert ran.out.count("[?] ") == len(undetermined) > 0
    assert undetermined[0]["facts"][0]["ja"] in ran.out


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"NO_COLOR": ""}, {"TERM": "dumb"}, {}], ids=str)
def test_nothing_is_coloured(variables: dict[str, str | None], sound: Folder) -> None:
    _, shown = on_a_terminal("rules", "list", env=environment(**variables))
    assert "MN-01" in shown and ESCAPE not in shown
    _, shown = on_a_terminal("audit", sound.path / "nothing", env=environment(**variables))
    assert "エラー" in shown and ESCAPE not in shown
    assert ESCAPE not in started("config", sound.path / "configs", env=environment(**variables)).both


def test_japanese_comes_out_in_any_locale(sound: Folder) -> None:
    for variables in (
        {"LC_ALL": "C"},
        {"LANG": "ja_JP.eucJP"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp932"},
    ):
        ran = started("audit", sound.path, "--out", sound.out, "--as-of", AS_OF, env=environment(**variables))
        assert "適合率" in ran.out, variables


@pytest.mark.parametrize(
    "arguments",
    [
        ("rules", "list"),
        ("config", "configs/fw-lgwan.conf"),
        ("flows", ".", "--from", "my_number", "--to", "lgwan"),
        ("trace", ".", "--at", "fw-lgwan:port1", "--packet", "tcp 10.10.0.5:50000 > 10.20.0.5:443"),
    ],
    ids=lambda value: value[0],
)
def test_json_is_alone_on_stdout_and_names_its_version(arguments: tuple[str, ...], sound: Folder) -> None:
    for language in ("ja", "en"):
        ran = started(*arguments, "--format", "json", "--lang", language, cwd=sound.path)
        assert (ran.status, ran.err) == (0, "")
        assert ran.json()["schema_version"] == "1.0"


def test_json_of_a_broken_config_is_still_json(folder: Folder) -> None:
    folder.write("configs/広報.csv", "a,b\n1,2\n")
    ran = started("config", folder.path / "configs", "--format", "json")
    assert ran.status == 2
    assert [one["vendor"] for one in json.loads(ran.out)["files"]] == ["fortios", "yamaha", None]
    assert "判別できない" in ran.err


def test_the_same_input_and_day_give_the_same_bytes(folder: Folder, tmp_path: Path) -> None:
    again = tmp_path / "again"
    first = started("audit", folder.path, "--out", folder.out, "--as-of", "令和8年10月1日")
    second = started("audit", folder.path, "--out", again, "--as-of", "2026-10-01", env=environment(PYTHONHASHSEED="7"))
    assert first.out.replace(str(folder.out), "") == second.out.replace(str(again), "")
    for name in ("result.json", "report.html"):
        assert (folder.out / name).read_bytes() == (again / name).read_bytes(), name
