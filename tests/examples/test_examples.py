"""The two sample municipalities: one complies in full, the other fails exactly as its list of defects says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from secaudit.municipality.codes import check_digit
from secaudit.rules.result import Disposition, Outcome, SubjectKind
from tests.examples.folders import (
    AOZORA,
    AS_OF,
    MIDORI,
    audited,
    config_text,
    planted_defects,
    secrets_of,
    with_outcome,
)

SAMPLES = (AOZORA, MIDORI)
MISSING_DEVICE = "sw-2f"


def audit(folder: Path, out: Path, *, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    """Runs the installed command in a process of its own, so that nothing of one run can reach the next."""
    command = Path(sys.executable).with_name("secaudit")
    return subprocess.run(
        [command, "audit", folder, "--as-of", AS_OF.isoformat(), "--out", out],
        cwd=out.parent,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_aozora_complies_in_full(tmp_path: Path) -> None:
    run = audit(AOZORA, tmp_path / "out")
    assert (run.returncode, run.stderr) == (0, "")
    written = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    unsettled = [
        (one["result"], one["rule"], one["subject"]["name"], one["reason"])
        for one in written["results"]
        if one["result"] not in ("pass", "not_applicable")
    ]
    assert unsettled == []
    assert written["problems"] == []
    assert written["rates"]["passed"] > 200
    assert written["rates"]["excepted"] == 0


def test_every_rule_has_something_to_say_about_aozora() -> None:
    """A sample in which a rule finds nothing to judge would prove nothing about that rule."""
    result = audited(AOZORA)
    judged = {one.rule for one in with_outcome(result, Outcome.PASS)}
    silent = {rule.id for rule in result.rules} - judged
    absent = {
        "OP-06": "exceptions",
        "MN-13": "screens from the LGWAN-connected zone into the My Number zone",
        "LG-08": "a cloud behind the LGWAN",
        "LG-11": "telework",
        "PHY-09": "IPsec tunnels",
        "HD-23": "routing protocols",
    }
    assert silent == set(absent), "the city has nothing of what these are about"


def test_the_required_links_of_aozora_work_in_both_directions() -> None:
    works = [one for one in audited(AOZORA).results if one.rule == "OWN-01"]
    assert [(one.subject.name, one.reason) for one in works] == [
        ("TK-001", "works"),
        ("TK-001", "works"),
        ("TK-002", "works"),
        ("TK-002", "works"),
        ("TK-003", "works"),
        ("TK-004", "works"),
    ]


def test_the_scans_of_aozora_are_proof() -> None:
    reasons = {(one.rule, one.reason) for one in audited(AOZORA).results if one.rule in ("OWN-02", "OWN-04")}
    assert reasons == {("OWN-02", "agrees"), ("OWN-04", "nothing_crossed")}


def test_midori_fails_exactly_as_its_list_says(tmp_path: Path) -> None:
    run = audit(MIDORI, tmp_path / "out")
    assert (run.returncode, run.stderr) == (1, "")
    written = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    failed = {
        (one["rule"], one["subject"]["name"]): {(e["file"], e["line"]): e["text"].strip() for e in one["evidence"]}
        for one in written["results"]
        if one["result"] == "fail"
    }
    defects = planted_defects()
    assert {(one.rule, one.subject) for one in defects} == set(failed)
    for defect in defects:
        evidence = failed[defect.rule, defect.subject]
        assert evidence.get((defect.file, defect.line)) == defect.text, defect
    assert written["problems"] == []
    assert not with_outcome(audited(MIDORI), Outcome.ERROR)


def test_only_the_missing_configuration_leaves_midori_undetermined() -> None:
    """... and what nobody stated: about the town, and about devices whose configuration does not tell."""
    unknown = with_outcome(audited(MIDORI), Outcome.UNDETERMINED)
    missing = {one.rule for one in unknown if (one.subject.name, one.reason) == (MISSING_DEVICE, "missing_config")}
    assert {"HD-03-HTTP", "HD-03-TELNET", "HD-06-SNMP", "HD-07-CLEAR", "LG-09", "NW-14", "NW-17", "OWN-05"} <= missing
    others = {one.reason for one in unknown if one.subject.name != MISSING_DEVICE}
    assert others == {"no_attestation", "attestation_expired", "not_stated", "unread_lines", "reference_only"}
    assert {one.rule for one in unknown if one.reason == "unread_lines"} == {"HD-04"}
    about_the_town = {one.reason for one in unknown if one.subject.kind is SubjectKind.MUNICIPALITY}
    assert about_the_town == {"no_attestation", "attestation_expired", "reference_only"}


def test_the_list_of_midori_points_at_real_lines() -> None:
    """The rows say what stands in the files; of a scan's line they show what it means, of a secret only that it is there."""
    for defect in planted_defects():
        line = config_text(MIDORI / defect.file).splitlines()[defect.line - 1].strip()
        if defect.file.startswith("probes/"):
            target, port, *_ = defect.text.replace("/", " ").split()
            assert f'portid="{port}"' in line
            assert 'state="open"' in line
            assert target in config_text(MIDORI / defect.file)
        else:
            assert line.startswith(defect.text.split("****")[0]), defect


def test_midori_has_the_defects_that_matter() -> None:
    numbers = {one.number for one in planted_defects()}
    assert numbers == set(range(1, len(numbers) + 1))
    assert len(numbers) >= 10
    rules = {one.rule for one in planted_defects()}
    assert {"MN-01", "MN-02", "MN-04", "MN-09", "NW-03", "OWN-01", "OWN-02", "OP-06", "AST-02"} <= rules
    assert {"HD-06-SNMP", "HD-03-TELNET", "HD-03-HTTP", "HD-07-CLEAR", "NW-17", "LG-09"} <= rules


def test_the_way_through_the_management_network_is_shown_hop_by_hop() -> None:
    (found,) = [
        one
        for one in with_outcome(audited(MIDORI), Outcome.FAIL)
        if (one.rule, one.subject.name) == ("MN-02", "my_number->public_internet")
    ]
    assert found.reason == "flow_found"
    assert found.witness is not None
    assert "10.41.20.51" in found.witness.packet
    assert list(dict.fromkeys(hop.device for hop in found.witness.hops)) == ["core-mn", "core-lg", "midori-fw2"]


def test_the_closed_direction_of_eltax_is_the_one_that_fails() -> None:
    found = [one for one in audited(MIDORI).results if (one.rule, one.subject.name) == ("OWN-01", "TK-001")]
    assert sorted((one.outcome, one.reason) for one in found) == [(Outcome.FAIL, "blocked"), (Outcome.PASS, "works")]
    (blocked,) = [one for one in found if one.outcome is Outcome.FAIL]
    assert blocked.boxes == ("172.23.10.5 → 10.41.20.11 tcp/443",)


def test_an_expired_exception_covers_nothing() -> None:
    (telnet,) = [one for one in with_outcome(audited(MIDORI), Outcome.FAIL) if one.rule == "HD-03-TELNET"]
    assert (telnet.disposition, telnet.exception) == (Disposition.EXCEPTION_EXPIRED, "EX-001")


@pytest.mark.parametrize("folder", SAMPLES, ids=lambda one: one.name)
def test_two_runs_are_the_same_to_the_byte(folder: Path, tmp_path: Path) -> None:
    for name, seed in (("first", "1"), ("second", "2")):
        audit(folder, tmp_path / name, hash_seed=seed)
    for name in ("result.json", "report.html"):
        first, second = (tmp_path / "first" / name).read_bytes(), (tmp_path / "second" / name).read_bytes()
        assert first
        assert first == second, name


@pytest.mark.parametrize("folder", SAMPLES, ids=lambda one: one.name)
def test_no_secret_comes_out(folder: Path, tmp_path: Path) -> None:
    secrets = secrets_of(folder)
    with_secrets = set(secrets.values())
    assert with_secrets == {path.name for path in (folder / "configs").iterdir()}, "every file has some"
    run = audit(folder, tmp_path / "out", hash_seed="0")
    for written in (tmp_path / "out" / "result.json", tmp_path / "out" / "report.html"):
        content = written.read_text(encoding="utf-8")
        assert [value for value in secrets if value in content] == [], written.name
    assert [value for value in secrets if value in run.stdout + run.stderr] == []


def test_the_clear_text_password_of_midori_is_one_of_the_secrets() -> None:
    assert secrets_of(MIDORI)["Midori-hoshu2019"] == "core-in.cfg"


@pytest.mark.parametrize("folder", SAMPLES, ids=lambda one: one.name)
def test_every_line_of_every_configuration_is_understood(folder: Path) -> None:
    configs = [one for one in audited(folder).inputs if one.kind == "config"]
    assert len(configs) == len(list((folder / "configs").iterdir()))
    for one in configs:
        assert one.problem is None
        assert one.lines_unread == 0, (one.path, one.unread)
        assert one.lines_total == (one.lines_used or 0) + (one.lines_irrelevant or 0) > 0


@pytest.mark.parametrize("folder", SAMPLES, ids=lambda one: one.name)
def test_the_configurations_are_as_long_as_real_ones(folder: Path) -> None:
    lengths = {path.name: config_text(path).count("\n") for path in (folder / "configs").iterdir()}
    assert all(length >= 400 for name, length in lengths.items() if name.endswith(".conf")), lengths
    assert all(length >= 200 for name, length in lengths.items() if name.endswith(".cfg")), lengths
    assert all(length >= 40 for name, length in lengths.items() if name.endswith(".txt")), lengths


def test_both_japanese_encodings_are_exercised() -> None:
    encodings = {one.encoding for folder in SAMPLES for one in audited(folder).inputs if one.encoding}
    assert {"CP932", "UTF-8"} <= encodings


@pytest.mark.parametrize("folder", SAMPLES, ids=lambda one: one.name)
def test_the_codes_are_well_formed_and_nobodys(folder: Path) -> None:
    code = audited(folder).code
    assert int(code[5]) == check_digit(code[:5])
    assert code[2:5] in ("299", "499"), "numbers of municipalities that no prefecture has given out"
