"""Which device stands in which zone: what device rules need to know of the topology."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Mapping

from secaudit.flows.topology import build_topology
from secaudit.flows.zones import plan_zones
from secaudit.municipality.model import Municipality, Zone
from secaudit.network.device import Device
from secaudit.network.intervals import (
    IPV4_MAX,
    IPV6_MAX,
    Intervals,
    IPAddress,
    complement,
    contains,
    normalise,
    of_networks,
    subtract,
)
from secaudit.network.matches import Family

_NEVER_INTERNET = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)

_NEVER_INTERNET_SPANS: Mapping[Family, Intervals] = {
    4: of_networks(one for one in _NEVER_INTERNET if one.version == 4),
    6: of_networks(one for one in _NEVER_INTERNET if one.version == 6),
}


def may_be_on_the_internet(address: IPAddress) -> bool:
    """False for addresses that nobody on the Internet has (RFC 1918, 3927, 4193, 4291, 6598)."""
    return not any(address in network for network in _NEVER_INTERNET if network.version == address.version)


class Places:
    """Zones of interfaces and of addresses, worked out once for an audit by the same code that the flow engine uses."""

    def __init__(self, devices: Mapping[str, Device], municipality: Municipality) -> None:
        links = [
            ((link.left.device, link.left.interface), (link.right.device, link.right.interface))
            for link in municipality.links
        ]
        self.topology = build_topology(devices.values(), links)
        plan = plan_zones(self.topology, municipality.zones)
        self._zones: dict[str, dict[str, set[Zone]]] = defaultdict(lambda: defaultdict(set))
        for (device, interface), held in plan.attachments.items():
            for attachment in held:
                self._zones[device][interface].add(Zone(attachment.zone))
        self._rest = next((binding.zone for binding in municipality.zones if binding.rest), None)
        self._claimed: dict[Zone, Mapping[Family, Intervals]] = {
            Zone(name): {4: (), 6: ()} if name == self._rest else held for name, held in plan.addresses.items()
        }

    def of_interface(self, device: str, interface: str) -> frozenset[Zone]:
        """The zones that an interface is attached to; empty when none is known."""
        return frozenset(self._zones.get(device, {}).get(interface, ()))

    def interfaces_in(self, device: str, zone: Zone) -> frozenset[str]:
        """The interfaces of a device that are attached to a zone."""
        return frozenset(name for name, zones in self._zones.get(device, {}).items() if zone in zones)

    def of_device(self, device: str) -> frozenset[Zone]:
        """All zones that a device is attached to."""
        return frozenset().union(*self._zones.get(device, {}).values())

    def of_address(self, address: IPAddress) -> Zone | None:
        """The zone whose addresses hold `address`; for others that may be on the Internet the zone declared as `rest`; else None."""
        for zone in self._claimed:
            if self.claims(zone, address):
                return zone
        return self._rest if may_be_on_the_internet(address) else None

    def addresses_of(self, zone: Zone, family: Family) -> Intervals:
        """The addresses that a zone claims by its subnets and VLANs; none for the zone declared as `rest`."""
        return self._claimed[zone][family] if zone in self._claimed else ()

    def addresses_beyond(self, zone: Zone, family: Family) -> Intervals:
        """The addresses of all other zones; with a zone declared as `rest`, those on the Internet that nobody claims as well."""
        own, maximum = self.addresses_of(zone, family), IPV4_MAX if family == 4 else IPV6_MAX
        others = [span for one, held in self._claimed.items() if one is not zone for span in held[family]]
        if self._rest is not None and self._rest is not zone:
            claimed = normalise([*others, *own, *_NEVER_INTERNET_SPANS[family]])
            others += complement(claimed, maximum)
        return subtract(normalise(others), own, maximum)

    def claims(self, zone: Zone, address: IPAddress) -> bool:
        """Whether a zone's own subnets or VLANs hold an address."""
        family: Family = 4 if address.version == 4 else 6
        return contains(self.addresses_of(zone, family), int(address))
