"""Whole commands in a process of their own: what a person waits for."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import Row, children_clock, timed
from secaudit.locations import data_folder

PROGRAM = (
    sys.executable,
    "-c",
    "import atexit; from bench.measure import say_memory; atexit.register(say_memory); "
    "from secaudit.cli.main import main; main()",
)
AS_OF = "2026-11-20"
ROOT = Path(__file__).resolve().parent.parent


def measure(rounds: int) -> list[Row]:
    """`--help`, and the audit of every sample with its report."""
    rows = [command("secaudit --help", ("--help",), (0,), rounds)]
    with tempfile.TemporaryDirectory() as out:
        for sample in sorted(path for path in data_folder("examples").iterdir() if path.is_dir()):
            arguments = ("audit", str(sample), "--out", str(Path(out) / sample.name), "--as-of", AS_OF, "-q")
            rows.append(command(f"secaudit audit {sample.name}", arguments, (0, 1), rounds))
    return rows


def command(what: str, arguments: tuple[str, ...], expected: tuple[int, ...], rounds: int) -> Row:
    """Runs a command so often, and says its exit status and the most memory it held."""
    seconds = []
    status, peak = -1, ""
    for _ in range(rounds):
        taken, done = timed(
            lambda: subprocess.run([*PROGRAM, *arguments], capture_output=True, check=False, cwd=ROOT), children_clock
        )
        status = done.returncode
        errors = done.stderr.decode(errors="replace")
        if status not in expected:
            raise RuntimeError(f"{what}: exit status {status}: {errors[-500:]}")
        seconds.append(taken)
        peak = errors.rpartition("peak memory ")[2].strip()
    return Row(what, tuple(seconds), f"exit status {status}, {peak}")
