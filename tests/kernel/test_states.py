"""Which first packets are new, invalid or untracked: our table against connection tracking itself, header by header."""

from __future__ import annotations

import multiprocessing

from secaudit.packets.sets import Spaces
from secaudit.vendors.netfilter.conntrack import first_packets
from secaudit.vendors.netfilter.ruleset import State
from tests.kernel.states import states_in_kernel
from tests.kernel.test_kernel import require_laboratory


def test_our_table_of_states_is_the_kernels() -> None:
    require_laboratory()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seen = pool.apply(states_in_kernel)
    spaces = Spaces()
    ours = {state: spaces.of_matches(first_packets(frozenset((state,)), loose=True)) for state in State}
    assert len(seen) == 2 * (256 + 256 + 5)
    for packet, states in seen.items():
        assert states == {state for state in State if ours[state].contains(packet)}, str(packet)
