"""`secaudit diff OLD NEW`"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secaudit.cli.commands import Command
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import (
    SEVERITIES,
    as_of_option,
    format_option,
    language_option,
    limit_option,
    quiet_option,
    rules_option,
)
from secaudit.errors import UsageError
from secaudit.text.bilingual import Text
from secaudit.text.dates import today_in_japan

if TYPE_CHECKING:
    from secaudit.audit.changes import FlowChange, FolderChanges, ResultChange


@click.command(
    "diff",
    cls=Command,
    help=say(
        "二つの監査フォルダを比べ、領域間で新たに開いた通信・閉じた通信を正確に示し、変わった判定を示す。"
        "OLD は変更前、NEW は変更後の監査フォルダ。",
        "Compares two audit folders: the flows opened and closed between zones, exactly, and the results that changed.",
    ),
)
@click.argument("old", type=click.Path(path_type=Path), metavar="OLD")
@click.argument("new", type=click.Path(path_type=Path), metavar="NEW")
@limit_option(20, "変化ごとに表示する範囲の数", "boxes shown a change")
@rules_option
@as_of_option
@quiet_option
@format_option
@language_option
def command(
    old: Path, new: Path, limit: int, rules: Path | None, as_of: datetime.date | None, quiet: bool, format_: str
) -> None:
    """Compares and prints."""
    from secaudit.audit.changes import compare_folders

    for path in (old, new):
        if path.is_file():
            raise UsageError(
                Text(ja=f"監査フォルダを指定する: {path}", en=f"name an audit folder: {path}"),
                Text(
                    ja="例: secaudit diff 変更前のフォルダ 変更後のフォルダ",
                    en="for example: secaudit diff FOLDER-BEFORE FOLDER-AFTER",
                ),
            )
    show = not quiet and sys.stderr is not None and sys.stderr.isatty()
    changes = compare_folders(old, new, as_of or today_in_japan(), limit, _progress if show else None, rules)
    for trouble in changes.troubles:
        click.echo(f"! {trouble.in_(LANGUAGE)}", err=True)
    if format_ == "json":
        click.echo(json.dumps(as_json(changes), ensure_ascii=False, indent=1))
    else:
        for line in as_lines(changes):
            click.echo(line)


def _progress(step: Text) -> None:
    click.echo(f"… {step.in_(LANGUAGE)}", err=True)


def as_json(changes: FolderChanges) -> dict[str, Any]:
    """The contract of `diff --format json`."""
    return {
        "schema_version": "1.0",
        "pairs": [
            {"from": pair.source, "to": pair.destination, "changes": [_change_json(one) for one in pair.changes]}
            for pair in changes.pairs
        ],
        "unchanged_pairs": changes.unchanged_pairs,
        "results": [
            {
                "rule": one.rule,
                "subject": one.subject,
                "severity": one.severity.value,
                "before": None if one.before is None else one.before.value,
                "after": None if one.after is None else one.after.value,
            }
            for one in changes.results
        ],
    }


def _change_json(one: FlowChange) -> dict[str, Any]:
    return {
        "change": one.change.value,
        "boxes": list(one.boxes),
        "boxes_omitted": one.boxes_omitted,
        "witness": None if one.witness is None else str(one.witness.packet),
        "lines": [{"file": line.file, "line": line.number, "text": line.text.strip()} for line in one.lines],
    }


_CHANGES = {
    "opened": say("+ 開いた通信", "+ opened"),
    "closed": say("- 閉じた通信", "- closed"),
    "maybe_opened": say("? 開いたかもしれない通信(今は確認不能)", "? may have opened (now undetermined)"),
    "maybe_closed": say("? 閉じたかもしれない通信(今は確認不能)", "? may have closed (now undetermined)"),
    "known_open": say("+ 確認不能だったが、通ると分かった通信", "+ was undetermined, now surely passes"),
    "known_closed": say("- 確認不能だったが、通らないと分かった通信", "- was undetermined, now surely does not pass"),
}
_OUTCOMES = {
    "pass": say("適合", "pass"),
    "fail": say("不適合", "fail"),
    "not_applicable": say("対象外", "not applicable"),
    "undetermined": say("確認不能", "undetermined"),
    "error": say("評価エラー", "error"),
}


def as_lines(changes: FolderChanges) -> list[str]:
    """For a terminal."""
    lines = []
    for pair in changes.pairs:
        lines.append(f"{pair.source} → {pair.destination}")
        for one in pair.changes:
            lines += _change_lines(one)
    if not changes.pairs:
        lines.append(say("領域間の通信に変化はない。", "no flow between zones has changed"))
    else:
        same = changes.unchanged_pairs
        lines.append(say(f"ほかの領域の組 {same} 件に変化はない。", f"the other {same} zone pairs have not changed"))
    if changes.results:
        lines.append(say("判定の変化:", "results that changed:"))
        lines += [f"  {_result_line(one)}" for one in changes.results]
    else:
        lines.append(say("判定に変化はない。", "no result has changed"))
    return lines


def _change_lines(one: FlowChange) -> list[str]:
    lines = [f"  {_CHANGES[one.change.value]}"]
    lines += [f"      {box}" for box in one.boxes]
    if one.boxes_omitted:
        lines.append(say(f"      ほか {one.boxes_omitted} 件", f"      and {one.boxes_omitted} more"))
    if one.witness is not None:
        lines.append(say(f"    実例: {one.witness.packet}", f"    witness: {one.witness.packet}"))
    if one.lines:
        before = one.change.value in ("closed", "maybe_closed", "known_closed")
        heading = (
            say("通していた行(変更前)", "let through by (before)") if before else say("通している行", "let through by")
        )
        lines.append(f"    {heading}:")
        lines += [f"      {line}" for line in one.lines]
    return lines


def _result_line(one: ResultChange) -> str:
    none = say("なし", "none")
    before = none if one.before is None else _OUTCOMES[one.before.value]
    after = none if one.after is None else _OUTCOMES[one.after.value]
    return f"[{SEVERITIES[one.severity.value]}] {one.rule} {one.title.in_(LANGUAGE)}: {before} → {after}"
