"""The management plane: how the device itself is reached, authenticated, logged and timed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from secaudit.text.source import Sources


class Storage(Enum):
    """How a secret is kept in the configuration."""

    CLEAR = "clear"
    REVERSIBLE = "reversible"
    """Obfuscated, not hashed: Cisco type 7 and the like."""
    HASHED = "hashed"
    UNKNOWN = "unknown"
    """Masked in the submitted file before it came to us."""


@dataclass(frozen=True, slots=True)
class ManagementService:
    """A service on the device itself: `telnet`, `ssh`, `http`, `https`, `snmp`, `tftp`, `ftp`.

    `interfaces` are those on which it answers (None = all). `sources` are the lines that say so; when a service is on by default and
    no line says anything, they are the lines that identify the device and its version, and `by_default` is true.
    """

    name: str
    enabled: bool
    sources: Sources
    interfaces: frozenset[str] | None = None
    by_default: bool = False
    restricted: bool = False
    """A list of permitted hosts is set."""


@dataclass(frozen=True, slots=True)
class SnmpCommunity:
    """An SNMP v1/v2c community. `well_known` when it is a default such as `public`; the name itself is never kept."""

    well_known: bool
    writable: bool
    restricted: bool
    sources: Sources


@dataclass(frozen=True, slots=True)
class Credential:
    """A password, key or community in the configuration; never its value. `what` names it for people ("enable password")."""

    what: str
    storage: Storage
    sources: Sources


@dataclass(frozen=True, slots=True)
class Server:
    """A host that the device uses: a log collector, a time source, a resolver. `address` as written."""

    address: str
    sources: Sources


@dataclass(frozen=True, slots=True)
class ManagementPlane:
    """Everything about the device itself that the rules ask for.

    `logging_denied` is whether dropped packets are logged at all (YAMAHA `syslog notice on`); None = does not apply.
    """

    services: tuple[ManagementService, ...] = ()
    snmp_communities: tuple[SnmpCommunity, ...] = ()
    credentials: tuple[Credential, ...] = ()
    syslog_servers: tuple[Server, ...] = ()
    ntp_servers: tuple[Server, ...] = ()
    dns_servers: tuple[Server, ...] = ()
    logging_denied: bool | None = None
    logging_denied_sources: Sources = field(default=())
