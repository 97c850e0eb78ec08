"""Putting one switch together from its sections."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from secaudit.network.device import Device, DoubtKind, Stage
from secaudit.network.interfaces import Interface
from secaudit.network.routes import Relay, Route
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import DEVICE, Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import LineTree, Node
from secaudit.vendors.common.sections import Sections
from secaudit.vendors.common.words import is_ipv4
from secaudit.vendors.yamaha_swx.access_lists import read_access_lists, unused_lists
from secaudit.vendors.yamaha_swx.applied_filters import AppliedFilters, read_applied
from secaudit.vendors.yamaha_swx.interfaces import InterfaceFacts, add_virtual_address, read_interface, vlan_list
from secaudit.vendors.yamaha_swx.management import Management
from secaudit.vendors.yamaha_swx.neighbours import Neighbours
from secaudit.vendors.yamaha_swx.port_protection import PortGuards
from secaudit.vendors.yamaha_swx.protection import SETTINGS_READ, accounts, settings, snmp_users
from secaudit.vendors.yamaha_swx.routes import dynamic_routing, static_routes
from secaudit.vendors.yamaha_swx.vocabulary import failed_logins, interface_names, kind_of

PIPELINE = (Stage.INGRESS_FILTER, Stage.ROUTE, Stage.EGRESS_FILTER)
_MODEL = re.compile(r"!\s*(SW[XRP]\d{3,4}[A-Z]?\S{0,24})(?:.{0,40}?(Rev\.[\d.]+))?", re.IGNORECASE)
_VLAN_SETTINGS = frozenset(("vlan", "name", "exit", "no", "multiple-vlan"))
_MOST_CLUES = 3
_VLAN_UNREAD = Text(
    ja="VLANの状態を読み取れません",
    en="the state of a VLAN was not understood",
)
_MULTICAST = Text(
    ja="マルチキャストを中継します。中継される範囲はモデル化していません",
    en="multicast is routed; what passes is not modelled",
)
_NO_AGGREGATE = Text(
    ja="ポートが所属するリンクアグリゲーションの設定がなく、どのVLANを運ぶか分かりません",
    en="the link aggregation of which the port is a member is not in the file, so which VLANs it carries is not known",
)
_SCHEDULED = Text(
    ja="スケジュール機能がスクリプトやコマンドを実行するため、この設定は固定ではありません",
    en="the scheduler runs scripts or commands, so this configuration is not static",
)
_VRRP = Text(
    ja="VRRPの対象インターフェースを読み取れません",
    en="the interface of a VRRP block was not understood",
)
_VRRP_DETAILS = Text(
    ja="VRRPの優先度や時間の設定です。仮想アドレスだけが経路に関係します",
    en="priority and timers of VRRP: only its virtual address matters",
)


def assemble(
    sections: Sections, tree: LineTree, ledger: Ledger, file: str, fallback: str, names: dict[str, int]
) -> Device:
    """One device; `fallback` is its name when the file has no hostname, `names` those of the file so far."""
    for node in sections.of("structure"):
        ledger.use_all(node)
    interfaces: dict[str, InterfaceFacts] = {}
    for node in sections.of("interface"):
        read_interface(node, interfaces, ledger, sections.take)
    vlans_off = _vlans(sections, ledger)
    _virtual_addresses(sections, interfaces, ledger)
    for facts in interfaces.values():
        if facts.member_of is not None and facts.member_of not in interfaces:
            ledger.doubt(DoubtKind.UNDEFINED, _NO_AGGREGATE, tuple(facts.sources), on_interfaces(facts.name))
    lists = read_access_lists(sections.of("access list"), ledger)
    applied = AppliedFilters(lists, interfaces, ledger)
    read_applied(sections.of("access map"), sections.of("vlan filter"), sections.of("class map"), applied)
    unused_lists(lists, frozenset(applied.used), ledger)
    routes, partly = static_routes(sections.of("route"), interfaces, ledger)
    neighbours = Neighbours(interfaces, vlans_off, ledger)
    neighbours.read(sections)
    dynamic = (*dynamic_routing(sections.of("router"), interfaces, neighbours, ledger), *partly)
    _doubts(sections, ledger)
    name, model, version, identity = _identity(sections, tree, ledger, fallback)
    management = _management(sections, ledger)
    shared = tuple(
        line for one in interfaces.values() for held in one.addresses if held.shared for line in held.sources
    )
    guards = PortGuards(sections, ledger)
    plane = replace(
        management.build(model, identity),
        settings=tuple(settings(sections, shared, failed_logins(model, version), identity, ledger)),
        settings_read=SETTINGS_READ,
        accounts=accounts(sections.of("secret")),
        snmp_users=snmp_users((*sections.of("snmp"), *sections.of("irrelevant")), ledger),
    )
    itself = management.local_filter(plane, interfaces)
    filters = dict(applied.filters)
    if itself is not None:
        filters[itself.name] = itself
    count = names.get(name, 0) + 1
    names[name] = count
    return Device(
        name=name if count == 1 else f"{name} ({count})",
        vendor="yamaha_swx",
        file=file,
        identity=identity,
        interfaces=_with_guards(
            {facts.name: _interface(facts, applied.in_and_out, vlans_off) for facts in interfaces.values()},
            interfaces,
            guards,
        ),
        filters=filters,
        pipeline=PIPELINE,
        model=model,
        version=version,
        local_in=() if itself is None else (itself.name,),
        routes=routes,
        dynamic_routing=dynamic,
        forwards=_forwards(sections, interfaces, routes, bool(dynamic), ledger),
        management=plane,
        doubts=ledger.all_doubts(),
        notices=tuple(ledger.notices),
        relays=tuple(_relays(sections, interfaces, ledger)),
    )


def _interface(facts: InterfaceFacts, filters: Mapping[tuple[str, str], str], vlans_off: frozenset[int]) -> Interface:
    return Interface(
        facts.name,
        kind_of(facts.name),
        tuple(facts.sources),
        () if facts.is_port else tuple(facts.addresses),
        facts.dynamic_address,
        facts.enabled and facts.vlan not in vlans_off,
        facts.vlan,
        filter_in=filters.get((facts.name, "in")),
        filter_out=filters.get((facts.name, "out")),
        switch_port=facts.switch_port() if facts.is_port else None,
        description=facts.description,
        member_of=facts.member_of,
        ipv6_only_link_local=facts.ipv6 and not any(one.address.version == 6 for one in facts.addresses),
    )


def _with_guards(
    built: dict[str, Interface], interfaces: Mapping[str, InterfaceFacts], guards: PortGuards
) -> dict[str, Interface]:
    """The interfaces with what protects their ports: link aggregations first, then their members."""
    for members in (False, True):
        for facts in interfaces.values():
            one = built[facts.name]
            if one.switch_port is None or (facts.member_of in built) is not members:
                continue
            group = built[facts.member_of].switch_port if members and facts.member_of is not None else None
            built[facts.name] = replace(one, switch_port=guards.protected(one.switch_port, facts, group))
    return built


def _vlans(sections: Sections, ledger: Ledger) -> frozenset[int]:
    """`vlan database` / ` vlan N [name X] [state enable|disable]`: the VLANs that are off. Private VLANs only keep hosts apart."""
    off: set[int] = set()
    for node in sections.of("vlan database"):
        ledger.use(node)
        for child in node.children:
            if child.keys[0] == "private-vlan" or child.keys[:2] == ("multiple-vlan", "group"):
                ledger.use_all(child)
                continue
            if child.keys[0] not in _VLAN_SETTINGS or len(child.keys) < 2:
                ledger.leave(child)
                continue
            try:
                vlans = vlan_list(child.keys[1]) if child.keys[0] == "vlan" else frozenset()
            except NotUnderstoodError:
                # It may switch any of them on again.
                off.clear()
                ledger.leave(child)
                continue
            ledger.use_all(child)
            if child.keys[0] == "vlan" and child.keys[-2:] == ("state", "disable"):
                off |= vlans
            elif child.keys[0] == "vlan" and child.keys[-2:] == ("state", "enable"):
                off -= vlans
            elif "state" in child.keys or not off.isdisjoint(vlans):
                off -= vlans
                names = on_interfaces(*(f"vlan{vlan}" for vlan in sorted(vlans))) if vlans else DEVICE
                ledger.doubt(DoubtKind.UNSUPPORTED, _VLAN_UNREAD, (child.line,), names)
    return frozenset(off)


def _virtual_addresses(sections: Sections, interfaces: dict[str, InterfaceFacts], ledger: Ledger) -> None:
    """`router vrrp N vlanX` / ` virtual-ip A`."""
    for node in sections.of("vrrp"):
        found = [name for word in node.words[2:] for name in interface_names(word) if name.startswith("vlan")]
        ledger.use(node)
        if len(found) != 1:
            ledger.doubt(DoubtKind.UNSUPPORTED, _VRRP, (node.line,))
        for child in node.children:
            facts = interfaces.setdefault(found[0], InterfaceFacts(found[0], [node.line])) if len(found) == 1 else None
            if child.keys[0] != "virtual-ip":
                ledger.ignore(child, _VRRP_DETAILS)
            elif facts is None or not add_virtual_address(facts, child):
                ledger.leave(child)
            else:
                ledger.use_all(child)


def _doubts(sections: Sections, ledger: Ledger) -> None:
    for section, text in (("multicast", _MULTICAST), ("schedule", _SCHEDULED)):
        for node in sections.of(section):
            ledger.use_all(node)
            if node.keys[0] != "no":
                lines = (node.line, *(child.line for child in node.below()))
                ledger.doubt(DoubtKind.UNSUPPORTED, text, lines, DEVICE)


def _forwards(
    sections: Sections,
    interfaces: Mapping[str, InterfaceFacts],
    routes: tuple[Route, ...],
    dynamic: bool,
    ledger: Ledger,
) -> bool:
    """False only when sure: forwarding of both families is off, or there are no two places to route between.

    Some models are layer 2 only; a switch with several addressed VLANs counts as routing all the same.
    """
    off: dict[str, bool] = {}
    for node in sections.of("forwarding"):
        keys = node.keys[1:] if node.keys[0] == "no" else node.keys
        if keys[2:] not in ((), ("enable",), ("disable",)):
            ledger.leave(node)
            off.pop(keys[0], None)
            continue
        ledger.use_all(node)
        off[keys[0]] = node.keys[0] == "no" or "disable" in keys
    ipv6 = any(facts.ipv6 or any(one.address.version == 6 for one in facts.addresses) for facts in interfaces.values())
    if off.get("ip", False) and (off.get("ipv6", False) or not ipv6):
        return False
    beyond = any(route.prefix.prefixlen > 0 for route in routes)
    places = sum(
        len({one.address.network for one in facts.addresses}) + facts.dynamic_address
        for facts in interfaces.values()
        if facts.enabled and not facts.is_port
    )
    return places > 1 or beyond or dynamic


def _relays(sections: Sections, interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> Iterator[Relay]:
    """`dhcp-relay ... A`: DHCP requests heard on any VLAN are passed on to that host."""
    for node in sections.of("relay"):
        ledger.use_all(node)
        for word in node.words[1:] if node.keys[0] != "no" else ():
            if is_ipv4(word):
                for facts in interfaces.values():
                    if facts.addresses and not facts.is_port:
                        yield Relay(facts.name, ipaddress.IPv4Address(word), (67,), (node.line,))


def _identity(sections: Sections, tree: LineTree, ledger: Ledger, fallback: str) -> tuple[str, str, str, Sources]:
    """Name, model, revision, and the lines that tell them (or the first lines that say anything)."""
    name, model, version = fallback, "", ""
    sources: list[SourceLine] = []
    for line in tree.comments:
        found = _MODEL.match(line.text[:200])
        if found is not None and not model:
            model = found.group(1)
            sources.append(line)
        if found is not None and found.group(2) and found.group(1) == model:
            version = found.group(2)
            sources += [line] if line not in sources else []
            break
    for node in sections.of("hostname"):
        ledger.use_all(node)
        if len(node.words) > 1:
            name = node.words[1]
            sources.append(node.line)
    return name, model, version, tuple(sources) or tuple(node.line for node in tree.roots[:_MOST_CLUES])


def _management(sections: Sections, ledger: Ledger) -> Management:
    management = Management(ledger)
    readers: tuple[tuple[str, Callable[[Node], None]], ...] = (
        ("management interface", management.management_interface),
        ("server", management.server),
        ("proxy", management.proxy),
        ("snmp", management.snmp),
        ("secret", management.secret),
        ("host", management.host),
        ("line", management.line),
    )
    for section, reader in readers:
        for node in sections.of(section):
            reader(node)
    return management
