"""Addresses and ports for random rules: a small pool, so that rules overlap and shadow each other."""

from __future__ import annotations

import ipaddress
import random
from functools import cache

from secaudit.network.intervals import IPAddress
from secaudit.network.matches import Family
from tests.kernel.laboratory import ADDRESSES

NETWORKS: dict[Family, tuple[str, ...]] = {
    4: ("10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/16", "192.0.2.0/24", "198.51.100.0/24"),
    6: ("2001:db8:1::/64", "2001:db8:2::/64", "2001:db8:3::/48", "2001:db8:f::/64", "2001:db8:ffff::/64"),
}
"""The three connected ones, one behind a gateway, one beyond the default gateway."""
OWN: dict[Family, tuple[IPAddress, ...]] = {
    4: tuple(ipaddress.ip_interface(held[0]).ip for held in ADDRESSES.values()),
    6: tuple(ipaddress.ip_interface(held[1]).ip for held in ADDRESSES.values()),
}
PORTS = (0, 1, 21, 22, 53, 79, 80, 81, 443, 1023, 1024, 5060, 8080, 40000, 65534, 65535)


class Values:
    """What the rules of one rule set are made of. `bases` are the numbers of the networks' first addresses."""

    def __init__(self, rng: random.Random, family: Family) -> None:
        self.random = rng
        self.family: Family = family
        self.bases = [int(ipaddress.ip_network(text).network_address) for text in NETWORKS[family]]

    def host(self) -> str:
        """One address, as text."""
        value = self.random.choice(self.bases) + self.random.choice((3, 5, 5, 10, 64, 77, 128, 200))
        return self.text(value)

    def prefix(self) -> str:
        """A prefix, as text: from a host to a whole network."""
        if self.random.random() < 0.25:
            return self.host()
        total = 32 if self.family == 4 else 128
        length = total - self.random.choice((1, 2, 4, 6, 7, 8, 8, 8, 16))
        value = self.random.choice(self.bases) + self.random.choice((0, 0, 4, 64, 128))
        network = ipaddress.ip_network((value, length), strict=False)
        return str(network)

    def own(self) -> str:
        """One of the router's own addresses, as text."""
        return str(self.random.choice(OWN[self.family]))

    def span(self) -> tuple[str, str]:
        """The first and last address of a range, as text."""
        low = self.random.choice(self.bases) + self.random.choice((1, 3, 5, 10, 60))
        high = low + self.random.choice((0, 1, 2, 5, 20, 100))
        return self.text(low), self.text(high)

    def port(self) -> int:
        """One port."""
        return self.random.choice(PORTS)

    def ports(self) -> tuple[int, int]:
        """A range of ports; its two ends are different."""
        low = self.random.choice(PORTS[:-1])
        high = self.random.choice([port for port in PORTS if port > low])
        return low, high

    def text(self, value: int) -> str:
        """An address as text."""
        return str(self.address(value))

    def address(self, value: int) -> IPAddress:
        """A number as an address."""
        return ipaddress.IPv4Address(value) if self.family == 4 else ipaddress.IPv6Address(value)


@cache
def _special(version: int) -> frozenset[IPAddress]:
    """The router's own addresses, and those of its subnets as a whole: broadcast, subnet-router anycast."""
    held = [ipaddress.ip_interface(addresses[0 if version == 4 else 1]) for addresses in ADDRESSES.values()]
    found = {one.ip for one in held} | {one.network.network_address for one in held}
    return frozenset(found | ({one.network.broadcast_address for one in held} if version == 4 else set()))


def is_plain_host(address: IPAddress) -> bool:
    """Neither the router nor a whole subnet, and no multicast: see the decision page for what the kernel does to those."""
    return address not in _special(address.version) and not address.is_multicast
