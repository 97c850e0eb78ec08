"""Security zones: which interfaces each holds, and what the device itself takes there (SR-04)."""

from __future__ import annotations

from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.interfaces import Ports, is_management, unit_name
from secaudit.vendors.juniper_srx.tree import Statement

KINDS = ("system-services", "protocols")
HOST = "junos-host"
"""The zone of the device itself in policies."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """What one list of `host-inbound-traffic` says: the services that are named, and those that `except` takes out."""

    named: dict[str, Sources]
    excepted: dict[str, Sources]


@dataclass(slots=True)
class Zone:
    """A zone. `inbound` is what the zone says by kind of list, `own` what one of its interfaces says instead."""

    name: str
    sources: Sources
    members: dict[str, Sources] = field(default_factory=dict)
    inbound: dict[str, Inbound] = field(default_factory=dict)
    own: dict[str, dict[str, Inbound]] = field(default_factory=dict)
    unknown: list[tuple[Text, Sources]] = field(default_factory=list)
    """Members that are not configured, as a person reads it."""
    management: bool = False
    """The functional zone `management`: what comes in there is for the device and goes no further."""


@dataclass(slots=True)
class Zones:
    """The zones of a device. `filtering`: the file says at all how traffic is filtered by zones."""

    zones: dict[str, Zone] = field(default_factory=dict)
    filtering: bool = False

    def members(self, name: str) -> frozenset[str]:
        """The interfaces of a zone."""
        zone = self.zones.get(name)
        return frozenset() if zone is None else frozenset(zone.members)

    def all_members(self) -> frozenset[str]:
        """The interfaces of all security zones: only between these anything is forwarded."""
        return frozenset(name for zone in self.zones.values() if not zone.management for name in zone.members)


def read_zones(scope: Scope, ports: Ports) -> Zones:
    """`security zones`; the interfaces get the names of their zones."""
    section = scope.section("security", "zones")
    zones = Zones(
        filtering=scope.root.get("security", "zones") is not None or scope.root.get("security", "policies") is not None
    )
    section.use()
    if scope.root.get("security") is not None:
        scope.section("security").use()
    for entry in section.below("security-zone"):
        zones.zones[entry.word] = _zone(scope, ports, entry)
    for entry in section.below("functional-zone"):
        zone = _zone(scope, ports, entry)
        zone.management = True
        if entry.word != "management":
            text = Text(ja="機能ゾーンの名前を読み取れません。", en="The name of a functional zone was not understood.")
            scope.findings.doubt(DoubtKind.UNREAD, text, zone.sources or scope.identity)
        zones.zones[f"functional-zone {entry.word}"] = zone
    for word in ("security-zone", "functional-zone"):
        if word in section.children:
            section.children[word].use()
    _all_interfaces(zones, ports)
    _report_unknown(scope, ports, zones)
    for name, zone in zones.zones.items():
        for member in zone.members:
            ports.replace(member, zone=name.removeprefix("functional-zone "))
    return zones


def _zone(scope: Scope, ports: Ports, entry: Statement) -> Zone:
    entry.use()
    zone = Zone(entry.word, entry.sources()[:1])
    zone.inbound = _inbound(entry)
    listed = entry.get("interfaces")
    if listed is not None:
        listed.use()
    for one in entry.below("interfaces"):
        one.use()
        own = _inbound(one)
        if one.word == "all":
            zone.members["all"] = one.sources()
            continue
        name = unit_name(one.word)
        if name not in ports.interfaces:
            text = Text(
                ja=f"ゾーン「{entry.word}」のインタフェース {name} の設定がありません。",
                en=f"The interface {name} of the zone '{entry.word}' is not configured.",
            )
            zone.unknown.append((text, one.sources() or zone.sources))
            continue
        zone.members[name] = one.sources() or zone.sources
        if own:
            zone.own[name] = own
    return zone


def _report_unknown(scope: Scope, ports: Ports, zones: Zones) -> None:
    """Junos refuses a member that is not configured, so one of the two names is damaged: any interface in no zone may be meant."""
    taken = {name for zone in zones.zones.values() for name in zone.members}
    free = frozenset(name for name in ports.units if name not in taken and not is_management(name))
    for zone in zones.zones.values():
        for text, sources in zone.unknown:
            scope.findings.doubt(DoubtKind.UNDEFINED, text, sources, interfaces=free)
            scope.findings.notice(NoticeKind.INACTIVE, text, sources)


def _all_interfaces(zones: Zones, ports: Ports) -> None:
    """`interfaces all`: every unit that is in no other zone."""
    taken = {name for zone in zones.zones.values() for name in zone.members}
    for zone in zones.zones.values():
        lines = zone.members.pop("all", None)
        if lines is not None:
            for name in ports.units:
                if name not in taken and not is_management(name):
                    zone.members[name] = lines


def _inbound(holder: Statement) -> dict[str, Inbound]:
    section = holder.get("host-inbound-traffic")
    if section is None:
        return {}
    section.use()
    return {kind: _of_kind(section.children[kind]) for kind in KINDS if kind in section.children}


def _of_kind(section: Statement) -> Inbound:
    section.use()
    named: dict[str, Sources] = {}
    excepted: dict[str, Sources] = {}
    for one in section:
        one.use()
        if "except" in one.children:
            one.children["except"].use()
            excepted[one.word] = one.sources()
        else:
            named[one.word] = one.sources()
    return Inbound(named, excepted)
