"""Translations one after the other, against the same done to every single packet of small sets."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from secaudit.flows.headers import all_sent, arrived_as, as_flow, as_flows, as_sent, sent_among
from secaudit.flows.translation import Translator
from secaudit.network.matches import Match, Service
from secaudit.network.nat import Translation, TranslationKind
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HEADER_FIELDS, Field, HeaderSpace

Header = tuple[int, int, int, int, int]
"""Destination, source, destination port, source port, protocol."""
Way = tuple[Header, Header, int]
"""A packet as it is now, as it was sent, and its origin."""
FIRST = (10, 30, 80, 100)
SIZE = (12, 12, 4, 4)
GRE = 47


@dataclass(frozen=True)
class Box:
    """Small intervals of every field."""

    spans: tuple[tuple[int, int], ...]
    protocol: int

    def headers(self) -> set[Header]:
        found = {(0, 0, 0, 0, self.protocol)}
        for place, (low, high) in enumerate(self.spans):
            values = range(low, high + 1) if place < 2 or self.protocol != GRE else (0,)
            found = {(*one[:place], value, *one[place + 1 :]) for one in found for value in values}  # type: ignore[misc]
        return found

    def holds(self, header: Header) -> bool:
        """Whether the addresses of a header are inside."""
        return all(low <= value <= high for (low, high), value in zip(self.spans[:2], header[:2], strict=True))


def box(rng: random.Random) -> Box:
    lows = [first + rng.randrange(size) for first, size in zip(FIRST, SIZE, strict=True)]
    spans = tuple(
        (low, min(first + size - 1, low + rng.randrange(5))) for low, first, size in zip(lows, FIRST, SIZE, strict=True)
    )
    return Box(spans, rng.choice((6, 17, GRE)))


def nodes(space: HeaderSpace, headers: set[Header]) -> int:
    def one(header: Header) -> int:
        destination, source, to, came, protocol = header
        values = (destination, source, protocol, to, came, 0, 0, 2 if protocol == 6 else 0)
        fields = sorted(HEADER_FIELDS)
        return space.product([(level, ((value, value),)) for level, value in zip(fields, values, strict=True)])

    return space.union_all(one(header) for header in headers)


def flow(now: Header, sent: Header) -> Header:
    return (now[0], sent[1], now[2], sent[3], now[4])


def translated(header: Header, place: int, rule: Translation, first: int, first_port: int) -> set[Header]:
    """All that a packet may become; `place` is 0 for the destination, 1 for the source."""
    addresses = [header[place]]
    if rule.addresses is not None:
        low, high = rule.addresses
        pool = rule.kind is TranslationKind.POOL
        addresses = list(range(low, high + 1)) if pool else [header[place] + low - first]
    ports = [header[place + 2]]
    if rule.ports is not None and header[4] != GRE:
        low, high = rule.ports
        ports = [header[place + 2] + low - first_port] if rule.ports_shift else list(range(low, high + 1))
    found = set()
    for address in addresses:
        for port in ports:
            fields = list(header)
            fields[place], fields[place + 2] = address, port
            found.add((fields[0], fields[1], fields[2], fields[3], fields[4]))
    return found


def random_rule(rng: random.Random, place: int) -> Translation:
    low = FIRST[place] + rng.randrange(8)
    addresses = (low, low + rng.randrange(3)) if rng.random() < 0.85 else None
    port = FIRST[place + 2] + rng.randrange(-1, 4)
    ports = rng.choice((None, None, (port, port + 1)))
    kind = rng.choice((TranslationKind.SHIFT, TranslationKind.SHIFT, TranslationKind.POOL))
    return Translation(kind, addresses, ports, ports is not None and rng.random() < 0.5)


def some_translations(rng: random.Random, space: HeaderSpace) -> tuple[int, set[Way]]:
    """Packets of two origins after up to four rules, each for a part of them: as a set, and one by one."""
    translator = Translator(space)
    ways: set[Way] = set()
    packets = EMPTY
    for origin in (1, 2):
        headers = box(rng).headers()
        ways |= {(header, header, origin) for header in headers}
        limits = space.intersection(space.untouched, space.guard(Field.ORIGIN, ((origin, origin),)))
        packets = space.union(packets, space.intersection(nodes(space, headers), limits))
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(2)
        hit, rule = box(rng), random_rule(rng, place)
        rest: set[Way] = set() if rng.random() < 0.3 else {way for way in ways if not hit.holds(way[0])}
        taken = space.intersection(packets, space.between((hit.spans[1],), (hit.spans[0],)))
        left = space.difference(packets, taken) if rest else EMPTY
        services = (Service(((0, 255),), ((80, 65535),), ((100, 65535),)),)
        matches = (Match(4, (hit.spans[1],), (hit.spans[0],), services),)
        moved = translator.source(taken, rule, matches, ()) if place else translator.destination(taken, rule, matches)
        ways = rest | {
            (new, sent, origin)
            for now, sent, origin in ways
            if hit.holds(now)
            for new in translated(now, place, rule, hit.spans[place][0], FIRST[place + 2])
        }
        packets = space.union(moved, left)
    return packets, ways


@pytest.mark.parametrize("seed", range(60))
def test_every_question_about_translated_packets(seed: int) -> None:
    rng = random.Random(seed)
    space = HeaderSpace(4)
    packets, ways = some_translations(rng, space)

    def headers(node: int) -> int:
        return space.forget(space.header_only(node), Field.ORIGIN)

    assert headers(packets) == nodes(space, {now for now, _, _ in ways})
    assert as_sent(space, packets) == nodes(space, {sent for _, sent, _ in ways})
    for origin in (1, 2):
        own = {way for way in ways if way[2] == origin}
        assert all_sent(space, packets).get(origin, EMPTY) == nodes(space, {sent for _, sent, _ in own})
        assert as_flows(space, packets).get(origin, EMPTY) == nodes(space, {flow(now, sent) for now, sent, _ in own})
    wanted = {sent for _, sent, _ in ways if rng.random() < 0.5}
    among = sent_among(space, packets, nodes(space, wanted))
    assert headers(among) == nodes(space, {now for now, sent, _ in ways if sent in wanted})
    assert as_sent(space, among) == nodes(space, wanted)
    flows = {flow(now, sent) for now, sent, _ in ways if rng.random() < 0.5}
    chosen = arrived_as(space, packets, nodes(space, flows))
    assert headers(as_flow(space, chosen)) == nodes(space, flows)
    assert as_sent(space, chosen) == nodes(space, {sent for now, sent, _ in ways if flow(now, sent) in flows})
