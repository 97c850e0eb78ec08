"""SWX switches say less than routers: of a policy cut down to what they can say, they mean the same packets as everybody else."""

from __future__ import annotations

from random import Random

import pytest

from secaudit.network.matches import Family
from secaudit.packets.space import HeaderSpace
from tests.vendors.equality.reading import meant
from tests.vendors.equality.sampling import corner_packets
from tests.vendors.equality.test_equality import ROUNDS, a_policy, write, wrong
from tests.vendors.equality.yamaha_swx import YamahaSwxWriter, plain


@pytest.mark.parametrize(("family", "count"), [(4, 36), (6, 24)])
def test_the_same_packets_as_the_policy_and_a_router(family: Family, count: int) -> None:
    for number in range(count * ROUNDS):
        seed = f"swx {number}"
        policy = plain(a_policy(family, seed))
        space = HeaderSpace(family)
        wanted = meant(space, policy)
        for packet in corner_packets(policy, Random(seed), 50):
            assert space.contains(wanted, space.packet_values(packet)) is policy.permits(packet), (
                f"{packet} in {policy}"
            )
        for written in (YamahaSwxWriter(policy, Random(seed)).write(), write(policy, "yamaha", seed)):
            assert not wrong(space, policy, written), f"{wrong(space, policy, written)}\n{written.text}"


def test_without_its_last_entry_a_list_is_never_certain() -> None:
    """The end of a list is unknown, so nothing that no entry is for is surely permitted or denied."""
    for number in range(10):
        policy = plain(a_policy(4, f"swx open {number}"))
        written = YamahaSwxWriter(policy, Random(number)).write()
        cut = [line for line in written.lines if not line.endswith((" any any any", "permit any", "deny any"))]
        if len(cut) != len(written.lines) - 1:
            continue
        assert wrong(HeaderSpace(4), policy, written.with_lines(cut, "without the last entry"))
