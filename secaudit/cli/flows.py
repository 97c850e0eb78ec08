"""`secaudit flows PATH... --from ZONE --to ZONE`"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secaudit.cli import chains
from secaudit.cli.commands import Command
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import format_option, language_option
from secaudit.errors import UsageError
from secaudit.text.bilingual import Text

if TYPE_CHECKING:
    from secaudit.audit.flow_query import FlowAnswer


@click.command(
    "flows",
    cls=Command,
    help=say(
        "二つの領域の間で開始できる通信を正確に求め、実例となるパケット、経路、原因の行を示す。"
        "PATH は監査フォルダ(--from/--to)または設定ファイル(--from-interface/--to-interface)。",
        "The exact flows that can be opened between two zones, with a witness packet, its way and the lines responsible. "
        "PATH is an audit folder (--from/--to) or config files (--from-interface/--to-interface).",
    ),
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--from", "from_zone", metavar="ZONE", help=say("送信側の領域", "source zone"))
@click.option("--to", "to_zone", metavar="ZONE", help=say("宛先側の領域", "destination zone"))
@click.option("--from-interface", metavar="DEV:IF", help=say("送信側のインターフェース", "source interface"))
@click.option("--to-interface", metavar="DEV:IF", help=say("宛先側のインターフェース", "destination interface"))
@click.option(
    "--explain",
    is_flag=True,
    help=say(
        "通信を許している設定の連鎖を、通る道筋ごとにすべて示す",
        "every chain of settings that lets the traffic through, way by way",
    ),
)
@click.option(
    "--limit",
    default=50,
    type=click.IntRange(1, 10000),
    metavar="N",
    help=say("表示する範囲と連鎖の数(既定: 50)", "boxes and chains shown (default: 50)"),
)
@format_option
@language_option
def command(
    paths: tuple[Path, ...],
    from_zone: str | None,
    to_zone: str | None,
    from_interface: str | None,
    to_interface: str | None,
    explain: bool,
    limit: int,
    format_: str,
) -> None:
    """Asks for the flows of one pair."""
    from secaudit.audit.flow_query import between_interfaces, between_zones
    from secaudit.audit.network import is_audit_folder

    if is_audit_folder(paths):
        if from_zone is None or to_zone is None:
            raise UsageError(
                Text(
                    ja="監査フォルダには --from と --to で領域を指定する。",
                    en="for an audit folder give zones with --from and --to",
                ),
                Text(
                    ja="例: secaudit flows 監査フォルダ --from my_number --to internet",
                    en="for example: secaudit flows FOLDER --from my_number --to internet",
                ),
            )
        answer = between_zones(paths[0], from_zone, to_zone, limit, explain=explain)
    else:
        if from_interface is None or to_interface is None:
            raise UsageError(
                Text(
                    ja="設定ファイルには --from-interface と --to-interface でインターフェースを指定する。",
                    en="for config files give interfaces with --from-interface and --to-interface",
                ),
                Text(
                    ja="例: secaudit flows FW.conf --from-interface FW:port1 --to-interface FW:port2",
                    en="for example: secaudit flows FW.conf --from-interface FW:port1 --to-interface FW:port2",
                ),
            )
        answer = between_interfaces(paths, from_interface, to_interface, limit, explain=explain)
    for trouble in answer.troubles:
        click.echo(f"! {trouble.in_(LANGUAGE)}", err=True)
    if format_ == "json":
        click.echo(json.dumps(as_json(answer), ensure_ascii=False, indent=1))
    else:
        for line in as_lines(answer):
            click.echo(line)


def as_json(answer: FlowAnswer) -> dict[str, Any]:
    """The contract of `flows --format json`."""
    from secaudit.cli.trace import hops_json

    document: dict[str, Any] = {
        "schema_version": "1.0",
        "from": answer.source,
        "to": answer.destination,
        "verdict": answer.verdict,
        "boxes": list(answer.boxes),
        "boxes_omitted": answer.boxes_omitted,
        "witness": None if answer.witness is None else str(answer.witness.packet),
        "arrives": None if answer.witness is None else str(answer.witness.arrives),
        "trace": [] if answer.witness is None else hops_json(answer.witness.trace),
        "lines": [{"file": line.file, "line": line.number, "text": line.text.strip()} for line in answer.lines],
        "doubts": [
            {
                "text": doubt.text.in_(LANGUAGE),
                "lines": [
                    {"file": line.file, "line": line.number, "text": line.text.strip()} for line in doubt.sources
                ],
            }
            for doubt in answer.doubts
        ],
        "spoofed_boxes": list(answer.spoofed_boxes),
        "reply_boxes": list(answer.reply_boxes),
    }
    if answer.explanation is not None:
        document["explanation"] = chains.as_json(answer.explanation)
    return document


def as_lines(answer: FlowAnswer) -> list[str]:
    """For a terminal."""
    verdict = {
        "none": say("開始できる通信はない", "nothing can be opened"),
        "some": say("開始できる通信がある", "connections can be opened"),
        "undetermined": say("確認不能", "undetermined"),
    }[answer.verdict]
    lines = [f"{answer.source} → {answer.destination}: {verdict}"]
    lines += [f"  {box}" for box in answer.boxes]
    if answer.boxes_omitted:
        lines.append(say(f"  ほか {answer.boxes_omitted} 件", f"  and {answer.boxes_omitted} more"))
    if answer.explanation is not None:
        lines += chains.as_lines(answer.explanation)
    else:
        lines += _witness_and_lines(answer)
    for doubt in answer.doubts:
        lines.append(f"? {doubt.text.in_(LANGUAGE)}")
        lines += [f"       {line}" for line in doubt.sources[:10]]
    if answer.spoofed_boxes:
        lines.append(say("送信元を詐称した場合にのみ通るもの:", "only with a forged source:"))
        lines += [f"  {box}" for box in answer.spoofed_boxes]
    if answer.reply_boxes:
        lines.append(
            say(
                "応答に見えるパケットとして状態確認なしに通るもの:",
                "reply-looking packets that pass without a connection:",
            )
        )
        lines += [f"  {box}" for box in answer.reply_boxes]
    return lines


def _witness_and_lines(answer: FlowAnswer) -> list[str]:
    lines: list[str] = []
    if answer.witness is not None:
        lines.append(say(f"実例: {answer.witness.packet}", f"witness: {answer.witness.packet}"))
        for number, hop in enumerate(answer.witness.trace.hops, start=1):
            lines.append(f"{number:3}. {hop.device}: {hop.what.in_(LANGUAGE)}")
            lines += [f"       {line}" for line in hop.sources]
    if answer.lines:
        lines.append(say("通信を可能にしている行:", "lines responsible:"))
        lines += [f"  {line}" for line in answer.lines]
    return lines
