"""What holds where the file says nothing (`data/defaults.toml`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from secaudit.vendors.common.defaults import read_defaults

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,4}))?")


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults of one release. None: not confirmed, or the releases differ and the file does not tell which it is."""

    intrazone_action: str
    interzone_action: str
    rule_type: str
    rule_logs_end: bool
    default_rule_logs: bool
    ipv6_firewalling: bool | None
    telnet: bool
    ssh: bool
    http: bool
    https: bool
    snmp: bool
    ping: bool
    nat_type: str
    nat_binding: str
    static_distance: int
    static_metric: int
    client_works: bool
    client_adds_default_route: bool
    advanced_routing: bool | None
    proxy_id: str
    idle_timeout: int
    """Minutes."""
    login_banner: bool
    central_authentication: bool
    high_availability: bool

    @property
    def services(self) -> Mapping[str, bool]:
        """Whether the management port answers each service when no line says anything."""
        return {
            "telnet": self.telnet, "ssh": self.ssh, "http": self.http, "https": self.https, "snmp": self.snmp, "ping": self.ping,
        }  # fmt: skip


@lru_cache(maxsize=256)
def defaults(version: str) -> Defaults:
    """The defaults of a release as the XML form prints it; the other forms do not tell it."""
    found = _VERSION.match(version)
    release = None if found is None else tuple(int(part) for part in found.groups() if part is not None)
    return read_defaults(Defaults, __package__, release)
