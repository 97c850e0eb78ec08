"""Zones whose hosts are on one wire: nothing that we know stands between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from secaudit.flows.beyond import Addresses, Attached, routed_to_nobody
from secaudit.flows.topology import Port, Topology, Wire
from secaudit.municipality.model import ZoneBinding
from secaudit.network.device import Doubt, DoubtKind
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine


def by_switched_vlan(topology: Topology, bindings: Iterable[ZoneBinding]) -> tuple[tuple[int, str], ...]:
    """The segments with a VLAN of a zone on some switch, with the zone: its hosts are there although no routed interface may be."""
    zones = [(binding.zone.value, frozenset(binding.vlans)) for binding in bindings if binding.vlans]
    return tuple(
        (wire.segment, zone)
        for wire in topology.wires
        for zone, vlans in zones
        if not vlans.isdisjoint(vlan for _, vlan in wire.vlans)
    )


def zones_on_one_wire(
    topology: Topology,
    attachments: Mapping[Port, Sequence[Attached]],
    wired: Iterable[tuple[int, str]],
    outside: frozenset[str],
) -> dict[frozenset[str], tuple[Doubt, ...]]:
    """Pairs of zones between which nothing that we know stands."""
    together: dict[int | None, dict[str, Port | None]] = defaultdict(dict)
    for port, held in attachments.items():
        for one in held:
            if one.zone not in outside:
                together[topology.segment(*port)].setdefault(one.zone, port)
    for segment, zone in wired:
        if zone not in outside:
            together[segment].setdefault(zone, None)
    wires = {wire.segment: wire for wire in topology.wires}
    found: dict[frozenset[str], tuple[Doubt, ...]] = {}
    for place, zones in together.items():
        for left, right in combinations(sorted(zones), 2):
            wire = None if place is None else wires.get(place)
            ports = (zones[left], zones[right])
            doubt = _on_one_wire(topology, left, right, ports, wire)
            found.setdefault(frozenset((left, right)), (doubt,))
    return found


def zones_behind_one_wire(
    topology: Topology,
    unattached: Mapping[str, Addresses],
    attachments: Mapping[Port, Sequence[Attached]],
    outside: frozenset[str],
) -> dict[frozenset[str], tuple[Doubt, ...]]:
    """Pairs of zones of which at least one has hosts behind devices on a segment that nobody submitted, as a route says, and the other has hosts
    there too, on it or behind it: such a device may pass packets between them, or two of them to each other.

    `unattached` are the addresses of zones inside that are connected to no submitted device.
    """
    behind: dict[int, dict[str, Doubt]] = defaultdict(dict)
    for one in routed_to_nobody(topology, unattached):
        segment = topology.segment(*one.port)
        if segment is not None and one.zone not in outside:
            behind[segment].setdefault(one.zone, one.doubt)
    on: dict[int | None, set[str]] = defaultdict(set)
    for port, held in attachments.items():
        on[topology.segment(*port)].update(one.zone for one in held if one.zone not in outside)
    found: dict[frozenset[str], tuple[Doubt, ...]] = {}
    for segment, zones in behind.items():
        for zone, doubt in zones.items():
            for other in sorted({*zones, *on[segment]} - {zone}):
                found.setdefault(frozenset((zone, other)), (_behind_one_wire(zone, other, doubt),))
    return found


def _behind_one_wire(zone: str, other: str, doubt: Doubt) -> Doubt:
    text = Text(
        ja=f"領域 {zone} の一部は設定ファイルが提出されていない機器の先にあり、同じ区間又はその先に領域 {other} もあるため、その機器が両者の通信を中継するおそれがある。",
        en=f"a part of the zone {zone} is behind a device whose configuration was not submitted, on a segment with {other} on it or behind it: that device may pass packets between them",
    )
    return Doubt(DoubtKind.UNSUPPORTED, text, doubt.sources)


def _on_one_wire(
    topology: Topology, left: str, right: str, ports: tuple[Port | None, Port | None], wire: Wire | None
) -> Doubt:
    port = ports[1] or ports[0]
    lines: tuple[SourceLine, ...] = ()
    where = Text(ja="", en="")
    if port is not None:
        interface = topology.interface(*port)
        lines = tuple(line for held in interface.addresses for line in held.sources) or interface.sources
        where = Text(ja=f" {port[0]} の {port[1]} で", en=f" at {port[0]} {port[1]}")
    elif wire is not None:
        device, vlan = wire.vlans[0]
        lines = _lines_of_vlans(topology, wire)
        where = Text(ja=f" {device} の VLAN {vlan} で", en=f" in VLAN {vlan} of {device}")
    kept = Text(ja="", en="")
    if wire is not None and wire.isolation:
        lines = (*lines, *wire.isolation)
        kept = Text(
            ja="ポート間の分離（protected、プライベートVLAN）の設定があるが、すべての経路を塞ぐことは確認できない。",
            en="; ports are isolated from each other there, but not surely on every way",
        )
    unsure = Text(ja="", en="")
    if None not in ports and len({topology.sure.segment(*one) for one in ports if one is not None}) > 1:
        unsure = Text(
            ja="（links に記載のない配線、トランクになるかを自動で決めるポート、又は読み取れない行による可能性であり、links に配線を記載すると判断できることがある）",
            en=" (by a cable that `links` does not name, a port that negotiates its mode, or a line not understood; `links` may settle it)",
        )
    text = Text(
        ja=f"領域 {left} と {right} が{where.ja}同じ区間に接続しており、機器を経由せずに通信できるおそれがある{unsure.ja}。{kept.ja}",
        en=f"the zones {left} and {right} are on one segment{where.en} and may communicate without passing a device{unsure.en}{kept.en}",
    )
    return Doubt(DoubtKind.UNSUPPORTED, text, lines)


def _lines_of_vlans(topology: Topology, wire: Wire) -> tuple[SourceLine, ...]:
    """The ports of switches that put hosts into the VLANs of a wire."""
    return tuple(
        line
        for device, vlan in wire.vlans
        for interface in topology.devices[device].interfaces.values()
        if interface.switch_port is not None and interface.switch_port.access_vlan == vlan
        for line in interface.sources[:1]
    )
