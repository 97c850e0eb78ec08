"""Several configurations of one device, in one file or in two: none is used while another one is silently ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from secaudit.audit.network import ReadNetwork, network_of_files
from secaudit.audit.result import AuditResult
from secaudit.audit.run import audit_folder
from secaudit.rules.result import Outcome
from tests.across.town import AS_OF, Boundary, boundaries, town_with
from tests.cli.program import secaudit

each_vendor = pytest.mark.parametrize("boundary", boundaries(), ids=lambda one: one.vendor)


@each_vendor
def test_two_outputs_in_one_file_never_pass(boundary: Boundary, tmp_path: Path) -> None:
    """Before and after a change, as a terminal log has them: the hole is in the second one."""
    text = boundary.text + boundary.with_hole("permit_too_many")
    result = audit_folder(town_with(tmp_path / "town", boundary, text), AS_OF)
    assert not _passes(result)


@each_vendor
def test_two_files_never_pass_and_are_told(boundary: Boundary, tmp_path: Path) -> None:
    folder = town_with(tmp_path / "town", boundary, boundary.text)
    (folder / "configs" / "later.conf").write_text(boundary.with_hole("permit_too_many"), encoding="utf-8")
    result = audit_folder(folder, AS_OF)
    assert not _passes(result)
    assert any("two different configurations of kyokai" in one.en for one in result.problems)


@each_vendor
@pytest.mark.parametrize("change", ["encoding", "line ends", "the same"])
def test_a_copy_in_another_shape_is_no_second_configuration(boundary: Boundary, change: str, tmp_path: Path) -> None:
    data = boundary.text.encode()
    other = {
        "encoding": boundary.text.encode("utf-16"),
        "line ends": data.replace(b"\n", b"\r\n"),
        "the same": data,
    }[change]
    network = _network(tmp_path, data, other)
    assert [one.name for one in network.devices] == ["kyokai"]
    assert network.problems == ()


def _passes(result: AuditResult) -> bool:
    """Whether any answer about the way with the hole is a pass."""
    found = [one.outcome for one in result.results if (one.rule, one.subject.name) == ("MN-02", "my_number->internet")]
    assert found
    return Outcome.PASS in found


def test_one_file_with_two_outputs_is_told(tmp_path: Path) -> None:
    (boundary,) = [one for one in boundaries() if one.vendor == "cisco_ios"]
    text = boundary.text + boundary.with_hole("permit_too_many")
    (device,) = (network := _network(tmp_path, text.encode())).devices
    assert [doubt.text.en for doubt in device.doubts] == [
        f"two configurations have the same device name ({tmp_path.as_posix()}/0.conf)"
    ]
    assert len(network.problems) == 1
    for language, wanted in (
        ("ja", "機器 kyokai の設定が二つ以上含まれている"),
        ("en", "more than one configuration of kyokai"),
    ):
        ran = secaudit("config", tmp_path / "0.conf", "--lang", language)
        assert ran.status == 0
        assert wanted in ran.err


def _network(folder: Path, *contents: bytes) -> ReadNetwork:
    paths = []
    for number, content in enumerate(contents):
        paths.append(folder / f"{number}.conf")
        paths[-1].write_bytes(content)
    return network_of_files(paths)
