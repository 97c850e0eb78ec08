"""Writes abstract policies as NEC UNIVERGE IX configurations; knows nothing of the reader."""

from __future__ import annotations

from itertools import pairwise, product
from random import Random

from tests.vendors.equality.policies import (
    ICMP,
    ICMPV6,
    PORTS,
    TCP,
    Policy,
    Rule,
    Service,
    Span,
    address,
    prefixes,
    twins_bit,
)
from tests.vendors.equality.written import Written

_HEAD = (
    "! NEC Portable Internetwork Core Operating System Software",
    "! IX Series IX2215 (magellan-sec) Software, Version 10.7.18, RELEASE SOFTWARE",
)
_MOST_LISTS = 4


class NecIxWriter:
    """One configuration: the policy as one list or as several with numbers; every choice comes from `random`."""

    def __init__(self, policy: Policy, random: Random) -> None:
        self._policy = policy
        self._random = random
        self._six = policy.family == 6
        self._both = self._six or random.random() < 0.5
        self.inside, self.outside = random.choice(
            (
                ("GigaEthernet1.0", "GigaEthernet0.0"),
                ("GigaEthernet2:1.1", "GigaEthernet0.1"),
                ("BVI1", "GigaEthernet0.0"),
                ("FastEthernet0/1.0", "FastEthernet0/0.0"),
            )
        )

    def write(self) -> Written:
        """The whole configuration. Lists are printed before interfaces, and those in any order."""
        random = self._random
        entries = [entry for rule in self._policy.rules for entry in self._entries(rule)]
        if self._policy.default or not entries or random.random() < 0.3:
            entries.append(f"{'permit' if self._policy.default else 'deny'} ip src any dest any")
        direction = random.choice(("in", "in", "out"))
        word = "ipv6" if self._six else "ip"
        parts = self._parts(entries)
        numbers = sorted(random.sample(range(1, random.choice((20, 1000, 65535))), len(parts)))
        names = random.sample(("lan-in", "Policy_1", "permit-all", "any", "0123456789abcde", "x"), len(parts))
        numbered = random.random() < 0.2
        definitions = [
            f"{word} access-list {name} {f'{10 * place} ' if numbered else ''}{entry}"
            for name, part in zip(names, parts, strict=True)
            for place, entry in enumerate(part, 1)
        ]
        applied = [f"  {word} filter {name} {number} {direction}" for name, number in zip(names, numbers, strict=True)]
        random.shuffle(applied)
        if random.random() < 0.3:
            definitions.insert(0, f"{word} access-list {names[0]} option optimize")
        lines = [*_HEAD, "!", "hostname IX-EQ", *definitions, "!", *self._interfaces(applied, direction)]
        style = f"nec_ix {len(parts)} {direction}"
        return Written("nec_ix", style, self._policy.family, tuple(lines), self.inside, self.outside, direction)

    def _parts(self, entries: list[str]) -> list[list[str]]:
        """The entries cut into lists: a packet that one does not match goes on to the next."""
        cuts = min(self._random.choice((1, 1, 2, 3, _MOST_LISTS)), len(entries))
        places = sorted(self._random.sample(range(1, len(entries)), cuts - 1)) if cuts > 1 else []
        bounds = [0, *places, len(entries)]
        return [entries[low:high] for low, high in pairwise(bounds)]

    def _interfaces(self, applied: list[str], direction: str) -> list[str]:
        blocks = []
        values = (("10.1.0.1/16", "2001:db8:1::1/48"), ("10.2.0.1/16", "2001:db8:2::1/48"))
        for name, (four, six) in zip((self.inside, self.outside), values, strict=True):
            lines = [f"interface {name}"]
            if name.endswith(".1"):
                lines += ["  encapsulation dot1q 10 tpid 8100", "  auto-connect"]
            lines.append(f"  ip address {four}")
            if self._both:
                lines += ["  ipv6 enable", f"  ipv6 address {six}"]
            if name == (self.inside if direction == "in" else self.outside):
                lines += applied
            blocks.append([*lines, "  no shutdown", "!"])
        if self._random.random() < 0.2:
            blocks.insert(0, [f"interface {self.inside}", "  no ip address", "  shutdown", "!"])
        self._random.shuffle(blocks)
        return [line for block in blocks for line in block]

    # --- entries ------------------------------------------------------------------------------------------

    def _entries(self, rule: Rule) -> list[str]:
        action = "permit" if rule.permit else "deny"
        sources, destinations = self._sides(rule.sources), self._sides(rule.destinations)
        services = [one for service in dict.fromkeys(rule.services) for one in self._service(service)]
        combined = list(product(services, dict.fromkeys(sources), dict.fromkeys(destinations)))
        self._random.shuffle(combined)  # entries of one action may change places
        return [
            " ".join(filter(None, (action, protocol, "src", source, from_ports, "dest", destination, to_ports)))
            for (protocol, from_ports, to_ports), source, destination in combined
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
        if len(nets) == 1 and self._random.random() < 0.2:
            inner = self._random.randint(*span)
            return [f"{address(inner, self._policy.family)}/{nets[0].prefixlen}"]
        return [str(net) for net in nets]

    def _service(self, service: Service) -> list[tuple[str, str, str]]:
        """Protocol, source ports and destination ports."""
        if service.protocol is None:
            return [("ip", "", "")]
        if service.has_ports:
            word = "tcp" if service.protocol == TCP else "udp"
            sources, destinations = (
                self._ports("sport", service.source_ports),
                self._ports("dport", service.destination_ports),
            )
            return [(word, source, destination) for source, destination in product(sources, destinations)]
        if service.protocol != (ICMPV6 if self._six else ICMP):
            return [(str(service.protocol), "", "")]
        words = ["icmp"]
        if service.icmp_type is not None:
            words.append(f"type {service.icmp_type}")
            if service.icmp_code is not None:
                words.append(f"code {service.icmp_code}")
        return [(" ".join(words), "", "")]

    def _ports(self, word: str, spans: tuple[Span, ...]) -> list[str]:
        if spans == (PORTS,):
            return [self._random.choice((f"{word} any", f"{word} any", ""))]
        return [
            f"{word} eq {low}" if low == high else f"{word} range {low} {high}" for low, high in dict.fromkeys(spans)
        ]
