"""`--rules`: every command that judges or asks follows the ruleset of somebody else."""

from __future__ import annotations

from pathlib import Path

from tests.cli.folders import AS_OF, Folder, small_folder
from tests.cli.program import secaudit

HEAD = """id: pref
title: {ja: "県", en: Prefecture}
version: "1.0.0"
extends: mic
decided_by: 県情報政策課長
decided_on: 2026-04-01
"""
OFF = HEAD + "changes:\n  - {rule: HD-03-TELNET, off: true, reason: 試行, decided_by: 県, decided_on: 2026-04-01}\n"
CHAPTER = HEAD + (
    "chapters:\n  - {id: prefecture, controls: [KEN], statutory_fields: [technical], title: {ja: 県の検査, en: Checks of the prefecture}}\n"
)
RULE = """id: KEN-01
kind: attestation
title: {ja: 県への報告, en: Report to the prefecture}
requirement: {ja: 県に報告していること。, en: It is reported.}
remedy: {ja: 報告する。, en: Report it.}
clause: {mic-2018-09: {ja: 県の要綱, en: Rules of the prefecture}}
models: [alpha]
severity: low
needs: [attestation]
reference: {confidence: derived, source: prefecture}
"""


def ruleset(folder: Path, head: str, rule: str | None = None) -> Path:
    (folder / "prefecture").mkdir(parents=True)
    (folder / "ruleset.yaml").write_text(head, encoding="utf-8")
    if rule is not None:
        (folder / "prefecture/KEN-01.yaml").write_text(rule, encoding="utf-8")
    return folder


def test_diff_judges_both_folders_by_it(tmp_path: Path) -> None:
    old, new = small_folder(tmp_path / "old"), small_folder(tmp_path / "new")
    new.change("configs/rt-inet.txt", "telnetd service off", "telnetd service on")
    rules = ruleset(tmp_path / "県 ルール", OFF)
    common = ("diff", old.path, new.path, "--as-of", AS_OF, "--format", "json")
    plain, own = (secaudit(*common, *more).json()["results"] for more in ((), ("--rules", rules)))
    assert "HD-03-TELNET" in {one["rule"] for one in plain}
    assert {one["rule"] for one in plain} - {one["rule"] for one in own} == {"HD-03-TELNET"}


def test_attest_asks_what_it_asks(folder: Folder, tmp_path: Path) -> None:
    rules = ruleset(tmp_path / "r", CHAPTER, RULE)
    common = ("attest", folder.path, "--list", "--as-of", AS_OF, "--format", "json")
    plain, own = (
        {one["rule"] for one in secaudit(*common, *more).json()["questions"]} for more in ((), ("--rules", rules))
    )
    assert own - plain == {"KEN-01"}


def test_what_if_judges_by_it(folder: Folder, tmp_path: Path) -> None:
    """The rule is for model α only: under β it is not asked any more."""
    rules = ruleset(tmp_path / "r", CHAPTER, RULE)
    common = ("what-if", folder.path, "--model", "beta", "--as-of", AS_OF, "--format", "json")
    plain, own = (
        {one["rule"] for one in secaudit(*common, *more).json()["results"]} for more in ((), ("--rules", rules))
    )
    assert own - plain == {"KEN-01"}
