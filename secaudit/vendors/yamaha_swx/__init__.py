"""YAMAHA SWX and SWR switches."""

from secaudit.vendors.reader import Reader
from secaudit.vendors.yamaha_swx.reader import YamahaSwxReader

READER: Reader = YamahaSwxReader()
