"""IPsec phase 2 selectors: a tunnel carries only what one of its selectors names, whatever route and policy say.

They become a filter on the tunnel interface, outward as written and inward with the sides exchanged. It can only narrow;
a selector that cannot be read takes the whole filter of its tunnel away.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface
from secaudit.network.intervals import Interval, Intervals, normalise, of_network
from secaudit.network.matches import Family, Match, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.addresses import Addresses, AddressSet
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.grammar import Section

_TABLE = "vpn ipsec phase2-interface"
_PORTS_DOUBT = Text(
    ja="フェーズ2セレクターがプロトコルやポートで限定されています。",
    en="The phase 2 selector is narrowed by protocol or port.",
)


def tunnel_filters(
    scope: Scope, interfaces: dict[str, Interface], addresses: Addresses
) -> tuple[dict[str, Interface], dict[str, Filter]]:
    """The interfaces with filters applied to the tunnels that have selectors, and those filters."""
    by_tunnel: dict[str, list[Section]] = {}
    for entry in scope.entries(_TABLE):
        by_tunnel.setdefault(entry.get("phase1name"), []).append(entry)
    changed = dict(interfaces)
    filters: dict[str, Filter] = {}
    for tunnel, entries in by_tunnel.items():
        if tunnel not in interfaces:
            continue
        selectors = [selector for entry in entries for selector in _selectors(addresses, entry)]
        if len(selectors) < len(entries) or any(everything for *_, everything in selectors):
            continue
        sources = join(line for _, _, _, lines, _ in selectors for line in lines)
        names = (f"{tunnel} selectors in", f"{tunnel} selectors out")
        for name, inward in zip(names, (True, False), strict=True):
            lines = tuple(_line(selector, inward) for selector in selectors)
            filters[name] = Filter(name, lines, Action.DENY, sources, default_sources=sources)
        changed[tunnel] = replace(interfaces[tunnel], filter_in=names[0], filter_out=names[1])
    return changed, filters


_Selector = tuple[str, tuple[Family, AddressSet, AddressSet], bool, Sources, bool]
"""Name, the two sides (near, far), whether narrowed further, its lines, and whether it names everything."""


def _selectors(addresses: Addresses, entry: Section) -> list[_Selector]:
    """One selector of a phase 2 (a list, empty when it cannot be read)."""
    lines = (*entry.opening, *(line for setting in entry.settings.values() for line in setting.lines))
    family: Family = 6 if any(name.endswith("6") for name in entry.settings) or _kind(entry).endswith("6") else 4
    try:
        near = _side(addresses, entry, family, "src")
        far = _side(addresses, entry, family, "dst")
    except ValueError:
        return []
    narrowed = any(entry.get(name, "0") != "0" for name in ("protocol", "src-port", "dst-port"))
    whole = any_address(family)
    everything = near.possible == whole and far.possible == whole
    return [(entry.name, (family, near, far), narrowed, lines, everything)]


def _kind(entry: Section) -> str:
    return entry.get("src-addr-type") or entry.get("dst-addr-type")


def _side(addresses: Addresses, entry: Section, family: Family, side: str) -> AddressSet:
    """The addresses of one side. Raises `ValueError`."""
    kind = entry.get(f"{side}-addr-type", "subnet").removesuffix("6")
    suffix = "6" if family == 6 else ""
    if kind == "name":
        names = entry.values(f"{side}-name{suffix}")
        return addresses.of_names(family, names, entry.lines_of(f"{side}-name{suffix}"))
    if kind in ("range", "ip"):
        low = int(ipaddress.ip_address(entry.get(f"{side}-start-ip{suffix}")))
        last = entry.get(f"{side}-end-ip{suffix}") if kind == "range" else ""
        return _certain((low, int(ipaddress.ip_address(last)) if last else low))
    if kind != "subnet":
        raise ValueError(kind)
    words = entry.values(f"{side}-subnet{suffix}")
    if not words:
        return AddressSet(any_address(family), any_address(family))
    return _certain(of_network(ipaddress.ip_network("/".join(words), strict=False)))


def _certain(interval: Interval) -> AddressSet:
    intervals: Intervals = normalise([interval])
    return AddressSet(intervals, intervals)


def _line(selector: _Selector, inward: bool) -> FilterLine:
    name, (family, near, far), narrowed, lines, _ = selector
    source, destination = (far, near) if inward else (near, far)
    certain = source.certain and destination.certain and not narrowed
    matches: tuple[Match, ...] = ()
    if source.possible and destination.possible:
        matches = (Match(family, source.possible, destination.possible),)
    return FilterLine(
        label=f"phase 2 {name}",
        action=Action.PERMIT,
        matches=matches,
        sources=join((*lines, *source.sources, *destination.sources)),
        certainty=Certainty.ALWAYS if certain else Certainty.UNCERTAIN,
        doubt=None if certain else _PORTS_DOUBT if narrowed else source.why or destination.why,
    )
