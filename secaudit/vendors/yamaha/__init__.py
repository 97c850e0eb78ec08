"""YAMAHA RTX, NVR, FWX and vRX routers.

Read with `commands` (lines), `table` (which words mean what; data in `data/`), `filters`, `interfaces`, `routes`, `nat`
and `management` (one command each), and put together by `assembly`. Facts are cited as YA-nn of the vendor notes and
by chapter of the YAMAHA command reference Rev.23.02.02.
"""

from secaudit.vendors.yamaha.reader import YamahaReader

READER = YamahaReader()

__all__ = ["READER", "YamahaReader"]
