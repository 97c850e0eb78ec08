"""Reading the words of one line from left to right, and the values that are written in them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from secaudit.network.intervals import IPV4_MAX
from secaudit.vendors.common.ledger import NotUnderstoodError

_OCTETS = {str(number): number for number in range(256)}
"""What an octet of an address is written as; leading zeros are not."""


class Words:
    """A position in the words of a line. `take` and friends raise `NotUnderstoodError` where the line ends early."""

    __slots__ = ("items", "keys", "position")

    def __init__(self, items: Sequence[str], keys: Sequence[str], position: int = 0) -> None:
        self.items = items
        self.keys = keys
        self.position = position

    def __bool__(self) -> bool:
        return self.position < len(self.items)

    def peek(self) -> str:
        """The next word in lower case, or an empty string at the end."""
        try:
            return self.keys[self.position]
        except IndexError:
            return ""

    def take(self) -> str:
        """The next word as written."""
        position = self.position
        try:
            word = self.items[position]
        except IndexError as error:
            raise NotUnderstoodError("the line ends early") from error
        self.position = position + 1
        return word

    def skip(self, key: str) -> bool:
        """Takes the next word if it is this keyword."""
        position = self.position
        if position < len(self.keys) and self.keys[position] == key:
            self.position = position + 1
            return True
        return False

    def number(self, low: int, high: int) -> int:
        """A whole number in a range."""
        return whole_number(self.take(), low, high)

    def address(self) -> int:
        """An IPv4 address as a number."""
        return ipv4(self.take())

    def rest(self) -> tuple[str, ...]:
        """The remaining words in lower case; they are taken."""
        result = tuple(self.keys[self.position :])
        self.position = len(self.items)
        return result

    def finish(self) -> None:
        """Raises when words are left over."""
        if self:
            raise NotUnderstoodError(f"{self.peek()!r} is not expected here")


def whole_number(word: str, low: int, high: int) -> int:
    """A whole number in a range; raises `NotUnderstoodError`."""
    if not (word.isascii() and word.isdigit() and len(word) < 12 and low <= int(word) <= high):
        raise NotUnderstoodError(f"{word!r} is not a number from {low} to {high}")
    return int(word)


@lru_cache(maxsize=65536)
def ipv4(word: str) -> int:
    """An IPv4 address in dotted form as a number; raises `NotUnderstoodError`.

    Written out because `ipaddress` takes half of the time of reading a long access list.
    """
    try:
        first, second, third, fourth = word.split(".")
        return _OCTETS[first] << 24 | _OCTETS[second] << 16 | _OCTETS[third] << 8 | _OCTETS[fourth]
    except (ValueError, KeyError):
        raise NotUnderstoodError(f"{word!r} is not an address") from None


def is_ipv4(word: str) -> bool:
    """Whether a word is an IPv4 address."""
    try:
        ipv4(word)
    except NotUnderstoodError:
        return False
    return True


def ipv6(word: str) -> ipaddress.IPv6Address:
    """An IPv6 address; raises `NotUnderstoodError`."""
    try:
        return ipaddress.IPv6Address(word)
    except ValueError as error:
        raise NotUnderstoodError(f"{word!r} is not an IPv6 address") from error


def ipv6_network(word: str) -> ipaddress.IPv6Network:
    """An IPv6 prefix (host bits are dropped); raises `NotUnderstoodError`."""
    if "/" not in word:
        raise NotUnderstoodError(f"{word!r} is not a prefix")
    try:
        return ipaddress.IPv6Network(word, strict=False)
    except ValueError as error:
        raise NotUnderstoodError(f"{word!r} is not a prefix") from error


def prefix_length(mask: int) -> int:
    """The length of a contiguous netmask; raises `NotUnderstoodError` for any other."""
    inverted = mask ^ IPV4_MAX
    if inverted & (inverted + 1):
        raise NotUnderstoodError("the mask is not contiguous")
    return 32 - inverted.bit_length()


def ipv4_network(address: int, mask: int) -> ipaddress.IPv4Network:
    """A prefix from a network address and its netmask (host bits are dropped)."""
    return ipaddress.IPv4Network((address & mask, prefix_length(mask)))
