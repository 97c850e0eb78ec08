"""NEC UNIVERGE IX (IX2000 and IX3000 series; IX-R and IX-V speak nearly the same language)."""

from secaudit.vendors.nec_ix.reader import NecIxReader
from secaudit.vendors.reader import Reader

READER: Reader = NecIxReader()
