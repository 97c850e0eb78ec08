"""Putting one device together from its sections."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from secaudit.network.device import Device, DoubtKind, NoticeKind, Stage
from secaudit.network.filters import Action
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.routes import Relay
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.access_lists import AccessList, unused_lists
from secaudit.vendors.cisco.addresses_behind import AddressesBehind
from secaudit.vendors.cisco.applied_filters import AppliedFilters
from secaudit.vendors.cisco.interface_facts import InterfaceFacts, resolve_unnumbered
from secaudit.vendors.cisco.learnt import doubtful_multicast, doubtful_prefixes, learnt_defaults
from secaudit.vendors.cisco.route_maps import RouteMap, policy_routes, read_route_maps
from secaudit.vendors.cisco.switching import bridged_filters
from secaudit.vendors.cisco_nxos.access_lists import NxosEntryReader, implicit_lines, read_access_lists
from secaudit.vendors.cisco_nxos.defaults import defaults
from secaudit.vendors.cisco_nxos.features import Features
from secaudit.vendors.cisco_nxos.interfaces import read_interface
from secaudit.vendors.cisco_nxos.layer2 import check_vlan_interfaces, read_vlans, settle_ports
from secaudit.vendors.cisco_nxos.management import NxosManagement
from secaudit.vendors.cisco_nxos.neighbours import Neighbours
from secaudit.vendors.cisco_nxos.object_groups import read_groups
from secaudit.vendors.cisco_nxos.port_protection import PortGuards
from secaudit.vendors.cisco_nxos.protection import SETTINGS_READ, Protection
from secaudit.vendors.cisco_nxos.routes import dynamic_routing, read_contexts, static_routes
from secaudit.vendors.cisco_nxos.sections import Sections
from secaudit.vendors.cisco_nxos.vocabulary import irrelevance
from secaudit.vendors.common.ledger import Ledger, on_interfaces
from secaudit.vendors.common.lines import Node

PIPELINE = (Stage.INGRESS_FILTER, Stage.ROUTE, Stage.EGRESS_FILTER)
_BROADCASTS = (67, 68)
"""What `ip dhcp relay address` passes on."""
_QUALITY = Text(
    ja="QoS（優先制御・帯域制御）の設定で、通信の許可・拒否には影響しません",
    en="quality of service only; permits and denies nothing",
)
_STEERED_DENY = Text(
    ja="ポリシールーティングの条件のアクセスリストに deny があり、その扱いは機種により異なります",
    en="the access list of a policy route has a deny, which models treat differently",
)
_UNDEFINED_VRF = Text(
    ja="インターフェースの VRF が定義されていません（vrf context）",
    en="the VRF of an interface is not defined (`vrf context`)",
)
_REDIRECTED = Text(
    ja="VLAN アクセスマップが通信を別のポートへ転送します。モデル化していません",
    en="a VLAN access map redirects traffic to another port; not modelled",
)
_NO_LENDER = Text(
    ja="アドレスを借りるインターフェースが設定にありません",
    en="the interface that should lend its address is not in the file",
)
_MODEL = re.compile(r"[!\s]*cisco (Nexus ?\S{3,30}) |!? ?PID: (N\w{2,4}-[A-Z0-9-]{3,30})")
_POLICING = "copp-"


def assemble(sections: Sections, ledger: Ledger, file: str, fallback: str) -> Device:
    """One device; `fallback` is its name when the file has no hostname."""
    for node in sections.of("structure"):
        ledger.use_all(node)
    features = Features(ledger)
    features.read(sections.of("feature"))
    interfaces: dict[str, InterfaceFacts] = {}
    for node in sections.of("interface"):
        read_interface(node, interfaces, features, ledger, sections.take)
    _check_lenders(interfaces, ledger)
    resolve_unnumbered(interfaces)
    ports = settle_ports(interfaces, sections.of("default port"), ledger)
    read_vlans(sections.of("vlan"), ledger)
    check_vlan_interfaces(interfaces, features, ledger)
    for section in ("class map", "policy map"):
        for node in sections.of(section):
            ledger.ignore(node, _QUALITY)
    bridged_filters(sections, interfaces, ledger)
    _redirecting_maps(sections, ledger)

    lists, ipv6_lists = defined_lists(sections, ledger)
    contexts = read_contexts(sections.of("vrf"), ledger)
    _check_vrfs(interfaces, contexts.names, ledger)
    vrfs = sorted({"", *contexts.names, *(facts.vrf for facts in interfaces.values())})
    written = [*(("", node) for node in sections.of("route")), *contexts.routes]
    routes, partly = static_routes(written, interfaces, vrfs, ledger)
    neighbours = Neighbours(interfaces, ledger)
    neighbours.read(sections)
    doubtful_prefixes(interfaces, ledger)
    doubtful_multicast(interfaces, ledger)
    dynamic = (*dynamic_routing(sections.of("router"), interfaces, vrfs, features, neighbours, ledger), *partly)

    # Replies that a device remembers do not exist here, so that nobody asks what is behind an interface.
    applied = AppliedFilters(lists, ipv6_lists, interfaces, {}, AddressesBehind({}), ledger, implicit_lines)
    applied.build()
    filters = dict(applied.filters)
    unused_lists(sections.words, lists, ipv6_lists, ledger)
    _steering(interfaces, features)
    needed = frozenset(facts.policy_route.name for facts in interfaces.values() if facts.policy_route is not None)
    route_maps = read_route_maps(sections.of("route map"), needed, ledger)
    by_policy = policy_routes(interfaces, route_maps, lists, ledger)
    _steering_denies(interfaces, route_maps, lists, ledger)

    name, version, model, identity = _identity(sections, ledger, fallback)
    management = NxosManagement(lists, ipv6_lists, ledger, irrelevance(), features=features)
    management.read(sections)
    for node in contexts.name_servers:
        management.name_server(node)
    plane = management.build(version, identity)
    itself = management.filter_for_itself(
        _policing(sections, ledger), {facts.name: facts.vrf for facts in interfaces.values()}
    )
    if itself is not None:
        filters[itself.name] = itself
    features.finish()
    guards = PortGuards(ledger, features)
    guards.read(sections)
    finished = {
        facts.name: _interface(facts, applied.in_and_out, facts.name in ports, guards) for facts in interfaces.values()
    }
    protection = Protection(sections, interfaces, features, ledger, identity, defaults(version))
    plane = replace(
        plane,
        accounts=protection.accounts(),
        snmp_users=protection.snmp_users(plane),
        settings=protection.settings(plane),
        settings_read=SETTINGS_READ,
    )
    return Device(
        name=name,
        vendor="cisco_nxos",
        file=file,
        identity=identity,
        interfaces=finished,
        filters=filters,
        pipeline=PIPELINE,
        model=model,
        version=version,
        local_in=() if itself is None else (itself.name,),
        routes=(*routes, *learnt_defaults(interfaces)),
        policy_routes=by_policy,
        dynamic_routing=dynamic,
        management=plane,
        doubts=ledger.all_doubts(),
        notices=tuple(ledger.notices),
        relays=tuple(
            Relay(facts.name, target, _BROADCASTS, (line,))
            for facts in interfaces.values()
            for target, line in facts.helpers
        ),
    )


def defined_lists(sections: Sections, ledger: Ledger) -> tuple[dict[str, AccessList], dict[str, AccessList]]:
    """All IPv4 lists and all IPv6 lists by name."""
    groups = read_groups(sections.of("object group"), ledger)
    return read_access_lists(sections.of("list"), NxosEntryReader(groups), ledger)


def _redirecting_maps(sections: Sections, ledger: Ledger) -> None:
    """`action redirect IF` sends frames of a VLAN out of any port, also where no interface of the VLAN is routed."""
    lines = tuple(child.line for node in sections.of("vlan map") for child in node.below() if "redirect" in child.keys)
    if lines and sections.of("vlan filter"):
        ledger.doubt(DoubtKind.UNSUPPORTED, _REDIRECTED, lines)


def _check_lenders(interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    for facts in interfaces.values():
        if facts.unnumbered is not None and facts.unnumbered.name not in interfaces:
            ledger.notice(NoticeKind.INACTIVE, _NO_LENDER, (facts.unnumbered.source,), undefined=True)


def _check_vrfs(interfaces: Mapping[str, InterfaceFacts], defined: Mapping[str, SourceLine], ledger: Ledger) -> None:
    """An interface of a VRF that does not exist forwards nothing; it is taken as if the VRF existed, and said."""
    for facts in interfaces.values():
        if facts.vrf and facts.vrf not in defined and facts.vrf != "management":
            ledger.notice(NoticeKind.INACTIVE, _UNDEFINED_VRF, tuple(facts.sources), undefined=True)


def _steering(interfaces: Mapping[str, InterfaceFacts], features: Features) -> None:
    for facts in interfaces.values():
        if facts.policy_route is not None:
            features.need_on("pbr", facts.policy_route.source, facts.name)


def _steering_denies(
    interfaces: Mapping[str, InterfaceFacts],
    route_maps: Mapping[str, RouteMap],
    lists: Mapping[str, AccessList],
    ledger: Ledger,
) -> None:
    for facts in interfaces.values():
        route_map = None if facts.policy_route is None else route_maps.get(facts.policy_route.name)
        named = () if route_map is None else (name for entry in route_map.entries for name in entry.lists or ())
        denying = [
            line.sources[0]
            for name in named
            if name in lists
            for line in lists[name].lines
            if line.action is Action.DENY
        ]
        if denying:
            ledger.doubt(DoubtKind.UNSUPPORTED, _STEERED_DENY, (denying[0],), on_interfaces(facts.name))


def _policing(sections: Sections, ledger: Ledger) -> list[SourceLine]:
    """The lines that apply a policy of one's own to packets for the device itself; those of the vendor only limit rates."""
    found: list[SourceLine] = []
    for node in sections.of("control plane"):
        ledger.use_all(node)
        policies: list[Node] = [child for child in node.children if child.keys[0] == "service-policy"]
        own = [child.line for child in policies if not child.keys[-1].startswith(_POLICING)]
        found += [node.line, *own] if own else []
    return found


def _interface(
    facts: InterfaceFacts, filters: Mapping[tuple[str, str], str], layer2: bool, guards: PortGuards
) -> Interface:
    kind = facts.kind
    vlan = facts.vlan
    if kind is InterfaceKind.VLAN and vlan is None and facts.name[4:].isdigit() and len(facts.name) < 10:
        vlan = int(facts.name[4:])
    if facts.parent is not None and kind in (InterfaceKind.PHYSICAL, InterfaceKind.AGGREGATE):
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
        None,
        None if layer2 else filters.get((facts.name, "in")),
        None if layer2 else filters.get((facts.name, "out")),
        guards.protected(facts.switch_port(), facts) if layer2 else None,
        None if facts.tunnel is None else facts.tunnel.end(),
        description=facts.description,
        member_of=facts.member_of,
        ipv6_only_link_local=facts.ipv6 and not any(one.address.version == 6 for one in facts.addresses),
    )


def _identity(sections: Sections, ledger: Ledger, fallback: str) -> tuple[str, str, str, Sources]:
    """Name, version, model, and the lines that tell them."""
    name, version, model = fallback, "", ""
    sources: list[SourceLine] = []
    for node in sections.of("version"):
        ledger.use_all(node)
        if len(node.words) > 1 and not version:
            version = node.words[1]
            sources.append(node.line)
    for node in sections.of("hostname"):
        ledger.use_all(node)
        if len(node.words) > 1:
            name = node.words[1]
            sources.append(node.line)
    for line in sections.comments:
        found = _MODEL.match(line.text)
        if found is not None:
            model = found.group(1) or found.group(2)
            sources.append(line)
            break
    return name, version, model, tuple(sources)
