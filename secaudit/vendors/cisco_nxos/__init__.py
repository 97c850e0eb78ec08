"""Cisco NX-OS (Nexus switches)."""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.cisco_nxos import recognition
from secaudit.vendors.reader import FoundTables, ReadConfig

NAME = "cisco_nxos"


class CiscoNxosReader:
    """Cisco NX-OS of Nexus switches (vendor chapter H)."""

    name = NAME
    title = "Cisco NX-OS"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def find_tables(self, text: ConfigText) -> FoundTables:
        """See `captured.find_tables`."""
        from secaudit.vendors.cisco_nxos import captured

        return captured.find_tables(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.cisco_nxos import reader

        return reader.read(text)


READER = CiscoNxosReader()
