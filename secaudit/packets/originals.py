"""What a field was before translation: kept beside it, so that a flow can be told by the address that sent it and the one that got it.

A value that a pool or an interface replaced is kept as it was, because the new one tells nothing about it. Of a one-to-one translation the
*distance* is kept: the old value is the new one less that, so a later filter on the new value still tells the old ones apart (a set of
ranges cannot hold "old = new - 5" in another way).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from secaudit.network.intervals import Intervals, normalise
from secaudit.packets.diagrams import EMPTY, TooComplexError
from secaudit.packets.partition import Partition, split
from secaudit.packets.space import SHIFTS, Field, HeaderSpace

TRANSLATABLE = (Field.DESTINATION, Field.DESTINATION_PORT, Field.SOURCE, Field.SOURCE_PORT)
"""The fields that a translation may change. What each was is told by the next field."""
_BITS = {field: 1 << number for number, field in enumerate(TRANSLATABLE)}
_REPLACED = -1
"""A label of `translated`, beside the numbers of the distances."""


@dataclass(frozen=True, slots=True)
class Translated:
    """The parts of a set: whose field no translation touched, whose old values are kept as they were, and by distance what was moved one to one."""

    untouched: int
    replaced: int
    moved: tuple[tuple[int, int], ...]


def untouched(space: HeaderSpace, fields: Sequence[Field]) -> int:
    """The packets none of whose fields were translated."""
    bits = sum(_BITS[field] for field in fields)
    return space.guard(Field.TRANSLATED, normalise((one, one) for one in range(16) if not one & bits))


def translated(space: HeaderSpace, packets: int, field: Field) -> Translated:
    """A set cut by what translations did to one field."""
    plain = space.intersection(packets, untouched(space, (field,)))
    rest = space.difference(packets, plain)
    if rest == EMPTY:
        return Translated(plain, EMPTY, ())
    numbers = space.known_distances
    parts = [(_REPLACED, ((0, space.maxima[field]),)), *((one, _kept(space, field, one)) for one in numbers.values())]
    found = split(space, rest, field + 1, Partition(parts))
    moved = ((distance, found[number]) for distance, number in numbers.items() if number in found)
    return Translated(plain, found.get(_REPLACED, EMPTY), tuple(moved))


def replace_values(space: HeaderSpace, packets: int, field: Field, values: Intervals) -> int:
    """Untouched packets with any of some values; what the field was is kept."""
    return _flagged(space, keep_values(space, packets, field, values), field)


def keep_values(space: HeaderSpace, packets: int, field: Field, values: Intervals) -> int:
    """The same for a set that says nothing of translations."""
    return space.hand_down(packets, field, values)


def move_values(space: HeaderSpace, packets: int, field: Field, distance: int) -> int:
    """Untouched packets with the field moved one to one. Raises `TooComplexError` for too many different distances."""
    if distance == 0:
        return packets
    number = space.known_distances.setdefault(distance, len(space.known_distances))
    if number >= SHIFTS:
        raise TooComplexError(f"more than {SHIFTS} distances of one-to-one translation")
    kept = space.assign(space.shift(packets, field, distance), field + 1, _kept(space, field, number))
    return _flagged(space, kept, field)


def restored(space: HeaderSpace, packets: int, field: Field) -> int:
    """Packets with the field as it was when they were sent."""
    before = translated(space, packets, field)
    parts = [before.untouched]
    if before.replaced != EMPTY:
        parts.append(_unflagged(space, space.hand_up(before.replaced, field), field))
    parts += (moved_back(space, moved, field, distance) for distance, moved in before.moved)
    return space.union_all(parts)


def moved_back(space: HeaderSpace, packets: int, field: Field, distance: int) -> int:
    """Packets that were moved one to one by a distance, as they were before."""
    return space.shift(_unflagged(space, space.forget(packets, field + 1), field), field, -distance)


def value_before(space: HeaderSpace, values: Sequence[int], field: Field) -> int:
    """What a field was before translation, of one concrete packet."""
    kept = values[field + 1]
    if not values[Field.TRANSLATED] & _BITS[field]:
        return values[field]
    number = kept - space.maxima[field] - 1
    if number < 0:
        return kept
    return values[field] - next(one for one, known in space.known_distances.items() if known == number)


def _kept(space: HeaderSpace, field: Field, number: int) -> Intervals:
    """What is kept of a field that was moved by the distance of a number."""
    value = space.maxima[field] + 1 + number
    return ((value, value),)


def _flagged(space: HeaderSpace, packets: int, field: Field) -> int:
    return space.shift(packets, Field.TRANSLATED, _BITS[field])


def _unflagged(space: HeaderSpace, packets: int, field: Field) -> int:
    return space.shift(packets, Field.TRANSLATED, -_BITS[field])
