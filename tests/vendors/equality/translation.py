"""One inside, one outside: port forwards, one-to-one addresses and masquerade, written for three vendors.

The abstract network tells who may reach which inner host through which outer address and port, and what the inside may reach; every
inner source leaves with the outer address. Flows are told by the address that sent a packet and the address and port that got it, so
the three devices must have the same flows although each filters at another side of its translation.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import Field, HeaderSpace
from tests.vendors.equality.policies import PORTS, TCP, UDP, Service, Span, address
from tests.vendors.equality.reading import opening, service_set
from tests.vendors.equality.written import Written

INSIDE = ipaddress.IPv4Network("192.168.10.0/24")
OUTSIDE = ipaddress.IPv4Network("198.51.100.0/24")
ROUTER_INSIDE, ROUTER_OUTSIDE = "192.168.10.1", "198.51.100.2"
GATEWAY = "198.51.100.1"
_WORDS = {TCP: "tcp", UDP: "udp"}


@dataclass(frozen=True, slots=True)
class Forward:
    """`outer_port` of the router's outer address leads to `inner_port` of an inner host, for some sources."""

    protocol: int
    outer_port: int
    inner: int
    inner_port: int
    sources: Span


@dataclass(frozen=True, slots=True)
class Pair:
    """An outer address that stands for an inner host; `service` may open connections to it from some sources."""

    outer: int
    inner: int
    service: Service
    sources: Span


@dataclass(frozen=True, slots=True)
class Translated:
    """The abstract network. `outbound` are the services that inner hosts may use anywhere outside; `clients` those hosts."""

    forwards: tuple[Forward, ...]
    pairs: tuple[Pair, ...]
    clients: Span
    outbound: tuple[Service, ...]

    def near_misses(self) -> Iterator[Translated]:
        """The same network with one number of one forward or pair changed."""
        for place, one in enumerate(self.forwards):
            others = (replace(one, inner=one.inner + 1), replace(one, inner_port=one.inner_port + 1))
            for other in others:
                changed = (*self.forwards[:place], other, *self.forwards[place + 1 :])
                if {self._arrival(two) for two in changed} != {self._arrival(two) for two in self.forwards}:
                    yield replace(self, forwards=changed)
        for place, pair in enumerate(self.pairs):
            other_pair = replace(pair, inner=pair.inner + 1)
            yield replace(self, pairs=(*self.pairs[:place], other_pair, *self.pairs[place + 1 :]))

    @staticmethod
    def _arrival(one: Forward) -> tuple[int, int, int]:
        return one.protocol, one.inner, one.inner_port

    def inbound_set(self, space: HeaderSpace, sources: tuple[Span, ...]) -> int:
        """What arrives at inner hosts, as it arrives there."""
        wanted = [
            (one.sources, one.inner, Service(one.protocol, ((one.inner_port, one.inner_port),)))
            for one in self.forwards
        ]
        wanted += [(one.sources, one.inner, one.service) for one in self.pairs]
        node = EMPTY
        for who, inner, service in wanted:
            ends = space.product([(Field.DESTINATION, ((inner, inner),)), (Field.SOURCE, (who,))])
            node = space.union(node, space.intersection(ends, service_set(space, service)))
        return space.intersection(opening(space), space.intersection(node, space.guard(Field.SOURCE, sources)))

    def outbound_set(self, space: HeaderSpace, destinations: tuple[Span, ...]) -> int:
        """What the inside may open outside."""
        services = space.union_all(service_set(space, service) for service in self.outbound)
        ends = space.product([(Field.DESTINATION, destinations), (Field.SOURCE, (self.clients,))])
        return space.intersection(opening(space), space.intersection(ends, services))


def make(random: Random) -> Translated:
    """A random one; no two forwards share an outer port."""
    base = int(INSIDE.network_address)
    hosts = random.sample(range(base + 10, base + 200), 5)
    ports = random.sample((80, 443, 8443, 25, 53, 2222, 50000, 1024), 4)
    forwards = tuple(
        Forward(
            random.choice((TCP, TCP, UDP)),
            port,
            hosts[random.randrange(3)],
            random.choice((port, 8080, 443)),
            _sources(random),
        )
        for port in ports[: random.randrange(4)]
    )
    outer = int(OUTSIDE.network_address)
    pairs = tuple(
        Pair(outer + 20 + place, hosts[3 + place], Service(TCP, ((random.choice((22, 443)),) * 2,)), _sources(random))
        for place in range(random.randrange(3))
    )
    clients = random.choice(((base, base + 255), (base + 64, base + 127), (hosts[0], hosts[0])))
    outbound = random.choice(
        (
            (Service(),),
            (Service(TCP, ((80, 80), (443, 443))), Service(UDP, ((53, 53),))),
            (Service(TCP, ((1024, 65535),)),),
        )
    )
    return Translated(forwards, pairs, clients, outbound)


def _sources(random: Random) -> Span:
    if random.random() < 0.4:
        return (0, 2**32 - 1)
    net = ipaddress.IPv4Network(random.choice(("203.0.113.0/24", "203.0.113.128/25", "198.51.100.77/32", "8.0.0.0/7")))
    return int(net.network_address), int(net.broadcast_address)


def _word(one: Forward | Service) -> str:
    return _WORDS[one.protocol or 0]


def _net(span: Span) -> ipaddress.IPv4Network:
    found = list(ipaddress.summarize_address_range(ipaddress.IPv4Address(span[0]), ipaddress.IPv4Address(span[1])))
    assert len(found) == 1
    return found[0]


def fortios(network: Translated, random: Random) -> Written:
    """Virtual IPs named by policies; the outgoing policy translates the source."""
    addresses: dict[str, ipaddress.IPv4Network] = {}
    services: list[str] = []
    vips: list[str] = []
    inbound: list[tuple[str, str, str]] = []

    def source(span: Span) -> str:
        if span == (0, 2**32 - 1):
            return "all"
        name = f"net {_net(span)}"
        addresses[name] = _net(span)
        return name

    def service(one: Service) -> str:
        if one.protocol is None:
            return "ALL"
        name = f"svc {len(services)}"
        ranges = " ".join(f"{low}-{high}" for low, high in one.destination_ports)
        services.append(f'    edit "{name}"\n        set {_word(one)}-portrange {ranges}\n    next')
        return name

    for one in network.forwards:
        name = f"vip {len(vips)}"
        vips.append(
            f'    edit "{name}"\n        set extip {ROUTER_OUTSIDE}\n        set extintf "{random.choice(("wan1", "any"))}"\n'
            f'        set portforward enable\n        set mappedip "{address(one.inner, 4)}"\n'
            f"        set protocol {_word(one)}\n"
            f"        set extport {one.outer_port}\n        set mappedport {one.inner_port}\n    next"
        )
        # A policy sees the port after translation.
        narrow = service(Service(one.protocol, ((one.inner_port, one.inner_port),)))
        inbound.append((source(one.sources), name, random.choice((narrow, "ALL"))))
    for pair in network.pairs:
        name = f"vip {len(vips)}"
        vips.append(
            f'    edit "{name}"\n        set extip {address(pair.outer, 4)}\n        set extintf "wan1"\n'
            f"        set mappedip {address(pair.inner, 4)}\n    next"
        )
        inbound.append((source(pair.sources), name, service(pair.service)))
    policies = [
        _policy(number, "wan1", "internal", who, vip, used) for number, (who, vip, used) in enumerate(inbound, start=10)
    ]
    for number, one_service in enumerate(network.outbound, start=50):
        policies.append(
            _policy(number, "internal", "wan1", source(network.clients), "all", service(one_service), nat=True)
        )
    random.shuffle(policies)
    body = [
        '#config-version=FG100F-7.2.8-FW-build1639-240313:opmode=0:vdom=0:user=admin',
        'config system global\n    set hostname "R"\nend',
        "config system interface",
        f'    edit "internal"\n        set vdom "root"\n        set ip {ROUTER_INSIDE} 255.255.255.0\n        set type physical\n    next',
        f'    edit "wan1"\n        set vdom "root"\n        set ip {ROUTER_OUTSIDE} 255.255.255.0\n        set type physical\n    next',
        "end",
        "config firewall address",
        *(
            f'    edit "{name}"\n        set subnet {net.network_address} {net.netmask}\n    next'
            for name, net in addresses.items()
        ),
        "end",
        "config firewall service custom", *services, "end",
        "config firewall vip", *vips, "end",
        "config firewall policy", *policies, "end",
        f'config router static\n    edit 1\n        set gateway {GATEWAY}\n        set device "wan1"\n    next\nend',
    ]  # fmt: skip
    return Written("fortios", "virtual IPs", 4, tuple("\n".join(body).split("\n")), "internal", "wan1")


def _policy(
    number: int, ingress: str, egress: str, source: str, destination: str, service: str, nat: bool = False
) -> str:
    lines = [
        f"    edit {number}",
        f'        set srcintf "{ingress}"',
        f'        set dstintf "{egress}"',
        "        set action accept",
        f'        set srcaddr "{source}"',
        f'        set dstaddr "{destination}"',
        '        set schedule "always"',
        f'        set service "{service}"',
        *(["        set nat enable"] if nat else []),
        "    next",
    ]
    return "\n".join(lines)


def cisco_ios(network: Translated, random: Random) -> Written:
    """Lists name the outer addresses towards outside and the inner ones towards inside."""
    inside_in: list[str] = []
    for service in network.outbound:
        for tail in _cisco_ports(service):
            protocol = "ip" if service.protocol is None else _word(service)
            inside_in.append(f" permit {protocol} {_cisco(network.clients)} any{tail}")
    outside_in = []
    statics = []
    for one in network.forwards:
        word = _word(one)
        outside_in.append(f" permit {word} {_cisco(one.sources)} host {ROUTER_OUTSIDE} eq {one.outer_port}")
        outer = random.choice((ROUTER_OUTSIDE, "interface GigabitEthernet0/1"))
        tail = " extendable" if outer == ROUTER_OUTSIDE and random.random() < 0.5 else ""
        statics.append(
            f"ip nat inside source static {word} {address(one.inner, 4)} {one.inner_port} {outer} {one.outer_port}{tail}"
        )
    for pair in network.pairs:
        statics.append(f"ip nat inside source static {address(pair.inner, 4)} {address(pair.outer, 4)}")
        for tail in _cisco_ports(pair.service):
            protocol = _word(pair.service)
            outside_in.append(f" permit {protocol} {_cisco(pair.sources)} host {address(pair.outer, 4)}{tail}")
    body = [
        "version 15.4",
        "hostname R",
        "interface GigabitEthernet0/0",
        f" ip address {ROUTER_INSIDE} 255.255.255.0",
        " ip access-group INSIDE-IN in",
        " ip nat inside",
        "!",
        "interface GigabitEthernet0/1",
        f" ip address {ROUTER_OUTSIDE} 255.255.255.0",
        " ip access-group OUTSIDE-IN in",
        " ip nat outside",
        "!",
        f"ip route 0.0.0.0 0.0.0.0 {GATEWAY}",
        *random.sample(
            [*statics, "ip nat inside source list 1 interface GigabitEthernet0/1 overload"], len(statics) + 1
        ),
        "access-list 1 permit 192.168.10.0 0.0.0.255",
        "ip access-list extended INSIDE-IN",
        *inside_in,
        "ip access-list extended OUTSIDE-IN",
        *(outside_in or [" deny ip any any"]),
        "end",
    ]
    return Written("cisco_ios", "NAT", 4, tuple(body), "GigabitEthernet0/0", "GigabitEthernet0/1", "in")


def _cisco(span: Span) -> str:
    if span == (0, 2**32 - 1):
        return "any"
    net = _net(span)
    return f"host {net.network_address}" if net.prefixlen == 32 else f"{net.network_address} {net.hostmask}"


def _cisco_ports(service: Service) -> list[str]:
    if service.destination_ports == (PORTS,):
        return [""]
    return [f" range {low} {high}" if low != high else f" eq {low}" for low, high in service.destination_ports]


def yamaha(network: Translated, random: Random) -> Written:
    """The filter of the outer interface sees inner addresses in both directions."""
    filters: dict[int, str] = {}
    lists: dict[str, list[int]] = {"lan1": [], "lan2": []}
    numbers = random.sample(range(1, 9999), 40)

    def add(port: str, body: str) -> None:
        number = numbers.pop()
        filters[number] = body
        lists[port].append(number)

    for service in network.outbound:
        if service.protocol is None:
            add("lan1", f"pass {_net(network.clients)} *")
        else:
            ports = ",".join(str(low) if low == high else f"{low}-{high}" for low, high in service.destination_ports)
            add("lan1", f"pass {_net(network.clients)} * {_word(service)} * {ports}")
    statics = []
    for place, one in enumerate(network.forwards, start=1):
        word = _word(one)
        port = str(one.outer_port) if one.outer_port == one.inner_port else f"{one.outer_port}={one.inner_port}"
        statics.append(f"nat descriptor masquerade static 1 {place} {address(one.inner, 4)} {word} {port}")
        add("lan2", f"pass {_yamaha(one.sources)} {address(one.inner, 4)} {word} * {one.inner_port}")
    for place, pair in enumerate(network.pairs, start=1):
        statics.append(f"nat descriptor static 2 {place} {address(pair.outer, 4)}={address(pair.inner, 4)} 1")
        low, high = pair.service.destination_ports[0]
        add(
            "lan2",
            f"pass {_yamaha(pair.sources)} {address(pair.inner, 4)} {_word(pair.service)} * {low}-{high}",
        )
    if not lists["lan2"]:
        add("lan2", "reject * *")
    descriptors = ["nat descriptor type 1 masquerade", f"nat descriptor address outer 1 {ROUTER_OUTSIDE}"]
    order = "1"
    if network.pairs:
        outers = [pair.outer for pair in network.pairs]
        descriptors += [
            "nat descriptor type 2 nat",
            f"nat descriptor address outer 2 {address(min(outers), 4)}-{address(max(outers), 4)}",
            "nat descriptor address inner 2 " + ",".join(address(pair.inner, 4) for pair in network.pairs[:1]),
        ]
        order = "2 1"
    lines = [*descriptors, *statics, *(f"ip filter {number} {body}" for number, body in filters.items())]
    random.shuffle(lines)
    body = [
        "# RTX1210 Rev.14.01.42 (Fri Jul  8 11:00:00 2022)",
        "console prompt R",
        f"ip lan1 address {ROUTER_INSIDE}/24",
        f"ip lan2 address {ROUTER_OUTSIDE}/24",
        f"ip route default gateway {GATEWAY}",
        f"ip lan2 nat descriptor {order}",
        f"ip lan1 secure filter in {' '.join(map(str, lists['lan1']))}",
        f"ip lan2 secure filter in {' '.join(map(str, lists['lan2']))}",
        *lines,
    ]
    return Written("yamaha", "NAT descriptors", 4, tuple(body), "lan1", "lan2", "in")


def _yamaha(span: Span) -> str:
    return "*" if span == (0, 2**32 - 1) else str(_net(span))


def cisco_asa(network: Translated, random: Random) -> Written:
    """The lists name real addresses (8.3 and later); a forward is the NAT of an object, or manual NAT of one."""
    objects: list[str] = []
    manual: list[str] = []
    outside_in: list[str] = []
    for number, one in enumerate(network.forwards):
        word = _word(one)
        objects += [f"object network FORWARD-{number}", f" host {address(one.inner, 4)}"]
        if random.random() < 0.5:
            objects.append(f" nat (inside,outside) static interface service {word} {one.inner_port} {one.outer_port}")
        else:
            for name, port in (("REAL", one.inner_port), ("MAPPED", one.outer_port)):
                objects += [f"object service {name}-{number}", f" service {word} source eq {port}"]
            manual.append(
                f"nat (inside,outside) source static FORWARD-{number} interface service REAL-{number} MAPPED-{number}"
            )
        outside_in.append(f"permit {word} {_asa(one.sources)} host {address(one.inner, 4)} eq {one.inner_port}")
    for number, pair in enumerate(network.pairs):
        objects += [f"object network PAIR-{number}", f" host {address(pair.inner, 4)}"]
        objects.append(f" nat (inside,outside) static {address(pair.outer, 4)}")
        outside_in += [
            f"permit {_word(pair.service)} {_asa(pair.sources)} object PAIR-{number}{tail}"
            for tail in _cisco_ports(pair.service)
        ]
    inside_in = [
        f"permit {'ip' if one.protocol is None else _word(one)} {_asa(network.clients)} any{tail}"
        for one in network.outbound
        for tail in _cisco_ports(one)
    ]
    body = [
        "ASA Version 9.12(4)",
        "hostname R",
        "interface GigabitEthernet0/0",
        " nameif inside",
        " security-level 100",
        f" ip address {ROUTER_INSIDE} 255.255.255.0",
        "!",
        "interface GigabitEthernet0/1",
        " nameif outside",
        " security-level 0",
        f" ip address {ROUTER_OUTSIDE} 255.255.255.0",
        "!",
        *objects,
        *(f"access-list OUTSIDE extended {one}" for one in outside_in or ["deny ip any any"]),
        *(f"access-list INSIDE extended {one}" for one in inside_in),
        *random.sample(manual, len(manual)),
        "nat (inside,outside) after-auto source dynamic any interface",
        "access-group OUTSIDE in interface outside",
        "access-group INSIDE in interface inside",
        f"route outside 0.0.0.0 0.0.0.0 {GATEWAY} 1",
        ": end",
    ]
    return Written("cisco_asa", "NAT of objects", 4, tuple(body), "inside", "outside")


def cisco_asa_before_8_3(network: Translated, random: Random) -> Written:
    """The list at the outer interface names outer addresses and ports; `static` in any order, `nat` and `global` by number."""
    statics: list[str] = []
    outside_in: list[str] = []
    for one in network.forwards:
        word = _word(one)
        outer = random.choice(("interface", ROUTER_OUTSIDE))
        inner = f"{address(one.inner, 4)} {one.inner_port}"
        statics.append(f"static (inside,outside) {word} {outer} {one.outer_port} {inner} netmask 255.255.255.255")
        outside_in.append(f"permit {word} {_asa(one.sources)} host {ROUTER_OUTSIDE} eq {one.outer_port}")
    for pair in network.pairs:
        pair_of = f"{address(pair.outer, 4)} {address(pair.inner, 4)}"
        statics.append(f"static (inside,outside) {pair_of} netmask 255.255.255.255")
        outside_in += [
            f"permit {_word(pair.service)} {_asa(pair.sources)} host {address(pair.outer, 4)}{tail}"
            for tail in _cisco_ports(pair.service)
        ]
    inside_in = [
        f"permit {'ip' if one.protocol is None else _word(one)} {_asa(network.clients)} any{tail}"
        for one in network.outbound
        for tail in _cisco_ports(one)
    ]
    everyone = random.choice(("0.0.0.0 0.0.0.0", f"{INSIDE.network_address} {INSIDE.netmask}"))
    number = random.randrange(1, 9)
    dynamic = [f"nat (inside) {number} {everyone}", f"global (outside) {number} interface"]
    body = [
        "ASA Version 8.2(5)",
        "hostname R",
        "interface GigabitEthernet0/0",
        " nameif inside",
        " security-level 100",
        f" ip address {ROUTER_INSIDE} 255.255.255.0",
        "!",
        "interface GigabitEthernet0/1",
        " nameif outside",
        " security-level 0",
        f" ip address {ROUTER_OUTSIDE} 255.255.255.0",
        "!",
        *(f"access-list OUTSIDE extended {one}" for one in outside_in or ["deny ip any any"]),
        *(f"access-list INSIDE extended {one}" for one in inside_in),
        *random.sample([*statics, *dynamic], len(statics) + 2),
        "access-group OUTSIDE in interface outside",
        "access-group INSIDE in interface inside",
        f"route outside 0.0.0.0 0.0.0.0 {GATEWAY} 1",
        ": end",
    ]
    return Written("cisco_asa", "NAT of before 8.3", 4, tuple(body), "inside", "outside")


def _asa(span: Span) -> str:
    if span == (0, 2**32 - 1):
        return "any"
    net = _net(span)
    return f"host {net.network_address}" if net.prefixlen == 32 else f"{net.network_address} {net.netmask}"


def juniper_srx(network: Translated, random: Random) -> Written:
    """Policies see inner destinations and inner sources; static translation goes before destination and source translation."""
    inside, outside = "ge-0/0/1.0", "ge-0/0/0.0"
    lines: list[str] = []
    names: dict[str, str] = {}

    def named(span: Span) -> str:
        if span == (0, 2**32 - 1):
            return "any-ipv4"
        net = str(_net(span))
        if net not in names:
            names[net] = f"net-{len(names)}"
            lines.append(f"set security address-book global address {names[net]} {net}")
        return names[net]

    def application(service: Service) -> str:
        if service.protocol is None:
            return "any"
        name = f"app-{len(lines)}"
        for place, (low, high) in enumerate(service.destination_ports):
            term = f"term t{place} protocol {_word(service)} destination-port {low}-{high}"
            lines.append(f"set applications application {name} {term}")
        return name

    policies: list[str] = []

    def policy(pair: str, source: Span, destination: Span, service: Service) -> None:
        head = f"set security policies from-zone {pair} policy p{len(policies)}"
        match = f"{head} match source-address {named(source)}", f"{head} match destination-address {named(destination)}"
        policies.append("\n".join((*match, f"{head} match application {application(service)}", f"{head} then permit")))

    nat: list[str] = []
    side = random.choice(("zone outer", "interface ge-0/0/0.0", "routing-instance default"))
    for place, one in enumerate(network.forwards):
        rule = f"set security nat destination rule-set IN rule r{place}"
        pool = f"set security nat destination pool p{place} address {address(one.inner, 4)}/32 port {one.inner_port}"
        match = f"{rule} match destination-address {ROUTER_OUTSIDE}/32\n{rule} match destination-port {one.outer_port}"
        nat.append(f"{pool}\n{match}\n{rule} match protocol {_word(one)}\n{rule} then destination-nat pool p{place}")
        service = Service(one.protocol, ((one.inner_port, one.inner_port),))
        policy("outer to-zone inner", one.sources, (one.inner, one.inner), service)
    if network.forwards:
        nat.append(f"set security nat destination rule-set IN from {side}")
    for place, pair in enumerate(network.pairs):
        rule = f"set security nat static rule-set ONE rule r{place}"
        match = f"{rule} match destination-address {address(pair.outer, 4)}/32"
        nat.append(f"{match}\n{rule} then static-nat prefix {address(pair.inner, 4)}/32")
        policy("outer to-zone inner", pair.sources, (pair.inner, pair.inner), pair.service)
    if network.pairs:
        nat.append("set security nat static rule-set ONE from zone outer")
    for service in network.outbound:
        policy("inner to-zone outer", network.clients, (0, 2**32 - 1), service)
    out = "set security nat source rule-set OUT"
    nat += [f"{out} from zone inner", f"{out} to {random.choice(('zone outer', 'interface ge-0/0/0.0'))}"]
    nat.append(f"{out} rule all match source-address 0.0.0.0/0\n{out} rule all then source-nat interface")
    random.shuffle(nat)
    body = [
        "set version 21.4R3.15",
        "set system host-name R",
        f"set interfaces ge-0/0/1 unit 0 family inet address {ROUTER_INSIDE}/24",
        f"set interfaces ge-0/0/0 unit 0 family inet address {ROUTER_OUTSIDE}/24",
        f"set security zones security-zone inner interfaces {inside}",
        f"set security zones security-zone outer interfaces {outside}",
        f"set routing-options static route 0.0.0.0/0 next-hop {GATEWAY}",
        *lines, *nat, *policies,
    ]  # fmt: skip
    return Written("juniper_srx", "NAT rule-sets", 4, tuple("\n".join(body).split("\n")), inside, outside)


Writer = Callable[[Translated, Random], Written]
WRITERS: tuple[Writer, ...] = (fortios, cisco_ios, cisco_asa, cisco_asa_before_8_3, juniper_srx, yamaha)
