"""Cisco ASA and PIX: from configuration text to devices (vendor chapter H, AS-01 to AS-05)."""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.cisco_asa import recognition
from secaudit.vendors.reader import FoundTables, ReadConfig

NAME = "cisco_asa"


class CiscoAsaReader:
    """Cisco ASA and PIX (vendor chapter H, AS-01 to AS-05)."""

    name = NAME
    title = "Cisco ASA"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def find_tables(self, text: ConfigText) -> FoundTables:
        """See `captured.find_tables`."""
        from secaudit.vendors.cisco_asa import captured

        return captured.find_tables(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.cisco_asa import reader

        return reader.read(text)


READER = CiscoAsaReader()
