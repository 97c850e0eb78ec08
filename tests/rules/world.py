"""A tiny vocabulary for whole audits: devices, zones, register, statements and scans out of a few words.

The devices are real `Device` values and the flows are computed by the real engine; only the reading of vendors' files is left out.
"""

from __future__ import annotations

import copy
import datetime
import ipaddress
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from secaudit.audit.crossings import crossings_of
from secaudit.flows.analysis import FlowAnalysis, MissingDevice
from secaudit.flows.topology import build_topology
from secaudit.flows.zones import plan_zones
from secaudit.municipality.model import (
    Attestation,
    AuditFolder,
    DataDirection,
    ExceptionGrant,
    Host,
    InterfaceRef,
    LedgerDevice,
    Model,
    Municipality,
    PermittedFlow,
    Zone,
    ZoneBinding,
)
from secaudit.network.device import Device, Doubt, DoubtKind, Notice, NoticeKind, Plane, Stage
from secaudit.network.filters import Action, Certainty, Connection, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceAddress, InterfaceKind, PortProtection, SwitchPort
from secaudit.network.intervals import ANY_IPV4, ANY_PORT, Intervals, of_network
from secaudit.network.management import (
    Account,
    Credential,
    ManagementPlane,
    ManagementService,
    Server,
    Setting,
    SettingKind,
    SnmpCommunity,
    SnmpUser,
    Storage,
)
from secaudit.network.matches import Match, Service, values_with_bits
from secaudit.network.nat import Translation, TranslationKind
from secaudit.network.routes import DynamicRouting, NextHop, Route
from secaudit.network.tunnels import Carrier, Proposal, TunnelEnd
from secaudit.packets.packet import PROTOCOL_NUMBERS
from secaudit.policy import Policy, load_policy
from secaudit.probes.observation import PortObservation, PortState, Scan
from secaudit.rules.context import RuleContext
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine

HERE = Path(__file__).parent
BASE = HERE / "base.yaml"
FIREWALL = (Stage.INGRESS_FILTER, Stage.INGRESS_NAT, Stage.ROUTE, Stage.POLICY, Stage.EGRESS_NAT, Stage.EGRESS_FILTER)
ROUTER = (Stage.INGRESS_FILTER, Stage.INGRESS_NAT, Stage.ROUTE, Stage.EGRESS_NAT, Stage.EGRESS_FILTER)


@cache
def _base() -> dict[str, Any]:
    return yaml.safe_load(BASE.read_text(encoding="utf-8"))


def base_world() -> dict[str, Any]:
    """The words of a body in which every rule passes, to change as one likes."""
    return copy.deepcopy(_base())


policy_of = cache(load_policy)
"""The file of an edition is read, and held against its schema, once."""


def changed(world: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `world` with `change` merged in: mappings key by key, everything else replaced; null takes a key away."""
    result = copy.deepcopy(dict(world))
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = changed(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def context_of(world: Mapping[str, Any], policy: Policy | None = None, *, backwards: bool = False) -> RuleContext:
    """Everything a rule may look at. `backwards` gives every list in the opposite order."""
    order = -1 if backwards else 1
    devices = [_device(name, words) for name, words in world.get("devices", {}).items()][::order]
    municipality = Municipality(
        code="992011",
        name="試験市",
        prefecture="試験県",
        population_band=None,
        model=Model(world.get("model", "alpha")),
        edition=world.get("edition", "mic-2026-03"),
        roles=(),
        zones=tuple(_zone(name, words) for name, words in world["zones"].items())[::order],
        register=tuple(_entry(name, words) for name, words in world.get("register", {}).items())[::order],
        ledger=tuple(_ledger(name, words) for name, words in world.get("ledger", {}).items())[::order],
        links=(),
        hosts=tuple(_host(name, words) for name, words in world.get("hosts", {}).items())[::order],
    )
    names = {device.name for device in devices}
    gone = tuple(one for one in municipality.ledger if one.name not in names)
    folder = AuditFolder(
        root="",
        municipality=municipality,
        attestations=tuple(_statement(name, words) for name, words in world.get("attestations", {}).items())[::order],
        exceptions=tuple(_grant(name, words) for name, words in world.get("exceptions", {}).items())[::order],
        configs=tuple(device.file for device in devices) + tuple(world.get("unreadable", ())),
        probes=(),
        inputs=(),
        problems=tuple(world.get("problems", ())),
    )
    topology = build_topology(devices)
    plan = plan_zones(topology, municipality.zones, crossings=crossings_of(municipality, devices))
    missing = [
        MissingDevice(
            one.name,
            tuple(zone.value for zone in one.zones),
            Doubt(DoubtKind.UNDEFINED, Text(ja=f"{one.name} がない", en=f"{one.name} is missing"), (one.source,)),
        )
        for one in gone
        if one.routes
    ]
    return RuleContext(
        policy=policy or policy_of(municipality.edition, municipality.model),
        folder=folder,
        devices={device.name: device for device in devices},
        read_files={},
        flows=FlowAnalysis(topology, plan, missing),
        scans=tuple(_scan(name, words) for name, words in world.get("scans", {}).items())[::order],
        as_of=datetime.date.fromisoformat(world["as_of"]),
        digests={},
        missing_devices=tuple(one for one in gone if one.config_expected),
    )


class _Lines:
    """Source lines of one made-up file, numbered as they are asked for; the same words are the same line."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._said: dict[str, int] = {}

    def __call__(self, text: str) -> tuple[SourceLine, ...]:
        return (SourceLine(self._file, self._said.setdefault(text, len(self._said) + 1), text),)


def _source(file: str, text: str) -> SourceLine:
    return SourceLine(file, 1, text)


def _zone(name: str, words: Mapping[str, Any]) -> ZoneBinding:
    return ZoneBinding(
        zone=Zone(name),
        subnets=tuple(ipaddress.ip_network(one) for one in words.get("subnets", ())),
        interfaces=tuple(InterfaceRef(*one.split(":", 1)) for one in words.get("interfaces", ())),
        vlans=tuple(words.get("vlans", ())),
        rest=words.get("rest", False),
        behind=Zone(words["behind"]) if "behind" in words else None,
        source=_source("municipality.yaml", name),
    )


def _entry(name: str, words: Mapping[str, Any]) -> PermittedFlow:
    return PermittedFlow(
        id=name,
        title=name,
        condition=words["condition"],
        system=words.get("system"),
        destination_class=words.get("class"),
        source_zone=Zone(words["from"]),
        destination_zone=Zone(words["to"]),
        sources=tuple(ipaddress.ip_network(one) for one in words["sources"]),
        destinations=tuple(ipaddress.ip_network(one) for one in words["destinations"]),
        protocol=words["protocol"],
        ports=tuple(_interval(str(one)) for one in words.get("ports", ())),
        mac_addresses=(),
        data=DataDirection(words["data"]) if "data" in words else None,
        two_way=words.get("two_way", False),
        required=words.get("required", False),
        approved_by="統括情報セキュリティ責任者",
        approved_on=datetime.date.fromisoformat(words.get("approved_on", "2026-04-01")),
        valid_until=_date(words.get("valid_until")),
        document=None,
        source=_source("municipality.yaml", name),
    )


def _ledger(name: str, words: Mapping[str, Any]) -> LedgerDevice:
    return LedgerDevice(
        name=name,
        vendor="fortios",
        role="router",
        zones=tuple(Zone(zone) for zone in words.get("zones", ())),
        file=words.get("file"),
        routes=words.get("routes", True),
        config_expected=words.get("config_expected", True),
        source=_source("municipality.yaml", name),
    )


def _host(name: str, words: Mapping[str, Any]) -> Host:
    return Host(
        name=name,
        zones=tuple(Zone(zone) for zone in words.get("zones", ())),
        addresses=tuple(ipaddress.ip_network(one) for one in words.get("addresses", ())),
        forwards=words.get("forwards", True),
        source=_source("municipality.yaml", name),
    )


def _statement(name: str, words: Mapping[str, Any]) -> Attestation:
    return Attestation(
        id=name,
        subject=words["subject"],
        answer=words.get("answer", "yes"),
        statement=words.get("statement", "実施している。"),
        stated_by="山田花子",
        role=words.get("role", "ciso"),
        stated_on=datetime.date.fromisoformat(words.get("stated_on", "2026-10-01")),
        valid_until=_date(words.get("valid_until")),
        document=words.get("document", "総行第12号") or None,
        document_sha256=words.get("document_sha256"),
        document_verified=words.get("document_verified"),
        items=tuple(words.get("items", {}).items()),
        source=_source("attestations.yaml", name),
    )


def _grant(name: str, words: Mapping[str, Any]) -> ExceptionGrant:
    return ExceptionGrant(
        id=name,
        rule=words["rule"],
        subject=words.get("subject"),
        reason="移行期間中のため",
        compensating_measure="通信の監視",
        requested_by=words.get("requested_by", "システム所管課長"),
        approved_by=words.get("approved_by", "最高情報セキュリティ責任者"),
        valid_from=datetime.date.fromisoformat(words.get("valid_from", "2026-04-01")),
        valid_until=datetime.date.fromisoformat(words["valid_until"]),
        document=None,
        source=_source("exceptions.yaml", name),
    )


def _date(text: str | None) -> datetime.date | None:
    return None if text is None else datetime.date.fromisoformat(text)


def _interval(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high or low)


# --- devices ----------------------------------------------------------------------------------------------


def _device(name: str, words: Mapping[str, Any]) -> Device:
    say = _Lines(f"configs/{name}.conf")
    identity = say(f"hostname {name}")
    interfaces = {
        one: _interface(one, address, words, say) for one, address in sorted(words.get("interfaces", {}).items())
    }
    interfaces |= {one: _port(one, made, say) for one, made in words.get("ports", {}).items()}
    interfaces |= {one: _tunnel(one, made, say) for one, made in words.get("tunnels", {}).items()}
    filters = {one: _filter(one, made, say) for one, made in words.get("filters", {}).items()}
    policies: tuple[str, ...] = ()
    if "policy" in words:
        policies = ("policy",)
        filters["policy"] = _filter(
            "policy", {**words["policy"], "lines": words.get("lines", {}), "stateful": True}, say
        )
        policies += tuple(words.get("tables", ()))
        filters |= {one: _filter(one, made, say) for one, made in words.get("tables", {}).items()}
    return Device(
        name=name,
        vendor="test",
        file=f"configs/{name}.conf",
        identity=identity,
        interfaces=interfaces,
        filters=filters,
        pipeline=FIREWALL if policies else ROUTER,
        policies=policies,
        routes=tuple(_route(text, say) for _, text in sorted(words.get("routes", {}).items())),
        dynamic_routing=tuple(DynamicRouting(one, say(f"router {one}")) for one in words.get("dynamic_routing", ())),
        management=_management(words, say),
        doubts=tuple(_doubt(one, say) for one in words.get("doubts", ())),
        notices=tuple(
            Notice(NoticeKind(one["kind"]), Text(ja=one["text"], en=one["text"]), say(one["text"]))
            for one in words.get("notices", ())
        ),
    )


def _interface(name: str, address: str, words: Mapping[str, Any], say: _Lines) -> Interface:
    applied = words.get("apply", {}).get(name, {})
    held = ipaddress.ip_interface(address)
    sources = say(f"interface {name} {address}")
    return Interface(
        name=name,
        kind=InterfaceKind.PHYSICAL,
        sources=sources,
        addresses=(InterfaceAddress(held, sources),),
        vrf=words.get("vrf", {}).get(name, ""),
        vlan=words.get("vlan", {}).get(name),
        filter_in=applied.get("in"),
        filter_out=applied.get("out"),
    )


def _port(name: str, text: str, say: _Lines) -> Interface:
    """A switch port: `access 10 dot1x`, `trunk 10,20 native 99`, `trunk all native 1 negotiated`, `access 20 unread` (its protection is not read)."""
    kind, vlans, *words = text.split()
    trunk = kind == "trunk"
    native = int(words[words.index("native") + 1]) if "native" in words else None
    sources = say(f"port {name} {text}")
    held = tuple((one, sources) for one in PortProtection if one.name.lower() in words)
    return Interface(
        name=name,
        kind=InterfaceKind.PHYSICAL,
        sources=sources,
        switch_port=SwitchPort(
            access_vlan=native if trunk else int(vlans),
            trunk_vlans=None if vlans == "all" else frozenset(map(int, vlans.split(","))) if trunk else frozenset(),
            trunk=trunk,
            negotiated="negotiated" in words,
            protections=held,
            protections_read=frozenset() if "unread" in words else frozenset(PortProtection),
        ),
    )


def _tunnel(name: str, phases: Mapping[str, str] | None, say: _Lines) -> Interface:
    """An IPsec tunnel by its phases: `{"1": aes-256 sha256 group14 ike2, "2": aes-256 sha256}`; null: its proposals are not read."""
    sources = say(f"tunnel {name}")
    made = None if phases is None else tuple(_proposal(int(phase), text, say) for phase, text in phases.items())
    end = TunnelEnd(Carrier.IPSEC, sources, proposals=made)
    return Interface(name=name, kind=InterfaceKind.TUNNEL, sources=sources, tunnel=end)


def _proposal(phase: int, text: str, say: _Lines) -> Proposal:
    encryption, integrity, *words = text.split()
    return Proposal(
        phase=phase,
        encryption=(encryption,),
        integrity=(integrity,) if integrity != "-" else (),
        groups=tuple(int(one.removeprefix("group")) for one in words if one.startswith("group")),
        sources=say(f"phase {phase} {text}"),
        ike=next((int(one[3:]) for one in words if one in ("ike1", "ike2")), None),
        aggressive="aggressive" in words,
    )


def _filter(name: str, words: Mapping[str, Any], say: _Lines) -> Filter:
    default = say(f"{name} default {words.get('default', 'deny')}")
    return Filter(
        name=name,
        lines=tuple(_line(label, text, say) for label, text in sorted(words.get("lines", {}).items())),
        default=Action(words.get("default", "deny")),
        sources=default,
        default_logged=words.get("logged", False),
        default_sources=default,
        stateful=words.get("stateful", False),
    )


def _line(label: str, text: str, say: _Lines) -> FilterLine:
    """`permit IN OUT SOURCE DESTINATION SERVICE [log] [nat] [uncertain] [established] [syn] [remembered]`; `-` for any interface."""
    action, ingress, egress, source, destination, service, *options = text.split()
    return FilterLine(
        label=label,
        action=Action(action),
        matches=(Match(4, _addresses(source), _addresses(destination), (_service(service, options),)),),
        sources=say(f"{label} {text}"),
        certainty=Certainty.UNCERTAIN if "uncertain" in options else Certainty.ALWAYS,
        doubt=Text(ja="読めない語", en="an unread word") if "uncertain" in options else None,
        logged="log" in options,
        ingress=None if ingress == "-" else frozenset({ingress}),
        egress=None if egress == "-" else frozenset({egress}),
        connection=Connection.ESTABLISHED if "remembered" in options else None,
        source_translation=Translation(TranslationKind.INTERFACE) if "nat" in options else None,
    )


def _addresses(text: str) -> Intervals:
    return ANY_IPV4 if text == "any" else (of_network(ipaddress.ip_network(text)),)


def _service(text: str, options: list[str]) -> Service:
    if text == "any":
        return Service()
    name, _, ports = text.partition("/")
    number = PROTOCOL_NUMBERS[name]
    chosen = (_interval(ports),) if ports else ANY_PORT
    flags = values_with_bits(16, 16) if "established" in options else ((2, 2),) if "syn" in options else ((0, 255),)
    if "reply" in options:
        return Service(((number, number),), source_ports=chosen, tcp_flags=flags)
    return Service(((number, number),), destination_ports=chosen, tcp_flags=flags)


def _route(text: str, say: _Lines) -> Route:
    prefix, gateway, *rest = text.split()
    sources = say(f"route {text}")
    hop = (
        NextHop(sources, discard=True)
        if gateway == "discard"
        else NextHop(sources, gateway=ipaddress.ip_address(gateway), interface=rest[0] if rest else None)
    )
    return Route(ipaddress.ip_network(prefix), (hop,), sources)


_ALL_SETTINGS = tuple(kind.name.lower() for kind in SettingKind)


def _community(text: str, say: _Lines) -> SnmpCommunity:
    """`NAME [writable] [restricted]`; the name `public` is well known."""
    name, *words = text.split()
    return SnmpCommunity(name == "public", "writable" in words, "restricted" in words, say(f"snmp {text}"))


def _management(words: Mapping[str, Any], say: _Lines) -> ManagementPlane:
    def servers(kind: str) -> tuple[Server, ...]:
        return tuple(Server(one, say(f"{kind} {one}")) for one in words.get(kind, ()))

    return ManagementPlane(
        services=tuple(
            ManagementService(name, state != "off", say(f"{name} {state}"), by_default=state == "default")
            for name, state in words.get("services", {}).items()
        ),
        snmp_communities=tuple(_community(one, say) for one in words.get("snmp", ())),
        credentials=tuple(
            Credential(what, Storage(storage), say(f"{what} {storage}"))
            for what, storage in words.get("credentials", {}).items()
        ),
        syslog_servers=servers("syslog"),
        ntp_servers=servers("ntp"),
        dns_servers=servers("dns"),
        settings=tuple(
            Setting(SettingKind[name.upper()], None if value == "unclear" else value, say(f"{name} {value}"))
            for name, value in words.get("settings", {}).items()
        ),
        settings_read=frozenset(SettingKind[one.upper()] for one in words.get("settings_read", _ALL_SETTINGS)),
        accounts=None
        if "accounts" not in words
        else tuple(
            Account(one, {"all": True, "some": False}.get(rights), say(f"account {one} {rights}"))
            for one, rights in words["accounts"].items()
        ),
        snmp_users=None
        if "snmp_users" not in words
        else tuple(
            SnmpUser(one, how != "open", how == "encrypted", say(f"snmp user {one} {how}"))
            for one, how in words["snmp_users"].items()
        ),
        logging_denied=words.get("logging_denied"),
        logging_denied_sources=say("log denied") if "logging_denied" in words else (),
    )


def _doubt(words: Mapping[str, Any], say: _Lines) -> Doubt:
    return Doubt(
        DoubtKind(words.get("kind", "unread")),
        Text(ja=words["text"], en=words["text"]),
        say(words["text"]),
        Plane(words.get("plane", "traffic")),
        frozenset(words["interfaces"]) if "interfaces" in words else None,
    )


# --- scans ------------------------------------------------------------------------------------------------

_REASONS = {"open": "syn-ack", "closed": "reset", "filtered": "no-response"}


def _scan(name: str, words: Mapping[str, Any]) -> Scan:
    file = f"probes/{name}.xml"
    say = _Lines(file)
    source = say(f"scan {name}")
    ports = []
    for target, states in words["targets"].items():
        for state, listed in states.items():
            for port in str(listed).split(","):
                protocol, _, number = port.rpartition("/")
                ports.append(
                    PortObservation(
                        target=ipaddress.ip_address(target),
                        protocol=protocol or "tcp",
                        port=int(number),
                        state=PortState(state),
                        reason=_REASONS[state],
                        reason_address=None,
                        service="",
                        source=say(f"{target} {port} {state}")[0],
                    )
                )
    targets = tuple(ipaddress.ip_address(one) for one in words["targets"])
    started = words.get("started", "2026-10-20")
    return Scan(
        file=file,
        from_zone=words["from"],
        source_address=ipaddress.ip_address(words["source"]) if "source" in words else None,
        started=None if started == "unknown" else datetime.datetime.fromisoformat(started),
        targets=targets,
        targets_up=() if words.get("down") else targets,
        scanned=tuple(
            (protocol, tuple(_interval(one) for one in listed.split(",")))
            for protocol, listed in words["scanned"].items()
        ),
        ports=tuple(ports),
        positive_control=None if words.get("control") == "none" else words.get("control", True),
        complete=words.get("complete", True),
        source=source[0],
    )
