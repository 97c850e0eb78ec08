"""`secaudit report RESULT`"""

from __future__ import annotations

from pathlib import Path

import click

from secaudit.cli.commands import Command
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import language_option


@click.command(
    "report",
    cls=Command,
    help=say("監査結果(result.json)から報告書を作り直す。", "Render a result (result.json) again."),
)
@click.argument("result_file", type=click.Path(path_type=Path), metavar="RESULT")
@click.option("--format", "format_", default="html", help=say("html(既定)、csv など", "html (default), csv, ..."))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help=say("書き込むファイル(既定: 標準出力)", "file to write (default: stdout)"),
)
@language_option
def command(result_file: Path, format_: str, out: Path | None) -> None:
    """Renders from the file alone; nothing is computed again."""
    from secaudit.audit.result_json import read_result
    from secaudit.files import write_atomically
    from secaudit.report.formats import writer_for

    writer = writer_for(format_)
    text = writer.write(read_result(result_file, result_file.as_posix()), LANGUAGE)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_atomically(out, text)
        click.echo(out.as_posix())
