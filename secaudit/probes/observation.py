"""What a probe saw."""

from __future__ import annotations

import datetime
import ipaddress
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from secaudit.network.intervals import PORT_MAX, Interval, Intervals, contains, intersect, normalise, subtract
from secaudit.probes.services import ServiceSeen
from secaudit.text.source import SourceLine, Sources

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class PortState(StrEnum):
    """States as nmap names them; what each proves is said in `PortObservation`."""

    OPEN = "open"
    CLOSED = "closed"
    FILTERED = "filtered"
    UNFILTERED = "unfiltered"
    OPEN_FILTERED = "open|filtered"
    CLOSED_FILTERED = "closed|filtered"


CROSSING_RESETS = frozenset(("reset", "port-unreach"))
"""Reasons of `closed` that only the target itself gives. `conn-refused` (a connect scan) is not one of them: the operating
system reports the ICMP port-unreachable of a rejecting firewall in the same way."""

REFUSALS = frozenset(("admin-prohibited", "net-prohibited", "host-prohibited", "port-unreach"))
"""Reasons of `filtered` by which a firewall on the way says that it refused. From the target itself they say that the packet had
arrived there (a host's own firewall), and `host-unreach` of a router says that it passed but nobody was there."""


@dataclass(frozen=True, slots=True)
class PortObservation:
    """One port of one target as seen from `from_zone`.

    `protocol` is `tcp`, `udp`, `sctp`, or `icmp` with port 0 for an answered ping; `tcp` with port 0 is an answer to nmap's host
    discovery, which does not say the port. `reason` is nmap's (`syn-ack`, `reset`, `no-response`, `admin-prohibited`, ...),
    `reason_address` who answered when it was not the target. `service` is for people, it may be no more than the usual name of the
    number; `seen` is what the run learnt by asking the open port itself, None when it asked nothing.
    """

    target: IPAddress
    protocol: str
    port: int
    state: PortState
    reason: str
    reason_address: IPAddress | None
    service: str
    source: SourceLine
    seen: ServiceSeen | None = None

    @property
    def answered_by_target(self) -> bool:
        """Whether the answer, if there was one, came from the target's own address."""
        return self.reason_address is None or self.reason_address == self.target

    @property
    def proves_crossing(self) -> bool:
        """Whether a packet that opens a connection surely reached the target: `open`, or `closed` by its own reset.

        `unfiltered` is an answer to a lone ACK, which a stateful firewall may let through although it opens nothing.
        """
        if not self.answered_by_target:
            return False
        return self.state is PortState.OPEN or (self.state is PortState.CLOSED and self.reason in CROSSING_RESETS)

    @property
    def may_have_crossed(self) -> bool:
        """Whether a crossing cannot be ruled out. False only for silence, and for a refusal by somebody other than the target."""
        if self.state is not PortState.FILTERED:
            return True
        refused = self.reason in REFUSALS and not self.answered_by_target
        return not (self.reason == "no-response" or refused)


@dataclass(frozen=True, slots=True)
class SilentPorts:
    """Ports of one target that gave no proof of a crossing and that nmap summarised instead of listing (`extraports`).

    `ports` are inclusive intervals.
    """

    target: IPAddress
    protocol: str
    ports: Intervals
    state: PortState
    reason: str
    source: SourceLine

    @property
    def may_have_crossed(self) -> bool:
        """As for one port; who refused is not known for a sum, so only plain silence rules a crossing out."""
        return not (self.state is PortState.FILTERED and self.reason == "no-response")


@dataclass(frozen=True, slots=True)
class Scan:
    """One run of a prober from one place.

    `targets` are all addresses the file speaks about, `targets_up` those whose ports were really asked, to the end (a host that nmap
    held for down or gave up on is not among them). `scanned` are the ports that were asked of every target, by protocol, as
    inclusive intervals. `ports` holds every listed port and every port whose answer proves a crossing; the rest is in `silent`.

    `positive_control` is true when a target that must answer did answer in the same run, false when it was asked and did not, None when
    none was asked: only with True does silence prove anything; `control` are its lines. `complete` is false for a file that
    was cut, a scan that was stopped, or a file that does not account for every port asked. `assumed` are targets of which
    nobody knows that a host is there: an answer counts, silence does not. `started` and `ended` are in Japan's time.
    """

    file: str
    from_zone: str
    source_address: IPAddress | None
    started: datetime.datetime | None
    targets: tuple[IPAddress, ...]
    targets_up: tuple[IPAddress, ...]
    scanned: tuple[tuple[str, Intervals], ...]
    ports: tuple[PortObservation, ...]
    positive_control: bool | None
    complete: bool
    source: SourceLine
    ended: datetime.datetime | None = None
    silent: tuple[SilentPorts, ...] = ()
    assumed: frozenset[IPAddress] = frozenset()
    control: Sources = ()

    def asked(self, target: IPAddress, protocol: str, port: int) -> bool:
        """Whether this run surely sent a packet to that port."""
        return target in self.targets_up and contains(dict(self.scanned).get(protocol, ()), port)

    def blocked(self) -> dict[tuple[IPAddress, str], Intervals]:
        """By target and protocol, the ports for which this run is proof that they cannot be reached from where the prober stood.

        That takes a complete run with a positive control that answered, a target that is known to be there, and silence or a
        refusal by a firewall on the way. Never for UDP: a service that stays silent looks the same. Never for a target whose own
        firewall refused any port: such refusals are rate-limited, so its silence at other ports says nothing.
        """
        if not (self.complete and self.positive_control):
            return {}
        answers: dict[tuple[IPAddress, str], list[Interval]] = defaultdict(list)
        silence: dict[tuple[IPAddress, str], list[Interval]] = defaultdict(list)
        refusing: set[IPAddress] = set()
        for seen in self.ports:
            side = answers if seen.may_have_crossed else silence
            side[seen.target, seen.protocol].append((seen.port, seen.port))
            if seen.state is PortState.FILTERED and seen.may_have_crossed:
                refusing.add(seen.target)
        for group in self.silent:
            side = answers if group.may_have_crossed else silence
            side[group.target, group.protocol].extend(group.ports)
            if group.state is PortState.FILTERED and group.may_have_crossed:
                refusing.add(group.target)
        asked = dict(self.scanned)
        present = set(self.targets_up) - self.assumed - refusing
        return {
            (target, protocol): intersect(
                asked.get(protocol, ()),
                subtract(normalise(ports), normalise(answers.get((target, protocol), [])), PORT_MAX),
            )
            for (target, protocol), ports in silence.items()
            if target in present and protocol != "udp"
        }

    def shows_blocked(self, target: IPAddress, protocol: str, port: int) -> bool:
        """Whether `blocked` holds this one port. For many ports call `blocked` once."""
        return contains(self.blocked().get((target, protocol), ()), port)
