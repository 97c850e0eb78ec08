"""YAMAHA RTX, NVR, FWX and vRX routers.

Read with `commands` (lines), `table` (which words mean what; data in `data/`), `filters`, `interfaces`, `routes`, `nat`
and `management` (one command each), and put together by `assembly`. Facts are cited as YA-nn of the vendor notes and
by chapter of the YAMAHA command reference Rev.23.02.02.
"""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.reader import FoundTables, ReadConfig
from secaudit.vendors.yamaha import recognition

NAME = "yamaha"


class YamahaReader:
    """YAMAHA RTX, NVR, FWX, vRX routers; NTT-branded models speak the same grammar."""

    name = NAME
    title = "YAMAHA RTX"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def find_tables(self, text: ConfigText) -> FoundTables:
        """See `captured.find_tables`."""
        from secaudit.vendors.yamaha import captured

        return captured.find_tables(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.yamaha import reader

        return reader.read(text)


READER = YamahaReader()
