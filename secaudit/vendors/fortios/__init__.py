"""FortiGate (FortiOS): `config` trees to the network model. Vendor facts: FO-01 to FO-16."""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.fortios import recognition
from secaudit.vendors.reader import FoundTables, Outline, ReadConfig

NAME = "fortios"


class FortiosReader:
    """The reader of FortiGate configurations (`show`, `show full-configuration`, backups)."""

    name = NAME
    title = "FortiGate (FortiOS)"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def find_tables(self, text: ConfigText) -> FoundTables:
        """See `captured.find_tables`."""
        from secaudit.vendors.fortios import captured

        return captured.find_tables(text)

    def outline(self, text: ConfigText) -> Outline:
        """See `parts.outline`."""
        from secaudit.vendors.fortios import parts

        return parts.outline(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.fortios import reader

        return reader.read(text)


READER = FortiosReader()
