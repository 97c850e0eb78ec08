"""The management plane: how the device itself is reached, authenticated, logged and timed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from secaudit.network.matches import TCP, UDP, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


def _to(protocol: int, port: int) -> tuple[Service, ...]:
    return (Service(((protocol, protocol),), ((port, port),)),)


USUAL_PORTS: Mapping[str, tuple[Service, ...]] = {
    "telnet": _to(TCP, 23),
    "ssh": _to(TCP, 22),
    "http": _to(TCP, 80),
    "https": _to(TCP, 443),
    "snmp": _to(UDP, 161),
    "tftp": _to(UDP, 69),
    "ftp": _to(TCP, 21),
}
"""Where the services of the management plane listen unless their configuration says otherwise (IANA). SFTP is part of SSH."""


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
    no line says anything, they are the lines that identify the device and its version, and `by_default` is true. `listens` is where it is
    listening (empty: where it usually does).
    """

    name: str
    enabled: bool
    sources: Sources
    interfaces: frozenset[str] | None = None
    by_default: bool = False
    restricted: bool = False
    """A list of permitted hosts is set. Where the device has filters for itself (`Device.local_in`), the list is among them."""
    listens: tuple[Service, ...] = ()

    @property
    def packets(self) -> tuple[Service, ...]:
        """What is addressed to the service; nothing for a service of which nobody knows where it listens."""
        return self.listens or USUAL_PORTS.get(self.name, ())


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


class SettingKind(Enum):
    """A setting of the device's own protection, with the unit of its value."""

    IDLE_TIMEOUT = "idle timeout"
    """Seconds without a key stroke until an administrator's session ends; 0 = never."""
    LOGIN_ATTEMPTS = "login attempts"
    """Failed logins until the device locks or delays; 0 = it never does."""
    LOGIN_BANNER = "login banner"
    """1 when a message is shown before or at the login, 0 when none is."""
    SSH_VERSION = "SSH version"
    """The oldest version of SSH that is answered."""
    PASSWORD_LENGTH = "password length"  # noqa: S105
    """Characters that a new password must have at least; 0 = no rule."""
    CENTRAL_AUTHENTICATION = "central authentication"
    """1 when administrators are authenticated by a server (RADIUS, TACACS+, LDAP), 0 when not."""
    REDUNDANCY = "redundancy"
    """1 when the device shares its addresses or its sessions with a second one (VRRP, HSRP, HA, stack), 0 when it stands alone."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting at one place. `where` names the place for people ("line vty 0 4", "console", empty: the device).

    `value` is in the unit of its kind. `by_default`: no line of the file gives it; the sources are then the lines that identify the device, those
    of the place, or those that prepare what is not told to be there (a stack). Without a value the default is not known; without one that is not by
    default, a line gives it in words that are not understood.
    """

    kind: SettingKind
    value: int | None
    sources: Sources
    where: str = ""
    by_default: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """An administrator who may log in to the device by a name of the device's own. `privileged`: with all rights; None = not known.

    `rights_told` is false where no line of the file says what he may do.
    """

    name: str
    privileged: bool | None
    sources: Sources
    rights_told: bool = True


@dataclass(frozen=True, slots=True)
class SnmpUser:
    """An SNMPv3 user or group: whether its messages are authenticated, and whether they are encrypted."""

    name: str
    authenticated: bool
    encrypted: bool
    sources: Sources


@dataclass(frozen=True, slots=True)
class Server:
    """A host that the device uses: a log collector, a time source, a resolver. `address` as written."""

    address: str
    sources: Sources


@dataclass(frozen=True, slots=True)
class ManagementPlane:
    """Everything about the device itself that the rules ask for.

    `logging_denied` is whether dropped packets are logged at all (YAMAHA `syslog notice on`); None = does not apply. `settings_read` are the kinds
    of settings of which every line that there can be is told, none where the product has no command for it; of another kind nothing is known,
    whatever stands in the file. `accounts` are None where no line of the file tells them, `snmp_users` where the reader does not look for them.
    """

    services: tuple[ManagementService, ...] = ()
    snmp_communities: tuple[SnmpCommunity, ...] = ()
    credentials: tuple[Credential, ...] = ()
    syslog_servers: tuple[Server, ...] = ()
    ntp_servers: tuple[Server, ...] = ()
    dns_servers: tuple[Server, ...] = ()
    logging_denied: bool | None = None
    logging_denied_sources: Sources = field(default=())
    settings: tuple[Setting, ...] = ()
    settings_read: frozenset[SettingKind] = frozenset()
    accounts: tuple[Account, ...] | None = None
    snmp_users: tuple[SnmpUser, ...] | None = None
    elsewhere: Text | None = None
    """Why nothing here is known to be absent: this kind of file holds no settings of the device itself, and others do."""
