"""`secaudit rules list|show`"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from secaudit.cli.commands import Group
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import SEVERITIES, format_option, language_option
from secaudit.errors import UsageError
from secaudit.text.bilingual import Text

if TYPE_CHECKING:
    from secaudit.rules.demands import Demand


@click.group("rules", cls=Group, help=say("検査ルールの一覧と説明。", "The rules and what they ask."))
@language_option
def command() -> None:
    """Groups the commands about rules."""


@command.command("list", help=say("すべてのルールを一行ずつ示す。", "One line a rule."))
@format_option
@language_option
def list_rules(format_: str) -> None:
    """Lists the ruleset."""
    from secaudit.rules.loader import load_ruleset

    rules = load_ruleset().rules
    if format_ == "json":
        found = [
            {
                "id": rule.id,
                "kind": rule.kind,
                "severity": rule.severity.value,
                "title": {"ja": rule.title.ja, "en": rule.title.en},
            }
            for rule in rules
        ]
        click.echo(json.dumps({"schema_version": "1.0", "rules": found}, ensure_ascii=False, indent=1))
        return
    for rule in rules:
        severity = SEVERITIES[rule.severity.value]
        click.echo(f"{rule.id:16} [{severity}] {rule.kind:18} {rule.title.in_(LANGUAGE)}")


def _show_demand(demand: Demand) -> None:
    """The statement that a rule rests on."""
    click.echo(say("申告", "statement") + (f" ({demand.subject}):" if demand.subject else ":"))
    click.echo(say("  求める文書: ", "  document: ") + demand.document_in_words().in_(LANGUAGE))
    click.echo(say("  申告できる役割: ", "  stated by: ") + demand.roles_in_words().in_(LANGUAGE))
    click.echo(say("  有効な期間: ", "  fresh: ") + demand.age_in_words().in_(LANGUAGE))
    for item in demand.items:
        click.echo(say("  項目: ", "  item: ") + item.title.in_(LANGUAGE))


@command.command("show", help=say("一つのルールを詳しく示す。", "One rule in full."))
@click.argument("rule_id", metavar="ID")
@language_option
def show_rule(rule_id: str) -> None:
    """Shows one rule."""
    from secaudit.rules.loader import load_ruleset

    ruleset = load_ruleset()
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
    for demand in dict.fromkeys(check.demand for check in rule.checks):
        if demand is not None:
            _show_demand(demand)
    click.echo(say("要件の確度: ", "confidence: ") + f"{rule.confidence.value} ({rule.reference})")
    if rule.reference_only:
        click.echo(say("参考としてのみ示す。", "For reference only."))
