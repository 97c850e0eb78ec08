"""Putting one device together from the sections of its configuration."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from secaudit.network.device import Device, Doubt, DoubtKind, NoticeKind, Plane, Stage
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind, PortProtection
from secaudit.network.matches import ANY_IPV4_PACKET, ANY_IPV6_PACKET
from secaudit.network.routes import Relay
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.awplus.access_lists import AccessLists, read_access_lists
from secaudit.vendors.awplus.applications import Applications
from secaudit.vendors.awplus.entities import Entities
from secaudit.vendors.awplus.firewall import FORWARDING, FROM_ITSELF, TO_ITSELF, Firewall
from secaudit.vendors.awplus.interface_facts import InterfaceFacts
from secaudit.vendors.awplus.interfaces import InterfaceReader
from secaudit.vendors.awplus.management import Management
from secaudit.vendors.awplus.nat import AddressTranslation
from secaudit.vendors.awplus.neighbours import Neighbours
from secaudit.vendors.awplus.port_filters import PortFilters
from secaudit.vendors.awplus.proposals import Algorithms
from secaudit.vendors.awplus.protection import PROTECTIONS_READ, Protection
from secaudit.vendors.awplus.routes import (
    doubtful_interfaces,
    learnt_defaults,
    read_vrfs,
    routing_protocols,
    static_routes,
    unread_addresses,
)
from secaudit.vendors.awplus.switching import (
    bridges,
    missing_vlans,
    port_rules,
    read_amf,
    read_vlan_database,
)
from secaudit.vendors.awplus.vocabulary import Defaults, defaults
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.sections import Sections

PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_NAT,
    Stage.EGRESS_FILTER,
)
"""Ports filter first; the firewall sees the destination after and the source before translation (AL-26, table 0.2)."""

_IMAGE = re.compile(r"\S{0,80}-(\d{1,2})\.(\d{1,2})\.\d")
"""The file of the firmware: `flash:/x930-5.4.9-1.1.rel`."""
_IPV6_OFF = Text(
    ja="ipv6 forwarding がないため IPv6 は転送されないはずですが、既定値は機種・版により確認が必要です",
    en="without `ipv6 forwarding` IPv6 should not be forwarded, but the default of this release is not confirmed",
)
_FORWARDING_OFF = Text(
    ja="ip forwarding の行がなく、既定で中継するかを確認できません",
    en="there is no line about `ip forwarding`, and whether packets are forwarded by default is not confirmed",
)
_POLICY_ROUTING = Text(
    ja="ポリシールーティングが有効です。転送先の変更はモデル化していません",
    en="policy based routing is on; how it changes next hops is not modelled",
)
_IPV6_ONLY = Text(
    ja="no ip forwarding と ipv6 forwarding が併記されています",
    en="`no ip forwarding` stands beside `ipv6 forwarding`",
)


def assemble(sections: Sections, ledger: Ledger, file: str, fallback: str, first: Sources) -> Device:
    """One device; `fallback` is its name when the file has no hostname, `first` its first line."""
    for node in sections.of("structure"):
        ledger.use_all(node)
    name, model, identity = _identity(sections, ledger, fallback)
    release, image = _release(sections, ledger)
    identity = (*identity, *image)
    usual = defaults(release)
    reader = InterfaceReader(ledger, sections.take, usual)
    for node in sections.of("interface"):
        reader.read(node)
    interfaces = reader.interfaces
    _resolve_unnumbered(interfaces)
    database = read_vlan_database(sections.of("vlan database"), ledger)
    missing_vlans(database, interfaces, ledger)
    read_vrfs(sections.of("vrf"), ledger)
    neighbours = Neighbours(interfaces, ledger)
    neighbours.read(sections)
    dynamic = routing_protocols(sections.of("router"), interfaces, neighbours, ledger)
    routes, partly = static_routes(sections.of("route"), interfaces, ledger)
    doubtful_interfaces(interfaces, ledger)
    bridges(sections, interfaces, ledger)
    read_amf(sections.of("atmf"), ledger)
    _policy_routing(sections, ledger)

    lists = read_access_lists(sections.of("list"), ledger)
    ports = PortFilters(lists, interfaces, port_rules(sections, lists, ledger), ledger)
    ports.build()
    filters = dict(ports.filters)

    entities, applications = Entities(), Applications()
    entities.read(sections.of("zone"), ledger)
    entities.missing_interfaces(interfaces, ledger)
    applications.read(sections.of("application"), ledger)
    applications.read_inspection(sections.of("dpi"), ledger)
    firewall = Firewall(entities, applications, interfaces, ledger)
    firewall.read(sections.of("firewall"))
    of_firewall = {one.name: one for one in firewall.build()}
    translation = AddressTranslation(entities, applications, interfaces, ledger)
    translation.read(sections.of("nat"))
    nat_rules = translation.build()

    policies = _policies(sections, interfaces, of_firewall, filters, usual, identity or first)
    management = _management(sections, lists, ledger)
    protection = Protection(sections, ledger)
    guards = protection.of_ports(interfaces)
    shared = tuple(
        line for one in interfaces.values() for held in one.addresses if held.shared for line in held.sources
    )
    settings = tuple(protection.settings(shared, usual, identity or first))
    plane = management.build(usual.services, identity or first, protection, settings)
    itself = management.filter_for_itself()
    filters.update(of_firewall)
    if itself is not None:
        filters[itself.name] = itself
    _unused(lists, ports.used, sections, ledger)
    algorithms = Algorithms(ledger)
    algorithms.read(sections)
    forwards = _forwards(sections, usual, ledger)
    device = Device(
        name=name,
        vendor="awplus",
        file=file,
        identity=identity or first,
        interfaces={
            facts.name: _interface(facts, ports.by_interface, guards, algorithms) for facts in interfaces.values()
        },
        filters=filters,
        pipeline=PIPELINE,
        model=model,
        policies=policies,
        local_in=tuple(one for one in (TO_ITSELF if TO_ITSELF in of_firewall else None, itself and itself.name) if one),
        local_out=(FROM_ITSELF,) if FROM_ITSELF in of_firewall else (),
        routes=(*routes, *learnt_defaults(interfaces)),
        dynamic_routing=(*dynamic, *partly, *unread_addresses(interfaces)),
        nat_rules=nat_rules,
        forwards=forwards,
        management=plane,
        relays=tuple(
            _relay(facts, target, line, usual) for facts in interfaces.values() for target, line in facts.helpers
        ),
        notices=tuple(ledger.notices),
    )
    return replace(device, doubts=_with_vlans(ledger.all_doubts(), interfaces))


def _relay(
    facts: InterfaceFacts, target: ipaddress.IPv4Address | ipaddress.IPv6Address, line: SourceLine, usual: Defaults
) -> Relay:
    return Relay(facts.name, target, usual.relayed if target.version == 4 else usual.relayed_ipv6, (line,))


def _resolve_unnumbered(interfaces: Mapping[str, InterfaceFacts]) -> None:
    """`ip unnumbered X` answers with the address of X, but no subnet is connected by it."""
    for facts in interfaces.values():
        if facts.unnumbered is None:
            continue
        lender = interfaces.get(facts.unnumbered.name)
        own = [] if lender is None else [entry for entry in lender.addresses if entry.address.version == 4]
        if not own or lender is None or lender.dynamic_address:
            facts.dynamic_address = True
            continue
        single = ipaddress.IPv4Interface((int(own[0].address.ip), 32))
        facts.addresses.append(InterfaceAddress(single, (facts.unnumbered.source, *own[0].sources)))


def _policy_routing(sections: Sections, ledger: Ledger) -> None:
    """`policy-based-routing enable` and `ip policy-route ...`: packets can go elsewhere than the routes say."""
    rules: list[SourceLine] = []
    for section in ("policy routing", "policy route"):
        for node in sections.of(section):
            ledger.use_all(node)
            rules += [node.line, *(child.line for child in node.below())]
    if rules:
        ledger.doubt(DoubtKind.UNSUPPORTED, _POLICY_ROUTING, tuple(rules))


def _interface(
    facts: InterfaceFacts,
    filters: Mapping[str, str],
    guards: Mapping[str, tuple[tuple[PortProtection, Sources], ...]],
    algorithms: Algorithms,
) -> Interface:
    kind = facts.kind
    if kind is InterfaceKind.PHYSICAL and facts.parent is not None:
        kind = InterfaceKind.VLAN
    layer2 = facts.switched
    return Interface(
        facts.name,
        kind,
        tuple(facts.sources),
        () if layer2 else tuple(facts.addresses),
        facts.dynamic_address and not layer2,
        facts.enabled,
        facts.vlan,
        facts.parent,
        facts.vrf,
        None,
        filters.get(facts.name),
        None,
        replace(facts.switch_port(), protections=guards[facts.name], protections_read=PROTECTIONS_READ)
        if layer2
        else None,
        None if facts.tunnel is None else facts.tunnel.end(algorithms.of_tunnel(facts.tunnel)),
        description=facts.description,
        member_of=facts.member_of,
        ipv6_only_link_local=facts.ipv6 and not any(one.address.version == 6 for one in facts.addresses),
    )


def _with_vlans(doubts: Sequence[Doubt], interfaces: Mapping[str, InterfaceFacts]) -> tuple[Doubt, ...]:
    """What is doubtful about a port is doubtful about the routed interfaces of the VLANs that it carries."""
    routed = [one for one in interfaces.values() if one.kind is InterfaceKind.VLAN and one.vlan is not None]
    reached: dict[str, frozenset[str]] = {}
    result = []
    for doubt in doubts:
        bound = doubt.interfaces
        if bound is None or doubt.plane is not Plane.TRAFFIC:
            result.append(doubt)
            continue
        wider = set(bound)
        for name in bound:
            facts = interfaces.get(name)
            if facts is None or not facts.switched:
                continue
            if name not in reached:
                group = interfaces.get(facts.member_of or "") or facts
                reached[name] = frozenset(
                    one.name for one in routed if one.vlan is not None and group.carries(one.vlan)
                )
            wider |= reached[name]
        result.append(replace(doubt, interfaces=frozenset(wider)))
    return tuple(result)


def _policies(
    sections: Sections,
    interfaces: Mapping[str, InterfaceFacts],
    firewall: Mapping[str, Filter],
    filters: dict[str, Filter],
    usual: Defaults,
    identity: Sources,
) -> tuple[str, ...]:
    """The filters that every forwarded packet passes: what a default probably keeps from being forwarded, and the firewall."""
    names = [FORWARDING] if FORWARDING in firewall else []
    lines: list[FilterLine] = []
    if usual.ip_forwarding is None and not (sections.of("ip forwarding") or sections.of("no ip forwarding")):
        lines.append(
            FilterLine(
                "no ip forwarding", Action.DENY, (ANY_IPV4_PACKET,), identity, Certainty.UNCERTAIN, _FORWARDING_OFF
            )
        )
    addressed = tuple(facts.sources[0] for facts in interfaces.values() if facts.ipv6)
    if len(addressed) > 1 and not sections.of("ipv6 forwarding") and usual.ipv6_forwarding is not True:
        sure = usual.ipv6_forwarding is False
        lines.append(
            FilterLine(
                "no ipv6 forwarding",
                Action.DENY,
                (ANY_IPV6_PACKET,),
                addressed,
                Certainty.ALWAYS if sure else Certainty.UNCERTAIN,
                None if sure else _IPV6_OFF,
            )
        )
    if lines:
        sources = tuple(dict.fromkeys(source for line in lines for source in line.sources))
        filters["forwarding"] = Filter("forwarding", tuple(lines), Action.PERMIT, sources, default_sources=sources)
        names.insert(0, "forwarding")
    return tuple(names)


def _forwards(sections: Sections, usual: Defaults, ledger: Ledger) -> bool:
    """Whether IPv4 may be forwarded: by a line, or by the default."""
    for section in ("ip forwarding", "no ip forwarding", "ipv6 forwarding"):
        for node in sections.of(section):
            ledger.use_all(node)
    off = sections.of("no ip forwarding")
    ipv6 = sections.of("ipv6 forwarding")
    if off and ipv6:
        ledger.doubt(DoubtKind.UNSUPPORTED, _IPV6_ONLY, (off[-1].line, ipv6[-1].line))
        return True
    return not off and (bool(sections.of("ip forwarding") or ipv6) or usual.ip_forwarding is not False)


def _unused(lists: AccessLists, used: frozenset[str], sections: Sections, ledger: Ledger) -> None:
    """Lists that nothing names. Software lists have many users, so any mention of their name counts."""
    words: set[str] = set()
    for section, nodes in sections.nodes.items():
        if section == "list":
            continue
        for node in nodes:
            words.update(node.words)
            for child in node.below():
                words.update(child.words)
    for access_list in lists.all():
        if lists.key(access_list) not in used and access_list.name not in words:
            ledger.notice(
                NoticeKind.UNUSED_FILTER,
                Text(
                    ja=f"アクセスリスト {access_list.name} はどこからも使われていません",
                    en=f"access list {access_list.name} is not used anywhere",
                ),
                (access_list.definition,),
            )


def _identity(sections: Sections, ledger: Ledger, fallback: str) -> tuple[str, str, Sources]:
    """Name, model, and the lines that tell them."""
    name, model = fallback, ""
    sources: list[SourceLine] = []
    for node in sections.of("hostname"):
        ledger.use_all(node)
        if len(node.words) > 1:
            name = node.words[1]
            sources.append(node.line)
    for node in sections.of("model"):
        ledger.use_all(node)
        if len(node.words) > 3 and node.keys[2] == "provision":
            model = model or node.words[3]
            sources.append(node.line)
    return name, model, tuple(sources)


def _release(sections: Sections, ledger: Ledger) -> tuple[tuple[int, int] | None, Sources]:
    """The release with which the device starts (`boot system FILE`), and the line that tells it."""
    for node in sections.of("irrelevant"):
        found = _IMAGE.match(node.words[2]) if node.keys[:2] == ("boot", "system") and len(node.words) == 3 else None
        if found is not None:
            ledger.use(node)
            return (int(found[1]), int(found[2])), (node.line,)
    return None, ()


def _management(sections: Sections, lists: AccessLists, ledger: Ledger) -> Management:
    management = Management(lists, ledger)
    readers: tuple[tuple[str, Callable[[Node], None]], ...] = (
        ("service", management.service),
        ("port", management.port),
        ("snmp", management.snmp),
        ("tftp", lambda node: management.service_on("tftp", node)),
        ("vty list", management.terminal_list),
        ("line", management.line),
        ("enable", management.enable),
        ("username", management.username),
        ("syslog", lambda node: management.server("syslog", node)),
        ("ntp", lambda node: management.server("ntp", node)),
        ("dns", lambda node: management.server("dns", node)),
    )
    for section, read in readers:
        for node in sections.of(section):
            read(node)
    for section in ("irrelevant", "router", "interface", "atmf"):
        for node in sections.of(section):
            management.shared_key(node)
            for child in node.below():
                management.shared_key(child, " ".join(node.words) + " ")
    return management
