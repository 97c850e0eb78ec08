"""The measurements run, and measure what they say. How long anything takes is nobody's business here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import figures, municipality
from bench.filters import OPERATIONS, compare, generated_filter
from bench.fortios_text import large
from bench.iptables_text import large_host
from bench.measure import Row, exponent
from bench.networks import generated_network
from bench.prefecture import QUICK, Prefecture
from secaudit.audit.reading import read_config_file
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
        r"50 lines, permitted set +\d+\.\d{3} s .*\d+\.\d\d times oxidd",
        r"200 lines, which lines are dead +\d+\.\d{3} s .*\d+\.\d\d times oxidd",
        r"200 lines, dead lines +\d+\.\d{3} s .*what hides each",
        r"60 policies, deciding lines +\d+\.\d{3} s",
        r"60 policies, all of it +\d+\.\d{3} s",
        r"60 rules of iptables, deciding line of every leaf +\d+\.\d{3} s .*\d+ leaves",
        r"60 rules of iptables, all of it +\d+\.\d{3} s",
        r"500 lines, flows +\d+\.\d{3} s .*exact",
        r"240 lines +\d+\.\d{3} s .*\d+ of 30 ordered pairs have a flow; time grows as lines \^ -?\d+\.\d\d",
        r"28 devices, 500 lines +\d+\.\d{3} s .*72 ordered pairs: .*time grows as lines \^ -?\d+\.\d\d; \d+ MB",
        r"secaudit audit, 15 configurations +\d+\.\d{3} s .*\d+ filter lines, \d+ MB",
        r"secaudit --help +\d+\.\d{3} s .*exit status 0",
        r"secaudit audit aozora-city +\d+\.\d{3} s .*exit status 0",
        r"secaudit audit midori-town +\d+\.\d{3} s .*exit status 1",
        r"fortios, \d+ lines +\d+\.\d{3} s .*[\d,]+ lines/s",
        r"cisco_ios, \d+ lines +\d+\.\d{3} s .*[\d,]+ lines/s",
        r"yamaha, \d+ lines +\d+\.\d{3} s .*[\d,]+ lines/s",
    ):
        assert re.search(row, done.stdout), f"{row} is not in\n{done.stdout}"


def test_inputs_are_the_same_every_time() -> None:
    assert generated_filter(3, 40) == generated_filter(3, 40)
    assert generated_filter(3, 40) != generated_filter(4, 40)
    assert generated_network(3, 60) == generated_network(3, 60)


def test_a_network_has_the_lines_it_is_said_to_have() -> None:
    assert sum(len(device.filters["policy"].lines) for device in generated_network(0, 600)) == 600


def test_both_engines_are_asked_the_same() -> None:
    """`compare` raises when two answers differ; the rows name what was asked."""
    assert [row.what.split(", ")[1] for row in compare((30,), 2)] == [*(one.what for one in OPERATIONS), "dead lines"]


def test_generated_folders_and_networks_are_the_same_every_time_and_are_understood(tmp_path: Path) -> None:
    assert Prefecture(2, QUICK[0]).devices == Prefecture(2, QUICK[0]).devices
    assert large(1, 30) == large(1, 30)
    assert large_host(1, 60) == large_host(1, 60)
    for name in ("one", "two"):
        municipality.write(tmp_path / name, 4, municipality.QUICK)
    for path in sorted((tmp_path / "one").rglob("*.*")):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
        if path.parent.name == "configs":
            read = read_config_file(path, path.name).read
            assert read is not None and not read.coverage.unread and not read.devices[0].doubts, path.name


def test_a_power_law_is_found() -> None:
    assert exponent((10, 20, 40, 80), (1.0, 2.0, 4.0, 8.0)) == pytest.approx(1)
    assert exponent((10, 20, 40, 80), (3.0, 12.0, 48.0, 192.0)) == pytest.approx(2)


def test_figures_of_a_release_are_compared_by_units_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FOLDER", tmp_path)
    figures.save(tmp_path / f"{figures.PREVIOUS}.json", {"table": [Row("a row", (2.0, 2.0, 9.0))]}, 0.5)
    compare_row = figures.comparison("table", 0.25)
    assert compare_row(Row("a row", (1.0,))) == "x 1.00"
    assert compare_row(Row("another", (1.0,))) == ""
