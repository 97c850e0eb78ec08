"""Whether the neighbours of routing protocols have to authenticate themselves.

A peer of BGP, an interface of OSPF and RIP, an area of OSPFv3 names a profile with the secret. In virtual routers the profiles belong to the protocol
(`auth-profile`), in logical routers to `routing-profile`, where an area or a peer group may name one as well. Source: PAN-OS web interface help,
"Virtual routers" and "Logical routers". A profile that is not in the file is no authentication that anybody can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secaudit.vendors.panos.tree import Node


@dataclass(frozen=True, slots=True)
class _Named:
    """The profile that somebody who may send routes has to know (empty: none)."""

    profile: str


def authenticated(network: Node | None, protocol: str, settings: Node, logical: bool) -> bool | None:
    """Whether everybody who may send routes has to authenticate himself; None where it is not told."""
    asked = list(_READERS[protocol](settings))
    if not asked:
        return None
    if any(not one.profile for one in asked):
        return None if logical else False  # of logical routers not every place that may name a profile is known
    profiles = settings.child("auth-profile")
    if logical:
        profiles = None if network is None else network.child("routing-profile", protocol, "auth-profile")
    return True if profiles is not None and all(one.profile in profiles.children for one in asked) else None


def _peers(settings: Node) -> Iterator[_Named]:
    for group in settings.entries("peer-group"):
        if group.value("enable") == "no":
            continue
        usual = group.value("connection-options", "authentication")
        for peer in group.entries("peer"):
            if peer.value("enable") != "no":
                yield _Named(peer.value("connection-options", "authentication") or usual)


def _areas(settings: Node) -> Iterator[_Named]:
    for area in settings.entries("area"):
        usual = area.value("authentication")
        for one in (*_working(area.entries("interface")), *_working(area.entries("virtual-link"))):
            yield _Named(one.value("authentication") or usual)


def _interfaces(settings: Node) -> Iterator[_Named]:
    for one in _working(settings.entries("interface")):
        yield _Named(one.value("authentication"))


def _working(entries: Iterable[Node]) -> Iterator[Node]:
    """Those that talk to neighbours: switched on and not passive."""
    for one in entries:
        if one.value("enable") != "no" and one.value("passive") != "yes" and one.value("mode") != "passive":
            yield one


_READERS = {"bgp": _peers, "ospf": _areas, "ospfv3": _areas, "rip": _interfaces}
