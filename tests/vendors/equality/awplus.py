"""Writes abstract policies as AlliedWare Plus configurations; knows nothing of the reader."""

from __future__ import annotations

from itertools import product
from random import Random

from tests.vendors.equality.policies import (
    ANY_SERVICE,
    ICMP,
    ICMPV6,
    PORTS,
    TCP,
    UDP,
    Policy,
    Rule,
    Service,
    Span,
    address,
    prefixes,
)
from tests.vendors.equality.translation import GATEWAY, INSIDE, ROUTER_INSIDE, ROUTER_OUTSIDE, Translated
from tests.vendors.equality.written import Written

STYLES = ("named", "numbered", "sequence numbers", "vlan map", "firewall")
_PORT_NAMES = {21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "dns", 80: "http", 443: "https"}
_PROTOCOLS = {2: "igmp", 47: "gre", 50: "esp", 89: "ospf"}


class AlliedWarePlusWriter:
    """One configuration in one of `STYLES`; every choice within it comes from `random`."""

    def __init__(self, policy: Policy, random: Random, style: str) -> None:
        self._policy = policy
        self._random = random
        self._six = policy.family == 6
        self._style = style
        self._firewall = style == "firewall"
        self._zones: dict[tuple[Span, ...], str] = {}
        self._applications: dict[tuple[Service, Span, Span], str] = {}
        self._blocks: list[list[str]] = []

    def write(self) -> Written:
        """The whole configuration."""
        head = ["service password-encryption", "hostname EQ", "vlan database", " vlan 10,20 state enable"]
        if self._six:
            head.append("ipv6 forwarding")
        rules = self._rules() if self._firewall else self._list()
        self._blocks += rules
        self._random.shuffle(self._blocks)
        lines = [*head, *(line for block in self._blocks for line in (*block, "!")), "end"]
        direction = "" if self._firewall else "in"
        style = f"awplus {self._style}"
        return Written("awplus", style, self._policy.family, tuple(lines), "vlan10", "vlan20", direction)

    def _interfaces(self, applied: list[str]) -> list[list[str]]:
        ports = "port1.0.1-1.0.3" if self._random.random() < 0.5 else "port1.0.1"
        blocks = [
            [f"interface {ports}", " switchport", " switchport mode access", " switchport access vlan 10", *applied]
        ]
        for name, four, six in (("vlan10", "10.1.0.1", "2001:db8:1::1"), ("vlan20", "10.2.0.1", "2001:db8:2::1")):
            lines = [f"interface {name}", f" ip address {four}/16"]
            if self._six:
                lines.append(f" ipv6 address {six}/48")
            blocks.append(lines)
        return blocks

    # --- hardware lists ---------------------------------------------------------------------------------------

    def _list(self) -> list[list[str]]:
        entries = [entry for rule in self._policy.rules for entry in self._entries(rule)]
        if not self._policy.default:
            entries.append("deny ipv6 any any" if self._six else "deny ip any any")
        if not entries:
            entries.append("permit ipv6 any any" if self._six else "permit ip any any")
        names, blocks = self._named(entries)
        word = "ipv6 traffic-filter" if self._six else "access-group"
        if self._style == "vlan map":
            blocks.append(["vlan access-map MAP", *(f" match access-group {name}" for name in names)])
            blocks.append(["vlan filter MAP vlan-list 9-10 input"])
            return [*blocks, *self._interfaces([])]
        return [*blocks, *self._interfaces([f" {word} {name}" for name in names])]

    def _named(self, entries: list[str]) -> tuple[list[str], list[list[str]]]:
        random = self._random
        kind = "ipv6 access-list" if self._six else "access-list hardware"
        if self._style == "numbered" and not self._six:
            # A list of its own for each entry, all of them applied in order: one search (AL-12).
            numbers = random.sample(range(3000, 3700), min(len(entries), 600))
            cut = len(entries) - len(numbers)
            first = [f"access-list {numbers[0]} {entry}" for entry in entries[: cut + 1]]
            rest = [
                [f"access-list {number} {entry}"] for number, entry in zip(numbers[1:], entries[cut + 1 :], strict=True)
            ]
            return [str(number) for number in numbers], [first, *rest]
        if self._style == "sequence numbers":
            numbers = sorted(random.sample(range(1, 65000), len(entries)))
            lines = [f" {number} {entry}" for number, entry in zip(numbers, entries, strict=True)]
            random.shuffle(lines)
            return ["LIST"], [[f"{kind} LIST", *lines]]
        cut = random.randrange(len(entries) + 1) if random.random() < 0.4 else 0
        parts = [(name, part) for name, part in (("LIST", entries[:cut]), ("MORE", entries[cut:])) if part]
        return [name for name, _ in parts], [[f"{kind} {name}", *(f" {one}" for one in part)] for name, part in parts]

    def _entries(self, rule: Rule) -> list[str]:
        action = ("permit" if self._random.random() < 0.9 else "copy-to-cpu") if rule.permit else "deny"
        sources = [one for span in rule.sources for one in self._sides(span)]
        destinations = [one for span in rule.destinations for one in self._sides(span)]
        services = [one for service in dict.fromkeys(rule.services) for one in self._service(service)]
        combined = list(product(services, dict.fromkeys(sources), dict.fromkeys(destinations)))
        self._random.shuffle(combined)  # entries of one action may change places
        return [
            " ".join(filter(None, (action, protocol, source, from_ports, destination, tail)))
            for (protocol, from_ports, tail), source, destination in combined
        ]

    def _sides(self, span: Span) -> list[str]:
        if span == self._policy.everywhere:
            return ["any"]
        nets = prefixes(span, self._policy.family)
        if self._six:
            return [f"host {net.network_address}" if net.prefixlen == 128 else str(net) for net in nets]
        shapes = []
        for net in nets:
            if net.prefixlen == 32 and self._random.random() < 0.5:
                shapes.append(f"host {net.network_address}")
            elif self._random.random() < 0.5:
                shapes.append(str(net))
            else:
                shapes.append(f"{net.network_address} {net.hostmask}")
        return shapes

    def _service(self, service: Service) -> list[tuple[str, str, str]]:
        if service == ANY_SERVICE:
            return [("ipv6" if self._six else "ip", "", "")]
        if service.has_ports:
            word = "tcp" if service.protocol == TCP else "udp"
            return [
                (word, source, destination)
                for source in self._ports(service.source_ports)
                for destination in self._ports(service.destination_ports)
            ]
        if service.protocol == (ICMPV6 if self._six else ICMP):
            kind = "" if service.icmp_type is None else f"icmp-type {service.icmp_type}"
            code = "" if service.icmp_code is None else f" code {service.icmp_code}"
            return [("icmp", "", kind + code)]
        number = service.protocol or 0
        name = _PROTOCOLS.get(number)
        return [(name if name is not None and self._random.random() < 0.5 else f"proto {number}", "", "")]

    def _ports(self, spans: tuple[Span, ...]) -> list[str]:
        if spans == (PORTS,):
            return [""]
        if len(spans) == 2 and spans[0][0] == 0 and spans[1][1] == 65535 and spans[0][1] + 2 == spans[1][0]:
            return [f"ne {spans[0][1] + 1}"]
        return [self._operator(span) for span in spans]

    def _operator(self, span: Span) -> str:
        low, high = span
        if low == high:
            name = _PORT_NAMES.get(low)
            return f"eq {name if name is not None and self._random.random() < 0.5 else low}"
        if low == 0 and self._random.random() < 0.7:
            return f"lt {high + 1}"
        if high == 65535 and self._random.random() < 0.7:
            return f"gt {low - 1}"
        return f"range {low} {high}"

    # --- firewall ---------------------------------------------------------------------------------------------

    def _rules(self) -> list[list[str]]:
        rules: list[str] = []
        number = 0
        for rule in self._policy.rules:
            action = "permit" if rule.permit else self._random.choice(("deny", "reject"))
            source, destination = self._zone(rule.sources), self._zone(rule.destinations)
            for application in dict.fromkeys(one for service in rule.services for one in self._application(service)):
                number += self._random.randrange(1, 20)
                if self._random.random() < 0.2:
                    rules.append(f" rule {number} log any from {source} to {destination}")
                    number += 1
                rules.append(f" rule {number} {action} {application} from {source} to {destination}")
        if self._policy.default:
            everything = self._zone((self._policy.everywhere,))
            rules.append(f" rule {number + 10} permit any from {everything} to {everything}")
        self._random.shuffle(rules)
        return [["firewall", *rules, " protect"], *self._interfaces([])]

    def _zone(self, spans: tuple[Span, ...]) -> str:
        name = self._zones.get(spans)
        if name is not None:
            return name
        zone = f"z{len(self._zones)}"
        word = "ipv6" if self._six else "ip"
        nets = [net for span in dict.fromkeys(spans) for net in prefixes(span, self._policy.family)]
        if len(nets) == 1 and nets[0].prefixlen == nets[0].max_prefixlen and self._random.random() < 0.5:
            lines = [
                f"zone {zone}",
                " network n",
                "  host h",
                f"   {word} address {address(int(nets[0].network_address), self._policy.family)}",
            ]
            name = f"{zone}.n.h"
        else:
            cut = self._random.randrange(1, len(nets) + 1)
            parts = [part for part in (nets[:cut], nets[cut:]) if part]
            lines = [f"zone {zone}"]
            for index, part in enumerate(parts):
                lines += [f" network n{index}", *(f"  {word} subnet {net}" for net in part)]
            name = f"{zone}.n0" if len(parts) == 1 and self._random.random() < 0.5 else zone
        self._blocks.append(lines)
        self._zones[spans] = name
        return name

    def _application(self, service: Service) -> list[str]:
        if service == ANY_SERVICE:
            return ["any"]
        return [
            self._defined(service, source, destination)
            for source in dict.fromkeys(service.source_ports)
            for destination in dict.fromkeys(service.destination_ports)
        ]

    def _defined(self, service: Service, source: Span, destination: Span) -> str:
        key = (service, source, destination)
        name = self._applications.get(key)
        if name is not None:
            return name
        name = self._applications[key] = f"app{len(self._applications)}"
        words = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "ipv6-icmp"}
        lines = [f"application {name}", f" protocol {words.get(service.protocol or 0, service.protocol)}"]
        for word, span in (("sport", source), ("dport", destination)):
            if span != PORTS:
                lines.append(f" {word} {span[0]}" + ("" if span[0] == span[1] else f" to {span[1]}"))
        if service.icmp_type is not None:
            lines.append(f" icmp-type {service.icmp_type}")
        if service.icmp_code is not None:
            lines.append(f" icmp-code {service.icmp_code}")
        self._blocks.append(lines)
        return name


def translated(network: Translated, random: Random) -> Written:
    """A network behind address translation: rules of the firewall name the inner hosts, as they are after a forward (AL-26)."""
    blocks: list[list[str]] = [
        ["zone lan", " network in", f"  ip subnet {INSIDE} interface vlan1"],
        ["zone wan", " network out", "  ip subnet 0.0.0.0/0 interface eth1"],
        ["zone router", " network own", "  host outer", f"   ip address {ROUTER_OUTSIDE}"],
    ]
    permits: list[str] = []
    inward: list[str] = []
    outward: list[str] = []

    def host(value: int) -> str:
        name = f"h{len(blocks)}"
        blocks.append([f"zone {name}", " network n", "  host h", f"   ip address {address(value, 4)}"])
        return f"{name}.n.h"

    def part(span: Span, interface: str) -> str:
        name = f"s{len(blocks)}"
        subnets = [f"  ip subnet {net} interface {interface}" for net in prefixes(span, 4)]
        blocks.append([f"zone {name}", " network n", *subnets])
        return random.choice((name, f"{name}.n"))

    def application(service: Service) -> list[str]:
        if service == ANY_SERVICE:
            return ["any"]
        found = []
        for low, high in service.destination_ports:
            name = f"app{len(blocks)}"
            word = "tcp" if service.protocol == TCP else "udp"
            blocks.append([f"application {name}", f" protocol {word}", f" dport {low} to {high}"])
            found.append(name)
        return found

    for service in network.outbound:
        source = part(network.clients, "vlan1")
        permits += [f"permit {name} from {source} to wan" for name in application(service)]
    for one in network.forwards:
        (outer,) = application(Service(one.protocol, ((one.outer_port, one.outer_port),)))
        (inner,) = application(Service(one.protocol, ((one.inner_port, one.inner_port),)))
        target = host(one.inner)
        permits.append(f"permit {inner} from {part(one.sources, 'eth1')} to {target}")
        verb = random.choice(("portfwd", "dnat"))
        inward.append(f"{verb} {outer} from wan to router.own.outer with dst {target} dport {one.inner_port}")
    for pair in network.pairs:
        outside, inside = host(pair.outer), host(pair.inner)
        inward.append(f"netmap any from wan to {outside} with dst {inside}")
        outward.append(f"netmap any from {inside} to wan with src {outside}")
        source = part(pair.sources, "eth1")
        permits += [f"permit {name} from {source} to {inside}" for name in application(pair.service)]
    random.shuffle(permits)
    random.shuffle(inward)
    tail = random.choice(("", " with src router.own.outer"))
    rules = [*inward, *outward, f"masq any from lan to wan{tail}"]
    random.shuffle(blocks)
    lines = [
        "service password-encryption",
        "hostname R",
        *(line for block in blocks for line in (*block, "!")),
        "firewall",
        *(f" rule {10 * place} {rule}" for place, rule in enumerate(permits, 1)),
        " protect",
        "!",
        "nat",
        *(f" rule {10 * place} {rule}" for place, rule in enumerate(rules, 1)),
        " enable",
        "!",
        "interface eth1",
        f" ip address {ROUTER_OUTSIDE}/24",
        "interface vlan1",
        f" ip address {ROUTER_INSIDE}/24",
        f"ip route 0.0.0.0/0 {GATEWAY}",
        "end",
    ]
    return Written("awplus", "NAT", 4, tuple(lines), "vlan1", "eth1")
