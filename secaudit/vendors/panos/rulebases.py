"""The rules that act on a virtual system in their order: pushed pre-rules, its own, pushed post-rules (PA-01), and the zones that they name."""

from __future__ import annotations

from dataclasses import dataclass

from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.panos.findings import Scope
from secaudit.vendors.panos.interfaces import Ports, Zone
from secaudit.vendors.panos.tree import Node, joined

_ZONE = Text(ja="ゾーン", en="zone")
_NAMES_NO_ZONE = Text(ja="ルールにゾーンの指定がありません。", en="The rule names no zone.")


def rules(scope: Scope, kind: str) -> list[Node]:
    """The rules of one kind (`security`, `nat`, `pbf`): shared before those of the device group, and the other way behind."""
    found: list[Node] = []
    for holder in (*reversed(scope.around), scope.local):
        found += holder.entries("pre-rulebase", kind, "rules")
    for holder in (*reversed(scope.around), scope.local):
        found += holder.entries("rulebase", kind, "rules")
    for holder in (scope.local, *scope.around):
        found += holder.entries("post-rulebase", kind, "rules")
    return found


@dataclass(frozen=True, slots=True)
class ZoneSet:
    """The zones of a setting with their interfaces. `unknown`: why that may not be all; the interfaces are then all there are."""

    zones: tuple[Zone, ...]
    interfaces: frozenset[str]
    sources: Sources
    any: bool
    unknown: Text | None = None


def interfaces_of(ports: Ports, zone: Zone) -> frozenset[str]:
    """The interfaces of a zone; of an external zone those of the virtual systems that it leads to."""
    if not zone.external:
        return zone.members
    return zone.members | frozenset(name for other in zone.external for name in ports.of_vsys(other))


def every_interface(scope: Scope, ports: Ports) -> frozenset[str]:
    """All interfaces that some zone of a virtual system stands for."""
    return frozenset(one for zone in ports.zones.get(scope.name, {}).values() for one in interfaces_of(ports, zone))


def zone_interfaces(scope: Scope, ports: Ports, entry: Node, name: str) -> ZoneSet:
    """What `from` or `to` of a rule names."""
    zones = ports.zones.get(scope.name, {})
    node = entry.child(name)
    names = () if node is None else (entry.names(name, "zone") or tuple(node.children))
    if not names or "any" in names:
        return ZoneSet(
            tuple(zones.values()), every_interface(scope, ports), (), True, None if names else _NAMES_NO_ZONE
        )
    # `multicast` is no zone of unicast traffic.
    names = tuple(one for one in names if one != "multicast")
    held = tuple(zones[one] for one in names if one in zones)
    unknown = None
    for one in names:
        if one not in zones:
            unknown = scope.findings.undefined(_ZONE, one, () if node is None else node.sources())
    sources = joined(line for zone in held for line in zone.sources)
    if unknown is not None:
        return ZoneSet(tuple(zones.values()), every_interface(scope, ports), sources, False, unknown)
    interfaces = frozenset(one for zone in held for one in interfaces_of(ports, zone))
    return ZoneSet(held, interfaces, sources, False)
