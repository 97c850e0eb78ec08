"""The filters at the border of a zone, and which of their lines speak about what crosses it.

A boundary device is one that is attached to the zone and to another zone as well. At a device with a policy table the lines
between the two sides count; at a device with interface filters those of the zone's own interfaces count, and where one of them has
no filter for a direction, those at which the traffic leaves or enters on the other side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secaudit.municipality.model import Zone
from secaudit.network.device import Device
from secaudit.network.filters import Action, Certainty, Connection, Filter, FilterLine
from secaudit.network.interfaces import Interface
from secaudit.network.intervals import (
    ANY_IPV4,
    ANY_IPV6,
    ANY_PORT,
    Interval,
    Intervals,
    contains,
)
from secaudit.network.matches import ANY_MARK, ANY_SERVICE, PROTOCOLS_WITH_PORTS, SYN, TCP, UDP, Match, Service
from secaudit.policy.model import CellVerdict
from secaudit.rules.context import RuleContext
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


@dataclass(frozen=True, slots=True)
class Crossing:
    """A filter that decides about traffic between a zone and the rest, and the interfaces on either side.

    `ingress` and `egress` are the interfaces by which such traffic enters and leaves the device; `peers` are the zones beyond.
    """

    device: Device
    filter: Filter
    ingress: frozenset[str]
    egress: frozenset[str]
    peers: frozenset[Zone]
    by_policy: bool

    def lines(self) -> Iterator[FilterLine]:
        """The lines that apply between the two sides and are not `without_hidden`, in list order."""
        for line in without_hidden(self.device, self.filter):
            if not self.by_policy or (_meets(line.ingress, self.ingress) and _meets(line.egress, self.egress)):
                yield line


def boundary_devices(context: RuleContext, zone: Zone | None) -> tuple[Device, ...]:
    """Devices attached to `zone` (None = any) and to at least one other zone, by name; those that cannot route are left out."""
    found = []
    for _, device in sorted(context.devices.items()):
        zones = context.places.of_device(device.name)
        if device.forwards and len(zones) > 1 and (zone is None or zone in zones):
            found.append(device)
    return tuple(found)


def crossings(context: RuleContext, device: Device, zone: Zone) -> tuple[Crossing, ...]:
    """The filters of one boundary device that decide about traffic between `zone` and the rest, in both directions."""
    inside = context.places.interfaces_in(device.name, zone)
    outside = frozenset(_forwarding(device)) - inside
    peers = frozenset(zone_ for name in outside for zone_ in context.places.of_interface(device.name, name))
    if device.policies:
        tables = [device.filters[name] for name in deciding_policies(device)]
        # Whatever the policies say, nothing passes from one routing table to another.
        vrfs = {device.interfaces[name].vrf for name in inside}
        reached = sorted(name for name in outside if device.interfaces[name].vrf in vrfs)
        ways = [(inside, frozenset({name}), name) for name in reached]
        ways += [(frozenset({name}), inside, name) for name in reached]
        return tuple(
            Crossing(device, table, source, destination, _peers(context, device, name), True)
            for table in tables
            for source, destination, name in ways
        )
    found: list[Crossing] = []
    for name in sorted(inside):
        interface = device.interfaces[name]
        for own, others, outward in (
            (interface.filter_in, "filter_out", True),
            (interface.filter_out, "filter_in", False),
        ):
            if own is not None:
                found.extend(_at_interface(device, own, name, outside, peers, outward=outward))
                continue
            for other in sorted(outside):
                applied: str | None = getattr(device.interfaces[other], others)
                if applied is not None:
                    far = _peers(context, device, other)
                    found.extend(_at_interface(device, applied, name, frozenset({other}), far, outward=outward))
    return tuple(found)


def deciding_policies(device: Device) -> tuple[str, ...]:
    """The policy tables by which a device discards what no line of theirs permits.

    Every table must permit a packet, so one that discards the rest is enough, and others (the mangle table of a Linux host) may end
    by permitting. When none discards the rest, all are looked at.
    """
    tables = tuple(name for name in device.policies if name in device.filters)
    ending = tuple(
        name for name in tables if device.filters[name].default is not Action.PERMIT or last_lines(device.filters[name])
    )
    return ending or tables


def unfiltered(context: RuleContext, device: Device) -> tuple[tuple[Interface, Interface], ...]:
    """Pairs of interfaces in different, restricted zones between which a device without a policy table filters nothing."""
    if device.policies:
        return ()
    ways = restricted_ways(context, device)
    result = []
    for source in _forwarding(device):
        for destination in _forwarding(device):
            left, right = device.interfaces[source], device.interfaces[destination]
            if (source, destination) in ways and left.vrf == right.vrf and not (left.filter_in or right.filter_out):
                result.append((left, right))
    return tuple(result)


@dataclass(frozen=True, slots=True)
class Unlimited:
    """A way between restricted zones on which no line of a filter decides: nothing is limited there. `sure` unless a default is not known."""

    fact: Text
    sources: tuple[SourceLine, ...]
    sure: bool


def unlimited(context: RuleContext, device: Device, zone: Zone | None) -> Iterator[Unlimited]:
    """The ways of one device from or to a zone (None = any) that are open: without filter, or with filters that pass what no line matches."""
    own = None if zone is None else context.places.interfaces_in(device.name, zone)
    forwarding = set(_forwarding(device))
    for ingress, egress in sorted(restricted_ways(context, device)):
        left, right = device.interfaces[ingress], device.interfaces[egress]
        if not {ingress, egress} <= forwarding or left.vrf != right.vrf or not (own is None or own & {ingress, egress}):
            continue
        names = deciding_policies(device) if device.policies else (left.filter_in, right.filter_out)
        tables = [device.filters[name] for name in names if name is not None and name in device.filters]
        if any(table.default is Action.DENY or last_line(last_lines(table), ingress, egress) for table in tables):
            continue
        sources = [one for table in tables for one in table.default_sources or table.sources]
        yield Unlimited(
            Text(
                ja=f"{device.name} は、{ingress} から {egress} への通信を限定していない（フィルタがないか、該当する規則のないパケットを通過させる）。",
                en=f"{device.name} limits nothing from {ingress} to {egress}: there is no filter, or it passes what no line matches.",
            ),
            tuple(dict.fromkeys(sources)) or (*left.sources[:1], *right.sources[:1]),
            all(table.default is Action.PERMIT for table in tables),
        )


def restricted_ways(context: RuleContext, device: Device) -> frozenset[tuple[str, str]]:
    """The pairs of interfaces, in and out, between which the policy restricts traffic of some zones."""
    zones = {name: context.places.of_interface(device.name, name) for name in device.interfaces}
    bound = sorted(name for name, held in zones.items() if held)
    return frozenset(
        (ingress, egress)
        for ingress in bound
        for egress in bound
        if ingress != egress
        and any(_is_restricted(context, left, right) for left in zones[ingress] for right in zones[egress])
    )


def _is_restricted(context: RuleContext, source: Zone, destination: Zone) -> bool:
    verdict = context.policy.cell(source, destination).verdict
    return source is not destination and verdict in (CellVerdict.CONDITIONAL, CellVerdict.DENIED)


def _forwarding(device: Device) -> list[str]:
    return sorted(
        name
        for name, interface in device.interfaces.items()
        if interface.enabled and (interface.addresses or interface.dynamic_address or interface.tunnel is not None)
    )


def _peers(context: RuleContext, device: Device, name: str) -> frozenset[Zone]:
    return context.places.of_interface(device.name, name)


def _at_interface(
    device: Device, name: str, inside: str, outside: frozenset[str], peers: frozenset[Zone], *, outward: bool
) -> Iterable[Crossing]:
    table = device.filters.get(name)
    if table is not None:
        near = frozenset({inside})
        yield Crossing(device, table, near if outward else outside, outside if outward else near, peers, False)


def _meets(wanted: frozenset[str] | None, there: frozenset[str]) -> bool:
    return wanted is None or bool(wanted & there)


def permits(line: FilterLine) -> bool:
    """Whether a line lets packets through that open a connection, surely or at times."""
    return line.action is Action.PERMIT and line.certainty is not Certainty.UNCERTAIN and _sees_opening(line)


def may_permit(line: FilterLine) -> bool:
    """Whether a line could let packets through although that is not sure."""
    unsure = line.action is Action.UNKNOWN or (line.action is Action.PERMIT and line.certainty is Certainty.UNCERTAIN)
    return unsure and _sees_opening(line)


def _sees_opening(line: FilterLine) -> bool:
    """A line for packets of remembered connections (`--ctstate ESTABLISHED`) decides nothing about new ones."""
    return line.connection is not Connection.ESTABLISHED


def opens(match: Match) -> tuple[Service, ...]:
    """The services of a match that can open a connection: those that demand a TCP flag of a reply are left out."""
    return tuple(
        service
        for service in match.services
        if service.protocols != ((TCP, TCP),) or any(low <= SYN <= high for low, high in service.tcp_flags)
    )


def families_routed(device: Device) -> frozenset[int]:
    """The address families that a device has an address of: it forwards no packet of another one."""
    held = (one.address.version for interface in device.interfaces.values() for one in interface.addresses)
    dynamic = any(interface.dynamic_address for interface in device.interfaces.values())
    return frozenset(held) | ({4} if dynamic else set())


def any_address(intervals: Intervals) -> bool:
    """Every address of either family."""
    return intervals in (ANY_IPV4, ANY_IPV6)


def any_service(service: Service) -> bool:
    """Every port of TCP or of UDP, whatever else: the service is not limited."""
    ported = any(contains(service.protocols, number) for number in (TCP, UDP))
    return ported and service.destination_ports == ANY_PORT and service.source_ports == ANY_PORT


def port_count(service: Service) -> int:
    """How many destination ports a service names; 0 for protocols without ports."""
    if not any(contains(service.protocols, number) for number in PROTOCOLS_WITH_PORTS):
        return 0
    return sum(high - low + 1 for low, high in service.destination_ports)


def wider_than(intervals: Intervals, family: int, prefix_length: int) -> tuple[Interval, ...]:
    """The intervals that hold more addresses than one prefix of that length."""
    bits = 32 if family == 4 else 128
    return tuple((low, high) for low, high in intervals if high - low + 1 > 1 << (bits - prefix_length))


def last_lines(table: Filter) -> tuple[FilterLine, ...]:
    """The lines of a filter that surely decide every IPv4 packet between the interfaces they name, in list order."""
    return tuple(
        line
        for line in table.lines
        if line.certainty is Certainty.ALWAYS and _sees_opening(line) and _matches_everything(line)
    )


def last_line(lines: tuple[FilterLine, ...], ingress: str, egress: str) -> FilterLine | None:
    """The first of `last_lines` that applies between two interfaces: nothing after it has any effect there."""
    for line in lines:
        if (line.ingress is None or ingress in line.ingress) and (line.egress is None or egress in line.egress):
            return line
    return None


def without_hidden(device: Device, table: Filter) -> Iterator[FilterLine]:
    """The lines of a filter but those that are not sure to permit, and stand behind others that surely decide every packet that they could see.

    A YAMAHA switch, of which nobody knows what it does with the rest, ends a list with such a line even when the list decides everything.
    """
    families = families_routed(device)
    if any(interface.dynamic_address for interface in device.interfaces.values()):
        families |= {6}
    decided: set[int] = set()
    for line in table.lines:
        seen = {match.family for match in line.matches} & families
        if not (may_permit(line) and seen and seen <= decided):
            yield line
        everywhere = line.ingress is None and line.egress is None
        if line.certainty is Certainty.ALWAYS and everywhere and _sees_opening(line):
            decided |= {match.family for match in line.matches if _is_everything(match)}


def _matches_everything(line: FilterLine) -> bool:
    return any(match.family == 4 and _is_everything(match) for match in line.matches)


def _is_everything(match: Match) -> bool:
    return (
        any_address(match.sources)
        and any_address(match.destinations)
        and match.marks == ANY_MARK
        and any(service == ANY_SERVICE for service in match.services)
    )
