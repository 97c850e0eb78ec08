"""One concrete packet."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from secaudit.errors import UsageError
from secaudit.text.bilingual import Text

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

PROTOCOL_NUMBERS = {
    "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "icmp6": 58, "ospf": 89, "sctp": 132,
}  # fmt: skip
PROTOCOL_NAMES = {number: name for name, number in PROTOCOL_NUMBERS.items()}
PROTOCOL_NUMBERS["icmpv6"] = 58  # its other usual spelling
WITH_PORTS = frozenset((6, 17, 132))
WITH_ICMP = frozenset((1, 58))
SYN, RST, ACK = 2, 4, 16
_FLAG_LETTERS = (("F", 1), ("S", 2), ("R", 4), ("P", 8), ("A", 16), ("U", 32), ("E", 64), ("C", 128))


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet header. Ports are 0 where the protocol has none, ICMP fields and flags likewise.

    >>> str(Packet.parse("tcp 10.1.1.1:40000 > 10.2.2.2:443"))
    'tcp 10.1.1.1:40000 > 10.2.2.2:443'
    """

    source: IPAddress
    destination: IPAddress
    protocol: int
    source_port: int = 0
    destination_port: int = 0
    icmp_type: int = 0
    icmp_code: int = 0
    tcp_flags: int = 0

    @property
    def family(self) -> int:
        """4 or 6."""
        return self.source.version

    @property
    def opens_connection(self) -> bool:
        """Whether the packet can be the first of a connection: see `secaudit.packets.space.opening`."""
        if self.protocol == 6:
            return self.tcp_flags & (SYN | RST | ACK) == SYN
        if self.protocol == 1:
            return self.icmp_type not in (0, 3, 4, 5, 11, 12, 14, 16, 18)
        if self.protocol == 58:
            return self.icmp_type not in (1, 2, 3, 4, 129)
        return True

    @classmethod
    def parse(cls, text: str) -> Packet:
        """Reads `tcp SRC:PORT > DST:PORT [FLAGS]`, `icmp SRC > DST TYPE/CODE`, `PROTO SRC > DST`.

        IPv6 addresses with a port are written in brackets. TCP flags are letters (`SA` = SYN+ACK), default `S`;
        the ICMP default is an echo request. Raises `UsageError`.
        """
        match = re.fullmatch(r"\s*(\w+)\s+(\S+)\s*>\s*(\S+)(?:\s+(\S+))?\s*", text)
        if match is None:
            raise _unreadable(text)
        name, left, right, extra = match.groups()
        protocol = PROTOCOL_NUMBERS.get(name.lower(), int(name) if name.isascii() and name.isdigit() else -1)
        if not 0 <= protocol <= 255:
            raise _unreadable(text)
        ported = protocol in WITH_PORTS
        try:
            source, source_port = _endpoint(left, ported)
            destination, destination_port = _endpoint(right, ported)
            icmp_type = icmp_code = flags = 0
            if protocol in WITH_ICMP:
                kind = extra or ("8/0" if protocol == 1 else "128/0")
                icmp_type, icmp_code = (int(part) for part in (kind if "/" in kind else kind + "/0").split("/", 1))
            elif protocol == 6:
                letters = dict(_FLAG_LETTERS)
                flags = sum({letters[letter] for letter in (extra or "S").upper()})
            elif extra is not None:
                raise _unreadable(text)
        except (ValueError, KeyError) as error:
            raise _unreadable(text) from error
        if source.version != destination.version or not (0 <= icmp_type <= 255 and 0 <= icmp_code <= 255):
            raise _unreadable(text)
        return cls(source, destination, protocol, source_port, destination_port, icmp_type, icmp_code, flags)

    def __str__(self) -> str:
        name = PROTOCOL_NAMES.get(self.protocol, str(self.protocol))
        if self.protocol in WITH_PORTS:
            left, right = _join(self.source, self.source_port), _join(self.destination, self.destination_port)
            flags = "".join(letter for letter, bit in _FLAG_LETTERS if self.tcp_flags & bit)
            shown = f" {flags}" if self.protocol == 6 and self.tcp_flags != SYN else ""
            return f"{name} {left} > {right}{shown}"
        if self.protocol in WITH_ICMP:
            return f"{name} {self.source} > {self.destination} {self.icmp_type}/{self.icmp_code}"
        return f"{name} {self.source} > {self.destination}"


def _endpoint(text: str, ported: bool) -> tuple[IPAddress, int]:
    if not ported:
        return ipaddress.ip_address(text), 0
    address, separator, port = text.rpartition(":")
    if not separator or not 0 <= int(port) <= 65535:
        raise ValueError(text)
    return ipaddress.ip_address(address.strip("[]")), int(port)


def _join(address: IPAddress, port: int) -> str:
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def _unreadable(text: str) -> UsageError:
    return UsageError(
        Text(ja=f"パケットの書き方を読み取れません: {text!r}", en=f"this packet cannot be read: {text!r}"),
        Text(
            ja='例: "tcp 10.1.1.1:40000 > 10.2.2.2:443"、"icmp 10.1.1.1 > 10.2.2.2 8/0"',
            en='for example "tcp 10.1.1.1:40000 > 10.2.2.2:443" or "icmp 10.1.1.1 > 10.2.2.2 8/0"',
        ),
    )
