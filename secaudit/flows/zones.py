"""Where the zones are: which interfaces packets of a zone enter by, and where a packet has arrived in one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from secaudit.flows.beyond import Beyond, senders_beyond, unattached, unstated_ipv6
from secaudit.flows.crossings import Crossing, connected_pairs, senders_across
from secaudit.flows.one_wire import by_switched_vlan, zones_behind_one_wire, zones_on_one_wire
from secaudit.flows.topology import Port, Topology
from secaudit.municipality.model import InterfaceRef, ZoneBinding
from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.intervals import (
    IPV4_MAX,
    IPV6_MAX,
    Intervals,
    complement,
    intersect,
    normalise,
    of_network,
    of_networks,
)
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text

FAMILIES: tuple[Family, Family] = (4, 6)
_MAXIMUM: Mapping[Family, int] = {4: IPV4_MAX, 6: IPV6_MAX}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A zone at an interface: hosts with `addresses` (by family) are on its segment, or beyond it when `external`.

    A packet that leaves by an external attachment towards one of its addresses has arrived whatever its next hop. `via` names the
    zone through which this one is reached there (the security cloud for the Internet behind it).
    """

    zone: str
    port: Port
    addresses: Mapping[Family, Intervals]
    external: bool
    via: str | None = None


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """All zones of an audit in the network.

    `numbers` gives each zone its origin number (from 1). `doubts` name zones, or parts of zones, that no submitted device reaches:
    nothing can be said about their traffic. `joined` are pairs of zones on one segment, beyond one interface, or connected by `crossings`
    (`crossings.Crossing`): their hosts may reach each other without passing any device that we know. `unbound` are connected subnets that no zone claims. `beyond` are senders
    of a zone that may be at interfaces to which the zone is not attached: they count for what is possible only. `unstated` are those of
    them that may also be reached there, with IPv6 addresses that the zone does not state.
    """

    zones: tuple[str, ...]
    addresses: Mapping[str, Mapping[Family, Intervals]]
    attachments: Mapping[Port, tuple[Attachment, ...]]
    doubts: Mapping[str, tuple[Doubt, ...]]
    joined: Mapping[frozenset[str], tuple[Doubt, ...]]
    unbound: tuple[tuple[Port, str], ...]
    has_direct_exit: frozenset[str]
    beyond: tuple[Beyond, ...] = ()
    unstated: tuple[Beyond, ...] = ()
    crossings: tuple[Crossing, ...] = ()

    def number(self, zone: str) -> int:
        """The origin number of a zone."""
        return self.zones.index(zone) + 1

    def unstated_at(self, port: Port, zone: str) -> tuple[Beyond, ...]:
        """The hosts of a zone beyond a port whose addresses the zone does not state."""
        return tuple(one for one in self.unstated if one.port == port and one.zone == zone)

    def of_zone(self, zone: str) -> tuple[Attachment, ...]:
        """Every attachment of one zone."""
        return tuple(one for held in self.attachments.values() for one in held if one.zone == zone)


def plan_zones(
    topology: Topology,
    bindings: Iterable[ZoneBinding],
    outside: frozenset[str] = frozenset(),
    crossings: Iterable[Crossing] = (),
) -> ZonePlan:
    """Finds every zone in the network: by its subnets on connected segments, by VLAN, and by the interfaces named for it.

    `outside` are the zones that lie outside the building: that several of them are beyond one line is how it should be.
    """
    bound = tuple(bindings)
    by_zone = {binding.zone.value: binding for binding in bound}
    claimed = {family: _claimed(bound, family) for family in FAMILIES}
    addresses: dict[str, dict[Family, Intervals]] = {
        binding.zone.value: {
            family: complement(claimed[family], _MAXIMUM[family]) if _is_open(binding) else _subnets(binding, family)
            for family in FAMILIES
        }
        for binding in bound
    }
    attachments: dict[Port, list[Attachment]] = defaultdict(list)
    for binding in bound:
        for port, held in _inside(topology, binding, addresses):
            attachments[port].append(Attachment(binding.zone.value, port, held, external=False))
    for attached in attachments.values():
        for one in attached:
            for family in FAMILIES:
                merged = normalise((*addresses[one.zone][family], *one.addresses[family]))
                addresses[one.zone][family] = merged
    doubts: dict[str, list[Doubt]] = defaultdict(list)
    silent = frozenset(one.zone.value for one in bound if not _is_open(one) and not _subnets(one, 6))
    direct = set()
    for binding in bound:
        zone = binding.zone.value
        if binding.interfaces:
            direct.add(zone)
        if zone in silent:
            _add_connected_ipv6(topology, binding, addresses[zone])
        for reference in binding.interfaces:
            _attach_external(topology, binding, reference, None, addresses[zone], attachments, doubts)
        if binding.behind is not None and binding.behind.value in by_zone:
            for reference in by_zone[binding.behind.value].interfaces:
                via = binding.behind.value
                _attach_external(topology, binding, reference, via, addresses[zone], attachments, doubts)
    for binding in bound:
        doubts[binding.zone.value].extend(_unreached(binding, attachments))
    stated = normalise(span for one in bound if not _is_open(one) for span in addresses[one.zone.value][6])
    unstated = tuple(unstated_ipv6(topology, silent, attachments, stated))
    wired = by_switched_vlan(topology, bound)
    ways = tuple(crossings)
    joined = zones_on_one_wire(topology, attachments, wired, outside)
    inside = {one.zone.value: addresses[one.zone.value] for one in bound if not _is_open(one)}
    joined = {**zones_behind_one_wire(topology, unattached(inside, attachments), attachments, outside), **joined}
    for way in ways:
        for pair in way.pairs(by_zone, _linked(topology, way, attachments, wired)):
            joined[pair] = (*joined.get(pair, ()), way.doubt)
    if ways:
        joined = connected_pairs(joined)
    return ZonePlan(
        zones=tuple(sorted(by_zone)),
        addresses=addresses,
        attachments={port: tuple(held) for port, held in sorted(attachments.items())},
        doubts={zone: tuple(found) for zone, found in doubts.items() if found},
        joined=joined,
        unbound=_unbound(topology, attachments, claimed),
        has_direct_exit=frozenset(direct),
        beyond=(
            *_beyond(topology, bound, addresses, attachments, wired, outside),
            *senders_across(ways, joined, addresses, attachments),
            *unstated,
        ),
        unstated=unstated,
        crossings=ways,
    )


def _add_connected_ipv6(topology: Topology, binding: ZoneBinding, addresses: dict[Family, Intervals]) -> None:
    """A zone outside that states no IPv6 addresses holds the IPv6 subnets of its entrances."""
    found = [
        of_network(one.address.network)
        for reference in binding.interfaces
        for entrance in topology.entrances(reference.device, reference.interface)
        for one in topology.interface(*entrance).addresses
        if one.address.version == 6
    ]
    addresses[6] = normalise((*addresses[6], *found))


def _linked(
    topology: Topology,
    way: Crossing,
    attachments: Mapping[Port, list[Attachment]],
    wired: Iterable[tuple[int, str]],
) -> set[str]:
    """The zones on the segments to which declared links join a device that nobody submitted."""
    reached = topology.loose_ends.get(way.device, frozenset())
    found = {one.zone for port, held in attachments.items() if topology.segment(*port) in reached for one in held}
    return found | {zone for segment, zone in wired if segment in reached}


def _beyond(
    topology: Topology,
    bindings: Iterable[ZoneBinding],
    addresses: Mapping[str, Mapping[Family, Intervals]],
    attachments: Mapping[Port, list[Attachment]],
    wired: Iterable[tuple[int, str]],
    outside: frozenset[str],
) -> tuple[Beyond, ...]:
    """A zone of which only its interfaces are told is where these are; only the rest zone can be behind any other next hop as well."""
    held = {one.zone.value: addresses[one.zone.value] for one in bindings if one.rest or not _is_open(one)}
    rest = next((one.zone.value for one in bindings if one.rest), None)
    told = {port: [one for one in many if one.zone in held] for port, many in attachments.items()}
    entrances = frozenset(
        port for port, many in attachments.items() if any(one.external and one.zone in outside for one in many)
    )
    return senders_beyond(topology, held, told, wired, rest, entrances)


def _is_open(binding: ZoneBinding) -> bool:
    """Whether a zone can hold every address that no zone claims: the rest zone, and one of which only the way to it is told."""
    return binding.rest or not (binding.subnets or binding.vlans)


def _subnets(binding: ZoneBinding, family: Family) -> Intervals:
    return of_networks(one for one in binding.subnets if one.version == family)


def _claimed(bindings: Iterable[ZoneBinding], family: Family) -> Intervals:
    return of_networks(net for one in bindings for net in one.subnets if net.version == family)


def _inside(
    topology: Topology, binding: ZoneBinding, addresses: Mapping[str, Mapping[Family, Intervals]]
) -> Iterable[tuple[Port, Mapping[Family, Intervals]]]:
    """Interfaces on whose segment hosts of a zone sit, with their addresses there.

    The IPv6 subnets of an interface belong to the zone of its IPv4 subnets: a segment is in one zone.
    """
    if _is_open(binding):
        return
    for name, device in topology.devices.items():
        for interface in device.interfaces.values():
            if topology.segment(name, interface.name) is None:
                continue
            by_vlan = interface.vlan is not None and interface.vlan in binding.vlans
            held: dict[Family, list[tuple[int, int]]] = {4: [], 6: []}
            for address in interface.addresses:
                family: Family = 4 if address.address.version == 4 else 6
                span = of_network(address.address.network)
                if by_vlan:
                    held[family].append(span)
                else:
                    held[family].extend(intersect((span,), addresses[binding.zone.value][family]))
            if held[4] or held[6]:
                if held[4] and not held[6]:
                    held[6] = [of_network(a.address.network) for a in interface.addresses if a.address.version == 6]
                yield (name, interface.name), {family: normalise(held[family]) for family in FAMILIES}


def _attach_external(
    topology: Topology,
    binding: ZoneBinding,
    reference: InterfaceRef,
    via: str | None,
    addresses: Mapping[Family, Intervals],
    attachments: dict[Port, list[Attachment]],
    doubts: dict[str, list[Doubt]],
) -> None:
    port = (reference.device, reference.interface)
    device = topology.devices.get(reference.device)
    if device is None or reference.interface not in device.interfaces:
        doubts[binding.zone.value].append(
            Doubt(
                DoubtKind.UNDEFINED,
                Text(
                    ja=f"領域の接続点 {reference} が、提出された設定ファイルの中に見つからない。",
                    en=f"the zone's interface {reference} is in no submitted configuration",
                ),
                (binding.source,),
            )
        )
        return
    entrances = topology.entrances(*port)
    if not entrances and device.interfaces[reference.interface].enabled:
        doubts[binding.zone.value].append(
            Doubt(
                DoubtKind.UNSUPPORTED,
                Text(
                    ja=f"領域の接続点 {reference} はルーティングするインターフェースではなく（スイッチのポート等）、どの機器を経由するか分からない。ルーティングするインターフェースを記載すること。",
                    en=f"the zone's interface {reference} does not route (a port of a switch, perhaps), so the device behind it is not known: name one that does",
                ),
                (binding.source,),
            )
        )
    for entrance in entrances:
        attachments[entrance].append(Attachment(binding.zone.value, entrance, addresses, external=True, via=via))


def _unreached(binding: ZoneBinding, attachments: Mapping[Port, list[Attachment]]) -> Iterable[Doubt]:
    held = [one for many in attachments.values() for one in many if one.zone == binding.zone.value]
    if not held:
        yield Doubt(
            DoubtKind.UNDEFINED,
            Text(
                ja=f"領域 {binding.zone.value} に接続する機器の設定ファイルが提出されていない。",
                en=f"no submitted configuration is connected to the zone {binding.zone.value}",
            ),
            (binding.source,),
        )
        return
    if _is_open(binding) and not binding.rest:
        # What leaves by another exit for an address that no zone claims may be meant for this zone as well.
        yield Doubt(
            DoubtKind.UNDEFINED,
            Text(
                ja=f"領域 {binding.zone.value} のアドレスが記載されていないため、どの宛先がこの領域に属するか分からない。",
                en=f"the addresses of the zone {binding.zone.value} are not stated, so which destinations belong to it is not known",
            ),
            (binding.source,),
        )
    if any(one.external for one in held):
        return
    for network in binding.subnets:
        family: Family = 4 if network.version == 4 else 6
        if not any(intersect(one.addresses[family], (of_network(network),)) for one in held):
            yield Doubt(
                DoubtKind.UNDEFINED,
                Text(
                    ja=f"領域 {binding.zone.value} のサブネット {network} に接続する機器の設定ファイルが提出されていない。",
                    en=f"no submitted configuration is connected to subnet {network} of the zone {binding.zone.value}",
                ),
                (binding.source,),
            )


def _unbound(
    topology: Topology, attachments: Mapping[Port, list[Attachment]], claimed: Mapping[Family, Intervals]
) -> tuple[tuple[Port, str], ...]:
    """Connected subnets with room for hosts that belong to no zone."""
    found = []
    for name, device in topology.devices.items():
        for interface in device.interfaces.values():
            port = (name, interface.name)
            if topology.segment(*port) is None or attachments.get(port):
                continue
            for held in interface.addresses:
                network = held.address.network
                family: Family = 4 if network.version == 4 else 6
                room = network.num_addresses > 4 and not network.is_link_local
                if room and not intersect((of_network(network),), claimed[family]):
                    found.append((port, str(network)))
    return tuple(sorted(found))
