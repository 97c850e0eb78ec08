"""`secaudit config` on plain files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.cli.devices import SAMPLES, YAMAHA, Sample
from tests.cli.folders import ANOTHER_VENDOR, Folder
from tests.cli.program import secaudit
from tests.cli.validation import validate


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.vendor)
def test_what_was_read(sample: Sample, tmp_path: Path) -> None:
    file = tmp_path / f"本庁 {sample.file}"
    file.write_text(sample.config, encoding="utf-8")
    ran = secaudit("config", file.name, "--format", "json", cwd=tmp_path)
    assert (ran.status, ran.err) == (0, "")
    document = ran.json()
    validate(document, "config")
    (found,) = document["files"]
    assert (found["file"], found["vendor"], found["hostname"]) == (file.name, sample.vendor, sample.device)
    assert found["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    lines = found["lines"]
    assert lines["total"] == len(sample.config.splitlines())
    assert lines["used"] + lines["irrelevant"] + len(lines["unread"]) == lines["total"]
    addresses = {one["name"]: one["addresses"] for one in found["interfaces"]}
    assert addresses[sample.inside] == ["10.1.1.1/24"]
    assert addresses[sample.server_side] == ["10.2.2.1/24"]
    assert sample.line_of(sample.permits) in {line["number"] for one in found["filters"] for line in one["lines"]}
    if sample.vendor != "fortios":
        (unread,) = lines["unread"]
        assert (unread["line"], unread["text"]) == (sample.line_of(sample.unsure), sample.unsure)
        assert unread["could_matter"] is True


def test_lines_that_no_packet_gets_to_are_named_with_those_before_them(tmp_path: Path) -> None:
    file = tmp_path / "rtx.txt"
    file.write_text(YAMAHA.replace("in 100 200 400 300", "in 100 400 200"), encoding="utf-8")
    file.write_text(
        file.read_text().replace(
            "ip filter 200 reject * 10.2.2.10 tcp * 23", "ip filter 200 pass * 10.2.2.10 tcp * 443"
        )
    )
    document = secaudit("config", file, "--format", "json").json()
    validate(document, "config")
    lines = {line["label"]: line for one in document["files"][0]["filters"] for line in one["lines"]}
    assert lines["200"]["unreachable"] is True
    assert lines["200"]["by"] == ["100"]
    assert (lines["200"]["fewest"], lines["200"]["matches_nothing"]) == (True, False)
    assert lines["200"]["contradicted_by"] == []
    assert (lines["400"]["unreachable"], lines["400"]["fewest"]) == (False, False)
    assert "200 は到達しない(先に 100 が一致する)" in secaudit("config", file).out
    assert "200 is unreachable (100 match first)" in secaudit("config", file, "--lang", "en").out


def test_a_line_that_an_earlier_one_contradicts_is_told(tmp_path: Path) -> None:
    file = tmp_path / "rtx.txt"
    text = YAMAHA.replace("in 100 200 400 300", "in 100 400 200")
    file.write_text(
        text.replace("ip filter 200 reject * 10.2.2.10 tcp * 23", "ip filter 200 reject * 10.2.2.10 tcp * 443")
    )
    document = secaudit("config", file, "--format", "json").json()
    validate(document, "config")
    lines = {line["label"]: line for one in document["files"][0]["filters"] for line in one["lines"]}
    assert (lines["200"]["by"], lines["200"]["contradicted_by"]) == (["100"], ["100"])
    assert "100 の動作が 200 と逆のため、200 は書かれたとおりに働かない" in secaudit("config", file).out
    assert "100 does the opposite, so 200 does not do what it says" in secaudit("config", file, "--lang", "en").out


def test_a_folder_stands_for_its_files(sound: Folder) -> None:
    document = secaudit("config", sound.path / "configs", "--format", "json").json()
    assert [Path(one["file"]).name for one in document["files"]] == ["fw-lgwan.conf", "rt-inet.txt"]


@pytest.mark.parametrize(
    ("name", "content", "ja", "en"),
    [
        ("none.conf", None, "ファイルが見つかりません", "It does not exist"),
        ("empty.conf", b"", "ファイルが空です", "The file is empty"),
        ("blank.conf", b" \r\n\r\n", "ファイルが空です", "The file is empty"),
        ("台帳.xlsx", b"PK\x03\x04" + b"\x00" * 100, "テキストではありません", "This is not text"),
        ("画面.png", b"\x89PNG\r\n\x1a\n", "文書や画像ではなく", "not a document or picture"),
        ("backup.bin", bytes(range(256)) * 30, "暗号化されたバックアップ", "an encrypted backup"),
        ("list.csv", "No,送信元\n1,any\n".encode("cp932"), "判別できない", "not recognised"),
        ("ax.txt", ANOTHER_VENDOR.encode(), "AX7800R", "AX7800R"),
    ],
)
def test_a_file_that_cannot_be_read(name: str, content: bytes | None, ja: str, en: str, tmp_path: Path) -> None:
    good = tmp_path / "good.txt"
    good.write_text(YAMAHA, encoding="utf-8")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    for language, wanted in (("ja", ja), ("en", en)):
        ran = secaudit("config", name, "good.txt", "--lang", language, cwd=tmp_path)
        assert ran.status == 2
        assert ran.out.startswith("good.txt: yamaha rtx"), "the other file is described all the same"
        assert wanted in ran.err
        assert name in ran.err and "→" in ran.err
        document = secaudit("config", name, "good.txt", "--lang", language, "--format", "json", cwd=tmp_path).json()
        validate(document, "config")
        broken, fine = document["files"]
        assert wanted in broken["problem"]
        assert broken["vendor"] is None and broken["lines"] is None
        assert fine["problem"] is None


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    for language, wanted in (("ja", "フォルダにファイルがない"), ("en", "no file in the folder")):
        ran = secaudit("config", tmp_path, "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err


SECRETS = ("Himitsu-no-kotoba", "TsukaiFurushi9", "KyoyuKagi77")


def test_no_secret_is_printed(tmp_path: Path) -> None:
    (tmp_path / "rt.txt").write_text(
        SAMPLES[1].config.replace(
            "!\nline con 0",
            f"enable password {SECRETS[0]}\nusername admin secret {SECRETS[1]}\nsnmp-server community {SECRETS[2]} RO\n!\nline con 0",
        ),
        encoding="utf-8",
    )
    for arguments in (
        ("config", "rt.txt"),
        ("config", "rt.txt", "--format", "json"),
        ("trace", "rt.txt", "--at", "rt:GigabitEthernet0/0", "--packet", "tcp 10.1.1.5:4000 > 10.2.2.10:443"),
    ):
        ran = secaudit(*arguments, cwd=tmp_path)
        assert ran.status == 0
        for secret in SECRETS:
            assert secret not in ran.both
