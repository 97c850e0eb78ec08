"""What connection tracking of the real kernel calls the first packet of a connection."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from secaudit.network.matches import ICMP, ICMPV6, TCP, Family
from secaudit.packets.packet import Packet
from secaudit.vendors.netfilter.ruleset import State
from tests.kernel.frames import to_bytes
from tests.kernel.laboratory import Injected, Laboratory, become_root

_ENDS: dict[Family, tuple[str, str]] = {4: ("10.1.0.5", "10.2.0.7"), 6: ("2001:db8:1::5", "2001:db8:2::7")}
_OTHERS = (17, 47, 50, 89, 132)
"""Of the protocols without flags and types those that a packet of ours can be of (SCTP with its INIT chunk)."""


def first_packets() -> list[Packet]:
    """Every TCP flag byte, every ICMP type, and one packet of other protocols; each a connection of its own."""
    found = []
    for family, icmp in ((4, ICMP), (6, ICMPV6)):
        source, destination = (ipaddress.ip_address(text) for text in _ENDS[4 if family == 4 else 6])
        bare = Packet(source, destination, TCP)
        found += [replace(bare, source_port=1000 + flags, destination_port=80, tcp_flags=flags) for flags in range(256)]
        found += [replace(bare, protocol=icmp, icmp_type=kind) for kind in range(256)]
        found += [replace(bare, protocol=protocol) for protocol in _OTHERS]
    return found


def states_in_kernel() -> dict[Packet, frozenset[State]]:
    """The states by which the kernel matches each of `first_packets` in FORWARD. For a process of its own."""
    become_root()
    laboratory = Laboratory()
    packets = first_packets()
    found: dict[Packet, set[State]] = {packet: set() for packet in packets}
    for state in State:
        laboratory.run("nft", "flush", "ruleset")
        chain = f"type filter hook forward priority 0; policy drop;\nct state {state.value} accept\n"
        laboratory.run("nft", "-f", "-", text=f"table inet t {{\nchain c {{\n{chain}}}\n}}\n")
        laboratory.flush_connections()
        numbered = {laboratory.number(): packet for packet in packets}
        frames = [Injected("eth0", number, to_bytes(packet, number)) for number, packet in numbered.items()]
        crossed = laboratory.inject(frames)
        for number, packet in numbered.items():
            if number in crossed:
                found[packet].add(state)
    return {packet: frozenset(states) for packet, states in found.items()}
