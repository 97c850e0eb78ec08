"""0 nothing failed, 1 something did, 2 wrong usage or unreadable input, 3 undetermined with --strict, 4 an internal error; nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.folders import AS_OF, YAMAHA, Folder
from tests.cli.program import TIMEOUT_SECONDS, command_line, environment, started
from tests.requirements import require

BEFORE_THE_LAW = "2026-03-01"
"""A day on which none of the critical rules fails in the small folder."""


def test_0_when_nothing_at_or_above_the_limit_failed(folder: Folder) -> None:
    ran = started("audit", folder.path, "--out", folder.out, "--as-of", BEFORE_THE_LAW, "--fail-on", "critical")
    assert ran.status == 0, ran
    failed = {one["severity"] for one in folder.result()["results"] if one["result"] == "fail"}
    assert failed, "something below the limit did fail"
    assert "critical" not in failed


def test_1_when_something_failed(folder: Folder) -> None:
    ran = started("audit", folder.path, "--out", folder.out, "--as-of", BEFORE_THE_LAW)
    assert ran.status == 1
    assert "[高]" in ran.out


def test_1_is_told_before_3(folder: Folder) -> None:
    ran = started("audit", folder.path, "--out", folder.out, "--as-of", AS_OF, "--strict")
    assert ran.status == 1


def test_2_when_the_audit_cannot_start(tmp_path: Path) -> None:
    ran = started("audit", tmp_path / "ない フォルダ", "--out", tmp_path / "out")
    assert ran.status == 2
    assert "監査フォルダが見つかりません" in ran.err
    assert not (tmp_path / "out").exists()


def test_3_with_strict_when_something_stayed_undetermined(folder: Folder) -> None:
    arguments = ("audit", folder.path, "--out", folder.out, "--as-of", BEFORE_THE_LAW, "--fail-on", "critical")
    assert started(*arguments, "--strict").status == 3
    assert started(*arguments).status == 0


def test_an_exception_that_is_valid_settles_a_failure(folder: Folder) -> None:
    arguments = ("audit", folder.path, "--out", folder.out, "--as-of", BEFORE_THE_LAW, "--fail-on", "high")
    assert started(*arguments).status == 1
    open_ = {
        (one["rule"], one["subject"]["name"])
        for one in folder.result()["results"]
        if one["result"] == "fail" and one["severity"] in ("critical", "high")
    }
    granted = "".join(
        f"""\
  - id: EX-{number:03}
    rule: {rule}
    subject: {subject}
    reason: 更改までの間。
    compensating_measure: 記録を毎日確認する。
    requested_by: 税務課長
    approved_by: 副市長
    valid_from: 2026-01-01
    valid_until: 2026-12-31
"""
        for number, (rule, subject) in enumerate(sorted(open_), start=1)
    )
    folder.write("exceptions.yaml", f"exceptions:\n{granted}")
    ran = started(*arguments)
    assert ran.status == 0, ran
    excepted = [one for one in folder.result()["results"] if one["disposition"] == "excepted"]
    assert {one["result"] for one in excepted} == {"fail"}, "an exception changes the disposition, never the result"


def test_4_for_a_crash_with_a_file_to_send(folder: Folder, tmp_path: Path) -> None:
    code = (
        "import sys, secaudit.audit.run as run\n"
        "def boom(*_): raise ZeroDivisionError('set passwd GeheimesWort1')\n"
        "run.audit_folder = boom\n"
        "from secaudit.cli.main import main\n"
        "main()\n"
    )
    kept = tmp_path / "kept"
    kept.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, "audit", str(folder.path), "--out", str(folder.out)],
        env=environment(TMPDIR=str(kept)),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 4
    assert done.stdout == ""
    (report,) = kept.iterdir()
    assert str(report) in done.stderr
    assert "GeheimesWort1" not in done.stderr + report.read_text(encoding="utf-8")
    assert not folder.out.exists()


def test_a_reader_that_leaves_early_changes_no_verdict(folder: Folder) -> None:
    with subprocess.Popen(
        command_line(["audit", folder.path, "--out", folder.out, "--as-of", AS_OF]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait(TIMEOUT_SECONDS) == 1
    assert said == ""
    assert (folder.out / "report.html").is_file()


def test_a_reader_that_leaves_in_the_middle_of_much_output(folder: Folder) -> None:
    folder.write("configs/rt-inet.txt", YAMAHA + "".join(f"mystery setting {n}\n" for n in range(20_000)))
    arguments = ("config", folder.path / "configs", "--format", "json")
    undisturbed = started(*arguments)
    assert len(undisturbed.out) > 2**20, "more than any pipe holds"
    with subprocess.Popen(
        command_line(arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(10)
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait(TIMEOUT_SECONDS) == undisturbed.status
    assert said == undisturbed.err


def test_a_closed_stdout_changes_no_verdict(folder: Folder) -> None:
    arguments = command_line(["audit", folder.path, "--out", folder.out, "--as-of", AS_OF])
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&- 2>&-', "sh", *arguments],
        env=environment(),
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert folder.result()["municipality"]["code"] == "202991"


def test_a_full_disk_behind_stdout_is_unwritable_output() -> None:
    full = Path("/dev/full")
    require(full.exists(), "there is no /dev/full on this machine")
    with full.open("w") as stdout:
        done = subprocess.run(
            command_line(["rules", "list"]),
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    assert done.returncode == 2
    said = done.stderr.decode()
    assert "読み書きできません" in said and "空き容量" in said
    assert "Traceback" not in said and "Exception ignored" not in said


def _not_deaf() -> None:
    """A shell lets what it runs in the background ignore the signal, and so do that one's children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_stops_it_without_a_result(folder: Folder) -> None:
    many = "".join(f"ip filter {n} pass 10.0.0.{n % 250} *\n" for n in range(300, 100_000))
    folder.write("configs/rt-inet.txt", (folder.path / "configs/rt-inet.txt").read_text(encoding="utf-8") + many)
    with subprocess.Popen(
        command_line(["audit", folder.path, "--out", folder.out, "-v"]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
        preexec_fn=_not_deaf,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        while "設定ファイルを読み取っています" not in process.stderr.readline().decode():
            assert process.poll() is None
        os.kill(process.pid, signal.SIGINT)
        said = process.stderr.read().decode()
        assert process.wait(TIMEOUT_SECONDS) == 2
        assert process.stdout.read() == b""
    assert "中断しました" in said
    assert "Traceback" not in said
    assert not folder.out.exists()


@pytest.mark.parametrize("command", ["audit", "demo", "init", "aggregate", "report"])
def test_2_when_there_is_a_file_where_a_folder_must_be(command: str, folder: Folder, sound: Folder) -> None:
    taken = folder.write("taken", "something of mine")
    result = sound.out / "result.json"
    arguments: dict[str, list[str | Path]] = {
        "audit": [folder.path, "--out", taken],
        "demo": ["--out", taken / "below"],
        "init": [taken],
        "aggregate": [result, "--out", taken],
        "report": [result, "--out", taken / "report.html"],
    }
    for language, wanted in (("ja", "エラー: "), ("en", "error: ")):
        ran = started(command, *arguments[command], "--lang", language)
        assert ran.status == 2, ran
        assert ran.out == ""
        assert ran.err.startswith(wanted)
        assert "→" in ran.err
    assert taken.read_text() == "something of mine"
