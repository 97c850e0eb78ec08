"""Sets of whole numbers as sorted, disjoint, inclusive intervals."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from operator import itemgetter

Interval = tuple[int, int]
Intervals = tuple[Interval, ...]
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

IPV4_MAX = 2**32 - 1
IPV6_MAX = 2**128 - 1
PORT_MAX = 65535
BYTE_MAX = 255

ANY_IPV4: Intervals = ((0, IPV4_MAX),)
ANY_IPV6: Intervals = ((0, IPV6_MAX),)
ANY_PORT: Intervals = ((0, PORT_MAX),)
ANY_BYTE: Intervals = ((0, BYTE_MAX),)


def normalise(pairs: Iterable[Interval]) -> Intervals:
    """Sorts intervals and joins those that overlap or touch.

    >>> normalise([(5, 9), (1, 2), (3, 4)])
    ((1, 9),)
    """
    result: list[Interval] = []
    for low, high in sorted(pairs):
        if low > high:
            raise ValueError(f"interval {low}-{high} is empty")
        if result and low <= result[-1][1] + 1:
            if high > result[-1][1]:
                result[-1] = (result[-1][0], high)
        else:
            result.append((low, high))
    return tuple(result)


def complement(intervals: Intervals, maximum: int) -> Intervals:
    """All numbers of 0..maximum that are not in `intervals`.

    >>> complement(((0, 3), (7, 9)), 9)
    ((4, 6),)
    """
    result: list[Interval] = []
    start = 0
    for low, high in intervals:
        if start < low:
            result.append((start, low - 1))
        start = high + 1
    if start <= maximum:
        result.append((start, maximum))
    return tuple(result)


def intersect(left: Intervals, right: Intervals) -> Intervals:
    """The numbers that are in both.

    >>> intersect(((0, 5), (8, 9)), ((4, 8),))
    ((4, 5), (8, 8))
    """
    result: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        low = max(left[i][0], right[j][0])
        high = min(left[i][1], right[j][1])
        if low <= high:
            result.append((low, high))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(result)


def subtract(left: Intervals, right: Intervals, maximum: int) -> Intervals:
    """The numbers of `left` that are not in `right`."""
    return intersect(left, complement(right, maximum))


def join_over(intervals: Intervals, gaps: Intervals) -> Intervals:
    """Joins neighbours between which there is nothing but numbers of `gaps`.

    >>> join_over(((0, 3), (5, 9), (12, 12)), ((4, 4), (10, 10)))
    ((0, 9), (12, 12))
    """
    result: list[Interval] = []
    for low, high in intervals:
        if result and _inside(result[-1][1] + 1, low - 1, gaps):
            result[-1] = (result[-1][0], high)
        else:
            result.append((low, high))
    return tuple(result)


def _inside(low: int, high: int, intervals: Intervals) -> bool:
    """Whether one of the intervals holds all numbers from `low` to `high`."""
    index = bisect_right(intervals, low, key=itemgetter(0)) - 1
    return index >= 0 and high <= intervals[index][1]


def contains(intervals: Intervals, value: int) -> bool:
    """Whether one number is in the set."""
    return any(low <= value <= high for low, high in intervals)


def of_network(network: IPNetwork) -> Interval:
    """A prefix as one interval of address numbers."""
    return int(network.network_address), int(network.broadcast_address)


def of_networks(networks: Iterable[IPNetwork]) -> Intervals:
    """Several prefixes of one address family as intervals."""
    return normalise(of_network(network) for network in networks)


def of_wildcard(address: int, wildcard: int, bits: int = 32, limit: int = 65536) -> Intervals:
    """The addresses that equal `address` where `wildcard` has zero bits (Cisco wildcard masks).

    A scattered wildcard is legal and can mean very many intervals; more than `limit` raises `ValueError`
    so that the reader can say that the line is too complex instead of hanging.
    """
    low_run = 0
    while low_run < bits and wildcard >> low_run & 1:
        low_run += 1
    scattered = [bit for bit in range(low_run, bits) if wildcard >> bit & 1]
    if len(scattered) > limit.bit_length() - 1:
        raise ValueError(f"wildcard mask with {len(scattered)} scattered bits is too complex")
    base = address & ~wildcard
    starts = [base]
    for bit in scattered:
        starts += [start | 1 << bit for start in starts]
    return normalise((start, start + (1 << low_run) - 1) for start in starts)
