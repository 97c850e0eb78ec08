"""`secaudit trace PATH... --at DEV:IF --packet "..."`"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secaudit.cli.commands import Command
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import format_option, language_option

if TYPE_CHECKING:
    from secaudit.flows.replay import Explanation
    from secaudit.flows.trace import Trace


@click.command(
    "trace",
    cls=Command,
    help=say(
        "一つのパケットが機器をどう通るかを、設定の行とともに一段ずつ示す。PATH は監査フォルダまたは設定ファイル。",
        "Show what happens to one packet, hop by hop, with the config lines. PATH is an audit folder or config files.",
    ),
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--at",
    "at",
    required=True,
    metavar="DEV:IF",
    help=say("パケットが入る機器とインターフェース", "device and interface by which the packet enters"),
)
@click.option(
    "--packet",
    "packet_text",
    required=True,
    metavar='"tcp 10.1.1.1:40000 > 10.2.2.2:443"',
    help=say("パケット。TCP のフラグや ICMP の型を続けて書ける", "the packet; TCP flags or ICMP type/code may follow"),
)
@format_option
@language_option
def command(paths: tuple[Path, ...], at: str, packet_text: str, format_: str) -> None:
    """Traces one packet."""
    from secaudit.audit.network import is_audit_folder, network_of_files, network_of_folder, parse_port
    from secaudit.flows.replay import explain
    from secaudit.municipality.loader import load_audit_folder
    from secaudit.packets.packet import Packet

    packet = Packet.parse(packet_text)
    if is_audit_folder(paths):
        network = network_of_folder(load_audit_folder(paths[0]))
    else:
        network = network_of_files(paths)
    for trouble in network.troubles():
        click.echo(f"! {trouble.in_(LANGUAGE)}", err=True)
    device, interface = parse_port(at, network.devices)
    explanation = explain(network.topology, device, interface, packet)
    if format_ == "json":
        click.echo(json.dumps(as_json(explanation), ensure_ascii=False, indent=1))
    else:
        for line in as_lines(explanation):
            click.echo(line)


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The contract of `trace --format json`."""
    trace = explanation.trace
    return {
        "schema_version": "1.0",
        "verdict": explanation.verdict.value,
        "reason": explanation.reason.in_(LANGUAGE),
        "packet": str(trace.packet),
        "arrives": None if trace.arrives is None else str(trace.arrives),
        "device": trace.device,
        "interface": trace.interface,
        "hops": hops_json(trace),
        "lines": [{"file": line.file, "line": line.number, "text": line.text.strip()} for line in explanation.lines],
        "other_ways": len(explanation.ways) - 1,
    }


def hops_json(trace: Trace) -> list[dict[str, Any]]:
    """The hops of a trace; `file` and `line` are the first of the `lines` that decided."""
    return [
        {
            "device": hop.device,
            "stage": None if hop.stage is None else hop.stage.value,
            "what": hop.what.in_(LANGUAGE),
            "packet": str(hop.packet),
            "file": hop.sources[0].file if hop.sources else None,
            "line": hop.sources[0].number if hop.sources else None,
            "lines": [{"file": line.file, "line": line.number, "text": line.text.strip()} for line in hop.sources],
        }
        for hop in trace.hops
    ]


_VERDICTS = {
    "delivered": say("届く", "delivered"),
    "denied": say("遮断される", "denied"),
    "unrouted": say("経路がない", "no route"),
    "unmodelled": say("提出された設定の外へ出る", "leaves for a device that was not submitted"),
    "undetermined": say("確認不能", "undetermined"),
}


def as_lines(explanation: Explanation) -> list[str]:
    """For a terminal."""
    trace = explanation.trace
    lines = [f"{trace.packet}", f"→ {_VERDICTS[explanation.verdict.value]}: {explanation.reason.in_(LANGUAGE)}"]
    for number, hop in enumerate(trace.hops, start=1):
        lines.append(f"{number:3}. {hop.device}: {hop.what.in_(LANGUAGE)}")
        lines += [f"       {line}" for line in hop.sources]
    if explanation.lines:
        lines.append(say("判断できない行:", "lines that cannot be told:"))
        lines += [f"       {line}" for line in explanation.lines]
    if trace.arrives is not None and str(trace.arrives) != str(trace.packet):
        lines.append(say(f"到着時: {trace.arrives}", f"arrives as: {trace.arrives}"))
    if len(explanation.ways) > 1:
        others = len(explanation.ways) - 1
        lines.append(say(f"ほかに {others} 通りの経路がある。", f"{others} more ways exist."))
    return lines
