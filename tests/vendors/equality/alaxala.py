"""Writes abstract policies as ALAXALA AX configurations; knows nothing of the reader."""

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
    twins_bit,
)
from tests.vendors.equality.written import Written

_PORT_NAMES = {
    TCP: {20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "domain", 80: "http", 110: "pop3", 179: "bgp"},
    UDP: {53: "domain", 67: "bootps", 69: "tftp", 123: "ntp", 161: "snmp", 514: "syslog", 520: "rip"},
}  # fmt: skip
_PROTOCOL_NAMES = {
    2: "igmp",
    4: "ipinip",
    47: "gre",
    50: "esp",
    51: "ah",
    89: "ospf",
    103: "pim",
    108: "pcp",
    112: "vrrp",
}
_ICMP_NAMES = {(8, None): "echo", (0, None): "echo-reply", (3, 1): "host-unreachable", (11, None): "time-exceeded"}
_ICMPV6_NAMES = {(128, None): "echo-request", (129, None): "echo-reply", (135, None): "nd-ns", (136, None): "nd-na"}


class AlaxalaWriter:
    """One configuration; every choice of style comes from `random`."""

    def __init__(self, policy: Policy, random: Random) -> None:
        self._policy = policy
        self._random = random
        self._six = policy.family == 6
        self._both = self._six or random.random() < 0.5
        self.inside, self.outside, self._model = random.choice(
            (
                ("vlan 10", "vlan 20", "AX3660S-24T4XW"),
                ("vlan 20", "vlan 10", "IP8800/S3660-24T4XW"),
                ("gigabitethernet 1/1", "gigabitethernet 1/2.20", "AX8632R"),
                ("gigabitethernet 1/2.20", "port-channel 10", "AX8308S"),
            )
        )

    def write(self) -> Written:
        """The whole configuration."""
        random = self._random
        whole = "ipv6" if self._six else "ip"
        entries = [entry for rule in self._policy.rules for entry in self._entries(rule)]
        # What no entry matches is discarded, and an empty list is not sure to do anything.
        if self._policy.default or not entries or random.random() < 0.3:
            entries.append(f"{'permit' if self._policy.default else 'deny'} {whole} any any")
        direction = random.choice(("in", "in", "out"))
        name, blocks = self._list(entries)
        applied = f"ipv6 traffic-filter {name} {direction}" if self._six else f"ip access-group {name} {direction}"
        blocks += self._interfaces(applied, direction)
        blocks.append(["line vty 0 1"])
        random.shuffle(blocks)
        head = [f"#configuration list for {self._model}", "!", 'hostname "AX-EQ"', "!", *self._modes(direction)]
        if "vlan" in self.inside:
            head += ["vlan 10", "!", "vlan 20", '  name "server"', "!"]
        lines = [*head, *(line for block in blocks for line in (*block, "!"))]
        return Written(
            "alaxala",
            f"{self._model} {direction}",
            self._policy.family,
            tuple(lines),
            self.inside,
            self.outside,
            direction,
        )

    def _modes(self, direction: str) -> list[str]:
        """A mode in which the list is searched; left out where it is the default of the model."""
        if self._model.startswith("AX8"):
            return []
        known = self._model.startswith("AX3660S")
        if direction == "in":
            mode = self._random.choice(
                ("layer3-6", "layer3-mirror-5", "custom") if self._six else ("layer3-1", "layer3-6")
            )
            return [] if not self._six and self._random.random() < 0.5 else [f"flow detection mode {mode}", "!"]
        mode = "layer3-2-out" if self._six else self._random.choice(("layer3-1-out", "layer3-2-out"))
        return (
            [] if known and not self._six and self._random.random() < 0.5 else [f"flow detection out mode {mode}", "!"]
        )

    def _interfaces(self, applied: str, direction: str) -> list[list[str]]:
        blocks = []
        values = (("10.1.0.1", "2001:db8:1::1/48"), ("10.2.0.1", "2001:db8:2::1/48"))
        for name, (four, six) in zip((self.inside, self.outside), values, strict=True):
            lines = [f"interface {name}"]
            if "." in name:
                lines.append("  encapsulation dot1q 20")
            lines.append(f"  ip address {four} 255.255.0.0")
            if self._both:
                lines.append(f"  ipv6 address {six}")
            if name == (self.inside if direction == "in" else self.outside):
                lines.append(f"  {applied}")
            blocks.append(lines)
        return blocks

    def _list(self, entries: list[str]) -> tuple[str, list[list[str]]]:
        random = self._random
        if self._six:
            name = random.choice(("SIX-IN", "permit6", "v6.1"))
            return name, [[f"ipv6 access-list {name}", *self._numbered(entries)]]
        if random.random() < 0.15:
            number = random.choice((100, 199, 2000, 2699))
            return str(number), [[f"access-list {number} {entry.strip()}" for entry in self._numbered(entries)]]
        name = random.choice(("JIMU-IN", "permit", "150", "Policy.1"))
        return name, [[f"ip access-list extended {name}", *self._numbered(entries)]]

    def _numbered(self, entries: list[str]) -> list[str]:
        """With their numbers and then in any order, as a device takes them; without numbers they go on by tens."""
        if self._random.random() < 0.3:
            return [f"  {entry}" for entry in entries]
        numbers = sorted(self._random.sample(range(1, 10 * len(entries) + 10), len(entries)))
        lines = [f"  {number} {entry}" for number, entry in zip(numbers, entries, strict=True)]
        if self._random.random() < 0.5:
            self._random.shuffle(lines)
        return lines

    def _entries(self, rule: Rule) -> list[str]:
        action = "permit" if rule.permit else "deny"
        sources, destinations = self._sides(rule.sources), self._sides(rule.destinations)
        services = [pair for service in dict.fromkeys(rule.services) for pair in self._service(service)]
        combined = list(product(services, dict.fromkeys(sources), dict.fromkeys(destinations)))
        self._random.shuffle(combined)  # entries of one action may change places
        return [
            " ".join(filter(None, (action, protocol, source, from_ports, destination, tail)))
            for (protocol, from_ports, tail), source, destination in combined
        ]

    def _sides(self, spans: tuple[Span, ...]) -> list[str]:
        bit = None if self._six else twins_bit(spans)
        if bit is not None and self._random.random() < 0.7:
            wildcard = spans[0][1] - spans[0][0] | bit
            return [f"{address(spans[0][0] | self._random.choice((0, bit)), 4)} {address(wildcard, 4)}"]
        return [one for span in spans for one in self._addresses(span)]

    def _addresses(self, span: Span) -> list[str]:
        if span == self._policy.everywhere:
            return ["any"]
        nets = prefixes(span, self._policy.family)
        if self._six:
            return [f"host {net.network_address}" if net.prefixlen == 128 else str(net) for net in nets]
        return [
            f"host {net.network_address}"
            if net.prefixlen == 32 and self._random.random() < 0.8
            else f"{net.network_address} {net.hostmask}"
            for net in nets
        ]

    def _service(self, service: Service) -> list[tuple[str, str, str]]:
        """Protocol, source ports, and what stands behind the destination."""
        if service == ANY_SERVICE:
            return [("ipv6" if self._six else "ip", "", "")]
        number = service.protocol or 0
        if service.has_ports:
            pairs = product(self._ports(number, service.source_ports), self._ports(number, service.destination_ports))
            return [("tcp" if number == TCP else "udp", *pair) for pair in pairs]
        if number == (ICMPV6 if self._six else ICMP):
            return [("icmp", "", self._icmp(service))]
        name = _PROTOCOL_NAMES.get(number)
        return [(name if name is not None and self._random.random() < 0.6 else str(number), "", "")]

    def _icmp(self, service: Service) -> str:
        if service.icmp_type is None:
            return ""
        names = _ICMPV6_NAMES if self._six else _ICMP_NAMES
        name = names.get((service.icmp_type, service.icmp_code))
        if name is not None and self._random.random() < 0.6:
            return name
        return f"{service.icmp_type}" + ("" if service.icmp_code is None else f" {service.icmp_code}")

    def _ports(self, protocol: int, spans: tuple[Span, ...]) -> list[str]:
        """`eq` and `range` are all there is."""
        if spans == (PORTS,):
            return [""]
        return [
            f"eq {self._port(protocol, low)}"
            if low == high
            else f"range {self._port(protocol, low)} {self._port(protocol, high)}"
            for low, high in spans
        ]

    def _port(self, protocol: int, port: int) -> str:
        name = _PORT_NAMES[protocol].get(port)
        return name if name is not None and self._random.random() < 0.6 else str(port)
