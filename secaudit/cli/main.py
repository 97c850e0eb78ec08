"""`secaudit`: finds the command, runs it, and turns errors into messages and exit statuses.

Exit status: 0 nothing at or above `--fail-on` failed; 1 something did; 2 wrong usage or unreadable input; 3 with
`--strict`, something stayed undetermined; 4 an internal error. Never another one.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import traceback
from pathlib import Path

import click

from secaudit import __version__
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import language_option
from secaudit.errors import InternalError, SecauditError

COMMANDS = {
    "demo": ("demo", say("見本の自治体を監査して報告書を作る", "audit the sample municipality and write its report")),
    "init": ("init", say("監査フォルダを作り始める", "start an audit folder")),
    "audit": ("audit", say("監査フォルダを監査し、結果と報告書を書く", "audit a folder: result and report")),
    "config": ("config", say("設定ファイルをどう読み取ったかを示す", "show what was read from configuration files")),
    "flows": ("flows", say("領域間で通る通信を正確に求める", "the exact flows between two zones")),
    "trace": ("trace", say("一つのパケットの行方を一段ずつ示す", "what happens to one packet, hop by hop")),
    "probe": ("probe", say("実測の計画・実行・取り込み", "plan, run and import probes")),
    "report": ("report", say("監査結果から報告書を作り直す", "render a result again")),
    "rules": ("rules", say("検査ルールの一覧と説明", "the rules and what they ask")),
    "aggregate": ("aggregate", say("多くの自治体の結果を一覧にまとめる", "roll up many results into one page")),
    "schema": ("schema", say("JSON Schema を表示する", "print a JSON Schema")),
}
"""Command name to the module that holds it and its line in the help; modules are imported only when used."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that `--help` is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"secaudit.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(say("コマンド", "Commands")):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=say(
        "自治体のネットワーク機器の設定から、三層の対策(マイナンバー利用事務系・LGWAN接続系・インターネット接続系)が"
        "実際に守られているかを検証し、監査報告書を作成する。",
        "Proves from real device configurations whether a municipality's three network layers are separated, "
        "and writes an audit report.",
    ),
)
@click.version_option(__version__, prog_name="secaudit")
@language_option
def group() -> None:
    """The root command."""


def main() -> None:
    """Entry point of the program: the one place where a crash becomes exit status 4."""
    _write_utf8()
    try:
        status = group.main(standalone_mode=False, prog_name="secaudit")
    except click.exceptions.Abort:
        _fail(say("中断しました。", "Interrupted."), 2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except InternalError as error:
        _crash(error, error.message(LANGUAGE))
    except SecauditError as error:
        _fail(error.message(LANGUAGE), error.exit_status)
    except OSError as error:
        _fail(f"{error.filename or ''}: {error.strerror or error}", 2)
    except Exception as error:  # noqa: BLE001 - the one outer border
        _crash(error, say("内部エラーが発生しました。", "An internal error occurred."))
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _write_utf8() -> None:
    """Japanese must come out on any console; what it cannot show is escaped rather than a crash."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _fail(message: str, status: int) -> None:
    click.echo(say("エラー: ", "error: ") + message, err=True)
    sys.exit(status)


def _crash(error: BaseException, message: str) -> None:
    """Keeps the traceback in a file that can be sent. It holds code positions and no input text beyond the error's own words."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="secaudit-error-", suffix=".txt", delete=False
    ) as kept:
        kept.write(f"secaudit {__version__}\n")
        kept.writelines(traceback.format_exception(error))
    hint = say(f"このファイルを開発元に送ってください: {Path(kept.name)}", f"please send this file: {Path(kept.name)}")
    _fail(f"{message}\n  → {hint}", 4)
