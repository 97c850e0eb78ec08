"""`secaudit config FILE...`"""

from __future__ import annotations

import json
from pathlib import Path

import click

from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import format_option, language_option


@click.command(
    "config",
    help=say(
        "設定ファイルの機種、読み取れた行と読み取れない行、到達しない行のあるフィルターを示す。",
        "Show the vendor, what was read, unread lines, and filters with unreachable lines.",
    ),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option
@language_option
def command(files: tuple[Path, ...], format_: str) -> int:
    """Describes files; status 2 when one of them cannot be read."""
    from secaudit.audit.describe import describe_file
    from secaudit.audit.reading import read_config_file

    found = [read_config_file(path, path.as_posix()) for path in files]
    if format_ == "json":
        described = [describe_file(one).as_json(LANGUAGE) for one in found]
        document = {"schema_version": "1.0", "files": described}
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        for one in found:
            click.echo(describe_file(one).as_text(LANGUAGE))
    return 2 if any(one.problem is not None for one in found) else 0
