"""Random routed networks for comparing the two evaluators: routers on shared segments, with routes in all their states.

No filters and no translation: every difference is one of routing.
"""

from __future__ import annotations

import ipaddress
import random
from dataclasses import replace

from secaudit.flows.topology import Topology, build_topology
from secaudit.flows.zones import ZonePlan, plan_zones
from secaudit.municipality.model import Zone, ZoneBinding
from secaudit.network.device import Device, Stage
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.intervals import ANY_IPV4, of_network
from secaudit.network.matches import Match, Service
from secaudit.network.routes import DynamicRouting, NextHop, PolicyRoute, Route
from secaudit.packets.packet import Packet
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources

ZONES = (Zone.MY_NUMBER, Zone.LGWAN, Zone.INTERNET, Zone.MANAGEMENT)
LEAVES = {zone: ipaddress.ip_network(f"10.{number}.0.0/24") for number, zone in enumerate(ZONES, 1)}
TRANSITS = tuple(ipaddress.ip_network(f"10.99.{number}.0/24") for number in range(2))
SHARED, NOBODY = 100, 200
FAR_GATEWAYS = ipaddress.ip_network("10.50.0.0/24")
"""Gateways that other routes lead to."""
WHY = Text(ja="不明", en="unclear")


class RandomRoutes:
    """A network from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._line = 0
        self._count = self.random.randint(2, 4)
        self._on = [[self._chance(0.85) for _ in TRANSITS] for _ in range(self._count)]
        self._homes = {
            zone: frozenset(self.random.sample(range(self._count), k=1 + self._chance(0.3))) for zone in ZONES
        }
        self._sharing = (
            frozenset(self.random.sample(range(self._count), k=2)) if self._chance(0.5) else frozenset[int]()
        )
        self.devices = [self._device(number) for number in range(self._count)]
        self.topology: Topology = build_topology(self.devices)
        bindings = [ZoneBinding(zone, (LEAVES[zone],), (), (), False, None, self._source()[0]) for zone in ZONES]
        self.plan: ZonePlan = plan_zones(self.topology, bindings)

    def packets(self, count: int) -> list[Packet]:
        """Packets from hosts of one zone to hosts of another."""
        found = []
        for _ in range(count):
            left, right = self.random.sample(ZONES, 2)
            host = self.random.choice((50, 60, 150))
            port = self.random.choice((22, 80, 443))
            found.append(Packet(LEAVES[left][50], LEAVES[right][host], 6, 40000, port, tcp_flags=2))
        return found

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _source(self) -> Sources:
        self._line += 1
        return (SourceLine("net.conf", self._line, "line"),)

    def _device(self, number: int) -> Device:
        interfaces: dict[str, Interface] = {}
        for index, transit in enumerate(TRANSITS):
            if self._on[number][index]:
                held = [self._held(f"{transit[number + 1]}/24")]
                if index == 0 and number in self._sharing:
                    held.append(replace(self._held(f"{transit[SHARED]}/24"), shared=True))
                name = f"t{index}"
                interfaces[name] = Interface(name, InterfaceKind.PHYSICAL, held[0].sources, tuple(held))
        for zone, homes in self._homes.items():
            if number in homes:
                one = self._held(f"{LEAVES[zone][number + 1]}/24")
                interfaces[zone.value] = Interface(zone.value, InterfaceKind.PHYSICAL, one.sources, (one,))
        if self._chance(0.1):
            interfaces["off"] = Interface("off", InterfaceKind.PHYSICAL, self._source(), enabled=False)
        routes = [route for zone in ZONES if number not in self._homes[zone] for route in self._routes(number, zone)]
        if self._chance(0.3):
            routes.append(self._route(number, ipaddress.ip_network("0.0.0.0/0")))
        routes += [self._route(number, FAR_GATEWAYS, far=False) for _ in range(self.random.randint(0, 2))]
        return Device(
            name=f"r{number}",
            vendor="test",
            file="net.conf",
            identity=self._source(),
            interfaces=interfaces,
            filters={},
            pipeline=(Stage.ROUTE,),
            routes=tuple(routes),
            policy_routes=tuple(self._policy_route(number) for _ in range(self.random.choice((0, 0, 0, 1, 2)))),
            dynamic_routing=self._dynamic(interfaces),
        )

    def _held(self, address: str) -> InterfaceAddress:
        return InterfaceAddress(ipaddress.ip_interface(address), self._source())

    def _routes(self, number: int, zone: Zone) -> list[Route]:
        if self._chance(0.1):
            return []
        leaf = LEAVES[zone]
        prefixes = [leaf]
        if self._chance(0.3):
            prefixes.append(self.random.choice((leaf.supernet(new_prefix=8), *leaf.subnets())))
        if self._chance(0.3):
            prefixes.append(self.random.choice(prefixes))
        return [self._route(number, prefix, towards=zone) for prefix in prefixes]

    def _route(
        self, number: int, prefix: ipaddress.IPv4Network, *, towards: Zone | None = None, far: bool = True
    ) -> Route:
        hops = tuple(self._hop(number, towards, far=far) for _ in range(self.random.choice((1, 1, 1, 2, 3))))
        distance = self.random.choice((1, 1, 10, 110))
        return Route(prefix, hops, hops[0].sources, distance=distance)

    def _hop(self, number: int, towards: Zone | None, *, far: bool) -> NextHop:
        draw = self.random.random()
        lines = self._source()
        if draw < 0.04:
            return NextHop(lines, discard=True)
        if draw < 0.06:
            return NextHop(lines, interface=self.random.choice(("off", "nowhere")))
        hop = NextHop(lines, self._gateway(number, towards, far=far))
        if self._chance(0.2):
            hop = replace(hop, matches=(self._match(),))
        if self._chance(0.15):
            hop = replace(hop, conditional=True)
        elif self._chance(0.15):
            hop = replace(hop, captured=True)
        return replace(hop, backup=self._chance(0.15))

    def _gateway(self, number: int, towards: Zone | None, *, far: bool) -> ipaddress.IPv4Address:
        index = self.random.randrange(len(TRANSITS))
        if far and self._chance(0.15):
            return FAR_GATEWAYS[self.random.randint(1, 3)]
        if self._chance(0.1):
            return TRANSITS[index][NOBODY]
        if self._chance(0.2):
            return TRANSITS[0][SHARED]
        others = [one for one in range(self._count) if one != number]
        right = [one for one in others if towards is not None and one in self._homes[towards]]
        return TRANSITS[index][self.random.choice(right if right and self._chance(0.8) else others) + 1]

    def _match(self) -> Match:
        spans = self.random.choice((ANY_IPV4, (of_network(LEAVES[self.random.choice(ZONES)]),)))
        port = self.random.choice((22, 80, 443))
        return Match(4, spans, ANY_IPV4, (Service(((6, 6),), destination_ports=((port, port),)),))

    def _policy_route(self, number: int) -> PolicyRoute:
        hops = tuple(self._hop(number, None, far=True) for _ in range(self.random.choice((0, 1, 1, 2))))
        uncertain = WHY if self._chance(0.2) else None
        return PolicyRoute("10", (self._match(),), hops, self._source(), uncertain=uncertain)

    def _dynamic(self, interfaces: dict[str, Interface]) -> tuple[DynamicRouting, ...]:
        if not interfaces or not self._chance(0.12):
            return ()
        where = frozenset((self.random.choice(tuple(interfaces)),)) if self._chance(0.6) else None
        destinations = self.random.choice((None, LEAVES[self.random.choice(ZONES)]))
        return (
            DynamicRouting(
                "ospf",
                self._source(),
                interfaces=where,
                family=self.random.choice((None, 4, 6)),
                destinations=destinations,
            ),
        )
