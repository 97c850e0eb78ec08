"""`secaudit aggregate RESULT... --out SITE`"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import click

from secaudit.cli.commands import Command
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import as_of_option, language_option, quiet_option
from secaudit.cli.output import check_output_folder
from secaudit.errors import UsageError
from secaudit.text.bilingual import Text
from secaudit.text.dates import today_in_japan


@click.command(
    "aggregate",
    cls=Command,
    help=say(
        "多くの自治体の result.json を、都道府県の一覧ページ(オフライン)と CSV にまとめる。",
        "Roll up the result.json of many municipalities into one offline page and CSV files.",
    ),
)
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT...")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="SITE",
    help=say("書き込むフォルダ", "folder to write"),
)  # fmt: skip
@click.option(
    "--expected",
    type=click.Path(path_type=Path),
    default=None,
    help=say("提出すべき団体の一覧(code,name の CSV)", "CSV code,name of the bodies that should submit"),
)
@as_of_option
@quiet_option
@language_option
def command(
    results: tuple[Path, ...], out: Path, expected: Path | None, as_of: datetime.date | None, quiet: bool
) -> int:
    """Writes the prefecture's page. A folder given as RESULT stands for every result.json below it.

    A result that cannot be used is named on stderr and on the page, and leads to status 2. When none can be used nothing is written.
    """
    from secaudit.prefecture.roll_up import read_expected, roll_up
    from secaudit.prefecture.site import write_site

    check_output_folder(out)
    files: list[Path] = []
    for path in results:
        files.extend(sorted(path.rglob("result.json")) if path.is_dir() else [path])
    bodies = None if expected is None else read_expected(expected)
    show = not quiet and sys.stderr is not None and sys.stderr.isatty()
    rolled = roll_up(files, bodies, as_of or today_in_japan(), _progress if show else lambda done, total: None)
    for broken in rolled.broken:
        click.echo(say("エラー: ", "error: ") + f"{broken.file}: {broken.reason.in_(LANGUAGE)}", err=True)
    if not rolled.bodies:
        raise UsageError(
            Text(ja="使える result.json が一つもない。", en="there is not a single result.json that can be used"),
            Text(
                ja="secaudit audit が書いた result.json、またはそれを含むフォルダを指定すること。",
                en="name the result.json files that secaudit audit wrote, or folders that hold them",
            ),
        )
    for one in write_site(rolled, out, LANGUAGE):
        click.echo(one.as_posix())
    return 2 if rolled.broken else 0


def _progress(done: int, total: int) -> None:
    if done % 100 == 0:
        click.echo(say(f"… {total} 件中 {done} 件を読み取った", f"… {done} of {total} read"), err=True)
