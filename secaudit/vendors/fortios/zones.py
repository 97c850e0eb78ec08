"""Zones, and SD-WAN zones with their members (FO-06)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import IPAddress
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.grammar import Section

_SDWAN_TABLES = ("system sdwan", "system virtual-wan-link")


@dataclass(frozen=True, slots=True)
class Zone:
    """A policy interface that stands for several: a `system zone` or an SD-WAN zone. `intrazone_allow` permits between members."""

    name: str
    members: frozenset[str]
    sources: Sources
    intrazone_allow: bool = False


@dataclass(frozen=True, slots=True)
class SdwanMember:
    """A member of an SD-WAN zone with its gateways."""

    interface: str
    zone: str
    gateways: tuple[IPAddress, ...]
    sources: Sources


def read_zones(scope: Scope) -> list[Zone]:
    """`config system zone`."""
    zones = []
    for entry in scope.entries("system zone"):
        sources = (*entry.opening, *entry.lines_of("interface", "intrazone"))
        members = frozenset(entry.values("interface"))
        if entry.unknown:
            scope.findings.doubt(
                DoubtKind.UNREAD,
                Text(
                    ja=f"ゾーン {entry.name} に読み取れない行があります。",
                    en=f"The zone {entry.name} has lines that were not understood.",
                ),
                entry.unknown,
            )
        zones.append(Zone(entry.name, members, sources, _allows_inside(scope, entry)))
    return zones


def _allows_inside(scope: Scope, entry: Section) -> bool:
    said = entry.get("intrazone")
    return said == "allow" if said else scope.defaults.zone_allows_inside


def read_members(scope: Scope) -> tuple[SdwanMember, ...]:
    """The members of SD-WAN that work."""
    members = []
    for path in _SDWAN_TABLES:
        for entry in scope.section(path).section("members").entries.values():
            if not scope.works(entry) or not entry.get("interface"):
                continue
            gateways = [_gateway(entry.get(name)) for name in ("gateway", "gateway6")]
            members.append(
                SdwanMember(
                    entry.get("interface"),
                    entry.get("zone", scope.defaults.sdwan_zone),
                    tuple(gateway for gateway in gateways if gateway is not None and int(gateway)),
                    (*entry.opening, *entry.lines_of("interface", "gateway", "gateway6", "zone")),
                )
            )
    return tuple(members)


def sdwan_zones(members: Iterable[SdwanMember]) -> list[Zone]:
    """SD-WAN zones; before 6.4 there is one, called `virtual-wan-link` in policies (FO-06)."""
    held = tuple(members)
    names = {member.zone: None for member in held}
    return [
        Zone(
            name,
            frozenset(member.interface for member in held if member.zone == name),
            join(line for member in held if member.zone == name for line in member.sources),
        )
        for name in names
    ]


def _gateway(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
