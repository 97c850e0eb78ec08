"""Who may manage the device: `vty access-class` and the lists of SNMP communities, as a filter for packets addressed to it (C.3).

Software lists end with a deny. Whatever is no service that a list bounds is let in: ports and the firewall are asked elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.management import ManagementService
from secaudit.network.matches import Family, Match, Service, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.awplus.access_lists import AccessList
from secaudit.vendors.common.permit_sets import intersect_matches

NAME = "management access"
_SEVERAL = Text(
    ja="複数のリストが指定されており、どれが適用されるかを確認できません",
    en="several lists are named, and which of them is asked is not certain",
)
_UNBOUND = Text(
    ja="リストのない端末回線、または未定義のリストを指定した端末回線があり、誰でも接続できる可能性があります",
    en="some terminal line has no list, or one that is not defined: anybody may come by it",
)
_UNDEFINED = Text(
    ja="接続元を制限する行に、定義のないリスト、または読み取れない語があり、誰が接続できるかを確認できません",
    en="a line that bounds who may connect names a list that is not defined, or was not understood: who may connect is not certain",
)
_UNREAD = Text(ja="リストに読み取れない行があります", en="the list has entries that were not understood")


@dataclass(frozen=True, slots=True)
class Restriction:
    """The lists that bound one service: any that admits a packet may do; an address family without a list is not bound."""

    service: str
    lists: tuple[AccessList, ...]
    sources: Sources
    unbound: Mapping[Family, SourceLine] = field(default_factory=dict)
    """Address families that come by some line of the file without any list as well."""
    undefined: Mapping[Family, SourceLine] = field(default_factory=dict)
    """Address families for which a list is named that is not defined: it could refuse anybody or nobody."""


def local_filter(services: Sequence[ManagementService], restrictions: Iterable[Restriction]) -> Filter | None:
    """The filter; None when nothing is restricted."""
    packets = {one.name: one.packets for one in services}
    lines = [line for one in restrictions for line in _restricted(one, packets.get(one.service, ()))]
    if not lines:
        return None
    sources = tuple(dict.fromkeys(source for line in lines for source in line.sources))
    return Filter(NAME, tuple(lines), Action.PERMIT, sources, default_sources=sources)


def _restricted(restriction: Restriction, packets: tuple[Service, ...]) -> Iterable[FilterLine]:
    families = dict.fromkeys((*(one.family for one in restriction.lists), *restriction.undefined))
    wanted = tuple(Match(family, any_address(family), any_address(family), packets) for family in families)
    if not packets:
        return
    for one in restriction.lists:
        held = one.permitted()
        alone = sum(one.family == other.family for other in restriction.lists) == 1
        sure = held.exact and alone
        why = None if sure else _SEVERAL if held.exact else _UNREAD
        yield FilterLine(
            f"{restriction.service} {one.name}",
            Action.PERMIT,
            intersect_matches(held.matches, wanted),
            (*restriction.sources, *one.evidence),
            Certainty.ALWAYS if sure else Certainty.UNCERTAIN,
            why,
        )
    for match in wanted:
        unbound, undefined = restriction.unbound.get(match.family), restriction.undefined.get(match.family)
        if unbound is not None:
            label = f"{restriction.service} without a list"
            yield FilterLine(label, Action.UNKNOWN, (match,), (unbound,), Certainty.ALWAYS, _UNBOUND)
        elif undefined is not None:
            label = f"{restriction.service} by an unknown list"
            yield FilterLine(label, Action.UNKNOWN, (match,), (undefined,), Certainty.ALWAYS, _UNDEFINED)
    yield FilterLine(f"{restriction.service} refused", Action.DENY, wanted, restriction.sources)
