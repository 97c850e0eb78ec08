"""Where the zones are: which interfaces packets of a zone enter by, and where a packet has arrived in one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from secaudit.flows.beyond import Beyond, senders_beyond
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
    nothing can be said about their traffic. `joined` are pairs of zones on one segment, or beyond one interface: their hosts may
    reach each other without passing any device that we know. `unbound` are connected subnets that no zone claims. `beyond` are senders
    of a zone that may be at interfaces to which the zone is not attached: they count for what is possible only.
    """

    zones: tuple[str, ...]
    addresses: Mapping[str, Mapping[Family, Intervals]]
    attachments: Mapping[Port, tuple[Attachment, ...]]
    doubts: Mapping[str, tuple[Doubt, ...]]
    joined: Mapping[frozenset[str], Doubt]
    unbound: tuple[tuple[Port, str], ...]
    has_direct_exit: frozenset[str]
    beyond: tuple[Beyond, ...] = ()

    def number(self, zone: str) -> int:
        """The origin number of a zone."""
        return self.zones.index(zone) + 1

    def of_zone(self, zone: str) -> tuple[Attachment, ...]:
        """Every attachment of one zone."""
        return tuple(one for held in self.attachments.values() for one in held if one.zone == zone)


def plan_zones(topology: Topology, bindings: Iterable[ZoneBinding], outside: frozenset[str] = frozenset()) -> ZonePlan:
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
    direct = set()
    for binding in bound:
        zone = binding.zone.value
        if binding.interfaces:
            direct.add(zone)
        for reference in binding.interfaces:
            _attach_external(topology, binding, reference, None, addresses[zone], attachments, doubts)
        if binding.behind is not None and binding.behind.value in by_zone:
            for reference in by_zone[binding.behind.value].interfaces:
                via = binding.behind.value
                _attach_external(topology, binding, reference, via, addresses[zone], attachments, doubts)
    for binding in bound:
        doubts[binding.zone.value].extend(_unreached(binding, attachments))
    return ZonePlan(
        zones=tuple(sorted(by_zone)),
        addresses=addresses,
        attachments={port: tuple(held) for port, held in sorted(attachments.items())},
        doubts={zone: tuple(found) for zone, found in doubts.items() if found},
        joined=_joined(topology, attachments, outside),
        unbound=_unbound(topology, attachments, claimed),
        has_direct_exit=frozenset(direct),
        beyond=_beyond(topology, bound, addresses, attachments),
    )


def _beyond(
    topology: Topology,
    bindings: Iterable[ZoneBinding],
    addresses: Mapping[str, Mapping[Family, Intervals]],
    attachments: Mapping[Port, list[Attachment]],
) -> tuple[Beyond, ...]:
    """A zone of which only its interfaces are told is where these are; only the rest zone can be behind any other next hop as well."""
    held = {one.zone.value: addresses[one.zone.value] for one in bindings if one.rest or not _is_open(one)}
    rest = next((one.zone.value for one in bindings if one.rest), None)
    told = {port: [one for one in many if one.zone in held] for port, many in attachments.items()}
    return senders_beyond(topology, held, told, rest)


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
    elif topology.segment(*port) is not None:
        attachments[port].append(Attachment(binding.zone.value, port, addresses, external=True, via=via))


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


def _joined(
    topology: Topology, attachments: Mapping[Port, list[Attachment]], outside: frozenset[str]
) -> dict[frozenset[str], Doubt]:
    """Pairs of zones between which nothing that we know stands."""
    together: dict[int | None, dict[str, Port]] = defaultdict(dict)
    for port, held in attachments.items():
        for one in held:
            if one.zone not in outside:
                together[topology.segment(*port)].setdefault(one.zone, port)
    found: dict[frozenset[str], Doubt] = {}
    for zones in together.values():
        for left, right in combinations(sorted(zones), 2):
            port = zones[right]
            interface = topology.interface(*port)
            lines = tuple(line for held in interface.addresses for line in held.sources) or interface.sources
            text = Text(
                ja=f"領域 {left} と {right} が {port[0]} の {port[1]} で同じ区間に接続しており、機器を経由せずに通信できるおそれがある。",
                en=f"the zones {left} and {right} are on one segment at {port[0]} {port[1]} and may communicate without passing a device",
            )
            found.setdefault(frozenset((left, right)), Doubt(DoubtKind.UNSUPPORTED, text, lines))
    return found


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
