"""Who may log in to the device: `ip access-group` and `ipv6 access-class` below `line vty`, and the lists of SNMP communities.

Everything else that is addressed to the device is let in, but by the filters of its interfaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6
from secaudit.network.management import ManagementService
from secaudit.network.matches import Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.alaxala.access_lists import IP, AccessList
from secaudit.vendors.common.permit_sets import intersect_matches

NAME = "management access"
ALL_VRFS = "all"
_SEVERAL = Text(
    ja="複数のリストが指定されており、どのリストの末尾で廃棄されるかは VRF の指定によります",
    en="several lists are named; at the end of which of them the rest is refused depends on their VRFs",
)
_UNREAD = Text(ja="リストに読み取れない行があります", en="the list has entries that were not understood")


@dataclass(frozen=True, slots=True)
class Restriction:
    """One list that bounds some services in one VRF ("" the global network, `ALL_VRFS` every one; AX8600S configuration guide, 8.1.11)."""

    services: tuple[str, ...]
    access_list: AccessList
    sources: Sources
    vrf: str = ""
    unsure: Text | None = None
    """Why it is not sure that the list bounds these services."""
    union: bool = False
    """Whatever any list of these services admits is admitted (SNMP: each list belongs to a community)."""

    @property
    def family(self) -> Family:
        """The address family of the list."""
        return 4 if self.access_list.kind == IP else 6


def local_filter(
    services: Sequence[ManagementService], restrictions: Sequence[Restriction], vrfs: Mapping[str, str]
) -> Filter | None:
    """The filter; None when nothing is restricted. `vrfs` are the VRFs of the interfaces."""
    known = tuple({(one.services, one.access_list.name, one.family, one.vrf): one for one in restrictions}.values())
    packets = {one.name: one.packets for one in services if one.enabled}
    lines: list[FilterLine] = []
    refusals: list[FilterLine] = []
    for one in known:
        alone = one.union or sum(one.family == other.family and one.services == other.services for other in known) == 1
        for name in one.services:
            if packets.get(name):
                permits, refusal = _restricted(name, one, packets[name], None if alone else _SEVERAL, vrfs)
                lines += permits
                refusals.append(refusal)
    if not refusals:
        return None
    # Several lists of one service: each may admit, so all permits stand before the refusals.
    sources = tuple(dict.fromkeys(source for line in refusals for source in line.sources))
    return Filter(NAME, (*lines, *refusals), Action.PERMIT, sources, default_sources=sources)


def _restricted(
    name: str, restriction: Restriction, packets: tuple[Service, ...], several: Text | None, vrfs: Mapping[str, str]
) -> tuple[list[FilterLine], FilterLine]:
    family = restriction.family
    every = ANY_IPV4 if family == 4 else ANY_IPV6
    wanted = (Match(family, every, every, packets),)
    held = restriction.access_list.permitted()
    refused = several or restriction.unsure
    why = refused or (None if held.exact else _UNREAD)
    ingress = _ingress(restriction.vrf, vrfs)
    permit = FilterLine(
        f"{name} {restriction.access_list.name}",
        Action.PERMIT,
        intersect_matches(held.matches, wanted),
        (*restriction.sources, *restriction.access_list.evidence),
        Certainty.ALWAYS if why is None else Certainty.UNCERTAIN,
        why,
        ingress=ingress,
    )
    refusal = FilterLine(
        f"{name} refused",
        Action.DENY,
        wanted,
        restriction.sources,
        Certainty.ALWAYS if refused is None else Certainty.UNCERTAIN,
        refused,
        ingress=ingress,
    )
    return ([permit] if permit.matches else []), refusal


def _ingress(vrf: str, vrfs: Mapping[str, str]) -> frozenset[str] | None:
    """The interfaces of the VRF; None = all."""
    if vrf == ALL_VRFS or not any(vrfs.values()):
        return None
    return frozenset(name for name, held in vrfs.items() if held == vrf)
