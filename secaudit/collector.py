"""How often Python looks for garbage in cycles."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """For the whole process: to be called where a program starts.

    Configurations and packet sets are millions of small values that stay, with hardly a cycle among them. With Python's own thresholds the
    search walks over them again and again: a third of the time of reading a long file, a tenth of the time of the flows.
    """
    gc.set_threshold(50_000, 20, 100)
