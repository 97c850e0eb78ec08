"""Writes abstract policies as YAMAHA RTX configurations; knows nothing of the reader."""

from __future__ import annotations

from ipaddress import ip_address
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
from tests.vendors.equality.written import Written

_PORT_NAMES = {
    20: "ftpdata", 23: "telnet", 25: "smtp", 53: "domain", 80: "www", 110: "pop3", 123: "ntp", 161: "snmp", 514: "syslog",
    520: "route", 587: "submission",
}  # fmt: skip
_PROTOCOL_NAMES = {ICMP: "icmp", TCP: "tcp", UDP: "udp", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah", ICMPV6: "icmp6"}
_MOST_PORTS = 10
_PASS = ("pass", "pass", "pass-log", "pass-nolog")
_REJECT = ("reject", "reject", "reject-log", "reject-nolog")


class YamahaWriter:
    """One configuration; every choice of style comes from `random`."""

    def __init__(self, policy: Policy, random: Random) -> None:
        self._policy = policy
        self._random = random
        self._word = "ipv6" if policy.family == 6 else "ip"
        self._both = policy.family == 6 or random.random() < 0.5
        self.inside, self.outside = random.choice(
            (("lan1", "lan2"), ("lan2", "lan1"), ("lan1/2", "lan3"), ("lan1", "pp 1"), ("tunnel 3", "lan1"))
        )

    def write(self) -> Written:
        """The whole configuration, filter numbers in any order, the list in the order of the policy."""
        random = self._random
        bodies = [body for rule in self._policy.rules for body in self._bodies(rule)]
        if self._policy.default or random.random() < 0.3:
            bodies.append(f"{random.choice(_PASS if self._policy.default else _REJECT)} * *")
        if not bodies:
            bodies.append("reject *")
        numbers = random.sample(range(1, random.choice((1000, 65535, 21474836))), len(bodies) + 3)
        definitions = [f"{self._word} filter {n} {body}" for n, body in zip(numbers, bodies, strict=False)]
        definitions.append(f"{self._word} filter {numbers[-1]} pass * * * * *")
        random.shuffle(definitions)
        direction = random.choice(("in", "in", "out"))
        applied = self._applied(direction, " ".join(map(str, numbers[: len(bodies)])))
        blocks = [*(block.split("\n") for block in self._interfaces()), definitions, applied]
        random.shuffle(blocks)
        head = ["# RTX1210 Rev.14.01.42 (Fri Jul  8 11:00:00 2022)", "# MAC Address : 00:00:5e:00:53:10"]
        lines = [*head, "console prompt RTX-EQ", *(line for block in blocks for line in block)]
        return Written(
            "yamaha",
            f"list {direction}",
            self._policy.family,
            tuple(lines),
            self.inside,
            self.outside,
            direction,
        )

    def _applied(self, direction: str, numbers: str) -> list[str]:
        port = self.inside if direction == "in" else self.outside
        selection: list[str] = []
        if " " in port:
            port, number = port.split()
            selection = [f"{port} select {number}"]
        return selection + self._application(port, direction, numbers)

    def _application(self, port: str, direction: str, numbers: str) -> list[str]:
        if self._random.random() < 0.2 and self._word == "ip":
            return [
                f"ip filter set Policy-1 {direction} {numbers}",
                f"ip {port} secure filter name Policy-1",
            ]
        return [f"{self._word} {port} secure filter {direction} {numbers}"]

    def _interfaces(self) -> list[str]:
        values = (("10.1.0.1/16", "2001:db8:1::1/48"), ("10.2.0.1/255.255.0.0", "2001:db8:2::1/48"))
        lines = []
        for name, (four, six) in zip((self.inside, self.outside), values, strict=True):
            if "/" in name:
                lines.append(f"vlan {name} 802.1q vid=12")
            word, _, number = name.partition(" ")
            block = [f"{word} select {number}"] if number else []
            block.append(f"ip {word} address {four}")
            if self._both:
                block.append(f"ipv6 {word} address {six}")
            if number:
                block.append(f"{word} enable {number}")
            lines.append("\n".join(block))
        return lines

    def _bodies(self, rule: Rule) -> list[str]:
        sources, destinations = self._addresses(rule.sources), self._addresses(rule.destinations)
        bodies = []
        for service in self._services(rule.services):
            action = self._random.choice(_PASS if rule.permit else _REJECT)
            fields = [sources, destinations, *service]
            while len(fields) > 1 and fields[-1] == "*" and self._random.random() < 0.8:
                fields.pop()
            bodies.append(" ".join((action, *fields)))
        return bodies

    # --- addresses ----------------------------------------------------------------------------------------

    def _addresses(self, spans: tuple[Span, ...]) -> str:
        if spans == (self._policy.everywhere,):
            return "*"
        return ",".join(item for span in dict.fromkeys(spans) for item in self._items(span))

    def _items(self, span: Span) -> list[str]:
        family = self._policy.family
        low, high = address(span[0], family), address(span[1], family)
        nets = prefixes(span, family)
        if span == self._policy.everywhere:
            return ["*"]
        if family == 6:
            return [str(net.network_address) if net.prefixlen == 128 else str(net) for net in nets]
        if len(nets) > 1 and self._random.random() < 0.9:
            if span[0] == 0:
                return [f"-{high}"]
            return [f"{low}-"] if span[1] == 2**32 - 1 else [f"{low}-{high}"]
        return [self._prefix(str(net.network_address), net.prefixlen, str(net.netmask)) for net in nets]

    def _prefix(self, base: str, length: int, mask: str) -> str:
        style = self._random.randrange(5)
        if length < 32 and style > 2 and self._random.random() < 0.2:
            base = str(ip_address(int(ip_address(base)) + self._random.randrange(1 << (32 - length))))
        if length == 32:
            return base if style else f"{base}/32"
        if style == 0 and length % 8 == 0:
            kept = base.split(".")[: length // 8]
            return ".".join([*kept, *("*" for _ in range(4 - len(kept)))])
        if style == 1:
            return f"{base}/{mask}"
        if style == 2:
            number = int.from_bytes(bytes(map(int, mask.split("."))), "big")
            return f"{base}/0x{number:08x}"
        return f"{base}/{length}"

    # --- services -----------------------------------------------------------------------------------------

    def _services(self, services: tuple[Service, ...]) -> list[tuple[str, str, str]]:
        """Protocol and port fields, a filter each; what may share a filter does so sometimes."""
        result: list[tuple[str, str, str]] = []
        ported: dict[tuple[str, str], list[str]] = {}
        plain: list[str] = []
        for service in dict.fromkeys(services):
            if service == ANY_SERVICE:
                result.append(("*", "*", "*"))
            elif service.has_ports:
                for pair in self._port_fields(service):
                    ported.setdefault(pair, []).append(self._protocol(service))
            elif service.icmp_type is not None:
                code = "*" if service.icmp_code is None else str(service.icmp_code)
                result.append((_PROTOCOL_NAMES[service.protocol or 0], str(service.icmp_type), code))
            else:
                plain.append(self._protocol(service))
        for (source, destination), protocols in ported.items():
            # Ports in a list of protocols are compared for TCP and UDP only, so others may ride along.
            riders = [plain.pop()] if plain and self._random.random() < 0.4 else []
            result.append((",".join((*protocols, *riders)), source, destination))
        if plain:
            result.append((",".join(plain), "*", "*"))
        return result

    def _protocol(self, service: Service) -> str:
        number = service.protocol or 0
        named = _PROTOCOL_NAMES.get(number)
        return named if named is not None and (number in (ICMP, ICMPV6) or self._random.random() < 0.8) else str(number)

    def _port_fields(self, service: Service) -> list[tuple[str, str]]:
        sources, destinations = self._ports(service.source_ports), self._ports(service.destination_ports)
        return [(source, destination) for source in sources for destination in destinations]

    def _ports(self, spans: tuple[Span, ...]) -> list[str]:
        if spans == (PORTS,):
            return ["*"]
        items = [self._port_item(span) for span in spans]
        return [",".join(items[start : start + _MOST_PORTS]) for start in range(0, len(items), _MOST_PORTS)]

    def _port_item(self, span: Span) -> str:
        low, high = span
        if low == high:
            return _PORT_NAMES.get(low, str(low)) if self._random.random() < 0.5 else str(low)
        if span == (20, 21):
            return "ftp"
        if low == 0:
            return f"-{high}"
        return f"{low}-" if high == 65535 and self._random.random() < 0.7 else f"{low}-{high}"
