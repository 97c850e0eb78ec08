"""Taking times, and printing them.

Times are processor time of this process: what else runs on the machine does not count. Seconds of different machines are compared by
dividing them by the time of one fixed loop (`calibration`).
"""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
_LOOP = 60_000


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: what, the times in seconds (several runs), and what follows from them."""

    what: str
    seconds: tuple[float, ...]
    says: str = ""

    @property
    def median(self) -> float:
        """The median of the runs."""
        return statistics.median(self.seconds)


def timed(step: Callable[[], T], clock: Callable[[], float] = time.process_time) -> tuple[float, T]:
    """The processor time of one call, and its answer. Garbage of earlier steps is collected before, not during."""
    gc.collect()
    start = clock()
    answer = step()
    return clock() - start, answer


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The exponent `e` of the power law seconds = c * size ^ e that fits best: the slope of a line through the logarithms."""
    across = [math.log(one) for one in sizes]
    up = [math.log(max(one, 1e-6)) for one in seconds]
    middle, centre = statistics.fmean(across), statistics.fmean(up)
    slope = sum((x - middle) * (y - centre) for x, y in zip(across, up, strict=True))
    return slope / sum((x - middle) ** 2 for x in across)


def calibration() -> float:
    """The seconds that a fixed loop of the kind that our diagrams are made of takes here: tuples, look-ups, small integers."""

    def loop() -> int:
        table: dict[tuple[int, int], int] = {}
        total = 0
        for index in range(_LOOP):
            key = (index * 7919 % 20_011, index & 1023)
            known = table.get(key)
            if known is None:
                table[key] = known = len(table)
            total += known
        return total

    return min(timed(loop)[0] for _ in range(5))


def memory() -> int:
    """The most memory that this process has held, in megabytes; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1 << 20 if sys.platform == "darwin" else 1 << 10)


def say_memory() -> None:
    """Prints `memory` on standard error, for a measuring parent."""
    print(f"peak memory {memory()} MB", file=sys.stderr)


def children_clock() -> float:
    """The processor time of all finished child processes."""
    import os

    spent = os.times()
    return spent.children_user + spent.children_system


def show(title: str, rows: Sequence[Row], earlier: Callable[[Row], str] = lambda _: "") -> None:
    """Prints one table. `earlier` says how a row compares with an earlier release."""
    print(f"\n{title}")
    width = max(_columns(row.what) for row in rows)
    for row in rows:
        spread = "" if len(row.seconds) == 1 else f" ({min(row.seconds):.3f}-{max(row.seconds):.3f})"
        times = f"{row.median:9.3f} s{spread}"
        print(
            f"  {row.what}{' ' * (width - _columns(row.what))}  {times:32}  {earlier(row):9}  {row.says}".rstrip(),
            flush=True,
        )


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
