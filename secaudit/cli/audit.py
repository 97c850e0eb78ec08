"""`secaudit audit DIR`"""

from __future__ import annotations

import datetime
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secaudit.cli.commands import Command
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import (
    SEVERITIES,
    as_of_option,
    language_option,
    quiet_option,
    rules_option,
    verbose_option,
)
from secaudit.cli.output import check_output_folder
from secaudit.errors import UsageError
from secaudit.text.bilingual import Text
from secaudit.text.dates import today_in_japan

if TYPE_CHECKING:
    from secaudit.audit.result import AuditResult
    from secaudit.rules.result import RuleResult

_DEFAULT_OUT = Path("secaudit-out")


@click.command(
    "audit",
    cls=Command,
    help=say(
        "監査フォルダを監査し、OUT/result.json と OUT/report.html を書く。",
        "Audit a folder and write OUT/result.json and OUT/report.html.",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help=say("結果を書くフォルダ(既定: ./secaudit-out/団体コード)", "where to write (default: ./secaudit-out/CODE)"),
)
@click.option(
    "--fail-on",
    type=click.Choice(list(SEVERITIES)),
    default="low",
    help=say(
        "この重要度以上の不適合があれば終了コード 1(既定: low)",
        "exit status 1 when something of this severity or above failed (default: low)",
    ),
)
@click.option(
    "--strict",
    is_flag=True,
    help=say("確認不能が残れば終了コード 3", "exit status 3 when something stayed undetermined"),
)
@rules_option
@as_of_option
@quiet_option
@verbose_option
@language_option
def command(
    folder: Path,
    out: Path | None,
    fail_on: str,
    strict: bool,
    rules: Path | None,
    as_of: datetime.date | None,
    quiet: bool,
    verbose: bool,
) -> int:
    """Audits, writes, prints a summary, and answers with the exit status."""
    from secaudit.audit.run import audit_folder

    _check_is_whole_folder(folder)
    check_output_folder(out or _DEFAULT_OUT, folder)
    day = as_of or today_in_japan()
    show = not quiet and (verbose or (sys.stderr is not None and sys.stderr.isatty()))
    result = audit_folder(folder, day, _progress if show else None, rules)
    target = out or _DEFAULT_OUT / result.code
    write_outputs(result, target)
    for line in summary_lines(result, target, unsettled=verbose):
        click.echo(line)
    return exit_status(result, fail_on, strict)


def _check_is_whole_folder(folder: Path) -> None:
    """Raises `UsageError` for a part of an audit folder, named instead of the whole."""
    parent = folder.parent if folder.parent != Path() else Path()
    part = folder.name == "municipality.yaml" or (folder.name in ("configs", "probes") and folder.is_dir())
    if part and not (folder / "municipality.yaml").exists() and (parent / "municipality.yaml").is_file():
        raise UsageError(
            Text(ja=f"監査フォルダの一部である: {folder}", en=f"this is a part of an audit folder: {folder}"),
            Text(
                ja=f'監査フォルダを指定する: secaudit audit "{parent}"',
                en=f'name the folder: secaudit audit "{parent}"',
            ),
        )


def _progress(step: Text) -> None:
    click.echo(f"… {step.in_(LANGUAGE)}", err=True)


def write_outputs(result: AuditResult, out: Path) -> None:
    """`result.json` and `report.html`, each written whole or not at all, and neither unless both could be made."""
    from secaudit.audit.result_json import to_json
    from secaudit.files import write_atomically
    from secaudit.report.html import render_html

    made = {"result.json": to_json(result), "report.html": render_html(result, LANGUAGE)}
    for name, content in made.items():
        write_atomically(out / name, content)


def summary_lines(result: AuditResult, out: Path, *, unsettled: bool = False) -> list[str]:
    """What a person wants to know first; with `unsettled` also every undetermined result and why it is one."""
    from secaudit.report.environment import percent
    from secaudit.report.exceptions import exception_notes
    from secaudit.rules.result import Outcome

    rates = result.rates
    titles = {rule.id: rule.title for rule in result.rules}
    lines = [
        f"{result.prefecture}{result.name} ({result.code})  {result.as_of.isoformat()}  {result.edition} {result.model_title.in_(LANGUAGE)}",
        say(
            f"適合 {rates.passed}  不適合 {rates.failed}(うち例外措置 {rates.excepted})  確認不能 {rates.undetermined}"
            f"  評価エラー {rates.errors}  対象外 {rates.not_applicable}",
            f"pass {rates.passed}  fail {rates.failed} (excepted {rates.excepted})  undetermined {rates.undetermined}"
            f"  error {rates.errors}  not applicable {rates.not_applicable}",
        ),
        say(
            f"適合率 {percent(rates.compliance)}  確認率 {percent(rates.confirmation)}",
            f"compliance {percent(rates.compliance)}  confirmation {percent(rates.confirmation)}",
        ),
    ]
    lines += _deviation_lines(result)
    if rates.excepted:
        after = percent(rates.compliance_after_exceptions)
        lines.append(say(f"適合率(例外措置を考慮) {after}", f"compliance with exceptions {after}"))
    lines += [f"! {problem.in_(LANGUAGE)}" for problem in result.problems]
    lines += [f"! {note.in_(LANGUAGE)}" for note in exception_notes(result)]
    order = {severity: position for position, severity in enumerate(SEVERITIES)}
    shown = [one for one in result.results if one.outcome in (Outcome.FAIL, Outcome.ERROR)]
    shown.sort(key=lambda one: (order[one.severity.value], one.rule, one.subject.name))
    # A rule with several questions may fail more than once at one place.
    for line, times in Counter(_in_one_line(one, titles[one.rule]) for one in shown).items():
        lines.append(line if times == 1 else say(f"{line} {times}件", f"{line}, {times} results"))
    if unsettled:
        for one in result.results:
            if one.outcome is Outcome.UNDETERMINED:
                lines.append(f"[?] {one.rule} {titles[one.rule].in_(LANGUAGE)}: {one.subject.title.in_(LANGUAGE)}")
                lines += [f"      {fact.in_(LANGUAGE)}" for fact in one.facts]
                lines += [f"      → {need.in_(LANGUAGE)}" for need in one.needs]
    elif rates.undetermined:
        lines.append(
            say(
                f"確認不能 {rates.undetermined} 件の理由と提出すべき資料は報告書を参照。",
                f"see the report for the reasons of {rates.undetermined} undetermined results and what to submit",
            )
        )
    lines.append(say(f"報告書: {out / 'report.html'}", f"report: {out / 'report.html'}"))
    return lines


def _in_one_line(one: RuleResult, title: Text) -> str:
    where = f" ({one.evidence[0].file}:{one.evidence[0].line})" if one.evidence and one.evidence[0].line else ""
    severity = SEVERITIES[one.severity.value]
    return f"[{severity}] {one.rule} {title.in_(LANGUAGE)}: {one.subject.title.in_(LANGUAGE)}{where}"


def _deviation_lines(result: AuditResult) -> list[str]:
    """One line that says how the ruleset differs from the shipped one, and one for what weighs most."""
    if not result.deviations:
        return []
    kinds = [one.kind for one in result.deviations]
    tightened = kinds.count("tightened") + kinds.count("threshold_tightened")
    loosened = kinds.count("loosened") + kinds.count("threshold_loosened")
    added, off = kinds.count("added"), kinds.count("off")
    lines = [
        say(
            f"独自ルールセット: 追加 {added}  強化 {tightened}  緩和 {loosened}  適用除外 {off}(内容は報告書を参照)",
            f"own ruleset: {added} added, {tightened} tightened, {loosened} loosened, {off} switched off (see the report)",
        )
    ]
    critical = [one.subject for one in result.deviations if one.kind == "off" and one.severity == "critical"]
    if critical:
        named = ", ".join(critical)
        lines.append(say(f"! 重大なルールが適用されていない: {named}", f"! critical rules are switched off: {named}"))
    return lines


def exit_status(result: AuditResult, fail_on: str, strict: bool) -> int:
    """1 when something open at or above `fail_on` failed, 3 when `strict` and something is not settled, else 0."""
    from secaudit.rules.result import Disposition, Outcome

    order = list(SEVERITIES)
    limit = order.index(fail_on)
    for one in result.results:
        settled = one.disposition is Disposition.EXCEPTED
        if one.outcome is Outcome.FAIL and not settled and order.index(one.severity.value) <= limit:
            return 1
    unsure = (Outcome.UNDETERMINED, Outcome.ERROR)
    for_reference = {rule.id for rule in result.rules if rule.reference_only}
    if strict and any(one.outcome in unsure and one.rule not in for_reference for one in result.results):
        return 3
    return 0
