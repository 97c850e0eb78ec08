"""`secaudit demo`"""

from __future__ import annotations

import datetime
import shutil
import sys
import tempfile
from pathlib import Path

import click

from secaudit.cli.audit import summary_lines, write_outputs
from secaudit.cli.commands import Command
from secaudit.cli.language import say
from secaudit.cli.options import as_of_option, language_option
from secaudit.cli.output import check_output_folder
from secaudit.errors import UsageError
from secaudit.locations import data_folder
from secaudit.text.bilingual import Text

SAMPLES = ("aozora-city", "midori-town")
SAMPLE_DAY = datetime.date(2026, 11, 20)
"""The day for which `examples/` is written: its statements and scans are valid for a year only."""


@click.command(
    "demo",
    cls=Command,
    help=say(
        "見本の自治体(架空)の監査フォルダを複製し、監査して報告書を作る。既定は問題のある midori-town、基準日は令和8年11月20日。",
        "Copy the audit folder of a fictional municipality, audit it and write the report. Default: midori-town, which has defects, on 2026-11-20.",
    ),
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("secaudit-demo"),
    help=say("書き込むフォルダ(既定: ./secaudit-demo)", "where to write (default: ./secaudit-demo)"),
)
@click.option(
    "--sample",
    type=click.Choice(SAMPLES),
    default="midori-town",
    help=say("どの見本か(既定: midori-town)", "which sample (default: midori-town)"),
)
@as_of_option
@language_option
def command(out: Path, sample: str, as_of: datetime.date | None) -> int:
    """Runs the same code as `audit` on a copy of a shipped sample."""
    from secaudit.audit.run import audit_folder

    check_output_folder(out)
    folder = out / sample
    if not folder.exists():
        _copy_sample(sample, folder)
    elif not (folder / "municipality.yaml").is_file():
        raise UsageError(
            Text(ja=f"既に別のものがある: {folder}", en=f"something else is already there: {folder}"),
            Text(ja="--out で別のフォルダを指定すること。", en="choose another folder with --out"),
        )
    day = as_of or SAMPLE_DAY
    result = audit_folder(folder, day)
    target = out / f"{sample}-report"
    write_outputs(result, target)
    for line in summary_lines(result, target):
        click.echo(line)
    if sys.stderr is not None and sys.stderr.isatty():
        hint = say(f"自分で試す: secaudit audit {folder}", f"try it yourself: secaudit audit {folder}")
        click.echo(hint, err=True)
    return 0


def _copy_sample(sample: str, folder: Path) -> None:
    """Copies a sample whole or not at all, as files that can be edited wherever the program is installed."""
    origin = data_folder("examples") / sample
    if not (origin / "municipality.yaml").is_file():
        raise UsageError(
            Text(ja=f"見本 {sample} が見つからない。", en=f"the sample {sample} is not there"),
            Text(ja="secaudit を入れ直すこと。", en="install secaudit again"),
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as half_way:
        copy = Path(half_way) / sample
        for source in sorted(one for one in origin.rglob("*") if one.is_file()):
            target = copy / source.relative_to(origin)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        copy.rename(folder)
