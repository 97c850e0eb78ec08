"""What comes of packets in a device: where they leave it, why, and where they get lost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from secaudit.flows.chain import Link
from secaudit.network.device import Stage
from secaudit.network.intervals import IPAddress


@dataclass(frozen=True, slots=True)
class Departure:
    """Packets that leave a device by `egress` towards `gateway` (None = the destination is on the link).

    `anywhere`: the next hop is not known; `doubtful`: they leave only if something that was not understood lets them; `guessed`: what goes where
    is known of nothing, because that is about the whole device. `links` are the decisions that let them through (only when asked for).
    """

    packets: int
    egress: str
    gateway: IPAddress | None
    anywhere: bool
    links: tuple[Link, ...] = ()
    doubtful: bool = False
    guessed: bool = False


class Detail(Enum):
    """How much is told about why packets leave."""

    NOTHING = "nothing"
    DOUBTS = "doubts"
    """What is not sure, and routes and translations: lines are told only of filters in which some line is not sure."""
    LINES = "lines"
    """Every deciding line; packets that go the same way stay together, so that `links` is a heap and not an order."""
    CHAINS = "chains"
    """Packets are split by the line that decides about them: `links` are the one decision of every stage."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Packets that do not get further than a stage; `to_itself`: because they are addressed to the device."""

    stage: Stage
    ingress: str
    egress: str
    packets: int
    to_itself: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """What happens in a device to packets that come in: where they get lost, and which NAT rules give them another destination."""

    losses: tuple[Loss, ...]
    redirected: tuple[tuple[Link, int], ...]
    """The rule's link and the packets after it."""
