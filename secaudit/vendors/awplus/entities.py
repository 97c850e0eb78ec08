"""Zones, networks and hosts of the AR firewall: who a rule is about (AL-24, AL-25).

A zone is everything in its networks, a network its subnets and hosts. `ip subnet P interface X` holds for packets by that interface only.
A host in such a network is taken to be behind it, and possibly elsewhere. What the addresses of an entity are can be unsure in parts: a part
that is not sure is the most that it could be.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from secaudit.network.device import NoticeKind
from secaudit.network.intervals import Interval, Intervals, IPNetwork, normalise, of_network
from secaudit.network.matches import Family, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.awplus.interface_names import canonical
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node

_MOST_EVIDENCE = 12


@dataclass(frozen=True, slots=True)
class Part:
    """Addresses of an entity by one interface (None = by any). `own`: they are those of an interface of the device itself."""

    interface: str | None
    sure: bool
    addresses: Mapping[Family, Intervals]
    own: str | None = None


@dataclass(slots=True)
class _Group:
    """What gathers into one `Part`."""

    intervals: dict[Family, list[Interval]] = field(default_factory=lambda: {4: [], 6: []})


@dataclass(slots=True)
class _Host:
    addresses: list[Interval] = field(default_factory=list)
    addresses6: list[Interval] = field(default_factory=list)
    own: list[tuple[str, Family]] = field(default_factory=list)
    unread: bool = False
    lines: list[SourceLine] = field(default_factory=list)


@dataclass(slots=True)
class _Network:
    subnets: list[tuple[IPNetwork, str | None]] = field(default_factory=list)
    subnet_lines: list[SourceLine] = field(default_factory=list)
    hosts: dict[str, _Host] = field(default_factory=dict)
    unread: bool = False
    lines: list[SourceLine] = field(default_factory=list)


@dataclass(slots=True)
class _Zone:
    networks: dict[str, _Network] = field(default_factory=dict)
    unread: bool = False
    lines: list[SourceLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entity:
    """What a name in a rule stands for. `parts` in the order in which rules are written out: the sure ones of an address first."""

    name: str
    parts: tuple[Part, ...]
    sources: Sources


@dataclass(slots=True)
class Entities:
    """All entities of a device."""

    zones: dict[str, _Zone] = field(default_factory=dict)
    _known: dict[str, Entity | None] = field(default_factory=dict)
    _lower: dict[str, str] | None = None
    """Names in small letters to the names as defined; made when it is first needed."""

    def read(self, nodes: Sequence[Node], ledger: Ledger) -> None:
        """`zone Z` / ` network N` / `  ip subnet P [interface X]` / `  host H` / `   ip address A`."""
        for node in nodes:
            if len(node.words) != 2:
                ledger.leave(node)
                continue
            zone = self.zones.setdefault(node.words[1], _Zone())
            zone.lines.append(node.line)
            ledger.use(node)
            for child in node.children:
                if child.keys[0] == "network" and len(child.words) == 2:
                    network = zone.networks.setdefault(child.words[1], _Network())
                    _read_network(child, network, ledger)
                elif not _set_aside(child, ledger):
                    zone.unread = True

    def missing_interfaces(self, known: Iterable[str], ledger: Ledger) -> None:
        """Subnets by an interface that no block describes: they hold no packet."""
        present = frozenset(known)
        for zone in self.zones.values():
            for network in zone.networks.values():
                for (_, interface), line in zip(network.subnets, network.subnet_lines, strict=True):
                    if interface is not None and interface not in present:
                        text = Text(
                            ja=f"エンティティのインターフェース {interface} がこのファイルにありません",
                            en=f"the interface {interface} of an entity is not in this file",
                        )
                        ledger.notice(NoticeKind.INACTIVE, text, (line,), undefined=True)

    def find(self, name: str) -> Entity | None:
        """`zone`, `zone.network` or `zone.network.host`; None for one that is not defined. Its parts are made once.

        Whether the device tells capital letters from small ones here is not confirmed: an entity that differs in them only is meant possibly.
        """
        if name not in self._known:
            found = self._build(name)
            other = self._in_small_letters().get(name.lower()) if found is None else None
            similar = None if other is None else self._build(other)
            if similar is not None:
                found = replace(similar, name=name, parts=tuple(replace(part, sure=False) for part in similar.parts))
            self._known[name] = found
        return self._known[name]

    def _in_small_letters(self) -> Mapping[str, str]:
        if self._lower is None:
            self._lower = {}
            for zone, held in self.zones.items():
                names = [zone, *(f"{zone}.{network}" for network in held.networks)]
                names += [f"{zone}.{name}.{host}" for name, network in held.networks.items() for host in network.hosts]
                self._lower.update((one.lower(), one) for one in names)
        return self._lower

    def _build(self, name: str) -> Entity | None:
        path = name.split(".")
        if len(path) == 1 and path[0].lower() == "any" and path[0] not in self.zones:
            return Entity(name, (_ANYTHING,), ())  # whether it is a word of the product is not confirmed
        zone = self.zones.get(path[0])
        if zone is None or len(path) > 3:
            return None
        if len(path) == 1:
            parts = [one for network in zone.networks.values() for one in _of_network(network)]
            lines = [*zone.lines, *(line for network in zone.networks.values() for line in network.lines)]
            return _entity(name, parts, zone.unread, lines)
        network = zone.networks.get(path[1])
        if network is None:
            return _perhaps(name, zone.unread, zone.lines)
        if len(path) == 2:
            return _entity(name, _of_network(network), zone.unread, [*zone.lines, *network.lines])
        host = network.hosts.get(path[2])
        if host is None:
            return _perhaps(name, zone.unread or network.unread, [*zone.lines[:1], *network.lines])
        return _entity(name, _of_host(network, host), False, [*zone.lines[:1], *network.lines[:1], *host.lines])


def _read_network(node: Node, network: _Network, ledger: Ledger) -> None:
    network.lines.append(node.line)
    ledger.use(node)
    for child in node.children:
        keys = child.keys
        if keys[0] == "host" and len(keys) == 2:
            _read_host(child, network.hosts.setdefault(child.words[1], _Host()), ledger)
        elif keys[:2] in (("ip", "subnet"), ("ipv6", "subnet")):
            try:
                network.subnets.append(_subnet(child))
            except NotUnderstoodError:
                network.unread = True
                ledger.leave_line(child.line)
            else:
                network.subnet_lines.append(child.line)
                ledger.use_all(child)
            network.lines.append(child.line)
        elif not _set_aside(child, ledger):
            network.unread = True


def _subnet(node: Node) -> tuple[IPNetwork, str | None]:
    words = node.words
    if len(words) not in (3, 5) or node.children:
        raise NotUnderstoodError("form of a subnet")
    try:
        network = ipaddress.ip_network(words[2], strict=False)
    except ValueError as error:
        raise NotUnderstoodError(words[2]) from error
    if len(words) == 3:
        return network, None
    if node.keys[3] != "interface":
        raise NotUnderstoodError(words[3])
    return network, canonical(words[4])


def _read_host(node: Node, host: _Host, ledger: Ledger) -> None:
    host.lines.append(node.line)
    ledger.use(node)
    for child in node.children:
        keys = child.keys
        if keys[:2] not in (("ip", "address"), ("ipv6", "address")):
            if not _set_aside(child, ledger):
                host.unread = True
            continue
        host.lines.append(child.line)
        try:
            if keys[2:4] == ("dynamic", "interface") and len(keys) == 5:
                host.own.append((canonical(child.words[4]), 4 if keys[0] == "ip" else 6))
            else:
                _host_address(child, host)
        except (NotUnderstoodError, ValueError):
            host.unread = True
            ledger.leave_line(child.line)
        else:
            ledger.use_all(child)


def _host_address(node: Node, host: _Host) -> None:
    if len(node.words) != 3:
        raise NotUnderstoodError("form of an address")
    address = ipaddress.ip_address(node.words[2])
    (host.addresses if address.version == 4 else host.addresses6).append((int(address), int(address)))


def _set_aside(node: Node, ledger: Ledger) -> bool:
    """Descriptions and the like; False for a line that was not understood (what it could change is in the parts)."""
    if node.keys[0] in ("description", "exit") and not node.children:
        ledger.use(node)
        return True
    for one in (node, *node.below()):
        ledger.leave_line(one.line)
    return False


_ANYTHING = Part(None, False, {4: any_address(4), 6: any_address(6)})


def _of_network(network: _Network) -> list[Part]:
    parts = [_ANYTHING] if network.unread else []
    for prefix, interface in network.subnets:
        family: Family = 4 if prefix.version == 4 else 6
        parts.append(Part(interface, True, {family: (of_network(prefix),)}))
    for host in network.hosts.values():
        parts += _of_host(network, host)
    return parts


def _of_host(network: _Network, host: _Host) -> list[Part]:
    """A host of a network with interfaces is behind them for sure, and elsewhere possibly. A line that was not understood may name one."""
    parts = [_ANYTHING] if host.unread else []
    interfaces = sorted({interface for _, interface in network.subnets if interface is not None})
    families: tuple[tuple[Family, list[Interval]], ...] = ((4, host.addresses), (6, host.addresses6))
    for family, held in families:
        if not held:
            continue
        addresses: Mapping[Family, Intervals] = {family: normalise(held)}
        parts += [Part(interface, True, addresses) for interface in interfaces]
        parts.append(Part(None, not (interfaces or network.unread), addresses))
    parts += [Part(None, True, {family: ()}, own=name) for name, family in host.own]
    return parts


def _perhaps(name: str, unread: bool, lines: Sequence[SourceLine]) -> Entity | None:
    """An entity that is not there: where some line around it was not understood, that one may define it, and it could be anything."""
    return Entity(name, (_ANYTHING,), tuple(dict.fromkeys(lines))[:_MOST_EVIDENCE]) if unread else None


def _entity(name: str, parts: Sequence[Part], unread: bool, lines: Sequence[SourceLine]) -> Entity:
    """Parts with one interface gathered. An entity without any address has no documented meaning: it could be anything."""
    groups: dict[tuple[str | None, bool], _Group] = {}
    own: list[Part] = []
    for part in parts:
        if part.own is not None:
            own.append(part)
            continue
        group = groups.setdefault((part.interface, part.sure), _Group())
        for family, intervals in part.addresses.items():
            group.intervals[family].extend(intervals)
    gathered = [
        Part(interface, sure, {family: normalise(held) for family, held in group.intervals.items() if held})
        for (interface, sure), group in sorted(groups.items(), key=lambda item: not item[0][1])
    ]
    if unread or not (gathered or own):
        gathered.append(_ANYTHING)
    return Entity(name, (*gathered, *own), tuple(dict.fromkeys(lines))[:_MOST_EVIDENCE])
