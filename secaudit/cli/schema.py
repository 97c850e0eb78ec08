"""`secaudit schema NAME`"""

from __future__ import annotations

import click

from secaudit.cli.commands import Command
from secaudit.cli.language import say
from secaudit.cli.options import language_option
from secaudit.errors import UsageError
from secaudit.locations import schema_file
from secaudit.text.bilingual import Text


@click.command(
    "schema",
    cls=Command,
    help=say(
        "入出力ファイルの JSON Schema を表示する。NAME がなければ名前の一覧を示す。",
        "Print the JSON Schema of a file format; without NAME, the names of all.",
    ),
)
@click.argument("name", required=False)
@language_option
def command(name: str | None) -> None:
    """Prints one schema, or the names of all."""
    folder = schema_file("x").parent
    known = sorted(path.name.removesuffix(".schema.json") for path in folder.glob("*.schema.json"))
    if name is None:
        for one in known:
            click.echo(one)
        return
    if name not in known:
        raise UsageError(
            Text(ja=f"そのような形式はありません: {name}", en=f"no such format: {name}"),
            Text(ja="形式: " + "、".join(known), en="formats: " + ", ".join(known)),
        )
    click.echo(schema_file(name).read_text(encoding="utf-8"), nl=False)
