"""The generated pages: they are what the command writes, in two languages, and count the catalogue as it is."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from pathlib import Path

from secaudit.rules.documentation.coverage import Covered, coverage_of
from secaudit.rules.documentation.pages import layers_of, pages
from secaudit.rules.documentation.words import table, value_in_words
from secaudit.rules.loader import load_ruleset
from secaudit.rules.rule import ControlEvidence
from secaudit.text.bilingual import Language, Text

DOCS = Path(__file__).parents[2] / "docs" / "rules"


def test_the_pages_are_what_the_command_writes() -> None:
    """When this fails: `secaudit rules docs --out docs/rules`, and look at the difference."""
    made = pages(load_ruleset())
    held = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")}
    assert sorted(held) == sorted(made)
    assert [name for name in made if held[name] != made[name]] == []


def test_every_kind_and_parameter_that_a_rule_uses_has_words() -> None:
    checks = [check for rule in load_ruleset().rules for check in rule.checks]
    assert {check.kind.name for check in checks} <= set(table("kinds"))
    assert {name for check in checks for name in check.written} <= set(table("parameters"))


def test_every_link_leads_to_a_page() -> None:
    made = pages(load_ruleset())
    for name, content in made.items():
        for target in re.findall(r"\]\(([^)#]+)", content):
            path = (Path(name).parent / target).as_posix() if not target.startswith("..") else target[3:]
            assert path in made, (name, target)


def test_the_catalogue_is_whole() -> None:
    controls = load_ruleset().controls
    assert len(controls) == 169
    machine = [one for one in controls if set(one.evidence) != {ControlEvidence.ATTESTATION}]
    assert len(machine) == 119
    assert sum(ControlEvidence.FLOW in one.evidence for one in controls) == 23


def test_coverage_is_counted_from_the_rules() -> None:
    ruleset = load_ruleset()
    state = {one.id: coverage_of(ruleset, one) for one in ruleset.controls}
    assert state["NW-17"] is Covered.AUTOMATED
    assert state["LG-03"] is Covered.PARTLY
    assert state["LAW-01"] is Covered.ATTESTED
    none = dataclasses.replace(ruleset, rules=())
    assert Counter(coverage_of(none, one) for one in none.controls) == {Covered.NONE: 169}


def test_text_of_a_rule_cannot_become_markup() -> None:
    ruleset = load_ruleset()
    hostile = Text(ja="<script>|[x](y)\n# z", en="<script>|[x](y)\n# z")
    rule = dataclasses.replace(ruleset.rule("MN-10"), title=hostile, requirement=hostile)
    page = pages(dataclasses.replace(ruleset, rules=(rule,), folders=()))["en/MN-10.md"]
    assert "<script>|" not in page
    assert "\n# z" not in page


def test_every_word_of_a_closed_list_that_a_rule_uses_is_put_into_words() -> None:
    listed = {
        "ask",
        "any_of",
        "aspect",
        "check",
        "narrow",
        "setting",
        "storages",
        "servers",
        "roles",
        "systems",
        "zones",
    }
    for rule in load_ruleset().rules:
        for check in rule.checks:
            for name in listed & check.written.keys():
                held = check.written[name]
                for one in held if isinstance(held, list) else [held]:
                    words = value_in_words(one, {}, Language.JA)
                    assert words != one or one in ("csirt", "snmp"), (rule.id, name, one)


def test_a_threshold_stands_in_the_part_that_is_about_it() -> None:
    ruleset = load_ruleset()
    page = pages(ruleset)["en/NW-15.md"]
    assert "kept for 365 (" in page and "{value}" not in page


def test_the_index_names_the_rules_of_each_layer() -> None:
    ruleset = load_ruleset()
    assert layers_of(ruleset.rule("MN-01")) == ("my_number", "lgwan")
    assert layers_of(ruleset.rule("MN-10")) == ("my_number",)
    assert layers_of(ruleset.rule("LG-01")) == ("lgwan", "internet")
    assert layers_of(ruleset.rule("EV-01")) == ()
    page = pages(ruleset)["ja/README.md"]
    assert "## 層" in page and "- マイナンバー利用事務系: " in page
