"""Putting one device together from its sections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from secaudit.network.device import Device, NoticeKind, Stage
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.matches import ANY_PACKET
from secaudit.network.routes import Relay
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.alaxala.access_lists import Lists, read_access_lists
from secaudit.vendors.alaxala.applied_filters import AppliedFilters, Carriers
from secaudit.vendors.alaxala.facts import InterfaceFacts
from secaudit.vendors.alaxala.flow_detection import read_modes
from secaudit.vendors.alaxala.interfaces import read_interface
from secaudit.vendors.alaxala.management import Management
from secaudit.vendors.alaxala.policy_routing import policy_routes, read_policy_lists
from secaudit.vendors.alaxala.port_protection import PortGuards
from secaudit.vendors.alaxala.protection import SETTINGS_READ, Virtual, accounts, settings, snmp_users
from secaudit.vendors.alaxala.routes import (
    default_gateway,
    doubtful_multicast,
    dynamic_routing,
    learnt_defaults,
    read_vrfs,
    static_routes,
)
from secaudit.vendors.alaxala.vlans import doubtful_ports, read_vlans
from secaudit.vendors.alaxala.vocabulary import Defaults, defaults, plain
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import LineTree
from secaudit.vendors.common.sections import Sections

PIPELINE = (Stage.INGRESS_FILTER, Stage.ROUTE, Stage.POLICY, Stage.EGRESS_FILTER)
"""Lists are searched where a frame comes in and where it goes out (AX3660S configuration guide vol. 2, 1.1.2); there is no translation."""

_HEADER = re.compile(r"# ?configuration list for ((?:AX|IP8800)\S*)", re.IGNORECASE)
_MODIFIED = re.compile(r"#Last modified by \S+ at .{0,80} with version (\S+)")
_PROVISIONED = re.compile(r"(\d{4})-\S+$")
_MOST_CARRIERS = 128
_MAY_NOT_ROUTE = Text(
    ja="レイヤ2スイッチの系列、または機種が不明であり、VLAN の間を中継するかどうかをこのファイルから確認できません",
    en="a series of layer 2 switches, or an unknown model: whether it routes between its VLANs is not confirmed by this file",
)
# A line below `interface mgmt 0` chooses (AX4600S configuration guide vol. 1, 9.1.1); what it is without one is not confirmed.
_MANAGEMENT_PORT = Text(
    ja="マネージメントポートとほかのポートの間で中継されるかを確認できません",
    en="whether packets are forwarded between the management port and other ports is not confirmed",
)


def assemble(sections: Sections, tree: LineTree, ledger: Ledger, file: str, fallback: str) -> Device:
    """One device; `fallback` is its name when the file has no hostname."""
    for node in sections.of("structure"):
        ledger.use_all(node)
    name, version, model, identity = _identity(sections, tree, ledger, fallback)
    usual = defaults(model)
    interfaces: dict[str, InterfaceFacts] = {}
    for node in sections.of("interface"):
        read_interface(node, interfaces, ledger, usual)
    for facts in interfaces.values():
        if facts.parent in interfaces:
            interfaces[facts.parent].divided = True
    read_vlans(sections.of("vlan"), interfaces, ledger)
    doubtful_ports(interfaces, ledger)
    doubtful_multicast(interfaces, ledger)
    read_vrfs(sections.of("vrf"), ledger)
    switch = bool(sections.of("vlan")) or any(facts.switched for facts in interfaces.values())

    lists = read_access_lists(sections.of("list"), ledger)
    _unused(sections, lists, ledger)
    modes = sections.of("flow mode"), sections.of("flow out mode")
    detection = read_modes(*modes, model, is_printed(tree), ledger)
    applied = AppliedFilters(lists, interfaces, _carriers(interfaces, switch), detection, ledger)
    applied.build()
    filters = dict(applied.filters)
    routes, partly = static_routes(sections.of("route"), interfaces, ledger)
    dynamic = (*dynamic_routing(sections.of("router"), interfaces, ledger), *partly)
    # A file that does not tell the model and has routes is one of a device that routes.
    routing = model == "" and bool(routes or dynamic or sections.of("vrf"))
    policy = _forwarding(interfaces, usual, routing, identity)
    if policy is not None:
        filters[policy.name] = policy
    by_policy = policy_routes(interfaces, lists, read_policy_lists(sections.of("policy list"), ledger), ledger)
    management = Management(lists, ledger)
    management.read(sections)
    shared = tuple(
        line for one in interfaces.values() for held in one.addresses if held.shared for line in held.sources
    )
    virtual = tuple(line for one in interfaces.values() for line in one.virtual)
    plane = replace(
        management.build(usual, identity),
        settings=tuple(settings(sections, Virtual(shared, virtual), identity, ledger)),
        settings_read=SETTINGS_READ,
        accounts=accounts(sections.of("irrelevant"), ledger),
        snmp_users=snmp_users(sections.of("snmp"), ledger),
    )
    guards = PortGuards(ledger)
    guards.read(sections)
    itself = management.filter_for_itself({facts.name: facts.vrf for facts in interfaces.values()})
    if itself is not None:
        filters[itself.name] = itself
    return Device(
        name=name,
        vendor="alaxala",
        file=file,
        identity=identity,
        interfaces=_with_guards(
            {facts.name: _interface(facts, applied.in_and_out, switch) for facts in interfaces.values()},
            interfaces,
            guards,
        ),
        filters=filters,
        pipeline=PIPELINE,
        model=model,
        version=version,
        policies=() if policy is None else (policy.name,),
        local_in=() if itself is None else (itself.name,),
        filters_own_packets=usual.lists_see_own_packets is True,
        routes=(*routes, *learnt_defaults(interfaces), *default_gateway(sections.of("default gateway"), ledger)),
        policy_routes=by_policy,
        dynamic_routing=dynamic,
        management=plane,
        doubts=ledger.all_doubts(),
        notices=tuple(ledger.notices),
        relays=tuple(
            Relay(facts.name, target, usual.relayed, (line,))
            for facts in interfaces.values()
            for target, line in facts.helpers
        ),
    )


def _is_layer2(facts: InterfaceFacts, switch: bool) -> bool:
    """Whether a port is a switch port: it says so, or it is on a switch and no line makes it a routed one."""
    could = facts.kind in (InterfaceKind.PHYSICAL, InterfaceKind.AGGREGATE) and not facts.name.startswith("mgmt")
    return could and (facts.switched or (switch and not facts.routed))


def _interface(facts: InterfaceFacts, filters: Mapping[tuple[str, str], str], switch: bool) -> Interface:
    layer2 = _is_layer2(facts, switch)
    return Interface(
        facts.name,
        facts.kind,
        tuple(facts.sources),
        () if layer2 else tuple(facts.addresses),
        facts.dynamic_address,
        facts.enabled,
        facts.vlan,
        facts.parent,
        facts.vrf,
        filter_in=None if layer2 else filters.get((facts.name, "in")),
        filter_out=None if layer2 else filters.get((facts.name, "out")),
        switch_port=facts.switch_port() if layer2 else None,
        description=facts.description,
        member_of=facts.member_of,
        ipv6_only_link_local=facts.ipv6 and not any(one.address.version == 6 for one in facts.addresses),
    )


def _with_guards(
    built: dict[str, Interface], interfaces: Mapping[str, InterfaceFacts], guards: PortGuards
) -> dict[str, Interface]:
    """The interfaces with what protects their ports: port channels first, then their members."""
    for members in (False, True):
        for facts in interfaces.values():
            one = built[facts.name]
            if one.switch_port is None or (facts.member_of in built) is not members:
                continue
            group = built[facts.member_of].switch_port if members and facts.member_of is not None else None
            built[facts.name] = replace(one, switch_port=guards.protected(one.switch_port, facts, group))
    return built


def _carriers(interfaces: Mapping[str, InterfaceFacts], switch: bool) -> Carriers:
    """The ports of its VLAN, their members and parents, for each routed interface."""
    by_vlans: dict[frozenset[int] | None, list[str]] = {}
    below: dict[str, list[str]] = {}
    for facts in interfaces.values():
        if not facts.lists and not facts.suspects:
            continue
        port = interfaces.get(facts.member_of or "", facts)
        below.setdefault(port.name, []).append(facts.name)
        if _is_layer2(port, switch):
            unsure = port.unread or facts.unread
            by_vlans.setdefault(None if unsure else port.vlans, []).append(facts.name)
    routed = [facts for facts in interfaces.values() if below and not _is_layer2(facts, switch)]
    by_vlan = _ports_by_vlan({facts.vlan for facts in routed if facts.vlan is not None}, by_vlans)
    ports: dict[str, Sequence[str]] = {}
    crowded: set[str] = set()
    for facts in routed:
        found = [
            name for base in (facts.name, facts.parent or "") for name in below.get(base, ()) if name != facts.name
        ]
        if facts.kind is InterfaceKind.VLAN and facts.parent is None and facts.vlan is not None:
            found += by_vlan.get(facts.vlan, ())
        if len(found) > _MOST_CARRIERS:
            crowded.add(facts.name)
        if found:
            ports[facts.name] = found[:_MOST_CARRIERS]
    layer2 = frozenset(facts.name for facts in interfaces.values() if _is_layer2(facts, switch))
    return Carriers(layer2, ports, frozenset(crowded))


def _ports_by_vlan(
    vlans: Iterable[int], by_vlans: Mapping[frozenset[int] | None, Sequence[str]]
) -> Mapping[int, Sequence[str]]:
    """Ports with lists by VLAN; a VLAN that has more than are looked at takes no more."""
    open_: dict[int, list[str]] = {vlan: [] for vlan in vlans}
    full: dict[int, list[str]] = {}
    for held, names in by_vlans.items():
        for vlan in list(open_) if held is None else open_.keys() & held:
            open_[vlan] += names
            if len(open_[vlan]) > _MOST_CARRIERS:
                full[vlan] = open_.pop(vlan)
    return {**open_, **full}


def _forwarding(
    interfaces: Mapping[str, InterfaceFacts], usual: Defaults, routing: bool, identity: Sources
) -> Filter | None:
    """What is not sure about forwarding: between the VLANs of a layer 2 series, and to and from the management port."""
    lines: list[FilterLine] = []
    addressed = [
        facts
        for facts in interfaces.values()
        if facts.routed and not facts.divided and facts.kind is not InterfaceKind.LOOPBACK
    ]
    if len(addressed) > 1 and usual.routes is not True and not routing:
        lines.append(_refusal("forwarding", identity, usual.routes, _MAY_NOT_ROUTE))
    for facts in addressed if len(addressed) > 1 and usual.management_port_forwards is not True else ():
        if facts.name.startswith("mgmt "):
            ends = frozenset((facts.name,))
            line = _refusal(facts.name, (facts.sources[0],), usual.management_port_forwards, _MANAGEMENT_PORT)
            lines += [replace(line, ingress=ends), replace(line, egress=ends)]
    if not lines:
        return None
    sources = tuple(dict.fromkeys(source for line in lines for source in line.sources))
    return Filter("forwarding", tuple(lines), Action.PERMIT, sources, default_sources=sources)


def _refusal(label: str, sources: Sources, usual: bool | None, doubt: Text) -> FilterLine:
    """What a default keeps from being forwarded: surely, or only where it is not confirmed."""
    sure = usual is False
    certainty = Certainty.ALWAYS if sure else Certainty.UNCERTAIN
    return FilterLine(label, Action.DENY, ANY_PACKET, sources, certainty, None if sure else doubt)


def is_printed(tree: LineTree) -> bool:
    """Whether a device wrote the file: it has one of the headers (AX-01)."""
    shown = (line.text.strip()[:200] for line in tree.comments)
    return any(_HEADER.match(line) is not None or _MODIFIED.match(line) is not None for line in shown)


def _unused(sections: Sections, lists: Lists, ledger: Ledger) -> None:
    for access_list in lists.values():
        if access_list.name not in sections.words:
            ledger.notice(
                NoticeKind.UNUSED_FILTER,
                Text(
                    ja=f"アクセスリスト {access_list.name} はどこからも使われていません",
                    en=f"access list {access_list.name} is not used anywhere",
                ),
                (access_list.definition,),
            )


def _identity(sections: Sections, tree: LineTree, ledger: Ledger, fallback: str) -> tuple[str, str, str, Sources]:
    """Name, version, model, and the lines that tell them; the first line of the part when none does (AX-01)."""
    name, version, model = fallback, "", ""
    sources: list[SourceLine] = []
    for line in tree.comments:
        header = _HEADER.match(line.text.strip()[:200])
        modified = _MODIFIED.match(line.text.strip()[:200])
        if header is not None and not model:
            model = header.group(1).upper()
            sources.append(line)
        if modified is not None and not version:
            version = modified.group(1)
            sources.append(line)
    for node in sections.of("hostname"):
        ledger.use_all(node)
        if len(node.words) > 1:
            name = plain(" ".join(node.words[1:]))
            sources.append(node.line)
    for node in sections.of("switch"):
        ledger.use_all(node)
        found = (
            _PROVISIONED.match(node.words[3][:40]) if node.keys[2:3] == ("provision",) and len(node.words) > 3 else None
        )
        if found is not None and not model:
            model = f"AX{found.group(1)}S"
            sources.append(node.line)
    first = [node.line for node in tree.roots[:1]]
    return name, version, model, tuple(sources) or tuple(first)
