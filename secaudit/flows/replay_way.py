"""The records of the packet interpreter: a packet on its way, the end of a way, and what devices remember of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from secaudit.flows.replay_headers import Header
from secaudit.flows.replay_routes import Departure
from secaudit.flows.trace import Hop, Trace, TraceVerdict
from secaudit.network.device import Doubt, Stage
from secaudit.network.matches import Match
from secaudit.network.nat import Translation
from secaudit.packets.packet import Packet
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


@dataclass(frozen=True, slots=True)
class Passage:
    """What a device remembers of a packet that it let through: enough to let its reply back.

    `forms` are the headers it had inside the device; `bindings` what NAT made of it, as (stage, before, after).
    """

    device: str
    forms: tuple[Packet, ...]
    policies: frozenset[str] = frozenset()
    """The stateful policies that saw it: the reply passes them."""
    interfaces: frozenset[str] = frozenset()
    """The interfaces whose filter keeps a session of it."""
    bindings: tuple[tuple[Stage, Packet, Packet], ...] = ()
    untracked: bool = False
    """The device does not remember it (`Device.untracked`)."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The end of one way: the trace, the lines on it of which we are not sure, and what the devices remember."""

    trace: Trace
    doubtful: Sources
    passages: tuple[Passage, ...]
    header: Header


@dataclass(frozen=True, slots=True)
class PolicyTranslation:
    """The NAT that the deciding line of a policy asks for, until the stage at which it is carried out."""

    translation: Translation
    match: Match | None
    sources: Sources
    policy: str


@dataclass(frozen=True, slots=True)
class Way:
    """A packet inside a device, on one way. `opening` is the packet as it was sent.

    `bypass` are doubts about the device that let the packet past its filters on this way, `without_nat` past its NAT rules too.
    """

    opening: Packet
    device: str
    ingress: str | None
    header: Header
    passage: Passage
    hops: tuple[Hop, ...] = ()
    doubtful: Sources = ()
    visited: tuple[tuple[str, str | None, Packet], ...] = ()
    passages: tuple[Passage, ...] = ()
    departure: Departure | None = None
    translation: PolicyTranslation | None = None
    bypass: tuple[Doubt, ...] = ()
    without_nat: bool = False

    @property
    def egress(self) -> str | None:
        """The interface by which it is going to leave, once that is known."""
        return None if self.departure is None else self.departure.interface


Outcome = Way | Arrival


def sent(device: str, ingress: str | None, header: Header) -> Way:
    """The beginning of a way: into an interface, or (None) from the device itself."""
    return Way(header.packet, device, ingress, header, Passage(device, (header.packet,)))


def step(way: Way, stage: Stage | None, what: Text, sources: Sources, doubtful: Sources = ()) -> Way:
    """The way with one more hop."""
    hop = Hop(way.device, stage, what, sources, way.header.packet, way.ingress, way.egress)
    return replace(way, hops=(*way.hops, hop), doubtful=merged(way.doubtful, doubtful))


def ended(way: Way, verdict: TraceVerdict, reason: Text) -> Arrival:
    """The end of a way where it is now."""
    arrived = verdict in (TraceVerdict.DELIVERED, TraceVerdict.UNMODELLED)
    trace = Trace(
        verdict=verdict,
        packet=way.opening,
        hops=way.hops,
        arrives=way.header.packet if arrived else None,
        device=way.device,
        interface=way.egress if arrived else None,
        reason=reason,
    )
    stays = arrived and way.egress is None
    passages = (*way.passages, way.passage) if stays else way.passages
    return Arrival(trace, way.doubtful, passages, way.header)


def merged(*groups: Sources) -> Sources:
    """All lines once, in their order."""
    return tuple(dict.fromkeys(source for group in groups for source in group))
