"""FortiGate (FortiOS): `config` trees to the network model. Vendor facts: FO-01 to FO-16."""

from secaudit.vendors.fortios.reader import FortiosReader

READER = FortiosReader()
