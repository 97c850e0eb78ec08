"""Palo Alto PAN-OS (PA-01 to PA-06): XML, `set` and curly form of firewalls, with what Panorama pushed."""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.panos import recognition
from secaudit.vendors.reader import FoundTables, ReadConfig

NAME = "panos"


class PanosReader:
    """The reader of Palo Alto firewalls: exported XML, `set` and curly form."""

    name = NAME
    title = "Palo Alto PAN-OS"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def find_tables(self, text: ConfigText) -> FoundTables:
        """See `captured.find_tables`."""
        from secaudit.vendors.panos import captured

        return captured.find_tables(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.panos import reader

        return reader.read(text)


READER = PanosReader()
