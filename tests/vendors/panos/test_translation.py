"""Random NAT and security rules: what the reader says of a packet is what a literal interpreter of PAN-OS says (PA-02).

The interpreter follows the documented flow step by step, with the packet as it came in at hand: route lookup of the original destination for
the zone that NAT rules ask for, the first NAT rule, route lookup of the new destination, security rules by original address and port and by
the zone behind the translation. It knows nothing of marks.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from random import Random

from secaudit.flows.replay import explain
from secaudit.flows.topology import build_topology
from secaudit.flows.trace import TraceVerdict
from secaudit.packets.packet import Packet
from tests.vendors.panos.test_reader import one_of

ROUNDS = 100
INTERFACES = {"ethernet1/1": "out", "ethernet1/2": "in", "ethernet1/3": "dmz"}
NETWORKS = {"out": "203.0.113.0/24", "in": "10.1.0.0/24", "dmz": "10.2.0.0/24"}
PUBLIC = ("203.0.113.80", "203.0.113.81", "203.0.113.82", "203.0.113.83", "198.51.100.9")
PRIVATE = ("10.2.0.80", "10.2.0.81", "10.1.0.80")
HOSTS = {"out": ("203.0.113.50", "198.51.100.7"), "in": ("10.1.0.5", "10.1.0.80"), "dmz": ("10.2.0.5", "10.2.0.80")}
SERVICES = {"any": None, "service-https": (443,), "service-http": (80, 8080), "tcp-9": (9000,)}


@dataclass(frozen=True)
class Nat:
    froms: tuple[str, ...]
    to: str
    source: str
    destination: str
    service: str
    mapped: str = ""
    port: int = 0
    hides: bool = False


@dataclass(frozen=True)
class Rule:
    froms: tuple[str, ...]
    tos: tuple[str, ...]
    source: str
    destination: str
    service: str
    allow: bool


def make_nat(random: Random) -> Nat:
    mapped = random.choice(("", *PRIVATE))
    return Nat(
        tuple(random.sample(("out", "in", "dmz"), random.randrange(1, 4))),
        random.choice(("out", "out", "out", "dmz", "any")),
        random.choice(("any", "any", "203.0.113.0/25", "10.1.0.0/24")),
        random.choice((*PUBLIC, *PUBLIC, "203.0.113.80/31", "any" if not mapped else "203.0.113.82")),
        random.choice(("any", "any", *SERVICES)),
        mapped,
        random.choice((0, 80, 9000)) if mapped else 0,
        random.random() < 0.3,
    )


def make_rule(random: Random) -> Rule:
    zones = ("out", "in", "dmz")
    return Rule(
        tuple(random.sample(zones, random.randrange(1, 4))),
        tuple(random.sample(zones, random.randrange(1, 4))),
        random.choice(("any", "any", "203.0.113.0/25", "10.1.0.5")),
        random.choice(("any", *PUBLIC, *PRIVATE, "203.0.113.80/31", "10.2.0.0/24")),
        random.choice(tuple(SERVICES)),
        random.random() < 0.7,
    )


def written(nats: list[Nat], rules: list[Rule]) -> str:
    lines = ["set deviceconfig system hostname P", "set service tcp-9 protocol tcp port 9000"]
    path = "set network virtual-router d"
    for (name, zone), own in zip(INTERFACES.items(), ("203.0.113.1/24", "10.1.0.1/24", "10.2.0.1/24"), strict=True):
        lines += [f"set network interface ethernet {name} layer3 ip {own}", f"set zone {zone} network layer3 {name}"]
        lines.append(f"{path} interface {name}")
    lines.append(f"{path} routing-table ip static-route r destination 0.0.0.0/0")
    lines.append(f"{path} routing-table ip static-route r nexthop ip-address 203.0.113.254")
    for number, nat in enumerate(nats):
        rule = f"set rulebase nat rules n{number}"
        lines += [f"{rule} from [ {' '.join(nat.froms)} ]", f"{rule} to {nat.to}", f"{rule} source {nat.source}"]
        lines += [f"{rule} destination {nat.destination}", f"{rule} service {nat.service}"]
        if nat.mapped:
            lines.append(f"{rule} destination-translation translated-address {nat.mapped}")
        if nat.port:
            lines.append(f"{rule} destination-translation translated-port {nat.port}")
        if nat.hides:
            lines.append(f"{rule} source-translation dynamic-ip-and-port translated-address 203.0.113.200")
    for number, one in enumerate(rules):
        rule = f"set rulebase security rules r{number}"
        lines += [f"{rule} from [ {' '.join(one.froms)} ]", f"{rule} to [ {' '.join(one.tos)} ]"]
        lines += [f"{rule} source {one.source}", f"{rule} destination {one.destination}", f"{rule} application any"]
        lines += [f"{rule} service {one.service}", f"{rule} action {'allow' if one.allow else 'deny'}"]
    return "\n".join(lines) + "\n"


def zone_of(address: str) -> str:
    """By route lookup: connected, or the default route."""
    for zone, network in NETWORKS.items():
        if ipaddress.ip_address(address) in ipaddress.ip_network(network):
            return zone
    return "out"


def holds(written_as: str, address: str) -> bool:
    return written_as == "any" or ipaddress.ip_address(address) in ipaddress.ip_network(written_as)


def asks(service: str, port: int) -> bool:
    ports = SERVICES[service]
    return ports is None or port in ports


def interpreted(
    nats: list[Nat], rules: list[Rule], zone: str, source: str, destination: str, port: int
) -> tuple[bool, str, int, bool]:
    """Whether it passes, its destination and port behind the device, and whether its source is hidden."""
    before = zone_of(destination)
    chosen = next(
        (
            one
            for one in nats
            if zone in one.froms
            and one.to in (before, "any")
            and holds(one.source, source)
            and holds(one.destination, destination)
            and asks(one.service, port)
        ),
        None,
    )
    new, new_port = destination, port
    if chosen is not None and chosen.mapped:
        new, new_port = chosen.mapped, chosen.port or port
    behind = zone_of(new)
    for one in rules:
        zones = zone in one.froms and behind in one.tos
        if zones and holds(one.source, source) and holds(one.destination, destination) and asks(one.service, port):
            return one.allow, new, new_port, chosen is not None and chosen.hides
    return zone == behind, new, new_port, chosen is not None and chosen.hides


def test_packets_are_told_as_a_literal_interpreter_tells_them() -> None:
    told = unsure = 0
    for number in range(ROUNDS):
        random = Random(f"translation {number}")
        nats = [make_nat(random) for _ in range(random.randrange(1, 6))]
        rules = [make_rule(random) for _ in range(random.randrange(1, 6))]
        text = written(nats, rules)
        device = one_of(text)
        assert not device.doubts, text
        topology = build_topology([device])
        for _ in range(40):
            name, zone = random.choice(tuple(INTERFACES.items()))
            source = random.choice(HOSTS[zone])
            destination = random.choice((*PUBLIC, *PRIVATE))
            port = random.choice((80, 443, 8080, 9000, 22))
            packet = Packet.parse(f"tcp {source}:40000 > {destination}:{port}")
            passes, new, new_port, hidden = interpreted(nats, rules, zone, source, destination, port)
            found = explain(topology, "P", name, packet)
            message = f"{zone}: {packet}: {found.verdict}, expected {passes} {new}:{new_port}\n{text}"
            told += 1
            if found.verdict is TraceVerdict.UNDETERMINED:
                unsure += 1
                continue
            assert (found.verdict is not TraceVerdict.DENIED) is passes, message
            if passes and found.ways[0].arrives is not None:
                arrives = found.ways[0].arrives
                assert (str(arrives.destination), arrives.destination_port) == (new, new_port), message
                assert (str(arrives.source) == "203.0.113.200") is hidden, message
    assert unsure < 0.1 * told, f"{unsure} of {told} are undetermined"
