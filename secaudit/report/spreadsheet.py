"""CSV files that Excel opens as they are, and that do nothing when it does."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from secaudit.report.wrapping import visible

BYTE_ORDER_MARK = "\ufeff"
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Full-width signs too: a Japanese Excel takes them for the narrow ones."""
_LONGEST_CELL = 32_000


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str | int | float | None]]) -> str:
    """A whole file: byte order mark, so that Excel takes it for UTF-8, and CR LF line ends (RFC 4180)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(_cell(value) for value in row)
    return BYTE_ORDER_MARK + buffer.getvalue()


def _cell(value: str | float | None) -> str | float:
    if value is None:
        return ""
    return neutralised(value) if isinstance(value, str) else value


def neutralised(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula; an apostrophe in front says "this is text".

    >>> neutralised("=HYPERLINK(...)")
    "'=HYPERLINK(...)"
    """
    shown = visible(text[:_LONGEST_CELL])
    # Spaces in front do not stop every program from seeing the formula.
    return f"'{shown}" if text.startswith(_STARTS_A_FORMULA) or text.lstrip().startswith(_STARTS_A_FORMULA) else shown
