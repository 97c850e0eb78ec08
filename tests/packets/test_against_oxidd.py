"""Our diagrams against an independent implementation (binary decision diagrams of oxidd) on full headers."""

from __future__ import annotations

import random

import pytest
from oxidd.bcdd import BCDDFunction, BCDDManager

from secaudit.network.intervals import Intervals, normalise
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import Field, HeaderSpace

BITS = {
    Field.DESTINATION: 32,
    Field.SOURCE: 32,
    Field.PROTOCOL: 8,
    Field.DESTINATION_PORT: 16,
    Field.SOURCE_PORT: 16,
}
Line = tuple[bool, dict[Field, Intervals]]


class BinaryDiagrams:
    """The same headers, one variable a bit, most significant first."""

    def __init__(self) -> None:
        self.manager = BCDDManager(1 << 21, 1 << 18, 1)
        self.manager.add_vars(sum(BITS.values()))
        self.variables: dict[Field, list[BCDDFunction]] = {}
        position = 0
        for field, width in BITS.items():
            self.variables[field] = [self.manager.var(position + i) for i in range(width)]
            position += width

    def at_most(self, field: Field, bound: int) -> BCDDFunction:
        result = self.manager.true()
        for index, variable in enumerate(reversed(self.variables[field])):
            result = (~variable) | result if bound >> index & 1 else (~variable) & result
        return result

    def interval(self, field: Field, low: int, high: int) -> BCDDFunction:
        upper = self.at_most(field, high)
        return upper if low == 0 else upper & ~self.at_most(field, low - 1)

    def constraints(self, wanted: dict[Field, Intervals]) -> BCDDFunction:
        result = self.manager.true()
        for field, intervals in wanted.items():
            part = self.manager.false()
            for low, high in intervals:
                part = part | self.interval(field, low, high)
            result = result & part
        return result


def random_lines(seed: int, count: int) -> list[Line]:
    rng = random.Random(seed)
    lines = []
    for _ in range(count):
        wanted: dict[Field, Intervals] = {}
        for field in (Field.DESTINATION, Field.SOURCE):
            if rng.random() < 0.8:
                length = rng.choice((8, 16, 24, 32))
                base = rng.choice((0x0A000000, 0x0A010000, 0xAC100000)) | rng.getrandbits(10)
                size = 1 << (32 - length)
                wanted[field] = ((base // size * size, base // size * size + size - 1),)
        if rng.random() < 0.8:
            protocol = rng.choice((1, 6, 17))
            wanted[Field.PROTOCOL] = ((protocol, protocol),)
        for field in (Field.DESTINATION_PORT, Field.SOURCE_PORT):
            if rng.random() < 0.5:
                low = rng.choice((0, 22, 80, 443, 1024))
                wanted[field] = normalise([(low, low + rng.choice((0, 10, 1000))), (8000, 8000 + rng.choice((0, 80)))])
        lines.append((rng.random() < 0.7, wanted))
    return lines


@pytest.mark.parametrize("seed", range(12))
def test_same_permitted_set_as_binary_decision_diagrams(seed: int) -> None:
    lines = random_lines(seed, 40)
    space = HeaderSpace(4)
    other = BinaryDiagrams()
    ours, seen = EMPTY, EMPTY
    theirs, theirs_seen = other.manager.false(), other.manager.false()
    for permit, wanted in lines:
        node = space.product([(int(field), intervals) for field, intervals in wanted.items()])
        function = other.constraints(wanted)
        if permit:
            ours = space.union(ours, space.difference(node, seen))
            theirs = theirs | (function & ~theirs_seen)
        seen = space.union(seen, node)
        theirs_seen = theirs_seen | function
    scale = space.count(space.product([])) >> sum(BITS.values())
    assert space.count(ours) == _models(theirs) * scale
    rebuilt = other.manager.false()
    for box in space.boxes(ours):
        rebuilt = rebuilt | other.constraints({field: box[field] for field in BITS})
    assert rebuilt == theirs


def _models(function: BCDDFunction) -> int:
    return int(function.sat_count(sum(BITS.values())))
