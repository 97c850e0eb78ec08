"""Palo Alto PAN-OS (PA-01 to PA-06): XML, `set` and curly form of firewalls, with what Panorama pushed."""

from secaudit.vendors.panos.reader import READER

__all__ = ["READER"]
