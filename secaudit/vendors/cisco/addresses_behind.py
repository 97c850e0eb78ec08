"""Which addresses can be behind an interface, as far as the file tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from secaudit.network.intervals import ANY_IPV4, IPV4_MAX, Interval, Intervals, normalise, of_network, subtract
from secaudit.network.routes import Route
from secaudit.vendors.cisco.interface_facts import InterfaceFacts


@dataclass(frozen=True, slots=True)
class AddressesBehind:
    """IPv4 addresses by interface, from connected subnets and static routes."""

    by_interface: Mapping[str, Intervals]

    def of(self, name: str) -> Intervals:
        """The addresses behind one interface; empty when the file tells none."""
        return self.by_interface.get(name, ())


def addresses_behind(interfaces: Mapping[str, InterfaceFacts], routes: Sequence[Route]) -> AddressesBehind:
    """Connected subnets and static routes of each interface; a default route adds what is behind no other interface."""
    found: dict[str, list[Interval]] = {
        facts.name: [of_network(entry.address.network) for entry in facts.addresses if entry.address.version == 4]
        for facts in interfaces.values()
    }
    defaults: set[str] = set()
    subnets = [(interval, name) for name, intervals in found.items() for interval in intervals]
    for route in routes:
        if route.prefix.version != 4:
            continue
        for hop in route.next_hops:
            name = hop.interface
            if name is None and hop.gateway is not None:
                name = _interface_of(int(hop.gateway), subnets)
            if name is None or name not in found:
                continue
            if route.prefix.prefixlen == 0:
                defaults.add(name)
            else:
                found[name].append(of_network(route.prefix))
    for name in defaults:
        others = normalise(pair for other, pairs in found.items() if other != name for pair in pairs)
        found[name].extend(subtract(ANY_IPV4, others, IPV4_MAX))
    return AddressesBehind({name: normalise(pairs) for name, pairs in found.items()})


def _interface_of(address: int, subnets: Iterable[tuple[Interval, str]]) -> str | None:
    return next((name for (low, high), name in subnets if low <= address <= high), None)
