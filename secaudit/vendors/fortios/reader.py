"""Reads a FortiOS configuration into devices: one, or one a VDOM (FO-03, FO-04)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from secaudit.network.device import Device, DoubtKind, Stage
from secaudit.network.filters import Action, Filter
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.fortios import NAME
from secaudit.vendors.fortios.addresses import Addresses
from secaudit.vendors.fortios.central_nat import is_central, source_rules
from secaudit.vendors.fortios.coverage import Ledger, vocabulary
from secaudit.vendors.fortios.findings import SHOWN_LINES, Findings, Scope, header_version
from secaudit.vendors.fortios.grammar import Section, Tree, parse
from secaudit.vendors.fortios.hairpin import hairpin_lines
from secaudit.vendors.fortios.implied import intrazone_lines, multicast_lines, read_relays
from secaudit.vendors.fortios.interfaces import Ports, read_ports, report_unsupported_interfaces
from secaudit.vendors.fortios.local_filter import local_filter
from secaudit.vendors.fortios.local_policies import local_policies
from secaudit.vendors.fortios.management import read_management
from secaudit.vendors.fortios.policies import Objects, read_policies
from secaudit.vendors.fortios.pools import Pools
from secaudit.vendors.fortios.proposals import with_proposals
from secaudit.vendors.fortios.protection import SETTINGS_READ, read_accounts, read_settings, read_snmp_users
from secaudit.vendors.fortios.routes import read_dynamic_routing, read_policy_routes, read_routes
from secaudit.vendors.fortios.services import Services
from secaudit.vendors.fortios.tunnels import tunnel_filters
from secaudit.vendors.fortios.vips import read_vips
from secaudit.vendors.reader import ReadConfig

POLICY = "policy"
"""The name of the filter that the policy table becomes."""
PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_NAT,
    Stage.EGRESS_FILTER,
)
"""The filter stages are those of IPsec selectors only: no other interface has a filter of its own."""

_VDOM_HEADER = re.compile(r"#global_vdom=0:vd_name=([^/:\s]+)")


def read(text: ConfigText) -> ReadConfig:
    """Reads the whole file; what is not understood is unread and, where it could matter, a doubt."""
    tree = parse(text.lines)
    ledger = Ledger(tree)
    scopes = _scopes(text, tree, ledger)
    devices = tuple(_device(text, tree, scope) for scope in scopes)
    return ReadConfig(NAME, devices, ledger.coverage(text.lines))


def _scopes(text: ConfigText, tree: Tree, ledger: Ledger) -> list[Scope]:
    """Splits the tree into the parts that each device is made of, and accounts for every section."""
    root = tree.root
    _, version, version_lines = header_version(tree.header)
    shared = root.sections.get("global", root)
    vdoms = root.sections.get("vdom")
    hostname = shared.section("system global").lines_of("hostname")
    identity = (*version_lines, *hostname) or tuple(line for line in text.lines if line.text.strip())[:1]
    ledger.used.update(line.number for line in hostname)
    scopes = [Scope(root, root, None, version, identity, Findings(ledger))]
    if vdoms is not None and vdoms.entries:
        scopes = [
            Scope(entry, shared, entry.name, version, (*identity, *entry.opening), Findings(ledger))
            for entry in vdoms.entries.values()
        ]
    _classify(tree, ledger, scopes)
    return scopes


def _classify(tree: Tree, ledger: Ledger, scopes: list[Scope]) -> None:
    """Accounts for every section; what nobody understands becomes a doubt of the device, or of all when it is global."""
    root = tree.root
    ledger.not_understood(root.garbage)
    holders: list[tuple[Section, list[Scope]]] = [(root, scopes)]
    if "global" in root.sections:
        holders.append((root.sections["global"], scopes))
    holders += [(scope.local, [scope]) for scope in scopes if scope.local is not root]
    for holder, concerned in holders:
        if holder is not root:
            ledger.used.update(line.number for line in holder.lines)
        before = len(ledger.unknown_sections)
        lost = list(holder.garbage)
        lost += [line for setting in (*holder.settings.values(), *holder.unset.values()) for line in setting.lines]
        ledger.not_understood(lost)
        _doubt_unread(concerned, lost)
        for path, section in holder.sections.items():
            if holder is root and path == "global":
                continue
            if holder is root and path == "vdom":
                ledger.used.update(line.number for line in section.lines)
                ledger.not_understood(section.garbage)
                _doubt_unread(scopes, section.garbage)
                continue
            ledger.classify(section, path)
        for unknown in ledger.unknown_sections[before:]:
            text = Text(
                ja=f"設定「{unknown.path}」に読み取れない行があり、判定に影響する可能性があります。",
                en=f"The section '{unknown.path}' has lines that were not understood and could matter.",
            )
            for scope in concerned:
                scope.findings.doubt(DoubtKind.UNREAD, text, unknown.lines, plane=unknown.plane)


def _doubt_unread(scopes: list[Scope], lines: list[SourceLine]) -> None:
    if not lines:
        return
    text = Text(
        ja=f"設定の構文として読み取れない行が{len(lines)}行あります。",
        en=f"{len(lines)} lines are no statement of the configuration language.",
    )
    for scope in scopes:
        scope.findings.doubt(DoubtKind.UNREAD, text, lines)


def _device(text: ConfigText, tree: Tree, scope: Scope) -> Device:
    findings = scope.findings
    _report_truncation(text, tree, findings)
    ports = read_ports(scope)
    report_unsupported_interfaces(scope, ports)
    _report_modes(scope)
    _report_steering(scope)
    _report_unsupported_tables(scope)
    addresses = Addresses(scope, ports.interfaces)
    services = Services(scope)
    vips = read_vips(scope, ports, services)
    pools = Pools(scope)
    objects = Objects(ports, addresses, services, vips, pools, is_central(scope))
    model, _, _ = header_version(tree.header)
    policy = _policy_filter(scope, ports, objects)
    interfaces, selectors = tunnel_filters(scope, ports.interfaces, addresses)
    interfaces = with_proposals(scope, interfaces)
    routes = read_routes(scope, ports, addresses)
    policy_routes = read_policy_routes(scope, ports, addresses)
    management = read_management(scope, ports)
    itself = local_filter(scope, ports, management.services)
    before = local_policies(scope, ports, addresses, services)
    dynamic_routing = read_dynamic_routing(scope, ports)
    nat_rules = (*vips.rules, *source_rules(scope, ports, addresses, pools, vips))
    relays = read_relays(scope, ports)
    management = replace(
        management,
        accounts=read_accounts(scope),
        snmp_users=read_snmp_users(scope),
        settings=read_settings(scope, ports),
        settings_read=SETTINGS_READ,
    )
    for_itself = {one.name: one for one in (before, itself) if one is not None}
    return Device(
        name=_name(text, tree, scope),
        vendor=NAME,
        file=text.file,
        identity=scope.identity,
        interfaces=interfaces,
        filters={POLICY: policy, **selectors, **for_itself},
        pipeline=PIPELINE,
        model=model,
        version="" if scope.version is None else ".".join(str(part) for part in scope.version),
        policies=(POLICY,),
        local_in=tuple(for_itself),
        filters_own_packets=True,
        routes=routes,
        policy_routes=policy_routes,
        dynamic_routing=dynamic_routing,
        nat_rules=nat_rules,
        management=management,
        doubts=tuple(findings.doubts),
        notices=tuple(findings.notices),
        relays=relays,
    )


def _name(text: ConfigText, tree: Tree, scope: Scope) -> str:
    """The hostname, with the VDOM when there are several; the file's name when it tells no hostname."""
    hostname = scope.shared.section("system global").get("hostname") or PurePosixPath(text.file).stem
    vdoms = tree.root.sections.get("vdom")
    if scope.vdom is not None and vdoms is not None and len(vdoms.entries) > 1:
        return f"{hostname}/{scope.vdom}"
    single = next((match for line in tree.header if (match := _VDOM_HEADER.match(line.text.strip()))), None)
    return f"{hostname}/{single.group(1)}" if single is not None else hostname


def _policy_filter(scope: Scope, ports: Ports, objects: Objects) -> Filter:
    """All policies as one stateful filter with the implicit deny (policy 0) at its end (FO-07)."""
    active, disabled = read_policies(scope, objects)
    lines = (
        *hairpin_lines(scope, ports.interfaces),
        *multicast_lines(scope, ports),
        *active,
        *intrazone_lines(scope, ports),
    )
    log = scope.section("log setting")
    table = scope.section("firewall policy")
    if not table.lines:
        table = scope.section("firewall consolidated policy")
    return Filter(
        name=POLICY,
        lines=lines,
        default=Action.DENY,
        sources=table.opening or scope.identity,
        default_logged=log.enabled("fwpolicy-implicit-log"),
        default_sources=log.lines_of("fwpolicy-implicit-log") or table.opening or scope.identity,
        stateful=True,
        disabled=tuple(disabled),
    )


def _report_truncation(text: ConfigText, tree: Tree, findings: Findings) -> None:
    if not tree.open_sections and tree.inside_quote is None:
        return
    lines: Sources = tuple(line for section in tree.open_sections for line in section.lines[-1:])
    if tree.inside_quote is not None:
        lines = (tree.inside_quote, *lines)
    findings.doubt(
        DoubtKind.TRUNCATED,
        Text(
            ja="設定が途中で切れています（config、edit または引用符が閉じていません）。",
            en="The file ends in the middle: a config, an edit or a quoted value is not closed.",
        ),
        (*lines[: SHOWN_LINES - 1], *text.lines[-1:]),
    )


_MODES = (
    ("opmode", ("transparent",), "透過モードで動作しています", "works in transparent mode"),
    ("ngfw-mode", ("policy-based",), "NGFWポリシーモードで動作しています", "works in NGFW policy mode"),
    (
        "asymroute",
        ("enable",),
        "非対称ルーティングを許可し、状態を検査しません",
        "permits asymmetric routing without state",
    ),
    ("asymroute6", ("enable",), "IPv6の非対称ルーティングを許可しています", "permits asymmetric IPv6 routing"),
    ("asymroute-icmp", ("enable",), "ICMPの非対称ルーティングを許可しています", "permits asymmetric ICMP"),
    ("asymroute6-icmp", ("enable",), "ICMPv6の非対称ルーティングを許可しています", "permits asymmetric ICMPv6"),
    (
        "multicast-skip-policy",
        ("enable",),
        "マルチキャストをポリシーなしで転送します",
        "forwards multicast without a policy",
    ),
    ("vdom-type", ("lan-extension", "admin"), "通常の通信用でないVDOMです", "is no ordinary traffic VDOM"),
)


def _report_modes(scope: Scope) -> None:
    """Modes of the whole device or VDOM that the model does not have."""
    settings = scope.section("system settings")
    for name, values, ja, en in _MODES:
        if settings.get(name) in values:
            text = Text(ja=f"{ja}。この働きは判定していません。", en=f"The device {en}; this is not modelled.")
            scope.findings.doubt(DoubtKind.UNSUPPORTED, text, settings.lines_of(name))
    proxies = (("web-proxy explicit", "Webプロキシ", "web"), ("ftp-proxy explicit", "FTPプロキシ", "FTP"))
    for path, ja, en in proxies:
        proxy = scope.section(path)
        if proxy.enabled("status"):
            text = Text(
                ja=f"明示的{ja}が有効です。プロキシが中継する通信は判定していません。",
                en=f"The explicit {en} proxy is on; what it relays is not modelled.",
            )
            scope.findings.doubt(DoubtKind.UNSUPPORTED, text, proxy.lines_of("status"))
    vne = scope.section("system vne-tunnel")
    if vne.enabled("status"):
        text = Text(
            ja="VNEトンネル（MAP-E等）が有効です。このトンネルの通信は判定していません。",
            en="A VNE tunnel (MAP-E and the like) is on; what it carries is not modelled.",
        )
        tunnel = frozenset((f"vne.{scope.vdom or 'root'}",))
        scope.findings.doubt(DoubtKind.UNSUPPORTED, text, vne.lines_of("status", "interface"), interfaces=tunnel)
    shared = scope.shared.section("system global")
    ports = shared.get("default-service-source-port")
    if ports and ports not in ("1-65535", "0-65535"):
        text = Text(
            ja="サービスの送信元ポートの既定値が変えられています。",
            en="The default source ports of services were changed.",
        )
        scope.findings.doubt(DoubtKind.UNSUPPORTED, text, shared.lines_of("default-service-source-port"))


def _report_steering(scope: Scope) -> None:
    """Ways that neither the routing table nor a tunnel of the file tells: SD-WAN rules beside the table, shortcuts of ADVPN."""
    for path in ("system sdwan", "system virtual-wan-link"):
        steering = [
            line
            for rule in scope.section(path).section("service").entries.values()
            if scope.works(rule) and (rule.enabled("gateway") or rule.enabled("default"))
            for line in (*rule.opening, *rule.lines_of("gateway", "default"))
        ]
        if steering:
            text = Text(
                ja="経路表によらずに送り先を決める SD-WAN ルールがあります。この働きは判定していません。",
                en="SD-WAN rules send packets otherwise than the routing table says; this is not modelled.",
            )
            members = scope.section(path).section("members").entries.values()
            led = frozenset(member.get("interface") for member in members)
            scope.findings.doubt(DoubtKind.UNSUPPORTED, text, steering, interfaces=led)
    for tunnel in scope.entries("vpn ipsec phase1-interface"):
        if tunnel.enabled("auto-discovery-receiver"):
            text = Text(
                ja=f"トンネル {tunnel.name} は ADVPN で拠点間の近道を作ることがあり、その通信は判定していません。",
                en=f"The tunnel {tunnel.name} may make shortcuts to other sites (ADVPN), which are not modelled.",
            )
            lines = tunnel.lines_of("auto-discovery-receiver")
            scope.findings.doubt(DoubtKind.UNSUPPORTED, text, lines, interfaces=frozenset((tunnel.name,)))


def _report_unsupported_tables(scope: Scope) -> None:
    """Rule tables that are present with entries and not modelled (FO-15)."""
    for path, what in vocabulary().unsupported.items():
        entries = [entry for entry in scope.entries(path) if scope.works(entry)]
        if entries:
            text = Text(
                ja=f"{what.ja}が{len(entries)}件あります。この働きは判定していません。",
                en=f"There are {len(entries)} entries of {what.en}, which are not modelled.",
            )
            lines = [line for entry in entries for line in entry.all_lines()]
            # Multicast policies have uncertain lines of their own in the policy filter.
            bounded = frozenset[str]() if path.startswith("firewall multicast-policy") else None
            scope.findings.doubt(DoubtKind.UNSUPPORTED, text, lines, interfaces=bounded)
