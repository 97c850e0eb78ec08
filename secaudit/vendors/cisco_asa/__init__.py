"""Cisco ASA and PIX: from configuration text to devices (vendor chapter H, AS-01 to AS-05)."""

from secaudit.vendors.cisco_asa.reader import CiscoAsaReader

READER = CiscoAsaReader()
