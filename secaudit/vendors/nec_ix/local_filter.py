"""Who may use the services of the device itself: the access lists of its servers and of its communities, as a filter for packets addressed to it.

An SSH server looks at the source of a packet only (NEC function manual, chapter 7); of the other servers that is not confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6
from secaudit.network.management import ManagementService
from secaudit.network.matches import Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.common.permit_sets import intersect_matches
from secaudit.vendors.nec_ix.access_lists import AccessList, Lists

NAME = "management access"
_UNREAD = Text(ja="リストに読み取れない行があります", en="the list has entries that were not understood")
_UNDEFINED = Text(
    ja="リストが定義されておらず、誰を許可するか確認できません",
    en="the list is not defined: whom it admits is not confirmed",
)
_MORE_THAN_SOURCES = Text(
    ja="リストに送信元以外の条件があり、サービスがそれを見るか確認できません",
    en="the list asks for more than the source, and whether the service looks at that is not confirmed",
)


@dataclass(frozen=True, slots=True)
class Restriction:
    """The lists (by family and name) that bound one service; an address family without a list is not bound."""

    service: str
    lists: tuple[tuple[Family, str], ...]
    sources: Sources


def local_filter(
    services: Sequence[ManagementService], restrictions: Sequence[Restriction], lists: Lists
) -> Filter | None:
    """The filter; None when nothing is restricted."""
    packets = {one.name: one.packets for one in services if one.enabled}
    found = [line for one in restrictions for line in _restricted(one, packets.get(one.service, ()), lists)]
    if not found:
        return None
    sources = tuple(dict.fromkeys(source for line in found for source in line.sources))
    return Filter(NAME, tuple(found), Action.PERMIT, sources, default_sources=sources)


def _restricted(restriction: Restriction, packets: tuple[Service, ...], lists: Lists) -> Iterator[FilterLine]:
    families = {family for family, _ in restriction.lists}
    every = (Match(4, ANY_IPV4, ANY_IPV4, packets), Match(6, ANY_IPV6, ANY_IPV6, packets))
    wanted = tuple(one for one in every if one.family in families)
    if not packets:
        return
    for family, name in restriction.lists:
        label = f"{restriction.service} {name}"
        mine = tuple(one for one in every if one.family == family)
        held = lists.get(family, name)
        if held is None:
            yield FilterLine(label, Action.UNKNOWN, mine, restriction.sources, Certainty.ALWAYS, _UNDEFINED)
        else:
            yield from _admitted(label, held, mine, restriction.sources)
    yield FilterLine(f"{restriction.service} refused", Action.DENY, wanted, restriction.sources)


def _admitted(label: str, held: AccessList, mine: tuple[Match, ...], sources: Sources) -> Iterator[FilterLine]:
    told = (*sources, *held.evidence)
    permitted = held.permitted()
    if permitted.exact and all(_sources_only(match) for line in held.lines for match in line.matches):
        yield FilterLine(label, Action.PERMIT, intersect_matches(permitted.matches, mine), told)
        return
    if permitted.exact and all(line.action is Action.PERMIT for line in held.lines):
        # A list without denials admits these whatever the service looks at.
        sure = intersect_matches(permitted.matches, mine)
        if sure:
            yield FilterLine(label, Action.PERMIT, sure, told)
    # Whoever is a source of any permit may be admitted.
    broad = tuple(
        Match(match.family, match.sources, ANY_IPV4 if match.family == 4 else ANY_IPV6) for match in permitted.matches
    )
    why = _MORE_THAN_SOURCES if permitted.exact else _UNREAD
    matches = intersect_matches(broad, mine)
    if matches:
        yield FilterLine(label, Action.PERMIT, matches, told, Certainty.UNCERTAIN, why)


def _sources_only(match: Match) -> bool:
    return match.destinations in (ANY_IPV4, ANY_IPV6) and match.services == (Service(),)
