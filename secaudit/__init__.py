"""secaudit: proves from real device configurations whether a municipality's three layers are separated."""

__version__ = "0.1.0"
