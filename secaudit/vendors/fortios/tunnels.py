"""IPsec phase 2 selectors: a tunnel carries only what one of its selectors names, whatever route and policy say.

They become a filter on the tunnel interface, outward as written and inward with the sides exchanged. It can only narrow;
a selector that cannot be read leaves open what its tunnel carries besides.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface
from secaudit.network.intervals import Interval, Intervals, normalise, of_network
from secaudit.network.matches import ANY_PACKET, Family, Match, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.fortios.addresses import Addresses, AddressSet
from secaudit.vendors.fortios.findings import Scope, join
from secaudit.vendors.fortios.grammar import Section

_TUNNELS, _TABLE = "vpn ipsec phase1-interface", "vpn ipsec phase2-interface"
_NAMES_OF_A_SIDE = ("addr-type", "subnet", "subnet6", "start-ip", "start-ip6", "end-ip", "end-ip6", "name", "name6")
_UNREAD_DOUBT = Text(
    ja="フェーズ2セレクターを読み取れないため、このトンネルが運ぶ通信を確定できません。",
    en="A phase 2 selector was not understood, so what the tunnel carries is not certain.",
)
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
    known = interfaces.keys() | scope.section(_TUNNELS).entries.keys()
    homeless = [entry for tunnel, entries in by_tunnel.items() if tunnel not in known for entry in entries]
    changed = dict(interfaces)
    filters: dict[str, Filter] = {}
    for tunnel, entries in by_tunnel.items():
        if tunnel not in interfaces:
            continue
        read = [(entry, _selector(addresses, entry, scope.defaults.selector_type)) for entry in entries]
        selectors = [selector for _, selector in read if selector is not None]
        if any(selector.everything for selector in selectors):
            continue
        # Which tunnel one belongs to that names none, or none that is there, was lost: it may be this one.
        unread = [*(entry for entry, selector in read if selector is None), *homeless]
        sources = join(line for selector in selectors for line in selector.lines) or unread[0].opening
        names = (f"{tunnel} selectors in", f"{tunnel} selectors out")
        for name, inward in zip(names, (True, False), strict=True):
            lines = (*(_line(selector, inward) for selector in selectors), *map(_unread_line, unread))
            filters[name] = Filter(name, lines, Action.DENY, sources, default_sources=sources)
        changed[tunnel] = replace(interfaces[tunnel], filter_in=names[0], filter_out=names[1])
    return changed, filters


@dataclass(frozen=True, slots=True)
class _Selector:
    """A phase 2 that was read: its two sides, and whether protocol or ports narrow it further."""

    name: str
    family: Family
    near: AddressSet
    far: AddressSet
    narrowed: bool
    lines: Sources

    @property
    def everything(self) -> bool:
        """Whether it surely names every packet."""
        whole = any_address(self.family)
        return self.near.sure == whole and self.far.sure == whole and not self.narrowed


def _selector(addresses: Addresses, entry: Section, usual: str) -> _Selector | None:
    """The selector of a phase 2; None when it cannot be read."""
    if entry.unknown:
        return None
    family: Family = 6 if any(name.endswith("6") for name in entry.settings) or _kind(entry).endswith("6") else 4
    sides: list[AddressSet] = []
    for side in ("src", "dst"):
        try:
            sides.append(_side(addresses, entry, family, side, usual))
        except ValueError:
            addresses.scope.findings.not_understood(entry.lines_of(*(f"{side}-{name}" for name in _NAMES_OF_A_SIDE)))
            return None
    near, far = sides
    narrowed = any(entry.get(name, "0") != "0" for name in ("protocol", "src-port", "dst-port"))
    return _Selector(entry.name, family, near, far, narrowed, _lines(entry))


def _lines(entry: Section) -> Sources:
    return (*entry.opening, *(line for setting in entry.settings.values() for line in setting.lines))


def _kind(entry: Section) -> str:
    return entry.get("src-addr-type") or entry.get("dst-addr-type")


def _side(addresses: Addresses, entry: Section, family: Family, side: str, usual: str) -> AddressSet:
    """The addresses of one side. Raises `ValueError`."""
    kind = entry.get(f"{side}-addr-type", usual).removesuffix("6")
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
    near, far = selector.near, selector.far
    source, destination = (far, near) if inward else (near, far)
    certain = source.certain and destination.certain and not selector.narrowed
    matches: tuple[Match, ...] = ()
    if source.possible and destination.possible:
        matches = (Match(selector.family, source.possible, destination.possible),)
    return FilterLine(
        label=f"phase 2 {selector.name}",
        action=Action.PERMIT,
        matches=matches,
        sources=join((*selector.lines, *source.sources, *destination.sources)),
        certainty=Certainty.ALWAYS if certain else Certainty.UNCERTAIN,
        doubt=None if certain else _PORTS_DOUBT if selector.narrowed else source.why or destination.why,
    )


def _unread_line(entry: Section) -> FilterLine:
    """It may name any packet, and which it names is not known."""
    sources = join((*_lines(entry), *entry.unknown))
    return FilterLine(f"phase 2 {entry.name}", Action.PERMIT, ANY_PACKET, sources, Certainty.UNCERTAIN, _UNREAD_DOUBT)
