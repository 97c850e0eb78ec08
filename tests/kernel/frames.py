"""Concrete packets as bytes on the wire, and back.

Every packet carries a number in its last eight bytes, so that what arrives somewhere is known to be what was sent, whatever was
translated on the way. Checksums of the transport are left out where the namespaces do not verify them: SCTP and ICMPv6 have theirs.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import dataclass

from secaudit.network.matches import ICMP, ICMPV6, SCTP, TCP, UDP
from secaudit.packets.packet import Packet

TAG = struct.Struct("!II")
_MAGIC = 0x5EC0A0D1
_SYN, _ACK = 2, 16
FIRST_SEQUENCE = {False: 1000, True: 5000}
"""By "is a reply": far apart, so that an answer acknowledges what the opening packet said and nothing else."""


def to_bytes(packet: Packet, number: int, *, answers: int | None = None) -> bytes:
    """The packet from its IP header on. `answers`: it is the reply to the packet that was sent with this number."""
    body = _transport(packet, TAG.pack(_MAGIC, number), answers is not None, number if answers is None else answers)
    if packet.protocol == ICMPV6:
        body = _with_checksum(packet, body)
    if packet.family == 6:
        head = struct.pack("!IHBB", 6 << 28, len(body), packet.protocol, 64)
        return head + packet.source.packed + packet.destination.packed + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), number & 0xFFFF or 1, 0, 64, packet.protocol, 0)
    head += packet.source.packed + packet.destination.packed
    return head[:10] + _sum_of(head) + head[12:] + body


def _transport(packet: Packet, tag: bytes, reply: bool, identifier: int) -> bytes:
    ports = struct.pack("!HH", packet.source_port, packet.destination_port)
    match packet.protocol:
        case 6:
            acknowledged = FIRST_SEQUENCE[not reply] + 1 if packet.tcp_flags & _ACK else 0
            return ports + struct.pack(
                "!IIBBHHH", FIRST_SEQUENCE[reply], acknowledged, 0x50, packet.tcp_flags, 8192, 0, 0
            ) + tag  # fmt: skip
        case 17:
            return ports + struct.pack("!HH", 8 + len(tag), 0) + tag
        case 132:
            return _sctp(ports, tag, reply)
        case 1 | 58:
            # the identifier makes every question a connection of its own
            return struct.pack("!BBHHH", packet.icmp_type, packet.icmp_code, 0, identifier & 0xFFFF, 1) + tag
        case 47:
            return struct.pack("!HH", 0, 0x0800) + tag
        case 50:
            return struct.pack("!II", 0x100, 1) + tag
        case _:
            return b"\0" * 16 + tag


def _with_checksum(packet: Packet, body: bytes) -> bytes:
    pseudo = packet.source.packed + packet.destination.packed + struct.pack("!II", len(body), packet.protocol)
    return body[:2] + _sum_of(pseudo + body) + body[4:]


def _sctp(ports: bytes, tag: bytes, reply: bool) -> bytes:
    """One INIT chunk (an INIT ACK as a reply); the number is a parameter of it that receivers skip."""
    kind, verification = (2, 0x1000) if reply else (1, 0)
    chunk = struct.pack("!BBHIIHHI", kind, 0, 32, 0x2000 if reply else 0x1000, 8192, 1, 1, 1)
    chunk += struct.pack("!HH", 0xC000, 12) + tag
    head = ports + struct.pack("!I", verification)
    return head + struct.pack("<I", _crc32c(head + b"\0\0\0\0" + chunk)) + chunk


def _crc32c(data: bytes) -> int:
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def _sum_of(head: bytes) -> bytes:
    total = sum(struct.unpack(f"!{len(head) // 2}H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)


@dataclass(frozen=True, slots=True)
class Seen:
    """A packet that arrived somewhere: its header and the number it carries."""

    packet: Packet
    number: int


def from_bytes(data: bytes) -> Seen | None:
    """What arrived, from its IP header on; None when it is none of our packets (an error message may quote one: no packet of ours)."""
    if len(data) < 28:
        return None
    if data[0] >> 4 == 4:
        start = (data[0] & 15) * 4
        end = struct.unpack("!H", data[2:4])[0]
        protocol = data[9]
        source, destination = ipaddress.IPv4Address(data[12:16]), ipaddress.IPv4Address(data[16:20])
        return _seen(Packet(source, destination, protocol), data[start:end])
    if data[0] >> 4 == 6 and len(data) >= 48:
        end = 40 + struct.unpack("!H", data[4:6])[0]
        six = ipaddress.IPv6Address(data[8:24]), ipaddress.IPv6Address(data[24:40])
        return _seen(Packet(six[0], six[1], data[6]), data[40:end])
    return None


def received(own: socket.socket) -> Seen | None:
    """The next packet of an IPv6 raw socket, which shows no IP header. Raises `BlockingIOError` when there is none."""
    data, extra, _, sender = own.recvmsg(4096, 64)
    destination = next(
        ipaddress.IPv6Address(value[:16])
        for level, kind, value in extra
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)
    )
    source = ipaddress.IPv6Address(sender[0].partition("%")[0])
    return _seen(Packet(source, destination, own.proto), data)


def _seen(bare: Packet, body: bytes) -> Seen | None:
    number = number_of(body)
    if number is None:
        return None
    protocol = bare.protocol
    source_port = destination_port = icmp_type = icmp_code = flags = 0
    if protocol in (TCP, UDP, SCTP):
        source_port, destination_port = struct.unpack("!HH", body[:4])
        flags = body[13] if protocol == TCP else 0
    elif protocol in (ICMP, ICMPV6):
        icmp_type, icmp_code = body[0], body[1]
    packet = Packet(
        bare.source, bare.destination, protocol, source_port, destination_port, icmp_type, icmp_code, flags
    )  # fmt: skip
    return Seen(packet, number)


def number_of(body: bytes) -> int | None:
    """The number at the end of a packet of ours."""
    if len(body) < TAG.size:
        return None
    magic, number = TAG.unpack(body[-TAG.size :])
    return number if magic == _MAGIC else None
