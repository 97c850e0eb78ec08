"""YAMAHA SWX and SWR switches."""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.reader import ReadConfig
from secaudit.vendors.yamaha_swx import recognition

NAME = "yamaha_swx"


class YamahaSwxReader:
    """YAMAHA SWX and SWR switches (vendor chapter A.11)."""

    name = NAME
    title = "YAMAHA SWX"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.yamaha_swx import reader

        return reader.read(text)


READER = YamahaSwxReader()
