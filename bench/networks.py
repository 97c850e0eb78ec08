"""All zone pairs of a generated network: six firewalls around one transit segment, one zone behind each."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Sequence
from functools import partial

from bench.measure import Row, exponent, timed
from secaudit.flows.analysis import FlowAnalysis
from secaudit.flows.topology import build_topology
from secaudit.flows.zones import plan_zones
from secaudit.municipality.model import Zone, ZoneBinding
from secaudit.network.device import Device, Stage
from secaudit.network.filters import Action, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.intervals import Intervals, of_network
from secaudit.network.matches import TCP, UDP, Match, Service
from secaudit.network.routes import NextHop, Route
from secaudit.text.source import SourceLine, Sources

ZONES = (Zone.MY_NUMBER, Zone.LGWAN, Zone.INTERNET, Zone.MANAGEMENT, Zone.EDUCATION, Zone.OTHER_INTERNAL)
SUBNETS_A_ZONE = 5
PORTS = (22, 25, 53, 80, 135, 443, 445, 1433, 1521, 3389, 8080, 8443)
PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_NAT,
    Stage.EGRESS_FILTER,
)


def _lines(number: int) -> Sources:
    return (SourceLine("generated", number, ""),)


def _subnets(zone: int) -> list[ipaddress.IPv4Network]:
    return [
        ipaddress.IPv4Network(((10 << 24) | (zone + 1 << 16) | (index << 8), 24)) for index in range(SUBNETS_A_ZONE)
    ]


def _interface(name: str, addresses: Sequence[str]) -> Interface:
    held = tuple(InterfaceAddress(ipaddress.ip_interface(one), _lines(1)) for one in addresses)
    return Interface(name, InterfaceKind.PHYSICAL, _lines(1), held)


def _side(rng: random.Random, zone: int) -> Intervals:
    low, high = of_network(rng.choice(_subnets(zone)))
    if rng.random() < 0.3:
        return ((low, high),)
    host = low + 10 + rng.randrange(100)
    return ((host, host),)


def _policies(rng: random.Random, count: int) -> list[Filter]:
    """One table a firewall, `count` lines in all: every flow has its line at the sender's firewall and at the receiver's."""
    tables: list[list[FilterLine]] = [[] for _ in ZONES]
    for _ in range(count // 2):
        source, destination = rng.sample(range(len(ZONES)), 2)
        protocol, port = (TCP if rng.random() < 0.75 else UDP), rng.choice(PORTS)
        service = Service(((protocol, protocol),), destination_ports=((port, port),))
        match = Match(4, _side(rng, source), _side(rng, destination), (service,))
        action = Action.PERMIT if rng.random() < 0.92 else Action.DENY
        for firewall, ingress, egress in ((source, "inside", "transit"), (destination, "transit", "inside")):
            number = len(tables[firewall]) + 1
            tables[firewall].append(
                FilterLine(
                    str(number), action, (match,), _lines(number),
                    ingress=frozenset((ingress,)), egress=frozenset((egress,)),
                )
            )  # fmt: skip
    return [Filter("policy", tuple(lines), Action.DENY, _lines(1), stateful=True) for lines in tables]


def generated_network(seed: int, lines: int) -> list[Device]:
    """Six firewalls with `lines` policy lines in all."""
    policies = _policies(random.Random(seed), lines)
    devices = []
    for here, zone in enumerate(ZONES):
        routes = tuple(
            Route(subnet, (NextHop(_lines(2), gateway=ipaddress.ip_address(f"10.99.0.{there + 1}")),), _lines(2))
            for there in range(len(ZONES))
            if there != here
            for subnet in _subnets(there)
        )
        inside = _interface("inside", [f"{subnet[1]}/24" for subnet in _subnets(here)])
        devices.append(
            Device(
                name=f"fw-{zone.value}",
                vendor="generated",
                file="generated",
                identity=_lines(1),
                interfaces={"inside": inside, "transit": _interface("transit", [f"10.99.0.{here + 1}/24"])},
                filters={"policy": policies[here]},
                pipeline=PIPELINE,
                policies=("policy",),
                routes=routes,
            )
        )
    return devices


def _all_pairs(devices: list[Device]) -> int:
    """The number of ordered pairs with a flow, in all three questions."""
    bindings = [
        ZoneBinding(zone, tuple(_subnets(index)), (), (), False, None, SourceLine("generated", 1, ""))
        for index, zone in enumerate(ZONES)
    ]
    topology = build_topology(devices)
    analysis = FlowAnalysis(topology, plan_zones(topology, bindings))
    pairs = [analysis.pair(left.value, right.value) for left in ZONES for right in ZONES if left is not right]
    return sum(not pair.certain.is_empty for pair in pairs)


def measure(sizes: Sequence[int], rounds: int) -> list[Row]:
    """All ordered pairs for each size; the last row says how the time grows with the number of lines."""
    rows = []
    for lines in sizes:
        seconds: list[float] = []
        flows = 0
        for seed in range(rounds):
            taken, flows = timed(partial(_all_pairs, generated_network(seed, lines)))
            seconds.append(taken)
        rows.append(Row(f"{lines:6} lines", tuple(seconds), f"{flows} of 30 ordered pairs have a flow"))
    growth = exponent(sizes, [row.median for row in rows])
    last = rows[-1]
    rows[-1] = Row(last.what, last.seconds, f"{last.says}; time grows as lines ^ {growth:.2f}")
    return rows
