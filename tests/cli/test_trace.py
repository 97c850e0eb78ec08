"""`secaudit trace` on plain configurations of the three vendors: each verdict, the line that decides, and mistakes in the question."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.devices import SAMPLES, Sample
from tests.cli.folders import Folder
from tests.cli.program import secaudit
from tests.cli.validation import validate

WEB = "tcp 10.1.1.5:40000 > 10.2.2.10:443"

QUESTIONS = [
    ("delivered", WEB),
    ("denied", "tcp 10.1.1.5:40000 > 10.2.2.10:23"),
    ("unrouted", "tcp 10.1.1.5:40000 > 10.3.3.3:443"),
    ("unmodelled", "tcp 10.1.1.5:40000 > 198.51.100.7:443"),
    ("undetermined", "tcp 10.1.1.5:40000 > 10.2.2.10:22"),
]


def written(sample: Sample, folder: Path) -> Path:
    file = folder / sample.file
    file.write_text(sample.config, encoding="utf-8")
    return file


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.vendor)
@pytest.mark.parametrize(("verdict", "packet"), QUESTIONS, ids=[verdict for verdict, _ in QUESTIONS])
def test_each_verdict(sample: Sample, verdict: str, packet: str, tmp_path: Path) -> None:
    written(sample, tmp_path)
    at = f"{sample.device}:{sample.inside}"
    ran = secaudit("trace", sample.file, "--at", at, "--packet", packet, "--format", "json", cwd=tmp_path)
    assert (ran.status, ran.err) == (0, ""), "what happens to a packet is an answer, whatever it is"
    answer = ran.json()
    validate(answer, "trace")
    assert answer["verdict"] == verdict
    assert answer["packet"] == packet
    assert [hop["device"] for hop in answer["hops"]] == [sample.device] * len(answer["hops"])
    assert {hop["file"] for hop in answer["hops"]} <= {sample.file, None}
    decided = {line["line"] for hop in answer["hops"] for line in hop["lines"]}
    match verdict:
        case "delivered":
            assert answer["arrives"] == packet
            assert answer["interface"] == sample.server_side
            assert sample.line_of(sample.permits) in decided
        case "denied":
            assert answer["arrives"] is None
            assert answer["hops"][-1]["line"] == sample.line_of(sample.denies)
        case "unrouted":
            assert answer["arrives"] is None
            assert answer["hops"][-1]["stage"] == "route"
        case "unmodelled":
            assert answer["arrives"] == packet
            assert "192.0.2.2" in answer["reason"]
        case "undetermined":
            assert sample.line_of(sample.unsure) in {line["line"] for line in answer["lines"]}
            assert answer["arrives"] is None
    assert bool(answer["lines"]) is (verdict == "undetermined")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.vendor)
def test_for_a_person(sample: Sample, tmp_path: Path) -> None:
    file = written(sample, tmp_path)
    ja = secaudit("trace", file, "--at", sample.inside, "--packet", WEB)
    en = secaudit("trace", file, "--at", sample.inside, "--packet", WEB, "--lang", "en")
    assert "→ 届く" in ja.out
    assert "→ delivered" in en.out
    place = f"{file.as_posix()}:{sample.line_of(sample.permits)}: {sample.permits}"
    assert place in ja.out and place in en.out


def test_two_devices_hop_by_hop(tmp_path: Path) -> None:
    first, second = SAMPLES[2], SAMPLES[1]
    (tmp_path / "a.txt").write_text(first.config, encoding="utf-8")
    behind = second.config.replace("10.1.1.1 ", "192.0.2.2 ").replace("10.2.2.1 ", "198.51.100.1 ")
    behind = behind.replace("192.0.2.2 255.255.255.0", "192.0.2.2 255.255.255.252").replace(
        "\n ip address 192.0.2.1 255.255.255.252", "\n shutdown"
    )
    behind = behind.replace("ip route 198.51.100.0 255.255.255.0 192.0.2.2\n", "")
    (tmp_path / "b.txt").write_text(behind, encoding="utf-8")
    ran = secaudit(
        "trace", "a.txt", "b.txt", "--at", "rtx:lan1", "--packet", "tcp 10.1.1.5:40000 > 198.51.100.7:443",
        "--format", "json", cwd=tmp_path,
    )  # fmt: skip
    answer = ran.json()
    validate(answer, "trace")
    assert answer["verdict"] == "delivered"
    assert list(dict.fromkeys(hop["device"] for hop in answer["hops"])) == ["rtx", "rt"]
    assert (answer["device"], answer["interface"]) == ("rt", "GigabitEthernet0/1")


def test_an_audit_folder(sound: Folder) -> None:
    ran = secaudit(
        "trace", sound.path, "--at", "fw-lgwan:port2", "--packet", "tcp 10.20.0.5:50000 > 198.51.100.10:443",
        "--format", "json",
    )  # fmt: skip
    answer = ran.json()
    validate(answer, "trace")
    assert answer["verdict"] == "unmodelled"
    assert ("configs/fw-lgwan.conf", 40) in {
        (hop["file"], line["line"]) for hop in answer["hops"] for line in hop["lines"]
    }


def test_an_audit_folder_with_a_broken_file_says_so_and_answers(folder: Folder) -> None:
    folder.write("configs/rt-inet.txt", b"\x89PNG\r\n")
    ran = secaudit("trace", folder.path, "--at", "fw-lgwan:port1", "--packet", "tcp 10.10.0.5:1024 > 10.20.0.5:22")
    assert ran.status == 0
    assert "! configs/rt-inet.txt: テキストではありません" in ran.err
    assert "遮断される" in ran.out


WRONG_PLACES = [
    ("nowhere:port1", "機器が見つからない: nowhere:port1", "no such device: nowhere:port1", "fw:port1"),
    ("port9", "機器が見つからない: port9", "no such device: port9", "fw:port1"),
    ("fw", "機器が見つからない: fw", "no such device: fw", "fw:port1"),
    ("FW:PORT1", "大文字と小文字を区別", "upper and lower case", "fw:port1"),
    ("fw:port9", "fw にインターフェース「port9」はない", 'fw has no interface "port9"', "port1"),
    ("fw:", "fw にインターフェース「」はない", 'fw has no interface ""', "port1"),
    ("", "機器が見つからない", "no such device", "fw:port1"),
    (":", "機器が見つからない", "no such device", "fw:port1"),
    ("fw:port1 ", "fw にインターフェース「port1 」はない", 'fw has no interface "port1 "', "port1"),
]


@pytest.mark.parametrize(("at", "ja", "en", "proposed"), WRONG_PLACES, ids=lambda value: repr(value)[:20])
def test_a_wrong_place_names_the_places_there_are(at: str, ja: str, en: str, proposed: str, tmp_path: Path) -> None:
    file = written(SAMPLES[0], tmp_path)
    for language, wanted in (("ja", ja), ("en", en)):
        ran = secaudit("trace", file, "--at", at, "--packet", WEB, "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err
        assert proposed in ran.err.split("→")[1]


WRONG_PACKETS = [
    "",
    "tcp",
    "tcp 10.1.1.5 > 10.2.2.10",
    "tcp 10.1.1.5:40000 > 10.2.2.10",
    "tcp 10.1.1.5:40000 -> 10.2.2.10:443",
    "tcp 10.1.1.5:40000 10.2.2.10:443",
    "tcp 10.1.1.256:40000 > 10.2.2.10:443",
    "tcp 10.1.1.5:99999 > 10.2.2.10:443",
    "tcp 10.1.1.5:-1 > 10.2.2.10:443",
    "tcp 10.1.1.5:40000 > 10.2.2.10:https",
    "tcp 10.1.1.5:40000 > [2001:db8::1]:443",
    "tcp 10.1.1.5:40000 > 10.2.2.10:443 XYZ",
    "icmp 10.1.1.5 > 10.2.2.10 300/0",
    "icmp 10.1.1.5 > 10.2.2.10 8/0/0",
    "256 10.1.1.5 > 10.2.2.10",
    "-1 10.1.1.5 > 10.2.2.10",
    "esp 10.1.1.5 > 10.2.2.10 443",
    "ｔｃｐ 10.1.1.5:40000 > 10.2.2.10:443",
    "tcp １０.1.1.5:40000 > 10.2.2.10:443",
    "x" * 100_000,
]


@pytest.mark.parametrize("packet", WRONG_PACKETS, ids=lambda value: repr(value)[:40])
def test_a_packet_that_cannot_be_read_gets_examples(packet: str, tmp_path: Path) -> None:
    file = written(SAMPLES[0], tmp_path)
    for language, wanted in (("ja", "パケットの書き方を読み取れません"), ("en", "this packet cannot be read")):
        ran = secaudit("trace", file, "--at", "fw:port1", "--packet", packet, "--lang", language)
        assert (ran.status, ran.out) == (2, "")
        assert wanted in ran.err
        assert "tcp 10.1.1.1:40000 > 10.2.2.2:443" in ran.err.split("→")[-1]


@pytest.mark.parametrize(
    "packet",
    [
        "TCP 10.1.1.5:40000 > 10.2.2.10:443 sa",
        "6 10.1.1.5:40000 > 10.2.2.10:443",
        "udp 10.1.1.5:40000>10.2.2.10:443",
        "tcp 10.1.1.5:４００００ > 10.2.2.10:443",
        "icmp 10.1.1.5 > 10.2.2.10",
        "icmp 10.1.1.5 > 10.2.2.10 3",
        "  gre   10.1.1.5   >   10.2.2.10  ",
        "tcp [2001:db8::5]:40000 > [2001:db8::10]:443",
        "icmp6 2001:db8::5 > 2001:db8::10 128/0",
    ],
)
def test_other_ways_to_write_a_packet(packet: str, tmp_path: Path) -> None:
    file = written(SAMPLES[0], tmp_path)
    ran = secaudit("trace", file, "--at", "fw:port1", "--packet", packet, "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    validate(ran.json(), "trace")


def test_files_that_are_no_configuration(tmp_path: Path) -> None:
    file = written(SAMPLES[0], tmp_path)
    picture = tmp_path / "画面 コピー.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    for paths, ja, en in (
        ([tmp_path / "none.conf"], "ファイルがない", "no such file"),
        ([file, picture], "文書や画像ではなく", "not a document or picture"),
        ([file, tmp_path], "混ぜて指定できない", "cannot be mixed"),
        ([tmp_path], "municipality.yaml がありません", "There is no municipality.yaml"),
    ):
        for language, wanted in (("ja", ja), ("en", en)):
            ran = secaudit("trace", *paths, "--at", "fw:port1", "--packet", WEB, "--lang", language)
            assert (ran.status, ran.out) == (2, ""), ran
            assert wanted in ran.err
