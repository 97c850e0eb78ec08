"""How often Python looks for garbage in cycles."""

from __future__ import annotations

import atexit
import gc


def collect_rarely() -> None:
    """For the whole process: to be called where a program starts.

    Configurations and packet sets are millions of small values that stay, with hardly a cycle among them. With Python's own thresholds the
    search walks over them again and again: a third of the time of reading a long file, a tenth of the time of the flows. With this one a file of
    10,000 lines is read without any search; what waits to be found costs a ninth more memory (`python -m bench`, 60 and 300 devices).
    """
    gc.set_threshold(3_000_000, 20, 100)
    # At its end Python would search all of them once more.
    atexit.register(gc.freeze)
