"""Reading configurations: lines per second of every reader, from bytes on disk to devices."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from bench.measure import Row, timed
from bench.reader_texts import WRITERS
from secaudit.audit.reading import read_config_file


def measure(count: int, rounds: int) -> list[Row]:
    """Reads a generated file of about `count` lines with every reader, and one in an older form. A line that a reader does not understand is an error of ours."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, write in WRITERS.items():
            vendor = name.removesuffix("_before_8_3")
            path = Path(folder) / f"{name}.conf"
            path.write_text("\n".join(write(1)) + "\n", encoding="utf-8")
            read_config_file(path, path.name)  # what the reader imports is not what it costs to read
            text = "\n".join(write(count)) + "\n"
            path.write_text(text, encoding="utf-8")
            lines = text.count("\n")
            seconds = []
            for _ in range(rounds):
                taken, found = timed(partial(read_config_file, path, path.name))
                seconds.append(taken)
                if found.read is None or found.read.vendor != vendor or found.read.coverage.unread:
                    raise RuntimeError(f"the generated {name} file is not read as it should be")
            best = Row(f"{name}, {lines} lines", tuple(seconds))
            rows.append(Row(best.what, best.seconds, f"{lines / best.median:,.0f} lines/s"))
    return rows
