"""Where packets of a zone may enter although no submitted device attaches the zone there.

What leaves by a next hop that nobody submitted may arrive anywhere behind it (`engine.Propagation.unmodelled`); this is the mirror of
that: what lies behind such a next hop may also send. Asked only when the question is what could be possible.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from secaudit.flows.forwarding import POINT_TO_POINT, Choice, ForwardingTable
from secaudit.flows.topology import Port, Topology
from secaudit.network.device import Device, Doubt, DoubtKind
from secaudit.network.interfaces import InterfaceKind
from secaudit.network.intervals import (
    IPV4_MAX,
    IPV6_MAX,
    Intervals,
    IPNetwork,
    complement,
    intersect,
    normalise,
    of_network,
    of_networks,
    subtract,
)
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources

_FAMILIES: tuple[Family, Family] = (4, 6)
_MAXIMUM: Mapping[Family, int] = {4: IPV4_MAX, 6: IPV6_MAX}
_INSIDE_ONLY = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
    "fc00::/7", "fe80::/10", "::1/128",
)  # fmt: skip
"""Addresses that nobody on the Internet has (RFC 1918, 6598, 3927, 4193, 4291)."""

_FILLED_BY_TWO = 4
"""A subnet of this size has room for two hosts (/30, /31); in IPv6 a point-to-point link is a /127 or a /126."""

Addresses = Mapping[Family, Intervals]


class Attached(Protocol):
    """What is asked of `zones.Attachment`."""

    @property
    def zone(self) -> str: ...
    @property
    def addresses(self) -> Addresses: ...
    @property
    def external(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Beyond:
    """Hosts of a zone, with these addresses, whose packets may enter by a port. `doubt` says why.

    `faint`: nothing tells of them but that the port leads to another zone, outside, to which everything is sent that is for nobody else.
    """

    port: Port
    zone: str
    addresses: Addresses
    doubt: Doubt
    faint: bool = False


def senders_beyond(
    topology: Topology,
    addresses: Mapping[str, Addresses],
    attachments: Mapping[Port, Sequence[Attached]],
    wired: Iterable[tuple[int, str]],
    rest: str | None,
    entrances: frozenset[Port] = frozenset(),
) -> tuple[Beyond, ...]:
    """All of them, but those that an attachment covers already. `rest` is the zone of all addresses that no other one claims.

    `wired` are segments with hosts of a zone that may have no routed interface there, `entrances` the ports that lead to zones outside.
    """
    found = [
        *_behind_routes(topology, addresses, entrances),
        *_on_the_wire(topology, addresses, attachments, wired),
        *_nowhere_connected(topology, addresses, attachments, rest),
        *_unclaimed_lines(topology, addresses, attachments, rest),
        *_dialled_in(topology, addresses, attachments, rest),
    ]
    return tuple(one for one in found if not _covered(one, attachments.get(one.port, ())))


def unstated_ipv6(
    topology: Topology, silent: frozenset[str], attachments: Mapping[Port, Sequence[Attached]], claimed: Intervals
) -> Iterator[Beyond]:
    """IPv6 hosts of zones that state no IPv6 addresses (`silent`), where IPv6 is on: with any address that no zone claims.

    At an interface inside these are the prefixes that are routed to a device nobody submitted, or any at all when the interface itself
    has no prefix; at an entrance of a zone outside they may be any.
    """
    behind: dict[Port, list[tuple[int, int]]] = defaultdict(list)
    lines: dict[Port, dict[Sources, None]] = defaultdict(dict)
    for name, device in topology.devices.items():
        for vrf in sorted({one.vrf for one in device.interfaces.values()}):
            for led in _led_out(topology, device, vrf, 6):
                behind[name, led.choice.egress].extend(led.destinations)
                lines[name, led.choice.egress][led.choice.sources] = None
    everything: Intervals = ((0, IPV6_MAX),)
    for port, held in attachments.items():
        interface = topology.interface(*port)
        addressed = [one for one in interface.addresses if one.address.version == 6]
        written = [*(one.sources for one in addressed), *lines[port], interface.sources]
        for one in held:
            wide = interface.ipv6_only_link_local or (one.external and bool(addressed or behind[port]))
            left = subtract(everything if wide else normalise(behind[port]), claimed, IPV6_MAX)
            if one.zone in silent and left:
                text = Text(
                    ja=f"領域 {one.zone} の IPv6 アドレスが municipality.yaml に記載されていないが、{port[0]} の {port[1]} では IPv6 が使われており、その先にどの IPv6 の端末があるか分からない。",
                    en=f"municipality.yaml states no IPv6 addresses for the zone {one.zone}, but IPv6 is on at {port[1]} of {port[0]}: which IPv6 hosts are behind it is not known",
                )
                yield Beyond(port, one.zone, {4: (), 6: left}, Doubt(DoubtKind.UNSUPPORTED, text, written[0]))


def _covered(one: Beyond, attached: Iterable[Attached]) -> bool:
    held = [known.addresses for known in attached if known.zone == one.zone]
    return all(
        not subtract(
            one.addresses[family], normalise(span for known in held for span in known[family]), _MAXIMUM[family]
        )
        for family in _FAMILIES
    )


# --- behind a next hop that nobody submitted ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Led:
    """Destinations that are sent to a next hop of nobody. `told`: a line says so of them, and not of all that is for nobody else."""

    choice: Choice
    destinations: Intervals
    told: bool


def routed_to_nobody(topology: Topology, addresses: Mapping[str, Addresses]) -> Iterator[Beyond]:
    """Hosts of zones, with some of these addresses, of which a route (not a default route) says that they are behind a device nobody submitted."""
    return _behind_routes(topology, addresses, frozenset(), only_told=True)


def _behind_routes(
    topology: Topology, addresses: Mapping[str, Addresses], entrances: frozenset[Port], *, only_told: bool = False
) -> Iterator[Beyond]:
    for name, device in topology.devices.items():
        if not device.forwards:
            continue
        spans: dict[tuple[Port, bool, Family], list[tuple[int, int]]] = defaultdict(list)
        lines: dict[tuple[Port, bool], dict[Sources, None]] = defaultdict(dict)
        for vrf in sorted({one.vrf for one in device.interfaces.values()}):
            for family in _FAMILIES:
                for led in _led_out(topology, device, vrf, family):
                    port = (name, led.choice.egress)
                    faint = port in entrances and not led.told
                    if led.told or not only_told:
                        spans[port, faint, family].extend(led.destinations)
                        lines[port, faint][led.choice.sources] = None
        for (port, faint), written in sorted(lines.items()):
            behind_port: Addresses = {family: normalise(spans[port, faint, family]) for family in _FAMILIES}
            doubt = _behind(port, tuple(line for group in written for line in group))
            for zone, held in addresses.items():
                reached: Addresses = {family: intersect(behind_port[family], held[family]) for family in _FAMILIES}
                if reached[4] or reached[6]:
                    yield Beyond(port, zone, reached, doubt, faint)


def _led_out(topology: Topology, device: Device, vrf: str, family: Family) -> Iterator[_Led]:
    """Next hops of nobody, with the destinations that are sent to them."""
    table = ForwardingTable(topology, device, vrf, family)
    everything: Intervals = ((0, _MAXIMUM[family]),)
    for entry in table.by_lines:
        for routes in entry.chain:
            for choice in table.choices((routes,)):
                if _is_nobody(topology, device.name, choice):
                    yield _Led(choice, entry.destinations, routes is not table.default)
    for rule in device.policy_routes:
        if rule.vrf == vrf:
            matched = normalise(s for m in rule.matches if m.family == family for s in m.destinations)
            for choice in table.choices_of(rule.next_hops):
                if _is_nobody(topology, device.name, choice):
                    yield _Led(choice, matched, matched != everything)
    for protocol in table.unknown:
        for interface in device.interfaces.values():
            runs = protocol.interfaces is None or interface.name in protocol.interfaces
            choice = Choice(interface.name, None, protocol.sources, anywhere=True)
            if runs and interface.enabled and interface.vrf == vrf and _is_nobody(topology, device.name, choice):
                yield _Led(choice, subtract(everything, table.connected, _MAXIMUM[family]), False)


def _is_nobody(topology: Topology, device: str, choice: Choice) -> bool:
    port = (device, choice.egress)
    if choice.discard or topology.segment(*port) is None:
        return False
    if choice.gateway is not None:
        return not topology.sure.holders(*port, choice.gateway)
    point_to_point = topology.interface(*port).kind in POINT_TO_POINT
    known = point_to_point and topology.neighbours(*port) and not topology.tunnels.may_leave(port)
    return choice.anywhere and not known


def _behind(port: Port, lines: Sources) -> Doubt:
    return Doubt(
        DoubtKind.UNSUPPORTED,
        Text(
            ja=f"{port[0]} の {port[1]} の先に、設定ファイルが提出されていない機器があり、そこから入る通信がどの機器を経由したかを確認できない。",
            en=f"beyond {port[1]} of {port[0]} is a device whose configuration was not submitted: what enters there may come from behind it",
        ),
        lines,
    )


# --- on one wire ----------------------------------------------------------------------------------------------


def _on_the_wire(
    topology: Topology,
    zones: Mapping[str, Addresses],
    attachments: Mapping[Port, Sequence[Attached]],
    wired: Iterable[tuple[int, str]],
) -> Iterator[Beyond]:
    """Hosts can send frames to every router on their segment, also to one whose own subnet there is another."""
    together: dict[tuple[int, str], dict[Family, list[tuple[int, int]]]] = {}
    for port, held in attachments.items():
        segment = topology.segment(*port)
        for one in held:
            if not one.external and segment is not None:
                spans = together.setdefault((segment, one.zone), {4: [], 6: []})
                for family in _FAMILIES:
                    spans[family].extend(one.addresses[family])
    for segment, zone in wired:
        if zone in zones:
            spans = together.setdefault((segment, zone), {4: [], 6: []})
            for family in _FAMILIES:
                spans[family].extend(zones[zone][family])
    for (segment, zone), spans in together.items():
        addresses: Addresses = {family: normalise(spans[family]) for family in _FAMILIES}
        for port in topology.members(segment):
            interface = topology.interface(*port)
            lines = tuple(line for one in interface.addresses for line in one.sources) or interface.sources
            text = Text(
                ja=f"{port[0]} の {port[1]} は領域 {zone} の端末と同じ区間にあり、端末から直接パケットを受け取り得る。",
                en=f"{port[1]} of {port[0]} is on one segment with hosts of the zone {zone}, which can send to it directly",
            )
            yield Beyond(port, zone, addresses, Doubt(DoubtKind.UNSUPPORTED, text, lines))


# --- addresses of a zone that are connected nowhere -----------------------------------------------------------


def unattached(
    addresses: Mapping[str, Addresses], attachments: Mapping[Port, Sequence[Attached]]
) -> dict[str, dict[Family, Intervals]]:
    """The addresses of zones that are connected to no submitted device; a zone beyond an interface has all of them there."""
    found = {}
    for zone, held in addresses.items():
        places = [one for many in attachments.values() for one in many if one.zone == zone]
        if places and not any(one.external for one in places):
            left = {
                family: subtract(
                    held[family], normalise(span for one in places for span in one.addresses[family]), _MAXIMUM[family]
                )
                for family in _FAMILIES
            }
            if left[4] or left[6]:
                found[zone] = left
    return found


def _nowhere_connected(
    topology: Topology,
    addresses: Mapping[str, Addresses],
    attachments: Mapping[Port, Sequence[Attached]],
    rest: str | None,
) -> Iterator[Beyond]:
    """A zone declared wider than what is connected: its other hosts are behind a router of the zone that nobody submitted."""
    inside = {zone: held for zone, held in addresses.items() if zone != rest}
    for zone, left in unattached(inside, attachments).items():
        for port in (port for port, held in attachments.items() for one in held if one.zone == zone):
            interface = topology.interface(*port)
            lines = tuple(line for one in interface.addresses for line in one.sources) or interface.sources
            text = Text(
                ja=f"領域 {zone} のアドレスのうち、提出された機器に接続されていない部分からの通信が、{port[0]} の {port[1]} から入り得る。",
                en=f"addresses of the zone {zone} that are connected to no submitted device may send by {port[1]} of {port[0]}",
            )
            yield Beyond(port, zone, left, Doubt(DoubtKind.UNSUPPORTED, text, lines))


# --- lines to the outside that no zone claims -----------------------------------------------------------------


def _unclaimed_lines(
    topology: Topology,
    addresses: Mapping[str, Addresses],
    attachments: Mapping[Port, Sequence[Attached]],
    rest: str | None,
) -> Iterator[Beyond]:
    """An interface in no zone with an Internet address, or one given by a provider, may be a line to the Internet.

    Another device on the segment does not change that, unless the two fill its subnet or are the two ends of a tunnel.
    """
    if rest is None:
        return
    private = {
        family: of_networks(n for n in map(ipaddress.ip_network, _INSIDE_ONLY) if n.version == family)
        for family in _FAMILIES
    }
    for name, device in topology.devices.items():
        for interface in device.interfaces.values():
            port = (name, interface.name)
            nets: list[IPNetwork] = [one.address.network for one in interface.addresses]
            full = (
                all(net.num_addresses <= _FILLED_BY_TWO for net in nets) if nets else interface.kind in POINT_TO_POINT
            )
            between = full and bool(topology.sure.neighbours(*port))
            if attachments.get(port) or topology.segment(*port) is None or between:
                continue
            outside = any(
                intersect((of_network(n),), complement(private[_family(n)], _MAXIMUM[_family(n)])) for n in nets
            )
            if outside or (interface.dynamic_address and not nets):
                lines = tuple(line for one in interface.addresses for line in one.sources) or interface.sources
                text = Text(
                    ja=f"{name} の {interface.name} はどの領域にも属さず、インターネットに接続する回線である可能性がある。",
                    en=f"{interface.name} of {name} is in no zone and may be a line to the Internet",
                )
                yield Beyond(port, rest, addresses[rest], Doubt(DoubtKind.UNSUPPORTED, text, lines))


def _dialled_in(
    topology: Topology,
    addresses: Mapping[str, Addresses],
    attachments: Mapping[Port, Sequence[Attached]],
    rest: str | None,
) -> Iterator[Beyond]:
    """Who dials in gets an address by rule from a zone of the device (a pool inside its subnet, its DHCP server), and comes from outside."""
    for name, device in topology.devices.items():
        inside = [
            one for port, held in attachments.items() if port[0] == name for one in held if not one.external
        ]  # fmt: skip
        for interface in device.interfaces.values():
            port = (name, interface.name)
            unknown = interface.kind is InterfaceKind.DIALER and interface.dynamic_address and not interface.addresses
            calls = interface.tunnel is not None and interface.tunnel.answers
            if not (unknown or calls) or attachments.get(port) or topology.segment(*port) is None:
                continue
            text = Text(
                ja=f"{name} の {interface.name} から接続する端末に、領域のアドレスが割り当てられる可能性がある。",
                en=f"who connects by {interface.name} of {name} may be given an address of a zone",
            )
            doubt = Doubt(
                DoubtKind.UNSUPPORTED, text, interface.tunnel.sources if interface.tunnel else interface.sources
            )
            for one in inside:
                yield Beyond(port, one.zone, one.addresses, doubt)
            if calls and rest is not None:
                yield Beyond(port, rest, addresses[rest], doubt)


def _family(network: IPNetwork) -> Family:
    return 4 if network.version == 4 else 6
