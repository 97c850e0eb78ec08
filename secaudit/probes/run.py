"""Carries out a plan with the real nmap."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from secaudit.errors import UsageError
from secaudit.municipality.model import Municipality
from secaudit.network.intervals import IPAddress
from secaudit.probes.clock import JAPAN
from secaudit.probes.folder import metadata_text, write_new
from secaudit.probes.merge import merged
from secaudit.probes.metadata import Control, ProbeMetadata, meta_name
from secaudit.probes.nmap_import import NmapReading, positive_control, reading_of
from secaudit.probes.nmap_run import NotAnswered, ask, can_send_raw, find_nmap
from secaudit.probes.nmap_xml import NmapDocument, parse
from secaudit.probes.observation import PortState
from secaudit.probes.permission import refuse_strangers
from secaudit.probes.plan import Limits, ProbePlan, ProbeTarget
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

if TYPE_CHECKING:
    import nmap

Ports = tuple[int, tuple[int, ...], tuple[int, ...]]
"""IP version, TCP ports, UDP ports: what one nmap file asks of every target."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `done` of `total` targets, and the one that was just asked."""

    done: int
    total: int
    address: IPAddress


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """What a run wrote. `files` are the nmap files, the control's first; each has its metadata beside it.

    `positive_control` is whether the address that must answer did so both before and after; when it did not, the files are kept and
    marked: their silence proves nothing. `unfinished` are targets without a result, and ports that could not be asked.
    """

    files: tuple[Path, ...]
    positive_control: bool
    unfinished: tuple[Text, ...]
    answers: int
    silent: int


@dataclass(slots=True)
class _Results:
    """The results as they come in. Nothing is written before the end, so that Ctrl-C leaves no half files."""

    groups: dict[Ports, list[NmapDocument]] = field(default_factory=dict)
    assumed: dict[Ports, list[IPAddress]] = field(default_factory=dict)
    unfinished: list[Text] = field(default_factory=list)

    def add(self, target: ProbeTarget, ports: Ports, result: NmapDocument | NotAnswered) -> None:
        if isinstance(result, NotAnswered):
            self.unfinished.append(_about(target.address, result.text))
            return
        if not any(host.asked for host in reading_of(result).hosts):
            self.unfinished.append(
                _about(target.address, Text(ja="経路が無いか、時間切れです", en="no route to it, or it took too long"))
            )
        self.groups.setdefault(ports, []).append(result)
        if target.assumed:
            self.assumed.setdefault(ports, []).append(target.address)


def run_plan(
    plan: ProbePlan,
    municipality: Municipality,
    out_dir: Path,
    progress: Callable[[Progress], None] | None = None,
    *,
    ask_again: Iterable[tuple[IPAddress, str, int]] = (),
) -> ProbeRun:
    """Sends what the plan says, and nothing else; writes `ZONE-YYYYMMDD-HHMMSS-*.xml` with metadata into `out_dir`.

    `ask_again` are (address, protocol, port) that are believed to be open: where one of them stayed silent its target is asked once
    more, slowly, because packets are also lost by probing too fast. Raises `UsageError` when nmap is missing, the plan
    names a stranger, or this machine is not in the zone.
    """
    refuse_strangers(plan, municipality)
    scanner = find_nmap()
    source = _own_address(plan, municipality)
    results = _Results()
    before = _ask_control(scanner, plan)
    expected = frozenset(ask_again)
    for number, target in enumerate(plan.targets, 1):
        _ask_target(scanner, target, plan.limits, expected, results)
        if progress is not None:
            progress(Progress(number, len(plan.targets), target.address))
    after = _ask_control(scanner, plan)
    return _write(plan, source, out_dir, merged([before, after]), results)


def _ask_target(
    scanner: nmap.PortScanner,
    target: ProbeTarget,
    limits: Limits,
    expected: frozenset[tuple[IPAddress, str, int]],
    results: _Results,
) -> None:
    udp = target.udp
    if udp and not can_send_raw():
        results.unfinished.append(
            _about(
                target.address,
                Text(ja="管理者権限が無いため UDP は調べていません", en="UDP was not asked: that needs root"),
            )
        )
        udp = ()
    if not target.tcp and not udp:
        return
    ports = (target.address.version, target.tcp, udp)
    result = ask(scanner, target.address, target.tcp, udp, limits)
    results.add(target, ports, result)
    if isinstance(result, NmapDocument) and _missing(result, target.address, expected):
        slow = replace(limits, packets_per_second=min(5, limits.packets_per_second), retries=max(4, limits.retries))
        results.add(target, ports, ask(scanner, target.address, target.tcp, udp, slow))


def _missing(result: NmapDocument, address: IPAddress, expected: frozenset[tuple[IPAddress, str, int]]) -> bool:
    """Whether a port that is believed to be open gave no answer."""
    reading = reading_of(result)
    answered = {
        (seen.protocol, seen.port) for seen in reading.ports if seen.state in (PortState.OPEN, PortState.CLOSED)
    }
    return any(target == address and (protocol, port) not in answered for target, protocol, port in expected)


def _ask_control(scanner: nmap.PortScanner, plan: ProbePlan) -> NmapDocument:
    result = ask(scanner, plan.control.address, (plan.control.port,), (), plan.limits)
    if isinstance(result, NotAnswered):
        raise UsageError(
            Text(
                ja=f"陽性対照 {plan.control} を調べられません（{result.text.ja}）。",
                en=f"the positive control {plan.control} cannot be probed ({result.text.en}).",
            ),
            Text(
                ja="ネットワークの接続と nmap の動作を確かめてください。",
                en="check the network connection and that nmap works.",
            ),
        )
    return result


def _own_address(plan: ProbePlan, municipality: Municipality) -> IPAddress | None:
    """This machine's address towards the control, which must be one of the zone. Sends nothing."""
    import ipaddress

    family = socket.AF_INET6 if plan.control.address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(plan.control.address), plan.control.port))
            text = str(probe.getsockname()[0])
    except OSError:
        return plan.source_address  # no route: nmap will say so
    address = ipaddress.ip_address(text.partition("%")[0])
    subnets = [subnet for zone in municipality.zones if zone.zone is plan.from_zone for subnet in zone.subnets]
    if subnets and not any(address in subnet for subnet in subnets):
        raise UsageError(
            Text(
                ja=f"この端末のアドレス {address} は領域 {plan.from_zone.value} のものではありません。何も送信していません。",
                en=f"this machine's address {address} is not one of the zone {plan.from_zone.value}. Nothing was sent.",
            ),
            Text(
                ja="調べたい領域のセグメントに端末を接続してから実行してください。",
                en="connect this machine to a segment of that zone first.",
            ),
        )
    return address


def _write(
    plan: ProbePlan, source: IPAddress | None, out_dir: Path, control_data: bytes, results: _Results
) -> ProbeRun:
    stem = f"{plan.from_zone.value}-{datetime.datetime.now(JAPAN):%Y%m%d-%H%M%S}"
    control_name = f"{stem}-control.xml"
    inside = Control(plan.control.address, plan.control.protocol, plan.control.port)
    beside = replace(inside, file=control_name)
    contents = {control_name: control_data}
    metas = {control_name: metadata_text(plan.from_zone, source, inside)}
    readings: list[NmapReading] = []
    for number, (ports, documents) in enumerate(results.groups.items(), 1):
        name = f"{stem}-{number:02}.xml"
        contents[name] = merged(documents)
        assumed = tuple(dict.fromkeys(results.assumed.get(ports, ())))
        metas[name] = metadata_text(plan.from_zone, source, beside, assumed)
        readings.append(reading_of(parse(contents[name], name)))
    control = reading_of(parse(control_data, control_name))
    metadata = ProbeMetadata(plan.from_zone, source, inside, (), SourceLine(control_name, 1, ""))
    answered, _ = positive_control(metadata, control, control)
    files = _write_all(out_dir, contents, metas)
    seen = [port for reading in readings for port in reading.ports if port.port]
    return ProbeRun(
        files=files,
        positive_control=answered is True,
        unfinished=tuple(results.unfinished),
        answers=len({(port.target, port.protocol, port.port) for port in seen if port.proves_crossing}),
        silent=sum(not port.may_have_crossed for port in seen),
    )


def _write_all(out_dir: Path, contents: dict[str, bytes], metas: dict[str, str]) -> tuple[Path, ...]:
    """All files or none."""
    written: list[Path] = []
    whole = False
    try:
        for name, data in contents.items():
            for path, content in ((out_dir / meta_name(name), metas[name].encode()), (out_dir / name, data)):
                write_new(path, content)
                written.append(path)
        whole = True
    finally:
        for path in () if whole else written:
            path.unlink(missing_ok=True)
    return tuple(out_dir / name for name in contents)


def _about(address: IPAddress, text: Text) -> Text:
    return Text(ja=f"{address}: {text.ja}", en=f"{address}: {text.en}")
