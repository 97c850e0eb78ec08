"""`secaudit attest DIR`"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secaudit.cli.commands import Command
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import as_of_option, format_option, language_option, rules_option
from secaudit.cli.output import check_output_folder
from secaudit.errors import UsageError
from secaudit.text.bilingual import Text
from secaudit.text.dates import today_in_japan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secaudit.attest.questions import Question, Questionnaire


@click.command(
    "attest",
    cls=Command,
    help=say(
        "設定からは確かめられない事項(申告)を一問ずつ尋ね、答えるたびに attestations.yaml に書き足す。"
        "端末の代わりに Excel の表でも答えられる(--xlsx、--read)。",
        "Ask one by one what no configuration shows, and add each answer to attestations.yaml. "
        "An Excel sheet can be filled in instead (--xlsx, --read).",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--rule", "only", multiple=True, metavar="ID", help=say("この番号だけ(繰り返せる)", "only this id (repeatable)")
)
@click.option("--all", "all_", is_flag=True, help=say("回答済みのものも尋ねる", "also those already answered"))
@click.option("--list", "list_", is_flag=True, help=say("全ての質問とその状態を示す", "every question with its state"))
@click.option(
    "--xlsx",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=say("質問を Excel の記入表として書く", "write the questions as an Excel sheet"),
)
@click.option(
    "--read",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=say(
        "記入した表を取り込む。誤りがあれば何も書かない", "read a filled-in sheet; with a mistake, nothing is written"
    ),
)
@click.option(
    "--skip-bad",
    is_flag=True,
    help=say("--read で、正しい行だけを取り込む", "with --read, write the rows that are right"),
)
@rules_option
@format_option
@as_of_option
@language_option
def command(
    folder: Path,
    only: tuple[str, ...],
    all_: bool,
    list_: bool,
    xlsx: Path | None,
    read: Path | None,
    skip_bad: bool,
    rules: Path | None,
    format_: str,
    as_of: datetime.date | None,
) -> int:
    """Asks, lists, writes a sheet, or reads one; status 2 when a sheet has mistakes."""
    _check_options(list_, xlsx, read, skip_bad, format_, narrowed=bool(only) or all_)
    from secaudit.attest.questions import questions_of

    asked = questions_of(folder, as_of or today_in_japan(), rules)
    if list_:
        return _list(asked, format_)
    if read is not None:
        return _read(asked, read, skip_bad)
    chosen = tuple(asked.question(one) for one in only) or (asked.questions if all_ else asked.unanswered)
    if not chosen:
        from secaudit.attest.listing import totals

        click.echo(
            say("答えるべき質問はない。", "There is nothing left to answer.") + " " + totals(asked).in_(LANGUAGE)
        )
        return 0
    return _ask(asked, chosen) if xlsx is None else _write(asked, chosen, xlsx)


def _check_options(
    list_: bool, xlsx: Path | None, read: Path | None, skip_bad: bool, format_: str, *, narrowed: bool
) -> None:
    chosen = [name for name, given in (("--list", list_), ("--xlsx", xlsx), ("--read", read)) if given]
    one = Text(ja="どちらか一つだけを指定する。", en="give only one of them")
    for wrong, names in (
        (len(chosen) > 1, chosen),
        (narrowed and (list_ or read is not None), [*chosen, "--rule / --all"]),
    ):
        if wrong:
            raise UsageError(
                Text(ja="・".join(names) + " は同時に使えない。", en=" and ".join(names) + " do not go together"), one
            )
    if skip_bad and read is None:
        raise UsageError(
            Text(ja="--skip-bad は --read と共に使う。", en="--skip-bad goes with --read"),
            Text(ja="--read ファイル を加える。", en="add --read FILE"),
        )
    if format_ != "text" and not list_:
        raise UsageError(
            Text(ja="--format は --list と共に使う。", en="--format goes with --list"),
            Text(ja="--list を加える。", en="add --list"),
        )


def _list(asked: Questionnaire, format_: str) -> int:
    from secaudit.attest.listing import listed, listed_json

    if format_ == "json":
        click.echo(json.dumps(listed_json(asked), ensure_ascii=False, indent=1))
    else:
        for line in listed(asked, LANGUAGE):
            click.echo(line)
    return 0


class _Console:
    """The terminal of this run."""

    def say(self, line: str) -> None:
        """One line on stdout."""
        click.echo(line)

    def ask(self, prompt: str) -> str:
        """What is typed behind the prompt."""
        click.echo(prompt, nl=False)
        return input()


def _ask(asked: Questionnaire, chosen: Sequence[Question]) -> int:
    from secaudit.attest.interview import Interview

    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            Text(ja="端末ではないため、質問に答えられない。", en="this is no terminal, so nobody can answer"),
            Text(
                ja="端末で実行するか、--xlsx 申告.xlsx で記入表を作り、記入後に --read 申告.xlsx で取り込む。",
                en="run it in a terminal, or make a sheet with --xlsx FILE.xlsx and read it with --read FILE.xlsx",
            ),
        )
    interview = Interview(asked, _Console(), LANGUAGE)
    try:
        interview.run(chosen)
    finally:
        done = len(interview.recorded)
        click.echo("")
        click.echo(
            say(
                f"{done}件を記録した。続きは同じコマンドで答えられる。",
                f"{done} recorded; the same command goes on with the rest.",
            )
        )
    return 0


def _write(asked: Questionnaire, chosen: Sequence[Question], file: Path) -> int:
    from secaudit.attest.workbook import workbook_bytes
    from secaudit.files import write_atomically

    if file.suffix.lower() != ".xlsx":
        raise UsageError(
            Text(ja=f"ファイル名は .xlsx で終わるものとする: {file}", en=f"the name must end in .xlsx: {file}"),
            Text(ja="例: --xlsx 申告.xlsx", en="for example --xlsx statements.xlsx"),
        )
    if file.exists():
        raise UsageError(
            Text(
                ja=f"既にあるファイルには書かない（記入した内容が失われるため）: {file}",
                en=f"{file} exists and may have been filled in, so it is not overwritten",
            ),
            Text(ja="別の名前を指定する。", en="give another name"),
        )
    check_output_folder(file.parent, asked.root)
    write_atomically(file, workbook_bytes(asked, chosen, LANGUAGE))
    click.echo(file.as_posix())
    click.echo(
        say(
            f'質問 {len(chosen)} 件。記入後に: secaudit attest "{asked.root}" --read "{file}"',
            f'{len(chosen)} questions; once filled in: secaudit attest "{asked.root}" --read "{file}"',
        )
    )
    return 0


def _read(asked: Questionnaire, file: Path, skip_bad: bool) -> int:
    from secaudit.attest.listing import left_wanting
    from secaudit.attest.questions import questions_of
    from secaudit.attest.reading import read_answers
    from secaudit.attest.writing import append_answers
    from secaudit.report.wrapping import visible

    found = read_answers(file, file.as_posix(), asked)
    for mistake in found.mistakes:
        click.echo(mistake.message().in_(LANGUAGE), err=True)
    written = () if found.mistakes and not skip_bad else append_answers(asked.root, found.drafts)
    for id_, draft in zip(written, found.drafts, strict=False):
        click.echo(f"{id_} {draft.subject}")
    again = questions_of(asked.root, asked.as_of, asked.given) if written else asked
    for wanting in left_wanting(again, [draft.subject for _, draft in zip(written, found.drafts, strict=False)]):
        click.echo(visible(wanting.in_(LANGUAGE)))
    wrong, known, new = len(found.mistakes), found.already_there, len(written)
    click.echo(
        say(
            f"取り込んだ申告 {new} 件、既に記録されていたもの {known} 件、誤り {wrong} 件",
            f"{new} statements read, {known} already there, {wrong} mistakes",
        )
    )
    if not found.mistakes:
        return 0
    if not skip_bad:
        click.echo(
            say(
                "誤りがあるため何も書いていない。直してから再び取り込むか、--skip-bad で正しい行だけを取り込む。",
                "Nothing was written because of the mistakes. Mend them and read again, or add --skip-bad for the right rows.",
            ),
            err=True,
        )
    return 2
