"""Whole commands in a process of their own: what a person waits for."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import Row, timed
from secaudit.locations import data_folder

PROGRAM = (sys.executable, "-c", "from secaudit.cli.main import main; main()")
AS_OF = "2026-11-20"


def measure(rounds: int) -> list[Row]:
    """`--help`, and the audit of every sample with its report."""
    rows = [_command("secaudit --help", ("--help",), (0,), rounds)]
    with tempfile.TemporaryDirectory() as out:
        for sample in sorted(path for path in data_folder("examples").iterdir() if path.is_dir()):
            arguments = ("audit", str(sample), "--out", str(Path(out) / sample.name), "--as-of", AS_OF, "-q")
            rows.append(_command(f"secaudit audit {sample.name}", arguments, (0, 1), rounds))
    return rows


def _command(what: str, arguments: tuple[str, ...], expected: tuple[int, ...], rounds: int) -> Row:
    seconds = []
    status = -1
    for _ in range(rounds):
        taken, done = timed(lambda: subprocess.run([*PROGRAM, *arguments], capture_output=True, check=False))
        status = done.returncode
        if status not in expected:
            raise RuntimeError(f"{what}: exit status {status}: {done.stderr.decode(errors='replace')[-500:]}")
        seconds.append(taken)
    return Row(what, tuple(seconds), f"exit status {status}")
