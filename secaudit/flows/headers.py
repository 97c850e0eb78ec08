"""From a translated header back to what was sent, and to how people tell a flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from secaudit.packets.diagrams import EMPTY
from secaudit.packets.originals import keep_values, restored, translated, untouched
from secaudit.packets.space import Field, HeaderSpace

_Fields = tuple[Field, ...]
_RECEIVER: _Fields = (Field.DESTINATION, Field.DESTINATION_PORT)
_SENDER: _Fields = (Field.SOURCE, Field.SOURCE_PORT)


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


def _as_before(space: HeaderSpace, arrived: int, fields: _Fields) -> int:
    plain = space.intersection(arrived, untouched(space, fields))
    rest = space.difference(arrived, plain)  # in most networks little
    for field in fields if rest != EMPTY else ():
        rest = restored(space, rest, field)
    return space.union(plain, rest)


def arrived_as(space: HeaderSpace, arrived: int, flow: int) -> int:
    """The arrived packets that belong to a flow (a set in the form of `as_flow`)."""
    return _among(space, arrived, flow, _SENDER)


def sent_among(space: HeaderSpace, arrived: int, sent: int) -> int:
    """The arrived packets whose sent headers (in the form of `as_sent`) are in a set."""
    return _among(space, arrived, sent, (*_RECEIVER, *_SENDER))


def _among(space: HeaderSpace, arrived: int, before: int, fields: _Fields) -> int:
    plain = space.intersection(arrived, untouched(space, fields))
    parts = [(space.difference(arrived, plain), before)]
    for field in fields:
        parts = [part for packets, wanted in parts for part in _where_sent(space, packets, wanted, field)]
    inside = [space.intersection(packets, wanted) for packets, wanted in parts]
    return space.union_all([space.intersection(plain, before), *inside])


def _where_sent(space: HeaderSpace, arrived: int, flow: int, field: Field) -> Iterator[tuple[int, int]]:
    """Arrived packets split by whether a field was translated, each with the flow told by the field that then holds what was sent."""
    parts = translated(space, arrived, field)
    if parts.untouched != EMPTY:
        yield parts.untouched, flow
    if parts.replaced != EMPTY:
        yield parts.replaced, keep_values(space, flow, field, ((0, space.maxima[field]),))
    for distance, moved in parts.moved:
        yield moved, space.shift(flow, field, distance)
