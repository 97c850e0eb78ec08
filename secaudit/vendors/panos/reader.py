"""Reads a PAN-OS configuration into devices. A device with several virtual systems is one: they share interfaces and routers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from secaudit.network.device import Device, DoubtKind, NoticeKind, Stage
from secaudit.network.filters import Filter
from secaudit.network.management import ManagementPlane
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import Sources
from secaudit.vendors.panos import NAME, set_form
from secaudit.vendors.panos.addresses import Addresses
from secaudit.vendors.panos.coverage import Ledger
from secaudit.vendors.panos.defaults import defaults
from secaudit.vendors.panos.documents import documents_of
from secaudit.vendors.panos.findings import Findings, Scope
from secaudit.vendors.panos.forwarding_rules import forwarded_interfaces, read_forwarding
from secaudit.vendors.panos.interfaces import MANAGEMENT, Ports, management_port, read_ports
from secaudit.vendors.panos.local_filter import denying_interfaces, listeners, local_filter
from secaudit.vendors.panos.lookups import Lookups
from secaudit.vendors.panos.management import Access, accesses, read_management
from secaudit.vendors.panos.nat import NatReader
from secaudit.vendors.panos.policies import Objects, policy_filter, report_missing_rules
from secaudit.vendors.panos.protection import SETTINGS_READ, Place, accounts, settings, snmp_users
from secaudit.vendors.panos.redirected import Redirected
from secaudit.vendors.panos.routes import RouteReader, read_relays
from secaudit.vendors.panos.rulebases import rules
from secaudit.vendors.panos.services import Applications, Services
from secaudit.vendors.panos.tree import Document, Node, joined
from secaudit.vendors.panos.tunnels import read_tunnels
from secaudit.vendors.reader import ReadConfig

POLICY = "security policy"
PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_NAT,
    Stage.EGRESS_FILTER,
)
"""Policies come behind routing, because they ask for the zone that a translated destination is in; the addresses that they ask for are those
before translation, which marks of the translation tell. The filter stages are those of proxy IDs only."""
_ROUTERS = ("virtual-router", "logical-router")
_TOP_WORDS = frozenset(
    (
        "mgt-config",
        "shared",
        "devices",
        "panorama",
        "readonly",
        "network",
        "deviceconfig",
        "vsys",
        "predefined",
        "platform",
    )
)
_UNCERTAIN_WHEN_REPEATED = frozenset((
    "rules", "address", "address-group", "service", "service-group", "application", "application-group", "static-route",
))  # fmt: skip
"""What holds entries that are uncertain themselves when they stand there twice."""
_OTHER_DEVICES = (
    "device-group",
    "template",
    "template-stack",
    "log-collector",
    "log-collector-group",
    "collector-group",
    "plugins",
    "reports",
    "log-settings",
)


def read(text: ConfigText) -> ReadConfig:
    """Reads the whole file; what is not understood is unread and, where it could matter, a doubt."""
    ledger = Ledger()
    documents, around = documents_of(text)
    ledger.structure |= around
    devices = []
    for document in documents:
        ledger.structure |= document.structure
        ledger.not_understood(document.garbage)
        devices.append(_DeviceReader(text, document, ledger).read())
    return ReadConfig(NAME, tuple(devices), ledger.coverage(text.lines))


class _DeviceReader:
    """Puts one device together from its tree."""

    def __init__(self, text: ConfigText, document: Document, ledger: Ledger) -> None:
        self.text = text
        self.document = document
        self.root = document.root
        hosts = list(self.root.entries("devices"))
        self.device = hosts[0] if hosts else self.root
        self.network = self.device.child("network")
        self.deviceconfig = self.device.child("deviceconfig")
        self.findings = Findings(ledger, self._identity(), defaults(document.version))
        for other in hosts[1:]:
            self.findings.not_understood(other)
        self.scopes = self._scopes()

    def _identity(self) -> Sources:
        system = None if self.deviceconfig is None else self.deviceconfig.child("system", "hostname")
        first = next(
            (line for line in self.text.lines if line.number >= self.root.line.number and line.text.strip()),
            self.root.line,
        )
        return joined(
            (self.root.line if self.root.line.text.strip() else first, *(() if system is None else system.sources()))
        )

    def _scopes(self) -> list[Scope]:
        """The virtual systems with what is shared and pushed."""
        own = {name: node for name, node in self.device.children.items() if name in set_form.VSYS_WORDS}
        systems = list(self.device.entries("vsys"))
        if not systems:
            line = next(iter(own.values())).line if own else self.root.line
            systems = [Node("vsys1", line, own)]
        elif own:
            self.findings.not_understood(*own.values())
            text = Text(
                ja="どの仮想システムの設定か分かりません。",
                en="To which virtual system settings belong cannot be told.",
            )
            self.findings.doubt(DoubtKind.UNREAD, text, joined(node.line for node in own.values()))
        scopes = []
        for system in systems:
            around: list[Node] = []
            panorama = self.root.child("panorama")
            if panorama is not None:
                pushed = panorama.child("vsys", system.name)
                around += [pushed] if pushed is not None else []
                around.append(panorama)
            shared = self.root.child("shared")
            if shared is not None:
                around.append(shared)
            scopes.append(Scope(system.name, system, tuple(around), self.findings))
        return scopes

    def read(self) -> Device:
        self._classify()
        self._report()
        findings, network = self.findings, self.network
        logical = self._logical_routers()
        ports = read_ports(network, self.scopes, findings, logical)
        ports.interfaces[MANAGEMENT] = management_port(self.deviceconfig, findings.identity)
        tunnels = read_tunnels(network, ports.interfaces, findings)
        routing = RouteReader(network, self.scopes, ports, findings, logical).read(self.deviceconfig)
        lookups = Lookups(ports, routing.routes, routing.dynamic)
        forwarded = frozenset(name for scope in self.scopes for name in forwarded_interfaces(scope, ports))
        translator = NatReader(ports, lookups, forwarded)
        objects: list[Objects] = []
        for scope in self.scopes:
            addresses, services = Addresses(scope), Services(scope)
            translator.read(scope, rules(scope, "nat"), addresses, services)
            objects.append(
                Objects(ports, addresses, services, Applications(scope), Redirected(translator.nat.redirects))
            )
        redirected = Redirected(translator.nat.redirects)
        objects = [Objects(one.ports, one.addresses, one.services, one.applications, redirected) for one in objects]
        self._report_translated_between_systems(ports, bool(translator.nat.rules))
        policies = self._policies(objects)
        held = accesses(network, self.deviceconfig, ports, findings)
        listening = listeners(network, self.scopes, ports)
        itself = local_filter(held, listening, ports, denying_interfaces(policies, ports), findings)
        forwarding = [
            route
            for scope, one in zip(self.scopes, objects, strict=True)
            for route in read_forwarding(scope, ports, one, bool(redirected.redirects))
        ]
        return Device(
            name=self._name(),
            vendor=NAME,
            file=self.text.file,
            identity=findings.identity,
            interfaces=ports.interfaces,
            filters={**{one.name: one for one in policies}, **tunnels, itself.name: itself},
            pipeline=PIPELINE,
            version=self.document.version,
            policies=tuple(one.name for one in policies),
            local_in=(itself.name,),
            routes=routing.routes,
            policy_routes=tuple(forwarding),
            dynamic_routing=routing.dynamic,
            nat_rules=tuple(translator.nat.rules),
            management=self._management(held),
            doubts=tuple(findings.doubts),
            notices=tuple(findings.notices),
            relays=read_relays(network, ports),
        )

    def _management(self, held: Sequence[Access]) -> ManagementPlane:
        plane = read_management(self.root, self.deviceconfig, self.scopes, self.network, held, self.findings)
        whole = self.document.merged or not self._managed()
        place = Place(self.root, self.deviceconfig, self.scopes, self.findings, whole)
        return replace(
            plane,
            settings=tuple(settings(place)),
            settings_read=SETTINGS_READ,
            accounts=accounts(place),
            snmp_users=snmp_users(place),
        )

    def _logical_routers(self) -> bool:
        """Whether the logical routers work (the advanced routing engine), and not the virtual ones."""
        held = {word: None if self.network is None else self.network.child(word) for word in _ROUTERS}
        said = "" if self.deviceconfig is None else self.deviceconfig.value("setting", "advance-routing")
        if said == "yes" or held["virtual-router"] is None:
            return said == "yes" or held["logical-router"] is not None
        if said or held["logical-router"] is None:
            return False
        usual = self.findings.defaults.advanced_routing
        if usual is None:
            text = Text(
                ja="仮想ルーターと論理ルーターの両方の設定があり、どちらが働くか分かりません。",
                en="There are virtual and logical routers; which of them work is not known.",
            )
            lines = joined(node.line for node in held.values() if node is not None)
            self.findings.doubt(DoubtKind.UNSUPPORTED, text, lines)
        return bool(usual)

    def _policies(self, objects: Sequence[Objects]) -> list[Filter]:
        ipv6 = None if self.deviceconfig is None else self.deviceconfig.child("setting", "session", "ipv6-firewalling")
        several = len(self.scopes) > 1
        managed = self._managed()
        filters = []
        for scope, one in zip(self.scopes, objects, strict=True):
            name = f"{scope.name} {POLICY}" if several else POLICY
            others = frozenset(
                name for other in self.scopes if other is not scope for name in one.ports.of_vsys(other.name)
            )
            report_missing_rules(scope, one.ports, managed, self.document.merged or self._pushed(scope))
            filters.append(policy_filter(scope, one, name, others, ipv6))
        return filters

    def _report_translated_between_systems(self, ports: Ports, translates: bool) -> None:
        """Between virtual systems a packet is translated by both, one after the other."""
        external = [zone for zones in ports.zones.values() for zone in zones.values() if zone.external]
        if translates and external:
            text = Text(
                ja="仮想システム間の通信に働くNATは判定していません。",
                en="What NAT does to traffic between virtual systems is not modelled.",
            )
            self.findings.doubt(DoubtKind.UNSUPPORTED, text, external[0].sources)

    def _managed(self) -> Sources:
        system = None if self.deviceconfig is None else self.deviceconfig.child("system")
        for path in (("panorama",), ("panorama-server",)):
            setting = None if system is None else system.child(*path)
            if setting is not None and setting.children:
                return setting.sources()
        return ()

    @staticmethod
    def _pushed(scope: Scope) -> bool:
        return any(
            holder.child(base) is not None
            for holder in (scope.local, *scope.around)
            for base in ("pre-rulebase", "post-rulebase")
        )

    def _name(self) -> str:
        hostname = "" if self.deviceconfig is None else self.deviceconfig.value("system", "hostname")
        return hostname or PurePosixPath(self.text.file).stem

    def _classify(self) -> None:
        """Accounts for every line of the tree; what nobody understands becomes a doubt."""
        ledger = self.findings.ledger
        ledger.used.add(self.root.line.number)
        before = len(ledger.unknown)
        tops = {id(self.device), id(self.root)}
        ledger.used.update((self.device.line.number, *(line.number for line in self.device.further)))
        for holder in (self.root, self.device) if len(tops) == 2 else (self.root,):
            for name, node in holder.children.items():
                self._classify_top(holder, name, node)
        for part in ledger.unknown[before:]:
            text = Text(
                ja=f"設定「{part.path}」に読み取れない行があり、判定に影響する可能性があります。",
                en=f"The section '{part.path}' has lines that were not understood and could matter.",
            )
            self.findings.doubt(DoubtKind.UNREAD, text, part.lines, plane=part.plane)

    def _classify_top(self, holder: Node, name: str, node: Node) -> None:
        ledger = self.findings.ledger
        if name in ("devices", "vsys", "panorama"):
            ledger.used.update((node.line.number, *(line.number for line in node.further)))
        if name == "devices":
            return
        if name == "vsys":
            for system in node.children.values():
                ledger.classify(system, "vsys")
        elif name == "panorama":
            for child in node.entries("vsys"):
                ledger.classify(child, "vsys")
            ledger.classify(
                Node(name, node.line, {key: one for key, one in node.children.items() if key != "vsys"}), "vsys"
            )
        elif name in ("network", "deviceconfig"):
            ledger.classify(node, name)
        elif name == "shared":
            ledger.classify(node, "vsys")
        elif name in set_form.VSYS_WORDS:
            ledger.classify(Node("", node.line, {name: node}), "vsys")
        elif name in _OTHER_DEVICES or name == "readonly" or holder is self.root:
            ledger.classify(Node("", node.line, {name: node}), "config")
        else:
            self.findings.not_understood(node)
            text = Text(ja=f"設定「{name}」を読み取れません。", en=f"The section '{name}' was not understood.")
            self.findings.doubt(DoubtKind.UNREAD, text, node.sources())

    def _report(self) -> None:
        """Doubts about the file as a whole, and about features that are recognised and not modelled."""
        findings = self.findings
        if self.document.truncated:
            text = Text(ja="設定が途中で切れています。", en="The file ends in the middle of the configuration.")
            findings.doubt(DoubtKind.TRUNCATED, text, self.document.truncated)
        if self.document.open_end and not any(rules(scope, "security") for scope in self.scopes):
            text = Text(
                ja="セキュリティルールが一つもありません。出力が途中で切れている可能性があります(set 形式では末尾を確かめられません)。",
                en="There is no security rule at all: the output may have been cut off (the set form does not show where it ends).",
            )
            findings.doubt(DoubtKind.TRUNCATED, text, findings.identity)
        repeated = [line for holder, line in self.document.repeated if holder not in _UNCERTAIN_WHEN_REPEATED]
        if repeated:
            text = Text(ja="同じ名前の設定が二度書かれています。", en="Some entries stand in the file twice.")
            findings.doubt(DoubtKind.UNREAD, text, repeated)
        if self.document.garbage:
            count = len(self.document.garbage)
            text = Text(
                ja=f"設定の構文として読み取れない行が{count}行あります。",
                en=f"{count} lines are no statement of the configuration language.",
            )
            findings.doubt(DoubtKind.UNREAD, text, self.document.garbage)
        hosts = () if self.deviceconfig is None else self.deviceconfig.names("system", "hostname")
        if len(hosts) > 1:
            text = Text(ja="複数の装置の設定が混ざっています。", en="The configurations of several devices are mixed.")
            findings.doubt(DoubtKind.UNREAD, text, findings.identity)
        host = (
            self.deviceconfig.child("system", "hostname", hosts[0]) if self.deviceconfig is not None and hosts else None
        )
        if host is not None and host.further:
            # No output prints a setting twice: rules of the second one would stand behind those of the first, which decide.
            text = Text(
                ja="設定の出力が二回分含まれています。どちらが現在の設定か判断できません。",
                en="The file holds two outputs of the configuration; which of them is current is not known.",
            )
            findings.doubt(DoubtKind.UNREAD, text, (host.line, *host.further))
        for word in ("device-group", "template", "template-stack"):
            node = self.device.child(word)
            if node is not None and node.children:
                text = Text(
                    ja="Panorama 自身の設定です。各装置の統合した設定を出してください。",
                    en="This is the configuration of Panorama itself; submit the merged configuration of each firewall.",
                )
                findings.doubt(DoubtKind.UNSUPPORTED, text, node.sources())
                break
        mode = None if self.deviceconfig is None else self.deviceconfig.child("high-availability")
        if mode is not None and any(node.name == "active-active" and node.children for node in mode.below()):
            text = Text(
                ja="アクティブ/アクティブの冗長構成です。仮想アドレスと振り分けは判定していません。",
                en="The device is one of an active/active pair; its virtual addresses and sharing are not modelled.",
            )
            findings.doubt(DoubtKind.UNSUPPORTED, text, mode.sources())
        for gateway in () if self.network is None else self.network.entries("shared-gateway"):
            if gateway.child("import") is not None:
                text = Text(ja="共有ゲートウェイは判定していません。", en="Shared gateways are not modelled.")
                findings.doubt(DoubtKind.UNSUPPORTED, text, gateway.sources())
        for scope in self.scopes:
            for kind, ja, en in (
                ("sdwan", "SD-WAN", "SD-WAN"),
                ("network-packet-broker", "パケットブローカー", "packet broker"),
            ):
                held = [entry for entry in rules(scope, kind) if not entry.yes("disabled")]
                if held:
                    text = Text(ja=f"{ja} のルールは判定していません。", en=f"{en} rules are not modelled.")
                    findings.doubt(DoubtKind.UNSUPPORTED, text, held[0].sources())
        if self.document.moved:
            text = Text(ja="ルールの順序を変えるコマンドがあります。", en="Commands change the order of rules.")
            findings.notice(NoticeKind.OVERWRITTEN, text, self.document.moved)
