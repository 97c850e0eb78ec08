"""The addresses and services that generated filters speak of: mostly hosts and subnets of known places, few "any"."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from secaudit.network.intervals import ANY_IPV4, Interval, Intervals, normalise
from secaudit.network.matches import TCP, UDP, Service

TCP_PORTS = (22, 25, 53, 80, 135, 139, 443, 445, 1433, 1521, 3306, 3389, 5432, 5985, 8080, 8443, 8530, 9100)
UDP_PORTS = (53, 67, 123, 137, 161, 162, 514, 1812, 4500)
HOSTS_A_SUBNET = 40
USUAL_HOSTS = 12
"""Most rules speak of the same few servers and printers of a subnet."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that rules speak of: the /24 subnets there, as their first addresses."""

    subnets: tuple[int, ...]


class Book:
    """Draws sides of rules and services; everything follows from the seed of `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def one(self, place: Place) -> Interval:
        """A host, a subnet, sometimes a range of hosts."""
        rng = self._rng
        base = rng.choice(place.subnets)
        draw = rng.random()
        if draw < 0.62:
            host = base + 10 + rng.randrange(USUAL_HOSTS if rng.random() < 0.8 else HOSTS_A_SUBNET)
            return host, host
        if draw < 0.92:
            return base, base + 255
        low = base + 10 + rng.randrange(HOSTS_A_SUBNET)
        return low, low + rng.choice((3, 7, 15))

    def side(self, place: Place, *, any_share: float = 0.02) -> Intervals:
        """One to six objects, in one list of twenty a group of twenty; seldom any address at all."""
        rng = self._rng
        draw = rng.random()
        if draw < any_share:
            return ANY_IPV4
        if draw < 0.6:
            count = 1
        elif draw < 0.95:
            count = rng.randint(2, 6)
        else:
            count = 20
        return normalise(self.one(place) for _ in range(count))

    def service(self) -> Service:
        """One TCP or UDP port, sometimes a range."""
        rng = self._rng
        protocol, ports = (TCP, TCP_PORTS) if rng.random() < 0.78 else (UDP, UDP_PORTS)
        low = rng.choice(ports)
        if rng.random() < 0.08:
            low = rng.choice((1024, 5000, 40000, 49152))
            return Service(((protocol, protocol),), destination_ports=((low, low + rng.choice((9, 99, 999))),))
        return Service(((protocol, protocol),), destination_ports=((low, low),))

    def services(self) -> tuple[Service, ...]:
        """One to five services, seldom a group of ten, seldom every service."""
        rng = self._rng
        draw = rng.random()
        if draw < 0.03:
            return (Service(),)
        count = 10 if draw < 0.08 else rng.choice((1, 1, 1, 2, 2, 3, 5))
        return tuple(dict.fromkeys(self.service() for _ in range(count)))


def spread(rng: random.Random, total: int, parts: Sequence[int]) -> list[int]:
    """Divides a number of lines over tables by weight; the sum is exact."""
    weight = sum(parts)
    counts = [total * one // weight for one in parts]
    for _ in range(total - sum(counts)):
        counts[rng.randrange(len(counts))] += 1
    return counts
