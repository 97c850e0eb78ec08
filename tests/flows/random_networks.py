"""Random small networks for comparing the two evaluators: a chain or star of devices with filters, policies, routes and NAT."""

from __future__ import annotations

import ipaddress
import random
from dataclasses import replace

from secaudit.flows.topology import Topology, build_topology
from secaudit.flows.zones import ZonePlan, plan_zones
from secaudit.municipality.model import Zone, ZoneBinding
from secaudit.network.device import Device, Doubt, DoubtKind, Stage
from secaudit.network.filters import Action, Certainty, Connection, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.intervals import ANY_IPV4, Intervals
from secaudit.network.matches import ANY_MARK, Match, Service, values_with_bits
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import NextHop, PolicyRoute, Route
from secaudit.network.tunnels import Carrier, Diversion, TunnelEnd
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources

ZONES = (Zone.MY_NUMBER, Zone.LGWAN, Zone.INTERNET, Zone.MANAGEMENT)
DOUBT = Text(ja="不明", en="unclear")
PIPELINES = (
    (
        Stage.INGRESS_FILTER,
        Stage.INGRESS_NAT,
        Stage.ROUTE,
        Stage.POLICY,
        Stage.EGRESS_NAT,
        Stage.DIVERSION,
        Stage.EGRESS_FILTER,
    ),
    (Stage.INGRESS_NAT, Stage.INGRESS_FILTER, Stage.ROUTE, Stage.EGRESS_FILTER, Stage.EGRESS_NAT),
    (Stage.INGRESS_NAT, Stage.ROUTE, Stage.POLICY, Stage.EGRESS_NAT),
)
CARRIERS = (Carrier.GRE, Carrier.IPIP, Carrier.IPSEC, Carrier.L2TP)
PORTS = (0, 21, 22, 80, 443, 1024, 40000, 65535)


class RandomNetwork:
    """A network from a seed. `nat` and `unsure` say which features may appear.

    `entrances`: hosts of a zone may have several routers; with `nat` there are also more one-to-one translations, one after the other.
    """

    def __init__(self, seed: int, *, nat: bool, unsure: bool, entrances: bool = False) -> None:
        self.random = random.Random(seed)
        self.nat = nat
        self.unsure = unsure
        self._line = 0
        count = self.random.randint(1, 3)
        self._transits = [ipaddress.ip_network(f"10.99.{i}.0/29") for i in range(count - 1)]
        self.leaves = {zone: ipaddress.ip_network(f"10.{i + 1}.0.0/24") for i, zone in enumerate(ZONES)}
        homes = {zone: self.random.randrange(count) for zone in ZONES}
        self._carrier = self.random.choice((*CARRIERS, None)) if count > 1 else None
        self.devices = [self._device(index, count, homes) for index in range(count)]
        if entrances:
            for zone in ZONES:
                self._add_entrance(zone, homes[zone])
            self.devices = [self._with_more_translations(one) if nat else one for one in self.devices]
        self.topology: Topology = build_topology(self.devices)
        self.plan: ZonePlan = plan_zones(self.topology, [self._binding(zone) for zone in ZONES])

    def _binding(self, zone: Zone) -> ZoneBinding:
        return ZoneBinding(zone, (self.leaves[zone],), (), (), False, None, self._source()[0])

    def _source(self) -> Sources:
        self._line += 1
        return (SourceLine("net.conf", self._line, "line"),)

    def _device(self, index: int, count: int, homes: dict[Zone, int]) -> Device:
        interfaces: dict[str, Interface] = {}
        routes: list[Route] = []

        def add(name: str, address: str) -> None:
            held = InterfaceAddress(ipaddress.ip_interface(address), self._source())
            interfaces[name] = Interface(name, InterfaceKind.PHYSICAL, held.sources, (held,))

        for zone, home in homes.items():
            if home == index:
                add(zone.value, f"{self.leaves[zone][1]}/24")
        if index > 0:
            add("left", f"{self._transits[index - 1][2]}/29")
        if index < count - 1:
            add("right", f"{self._transits[index][1]}/29")
        for zone, home in homes.items():
            towards = None
            if home < index:
                towards = self._transits[index - 1][1]
            elif home > index:
                towards = self._transits[index][2]
            if towards is not None and self.random.random() < 0.9:
                by_tunnel = self._carrier is not None and abs(home - index) == count - 1 and self.random.random() < 0.5
                routes.append(
                    self._through_tunnel(self.leaves[zone]) if by_tunnel else self._route(self.leaves[zone], towards)
                )
                if self.random.random() < 0.15:
                    routes.append(self._second(routes[-1], index, count))
        routes += self._to_transits(index, count)
        filters: dict[str, Filter] = {}
        if self._carrier is not None and index in (0, count - 1):
            self._add_tunnel(interfaces, filters, index, self._carrier)
        for name, interface in list(interfaces.items()):
            for direction in ("in", "out"):
                if self.random.random() < 0.4:
                    key = f"{name} {direction}"
                    filters[key] = self._filter(key, tuple(interfaces), policy=False)
                    interface = replace(interface, **{f"filter_{direction}": key})
            interfaces[name] = interface
        pipeline = self.random.choice(PIPELINES)
        policies: list[str] = []
        while Stage.POLICY in pipeline and self.random.random() < (0.7, 0.2, 0)[len(policies)]:
            policies.append(f"policy {len(policies)}")
            filters[policies[-1]] = self._filter(policies[-1], tuple(interfaces), policy=True)
        doubts: tuple[Doubt, ...] = ()
        if self.unsure and self.random.random() < 0.2:
            scope = self.random.choice((None, frozenset((self.random.choice(tuple(interfaces)),))))
            doubts = (Doubt(DoubtKind.UNREAD, DOUBT, self._source(), interfaces=scope),)
        return Device(
            name=f"d{index}",
            vendor="test",
            file="net.conf",
            identity=self._source(),
            interfaces=interfaces,
            filters=filters,
            pipeline=pipeline,
            policies=tuple(policies),
            routes=tuple(routes),
            policy_routes=self._policy_routes(routes),
            nat_rules=self._nat_rules(tuple(interfaces)) if self.nat else (),
            doubts=doubts,
            tracks_connections=self.random.random() < 0.5,
            local_in=self._local(filters, "local in", tuple(interfaces)),
            local_out=self._local(filters, "local out", tuple(interfaces)),
            filters_own_packets=self.random.random() < 0.5,
        )

    def _add_entrance(self, zone: Zone, home: int) -> None:
        index = self.random.randrange(len(self.devices))
        if index == home or self.random.random() < 0.3:
            return
        device = self.devices[index]
        address = InterfaceAddress(ipaddress.ip_interface(f"{self.leaves[zone][2]}/24"), self._source())
        filters = dict(device.filters)
        name = None
        if self.random.random() < 0.5:
            name = f"{zone.value} entrance"
            filters[name] = self._filter(name, tuple(device.interfaces), policy=False)
        entrance = Interface(zone.value, InterfaceKind.PHYSICAL, address.sources, (address,), filter_in=name)
        interfaces = {**device.interfaces, zone.value: entrance}
        self.devices[index] = replace(device, interfaces=interfaces, filters=filters)

    def _with_more_translations(self, device: Device) -> Device:
        """Of addresses of a zone to others that may be translated again, here or further on."""
        rules = list(device.nat_rules)
        for _ in range(self.random.randrange(3)):
            inside = int(self.leaves[self.random.choice(ZONES)][8])
            outside = int(ipaddress.ip_address(self.random.choice(("192.0.2.20", "10.1.0.40", "10.3.0.40"))))
            kind = self.random.choice((TranslationKind.SHIFT, TranslationKind.SHIFT, TranslationKind.POOL))
            if self.random.random() < 0.6:
                ports = self.random.choice((None, (1024, 2000)))
                matches = (Match(4, ((inside, inside + 15),), ANY_IPV4),)
                source = Translation(kind, (outside, outside + 15), ports)
                rules.append(NatRule("more", NatStage.EGRESS, matches, self._source(), source=source))
            else:
                matches = (Match(4, ANY_IPV4, ((outside, outside + 15),)),)
                target = Translation(kind, (inside, inside + 15), self.random.choice((None, (80, 80))))
                rules.append(NatRule("more", NatStage.INGRESS, matches, self._source(), destination=target))
        self.random.shuffle(rules)
        return replace(device, nat_rules=tuple(rules))

    def _to_transits(self, index: int, count: int) -> list[Route]:
        """How the outermost devices reach each other's outer addresses across the one between them."""
        if count < 3 or index == 1:
            return []
        far, gateway = (
            (self._transits[1], self._transits[0][2]) if index == 0 else (self._transits[0], self._transits[1][1])
        )
        hop = NextHop(self._source(), gateway=gateway)
        return [Route(far, (hop,), hop.sources)]

    def _through_tunnel(self, prefix: ipaddress.IPv4Network) -> Route:
        hop = NextHop(self._source(), interface="tunnel")
        return Route(prefix, (hop,), hop.sources)

    def _add_tunnel(
        self, interfaces: dict[str, Interface], filters: dict[str, Filter], index: int, carrier: Carrier
    ) -> None:
        """A tunnel between the outermost devices; routes lead into it, or a list takes packets into it instead of clear text."""
        ends = (self._transits[0][1], self._transits[-1][2])
        local, remote = ends if index == 0 else ends[::-1]
        if self.random.random() < 0.1:
            remote = self._transits[0][5]
        stated = local if self.random.random() < 0.5 else None
        end = TunnelEnd(carrier, self._source(), remote, stated, answers=False)
        interfaces["tunnel"] = Interface("tunnel", InterfaceKind.TUNNEL, end.sources, tunnel=end)
        if self.random.random() < 0.4:
            filters["selector"] = self._filter("selector", ("tunnel",), policy=False)
            name = "right" if index == 0 else "left"
            taken = Diversion("selector", "tunnel", self._source())
            interfaces[name] = replace(interfaces[name], diversions=(taken,))

    def _local(self, filters: dict[str, Filter], name: str, interfaces: tuple[str, ...]) -> tuple[str, ...]:
        """A filter for the packets of the device itself, more often than not; its lines may name the interface that is concerned."""
        if self.random.random() < 0.4:
            return ()
        held = self._filter(name, interfaces, policy=True)
        filters[name] = replace(held, lines=tuple(replace(one, source_translation=None) for one in held.lines))
        return (name,)

    def _route(self, prefix: ipaddress.IPv4Network, gateway: ipaddress.IPv4Address) -> Route:
        draw = self.random.random()
        hop = NextHop(self._source(), gateway=gateway)
        if self.unsure and draw < 0.1:
            return Route(prefix, (replace(hop, conditional=True),), hop.sources)
        if draw < 0.15:
            hop = replace(hop, matches=(self._match(),))
        if draw < 0.2:
            return Route(prefix, (NextHop(self._source(), discard=True),), hop.sources)
        if draw < 0.25:
            prefix = prefix.supernet(new_prefix=8)
        return Route(prefix, (hop,), hop.sources)

    def _second(self, route: Route, index: int, count: int) -> Route:
        """A floating static route, or an equal one, to whichever neighbour there is."""
        near = self._transits[index - 1][1] if index > 0 else self._transits[index][2]
        if 0 < index < count - 1 and self.random.random() < 0.5:
            near = self._transits[index][2]
        hop = NextHop(self._source(), gateway=near, backup=self.random.random() < 0.3)
        return Route(route.prefix, (hop,), hop.sources, distance=self.random.choice((1, 10)))

    def _policy_routes(self, routes: list[Route]) -> tuple[PolicyRoute, ...]:
        if not routes or self.random.random() > 0.2:
            return ()
        uncertain = DOUBT if self.unsure and self.random.random() < 0.4 else None
        hops = self.random.choice(routes).next_hops if self.random.random() < 0.8 else ()
        plain = tuple(replace(hop, matches=None, conditional=False) for hop in hops if not hop.discard)
        return (PolicyRoute("10", (self._match(),), plain, self._source(), uncertain=uncertain),)

    def _addresses(self) -> Intervals:
        draw = self.random.random()
        if draw < 0.25:
            return ANY_IPV4
        base = int(self.leaves[self.random.choice(ZONES)][0])
        if draw < 0.6:
            return ((base, base + 255),)
        low = self.random.choice((0, 5, 10))
        return ((base + low, base + low + self.random.choice((0, 1, 10))),)

    def _ports(self) -> Intervals:
        if self.random.random() < 0.5:
            return ((0, 65535),)
        low = self.random.choice(PORTS)
        return ((low, self.random.choice([p for p in PORTS if p >= low])),)

    def _service(self) -> Service:
        draw = self.random.random()
        if draw < 0.3:
            return Service()
        if draw < 0.4:
            return Service(((1, 1),), icmp_types=self.random.choice((((8, 8),), ((0, 3),), ((0, 255),))))
        if draw < 0.5:
            return Service(((6, 6),), tcp_flags=values_with_bits(16, 16))
        if draw < 0.6:
            return Service(((0, 255),), destination_ports=self._ports())
        protocol = self.random.choice((6, 17))
        return Service(((protocol, protocol),), destination_ports=self._ports(), source_ports=self._ports())

    def _match(self) -> Match:
        services = tuple(self._service() for _ in range(self.random.randint(1, 2)))
        return Match(4, self._addresses(), self._addresses(), services)

    def _filter(self, name: str, interfaces: tuple[str, ...], *, policy: bool) -> Filter:
        lines = []
        for index in range(self.random.randint(1, 6)):
            certainty = Certainty.ALWAYS
            action = self.random.choice((Action.PERMIT, Action.PERMIT, Action.DENY))
            if self.unsure and self.random.random() < 0.2:
                certainty = self.random.choice((Certainty.SOMETIMES, Certainty.UNCERTAIN))
            if self.unsure and self.random.random() < 0.05:
                action = Action.UNKNOWN
            ingress = egress = None
            if policy and self.random.random() < 0.6:
                ingress = frozenset(self.random.sample(interfaces, k=min(2, len(interfaces))))
            if policy and self.random.random() < 0.4:
                egress = frozenset(self.random.sample(interfaces, k=min(2, len(interfaces))))
            connection = self.random.choice((*Connection, None)) if self.random.random() < 0.3 else None
            translation = None
            if policy and self.nat and self.random.random() < 0.3:
                translation = Translation(TranslationKind.INTERFACE)
            match = self._match()
            if policy and self.nat and self.random.random() < 0.2:
                match = replace(match, marks=((1, 1),))
            else:
                match = replace(match, marks=ANY_MARK)
            lines.append(
                FilterLine(
                    str(index), action, (match,), self._source(), certainty,
                    ingress=ingress, egress=egress, connection=connection, source_translation=translation,
                )
            )  # fmt: skip
        if self._carrier is not None and name.startswith(("left", "right", "local")) and self.random.random() < 0.8:
            lines.insert(0, self._outer_line())
        default = self.random.choice((Action.DENY, Action.DENY, Action.PERMIT))
        return Filter(name, tuple(lines), default, self._source(), stateful=self.random.random() < 0.3)

    def _outer_line(self) -> FilterLine:
        """Lets packets of the kinds that carry tunnels through, or now and then all but one."""
        kinds = [((47, 47),), ((4, 4),), ((50, 50),), ((17, 17),)]
        if self.random.random() < 0.2:
            kinds.pop(self.random.randrange(len(kinds)))
        services = tuple(Service(kind) for kind in kinds)
        return FilterLine("outer", Action.PERMIT, (Match(4, ANY_IPV4, ANY_IPV4, services),), self._source())

    def _nat_rules(self, interfaces: tuple[str, ...]) -> tuple[NatRule, ...]:
        rules = []
        inside = int(self.leaves[self.random.choice(ZONES)][5])
        outside = int(ipaddress.ip_address("192.0.2.10"))
        if self.random.random() < 0.6:
            service = Service(((6, 6),), destination_ports=((443, 443),))
            rules.append(
                NatRule(
                    "forward", NatStage.INGRESS,
                    (Match(4, ANY_IPV4, ((outside, outside),), (service,)),), self._source(),
                    interfaces=frozenset((self.random.choice(interfaces),)),
                    destination=Translation(TranslationKind.POOL, (inside, inside), (80, 80)), mark=1,
                )
            )  # fmt: skip
        if self.random.random() < 0.4:
            rules.append(
                NatRule(
                    "one to one", NatStage.INGRESS, (Match(4, ANY_IPV4, ((outside + 16, outside + 23),)),),
                    self._source(), destination=Translation(TranslationKind.SHIFT, (inside, inside + 7)), mark=2,
                )
            )  # fmt: skip
        if self.random.random() < 0.5:
            rules.append(
                NatRule(
                    "masquerade", NatStage.EGRESS, (Match(4, self._addresses(), ANY_IPV4),), self._source(),
                    interfaces=frozenset((self.random.choice(interfaces),)),
                    source=Translation(TranslationKind.INTERFACE, None, (1024, 65535)),
                )
            )  # fmt: skip
        return tuple(rules)
