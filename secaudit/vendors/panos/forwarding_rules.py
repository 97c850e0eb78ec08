"""Policy-based forwarding: rules that send packets elsewhere than the routing table says, tried before it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from secaudit.network.device import DoubtKind
from secaudit.network.intervals import IPAddress
from secaudit.network.matches import ANY_MARK, ANY_SERVICE, UNMARKED, Family, Match, any_address
from secaudit.network.routes import NextHop, PolicyRoute
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.panos.findings import Scope
from secaudit.vendors.panos.interfaces import Ports
from secaudit.vendors.panos.policies import Objects
from secaudit.vendors.panos.rulebases import rules, zone_interfaces
from secaudit.vendors.panos.tree import Node

_FAMILIES: tuple[Family, ...] = (4, 6)
MARKED = ((1, ANY_MARK[0][1]),)
_CONDITIONAL = Text(
    ja="ポリシーベース転送のルールに判定できない条件があります。",
    en="The rule of policy-based forwarding has conditions that are not modelled.",
)
_TRANSLATED = Text(
    ja="宛先変換された通信にポリシーベース転送がどう働くかは判定していません。",
    en="What policy-based forwarding does to traffic whose destination was translated is not modelled.",
)


def forwarded_interfaces(scope: Scope, ports: Ports) -> frozenset[str]:
    """Where packets come in that some rule may forward."""
    found: set[str] = set()
    for entry in rules(scope, "pbf"):
        if not entry.yes("disabled") and entry.child("action", "no-pbf") is None:
            found |= _ingress(scope, ports, entry)[0]
    return frozenset(found)


def read_forwarding(scope: Scope, ports: Ports, objects: Objects, redirects: bool) -> tuple[PolicyRoute, ...]:
    """The rules of one virtual system as policy routes, in every virtual router that its interfaces are in."""
    found: list[PolicyRoute] = []
    for entry in rules(scope, "pbf"):
        if not entry.yes("disabled"):
            found += _rule(scope, ports, objects, entry, redirects)
    return tuple(found)


def _ingress(scope: Scope, ports: Ports, entry: Node) -> tuple[frozenset[str], Text | None]:
    named = entry.names("from", "interface")
    if named:
        return frozenset(named), None
    found = zone_interfaces(scope, ports, entry, "from")
    return found.interfaces, found.unknown


def _rule(scope: Scope, ports: Ports, objects: Objects, entry: Node, redirects: bool) -> Iterable[PolicyRoute]:
    lines = entry.sources()
    ingress, uncertain = _ingress(scope, ports, entry)
    source, destination = (
        one.negated() if entry.yes(f"negate-{name}") else one
        for name in ("source", "destination")
        for one in (objects.addresses.of_setting(entry, name),)
    )
    services = objects.services.of_names(entry.names("service") or ("any",), lines)
    lost = any(not entry.names(name) for name in ("from", "source", "destination", "service"))
    conditioned = entry.unknown or entry.repeated or entry.value("schedule") or lost
    if (
        conditioned
        or any(set(entry.names(name)) - {"any"} for name in ("application", "source-user"))
        or not services.certain
    ):
        uncertain = uncertain or _CONDITIONAL
    matches: list[Match] = []
    for family in _FAMILIES:
        if not (source.certain(family) and destination.certain(family)):
            uncertain = uncertain or _CONDITIONAL
        if source.possible(family) and destination.possible(family):
            marks = UNMARKED if redirects and family == 4 else ANY_MARK
            matches.append(
                Match(family, source.possible(family), destination.possible(family), services.possible, marks)
            )
    hops, reason = _hops(scope, ports, entry, lines)
    uncertain = uncertain or reason
    label = f"pbf {entry.name}"
    for vrf in sorted({ports.interfaces[name].vrf for name in ingress if name in ports.interfaces}):
        yield PolicyRoute(label, tuple(matches), hops, lines, ingress, vrf, uncertain)
        if redirects and source.possible4:
            moved = Match(4, source.possible4, any_address(4), (ANY_SERVICE,), MARKED)
            yield PolicyRoute(label, (moved,), hops, lines, ingress, vrf, uncertain or _TRANSLATED)


def _hops(scope: Scope, ports: Ports, entry: Node, lines: Sources) -> tuple[tuple[NextHop, ...], Text | None]:
    action = entry.child("action")
    if action is None or len(action.children) != 1 or "forward-to-vsys" in action.children:
        scope.findings.doubt(
            DoubtKind.UNSUPPORTED,
            Text(
                ja=f"ポリシーベース転送のルール {entry.name} の転送先を判断できません。",
                en=f"Where the rule {entry.name} of policy-based forwarding sends packets cannot be told.",
            ),
            lines,
        )
        return (), _CONDITIONAL
    if "no-pbf" in action.children:
        return (), None
    if "discard" in action.children:
        return (NextHop(lines, discard=True),), None
    forward = action.child("forward")
    interface = None if forward is None else forward.value("egress-interface") or None
    written = (
        "" if forward is None else forward.value("nexthop", "ip-address") or forward.value("nexthop", "ipv6-address")
    )
    gateway = _address(scope, written)
    if interface is None or interface not in ports.interfaces or (written and gateway is None):
        text = Text(
            ja=f"ポリシーベース転送のルール {entry.name} の出力インタフェースまたは次ホップが分かりません。",
            en=f"The egress interface or next hop of the rule {entry.name} of policy-based forwarding is not known.",
        )
        scope.findings.doubt(DoubtKind.UNDEFINED, text, lines)
        return (), text
    monitored = forward is not None and forward.child("monitor") is not None
    return (NextHop(lines, gateway, interface, conditional=monitored),), None


def _address(scope: Scope, text: str) -> IPAddress | None:
    held = scope.find("address", text)
    if held is not None:
        text = held.value("ip-netmask").split("/")[0]
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
