"""Who may manage the device: `access-class`, `ip http access-class` and the lists of SNMP communities, as a filter for packets addressed to it.

Whatever is no service of the management plane is let in: IOS filters nothing else for itself but by its interfaces and by the control
plane policy, which may drop anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6
from secaudit.network.management import ManagementService
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET, Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.access_lists import AccessList
from secaudit.vendors.common.permit_sets import intersect_matches

NAME = "management access"
_SEVERAL = Text(
    ja="回線（line vty）ごとに異なるリストが指定されており、どの回線につながるかは空き状況によります",
    en="the terminal lines name different lists; which line answers depends on which is free",
)
_UNREAD = Text(
    ja="リストに読み取れない行があります",
    en="the list has entries that were not understood",
)
_UNDEFINED = Text(
    ja="接続元を制限する行に、定義のないリスト、または読み取れない語があり、誰が接続できるかを確認できません",
    en="a line that bounds who may connect names a list that is not defined, or was not understood: who may connect is not certain",
)
_CONTROL_PLANE = Text(
    ja="コントロールプレーンまたは self ゾーンのポリシーが、装置宛ての通信を破棄することがあります",
    en="the policy of the control plane, or of a zone pair with self, may drop packets for the device",
)
_VRF = Text(
    ja="access-class に vrf-also がないため、VRF からの接続は拒否されることがあります",
    en="without `vrf-also` the access class may refuse connections from a VRF",
)


@dataclass(frozen=True, slots=True)
class Restriction:
    """The lists that bound one service: any of them that admits a packet may do; an address family without a list is not bound.

    `also_vrf`: it holds in every VRF.
    """

    service: str
    lists: tuple[AccessList, ...]
    sources: Sources
    also_vrf: bool = True
    unknown: Mapping[Family, SourceLine] = field(default_factory=dict)
    """Address families bounded by a list that is not defined or by a line that was not understood: it could refuse anybody or nobody."""


def local_filter(
    services: Sequence[ManagementService],
    restrictions: Iterable[Restriction],
    control_plane: Sequence[SourceLine],
    vrfs: Mapping[str, str],
) -> Filter | None:
    """The filter; None when nothing is restricted. `vrfs` are the VRFs of the interfaces."""
    lines: list[FilterLine] = []
    if control_plane:
        every = (ANY_IPV4_PACKET, ANY_IPV6_PACKET)
        lines.append(
            FilterLine("control-plane", Action.DENY, every, tuple(control_plane), Certainty.UNCERTAIN, _CONTROL_PLANE)
        )
    packets = {one.name: one.packets for one in services}
    for one in restrictions:
        lines += _restricted(one, packets.get(one.service, ()), vrfs)
    if not lines:
        return None
    sources = tuple(dict.fromkeys(source for line in lines for source in line.sources))
    return Filter(NAME, tuple(lines), Action.PERMIT, sources, default_sources=sources)


def _restricted(
    restriction: Restriction, packets: tuple[Service, ...], vrfs: Mapping[str, str]
) -> Iterable[FilterLine]:
    families = {one.family for one in restriction.lists} | restriction.unknown.keys()
    every = (Match(4, ANY_IPV4, ANY_IPV4, packets), Match(6, ANY_IPV6, ANY_IPV6, packets))
    wanted = tuple(one for one in every if one.family in families)
    if not packets:
        return
    apart = frozenset(name for name, vrf in vrfs.items() if vrf)
    if apart and not restriction.also_vrf:
        yield FilterLine(
            f"{restriction.service} vrf",
            Action.DENY,
            wanted,
            restriction.sources,
            Certainty.UNCERTAIN,
            _VRF,
            ingress=apart,
        )
    for one in restriction.lists:
        held = one.permitted()
        matches = intersect_matches(held.matches, wanted)
        alone = sum(one.family == other.family for other in restriction.lists) == 1
        sure = held.exact and alone and one.family not in restriction.unknown
        why = None if sure else _UNREAD if not held.exact else _SEVERAL if not alone else _UNDEFINED
        yield FilterLine(
            f"{restriction.service} {one.name}",
            Action.PERMIT,
            matches,
            (*restriction.sources, *one.evidence),
            Certainty.ALWAYS if sure else Certainty.UNCERTAIN,
            why,
        )
    for match in wanted:
        line = restriction.unknown.get(match.family)
        if line is not None:
            label = f"{restriction.service} by an unknown list"
            yield FilterLine(label, Action.UNKNOWN, (match,), (line,), Certainty.UNCERTAIN, _UNDEFINED)
    yield FilterLine(f"{restriction.service} refused", Action.DENY, wanted, restriction.sources)
