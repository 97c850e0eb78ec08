"""Allied Telesis AlliedWare Plus: switches (x, SBx, IE) and routers (AR)."""

from secaudit.vendors.awplus.reader import AlliedWarePlusReader
from secaudit.vendors.reader import Reader

READER: Reader = AlliedWarePlusReader()
