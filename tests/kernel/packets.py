"""Packets for a text of rules: at the edges of what its lines ask for, and anywhere else."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator, Sequence
from itertools import cycle

from secaudit.network.intervals import IPAddress
from secaudit.network.matches import Family
from secaudit.packets.packet import SYN, WITH_ICMP, WITH_PORTS, Packet
from tests.kernel.aims import Aim, aims
from tests.kernel.comparison import Trial
from tests.kernel.laboratory import INTERFACES
from tests.kernel.values import NETWORKS, OWN, PORTS, is_plain_host

PROTOCOLS: dict[Family, tuple[int, ...]] = {
    4: (6, 6, 6, 6, 17, 17, 17, 1, 1, 132, 47, 50, 89),
    6: (6, 6, 6, 6, 17, 17, 17, 58, 58, 132, 47, 50, 89),
}
ICMP_TYPES: dict[Family, tuple[int, ...]] = {
    4: (0, 3, 5, 8, 8, 8, 11, 13, 14, 15, 17, 30),
    6: (1, 2, 3, 128, 128, 128, 129, 133, 135, 136, 139, 200),
}
TCP_FLAGS = (2, 2, 2, 2, 16, 16, 18, 18, 1, 4, 17, 20, 24, 0, 3, 6, 41, 63, 194, 255)

_OWN_HOOKS = ("", "output", "postrouting")
_OTHER_HOOKS = ("", "prerouting", "input", "forward", "postrouting")


class Packets:
    """Packets of one family. Three of five probe one edge of one line, with everything else inside what the line asks for."""

    def __init__(self, rng: random.Random, family: Family, text: str) -> None:
        self._random = rng
        self._family: Family = family
        found = aims(text, family)
        self._bases = [int(ipaddress.ip_network(network).network_address) for network in NETWORKS[family]]
        self._own_lines = _Lines(rng, [one for one in found if one.hook in _OWN_HOOKS])
        self._other_lines = _Lines(rng, [one for one in found if one.hook in _OTHER_HOOKS])

    def own(self) -> Trial:
        """One that the router itself sends; mostly with somebody else's source address, which nothing keeps it from doing."""
        aim, edge = self._own_lines.next()
        packet = self._packet(aim, edge, to_own=0.0)
        if self._random.random() < 0.1:
            packet = self._changed_source(packet)
        return Trial(packet, None)

    def forwarded(self) -> Trial:
        """One for a wire: to hosts elsewhere, and some to the router itself."""
        aim, edge = self._other_lines.next()
        ingress = self._random.choice(INTERFACES)
        named = [one for one in INTERFACES if any(one.startswith(name) for name in aim.ingress)]
        if named and self._random.random() < 0.6:
            ingress = self._random.choice(named)
        to_own = {"input": 0.9, "forward": 0.0, "postrouting": 0.0}.get(aim.hook, 0.15)
        return Trial(self._packet(aim, edge, to_own=to_own), ingress)

    def _changed_source(self, packet: Packet) -> Packet:
        own = self._random.choice(OWN[self._family])
        return Packet(
            own, packet.destination, packet.protocol, packet.source_port, packet.destination_port,
            packet.icmp_type, packet.icmp_code, packet.tcp_flags,
        )  # fmt: skip

    def _packet(self, aim: Aim, edge: tuple[str, int] | None, *, to_own: float) -> Packet:
        def value(name: str) -> int | None:
            if edge is not None and edge[0] == name:
                return edge[1]
            return self._random.choice(aim.inside[name]) if aim.inside.get(name) else None

        protocol = self._random.choice(aim.protocols or PROTOCOLS[self._family])
        ported, icmp = protocol in WITH_PORTS, protocol in WITH_ICMP
        types = aim.icmp_types if self._random.random() < 0.6 else ()
        return Packet(
            self._host(value("source"), to_own=0.0),
            self._host(value("destination"), to_own=to_own),
            protocol,
            source_port=self._port(value("source_port")) if ported else 0,
            destination_port=self._port(value("destination_port")) if ported else 0,
            icmp_type=self._random.choice(types or ICMP_TYPES[self._family]) if icmp else 0,
            icmp_code=self._random.choice((0, 0, 0, 0, 1, 3, 13)) if icmp else 0,
            tcp_flags=self._flags() if protocol == 6 else 0,
        )

    def _host(self, aimed: int | None, *, to_own: float) -> IPAddress:
        own = OWN[self._family]
        if aimed is not None:
            address = self._address(aimed)
            if is_plain_host(address) or (to_own and address in own):
                return address
        if self._random.random() < to_own:
            return self._random.choice(own)
        while True:
            address = self._address(self._random.choice(self._bases) + self._random.choice(_OFFSETS))
            if is_plain_host(address):
                return address

    def _address(self, value: int) -> IPAddress:
        return ipaddress.IPv4Address(value) if self._family == 4 else ipaddress.IPv6Address(value)

    def _port(self, aimed: int | None) -> int:
        if aimed is not None:
            return aimed
        return self._random.choice(PORTS) if self._random.random() < 0.5 else self._random.randrange(65536)

    def _flags(self) -> int:
        draw = self._random.random()
        return SYN if draw < 0.4 else self._random.choice(TCP_FLAGS) if draw < 0.9 else self._random.randrange(256)


_OFFSETS = (3, 5, 5, 5, 10, 64, 77, 77, 128, 200, 250)


class _Lines:
    """The lines of a text in turn."""

    def __init__(self, rng: random.Random, found: Sequence[Aim]) -> None:
        self._random = rng
        self._found = found
        edges = [(one, (name, value)) for one in found for name, values in one.edges.items() for value in set(values)]
        rng.shuffle(edges)
        self._edges: Iterator[tuple[Aim, tuple[str, int]]] = cycle(edges)
        self._any = bool(edges)

    def next(self) -> tuple[Aim, tuple[str, int] | None]:
        """A line and one of its edges; a line without an edge; two lines as one; or nothing to aim at."""
        draw = self._random.random()
        if draw < 0.15 or not self._found:
            return Aim(), None
        if draw < 0.75 and self._any:
            aim, edge = next(self._edges)
            return (aim if draw < 0.5 else self._joined(aim)), edge
        return self._joined(self._random.choice(self._found)), None

    def _joined(self, first: Aim) -> Aim:
        """With what it leaves open from another line: a jump and a rule of the chain it calls ask together."""
        other = self._random.choice(self._found)
        return Aim(
            first.hook or other.hook,
            first.protocols or other.protocols,
            first.icmp_types or other.icmp_types,
            first.ingress or other.ingress,
            {**other.inside, **first.inside},
        )
