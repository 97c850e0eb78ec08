"""Taking any one file away from the compliant sample: nothing gets better, and something says what is missing."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

from secaudit.audit.result import AuditResult
from secaudit.audit.run import audit_folder
from secaudit.rules.result import Outcome
from tests.examples.folders import AOZORA, AS_OF, audited, outcomes

CONFIGS = sorted(path.name for path in (AOZORA / "configs").iterdir())
SCANS = sorted(path.stem for path in (AOZORA / "probes").glob("*.xml"))
DOCUMENTS = sorted(path.name for path in (AOZORA / "documents").iterdir())
STATED = ("LAW-01", "LAW-02", "LAW-03", "LG-03", "LG-05", "MN-10", "MN-11")


@cache
def without(*names: str) -> AuditResult:
    """The sample audited without some of its files."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "audit")
        shutil.copytree(AOZORA, folder)
        for name in names:
            (folder / name).unlink()
        return audit_folder(folder, AS_OF)


def nothing_got_better(result: AuditResult) -> None:
    """No result passes that did not pass with all evidence. A subject that is new must not pass either."""
    before = outcomes(audited(AOZORA))
    for key, found in outcomes(result).items():
        if Outcome.PASS in found:
            assert Outcome.PASS in before.get(key, set()), key


def results_of(result: AuditResult, *rules: str) -> dict[tuple[str, str], set[tuple[Outcome, str]]]:
    found: dict[tuple[str, str], set[tuple[Outcome, str]]] = {}
    for one in result.results:
        if one.rule in rules:
            found.setdefault((one.rule, one.subject.name), set()).add((one.outcome, one.reason))
    return found


def said(result: AuditResult) -> str:
    """Everything that is said about what is not settled."""
    texts = [problem.ja for problem in result.problems]
    for one in result.results:
        if one.outcome is not Outcome.PASS:
            texts += [text.ja for text in (*one.facts, *one.needs)]
    return "\n".join(texts)


def test_the_files_are_those_that_the_sample_has() -> None:
    """All kinds of files are taken away by a test below; `municipality.yaml` is the one that an audit cannot do without."""
    covered = {f"configs/{name}" for name in CONFIGS} | {f"documents/{name}" for name in DOCUMENTS}
    covered |= {f"probes/{name}{ending}" for name in SCANS for ending in (".xml", ".meta.yaml")}
    covered |= {"attestations.yaml", "exceptions.yaml", "municipality.yaml"}
    there = {path.relative_to(AOZORA).as_posix() for path in AOZORA.rglob("*") if path.is_file()}
    assert there == covered
    assert (len(CONFIGS), len(SCANS)) == (12, 3)


@pytest.mark.parametrize("name", CONFIGS)
def test_without_a_configuration(name: str) -> None:
    result = without(f"configs/{name}")
    nothing_got_better(result)
    device = Path(name).stem
    assert results_of(result, "AST-02")["AST-02", device] == {(Outcome.FAIL, "missing_config")}
    for rule in ("HD-03-TELNET", "HD-07-CLEAR", "NW-14", "NW-17"):
        assert results_of(result, rule)[rule, device] == {(Outcome.UNDETERMINED, "missing_config")}
    assert device in said(result)


@pytest.mark.parametrize(
    ("name", "unproved"),
    [
        ("fw-kyokai.conf", {"MN-01 my_number->lgwan", "MN-01 lgwan->my_number", "MN-06 my_number->management"}),
        (
            "fw-lgwan.conf",
            {"LG-01 lgwan->internet", "LG-02 lgwan->public_internet", "MN-06 specific_destination->my_number"},
        ),
        (
            "fw-inet.conf",
            {"IN-02 internet->public_internet", "LG-02 lgwan->public_internet", "MN-02 my_number->public_internet"},
        ),
        ("core-mn.cfg", {"MN-01 my_number->lgwan", "MN-02 my_number->internet", "MN-02 my_number->public_internet"}),
        ("core-lg.cfg", {"MN-01 my_number->lgwan", "LG-01 internet->lgwan", "LG-02 lgwan->public_internet"}),
        ("rtx-shisho-mn.txt", {"MN-01 my_number->lgwan", "MN-02 my_number->internet", "MN-06 my_number->management"}),
        ("rtx-gcloud.txt", {"MN-06 my_number->government_cloud", "MN-02 my_number->public_internet"}),
        ("rtx-guest.txt", {"NW-05 guest_wireless->my_number", "NW-05 public_internet->guest_wireless"}),
    ],
)
def test_without_a_device_the_zones_that_it_touches_are_not_proved_apart(name: str, unproved: set[str]) -> None:
    """What nobody has seen could connect anything that it touches."""
    result = without(f"configs/{name}")
    found = {
        f"{one.rule} {one.subject.name}"
        for one in result.results
        if (one.outcome, one.reason) == (Outcome.UNDETERMINED, "missing_config")
    }
    assert unproved <= found


@pytest.mark.parametrize("name", SCANS)
def test_without_a_scan(name: str) -> None:
    result = without(f"probes/{name}.xml", f"probes/{name}.meta.yaml")
    nothing_got_better(result)
    zone = name.split("-")[0]
    gone = {key[1]: found for key, found in results_of(result, "OWN-04").items() if key[1].startswith(f"{zone}->")}
    others = {"my_number", "lgwan", "internet"} - {zone}
    assert gone == {f"{zone}->{other}": {(Outcome.UNDETERMINED, "not_probed")} for other in others}


@pytest.mark.parametrize("name", SCANS)
@pytest.mark.parametrize("ending", [".xml", ".meta.yaml"])
def test_without_one_half_of_a_scan(name: str, ending: str) -> None:
    result = without(f"probes/{name}{ending}")
    nothing_got_better(result)
    assert len(result.problems) == 1
    assert "not_probed" in {reason for found in results_of(result, "OWN-04").values() for _, reason in found}


def test_without_the_statements() -> None:
    result = without("attestations.yaml")
    nothing_got_better(result)
    code = result.code
    found = results_of(result, *STATED)
    assert found["LAW-01", code] == found["LAW-02", code] == {(Outcome.FAIL, "deadline_missed")}
    assert found["LAW-03", code] == {(Outcome.UNDETERMINED, "before_deadline")}
    for rule in ("LG-03", "LG-05", "MN-10", "MN-11"):
        assert found[rule, code] == {(Outcome.UNDETERMINED, "no_attestation")}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_without_a_document(name: str) -> None:
    result = without(f"documents/{name}")
    nothing_got_better(result)
    assert any(name in problem.ja for problem in result.problems)
    statements = (AOZORA / "attestations.yaml").read_text(encoding="utf-8")
    rested = {
        block.split("subject: ")[1].split()[0]
        for block in statements.split("  - id: ")[1:]
        if f"documents/{name}" in block
    }
    unsettled = {
        one.rule for one in result.results if one.reason == "document_missing" and one.outcome is Outcome.UNDETERMINED
    }
    assert unsettled == rested


def test_without_the_exceptions() -> None:
    """The sample has no exception, so nothing rests on the file, and the inputs show that it was not there."""
    result = without("exceptions.yaml")
    nothing_got_better(result)
    assert outcomes(result) == outcomes(audited(AOZORA))
    assert "exceptions.yaml" not in {one.path for one in result.inputs}
    assert "exceptions.yaml" in {one.path for one in audited(AOZORA).inputs}
