"""nmap's XML as observations.

What is read from the parsed tree itself is what python-nmap drops: who answered (`reason_ip`), which ports were asked
(`scaninfo`), the ports that nmap only summarises (`extraports`), and whether the run came to its end.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from secaudit.errors import InputError
from secaudit.network.intervals import IPAddress
from secaudit.probes.clock import instant
from secaudit.probes.metadata import ProbeMetadata
from secaudit.probes.nmap_hosts import HostReading, RunQuestions, read_host
from secaudit.probes.nmap_ports import AskedPorts, asked_ports
from secaudit.probes.nmap_services import asked_services
from secaudit.probes.nmap_xml import NmapDocument, cleaned, parse, read_bytes
from secaudit.probes.observation import PortObservation, Scan
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources

MAX_OBSERVATIONS = 500_000


@dataclass(frozen=True, slots=True)
class NmapReading:
    """What one nmap file says by itself, before anybody says from where it was run."""

    document: NmapDocument
    asked: AskedPorts
    hosts: tuple[HostReading, ...]
    started: datetime.datetime | None
    ended: datetime.datetime | None
    finished: bool

    @property
    def ports(self) -> tuple[PortObservation, ...]:
        """All observations, in the order of the file."""
        return tuple(seen for host in self.hosts for seen in host.ports)


def read_nmap(path: Path, shown_as: str) -> NmapReading:
    """Reads an nmap XML file. `shown_as` is the path for people. Raises `InputError`."""
    document = parse(read_bytes(path, shown_as), shown_as)
    return reading_of(document)


def reading_of(document: NmapDocument) -> NmapReading:
    """Reads a parsed file. Raises `InputError` for values that nmap cannot have written."""
    root = document.root
    asked = asked_ports(document)
    questions = RunQuestions(asked, asked_services(document))
    names = _services(document)
    hosts: list[HostReading] = []
    total = 0
    for element in root.findall("host"):
        host = read_host(document, element, questions, names)
        total += len(host.ports)
        if total > MAX_OBSERVATIONS:
            raise InputError(
                Text(
                    ja=f"応答が {MAX_OBSERVATIONS:,} 件を超えています。",
                    en=f"the file holds more than {MAX_OBSERVATIONS:,} answers.",
                ),
                file=document.file,
                line=document.line(element),
                hint=Text(
                    ja="対象を分けて調査し、ファイルを分割してください。",
                    en="split the scan by target into several files.",
                ),
            )
        hosts.append(host)
    finished = root.find("runstats/finished")
    # An old nmap (before 5) does not say "exit"; its file then ends with runstats only when the run did.
    done = finished is not None and finished.get("exit", "success") == "success"
    return NmapReading(
        document=document,
        asked=asked,
        hosts=tuple(hosts),
        started=instant(root.get("start")),
        ended=None if finished is None else instant(finished.get("time")),
        finished=done,
    )


def import_nmap(path: Path, shown_as: str, metadata: ProbeMetadata, control_path: Path | None = None) -> Scan:
    """Reads an nmap XML file as a scan made from `metadata.from_zone`.

    `control_path` is the file of the positive control when the metadata says that it is not in the same file. A control that was
    not asked in the run leaves `positive_control` at None. Raises `InputError`.
    """
    reading = read_nmap(path, shown_as)
    control_reading = reading
    if metadata.control is not None and metadata.control.file is not None and control_path is not None:
        control_reading = read_nmap(control_path, metadata.control_shown_as(shown_as))
    answered, control_lines = positive_control(metadata, reading, control_reading)
    return Scan(
        file=shown_as,
        from_zone=metadata.from_zone.value,
        source_address=metadata.source_address,
        started=reading.started,
        targets=_unique(host.address for host in reading.hosts),
        targets_up=_unique(host.address for host in reading.hosts if host.asked),
        scanned=reading.asked.by_protocol,
        ports=tuple(sorted(reading.ports, key=_order)),
        positive_control=answered,
        complete=reading.finished and all(host.accounted for host in reading.hosts),
        source=_headline(reading),
        ended=reading.ended,
        silent=tuple(group for host in reading.hosts for group in host.silent),
        assumed=frozenset(metadata.assumed_targets),
        control=control_lines,
    )


def positive_control(
    metadata: ProbeMetadata, reading: NmapReading, control_reading: NmapReading
) -> tuple[bool | None, Sources]:
    """Whether the address that must answer did so, and its lines.

    In a file of its own the control must have been asked both before and after the scan, and have answered each time: one answer
    would not show that the prober's line was up all the while. An answer of the prober itself is no control.
    """
    control = metadata.control
    if control is None:
        return None, ()
    hosts = [host for host in control_reading.hosts if host.address == control.address]
    seen = [
        entry
        for host in hosts
        for entry in host.ports
        if (entry.protocol, entry.port) == (control.protocol, control.port)
    ]
    asked = control_reading.asked.includes(control.protocol, control.port)
    if not hosts or not asked or any(host.is_prober for host in hosts):
        return None, ()
    lines = tuple(entry.source for entry in seen) or tuple(host.source for host in hosts)
    answered = len(seen) == len(hosts) and all(entry.proves_crossing for entry in seen)
    if not answered and not all(host.accounted for host in hosts):
        return None, lines
    if answered and control_reading is not reading and not _encloses(hosts, reading):
        return None, lines
    return answered, lines


def _encloses(control: list[HostReading], reading: NmapReading) -> bool:
    """Whether the control was asked before the scan began and again after it ended, by nmap's own clock."""
    first = [host.ended for host in control if host.ended is not None]
    last = [host.started for host in control if host.started is not None]
    if not first or not last or reading.started is None or reading.ended is None:
        return False
    return min(first) <= reading.started and max(last) >= reading.ended


def _order(seen: PortObservation) -> tuple[int, int, str, int]:
    return seen.target.version, int(seen.target), seen.protocol, seen.port


def _unique(addresses: Iterable[IPAddress]) -> tuple[IPAddress, ...]:
    return tuple(dict.fromkeys(addresses))


def _headline(reading: NmapReading) -> SourceLine:
    root = reading.document.root
    when = "" if reading.started is None else f" {reading.started:%Y-%m-%d %H:%M:%S %Z}"
    return reading.document.source(
        root, f"nmap {cleaned(root.get('version'), 20)}{when}: {cleaned(root.get('args'), 200)}"
    )


def _services(document: NmapDocument) -> dict[tuple[str, str, int], str]:
    """What python-nmap makes of the services: by host, protocol and port.

    The entities are already refused, so its own parser may see the file. `PortScanner()` would start `nmap -V`, which an
    auditor's machine need not have; reading a file does not need it.
    """
    import nmap

    scanner = nmap.PortScanner.__new__(nmap.PortScanner)
    try:
        result = scanner.analyse_nmap_xml_scan(nmap_xml_output=document.data)
    except (nmap.PortScannerError, AttributeError, KeyError, TypeError, ValueError):
        # Its exceptions carry the whole file; and what it cannot read (no runstats) only costs the names of services.
        return {}
    found: dict[tuple[str, str, int], str] = {}
    for host, details in result["scan"].items():
        for protocol in ("tcp", "udp", "sctp"):
            for port, entry in (details.get(protocol) or {}).items():
                words = (entry["name"], entry["product"], entry["version"])
                found[host, protocol, port] = cleaned(" ".join(word for word in words if word))
    return found
