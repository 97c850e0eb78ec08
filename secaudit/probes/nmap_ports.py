"""Lists of ports as nmap writes them: `22,80-81,443`."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.network.intervals import PORT_MAX, Interval, Intervals, contains, normalise
from secaudit.probes.nmap_xml import NmapDocument, cleaned
from secaudit.text.bilingual import Text

SCAN_TYPES = {"syn": "tcp", "connect": "tcp", "udp": "udp", "sctpinit": "sctp"}
"""Kinds of scan whose packets open a connection, and their protocol. ACK, window, FIN, Xmas, idle and bounce scans ask something else."""


@dataclass(frozen=True, slots=True)
class AskedPorts:
    """Which ports a run asked of every target, by protocol."""

    by_protocol: tuple[tuple[str, Intervals], ...]

    def ports(self, protocol: str) -> Intervals:
        """The ports of one protocol."""
        return dict(self.by_protocol).get(protocol, ())

    def includes(self, protocol: str, port: int) -> bool:
        """Whether one port was asked."""
        return contains(self.ports(protocol), port)


def read_ports(text: str) -> Intervals:
    """Reads a list of ports. Raises `ValueError`.

    >>> read_ports("22,80-81")
    ((22, 22), (80, 81))
    """
    pairs: list[Interval] = []
    for part in text.split(",") if text else ():
        low, dash, high = part.partition("-")
        pairs.append((_number(low), _number(high) if dash else _number(low)))
    return normalise(pairs)


def written_ports(ports: Intervals) -> str:
    """The reverse of `read_ports`."""
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ports)


def port_number(text: str | None) -> int:
    """One port. Raises `ValueError`."""
    return _number(text or "")


def asked_ports(document: NmapDocument) -> AskedPorts:
    """The ports of all `scaninfo` elements. Raises `InputError` for a scan that opens no connections."""
    found: dict[str, Intervals] = {}
    for element in document.root.findall("scaninfo"):
        kind = element.get("type") or ""
        protocol = element.get("protocol")
        if SCAN_TYPES.get(kind) != protocol:
            shown = cleaned(f"{kind} {protocol}", 30)
            raise document.wrong(
                element,
                Text(
                    ja=f"この種類の調査（{shown}）は接続を開くパケットを送らないため、証拠に使えません。-sS、-sT、-sU で調査してください。",
                    en=f"this kind of scan ({shown}) sends no packets that open a connection and proves nothing here; use -sS, -sT or -sU.",
                ),
            )
        try:
            ports = read_ports(element.get("services") or "")
        except ValueError as error:
            raise document.wrong(
                element,
                Text(ja="調査したポートの一覧を読み取れません。", en="the list of scanned ports cannot be read."),
            ) from error
        found[protocol or ""] = normalise((*found.get(protocol or "", ()), *ports))
    return AskedPorts(tuple(sorted(found.items())))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5) or int(text) > PORT_MAX:
        raise ValueError(f"not a port: {text[:20]!r}")
    return int(text)
