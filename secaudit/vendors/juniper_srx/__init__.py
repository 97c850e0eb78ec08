"""Juniper SRX and other Junos devices: the curly and the `set` form of one configuration (domain: chapter I)."""

from secaudit.vendors.juniper_srx.reader import READER

__all__ = ["READER"]
