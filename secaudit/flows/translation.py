"""Address and port translation of whole packet sets.

What a field was before is kept beside it (`packets.originals`). Several new values (a pool, a hash) are over-approximated as "any value of
the pool".
"""

from __future__ import annotations

from secaudit.network.intervals import Intervals, normalise
from secaudit.network.matches import PROTOCOLS_WITH_PORTS, Match
from secaudit.network.nat import Translation, TranslationKind
from secaudit.packets.originals import move_values, moved_back, replace_values, translated
from secaudit.packets.space import ZERO, Field, HeaderSpace

_PORTED: Intervals = normalise((p, p) for p in PROTOCOLS_WITH_PORTS)


class Translator:
    """Translates sets of one header space."""

    def __init__(self, space: HeaderSpace) -> None:
        self._space = space

    def source(self, packets: int, translation: Translation, matches: tuple[Match, ...], own: Intervals) -> int:
        """New source address and port. `own` are the addresses an INTERFACE translation can take."""
        first = matches[0].sources[0][0] if matches else 0
        moved = self._address(packets, Field.SOURCE, translation, first, own)
        return self._port(moved, Field.SOURCE_PORT, translation, _first_port(matches, source=True))

    def destination(self, packets: int, translation: Translation, matches: tuple[Match, ...]) -> int:
        """New destination address and port."""
        first = matches[0].destinations[0][0] if matches else 0
        moved = self._address(packets, Field.DESTINATION, translation, first, ())
        return self._port(moved, Field.DESTINATION_PORT, translation, _first_port(matches, source=False))

    def mark(self, packets: int, mark: int) -> int:
        """Leaves a mark for the filters of the same device."""
        return self._space.assign(packets, Field.MARK, ((mark, mark),)) if mark else packets

    def unmark(self, packets: int) -> int:
        """Removes the mark when the packet leaves the device."""
        return self._space.assign(packets, Field.MARK, ZERO)

    def _replace(self, packets: int, field: Field, values: Intervals) -> int:
        """Any of the new values; the first value that a field had is kept, a second translation does not change what is remembered."""
        space = self._space
        before = translated(space, packets, field)
        parts = [replace_values(space, before.untouched, field, values), space.assign(before.replaced, field, values)]
        for distance, moved in before.moved:
            parts.append(replace_values(space, moved_back(space, moved, field, distance), field, values))
        return space.union_all(parts)

    def _move(self, packets: int, field: Field, distance: int) -> int:
        """The value plus a distance, so that what it was still follows from what it is."""
        space = self._space
        before = translated(space, packets, field)
        parts = [move_values(space, before.untouched, field, distance), space.shift(before.replaced, field, distance)]
        for already, moved in before.moved:
            parts.append(move_values(space, moved_back(space, moved, field, already), field, already + distance))
        return space.union_all(parts)

    def _address(self, packets: int, field: Field, translation: Translation, first: int, own: Intervals) -> int:
        if translation.kind is TranslationKind.INTERFACE:
            return self._replace(packets, field, own) if own else packets
        if translation.addresses is None:
            return packets
        if translation.kind is TranslationKind.POOL:
            return self._replace(packets, field, (translation.addresses,))
        return self._move(packets, field, translation.addresses[0] - first)

    def _port(self, packets: int, field: Field, translation: Translation, first: int) -> int:
        space = self._space
        if translation.ports is None:
            return packets
        ported = space.intersection(packets, space.guard(Field.PROTOCOL, _PORTED))
        others = space.difference(packets, ported)
        if translation.ports_shift:
            ported = self._move(ported, field, translation.ports[0] - first)
        else:
            ported = self._replace(ported, field, (translation.ports,))
        return space.union(ported, others)


def _first_port(matches: tuple[Match, ...], *, source: bool) -> int:
    if not matches or not matches[0].services:
        return 0
    service = matches[0].services[0]
    return (service.source_ports if source else service.destination_ports)[0][0]
