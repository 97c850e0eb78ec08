"""Figures of a release, kept in the repository, to compare a later one with.

Seconds are stored together with the calibration of the machine that they were taken on; two releases are compared by seconds divided by
calibration. That removes most of the difference between machines, not all of it: treat less than about 30 % as noise.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.measure import Row

FOLDER = Path(__file__).resolve().parent / "figures"
PREVIOUS = "0.1.0"
"""The release that is compared with. Written by `python -m bench --save bench/figures/VERSION.json` on that release."""


def save(path: Path, tables: Mapping[str, Sequence[Row]], calibration: float) -> None:
    """Writes the medians of a run."""
    rows = {f"{table}: {row.what.strip()}": round(row.median, 5) for table, held in tables.items() for row in held}
    document = {"python": platform.python_version(), "calibration_seconds": round(calibration, 6), "seconds": rows}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def comparison(table: str, calibration: float) -> Callable[[Row], str]:
    """For a row of a table: its time as a share of the previous release's, both in units of the calibration."""
    path = FOLDER / f"{PREVIOUS}.json"
    document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"seconds": {}}

    def compare(row: Row) -> str:
        before = document["seconds"].get(f"{table}: {row.what.strip()}")
        if before is None:
            return ""
        return f"x {row.median / calibration / (before / document['calibration_seconds']):.2f}"

    return compare
