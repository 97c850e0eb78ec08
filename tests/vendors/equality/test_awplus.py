"""Random policies in the syntax of AlliedWare Plus: hardware lists and the firewall read back as the packets of the policy."""

from __future__ import annotations

from random import Random

import pytest

from secaudit.flows.modes import Mode
from secaudit.network.matches import Family
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace
from tests.vendors.equality.awplus import STYLES, AlliedWarePlusWriter, translated
from tests.vendors.equality.policies import Policy, near_misses, smaller
from tests.vendors.equality.reading import device_of, meant, permitted, read
from tests.vendors.equality.rewriting import CAREFUL, ENCODINGS, blank_lines, padded
from tests.vendors.equality.test_equality import FAMILIES, ROUNDS, a_policy, simple_policy, wrong
from tests.vendors.equality.test_translation import flows_differ
from tests.vendors.equality.translation import make
from tests.vendors.equality.written import Written


def write(policy: Policy, style: str, seed: str) -> Written:
    """One text; the same seed gives the same choices of style."""
    return AlliedWarePlusWriter(policy, Random(f"awplus {style} {seed}"), style).write()


def smallest(space: HeaderSpace, policy: Policy, style: str, seed: str) -> str:
    """The failure again, with as little of the policy as it needs, for the message."""
    policy = smaller(policy, lambda one: bool(wrong(space, one, write(one, style, seed))))
    written = write(policy, style, seed)
    return f"{style}: {wrong(space, policy, written)}\n{policy}\n{written.text}"


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("family", "count"), [(4, 25), (6, 15)])
def test_random_policies_read_back_as_the_same_packets(family: Family, count: int, style: str) -> None:
    for number in range(count * ROUNDS):
        policy = a_policy(family, f"awplus {number}")
        space = HeaderSpace(family)
        assert not wrong(space, policy, write(policy, style, str(number))), smallest(space, policy, style, str(number))


@pytest.mark.parametrize("style", STYLES)
def test_the_other_address_family(style: str) -> None:
    """A hardware list says nothing about the other family; a firewall denies what no rule names."""
    for number in range(5 * ROUNDS):
        for family, other in zip(FAMILIES, FAMILIES[::-1], strict=True):
            written = write(a_policy(family, f"other {number}", 4), style, str(number))
            space = HeaderSpace(other)
            device, _ = device_of(written)
            for mode in (Mode.CERTAIN, Mode.POSSIBLE):
                wanted = EMPTY if style == "firewall" else space.valid
                assert permitted(space, device, written, mode) == wanted, written.text


@pytest.mark.parametrize("style", STYLES)
def test_one_moved_bound_is_seen(style: str) -> None:
    changed = 0
    for number in range(4 * ROUNDS):
        family: Family = 4 if number % 2 else 6
        policy = simple_policy(family, f"near {number}")
        space = HeaderSpace(family)
        before = meant(space, policy)
        moved = list(near_misses(policy, Random(number)))
        for other in Random(number).sample(moved, min(4, len(moved))):
            changed += meant(space, other) != before
            assert not wrong(space, other, write(other, style, str(number))), smallest(space, other, style, str(number))
    assert changed


@pytest.mark.parametrize("style", STYLES)
def test_rewrites_that_change_nothing(style: str) -> None:
    for number in range(4 * ROUNDS):
        policy = a_policy(4, f"rewrite {number}", 5)
        space, random = HeaderSpace(4), Random(number)
        written = write(policy, style, str(number))
        for rewrite in (blank_lines, padded):
            other = rewrite(written, random)
            assert not wrong(space, policy, other), other.text
        for encode in ENCODINGS.values():
            assert not wrong(space, policy, written, encode(written.text)), written.text


@pytest.mark.parametrize("style", STYLES)
def test_what_a_terminal_destroyed_is_mended_or_told(style: str) -> None:
    for number in range(4 * ROUNDS):
        policy = a_policy(4, f"careful {number}", 5)
        space, random = HeaderSpace(4), Random(number)
        written = write(policy, style, str(number))
        for rewrite in CAREFUL:
            other = rewrite(written, random)
            assert read(space, other).complaints or not wrong(space, policy, other), f"{other.style}\n{other.text}"


UNKNOWN = ("frobnicate everything", "permit frobnicated any any", "rule 3 permit frobnicated", "4 frob any", "no frob")


@pytest.mark.parametrize("style", STYLES)
def test_a_line_that_nobody_understands_makes_more_possible_and_less_certain(style: str) -> None:
    """Wherever it stands; unless it is outside of what is compared here, and then the reader says that it is not sure."""
    for number in range(12 * ROUNDS):
        policy = a_policy(4, f"unknown {number}", 5)
        space, random = HeaderSpace(4), Random(f"unknown {style} {number}")
        written = write(policy, style, str(number))
        lines = list(written.lines)
        place = random.randrange(1, len(lines))
        indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
        lines.insert(place, indent + random.choice(UNKNOWN))
        other = written.with_lines(lines, "an unknown line")
        assert read(space, other).complaints
        before, after = (device_of(one)[0] for one in (written, other))
        if any(doubt.interfaces is None for doubt in after.doubts):
            continue  # everything is possible, and nothing certain
        for mode, fewer, more in ((Mode.POSSIBLE, before, after), (Mode.CERTAIN, after, before)):
            least, most = (permitted(space, one, written, mode) for one in (fewer, more))
            assert space.difference(least, most) == EMPTY, f"{mode.name}\n{other.text}"


def test_the_same_flows_arrive_through_translation() -> None:
    for number in range(20 * ROUNDS):
        network = make(Random(f"network {number}"))
        wrong_flows = flows_differ(network, translated(network, Random(number)))
        assert not wrong_flows, "\n".join([*wrong_flows, str(network)])


def test_a_changed_forward_is_seen() -> None:
    """One inner port, inner host or source moved by one in the text that is read, not in what is expected of it."""
    tried = 0
    for number in range(4 * ROUNDS):
        network = make(Random(f"changed {number}"))
        for other in network.near_misses():
            tried += 1
            assert flows_differ(network, translated(other, Random(number))), str(other)
    assert tried
