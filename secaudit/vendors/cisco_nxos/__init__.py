"""Cisco NX-OS (Nexus switches)."""

from secaudit.vendors.cisco_nxos.reader import CiscoNxosReader

READER = CiscoNxosReader()
__all__ = ["READER"]
