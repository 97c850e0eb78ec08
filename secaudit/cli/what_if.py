"""`secaudit what-if DIR`"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator
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
from secaudit.municipality.model import Model
from secaudit.text.bilingual import Text
from secaudit.text.dates import today_in_japan

if TYPE_CHECKING:
    from secaudit.audit.result import AuditResult, RuleSummary
    from secaudit.audit.what_if import ChangedPair, ChangedResult, WhatIf

_OUTCOMES = {
    "pass": say("適合", "pass"),
    "fail": say("不適合", "fail"),
    "not_applicable": say("対象外", "not applicable"),
    "undetermined": say("確認不能", "undetermined"),
    "error": say("評価エラー", "error"),
}
_EFFECTS = {
    "fails": say("不適合となる判定", "results that would fail"),
    "undetermined": say("確認不能となる判定", "results that would be undetermined"),
    "freed": say("解消する判定", "results that would be freed"),
}
_NEEDS = {
    "attestation": say("申告", "attestation"),
    "document": say("資料", "document"),
    "register": say("台帳", "register"),
    "exception": say("例外措置", "exception"),
}


@click.command(
    "what-if",
    cls=Command,
    help=say(
        "監査フォルダを別のモデルや版で評価し、変わる判定、台帳、領域間の通信、準備すべきものを示す。フォルダは変更しない。",
        "Judges a folder under another model or edition: results, register, flows that change, and what to prepare. "
        "Changes nothing in it.",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--model", type=click.Choice([one.value for one in Model]), help=say("評価するモデル", "model to judge under")
)
@click.option("--edition", metavar="EDITION", help=say("評価する版(例: mic-2022-03)", "edition, such as mic-2022-03"))
@click.option(
    "--fail-on",
    type=click.Choice(list(SEVERITIES)),
    default="low",
    help=say(
        "この重要度以上の判定が新たに不適合となれば終了コード 1(既定: low)",
        "exit status 1 when something of this severity or above would newly fail (default: low)",
    ),
)
@click.option(
    "--strict",
    is_flag=True,
    help=say("確認不能となるものがあれば終了コード 3", "exit status 3 when something would become undetermined"),
)
@limit_option(10, "変化ごとに表示する範囲の数", "boxes shown a change")
@rules_option
@as_of_option
@quiet_option
@format_option
@language_option
def command(
    folder: Path,
    model: str | None,
    edition: str | None,
    fail_on: str,
    strict: bool,
    limit: int,
    rules: Path | None,
    as_of: datetime.date | None,
    quiet: bool,
    format_: str,
) -> int:
    """Compares and prints; answers with the exit status."""
    from secaudit.audit.what_if import what_if

    show = not quiet and sys.stderr is not None and sys.stderr.isatty()
    chosen = None if model is None else Model(model)
    found = what_if(folder, as_of or today_in_japan(), chosen, edition, limit, _progress if show else None, rules)
    if format_ == "json":
        click.echo(json.dumps(as_json(found), ensure_ascii=False, indent=1))
    else:
        for line in as_lines(found):
            click.echo(line)
    order = list(SEVERITIES)
    worst = found.worst_failure()
    if worst is not None and order.index(worst.value) <= order.index(fail_on):
        return 1
    return 3 if strict and any(one.effect == "undetermined" for one in found.results) else 0


def _progress(step: Text) -> None:
    click.echo(f"… {step.in_(LANGUAGE)}", err=True)


def as_json(found: WhatIf) -> dict[str, Any]:
    """The contract of `what-if --format json`."""
    return {
        "schema_version": "1.0",
        "before": {"edition": found.before.edition, "model": found.before.model},
        "after": {"edition": found.after.edition, "model": found.after.model},
        "results": [
            {
                "effect": one.effect.value,
                "rule": one.rule,
                "subject": one.subject,
                "severity": one.severity.value,
                "before": None if one.before is None else one.before.value,
                "after": None if one.after is None else one.after.value,
                "open": one.open,
            }
            for one in found.results
        ],
        "rules_begin": [one.id for one in found.begin],
        "rules_cease": [one.id for one in found.cease],
        "register": [
            {"id": one.id, "title": one.title, "permitted": one.permitted, "reason": _text(one.reason)}
            for one in found.register
        ],
        "pairs": [
            {
                "from": one.source,
                "to": one.destination,
                "before": one.before,
                "after": one.after,
                "codes": list(one.codes),
                "close": list(one.close),
                "maybe_close": list(one.maybe_close),
                "open": list(one.open),
                "openable": list(one.openable),
            }
            for one in found.pairs
        ],
        "prepare": [{"need": one.need.value, "for": one.what, "text": _text(one.text)} for one in found.prepare],
    }


def _text(text: Text) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def as_lines(found: WhatIf) -> Iterator[str]:
    """For a terminal."""
    yield f"{_name(found.before)} → {_name(found.after)}"
    for effect, heading in _EFFECTS.items():
        held = [one for one in found.results if one.effect == effect]
        yield say(f"{heading}: {len(held)} 件", f"{heading}: {len(held)}")
        yield from (f"  {_result_line(one)}" for one in held)
    yield from _rule_lines(say("適用が始まるルール", "rules that begin to hold"), found.begin)
    yield from _rule_lines(say("適用が終わるルール", "rules that cease to hold"), found.cease)
    yield say(f"台帳の変化: {len(found.register)} 件", f"register entries that change: {len(found.register)}")
    for entry in found.register:
        state = say("認められる", "permitted") if entry.permitted else say("認められない", "refused")
        reason = "" if entry.permitted else f": {entry.reason.in_(LANGUAGE)}"
        yield f"  {entry.id} {entry.title} → {state}{reason}"
    yield say(f"領域間の通信の変化: {len(found.pairs)} 組", f"zone pairs that change: {len(found.pairs)}")
    for pair in found.pairs:
        yield from _pair_lines(pair)
    yield say(f"準備すべきもの: {len(found.prepare)} 件", f"to prepare: {len(found.prepare)}")
    yield from (f"  [{_NEEDS[one.need.value]}] {one.what}: {one.text.in_(LANGUAGE)}" for one in found.prepare)


def _name(result: AuditResult) -> str:
    return f"{result.edition} {result.model_title.in_(LANGUAGE)}"


def _result_line(one: ChangedResult) -> str:
    none = say("なし", "none")
    before, after = (none if side is None else _OUTCOMES[side.value] for side in (one.before, one.after))
    head = f"[{SEVERITIES[one.severity.value]}] {one.rule} {one.rule_title.in_(LANGUAGE)}"
    return f"{head}: {one.title.in_(LANGUAGE)}: {before} → {after}"


def _rule_lines(heading: str, rules: tuple[RuleSummary, ...]) -> Iterator[str]:
    yield say(f"{heading}: {len(rules)} 件", f"{heading}: {len(rules)}")
    yield from (f"  {one.id} {one.title.in_(LANGUAGE)} ({one.clause.in_(LANGUAGE)})" for one in rules)


def _pair_lines(pair: ChangedPair) -> Iterator[str]:
    yield f"  {pair.source} → {pair.destination}: {pair.before} → {pair.after}"
    codes = ", ".join(pair.codes)
    for heading, boxes in (
        (say("閉じる必要がある通信", "to be closed"), pair.close),
        (say("閉じる必要があるかもしれない通信", "may have to be closed"), pair.maybe_close),
        (say("台帳により開くことができる通信", "may be opened, already registered"), pair.open),
        (
            say(f"台帳に登録すれば開くことができる範囲({codes})", f"what new entries could open ({codes})"),
            pair.openable,
        ),
    ):
        if boxes:
            yield f"    {heading}:"
            yield from (f"      {box}" for box in boxes)
