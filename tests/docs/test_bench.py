"""The measurements run, and measure what they say. How long anything takes is nobody's business here."""

from __future__ import annotations

import re
import subprocess
import sys

from bench.filters import compare, generated_filter
from bench.networks import generated_network
from tests.docs.documents import ROOT


def test_a_quick_run_prints_every_table() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for row in (
        r"50 lines, our diagrams +\d+\.\d{3} s +\d+\.\d\d times oxidd",
        r"200 lines, oxidd BCDD +\d+\.\d{3} s",
        r"240 lines +\d+\.\d{3} s +\d+ of 30 ordered pairs have a flow; time grows as lines \^ -?\d+\.\d\d",
        r"secaudit --help +\d+\.\d{3} s +exit status 0",
        r"secaudit audit aozora-city +\d+\.\d{3} s +exit status 0",
        r"secaudit audit midori-town +\d+\.\d{3} s +exit status 1",
        r"fortios, \d+ lines +\d+\.\d{3} s +[\d,]+ lines/s",
        r"cisco_ios, \d+ lines +\d+\.\d{3} s +[\d,]+ lines/s",
        r"yamaha, \d+ lines +\d+\.\d{3} s +[\d,]+ lines/s",
    ):
        assert re.search(row, done.stdout), f"{row} is not in\n{done.stdout}"


def test_inputs_are_the_same_every_time() -> None:
    assert generated_filter(3, 40) == generated_filter(3, 40)
    assert generated_filter(3, 40) != generated_filter(4, 40)
    assert generated_network(3, 60) == generated_network(3, 60)


def test_a_network_has_the_lines_it_is_said_to_have() -> None:
    assert sum(len(device.filters["policy"].lines) for device in generated_network(0, 600)) == 600


def test_both_engines_are_given_the_same_list() -> None:
    """`compare` raises when the two sets differ; the rows name what was compared."""
    assert [row.what.split(", ")[1] for row in compare((30,), 2)] == ["our diagrams", "oxidd BCDD"]
