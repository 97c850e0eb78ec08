"""A sample of `make kernel-test`: what the Linux kernel does with packets is what we say of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kernel.runner import Outcome, Task, outcomes, totals, written_rulesets
from tests.requirements import require, require_program

TABLES = [
    f"{program}-{variant}-{action}"
    for program in ("iptables", "ip6tables")
    for variant in ("legacy", "nft")
    for action in ("restore", "save")
]
PROGRAMS = ("ip", "nft", "sysctl", "hostname", *TABLES)
SEEDS = (*range(1, 31), 478, 976, 978)
"""The last three once found a disagreement: translations asked of too early, and of replies."""
PLANTED = range(101, 117)
FIELDS = {"own": 500, "forwarded": 400}


def require_laboratory() -> None:
    """Goes on where routers can be made in network namespaces; otherwise as `tests.requirements.require`."""
    for program in PROGRAMS:
        require_program(program)
    lacking = subprocess.run(
        [sys.executable, "-c", "from tests.kernel.laboratory import *; become_root(); Laboratory()"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    require(lacking.returncode == 0, f"a router cannot be made in network namespaces here: {lacking.stderr[-300:]}")


@pytest.fixture(scope="module")
def compared() -> Mapping[str, Outcome]:
    """Everything that is compared here, by the name of its rule set; planted mistakes as `planted seed N`."""
    require_laboratory()
    tasks = [Task(0, file=path, **FIELDS) for path in written_rulesets()]
    tasks += [Task(seed, **FIELDS) for seed in SEEDS]
    found = {one.name: one for one in outcomes(tasks, jobs=2)}
    planted = outcomes([Task(seed, planted=True, **FIELDS) for seed in PLANTED], jobs=2)
    return found | {f"planted {one.name}": one for one in planted}


@pytest.mark.parametrize("path", written_rulesets(), ids=lambda path: path.name)
def test_rules_written_by_hand(compared: Mapping[str, Outcome], path: Path) -> None:
    assert compared[path.name].disagreements == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_rules(compared: Mapping[str, Outcome], seed: int) -> None:
    one = compared[f"seed {seed}"]
    assert one.disagreements == (), one.text


def test_the_sample_has_everything_in_it(compared: Mapping[str, Outcome]) -> None:
    """Every kind of rule set, every way of asking, packets that pass and few of which nothing certain can be said."""
    kinds, packets = totals(one for name, one in compared.items() if not name.startswith("planted"))
    for kind in ("iptables-legacy", "iptables-nft", "nft", "IPv4", "IPv6", "filter", "state", "NAT"):
        assert kinds[kind] >= 5, kind
    for what in ("own", "forwarded", "replies", "interpreted", "crossed", "translated"):
        assert packets[what] >= 100, what
    assert packets["undetermined"] < 0.1 * (packets["own"] + packets["forwarded"])
    assert 0.1 < packets["crossed"] / packets["forwarded"] < 0.9


def test_a_mistake_of_one_in_one_bound_is_noticed(compared: Mapping[str, Outcome]) -> None:
    """The check checks itself. A mistake in a line that no packet reaches cannot be noticed."""
    tried = [
        one for name, one in compared.items() if name.startswith("planted") and "nothing to plant" not in one.kinds
    ]
    caught = [one for one in tried if one.disagreements]
    assert len(tried) >= 10
    assert len(caught) * 3 >= len(tried), f"{len(caught)} of {len(tried)}"
