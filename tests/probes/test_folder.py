"""The folder `probes/`: metadata, problems, and taking in a file."""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from secaudit.errors import InputError, UsageError
from secaudit.municipality.model import Zone
from secaudit.probes.folder import import_into, load_probes, write_new
from secaudit.probes.metadata import Control, read_metadata
from secaudit.text.bilingual import Language
from tests.probes.builders import FIXTURES, binding, municipality

META = 'from_zone: my_number\nsource_address: "10.10.1.50"\npositive_control:\n  address: "10.20.1.10"\n  protocol: tcp\n  port: 443\n'
CONTROL = Control(ipaddress.ip_address("10.20.1.10"), "tcp", 443)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "probes").mkdir()
    return tmp_path


def put(root: Path, name: str, fixture: str = "syn", meta: str | None = META) -> list[str]:
    shutil.copy(FIXTURES / f"{fixture}.xml", root / "probes" / f"{name}.xml")
    if meta is None:
        return [f"probes/{name}.xml"]
    (root / "probes" / f"{name}.meta.yaml").write_text(meta, encoding="utf-8")
    return [f"probes/{name}.xml", f"probes/{name}.meta.yaml"]


def names_in(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "probes").iterdir())


def the_problem(root: Path, names: list[str]) -> InputError:
    loaded = load_probes(root, names)
    assert loaded.scans == ()
    (problem,) = loaded.problems
    return problem


def test_a_scan_with_its_metadata(root: Path) -> None:
    loaded = load_probes(root, put(root, "mn"))
    (scan,) = loaded.scans
    assert loaded.problems == ()
    assert (scan.file, scan.from_zone, str(scan.source_address)) == ("probes/mn.xml", "my_number", "10.10.1.50")
    assert scan.positive_control is True


def test_one_bad_file_does_not_stop_the_others(root: Path) -> None:
    names = put(root, "mn") + put(root, "cut")
    (root / "probes/cut.xml").write_bytes((root / "probes/cut.xml").read_bytes()[:900])
    names += ["probes/gone.xml", "probes/gone.meta.yaml"]
    (root / "probes/gone.meta.yaml").write_text(META)
    loaded = load_probes(root, names)
    assert [scan.file for scan in loaded.scans] == ["probes/mn.xml"]
    assert [(problem.file, problem.line) for problem in loaded.problems] == [
        ("probes/cut.xml", 15),
        ("probes/gone.xml", None),
    ]


def test_a_scan_of_which_nobody_says_from_where(root: Path) -> None:
    problem = the_problem(root, put(root, "mn", meta=None))
    assert problem.file == "probes/mn.xml"
    assert problem.hint is not None
    assert "mn.meta.yaml" in problem.hint.ja and "from_zone: my_number" in problem.hint.ja


def test_metadata_whose_scan_was_taken_away_is_said(root: Path) -> None:
    names = put(root, "mn")
    problem = the_problem(root, names[1:])
    assert problem.file == "probes/mn.meta.yaml"
    assert "missing" in problem.text.en


def test_what_is_neither_scan_nor_metadata_nor_plan_is_said(root: Path) -> None:
    (root / "probes/mn.nmap").write_text("Starting Nmap")
    (root / "probes/plan-my_number.yaml").write_text("a plan")
    problem = the_problem(root, ["probes/mn.nmap", "probes/plan-my_number.yaml"])
    assert problem.file == "probes/mn.nmap"


def test_a_scan_made_in_another_zone_than_it_claims_is_refused(root: Path) -> None:
    names = put(root, "mn")
    town = municipality(binding(Zone.LGWAN, "10.10.0.0/16"), binding(Zone.MY_NUMBER, "10.30.0.0/16"))
    loaded = load_probes(root, names, town)
    assert loaded.scans == ()
    (problem,) = loaded.problems
    assert (problem.file, problem.line, problem.field) == ("probes/mn.meta.yaml", 1, "from_zone")
    assert "lgwan" in problem.text.ja
    fitting = municipality(binding(Zone.MY_NUMBER, "10.10.0.0/16"))
    assert len(load_probes(root, names, fitting).scans) == 1


def test_a_control_that_was_not_asked_is_said_and_the_scan_kept(root: Path) -> None:
    loaded = load_probes(root, put(root, "mn", meta=META.replace("443", "8080")))
    (scan,) = loaded.scans
    (problem,) = loaded.problems
    assert scan.positive_control is None
    assert problem.field == "positive_control" and "8080/tcp" in problem.text.ja


def twice(text: str, first: int, last: int) -> str:
    """A control's file: the same target asked twice, ended at `first` and begun again at `last`."""
    host = (
        '<host starttime="{0}" endtime="{0}"><status state="up" reason="user-set"/><address addr="10.20.1.10" addrtype="ipv4"/>'
        '<ports><port protocol="tcp" portid="443"><state state="{1}" reason="{2}"/></port></ports></host>\n'
    )
    good = ("open", "syn-ack")
    bad = ("filtered", "no-response")
    states = {"both": (good, good), "first": (good, bad), "last": (bad, good), "none": (bad, bad)}[text]
    return (
        '<nmaprun scanner="nmap" start="1"><scaninfo type="syn" protocol="tcp" services="443"/>\n'
        + host.format(first, *states[0])
        + host.format(last, *states[1])
        + '<runstats><finished time="2" exit="success"/></runstats></nmaprun>'
    )


BEGAN, ENDED = 1795295094, 1795295095


@pytest.mark.parametrize(
    ("answers", "first", "last", "expected"),
    [
        ("both", BEGAN, ENDED, True),
        ("both", BEGAN - 600, ENDED + 600, True),
        ("first", BEGAN, ENDED, False),
        ("last", BEGAN, ENDED, False),
        ("none", BEGAN, ENDED, False),
        ("both", BEGAN + 1, ENDED, None),
        ("both", BEGAN, ENDED - 1, None),
        ("both", BEGAN - 900, BEGAN - 600, None),
    ],
)
def test_a_control_in_its_own_file_must_answer_before_and_after(
    root: Path, answers: str, first: int, last: int, expected: bool | None
) -> None:
    names = put(root, "mn", meta=META + "  file: mn-control.xml\n")
    (root / "probes/mn-control.xml").write_text(twice(answers, first, last))
    (root / "probes/mn-control.meta.yaml").write_text(META)
    names += ["probes/mn-control.xml", "probes/mn-control.meta.yaml"]
    (scan,) = [scan for scan in load_probes(root, names).scans if scan.file == "probes/mn.xml"]
    assert scan.positive_control is expected
    assert scan.shows_blocked(CONTROL.address, "tcp", 22) is (expected is True)


def test_a_control_file_that_is_gone_makes_the_scan_unusable(root: Path) -> None:
    problem = the_problem(root, put(root, "mn", meta=META + "  file: mn-control.xml\n"))
    assert (problem.file, problem.line, problem.field) == ("probes/mn.meta.yaml", 1, "positive_control.file")
    assert "mn-control.xml" in problem.text.ja


@pytest.mark.parametrize(
    ("text", "line", "field", "part"),
    [
        ("from_zone: mynumber\n", 1, "from_zone", "my_number"),
        ("# nothing\n", None, "", "nothing"),
        ("", None, "", "nothing"),
        ("- a\n", 1, "", "mapping"),
        ("source_address: 10.1.1.1\n", 1, "", "from_zone"),
        (META + "sourceaddress: x\n", 7, "sourceaddress", "sourceaddress"),
        (META.replace("443", "70000"), 6, "positive_control.port", "70000"),
        (META.replace("443", '"443"'), 6, "positive_control.port", "number"),
        (META.replace("10.20.1.10", "-oN FILE 127.0.0.1"), 4, "positive_control.address", "IP address"),
        (META.replace("10.20.1.10", "fe80::1%-oN x"), 4, "positive_control.address", "IP address"),
        (META.replace("10.20.1.10", "127.0.0.1"), 4, "positive_control.address", "prober itself"),
        (META.replace("10.20.1.10", "10.10.1.50"), 4, "positive_control.address", "prober itself"),
        (META.replace("10.10.1.50", "10.10.1"), 2, "source_address", "IP address"),
        (META + "  file: ../../secret.xml\n", 7, "positive_control.file", "secret.xml"),
        (META + "from_zone: lgwan\n", 7, "from_zone", "twice"),
        ("a: &a [1]\nb: *a\n", 1, "a", "Anchors"),
        ("a: " + "[" * 50 + "]" * 50, 1, None, "deeply"),
        ("from_zone: [my_number\n", 2, None, "YAML"),
        ("from_zone: my_number\x00\n", None, None, "YAML"),
        ("from_zone: !!python/object:os.system my_number\nx: 1", 1, "from_zone", "Tags"),
    ],
)
def test_wrong_metadata_is_said_with_line_and_field(
    root: Path, text: str, line: int | None, field: str | None, part: str
) -> None:
    path = root / "probes/x.meta.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_metadata(path, "probes/x.meta.yaml")
    assert caught.value.file == "probes/x.meta.yaml"
    assert caught.value.line == line
    assert (caught.value.field or "") == (field or "")
    assert part in caught.value.message(Language.EN)


def test_a_mistyped_key_gets_a_suggestion(root: Path) -> None:
    path = root / "probes/x.meta.yaml"
    path.write_text("from_zone: lgwan\npositive_controll: {}\n")
    with pytest.raises(InputError) as caught:
        read_metadata(path, "x")
    assert caught.value.hint is not None and "positive_control" in caught.value.hint.ja


def test_import_copies_the_file_and_says_what_it_shows(root: Path, tmp_path: Path) -> None:
    scan = import_into(
        root, FIXTURES / "syn.xml", Zone.MY_NUMBER, source_address=ipaddress.ip_address("10.10.1.50"), control=CONTROL
    )
    assert scan.file == "probes/syn.xml"
    assert scan.positive_control is True
    assert (root / "probes/syn.xml").read_bytes() == (FIXTURES / "syn.xml").read_bytes()
    loaded = load_probes(root, ["probes/syn.xml", "probes/syn.meta.yaml"])
    assert loaded.scans == (scan,)
    assert names_in(root) == ["syn.meta.yaml", "syn.xml"]


def test_import_replaces_nothing(root: Path) -> None:
    import_into(root, FIXTURES / "syn.xml", Zone.MY_NUMBER)
    before = {path.name: path.read_bytes() for path in (root / "probes").iterdir()}
    with pytest.raises(UsageError) as caught:
        import_into(root, FIXTURES / "connect.xml", Zone.LGWAN, name="syn")
    assert "既に" in caught.value.text.ja
    assert {path.name: path.read_bytes() for path in (root / "probes").iterdir()} == before
    (root / "probes/only.xml").write_text("mine")
    with pytest.raises(UsageError):
        import_into(root, FIXTURES / "syn.xml", Zone.LGWAN, name="only")
    assert (root / "probes/only.xml").read_text() == "mine"
    assert not (root / "probes/only.meta.yaml").exists()


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "x.meta", "a b", "-x", "x\n"])
def test_import_refuses_names_that_lead_elsewhere(root: Path, name: str) -> None:
    with pytest.raises(UsageError):
        import_into(root, FIXTURES / "syn.xml", Zone.MY_NUMBER, name=name)
    assert names_in(root) == []


def test_import_of_a_bad_file_writes_nothing(root: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.xml"
    bad.write_bytes((FIXTURES / "syn.xml").read_bytes()[:500])
    with pytest.raises(InputError):
        import_into(root, bad, Zone.MY_NUMBER)
    assert names_in(root) == []


def test_a_file_system_without_hard_links(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_arguments: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", unsupported)
    write_new(root / "a", b"1")
    assert (root / "a").read_bytes() == b"1"
    with pytest.raises(UsageError):
        write_new(root / "a", b"2")
    assert (root / "a").read_bytes() == b"1"
    assert sorted(path.name for path in root.iterdir()) == ["a", "probes"]


@pytest.mark.parametrize("text", ["10.1.1.1:443", "[fd00::1]:443"])
def test_a_control_on_the_command_line(text: str) -> None:
    control = Control.parse(text)
    assert (control.protocol, control.port) == ("tcp", 443)
    assert str(control.address) in text


@pytest.mark.parametrize(
    "text",
    [
        "10.1.1.1",
        "10.1.1.1:",
        "10.1.1.1:0",
        "10.1.1.1:65536",
        "host:443",
        ":443",
        "",
        "fd00::1:443",
        "[fe80::1%x]:1",
        "10.1.1.1:４４３",
    ],
)
def test_a_control_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UsageError):
        Control.parse(text)


def test_nothing_slow_is_loaded_before_it_is_used() -> None:
    code = (
        "import sys, secaudit.probes.folder, secaudit.probes.run, secaudit.probes.planning;"
        "print([name for name in ('nmap', 'jsonschema', 'defusedxml', 'scapy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
