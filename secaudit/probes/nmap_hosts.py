"""One `<host>` of nmap's XML."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from secaudit.network.intervals import PORT_MAX, Intervals, normalise, subtract
from secaudit.probes.clock import instant
from secaudit.probes.nmap_ports import AskedPorts, port_number, read_ports
from secaudit.probes.nmap_services import AskedServices, service_seen
from secaudit.probes.nmap_xml import NmapDocument, cleaned
from secaudit.probes.observation import IPAddress, PortObservation, PortState, SilentPorts
from secaudit.probes.services import ServiceSeen
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Names = Mapping[tuple[str, str, int], str]
"""The names of services for people, by address, protocol and port."""


@dataclass(frozen=True, slots=True)
class RunQuestions:
    """What one run asked: of which ports, and of those that are open."""

    ports: AskedPorts
    services: AskedServices


_PROTOCOLS = frozenset(("tcp", "udp", "sctp"))
_SINGULAR = {
    "resets": "reset",
    "no-responses": "no-response",
    "port-unreaches": "port-unreach",
    "admin-prohibiteds": "admin-prohibited",
    "host-unreaches": "host-unreach",
    "net-unreaches": "net-unreach",
}
"""nmap before 7.9 writes the reasons of summarised ports in the plural."""


@dataclass(frozen=True, slots=True)
class HostReading:
    """One target of one run.

    `asked` is false for a target whose ports were not asked to the end: held for down, or given up on (`--host-timeout`).
    `accounted` is false when some ports that were asked appear in no state, or only in a sum that does not say which.
    `is_prober` marks the machine that ran nmap.
    """

    address: IPAddress
    asked: bool
    accounted: bool
    is_prober: bool
    ports: tuple[PortObservation, ...]
    silent: tuple[SilentPorts, ...]
    started: datetime.datetime | None
    ended: datetime.datetime | None
    source: SourceLine


@dataclass(frozen=True, slots=True)
class _Group:
    """One `extraports`: `ports` is None when the file does not say which, `protocol` likewise."""

    state: PortState
    reason: str
    count: int
    protocol: str | None
    ports: Intervals | None
    source: SourceLine


def read_host(document: NmapDocument, element: Element, asked: RunQuestions, names: Names) -> HostReading:
    """Reads one host. Raises `InputError` for what nmap cannot have written."""
    address = _address(document, element)
    status = element.find("status")
    state = "" if status is None else status.get("state", "")
    reason = "" if status is None else status.get("reason", "")
    listed = _listed(document, element, address, asked.services, names)
    rest = {
        protocol: subtract(
            ports, normalise((seen.port, seen.port) for seen in listed if seen.protocol == protocol), PORT_MAX
        )
        for protocol, ports in asked.ports.by_protocol
    }
    groups = [group for extra in element.findall("ports/extraports") for group in _groups(document, extra)]
    located = _locate(groups, rest)
    reached = state == "up" and element.get("timedout") != "true"
    summed = _covered(located or ())
    accounted = located is not None and all(
        subtract(ports, summed.get(protocol, ()), PORT_MAX) == () for protocol, ports in rest.items()
    )
    proofs, silent = _split(address, located or (), asked.services)
    source = document.source(element, f"{address} {cleaned(state, 20)} ({cleaned(reason, 40)})")
    return HostReading(
        address=address,
        asked=reached and accounted,
        accounted=accounted or not reached,
        is_prober=reason == "localhost-response",
        ports=(*_discovery(address, state, reason, source), *listed, *proofs),
        silent=silent,
        started=instant(element.get("starttime")),
        ended=instant(element.get("endtime")),
        source=source,
    )


def _covered(groups: tuple[_Group, ...]) -> dict[str, Intervals]:
    """By protocol, the ports of all groups."""
    found: dict[str, Intervals] = {}
    for group in groups:
        if group.protocol is not None and group.ports is not None:
            found[group.protocol] = normalise((*found.get(group.protocol, ()), *group.ports))
    return found


def _address(document: NmapDocument, element: Element) -> IPAddress:
    texts = [entry.get("addr") or "" for entry in element.findall("address") if entry.get("addrtype") != "mac"]
    try:
        (text,) = texts
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise document.wrong(
            element,
            Text(ja="対象の IP アドレスを読み取れません。", en="the target's IP address cannot be read."),
        ) from error


def _listed(
    document: NmapDocument, element: Element, address: IPAddress, asked: AskedServices, names: Names
) -> tuple[PortObservation, ...]:
    found: dict[tuple[str, int], PortObservation] = {}
    for entry in element.findall("ports/port"):
        seen = _port(document, entry, address, asked, names)
        if (seen.protocol, seen.port) in found:
            raise document.wrong(
                entry,
                Text(
                    ja=f"ポート {seen.port}/{seen.protocol} が同じ対象に二度書かれています。",
                    en=f"port {seen.port}/{seen.protocol} is listed twice for the same target.",
                ),
            )
        found[seen.protocol, seen.port] = seen
    return tuple(found.values())


def _port(
    document: NmapDocument, entry: Element, address: IPAddress, asked: AskedServices, names: Names
) -> PortObservation:
    protocol = entry.get("protocol") or ""
    state = entry.find("state")
    try:
        if protocol not in _PROTOCOLS or state is None:
            raise ValueError(protocol)
        port = port_number(entry.get("portid"))
        port_state = PortState(state.get("state", ""))
        answered = state.get("reason_ip")
        reason_address = None if answered is None else ipaddress.ip_address(answered)
    except ValueError as error:
        raise document.wrong(
            entry, Text(ja="ポートの記載を読み取れません。", en="this port entry cannot be read.")
        ) from error
    reason = cleaned(state.get("reason"), 40)
    service = names.get((str(address), protocol, port), "")
    seen = service_seen(entry, asked) if port_state is PortState.OPEN else None
    by = "" if reason_address is None else f" from {reason_address}"
    hops = cleaned(state.get("reason_ttl"), 5)
    text = f"{address} {port}/{protocol} {port_state} ({reason}{by}{f' ttl {hops}' if hops else ''}) {service}".rstrip()
    if seen is not None:
        text = f"{text} {seen}".rstrip()
    return PortObservation(
        address, protocol, port, port_state, reason, reason_address, service, document.source(entry, text), seen
    )


def _groups(document: NmapDocument, extra: Element) -> list[_Group]:
    """The parts of one `extraports`: one per reason where nmap says which ports each has, else one for all."""
    try:
        state = PortState(extra.get("state", ""))
        reasons = extra.findall("extrareasons")
        parts = [(item, item.get("proto"), item.get("ports")) for item in reasons]
        if parts and all(protocol in _PROTOCOLS and ports for _, protocol, ports in parts):
            return [
                _Group(
                    state,
                    _reason([item]),
                    _count(item),
                    protocol,
                    read_ports(ports or ""),
                    document.source(item, f"{ports} {protocol} {state} ({_reason([item])})"[:200]),
                )
                for item, protocol, ports in parts
            ]
        source = document.source(extra, f"{_count(extra)} ports {state} ({_reason(reasons)})")
        return [_Group(state, _reason(reasons), _count(extra), None, None, source)]
    except ValueError as error:
        raise document.wrong(
            extra, Text(ja="まとめられたポートの記載を読み取れません。", en="the summary of ports cannot be read.")
        ) from error


def _reason(items: list[Element]) -> str:
    names = sorted({cleaned(item.get("reason"), 40) for item in items})
    return ", ".join(_SINGULAR.get(name, name) for name in names)


def _count(element: Element) -> int:
    text = element.get("count") or ""
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise ValueError(text[:20])
    return int(text)


def _locate(groups: list[_Group], rest: Mapping[str, Intervals]) -> tuple[_Group, ...] | None:
    """The groups with their ports. None when the file (of an older nmap) does not say which ports are in which group.

    A single sum is no riddle: it holds every port that was asked and is not listed, if the number agrees.
    """
    if all(group.ports is not None for group in groups):
        return tuple(groups)
    if len(groups) != 1 or groups[0].count != sum(high - low + 1 for ports in rest.values() for low, high in ports):
        return None
    (group,) = groups
    return tuple(
        _Group(group.state, group.reason, group.count, protocol, ports, group.source)
        for protocol, ports in rest.items()
        if ports
    )


def _split(
    address: IPAddress, groups: tuple[_Group, ...], asked: AskedServices
) -> tuple[tuple[PortObservation, ...], tuple[SilentPorts, ...]]:
    """Groups whose answer proves a crossing become one observation per port; the others stay sums.

    nmap lists every open port; of one that is only summed up, nobody knows the service.
    """
    proofs: list[PortObservation] = []
    silent: list[SilentPorts] = []
    for group in groups:
        if group.protocol is None or group.ports is None:
            continue
        sample = PortObservation(address, group.protocol, 0, group.state, group.reason, None, "", group.source)
        if not sample.proves_crossing:
            silent.append(SilentPorts(address, group.protocol, group.ports, group.state, group.reason, group.source))
            continue
        seen = ServiceSeen("") if asked.name and group.state is PortState.OPEN else None
        proofs.extend(
            PortObservation(address, group.protocol, port, group.state, group.reason, None, "", group.source, seen)
            for low, high in group.ports
            for port in range(low, high + 1)
        )
    return tuple(proofs), tuple(silent)


def _discovery(address: IPAddress, state: str, reason: str, source: SourceLine) -> tuple[PortObservation, ...]:
    """What the answer to nmap's host discovery says: it crossed as well.

    An answered ping is a crossing of ICMP, a SYN/ACK one of TCP. A reset may answer nmap's lone ACK to port 80, which a
    stateful firewall can let through: it proves nothing, but rules out that all was silent.
    """
    if state != "up":
        return ()
    if reason == "echo-reply":
        return (PortObservation(address, "icmp", 0, PortState.OPEN, reason, None, "", source),)
    if reason == "syn-ack":
        return (PortObservation(address, "tcp", 0, PortState.OPEN, reason, None, "", source),)
    if reason == "reset":
        return (PortObservation(address, "tcp", 0, PortState.UNFILTERED, reason, None, "", source),)
    return ()
