"""The shipped rules as data, and what a mistake in a rule file leads to."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from secaudit.errors import PolicyError
from secaudit.locations import data_folder
from secaudit.municipality.model import Model, Zone
from secaudit.policy import CellVerdict, Confidence, editions, load_policy
from secaudit.rules.evaluate import evaluate
from secaudit.rules.kind import all_kinds
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Outcome, Severity
from secaudit.rules.rule import Ruleset, StatutoryField
from tests.rules.world import base_world, context_of

ISSUE_RULES = [
    "LAW-01",
    "LAW-02",
    "LAW-03",
    "MN-01",
    "MN-02",
    "MN-03",
    "MN-04",
    "MN-06",
    "MN-08",
    "MN-09",
    "MN-10",
    "MN-11",
    "LG-01",
    "LG-02",
    "LG-03",
    "LG-05",
    "LG-09",
    "IN-02",
    "NW-02",
    "NW-03",
    "NW-05",
    "NW-14",
    "NW-17",
    "HD-03-TELNET",
    "HD-03-HTTP",
    "HD-06-SNMP",
    "HD-07-CLEAR",
    "OWN-01",
    "OWN-02",
    "AST-02",
    "OP-06",
]
ISSUE_KINDS = [
    "flow_denied",
    "flow_only",
    "flow_required",
    "flow_pinned",
    "register_match",
    "route",
    "filter_hygiene",
    "device_setting",
    "attestation",
    "deadline",
    "probe_port",
    "probe_agrees",
]
POLITE = re.compile(r"(です|ます|ください|ません)。?$")


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return load_ruleset()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(data_folder("rulesets") / "mic", tmp_path / "mic"))


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def failing(folder: Path) -> PolicyError:
    with pytest.raises(PolicyError) as raised:
        load_ruleset(folder)
    return raised.value


def test_the_controls_that_were_asked_for_are_there(ruleset: Ruleset) -> None:
    assert set(ISSUE_RULES) <= {rule.id for rule in ruleset.rules}
    used = {check.kind.name for rule in ruleset.rules for check in rule.checks}
    assert set(ISSUE_KINDS) <= used
    for_own_rules = {"all", "any", "not", "layer2", "tunnel"}
    assert used | for_own_rules == set(all_kinds()), "every other kind is used by a rule"


def test_rules_are_sorted_and_every_file_has_its_digest(ruleset: Ruleset) -> None:
    ids = [rule.id for rule in ruleset.rules]
    assert ids == sorted(ids)
    assert len(ruleset.files) == len(ids) + 3  # and ruleset.yaml, thresholds.yaml, controls.yaml
    assert all(len(file.sha256) == 64 for file in ruleset.files)


def test_every_rule_holds_in_the_newest_edition_and_without_gaps_before(ruleset: Ruleset) -> None:
    known = editions()
    for rule in ruleset.rules:
        assert rule.clauses and tuple(rule.clauses) == known[len(known) - len(rule.clauses) :], rule.id
        assert any(rule.applies_to(known[-1], model) for model in Model), rule.id


def test_what_an_edition_brought_is_not_asked_before_it(ruleset: Ruleset) -> None:
    first = {"MN-13": "mic-2025-03", "MN-14": "mic-2023-03", "MN-19": "mic-2025-03", "LG-10": "mic-2025-03"}
    for rule_id, edition in first.items():
        assert next(iter(ruleset.rule(rule_id).clauses)) == edition


def test_rules_of_a_model_begin_no_earlier_than_the_model(ruleset: Ruleset) -> None:
    begins = {"AP": ("mic-2024-10", {Model.ALPHA_PRIME}), "BT": ("mic-2020-12", {Model.BETA, Model.BETA_PRIME})}
    for rule in ruleset.rules:
        first, models = begins.get(rule.id[:2], (None, set(Model)))
        assert set(rule.models) <= models, rule.id
        assert first is None or next(iter(rule.clauses)) == first, rule.id
    assert set(ruleset.rule("BT-08").models) == {Model.BETA_PRIME}


def test_the_separation_of_the_layers_is_critical(ruleset: Ruleset) -> None:
    for rule_id in ("MN-01", "MN-02", "MN-03", "MN-04", "MN-09", "LG-01", "LG-02", "IN-02"):
        assert ruleset.rule(rule_id).severity is Severity.CRITICAL


def test_nothing_of_low_confidence_fails_an_audit(ruleset: Ruleset) -> None:
    for rule in ruleset.rules:
        assert rule.confidence is not Confidence.LOW or rule.reference_only


PARTLY_READ = {"LG-06", "MN-06", "MN-13"}
"""Their requirement was read; what is only believed is where exactly it stands, or a detail."""


def test_a_requirement_that_is_only_believed_is_for_reference(ruleset: Ruleset) -> None:
    believed = {rule.id for rule in ruleset.rules if rule.confidence is Confidence.MEDIUM}
    assert {rule_id for rule_id in believed if not ruleset.rule(rule_id).reference_only} == PARTLY_READ


def test_japanese_is_written_as_in_an_official_document(ruleset: Ruleset) -> None:
    for rule in ruleset.rules:
        for text in (rule.requirement, rule.remedy):
            assert text.ja.endswith("。"), rule.id
            assert not any(POLITE.search(sentence) for sentence in text.ja.split("。")), rule.id
            assert text.en.endswith("."), rule.id
        assert not rule.title.ja.endswith("。")


def test_separation_of_the_layers_uses_the_right_word(ruleset: Ruleset) -> None:
    """分離 at the My Number zone, 分割 between the LGWAN and Internet zones: never swapped."""
    assert "分離" in ruleset.rule("MN-01").title.ja and "分割" not in ruleset.rule("MN-01").title.ja
    assert "分割" in ruleset.rule("LG-01").title.ja and "分離" not in ruleset.rule("LG-01").title.ja


def test_every_pair_with_a_zone_inside_the_building_is_judged_by_one_rule(ruleset: Ruleset) -> None:
    policy = load_policy("mic-2026-03", Model.ALPHA)
    judged: Counter[tuple[Zone, Zone]] = Counter()
    for rule in ruleset.rules:
        for check in rule.checks:
            if check.kind.name in ("flow_denied", "flow_via", "register_match") or rule.id == "OWN-03":
                judged.update(check.parameters.pairs)  # type: ignore[attr-defined]
    for (source, destination), cell in policy.cells.items():
        inside = not (policy.zones[source].external and policy.zones[destination].external)
        if source is destination or not inside or cell.verdict in (CellVerdict.FREE, CellVerdict.NOT_APPLICABLE):
            continue
        assert judged[source, destination] == 1, (source.value, destination.value, judged[source, destination])


# Mistakes.


def test_a_mistyped_key_is_an_error_with_a_suggestion(folder: Path) -> None:
    spoil(folder / "network/NW-14.yaml", "severity: high", "severty: high")
    error = failing(folder)
    assert error.file == "rulesets/mic/network/NW-14.yaml"
    assert error.line is not None
    assert "severity" in error.text.en + (error.hint.en if error.hint else "")


def test_a_mistyped_parameter_is_an_error_not_a_silent_pass(folder: Path) -> None:
    spoil(folder / "network/NW-14.yaml", "minimum: {", "minimun: {")
    error = failing(folder)
    assert error.file.endswith("NW-14.yaml")
    assert "minimum" in error.text.en + (error.hint.en if error.hint else "")


def test_a_mistyped_zone_is_suggested(folder: Path) -> None:
    spoil(folder / "my-number/MN-01.yaml", "to: [lgwan]", "to: [lgwam]")
    error = failing(folder)
    assert "lgwan" in error.text.en + (error.hint.en if error.hint else "")


def test_an_unknown_kind_is_suggested(folder: Path) -> None:
    spoil(folder / "my-number/MN-01.yaml", "kind: flow_denied", "kind: flow_deny")
    error = failing(folder)
    assert error.field == "kind"
    assert error.hint is not None and "flow_denied" in error.hint.en


def test_an_unknown_kind_of_a_further_check(folder: Path) -> None:
    spoil(folder / "lgwan/LG-03.yaml", "- kind: attestation", "- kind: atestation")
    error = failing(folder)
    assert error.hint is not None and "attestation" in error.hint.en


def test_a_document_without_a_name_says_what_to_write(folder: Path) -> None:
    path = folder / "my-number/MN-10.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").partition("  document:")[0] + "  document: true\n", encoding="utf-8"
    )
    error = failing(folder)
    assert error.field == "parameters.document"
    assert error.hint is not None and "document: {ja: ..., en: ...}" in error.hint.en


def test_a_mistyped_role_is_suggested(folder: Path) -> None:
    spoil(folder / "my-number/MN-10.yaml", "roles: [ciso,", "roles: [cisso,")
    error = failing(folder)
    assert error.hint is not None and "`ciso`" in error.hint.en


def test_missing_parameters(folder: Path) -> None:
    path = folder / "my-number/MN-01.yaml"
    path.write_text(path.read_text(encoding="utf-8").split("parameters:")[0], encoding="utf-8")
    assert "parameters" in failing(folder).text.en


def test_a_pair_of_a_zone_with_itself(folder: Path) -> None:
    spoil(folder / "my-number/MN-01.yaml", "to: [lgwan]", "to: [my_number]")
    error = failing(folder)
    assert error.field == "parameters"


def test_a_port_that_does_not_exist(folder: Path) -> None:
    spoil(folder / "lgwan/LG-03.yaml", '"465"', '"99999"')
    assert "99999" in failing(folder).text.en


def test_low_confidence_must_be_for_reference(folder: Path) -> None:
    spoil(folder / "network/NW-14.yaml", "confidence: high", "confidence: low")
    error = failing(folder)
    assert error.field == "reference.confidence"
    spoil(folder / "network/NW-14.yaml", "confidence: low", "confidence: low")
    path = folder / "network/NW-14.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "reference_only: true\n", encoding="utf-8")
    assert load_ruleset(folder).rule("NW-14").reference_only


def test_the_file_name_is_the_id(folder: Path) -> None:
    (folder / "network/NW-14.yaml").rename(folder / "network/NW-15.yaml")
    assert failing(folder).field == "id"


def test_an_empty_folder(folder: Path) -> None:
    for path in folder.glob("*/*.yaml"):
        path.unlink()
    assert "not a single rule" in failing(folder).text.en


def test_via_cannot_be_an_end(folder: Path) -> None:
    spoil(folder / "internet/IN-02.yaml", "from: [internet]", "from: [security_cloud]")
    assert failing(folder).field == "parameters"


def test_a_rule_in_the_folder_of_another_chapter_is_refused(folder: Path) -> None:
    (folder / "network/NW-14.yaml").rename(folder / "lgwan/NW-14.yaml")
    error = failing(folder)
    assert error.file == "rulesets/mic/lgwan/NW-14.yaml"
    assert "network" in error.text.en


def test_a_clause_of_an_edition_that_does_not_exist_is_refused(folder: Path) -> None:
    spoil(folder / "network/NW-14.yaml", "mic-2018-09:", "mic-2018-10:")
    error = failing(folder)
    assert "mic-2018-10" in error.text.en
    assert error.hint is not None and "mic-2018-09" in error.hint.en
    assert error.line is not None


def test_a_clause_holds_until_a_later_edition_says_otherwise(folder: Path) -> None:
    spoil(
        folder / "network/NW-14.yaml",
        "  mic-2018-09:",
        "  mic-2024-10: null\n  mic-2022-03: {ja: 新, en: new}\n  mic-2020-12:",
    )
    clauses = load_ruleset(folder).rule("NW-14").clauses
    assert list(clauses) == ["mic-2020-12", "mic-2022-03", "mic-2023-03"]
    assert clauses["mic-2023-03"].en == "new" != clauses["mic-2020-12"].en


def test_every_rule_belongs_to_a_field_of_measures(ruleset: Ruleset) -> None:
    chapters = {chapter.id: chapter for chapter in ruleset.chapters}
    for rule in ruleset.rules:
        assert rule.statutory_fields
        assert rule.id.partition("-")[0] in chapters[rule.chapter].controls
    assert {field for chapter in ruleset.chapters for field in chapter.statutory_fields} == set(StatutoryField)


def test_a_statement_that_only_some_bodies_are_asked_for_must_say_which(folder: Path) -> None:
    spoil(folder / "my-number/MN-13.yaml", "only_where: {conditions: [S2]}", "only_where: {condition: [S2]}")
    error = failing(folder)
    assert "conditions" in error.text.en + (error.hint.en if error.hint else "")


def test_a_system_that_the_policy_does_not_know_is_an_error_and_not_absent(folder: Path) -> None:
    spoil(folder / "lgwan/LG-11.yaml", "telework_lgwan", "telework_lgwam")
    results = evaluate(load_ruleset(folder), context_of(base_world()))
    found = [one for one in results if one.rule == "LG-11" and one.reason == "unknown_system"]
    assert [one.outcome for one in found] == [Outcome.ERROR]
