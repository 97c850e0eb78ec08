"""Which line decides: searched for in a tree of unions where a filter is long, looked at one by one where it is short."""

from __future__ import annotations

import pytest

from secaudit.flows import compiled
from secaudit.flows.budget import UNLIMITED
from secaudit.flows.compiled import FilterCompiler, Ruling
from secaudit.flows.modes import Mode
from secaudit.network.device import Device
from secaudit.packets.space import HeaderSpace
from tests.flows.random_networks import RandomNetwork


def rulings(space: HeaderSpace, device: Device, mode: Mode) -> list[Ruling]:
    compiler = FilterCompiler(space, mode)
    return [
        ruling
        for filter_ in device.filters.values()
        for ingress in device.interfaces
        for egress in device.interfaces
        for ruling in compiler.rulings(filter_, ingress, egress, space.valid, UNLIMITED)
    ]


@pytest.mark.parametrize("mode", list(Mode))
def test_a_tree_finds_the_lines_that_looking_at_each_finds(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    total = 0
    for seed in range(12):
        space = HeaderSpace(4)
        for device in RandomNetwork(seed, nat=True, unsure=True).devices:
            monkeypatch.setattr(compiled, "_LONG", 1_000)
            expected = rulings(space, device, mode)
            monkeypatch.setattr(compiled, "_LONG", 1)
            monkeypatch.setattr(compiled, "_OFTEN", 0)
            assert rulings(space, device, mode) == expected
            total += len(expected)
    assert total > 200
