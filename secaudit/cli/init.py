"""`secaudit init DIR`"""

from __future__ import annotations

from pathlib import Path

import click

from secaudit.cli.commands import Command
from secaudit.cli.language import say
from secaudit.cli.options import language_option
from secaudit.cli.output import check_output_folder
from secaudit.errors import UsageError
from secaudit.text.bilingual import Text


@click.command(
    "init",
    cls=Command,
    help=say(
        "新しい監査フォルダを作る。municipality.yaml のひな型に従って記入し、configs/ に設定ファイルを置く。",
        "Start an audit folder: fill in municipality.yaml and put configurations into configs/.",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@language_option
def command(folder: Path) -> None:
    """Writes the skeleton; nothing that exists is touched."""
    from secaudit.files import write_atomically
    from secaudit.municipality.template import TEMPLATE_FILES, template_text

    check_output_folder(folder)
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            Text(ja=f"フォルダが空ではない: {folder}", en=f"the folder is not empty: {folder}"),
            Text(ja="新しいフォルダ名を指定すること。", en="give the name of a new folder"),
        )
    for name in ("configs", "probes", "documents"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in TEMPLATE_FILES:
        write_atomically(folder / name, template_text(name))
        click.echo((folder / name).as_posix())
    click.echo(
        say(
            f"次に: {folder / 'municipality.yaml'} に記入し、configs/ に機器の設定ファイルを置き、secaudit audit {folder}",
            f"next: fill in {folder / 'municipality.yaml'}, put configurations into configs/, then secaudit audit {folder}",
        )
    )
