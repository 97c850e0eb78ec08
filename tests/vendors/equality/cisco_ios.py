"""Writes abstract policies as Cisco IOS configurations; knows nothing of the reader."""

from __future__ import annotations

from itertools import product
from random import Random

from tests.vendors.equality.policies import (
    ANY_SERVICE,
    ICMP,
    ICMPV6,
    NEIGHBOUR_DISCOVERY,
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
    TCP: {7: "echo", 20: "ftp-data", 21: "ftp", 23: "telnet", 25: "smtp", 49: "tacacs", 53: "domain", 80: "www",
          110: "pop3", 514: "cmd"},
    UDP: {7: "echo", 53: "domain", 67: "bootps", 69: "tftp", 123: "ntp", 137: "netbios-ns", 161: "snmp", 500: "isakmp",
          514: "syslog", 520: "rip"},
}  # fmt: skip
_PROTOCOL_NAMES = {2: "igmp", 4: "ipinip", 47: "gre", 50: "esp", 51: "ahp", 88: "eigrp", 89: "ospf", 94: "nos",
                   103: "pim", 108: "pcp"}  # fmt: skip
_ICMP_NAMES: dict[tuple[int, int | None], str] = {
    (8, None): "echo", (0, None): "echo-reply", (3, None): "unreachable", (3, 1): "host-unreachable",
    (3, 13): "administratively-prohibited", (11, None): "time-exceeded", (11, 0): "ttl-exceeded", (5, None): "redirect",
    (5, 1): "host-redirect", (12, None): "parameter-problem", (13, None): "timestamp-request",
    (14, None): "timestamp-reply", (9, None): "router-advertisement", (10, None): "router-solicitation",
    (15, None): "information-request", (17, None): "mask-request", (30, None): "traceroute",
}  # fmt: skip
_ICMPV6_NAMES: dict[tuple[int, int | None], str] = {
    (128, None): "echo-request", (129, None): "echo-reply", (2, None): "packet-too-big", (133, None): "router-solicitation",
    (134, None): "router-advertisement", (135, None): "nd-ns", (136, None): "nd-na", (137, None): "redirect",
    (3, None): "time-exceeded", (4, None): "parameter-problem", (1, None): "unreachable",
}  # fmt: skip
STYLES = ("named", "numbered", "sequence numbers", "object groups", "zone firewall")


class CiscoWriter:
    """One configuration in one of `STYLES`, or `standard` for a policy that asks for sources only; every choice within it comes from `random`."""

    def __init__(self, policy: Policy, random: Random, style: str) -> None:
        self._policy = policy
        self._random = random
        self._six = policy.family == 6
        self._both = self._six or random.random() < 0.5
        self._style = style
        self._groups: list[list[str]] = []
        self._network_groups: dict[tuple[Span, ...], str] = {}
        self._names: set[str] = set()
        self.inside, self.outside = random.choice(
            (("GigabitEthernet0/0", "GigabitEthernet0/1"), ("Vlan10", "Vlan20"), ("GigabitEthernet0/0.10", "Dialer1"))
        )

    def write(self) -> Written:
        """The whole configuration."""
        random = self._random
        rules = self._policy.rules
        # An IPv6 list ends with two permits for neighbour discovery before its deny; a deny of one's own leaves them unreached.
        implied = self._six and not self._policy.default and rules[-2:] == NEIGHBOUR_DISCOVERY and random.random() < 0.8
        entries = [entry for rule in (rules[:-2] if implied else rules) for entry in self._entries(rule)]
        whole = "ipv6" if self._six else "ip"
        if not entries and implied:
            entries = [self._entries(rule)[0] for rule in NEIGHBOUR_DISCOVERY]
        if not implied and (self._policy.default or self._six or not entries or random.random() < 0.3):
            everything = "any" if self._style == "standard" else f"{whole} any any"
            entries.append(f"{'permit' if self._policy.default else 'deny'} {everything}")
        direction = random.choice(("in", "in", "out"))
        name, blocks = self._list(entries)
        applied = f"ipv6 traffic-filter {name}" if self._six else f"ip access-group {name}"
        blocks += self._groups
        if self._style == "zone firewall":
            direction = ""
            blocks += [*self._interfaces("", ""), *self._zone_firewall(name)]
        else:
            blocks += self._interfaces(applied, direction)
        random.shuffle(blocks)
        head = ["version 15.4", "hostname RT-EQ", *(["ipv6 unicast-routing"] if self._both else [])]
        if "Vlan" in self.inside:
            head.append("ip routing")
        lines = [*head, *(line for block in blocks for line in (*block, "!")), "end"]
        style = f"{self._style} {direction}"
        return Written("cisco_ios", style, self._policy.family, tuple(lines), self.inside, self.outside, direction)

    def _interfaces(self, applied: str, direction: str) -> list[list[str]]:
        blocks = []
        values = (("10.1.0.1", "2001:db8:1::1/48"), ("10.2.0.1", "2001:db8:2::1/48"))
        for name, (four, six) in zip((self.inside, self.outside), values, strict=True):
            lines = [f"interface {name}"]
            if "." in name:
                lines.append(" encapsulation dot1Q 10")
            lines.append(f" ip address {four} 255.255.0.0")
            if self._both:
                lines.append(f" ipv6 address {six}")
            if not direction:
                lines.append(f" zone-member security {'INNER' if name == self.inside else 'OUTER'}")
            elif name == (self.inside if direction == "in" else self.outside):
                lines.append(f" {applied} {direction}")
            blocks.append(lines)
        return blocks

    def _zone_firewall(self, name: str) -> list[list[str]]:
        """The list as the only condition of the only class; what it denies falls to the last class and is dropped.

        `pass` keeps no state, so the replies have a zone pair of their own.
        """
        last = [" class class-default", "  drop"] if self._random.random() < 0.6 else []
        return [
            ["zone security INNER"],
            ["zone security OUTER"],
            [
                f"class-map type inspect match-{self._random.choice(('all', 'any'))} CLASS",
                f" match access-group name {name}",
            ],
            ["policy-map type inspect RULES", " class type inspect CLASS", "  pass", *last],
            ["policy-map type inspect BACK", " class class-default", "  pass"],
            ["zone-pair security BACK source OUTER destination INNER", " service-policy type inspect BACK"],
            ["zone-pair security PAIR source INNER destination OUTER", " service-policy type inspect RULES"],
        ]

    def _list(self, entries: list[str]) -> tuple[str, list[list[str]]]:
        random = self._random
        if self._six:
            name = self._new_name()
            if self._style != "sequence numbers":
                return name, [[f"ipv6 access-list {name}", *(f" {entry}" for entry in self._remarked(entries))]]
            shapes = [
                f"sequence {{}} {entry}" if random.random() < 0.6 else f"{entry} sequence {{}}" for entry in entries
            ]
            return name, [[f"ipv6 access-list {name}", *self._sequenced(shapes)]]
        if self._style == "standard":
            if random.random() < 0.5:
                number = random.choice((1, 99, 1300, 1999))
                return str(number), [[f"access-list {number} {entry}" for entry in self._remarked(entries)]]
            name = self._new_name()
            numbered = self._sequenced([f"{{}} {entry}" for entry in entries])
            return name, [[f"ip access-list standard {name}", *numbered]]
        if self._style == "numbered":
            number = random.choice((100, 110, 199, 2000, 2699))
            cut = random.randrange(len(entries) + 1) if random.random() < 0.3 else len(entries)
            first = [f"access-list {number} {entry}" for entry in self._remarked(entries[:cut])]
            rest = [f"ip access-list extended {number}", *(f" {entry}" for entry in entries[cut:])]
            if cut < len(entries) and random.random() < 0.3:
                # Entered the other way round: what comes later in the file goes to the end of the list.
                first = [f"ip access-list extended {number}", *(f" {entry}" for entry in entries[:cut])]
                rest = [f"access-list {number} {entry}" for entry in entries[cut:]]
            return str(number), [[*first, *(rest if cut < len(entries) else [])]]
        name = random.choice((self._new_name(), self._new_name(), "150"))
        head = f"ip access-list extended {name}"
        if self._style != "sequence numbers":
            cut = random.randrange(len(entries) + 1) if random.random() < 0.2 else 0
            parts = [entries[:cut], entries[cut:]]
            # A list that is entered again goes on at its end: the parts stay in one block to keep their order.
            return name, [[line for part in parts if part for line in (head, *(f" {e}" for e in self._remarked(part)))]]
        return name, [[head, *self._sequenced([f"{{}} {entry}" for entry in entries])]]

    def _sequenced(self, entries: list[str]) -> list[str]:
        numbers = sorted(self._random.sample(range(1, 10 * len(entries) + 10), len(entries)))
        lines = [" " + entry.format(number) for number, entry in zip(numbers, entries, strict=True)]
        self._random.shuffle(lines)
        return lines

    def _remarked(self, entries: list[str]) -> list[str]:
        result = []
        for entry in entries:
            if self._random.random() < 0.15:
                result.append(self._random.choice(("remark permit ip any any", "remark 申請 12 号", "remark --- !")))
            result.append(entry)
        return result

    def _new_name(self) -> str:
        base = self._random.choice(("FROM-INSIDE", "inside_in", "Policy.1", "permit", "ANY", "host", "1A", "x", "in"))
        name = base if base not in self._names else f"{base}-{len(self._names)}"
        self._names.add(name)
        return name

    # --- entries ------------------------------------------------------------------------------------------

    def _entries(self, rule: Rule) -> list[str]:
        action = "permit" if rule.permit else "deny"
        if self._style == "standard":
            return [self._logged(f"{action} {self._bare(source)}") for source in self._sides(rule.sources)]
        if self._style in ("object groups", "zone firewall") and not self._six:
            return self._grouped(rule, action)
        sources, destinations = self._sides(rule.sources), self._sides(rule.destinations)
        services = [pair for service in dict.fromkeys(rule.services) for pair in self._service(service)]
        combined = list(product(services, dict.fromkeys(sources), dict.fromkeys(destinations)))
        self._random.shuffle(combined)  # entries of one action may change places
        return [
            self._logged(" ".join(filter(None, (action, protocol, source, from_ports, destination, tail))))
            for (protocol, from_ports, tail), source, destination in combined
        ]

    def _bare(self, source: str) -> str:
        """A standard list needs no word before the address of a host."""
        return source.removeprefix("host ") if self._random.random() < 0.5 else source

    def _logged(self, entry: str) -> str:
        draw = self._random.random()
        return entry + (
            " log"
            if draw < 0.05
            else " log-input"
            if draw < 0.08 and not (self._six or self._style == "standard")
            else ""
        )

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
            else f"{self._some_address(span)} {net.hostmask}"
            if len(nets) == 1
            else f"{net.network_address} {net.hostmask}"
            for net in nets
        ]

    def _some_address(self, span: Span) -> str:
        """The device drops the bits that the wildcard covers; who types a list need not."""
        value = span[0] if self._random.random() < 0.8 else self._random.randint(*span)
        return address(value, self._policy.family)

    def _service(self, service: Service) -> list[tuple[str, str, str]]:
        """Protocol, source ports, and what stands behind the destination."""
        if service == ANY_SERVICE:
            return [("ipv6" if self._six else "ip", "", "")]
        if service.has_ports:
            word = "tcp" if service.protocol == TCP else "udp"
            number = service.protocol or 0
            return [
                (word, source, destination)
                for source in self._ports(number, service.source_ports)
                for destination in self._ports(number, service.destination_ports)
            ]
        if service.protocol == (ICMPV6 if self._six else ICMP):
            return [("icmp", "", self._icmp(service))]
        return [(self._protocol(service.protocol or 0), "", "")]

    def _protocol(self, number: int) -> str:
        # IPv6 lists know few names; GRE and the others are written as numbers there.
        named = _PROTOCOL_NAMES.get(number) if not self._six else {50: "esp", 51: "ahp", 108: "pcp"}.get(number)
        return named if named is not None and self._random.random() < 0.7 else str(number)

    def _icmp(self, service: Service) -> str:
        if service.icmp_type is None:
            return ""
        names = _ICMPV6_NAMES if self._six else _ICMP_NAMES
        name = names.get((service.icmp_type, service.icmp_code))
        if name is not None and self._random.random() < 0.6:
            return name
        return f"{service.icmp_type}" + ("" if service.icmp_code is None else f" {service.icmp_code}")

    def _ports(self, protocol: int, spans: tuple[Span, ...]) -> list[str]:
        random = self._random
        if spans == (PORTS,):
            return [""]
        if len(spans) == 2 and spans[0][0] == 0 and spans[1][1] == 65535 and spans[0][1] + 2 == spans[1][0]:
            return [f"neq {self._port(protocol, spans[0][1] + 1)}"]
        singles = [low for low, high in spans if low == high]
        result = [self._operator(protocol, span) for span in spans if span[0] != span[1]]
        if len(singles) > 1 and not self._six and random.random() < 0.7:
            return [*result, "eq " + " ".join(self._port(protocol, one) for one in singles[:10])]
        return [*result, *(f"eq {self._port(protocol, one)}" for one in singles)]

    def _operator(self, protocol: int, span: Span) -> str:
        low, high = span
        if low == 0 and self._random.random() < 0.7:
            return f"lt {self._port(protocol, high + 1)}"
        if high == 65535 and self._random.random() < 0.7:
            return f"gt {self._port(protocol, low - 1)}"
        return f"range {self._port(protocol, low)} {self._port(protocol, high)}"

    def _port(self, protocol: int, port: int) -> str:
        name = _PORT_NAMES[protocol].get(port)
        return name if name is not None and self._random.random() < 0.6 else str(port)

    # --- object groups ------------------------------------------------------------------------------------

    def _grouped(self, rule: Rule, action: str) -> list[str]:
        source, destination = self._network(rule.sources), self._network(rule.destinations)
        services = [one for service in dict.fromkeys(rule.services) for one in self._service(service)]
        if self._random.random() < 0.3 and rule.services != (ANY_SERVICE,):
            return [
                self._logged(" ".join(filter(None, (action, protocol, source, from_ports, destination, tail))))
                for protocol, from_ports, tail in services
            ]
        name = self._new_name() + "-SVC"
        members = [
            " ".join(filter(None, (protocol, from_ports and f"source {from_ports}", tail)))
            for service in dict.fromkeys(rule.services)
            for protocol, from_ports, tail in self._member(service)
        ]
        self._add_group("service", name, members)
        return [f"{action} object-group {name} {source} {destination}"]

    def _member(self, service: Service) -> list[tuple[str, str, str]]:
        """A member of a service group knows neither `neq` nor several ports behind one `eq`."""
        if not service.has_ports:
            return self._service(service)
        number = service.protocol or 0
        word = "tcp" if number == TCP else "udp"
        sides = [
            [""]
            if spans == (PORTS,)
            else [
                self._operator(number, one) if one[0] != one[1] else f"eq {self._port(number, one[0])}" for one in spans
            ]
            for spans in (service.source_ports, service.destination_ports)
        ]
        return [(word, source, destination) for source in sides[0] for destination in sides[1]]

    def _network(self, spans: tuple[Span, ...]) -> str:
        if spans == (self._policy.everywhere,):
            return "any"
        if len(spans) == 1 and self._random.random() < 0.4:
            found = self._addresses(spans[0])
            if len(found) == 1:
                return found[0]
        name = self._network_groups.get(spans)
        if name is None:
            name = self._network_groups[spans] = self._new_name() + "-NET"
            self._add_group(
                "network", name, [member for span in dict.fromkeys(spans) for member in self._network_member(span)]
            )
        return f"object-group {name}"

    def _network_member(self, span: Span) -> list[str]:
        if span == self._policy.everywhere:
            return ["any"]
        nets = prefixes(span, 4)
        if len(nets) > 1:
            return [f"range {address(span[0], 4)} {address(span[1], 4)}"]
        net = nets[0]
        if net.prefixlen == 32:
            return [f"host {net.network_address}"]
        return [f"{net.network_address} {net.netmask}"]

    def _add_group(self, kind: str, name: str, members: list[str]) -> None:
        if len(members) > 1 and self._random.random() < 0.3:
            cut = self._random.randrange(1, len(members))
            inner = f"{name}-IN"
            self._groups.append([f"object-group {kind} {inner}", *(f" {one}" for one in members[:cut])])
            members = [*members[cut:], f"group-object {inner}"]
        self._groups.append([f"object-group {kind} {name}", " description permit any", *(f" {one}" for one in members)])
