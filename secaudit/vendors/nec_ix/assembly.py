"""Putting one device together from its sections."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace

from secaudit.network.device import Device, DoubtKind, NoticeKind, Stage
from secaudit.network.filters import Filter
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind
from secaudit.network.routes import Relay
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import DEVICE, Ledger, on_interfaces
from secaudit.vendors.common.lines import LineTree
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.nec_ix.access_lists import Lists, read_access_lists, unused_lists
from secaudit.vendors.nec_ix.applied_filters import AppliedFilters
from secaudit.vendors.nec_ix.dial_in import given_ranges, routes_to_callers, unknown_routes
from secaudit.vendors.nec_ix.interface_facts import InterfaceFacts
from secaudit.vendors.nec_ix.interfaces import read_interface
from secaudit.vendors.nec_ix.local_filter import local_filter
from secaudit.vendors.nec_ix.management import Management, denials_logged
from secaudit.vendors.nec_ix.nat import NatReader
from secaudit.vendors.nec_ix.neighbours import Neighbours
from secaudit.vendors.nec_ix.proposals import Offers
from secaudit.vendors.nec_ix.protection import SETTINGS_READ, accounts, settings, snmp_users
from secaudit.vendors.nec_ix.route_maps import policy_routes, read_route_maps
from secaudit.vendors.nec_ix.routes import (
    doubtful_prefixes,
    dynamic_routing,
    learnt_defaults,
    lost_interfaces,
    read_watch_groups,
    static_routes,
)
from secaudit.vendors.nec_ix.sections import IxSections
from secaudit.vendors.nec_ix.tunnels import PolicyMap, read_policy_maps, tunnel_end
from secaudit.vendors.nec_ix.vocabulary import irrelevance, spelled

PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_FILTER,
    Stage.EGRESS_NAT,
)
"""The order of filters and NAT is not confirmed (NE-30): `nat_order` writes filters that hold for both, in terms of this one."""

_FIRST_LINES = 3
_HEADER = re.compile(r"!\s*IX(?:-R|-V)? Series (IX\S*)\s.{0,80}?Version (\d[\w.]*)")
_RELAYED = (67,)
_CUT = Text(
    ja="最後のインターフェースに shutdown・no shutdown のいずれもなく、ファイルが途中で切れている可能性があります",
    en="the last interface has neither `shutdown` nor `no shutdown`: the file may have been cut off",
)


def assemble(sections: IxSections, tree: LineTree, ledger: Ledger, file: str, fallback: str) -> Device:
    """One device; `fallback` is its name when the file has no hostname."""
    for section in ("structure", "logging"):
        for node in sections.of(section):
            ledger.use_all(node)
    logged = denials_logged(sections.of("logging"))
    interfaces: dict[str, InterfaceFacts] = {}
    lost = [node for node in sections.of("interface") if not read_interface(node, interfaces, ledger)]
    lost += sections.of("lost interface")
    for facts in interfaces.values():
        facts.unread = facts.unread or any(source.number in sections.cut for source in facts.sources)
    for word in {spelled(word) for head in lost for node in (head, *head.below()) for word in node.words}:
        if word in interfaces:
            interfaces[word].unread = True  # it may be the block that switches it on
            interfaces[word].down = None
    _devices(sections, interfaces, ledger)
    _resolve_unnumbered(interfaces)
    lists = read_access_lists(sections.of("list"), ledger, logged[0])
    unused_lists(lists, sections.words, ledger)
    enabled = _enabled(interfaces, tree, ledger)

    neighbours = Neighbours(interfaces, enabled, ledger)
    neighbours.read(sections, tree)
    watched = read_watch_groups(sections.of("watch group"), interfaces, ledger)
    routes, partly = static_routes(sections.of("route"), interfaces, watched, ledger)
    doubtful_prefixes(sections.of("prefix client"), interfaces, ledger)
    callers = routes_to_callers(interfaces, given_ranges(sections.of("irrelevant")), ledger)
    offers = Offers()
    offers.read(sections.of("irrelevant"), ledger)
    maps = read_policy_maps(sections.of("ipsec map"), offers, ledger)
    route_maps = read_route_maps(sections.of("route map"), interfaces, ledger)

    nat = NatReader(interfaces, lists, ledger)
    nat_rules = nat.read(sections.of("nat pool"))
    applied = AppliedFilters(lists, interfaces, nat.found, ledger, logged[0])
    applied.build()
    filters = dict(applied.filters)
    name, version, model, identity = _identity(sections, tree, ledger, fallback)
    reader = _management(sections, lists, ledger)
    shared = tuple(
        line for one in interfaces.values() for held in one.addresses if held.shared for line in held.sources
    )
    management = replace(
        reader.build(identity, logged),
        settings=tuple(settings(sections.of("irrelevant"), shared, identity, ledger)),
        settings_read=SETTINGS_READ,
        accounts=accounts(sections.of("username")),
        snmp_users=snmp_users(sections.of("snmp")),
    )
    itself = local_filter(management.services, reader.restrictions, lists)
    if itself is not None:
        filters[itself.name] = itself
    built = {
        facts.name: _interface(facts, enabled, applied.in_and_out, maps, offers, lists, interfaces, ledger)
        for facts in interfaces.values()
    }
    return Device(
        name=name,
        vendor="nec_ix",
        file=file,
        identity=identity,
        interfaces=built,
        filters=filters,
        pipeline=PIPELINE,
        model=model,
        version=version,
        local_in=() if itself is None else (itself.name,),
        filters_own_packets=True,
        tracks_connections=_asks_for_connections(filters),
        routes=(*routes, *learnt_defaults(interfaces), *callers),
        policy_routes=policy_routes(interfaces, route_maps, lists, ledger),
        dynamic_routing=(
            *dynamic_routing(sections.of("router"), interfaces, neighbours, ledger),
            *partly,
            *lost_interfaces(lost),
            *unknown_routes(interfaces),
        ),
        nat_rules=nat_rules,
        management=management,
        doubts=ledger.all_doubts(),
        notices=tuple(ledger.notices),
        relays=tuple(
            Relay(facts.name, target, _RELAYED, (line,))
            for facts in interfaces.values()
            for target, line in facts.relays
        ),
    )


def _devices(sections: Sections, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    """`device GigaEthernet2` with `vlan-group N port P ...` (NE-02): which ports belong to an interface. A device that is shut is not relied on."""
    for node in sections.of("device"):
        ledger.use(node)
        name = node.words[1] if len(node.words) > 1 else ""
        concerned = [one for one in interfaces if one.startswith((f"{name}.", f"{name}:"))]
        scope = on_interfaces(*concerned) if name and concerned else DEVICE
        for child in node.children:
            known = irrelevance().reason("device", child.keys)
            if child.keys[0] == "vlan-group" or child.keys[-1] == "shutdown":
                ledger.use_all(child)
            elif known is not None:
                ledger.ignore(child, known[1])
            else:
                ledger.leave(child, scope)


def _resolve_unnumbered(interfaces: Mapping[str, InterfaceFacts]) -> None:
    """`ip unnumbered X` answers with the address of X, but no subnet is connected by it."""
    for facts in interfaces.values():
        if facts.unnumbered is None:
            continue
        lender = interfaces.get(facts.unnumbered.name)
        own = [] if lender is None else [held for held in lender.addresses if held.address.version == 4]
        if not own or lender is None or lender.dynamic_address:
            facts.dynamic_address = True
            continue
        single = ipaddress.IPv4Interface((int(own[0].address.ip), 32))
        facts.addresses.append(InterfaceAddress(single, (facts.unnumbered.source, *own[0].sources)))


def _enabled(interfaces: Mapping[str, InterfaceFacts], tree: LineTree, ledger: Ledger) -> frozenset[str]:
    """The interfaces that are up: without `no shutdown` an interface is down (NE-04).

    The device prints one of the two for every interface, so where the last block has neither, the rest of the file may be missing; and
    where some line of a block was not understood, it may have been that one.
    """
    last = tree.roots[-1] if tree.roots else None
    up: set[str] = set()
    for facts in interfaces.values():
        if facts.up is not None or facts.always_up or (facts.down is None and facts.unread):
            up.add(facts.name)
        elif facts.down is None and last is not None and facts.sources == [last.line]:
            up.add(facts.name)
            ledger.doubt(DoubtKind.TRUNCATED, _CUT, (last.line,), on_interfaces(facts.name))
        elif facts.down is None:
            text = Text(
                ja=f"{facts.name} に no shutdown がないため、使われません",
                en=f"{facts.name} has no `no shutdown`, so it is not used",
            )
            ledger.notice(NoticeKind.INACTIVE, text, tuple(facts.sources))
    return frozenset(up)


def _asks_for_connections(filters: Mapping[str, Filter]) -> bool:
    """Whether some line is for replies only: then the model has to remember connections, as NAPT does."""
    return any(line.connection is not None for one in filters.values() for line in one.lines)


def _interface(
    facts: InterfaceFacts,
    enabled: frozenset[str],
    filters: Mapping[tuple[str, str], str],
    maps: Mapping[str, PolicyMap],
    offers: Offers,
    lists: Lists,
    interfaces: Mapping[str, InterfaceFacts],
    ledger: Ledger,
) -> Interface:
    dynamic = facts.dynamic_address
    if facts.kind is InterfaceKind.DIALER and not facts.addresses:
        dynamic = True
    return Interface(
        facts.name,
        facts.kind,
        tuple(facts.sources),
        tuple(facts.addresses),
        dynamic,
        facts.name in enabled,
        facts.vlan,
        facts.parent,
        filter_in=filters.get((facts.name, "in")),
        filter_out=filters.get((facts.name, "out")),
        tunnel=tunnel_end(facts, maps, offers, lists, ledger),
        description=facts.description,
        member_of=_bridge(facts, interfaces),
        ipv6_only_link_local=facts.ipv6 and not any(one.address.version == 6 for one in facts.addresses),
    )


def _bridge(facts: InterfaceFacts, interfaces: Mapping[str, InterfaceFacts]) -> str | None:
    """The BVI of the bridge group of an interface; the group's number is that of a `bridge-group` line of the BVI, or its name."""
    if facts.member_of is None or facts.kind is InterfaceKind.BRIDGE:
        return None
    group = facts.member_of.name
    for other in interfaces.values():
        if other.kind is InterfaceKind.BRIDGE and other.member_of is not None and other.member_of.name == group:
            return other.name
    return f"BVI{group}"


def _identity(sections: Sections, tree: LineTree, ledger: Ledger, fallback: str) -> tuple[str, str, str, Sources]:
    """Name, version, model, and the lines that tell them; the first lines where none does."""
    name, version, model = fallback, "", ""
    sources: list[SourceLine] = []
    for line in tree.comments:
        found = _HEADER.match(line.text.strip())
        if found is not None:
            model, version = found.group(1), found.group(2)
            sources.append(line)
            break
    for node in sections.of("hostname"):
        ledger.use_all(node)
        if len(node.words) > 1:
            name = node.words[1]
            sources.append(node.line)
    if not sources:
        sources = [node.line for node in tree.roots[:_FIRST_LINES]]
    return name, version, model, tuple(sources)


def _management(sections: Sections, lists: Lists, ledger: Ledger) -> Management:
    management = Management(lists, ledger)
    for node in sections.of("server"):
        management.server(node)
    for node in sections.of("snmp"):
        management.snmp(node)
    for node in sections.of("username"):
        management.username(node)
    for section, into in (("syslog", management.syslog), ("ntp", management.ntp), ("dns", management.dns)):
        for node in sections.of(section):
            start = 3 if section == "syslog" else 2 + (node.keys[1] == "ipv6")
            management.server_address(node, start, into)
    for node in sections.of("netmeister"):
        management.netmeister(node)
    for section in ("irrelevant", "router"):
        for node in sections.of(section):
            management.secret(node)
            for child in node.below():
                management.secret(child, " ".join(node.words) + " ")
    for node in sections.of("interface"):
        for child in node.children:
            management.secret(child, " ".join(node.words) + " ")
    return management
