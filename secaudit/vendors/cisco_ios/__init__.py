"""Cisco IOS and IOS-XE."""

from secaudit.vendors.cisco_ios.reader import CiscoIosReader
from secaudit.vendors.reader import Reader

READER: Reader = CiscoIosReader()
