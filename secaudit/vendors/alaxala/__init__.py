"""ALAXALA AX switches and routers (also NEC IP8800)."""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.alaxala import recognition
from secaudit.vendors.reader import FoundTables, ReadConfig

NAME = "alaxala"


class AlaxalaReader:
    """ALAXALA AX switches and routers with the newer language (vendor chapter D); also NEC IP8800."""

    name = NAME
    title = "ALAXALA AX"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def find_tables(self, text: ConfigText) -> FoundTables:
        """See `captured.find_tables`."""
        from secaudit.vendors.alaxala import captured

        return captured.find_tables(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.alaxala import reader

        return reader.read(text)


READER = AlaxalaReader()
