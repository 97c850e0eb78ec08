"""Instants of probes. All are shown in Japan's time, wherever the program runs, so that output does not depend on the machine."""

from __future__ import annotations

import datetime

from secaudit.text.dates import JAPAN

__all__ = ["JAPAN", "instant"]


def instant(seconds: str | None) -> datetime.datetime | None:
    """nmap's time (seconds since 1970) in Japan's time; None for anything that is no such number.

    >>> instant("1795293849").isoformat()
    '2026-11-22T05:44:09+09:00'
    """
    if seconds is None or not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 10):
        return None
    return datetime.datetime.fromtimestamp(int(seconds), JAPAN)
