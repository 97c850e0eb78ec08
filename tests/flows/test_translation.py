"""Translation of packet sets: from what arrives back to exactly what was sent."""

from __future__ import annotations

import ipaddress

from secaudit.flows.headers import arrived_as, as_flow, as_sent
from secaudit.flows.translation import Translator
from secaudit.network.intervals import Interval
from secaudit.network.matches import ANY_SERVICE, Match, Service
from secaudit.network.nat import Translation, TranslationKind
from secaudit.packets.space import Field, HeaderSpace

OUTSIDE, INSIDE, FAR = "192.0.2.64", "10.1.0.64", "172.16.0.0"
HOSTS = 16


def span(first: str, count: int = HOSTS) -> Interval:
    low = int(ipaddress.ip_address(first))
    return low, low + count - 1


def to(first: str, service: Service = ANY_SERVICE) -> tuple[Match, ...]:
    return (Match(4, ((0, 2**32 - 1),), (span(first),), (service,)),)


def sent_to(space: HeaderSpace, first: str) -> int:
    wanted = space.intersection(space.valid, space.matches(to(first)))
    return space.intersection(wanted, space.untouched)


def one_to_one(first: str) -> Translation:
    return Translation(TranslationKind.SHIFT, span(first))


def only(space: HeaderSpace, node: int, field: Field, value: int) -> int:
    return space.intersection(node, space.guard(field, ((value, value),)))


def test_a_filter_behind_a_one_to_one_translation_picks_one_host_and_no_other() -> None:
    space = HeaderSpace(4)
    packets = sent_to(space, OUTSIDE)
    moved = Translator(space).destination(packets, one_to_one(INSIDE), to(OUTSIDE))
    picked = only(space, moved, Field.DESTINATION, span(INSIDE)[0] + 5)
    assert as_sent(space, picked) == only(space, as_sent(space, packets), Field.DESTINATION, span(OUTSIDE)[0] + 5)


def test_two_one_to_one_translations_add_up_and_back_again_is_none() -> None:
    space = HeaderSpace(4)
    packets = sent_to(space, OUTSIDE)
    translator = Translator(space)
    once = translator.destination(packets, one_to_one(INSIDE), to(OUTSIDE))
    twice = translator.destination(once, one_to_one(FAR), to(INSIDE))
    picked = only(space, twice, Field.DESTINATION, span(FAR)[0] + 3)
    assert as_sent(space, picked) == only(space, as_sent(space, packets), Field.DESTINATION, span(OUTSIDE)[0] + 3)
    assert translator.destination(once, one_to_one(OUTSIDE), to(INSIDE)) == packets


def test_a_pool_behind_a_one_to_one_translation_keeps_the_first_address() -> None:
    space = HeaderSpace(4)
    packets = sent_to(space, OUTSIDE)
    translator = Translator(space)
    picked = only(
        space,
        translator.destination(packets, one_to_one(INSIDE), to(OUTSIDE)),
        Field.DESTINATION,
        span(INSIDE)[0] + 5,
    )
    pooled = translator.destination(picked, Translation(TranslationKind.POOL, span(FAR, 1)), to(INSIDE))
    assert as_sent(space, pooled) == only(space, as_sent(space, packets), Field.DESTINATION, span(OUTSIDE)[0] + 5)
    moved = translator.destination(pooled, one_to_one(INSIDE), to(FAR))
    assert as_sent(space, moved) == as_sent(space, pooled)


def test_shifted_ports_are_told_apart_too() -> None:
    space = HeaderSpace(4)
    service = Service(((6, 6),), destination_ports=((8000, 8009),))
    packets = space.intersection(sent_to(space, OUTSIDE), space.matches(to(OUTSIDE, service)))
    translation = Translation(TranslationKind.POOL, span(INSIDE, 1), (80, 89), ports_shift=True)
    moved = Translator(space).destination(packets, translation, to(OUTSIDE, service))
    picked = only(space, moved, Field.DESTINATION_PORT, 83)
    assert as_sent(space, picked) == only(space, as_sent(space, packets), Field.DESTINATION_PORT, 8003)


def test_a_flow_is_told_by_its_sender_and_found_again_among_what_arrived() -> None:
    space = HeaderSpace(4)
    matches = (Match(4, (span(INSIDE),), ((0, 2**32 - 1),)),)
    packets = space.intersection(space.intersection(space.valid, space.matches(matches)), space.untouched)
    moved = Translator(space).source(packets, one_to_one(OUTSIDE), matches, ())
    picked = only(space, moved, Field.SOURCE, span(OUTSIDE)[0] + 7)
    flow = as_flow(space, picked)
    assert flow == only(space, space.header_only(packets), Field.SOURCE, span(INSIDE)[0] + 7)
    assert arrived_as(space, moved, flow) == picked
