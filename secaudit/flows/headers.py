"""From a translated header back to what was sent, and to how people tell a flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import REMEMBERED, ZERO, Field, HeaderSpace

_Translations = tuple[tuple[Field, Field], ...]
_RECEIVER: _Translations = (
    (Field.ORIGINAL_DESTINATION, Field.DESTINATION),
    (Field.ORIGINAL_DESTINATION_PORT, Field.DESTINATION_PORT),
)
_SENDER: _Translations = (
    (Field.ORIGINAL_SOURCE, Field.SOURCE),
    (Field.ORIGINAL_SOURCE_PORT, Field.SOURCE_PORT),
)
"""Where a header keeps what a translation replaced."""


def as_flow(space: HeaderSpace, arrived: int) -> int:
    """Arrived packets told by the address and port that sent them and the address and port that got them."""
    return space.header_only(_told(space, arrived))


def as_flows(space: HeaderSpace, arrived: int) -> Mapping[int, int]:
    """The same by the zone number in which they started. All are translated back together: that costs hardly more than one of them."""
    return space.by_origin(_told(space, arrived))


def _told(space: HeaderSpace, arrived: int) -> int:
    return _as_before(space, arrived, _SENDER)


def as_sent(space: HeaderSpace, arrived: int) -> int:
    """The headers that were sent, with every translation undone."""
    return space.intersection(space.header_only(_untranslated(space, arrived)), space.valid)


def all_sent(space: HeaderSpace, arrived: int) -> Mapping[int, int]:
    """The same by the zone number in which they started."""
    by_origin = space.by_origin(_untranslated(space, arrived))
    return {origin: space.intersection(headers, space.valid) for origin, headers in by_origin.items()}


def _untranslated(space: HeaderSpace, arrived: int) -> int:
    return _as_before(space, arrived, (*_RECEIVER, *_SENDER))


def _as_before(space: HeaderSpace, arrived: int, translations: _Translations) -> int:
    plain, rest = _apart(space, arrived, translations)
    for original, field in translations:
        rest = _restored(space, rest, original, field)
    return space.union(plain, rest)


def _apart(space: HeaderSpace, arrived: int, translations: _Translations) -> tuple[int, int]:
    """The packets of which nothing was translated, in most networks nearly all, and the others."""
    if all(space.is_zero(arrived, original) for original, _ in translations):
        return arrived, EMPTY
    plain = space.intersection(arrived, space.product([(original, ZERO) for original, _ in translations]))
    return plain, space.difference(arrived, plain)


def arrived_as(space: HeaderSpace, arrived: int, flow: int) -> int:
    """The arrived packets that belong to a flow (a set in the form of `as_flow`)."""
    return _among(space, arrived, flow, _SENDER)


def sent_among(space: HeaderSpace, arrived: int, sent: int) -> int:
    """The arrived packets whose sent headers (in the form of `as_sent`) are in a set."""
    return _among(space, arrived, sent, (*_RECEIVER, *_SENDER))


def _among(space: HeaderSpace, arrived: int, before: int, translations: _Translations) -> int:
    plain, rest = _apart(space, arrived, translations)
    parts = [(rest, before)]
    for original, field in translations:
        parts = [
            part for packets, wanted in parts for part in _where_sent(space, packets, wanted, field, original)
        ]  # fmt: skip
    inside = [space.intersection(packets, wanted) for packets, wanted in parts]
    return space.union_all([space.intersection(plain, before), *inside])


def _where_sent(
    space: HeaderSpace, arrived: int, flow: int, field: Field, original: Field
) -> Iterator[tuple[int, int]]:
    """Arrived packets split by whether a field was translated, each with the flow told by the field that then holds what was sent."""
    parts = space.translated(arrived, original)
    if parts.untouched != EMPTY:
        yield parts.untouched, flow
    if parts.replaced != EMPTY:
        yield parts.replaced, space.move_down(flow, field, original, ((0, space.maxima[field]),), REMEMBERED)
    for distance, moved in parts.moved:
        yield moved, space.shift(flow, field, distance)


def _restored(space: HeaderSpace, packets: int, original: Field, field: Field) -> int:
    before = space.translated(packets, original)
    parts = [before.untouched, space.move_up(before.replaced, original, field, REMEMBERED)]
    for distance, moved in before.moved:
        parts.append(space.shift(space.assign(moved, original, ZERO), field, -distance))
    return space.union_all(parts)
