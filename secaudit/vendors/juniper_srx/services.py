"""Protocols and ports as Junos writes them, and the notation of this package's data files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources

from secaudit.network.intervals import BYTE_MAX, PORT_MAX, Interval
from secaudit.network.matches import ANY_SERVICE, ICMP, ICMPV6, SCTP, TCP, UDP, Service
from secaudit.vendors.juniper_srx.findings import NotUnderstoodError

_PACKAGE = "secaudit.vendors.juniper_srx"
PROTOCOLS: Mapping[str, int] = {
    "ah": 51, "egp": 8, "esp": 50, "gre": 47, "icmp": ICMP, "icmp6": ICMPV6, "icmpv6": ICMPV6, "igmp": 2, "ipip": 4, "ipv6": 41,
    "node": 0, "ospf": 89, "pim": 103, "rsvp": 46, "sctp": SCTP, "tcp": TCP, "udp": UDP, "vrrp": 112, "dstopts": 60, "fragment": 44,
    "hop-by-hop": 0, "no-next-header": 59, "routing": 43,
}  # fmt: skip
"""Names of protocols (Juniper, "protocol (Applications)" and the match conditions of firewall filters)."""
PORTS: Mapping[str, int] = {
    "afs": 1483, "bgp": 179, "biff": 512, "bootpc": 68, "bootps": 67, "cmd": 514, "cvspserver": 2401, "dhcp": 67, "domain": 53, "eklogin": 2105,
    "ekshell": 2106, "exec": 512, "finger": 79, "ftp": 21, "ftp-data": 20, "http": 80, "https": 443, "ident": 113, "imap": 143, "kerberos-sec": 88,
    "klogin": 543, "kpasswd": 761, "krb-prop": 754, "krbupdate": 760, "kshell": 544, "ldap": 389, "ldp": 646, "login": 513, "mobileip-agent": 434,
    "mobilip-mn": 435, "msdp": 639, "netbios-dgm": 138, "netbios-ns": 137, "netbios-ssn": 139, "nfsd": 2049, "nntp": 119, "ntalk": 518, "ntp": 123,
    "pop3": 110, "pptp": 1723, "printer": 515, "radacct": 1813, "radius": 1812, "rip": 520, "rkinit": 2108, "smtp": 25, "snmp": 161,
    "snmptrap": 162, "snpp": 444, "socks": 1080, "ssh": 22, "sunrpc": 111, "syslog": 514, "tacacs": 49, "tacacs-ds": 65, "talk": 517, "telnet": 23,
    "tftp": 69, "timed": 525, "who": 513, "xdmcp": 177, "zephyr-clt": 2103, "zephyr-hm": 2104,
}  # fmt: skip
"""Names of ports (Juniper, "Firewall Filter Match Conditions Based on Numbers or Text Aliases")."""
ICMP_TYPES: Mapping[str, int] = {
    "echo-reply": 0, "unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8, "router-advertisement": 9, "router-solicit": 10,
    "time-exceeded": 11, "parameter-problem": 12, "timestamp": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16, "mask-request": 17,
    "mask-reply": 18,
}  # fmt: skip
ICMP6_TYPES: Mapping[str, int] = {
    "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128, "echo-reply": 129,
    "membership-query": 130, "membership-report": 131, "membership-termination": 132, "router-solicit": 133, "router-advertisement": 134,
    "neighbor-solicit": 135, "neighbor-advertisement": 136, "redirect": 137,
}  # fmt: skip


def protocol(word: str) -> int:
    """A protocol by name or number. Raises `NotUnderstoodError`."""
    found = PROTOCOLS.get(word)
    return number(word, 0, BYTE_MAX) if found is None else found


def number(word: str, low: int, high: int) -> int:
    """A whole number in a range. Raises `NotUnderstoodError`."""
    if not (word.isascii() and word.isdigit() and len(word) < 10 and low <= int(word) <= high):
        raise NotUnderstoodError(word)
    return int(word)


@lru_cache(maxsize=4096)
def ports(word: str) -> Interval:
    """A port or a range of ports, by name or number. Raises `NotUnderstoodError`."""
    named = PORTS.get(word)
    if named is not None:
        return named, named
    first, dash, last = word.partition("-")
    low = number(first, 0, PORT_MAX)
    high = number(last, 0, PORT_MAX) if dash else low
    if low > high:
        raise NotUnderstoodError(word)
    return low, high


def icmp_values(word: str, names: Mapping[str, int]) -> Interval:
    """An ICMP type or code, or a range of them. Raises `NotUnderstoodError`."""
    if word in names:
        return names[word], names[word]
    first, dash, last = word.partition("-")
    low = number(first, 0, BYTE_MAX)
    high = number(last, 0, BYTE_MAX) if dash else low
    if low > high:
        raise NotUnderstoodError(word)
    return low, high


def of_notation(text: str) -> tuple[Service, ...]:
    """Services as the data files write them: `tcp/80, udp/67-68, icmp/8, gre, any`.

    >>> of_notation("tcp/80")[0].destination_ports
    ((80, 80),)
    """
    return tuple(_of_notation(part.strip()) for part in text.split(","))


def _of_notation(text: str) -> Service:
    if text == "any":
        return ANY_SERVICE
    name, _, value = text.partition("/")
    value_of = protocol(name)
    protocols = ((value_of, value_of),)
    if not value:
        return Service(protocols)
    if value_of in (ICMP, ICMPV6):
        return Service(protocols, icmp_types=(icmp_values(value, {}),))
    return Service(protocols, (ports(value),))


@cache
def host_services() -> Mapping[str, Mapping[str, tuple[Service, ...]]]:
    """`data/services.toml`: what the two lists of `host-inbound-traffic` name."""
    data = tomllib.loads(resources.files(_PACKAGE).joinpath("data/services.toml").read_text("utf-8"))
    return {kind: {name: of_notation(text) for name, text in entries.items()} for kind, entries in data.items()}


@cache
def built_in() -> tuple[
    Mapping[str, tuple[Service, ...]], Mapping[str, tuple[Service, ...]], Mapping[str, tuple[str, ...]]
]:
    """`data/applications.toml`: exact applications, those of which the most is known, and sets."""
    data = tomllib.loads(resources.files(_PACKAGE).joinpath("data/applications.toml").read_text("utf-8"))
    exact = {name: of_notation(text) for name, text in data["exact"].items()}
    most = {name: of_notation(text) for name, text in data["uncertain"].items()}
    return exact, most, {name: tuple(text.split()) for name, text in data["sets"].items()}
