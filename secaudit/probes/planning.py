"""Makes a plan: forbidden pairs, permitted flows, one positive control, and nothing that the audit folder does not name."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from secaudit.errors import UsageError
from secaudit.municipality.model import AuditFolder, IPNetwork, Municipality, PermittedFlow, Zone
from secaudit.network.intervals import IPAddress
from secaudit.probes.metadata import Control
from secaudit.probes.permission import (
    INTERNAL_ZONES,
    internal_subnets,
    named_networks,
    refuse_strangers,
    register_ports,
)
from secaudit.probes.plan import Expectation, Limits, ProbePlan, ProbeTarget
from secaudit.text.bilingual import Text

MAX_TARGETS_PER_ZONE = 16
MAX_HOSTS_PER_NETWORK = 4
MAX_PORTS_PER_FLOW = 32
ASSUMED_HOSTS_PER_SUBNET = 2


@dataclass(frozen=True, slots=True)
class ZonePair:
    """What the policy says of one ordered pair of zones. `forbidden` when nothing (or only an exception) may pass."""

    from_zone: Zone
    to_zone: Zone
    forbidden: bool


@dataclass(frozen=True, slots=True)
class _Draft:
    targets: tuple[ProbeTarget, ...]
    left_out: tuple[str, ...]


def make_plan(
    folder: AuditFolder,
    pairs: Iterable[ZonePair],
    from_zone: Zone,
    *,
    source_address: IPAddress | None = None,
    control: Control | None = None,
    known_hosts: Iterable[IPAddress] = (),
    device_addresses: Iterable[IPAddress] = (),
    limits: Limits | None = None,
) -> ProbePlan:
    """The plan of a probe from `from_zone`.

    `known_hosts` are addresses at which the caller knows a host (servers named in configurations). `device_addresses` are those of the
    submitted devices' own interfaces: they are never targets of a forbidden pair, because a firewall that answers at its own
    far address has not passed anything on. Without `control` the first permitted TCP flow that the prober may use is taken.
    Raises `UsageError` when there is none, or nothing to probe.
    """
    municipality = folder.municipality
    permitted = _permitted(municipality, from_zone, source_address)
    own = frozenset(device_addresses)
    forbidden_zones = sorted({pair.to_zone for pair in pairs if pair.from_zone is from_zone and pair.forbidden})
    hosts = tuple(known_hosts)
    drafts = [permitted]
    drafts += [
        _internal(municipality, zone, hosts, own) if zone in INTERNAL_ZONES else _external(municipality, zone)
        for zone in forbidden_zones
        if zone is not from_zone
    ]
    targets = _without_permitted(permitted.targets, [target for draft in drafts[1:] for target in draft.targets])
    if not targets:
        raise UsageError(
            Text(
                ja=f"{from_zone.value} から調べる宛先が監査フォルダにありません。",
                en=f"the audit folder names nothing to probe from {from_zone.value}.",
            ),
            Text(
                ja="municipality.yaml に各領域のサブネットと特定通信台帳を書いてください。",
                en="write the subnets of the zones and the register of permitted flows into municipality.yaml.",
            ),
        )
    plan = ProbePlan(
        from_zone=from_zone,
        source_address=source_address,
        control=control or _control(permitted.targets, from_zone),
        limits=limits or Limits(),
        targets=targets,
        left_out=tuple(note for draft in drafts for note in draft.left_out),
    )
    refuse_strangers(plan, municipality)
    return plan


def known_ports(protocol: str) -> tuple[int, ...]:
    """The ports asked of hosts that must not be reached (data file `known_ports.json`)."""
    data = json.loads(Path(__file__).with_name("known_ports.json").read_text(encoding="utf-8"))
    return tuple(sorted(int(port) for port in data[protocol]))


def _permitted(municipality: Municipality, from_zone: Zone, source: IPAddress | None) -> _Draft:
    """The flows that the register lets this zone open; the mirror of a two-way flow too."""
    targets: list[ProbeTarget] = []
    left_out: list[str] = []
    for flow in municipality.register:
        directions = []
        if flow.source_zone is from_zone:
            directions.append((flow.sources, flow.destinations, flow.destination_zone))
        if flow.two_way and flow.destination_zone is from_zone:
            directions.append((flow.destinations, flow.sources, flow.source_zone))
        for sources, destinations, zone in directions:
            found, note = _flow_targets(flow, sources, destinations, zone, source)
            targets += found
            left_out += note
    return _Draft(tuple(targets), tuple(left_out))


def _flow_targets(
    flow: PermittedFlow,
    sources: tuple[IPNetwork, ...],
    destinations: tuple[IPNetwork, ...],
    zone: Zone,
    source: IPAddress | None,
) -> tuple[list[ProbeTarget], list[str]]:
    if flow.protocol not in ("tcp", "udp"):
        return [], [f"{flow.id}: {flow.protocol} は探査の対象外です"]
    ports = [
        port for low, high in flow.ports for port in itertools.islice(range(low, high + 1), MAX_PORTS_PER_FLOW + 1)
    ]
    left_out = []
    if len(ports) > MAX_PORTS_PER_FLOW:
        left_out.append(f"{flow.id}: ポートが多いため、先頭の {MAX_PORTS_PER_FLOW} 個だけを調べます")
        ports = ports[:MAX_PORTS_PER_FLOW]
    expect = Expectation.EITHER
    if source is not None:
        # A flow pinned to other sources must not work from here: that the pin holds is worth asking.
        expect = Expectation.ANSWER if any(source in network for network in sources) else Expectation.BLOCKED
    named = set(named_networks(flow))
    targets = []
    for network in destinations:
        if network not in named:
            left_out.append(f"{flow.id}: 宛先 {network} は範囲が広いため調べません")
            continue
        hosts = list(itertools.islice(_usable(network), MAX_HOSTS_PER_NETWORK))
        if network.num_addresses > len(hosts) + 2:
            left_out.append(f"{flow.id}: 宛先 {network} は先頭の {len(hosts)} 台だけを調べます")
        targets += [
            ProbeTarget(
                address=host,
                zone=zone,
                expect=expect,
                because=f"{flow.id} {flow.title}",
                tcp=tuple(ports) if flow.protocol == "tcp" else (),
                udp=tuple(ports) if flow.protocol == "udp" else (),
                assumed=network.num_addresses > 1,
            )
            for host in hosts
            if ports
        ]
    return targets, left_out


def _internal(
    municipality: Municipality, zone: Zone, known_hosts: tuple[IPAddress, ...], own: frozenset[IPAddress]
) -> _Draft:
    """Hosts of a zone of the municipality's own that must not be reached."""
    subnets = [
        subnet
        for binding in municipality.zones
        if binding.zone is zone
        for subnet in binding.subnets
        if subnet in internal_subnets(municipality)
    ]
    named = [
        network.network_address
        for flow in municipality.register
        for network in (*flow.destinations, *flow.sources)
        if network.num_addresses == 1
    ]
    left_out: list[str] = []
    if not subnets:
        left_out.append(f"{zone.value}: サブネットが登録されていないため調べません")
    real = sorted({host for host in (*named, *known_hosts) if host not in own and _inside(host, subnets)}, key=_number)
    assumed = [
        host
        for subnet in subnets
        if not any(host in subnet for host in real)
        for host in itertools.islice((host for host in _usable(subnet) if host not in own), ASSUMED_HOSTS_PER_SUBNET)
    ]
    chosen = [*((host, False) for host in real), *((host, True) for host in assumed)]
    if len(chosen) > MAX_TARGETS_PER_ZONE:
        left_out.append(f"{zone.value}: 宛先 {len(chosen)} 件のうち先頭の {MAX_TARGETS_PER_ZONE} 件だけを調べます")
    targets = [
        ProbeTarget(
            address=host,
            zone=zone,
            expect=Expectation.BLOCKED,
            because="分離すべき領域" if not guess else "分離すべき領域（機器の有無は不明）",
            tcp=_all_ports("tcp", municipality, host),
            udp=_all_ports("udp", municipality, host),
            assumed=guess,
        )
        for host, guess in chosen[:MAX_TARGETS_PER_ZONE]
    ]
    return _Draft(tuple(targets), tuple(left_out))


def _external(municipality: Municipality, zone: Zone) -> _Draft:
    """Hosts of somebody else that must not be reached from here: those of the register, at the register's ports only."""
    flows = [flow for flow in municipality.register if flow.destination_zone is zone]
    hosts = sorted(
        {
            network.network_address
            for flow in flows
            for network in named_networks(flow)
            if network.num_addresses == 1 and network in flow.destinations
        },
        key=_number,
    )
    left_out = []
    if not hosts:
        left_out.append(f"{zone.value}: 台帳に宛先が無いため調べません（庁外の機器は台帳の宛先だけを調べます）")
    if len(hosts) > MAX_TARGETS_PER_ZONE:
        left_out.append(f"{zone.value}: 宛先 {len(hosts)} 件のうち先頭の {MAX_TARGETS_PER_ZONE} 件だけを調べます")
    targets = []
    for host in hosts[:MAX_TARGETS_PER_ZONE]:
        ports = sorted(register_ports(municipality, host))
        tcp = tuple(port for protocol, port in ports if protocol == "tcp")[:MAX_PORTS_PER_FLOW]
        udp = tuple(port for protocol, port in ports if protocol == "udp")[:MAX_PORTS_PER_FLOW]
        if tcp or udp:
            targets.append(ProbeTarget(host, zone, Expectation.BLOCKED, "この領域からは許可されていない宛先", tcp, udp))
    return _Draft(tuple(targets), tuple(left_out))


def _without_permitted(permitted: tuple[ProbeTarget, ...], forbidden: list[ProbeTarget]) -> tuple[ProbeTarget, ...]:
    """Both kinds of targets; a port that a permitted flow names is asked once, under that flow."""
    taken = {
        (target.address, protocol, port)
        for target in permitted
        for protocol, ports in (("tcp", target.tcp), ("udp", target.udp))
        for port in ports
    }
    rest = []
    for target in forbidden:
        tcp = tuple(port for port in target.tcp if (target.address, "tcp", port) not in taken)
        udp = tuple(port for port in target.udp if (target.address, "udp", port) not in taken)
        if tcp or udp:
            rest.append(
                ProbeTarget(target.address, target.zone, target.expect, target.because, tcp, udp, target.assumed)
            )
    return (*permitted, *rest)


def _control(permitted: tuple[ProbeTarget, ...], from_zone: Zone) -> Control:
    for target in permitted:
        if target.expect is Expectation.ANSWER and target.tcp and not target.assumed:
            return Control(target.address, "tcp", target.tcp[0])
    raise UsageError(
        Text(
            ja=f"{from_zone.value} から必ず応答するはずの宛先（陽性対照）が分かりません。",
            en=f"no address is known that must answer a probe from {from_zone.value} (positive control).",
        ),
        Text(
            ja="--control アドレス:ポート で、応答することが分かっている宛先（許可された通信の宛先、または同じ領域の機器）を"
            "指定してください。",
            en="give one that is known to answer (the destination of a permitted flow, or a host of the zone) with "
            "--control ADDRESS:PORT.",
        ),
    )


def _all_ports(protocol: str, municipality: Municipality, host: IPAddress) -> tuple[int, ...]:
    registered = {port for name, port in register_ports(municipality, host) if name == protocol}
    everywhere = {
        port
        for flow in municipality.register
        if flow.protocol == protocol
        for low, high in flow.ports
        if high - low < MAX_PORTS_PER_FLOW
        for port in range(low, high + 1)
    }
    return tuple(sorted({*known_ports(protocol), *sorted(registered)[:MAX_PORTS_PER_FLOW], *everywhere} - {0}))


def _usable(network: IPNetwork) -> Iterable[IPAddress]:
    """The addresses that a host of a subnet can have. A generator: an IPv6 subnet is never listed."""
    return network.hosts() if network.num_addresses > 1 else iter((network.network_address,))


def _inside(host: IPAddress, subnets: list[IPNetwork]) -> bool:
    return any(host in subnet for subnet in subnets)


def _number(address: IPAddress) -> tuple[int, int]:
    return address.version, int(address)
