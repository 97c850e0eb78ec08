"""`python -m tests.fuzz [READER ...] [--seconds N]`: every reader for so long, two at a time, from its own cases as seeds.

A failing input is kept in `fuzz-failures/` and named; the exit status is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from secaudit.vendors.registry import readers

CASES = Path(__file__).resolve().parent.parent / "vendors"
FAILURES = Path("fuzz-failures")
SLOW_SECONDS = 10
"""One input may take so long at most."""
MEMORY_MB = 1024
LONGEST_INPUT = 20_000
_MOST_WORDS = 2000


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What came of one reader: how many inputs were tried, and (empty when nothing was found) what went wrong."""

    reader: str
    tried: int
    wrong: str


def seeds_of(reader: str) -> list[Path]:
    """The configurations of the cases of a reader."""
    return [path for path in sorted((CASES / reader / "cases").rglob("*")) if path.suffix in (".conf", ".json")]


def dictionary(seeds: list[Path]) -> str:
    """The words of the seeds as libFuzzer reads them: it puts them into inputs, which a vendor's language needs."""
    words = {word for path in seeds for word in path.read_text(encoding="utf-8", errors="replace").split()}
    plain = sorted(word for word in words if word.isascii() and word.isprintable() and len(word) < 40)[:_MOST_WORDS]
    escaped = (word.replace("\\", "\\\\").replace('"', '\\"') for word in plain)
    return "".join(f'"{word}"\n' for word in escaped)


def fuzz(reader: str, *limits: str, module: str = "tests.fuzz.target") -> Fuzzed:
    """Fuzzes one reader within libFuzzer's limits, for example `-max_total_time=60` or `-runs=100`."""
    seeds = seeds_of(reader)
    FAILURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        corpus = folder / "corpus"
        corpus.mkdir()
        for number, path in enumerate(seeds):
            (corpus / f"{number:04}").write_bytes(path.read_bytes())
        (folder / "words.txt").write_text(dictionary(seeds), encoding="utf-8")
        command = [
            sys.executable, "-m", module, reader, str(corpus), f"-dict={folder / 'words.txt'}",
            f"-timeout={SLOW_SECONDS}", f"-rss_limit_mb={MEMORY_MB}", f"-max_len={LONGEST_INPUT}",
            f"-artifact_prefix={FAILURES / reader}-", "-print_final_stats=1", *limits,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    tried = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    wrong = (
        "" if done.returncode == 0 else "\n".join([*done.stdout.splitlines()[-25:], *done.stderr.splitlines()[-12:]])
    )
    return Fuzzed(reader, int(tried[0]) if tried else 0, wrong)


def main() -> int:
    """Fuzzes and says what came of it; the last line counts."""
    names = [one.name for one in readers()]
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(names)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each reader (60)")
    options = parser.parse_args()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda one: fuzz(one, f"-max_total_time={options.seconds}"), options.readers or names))
    for one in found:
        print(f"{one.reader}: {one.tried} inputs{': FAILED' if one.wrong else ''}")
        if one.wrong:
            print(one.wrong)
    failed = sum(bool(one.wrong) for one in found)
    print(f"readers {len(found)}, inputs {sum(one.tried for one in found)}, failures {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
