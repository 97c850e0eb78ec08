"""The tables in which translations are looked up say what going through all of them would."""

from __future__ import annotations

from random import Random

import pytest

from secaudit.network.filters import Filter
from secaudit.network.intervals import Intervals, intersect, normalise
from secaudit.network.matches import Match
from secaudit.vendors.cisco_asa import READER
from secaudit.vendors.cisco_asa.address_sets import Union, clipped
from secaudit.vendors.cisco_asa.old_nat_matches import Spans
from tests.vendors.texts import read_by

FRAME = """ASA Version 8.2(5)
hostname FW-01
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 203.0.113.1 255.255.255.0
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.1.0.1 255.255.0.0
"""


def some(random: Random, most: int) -> Intervals:
    starts = [random.randrange(80) for _ in range(random.randrange(1, most))]
    return normalise((start, start + random.randrange(6)) for start in starts)


@pytest.mark.parametrize("seed", range(60))
def test_a_union_is_what_was_added(seed: int) -> None:
    random = Random(seed)
    union = Union()
    added: list[Intervals] = []
    for _ in range(random.randrange(1, 14)):
        one = some(random, 4)
        assert union.meets(one) == any(intersect(one, other) for other in added)
        union.add(one)
        added.append(one)


@pytest.mark.parametrize("seed", range(60))
def test_nothing_near_is_overlooked(seed: int) -> None:
    random = Random(seed)
    for _ in range(20):
        few, many = some(random, 3), some(random, 40)
        assert clipped(few, many) == intersect(few, many)


@pytest.mark.parametrize("seed", range(60))
def test_a_set_of_which_a_part_is_meant_is_found(seed: int) -> None:
    random = Random(seed)
    sets = [some(random, 3) for _ in range(12)]
    spans = Spans(sets)
    for _ in range(20):
        wanted = some(random, 4)
        assert spans.are_cut(wanted) == any(intersect(wanted, one) not in ((), one) for one in sets)


def test_a_network_of_many_addresses_is_one_match() -> None:
    """The entry is about packets with the marks of exactly the translations in its network; their number does not multiply its matches."""
    statics = [f"static (inside,outside) 203.0.113.{n} 10.1.0.{n} netmask 255.255.255.255" for n in range(10, 40)]
    ports = [f"static (inside,outside) tcp 203.0.113.{n} www 10.1.0.{n} 8080 netmask 255.255.255.255" for n in (50, 51)]
    entry = "access-list A extended permit tcp any 203.0.113.{} 255.255.255.240 eq www"
    text = "\n".join([*statics, *ports, entry.format(16), entry.format(48), "access-group A in interface outside"])
    (device,) = read_by(READER, f"{FRAME}{text}\n: end").devices
    table = next(one for one in device.filters.values() if any(line.label == "A 1" for line in one.lines))
    plain, behind = matches(table, "A 1")
    assert behind.destinations == ((0, 2**32 - 1),)
    assert sum(high - low + 1 for low, high in behind.marks) == 16
    assert plain.destinations[0][1] - plain.destinations[0][0] == 15
    assert not intersect(plain.marks, behind.marks)
    _, translated = matches(table, "A 2")
    assert [one.destination_ports for one in translated.services] == [((8080, 8080),)]
    assert sum(high - low + 1 for low, high in translated.marks) == 2


def matches(table: Filter, label: str) -> tuple[Match, ...]:
    (line,) = [line for line in table.lines if line.label == label]
    return line.matches
