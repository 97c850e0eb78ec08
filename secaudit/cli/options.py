"""Options that several commands share."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from secaudit.cli.language import say
from secaudit.text.dates import parse_date

Command = TypeVar("Command", bound=Callable[..., Any])


if TYPE_CHECKING:
    DateParameter = click.ParamType[datetime.date]
else:  # generic only since click 8.5
    DateParameter = click.ParamType


SEVERITIES = {
    "critical": say("重大", "critical"),
    "high": say("高", "high"),
    "medium": say("中", "medium"),
    "low": say("低", "low"),
}
"""The severities by their ids, most severe first, with their names."""


class Day(DateParameter):
    """A date, western or Japanese: 2026-04-01, 令和8年4月1日, R8.4.1."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime.date:
        if isinstance(value, datetime.date):
            return value
        try:
            return parse_date(str(value))
        except ValueError:
            self.fail(
                say(
                    f"日付を読み取れません: {value}(例: 2026-04-01、令和8年4月1日、R8.4.1)",
                    f"not a date: {value} (for example 2026-04-01, 令和8年4月1日 or R8.4.1)",
                )
            )


def language_option(command: Command) -> Command:
    """`--lang`; already evaluated by `secaudit.cli.language`, named here so that click accepts and documents it."""
    return click.option(
        "--lang",
        type=click.Choice(["ja", "en"]),
        expose_value=False,
        help=say(
            "表示の言語(既定: 日本語ロケールまたは未設定なら ja)",
            "language (default: ja when the locale is Japanese or unset)",
        ),
    )(command)


def quiet_option(command: Command) -> Command:
    """`-q`: no progress on stderr."""
    return click.option("-q", "--quiet", is_flag=True, help=say("途中経過を表示しない", "show no progress"))(command)


def verbose_option(command: Command) -> Command:
    """`-v`: progress also where stderr is no terminal, and the reasons of what stayed undetermined."""
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help=say("途中経過と、確認不能の理由も表示する", "show progress and why results stayed undetermined"),
    )(command)


def rules_option(command: Command) -> Command:
    """`--rules`: a ruleset of somebody else, such as a prefecture's."""
    return click.option(
        "--rules",
        type=click.Path(path_type=Path),
        default=None,
        metavar="FOLDER",
        help=say(
            "都道府県等の独自ルールセットのフォルダ(ruleset.yaml のあるもの)",
            "folder of an own ruleset, such as a prefecture's (it holds ruleset.yaml)",
        ),
    )(command)


def limit_option(usual: int, ja: str, en: str) -> Callable[[Command], Command]:
    """`--limit`: how many are shown of what the two texts name."""
    return click.option(
        "--limit",
        default=usual,
        type=click.IntRange(1, 10000),
        metavar="N",
        help=say(f"{ja}(既定: {usual})", f"{en} (default: {usual})"),
    )


def as_of_option(command: Command) -> Command:
    """`--as-of`: the day for which dates are judged."""
    return click.option(
        "--as-of",
        type=Day(),
        default=None,
        help=say(
            "判定の基準日(特に断りがなければ今日)。同じ入力と基準日なら結果は同一",
            "the day to judge for (today unless said otherwise); same inputs and day give the same result",
        ),
    )(command)


def format_option(command: Command) -> Command:
    """`--format text|json`."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(["text", "json"]),
        default="text",
        help=say("出力の形式", "output format"),
    )(command)
