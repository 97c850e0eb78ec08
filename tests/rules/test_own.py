"""Own rulesets: what they may change, that every change is said, and that nothing becomes a pass by loosening."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import pytest

from secaudit.audit.result_json import from_json, to_json
from secaudit.audit.run import audit_folder
from secaudit.cli.audit import summary_lines
from secaudit.errors import InputError, PolicyError
from secaudit.locations import data_folder
from secaudit.report.html import render_html
from secaudit.rules.evaluate import evaluate
from secaudit.rules.fixtures.run import run_fixtures
from secaudit.rules.loader import load_ruleset
from secaudit.rules.own import load_own_ruleset, ruleset_for
from secaudit.rules.result import Outcome, RuleResult, Severity
from secaudit.rules.rule import DeviationKind, Ruleset
from tests.rules.world import base_world, changed, context_of

HEAD = """id: town
title: {ja: "町", en: Town}
version: "1.0.0"
extends: mic
decided_by: 最高情報セキュリティ責任者
decided_on: 2026-10-01
"""
WHO = "reason: 試行, decided_by: 最高情報セキュリティ責任者, decided_on: 2026-10-01"
CHAPTER = """chapters:
  - {id: town, controls: [TWN], statutory_fields: [technical], title: {ja: "町の検査", en: Checks of the town}}
"""
RULE = """id: TWN-01
kind: any
title: {ja: 時刻, en: Time}
requirement: {ja: 時刻を合わせていること。, en: "Clocks are right."}
remedy: {ja: 合わせる。, en: Set them.}
clause: {mic-2018-09: {ja: "町の規程", en: "Rule of the town"}}
models: [alpha, alpha_prime, beta, beta_prime]
severity: medium
needs: [configuration, attestation]
reference: {confidence: derived, source: town}
parameters:
  checks:
    - {kind: device_setting, parameters: {setting: ntp, minimum: {threshold: ntp_servers}}}
    - {kind: attestation, parameters: {subject: MN-10}}
"""
FIXTURES = {
    "pass-both": "expect: [{subject: '992011', reason: any_pass}]\n",
    "fail-both": "change: {devices: {fw1: {ntp: []}}, attestations: {A4: {answer: 'no'}}}\n"
    "expect: [{subject: '992011', reason: any_fail}]\n",
    "undetermined-no-statement": "change: {devices: {fw1: {ntp: []}}, attestations: {A4: null}}\n"
    "expect: [{subject: '992011', reason: any_undetermined}]\n",
}


def write(folder: Path, head: str, rule: str | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ruleset.yaml").write_text(head, encoding="utf-8")
    if rule is not None:
        (folder / "town").mkdir(exist_ok=True)
        (folder / "town/TWN-01.yaml").write_text(rule, encoding="utf-8")
        (folder / "fixtures/TWN-01").mkdir(parents=True, exist_ok=True)
        for name, text in FIXTURES.items():
            (folder / f"fixtures/TWN-01/{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def changes(*entries: str, name: str = "changes") -> str:
    return HEAD + f"{name}:\n" + "".join(f"  - {{{entry}, {WHO}}}\n" for entry in entries)


def own(tmp_path: Path, *entries: str, name: str = "changes") -> Ruleset:
    return load_own_ruleset(write(tmp_path / "独自 ルール", changes(*entries, name=name)))


def refused(folder: Path, given: Path | None = None) -> PolicyError:
    with pytest.raises(PolicyError) as raised:
        load_own_ruleset(folder, given)
    assert raised.value.text.ja != raised.value.text.en
    return raised.value


def results(ruleset: Ruleset, rule: str, change: dict[str, object]) -> list[RuleResult]:
    alone = dataclasses.replace(ruleset, rules=(ruleset.rule(rule),))
    return list(evaluate(alone, context_of(changed(base_world(), change))))


def test_an_added_rule_is_there_with_its_deviation_and_its_fixtures_agree(tmp_path: Path) -> None:
    ruleset = load_own_ruleset(write(tmp_path / "r", HEAD + CHAPTER, RULE))
    assert ruleset.rule("TWN-01").chapter == "town"
    (one,) = ruleset.deviations
    assert (one.kind, one.subject, one.ruleset) == (DeviationKind.ADDED, "TWN-01", "town")
    assert {"rulesets/town/ruleset.yaml", "rulesets/town/town/TWN-01.yaml"} <= {file.path for file in ruleset.files}
    (report,) = run_fixtures(ruleset)
    assert report.good
    assert len(report.fixtures) == 3


def test_a_rule_without_fixtures_and_one_that_disagrees(tmp_path: Path) -> None:
    folder = write(tmp_path / "r", HEAD + CHAPTER, RULE)
    (folder / "fixtures/TWN-01/fail-both.yaml").unlink()
    (folder / "fixtures/TWN-01/pass-both.yaml").write_text(
        "change: {devices: {fw1: {ntp: []}}, attestations: {A4: null}}\nexpect: [{subject: '992011', reason: any_pass}]\n"
    )
    (report,) = run_fixtures(load_own_ruleset(folder))
    assert report.missing == (Outcome.FAIL,)
    assert [name for name, _ in report.disagreements] == ["pass-both"]


def test_a_tightened_threshold_reaches_its_rules(tmp_path: Path) -> None:
    ruleset = own(tmp_path, "threshold: attestation_age, tighten: {value: 30}", name="thresholds")
    (one,) = ruleset.deviations
    assert (one.kind, one.what.en) == (DeviationKind.THRESHOLD_TIGHTENED, "365 → 30")
    old = {"attestations": {"A4": {"stated_on": "2026-06-01"}}}
    assert [one.outcome for one in results(load_ruleset(), "MN-10", old)] == [Outcome.PASS]
    assert [one.reason for one in results(ruleset, "MN-10", old)] == ["stale"]


@pytest.mark.parametrize(
    ("entry", "name", "subject"),
    [
        ("threshold: attestation_age, loosen: {value: 1000}", "thresholds", "attestation_age"),
        ("rule: MN-10, loosen: {parameters: {max_age_days: 1000}}", "changes", "MN-10"),
        ("rule: MN-10, loosen: {parameters: {max_age_days: null}}", "changes", "MN-10"),
    ],
)
def test_loosening_never_turns_undetermined_into_a_pass(tmp_path: Path, entry: str, name: str, subject: str) -> None:
    ruleset = own(tmp_path, entry, name=name)
    assert [one.subject for one in ruleset.deviations] == [subject]
    stale = {"attestations": {"A4": {"stated_on": "2025-01-01"}}}
    (before,) = results(load_ruleset(), "MN-10", stale)
    (after,) = results(ruleset, "MN-10", stale)
    assert before.outcome is after.outcome is Outcome.UNDETERMINED
    assert any("loosened" in fact.en for fact in after.facts)


def test_loosening_may_turn_a_failure_into_a_pass_and_no_undetermined_result_vanishes(tmp_path: Path) -> None:
    ruleset = own(tmp_path, "rule: NW-17, loosen: {parameters: {zones: [my_number]}}")
    one_left = [one.outcome for one in results(ruleset, "NW-17", {"devices": {"mnsw": None}})]
    assert Outcome.UNDETERMINED in one_left
    outside = {"devices": {"fw1": {"interfaces": None, "routes": None, "lines": None}}}
    assert {one.subject.name for one in results(load_ruleset(), "NW-17", outside)} == {"fw1", "mnsw"}


def test_severity_and_what_is_called_wrongly(tmp_path: Path) -> None:
    ruleset = own(tmp_path, "rule: NW-17, tighten: {severity: critical}")
    assert ruleset.rule("NW-17").severity is Severity.CRITICAL
    assert ruleset.deviations[0].severity is Severity.MEDIUM
    for entry, word in (
        ("rule: NW-17, tighten: {severity: low}", "severity"),
        ("rule: MN-10, tighten: {parameters: {max_age_days: 400}}", "max_age_days"),
        ("rule: LG-03, tighten: {parameters: {conditions: [M1, M2]}}", "conditions"),
        ("rule: NW-17, loosen: {severity: critical}", "stricter"),
        ("rule: NW-17, loosen: {severity: medium}", "nothing"),
    ):
        error = refused(write(tmp_path / "wrong", changes(entry)))
        assert word in error.text.en
        assert error.line == 8


@pytest.mark.parametrize(
    ("entry", "name", "hint"),
    [
        ("rule: NW-177, off: true", "changes", "NW-17"),
        ("rule: NW-17, of: true", "changes", "off"),
        ("rule: NW-17, loosen: {parameters: {minimun: 1}}", "changes", "minimum"),
        ("rule: NW-17, loosen: {parameters: {zones: [lgwam]}}", "changes", "lgwan"),
        ("threshold: attestaton_age, loosen: {value: 400}", "thresholds", "attestation_age"),
        ("threshold: attestation_age, loosen: {value: 9999}", "thresholds", "1100"),
    ],
)
def test_mistakes_are_named_with_their_line_and_the_nearest_word(
    tmp_path: Path, entry: str, name: str, hint: str
) -> None:
    error = refused(write(tmp_path / "r", changes(entry, name=name)))
    assert error.file.endswith("ruleset.yaml")
    assert error.line == 8
    assert error.hint is not None
    assert hint in error.hint.en


def test_a_rule_that_is_off_counts_nowhere_and_says_why(tmp_path: Path) -> None:
    ruleset = own(tmp_path, "rule: MN-10, off: true")
    (one,) = results(ruleset, "MN-10", {"attestations": {"A4": None}})
    assert (one.outcome, one.reason) == (Outcome.NOT_APPLICABLE, "rule_off")
    assert "試行" in one.facts[1].ja


def test_own_chapters_and_files_only(tmp_path: Path) -> None:
    folder = write(tmp_path / "r", HEAD + CHAPTER.replace("TWN", "MN"))
    assert "MN" in refused(folder).text.en
    folder = write(tmp_path / "s", HEAD)
    (folder / "thresholds.yaml").write_text("thresholds: []")
    assert refused(folder).file.endswith("thresholds.yaml")
    assert refused(tmp_path / "nowhere").hint is not None


def test_links_and_ways_out_are_refused(tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "pref", HEAD.replace("id: town", "id: pref"))
    audit = tmp_path / "audit"
    audit.mkdir()
    folder = write(audit / "rulesets", HEAD.replace("extends: mic", "extends: ./../../pref"))
    assert refused(folder).field == "extends"
    (folder / "pref").symlink_to(elsewhere)
    write(folder, HEAD.replace("extends: mic", "extends: ./pref"))
    assert "link" in refused(folder).text.en
    (folder / "pref").unlink()
    (folder / "town").mkdir()
    (folder / "town/TWN-01.yaml").symlink_to("/etc/passwd")
    write(folder, HEAD + CHAPTER)
    assert "link" in refused(folder).text.en
    (audit / "rulesets").rename(audit / "moved")
    (audit / "rulesets").symlink_to(audit / "moved")
    with pytest.raises(PolicyError, match="link"):
        ruleset_for(audit)


def test_a_prefecture_under_a_municipality(tmp_path: Path) -> None:
    prefecture = write(
        tmp_path / "pref",
        changes("rule: NW-17, tighten: {severity: high}", "rule: NW-02, off: true").replace("id: town", "id: pref"),
    )
    audit = tmp_path / "audit"
    folder = write(audit / "rulesets", changes("rule: MN-10, off: true"))
    with pytest.raises(PolicyError, match="does not extend"):
        ruleset_for(audit, prefecture)
    for way in ("extends: pref", "extends: ./../../pref"):
        write(folder, changes("rule: MN-10, off: true").replace("extends: mic", way))
        found = ruleset_for(audit, prefecture)
        assert [(one.ruleset, one.subject) for one in found.deviations] == [
            ("pref", "NW-17"),
            ("pref", "NW-02"),
            ("town", "MN-10"),
        ]
    write(folder, changes("rule: NW-02, loosen: {severity: low}").replace("extends: mic", "extends: pref"))
    with pytest.raises(PolicyError, match="switched off by pref"):
        ruleset_for(audit, prefecture)
    write(folder, HEAD.replace("extends: mic", "extends: ./below"))
    write(folder / "below", HEAD.replace("id: town", "id: below").replace("extends: mic", "extends: ./."))
    with pytest.raises(PolicyError, match="itself"):
        ruleset_for(audit)


def test_no_ruleset_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "rulesets").mkdir()
    assert ruleset_for(tmp_path).deviations == ()
    (tmp_path / "rulesets/rules.yaml").write_text("id: x")
    with pytest.raises(PolicyError, match=r"no ruleset\.yaml"):
        ruleset_for(tmp_path)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import shutil

    target = tmp_path_factory.mktemp("audit") / "監査 フォルダ"
    shutil.copytree(data_folder("examples") / "midori-town", target)
    return target


def test_an_audit_says_every_difference(audited: Path) -> None:
    write(audited / "rulesets", changes("rule: MN-10, off: true", "rule: NW-17, tighten: {severity: high}"))
    result = audit_folder(audited, datetime.date(2026, 11, 1))
    assert {(one.kind, one.subject) for one in result.deviations} == {("off", "MN-10"), ("tightened", "NW-17")}
    assert next(one for one in result.inputs if one.path == "rulesets/ruleset.yaml").kind == "definition"
    assert "rulesets/town/ruleset.yaml" in {one.path for one in result.definitions}
    assert from_json(to_json(result), "result.json").rates == result.rates
    page = render_html(result)
    assert "独自ルールセットによる変更" in page
    assert "重大なルール（MN-10）は、独自ルールセットにより適用していない。" in page
    lines = "\n".join(summary_lines(result, Path("out")))
    assert "MN-10" in lines
    with pytest.raises(InputError, match="after the day"):
        audit_folder(audited, datetime.date(2026, 9, 1))
