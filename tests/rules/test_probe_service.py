"""The kind `probe_service` with parameters that no shipped rule has, and on a real file of nmap."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from secaudit.errors import PolicyError
from secaudit.locations import data_folder
from secaudit.municipality.model import Zone
from secaudit.probes.metadata import ProbeMetadata
from secaudit.probes.nmap_import import import_nmap
from secaudit.probes.observation import Scan
from secaudit.probes.services import SERVICE_NAMES
from secaudit.rules.context import RuleContext
from secaudit.rules.kinds.probe_service import KIND
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.strictness import is_stricter
from secaudit.text.source import SourceLine
from tests.rules.world import base_world, changed, context_of

ALL = {"refused": ["telnet", "ftp"], "least_tls": "1.2", "least_ssh": 2}


def world_with(*, seen: Mapping[str, Mapping[str, str]], **more: Any) -> RuleContext:
    """A body with one scan, from the management zone, whose open ports are those of `seen`."""
    targets = {target: {"open": ",".join(ports)} for target, ports in seen.items()}
    scan = {"from": "management", "targets": targets, "scanned": {"tcp": "1-65535"}, "seen": seen, **more}
    return context_of({**changed(base_world(), {"scans": None}), "scans": {"all": scan}})


def judged(context: RuleContext, parameters: Mapping[str, Any]) -> RuleResult:
    (found,) = KIND.check(load_ruleset().rule("HD-03-TELNET"), KIND.parse(parameters), context)
    return found


def words(result: RuleResult) -> str:
    return " ".join(fact.en for fact in result.facts)


def test_all_that_is_refused_or_old_is_told_at_once() -> None:
    seen = {"10.1.0.10": {"23": "telnet", "443": "http tunnel tls1.0 tls1.2"}, "10.2.0.20": {"22": "ssh ssh1"}}
    result = judged(world_with(seen=seen), ALL)
    assert (result.outcome, result.reason) == (Outcome.FAIL, "refused_service")
    assert [one.text for one in result.evidence] == ["10.1.0.10 23 open", "10.1.0.10 443 open", "10.2.0.20 22 open"]
    for part in ("10.1.0.10 tcp/23 telnet", "before TLS 1.2", "TLS 1.0, TLS 1.2", "10.2.0.20 tcp/22 ssh SSH 1"):
        assert part in words(result)


def test_what_was_seen_fails_although_other_answers_are_unclear_or_the_scan_is_not_complete() -> None:
    seen = {"10.1.0.10": {"23": "telnet", "24": "-"}}
    result = judged(world_with(seen=seen, complete=False), ALL)
    assert (result.outcome, result.reason) == (Outcome.FAIL, "refused_service")


def test_a_pass_says_what_was_not_asked() -> None:
    result = judged(world_with(seen={"10.1.0.10": {"22": "ssh ssh2", "80": "http"}}), ALL)
    assert (result.outcome, result.reason) == (Outcome.PASS, "services_as_asked")
    assert "Services examined: 2" in words(result)
    assert "versions of SSH were examined: 1" in words(result)
    assert "no answer that tells versions of TLS" in words(result)


def test_a_question_that_was_not_put_is_not_answered_by_another() -> None:
    context = world_with(seen={"10.1.0.10": {"80": "http"}})
    result = judged(context, {"least_tls": "1.2"})
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "not_examined")


def test_with_zones_only_their_targets_count() -> None:
    seen = {"10.1.0.10": {"23": "telnet"}, "10.2.0.20": {"22": "ssh ssh2"}}
    lgwan = judged(world_with(seen=seen), {"refused": ["telnet"], "zones": ["lgwan"]})
    assert (lgwan.outcome, [one.text for one in lgwan.evidence][1:]) == (Outcome.PASS, ["10.2.0.20 22 open"])
    both = judged(world_with(seen=seen), {"refused": ["telnet"], "zones": ["lgwan", "my_number"]})
    assert both.outcome is Outcome.FAIL
    neither = judged(world_with(seen=seen), {"refused": ["telnet"], "zones": ["internet"]})
    assert neither.outcome is Outcome.NOT_APPLICABLE


def test_a_target_in_no_known_zone_is_not_left_out() -> None:
    seen = {"10.77.0.1": {"23": "telnet"}, "10.2.0.20": {"22": "ssh ssh2"}}
    result = judged(world_with(seen=seen), {"refused": ["telnet"], "zones": ["lgwan"]})
    assert result.outcome is Outcome.FAIL


def test_an_answer_of_somebody_else_is_none_of_the_target() -> None:
    context = world_with(seen={"10.1.0.10": {"23": "telnet"}})
    (scan,) = context.scans
    other = ipaddress.ip_address("10.9.0.1")
    ports = tuple(dataclasses.replace(one, reason_address=other) for one in scan.ports)
    result = judged(dataclasses.replace(context, scans=(dataclasses.replace(scan, ports=ports),)), ALL)
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "not_examined")


@pytest.mark.parametrize("name", sorted(SERVICE_NAMES))
def test_every_word_of_a_service_finds_what_nmap_calls_it(name: str) -> None:
    for called in SERVICE_NAMES[name]:
        plain = judged(world_with(seen={"10.1.0.10": {"999": called}}), {"refused": [name]})
        assert plain.outcome is Outcome.FAIL
        inside_tls = judged(world_with(seen={"10.1.0.10": {"999": f"{called} tunnel"}}), {"refused": [name]})
        assert inside_tls.outcome is Outcome.PASS


def test_the_schema_knows_the_same_words(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(data_folder("rulesets") / "mic", tmp_path / "mic"))
    path = folder / "hardening/HD-02.yaml"
    text = path.read_text(encoding="utf-8")
    shipped = "refused: [telnet, ftp, tftp, finger]"
    assert shipped in text
    path.write_text(text.replace(shipped, f"refused: [{', '.join(SERVICE_NAMES)}]"), encoding="utf-8")
    assert load_ruleset(folder).rule("HD-02").checks[-1].parameters.refused == tuple(SERVICE_NAMES)
    path.write_text(text.replace(shipped, "refused: [telnett]"), encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_ruleset(folder)
    assert caught.value.hint is not None and "telnet" in caught.value.hint.en


def test_a_check_that_asks_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is asked"):
        KIND.parse({"max_age_days": 30})


@pytest.mark.parametrize(
    ("name", "old", "new", "stricter"),
    [
        ("least_tls", "1.2", "1.3", True),
        ("least_tls", "1.3", "1.2", False),
        ("least_tls", "1.2", None, False),
        ("least_ssh", 1, 2, True),
        ("least_ssh", 2, None, False),
        ("refused", ["telnet"], ["telnet", "ftp"], True),
        ("refused", ["telnet", "ftp"], ["telnet"], False),
        ("refused", None, ["telnet"], True),
        ("zones", ["lgwan"], None, True),
        ("zones", None, ["lgwan"], False),
        ("max_age_days", 365, 30, True),
    ],
)
def test_which_change_is_stricter(name: str, old: object, new: object, stricter: bool) -> None:
    assert is_stricter("probe_service", name, old, new) is stricter


# A real file.


@pytest.fixture
def real() -> Scan:
    metadata = ProbeMetadata(Zone.LGWAN, ipaddress.ip_address("10.2.0.50"), None, (), SourceLine("x", 1, ""))
    path = Path(__file__).parents[1] / "probes" / "fixtures" / "services.xml"
    return import_nmap(path, "probes/services.xml", metadata)


@pytest.mark.parametrize(
    ("parameters", "reason", "lines"),
    [
        ({"refused": ["telnet"]}, "refused_service", [r"10.20.1.11 23/tcp"]),
        ({"refused": ["rlogin"]}, "service_not_identified", ["10.20.1.10 23/tcp", "10.20.1.10 9999/tcp"]),
        ({"least_tls": "1.2"}, "old_tls", ["10.20.1.10 443/tcp"]),
        ({"least_tls": "1.3"}, "old_tls", ["10.20.1.10 443/tcp", "10.20.1.11 443/tcp"]),
        ({"least_ssh": 2}, "old_ssh", ["10.20.1.11 22/tcp"]),
    ],
)
def test_a_real_file(real: Scan, parameters: dict[str, Any], reason: str, lines: list[str]) -> None:
    context = dataclasses.replace(context_of(base_world()), scans=(real,), as_of=datetime.date(2026, 12, 1))
    result = judged(context, {**parameters, "max_age_days": 30})
    assert result.reason == reason
    assert [one.text.partition(" open")[0] for one in result.evidence] == lines
