"""Address and port translation of whole packet sets.

What a field was before is kept in the `ORIGINAL_*` fields, so that a flow can be told by the address that sent it and the address that got
it. Several new values (a pool, a hash) are over-approximated as "any value of the pool".
"""

from __future__ import annotations

from secaudit.network.intervals import Intervals, normalise
from secaudit.network.matches import PROTOCOLS_WITH_PORTS, Match
from secaudit.network.nat import Translation, TranslationKind
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import REMEMBERED, ZERO, Field, HeaderSpace

_PORTED: Intervals = normalise((p, p) for p in PROTOCOLS_WITH_PORTS)


class Translator:
    """Translates sets of one header space."""

    def __init__(self, space: HeaderSpace) -> None:
        self._space = space

    def source(self, packets: int, translation: Translation, matches: tuple[Match, ...], own: Intervals) -> int:
        """New source address and port. `own` are the addresses an INTERFACE translation can take."""
        kept = self._remember(packets, Field.SOURCE, Field.ORIGINAL_SOURCE)
        if translation.ports is not None:
            kept = self._remember(kept, Field.SOURCE_PORT, Field.ORIGINAL_SOURCE_PORT)
        first = matches[0].sources[0][0] if matches else 0
        moved = self._address(kept, Field.SOURCE, translation, first, own)
        first_port = _first_port(matches, source=True)
        return self._port(moved, Field.SOURCE_PORT, translation, first_port)

    def destination(self, packets: int, translation: Translation, matches: tuple[Match, ...]) -> int:
        """New destination address and port."""
        kept = self._remember(packets, Field.DESTINATION, Field.ORIGINAL_DESTINATION)
        if translation.ports is not None:
            kept = self._remember(kept, Field.DESTINATION_PORT, Field.ORIGINAL_DESTINATION_PORT)
        first = matches[0].destinations[0][0] if matches else 0
        moved = self._address(kept, Field.DESTINATION, translation, first, ())
        return self._port(moved, Field.DESTINATION_PORT, translation, _first_port(matches, source=False))

    def mark(self, packets: int, mark: int) -> int:
        """Leaves a mark for the filters of the same device."""
        return self._space.assign(packets, Field.MARK, ((mark, mark),)) if mark else packets

    def unmark(self, packets: int) -> int:
        """Removes the mark when the packet leaves the device."""
        return self._space.assign(packets, Field.MARK, ZERO)

    def _remember(self, packets: int, field: Field, original: Field) -> int:
        """Keeps the first value a field had; a second translation does not change what is remembered."""
        space = self._space
        fresh = space.intersection(packets, space.guard(original, ZERO))
        translated = space.difference(packets, fresh)
        return (
            space.union(space.copy_field(fresh, field, original, REMEMBERED), translated) if fresh != EMPTY else packets
        )

    def _address(self, packets: int, field: Field, translation: Translation, first: int, own: Intervals) -> int:
        space = self._space
        match translation.kind:
            case TranslationKind.INTERFACE:
                return space.assign(packets, field, own) if own else packets
            case TranslationKind.POOL:
                return (
                    packets if translation.addresses is None else space.assign(packets, field, (translation.addresses,))
                )
            case TranslationKind.SHIFT:
                if translation.addresses is None:
                    return packets
                return space.shift(packets, field, translation.addresses[0] - first)

    def _port(self, packets: int, field: Field, translation: Translation, first: int) -> int:
        space = self._space
        if translation.ports is None:
            return packets
        ported = space.intersection(packets, space.guard(Field.PROTOCOL, _PORTED))
        others = space.difference(packets, ported)
        if translation.ports_shift:
            ported = space.shift(ported, field, translation.ports[0] - first)
        else:
            ported = space.assign(ported, field, (translation.ports,))
        return space.union(ported, others)


def _first_port(matches: tuple[Match, ...], *, source: bool) -> int:
    if not matches or not matches[0].services:
        return 0
    service = matches[0].services[0]
    return (service.source_ports if source else service.destination_ports)[0][0]
