"""Packets on their way through one device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from secaudit.flows.chain import Link
from secaudit.flows.forwarding import Choice
from secaudit.flows.modes import Mode
from secaudit.network.device import Doubt, DoubtKind, Stage
from secaudit.network.nat import NatRule, Translation
from secaudit.network.routes import PolicyRoute
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

Passing = tuple[int, tuple[Doubt, ...]]
"""What an unsure rule matches, and why it is unsure."""


@dataclass(slots=True)
class Part:
    """Packets on their way through the device, with what is already decided about them."""

    packets: int
    device: str
    ingress: str
    stage: Stage | None = None
    choice: Choice | None = None
    translation: Translation | None = None
    marked: bool = False
    """A NAT rule may have left a mark on some of them."""
    links: tuple[Link, ...] | None = None
    """None when nobody asks."""
    vrf: str | None = None
    """None: that of the interface by which they came in."""

    def then(
        self,
        packets: int,
        *,
        choice: Choice | None = None,
        sources: tuple[SourceLine, ...] = (),
        doubts: tuple[Doubt, ...] = (),
        rule: NatRule | None = None,
        policy_route: PolicyRoute | None = None,
    ) -> Part:
        """The same way, one decision further: a route to `choice`, a NAT rule, a policy route, or none of these."""
        chosen = self.choice if choice is None else choice
        links = self.links
        if links is not None and (sources or doubts):
            label = rule.label if rule is not None else "" if policy_route is None else policy_route.label
            link = Link(
                device=self.device,
                stage=self.stage,
                ingress=self.ingress,
                egress=None if chosen is None else chosen.egress,
                sources=sources,
                label=label,
                gateway=None if choice is None else choice.gateway,
                rule=rule,
                policy_route=policy_route,
                doubts=doubts,
            )
            links = (*links, link)
        return Part(
            packets, self.device, self.ingress, self.stage, chosen, self.translation, self.marked, links, self.vrf
        )

    def permitted(self, packets: int, translation: Translation | None, links: tuple[Link, ...]) -> Part:
        """The same way past a filter."""
        new = self.then(packets)
        if translation is not None:
            new.translation = translation
        if self.links is not None:
            new.links = (*self.links, *links)
        return new

    def left_alone(self, space: HeaderSpace, packets: int, unsure: Sequence[Passing]) -> list[Part]:
        """The same way for packets that no rule, or only an unsure one, is for: why they go on is told of those that one might have taken."""
        parts = []
        for matched, doubts in unsure if self.links is not None else ():
            hit = space.intersection(packets, matched)
            if hit != EMPTY:
                parts.append(self.then(hit, doubts=doubts))
                packets = space.difference(packets, hit)
        return [*parts, self.then(packets)] if packets != EMPTY else parts

    @property
    def egress(self) -> str:
        """The interface chosen by the routing stage, which comes before everything that needs it."""
        assert self.choice is not None, "the route stage comes before anything that needs the egress"
        return self.choice.egress


class Losses:
    """Packets that do not leave a device, in some state, by some way: kept for `RELIABLE`, the only question that asks."""

    def __init__(self, space: HeaderSpace, mode: Mode) -> None:
        self._space = space
        self.counted = mode is Mode.RELIABLE
        self.packets = EMPTY

    def add(self, packets: int) -> None:
        """Some more of them."""
        if self.counted:
            self.packets = self._space.union(self.packets, packets)


def unsupported(reason: Text | None, sources: tuple[SourceLine, ...]) -> tuple[Doubt, ...]:
    """Why what a line does is not sure; nothing where it is."""
    return () if reason is None else (Doubt(DoubtKind.UNSUPPORTED, reason, sources),)
