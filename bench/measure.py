"""Taking times, and printing them."""

from __future__ import annotations

import gc
import statistics
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


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


def timed(step: Callable[[], T]) -> tuple[float, T]:
    """The wall time of one call, and its answer. Garbage of earlier steps is collected before, not during."""
    gc.collect()
    start = time.perf_counter()
    answer = step()
    return time.perf_counter() - start, answer


def show(title: str, rows: Sequence[Row]) -> None:
    """Prints one table."""
    print(f"\n{title}")
    width = max(_columns(row.what) for row in rows)
    for row in rows:
        spread = "" if len(row.seconds) == 1 else f" ({min(row.seconds):.3f}-{max(row.seconds):.3f})"
        times = f"{row.median:9.3f} s{spread}"
        print(f"  {row.what}{' ' * (width - _columns(row.what))}  {times:32}  {row.says}".rstrip(), flush=True)


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
