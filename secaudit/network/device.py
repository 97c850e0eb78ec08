"""A device: interfaces, filters, routes, NAT and the order in which they act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from secaudit.network.filters import Filter
from secaudit.network.interfaces import Interface
from secaudit.network.management import ManagementPlane
from secaudit.network.nat import NatRule
from secaudit.network.routes import DynamicRouting, PolicyRoute, Relay, Route
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


class Stage(Enum):
    """A step of a packet through a device. `Device.pipeline` gives the vendor's order (domain: NAT against filter order)."""

    INGRESS_FILTER = "ingress filter"
    INGRESS_NAT = "ingress NAT"
    ROUTE = "route"
    POLICY = "policy"
    EGRESS_NAT = "egress NAT"
    DIVERSION = "diversion"
    """Into a tunnel instead of out of the interface (`Interface.diversions`)."""
    EGRESS_FILTER = "egress filter"


class DoubtKind(Enum):
    """Why something in a configuration could change a verdict although we could not use it."""

    UNREAD = "unread"
    """A line was not understood and could matter."""
    UNSUPPORTED = "unsupported"
    """Understood, but not modelled."""
    UNDEFINED = "undefined"
    """A name refers to nothing."""
    TRUNCATED = "truncated"
    """Part of the configuration is not there: the file ends in the middle, or another file of the same device may have it."""
    NOT_READ = "not read"
    """The product is known, what its configuration means is not: it may have interfaces and filters of which nothing is told."""
    TOO_COMPLEX = "too complex"


HIDING = frozenset((DoubtKind.UNREAD, DoubtKind.TRUNCATED, DoubtKind.NOT_READ))
"""Kinds behind which any setting may be hidden."""


class Plane(Enum):
    """What a doubt could change."""

    TRAFFIC = "traffic"
    """What is forwarded: zone pairs through this device become undetermined."""
    MANAGEMENT = "management"
    """Only how the device itself is managed."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that makes verdicts undetermined.

    `interfaces` bounds it: only traffic that enters or leaves by one of them could be changed (None = all traffic of the device).
    """

    kind: DoubtKind
    text: Text
    sources: Sources
    plane: Plane = Plane.TRAFFIC
    interfaces: frozenset[str] | None = None


class NoticeKind(Enum):
    """A fact about the configuration that a hygiene rule may want to report. It does not change what packets can do."""

    UNDEFINED_FILTER = "undefined filter"
    """A filter is applied that is not defined; the device then passes everything, and the model says so."""
    UNDEFINED_LINE = "undefined line"
    """A list names lines that do not exist; they are skipped."""
    UNUSED_FILTER = "unused filter"
    OVERWRITTEN = "overwritten"
    """A later line silently replaced an earlier one."""
    INACTIVE = "inactive"
    """A setting has no effect because another one is missing."""


@dataclass(frozen=True, slots=True)
class Notice:
    """See `NoticeKind`. `undefined`: the lines have no effect because nothing in the configuration defines what they name."""

    kind: NoticeKind
    text: Text
    sources: Sources
    undefined: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """One routing or filtering device (a VDOM or context is a device of its own).

    `name` is its hostname (`host/vdom` for a virtual one). `policies` name the filters that every forwarded packet
    passes by interface pair, one after the other: all must permit it. `local_in` are the filters for packets addressed to the
    device itself, `local_out` those for packets that it sends itself; `filters_own_packets` tells whether the outgoing
    filters of its interfaces see the latter. `tracks_connections`: it remembers every connection whose opening packet
    it let through, for the lines that ask for it (`FilterLine.connection`), but for those that the filter `untracked` permits as they
    come in (its own packets: by the interface ""): nothing is remembered of them, and they are nobody's reply. `identity` are the lines that tell vendor, model and version:
    the evidence for facts that follow from what is *not* in the file.
    """

    name: str
    vendor: str
    file: str
    identity: Sources
    interfaces: Mapping[str, Interface]
    filters: Mapping[str, Filter]
    pipeline: tuple[Stage, ...]
    model: str = ""
    version: str = ""
    policies: tuple[str, ...] = ()
    local_in: tuple[str, ...] = ()
    local_out: tuple[str, ...] = ()
    filters_own_packets: bool = False
    tracks_connections: bool = False
    untracked: str | None = None
    routes: tuple[Route, ...] = ()
    policy_routes: tuple[PolicyRoute, ...] = ()
    dynamic_routing: tuple[DynamicRouting, ...] = ()
    nat_rules: tuple[NatRule, ...] = ()
    forwards: bool = True
    """False for a device that surely does not route (a layer 2 switch, `no ip routing`)."""
    management: ManagementPlane = field(default_factory=ManagementPlane)
    doubts: tuple[Doubt, ...] = ()
    notices: tuple[Notice, ...] = ()
    relays: tuple[Relay, ...] = ()
    captured: Sources = ()
    """The first lines of the captured routing tables of which routes were taken (`joining.join_tables`)."""
    captured_routing: tuple[DynamicRouting, ...] = ()
    """The routing protocols of the configuration whose routes those tables tell, so that they are no longer among the unknown ones."""
