"""An error of our own: exit status 4, a file that may be sent, and not a word in it of what was being read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from secaudit.cli import main as entry
from secaudit.cli.crash import crash_report
from secaudit.errors import InternalError
from secaudit.text.bilingual import Text
from tests.cli.folders import Folder

SECRETS = ("GeheimesWort1", "set psksecret", "10.10.77.5", "kokoro@city.example.jp")


def _deep(depth: int) -> None:
    if depth:
        _deep(depth - 1)
    try:
        int(f"{SECRETS[1]} {SECRETS[0]}")
    except ValueError as error:
        raise KeyError(f"{SECRETS[2]} {SECRETS[3]}") from error


def _recursion(_: object) -> None:
    _recursion(_)


def _group(_: object) -> None:
    raise ExceptionGroup(SECRETS[0], [ValueError(SECRETS[1])])


def _assertion(_: object) -> None:
    line = f"{SECRETS[1]} {SECRETS[0]}"
    assert line == "", line


def _engines_disagree(_: object) -> None:
    raise InternalError(Text(ja=f"食い違い: {SECRETS[2]}", en=f"they disagree: {SECRETS[2]}"))


@pytest.mark.parametrize(
    ("crash", "kind"),
    [
        (lambda _: _deep(3), "builtins.KeyError"),
        (_recursion, "builtins.RecursionError"),
        (_group, "builtins.ExceptionGroup"),
        (_assertion, "builtins.AssertionError"),
        (_engines_disagree, "secaudit.errors.InternalError"),
    ],
    ids=["chained", "recursion", "group", "assertion", "engines disagree"],
)
def test_the_kept_file_tells_where_and_never_what(
    crash: Callable[[object], None],
    kind: str,
    folder: Folder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(kept))
    monkeypatch.setattr("secaudit.audit.network.read_config_file", lambda path, _: crash(path))
    monkeypatch.setattr("sys.argv", ["secaudit", "audit", str(folder.path), "--out", str(folder.out)])
    with pytest.raises(SystemExit) as left:
        entry.main()
    assert left.value.code == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    (file,) = kept.iterdir()
    assert str(file) in said.err
    text = file.read_text(encoding="utf-8")
    for secret in (*SECRETS, str(folder.path), "あおぞら市", "fw-lgwan"):
        assert secret not in text, text
    if kind != "secaudit.errors.InternalError":
        assert not any(secret in said.err for secret in SECRETS)
    assert kind in text
    assert "secaudit/audit/network.py:" in text and " network_of_folder" in text, "where it happened"
    assert len(text) < 20_000
    assert not folder.out.exists()


def test_the_chain_of_causes_is_kept() -> None:
    try:
        _deep(0)
    except KeyError as error:
        text = crash_report(error)
    assert text.index("builtins.KeyError") < text.index("builtins.ValueError")
    assert "test_crash.py:" in text and "_deep" in text


def test_causes_that_go_in_a_circle_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert crash_report(first).count("builtins.ValueError") == 2


def test_a_file_that_cannot_be_kept_changes_no_status(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    monkeypatch.setattr("secaudit.audit.network.read_config_file", lambda path, _: _recursion(path))
    monkeypatch.setattr("sys.argv", ["secaudit", "audit", str(folder.path), "--out", str(folder.out)])
    with pytest.raises(SystemExit) as left:
        entry.main()
    assert left.value.code == 4
    assert "RecursionError" in capsys.readouterr().err
