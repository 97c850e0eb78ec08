"""One file that cannot be read never stops the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from secaudit.audit import reading
from secaudit.errors import InternalError
from secaudit.municipality.model import LedgerDevice
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.reader import ReadConfig
from tests.cli.folders import YAMAHA


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


def _answers(folder: Path) -> list[Path]:
    """Two answers of a cloud that only together say what is where."""
    (folder / "vpcs.json").write_text(
        '{"Vpcs": [{"VpcId": "vpc-0a000001", "OwnerId": "111122223333", "CidrBlock": "10.10.0.0/16"}]}\n'
    )
    (folder / "subnets.json").write_text(
        '{"Subnets": [{"SubnetId": "subnet-0a000001", "VpcId": "vpc-0a000001", "CidrBlock": "10.10.1.0/24"}]}\n'
    )
    return [folder / "vpcs.json", folder / "subnets.json"]


def test_answers_of_a_cloud_are_read_together(tmp_path: Path) -> None:
    files = [reading.read_config_file(path, f"configs/{path.name}") for path in _answers(tmp_path)]
    first, second = reading.gathered(files)
    assert first.read is not None
    assert second.read is not None
    (device,) = first.read.devices
    assert second.read.devices == ()
    assert second.problem is None
    (interface,) = device.interfaces.values()
    assert [str(one.address) for one in interface.addresses] == ["10.10.1.1/24"]
    assert interface.sources[0].file == "configs/subnets.json"


def test_a_fault_while_reading_together_leaves_these_files_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(_: str, __: Sequence[ConfigText]) -> tuple[ReadConfig, ...]:
        raise InternalError(Text(ja="読取りの不具合", en="a fault of the reader"))

    files = [reading.read_config_file(path, f"configs/{path.name}") for path in _answers(tmp_path)]
    (tmp_path / "other.txt").write_text("hostname fw\n", encoding="utf-8")
    files.append(reading.read_config_file(tmp_path / "other.txt", "configs/other.txt"))
    monkeypatch.setattr(reading, "read_together", faulty)
    *unread, other = reading.gathered(files)
    assert [one.read for one in unread] == [None, None]
    assert {one.problem.text.en for one in unread if one.problem is not None} == {"a fault of the reader"}
    assert other == files[-1]


def test_devices_told_by_several_files_take_the_name_of_any_of_them(tmp_path: Path) -> None:
    files = reading.gathered([reading.read_config_file(path, f"configs/{path.name}") for path in _answers(tmp_path)])
    entry = LedgerDevice(
        "gcloud", "aws", "cloud", (), "configs/subnets.json", True, True, SourceLine("municipality.yaml", 1, "")
    )
    devices, problems = reading.name_devices(files, [entry])
    assert [one.name for one in devices] == ["gcloud/vpc-0a000001"]
    assert problems == []


def test_a_file_of_another_vendor_than_the_ledger_says_is_told(tmp_path: Path) -> None:
    (tmp_path / "rt.txt").write_text(YAMAHA, encoding="utf-8")
    file = reading.read_config_file(tmp_path / "rt.txt", "configs/rt.txt")
    source = SourceLine("municipality.yaml", 1, "")
    for vendor, told in (("fortios", 1), ("yamaha", 0), ("another", 0)):
        entry = LedgerDevice("rt-inet", vendor, "router", (), None, True, True, source)
        devices, problems = reading.name_devices([file], [entry])
        assert [one.name for one in devices] == ["rt-inet"]
        assert len(problems) == told
        if told:
            assert "is fortios, but its configuration (configs/rt.txt) was read as yamaha" in problems[0].en
            assert "機種は fortios であるが" in problems[0].ja
