"""Crypto maps: packets about to leave by an interface that an access list names go into an IPsec tunnel instead.

Each entry becomes a tunnel interface of its own, which stands where the outer interface stands: for address translation, for zones and
for policy routes the decrypted packets come in by the outer interface. The order is that of Cisco's "NAT Order of Operation" (document
6209): translation, then the crypto map, then the outbound access list; since 12.3(8)T the access lists of the interface see the encrypted packets
only ("Crypto Access Check on Clear-Text Packets"). Packets that come in unencrypted although the map names them are dropped [memory: high].
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from secaudit.network.device import Device, Doubt, DoubtKind, Stage
from secaudit.network.filters import Action, Certainty, Filter, FilterLine
from secaudit.network.interfaces import Interface, InterfaceKind
from secaudit.network.intervals import IPAddress
from secaudit.network.matches import Match
from secaudit.network.tunnels import Carrier, Diversion, TunnelEnd
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco.access_lists import AccessList
from secaudit.vendors.cisco.interface_facts import InterfaceFacts, Named
from secaudit.vendors.cisco_ios.proposals import Algorithms
from secaudit.vendors.cisco_ios.vocabulary import irrelevance
from secaudit.vendors.common.ledger import Ledger, on_interfaces
from secaudit.vendors.common.lines import Node

_NOT_MODELLED = Text(
    ja="暗号マップ（IPsec）により、一部の通信は別の経路で届きます。この書き方はモデル化していません",
    en="a crypto map (IPsec) carries some traffic to another place; this form of it is not modelled",
)
_UNENCRYPTED = Text(
    ja="暗号マップの対象となる通信が暗号化されずに届くと破棄されます",
    en="packets that the crypto map names are dropped when they come in unencrypted",
)
_DOUBLE_CHECK = Text(
    ja="この版では、復号した通信にも外側のインタフェースのアクセスリストが働くことがあります",
    en="in this version the access list of the outer interface may see decrypted packets as well",
)
_HARMLESS = frozenset(
    ("transform-set", "pfs", "security-association", "ikev2-profile", "isakmp-profile", "reverse-route", "identity")
)
_SINGLE_CHECK_SINCE = (12, 4)


@dataclass(frozen=True, slots=True)
class CryptoTunnel:
    """One entry of a crypto map at one interface."""

    name: str
    outside: str
    end: TunnelEnd
    access_list: AccessList
    sources: Sources


@dataclass(frozen=True, slots=True)
class _Entry:
    sequence: int
    peer: IPAddress
    access_list: AccessList
    sources: Sources
    settings: Sequence[Node]


def read_crypto_maps(
    nodes: Sequence[Node],
    interfaces: Mapping[str, InterfaceFacts],
    lists: Mapping[str, AccessList],
    algorithms: Algorithms,
    ledger: Ledger,
) -> tuple[CryptoTunnel, ...]:
    """The tunnels of all interfaces that apply a crypto map. A map with anything that is not modelled is a doubt about its interface."""
    by_map: dict[str, list[Node]] = {}
    for node in nodes:
        by_map.setdefault(node.words[2] if len(node.words) > 2 else "", []).append(node)
    used = {facts.crypto_map.name for facts in interfaces.values() if facts.crypto_map is not None}
    for name, entries in by_map.items():
        for node in entries:
            if name in used:
                ledger.use_all(node)
            else:
                known = irrelevance().reason("global", node.keys)
                ledger.ignore(node, _NOT_MODELLED if known is None else known[1])
    found: list[CryptoTunnel] = []
    for facts in interfaces.values():
        if facts.crypto_map is None:
            continue
        here = _entries(by_map.get(facts.crypto_map.name, []), lists)
        if here is None:
            lines = [line for node in by_map.get(facts.crypto_map.name, []) for line in _lines(node)]
            ledger.doubt(
                DoubtKind.UNSUPPORTED, _NOT_MODELLED, (facts.crypto_map.source, *lines), on_interfaces(facts.name)
            )
            continue
        local = _local(by_map[facts.crypto_map.name], facts)
        found.extend(_tunnel(facts, facts.crypto_map, local, entry, algorithms) for entry in here)
    return tuple(found)


def _tunnel(facts: InterfaceFacts, applied: Named, local: str, entry: _Entry, algorithms: Algorithms) -> CryptoTunnel:
    sources = (*entry.sources, applied.source)
    end = TunnelEnd(
        Carrier.IPSEC, sources, entry.peer, local_interface=local, proposals=algorithms.offered(entry.settings)
    )
    name = f"{facts.name} crypto map {applied.name} {entry.sequence}"
    return CryptoTunnel(name, facts.name, end, entry.access_list, sources)


def _lines(node: Node) -> list[SourceLine]:
    return [node.line, *(child.line for child in node.below())]


def _local(nodes: Iterable[Node], facts: InterfaceFacts) -> str:
    """`crypto map NAME local-address INTERFACE`, else the interface that applies the map."""
    named = [node.words[4] for node in nodes if node.keys[3:4] == ("local-address",) and len(node.words) > 4]
    return named[-1] if named else facts.name


def _entries(nodes: Iterable[Node], lists: Mapping[str, AccessList]) -> list[_Entry] | None:
    """The entries in order of their numbers; None when one of them is not modelled, or there is none."""
    found: list[_Entry] = []
    for node in nodes:
        if node.keys[3:4] == ("local-address",):
            continue
        entry = _entry(node, lists)
        if entry is None or any(entry.sequence == other.sequence for other in found):
            return None
        found.append(entry)
    return sorted(found, key=lambda one: one.sequence) or None


def _entry(node: Node, lists: Mapping[str, AccessList]) -> _Entry | None:
    """`crypto map NAME SEQ ipsec-isakmp` with one peer and one access list."""
    if not node.keys[3:4] or not node.keys[3].isdigit() or node.keys[4:] != ("ipsec-isakmp",):
        return None
    peers: list[IPAddress] = []
    chosen: list[AccessList] = []
    for child in node.children:
        keys = child.keys
        if keys[:2] == ("match", "address") and len(keys) == 3 and child.words[2] in lists:
            chosen.append(lists[child.words[2]])
        elif keys[:2] == ("set", "peer") and len(keys) > 2:
            try:
                peers.append(ipaddress.ip_address(child.words[2]))
            except ValueError:
                return None
        elif keys[0] != "description" and not (keys[0] == "set" and keys[1:2] and keys[1] in _HARMLESS):
            return None
    if len(peers) != 1 or len(chosen) != 1 or chosen[0].empty:
        return None
    return _Entry(int(node.keys[3]), peers[0], chosen[0], tuple(_lines(node)), node.children)


def with_crypto_maps(device: Device, tunnels: Sequence[CryptoTunnel]) -> Device:
    """The device with a tunnel interface for every entry, and its packets diverted into them."""
    if not tunnels:
        return device
    interfaces, filters = dict(device.interfaces), dict(device.filters)
    inside: dict[str, set[str]] = {}
    for tunnel in tunnels:
        outside = interfaces[tunnel.outside]
        unsure = _may_check_twice(device.version) and (outside.filter_in or outside.filter_out) is not None
        inward = _inward(tunnel, unsure)
        filters[inward.name] = inward
        interfaces[tunnel.name] = Interface(
            tunnel.name,
            InterfaceKind.TUNNEL,
            tunnel.sources,
            enabled=outside.enabled,
            vrf=outside.vrf,
            zone=outside.zone,
            filter_in=inward.name,
            tunnel=tunnel.end,
        )
        refused = _unencrypted_refused(tunnel, outside, filters)
        filters[refused.name] = refused
        diversion = Diversion(tunnel.access_list.name, tunnel.name, tunnel.sources)
        diversions = (*outside.diversions, diversion)
        interfaces[tunnel.outside] = replace(outside, filter_in=refused.name, diversions=diversions)
        inside.setdefault(tunnel.outside, set()).add(tunnel.name)
    at = device.pipeline.index(Stage.EGRESS_FILTER)
    changed = replace(
        device,
        interfaces=interfaces,
        filters=filters,
        pipeline=(*device.pipeline[:at], Stage.DIVERSION, *device.pipeline[at:]),
    )
    return _standing_in(changed, inside)


def _may_check_twice(version: str) -> bool:
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0].partition("(")[0]
    known = major.isascii() and major.isdigit() and minor.isascii() and minor.isdigit()
    return not known or (int(major), int(minor)) < _SINGLE_CHECK_SINCE


def _inward(tunnel: CryptoTunnel, unsure: bool) -> Filter:
    """What may come out of the tunnel: the packets of the list with the ends exchanged."""
    lines = tuple(
        replace(
            line,
            matches=tuple(map(_mirrored, line.matches)),
            certainty=Certainty.UNCERTAIN if unsure else line.certainty,
            doubt=_DOUBLE_CHECK if unsure and line.doubt is None else line.doubt,
        )
        for line in tunnel.access_list.lines
    )
    definition = (tunnel.access_list.definition,)
    return Filter(f"{tunnel.name} in", lines, Action.DENY, definition, default_sources=definition)


def _unencrypted_refused(tunnel: CryptoTunnel, outside: Interface, filters: Mapping[str, Filter]) -> Filter:
    """The filter of the outer interface, before which what should have been encrypted may be dropped."""
    lines = tuple(
        FilterLine(
            f"crypto {line.label}",
            Action.DENY,
            tuple(map(_mirrored, line.matches)),
            (*line.sources, *tunnel.sources[-1:]),
            Certainty.UNCERTAIN,
            _UNENCRYPTED,
        )
        for line in tunnel.access_list.lines
        if line.action is not Action.DENY
    )
    held = None if outside.filter_in is None else filters[outside.filter_in]
    if held is None:
        return Filter(f"{outside.name} in", lines, Action.PERMIT, tunnel.sources, default_sources=outside.sources)
    name = held.name if outside.diversions else f"{held.name} ({outside.name} crypto)"
    return replace(held, name=name, lines=(*lines, *held.lines))


def _mirrored(match: Match) -> Match:
    services = tuple(
        replace(one, destination_ports=one.source_ports, source_ports=one.destination_ports) for one in match.services
    )
    return replace(match, sources=match.destinations, destinations=match.sources, services=services)


def _standing_in(device: Device, inside: Mapping[str, set[str]]) -> Device:
    """What holds for packets that come in by an outer interface holds for those that come out of its tunnels."""

    def wider(names: frozenset[str] | None) -> frozenset[str] | None:
        return None if names is None else names.union(*(inside[name] for name in names if name in inside))

    def widened(filter_: Filter) -> Filter:
        return replace(filter_, lines=tuple(replace(line, ingress=wider(line.ingress)) for line in filter_.lines))

    tables = {*device.policies, *device.local_in}
    return replace(
        device,
        filters={name: widened(one) if name in tables else one for name, one in device.filters.items()},
        nat_rules=tuple(
            replace(rule, interfaces=wider(rule.interfaces), from_interfaces=wider(rule.from_interfaces))
            for rule in device.nat_rules
        ),
        policy_routes=tuple(replace(rule, ingress=wider(rule.ingress)) for rule in device.policy_routes),
        doubts=tuple(Doubt(one.kind, one.text, one.sources, one.plane, wider(one.interfaces)) for one in device.doubts),
    )
