"""Addresses as the ASA writes them: hosts, networks with netmasks (never wildcards), prefixes, and names."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from secaudit.network.intervals import ANY_IPV4, ANY_IPV6, Intervals, IPAddress, normalise, of_network
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.vendors.common import words
from secaudit.vendors.common.ledger import NotUnderstoodError
from secaudit.vendors.common.words import ipv4, prefix_length


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Addresses of both families. With a `doubt` they are the most that it could be."""

    ipv4: Intervals = ()
    ipv6: Intervals = ()
    doubt: Text | None = None

    def of(self, family: Family) -> Intervals:
        """The addresses of one family."""
        return self.ipv4 if family == 4 else self.ipv6


ANY = AddressSet(ANY_IPV4, ANY_IPV6)
ANY4 = AddressSet(ANY_IPV4)
ANY6 = AddressSet((), ANY_IPV6)


def unknown(doubt: Text) -> AddressSet:
    """Addresses that cannot be told."""
    return AddressSet(ANY_IPV4, ANY_IPV6, doubt)


def together(parts: Sequence[AddressSet]) -> AddressSet:
    """The addresses of all parts; the first doubt is kept."""
    return AddressSet(
        normalise(pair for part in parts for pair in part.ipv4),
        normalise(pair for part in parts for pair in part.ipv6),
        next((part.doubt for part in parts if part.doubt is not None), None),
    )


class Words(words.Words):
    """The words of a line; an address may be written as a name (`name 192.0.2.1 WEB`)."""

    __slots__ = ("names",)

    def __init__(
        self, items: Sequence[str], keys: Sequence[str], names: Mapping[str, IPAddress], position: int = 0
    ) -> None:
        super().__init__(items, keys, position)
        self.names = names

    def address(self) -> int:
        """An IPv4 address, `0` for 0.0.0.0, or a name of one, as a number."""
        word = self.take()
        if word[:1].isdigit() and word not in self.names:
            return _ipv4(word)
        named = self.names.get(word)
        if named is None or named.version != 4:
            raise NotUnderstoodError(f"{word!r} is not an address")
        return int(named)

    def ip(self) -> IPAddress:
        """An address of any family, or a name."""
        return to_ip(self.take(), self.names)

    def network(self) -> AddressSet:
        """`ADDRESS NETMASK` or `PREFIX/LENGTH`."""
        word = self.take()
        if "/" in word:
            return prefix(word)
        self.position -= 1
        return network(self.address(), self.mask())

    def mask(self) -> int:
        """A netmask; `0` stands for 0.0.0.0."""
        return _ipv4(self.take())

    def host(self) -> AddressSet:
        """One address of any family."""
        word = self.take()
        if word[:1].isdigit() and ":" not in word and word not in self.names:
            return _host4(ipv4(word))
        return single(to_ip(word, self.names))


def _ipv4(word: str) -> int:
    return 0 if word == "0" else ipv4(word)


def to_ip(word: str, names: Mapping[str, IPAddress]) -> IPAddress:
    """An address of any family, or a name of one; raises `NotUnderstoodError`."""
    named = names.get(word)
    if named is not None:
        return named
    if ":" in word:
        return words.ipv6(word)
    return ipaddress.IPv4Address(ipv4(word))


@lru_cache(maxsize=65536)
def _host4(number: int) -> AddressSet:
    return AddressSet(((number, number),))


def single(address: IPAddress) -> AddressSet:
    """One address."""
    number = int(address)
    return _host4(number) if address.version == 4 else AddressSet((), ((number, number),))


@lru_cache(maxsize=65536)
def network(address: int, mask: int) -> AddressSet:
    """A network by its netmask; host bits are dropped. Raises `NotUnderstoodError` for a mask with holes."""
    prefix_length(mask)
    base = address & mask
    return AddressSet(((base, base | (mask ^ 0xFFFFFFFF)),))


def prefix(word: str) -> AddressSet:
    """`2001:db8::/64` or `192.0.2.0/24`; host bits are dropped. Raises `NotUnderstoodError`."""
    try:
        held = ipaddress.ip_network(word, strict=False)
    except ValueError as error:
        raise NotUnderstoodError(f"{word!r} is not a prefix") from error
    span = (of_network(held),)
    return AddressSet(span) if held.version == 4 else AddressSet((), span)


def span(first: IPAddress, last: IPAddress) -> AddressSet:
    """`range FIRST LAST`."""
    if first.version != last.version or int(first) > int(last):
        raise NotUnderstoodError("the range is upside down")
    pair = ((int(first), int(last)),)
    return AddressSet(pair) if first.version == 4 else AddressSet((), pair)
