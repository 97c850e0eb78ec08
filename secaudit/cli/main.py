"""`secaudit`: finds the command, runs it, and turns errors into messages and exit statuses.

Exit status: 0 nothing at or above `--fail-on` failed; 1 something did; 2 wrong usage or unreadable input; 3 with
`--strict`, something stayed undetermined; 4 an internal error. Never another one.
"""

from __future__ import annotations

import importlib
import sys

import click

from secaudit import __version__
from secaudit.cli.commands import Group
from secaudit.cli.crash import keep_crash
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import language_option
from secaudit.cli.output import flush_results, prepare_streams
from secaudit.cli.usage import usage_message
from secaudit.collector import collect_rarely
from secaudit.errors import InternalError, SecauditError

COMMANDS = {
    "demo": ("demo", say("見本の自治体を監査して報告書を作る", "audit the sample municipality and write its report")),
    "init": ("init", say("監査フォルダを作り始める", "start an audit folder")),
    "attest": ("attest", say("申告の質問に端末又は Excel で答える", "answer what the rules ask people to state")),
    "audit": ("audit", say("監査フォルダを監査し、結果と報告書を書く", "audit a folder: result and report")),
    "config": ("config", say("設定ファイルをどう読み取ったかを示す", "show what was read from configuration files")),
    "flows": ("flows", say("領域間で通る通信を正確に求める", "the exact flows between two zones")),
    "trace": ("trace", say("一つのパケットの行方を一段ずつ示す", "what happens to one packet, hop by hop")),
    "diff": (
        "diff",
        say("二つの監査フォルダの違い(開いた通信・閉じた通信)", "flows opened and closed between two folders"),
    ),
    "what-if": (
        "what_if",
        say("別のモデルや版で監査したときの違い", "what another model or edition would change"),
    ),
    "probe": ("probe", say("実測の計画・実行・取り込み", "plan, run and import probes")),
    "report": ("report", say("監査結果から報告書を作り直す", "render a result again")),
    "rules": ("rules", say("検査ルールの一覧と説明", "the rules and what they ask")),
    "policy": ("policy", say("版とモデルごとの領域間の方針", "what may flow between zones, by edition and model")),
    "aggregate": ("aggregate", say("多くの自治体の結果を一覧にまとめる", "roll up many results into one page")),
    "schema": ("schema", say("JSON Schema を表示する", "print a JSON Schema")),
}
"""Command name to the module that holds it and its line in the help; modules are imported only when used."""


class LazyGroup(Group):
    """A group whose commands are imported when they are called, so that `--help` is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"secaudit.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def command_lines(self, ctx: click.Context) -> list[tuple[str, str]]:
        return [(name, line) for name, (_, line) in COMMANDS.items()]


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
@click.version_option(
    __version__,
    prog_name="secaudit",
    message="%(prog)s %(version)s",
    help=say("版を表示して終わる", "show the version and exit"),
)
@language_option
def group() -> None:
    """The root command."""


def main() -> None:
    """Entry point of the program: the one place where a crash becomes exit status 4."""
    prepare_streams()
    collect_rarely()
    try:
        status = group.main(standalone_mode=False, prog_name="secaudit")
        flush_results()
    except (click.exceptions.Abort, KeyboardInterrupt):
        _fail(say("中断しました。", "Interrupted."), 2)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        _fail(usage_message(error), 2)
    except InternalError as error:
        _fail(f"{error.message(LANGUAGE)}\n  → {keep_crash(error)}", error.exit_status)
    except SecauditError as error:
        _fail(error.message(LANGUAGE), error.exit_status)
    except OSError as error:
        _fail(_file_trouble(error), 2)
    except Exception as error:  # noqa: BLE001 - the one outer border
        message = say("内部エラーが発生しました。", "An internal error occurred.")
        _fail(f"{message} ({type(error).__name__})\n  → {keep_crash(error)}", 4)
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _file_trouble(error: OSError) -> str:
    name, reason = error.filename or "", error.strerror or type(error).__name__
    head = say(f"読み書きできません({reason}): {name}", f"cannot be read or written ({reason}): {name}")
    hint = say("場所、権限、空き容量を確かめること。", "check the place, the permissions and the free space")
    return f"{head}\n  → {hint}"


def _fail(message: str, status: int) -> None:
    try:
        flush_results()
    except OSError:
        status = max(status, 2)
    click.echo(say("エラー: ", "error: ") + message, err=True)
    sys.exit(status)
