"""Packet sets as people read them: which boxes, and how many are left out."""

from __future__ import annotations

import ipaddress

import pytest

from secaudit.network.intervals import Intervals, of_networks
from secaudit.network.matches import Match, Service
from secaudit.packets.diagrams import EMPTY, FULL
from secaudit.packets.sets import PacketSet, Spaces
from secaudit.packets.space import Field

TCP: Intervals = ((6, 6),)


def to_hosts(count: int, first: str = "10.9.0.1") -> list[Match]:
    """One TCP port of its own to each of some hosts, so that every host is a box."""
    start = ipaddress.ip_address(first)
    sources = of_networks([ipaddress.ip_network("10.1.0.0/24" if start.version == 4 else "2001:db8:1::/64")])
    return [
        Match(
            4 if start.version == 4 else 6,
            sources,
            of_networks([ipaddress.ip_network(start + number)]),
            (Service(TCP, destination_ports=((1000 + number, 1000 + number),)),),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("limit", [0, 1, 3, 4, 6, 7, 50])
def test_what_is_not_shown_is_counted_over_both_families(limit: int) -> None:
    packets = Spaces().of_matches([*to_hosts(4), *to_hosts(3, "2001:db8:9::1")])
    boxes, rest = packets.boxes_and_rest(limit)
    assert boxes == packets.boxes(limit)
    assert [str(box) for box in boxes] == [
        "10.1.0.0/24 → 10.9.0.1 tcp/1000",
        "10.1.0.0/24 → 10.9.0.2 tcp/1001",
        "10.1.0.0/24 → 10.9.0.3 tcp/1002",
        "10.1.0.0/24 → 10.9.0.4 tcp/1003",
        "2001:db8:1::/64 → 2001:db8:9::1 tcp/1000",
        "2001:db8:1::/64 → 2001:db8:9::2 tcp/1001",
        "2001:db8:1::/64 → 2001:db8:9::3 tcp/1002",
    ][:limit]
    assert rest == max(0, 7 - limit)


def test_counting_ends_at_ten_thousand_boxes_in_all() -> None:
    packets = Spaces().of_matches([*to_hosts(9_998), *to_hosts(5, "2001:db8:9::1")])
    boxes, rest = packets.boxes_and_rest(20)
    assert (len(boxes), rest) == (20, 9_980)


def test_an_empty_set_has_no_box() -> None:
    assert Spaces().nothing.boxes_and_rest(20) == ((), 0)


def test_fields_that_say_nothing_to_a_reader_cut_no_box_apart() -> None:
    spaces = Spaces()
    plain = spaces.of_matches(to_hosts(2))
    space = spaces[4]
    flags = space.guard(Field.TCP_FLAGS, ((2, 2), (16, 17)))
    marked = space.product([(Field.MARK, ((1, 1),)), (Field.ORIGINAL_SOURCE, ((7, 9),)), (Field.ORIGIN, ((3, 3),))])
    narrowed = PacketSet(spaces, space.intersection(space.intersection(plain.ipv4, flags), marked), EMPTY)
    assert narrowed.ipv4 != plain.ipv4
    assert narrowed.boxes_and_rest(1) == plain.boxes_and_rest(1)


def test_everything_is_one_box() -> None:
    spaces = Spaces()
    boxes, rest = PacketSet(spaces, FULL, EMPTY).boxes_and_rest(20)
    assert ([str(box) for box in boxes], rest) == (["any → any any"], 0)


def test_ports_are_told_of_protocols_that_have_them_only() -> None:
    spaces = Spaces()
    space = spaces[4]
    ends = ((Field.DESTINATION, ((9, 9),)), (Field.SOURCE, ((5, 5),)))
    parts = (
        [(Field.PROTOCOL, TCP), (Field.DESTINATION_PORT, ((443, 443),)), (Field.SOURCE_PORT, ((53, 53),))],
        [(Field.PROTOCOL, ((1, 1),)), (Field.ICMP_TYPE, ((13, 13),)), (Field.ICMP_CODE, ((0, 0),))],
        [(Field.PROTOCOL, ((50, 50),)), (Field.DESTINATION_PORT, ((0, 0),)), (Field.SOURCE_PORT, ((0, 0),))],
    )
    node = space.union_all(space.product([*ends, *part]) for part in parts)
    assert [box.service() for box in PacketSet(spaces, node, EMPTY).boxes()] == ["icmp/13", "tcp/443 from 53", "esp"]
