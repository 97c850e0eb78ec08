"""`secaudit flows` on plain configurations and on an audit folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.devices import SAMPLES, Sample
from tests.cli.folders import Folder
from tests.cli.program import secaudit
from tests.cli.validation import validate


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.vendor)
def test_between_two_interfaces_of_a_plain_file(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / sample.file).write_text(sample.config, encoding="utf-8")
    ends = (f"{sample.device}:{sample.inside}", f"{sample.device}:{sample.server_side}")
    ran = secaudit(
        "flows", sample.file, "--from-interface", ends[0], "--to-interface", ends[1], "--format", "json", cwd=tmp_path
    )
    assert (ran.status, ran.err) == (0, "")
    answer = ran.json()
    validate(answer, "flows")
    assert (answer["from"], answer["to"], answer["verdict"]) == (*ends, "some")
    whole_subnet = "10.1.1.0/24 → 10.2.2.0/24 tcp/443"
    assert answer["boxes"] == ["10.1.1.0/24 → 10.2.2.10 tcp/443" if sample.vendor == "fortios" else whole_subnet]
    assert answer["witness"].startswith("tcp 10.1.1.") and answer["witness"].endswith(":443")
    assert sample.line_of(sample.permits) in {line["line"] for line in answer["lines"]}
    assert {line["file"] for line in answer["lines"]} == {sample.file}
    assert answer["trace"][0]["device"] == sample.device
    assert sample.line_of(sample.unsure) in {line["line"] for doubt in answer["doubts"] for line in doubt["lines"]}


def test_nothing_comes_back(tmp_path: Path) -> None:
    (tmp_path / "fw.conf").write_text(SAMPLES[0].config, encoding="utf-8")
    ran = secaudit(
        "flows", "fw.conf", "--from-interface", "port2", "--to-interface", "port1", "--format", "json", cwd=tmp_path
    )
    answer = ran.json()
    validate(answer, "flows")
    assert answer["verdict"] == "none"
    assert answer["boxes"] == answer["lines"] == answer["trace"] == []
    assert answer["witness"] is None
    text = secaudit("flows", "fw.conf", "--from-interface", "port2", "--to-interface", "port1", cwd=tmp_path)
    assert text.out == "fw:port2 → fw:port1: 開始できる通信はない\n"


def test_only_uncertain_lines_make_it_undetermined(tmp_path: Path) -> None:
    config = SAMPLES[0].config.replace('set dstaddr "server"', 'set dstaddr "by-name"')
    (tmp_path / "fw.conf").write_text(config, encoding="utf-8")
    ran = secaudit(
        "flows",
        "fw.conf",
        "--from-interface",
        "fw:port1",
        "--to-interface",
        "fw:port2",
        "--format",
        "json",
        cwd=tmp_path,
    )
    answer = ran.json()
    validate(answer, "flows")
    assert answer["verdict"] == "undetermined"
    assert answer["witness"] is None
    assert {'set fqdn "server.example.jp"'} <= {line["text"] for doubt in answer["doubts"] for line in doubt["lines"]}


def test_between_two_zones_of_an_audit_folder(sound: Folder) -> None:
    ran = secaudit("flows", sound.path, "--from", "lgwan", "--to", "lgwan_network", "--format", "json")
    answer = ran.json()
    validate(answer, "flows")
    assert answer["verdict"] == "some"
    assert answer["boxes"] == ["10.20.0.0/24 → 198.51.100.10 tcp/443"]
    assert {line["file"] for line in answer["lines"]} == {"configs/fw-lgwan.conf"}
    assert 40 in {line["line"] for line in answer["lines"]}


def test_the_limit_cuts_the_list_and_says_how_much(tmp_path: Path) -> None:
    many = SAMPLES[2].config.replace("in 100 200 400 300", "in 100 200 " + " ".join(str(n) for n in range(1000, 1030)))
    many += "".join(f"ip filter {1000 + n} pass * 10.2.2.{2 * n + 40} tcp * {2000 + 3 * n}\n" for n in range(30))
    (tmp_path / "rtx.txt").write_text(many, encoding="utf-8")
    arguments = ("flows", "rtx.txt", "--from-interface", "rtx:lan1", "--to-interface", "rtx:lan2", "--format", "json")
    whole = secaudit(*arguments, cwd=tmp_path).json()
    cut = secaudit(*arguments, "--limit", "5", cwd=tmp_path).json()
    validate(cut, "flows")
    assert len(cut["boxes"]) == 5
    assert whole["boxes_omitted"] == 0
    assert cut["boxes_omitted"] == len(whole["boxes"]) - 5 > 0


@pytest.mark.parametrize(
    ("arguments", "ja", "en"),
    [
        (("--from", "lgwan"), "--from と --to で領域を指定する", "give zones with --from and --to"),
        ((), "--from と --to で領域を指定する", "give zones with --from and --to"),
        (("--from", "lgwan", "--to", "lgwna"), "領域 lgwna はない", "has no zone lgwna"),
        (("--from", "lgwan", "--to", "education"), "領域 education はない", "has no zone education"),
        (("--from", "lgwan", "--to", "lgwan"), "異なる二つの領域", "two different zones"),
    ],
)
def test_a_wrong_question_about_zones(arguments: tuple[str, ...], ja: str, en: str, sound: Folder) -> None:
    for language, wanted in (("ja", ja), ("en", en)):
        ran = secaudit("flows", sound.path, *arguments, "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err
        assert "→" in ran.err


def test_a_wrong_question_about_interfaces(tmp_path: Path) -> None:
    file = tmp_path / "fw.conf"
    file.write_text(SAMPLES[0].config, encoding="utf-8")
    for arguments, wanted in (
        (("--from", "my_number", "--to", "lgwan"), "--from-interface と --to-interface"),
        (("--from-interface", "fw:port1"), "--from-interface と --to-interface"),
        (("--from-interface", "fw:port1", "--to-interface", "fw:port7"), "インターフェース「port7」はない"),
    ):
        ran = secaudit("flows", file, *arguments)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err


def test_a_missing_configuration_makes_it_undetermined_and_is_named(folder: Folder) -> None:
    (folder.path / "configs/fw-lgwan.conf").write_bytes(b"\x00\x01\x02\x03" * 100)
    ran = secaudit("flows", folder.path, "--from", "my_number", "--to", "lgwan", "--format", "json")
    assert ran.status == 0
    answer = ran.json()
    validate(answer, "flows")
    assert answer["verdict"] == "undetermined"
    assert any("fw-lgwan" in doubt["text"] for doubt in answer["doubts"])
    assert "! configs/fw-lgwan.conf: テキストではありません" in ran.err


def test_what_reaches_a_device_itself(sound: Folder) -> None:
    ran = secaudit("flows", sound.path, "--from", "lgwan", "--to-device", "fw-lgwan", "--format", "json")
    answer = ran.json()
    validate(answer, "exposure")
    assert (answer["from"], answer["to_device"]) == ("lgwan", "fw-lgwan")
    text = secaudit("flows", sound.path, "--from", "lgwan", "--to-device", "fw-lgwan", "--lang", "en").out
    assert text.startswith("lgwan → fw-lgwan: ")


def test_a_device_that_is_not_there_is_a_usage_error(sound: Folder) -> None:
    ran = secaudit("flows", sound.path, "--from", "lgwan", "--to-device", "fw-x", "--lang", "en")
    assert ran.status == 2
    assert "devices: " in ran.err and "fw-lgwan" in ran.err
    for wrong in (("--to-device", "fw-lgwan"), ("--from", "lgwan", "--to", "internet", "--to-device", "fw-lgwan")):
        assert secaudit("flows", sound.path, *wrong).status == 2


TWO_WAYS = ("flows", "rtx.txt", "--from-interface", "rtx:lan1", "--to-interface", "rtx:lan2", "--explain")


def two_lines(folder: Path) -> None:
    """A router that lets web traffic through to everything, and remote desktop to one host."""
    config = SAMPLES[2].config.replace("in 100 200 400 300", "in 100 200 401")
    (folder / "rtx.txt").write_text(config + "ip filter 401 pass 10.1.1.7 10.2.2.10 tcp * 3389\n", encoding="utf-8")


def test_explained_chain_by_chain(tmp_path: Path) -> None:
    two_lines(tmp_path)
    answer = secaudit(*TWO_WAYS, "--format", "json", cwd=tmp_path).json()
    validate(answer, "flows")
    explanation = answer["explanation"]
    assert (explanation["chains_found"], explanation["complete"], explanation["unexplained_boxes"]) == (2, True, [])
    wide, narrow = explanation["chains"]
    assert wide["size"] > narrow["size"] > 0
    assert wide["share"] + narrow["share"] == pytest.approx(1, abs=1e-5)
    assert narrow["boxes"] == ["10.1.1.7 → 10.2.2.10 tcp/3389"]
    assert narrow["witness"].endswith("> 10.2.2.10:3389")
    assert [(link["stage"], link["filter"], link["label"]) for link in narrow["links"]] == [
        ("ingress filter", "lan1 in", "401"),
        ("route", None, None),
    ]
    assert narrow["links"][0]["lines"][0]["text"] == "ip filter 401 pass 10.1.1.7 10.2.2.10 tcp * 3389"
    assert all(chain["certain"] and not chain["doubts"] for chain in explanation["chains"])


def test_explained_for_a_reader(tmp_path: Path) -> None:
    two_lines(tmp_path)
    text = secaudit(*TWO_WAYS, cwd=tmp_path).out
    assert "通信を許している設定の連鎖: 2 通り(通す範囲の広い順)" in text
    assert "1. rtx(lan1 から入る): フィルター「lan1 in」の行「401」が許可" in text
    assert "通信を可能にしている行" not in text
    english = secaudit(*TWO_WAYS, "--limit", "1", "--lang", "en", cwd=tmp_path).out
    assert "chains of settings that let it through: 2, the widest first" in english
    assert 'line "100" of filter "lan1 in" permits' in english
    assert "and 1 more (see --limit)" in english


def test_an_undetermined_chain_names_its_doubt(tmp_path: Path) -> None:
    config = SAMPLES[0].config.replace('set dstaddr "server"', 'set dstaddr "by-name"')
    (tmp_path / "fw.conf").write_text(config, encoding="utf-8")
    ends = ("--from-interface", "fw:port1", "--to-interface", "fw:port2")
    answer = secaudit("flows", "fw.conf", *ends, "--explain", "--format", "json", cwd=tmp_path).json()
    validate(answer, "flows")
    assert not any(chain["certain"] for chain in answer["explanation"]["chains"])
    named = {
        line["text"] for one in answer["explanation"]["chains"] for doubt in one["doubts"] for line in doubt["lines"]
    }
    assert 'set fqdn "server.example.jp"' in named
    assert "確認不能の通信" in secaudit("flows", "fw.conf", *ends, "--explain", cwd=tmp_path).out


def test_nothing_to_explain(tmp_path: Path) -> None:
    (tmp_path / "fw.conf").write_text(SAMPLES[0].config, encoding="utf-8")
    ends = ("--from-interface", "port2", "--to-interface", "port1", "--explain")
    answer = secaudit("flows", "fw.conf", *ends, "--format", "json", cwd=tmp_path).json()
    validate(answer, "flows")
    assert answer["explanation"]["chains"] == []
    assert secaudit("flows", "fw.conf", *ends, cwd=tmp_path).out == "fw:port2 → fw:port1: 開始できる通信はない\n"
