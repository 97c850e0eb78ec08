"""`secaudit aggregate RESULT... --out SITE`"""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import as_of_option, language_option


@click.command(
    "aggregate",
    help=say(
        "多くの自治体の result.json を、都道府県の一覧ページ(オフライン)と CSV にまとめる。",
        "Roll up the result.json of many municipalities into one offline page and CSV files.",
    ),
)
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT...")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), metavar="SITE",
    help=say("書き込むフォルダ", "folder to write"),
)  # fmt: skip
@click.option(
    "--expected",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help=say("提出すべき団体の一覧(code,name の CSV)", "CSV code,name of the bodies that should submit"),
)
@as_of_option
@language_option
def command(results: tuple[Path, ...], out: Path, expected: Path | None, as_of: datetime.date | None) -> None:
    """Writes the prefecture's page. A folder given as RESULT stands for every result.json below it."""
    from secaudit.prefecture.roll_up import read_expected, roll_up
    from secaudit.prefecture.site import write_site

    files: list[Path] = []
    for path in results:
        files.extend(sorted(path.rglob("result.json")) if path.is_dir() else [path])
    bodies = None if expected is None else read_expected(expected)
    rolled = roll_up(files, bodies, as_of or datetime.date.today())
    written = write_site(rolled, out, LANGUAGE)
    for one in written:
        click.echo(one.as_posix())
