"""What is told of several files of one device, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from secaudit.audit.network import network_of_files, network_of_folder
from secaudit.audit.parts import put_together
from secaudit.audit.put_back import with_lines
from secaudit.audit.reading import read_config_file
from secaudit.municipality.loader import load_audit_folder
from secaudit.network.device import DoubtKind
from secaudit.text.decoding import config_text_from_bytes
from secaudit.text.source import SourceLine
from secaudit.vendors.registry import read_config
from tests.across.town import Boundary, boundaries, town_with
from tests.cli.program import secaudit

HEADER = "#config-version=FG100F-7.2.8-FW-build1639-240313:opmode=0:vdom=0:user=admin\n"
GLOBAL = 'config system global\n    set hostname "kyokai"\nend\n'
PORTS = 'config system interface\n    edit "port1"\n        set vdom "root"\n        set ip 10.10.0.1 255.255.255.0\n    next\nend\n'
STATIC = 'config router static\n    edit 1\n        set gateway 10.30.0.2\n        set device "port1"\n    next\nend\n'
POLICIES = (
    'config firewall policy\n    edit 1\n        set srcintf "port1"\n        set dstintf "port1"\n        set action accept\n'
    '        set srcaddr "all"\n        set dstaddr "all"\n        set schedule "always"\n        set service "ALL"\n    next\nend\n'
)
IOS = "version 15.4\nhostname kyokai\n!\ninterface GigabitEthernet0/0\n ip address 10.10.0.1 255.255.255.0\n!\nline vty 0 4\n login local\nend\n"


def _folder(folder: Path, files: Mapping[str, str], listed: str) -> Path:
    (boundary,) = [one for one in boundaries() if one.vendor == "fortios"]
    town_with(folder, boundary, "")
    (folder / "configs" / "kyokai.conf").unlink()
    for name, text in files.items():
        (folder / "configs" / name).write_text(text, encoding="utf-8")
    path = folder / "municipality.yaml"
    role = "    role: boundary_firewall\n"
    path.write_text(path.read_text(encoding="utf-8").replace(role, f"{role}    files: {listed}\n"), encoding="utf-8")
    return folder


def _problems(folder: Path) -> list[str]:
    return [one.en for one in network_of_folder(load_audit_folder(folder)).problems]


REFUSED = [
    ({"a.conf": HEADER + GLOBAL + PORTS, "b.conf": IOS}, 1, "configs/b.conf is a configuration of cisco_ios, no part of kyokai (fortios)"),
    ({"a.conf": HEADER + GLOBAL + PORTS, "b.conf": "other # show router static\n" + STATIC}, 1, "configs/b.conf is of the host other, the files before it are of kyokai"),
    ({"a.conf": HEADER + GLOBAL + PORTS + STATIC, "b.conf": STATIC}, 1, "configs/a.conf has the same sections (router static)"),
    ({"a.conf": HEADER + GLOBAL + PORTS}, 1, "there is no configs/b.conf"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "at", "told"), REFUSED, ids=["vendor", "hostname", "twice", "missing"])
def test_what_cannot_be_one_device_is_told_with_line_and_field(
    files: dict[str, str], at: int, told: str, tmp_path: Path
) -> None:
    folder = _folder(tmp_path / "town", files, "[a.conf, b.conf]")
    network = network_of_folder(load_audit_folder(folder))
    (place, *_) = [one.en for one in network.problems if told in one.en]
    line = next(
        number
        for number, text in enumerate((folder / "municipality.yaml").read_text(encoding="utf-8").splitlines(), start=1)
        if "files: [a.conf" in text
    )
    assert place.startswith(f"municipality.yaml:{line} [devices[0].files[{at}]]: ")
    mine = [one for one in network.devices if one.name.startswith("kyokai")]
    assert mine
    assert all(
        any(doubt.kind is DoubtKind.TRUNCATED and doubt.interfaces is None for doubt in one.doubts) for one in mine
    )


def test_declared_files_are_read_as_one_and_told_in_both_languages(tmp_path: Path) -> None:
    files = {"a.conf": HEADER + GLOBAL + PORTS, "b.conf": STATIC, "c.conf": POLICIES}
    folder = _folder(tmp_path / "town", files, "[a.conf, b.conf, configs/c.conf]")
    network = network_of_folder(load_audit_folder(folder))
    (device,) = [one for one in network.devices if one.name == "kyokai"]
    assert device.doubts == ()
    (route,) = device.routes
    assert {source.file for source in route.sources} == {"configs/b.conf"}
    assert route.sources[0].number == 2
    (told,) = [one for one in network.problems if "were read as the configuration of one device" in one.en]
    assert (
        told.ja
        == "configs/a.conf、configs/b.conf、configs/c.conf を、機器台帳(files)に従い、一台の機器 kyokai の設定として読み取った。"
    )
    held = {one.path: one for one in network.files}
    for name, text in files.items():
        read = held[f"configs/{name}"].read
        assert read is not None
        assert sorted(read.coverage.used | read.coverage.irrelevant.keys()) == list(
            range(1, len(text.splitlines()) + 1)
        )


@pytest.mark.parametrize(
    ("lost", "section"),
    [("b.conf", "show router static"), ("c.conf", "show firewall policy"), ("d.conf", "show system interface")],
)
def test_a_section_that_no_file_has_is_named_with_its_command(lost: str, section: str, tmp_path: Path) -> None:
    files = {"a.conf": HEADER + GLOBAL, "b.conf": STATIC, "c.conf": POLICIES, "d.conf": PORTS}
    del files[lost]
    folder = _folder(tmp_path / "town", files, f"[{', '.join(files)}]")
    assert any(f"no file has the output of: {section}" in one for one in _problems(folder))


def test_sections_without_a_header_name_all_that_is_needed(tmp_path: Path) -> None:
    paths = []
    for name, text in {"ports": PORTS, "static": STATIC, "policy": POLICIES}.items():
        paths.append(tmp_path / f"{name}.log")
        paths[-1].write_text(f"kyokai # show\n{text}", encoding="utf-8")
    (device,) = network_of_files(paths).devices
    assert device.name == "kyokai"
    traffic, management = [one for one in device.doubts if "no file has the output of" in one.text.en]
    for wanted in (
        "firewall policy6",
        "firewall vip",
        "firewall local-in-policy",
        "firewall ippool",
        "firewall central-snat-map",
        "router policy",
    ):
        assert f"show {wanted}" in traffic.text.en
        assert f"show {wanted}" in traffic.text.ja
    assert "show system snmp community" in management.text.en


def test_the_output_of_show_for_one_section_is_recognised_and_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "static.txt"
    path.write_text(STATIC, encoding="utf-8")
    (file,) = put_together([read_config_file(path, "static.txt")])[0]
    assert file.read is not None
    assert file.read.vendor == "fortios"
    (doubt,) = [one for one in file.read.devices[0].doubts if "only part of a configuration" in one.text.en]
    assert (doubt.kind, doubt.interfaces) == (DoubtKind.TRUNCATED, None)


def test_a_part_that_is_not_recognised_alone_joins_by_its_prompt(tmp_path: Path) -> None:
    head, tail = tmp_path / "a.log", tmp_path / "b.log"
    head.write_text(f"kyokai#show running-config\n{IOS}", encoding="utf-8")
    tail.write_text(
        "kyokai#show running-config | section route\nip route 0.0.0.0 0.0.0.0 10.10.0.254\n", encoding="utf-8"
    )
    files, told = put_together([read_config_file(path, path.name) for path in (head, tail)])
    assert all(one.problem is None for one in files)
    assert files[0].read is not None
    (device,) = files[0].read.devices
    assert [one.sources[0].file for one in device.routes] == ["b.log"]
    assert any("whether a.log, b.log are all of the configuration is not known" in one.text.en for one in device.doubts)
    assert any("name them all in `files`" in one.en for one in told)


def test_config_shows_both_files_and_that_they_are_one_device(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"kyokai # show\n{PORTS}", encoding="utf-8")
    (tmp_path / "b.log").write_text(f"kyokai # show\n{POLICIES}", encoding="utf-8")
    ran = secaudit("config", tmp_path / "a.log", tmp_path / "b.log", "--lang", "en")
    assert ran.status == 0
    assert ran.out.count("read as one device: ") == 2
    assert "were read as the configuration of one device, kyokai" in ran.err
    ran = secaudit("config", tmp_path / "a.log", tmp_path / "b.log", "--lang", "ja")
    assert "一台の機器の設定として読み取ったファイル" in ran.out
    assert "一台の機器 kyokai の設定として読み取った" in ran.err
    document = json.loads(secaudit("config", tmp_path / "a.log", tmp_path / "b.log", "--format", "json").out)
    assert [one["lines"]["total"] for one in document["files"]] == [7, 12]
    assert [len(one["devices"]) for one in document["files"]] == [1, 0]


@pytest.mark.parametrize("boundary", boundaries(), ids=lambda one: one.vendor)
def test_lines_put_elsewhere_and_back_are_the_same_device(boundary: Boundary) -> None:
    text = config_text_from_bytes(boundary.text.encode(), "kyokai.conf")
    read = read_config(text)
    assert read is not None
    away = with_lines(read.devices, lambda line: SourceLine("far.conf", line.number + 1000, line.text))
    assert "SourceLine(file='kyokai.conf'" not in repr(away)
    assert with_lines(away, lambda line: SourceLine("kyokai.conf", line.number - 1000, line.text)) == read.devices
    assert with_lines(read.devices, lambda line: line) is read.devices
