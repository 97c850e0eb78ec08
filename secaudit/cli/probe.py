"""`secaudit probe plan|run|import DIR`"""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secaudit.cli.commands import Group
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.options import language_option, quiet_option
from secaudit.errors import UsageError
from secaudit.text.bilingual import Text

if TYPE_CHECKING:
    from secaudit.municipality.model import Zone
    from secaudit.probes.run import Progress


@click.group("probe", cls=Group, help=say("実測(到達性の確認)の計画・実行・取り込み。", "Plan, run and import probes."))
@language_option
def command() -> None:
    """Groups the commands about probes."""


def _zone(name: str) -> Zone:
    from secaudit.municipality.model import Zone

    try:
        return Zone(name)
    except ValueError:
        known = [zone.value for zone in Zone]
        raise UsageError(
            Text(ja=f"そのような領域はない: {name}", en=f"no such zone: {name}"),
            Text(ja="領域: " + "、".join(known), en="zones: " + ", ".join(known)),
        ) from None


def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if text is None:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise UsageError(
            Text(ja=f"IP アドレスではない: {text!r}", en=f"not an IP address: {text!r}"),
            Text(ja="例: 10.1.1.5", en="for example 10.1.1.5"),
        ) from None


_from_option = click.option(
    "--from", "from_zone", required=True, metavar="ZONE", help=say("実測する場所の領域", "the zone to probe from")
)
_source_option = click.option(
    "--source", metavar="ADDRESS", help=say("実測する端末のアドレス", "address of the probing machine")
)
_control_option = click.option(
    "--control",
    metavar="ADDRESS:PORT",
    help=say("必ず応答するはずの宛先(陽性対照)", "a target that must answer (positive control)"),
)


@command.command(
    "plan",
    help=say(
        "何をどこへ送るかの計画を probes/ に書く。何も送らない。",
        "Write to probes/ what will be sent where. Sends nothing.",
    ),
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@_from_option
@_source_option
@_control_option
@language_option
def plan_command(folder: Path, from_zone: str, source: str | None, control: str | None) -> None:
    """Writes the plan; a person may read and edit it before it is run."""
    from secaudit.audit.network import network_of_folder
    from secaudit.files import write_atomically
    from secaudit.municipality.loader import load_audit_folder
    from secaudit.policy.loader import load_policy
    from secaudit.policy.model import CellVerdict
    from secaudit.probes.metadata import Control
    from secaudit.probes.plan import plan_name, plan_text
    from secaudit.probes.planning import ZonePair, make_plan

    zone = _zone(from_zone)
    loaded = load_audit_folder(folder)
    policy = load_policy(loaded.municipality.edition, loaded.municipality.model)
    bound = [binding.zone for binding in loaded.municipality.zones if binding.zone is not zone]
    restricted = (CellVerdict.DENIED, CellVerdict.CONDITIONAL)
    pairs = [ZonePair(zone, other, policy.cell(zone, other).verdict in restricted) for other in bound]
    devices = network_of_folder(loaded).devices
    own = [held.address.ip for device in devices for one in device.interfaces.values() for held in one.addresses]
    plan = make_plan(
        loaded,
        pairs,
        zone,
        source_address=_address(source),
        control=None if control is None else Control.parse(control),
        device_addresses=own,
    )
    path = folder / "probes" / plan_name(zone)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, plan_text(plan))
    click.echo(path.as_posix())
    click.echo(
        say(
            f"宛先 {len(plan.targets)} 件、最大 {plan.packets_at_most} パケット、陽性対照 {plan.control}",
            f"{len(plan.targets)} targets, at most {plan.packets_at_most} packets, positive control {plan.control}",
        )
    )
    for note in plan.left_out:
        click.echo(f"- {note}")


@command.command(
    "run",
    help=say(
        "計画どおりに nmap で送り、結果を probes/ に書く。", "Send what the plan says with nmap; results go to probes/."
    ),
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@_from_option
@quiet_option
@language_option
def run_command(folder: Path, from_zone: str, quiet: bool) -> int:
    """Runs the plan of one zone; status 1 when the positive control did not answer."""
    from secaudit.audit.network import network_of_folder
    from secaudit.audit.probing import expected_open
    from secaudit.municipality.loader import load_audit_folder
    from secaudit.probes.plan import plan_name, read_plan
    from secaudit.probes.run import run_plan

    zone = _zone(from_zone)
    loaded = load_audit_folder(folder)
    path = folder / "probes" / plan_name(zone)
    if not path.is_file():
        raise UsageError(
            Text(ja=f"計画がない: {path}", en=f"there is no plan: {path}"),
            Text(
                ja=f"先に secaudit probe plan {folder} --from {zone.value} を実行すること。",
                en=f"first run secaudit probe plan {folder} --from {zone.value}",
            ),
        )
    plan = read_plan(path, path.as_posix())
    again = expected_open(loaded, network_of_folder(loaded), plan)
    show = None if quiet or not sys.stderr.isatty() else _progress
    done = run_plan(plan, loaded.municipality, folder / "probes", show, ask_again=again)
    for file in done.files:
        click.echo(file.as_posix())
    for note in done.unfinished:
        click.echo(f"- {note.in_(LANGUAGE)}")
    click.echo(say(f"応答 {done.answers} 件、無応答 {done.silent} 件", f"{done.answers} answers, {done.silent} silent"))
    if not done.positive_control:
        click.echo(
            say(
                "陽性対照が応答しなかったため、無応答は分離の証拠にならない。",
                "the positive control did not answer, so silence proves nothing",
            )
        )
        return 1
    return 0


def _progress(step: Progress) -> None:
    click.echo(f"… {step.done}/{step.total} {step.address}", err=True)


@command.command(
    "import", help=say("手元の nmap の XML を probes/ に取り込む。", "Copy an nmap XML file into probes/.")
)
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.argument("file", type=click.Path(path_type=Path), metavar="NMAP_XML")
@_from_option
@_source_option
@_control_option
@click.option("--name", default=None, help=say("probes/ での名前", "its name in probes/"))
@language_option
def import_command(
    folder: Path, file: Path, from_zone: str, source: str | None, control: str | None, name: str | None
) -> None:
    """Takes in a scan that was made by hand."""
    from secaudit.probes.folder import import_into
    from secaudit.probes.metadata import Control

    scan = import_into(
        folder,
        file,
        _zone(from_zone),
        source_address=_address(source),
        control=None if control is None else Control.parse(control),
        name=name,
    )
    click.echo(scan.file)
