"""ALAXALA AX switches and routers (also NEC IP8800)."""

from secaudit.vendors.alaxala.reader import AlaxalaReader
from secaudit.vendors.reader import Reader

READER: Reader = AlaxalaReader()
