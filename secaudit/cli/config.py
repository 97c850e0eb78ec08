"""`secaudit config FILE...`"""

from __future__ import annotations

import json
from pathlib import Path

import click

from secaudit.cli.commands import Command
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import format_option, language_option
from secaudit.errors import UsageError
from secaudit.text.bilingual import Text


@click.command(
    "config",
    cls=Command,
    help=say(
        "設定ファイルの機種、読み取れた行と読み取れない行、到達しない行のあるフィルターを示す。",
        "Show the vendor, what was read, unread lines, and filters with unreachable lines.",
    ),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option
@language_option
def command(files: tuple[Path, ...], format_: str) -> int:
    """Describes files; status 2 when one of them cannot be read. What is wrong with a file goes to stderr, the rest to stdout."""
    from secaudit.audit.describe import describe_file
    from secaudit.audit.parts import put_together
    from secaudit.audit.reading import config_paths, name_devices, read_config_file

    found, joins = put_together([read_config_file(path, path.as_posix()) for path in config_paths(files)])
    if not found:
        raise UsageError(
            Text(ja="フォルダにファイルがない。", en="there is no file in the folder"),
            Text(ja="設定ファイルを指定すること。", en="name configuration files"),
        )
    if format_ == "json":
        described = [describe_file(one).as_json(LANGUAGE) for one in found]
        document = {"schema_version": "1.0", "files": described}
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        for one in found:
            if one.problem is None or one.read is not None:
                click.echo(describe_file(one).as_text(LANGUAGE))
    problems = [one.problem for one in found if one.problem is not None]
    for problem in problems:
        click.echo(say("エラー: ", "error: ") + problem.message(LANGUAGE), err=True)
    for doubtful in (*joins, *name_devices(found, ())[1]):
        click.echo(f"! {doubtful.in_(LANGUAGE)}", err=True)
    return 2 if problems else 0
