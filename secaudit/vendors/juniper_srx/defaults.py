"""What holds where the file says nothing (`data/defaults.toml`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from secaudit.vendors.common.defaults import Release, read_defaults

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})(?:X(\d{1,3})(?:-D(\d{1,4}))?)?")


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults of one release. None: not confirmed, or the releases differ and the file does not tell which it is."""

    ipv6_mode: str | None
    default_policy: str
    telnet: bool
    ssh: bool
    ftp: bool
    http: bool
    https: bool
    tftp: bool
    snmp: bool
    static_preference: int
    aggregate_preference: int
    instance_type: str
    port_mode: str
    port_vlan: int
    ike_version: int
    idle_timeout: int
    """Seconds until an idle session ends; 0 = never."""
    login_banner: int
    ssh_version: int | None
    password_length: int
    central_authentication: int
    redundancy: int

    @property
    def services(self) -> Mapping[str, bool]:
        """Whether each service of the device itself runs when no line says anything."""
        return {
            "telnet": self.telnet, "ssh": self.ssh, "ftp": self.ftp, "http": self.http, "https": self.https, "tftp": self.tftp, "snmp": self.snmp,
        }  # fmt: skip


def release_of(version: str) -> Release | None:
    """The numbers of a release that can be compared; None when it is not written like one.

    >>> release_of("15.1X49-D170.4")
    (15, 1, 49, 170)
    >>> release_of("21.4R3-S2.11")
    (21, 4)
    """
    found = _VERSION.match(version)
    return None if found is None else tuple(int(part) for part in found.groups() if part is not None)


@lru_cache(maxsize=256)
def defaults(version: str) -> Defaults:
    """The defaults of a release as it is printed behind `version`."""
    return read_defaults(Defaults, __package__, release_of(version))
