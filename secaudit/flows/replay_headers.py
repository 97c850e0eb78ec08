"""One concrete header against a `Match`, and through a `Translation`."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal

from secaudit.network.interfaces import Interface
from secaudit.network.intervals import Intervals, contains
from secaudit.network.matches import TCP, Match, Service, any_address
from secaudit.network.nat import Translation, TranslationKind
from secaudit.packets.packet import WITH_ICMP, WITH_PORTS, IPAddress, Packet


class Fit(IntEnum):
    """Whether a header is inside a match; `UNKNOWN` when that hangs on an address that is not in the files."""

    NO = 0
    UNKNOWN = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Header:
    """A packet on its way: its header, the mark of the device it is in, and which addresses are really known.

    A masquerade behind an address given by DHCP or PPPoE leaves the source as it was and `source_known` false; the
    reply to such a packet has `destination_known` false.
    """

    packet: Packet
    mark: int = 0
    source_known: bool = True
    destination_known: bool = True


def fits(match: Match, header: Header) -> Fit:
    """One match against one header, as the docstrings of `Match` and `Service` say."""
    packet = header.packet
    if match.family != packet.family or not contains(match.marks, header.mark):
        return Fit.NO
    if not any(_service_fits(service, packet) for service in match.services):
        return Fit.NO
    return min(
        _address_fits(match.sources, packet.source, header.source_known),
        _address_fits(match.destinations, packet.destination, header.destination_known),
    )


def best_fit(matches: Iterable[Match], header: Header) -> tuple[Fit, Match | None]:
    """The best of several alternatives, and the first one that reaches it."""
    best: tuple[Fit, Match | None] = (Fit.NO, None)
    for match in matches:
        fit = fits(match, header)
        if fit > best[0]:
            best = (fit, match)
    return best


def _address_fits(wanted: Intervals, address: IPAddress, known: bool) -> Fit:
    if known:
        return Fit.YES if contains(wanted, int(address)) else Fit.NO
    if wanted == any_address(4 if address.version == 4 else 6):
        return Fit.YES
    return Fit.UNKNOWN if wanted else Fit.NO


def _service_fits(service: Service, packet: Packet) -> bool:
    if not contains(service.protocols, packet.protocol):
        return False
    if packet.protocol in WITH_PORTS and not (
        contains(service.destination_ports, packet.destination_port)
        and contains(service.source_ports, packet.source_port)
    ):
        return False
    if packet.protocol in WITH_ICMP and not (
        contains(service.icmp_types, packet.icmp_type) and contains(service.icmp_codes, packet.icmp_code)
    ):
        return False
    return packet.protocol != TCP or contains(service.tcp_flags, packet.tcp_flags)


Side = Literal["source", "destination"]


def translate(
    translation: Translation, side: Side, match: Match | None, header: Header, interface: Interface | None
) -> tuple[Header, ...]:
    """The header with one address (and port) replaced; two of them where a pool has a choice (its first and its last address).

    `match` is what the header fitted, from which one-to-one translations count; `interface` gives its address to `INTERFACE`.
    """
    packet = header.packet
    old = packet.source if side == "source" else packet.destination
    port = _new_port(translation, side, match, packet)
    new = _new_addresses(translation, side, match, header, interface)
    if not new:
        return (_with(header, side, old, port, known=False),)
    return tuple(_with(header, side, address, port, known=True) for address in new)


def _new_addresses(
    translation: Translation, side: Side, match: Match | None, header: Header, interface: Interface | None
) -> tuple[IPAddress, ...]:
    """None at all when the new address cannot be known."""
    old = header.packet.source if side == "source" else header.packet.destination
    if translation.kind is TranslationKind.INTERFACE:
        return _primary_address(interface, header.packet.family)
    if translation.addresses is None:
        return (old,)
    first, last = translation.addresses
    if translation.kind is TranslationKind.POOL or match is None:
        values = {first: None, last: None}
    elif header.source_known if side == "source" else header.destination_known:
        matched = match.sources if side == "source" else match.destinations
        values = {first + int(old) - matched[0][0]: None}
    else:
        return ()
    highest = (1 << old.max_prefixlen) - 1
    return tuple(type(old)(value) for value in values if 0 <= value <= highest)


def _new_port(translation: Translation, side: Side, match: Match | None, packet: Packet) -> int:
    old = packet.source_port if side == "source" else packet.destination_port
    if translation.ports is None or packet.protocol not in WITH_PORTS:
        return old
    first, last = translation.ports
    if not translation.ports_shift:
        return old if first <= old <= last else first
    if match is None:
        return old
    service = next(one for one in match.services if _service_fits(one, packet))
    matched = service.source_ports if side == "source" else service.destination_ports
    return first + old - matched[0][0]


def _primary_address(interface: Interface | None, family: int) -> tuple[IPAddress, ...]:
    if interface is None or interface.dynamic_address:
        return ()
    return tuple(held.address.ip for held in interface.addresses if held.address.version == family)[:1]


def _with(header: Header, side: Side, address: IPAddress, port: int, *, known: bool) -> Header:
    if side == "source":
        packet = replace(header.packet, source=address, source_port=port)
        return replace(header, packet=packet, source_known=known)
    packet = replace(header.packet, destination=address, destination_port=port)
    return replace(header, packet=packet, destination_known=known)


_ICMP_ANSWERS = {(1, 8): 0, (1, 13): 14, (1, 15): 16, (1, 17): 18, (58, 128): 129}
_SYN_ACK = 18


def reply_to(packet: Packet) -> Packet | None:
    """The first packet of the answer: ends swapped, SYN+ACK, echo reply. None for an ICMP message nobody answers."""
    swapped = swapped_ends(packet)
    if packet.protocol in WITH_ICMP:
        answer = _ICMP_ANSWERS.get((packet.protocol, packet.icmp_type))
        return None if answer is None else replace(swapped, icmp_type=answer, icmp_code=0)
    return replace(swapped, tcp_flags=_SYN_ACK) if packet.protocol == TCP else swapped


def swapped_ends(packet: Packet) -> Packet:
    """The same packet with source and destination exchanged."""
    return replace(
        packet,
        source=packet.destination,
        destination=packet.source,
        source_port=packet.destination_port,
        destination_port=packet.source_port,
    )


Ends = tuple[
    int, ipaddress.IPv4Address | ipaddress.IPv6Address, int, ipaddress.IPv4Address | ipaddress.IPv6Address, int
]


def ends(packet: Packet) -> Ends:
    """What identifies a connection: protocol, addresses, ports."""
    return packet.protocol, packet.source, packet.source_port, packet.destination, packet.destination_port
