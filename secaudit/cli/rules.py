"""`secaudit rules list|show|test|docs`"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secaudit.cli.commands import Group
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import SEVERITIES, format_option, language_option, rules_option
from secaudit.errors import UsageError
from secaudit.municipality.model import Model
from secaudit.text.bilingual import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secaudit.rules.demands import Demand
    from secaudit.rules.fixtures.run import RuleReport
    from secaudit.rules.rule import Rule, Ruleset


@click.group(
    "rules",
    cls=Group,
    help=say("検査ルールの一覧、説明、検査例、文書。", "The rules: what they ask, their fixtures, their pages."),
)
@language_option
def command() -> None:
    """Groups the commands about rules."""


@command.command("list", help=say("ルールを一行ずつ示す。", "One line a rule."))
@click.option(
    "--chapter", metavar="CHAPTER", help=say("この章だけ(例: my-number)", "only this chapter (such as my-number)")
)
@click.option(
    "--kind", metavar="KIND", help=say("この種類の検査を含むものだけ", "only those with a check of this kind")
)
@click.option(
    "--model", type=click.Choice([one.value for one in Model]), help=say("このモデルのものだけ", "only for this model")
)
@click.option(
    "--edition",
    metavar="EDITION",
    help=say("この版に根拠のあるものだけ(例: mic-2026-03)", "only those that this edition asks for"),
)
@rules_option
@format_option
@language_option
def list_rules(
    chapter: str | None, kind: str | None, model: str | None, edition: str | None, rules: Path | None, format_: str
) -> None:
    """Lists the ruleset."""
    from secaudit.policy import editions
    from secaudit.rules.kind import all_kinds

    ruleset = _ruleset(rules)
    _known(chapter, [one.id for one in ruleset.chapters], Text(ja="章", en="chapter"))
    _known(kind, list(all_kinds()), Text(ja="検査の種類", en="kind"))
    _known(edition, list(editions()), Text(ja="版", en="edition"))
    found = [
        rule
        for rule in ruleset.rules
        if chapter in (None, rule.chapter)
        and (kind is None or any(check.kind.name == kind for check in rule.checks))
        and (model is None or Model(model) in rule.models)
        and (edition is None or edition in rule.clauses)
    ]
    if format_ == "json":
        document = {"schema_version": "1.0", "rules": [_rule_json(rule) for rule in found]}
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
        return
    for rule in found:
        severity = SEVERITIES[rule.severity.value]
        off = say("(適用除外) ", "(off) ") if rule.off is not None else ""
        click.echo(f"{rule.id:16} [{severity}] {rule.kind:18} {rule.chapter:12} {off}{rule.title.in_(LANGUAGE)}")


def _rule_json(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "kind": rule.kind,
        "severity": rule.severity.value,
        "title": {"ja": rule.title.ja, "en": rule.title.en},
        "chapter": rule.chapter,
        "control": rule.control,
        "needs": [one.value for one in rule.needs],
        "models": [one.value for one in rule.models],
        "editions": list(rule.clauses),
        "off": rule.off is not None,
    }


def _ruleset(folder: Path | None) -> Ruleset:
    from secaudit.rules.own import ruleset_for

    return ruleset_for(None, folder)


def _known(word: str | None, known: list[str], what: Text) -> None:
    """Raises `UsageError` for a word that does not exist, with the nearest one."""
    from secaudit.text.yaml_schema import unknown_word

    if word is not None and word not in known:
        raise UsageError(
            Text(ja=f"そのような{what.ja}はない: {word}", en=f"no such {what.en}: {word}"), unknown_word(word, known)
        )


def _show_demand(demand: Demand) -> None:
    """The statement that a rule rests on."""
    click.echo(say("申告", "statement") + (f" ({demand.subject}):" if demand.subject else ":"))
    click.echo(say("  求める文書: ", "  document: ") + demand.document_in_words().in_(LANGUAGE))
    click.echo(say("  申告できる役割: ", "  stated by: ") + demand.roles_in_words().in_(LANGUAGE))
    click.echo(say("  有効な期間: ", "  fresh: ") + demand.age_in_words().in_(LANGUAGE))
    if demand.only_where_needed:
        click.echo(
            say("  設定ファイルから判断できない機器に限る。", "  only about devices whose configuration does not tell")
        )
    for item in demand.items:
        click.echo(say("  項目: ", "  item: ") + item.title.in_(LANGUAGE))


@command.command("show", help=say("一つのルールを詳しく示す。", "One rule in full."))
@click.argument("rule_id", metavar="ID")
@rules_option
@language_option
def show_rule(rule_id: str, rules: Path | None) -> None:
    """Shows one rule."""
    ruleset = _ruleset(rules)
    known = {rule.id: rule for rule in ruleset.rules}
    if rule_id not in known:
        raise UsageError(
            Text(ja=f"そのようなルールはない: {rule_id}", en=f"no such rule: {rule_id}"),
            Text(ja="一覧は secaudit rules list。", en="secaudit rules list names them all"),
        )
    rule = known[rule_id]
    click.echo(f"{rule.id}  {rule.title.in_(LANGUAGE)}  [{SEVERITIES[rule.severity.value]}]")
    for edition, clause in sorted(rule.clauses.items()):
        click.echo(f"  {edition}: {clause.in_(LANGUAGE)}")
    click.echo(say("要件: ", "requirement: ") + rule.requirement.in_(LANGUAGE))
    click.echo(say("改善: ", "remedy: ") + rule.remedy.in_(LANGUAGE))
    click.echo(say("証跡: ", "evidence: ") + ", ".join(kind.value for kind in rule.needs))
    for demand in dict.fromkeys(rule.demands):
        _show_demand(demand)
    click.echo(say("要件の確度: ", "confidence: ") + f"{rule.confidence.value} ({rule.reference})")
    if rule.reference_only:
        click.echo(say("参考としてのみ示す。", "For reference only."))
    for one in ruleset.deviations:
        if one.subject == rule.id:
            click.echo(f"* {one.ruleset}: {one.what.in_(LANGUAGE)} ({one.decided_by}, {one.decided_on})")


@command.command(
    "test",
    help=say(
        "ルールセットの検査例(FOLDER/fixtures/ID/判定-内容.yaml)を実行する。FOLDER を省くと標準のルールセット。一致しなければ終了コード 1。",
        "Run the fixtures of a ruleset (FOLDER/fixtures/ID/OUTCOME-WHAT.yaml); without FOLDER the shipped one. Exit status 1 when one disagrees.",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="[FOLDER]", required=False)
@rules_option
@format_option
@language_option
def test_rules(folder: Path | None, rules: Path | None, format_: str) -> int:
    """Runs fixtures."""
    from secaudit.rules.fixtures.run import run_fixtures
    from secaudit.rules.own import load_own_ruleset

    ruleset = _ruleset(rules) if folder is None else load_own_ruleset(folder, rules)
    reports = list(run_fixtures(ruleset))
    if format_ == "json":
        click.echo(json.dumps(_reports_json(ruleset, reports), ensure_ascii=False, indent=1))
    else:
        for line in _report_lines(reports):
            click.echo(line)
    return 0 if all(report.good for report in reports) else 1


def _report_lines(reports: list[RuleReport]) -> Iterable[str]:
    for report in reports:
        wrong = {name for name, _ in report.disagreements}
        mark = say("一致", "ok") if report.good else say("不一致", "FAILED")
        yield f"{report.rule:16} {mark:8} {len(report.fixtures) - len(wrong)}/{len(report.fixtures)}"
        for name, text in report.disagreements:
            yield f"  {name}: {text.in_(LANGUAGE)}"
        for outcome in report.missing:
            yield "  " + say(f"{outcome.value}- の検査例がない", f"there is no fixture {outcome.value}-*.yaml")
    good = sum(report.good for report in reports)
    total = sum(len(report.fixtures) for report in reports)
    yield say(
        f"ルール {len(reports)} 件(検査例 {total} 件)のうち {good} 件が一致",
        f"{good} of {len(reports)} rules agree with their fixtures ({total} in all)",
    )


def _reports_json(ruleset: Ruleset, reports: list[RuleReport]) -> dict[str, Any]:
    return {
        "schema_version": "1.0",
        "ruleset": ruleset.id,
        "rules": [
            {
                "id": report.rule,
                "good": report.good,
                "fixtures": list(report.fixtures),
                "missing": [one.value for one in report.missing],
                "disagreements": [
                    {"fixture": name, "text": {"ja": text.ja, "en": text.en}} for name, text in report.disagreements
                ],
            }
            for report in reports
        ],
    }


@command.command(
    "docs",
    help=say(
        "ルールごとの説明の頁、索引、ガイドラインの網羅状況を OUT/ja と OUT/en に Markdown で書く。",
        "Write a page for every rule, indexes and the coverage of the guideline as Markdown to OUT/ja and OUT/en.",
    ),
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help=say("書く場所", "where to write")
)
@rules_option
@language_option
def write_docs(out: Path, rules: Path | None) -> None:
    """Writes the pages."""
    from secaudit.cli.output import check_output_folder
    from secaudit.files import write_atomically
    from secaudit.rules.documentation.pages import pages

    check_output_folder(out)
    made = pages(_ruleset(rules))
    for name, content in made.items():
        write_atomically(out / name, content)
    click.echo(say(f"{len(made)} 頁を書いた: {out}", f"{len(made)} pages written to {out}"))
