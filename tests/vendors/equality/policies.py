"""Abstract policies: what three vendors' texts must all mean, told without any vendor and without our packet sets."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from secaudit.network.matches import Family
from secaudit.packets.packet import Packet

Span = tuple[int, int]
"""Whole numbers from the first to the last, both included: addresses or ports."""

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
PORTS: Span = (0, 65535)
BITS: dict[Family, int] = {4: 32, 6: 128}
OTHER_PROTOCOLS = (2, 4, 41, 46, 47, 50, 51, 88, 89, 94, 97, 103, 108, 112, 132, 200)
_PORTS_WITH_NAMES = (7, 20, 21, 22, 23, 25, 49, 53, 67, 69, 80, 110, 123, 137, 143, 161, 443, 500, 514, 520, 587)
_OPENING_ICMP_TYPES = {4: (8, 9, 10, 13, 15, 17, 30, 40), 6: (128, 130, 133, 134, 135, 136, 137)}
_REPLY_ICMP_TYPES = {4: (0, 3, 5, 11, 12, 14), 6: (1, 2, 3, 4, 129)}


def highest(family: Family) -> int:
    """The last address."""
    return (1 << BITS[family]) - 1


@dataclass(frozen=True, slots=True)
class Service:
    """Packets of one protocol (None = all), with ports for TCP and UDP, or an ICMP type and code (None = all)."""

    protocol: int | None = None
    destination_ports: tuple[Span, ...] = (PORTS,)
    source_ports: tuple[Span, ...] = (PORTS,)
    icmp_type: int | None = None
    icmp_code: int | None = None

    @property
    def has_ports(self) -> bool:
        """Whether ports mean something."""
        return self.protocol in (TCP, UDP)

    def holds(self, packet: Packet) -> bool:
        """Whether one packet is meant."""
        if self.protocol is None:
            return True
        if packet.protocol != self.protocol:
            return False
        if self.has_ports:
            return _within(self.destination_ports, packet.destination_port) and _within(
                self.source_ports, packet.source_port
            )
        if self.icmp_type is None:
            return True
        return packet.icmp_type == self.icmp_type and self.icmp_code in (None, packet.icmp_code)


ANY_SERVICE = Service()


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: any of the sources to any of the destinations with any of the services (with none of them when `negated`)."""

    permit: bool
    sources: tuple[Span, ...]
    destinations: tuple[Span, ...]
    services: tuple[Service, ...]
    negated: bool = False

    def holds(self, packet: Packet) -> bool:
        """Whether the line decides about one packet."""
        return (
            _within(self.sources, int(packet.source))
            and _within(self.destinations, int(packet.destination))
            and any(service.holds(packet) for service in self.services) is not self.negated
        )


_EVERY_IPV6: tuple[Span, ...] = ((0, 2**128 - 1),)
NEIGHBOUR_DISCOVERY = tuple(
    Rule(True, _EVERY_IPV6, _EVERY_IPV6, (Service(ICMPV6, icmp_type=kind),)) for kind in (136, 135)
)
"""What an IPv6 list of Cisco IOS permits of itself before its implicit deny."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Lines in order, the first that holds decides; `default` permits when none does."""

    family: Family
    rules: tuple[Rule, ...]
    default: bool

    def permits(self, packet: Packet) -> bool:
        """The answer for one packet, one line after another."""
        for rule in self.rules:
            if rule.holds(packet):
                return rule.permit
        return self.default

    @property
    def everywhere(self) -> Span:
        """All addresses of the family."""
        return (0, highest(self.family))


def _within(spans: tuple[Span, ...], value: int) -> bool:
    return any(low <= value <= high for low, high in spans)


def prefixes(span: Span, family: Family) -> list[ipaddress.IPv4Network] | list[ipaddress.IPv6Network]:
    """A span as the fewest prefixes."""
    if family == 4:
        return list(ipaddress.summarize_address_range(ipaddress.IPv4Address(span[0]), ipaddress.IPv4Address(span[1])))
    return list(ipaddress.summarize_address_range(ipaddress.IPv6Address(span[0]), ipaddress.IPv6Address(span[1])))


def address(value: int, family: Family) -> str:
    """An address as text."""
    return str(ipaddress.IPv4Address(value) if family == 4 else ipaddress.IPv6Address(value))


def merged(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """The same numbers as sorted spans with gaps between them."""
    result: list[Span] = []
    for low, high in sorted(spans):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return tuple(result)


def outside(spans: tuple[Span, ...], maximum: int) -> tuple[Span, ...]:
    """All other numbers up to `maximum`."""
    result: list[Span] = []
    start = 0
    for low, high in merged(spans):
        if low > start:
            result.append((start, low - 1))
        start = high + 1
    if start <= maximum:
        result.append((start, maximum))
    return tuple(result)


def twins_bit(spans: tuple[Span, ...]) -> int | None:
    """The bit in which two blocks of one size differ, when they differ in nothing else."""
    if len(spans) != 2:
        return None
    (low, high), (other, last) = spans
    size = high - low + 1
    bit = low ^ other
    single = bit and not bit & (bit - 1) and not size & (size - 1) and bit >= size
    return bit if single and last - other + 1 == size and low % size == 0 else None


class PolicyMaker:
    """Makes random policies whose lines overlap much: addresses come from a few points, ports from a few numbers."""

    def __init__(self, random: Random, family: Family) -> None:
        self._random = random
        self._family: Family = family
        base = ("10.1.0.0", "10.2.0.0") if family == 4 else ("2001:db8:1::", "2001:db8:2::")
        width = 16 if family == 4 else 80
        self._points = [int(ipaddress.ip_address(one)) + random.randrange(1 << width) for one in base for _ in range(3)]
        self._points += [random.randrange(1 << BITS[family])]
        self._ports = [random.choice(_PORTS_WITH_NAMES) for _ in range(4)] + [random.randrange(1, 65535)]
        self._ports += [random.choice((1, 1023, 1024, 32767, 65534, 65535))]

    def policy(self, rules: int) -> Policy:
        """One policy of so many lines."""
        lines = tuple(self.rule() for _ in range(rules))
        if self._family == 6 and self._random.random() < 0.3:
            return Policy(6, (*lines, *NEIGHBOUR_DISCOVERY), default=False)
        return Policy(self._family, lines, default=self._random.random() < 0.25)

    def rule(self) -> Rule:
        """One line."""
        random = self._random
        return Rule(
            permit=random.random() < 0.65,
            sources=self._addresses(),
            destinations=self._addresses(),
            services=self._services(),
        )

    def _addresses(self) -> tuple[Span, ...]:
        if self._random.random() < 0.2:
            return ((0, highest(self._family)),)
        if self._family == 4 and self._random.random() < 0.08:
            return self._twins()
        return tuple(self._span() for _ in range(self._random.choice((1, 1, 1, 2, 2, 4))))

    def _twins(self) -> tuple[Span, Span]:
        """Two blocks that differ in one bit: what a wildcard with a hole can say in one line."""
        length = self._random.randrange(18, 33)
        low, high = self._prefix(self._random.choice(self._points), length)
        bit = 1 << self._random.randrange(32 - length, 24)
        first, second = sorted(((low, high), (low ^ bit, high ^ bit)))
        return first, second

    def _span(self) -> Span:
        random = self._random
        point = random.choice(self._points) + random.choice((0, 0, 0, 1, -1))
        point = min(max(point, 0), highest(self._family))
        shape = random.random()
        if shape < 0.3:
            return point, point
        if shape < 0.7:
            short = BITS[self._family] - random.choice((1, 2, 3, 8, 8, 12, 16, 16, 24, random.randrange(25)))
            return self._prefix(point, short)
        # A long range is many prefixes to those who cannot write ranges; of IPv6 addresses it is hundreds.
        far = self._family == 4 and shape < 0.75
        other = random.choice(self._points) if far else point + random.randrange(1, 300 if self._family == 4 else 20)
        other = min(other, highest(self._family))
        if shape > 0.97 and self._family == 4:
            return (0, point) if random.random() < 0.5 else (point, highest(self._family))
        return min(point, other), max(point, other)

    def _prefix(self, point: int, length: int) -> Span:
        size = 1 << (BITS[self._family] - length)
        start = point // size * size
        return start, start + size - 1

    def _services(self) -> tuple[Service, ...]:
        if self._random.random() < 0.15:
            return (ANY_SERVICE,)
        return tuple(self.service() for _ in range(self._random.choice((1, 1, 1, 2, 3))))

    def service(self) -> Service:
        """One service."""
        random = self._random
        kind = random.random()
        if kind < 0.75:
            return Service(
                protocol=random.choice((TCP, TCP, UDP)),
                destination_ports=(PORTS,) if random.random() < 0.15 else self._port_set(),
                source_ports=self._port_set() if random.random() < 0.2 else (PORTS,),
            )
        if kind < 0.9:
            return self._icmp()
        return Service(random.choice(OTHER_PROTOCOLS))

    def _icmp(self) -> Service:
        random = self._random
        protocol = ICMP if self._family == 4 else ICMPV6
        types = _OPENING_ICMP_TYPES if random.random() < 0.7 else _REPLY_ICMP_TYPES
        kind = random.choice((None, *types[self._family]))
        code = random.choice((None, 0, 1, 13)) if kind is not None else None
        return Service(protocol, icmp_type=kind, icmp_code=code)

    def _port_set(self) -> tuple[Span, ...]:
        random = self._random
        port, other = random.choice(self._ports), random.choice(self._ports)
        match random.randrange(8):
            case 0 | 1 | 2:
                return ((port, port),)
            case 3 | 4:
                return ((min(port, other), max(port, other)),)
            case 5:
                return ((port, 65535),) if random.random() < 0.5 else ((0, port),)
            case 6:
                return outside(((port, port),), 65535)
            case _:
                return merged(tuple((one, one + random.randrange(3)) for one in self._ports[:3] if one < 65000)) or (
                    (port, port),
                )


def near_misses(policy: Policy, random: Random) -> Iterator[Policy]:
    """Policies in which one bound is moved by one: an address or a port of one line."""
    for index, rule in enumerate(policy.rules):
        for moved in _moved(rule, highest(policy.family), random):
            yield replace(policy, rules=(*policy.rules[:index], moved, *policy.rules[index + 1 :]))


def _moved(rule: Rule, last: int, random: Random) -> Iterator[Rule]:
    yield from (replace(rule, sources=spans) for spans in _with_one_shifted(rule.sources, last, random))
    yield from (replace(rule, destinations=spans) for spans in _with_one_shifted(rule.destinations, last, random))
    for place, service in enumerate(rule.services):
        if service.has_ports and service.destination_ports != (PORTS,):
            for ports in _with_one_shifted(service.destination_ports, PORTS[1], random):
                other = replace(service, destination_ports=merged(ports))
                yield replace(rule, services=(*rule.services[:place], other, *rule.services[place + 1 :]))


def _with_one_shifted(spans: tuple[Span, ...], last: int, random: Random) -> Iterator[tuple[Span, ...]]:
    index = random.randrange(len(spans))
    for span in _shifted(spans[index], last):
        yield (*spans[:index], span, *spans[index + 1 :])


def _shifted(span: Span, last: int) -> Iterator[Span]:
    low, high = span
    if high < last:
        yield low, high + 1
    if low < high:
        yield low + 1, high


def smaller(policy: Policy, fails: Callable[[Policy], bool]) -> Policy:
    """The policy with everything left out that is not needed to make `fails` true."""
    shrunk = True
    while shrunk:
        shrunk = False
        for candidate in _reductions(policy):
            if fails(candidate):
                policy, shrunk = candidate, True
                break
    return policy


def _reductions(policy: Policy) -> Iterator[Policy]:
    if policy.default:
        yield replace(policy, default=False)
    for index, rule in enumerate(policy.rules):
        before, after = policy.rules[:index], policy.rules[index + 1 :]
        yield replace(policy, rules=(*before, *after))
        for smaller_rule in _smaller_rules(rule, policy.everywhere):
            yield replace(policy, rules=(*before, smaller_rule, *after))


def _smaller_rules(rule: Rule, everywhere: Span) -> Iterator[Rule]:
    if rule.sources != (everywhere,):
        yield replace(rule, sources=(everywhere,))
    if rule.destinations != (everywhere,):
        yield replace(rule, destinations=(everywhere,))
    if rule.services != (ANY_SERVICE,) and not rule.negated:
        yield replace(rule, services=(ANY_SERVICE,))
    yield from (replace(rule, sources=left) for left in _one_less(rule.sources))
    yield from (replace(rule, destinations=left) for left in _one_less(rule.destinations))
    yield from (replace(rule, services=left) for left in _one_less(rule.services))


_Value = TypeVar("_Value")


def _one_less(values: tuple[_Value, ...]) -> Iterator[tuple[_Value, ...]]:
    if len(values) > 1:
        yield from ((*values[:place], *values[place + 1 :]) for place in range(len(values)))
