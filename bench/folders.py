"""Audits of whole folders, in a process of their own: what a person waits for, interpreter start and report included."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import municipality
from bench.commands import AS_OF, command
from bench.measure import Row


def measure(size: municipality.Size, rounds: int) -> list[Row]:
    """`secaudit audit` of a generated municipality: reading, all zone pairs, rules, `result.json` and `report.html`."""
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / "municipality"
        lines = municipality.write(folder, 0, size)
        configs = len(list((folder / "configs").iterdir()))
        arguments = ("audit", str(folder), "--out", str(Path(held) / "out"), "--as-of", AS_OF, "-q")
        row = command(f"secaudit audit, {configs} configurations", arguments, (0, 1), rounds)
    return [Row(row.what, row.seconds, f"{lines} filter lines, {row.says.partition(', ')[2]}")]
