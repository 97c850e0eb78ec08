"""Who may use the services of the router itself: `telnetd host`, `httpd host` and their like, as a filter for packets addressed to it (A.9).

Whatever is no service of the management plane is let in: the router filters nothing else but by its interfaces (YA-47).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6, Intervals, of_networks
from secaudit.network.management import ManagementPlane, ManagementService
from secaudit.network.matches import Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.vendors.yamaha.addresses import host, ipv4_range
from secaudit.vendors.yamaha.draft import Draft
from secaudit.vendors.yamaha.management import listed_hosts
from secaudit.vendors.yamaha.nat import incoming_refusals
from secaudit.vendors.yamaha.table import read_data

NAME = "host lists"
_LANS = ("lan", "vlan", "bridge")
_BY_INTERFACE = Text(
    ja="hostに挙げたインタフェースのどのホストを指すか、設定からは確かめられません",
    en="which hosts an interface in a `host` list stands for is not documented beyond its own network",
)
_NOT_READ = Text(
    ja="hostの指定を読み取れません",
    en="this entry of a `host` list cannot be read",
)


def local_filter(draft: Draft, management: ManagementPlane) -> Filter | None:
    """The filter; None when every service that is on takes everybody."""
    services = {one.name: one for one in management.services}
    lines = [
        *incoming_refusals(draft),
        *(
            line
            for entry in read_data("management")["service"]
            for line in _service_lines(draft, entry, services[entry["name"]])
        ),
    ]
    if not lines:
        return None
    # The lines of one service have one and the same tuple, which may be long.
    different = {id(line.sources): line.sources for line in lines}
    sources = tuple(dict.fromkeys(source for held in different.values() for source in held))
    return Filter(NAME, tuple(lines), Action.PERMIT, sources, default_sources=sources)


def _service_lines(draft: Draft, entry: Mapping[str, Any], service: ManagementService) -> Iterator[FilterLine]:
    """What the lists of one service admit, then nobody else."""
    words = listed_hosts(draft, entry)[1] or tuple(entry["default_host"].split())
    if not service.enabled or "any" in words or not service.packets:
        return
    for word in words:
        yield from _admitted(draft, service, word)
    yield FilterLine(
        f"{service.name} host", Action.DENY, _matches(service.packets, ANY_IPV4, ANY_IPV6), service.sources
    )


def _admitted(draft: Draft, service: ManagementService, word: str) -> Iterator[FilterLine]:
    label = f"{service.name} host {word}"
    address, span = host(word), ipv4_range(word)
    if span is not None:
        yield FilterLine(label, Action.PERMIT, _matches(service.packets, (span,), ()), service.sources)
    elif address is not None:
        value = ((int(address), int(address)),)
        sides: tuple[Intervals, Intervals] = (value, ()) if address.version == 4 else ((), value)
        yield FilterLine(label, Action.PERMIT, _matches(service.packets, *sides), service.sources)
    elif word == "lan" or word in draft.interfaces:
        names = [name for name in draft.interfaces if name == word or (word == "lan" and name.startswith(_LANS))]
        # Hosts of the interface's own network surely are meant; what else comes in by it may be.
        for name in names:
            nets = [one.address.network for one in draft.interfaces[name].addresses.values()]
            own = of_networks(net for net in nets if net.version == 4)
            here = frozenset((name,))
            yield FilterLine(label, Action.PERMIT, _matches(service.packets, own, ()), service.sources, ingress=here)
            yield FilterLine(
                label, Action.PERMIT, _matches(service.packets, ANY_IPV4, ANY_IPV6), service.sources,
                Certainty.UNCERTAIN, _BY_INTERFACE, ingress=here,
            )  # fmt: skip
            # So may be callers who get an address of that network (remote access), whatever they come in by.
            six = of_networks(net for net in nets if net.version == 6)
            called = _matches(service.packets, own, six)
            if called:
                yield FilterLine(label, Action.PERMIT, called, service.sources, Certainty.UNCERTAIN, _BY_INTERFACE)
    elif word != "none":
        every = _matches(service.packets, ANY_IPV4, ANY_IPV6)
        yield FilterLine(label, Action.PERMIT, every, service.sources, Certainty.UNCERTAIN, _NOT_READ)


def _matches(services: tuple[Service, ...], ipv4: Intervals, ipv6: Intervals) -> tuple[Match, ...]:
    sides: tuple[tuple[Family, Intervals, Intervals], ...] = ((4, ipv4, ANY_IPV4), (6, ipv6, ANY_IPV6))
    return tuple(Match(family, held, everywhere, services) for family, held, everywhere in sides if held)
