"""Putting one device together from its sections."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from secaudit.network.device import Device, DoubtKind, NoticeKind
from secaudit.network.filters import Filter
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.intervals import IPAddress
from secaudit.network.routes import Relay, Route
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco_asa.access_entries import EntryReader
from secaudit.vendors.cisco_asa.access_groups import AccessGroups, read_access_groups, where_applied
from secaudit.vendors.cisco_asa.access_lists import AccessList, read_access_lists
from secaudit.vendors.cisco_asa.access_rules import AccessRules
from secaudit.vendors.cisco_asa.address_translation import TranslationReader
from secaudit.vendors.cisco_asa.addresses import AddressSet, Words, single, together
from secaudit.vendors.cisco_asa.inspection import read_inspection
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.interfaces import read_interfaces
from secaudit.vendors.cisco_asa.logins import SETTINGS_READ, Logins, lines_with_secrets
from secaudit.vendors.cisco_asa.management import Management
from secaudit.vendors.cisco_asa.objects import Objects, read_names, read_objects
from secaudit.vendors.cisco_asa.proposals import Algorithms
from secaudit.vendors.cisco_asa.routes import Routes, dynamic_routing, vrf_of
from secaudit.vendors.cisco_asa.stray_entries import stray_entries
from secaudit.vendors.cisco_asa.vocabulary import Defaults, defaults, irrelevance
from secaudit.vendors.cisco_asa.vpn import Vpn, tunnel_end
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError, on_interfaces
from secaudit.vendors.common.lines import LineTree
from secaudit.vendors.common.sections import Sections

_DHCP_PORTS = (67,)
_BLOCKS_SINCE = (7, 0)
_MODEL = re.compile(r"[:!]\s*(?:Hardware:\s+|PID:\s*)([A-Za-z0-9-]{3,40})")

_TRANSPARENT = Text(
    ja="トランスペアレントモードで動作しています。ブリッジ間の通信はモデル化していません",
    en="works in transparent mode: what passes between bridged interfaces is not modelled",
)
_BRIDGED = Text(
    ja="ブリッジグループのインタフェース間の通信はモデル化していません",
    en="what passes between the interfaces of a bridge group is not modelled",
)
_CONTEXTS = Text(
    ja="マルチコンテキストのシステム設定です。各コンテキストの設定は別のファイルにあります",
    en="the system configuration of multiple contexts: the configurations of the contexts are in other files",
)
_OLD_PIX = Text(
    ja="PIX の 7.0 より前の書式はモデル化していません",
    en="the form of PIX before 7.0 is not modelled",
)
_IPV6_LISTS = Text(
    ja="9.0 より前（または版が不明）では IPv6 のアクセスリストが別にあり、モデル化していません",
    en="before 9.0 (or with an unknown version) access lists for IPv6 are separate ones; they are not modelled",
)
_MULTICAST = Text(
    ja="マルチキャストを中継する設定です。どのグループ宛てのパケットが誰に届くかは判断できません",
    en="multicast is routed: whom packets to groups reach cannot be told",
)


@dataclass(frozen=True, slots=True)
class _Identity:
    name: str
    version: str
    model: str
    sources: Sources

    @property
    def release(self) -> tuple[int, int] | None:
        """Major and minor number."""
        major, _, rest = self.version.partition(".")
        minor = rest.partition("(")[0].partition(".")[0]
        known = all(part.isascii() and part.isdigit() and len(part) < 4 for part in (major, minor))
        return (int(major), int(minor)) if known else None


@dataclass(frozen=True, slots=True)
class Filtering:
    """Interfaces, objects, access lists, and where the lists are applied."""

    objects: Objects
    interfaces: Mapping[str, InterfaceFacts]
    lists: Mapping[str, AccessList]
    groups: AccessGroups


def read_filtering(sections: Sections, ledger: Ledger, usual: Defaults) -> Filtering:
    """What decides about packets, as it is written."""
    names = read_names(sections.of("name"), ledger)
    interfaces = read_interfaces(sections.of("interface"), names, ledger, usual)
    objects = Objects(names)
    read_objects(sections.of("object"), sections.of("object group"), objects, ledger)
    times = frozenset(node.words[1] for node in sections.of("time range") if len(node.words) == 2)
    reader = EntryReader(objects, _own_addresses(interfaces), times)
    groups = read_access_groups(sections.of("access group"), interfaces, ledger)
    lists = read_access_lists(sections.of("access list"), reader, where_applied(groups), ledger)
    return Filtering(objects, interfaces, lists, groups)


def assemble(sections: Sections, tree: LineTree, ledger: Ledger, file: str, fallback: str) -> Device:
    """One device; `fallback` is its name when the file has no hostname."""
    for section in ("structure", "time range"):
        for node in sections.of(section):
            ledger.use_all(node)
    identity = _identify(sections, tree, ledger, fallback)
    usual = defaults(identity.release)
    filtering = read_filtering(sections, ledger, usual)
    stray_entries(sections.of("access list"), sections.words, filtering.groups, ledger)
    objects, interfaces, lists, groups = filtering.objects, filtering.interfaces, filtering.lists, filtering.groups
    names = objects.names
    unsure = usual.vpn_bypasses_lists is None
    algorithms = Algorithms(ledger)
    algorithms.read((*sections.of("algorithms"), *sections.of("ikev2")))
    vpn = Vpn(
        interfaces,
        lists,
        names,
        ledger,
        algorithms,
        bypass=None if usual.vpn_bypasses_lists is False else (),
        bypass_unsure=unsure,
    )
    _read_vpn(sections, vpn, ledger)
    wide = {name: vpn.behind(name) or frozenset((name,)) for name in interfaces}
    tables = Routes(interfaces, names, usual, ledger)
    routes: tuple[Route, ...] = (*tables.read(sections.of("route")), *vpn.routes())
    translation = TranslationReader(objects, interfaces, lists, groups, usual, identity.sources, ledger).read(
        sections, routes, vpn.behind
    )
    nat = translation.nat
    rules = AccessRules(
        interfaces,
        lists,
        groups,
        read_inspection(sections.of("class map"), sections.of("policy map"), sections.of("service policy"), ledger),
        ledger,
        _used(sections, "between equals", ledger) or _by_default(sections, usual.equal_levels_pass, identity.sources),
        _used(sections, "back again", ledger)
        or _by_default(sections, usual.back_out_of_the_same_interface, identity.sources),
        identity.sources,
        wide,
        translation.mapped,
    )
    table = rules.table((*vpn.access_lines(identity.sources), *nat.checks))
    outward = rules.outward(vpn.names_of_tunnels)
    _doubts(sections, identity, usual, interfaces, groups, ledger)
    _unused(sections, lists, ledger)

    relays = _relays(sections, interfaces, names, ledger)
    management = _management(sections, interfaces, names, groups, usual, ledger)
    plane = management.build(identity.sources)
    itself = management.local_filter(vpn.names_of_tunnels, identity.sources)
    filters: dict[str, Filter] = {one.name: one for one in (table, itself, *outward.values())}
    filters.update(vpn.filters())
    leaving = {name: one.name for name, one in outward.items()}
    learning = dynamic_routing(sections.of("router"), interfaces, names, ledger)
    logins = Logins(sections, ledger, identity.sources, usual, plane)
    return Device(
        name=identity.name,
        vendor="cisco_asa",
        file=file,
        identity=identity.sources,
        interfaces=vpn.interfaces_of_tunnels(_interfaces(interfaces, leaving, usual, algorithms)),
        filters=filters,
        pipeline=translation.pipeline,
        model=identity.model,
        version=identity.version,
        policies=(table.name,),
        local_in=(itself.name,),
        tracks_connections=True,
        routes=routes,
        policy_routes=(*nat.diversions, *tables.of_tunnels(vpn.names_of_tunnels)),
        dynamic_routing=(*learning, *tables.partly, *vpn.learnt()),
        nat_rules=tuple(nat.rules),
        management=replace(
            plane,
            settings=logins.settings(),
            settings_read=SETTINGS_READ,
            accounts=logins.accounts(),
            snmp_users=logins.snmp_users(),
        ),
        relays=relays,
        doubts=ledger.all_doubts(),
        notices=tuple(ledger.notices),
    )


def _used(sections: Sections, section: str, ledger: Ledger) -> Sources:
    for node in sections.of(section):
        ledger.use_all(node)
    return tuple(node.line for node in sections.of(section))


def _by_default(sections: Sections, usual: bool | None, identity: Sources) -> Sources:
    """The lines that stand for something that no line says: those that tell the release, when it is or may be on."""
    first = identity or tuple(node.line for node in sections.of("interface")[:1])
    return () if usual is False else first


def _own_addresses(interfaces: Mapping[str, InterfaceFacts]) -> dict[str, AddressSet | None]:
    """What `interface NAME` stands for in an access list."""
    return {
        facts.name: None
        if facts.dynamic is not None or facts.unknown_ipv6 is not None or not facts.addresses
        else together([single(held.address.ip) for held in facts.addresses])
        for facts in interfaces.values()
    }


def _identify(sections: Sections, tree: LineTree, ledger: Ledger, fallback: str) -> _Identity:
    name, version, model = fallback, "", ""
    sources: list[SourceLine] = []
    for node in sections.of("version"):
        ledger.use_all(node)
        if len(node.words) > 2:
            version = node.words[2]
            sources.append(node.line)
    for node in sections.of("hostname"):
        ledger.use_all(node)
        if len(node.words) > 1:
            name = node.words[1]
            sources.append(node.line)
    for line in tree.comments:
        found = _MODEL.match(line.text)
        if found is not None:
            model = found.group(1)
            sources.append(line)
            break
    return _Identity(name, version, model, tuple(sources))


def _read_vpn(sections: Sections, vpn: Vpn, ledger: Ledger) -> None:
    for node in sections.of("crypto map"):
        vpn.crypto_map(node)
    for node in sections.of("dynamic map"):
        vpn.dynamic_map(node)
    for node in sections.of("pool"):
        vpn.pool(node)
    for node in sections.of("permit vpn"):
        ledger.use_all(node)
        vpn.bypass = None if node.keys[0] == "no" else (node.line,)
        vpn.bypass_unsure = False
    for node in sections.of("webvpn"):
        ledger.use_all(node)
        for child in node.children:
            if child.keys[0] == "enable" and len(child.words) > 1 and child.words[1] in vpn.interfaces:
                vpn.client_access(child.words[1], (node.line, child.line))
            elif irrelevance().reason("webvpn", child.keys) is None and child.keys[0] not in ("port", "exit"):
                # It may let callers in, or hand on what they ask for.
                ledger.leave(child)
    for node in sections.of("ikev2"):
        ledger.use_all(node)
        if "client-services" in node.keys and len(node.words) > 3 and node.words[3] in vpn.interfaces:
            vpn.client_access(node.words[3], (node.line,))
    for node in (*sections.of("group policy"), *sections.of("username")):
        ledger.use_all(node)
        vpn.restricted = (
            *vpn.restricted,
            *(child.line for child in node.children if child.keys[:2] == ("vpn-filter", "value")),
        )
    vpn.build()


def _doubts(
    sections: Sections,
    identity: _Identity,
    usual: Defaults,
    interfaces: Mapping[str, InterfaceFacts],
    groups: AccessGroups,
    ledger: Ledger,
) -> None:
    """What is understood and not modelled, and what depends on a version that is not known."""
    release = identity.release
    for section, text, kind in (
        ("transparent", _TRANSPARENT, DoubtKind.UNSUPPORTED),
        ("context", _CONTEXTS, DoubtKind.TRUNCATED),
        ("multicast", _MULTICAST, DoubtKind.UNSUPPORTED),
    ):
        nodes = sections.of(section)
        for node in nodes:
            ledger.use_all(node)
        if nodes:
            ledger.doubt(kind, text, tuple(node.line for node in nodes))
    if release is not None and release < _BLOCKS_SINCE:
        ledger.doubt(DoubtKind.UNSUPPORTED, _OLD_PIX, identity.sources)
    _bridges(interfaces, ledger)
    separate = usual.lists_hold_ipv6 is not True
    six = [facts for facts in interfaces.values() if facts.ipv6 and facts.routed]
    for node in sections.of("ipv6 list"):
        ledger.use_all(node)
    listed = groups.inward or groups.outward or groups.everywhere is not None
    if separate and six and listed:
        lines = (*(facts.line for facts in six), *(node.line for node in sections.of("ipv6 list")))
        ledger.doubt(DoubtKind.UNSUPPORTED, _IPV6_LISTS, lines, on_interfaces(*(facts.name for facts in six)))


def _bridges(interfaces: Mapping[str, InterfaceFacts], ledger: Ledger) -> None:
    by_hardware = {facts.hardware: facts for facts in interfaces.values()}
    members: dict[str, list[InterfaceFacts]] = {}
    for facts in interfaces.values():
        if facts.bridge_group is not None and facts.member_of is not None:
            members.setdefault(facts.member_of, []).append(facts)
    for bridge, held in members.items():
        named = [*held, *([by_hardware[bridge]] if bridge in by_hardware else [])]
        lines = tuple(facts.bridge_group for facts in held if facts.bridge_group is not None)
        ledger.doubt(DoubtKind.UNSUPPORTED, _BRIDGED, lines, on_interfaces(*(facts.name for facts in named)))


def _interfaces(
    interfaces: Mapping[str, InterfaceFacts], leaving: Mapping[str, str], usual: Defaults, algorithms: Algorithms
) -> dict[str, Interface]:
    by_hardware = {facts.hardware.lower(): facts.name for facts in interfaces.values()}
    # On the ASA 5505 every port is a switch port and the VLAN interfaces are what is routed.
    built_in = any(facts.kind is InterfaceKind.VLAN and "." not in facts.hardware for facts in interfaces.values())
    result: dict[str, Interface] = {}
    for facts in interfaces.values():
        base, dot, _ = facts.hardware.rpartition(".")
        lower = facts.hardware.lower()
        vlan = facts.vlan
        if facts.kind is InterfaceKind.VLAN and not dot and lower[4:].isdigit() and len(lower) < 9:
            vlan = int(lower[4:])
        port = facts.switchport or (built_in and lower.startswith("ethernet") and not dot and not facts.routed)
        # The bridge of a transparent firewall is managed by its address although it has no name.
        addresses = tuple(facts.addresses) if facts.routed or facts.kind is InterfaceKind.BRIDGE else ()
        result[facts.name] = Interface(
            facts.name,
            facts.kind,
            tuple(facts.lines),
            () if port else addresses,
            facts.dynamic is not None and facts.routed,
            facts.enabled,
            vlan,
            by_hardware.get(base.lower()) if dot else None,
            vrf_of(facts, usual),
            facts.nameif,
            filter_out=leaving.get(facts.name),
            switch_port=facts.switch_port() if port else None,
            tunnel=tunnel_end(facts, algorithms),
            description=" ".join(part for part in (facts.hardware, facts.description) if part),
            member_of=None if facts.member_of is None else by_hardware.get(facts.member_of.lower()),
            ipv6_only_link_local=facts.ipv6 and facts.routed and not any(one.address.version == 6 for one in addresses),
        )
    return result


def _unused(sections: Sections, lists: Mapping[str, AccessList], ledger: Ledger) -> None:
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


def _relays(
    sections: Sections, interfaces: Mapping[str, InterfaceFacts], names: Mapping[str, IPAddress], ledger: Ledger
) -> tuple[Relay, ...]:
    """`dhcprelay server ADDRESS IF` and `dhcprelay enable IF`."""
    servers = []
    hearing: list[tuple[str, SourceLine]] = []
    for node in sections.of("relay"):
        try:
            if node.keys[1] == "server":
                servers.append((Words(node.words, node.keys, names, 2).ip(), node.line))
            elif len(node.words) > 2 and node.words[2] in interfaces:
                hearing.append((node.words[2], node.line))
            else:
                raise NotUnderstoodError("no interface")
            ledger.use_all(node)
        except NotUnderstoodError:
            ledger.leave(node)
    own = [
        Relay(facts.name, address, _DHCP_PORTS, (line,))
        for facts in interfaces.values()
        for address, line in facts.relay_servers
    ]
    return (
        *own,
        *(Relay(name, address, _DHCP_PORTS, (line, heard)) for name, heard in hearing for address, line in servers),
    )


def _management(
    sections: Sections,
    interfaces: Mapping[str, InterfaceFacts],
    names: Mapping[str, IPAddress],
    groups: AccessGroups,
    usual: Defaults,
    ledger: Ledger,
) -> Management:
    management = Management(interfaces, names, ledger, usual)
    management.control_plane = {name: applied.line for name, applied in groups.control_plane.items()}
    for section, read in (
        ("management", management.read),
        ("icmp6", management.icmp6),
        ("dns group", management.name_servers),
        ("password", management.enable),
        ("username", management.username),
    ):
        for node in sections.of(section):
            read(node)
    for node in sections.of("webvpn"):
        for child in node.children:
            if child.keys[0] == "enable" and len(child.words) > 1 and child.words[1] in interfaces:
                management.webvpn[child.words[1]] = child.line
            elif (
                child.keys[0] == "port" and len(child.keys) == 2 and child.keys[1].isdigit() and len(child.keys[1]) < 6
            ):
                management.webvpn_port = int(child.keys[1])
    for node in (*sections.of("irrelevant"), *sections.of("router"), *lines_with_secrets(sections)):
        management.shared_key(node)
        for child in node.below():
            management.shared_key(child, " ".join(node.words) + " ")
    return management
