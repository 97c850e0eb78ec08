"""One line that is not understood makes exactly those zone pairs undetermined that it could touch, and the reason names it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from secaudit.audit.preparation import prepare_folder
from secaudit.flows.analysis import PairFlow
from secaudit.locations import data_folder

SAMPLE = data_folder("examples") / "aozora-city"

Pairs = Mapping[tuple[str, str], PairFlow]


@dataclass(frozen=True, slots=True)
class Planted:
    """A line that nobody understands, put after a line of one configuration."""

    file: str
    after: str
    line: str
    touched: frozenset[str] | None
    """The only pairs it may touch, as "a>b"; None where `near` says it."""
    near: frozenset[str] = frozenset()
    """Zones of which every touched pair has at least one."""


def pairs_of(folder: Path) -> Pairs:
    prepared = prepare_folder(folder)
    zones = prepared.plan.zones
    return {(a, b): prepared.flows.pair(a, b) for a in zones for b in zones if a != b}


@pytest.fixture(scope="module")
def usual() -> Pairs:
    return pairs_of(SAMPLE)


def undetermined(pairs: Pairs) -> set[tuple[str, str]]:
    return {pair for pair, flow in pairs.items() if not (flow.possible - flow.certain).is_empty}


LINES = {
    "fortios, in a policy": Planted(
        "fw-inet.conf",
        '        set srcintf "z-internet"\n        set dstintf "port2"\n',
        "        set frob enable\n",
        frozenset({"internet>lgwan"}),
    ),
    "fortios, in an address": Planted(
        "fw-inet.conf", '    edit "LG-メール"\n', "        set frob 1\n", frozenset({"internet>lgwan"})
    ),
    "ios, in an access list": Planted(
        "core-lg.cfg", "ip access-list extended", " permit frob any any\n", None, frozenset({"lgwan"})
    ),
    "ios, in an interface": Planted("core-lg.cfg", "interface Vlan10\n", " ip frob all\n", None, frozenset({"lgwan"})),
    "yamaha, a filter that is not applied": Planted(
        "rtx-guest.txt", "ip routing on\n", "ip filter 9999 frob * * * *\n", frozenset()
    ),
    "yamaha, in an applied filter": Planted(
        "rtx-guest.txt",
        "ip routing on\n",
        "ip filter 5020 frob * * * *\n",
        frozenset({"guest_wireless>public_internet"}),
    ),
    "yamaha, about the device": Planted(
        "rtx-guest.txt", "ip routing on\n", "frobnicate on\n", None, frozenset({"guest_wireless", "public_internet"})
    ),
}


@pytest.mark.parametrize("planted", LINES.values(), ids=LINES)
def test_it_touches_no_more_than_it_can(planted: Planted, usual: Pairs, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(SAMPLE, folder)
    file = folder / "configs" / planted.file
    text = file.read_text(encoding="utf-8")
    assert planted.after in text
    place = text.index(planted.after) + len(planted.after)
    place = place if planted.after.endswith("\n") else text.index("\n", place) + 1
    file.write_text(text[:place] + planted.line + text[place:], encoding="utf-8")
    number = text[:place].count("\n") + 1
    pairs = pairs_of(folder)
    new = undetermined(pairs) - undetermined(usual)
    if planted.touched is not None:
        assert {f"{a}>{b}" for a, b in new} <= planted.touched
    else:
        assert new
        assert all({a, b} & planted.near for a, b in new)
    for pair in new:
        named = {(line.file, line.number) for doubt in pairs[pair].doubts for line in doubt.sources}
        assert (f"configs/{planted.file}", number) in named, pair
    for pair, flow in pairs.items():
        assert usual[pair].possible.is_empty or not flow.possible.is_empty, "what could pass before still could"
