"""Writes abstract policies as YAMAHA SWX configurations; knows nothing of the reader.

The language has no ICMP types and no IPv6 destinations, so `plain` makes a policy of any that it can say.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.vendors.equality.policies import ANY_SERVICE, PORTS, TCP, UDP, Policy, Rule, Service, Span, address, prefixes
from tests.vendors.equality.written import Written

_NAMES = {TCP: "tcp", UDP: "udp"}


def plain(policy: Policy) -> Policy:
    """The policy without ICMP types, and with nothing but sources when it is of IPv6."""
    return replace(policy, rules=tuple(_plain_rule(rule, policy) for rule in policy.rules))


def _plain_rule(rule: Rule, policy: Policy) -> Rule:
    if policy.family == 6:
        return Rule(rule.permit, rule.sources, (policy.everywhere,), (ANY_SERVICE,))
    services = tuple(replace(service, icmp_type=None, icmp_code=None) for service in rule.services)
    return replace(rule, services=services, negated=False)


class YamahaSwxWriter:
    """One configuration; every choice of style comes from `random`."""

    def __init__(self, policy: Policy, random: Random) -> None:
        self._policy = policy
        self._random = random
        self._both = policy.family == 6 or random.random() < 0.5
        self.inside, self.outside = random.choice((("vlan1", "vlan20"), ("vlan10", "vlan20"), ("vlan4094", "vlan2")))

    def write(self) -> Written:
        """The whole configuration: entries in any order with their numbers, and a last one, without which nobody knows the end."""
        random = self._random
        number = random.randrange(1, 2001) if self._policy.family == 4 else random.randrange(3001, 4001)
        bodies = [body for rule in self._policy.rules for body in self._bodies(rule)]
        end = "permit" if self._policy.default else "deny"
        bodies.append(f"{end} any" if self._policy.family == 6 or random.random() < 0.3 else f"{end} any any any")
        numbers = sorted(random.sample(range(1, 65536), len(bodies)))
        entries = [f"access-list {number} {sequence} {body}" for sequence, body in zip(numbers, bodies, strict=True)]
        if random.random() < 0.5:
            random.shuffle(entries)
        else:
            entries = [f"access-list {number} {body}" for body in bodies]
        direction = "in" if any(" range " in body for body in bodies) else random.choice(("in", "out"))
        vlan = (self.inside if direction == "in" else self.outside).removeprefix("vlan")
        blocks = [
            entries,
            *self._interfaces(),
            ["interface port1.1", " switchport", " switchport mode access", " no shutdown"],
            ["vlan access-map MAP-1", f" match access-list {number}"],
            [f"vlan filter MAP-1 {vlan} {direction}"],
        ]
        random.shuffle(blocks)
        lines = ["! SWX3220-16MT Rev.4.02.13", "hostname SWX-EQ"]
        for block in blocks:
            lines += ["!", *block]
        lines += ["!", "telnet-server enable", "http-server enable", "end"]
        return Written("yamaha_swx", "list", self._policy.family, tuple(lines), self.inside, self.outside, direction)

    def _interfaces(self) -> list[list[str]]:
        blocks = []
        values = (("10.1.0.1/16", "2001:db8:1::1/48"), ("10.2.0.1/16", "2001:db8:2::1/48"))
        for name, (four, six) in zip((self.inside, self.outside), values, strict=True):
            block = [f"interface {name}", " no switchport", f" ip address {four}"]
            if self._both:
                block += [" ipv6 enable", f" ipv6 address {six}"]
            blocks.append([*block, " no shutdown"])
        return blocks

    def _bodies(self, rule: Rule) -> list[str]:
        """One entry for each product of prefixes and ranges of ports."""
        action = "permit" if rule.permit else "deny"
        sources = self._addresses(rule.sources)
        if self._policy.family == 6:
            return [f"{action} {source}" for source in sources]
        destinations = self._addresses(rule.destinations)
        bodies = []
        for service in dict.fromkeys(rule.services):
            for source_port, destination_port in self._ports(service):
                for source in sources:
                    for destination in destinations:
                        fields = (action, self._protocol(service), source, source_port, destination, destination_port)
                        bodies.append(" ".join(filter(None, fields)))
        return bodies

    def _protocol(self, service: Service) -> str:
        if service.protocol is None:
            return "any"
        named = _NAMES.get(service.protocol)
        return named if named is not None and self._random.random() < 0.8 else str(service.protocol)

    def _ports(self, service: Service) -> list[tuple[str, str]]:
        if not service.has_ports:
            return [("", "")]
        sources, destinations = map(self._port_fields, (service.source_ports, service.destination_ports))
        return [(source, destination) for source in sources for destination in destinations]

    def _port_fields(self, spans: tuple[Span, ...]) -> list[str]:
        return [
            "" if span == PORTS else f"eq {span[0]}" if span[0] == span[1] else f"range {span[0]} {span[1]}"
            for span in spans
        ]

    def _addresses(self, spans: tuple[Span, ...]) -> list[str]:
        return [item for span in dict.fromkeys(spans) for item in self._items(span)]

    def _items(self, span: Span) -> list[str]:
        if span == self._policy.everywhere:
            return ["any"]
        if self._policy.family == 6:
            return [str(net) for net in prefixes(span, 6)]
        found = []
        for net in prefixes(span, 4):
            base, style = address(int(net.network_address), 4), self._random.randrange(3)
            if net.prefixlen == 32 and style == 0:
                found.append(f"host {base}")
            else:
                found.append(str(net) if style == 1 else f"{base} {net.hostmask}")
        return found
