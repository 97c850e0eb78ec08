"""What nmap says about an open port beyond its number: `service` of `-sV`, and the scripts `ssl-enum-ciphers` and `sshv1`.

A service is identified only where nmap talked to it. Its portlist.cc writes `method="probed"` with confidence 10 for a match and 8
for `tcpwrapped` (a connection that is closed at once), and the name out of its table of port numbers (`method="table"`, 3) where
nothing matched.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from secaudit.probes.nmap_xml import NmapDocument, cleaned
from secaudit.probes.services import ServiceSeen, TlsVersion

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree.ElementTree import Element

_TLS_SCRIPT = "ssl-enum-ciphers"
_SSH_SCRIPT = "sshv1"
_LEAST_CONFIDENCE = 8
_NO_NAMES = frozenset(("", "unknown", "tcpwrapped"))
_TLS_KEYS = {
    "SSLv3": TlsVersion.SSL_3_0,
    "TLSv1.0": TlsVersion.TLS_1_0,
    "TLSv1.1": TlsVersion.TLS_1_1,
    "TLSv1.2": TlsVersion.TLS_1_2,
    "TLSv1.3": TlsVersion.TLS_1_3,
}


@dataclass(frozen=True, slots=True)
class AskedServices:
    """What a run asked of open ports: which service is behind them (`-sV`), which versions of TLS it offers."""

    name: bool
    tls: bool


def asked_services(document: NmapDocument) -> AskedServices:
    """What was asked, by the arguments of the run or by an answer that only such a question gets."""
    ports = document.root.findall("host/ports/port")
    arguments = document.root.get("args") or ""
    return AskedServices(
        name=_detects_versions(arguments) or any(_is_probed(one) for port in ports for one in port.findall("service")),
        tls=_TLS_SCRIPT in arguments or any(True for port in ports for _ in _scripts(port, _TLS_SCRIPT)),
    )


def service_seen(entry: Element, asked: AskedServices) -> ServiceSeen | None:
    """What is known of one open port. None when the run asked nothing beyond the number, and got no such answer."""
    services = entry.findall("service")
    probed = [one for one in services if _is_probed(one)]
    encrypted = any(one.get("tunnel") == "ssl" for one in services)
    names = [name for one in probed if (name := _name(one))]
    tls = _tls_versions(list(_scripts(entry, _TLS_SCRIPT)))
    ssh = _ssh_versions(entry, [one for one in probed if _name(one) == "ssh"])
    if tls is None and encrypted and asked.tls:
        tls = ()
    if not asked.name and tls is None and ssh is None:
        return None
    words = (one.get(key) for one in probed for key in ("product", "version", "extrainfo"))
    return ServiceSeen(
        name=(names[0] if len(names) == 1 else "") if asked.name else None,
        encrypted=encrypted,
        product=cleaned(" ".join(cleaned(word) for word in words if word)),
        tls=tls,
        ssh=ssh,
    )


def _detects_versions(arguments: str) -> bool:
    """`-sV`, also together with kinds of scans as in `-sSV`, or `-A`, which includes it."""
    return any(
        word == "-A" or (word.startswith("-s") and "V" in word and len(word) <= 6 and word[1:].isalpha())
        for word in arguments.split()
    )


def _is_probed(service: Element) -> bool:
    return service.get("method") == "probed"


def _name(service: Element) -> str:
    """The name of a service that nmap identified by talking to it, else empty."""
    confidence = service.get("conf") or ""
    if not (confidence.isascii() and confidence.isdigit() and len(confidence) <= 2):
        return ""
    name = cleaned(service.get("name"), 40).lower()
    return "" if int(confidence) < _LEAST_CONFIDENCE or name in _NO_NAMES else name


def _scripts(entry: Element, name: str) -> Iterable[Element]:
    return (one for one in entry.findall("script") if one.get("id") == name)


def _tls_versions(scripts: list[Element]) -> tuple[TlsVersion, ...] | None:
    """The versions for which the script lists a cipher. None without the script's answer.

    The script also writes a version whose handshake was understood but for which no cipher was accepted, with an empty list: it is
    not offered. A version without a list at all is none of its output; then nothing in it is taken for the whole answer.
    """
    if not scripts:
        return None
    found: set[TlsVersion] = set()
    for table in (table for script in scripts for table in script.findall("table")):
        version = _TLS_KEYS.get(table.get("key") or "")
        if version is None:
            continue
        ciphers = [one for one in table.findall("table") if one.get("key") == "ciphers"]
        if not ciphers:
            return ()
        if any(len(one) for one in ciphers):
            found.add(version)
    return tuple(sorted(found))


def _ssh_versions(entry: Element, services: list[Element]) -> tuple[int, ...] | None:
    """The versions of SSH that a server names (`protocol 2.0`; 1.99 stands for both, RFC 4253 5.1) or that the script reached.

    The script is silent about a server without version 1, so its silence says nothing.
    """
    reached = any("supports SSHv1" in (one.get("output") or "") for one in _scripts(entry, _SSH_SCRIPT))
    if not services and not reached:
        return None
    found = {1} if reached else set()
    for part in (part for one in services for part in (one.get("extrainfo") or "").split(";")):
        found |= _protocol(part.split())
    return tuple(sorted(found))


def _protocol(words: list[str]) -> set[int]:
    """What `protocol 1.99` says; nmap also writes it behind other words (`**BACKDOOR** protocol 1.5`)."""
    found: set[int] = set()
    for word, number in itertools.pairwise(words):
        if word == "protocol" and number.startswith("1."):
            found |= {1, 2} if number == "1.99" else {1}
        elif word == "protocol" and number.startswith("2."):
            found.add(2)
    return found
