"""Routes as configured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from secaudit.network.intervals import IPAddress, IPNetwork
from secaudit.network.matches import Family, Match
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


@dataclass(frozen=True, slots=True)
class NextHop:
    """Where a route sends packets: to `gateway`, out of `interface` (both for a gateway on a named interface), or nowhere.

    `matches` (None = every packet) are the packets this gateway is for (YAMAHA `gateway G filter N`): gateways
    with `matches` are tried in written order before those without. `conditional` gateways count only in some
    states (`hide`, `keepalive`, tracking): both states are real. `backup` is used only when nothing else is.
    `captured`: a routing protocol had learnt it when the routing table was captured. Its absence is a real state as well (the
    neighbour goes down); what is relied on is the table as it was captured (docs/decisions/0012).
    """

    sources: Sources
    gateway: IPAddress | None = None
    interface: str | None = None
    discard: bool = False
    matches: tuple[Match, ...] | None = None
    conditional: bool = False
    backup: bool = False
    captured: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """The next hops for one prefix in one VRF.

    Of several routes for the same prefix the lowest `distance` is used, others are its backups. Connected routes are not listed: they follow from
    the interfaces' addresses.
    """

    prefix: IPNetwork
    next_hops: tuple[NextHop, ...]
    sources: Sources
    vrf: str = ""
    distance: int = 1


@dataclass(frozen=True, slots=True)
class PolicyRoute:
    """A rule tried before the routing table, in list order. `next_hops` empty means "use the table"."""

    label: str
    matches: tuple[Match, ...]
    next_hops: tuple[NextHop, ...]
    sources: Sources
    ingress: frozenset[str] | None = None
    vrf: str = ""
    uncertain: Text | None = None


@dataclass(frozen=True, slots=True)
class DynamicRouting:
    """Routes exist that nobody showed us: a routing protocol (OSPF, BGP, RIP ...) is configured and no captured table tells what it learnt.

    `interfaces` are those by which they may lead (None = any of the VRF), `family` the only address family that they can be of (None = both).
    `transient`: they come and go with those who connect, so that a captured table does not tell them all. `reason` says why
    they are unknown where that is not simply that the configuration does not show them. `destinations`: they are for addresses of this
    prefix only (a route that was not understood but for its prefix); in such a table nothing is certain all the same.
    """

    protocol: str
    sources: Sources
    vrf: str = ""
    interfaces: frozenset[str] | None = None
    family: Family | None = None
    transient: bool = False
    reason: Text | None = None
    destinations: IPNetwork | None = None
    authenticated: bool | None = None
    """Whether neighbours must authenticate themselves; None where that is not told for sure."""

    def concerns(self, vrf: str, family: int) -> bool:
        """Whether the unknown routes may be in the table of a VRF and address family."""
        return self.vrf == vrf and self.family in (None, family)


def not_understood(
    prefix: IPNetwork, sources: Sources, connected: Iterable[IPNetwork], vrf: str = ""
) -> DynamicRouting | None:
    """A configured route of which only the prefix was understood. None when that does not bound what it may do.

    A route inside a connected subnet is preferred to it, and connected subnets are what is always sure.
    """
    if any(prefix.prefixlen > one.prefixlen and prefix.network_address in one for one in connected):
        return None
    reason = Text(
        ja=f"{prefix} への経路の行を読み取れないため、この宛先へのパケットの行き先を判断できない。",
        en=f"a route to {prefix} was not understood, so where packets for it go cannot be told",
    )
    family: Family = 4 if prefix.version == 4 else 6
    return DynamicRouting("static", sources, vrf, None, family, reason=reason, destinations=prefix)


def of_unknown_prefix(family: Family, sources: Sources, vrfs: Iterable[str]) -> tuple[DynamicRouting, ...]:
    """A configured route of which not even the prefix was understood: any hosts may be behind it, in any of these VRFs."""
    reason = Text(
        ja="経路の行の宛先を読み取れないため、どの宛先への経路か判断できない。",
        en="the prefix of a route was not understood, so which destinations it is for cannot be told",
    )
    return tuple(DynamicRouting("static", sources, vrf, None, family, reason=reason) for vrf in sorted(set(vrfs)))


@dataclass(frozen=True, slots=True)
class Relay:
    """The device itself passes broadcasts that it hears on `interface` on to a host (DHCP relay, `ip helper-address`).

    `ports` are the UDP ports that are relayed.
    """

    interface: str
    target: IPAddress
    ports: tuple[int, ...]
    sources: Sources
