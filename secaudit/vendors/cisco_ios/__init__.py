"""Cisco IOS and IOS-XE."""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.cisco_ios import recognition
from secaudit.vendors.reader import FoundTables, ReadConfig

NAME = "cisco_ios"


class CiscoIosReader:
    """Cisco IOS and IOS-XE (vendor chapter H, IO-01 to IO-05)."""

    name = NAME
    title = "Cisco IOS / IOS-XE"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def find_tables(self, text: ConfigText) -> FoundTables:
        """See `captured.find_tables`."""
        from secaudit.vendors.cisco_ios import captured

        return captured.find_tables(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.cisco_ios import reader

        return reader.read(text)


READER = CiscoIosReader()
