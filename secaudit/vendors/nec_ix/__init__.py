"""NEC UNIVERGE IX (IX2000 and IX3000 series; IX-R and IX-V speak nearly the same language)."""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.nec_ix import recognition
from secaudit.vendors.reader import FoundTables, ReadConfig

NAME = "nec_ix"


class NecIxReader:
    """NEC UNIVERGE IX (vendor chapter B, NE-01 to NE-30)."""

    name = NAME
    title = "NEC UNIVERGE IX"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def find_tables(self, text: ConfigText) -> FoundTables:
        """See `captured.find_tables`."""
        from secaudit.vendors.nec_ix import captured

        return captured.find_tables(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.nec_ix import reader

        return reader.read(text)


READER = NecIxReader()
