"""Observations sorted by zone pair: what a scan proves about what crosses."""

from __future__ import annotations

import datetime
import ipaddress
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from secaudit.municipality.model import IPNetwork, Zone
from secaudit.network.intervals import Intervals
from secaudit.packets.sets import PacketSet
from secaudit.probes.observation import IPAddress, PortObservation, Scan
from secaudit.rules.answers import answer, observation_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.permitted import EVERY_ADDRESS
from secaudit.rules.result import Outcome, RuleResult, Subject
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text
from secaudit.text.dates import in_japanese_era


@dataclass(frozen=True, slots=True)
class Sight:
    """What one scan saw of one zone from another. `targets` are all addresses of the zone that the scan speaks about."""

    scan: Scan
    source: Zone
    destination: Zone
    targets: tuple[IPAddress, ...]
    crossed: tuple[PortObservation, ...]
    blocked: tuple[tuple[IPAddress, str, Intervals], ...]

    @property
    def accountable(self) -> tuple[IPAddress, ...]:
        """Targets that were really asked and of which somebody knows that a host is there."""
        return tuple(one for one in self.targets if one in self.scan.targets_up and one not in self.scan.assumed)


def source_zone(scan: Scan) -> Zone | None:
    """The zone a scan was made from, None when the file names none that exists."""
    return next((zone for zone in Zone if zone.value == scan.from_zone), None)


def sights(context: RuleContext, scan: Scan) -> tuple[Sight, ...]:
    """One scan by destination zone; targets in the prober's own zone are left out. The scan's own zone must be known."""
    source = source_zone(scan)
    assert source is not None
    by_zone: dict[Zone, list[IPAddress]] = defaultdict(list)
    for target in scan.targets:
        zone = context.places.of_address(target)
        if zone is not None and zone is not source:
            by_zone[zone].append(target)
    proofs = scan.blocked()
    result = []
    for zone in sorted(by_zone):
        held = tuple(sorted(by_zone[zone], key=lambda one: (one.version, int(one))))
        members = frozenset(held)
        result.append(
            Sight(
                scan=scan,
                source=source,
                destination=zone,
                targets=held,
                crossed=tuple(one for one in scan.ports if one.target in members and one.proves_crossing),
                blocked=tuple(
                    (target, protocol, ports)
                    for (target, protocol), ports in sorted(proofs.items(), key=lambda one: (str(one[0][0]), one[0][1]))
                    if target in members and ports
                ),
            )
        )
    return tuple(result)


def subject_of(context: RuleContext, sight: Sight) -> Subject:
    """A scan and a zone pair, named `probes/x.xml:lgwan->my_number`."""
    left, right = context.policy.title_of(sight.source), context.policy.title_of(sight.destination)
    return observation_subject(
        f"{sight.scan.file}:{sight.source.value}->{sight.destination.value}",
        Text(ja=f"{sight.scan.file}（{left.ja} → {right.ja}）", en=f"{sight.scan.file} ({left.en} → {right.en})"),
    )


def scan_subject(scan: Scan) -> Subject:
    """A whole scan, named by its file."""
    return observation_subject(scan.file, Text(ja=scan.file, en=scan.file))


def targets_outside_zones(context: RuleContext, scan: Scan) -> tuple[IPAddress, ...]:
    """Targets that no zone claims: nothing can be judged about them."""
    return tuple(one for one in scan.targets if context.places.of_address(one) is None)


def unusable(rule: Rule, context: RuleContext, scan: Scan, max_age_days: int | None) -> RuleResult | None:
    """Why nothing can be said from a scan, None when it can be used."""
    subject = scan_subject(scan)
    zone = source_zone(scan)
    if zone is None:
        fact = Text(
            ja=f"どの領域から実施した探査であるかが分からない（{scan.from_zone or '記載なし'}）。",
            en=f"The zone that the scan was made from is not known ({scan.from_zone or 'not stated'}).",
        )
        need = Text(ja="探査を実施した領域の記載", en="the zone that the scan was made from")
        return answer(rule, Outcome.UNDETERMINED, "unknown_zone", subject, fact, needs=(need,))
    stands = None if scan.source_address is None else context.places.of_address(scan.source_address)
    if stands is not None and stands is not zone:
        left, right = context.policy.title_of(zone), context.policy.title_of(stands)
        fact = Text(
            ja=f"{left.ja}から実施したとされているが、送信元 {scan.source_address} は{right.ja}のアドレスである。",
            en=f"Said to be made from {left.en}, but its source {scan.source_address} is an address of {right.en}.",
        )
        need = Text(ja="探査を実施した領域の正しい記載", en="the zone that the scan was really made from")
        return answer(rule, Outcome.UNDETERMINED, "source_not_in_zone", subject, fact, needs=(need,))
    if max_age_days is None:
        return None
    need = Text(ja="新しい探査の結果", en="a newer scan")
    if scan.started is None:
        fact = Text(ja="探査の日時が記録されていない。", en="The scan has no date.")
        return answer(rule, Outcome.UNDETERMINED, "undated", subject, fact, needs=(need,))
    age = (context.as_of - scan.started.date()) // datetime.timedelta(days=1)
    if age < 0:
        fact = Text(
            ja=f"探査の日（{in_japanese_era(scan.started.date())}）が監査基準日より後である。",
            en=f"The scan was made on {scan.started.date()}, after the day of the audit.",
        )
        need = Text(ja="監査基準日以前に実施した探査の結果", en="a scan made by the day of the audit")
        return answer(rule, Outcome.UNDETERMINED, "scan_in_future", subject, fact, needs=(need,))
    if age > max_age_days:
        fact = Text(
            ja=f"探査から{age}日が経過している（上限{max_age_days}日）。",
            en=f"The scan is {age} days old (at most {max_age_days}).",
        )
        return answer(rule, Outcome.UNDETERMINED, "stale", subject, fact, needs=(need,))
    return None


def probed(context: RuleContext, sight: Sight, target: IPAddress, protocol: str, ports: Intervals) -> PacketSet:
    """The packets that a scan sent to some ports of a target. An unknown sender stands for every address.

    `ports` of `((0, 0),)` mean an answer that does not say its port: all of them.
    """
    sender = sight.scan.source_address
    sources: Iterable[IPNetwork] = EVERY_ADDRESS if sender is None else (ipaddress.ip_network(sender),)
    chosen = () if ports == ((0, 0),) else ports
    return context.flows.set_of(
        sources=sources, destinations=(ipaddress.ip_network(target),), protocol=protocol, ports=chosen
    )


def seen_packets(context: RuleContext, sight: Sight, seen: PortObservation) -> PacketSet:
    """The packets that one answer may belong to."""
    return probed(context, sight, seen.target, seen.protocol, ((seen.port, seen.port),))


def is_general(seen: PortObservation) -> bool:
    """An answer to host discovery over TCP: nobody knows which port, or whether the packet opened a connection."""
    return seen.protocol == "tcp" and seen.port == 0
