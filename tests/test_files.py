"""A file is written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from secaudit.errors import InputError, UsageError
from secaudit.files import read_text, write_atomically


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".tmp"))


def test_text_is_utf8_with_its_own_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "報告.html"
    write_atomically(path, "青空市\r\n𠮷\n")
    assert path.read_bytes() == "青空市\r\n𠮷\n".encode()
    assert leftovers(path.parent) == []


def test_an_existing_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_atomically(path, "old and longer than the new one")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert leftovers(tmp_path) == []


def test_a_new_file_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "report.html", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "report.html").stat().st_mode) == 0o640


def test_a_link_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "precious.txt"
    target.write_text("precious")
    link = tmp_path / "report.html"
    link.symlink_to(target)
    write_atomically(link, "report")
    assert target.read_text() == "precious"
    assert not link.is_symlink()
    assert link.read_text() == "report"


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    write_atomically(path, "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError) as caught:
        write_atomically(path, "new")
    assert "No space left on device" in caught.value.text.en
    assert str(path) in caught.value.text.ja
    assert path.read_text() == "old"
    assert leftovers(tmp_path) == []


def test_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "lone surrogate \ud800")
    assert path.read_text() == "old"
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("place", ["a_file/report.html", "a_folder"])
def test_a_place_that_cannot_be_written_is_a_usage_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "a_file").write_text("kept")
    (tmp_path / "a_folder").mkdir()
    with pytest.raises(UsageError) as caught:
        write_atomically(tmp_path / place, "x")
    assert caught.value.hint is not None
    assert (tmp_path / "a_file").read_text() == "kept"
    assert leftovers(tmp_path) == []


def test_a_file_is_read_in_the_first_encoding_that_fits(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("\ufeff青空市\r\n".encode())
    assert read_text(path, "list.csv", 100) == "青空市\r\n"
    path.write_bytes("青空市".encode("cp932"))
    assert read_text(path, "list.csv", 100, ("utf-8-sig", "cp932")) == "青空市"


def test_what_cannot_be_read_is_an_input_error_with_the_name_the_user_knows(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"\xff" * 11)
    cases = (
        (path, 100, "not encoded in utf-8"),
        (path, 10, "too large"),
        (tmp_path, 10, ""),
        (tmp_path / "y", 10, "No such"),
    )
    for place, limit, words in cases:
        with pytest.raises(InputError) as caught:
            read_text(place, "shown/name", limit)
        assert caught.value.file == "shown/name"
        assert words in caught.value.text.en
