"""One file that cannot be read never stops the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from secaudit.audit import reading
from secaudit.errors import InternalError
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.vendors.reader import ReadConfig


def test_a_fault_of_a_reader_leaves_one_file_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(_: ConfigText) -> ReadConfig | None:
        raise InternalError(Text(ja="読取りの不具合", en="a fault of the reader"))

    monkeypatch.setattr(reading, "read_config", faulty)
    (tmp_path / "fw.conf").write_text("hostname fw\n", encoding="utf-8")
    file = reading.read_config_file(tmp_path / "fw.conf", "configs/fw.conf")
    assert file.read is None
    assert file.problem is not None
    assert file.problem.text.en == "a fault of the reader"
    assert file.sha256
