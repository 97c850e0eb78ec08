"""What a probe saw."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from enum import StrEnum

from secaudit.text.source import SourceLine

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class PortState(StrEnum):
    """States as nmap names them; what each proves is said in `proves_crossing`."""

    OPEN = "open"
    CLOSED = "closed"
    FILTERED = "filtered"
    UNFILTERED = "unfiltered"
    OPEN_FILTERED = "open|filtered"
    CLOSED_FILTERED = "closed|filtered"


@dataclass(frozen=True, slots=True)
class PortObservation:
    """One port of one target as seen from `from_zone`.

    `reason` is nmap's (`syn-ack`, `reset`, `no-response`, `admin-prohibited`, ...), `reason_address` who answered when it was not the target.
    """

    target: IPAddress
    protocol: str
    port: int
    state: PortState
    reason: str
    reason_address: IPAddress | None
    service: str
    source: SourceLine

    @property
    def proves_crossing(self) -> bool:
        """An answer of the target itself proves that packets crossed: `open`, or `closed`/`unfiltered` by its own reset."""
        if self.reason_address is not None and self.reason_address != self.target:
            return False
        return self.state in (PortState.OPEN, PortState.CLOSED, PortState.UNFILTERED)


@dataclass(frozen=True, slots=True)
class Scan:
    """One run of a prober from one place.

    `scanned` are the ports that were asked of every target, by protocol, as inclusive intervals. `positive_control` is true when a target
    that must answer did answer in the same run, false when it was asked and did not, None when none was asked: only
    with True does silence prove anything. `complete` is false for a file that was cut or a scan that was stopped.
    """

    file: str
    from_zone: str
    source_address: IPAddress | None
    started: datetime.datetime | None
    targets: tuple[IPAddress, ...]
    targets_up: tuple[IPAddress, ...]
    scanned: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
    ports: tuple[PortObservation, ...]
    positive_control: bool | None
    complete: bool
    source: SourceLine
