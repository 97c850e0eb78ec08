"""Juniper SRX and other Junos devices: the curly and the `set` form of one configuration (domain: chapter I)."""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.juniper_srx import recognition
from secaudit.vendors.reader import FoundTables, ReadConfig

NAME = "juniper_srx"


class JuniperReader:
    """The reader of Junos configurations (`show configuration`, with `| display set`, saved files)."""

    name = NAME
    title = "Juniper SRX (Junos)"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def find_tables(self, text: ConfigText) -> FoundTables:
        """See `captured.find_tables`."""
        from secaudit.vendors.juniper_srx import captured

        return captured.find_tables(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.juniper_srx import reader

        return reader.read(text)


READER = JuniperReader()
