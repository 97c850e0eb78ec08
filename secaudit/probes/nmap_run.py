"""One call of nmap through python-nmap, with nothing in it that came from a person or a file as text.

python-nmap splits its `hosts` and `arguments` like a shell line, so `-oN FILE 10.0.0.1` as a "host" would write FILE. Therefore
targets get there as numbers turned into addresses, ports as numbers, and arguments as the constants below.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from secaudit.errors import SecauditError, UsageError
from secaudit.network.intervals import PORT_MAX, IPAddress
from secaudit.probes.nmap_xml import NmapDocument, cleaned, parse
from secaudit.probes.plan import Limits
from secaudit.text.bilingual import Text

if TYPE_CHECKING:
    import nmap

QUIET_ARGUMENTS = "-n -Pn -vvv"
"""No names are looked up, no host discovery, and every port is listed by itself (nmap sums up more than 25 alike otherwise)."""

KILL_AFTER_SECONDS = 60
"""How much longer than its own `--host-timeout` nmap may take before it is killed."""


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """nmap gave no usable result for one target. `text` says why."""

    address: IPAddress
    text: Text


def find_nmap() -> nmap.PortScanner:
    """The installed nmap. Raises `UsageError` with how to install it."""
    import nmap

    try:
        return nmap.PortScanner()
    except nmap.PortScannerError as error:
        raise UsageError(
            Text(ja="nmap が見つかりません。", en="nmap was not found."),
            Text(
                ja="nmap を入れてください（Debian・Ubuntu: sudo apt install nmap、Windows: nmap.org のインストーラー）。"
                "別の端末で実行した nmap の XML は secaudit probe import で取り込めます。",
                en="install it (Debian, Ubuntu: sudo apt install nmap; Windows: the installer of nmap.org). "
                "The XML of an nmap run elsewhere can be taken in with secaudit probe import.",
            ),
        ) from error


def can_send_raw() -> bool:
    """Whether SYN and UDP scans are possible here. On Windows nmap itself knows (Npcap), so it is left to choose."""
    return not hasattr(os, "geteuid") or os.geteuid() == 0


def ask(
    scanner: nmap.PortScanner, address: IPAddress, tcp: tuple[int, ...], udp: tuple[int, ...], limits: Limits
) -> NmapDocument | NotAnswered:
    """Asks one target. Raises `UsageError` when nmap itself cannot work."""
    import nmap

    try:
        scanner.scan(
            hosts=host_text(address),
            ports=ports_text(tcp, udp),
            arguments=arguments(address.version, bool(tcp), bool(udp), limits),
            timeout=limits.target_timeout_seconds + KILL_AFTER_SECONDS,
        )
    except nmap.PortScannerTimeout:
        return NotAnswered(address, Text(ja="時間切れのため中止しました", en="stopped, because it took too long"))
    except nmap.PortScannerError as error:
        return NotAnswered(address, _failure(error.value))
    except AttributeError:  # python-nmap met a file without its last part
        return NotAnswered(address, _failure(""))
    data = scanner.get_nmap_last_output()
    try:
        return parse(data if isinstance(data, bytes) else str(data).encode(), f"nmap {address}")
    except SecauditError as error:
        return NotAnswered(address, error.text)


def host_text(address: IPAddress) -> str:
    """A target as nmap gets it: rebuilt from its number, so that an IPv6 scope (free text) cannot ride along.

    Raises `UsageError` for anything that is not an address.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return str(ipaddress.IPv4Address(int(address)))
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is None:
        return str(ipaddress.IPv6Address(int(address)))
    shown = cleaned(str(address), 40)
    raise UsageError(
        Text(ja=f"探査の宛先がIPアドレスではありません: {shown!r}", en=f"a target is not an IP address: {shown!r}")
    )


def ports_text(tcp: tuple[int, ...], udp: tuple[int, ...]) -> str:
    """Ports as nmap gets them (`T:22,80,U:53`). Raises `UsageError` for anything that is not a port."""
    for port in (*tcp, *udp):
        if type(port) is not int or not 1 <= port <= PORT_MAX:
            shown = cleaned(str(port), 40)
            raise UsageError(
                Text(ja=f"探査のポート番号が正しくありません: {shown!r}", en=f"this is not a port number: {shown!r}")
            )
    parts = [f"{letter}:{','.join(map(str, ports))}" for letter, ports in (("T", tcp), ("U", udp)) if ports]
    return ",".join(parts)


def arguments(version: int, tcp: bool, udp: bool, limits: Limits) -> str:
    """The constant arguments of a call; of the limits only whole numbers get in."""
    if hasattr(os, "geteuid"):
        tcp_scan = "-sS" if can_send_raw() else "-sT"
    else:
        tcp_scan = "-sS" if udp else ""
    parts = [
        QUIET_ARGUMENTS,
        "-6" if version == 6 else "",
        tcp_scan if tcp else "",
        "-sU" if udp else "",
        f"--max-rate {int(limits.packets_per_second)}",
        f"--max-retries {int(limits.retries)}",
        f"--host-timeout {int(limits.target_timeout_seconds)}s",
    ]
    return " ".join(part for part in parts if part)


def _failure(message: object) -> Text:
    """What nmap said on stderr, in one short line; never the XML (text or bytes) that python-nmap's errors carry instead."""
    shown = cleaned(message, 160) if isinstance(message, str) and "<" not in message[:200] else ""
    tail = f": {shown}" if shown else ""
    return Text(ja=f"nmap が結果を出しませんでした{tail}", en=f"nmap gave no result{tail}")
