"""Reads a Junos configuration into devices: one, and one a logical system or tenant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from secaudit.network.device import Device, DoubtKind, Stage
from secaudit.network.filters import Filter
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.juniper_srx import NAME
from secaudit.vendors.juniper_srx.addresses import AddressBooks
from secaudit.vendors.juniper_srx.applications import Applications
from secaudit.vendors.juniper_srx.coverage import LineClasses, account_for
from secaudit.vendors.juniper_srx.defaults import defaults
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.firewall import FirewallFilters, apply_filters
from secaudit.vendors.juniper_srx.groups import Inherited, expand, prune
from secaudit.vendors.juniper_srx.interfaces import read_ports
from secaudit.vendors.juniper_srx.layer2 import report_layer2
from secaudit.vendors.juniper_srx.local_filter import (
    answering,
    host_inbound,
    loopback_filter,
    policies_from_host,
    policies_to_host,
)
from secaudit.vendors.juniper_srx.logins import SETTINGS_READ, Logins, sure
from secaudit.vendors.juniper_srx.management import read_management
from secaudit.vendors.juniper_srx.modes import lines_before, report_modes, without_zones
from secaudit.vendors.juniper_srx.nat import Translations
from secaudit.vendors.juniper_srx.parsing import Part, parse
from secaudit.vendors.juniper_srx.policies import policy_filter, read_policies
from secaudit.vendors.juniper_srx.port_protection import protect_ports
from secaudit.vendors.juniper_srx.relays import read_relays
from secaudit.vendors.juniper_srx.routes import Routes
from secaudit.vendors.juniper_srx.tree import Statement
from secaudit.vendors.juniper_srx.tunnels import bind_tunnels
from secaudit.vendors.juniper_srx.virtual import InactivePolicy, inactive_policies, virtual_roots
from secaudit.vendors.juniper_srx.zones import read_zones
from secaudit.vendors.reader import ReadConfig

PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_NAT,
    Stage.EGRESS_FILTER,
)
"""Static and destination NAT, route, policy, then reverse static and source NAT (SR-03); filters of interfaces see the packet on the wire."""

_MODEL = re.compile(r"# (?:Model|Chassis type): (\S{1,40})", re.IGNORECASE)


def read(text: ConfigText) -> ReadConfig:
    """Reads the whole file; what is not understood is unread and, where it could matter, a doubt."""
    classes = LineClasses()
    devices: list[Device] = []
    for part in parse(text.lines):
        devices += _PartReader(text, part, classes).devices()
    return ReadConfig(NAME, tuple(devices), classes.coverage(text.lines))


class _PartReader:
    """The devices of one part of a text."""

    def __init__(self, text: ConfigText, part: Part, classes: LineClasses) -> None:
        self.text = text
        self.part = part
        self.classes = classes
        self.groups = False
        """Whether groups are applied anywhere."""

    def devices(self) -> Iterator[Device]:
        part, root = self.part, self.part.root
        inactive = list(inactive_policies(root)) if part.deactivates else []
        pruned = prune(root) if part.deactivates else []
        self.groups = any("apply-groups" in line.text for line in part.lines)
        inherited = expand(root, applied=self.groups)
        version = root.value("version")
        hostname = root.value("system", "host-name")
        identity = self._identity(root)
        roots = virtual_roots(root)
        for name, one in roots:
            scope = Scope(one, identity, defaults(version))
            self._report(scope, inherited, one is root)
            own = inactive if one is root else []
            yield self._device(scope, self._name(hostname, name), version, own, whole=one is root)
            self.classes.take(one)
        self.classes.take_inactive(pruned)
        self.classes.take_givers(inherited.givers)
        self.classes.structure(part.structure)
        self.classes.unread(part.garbage)

    def _identity(self, root: Statement) -> Sources:
        named = [node for path in (("version",), ("system", "host-name")) for node in root.below(*path)]
        lines = [line for node in named for line in node.sources()]
        return tuple(lines) or tuple(line for line in self.part.lines if line.text.strip())[:1] or self.text.lines[:1]

    def _name(self, hostname: str, virtual: str) -> str:
        name = hostname or PurePosixPath(self.text.file).stem
        return f"{name}/{virtual}" if virtual else name

    def _model(self) -> str:
        for line in self.part.comments:
            found = _MODEL.match(line.text.strip())
            if found is not None:
                return found[1].lower()
        return ""

    def _report(self, scope: Scope, inherited: Inherited, whole: bool) -> None:
        """What is doubtful about the text as a whole."""
        findings = scope.findings
        if self.part.cut:
            findings.doubt(DoubtKind.TRUNCATED, _CUT, tuple(self.part.cut))
        garbage: list[SourceLine] = self.part.garbage
        if garbage:
            findings.doubt(DoubtKind.UNREAD, _GARBAGE, tuple(garbage))
        for name, sources in inherited.undefined:
            text = Text(ja=f"設定グループ「{name}」の定義がありません。", en=f"The group '{name}' is not defined.")
            findings.doubt(DoubtKind.UNDEFINED, text, sources or scope.identity)
        for name, sources in inherited.conditional:
            text = Text(
                ja=f"設定グループ「{name}」は条件により働きます。", en=f"The group '{name}' acts under conditions."
            )
            findings.doubt(DoubtKind.UNSUPPORTED, text, sources or scope.identity)
        if inherited.per_node:
            findings.doubt(DoubtKind.UNSUPPORTED, _NODES_DIFFER, inherited.per_node)
        for sources in inherited.ranges:
            findings.doubt(DoubtKind.UNSUPPORTED, _RANGE, sources)
        if inherited.too_many:
            findings.doubt(DoubtKind.TOO_COMPLEX, _TOO_MANY, scope.identity)
        applied = scope.root.get("apply-groups")
        if not whole and applied is not None:
            applied.use_all()
            findings.doubt(DoubtKind.UNSUPPORTED, _GROUPS_OF_LOGICAL, applied.sources())

    def _device(self, scope: Scope, name: str, version: str, inactive: list[InactivePolicy], *, whole: bool) -> Device:
        ports = read_ports(scope)
        report_layer2(scope, ports)
        protect_ports(scope, ports)
        bind_tunnels(scope, ports)
        zones = read_zones(scope, ports)
        books = AddressBooks(scope.root)
        applications = Applications(scope.root)
        firewall = FirewallFilters(scope)
        applied = apply_filters(scope, ports, firewall)
        filters: dict[str, Filter] = dict(applied.filters)
        model = self._model()
        local_in: list[Filter | None] = [loopback_filter(ports, applied.of_device)]
        local_out: Filter | None = None
        table: Filter | None = without_zones(scope, model)
        if zones.filtering:
            policies = read_policies(scope, zones, books, applications, inactive)
            table = policy_filter(scope, zones, policies, lines_before(scope, applied.bypassing))
            local_in += [host_inbound(scope, ports, zones), policies_to_host(scope, policies)]
            local_out = policies_from_host(scope, policies)
        rules = Translations(scope, ports, zones, books, applications).rules()
        routes = Routes(scope, ports)
        routing = routes.read()
        routes.divert(applied.routed)
        report_modes(scope, table, translates=bool(rules))
        management = read_management(
            scope, (lambda service: answering(zones, ports, service)) if zones.filtering else lambda _: None
        )
        logins = Logins(scope, ports)
        if whole:
            # Of a logical system or a tenant the box as a whole tells how administrators come in.
            management = replace(
                management,
                settings=logins.settings(),
                accounts=logins.accounts(),
                snmp_users=logins.snmp_users(),
            )
        relays = read_relays(scope, ports)
        for one in (table, local_out, *local_in):
            if one is not None:
                filters[one.name] = one
        if self.groups:
            _use_groups(scope.root)
        _use_rest(scope.root)
        account_for(scope.root, scope.findings, ports.interfaces)
        return Device(
            name=name,
            vendor=NAME,
            file=self.text.file,
            identity=scope.identity,
            interfaces=dict(ports.interfaces),
            filters=filters,
            pipeline=PIPELINE,
            model=model,
            version=version,
            policies=() if table is None else (table.name,),
            local_in=tuple(one.name for one in local_in if one is not None),
            local_out=() if local_out is None else (local_out.name,),
            routes=tuple(routing.routes),
            policy_routes=tuple(routing.policy_routes),
            dynamic_routing=tuple(routing.dynamic),
            nat_rules=rules,
            management=replace(
                management, settings=sure(management.settings, scope.findings.doubts), settings_read=SETTINGS_READ
            ),
            doubts=tuple(sorted(scope.findings.doubts, key=lambda one: one.sources[0].number if one.sources else 0)),
            notices=tuple(scope.findings.notices),
            relays=relays,
        )


_OF_A_VPN = frozenset(
    (
        "bind-interface", "copy-outer-dscp", "description", "df-bit", "distribution-profile", "establish-tunnels", "ike", "match-direction", "multi-sa",
        "passive-mode-tunneling", "traffic-selector", "tunnel-mtu", "udp-encapsulate", "vpn-monitor",
    )
)  # fmt: skip
_OF_TUNNELS = {
    "ike": {
        "proposal": frozenset((
            "authentication-algorithm", "authentication-method", "description", "dh-group", "encryption-algorithm", "lifetime-seconds", "signature-hash-algorithm",
        )),
        "policy": frozenset((
            "certificate", "description", "mode", "pre-shared-key", "proposal-set", "proposals", "reauth-frequency", "seeded-pre-shared-key",
        )),
        "gateway": frozenset((
            "aaa", "address", "advpn", "dead-peer-detection", "description", "dynamic", "external-interface", "fragmentation", "general-ikeid", "ike-policy",
            "local-address", "local-identity", "nat-keepalive", "no-nat-traversal", "node-local", "ppk-profile", "remote-identity", "tcp-encap-profile",
            "version", "xauth",
        )),
    },
    "ipsec": {
        "proposal": frozenset((
            "authentication-algorithm", "description", "encryption-algorithm", "extended-sequence-number", "lifetime-kilobytes", "lifetime-seconds", "protocol",
        )),
        "policy": frozenset(("description", "perfect-forward-secrecy", "proposal-set", "proposals")),
        "vpn": _OF_A_VPN,
    },
}  # fmt: skip
"""Statements about tunnels that are known; another one may be about their algorithms, and is not understood."""
_BESIDE_TUNNELS = frozenset((
    "anti-replay-window-size", "internal", "manual", "respond-bad-spi", "security-association", "session", "traceoptions", "tunnel-events", "vpn-monitor-options",
))  # fmt: skip
_GROUP_WORDS = ("apply-groups", "apply-groups-except")


def _use_groups(root: Statement) -> None:
    """What was used while the tree was made."""
    for node in root.walk():
        for word in _GROUP_WORDS:
            if word in node.children:
                node.children[word].use_all()


def _use_rest(root: Statement) -> None:
    """What is pure structure, or told elsewhere."""
    for word in ("version", "system"):
        if word in root.children:
            root.children[word].use()
    for kind, known in _OF_TUNNELS.items():
        for section in root.below("security", kind):
            if section.word in _BESIDE_TUNNELS:
                section.use_all()
            for setting in (one for named in section for one in named):
                if setting.word in known.get(section.word, ()):
                    setting.use_all()


_CUT = Text(
    ja="設定が途中で切れているか、途中から始まっています（波括弧が対応していません）。",
    en="Text is missing at the beginning or the end: braces do not match.",
)
_GARBAGE = Text(
    ja="設定の構文として読み取れない行があります。", en="Some lines are no statement of the configuration language."
)
_NODES_DIFFER = Text(
    ja="クラスターのノードごとに、通信に関わる設定が異なります。両方を合わせて読みました。",
    en="The nodes of the cluster differ in what concerns traffic; both were read together.",
)
_RANGE = Text(
    ja="インタフェース範囲（interface-range）の対象が確定しません。",
    en="Which interfaces an interface range means is not certain.",
)
_TOO_MANY = Text(ja="設定グループの適用が多すぎます。", en="Groups are applied too many times.")
_GROUPS_OF_LOGICAL = Text(
    ja="論理システム内の設定グループの適用は判定していません。",
    en="Groups applied inside a logical system are not modelled.",
)
