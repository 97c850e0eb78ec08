"""Address and port translation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from secaudit.network.intervals import Interval
from secaudit.network.matches import Match
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


class NatStage(Enum):
    """When in the device's pipeline a rule acts."""

    INGRESS = "ingress"
    """Before routing, on packets received by `ingress` (virtual IPs, port forwards, static NAT from outside)."""
    EGRESS = "egress"
    """After routing, on packets about to leave by `egress` (masquerade, pools, static NAT from inside)."""


class TranslationKind(Enum):
    """How new values follow from old ones."""

    POOL = "pool"
    """Any value of `addresses`; for a single address that is the value itself."""
    SHIFT = "shift"
    """One to one: the first matched value becomes the first of `addresses`, and so on."""
    INTERFACE = "interface"
    """The address of the interface by which the packet leaves; unknown when that is given by DHCP or PPPoE."""


@dataclass(frozen=True, slots=True)
class Translation:
    """New values of one address field, and of its port.

    `addresses` is the interval of new addresses (None for `INTERFACE`). `ports` is the interval of new ports, or
    None when the port is kept; ports shift (`first matched port -> ports[0]`) when `ports_shift`, else any of them.
    """

    kind: TranslationKind
    addresses: Interval | None = None
    ports: Interval | None = None
    ports_shift: bool = False


@dataclass(frozen=True, slots=True)
class NatRule:
    """One rule; the first of its stage that matches a packet is applied, later ones are not tried.

    For `SHIFT` a rule has exactly one `Match` whose translated address (and port, if shifted) is one interval.
    `mark` (1..65535, unique per rule and device, 0 = none) stays on the packet until it leaves the device.
    `interfaces` are the ingress interfaces of an INGRESS rule or the egress interfaces of an EGRESS rule;
    `from_interfaces` restricts an EGRESS rule to packets that came in there (Cisco `ip nat inside`).
    """

    label: str
    stage: NatStage
    matches: tuple[Match, ...]
    sources: Sources
    interfaces: frozenset[str] | None = None
    from_interfaces: frozenset[str] | None = None
    destination: Translation | None = None
    source: Translation | None = None
    mark: int = 0
    uncertain: Text | None = None
    """Why it is not sure that the rule acts, when it is not."""
