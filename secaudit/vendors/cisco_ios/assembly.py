"""Putting one device together from its sections."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from secaudit.network.device import Device, DoubtKind, Stage
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET
from secaudit.network.routes import DynamicRouting, Relay, Route
from secaudit.network.tunnels import Carrier, TunnelEnd
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.access_entries import EntryReader
from secaudit.vendors.cisco.access_lists import AccessList, read_access_lists, unused_lists
from secaudit.vendors.cisco.addresses_behind import addresses_behind
from secaudit.vendors.cisco.applied_filters import AppliedFilters, read_inspections
from secaudit.vendors.cisco.interface_facts import InterfaceFacts, TunnelFacts, resolve_unnumbered
from secaudit.vendors.cisco.learnt import doubtful_multicast, doubtful_prefixes, learnt_defaults
from secaudit.vendors.cisco.object_groups import read_object_groups
from secaudit.vendors.cisco.route_maps import policy_routes, read_route_maps
from secaudit.vendors.cisco.switching import bridged_filters, quality_policies
from secaudit.vendors.cisco.vocabulary import names
from secaudit.vendors.cisco_ios.crypto_maps import read_crypto_maps, with_crypto_maps
from secaudit.vendors.cisco_ios.interfaces import read_interface
from secaudit.vendors.cisco_ios.logins import SETTINGS_READ, Logins
from secaudit.vendors.cisco_ios.management import IosManagement
from secaudit.vendors.cisco_ios.nat import AddressTranslation
from secaudit.vendors.cisco_ios.neighbours import Neighbours
from secaudit.vendors.cisco_ios.port_protection import PortGuards
from secaudit.vendors.cisco_ios.proposals import Algorithms
from secaudit.vendors.cisco_ios.routes import (
    default_gateway,
    dialled_in,
    dynamic_routing,
    read_vrfs,
    static_routes,
)
from secaudit.vendors.cisco_ios.vocabulary import Defaults, defaults, irrelevance
from secaudit.vendors.cisco_ios.zones import POLICY_NAME, ZoneFirewall, read_zone_blocks
from secaudit.vendors.common.ledger import Ledger, on_interfaces
from secaudit.vendors.common.lines import LineTree, Node
from secaudit.vendors.common.sections import Sections

PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_NAT,
    Stage.EGRESS_FILTER,
)
"""An inbound list on the outside sees the global destination, an outbound one the translated source (table 0.2)."""

_EVERY_PORT = tuple(range(65536))

_IPV6_OFF = Text(
    ja="ipv6 unicast-routing がないため IPv6 は転送されないはずですが、既定値は機種により確認が必要です",
    en="without `ipv6 unicast-routing` IPv6 should not be forwarded, but the default of this model is not confirmed",
)
_ROUTING_OFF = Text(
    ja="ip routing の行がありません。スイッチの既定では中継しない機種が多いものの、機種により確認が必要です",
    en="there is no line `ip routing`: most switches do not route by default, but the default of this model is not confirmed",
)
_IPV6_ROUTES = Text(
    ja="no ip routing と ipv6 unicast-routing が併記されています",
    en="`no ip routing` stands beside `ipv6 unicast-routing`",
)
_PLAIN_VLAN_SETTINGS = frozenset(("name", "exit", "mtu", "media", "state", "remote-span"))
_MODEL_COMMENT = re.compile(r"!\s*(?:Chassis type|PID):\s*([A-Z0-9-]{4,40})")


def assemble(sections: Sections, tree: LineTree, ledger: Ledger, file: str, fallback: str) -> Device:
    """One device; `fallback` is its name when the file has no hostname."""
    for node in sections.of("structure"):
        ledger.use_all(node)
    name, version, model, identity = _identity(sections, tree, ledger, fallback)
    usual = defaults(version)
    interfaces: dict[str, InterfaceFacts] = {}
    for node in sections.of("interface"):
        read_interface(node, interfaces, ledger, sections.take, usual)
    resolve_unnumbered(interfaces)

    lists, ipv6_lists = defined_lists(sections, ledger)
    read_vrfs(sections.of("vrf"), ledger)
    _undefined_vrfs(sections, interfaces, ledger)
    switch = _vlans_and_switching(sections, interfaces, ledger)
    routes, partly = static_routes(sections.of("route"), interfaces, ledger)
    doubtful_prefixes(interfaces, ledger)
    doubtful_multicast(interfaces, ledger)
    peers, unknown_peers = dialled_in(interfaces, sections.of("local pool"), ledger)
    neighbours = Neighbours(interfaces, ledger)
    neighbours.read(sections)
    dynamic = (*dynamic_routing(sections.of("router"), interfaces, neighbours, ledger), *partly, *unknown_peers)
    needed = frozenset(
        [facts.policy_route.name for facts in interfaces.values() if facts.policy_route is not None]
        + [word for node in sections.of("nat") for word in node.words]
    )
    route_maps = read_route_maps(sections.of("route map"), needed, ledger)
    forwards = _forwards(sections, interfaces, routes, dynamic, switch, usual, ledger)
    gateway_routes = default_gateway(sections.of("default gateway"), forwards is not False, ledger)

    applied = AppliedFilters(
        lists,
        ipv6_lists,
        interfaces,
        read_inspections(sections.of("inspection"), ledger),
        addresses_behind(interfaces, routes),
        ledger,
    )
    applied.build()
    off = _not_forwarded(sections, interfaces, forwards, usual)
    policy = _policy(sections, interfaces, lists, ipv6_lists, off, ledger)
    filters = dict(applied.filters)
    if policy is not None:
        filters[policy.name] = policy
    unused_lists(sections.words, lists, ipv6_lists, ledger)

    translation = AddressTranslation(lists, route_maps, interfaces, ledger)
    nat_rules = translation.build(sections.of("nat"))
    by_policy = policy_routes(interfaces, route_maps, lists, ledger)
    reader = IosManagement(lists, ipv6_lists, ledger, irrelevance())
    reader.read(sections)
    management = reader.build(usual.services, identity)
    vrfs = {facts.name: facts.vrf for facts in interfaces.values()}
    itself = reader.filter_for_itself(_control_plane(sections, ledger), vrfs)
    if itself is not None:
        filters[itself.name] = itself
    broadcasts = _forwarded_broadcasts(sections, usual, ledger)
    algorithms = Algorithms(ledger)
    algorithms.read(sections)
    guards = PortGuards(ledger)
    guards.read(sections)
    crypto_tunnels = read_crypto_maps(sections.of("crypto map"), interfaces, lists, algorithms, ledger)
    finished = {
        facts.name: _interface(facts, applied.in_and_out, switch, guards, algorithms) for facts in interfaces.values()
    }
    logins = Logins(sections, interfaces, ledger, identity, usual)
    management = replace(
        management,
        settings=logins.settings(management),
        settings_read=SETTINGS_READ,
        accounts=logins.accounts(),
        snmp_users=logins.snmp_users(),
    )
    device = Device(
        name=name,
        vendor="cisco_ios",
        file=file,
        identity=identity,
        interfaces=finished,
        filters=filters,
        pipeline=PIPELINE,
        model=model,
        version=version,
        policies=() if policy is None else (policy.name,),
        local_in=() if itself is None else (itself.name,),
        routes=(*routes, *peers, *translation.added_routes, *learnt_defaults(interfaces), *gateway_routes),
        policy_routes=by_policy,
        dynamic_routing=dynamic,
        nat_rules=nat_rules,
        forwards=forwards is not False,
        management=management,
        doubts=ledger.all_doubts(),
        notices=tuple(ledger.notices),
        relays=tuple(
            Relay(facts.name, target, broadcasts, (line,))
            for facts in interfaces.values()
            for target, line in facts.helpers
        ),
    )
    return with_crypto_maps(device, crypto_tunnels)


def _forwarded_broadcasts(sections: Sections, usual: Defaults, ledger: Ledger) -> tuple[int, ...]:
    """The ports of the broadcasts that are passed on. `ip forward-protocol udp PORT` adds one; what `no` takes away is left in."""
    ports = set(usual.forwarded_broadcasts)
    for node in sections.of("forward protocol"):
        ledger.use_all(node)
        for word in node.keys[3:4] if node.keys[2:3] == ("udp",) else ():
            number = int(word) if word.isascii() and word.isdecimal() and len(word) < 6 else names().udp_ports.get(word)
            if number is None:
                return _EVERY_PORT
            ports.add(number)
    return tuple(sorted(ports))


def _control_plane(sections: Sections, ledger: Ledger) -> list[SourceLine]:
    """The lines that apply a policy to packets for the device itself; what the policy does with them is not modelled."""
    found: list[SourceLine] = []
    for node in sections.of("control plane"):
        ledger.use_all(node)
        policies = [
            child.line
            for child in node.children
            if child.keys[:2] == ("service-policy", "input") or child.keys[0] == "management-interface"
        ]
        found += [node.line, *policies] if policies else []
    found += [node.line for node in sections.of("zone pair") if node.keys[-2:] == ("destination", "self")]
    return found


def defined_lists(sections: Sections, ledger: Ledger) -> tuple[dict[str, AccessList], dict[str, AccessList]]:
    """All IPv4 lists and all IPv6 lists by name."""
    groups = read_object_groups(sections.of("object group"), ledger)
    return read_access_lists(
        sections.of("named list"), sections.of("numbered list"), sections.of("ipv6 list"), EntryReader(groups), ledger
    )


def _undefined_vrfs(sections: Sections, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """An interface in a VRF that nothing defines: a device takes no such line, so which table it uses is not sure."""
    defined = {node.words[-1] for node in sections.of("vrf")}
    for facts in interfaces.values():
        if facts.vrf and facts.vrf not in defined:
            text = Text(ja=f"VRF {facts.vrf} が定義されていません", en=f"the VRF {facts.vrf} is not defined")
            ledger.doubt(DoubtKind.UNDEFINED, text, tuple(facts.sources), on_interfaces(facts.name))


def _vlans_and_switching(sections: Sections, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> bool:
    """Accounts for VLAN and class maps; whether the device is a switch (its ports are layer 2 unless they say otherwise)."""
    for node in sections.of("vlan"):
        _vlan(node, ledger)
    quality_policies(sections, interfaces, ledger)
    bridged_filters(sections, interfaces, ledger)
    vlans = sections.of("vlan")
    return bool(vlans) or any(facts.switched for facts in interfaces.values())


def _vlan(node: Node, ledger: Ledger) -> None:
    """`vlan N` / ` name X`: what is not one of its plain settings could separate ports of the VLAN (private VLAN)."""
    if not "".join(node.words[1:]).replace(",", "").replace("-", "").isdecimal():
        ledger.leave(node)
        return
    ledger.use(node)
    for child in node.children:
        if child.keys[0] in _PLAIN_VLAN_SETTINGS:
            ledger.use_all(child)
        else:
            ledger.leave(child, on_interfaces(*(f"Vlan{word}" for word in node.words[1:2])))


def _interface(
    facts: InterfaceFacts,
    filters: Mapping[tuple[str, str], str],
    switch: bool,
    guards: PortGuards,
    algorithms: Algorithms,
) -> Interface:
    kind = facts.kind
    could_switch = kind in (InterfaceKind.PHYSICAL, InterfaceKind.AGGREGATE) and facts.parent is None
    layer2 = could_switch and (facts.switched or (switch and not facts.routed and not facts.vrf))
    vlan = facts.vlan
    if kind is InterfaceKind.VLAN and vlan is None and facts.name[4:].isdigit() and len(facts.name) < 10:
        vlan = int(facts.name[4:])
    if kind is InterfaceKind.PHYSICAL and facts.parent is not None:
        kind = InterfaceKind.VLAN
    return Interface(
        facts.name,
        kind,
        tuple(facts.sources),
        () if layer2 else tuple(facts.addresses),
        facts.dynamic_address,
        facts.enabled,
        vlan,
        facts.parent,
        facts.vrf,
        None if facts.zone is None else facts.zone.name,
        None if layer2 else filters.get((facts.name, "in")),
        None if layer2 else filters.get((facts.name, "out")),
        guards.protected(facts.switch_port(), facts) if layer2 else None,
        None if facts.tunnel is None else _tunnel(facts.tunnel, algorithms),
        description=facts.description,
        native=facts.native,
        member_of=facts.member_of,
        ipv6_only_link_local=facts.ipv6 and not any(one.address.version == 6 for one in facts.addresses),
    )


def _tunnel(facts: TunnelFacts, algorithms: Algorithms) -> TunnelEnd:
    end = facts.end()
    return (
        replace(end, proposals=algorithms.of_profile(facts.protection, end.sources))
        if end.carrier is Carrier.IPSEC
        else end
    )


def _forwards(
    sections: Sections,
    interfaces: Mapping[str, InterfaceFacts],
    routes: tuple[Route, ...],
    dynamic: tuple[DynamicRouting, ...],
    switch: bool,
    usual: Defaults,
    ledger: Ledger,
) -> bool | None:
    """False only when sure: `no ip routing`, or a switch without `ip routing` that has no second place to route to.

    None: a switch with several addressed interfaces and neither `ip routing` nor a route, where the default of the model decides.
    """
    for section in ("ip routing", "no ip routing", "ipv6 routing"):
        for node in sections.of(section):
            ledger.use_all(node)
    explicit_off = [node for node in sections.of("no ip routing") if len(node.keys) == 3]
    ipv6 = sections.of("ipv6 routing")
    if explicit_off:
        if ipv6 and sum(facts.ipv6 for facts in interfaces.values()) > 1:
            ledger.doubt(DoubtKind.UNSUPPORTED, _IPV6_ROUTES, (explicit_off[-1].line, ipv6[-1].line))
            return True
        return False
    if not switch:
        return bool(sections.of("ip routing") or ipv6) or usual.routing_of_routers
    if sections.of("ip routing") or ipv6 or routes or dynamic:
        return True
    return usual.routing_of_switches if len(_places(interfaces)) > 1 else False


def _places(interfaces: Mapping[str, InterfaceFacts]) -> Sources:
    """What tells of the subnets of a VRF that has several: without a second one there is nothing to route to."""
    places: dict[str, list[SourceLine]] = {}
    for facts in interfaces.values():
        if facts.kind is InterfaceKind.LOOPBACK or not facts.enabled:
            continue
        subnets = {entry.address.network: entry.sources[0] for entry in facts.addresses}
        held = places.setdefault(facts.vrf, [])
        held += subnets.values()
        if facts.dynamic_address or facts.unnumbered is not None:
            held.append(facts.sources[0])
    return tuple(line for held in places.values() if len(held) > 1 for line in held)


def _policy(
    sections: Sections,
    interfaces: Mapping[str, InterfaceFacts],
    lists: Mapping[str, AccessList],
    ipv6_lists: Mapping[str, AccessList],
    off: tuple[FilterLine, ...],
    ledger: Ledger,
) -> Filter | None:
    """The filter for forwarded packets: the zone-based firewall, and behind it what is probably not forwarded at all (`off`)."""
    firewall = ZoneFirewall(lists, ipv6_lists, ledger)
    read_zone_blocks(
        firewall,
        sections.of("zone"),
        sections.of("inspect class"),
        sections.of("inspect policy"),
        sections.of("zone pair"),
    )
    policy = firewall.build(interfaces)
    if not off:
        return policy
    if policy is None:
        sources = tuple(dict.fromkeys(source for line in off for source in line.sources))
        return Filter("forwarding", off, Action.PERMIT, sources, default_sources=sources)
    return Filter(
        POLICY_NAME, (*off, *policy.lines), policy.default, policy.sources,
        default_sources=policy.default_sources, stateful=policy.stateful,
    )  # fmt: skip


def _not_forwarded(
    sections: Sections, interfaces: Mapping[str, InterfaceFacts], forwards: bool | None, usual: Defaults
) -> tuple[FilterLine, ...]:
    """What a default keeps from being forwarded: surely, or only where it is not confirmed for the model."""
    lines: list[FilterLine] = []
    if forwards is None:
        places = _places(interfaces)
        lines.append(
            FilterLine("no ip routing", Action.DENY, (ANY_IPV4_PACKET,), places, Certainty.UNCERTAIN, _ROUTING_OFF)
        )
    addressed = tuple(facts.sources[0] for facts in interfaces.values() if facts.ipv6)
    if len(addressed) > 1 and not sections.of("ipv6 routing") and usual.ipv6_routing is not True:
        sure = usual.ipv6_routing is False
        lines.append(
            FilterLine(
                "no ipv6 unicast-routing",
                Action.DENY,
                (ANY_IPV6_PACKET,),
                addressed,
                Certainty.ALWAYS if sure else Certainty.UNCERTAIN,
                None if sure else _IPV6_OFF,
            )
        )
    return tuple(lines)


def _identity(sections: Sections, tree: LineTree, ledger: Ledger, fallback: str) -> tuple[str, str, str, Sources]:
    """Name, version, model, and the lines that tell them."""
    name, version, model = fallback, "", ""
    sources: list[SourceLine] = []
    for node in sections.of("version"):
        ledger.use_all(node)
        if len(node.words) > 1:
            version = node.words[1]
            sources.append(node.line)
    for node in sections.of("hostname"):
        ledger.use_all(node)
        if len(node.words) > 1:
            name = node.words[1]
            sources.append(node.line)
    for node in sections.of("model"):
        ledger.use_all(node)
        if "pid" in node.keys[:-1]:
            model = node.words[node.keys.index("pid") + 1]
            sources.append(node.line)
    for line in tree.comments if not model else ():
        found = _MODEL_COMMENT.match(line.text)
        if found is not None:
            model = found.group(1)
            sources.append(line)
            break
    return name, version, model, tuple(sources)
