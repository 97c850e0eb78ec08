"""Allied Telesis AlliedWare Plus: switches (x, SBx, IE) and routers (AR)."""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.awplus import recognition
from secaudit.vendors.reader import FoundTables, ReadConfig

NAME = "awplus"


class AlliedWarePlusReader:
    """Allied Telesis AlliedWare Plus (vendor chapter C, but for the older AlliedWare of C.5)."""

    name = NAME
    title = "Allied Telesis AlliedWare Plus"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def find_tables(self, text: ConfigText) -> FoundTables:
        """See `captured.find_tables`."""
        from secaudit.vendors.awplus import captured

        return captured.find_tables(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.awplus import reader

        return reader.read(text)


READER = AlliedWarePlusReader()
