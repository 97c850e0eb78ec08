"""NX-OS means the same packets as the policy that was written, and as IOS does."""

from __future__ import annotations

from random import Random

import pytest

from secaudit.network.matches import Family
from secaudit.packets.space import HeaderSpace
from tests.vendors.equality.cisco_nxos import NxosWriter
from tests.vendors.equality.test_equality import ROUNDS, a_policy, write, wrong


@pytest.mark.parametrize(("family", "count"), [(4, 48), (6, 32)])
def test_the_same_packets_as_the_policy_and_ios(family: Family, count: int) -> None:
    for number in range(count * ROUNDS):
        seed = f"nxos {number}"
        policy = a_policy(family, seed)
        space = HeaderSpace(family)
        for written in (NxosWriter(policy, Random(seed)).write(), write(policy, "named", seed)):
            assert not wrong(space, policy, written), f"{wrong(space, policy, written)}\n{written.text}"


def test_a_list_without_an_entry_of_it_is_another_policy() -> None:
    """The check sees it when the reader loses an entry."""
    seen = 0
    for number in range(10):
        policy = a_policy(4, f"nxos lost {number}", 1)
        written = NxosWriter(policy, Random(number)).write()
        cut = [line for line in written.lines if not line.lstrip()[:1].isdigit() or " any any" in line]
        seen += bool(wrong(HeaderSpace(4), policy, written.with_lines(cut, "entries lost")))
    assert seen > 5
