"""`secaudit flows PATH... --from ZONE --to ZONE`"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secaudit.cli import chains, repairs
from secaudit.cli.commands import Command
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import as_of_option, format_option, language_option, limit_option
from secaudit.errors import UsageError
from secaudit.text.bilingual import Text
from secaudit.text.dates import today_in_japan

if TYPE_CHECKING:
    from secaudit.audit.flow_query import FlowAnswer
    from secaudit.flows.witness import FlowWitness
    from secaudit.text.source import Sources


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
@click.option(
    "--to-device",
    metavar="NAME",
    help=say("宛先の機器(機器自身への通信)", "destination device: what reaches the device itself"),
)
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
    "--repair",
    is_flag=True,
    help=say(
        "許可されていない通信を止める最小の変更と、その投入コマンドを示す(監査フォルダのみ)",
        "the fewest changes that stop what is not permitted, proved, with the commands (audit folders only)",
    ),
)
@as_of_option
@limit_option(50, "表示する範囲と連鎖の数", "boxes and chains shown")
@format_option
@language_option
def command(
    paths: tuple[Path, ...],
    from_zone: str | None,
    to_zone: str | None,
    to_device: str | None,
    from_interface: str | None,
    to_interface: str | None,
    explain: bool,
    repair: bool,
    as_of: datetime.date | None,
    limit: int,
    format_: str,
) -> None:
    """Asks for the flows of one pair."""
    from secaudit.audit.flow_query import between_interfaces, between_zones
    from secaudit.audit.network import is_audit_folder

    if to_device is not None:
        whole = from_zone is not None and to_zone is None and not explain and is_audit_folder(paths)
        _show_exposure(paths[0] if whole else None, from_zone or "", to_device, limit, format_)
        return
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
        day = (as_of or today_in_japan()) if repair else None
        answer = between_zones(paths[0], from_zone, to_zone, limit, explain=explain, repair_on=day)
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
        if repair:
            raise UsageError(
                Text(
                    ja="--repair は監査フォルダに対してのみ使える。設定ファイルだけでは、何が許可された通信か分からない。",
                    en="--repair needs an audit folder: from configuration files alone nobody can tell what is permitted",
                ),
                Text(
                    ja="例: secaudit flows 監査フォルダ --from my_number --to internet --repair",
                    en="for example: secaudit flows FOLDER --from my_number --to internet --repair",
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


def _show_exposure(folder: Path | None, zone: str, device: str, limit: int, format_: str) -> None:
    """`--to-device`: what a zone can send to a device itself."""
    from secaudit.audit.exposure_query import to_device
    from secaudit.cli import exposure

    if folder is None:
        raise UsageError(
            Text(
                ja="--to-device は、監査フォルダと --from の領域だけとともに指定する。",
                en="--to-device goes with an audit folder and a zone by --from, and nothing else",
            ),
            Text(
                ja="例: secaudit flows 監査フォルダ --from internet --to-device 機器名",
                en="for example: secaudit flows FOLDER --from internet --to-device NAME",
            ),
        )
    answer = to_device(folder, zone, device, limit)
    for trouble in answer.troubles:
        click.echo(f"! {trouble.in_(LANGUAGE)}", err=True)
    if format_ == "json":
        click.echo(json.dumps(exposure.as_json(answer), ensure_ascii=False, indent=1))
    else:
        for line in exposure.as_lines(answer):
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
        "lines": lines_json(answer.lines),
        "doubts": [{"text": one.text.in_(LANGUAGE), "lines": lines_json(one.sources)} for one in answer.doubts],
        "spoofed_boxes": list(answer.spoofed_boxes),
        "reply_boxes": list(answer.reply_boxes),
    }
    if answer.explanation is not None:
        document["explanation"] = chains.as_json(answer.explanation)
    if answer.repair is not None:
        document["repair"] = repairs.as_json(answer.repair)
    return document


def as_lines(answer: FlowAnswer) -> list[str]:
    """For a terminal."""
    lines = [f"{answer.source} → {answer.destination}: {verdict_words(answer.verdict)}"]
    lines += [f"  {box}" for box in answer.boxes]
    lines += omitted(answer.boxes_omitted)
    if answer.explanation is not None:
        lines += chains.as_lines(answer.explanation)
    else:
        lines += witness_and_lines(answer.witness, answer.lines)
    if answer.repair is not None:
        lines += repairs.as_lines(answer.repair)
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


def lines_json(lines: Sources) -> list[dict[str, Any]]:
    """Configuration lines, as every answer of this command writes them."""
    return [{"file": line.file, "line": line.number, "text": line.text.strip()} for line in lines]


def verdict_words(verdict: str) -> str:
    """The verdict for a person."""
    return {
        "none": say("開始できる通信はない", "nothing can be opened"),
        "some": say("開始できる通信がある", "connections can be opened"),
        "undetermined": say("確認不能", "undetermined"),
    }[verdict]


def omitted(count: int) -> list[str]:
    """How many boxes are not shown."""
    return [say(f"  ほか {count} 件", f"  and {count} more")] if count else []


def witness_and_lines(witness: FlowWitness | None, responsible: Sources) -> list[str]:
    """The witness, step by step, and the lines that let packets through."""
    lines: list[str] = []
    if witness is not None:
        lines.append(say(f"実例: {witness.packet}", f"witness: {witness.packet}"))
        for number, hop in enumerate(witness.trace.hops, start=1):
            lines.append(f"{number:3}. {hop.device}: {hop.what.in_(LANGUAGE)}")
            lines += [f"       {line}" for line in hop.sources]
    if responsible:
        lines.append(say("通信を可能にしている行:", "lines responsible:"))
        lines += [f"  {line}" for line in responsible]
    return lines
