"""What stands between zones without being a router: switches nobody submitted that carry several zones, and hosts in several zones.

Such a thing may pass frames or packets on as they are (a VLAN on the wrong port, a host that forwards). What it does is not known, so it
counts for what is possible only: everything between its zones, and senders of one of them on the wires of the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from secaudit.flows.beyond import Addresses, Attached, Beyond
from secaudit.flows.topology import Port
from secaudit.network.device import Doubt
from secaudit.network.intervals import Intervals, IPNetwork, normalise, of_networks
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text

_FAMILIES: tuple[Family, Family] = (4, 6)

Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class Crossing:
    """A possible way between zones. `zones` it touches (empty = perhaps all), `addresses` with which it may send itself.

    `device` is its name where declared links may say more about the zones it touches. `reason` is the reason code of results that hang
    on it, `need` what would settle it.
    """

    zones: tuple[str, ...]
    doubt: Doubt
    reason: str
    need: Text
    addresses: tuple[IPNetwork, ...] = ()
    device: str = ""

    def pairs(self, known: Iterable[str], linked: Iterable[str] = ()) -> Iterator[Pair]:
        """The pairs of zones that it may connect; `linked` are zones to which it is linked whatever is stated."""
        touched = set(known) & {*self.zones, *linked} if self.zones else set(known)
        return (frozenset(pair) for pair in combinations(sorted(touched), 2))


def connected_pairs(joined: Mapping[Pair, Sequence[Doubt]]) -> dict[Pair, tuple[Doubt, ...]]:
    """All pairs of zones that are connected by some that are joined, one after the other, with the doubts on a shortest way."""
    beside: dict[str, dict[str, Sequence[Doubt]]] = {}
    for pair, doubts in joined.items():
        for zone in pair:
            beside.setdefault(zone, {}).update(dict.fromkeys(pair - {zone}, doubts))
    found = {}
    for start in sorted(beside):
        ways: dict[str, tuple[Doubt, ...]] = {start: ()}
        waiting = deque([start])
        while waiting:
            zone = waiting.popleft()
            for other, doubts in sorted(beside[zone].items()):
                if other not in ways:
                    ways[other] = (*ways[zone], *doubts)
                    waiting.append(other)
        found.update({frozenset((start, zone)): doubts for zone, doubts in ways.items() if zone > start})
    return found


def senders_across(
    crossings: Sequence[Crossing],
    connected: Mapping[Pair, Sequence[Doubt]],
    addresses: Mapping[str, Addresses],
    attachments: Mapping[Port, Sequence[Attached]],
) -> Iterator[Beyond]:
    """Hosts of a zone that may send on the wires of another one, with their own addresses or those of what is between."""
    for port, held in attachments.items():
        for here in sorted({one.zone for one in held}):
            for zone in sorted(addresses):
                doubts = connected.get(frozenset((zone, here)), ())
                between = [one for one in crossings if one.doubt in doubts]
                if zone != here and between:
                    sent = {family: _with(addresses[zone][family], between, family) for family in _FAMILIES}
                    yield Beyond(port, zone, sent, between[0].doubt)


def _with(spans: Intervals, crossings: Iterable[Crossing], family: Family) -> Intervals:
    own = of_networks(net for crossing in crossings for net in crossing.addresses if net.version == family)
    return normalise((*spans, *own))
