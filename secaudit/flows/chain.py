"""Chains of responsible lines: what a device decided about packets, one link after the other.

Values only; `flows.chains` finds them, `flows.part` and `flows.device_model` make the links.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from secaudit.flows.topology import Port
from secaudit.network.device import Doubt, Stage
from secaudit.network.filters import FilterLine
from secaudit.network.intervals import IPAddress
from secaudit.network.nat import NatRule
from secaudit.network.routes import PolicyRoute
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.sets import PacketSet
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources


@dataclass(frozen=True, slots=True)
class Link:
    """One decision of one device without which the packets would not have gone this way.

    `stage` is None for what a doubt about the device may let past everything. `egress` is known from the routing stage on. What decided is one of:
    `filter` with `line` (None: its default, and then `position` is None as well; else the index in `Filter.lines`), `rule`, `policy_route`,
    a route or connected subnet (`gateway`: the next hop), or `doubts` alone. `packets` are those that a filter line let through, as it saw them
    (a node of the header space that was asked). Links are equal when the same lines of the same place decided.
    """

    device: str
    stage: Stage | None
    ingress: str
    egress: str | None
    sources: Sources
    filter: str | None = None
    position: int | None = None
    label: str = ""
    gateway: IPAddress | None = None
    line: FilterLine | None = field(default=None, compare=False)
    rule: NatRule | None = field(default=None, compare=False)
    policy_route: PolicyRoute | None = field(default=None, compare=False)
    doubts: tuple[Doubt, ...] = field(default=(), compare=False)
    packets: int = field(default=EMPTY, compare=False)

    @property
    def what(self) -> Text:
        """What was decided, for a person."""
        if self.filter is not None:
            return self._filtered()
        if self.rule is not None:
            return Text(ja=f"アドレス変換「{self.label}」を適用", en=f'NAT rule "{self.label}" applies')
        if self.policy_route is not None:
            return Text(ja=f"ポリシールート「{self.label}」に一致", en=f'policy route "{self.label}" applies')
        if self.stage is Stage.DIVERSION:
            return Text(ja=f"トンネル {self.egress} に入る", en=f"goes into tunnel {self.egress}")
        if self.stage is not Stage.ROUTE:
            return Text(
                ja="読み取れない設定により、通過する可能性がある",
                en="settings that could not be used might let it pass",
            )
        if self.gateway is not None:
            return Text(
                ja=f"経路により {self.egress} から {self.gateway} へ転送",
                en=f"routed out of {self.egress} to {self.gateway}",
            )
        return Text(ja=f"経路により {self.egress} から転送", en=f"routed out of {self.egress}")

    def _filtered(self) -> Text:
        if self.line is None:
            return Text(
                ja=f"フィルター「{self.filter}」のどの行にも一致せず、既定の動作により許可",
                en=f'no line of filter "{self.filter}" matches, and its default permits',
            )
        ja = f"フィルター「{self.filter}」の行「{self.label}」が許可"
        en = f'line "{self.label}" of filter "{self.filter}" permits'
        if self.line.source_translation is not None:
            ja += "し、送信元アドレスを変換"
            en += " and translates the source address"
        return Text(ja=ja, en=en)


@dataclass(frozen=True, slots=True)
class Chain:
    """One way with one decision at every stage, and exactly the packets that go it.

    `packets` is told as flows are (`secaudit.flows.headers.as_flow`), `arrived` holds the same packets as they arrive with their values
    before translation. `size` is how many different headers `packets` has. `doubts` are those without which they might not arrive; a
    chain without any carries its packets surely. `leaves` is the interface by which they leave the submitted devices
    for a next hop of nobody (None: they arrive in the zone).
    """

    links: tuple[Link, ...]
    packets: PacketSet
    arrived: PacketSet
    size: int
    doubts: tuple[Doubt, ...] = ()
    leaves: Port | None = None

    @property
    def lines(self) -> tuple[SourceLine, ...]:
        """Every config line of the chain once, in the order in which they act."""
        return tuple(dict.fromkeys(line for link in self.links for line in link.sources))


@dataclass(frozen=True, slots=True)
class Chains:
    """The distinct chains of a part of a flow, the one that lets most through first.

    When `complete` is false the search was stopped: there are more than these, and they may carry more of their packets. `rest` are the asked packets
    on none of them: when `complete`, those that no way through submitted devices carries (they are possible for the doubts of the pair alone).
    """

    chains: tuple[Chain, ...]
    complete: bool
    rest: PacketSet
