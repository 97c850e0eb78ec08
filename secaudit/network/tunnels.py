"""Tunnels: what an interface of a device says about the other end and about the packets that carry it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from secaudit.network.intervals import IPAddress
from secaudit.network.matches import ESP, GRE, TCP, UDP
from secaudit.text.source import Sources

IPIP, IPV6_IN_IPV4, L2TPV3 = 4, 41, 115


@dataclass(frozen=True, slots=True)
class OuterPacket:
    """A kind of packet that two ends exchange: a protocol, and for TCP and UDP the port at both ends (the other one for TCP's caller)."""

    protocol: int
    port: int = 0


class Carrier(Enum):
    """What carries the packets of a tunnel. `outer_packets` are the alternatives: of one of them all kinds must get through.

    RFC 2784 (GRE), 2003 (IPIP), 4213 (6in4), 4301 and 3948 (IPsec with IKE, with and without NAT traversal), 2661 and 3931 (L2TP), 2637 (PPTP).
    """

    GRE = "GRE"
    IPIP = "IPIP"
    IPV6_IN_IPV4 = "6in4"
    IPSEC = "IPsec"
    L2TP = "L2TP"
    L2TPV3 = "L2TPv3"
    PPTP = "PPTP"
    OTHER = "other"
    """Not one of these: what carries it is not asked."""

    @property
    def outer_packets(self) -> tuple[tuple[OuterPacket, ...], ...]:
        """The alternatives; none at all where they are not known."""
        return _OUTER_PACKETS[self]


_OUTER_PACKETS = {
    Carrier.GRE: ((OuterPacket(GRE),),),
    Carrier.IPIP: ((OuterPacket(IPIP),),),
    Carrier.IPV6_IN_IPV4: ((OuterPacket(IPV6_IN_IPV4),),),
    Carrier.IPSEC: (
        (OuterPacket(UDP, 500), OuterPacket(ESP)),
        (OuterPacket(UDP, 500), OuterPacket(UDP, 4500)),
    ),
    Carrier.L2TP: ((OuterPacket(UDP, 1701),),),
    Carrier.L2TPV3: ((OuterPacket(UDP, 1701),), (OuterPacket(L2TPV3),)),
    Carrier.PPTP: ((OuterPacket(TCP, 1723), OuterPacket(GRE)),),
    Carrier.OTHER: (),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """Algorithms that an end of an IPsec tunnel offers or accepts, of one phase: those of a line or a block.

    The names are in lower case as the standards write them (`aes-128`, `3des`, `des`, `null`; `sha1`, `sha256`, `md5`); empty = not known.
    `groups` are numbers of Diffie-Hellman groups. `ike` is the version of the key exchange, `aggressive` whether it is in aggressive mode; None = not
    known. `silent`: what is not known is so because no line of the file says it and the default of the release is not documented.
    """

    phase: int
    encryption: tuple[str, ...]
    integrity: tuple[str, ...]
    groups: tuple[int, ...]
    sources: Sources
    ike: int | None = None
    aggressive: bool | None = None
    silent: bool = False


_KEY_BITS = {"null": 0, "des": 56, "3des": 112, "rc4": 128, "seed": 128, "chacha20": 256, "chacha20-poly1305": 256}
_HASH_BITS = {"null": 0, "md5": 128, "sha1": 160, "sha256": 256, "sha384": 384, "sha512": 512}
_SIZED = ("aes", "camellia", "aria", "twofish", "blowfish", "cast")


def key_bits(encryption: str) -> int | None:
    """The length of the key of an algorithm, by its name (RFC 8221; `aes-128` names it itself), None for names that do not tell."""
    if encryption in _KEY_BITS:
        return _KEY_BITS[encryption]
    family, *words = encryption.split("-")
    sizes = [int(word) for word in words if word.isascii() and word.isdigit()]
    return sizes[0] if family in _SIZED and sizes else None


def hash_bits(integrity: str) -> int | None:
    """The length of the hash behind an algorithm for integrity (RFC 8221), None for names that do not tell."""
    return _HASH_BITS.get(integrity)


_GROUP_STRENGTH = {
    **{1: 64, 2: 80, 5: 90, 14: 112, 15: 128, 16: 150, 17: 176, 18: 200},
    **{19: 128, 20: 192, 21: 256, 25: 96, 26: 112, 27: 112, 28: 128, 29: 192, 30: 256, 31: 128, 32: 224},
    **{22: 80, 23: 112, 24: 112},
}


def group_strength(group: int) -> int | None:
    """About how many bits of security a Diffie-Hellman group gives, None for numbers that are not known. The numbers do not go by it.

    RFC 3526 and SP 800-57 part 1 for 1 to 18 (768 to 8,192 bits), RFC 5903, 5114, 6954 and 8031 for curves; 22 is one of 1,024 bits (RFC 5114).
    """
    return _GROUP_STRENGTH.get(group)


@dataclass(frozen=True, slots=True)
class TunnelEnd:
    """One end of a tunnel, as its own device is configured.

    `remote` is the address that it sends to (None: a name, or whoever calls). `local` is its own outer address, or that of `local_interface`;
    neither is known when the device chooses. `answers`: it takes callers whose address it does not know (dial-in, `any`). `local_id` is the
    name by which it presents itself in the key exchange, `remote_id` the one that it asks of the other end (empty: none).
    """

    carrier: Carrier
    sources: Sources
    remote: IPAddress | None = None
    local: IPAddress | None = None
    local_interface: str | None = None
    answers: bool = False
    local_id: str = ""
    remote_id: str = ""
    proposals: tuple[Proposal, ...] | None = None
    """What it offers and accepts; None where the reader does not look for it, empty where the file leaves it to the defaults of the release."""


@dataclass(frozen=True, slots=True)
class Diversion:
    """Packets about to leave by an interface that go into a tunnel instead: those that the filter `selector` permits (a crypto map).

    Diversions of one interface are tried in order. `tunnel` is the interface that stands for the tunnel.
    """

    selector: str
    tunnel: str
    sources: Sources
