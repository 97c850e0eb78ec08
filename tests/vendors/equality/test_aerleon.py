"""Every syntax that we read and that `aerleon` writes: one policy, compiled by that project, must read back as one packet set.

Where `test_equality` prints texts with writers of our own, nobody here who wrote a reader wrote the text. YAMAHA is not among
aerleon's targets; `test_equality` has it. `SECAUDIT_EQUALITY_ROUNDS=20 pytest -s tests/vendors/equality` looks at twenty times as many
policies and prints how many of each.
"""

from __future__ import annotations

import logging
from random import Random

import pytest

from secaudit.network.matches import Family
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace
from tests.vendors.equality.aerleon import TARGETS, AerleonWriter, expressible, meaning
from tests.vendors.equality.policies import Policy, near_misses, smaller
from tests.vendors.equality.test_equality import FAMILIES, ROUNDS, a_policy, simple_policy, wrong
from tests.vendors.equality.written import Written

FAMILY_COUNTS: dict[Family, int] = {4: 24, 6: 16}


@pytest.fixture(autouse=True)
def _quiet() -> None:
    """The compiler warns about every policy; a test that fails prints what matters."""
    logging.getLogger("absl").setLevel(logging.ERROR)


def compiled(policy: Policy, target: str) -> Written:
    return AerleonWriter(policy, target).write()


def smallest(policy: Policy, target: str) -> str:
    """The failure again, with as little of the policy as it needs, for the message."""
    space = HeaderSpace(policy.family)
    meant = meaning(target)
    policy = smaller(policy, lambda one: bool(one.rules and wrong(space, one, compiled(one, target), meaning=meant)))
    written = compiled(policy, target)
    rules = "\n".join(map(str, policy.rules))
    return f"{wrong(space, policy, written, meaning=meant)}\n{rules}\ndefault {policy.default}\n{written.text}"


@pytest.mark.parametrize("target", TARGETS)
def test_what_aerleon_wrote_reads_back_as_the_policy(target: str) -> None:
    agreed = 0
    for family in FAMILIES:
        for number in range(FAMILY_COUNTS[family] * ROUNDS):
            policy = expressible(a_policy(family, f"aerleon {number}", 6), target)
            if policy is not None:
                space = HeaderSpace(family)
                assert not wrong(space, policy, compiled(policy, target), meaning=meaning(target)), smallest(
                    policy, target
                )
                agreed += 1
    assert agreed > sum(FAMILY_COUNTS.values()) * ROUNDS // 3, "most policies can be said"
    print(f"\naerleon {target}: {agreed} policies read back as written, 0 disagreements")


@pytest.mark.parametrize("target", TARGETS)
def test_one_moved_bound_is_seen(target: str) -> None:
    """The text of a policy in which one address or port is moved by one is not the policy, exactly when its packets differ."""
    seen = total = 0
    for number in range(60 * ROUNDS):
        family = FAMILIES[number % 2]
        policy = expressible(simple_policy(family, f"near {number}"), target)
        if policy is None:
            continue
        space = HeaderSpace(family)
        random = Random(number)
        moved = [expressible(one, target) for one in near_misses(policy, random)]
        for other in random.sample(moved, min(2, len(moved))):
            if other is None or other == policy:
                continue
            meant = meaning(target)
            differs = space.intersection(space.opening, _difference(space, meant(space, policy), meant(space, other)))
            found = wrong(space, policy, compiled(other, target), meaning=meant)
            total += 1
            seen += bool(found)
            # A list that knows no connections shows a moved bound on packets that open nothing as well.
            assert bool(found) or differs == EMPTY, f"{policy}\n{other}"
    assert seen > 0.7 * total > 10, f"only {seen} of {total} moved bounds were seen"


def _difference(space: HeaderSpace, left: int, right: int) -> int:
    return space.union(space.difference(left, right), space.difference(right, left))
