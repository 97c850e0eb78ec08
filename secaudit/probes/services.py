"""What a probe learnt about an open port beyond its number: which service answers there, and which versions of TLS and SSH it offers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class TlsVersion(IntEnum):
    """Versions of TLS, oldest first. The values are those on the wire (RFC 8446 4.2.1, RFC 6101)."""

    SSL_3_0 = 0x0300
    TLS_1_0 = 0x0301
    TLS_1_1 = 0x0302
    TLS_1_2 = 0x0303
    TLS_1_3 = 0x0304

    @classmethod
    def of(cls, number: str) -> TlsVersion:
        """The version of TLS with a number like `1.2`. Raises `KeyError` for one that does not exist."""
        return cls[f"TLS_{number.replace('.', '_')}"]

    def __str__(self) -> str:
        return self.name.replace("_", " ", 1).replace("_", ".")


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """An open port of a run that asked more than whether it is open.

    `name` is the service that answered, in nmap's words: None when the run did not ask, empty when it asked and could not tell.
    `encrypted` is a service inside TLS. `product` is what it calls itself, for people only. `tls` are the versions it offers, oldest
    first: None when none was asked for or nothing answered in TLS, empty when it speaks TLS and no version was told. `ssh` are
    the versions of the SSH protocol (1, 2), likewise.
    """

    name: str | None
    encrypted: bool = False
    product: str = ""
    tls: tuple[TlsVersion, ...] | None = None
    ssh: tuple[int, ...] | None = None

    def __str__(self) -> str:
        versions = [*map(str, self.tls or ()), *(f"SSH {one}" for one in self.ssh or ())]
        return ", ".join(versions)


SERVICE_NAMES = {
    "telnet": frozenset({"telnet", "telnet-proxy"}),
    "ftp": frozenset({"ftp", "ftp-proxy"}),
    "tftp": frozenset({"tftp"}),
    "http": frozenset({"http"}),
    "finger": frozenset({"finger"}),
    "rlogin": frozenset({"login"}),
    "rsh": frozenset({"shell"}),
    "rexec": frozenset({"exec"}),
    "echo": frozenset({"echo"}),
    "daytime": frozenset({"daytime"}),
    "chargen": frozenset({"chargen"}),
}
"""Services without encryption by the word of a rule, and what nmap calls them (nmap-service-probes of nmap 7.93)."""
