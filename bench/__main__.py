"""`python -m bench [--quick]`: prints what the program costs on this machine. Nothing is asserted about time."""

from __future__ import annotations

import argparse
import os
import platform
import sys

from bench import commands, filters, networks, readers
from bench.measure import show


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small inputs and one round: whether it works, not how fast"
    )
    quick = parser.parse_args().quick
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    rounds = 1 if quick else 3
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs; medians, in brackets the extremes"
    )
    show(
        "Permitted set of a generated filter, and the same with oxidd",
        filters.compare((50, 200) if quick else (1000, 10000), rounds),
    )
    show(
        "All zone pairs of a generated network with six firewalls",
        networks.measure((60, 240) if quick else (600, 4800, 12000), rounds),
    )
    show("Commands, each in a new process", commands.measure(rounds))
    show("Reading a configuration, from bytes to devices", readers.measure(300 if quick else 10000, rounds))


if __name__ == "__main__":
    main()
