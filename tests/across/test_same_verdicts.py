"""One device with one meaning, in the syntax of every vendor: the whole audit says the same of all of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from secaudit.audit.preparation import prepare_folder
from secaudit.audit.repairs import repair_pair
from secaudit.audit.result import AuditResult
from secaudit.audit.run import audit_folder
from secaudit.rules.result import Outcome
from secaudit.vendors.commands import apply_commands
from secaudit.vendors.registry import readers
from tests.across.town import (
    AS_OF,
    DEVICE,
    HERE,
    HOLES,
    Boundary,
    Verdict,
    boundaries,
    result_of,
    town_with,
    verdicts,
)

WAY = ("my_number", "internet")
ANOTHER_LANGUAGE = {
    "alliedware", "apresia", "aruba", "checkpoint", "comware", "f5_bigip", "fujitsu_sir", "sonicwall", "watchguard"
}  # fmt: skip
"""Vendors whose files are recognised, and whose traffic is not judged."""
each_vendor = pytest.mark.parametrize("boundary", boundaries(), ids=lambda one: one.vendor)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AuditResult]:
    """The audit of the town with the device of each vendor."""
    parent = tmp_path_factory.mktemp("towns")
    return {one.vendor: audit_folder(town_with(parent / one.vendor, one, one.text), AS_OF) for one in boundaries()}


def _usual(all_verdicts: dict[str, dict[tuple[str, str], Verdict]]) -> dict[tuple[str, str], Verdict]:
    """What most vendors say."""
    keys = {key for one in all_verdicts.values() for key in one}
    return {
        key: Counter(one[key] for one in all_verdicts.values() if key in one).most_common(1)[0][0]
        for key in sorted(keys)
    }


def test_every_vendor_that_is_read_is_here() -> None:
    written = {one.vendor for one in boundaries()}
    assert written == {path.stem for path in (HERE / "devices").iterdir()}
    assert written == {one.name for one in readers()} - ANOTHER_LANGUAGE - {"aws"}


@each_vendor
def test_the_audit_says_the_same_of_every_vendor(boundary: Boundary, sound: dict[str, AuditResult]) -> None:
    """But for the exceptions, which are what is said exactly; one that no longer differs must leave the list."""
    found = {vendor: verdicts(result) for vendor, result in sound.items()}
    usual, own = _usual(found), found[boundary.vendor]
    different = {key: own.get(key) for key in usual | own if own.get(key) != usual.get(key)}
    assert different == {(rule, DEVICE): verdict for rule, verdict in boundary.exceptions.items()}


def test_what_most_vendors_say_is_that_the_town_is_sound(sound: dict[str, AuditResult]) -> None:
    usual = _usual({vendor: verdicts(result) for vendor, result in sound.items()})
    failing = {key for key, verdict in usual.items() if verdict.outcome == "fail"}
    assert failing == {("LAW-01", "202991"), ("LAW-02", "202991")}
    unsettled = {
        rule: verdict.reason
        for (rule, subject), verdict in usual.items()
        if subject == DEVICE and verdict.outcome != "pass"
    }
    assert unsettled == {"HD-04": "zone_not_bound"}, "the town says nothing about its management network"
    assert sum(verdict.outcome == "pass" for verdict in usual.values()) > 60


@each_vendor
def test_every_line_is_accounted_for(boundary: Boundary, sound: dict[str, AuditResult]) -> None:
    (input_,) = [one for one in sound[boundary.vendor].inputs if one.path == "configs/kyokai.conf"]
    assert input_.vendor == boundary.vendor
    assert (input_.lines_unread, input_.problem) == (0, None)
    assert input_.lines_used is not None and input_.lines_used > 20


@each_vendor
@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_is_found_and_mended(
    boundary: Boundary, hole: str, sound: dict[str, AuditResult], tmp_path: Path
) -> None:
    text = boundary.with_hole(hole)
    folder = town_with(tmp_path / "town", boundary, text)
    _is_found(audit_folder(folder, AS_OF), sound[boundary.vendor], boundary, hole)

    answer = repair_pair(prepare_folder(folder), *WAY, AS_OF, 5)
    assert answer.repair is not None, answer.refused
    assert not answer.repair.proof.still_possible
    unsaid = boundary.holes[hole].unsaid
    assert (answer.repair.unsaid.en if answer.repair.unsaid else None) == unsaid
    if unsaid is None:
        (commands,) = answer.repair.commands
        (typed,) = apply_commands([text], commands)
        repaired = audit_folder(town_with(tmp_path / "repaired", boundary, typed), AS_OF)
        assert result_of(repaired, "MN-02", "->".join(WAY)).outcome is Outcome.PASS


def _is_found(result: AuditResult, before: AuditResult, boundary: Boundary, hole: str) -> None:
    found = result_of(result, "MN-02", "->".join(WAY))
    assert (found.outcome, found.reason) == (Outcome.FAIL, "flow_found")
    assert found.witness is not None
    sent = found.witness.packet
    assert " 10.10.0." in sent and "> 10.30.0." in sent
    if hole == "permit_too_many":
        assert sent.startswith("tcp 10.10.0.20:") and "> 10.30.0.30:445" in sent
    shown = {one.text.strip() for one in found.evidence}
    shown |= {one.text.strip() for hop in found.witness.hops for one in hop.evidence}
    assert set(boundary.holes[hole].guilty) <= shown
    was, is_ = verdicts(before), verdicts(result)
    better = {key for key in was if was[key].outcome == "fail" and is_[key].outcome == "pass"}
    assert not better, "a hole makes nothing better"
