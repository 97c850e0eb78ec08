"""`secaudit demo`"""

from __future__ import annotations

import datetime
import shutil
import sys
from pathlib import Path

import click

from secaudit.cli.audit import summary_lines, write_outputs
from secaudit.cli.language import say
from secaudit.cli.options import as_of_option, language_option
from secaudit.errors import UsageError
from secaudit.locations import data_folder
from secaudit.text.bilingual import Text

SAMPLES = ("aozora-city", "midori-town")


@click.command(
    "demo",
    help=say(
        "見本の自治体(架空)の監査フォルダを複製し、監査して報告書を作る。既定は問題のある midori-town。",
        "Copy the audit folder of a fictional municipality, audit it and write the report. Default: midori-town, which has defects.",
    ),
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("secaudit-demo"), show_default=True
)
@click.option("--sample", type=click.Choice(SAMPLES), default="midori-town", show_default=True)
@as_of_option
@language_option
def command(out: Path, sample: str, as_of: datetime.date | None) -> int:
    """Runs the same code as `audit` on a copy of a shipped sample."""
    from secaudit.audit.run import audit_folder

    folder = out / sample
    if not folder.exists():
        shutil.copytree(data_folder("examples") / sample, folder)
    elif not (folder / "municipality.yaml").is_file():
        raise UsageError(
            Text(ja=f"既に別のものがある: {folder}", en=f"something else is already there: {folder}"),
            Text(ja="--out で別のフォルダを指定すること。", en="choose another folder with --out"),
        )
    day = as_of or datetime.date.today()
    result = audit_folder(folder, day)
    target = out / f"{sample}-report"
    write_outputs(result, target)
    for line in summary_lines(result, target):
        click.echo(line)
    if sys.stderr.isatty():
        hint = say(f"自分で試す: secaudit audit {folder}", f"try it yourself: secaudit audit {folder}")
        click.echo(hint, err=True)
    return 0
