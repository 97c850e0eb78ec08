"""`python -m bench [TABLE ...] [--quick] [--save FILE]`: prints what the program costs on this machine. Nothing is asserted about time."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import (
    commands,
    figures,
    filters,
    firewalls,
    folders,
    long_lists,
    municipality,
    networks,
    prefecture,
    readers,
    ruleset,
)
from bench.measure import Row, calibration, show
from secaudit.collector import collect_rarely


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `rows` takes whether inputs are to be small, and the number of rounds."""

    title: str
    rows: Callable[[bool, int], list[Row]]


TABLES = {
    "filters": Table(
        "One generated list, and the same with oxidd",
        lambda quick, rounds: filters.compare((50, 200) if quick else (1000, 3500, 10000), rounds),
    ),
    "firewalls": Table(
        "A FortiGate with eight interfaces and a Linux host, from their text",
        lambda quick, rounds: firewalls.measure((60,) if quick else (3500, 10000), rounds),
    ),
    "long": Table(
        "An access list between two interfaces, in no order that would help",
        lambda quick, rounds: long_lists.measure((500,) if quick else (20_000, 100_000)),
    ),
    "networks": Table(
        "All zone pairs of six firewalls, the network fixed and its lines growing",
        lambda quick, rounds: networks.measure((60, 240) if quick else (600, 1200, 2400, 4800, 12000), rounds),
    ),
    "prefecture": Table(
        "All zone pairs of a large network, all that an audit asks of them",
        lambda quick, rounds: prefecture.measure(prefecture.QUICK if quick else prefecture.SIZES, rounds),
    ),
    "municipality": Table(
        "The audit of a typical municipality, in a new process",
        lambda quick, rounds: folders.measure(municipality.QUICK if quick else municipality.FULL, rounds),
    ),
    "rules": Table(
        "The whole ruleset",
        lambda quick, rounds: ruleset.measure(municipality.QUICK if quick else municipality.FULL, rounds),
    ),
    "commands": Table("Commands, each in a new process", lambda quick, rounds: commands.measure(rounds)),
    "readers": Table(
        "Reading a configuration, from bytes to devices",
        lambda quick, rounds: readers.measure(300 if quick else 10000, rounds),
    ),
}


def main() -> None:
    """Measures and prints; every table in a process of its own, so that its memory is its own."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("tables", nargs="*", choices=[*TABLES, []], metavar="TABLE", help=f"of {', '.join(TABLES)}")
    parser.add_argument(
        "--quick", action="store_true", help="small inputs and one round: whether it works, not how fast"
    )
    parser.add_argument("--rounds", type=int, help="rounds of each measurement (3)")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the figures, for later releases")
    parser.add_argument("--rows", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    rounds = options.rounds or (1 if options.quick else 3)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    if options.rows:
        collect_rarely()  # as the program itself does
        (name,) = options.tables
        rows = TABLES[name].rows(options.quick, rounds)
        print(json.dumps([(row.what, row.seconds, row.says) for row in rows]))
        return
    unit = calibration()
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs, calibration {unit:.4f} s; "
        f"processor time, medians, in brackets the extremes; x: share of {figures.PREVIOUS}'s"
    )
    done: dict[str, list[Row]] = {}
    for name in options.tables or TABLES:
        done[name] = _in_a_process(name, options.quick, rounds)
        before = figures.comparison(name, unit)
        show(TABLES[name].title, done[name], before)
    if options.save is not None:
        figures.save(options.save, done, min(unit, calibration()))


def _in_a_process(name: str, quick: bool, rounds: int) -> list[Row]:
    command = [sys.executable, "-m", "bench", name, "--rows", "--rounds", str(rounds)]
    made = subprocess.run([*command, *(["--quick"] if quick else [])], capture_output=True, text=True, encoding="utf-8")
    if made.returncode:
        raise SystemExit(f"{name}: {made.stderr[-3000:]}")
    return [Row(what, tuple(seconds), says) for what, seconds, says in json.loads(made.stdout)]


if __name__ == "__main__":
    main()
