"""What happened to one packet, hop by hop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from secaudit.network.device import Stage
from secaudit.packets.packet import Packet
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


class TraceVerdict(StrEnum):
    """How a trace ends (contract: `trace --format json`)."""

    DELIVERED = "delivered"
    DENIED = "denied"
    UNROUTED = "unrouted"
    """No route, a discard route, or a routing loop."""
    UNMODELLED = "unmodelled"
    """It leaves for a device or line that nobody submitted."""
    UNDETERMINED = "undetermined"
    """A line that could not be understood decides."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step: on `device`, in `stage` (None for entering or leaving it), with the lines that decided it.

    `packet` is the packet after the step.
    """

    device: str
    stage: Stage | None
    what: Text
    sources: Sources
    packet: Packet
    ingress: str | None = None
    egress: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """One way a packet can go. A packet has several traces where a device has several next hops or states.

    `arrives` is the packet as it arrives (None unless delivered or unmodelled); `device`/`interface` is where the trace
    ended: the last device and, when the packet left it, the interface by which it left.
    """

    verdict: TraceVerdict
    packet: Packet
    hops: tuple[Hop, ...]
    arrives: Packet | None
    device: str
    interface: str | None
    reason: Text
