"""Packets to bytes and back."""

from __future__ import annotations

import ipaddress
import struct

import pytest

from secaudit.packets.packet import Packet
from tests.kernel.frames import from_bytes, to_bytes
from tests.kernel.rounds import in_rounds

PACKETS = (
    "tcp 10.1.0.5:1000 > 10.2.0.7:80",
    "tcp [2001:db8:1::5]:1000 > [2001:db8:2::7]:65535 FPU",
    "udp 10.1.0.5:0 > 10.2.0.7:53",
    "sctp [2001:db8::1]:7 > [2001:db8::2]:9",
    "icmp 10.1.0.5 > 10.2.0.7 3/1",
    "icmpv6 2001:db8:1::5 > 2001:db8:2::7",
    "gre 10.1.0.5 > 10.2.0.7",
    "esp 2001:db8:1::5 > 2001:db8:2::7",
    "ospf 10.1.0.5 > 10.2.0.7",
)


@pytest.mark.parametrize("text", PACKETS)
def test_a_packet_comes_back_from_its_bytes(text: str) -> None:
    packet = Packet.parse(text)
    seen = from_bytes(to_bytes(packet, 70000))
    assert seen is not None
    assert (seen.packet, seen.number) == (packet, 70000)


def test_the_header_checksum_is_right() -> None:
    data = to_bytes(Packet.parse(PACKETS[0]), 5)
    total = sum(struct.unpack("!10H", data[:20]))
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


def test_an_error_message_that_quotes_a_packet_is_another_packet() -> None:
    quoted = to_bytes(Packet.parse(PACKETS[2]), 9)
    error = bytes(8) + quoted
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(error), 1, 0, 64, 1, 0)
    addresses = ipaddress.IPv4Address("10.2.0.1").packed + ipaddress.IPv4Address("10.1.0.5").packed
    seen = from_bytes(head + addresses + error)
    assert seen is not None and seen.packet.protocol == 1


def test_no_two_packets_of_a_round_can_be_one_connection() -> None:
    there, back, other = (
        Packet.parse(text)
        for text in (
            "udp 10.1.0.5:5 > 10.2.0.7:53",
            "udp 10.2.0.7:53 > 10.1.0.5:5",
            "udp 10.1.0.6:5 > 10.2.0.7:53",
        )
    )
    assert in_rounds([there, back, other, there], lambda one: one, nat=False) == [[there, other], [back], [there]]
    assert in_rounds([there, other], lambda one: one, nat=True) == [[there], [other]]
