"""What holds where the configuration says nothing (`data/defaults.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from secaudit.vendors.common.defaults import read_defaults


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults of every release."""

    telnet: bool
    ssh: bool
    http: bool
    snmp: bool
    tftp: bool
    static_distance: int
    learnt_distance: int

    @property
    def services(self) -> Mapping[str, bool]:
        """Whether each service of the device itself runs when no line says anything."""
        return {"telnet": self.telnet, "ssh": self.ssh, "http": self.http, "snmp": self.snmp, "tftp": self.tftp}


@cache
def defaults() -> Defaults:
    """Reads the table once."""
    return read_defaults(Defaults, __package__, None)
