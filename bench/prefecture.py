"""A large network as model values: four core switches with a VRF a zone, firewalls between the VRFs and to the outside, access routers.

Everything that makes the three questions differ is in it, as in reality: floating routes, lines with a schedule and names that
DNS resolves. Half of the boundary firewalls translate sources, all publish servers.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.book import Book, Place, spread
from bench.measure import Row, exponent, memory, timed
from secaudit.flows.analysis import FlowAnalysis, PairFlow
from secaudit.flows.modes import Mode
from secaudit.flows.topology import build_topology
from secaudit.flows.zones import plan_zones
from secaudit.municipality.model import InterfaceRef, Zone, ZoneBinding
from secaudit.network.device import Device, Stage
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.intervals import ANY_IPV4, normalise
from secaudit.network.matches import ACK, RST, TCP, Match, Service, values_with_bits
from secaudit.network.nat import NatRule, NatStage, Translation, TranslationKind
from secaudit.network.routes import NextHop, Route
from secaudit.packets.sets import PacketSet
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources

CORES = 4
INSIDE = (Zone.MY_NUMBER, Zone.LGWAN, Zone.INTERNET, Zone.MANAGEMENT, Zone.EDUCATION, Zone.OTHER_INTERNAL)
OUTSIDE = {
    Zone.LGWAN_NETWORK: 1,
    Zone.SECURITY_CLOUD: 2,
    Zone.GOVERNMENT_CLOUD: 0,
    Zone.REMOTE_MAINTENANCE: 3,
}
"""Zones beyond boundary firewalls, with the inner zone before them."""
BETWEEN = ((0, 1), (1, 2), (2, 3), (0, 3), (1, 3), (2, 4), (2, 5), (1, 5))
PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_NAT,
    Stage.EGRESS_FILTER,
)
DOUBT = Text(ja="名前で書かれている。", en="written as a name")
ESTABLISHED = Service(((TCP, TCP),), tcp_flags=normalise((*values_with_bits(ACK, ACK), *values_with_bits(RST, RST))))


@dataclass(frozen=True, slots=True)
class Size:
    """How large a network is. `lines` are filter lines of all devices together."""

    routers: int
    firewalls: int
    lines: int


FULL = Size(271, 25, 17_000)
SIZES = (Size(49, 7, 2_600), Size(100, 12, 5_800), Size(180, 18, 11_000), FULL)
QUICK = (Size(8, 6, 200), Size(16, 8, 500))


def _super(zone: int, core: int | None = None) -> ipaddress.IPv4Network:
    if core is None:
        return ipaddress.IPv4Network(((10 << 24) | (zone << 20), 12))
    return ipaddress.IPv4Network(((10 << 24) | (zone << 20) | (core << 18), 14))


def _far(index: int) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(((172 << 24) | ((200 + index) << 16), 16))


class _Draft:
    """A device while it is put together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.interfaces: dict[str, Interface] = {}
        self.filters: dict[str, Filter] = {}
        self.routes: list[Route] = []
        self.nat: list[NatRule] = []
        self.policies: tuple[str, ...] = ()
        self._line = 0

    def source(self) -> Sources:
        self._line += 1
        return (SourceLine(self.name, self._line, ""),)

    def add(self, name: str, address: str, vrf: str = "", filter_in: str | None = None) -> None:
        held = InterfaceAddress(ipaddress.ip_interface(address), self.source())
        self.interfaces[name] = Interface(
            name, InterfaceKind.PHYSICAL, held.sources, (held,), vrf=vrf, filter_in=filter_in
        )

    def route(self, prefix: ipaddress.IPv4Network, gateway: str, vrf: str = "", distance: int = 1) -> None:
        hop = NextHop(self.source(), gateway=ipaddress.ip_address(gateway))
        self.routes.append(Route(prefix, (hop,), hop.sources, vrf, distance))

    def device(self) -> Device:
        return Device(
            name=self.name,
            vendor="generated",
            file=self.name,
            identity=self.source(),
            interfaces=self.interfaces,
            filters=self.filters,
            pipeline=PIPELINE,
            policies=self.policies,
            routes=tuple(self.routes),
            nat_rules=tuple(self.nat),
        )


class Prefecture:
    """The devices and the zones of one generated network."""

    def __init__(self, seed: int, size: Size) -> None:
        self._rng = random.Random(seed)
        self._book = Book(self._rng)
        self._size = size
        self._cores = [_Draft(f"core-{index + 1}") for index in range(CORES)]
        self._subnets: list[list[int]] = [[] for _ in INSIDE]
        self._access: list[_Draft] = []
        self._served: list[tuple[_Draft, str, int, int]] = []
        self._count_at: dict[tuple[int, int], int] = {}
        self._interfaces_of: dict[Zone, list[InterfaceRef]] = {zone: [] for zone in OUTSIDE}
        self._backbones()
        for index in range(size.routers):
            self._router(index)
        firewalls = [self._firewall(index) for index in range(size.firewalls)]
        self._filters(firewalls)
        self.devices = [one.device() for one in (*self._cores, *self._access, *(draft for draft, _ in firewalls))]
        self.bindings = self._bindings()

    def _backbones(self) -> None:
        for index, core in enumerate(self._cores):
            for zone, name in enumerate(INSIDE):
                core.add(f"bb-{name.value}", f"172.30.{zone}.{index + 1}/24", vrf=name.value)
                subnet = self._subnet(zone, index)
                core.add(f"srv-{name.value}", f"{subnet[1]}/24", vrf=name.value, filter_in=f"srv-{name.value}")
                self._served.append((core, f"srv-{name.value}", zone, int(subnet[0])))
                for other in range(CORES):
                    if other != index:
                        core.route(_super(zone, other), f"172.30.{zone}.{other + 1}", vrf=name.value)

    def _subnet(self, zone: int, core: int) -> ipaddress.IPv4Network:
        number = self._count_at[zone, core] = self._count_at.get((zone, core), 0) + 1
        base = int(_super(zone, core)[0]) + (number << 8)
        self._subnets[zone].append(base)
        return ipaddress.IPv4Network((base, 24))

    def _router(self, index: int) -> None:
        zone = (0, 1, 1, 2, 2, 4, 5)[index % 7]
        place = index % CORES
        core, vrf = self._cores[place], INSIDE[zone].value
        router = _Draft(f"ra-{index + 1}")
        base = (172 << 24) | (16 << 16) | (index << 2)
        near, own = ipaddress.IPv4Address(base + 1), ipaddress.IPv4Address(base + 2)
        core.add(f"to-{router.name}", f"{near}/30", vrf=vrf)
        router.add("wan", f"{own}/30")
        router.route(ipaddress.IPv4Network("0.0.0.0/0"), str(near))
        for number in range(1 + index % 3):
            subnet = self._subnet(zone, place)
            name = f"lan{number + 1}"
            router.add(name, f"{subnet[1]}/24", filter_in=name)
            self._served.append((router, name, zone, int(subnet[0])))
            core.route(subnet, str(own), vrf=vrf)
            if index % 9 == 0:
                spare = self._cores[(place + 1) % CORES].name[-1]
                core.route(subnet, f"172.30.{zone}.{spare}", vrf=vrf, distance=250)
        self._access.append(router)

    def _firewall(self, index: int) -> tuple[_Draft, tuple[tuple[str, Place], ...]]:
        """A firewall between two inner zones, or at the boundary; where it is, and what is on its sides."""
        outside = list(OUTSIDE.items())
        number = 100 + index
        draft = _Draft(f"fw-{index + 1}")
        if index % 3 == 2:
            zone, inner = outside[index // 3 % len(outside)]
            draft.add("inside", f"172.30.{inner}.{number}/24")
            draft.add("outside", f"192.0.2.{4 * index + 1}/30")
            draft.route(_far(outside.index((zone, inner))), f"192.0.2.{4 * index + 2}")
            draft.route(ipaddress.IPv4Network("0.0.0.0/0"), f"192.0.2.{4 * index + 2}", distance=10)
            self._home(draft, inner)
            self._interfaces_of[zone].append(InterfaceRef(draft.name, "outside"))
            prefixes = [_far(outside.index((zone, inner)))]
            if zone is Zone.SECURITY_CLOUD:
                prefixes.append(ipaddress.IPv4Network("0.0.0.0/0"))
            self._towards(prefixes, inner, number, index)
            far = Place(tuple(int(_far(outside.index((zone, inner)))[0]) + (n << 8) for n in range(30)))
            return draft, (("inside", Place(tuple(self._subnets[inner]))), ("outside", far))
        pair = BETWEEN[(index - index // 3) % len(BETWEEN)]
        for zone, other in (pair, pair[::-1]):
            draft.add(INSIDE[zone].value, f"172.30.{zone}.{number}/24")
            self._home(draft, zone)
            self._towards([_super(other)], zone, number, index)
        return draft, tuple((INSIDE[zone].value, Place(tuple(self._subnets[zone]))) for zone in pair)

    def _towards(self, prefixes: Sequence[ipaddress.IPv4Network], zone: int, number: int, index: int) -> None:
        """Routes of one VRF to a firewall: of every core to the first that leads there, of one core to each later one."""
        for prefix in prefixes:
            vrf = INSIDE[zone].value
            without = [c for c in self._cores if not any((r.prefix, r.vrf) == (prefix, vrf) for r in c.routes)]
            for core in without:
                core.route(prefix, f"172.30.{zone}.{number}", vrf=vrf)
            if not without:
                core = self._cores[index % CORES]
                core.routes = [one for one in core.routes if (one.prefix, one.vrf) != (prefix, vrf)]
                core.route(prefix, f"172.30.{zone}.{number}", vrf=vrf)

    def _home(self, draft: _Draft, zone: int) -> None:
        for core in range(CORES):
            draft.route(_super(zone, core), f"172.30.{zone}.{core + 1}")

    # --- filters ------------------------------------------------------------------------------------------

    def _filters(self, firewalls: Sequence[tuple[_Draft, tuple[tuple[str, Place], ...]]]) -> None:
        weights = [2 for _ in self._served] + [45 for _ in firewalls]
        counts = spread(self._rng, self._size.lines, weights)
        for (draft, name, zone, subnet), count in zip(self._served, counts, strict=False):
            draft.filters[name] = self._access_list(draft, name, zone, subnet, count)
        for (draft, sides), count in zip(firewalls, counts[len(self._served) :], strict=True):
            self._policy(draft, sides, count)

    def _access_list(self, draft: _Draft, name: str, zone: int, subnet: int, count: int) -> Filter:
        """From a subnet to its own zone and a few others; the last line is what many have: replies."""
        here = ((subnet, subnet + 255),)
        own = _super(zone)
        lines = [
            self._line(draft, 0, Action.PERMIT, Match(4, here, ((int(own[0]), int(own[-1])),))),
            self._line(draft, 1, Action.PERMIT, Match(4, ANY_IPV4, ANY_IPV4, (ESTABLISHED,))),
        ]
        for number in range(2, count):
            other = self._rng.randrange(len(INSIDE))
            source = here if self._rng.random() < 0.6 else self._book.side(Place((subnet,)), any_share=0)
            place = Place(tuple(self._subnets[other]))
            destination = self._book.side(place, any_share=0.01)
            draw = self._rng.random()
            if draw < 0.4:
                whole = _super(other)
                destination = ((int(whole[0]), int(whole[-1])),)
            elif draw < 0.6:
                far = _far(self._rng.randrange(len(OUTSIDE)))
                destination = ((int(far[0]), int(far[-1])),)
            match = Match(4, source, destination, self._book.services())
            action = Action.PERMIT if self._rng.random() < 0.85 else Action.DENY
            lines.insert(-1, self._line(draft, number, action, match))
        return Filter(name, tuple(lines[:count]), Action.DENY, draft.source())

    def _line(self, draft: _Draft, number: int, action: Action, match: Match) -> FilterLine:
        return FilterLine(str(number), action, (match,), draft.source())

    def _policy(self, draft: _Draft, sides: tuple[tuple[str, Place], ...], count: int) -> None:
        lines = []
        boundary = sides[1][0] == "outside"
        if boundary:
            self._published(draft, sides[0][1])
        for number in range(count):
            (ingress, here), (egress, there) = sides if self._rng.random() < 0.6 else sides[::-1]
            match = Match(4, self._book.side(here), self._book.side(there), self._book.services())
            if egress == "inside" and boundary and self._rng.random() < 0.3:
                rule = self._rng.choice(draft.nat)
                match = replace(match, destinations=ANY_IPV4, marks=((rule.mark, rule.mark),))
            draw = self._rng.random()
            certainty = Certainty.SOMETIMES if draw < 0.01 else Certainty.ALWAYS
            certainty = Certainty.UNCERTAIN if draw > 0.995 else certainty
            lines.append(
                FilterLine(
                    str(number + 1),
                    Action.PERMIT if self._rng.random() < 0.92 else Action.DENY,
                    (match,),
                    draft.source(),
                    certainty,
                    DOUBT if certainty is Certainty.UNCERTAIN else None,
                    ingress=frozenset((ingress,)),
                    egress=frozenset((egress,)),
                    source_translation=Translation(TranslationKind.INTERFACE, None, (1024, 65535))
                    if egress == "outside" and int(draft.name[3:]) % 2
                    else None,
                )
            )
        draft.policies = ("policy",)
        draft.filters["policy"] = Filter("policy", tuple(lines), Action.DENY, draft.source(), stateful=True)

    def _published(self, draft: _Draft, place: Place) -> None:
        """Servers behind the firewall, published under addresses of its outside."""
        for number in range(1, 13):
            public = (192 << 24) | (0 << 16) | (2 << 8) | 0
            public = public + (1 << 16) + int(draft.name[3:]) * 16 + number
            server = self._rng.choice(place.subnets) + 10 + number
            draft.nat.append(
                NatRule(
                    f"vip {number}",
                    NatStage.INGRESS,
                    (Match(4, ANY_IPV4, ((public, public),)),),
                    draft.source(),
                    interfaces=frozenset(("outside",)),
                    destination=Translation(TranslationKind.SHIFT, (server, server)),
                    mark=number,
                )
            )

    def _bindings(self) -> list[ZoneBinding]:
        where = SourceLine("generated", 1, "")
        found = [ZoneBinding(zone, (_super(index),), (), (), False, None, where) for index, zone in enumerate(INSIDE)]
        for index, zone in enumerate(OUTSIDE):
            if self._interfaces_of[zone]:
                found.append(
                    ZoneBinding(zone, (_far(index),), tuple(self._interfaces_of[zone]), (), False, None, where)
                )
        found.append(ZoneBinding(Zone.PUBLIC_INTERNET, (), (), (), True, Zone.SECURITY_CLOUD, where))
        return found


def all_pairs(network: Prefecture) -> str:
    """Every ordered pair as an audit asks of it, and whether one required link of each holds in every state; what was found, in a few words."""
    topology = build_topology(network.devices)
    analysis = FlowAnalysis(topology, plan_zones(topology, network.bindings))
    pairs = [analysis.pair(left, right) for left in analysis.zones for right in analysis.zones if left != right]
    some = [pair for pair in pairs if not pair.certain.is_empty]
    maybe = sum(not (pair.possible - pair.certain).is_empty for pair in pairs)
    links = ((pair, _link(analysis, pair)) for pair in some)
    hold = sum((link - analysis.reliable(pair.source, pair.destination, link)).is_empty for pair, link in links)
    return (
        f"{len(pairs)} ordered pairs: {len(some)} with a flow, {maybe} with something undetermined; "
        f"{hold} of {len(some)} required links hold in every state"
    )


def _link(analysis: FlowAnalysis, pair: PairFlow) -> PacketSet:
    """Everything that gets from the first host of a flow to the first that it reaches."""
    box = pair.certain.boxes(1)[0]
    ends = [ipaddress.ip_network(held[0][0]) for held in (box.sources, box.destinations)]
    return pair.certain & analysis.set_of(sources=ends[:1], destinations=ends[1:], protocol="any", ports=())


def what_is_possible(network: Prefecture) -> str:
    """Every ordered pair in the one question that a separation is proved by; what was found, in a few words."""
    topology = build_topology(network.devices)
    analysis = FlowAnalysis(topology, plan_zones(topology, network.bindings))
    pairs = [(left, right) for left in analysis.zones for right in analysis.zones if left != right]
    found = [analysis.arrivals.between(Mode.POSSIBLE, *pair) for pair in pairs]
    return f"{len(pairs)} ordered pairs: {sum(not one.is_empty for one in found)} with a flow"


def measure(sizes: Sequence[Size], rounds: int) -> list[Row]:
    """All ordered pairs for each size; the last row says how the time grows with the number of lines."""
    rows = []
    for size in sizes:
        seconds: list[float] = []
        found = ""
        for seed in range(rounds):
            network = Prefecture(seed, size)
            taken, found = timed(lambda: all_pairs(network))  # noqa: B023
            seconds.append(taken)
        devices = CORES + size.routers + size.firewalls
        rows.append(Row(f"{devices} devices, {size.lines} lines", tuple(seconds), found))
    last = rows[-1]
    growth = exponent([size.lines for size in sizes], [row.median for row in rows])
    rows[-1] = Row(last.what, last.seconds, f"{last.says}; time grows as lines ^ {growth:.2f}; {memory()} MB")
    seconds = []
    for seed in range(rounds):
        network = Prefecture(seed, sizes[-1])
        taken, found = timed(lambda: what_is_possible(network))  # noqa: B023
        seconds.append(taken)
    rows.append(Row(f"{devices} devices, only what is possible", tuple(seconds), found))
    return rows
