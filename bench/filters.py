"""Questions about one list of lines: our diagrams against the binary decision diagrams of oxidd, on the same input in the same run."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from oxidd.bcdd import BCDDFunction, BCDDManager

from bench.measure import Row, timed
from secaudit.flows.compiled import FilterCompiler
from secaudit.flows.dead_lines import dead_lines, unreachable_positions
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


@dataclass(frozen=True, slots=True)
class Operation:
    """One question, asked of our diagrams and of oxidd; the answers must be equal."""

    what: str
    ours: Callable[[Ours], object]
    theirs: Callable[[Theirs], object]


class Ours:
    """Two generated lists with our diagrams."""

    def __init__(self, seed: int, count: int) -> None:
        self.filters = (generated_filter(seed, count), generated_filter(seed + 1000, count))
        self.space = HeaderSpace(4)
        self.permitted: list[int] = []

    def permit(self, which: int) -> int:
        compiler = FilterCompiler(self.space, Mode.CERTAIN)
        (found,) = compiler.permitted(self.filters[which], "in", "out")
        self.permitted.append(found.packets)
        return self._headers(found.packets)

    def common(self) -> int:
        return self._headers(self.space.intersection(*self.permitted))

    def dead(self) -> tuple[str, ...]:
        return tuple(self.filters[0].lines[index].label for index in unreachable_positions(self.filters[0]))

    def _headers(self, node: int) -> int:
        """Headers counted over the fields that oxidd has."""
        return self.space.count(node) * (1 << sum(WIDTHS)) // self.space.count(self.space.product([]))


class Theirs:
    """The same with oxidd."""

    def __init__(self, seed: int, count: int) -> None:
        self.filters = (generated_filter(seed, count), generated_filter(seed + 1000, count))
        self.engine = Binary()
        self.permitted: list[BCDDFunction] = []

    def permit(self, which: int) -> int:
        self.permitted.append(self.engine.permitted(self.filters[which]))
        return self._headers(self.permitted[-1])

    def common(self) -> int:
        return self._headers(self.permitted[0] & self.permitted[1])

    def dead(self) -> tuple[str, ...]:
        return tuple(self.engine.dead(self.filters[0]))

    def _headers(self, node: BCDDFunction) -> int:
        return int(node.sat_count(sum(WIDTHS)))


OPERATIONS = (
    Operation("permitted set", lambda one: one.permit(0), lambda one: one.permit(0)),
    Operation("permitted set of a second list", lambda one: one.permit(1), lambda one: one.permit(1)),
    Operation("what both permit", lambda one: one.common(), lambda one: one.common()),
    Operation("which lines are dead", lambda one: one.dead(), lambda one: one.dead()),
)


def compare(counts: Sequence[int], rounds: int) -> list[Row]:
    """Both engines in turn on the same lists, another pair of lists each round. Raises `DisagreementError`."""
    rows = []
    for count in counts:
        ours: dict[str, list[float]] = {one.what: [] for one in OPERATIONS}
        theirs: dict[str, list[float]] = {one.what: [] for one in OPERATIONS}
        explained: list[float] = []
        for seed in range(rounds):
            mine, other = Ours(seed, count), Theirs(seed, count)
            for operation in OPERATIONS:
                seconds, answer = timed(partial(operation.ours, mine))
                ours[operation.what].append(seconds)
                seconds, expected = timed(partial(operation.theirs, other))
                theirs[operation.what].append(seconds)
                if answer != expected:
                    raise DisagreementError(f"{operation.what}, {count} lines, seed {seed}: {answer} and {expected}")
            seconds, dead = timed(partial(dead_lines, mine.filters[0]))
            explained.append(seconds)
        for what, seconds in ours.items():
            ratio = statistics.median(left / right for left, right in zip(seconds, theirs[what], strict=True))
            says = f"{ratio:.2f} times oxidd ({statistics.median(theirs[what]):.3f} s)"
            rows.append(Row(f"{count:6} lines, {what}", tuple(seconds), says))
        fewest = sum(one.fewest for one in dead)
        says = f"{len(dead)}, and what hides each: for {fewest} surely the fewest lines; oxidd is not asked this"
        rows.append(Row(f"{count:6} lines, dead lines", tuple(explained), says))
    return rows


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

    def permitted(self, filter_: Filter) -> BCDDFunction:
        """First match wins, folded as a balanced tree, as our compiler does it."""
        leaves = []
        for line in filter_.lines:
            node = self.match(line.matches[0])
            leaves.append((node if line.action is Action.PERMIT else self.nothing, node))
        while len(leaves) > 1:
            folded = [
                (first | (second & ~seen), seen | later)
                for (first, seen), (second, later) in zip(leaves[::2], leaves[1::2], strict=False)
            ]
            leaves = folded + leaves[len(folded) * 2 :]
        return leaves[0][0]

    def dead(self, filter_: Filter) -> Iterator[str]:
        """Labels of lines inside the union of earlier ones: down a tree of unions, stopping where nothing was seen of a part."""
        levels = [[self.match(line.matches[0]) for line in filter_.lines]]
        while len(levels[-1]) > 1:
            below = levels[-1]
            levels.append(
                [below[i] | below[i + 1] if i + 1 < len(below) else below[i] for i in range(0, len(below), 2)]
            )
        waiting = [(len(levels) - 1, 0, self.nothing)]
        while waiting:
            depth, index, seen = waiting.pop()
            node = levels[depth][index]
            part = seen & node
            if depth == 0:
                if part == node:
                    yield filter_.lines[index].label
                continue
            left = 2 * index
            if left + 1 < len(levels[depth - 1]):
                waiting.append((depth - 1, left + 1, part | levels[depth - 1][left]))
            waiting.append((depth - 1, left, part))

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
