"""The permitted set of one filter: our diagrams against the binary decision diagrams of oxidd, in the same run."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from functools import partial

from oxidd.bcdd import BCDDFunction, BCDDManager

from bench.measure import Row, timed
from secaudit.flows.compiled import FilterCompiler
from secaudit.flows.modes import Mode
from secaudit.network.filters import Action, Filter, FilterLine
from secaudit.network.intervals import ANY_BYTE, ANY_IPV4, ANY_PORT, Interval, Intervals
from secaudit.network.matches import TCP, UDP, Match, Service
from secaudit.packets.space import HeaderSpace
from secaudit.text.source import SourceLine

WIDTHS = (32, 32, 8, 16, 16)
"""Bits of destination, source, protocol, destination port and source port, in the field order of both engines."""
SUBNETS, HOSTS = 60, 12


class DisagreementError(Exception):
    """The two engines did not find the same set: nothing that was measured means anything."""


def generated_filter(seed: int, count: int) -> Filter:
    """A firewall's list: default deny, 92 % permits, hosts and subnets of a town, few lines for any address."""
    rng = random.Random(seed)
    subnets = [(10 << 24) | (rng.randrange(8) << 16) | (index << 8) for index in range(SUBNETS)]
    lines = []
    for number in range(1, count + 1):
        source = SourceLine("generated", number, "")
        match = Match(4, _side(rng, subnets), _side(rng, subnets), (_service(rng),))
        action = Action.PERMIT if rng.random() < 0.92 else Action.DENY
        lines.append(FilterLine(str(number), action, (match,), (source,)))
    return Filter(f"generated {count}", tuple(lines), Action.DENY, lines[0].sources)


def _side(rng: random.Random, subnets: Sequence[int]) -> Intervals:
    draw = rng.random()
    if draw < 0.03:
        return ANY_IPV4
    base = rng.choice(subnets)
    if draw < 0.45:
        return ((base, base + 255),)
    host = base + 10 + rng.randrange(HOSTS)
    return ((host, host),)


def _service(rng: random.Random) -> Service:
    if rng.random() < 0.05:
        return Service()
    protocol = TCP if rng.random() < 0.75 else UDP
    low = rng.choice((22, 25, 53, 80, 135, 443, 445, 1433, 1521, 3389, 8080, 8443))
    ports: Intervals = ((low, low + 100),) if rng.random() < 0.1 else ((low, low),)
    return Service(((protocol, protocol),), destination_ports=ports)


def compare(counts: Sequence[int], rounds: int) -> list[Row]:
    """Both engines on the same lists, in turn, a fresh list each round. Raises `DisagreementError`."""
    rows = []
    for count in counts:
        ours: list[float] = []
        theirs: list[float] = []
        for seed in range(rounds):
            filter_ = generated_filter(seed, count)
            seconds, number = timed(partial(_with_our_diagrams, filter_))
            ours.append(seconds)
            seconds, other = timed(partial(_with_oxidd, Binary(), filter_))
            theirs.append(seconds)
            if number != other:
                raise DisagreementError(f"{count} lines, seed {seed}: {number} and {other} headers")
        ratio = statistics.median(left / right for left, right in zip(ours, theirs, strict=True))
        rows.append(Row(f"{count:6} lines, our diagrams", tuple(ours), f"{ratio:.2f} times oxidd"))
        rows.append(Row(f"{count:6} lines, oxidd BCDD", tuple(theirs)))
    return rows


def _with_our_diagrams(filter_: Filter) -> int:
    space = HeaderSpace(4)
    (permitted,) = FilterCompiler(space, Mode.CERTAIN).permitted(filter_, "in", "out")
    return space.count(permitted.packets) * (1 << sum(WIDTHS)) // space.count(space.product([]))


def _with_oxidd(engine: Binary, filter_: Filter) -> int:
    leaves = []
    for line in filter_.lines:
        node = engine.match(line.matches[0])
        leaves.append((node if line.action is Action.PERMIT else engine.nothing, node))
    while len(leaves) > 1:
        folded = [
            (first | (second & ~seen), seen | later)
            for (first, seen), (second, later) in zip(leaves[::2], leaves[1::2], strict=False)
        ]
        leaves = folded + leaves[len(folded) * 2 :]
    return int(leaves[0][0].sat_count(sum(WIDTHS)))


class Binary:
    """One variable a bit, most significant first; ranges are remembered, as ours are. To allocate it is not part of what is measured."""

    def __init__(self) -> None:
        self.manager = BCDDManager(1 << 23, 1 << 20, 1)
        self.manager.add_vars(sum(WIDTHS))
        self.nothing: BCDDFunction = self.manager.false()
        starts = [sum(WIDTHS[:index]) for index in range(len(WIDTHS))]
        self._bits = [
            [self.manager.var(start + bit) for bit in range(width)] for start, width in zip(starts, WIDTHS, strict=True)
        ]
        self._ranges: dict[tuple[int, Interval], BCDDFunction] = {}

    def match(self, match: Match) -> BCDDFunction:
        (service,) = match.services
        result = self._any_of(0, match.destinations) & self._any_of(1, match.sources)
        if service.protocols != ANY_BYTE:
            result = result & self._any_of(2, service.protocols)
        if service.destination_ports != ANY_PORT:
            result = result & self._any_of(3, service.destination_ports)
        return result

    def _any_of(self, field: int, intervals: Intervals) -> BCDDFunction:
        result = self.nothing
        for interval in intervals:
            if (field, interval) not in self._ranges:
                low, high = interval
                node = self._at_most(field, high)
                self._ranges[field, interval] = node & ~self._at_most(field, low - 1) if low else node
            result = result | self._ranges[field, interval]
        return result

    def _at_most(self, field: int, bound: int) -> BCDDFunction:
        result = self.manager.true()
        for index, bit in enumerate(reversed(self._bits[field])):
            result = ~bit | result if bound >> index & 1 else ~bit & result
        return result
